//! getattr, setattr, access, open, close.

use puffs_core::msg::body::{
    Ans, Attr, AttrAns, FlagsReq, OpenAns, PlainReq, SetattrReq, Time, setback,
};
use puffs_core::msg::op::{CLASS_VN, FLAG_FAF, vn};

use super::rig::{ALL, SECOND, Server, bytes, head};
use crate::c::consts::PUFFS_KFLAG_CACHE_FS_TTL;
use crate::c::ops::puffs_ops;
use crate::testing;

fn plain() -> PlainReq {
    PlainReq { head: head() }
}

fn size(size: u64) -> SetattrReq {
    SetattrReq {
        head: head(),
        attr: Attr { size, ..Attr::NONE },
    }
}

fn flags(flags: u32) -> FlagsReq {
    FlagsReq {
        head: head(),
        flags,
        ..FlagsReq::default()
    }
}

#[test]
fn getattr_starts_from_nothing() {
    let server = Server::new(&SECOND);
    let (ans, _) = server.ask::<AttrAns>(vn::GETATTR, &plain(), b"");
    assert_eq!(server.calls(), ["getattr 0x100 uid 5"]);
    assert_eq!((ans.attr.size, ans.attr.mode), (0x101, u32::MAX));
    assert_eq!(ans.ttl, Time::default());

    server.rig.attr_rv.set(libc::EACCES);
    assert_eq!(server.fail(vn::GETATTR, &plain(), b""), libc::EACCES);

    let ttl = Server::with_flags(&SECOND, PUFFS_KFLAG_CACHE_FS_TTL);
    let (ans, _) = ttl.ask::<AttrAns>(vn::GETATTR, &plain(), b"");
    assert_eq!(ttl.calls(), ["getattr_ttl 0x100"]);
    assert_eq!(ans.ttl, Time { sec: 11, nsec: 12 });
    // In that mode the plain form does not stand in.
    let ttl = Server::with_flags(&ALL, PUFFS_KFLAG_CACHE_FS_TTL);
    assert_eq!(ttl.fail(vn::GETATTR, &plain(), b""), libc::EOPNOTSUPP);
}

#[test]
fn setattr_changes_and_reads_back() {
    let server = Server::new(&ALL);
    let (ans, _) = server.ask::<AttrAns>(vn::SETATTR, &size(9), b"");
    assert_eq!(server.calls(), ["setattr size 9", "getattr 0x100 uid 5"]);
    assert_eq!(ans.attr.size, 0x101);
    // What was changed stays changed, whatever can be read.
    server.rig.attr_rv.set(libc::EIO);
    let (ans, _) = server.ask::<AttrAns>(vn::SETATTR, &size(9), b"");
    assert_eq!(ans.attr, Attr::NONE);

    server.calls();
    server.rig.rv.set(libc::EPERM);
    assert_eq!(server.fail(vn::SETATTR, &size(9), b""), libc::EPERM);
    assert_eq!(server.calls(), ["setattr size 9"]);
}

#[test]
fn setattr_with_lifetimes_knows_whether_somebody_waits() {
    let server = Server::with_flags(&SECOND, PUFFS_KFLAG_CACHE_FS_TTL);
    server.ask::<AttrAns>(vn::SETATTR, &size(9), b"");
    assert_eq!(server.calls()[0], "setattr_ttl size 9 xflag 0");
    server.send(CLASS_VN | FLAG_FAF, vn::SETATTR, &bytes(&size(9), b""));
    assert_eq!(server.calls()[0], "setattr_ttl size 9 xflag 1");
}

#[test]
fn open_prefers_its_second_form() {
    let server = Server::new(&ALL);
    server.rig.setback.set(setback::NOREF_N1);
    let (ans, _) = server.ask::<OpenAns>(vn::OPEN, &flags(3), b"");
    assert_eq!(server.calls(), ["open 3 uid 5"]);
    assert_eq!((ans.oflags, ans.ans.setback), (0, setback::NOREF_N1));

    let server = Server::new(&SECOND);
    let (ans, _) = server.ask::<OpenAns>(vn::OPEN, &flags(3), b"");
    assert_eq!(server.calls(), ["open2 3 uid 5"]);
    assert_eq!(ans.oflags, 1);
    server.rig.rv.set(libc::EROFS);
    assert_eq!(server.fail(vn::OPEN, &flags(3), b""), libc::EROFS);
}

#[test]
fn the_last_close_is_followed_by_inactive() {
    let server = Server::new(&ALL);
    server.rig.setback.set(setback::NOREF_N1);
    let (ans, _) = server.ask::<Ans>(vn::CLOSE, &flags(1), b"");
    // Close itself may not set back.
    assert_eq!(server.calls(), ["no setback", "close 1 uid 5"]);
    assert_eq!(ans.setback, 0);

    let last = FlagsReq {
        inactive: 1,
        ..flags(1)
    };
    // Neither's result is anybody's business.
    server.rig.rv.set(libc::EIO);
    let (ans, _) = server.ask::<Ans>(vn::CLOSE, &last, b"");
    let calls = ["no setback", "close 1 uid 5", "inactive 0x100"];
    assert_eq!(server.calls(), calls);
    assert_eq!(ans.setback, setback::NOREF_N1);

    let server = Server::new(&puffs_ops {
        puffs_node_close: None,
        ..ALL
    });
    server.ask::<Ans>(vn::CLOSE, &last, b"");
    assert_eq!(server.calls(), ["inactive 0x100"]);
}

#[test]
fn access_asks() {
    let server = Server::new(&ALL);
    server.ask::<Ans>(vn::ACCESS, &flags(6), b"");
    assert_eq!(server.calls(), ["access 6 uid 5"]);
    server.rig.rv.set(libc::EACCES);
    assert_eq!(server.fail(vn::ACCESS, &flags(6), b""), libc::EACCES);
}

#[test]
fn without_operations_all_is_allowed_and_nothing_is_known() {
    let server = Server::new(&testing::OPS);
    for optype in [vn::OPEN, vn::CLOSE, vn::ACCESS, vn::FSYNC] {
        server.ask::<Ans>(optype, &flags(1), b"");
    }
    assert_eq!(server.fail(vn::GETATTR, &plain(), b""), libc::EOPNOTSUPP);
    assert_eq!(server.fail(vn::SETATTR, &size(1), b""), libc::EOPNOTSUPP);
}
