//! inactive, reclaim with its counts, unmount, statvfs, sync, hooks, notices.

use std::cell::Cell;
use std::ptr;

use puffs_core::msg::body::{
    Ans, ErrorReq, FlagsReq, LookupReq, PlainReq, ReclaimReq, Statvfs, StatvfsAns, setback,
};
use puffs_core::msg::op::{CLASS_ERROR, CLASS_VFS, CLASS_VN, FLAG_FAF, vfs, vn};
use puffs_core::msg::wire;
use zerocopy::{FromBytes, IntoBytes};

use super::rig::{ALL, NODE, SECOND, Server, bytes, head};
use crate::buffer::Buffer;
use crate::c::node::puffs_node;
use crate::dispatch::execute;
use crate::nodes;
use crate::usermount::{State, Usermount};

fn flags(flags: u32) -> FlagsReq {
    FlagsReq {
        head: head(),
        flags,
        ..FlagsReq::default()
    }
}

/// Sends reclaim for a node; the calls that the server sees.
fn reclaim(server: &Server, cookie: usize, nlookup: u32) -> Vec<String> {
    let body = ReclaimReq {
        head: head(),
        nlookup,
        pad: 0,
    };
    let mut buffer = Buffer::new(4096).unwrap();
    buffer.bytes()[..96].copy_from_slice(body.as_bytes());
    let mut req = wire::Req {
        opclass: CLASS_VN | FLAG_FAF,
        optype: vn::RECLAIM,
        cookie,
        auxlen: 96,
        ..wire::Req::default()
    };
    execute(&server.pu, &mut req, buffer.bytes());
    assert_eq!(req.rv, 0);
    server.calls()
}

/// Looks the node up; the library counts.
fn lookup(server: &Server, pn: *mut puffs_node) {
    server.rig.cookie.set(pn.expose_provenance());
    let req = LookupReq {
        head: head(),
        nameiop: 0,
        flags: 0,
        namelen: 1,
        want_attr: 0,
    };
    server.ask::<puffs_core::msg::body::NodeAns>(vn::LOOKUP, &req, b"a");
    server.calls();
}

#[test]
fn inactive_may_set_back() {
    let server = Server::new(&ALL);
    server.rig.setback.set(setback::NOREF_N1);
    server.rig.rv.set(libc::EIO);
    let (ans, _) = server.ask::<Ans>(vn::INACTIVE, &PlainReq { head: head() }, b"");
    assert_eq!(server.calls(), ["inactive 0x100"]);
    assert_eq!(ans.setback, setback::NOREF_N1);
}

/// A kernel pays for closes in advance, and sends them when nobody waits; an inactive may go in a close's room.
#[test]
fn closes_and_inactives_may_want_no_answer() {
    let server = Server::new(&ALL);
    let send = |optype, body: &[u8]| {
        assert_eq!(server.send(CLASS_VN | FLAG_FAF, optype, body).0, 0);
        server.calls()
    };
    let mut close = flags(3);
    assert_eq!(send(vn::CLOSE, close.as_bytes()), ["close 3 uid 5"]);
    close.inactive = 1;
    let calls = send(vn::CLOSE, close.as_bytes());
    assert_eq!(calls, ["close 3 uid 5", "inactive 0x100"]);
    let inactive = bytes(&PlainReq { head: head() }, &[0; 24]);
    assert_eq!(send(vn::INACTIVE, &inactive), ["inactive 0x100"]);
}

#[test]
fn reclaim_waits_for_lookups_that_are_on_their_way() {
    let server = Server::new(&ALL);
    let pn = nodes::new(&server.pu, ptr::null_mut());
    let cookie = pn.expose_provenance();
    for _ in 0..3 {
        lookup(&server, pn);
    }
    // Two have arrived there: the third is on its way, and the node stays.
    assert!(reclaim(&server, cookie, 2).is_empty());
    lookup(&server, pn);
    assert_eq!(
        reclaim(&server, cookie, 2),
        [format!("reclaim {cookie:#x}")]
    );
    // A node that was never looked up goes at once.
    // SAFETY: the node lives.
    unsafe { (*pn).pn_nlookup = 0 };
    assert_eq!(reclaim(&server, cookie, 0).len(), 1);
    assert_eq!(reclaim(&server, cookie, u32::MAX).len(), 1);
    // SAFETY: from `new`, and not used again.
    unsafe { nodes::put(pn) };
}

#[test]
fn without_nodes_there_is_no_count() {
    let server = Server::new(&ALL);
    assert_eq!(reclaim(&server, 0x200, 0), ["reclaim 0x200"]);
    let two = Server::new(&SECOND);
    assert_eq!(reclaim(&two, 0x200, 5), ["reclaim2 0x200 5"]);
    let none = Server::new(&crate::testing::OPS);
    assert!(reclaim(&none, 0x200, 5).is_empty());
}

#[test]
fn reclaim2_does_its_own_count() {
    let server = Server::new(&SECOND);
    let pn = nodes::new(&server.pu, ptr::null_mut());
    let cookie = pn.expose_provenance();
    lookup(&server, pn);
    lookup(&server, pn);
    assert_eq!(
        reclaim(&server, cookie, 1),
        [format!("reclaim2 {cookie:#x} 1")]
    );
    // SAFETY: from `new`, and not used again.
    unsafe { nodes::put(pn) };
}

#[test]
fn a_node_is_what_the_server_says_it_is() {
    thread_local! {
        static THERE: Cell<*mut puffs_node> = const { Cell::new(ptr::null_mut()) };
    }
    unsafe extern "C" fn cmap(
        _: *mut Usermount,
        cookie: crate::c::puffs_cookie_t,
    ) -> *mut puffs_node {
        assert_eq!(cookie.addr(), 0x200);
        THERE.get()
    }
    let server = Server::new(&ALL);
    let pn = nodes::new(&server.pu, ptr::null_mut());
    THERE.set(pn);
    server.pu.settings().cmap.set(Some(cmap));
    let far: *mut puffs_node = ptr::without_provenance_mut(0x200);
    lookup(&server, far);
    // SAFETY: the node lives.
    assert_eq!(unsafe { (*pn).pn_nlookup }, 1);
    assert_eq!(reclaim(&server, 0x200, 1), ["reclaim 0x200"]);
    // SAFETY: from `new`, and not used again.
    unsafe { nodes::put(pn) };
}

#[test]
fn unmount_moves_the_state() {
    let server = Server::new(&ALL);
    server.pu.set_state(State::Running);
    let ask = || server.send(CLASS_VFS, vfs::UNMOUNT, flags(0x80000).as_bytes());
    server.rig.rv.set(libc::EBUSY);
    assert_eq!(ask().0, libc::EBUSY);
    assert_eq!(server.pu.state(), State::Running);
    assert_eq!(server.calls(), ["unmount 80000 Unmounting"]);
    server.rig.rv.set(0);
    assert_eq!(ask().0, 0);
    assert_eq!(server.pu.state(), State::Unmounted);
}

#[test]
fn figures_travel_in_their_places() {
    let server = Server::new(&ALL);
    let plain = PlainReq { head: head() };
    let (rv, answer) = server.send(CLASS_VFS, vfs::STATVFS, plain.as_bytes());
    assert_eq!(rv, 0);
    let expected = Statvfs {
        bsize: 1,
        frsize: 2,
        iosize: 3,
        blocks: 4,
        bfree: 5,
        bavail: 6,
        bresvd: 7,
        files: 8,
        ffree: 9,
        favail: 10,
        fresvd: 11,
        namemax: 12,
    };
    assert_eq!(
        StatvfsAns::read_from_bytes(&answer).unwrap().statvfs,
        expected
    );
}

#[test]
fn sync_says_how() {
    let server = Server::new(&ALL);
    server.send(CLASS_VFS, vfs::SYNC, flags(2).as_bytes());
    assert_eq!(server.calls(), ["sync 2 uid 5"]);
}

#[test]
fn hooks_stand_around_each_request() {
    thread_local! {
        static SEEN: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
    }
    fn current(pu: *mut Usermount) -> bool {
        // SAFETY: the context lives.
        unsafe { !(*pu).current().is_null() }
    }
    unsafe extern "C" fn pre(pu: *mut Usermount) {
        assert!(current(pu));
        SEEN.set((SEEN.get().0 + 1, SEEN.get().1));
    }
    unsafe extern "C" fn post(pu: *mut Usermount) {
        assert!(current(pu));
        SEEN.set((SEEN.get().0, SEEN.get().1 + 1));
    }
    let server = Server::new(&ALL);
    server.pu.settings().pre.set(Some(pre));
    server.pu.settings().post.set(Some(post));
    server.ask::<Ans>(vn::ACCESS, &flags(1), b"");
    server.rig.rv.set(1);
    server.fail(vn::ACCESS, &flags(1), b"");
    assert_eq!(SEEN.get(), (2, 2));
    assert!(!current(server.pu.as_ptr()));
}

#[test]
fn notices_reach_the_server() {
    let server = Server::new(&ALL);
    let notice = ErrorReq {
        head: head(),
        error: libc::EPROTO as u32,
        textlen: 4,
    };
    let send = |text| server.send(CLASS_ERROR | FLAG_FAF, 3, &bytes(&notice, text));
    assert_eq!(send(b"what?").0, 0);
    assert_eq!(server.rig.refused.take(), [(3, libc::EPROTO, NODE)]);
    for bad in [&b"wha"[..], b"wh\0t"] {
        assert_eq!(send(bad).0, libc::EINVAL);
    }
    assert!(server.rig.refused.take().is_empty());
}
