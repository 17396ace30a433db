//! File handles; pathconf, print, extattrctl, abortop.

use puffs_core::msg::body::{
    Ans, DataAns, ExtattrctlReq, FlagsReq, HandleReq, NameReq, NodeAns, PathconfAns, PlainReq,
};
use puffs_core::msg::op::{CLASS_VFS, CLASS_VN, FLAG_FAF, vfs, vn};
use zerocopy::{FromBytes, IntoBytes};

use super::rig::{ALL, Server, bytes, head};
use crate::c::consts::{
    PUFFS_ERR_MAKENODE, PUFFS_ERR_VPTOFH, PUFFS_FHFLAG_DYNAMIC, PUFFS_FHFLAG_PASSTHROUGH,
    PUFFS_FLAG_PNCOOKIE,
};
use crate::testing;
use crate::vtype::{VDIR, VNON};

/// A server with handles like this.
fn server(size: usize, flags: i32) -> Server {
    let server = Server::with_flags(&ALL, PUFFS_FLAG_PNCOOKIE);
    server.pu.set_fh(size, flags as u32);
    server
}

fn fhtonode(server: &Server, fid: &[u8], len: usize) -> (i32, Vec<u8>) {
    let req = HandleReq {
        head: head(),
        len: len as u32,
        pad: 0,
    };
    server.send(CLASS_VFS, vfs::FHTOVP, &bytes(&req, fid))
}

fn nodetofh(server: &Server, len: u32) -> (i32, Vec<u8>) {
    let req = HandleReq {
        head: head(),
        len,
        pad: 0,
    };
    server.send(CLASS_VFS, vfs::VPTOFH, req.as_bytes())
}

#[test]
fn a_handle_leads_to_a_node_and_counts_as_no_lookup() {
    let server = server(4, 0);
    let pn = crate::nodes::new(&server.pu, std::ptr::null_mut());
    server.rig.cookie.set(pn.expose_provenance());
    server.rig.vtype.set(VDIR);
    server.rig.with_attr.set(true);
    let (rv, answer) = fhtonode(&server, b"hand", 4);
    assert_eq!((rv, server.calls()), (0, vec!["fhtonode hand".to_owned()]));
    let answer = NodeAns::read_from_bytes(&answer).unwrap();
    assert_eq!(answer.cookie, pn.addr() as u64);
    assert_eq!((answer.vtype, answer.size), (VDIR, 77));
    assert_ne!(answer.attr_error, 0);
    // SAFETY: a live node of this test, put once.
    unsafe {
        assert_eq!((*pn).pn_nlookup, 0);
        crate::nodes::put(pn);
    }
    server.rig.rv.set(libc::ESTALE);
    assert_eq!(fhtonode(&server, b"hand", 4).0, libc::ESTALE);
    server.rig.rv.set(0);
    server.rig.vtype.set(VNON);
    assert_eq!(fhtonode(&server, b"hand", 4).0, libc::EPROTO);
    assert_eq!(server.rig.refused.take()[0].0, PUFFS_ERR_MAKENODE as u8);
}

#[test]
fn handles_have_the_length_that_was_said() {
    for (flags, shorter) in [(0, libc::EINVAL), (PUFFS_FHFLAG_DYNAMIC, 0)] {
        let server = server(4, flags);
        assert_eq!(fhtonode(&server, b"abcd", 4).0, 0);
        assert_eq!(fhtonode(&server, b"abc", 3).0, shorter);
        assert_eq!(fhtonode(&server, b"abcde", 5).0, libc::EINVAL);
        assert_eq!(fhtonode(&server, b"", 0).0, libc::EINVAL);
        // What the length claims has not come.
        assert_eq!(fhtonode(&server, b"abc", 4).0, libc::EINVAL);
    }
    let any = server(0, PUFFS_FHFLAG_PASSTHROUGH);
    let long = [b'x'; 1021];
    assert_eq!(fhtonode(&any, &long, 1020).0, 0);
    assert_eq!(fhtonode(&any, &long, 1021).0, libc::EINVAL);
    let none = server(0, 0);
    assert_eq!(fhtonode(&none, b"abcd", 4).0, libc::EOPNOTSUPP);
    assert_eq!(nodetofh(&none, 20).0, libc::EOPNOTSUPP);
    let absent = Server::new(&testing::OPS);
    absent.pu.set_fh(4, 0);
    assert_eq!(fhtonode(&absent, b"abcd", 4).0, libc::EOPNOTSUPP);
    assert_eq!(nodetofh(&absent, 20).0, libc::EOPNOTSUPP);
}

#[test]
fn nodes_tell_their_handles() {
    let told = |answer: Vec<u8>| {
        let (ans, data) = DataAns::read_from_prefix(&answer).unwrap();
        assert_eq!(ans.len as usize, data.len());
        data.to_vec()
    };
    let server = server(4, PUFFS_FHFLAG_DYNAMIC);
    let (rv, answer) = nodetofh(&server, 1020);
    assert_eq!((rv, told(answer)), (0, b"hhhh".to_vec()));
    assert_eq!(server.calls(), ["nodetofh 0x100 4"]);
    server.rig.left.set(3);
    assert_eq!(told(nodetofh(&server, 1020).1), b"hhh");
    // Longer than its room, and nothing at all.
    server.rig.left.set(5);
    assert_eq!(nodetofh(&server, 1020).0, libc::EPROTO);
    assert_eq!(server.rig.refused.take()[0].0, PUFFS_ERR_VPTOFH as u8);
    server.rig.left.set(0);
    assert_eq!(nodetofh(&server, 0).0, libc::EPROTO);
    // A fixed length has room, or the server is not asked.
    let fixed = super::handles::server(4, 0);
    assert_eq!(nodetofh(&fixed, 3).0, libc::E2BIG);
    assert!(fixed.calls().is_empty());
    assert_eq!(told(nodetofh(&fixed, 4).1), b"hhhh");
    let any = super::handles::server(0, PUFFS_FHFLAG_PASSTHROUGH);
    assert_eq!(told(nodetofh(&any, 30).1).len(), 30);
}

#[test]
fn limits_have_a_sign() {
    let server = Server::new(&ALL);
    let req = FlagsReq {
        head: head(),
        flags: 4,
        ..FlagsReq::default()
    };
    let (answer, _) = server.ask::<PathconfAns>(vn::PATHCONF, &req, b"");
    assert_eq!(answer.value as i64, -5);
    assert_eq!(server.calls(), ["pathconf 4"]);
    server.rig.rv.set(libc::EINVAL);
    assert_eq!(server.fail(vn::PATHCONF, &req, b""), libc::EINVAL);
    let none = Server::new(&testing::OPS);
    assert_eq!(none.fail(vn::PATHCONF, &req, b""), libc::EOPNOTSUPP);
}

#[test]
fn printing_is_nothing_without_an_operation() {
    let server = Server::new(&ALL);
    let plain = PlainReq { head: head() };
    server.ask::<Ans>(vn::PRINT, &plain, b"");
    assert_eq!(server.calls(), ["print 0x100"]);
    Server::new(&testing::OPS).ask::<Ans>(vn::PRINT, &plain, b"");
}

#[test]
fn the_store_of_attributes_is_told_a_name_or_none() {
    let server = Server::new(&ALL);
    let send = |server: &Server, namelen, name: &[u8]| {
        let req = ExtattrctlReq {
            head: head(),
            cmd: 7,
            flags: 1,
            ns: 2,
            namelen,
        };
        server
            .send(CLASS_VFS, vfs::EXTATTRCTL, &bytes(&req, name))
            .0
    };
    assert_eq!(send(&server, 4, b"name"), 0);
    assert_eq!(send(&server, 0, b"name"), 0);
    let calls = ["extattrctl 7 0x100 1 2 name", "extattrctl 7 0x100 1 2 none"];
    assert_eq!(server.calls(), calls);
    assert_eq!(send(&server, 5, b"name"), libc::EINVAL);
    assert_eq!(send(&server, 4, b"na\0e"), libc::EINVAL);
    assert!(server.calls().is_empty());
    let none = Server::new(&testing::OPS);
    assert_eq!(send(&none, 4, b"name"), libc::EOPNOTSUPP);
}

#[test]
fn what_will_not_come_is_told() {
    let server = Server::new(&ALL);
    let req = NameReq {
        head: head(),
        target: 0,
        namelen: 3,
        pad: 0,
    };
    server.rig.rv.set(libc::EIO);
    let send = |server: &Server, name| {
        let body = bytes(&req, name);
        server.send(CLASS_VN | FLAG_FAF, vn::ABORTOP, &body).0
    };
    assert_eq!(send(&server, b"new"), 0);
    assert_eq!(server.calls(), ["abortop new 1/8000 uid 5"]);
    assert_eq!(send(&server, b"n/w"), libc::EINVAL);
    assert_eq!(send(&Server::new(&testing::OPS), b"new"), 0);
}
