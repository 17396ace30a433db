//! remove, rmdir, link, rename.

use puffs_core::msg::body::{Ans, NameReq, RenameReq, setback};
use puffs_core::msg::op::vn;

use super::rig::{ALL, Server, head};
use crate::testing;

fn name(namelen: u32) -> NameReq {
    NameReq {
        head: head(),
        target: 0x300,
        namelen,
        pad: 0,
    }
}

fn rename(has_target: u32) -> RenameReq {
    RenameReq {
        head: head(),
        source: 0x300,
        target_dir: 0x400,
        target: 0x500,
        namelen: 3,
        target_namelen: 4,
        has_target,
        pad: 0,
    }
}

#[test]
fn names_go_and_come() {
    let server = Server::new(&ALL);
    server.rig.setback.set(setback::NOREF_N2);
    for (optype, op, nameiop, may) in [
        (vn::REMOVE, "remove", 2, true),
        (vn::RMDIR, "rmdir", 2, true),
        (vn::LINK, "link", 1, false),
    ] {
        let (ans, _) = server.ask::<Ans>(optype, &name(3), b"old");
        let mut calls = server.calls();
        assert_eq!(
            calls.pop().unwrap(),
            format!("{op} 0x100 0x300 old {nameiop}/8000 uid 5")
        );
        assert_eq!(calls.is_empty(), may);
        assert_eq!(ans.setback, if may { setback::NOREF_N2 } else { 0 });
    }
    server.rig.rv.set(libc::ENOTEMPTY);
    assert_eq!(server.fail(vn::RMDIR, &name(3), b"old"), libc::ENOTEMPTY);
}

#[test]
fn rename_has_two_names_and_perhaps_a_victim() {
    let server = Server::new(&ALL);
    server.ask::<Ans>(vn::RENAME, &rename(1), b"oldnewx");
    let from = "rename 0x100 0x300 old 2/8000 uid 5";
    let to = "newx 3/8000 uid 5";
    assert_eq!(server.calls(), [format!("{from} -> 0x400 0x500 {to}")]);
    server.ask::<Ans>(vn::RENAME, &rename(0), b"oldnewx");
    assert_eq!(server.calls(), [format!("{from} -> 0x400 0x0 {to}")]);
}

#[test]
fn names_that_cannot_be_do_not_reach_the_server() {
    let server = Server::new(&ALL);
    let long = [b'x'; 256];
    server.ask::<Ans>(vn::REMOVE, &name(255), &long);
    assert_eq!(server.calls().len(), 1);
    for (len, tail) in [
        (0, &b""[..]),
        (3, b"a/b"),
        (3, b"a\0b"),
        (256, &long),
        (4, b"abc"),
        (u32::MAX, b"abc"),
    ] {
        assert_eq!(server.fail(vn::REMOVE, &name(len), tail), libc::EINVAL);
    }
    assert_eq!(server.fail(vn::RENAME, &rename(1), b"oldnew"), libc::EINVAL);
    assert_eq!(
        server.fail(vn::RENAME, &rename(1), b"old\0ewx"),
        libc::EINVAL
    );
    assert!(server.calls().is_empty());
}

#[test]
fn without_operations() {
    let server = Server::new(&testing::OPS);
    for optype in [
        vn::REMOVE,
        vn::RMDIR,
        vn::LINK,
        vn::RENAME,
        vn::CREATE,
        vn::MKDIR,
    ] {
        assert_eq!(
            server.fail(optype, &rename(1), b"oldnewx"),
            libc::EOPNOTSUPP
        );
    }
}
