//! Extended attributes, fallocate, fdiscard.

use puffs_core::msg::body::{Ans, ExtattrAns, ExtattrReq, RangeReq, WriteAns, extattr};
use puffs_core::msg::op::vn;

use super::rig::{ALL, NODE, Server, head};
use crate::c::consts::{PUFFS_ERR_GETEXTATTR, PUFFS_ERR_LISTEXTATTR};

fn req(namelen: u32, len: u32, flags: u32) -> ExtattrReq {
    ExtattrReq {
        head: head(),
        ns: extattr::USER,
        namelen,
        len,
        flags,
    }
}

#[test]
fn values_and_sizes_are_read() {
    let server = Server::new(&ALL);
    let ask = |req: ExtattrReq| server.ask::<ExtattrAns>(vn::GETEXTATTR, &req, b"name");
    let (ans, data) = ask(req(4, 0, extattr::SIZE));
    assert_eq!((ans.size, ans.len, data.len()), (1000, 0, 0));
    let (ans, data) = ask(req(4, 9, 0));
    assert_eq!((ans.size, data), (0, vec![b'v'; 9]));
    assert_eq!(
        server.calls(),
        ["getextattr 1 name none", "getextattr 1 name 9"]
    );
    server.rig.left.set(10);
    let list = req(0, 9, extattr::LENPREFIX);
    assert_eq!(
        server.fail(vn::GETEXTATTR, &req(4, 9, 0), b"name"),
        libc::EPROTO
    );
    assert_eq!(server.fail(vn::LISTEXTATTR, &list, b""), libc::EPROTO);
    assert_eq!(server.calls()[1], "listextattr 1 9 1");
    let kinds = [PUFFS_ERR_GETEXTATTR, PUFFS_ERR_LISTEXTATTR];
    let told = kinds.map(|kind| (kind as u8, libc::E2BIG, NODE));
    assert_eq!(server.rig.refused.take(), told);
}

#[test]
fn values_are_set_and_removed() {
    let server = Server::new(&ALL);
    let set = |len, tail: &[u8]| {
        server
            .ask::<WriteAns>(vn::SETEXTATTR, &req(4, len, 0), tail)
            .0
            .len
    };
    assert_eq!((set(5, b"namevalue"), set(0, b"name")), (5, 0));
    server.rig.left.set(2);
    assert_eq!(set(5, b"namevalue"), 3);
    server.ask::<Ans>(vn::DELETEEXTATTR, &req(4, 0, 0), b"name");
    assert_eq!(
        server.calls()[1..],
        [
            "setextattr 1 name none",
            "setextattr 1 name value",
            "deleteextattr 1 name"
        ]
    );
    assert_eq!(
        server.fail(vn::SETEXTATTR, &req(4, 6, 0), b"namevalue"),
        libc::EINVAL
    );
    assert_eq!(
        server.fail(vn::DELETEEXTATTR, &req(0, 0, 0), b""),
        libc::EINVAL
    );
    assert_eq!(
        server.fail(vn::DELETEEXTATTR, &req(4, 0, 0), b"na\0e"),
        libc::EINVAL
    );
    assert!(server.calls().is_empty());
}

#[test]
fn ranges_keep_their_ends() {
    let server = Server::new(&ALL);
    let range = |len| RangeReq {
        head: head(),
        offset: 7,
        len,
    };
    server.ask::<Ans>(vn::FALLOCATE, &range(8), b"");
    server.ask::<Ans>(vn::FDISCARD, &range(9), b"");
    assert_eq!(
        server.fail(vn::FALLOCATE, &range(i64::MAX as u64), b""),
        libc::EINVAL
    );
    assert_eq!(server.calls(), ["fallocate 7 8", "fdiscard 7 9"]);
}
