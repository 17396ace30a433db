//! read, write, fsync, readlink, readdir.

use puffs_core::msg::body::{
    Ans, DataAns, FlagsReq, PlainReq, ReadReq, ReaddirAns, WriteAns, WriteReq,
};
use puffs_core::msg::op::{CLASS_VN, FLAG_FAF, vn};

use super::rig::{ALL, NODE, SECOND, Server, bytes, head};
use crate::c::consts::{
    PUFFS_ERR_READ, PUFFS_ERR_READDIR, PUFFS_ERR_READLINK, PUFFS_ERR_WRITE, PUFFS_KFLAG_ALLOPS,
};
use crate::dirents::record_len;
use crate::testing;

fn read(len: u32) -> ReadReq {
    ReadReq {
        head: head(),
        offset: 5000,
        len,
        ioflag: 0x100,
    }
}

fn write(len: u32) -> WriteReq {
    WriteReq {
        head: head(),
        offset: 6000,
        len,
        ioflag: 0x20,
    }
}

fn refused(server: &Server, kind: i32) {
    let refused = server.rig.refused.take();
    assert_eq!(refused, [(kind as u8, libc::E2BIG, NODE)]);
}

#[test]
fn a_read_lands_behind_its_head() {
    let server = Server::new(&ALL);
    let (ans, data) = server.ask::<DataAns>(vn::READ, &read(300), b"");
    assert_eq!(server.calls(), ["read 5000 300 100"]);
    let whole: Vec<u8> = (0..300).map(|i| i as u8).collect();
    assert_eq!((ans.len, data), (300, whole.clone()));
    server.rig.left.set(290);
    let (ans, data) = server.ask::<DataAns>(vn::READ, &read(300), b"");
    assert_eq!((ans.len, &data[..]), (10, &whole[..10]));
    let (ans, data) = {
        server.rig.left.set(0);
        server.ask::<DataAns>(vn::READ, &read(0), b"")
    };
    assert_eq!((ans.len, data.len()), (0, 0));
    server.rig.left.set(301);
    assert_eq!(server.fail(vn::READ, &read(300), b""), libc::EPROTO);
    refused(&server, PUFFS_ERR_READ);
    server.rig.rv.set(libc::EISDIR);
    assert_eq!(server.fail(vn::READ, &read(300), b""), libc::EISDIR);
    assert!(server.rig.refused.borrow().is_empty());
}

#[test]
fn a_read_fits_the_buffer_to_the_byte() {
    let server = Server::new(&ALL);
    let room = 4096;
    let most = (room - size_of::<DataAns>()) as u32;
    let send = |len| server.send_in(CLASS_VN, vn::READ, &bytes(&read(len), b""), room);
    let (rv, answer) = send(most);
    assert_eq!((rv, answer.len()), (0, room));
    assert_eq!(send(most + 1), (libc::EINVAL, vec![]));
    assert_eq!(send(u32::MAX), (libc::EINVAL, vec![]));
}

#[test]
fn offsets_are_not_negative() {
    let server = Server::new(&ALL);
    let offset = u64::MAX;
    let req = ReadReq { offset, ..read(1) };
    assert_eq!(server.fail(vn::READ, &req, b""), libc::EINVAL);
    let req = WriteReq { offset, ..write(1) };
    assert_eq!(server.fail(vn::WRITE, &req, b"x"), libc::EINVAL);
    assert!(server.calls().is_empty());
}

#[test]
fn a_write_hands_over_the_data() {
    let server = Server::new(&ALL);
    let (ans, _) = server.ask::<WriteAns>(vn::WRITE, &write(5), b"hello, you");
    assert_eq!(server.calls(), ["write 6000 hello 20"]);
    assert_eq!(ans.len, 5);
    server.rig.left.set(2);
    let (ans, _) = server.ask::<WriteAns>(vn::WRITE, &write(5), b"hello");
    assert_eq!(ans.len, 3);
    server.rig.left.set(6);
    assert_eq!(server.fail(vn::WRITE, &write(5), b"hello"), libc::EPROTO);
    refused(&server, PUFFS_ERR_WRITE);
    server.calls();
    // More announced than sent: the rest of the buffer is nobody's data.
    assert_eq!(server.fail(vn::WRITE, &write(6), b"hello"), libc::EINVAL);
    assert!(server.calls().is_empty());
}

#[test]
fn write2_is_preferred() {
    let server = Server::new(&SECOND);
    server.ask::<WriteAns>(vn::WRITE, &write(2), b"hi");
    assert_eq!(server.calls(), ["write2 6000 hi 20 0"]);
    server.send(CLASS_VN | FLAG_FAF, vn::WRITE, &bytes(&write(2), b"hi"));
    assert_eq!(server.calls(), ["write2 6000 hi 20 1"]);
}

#[test]
fn without_operations() {
    let server = Server::new(&testing::OPS);
    assert_eq!(server.fail(vn::READ, &read(1), b""), libc::EOPNOTSUPP);
    assert_eq!(server.fail(vn::WRITE, &write(1), b"x"), libc::EOPNOTSUPP);
    let all = Server::with_flags(&testing::OPS, PUFFS_KFLAG_ALLOPS);
    assert_eq!(all.fail(vn::READ, &read(1), b""), libc::EIO);
    assert_eq!(all.fail(vn::WRITE, &write(1), b"x"), libc::EIO);
    assert_eq!(server.fail(vn::READDIR, &read(1), b""), libc::EOPNOTSUPP);
    let plain = PlainReq { head: head() };
    assert_eq!(server.fail(vn::READLINK, &plain, b""), libc::EOPNOTSUPP);
}

#[test]
fn fsync_has_a_range() {
    let server = Server::new(&ALL);
    let req = FlagsReq {
        head: head(),
        flags: 3,
        inactive: 0,
        lo: 10,
        hi: 20,
    };
    server.ask::<Ans>(vn::FSYNC, &req, b"");
    assert_eq!(server.calls(), ["fsync 3 10-20"]);
    let lo = u64::MAX;
    assert_eq!(
        server.fail(vn::FSYNC, &FlagsReq { lo, ..req }, b""),
        libc::EINVAL
    );
}

#[test]
fn a_link_is_read() {
    let server = Server::new(&ALL);
    let plain = PlainReq { head: head() };
    let (ans, data) = server.ask::<DataAns>(vn::READLINK, &plain, b"");
    assert_eq!(server.calls(), ["readlink 4095"]);
    assert_eq!((ans.len, &data[..]), (5, &b"there"[..]));
    server.rig.left.set(4091);
    assert_eq!(server.fail(vn::READLINK, &plain, b""), libc::EPROTO);
    refused(&server, PUFFS_ERR_READLINK);
    // There must be room for any link.
    let request = bytes(&plain, b"");
    let small = server.send_in(CLASS_VN, vn::READLINK, &request, 4096);
    assert_eq!(small.0, libc::EINVAL);
}

#[test]
fn a_directory_is_read() {
    let server = Server::new(&ALL);
    let (ans, data) = server.ask::<ReaddirAns>(vn::READDIR, &read(1000), b"");
    assert_eq!(server.calls(), ["readdir 5000 1000 0 0"]);
    assert_eq!((ans.offset, ans.eof), (5002, 1));
    assert_eq!(data.len(), record_len(3) + record_len(6));
    assert_eq!(ans.len as usize, data.len());
    assert_eq!(&data[13..17], b"one\0");
    assert_eq!(&data[24 + 13..24 + 20], b"twotwo\0");
    server.rig.left.set(49);
    assert_eq!(server.fail(vn::READDIR, &read(1000), b""), libc::EPROTO);
    refused(&server, PUFFS_ERR_READDIR);
    server.rig.left.set(0);
    server.rig.cookies.set(1);
    assert_eq!(server.fail(vn::READDIR, &read(1000), b""), libc::EPROTO);
    refused(&server, PUFFS_ERR_READDIR);
}
