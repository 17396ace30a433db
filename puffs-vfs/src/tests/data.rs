//! Attributes, data, directories, and the end of things.

use std::vec;
use std::vec::Vec;

use puffs_core::msg::body::*;
use puffs_core::msg::op::{self, vfs, vn};
use puffs_core::platform::Hosted;
use puffs_core::{Buf, Errno};
use zerocopy::{FromBytes, IntoBytes};

use super::{DIR, NODE, breaks, head};
use crate::nodes::VType;
use crate::testing::Fake;
use crate::*;

#[test]
fn what_the_server_lacks_is_never_sent() {
    let mut fake = Fake::new();
    fake.ops = OpSet::NONE;
    let unsupported = Failed::Errno(Errno::NotSupp);
    let (h, f) = (head(), &fake);
    let end = names::End {
        dir: DIR,
        name: b"a",
        node: NODE,
    };
    let to = names::End {
        dir: DIR,
        name: b"a",
        node: None,
    };
    assert_eq!(names::remove(f, &h, DIR, NODE, b"a"), Err(unsupported));
    assert_eq!(names::rmdir(f, &h, DIR, NODE, b"a"), Err(unsupported));
    assert_eq!(names::link(f, &h, DIR, NODE, b"a"), Err(unsupported));
    assert_eq!(names::rename(f, &h, end, to), Err(unsupported));
    assert_eq!(attr::getattr(f, &h, NODE), Err(unsupported));
    assert_eq!(attr::setattr(f, &h, NODE, &Attr::NONE), Err(unsupported));
    assert_eq!(file::read(f, &h, NODE, 0, 1, 0).err(), Some(unsupported));
    assert_eq!(file::readlink(f, &h, NODE).err(), Some(unsupported));
    assert_eq!(dir::readdir(f, &h, NODE, 0, 4096).err(), Some(unsupported));
    let data = || (Buf::<Hosted>::new(200).unwrap(), 1);
    assert_eq!(file::write(f, &h, NODE, 0, data(), 0), Err(unsupported));
    assert_eq!(
        file::open(f, &h, NODE, VType::Reg, file::FREAD),
        Ok(file::Opened::default())
    );
    assert_eq!(
        file::open(f, &h, NODE, VType::Reg, file::FWRITE),
        Err(Failed::Errno(Errno::RoFs))
    );
    assert_eq!(
        file::open(f, &h, NODE, VType::Fifo, file::FWRITE),
        Ok(file::Opened::default())
    );
    assert_eq!(file::close(f, &h, NODE, 1, true), Ok(0));
    assert_eq!(file::fsync(f, &h, NODE, 1, (0, 0)), Ok(()));
    assert_eq!(attr::access(f, &h, NODE, VType::Reg, attr::VREAD), Ok(()));
    assert_eq!(
        attr::access(f, &h, NODE, VType::Dir, attr::VWRITE),
        Err(Failed::Errno(Errno::RoFs))
    );
    assert_eq!(attr::access(f, &h, NODE, VType::Chr, attr::VWRITE), Ok(()));
    assert_eq!(life::inactive(f, &h, NODE), Ok(0));
    assert_eq!(life::reclaim(f, &h, NODE, 1), Ok(()));
    assert_eq!(names::abort(f, &h, DIR, b"a"), Ok(()));
    assert!(fake.sent.borrow().is_empty());
}

#[test]
fn attributes_come_and_go() {
    let fake = Fake::new();
    let held = AttrAns {
        attr: Attr {
            mode: 0o600,
            ..Attr::NONE
        },
        ttl: Time { sec: 3, nsec: 4 },
        ..AttrAns::default()
    };
    fake.answer(&held, &[]);
    assert_eq!(
        attr::getattr(&fake, &head(), NODE),
        Ok((held.attr, held.ttl))
    );
    assert_eq!(fake.last::<PlainReq>().0.optype, vn::GETATTR);
    let want = Attr {
        size: 9,
        ..Attr::NONE
    };
    assert_eq!(
        attr::setattr(&fake, &head(), NODE, &want),
        Ok((held.attr, held.ttl))
    );
    assert_eq!(fake.last::<SetattrReq>().1.attr, want);
    fake.answer(&[0u8; size_of::<AttrAns>() - 1], &[]);
    breaks(
        &fake,
        attr::getattr(&fake, &head(), NODE),
        Kind::Error,
        "answer too short",
    );
    breaks(
        &fake,
        attr::setattr(&fake, &head(), NODE, &want),
        Kind::Error,
        "answer too short",
    );

    let figures = StatvfsAns {
        statvfs: Statvfs {
            blocks: 12,
            ..Statvfs::default()
        },
        ..StatvfsAns::default()
    };
    assert_eq!(
        attr::statvfs(fake.answer(&figures, &[]), &head()),
        Ok(figures.statvfs)
    );
    let (sent, _) = fake.last::<PlainReq>();
    assert_eq!((sent.class, sent.optype), (op::CLASS_VFS, vfs::STATVFS));
}

#[test]
fn read_takes_what_was_announced_and_no_more() {
    let fake = Fake::new();
    let ans = |len| DataAns {
        len,
        ..DataAns::default()
    };
    let read = |len| file::read(&fake, &head(), NODE, 4096, len, 0).map(|data| data.to_vec());
    fake.answer(&ans(5), b"hello");
    assert_eq!(read(10), Ok(b"hello".to_vec()));
    let (_, req) = fake.last::<ReadReq>();
    assert_eq!((req.offset, req.len), (4096, 10));
    assert_eq!(read(5), Ok(b"hello".to_vec()));
    breaks(&fake, read(4), Kind::Read, "more than was asked for");
    fake.answer(&ans(6), b"hello");
    breaks(&fake, read(10), Kind::Read, "less than was announced");
    fake.answer(&ans(u32::MAX), b"hello");
    breaks(&fake, read(10), Kind::Read, "more than was asked for");
    fake.answer(&[0u8; 15], &[]);
    breaks(&fake, read(10), Kind::Read, "answer too short");
    // No message is longer than the mount's maximum.
    fake.answer(&ans(0), &[]);
    assert_eq!(read(1 << 30), Ok(Vec::new()));
    assert_eq!(fake.last::<ReadReq>().1.len as usize, (64 << 10) - ROOM);
}

#[test]
fn write_sends_its_buffer_and_believes_no_more_than_it_gave() {
    let fake = Fake::new();
    let data = || {
        let mut body = Buf::<Hosted>::new(file::WRITE_HEAD + 20).unwrap();
        body[file::WRITE_HEAD..file::WRITE_HEAD + 5].copy_from_slice(b"bytes");
        (body, 5)
    };
    let write = || file::write(&fake, &head(), NODE, 77, data(), 0);
    fake.answer(
        &WriteAns {
            len: 5,
            ..WriteAns::default()
        },
        &[],
    );
    assert_eq!(write(), Ok(5));
    let (sent, req) = fake.last::<WriteReq>();
    assert_eq!((sent.optype, req.offset, req.len), (vn::WRITE, 77, 5));
    assert_eq!(&sent.bytes[size_of::<WriteReq>()..], b"bytes");
    fake.answer(
        &WriteAns {
            len: 6,
            ..WriteAns::default()
        },
        &[],
    );
    breaks(&fake, write(), Kind::Write, "more written than given");
    fake.answer(&[0u8; 15], &[]);
    breaks(&fake, write(), Kind::Write, "answer too short");
    let long = (data().0, 21);
    let got = file::write(&fake, &head(), NODE, 0, long, 0);
    assert_eq!(got, Err(Failed::Errno(Errno::Inval)));
}

#[test]
fn a_link_leads_somewhere() {
    let fake = Fake::new();
    let ans = |len| DataAns {
        len,
        ..DataAns::default()
    };
    let readlink = || file::readlink(&fake, &head(), NODE).map(|data| data.to_vec());
    fake.answer(&ans(4), b"a/b/");
    assert_eq!(readlink(), Ok(b"a/b/".to_vec()));
    fake.answer(&ans(0), b"");
    breaks(&fake, readlink(), Kind::Readlink, "link leads nowhere");
    fake.answer(&ans(3), b"a\0b");
    breaks(&fake, readlink(), Kind::Readlink, "link leads nowhere");
    fake.answer(&ans(4096), &[b'x'; 4096]);
    breaks(&fake, readlink(), Kind::Readlink, "more than was asked for");
    fake.answer(&ans(5), b"abc");
    breaks(&fake, readlink(), Kind::Readlink, "less than was announced");
}

fn records(names: &[(u64, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (fileno, name) in names {
        let reclen = (DIRENT_NAME + name.len() + 1).next_multiple_of(8);
        let head = Dirent {
            fileno: *fileno,
            reclen: reclen as u16,
            namlen: name.len() as u16,
            dtype: 4,
        };
        let end = bytes.len() + reclen;
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(name);
        bytes.resize(end, 0);
    }
    bytes
}

#[test]
fn readdir_walks_checked_records() {
    let fake = Fake::new();
    let long = [b'n'; 300];
    let bytes = records(&[(1, b"."), (0, b"gone"), (3, &long), (4, b"last")]);
    let ans = ReaddirAns {
        offset: 9,
        len: bytes.len() as u32,
        ..ReaddirAns::default()
    };
    let readdir = || dir::readdir(&fake, &head(), DIR, 3, 4096);
    fake.answer(&ans, &bytes);
    let listing = readdir().unwrap();
    let names: Vec<_> = listing
        .entries()
        .map(|e| (e.fileno, e.name.to_vec()))
        .collect();
    assert_eq!(names, [(1, b".".to_vec()), (4, b"last".to_vec())]);
    assert_eq!((listing.offset, listing.eof), (9, false));
    let (sent, req) = fake.last::<ReadReq>();
    assert_eq!((sent.optype, req.offset, req.len), (vn::READDIR, 3, 4096));

    fake.answer(&ReaddirAns { len: 0, ..ans }, &[]);
    assert!(readdir().unwrap().eof, "nothing more is the end");
    fake.answer(&ReaddirAns { eof: 7, ..ans }, &bytes);
    assert!(readdir().unwrap().eof);

    fake.answer(&ans, &bytes[..bytes.len() - 8]);
    breaks(
        &fake,
        readdir().map(drop),
        Kind::Readdir,
        "less than was announced",
    );
    fake.answer(
        &ReaddirAns {
            len: ans.len - 8,
            ..ans
        },
        &bytes,
    );
    breaks(
        &fake,
        readdir().map(drop),
        Kind::Readdir,
        "record reaches beyond the end",
    );
    fake.answer(&ReaddirAns { len: 5000, ..ans }, &[0; 8]);
    breaks(
        &fake,
        readdir().map(drop),
        Kind::Readdir,
        "more than was asked for",
    );
    fake.answer(&[0u8; 23], &[]);
    breaks(
        &fake,
        readdir().map(drop),
        Kind::Readdir,
        "answer too short",
    );
}

#[test]
fn files_open_and_close() {
    let fake = Fake::new();
    let ans = OpenAns {
        ans: Ans {
            setback: setback::INACT_N1,
            pad: 0,
        },
        oflags: file::IO_DIRECT,
        pad: 0,
    };
    fake.answer(&ans, &[]);
    let opened = file::open(&fake, &head(), NODE, VType::Reg, 3).unwrap();
    assert_eq!(
        (opened.oflags, opened.setback),
        (file::IO_DIRECT, setback::INACT_N1)
    );
    assert_eq!(fake.last::<FlagsReq>().1.flags, 3);
    file::close(&fake, &head(), NODE, 3, true).unwrap();
    let (sent, req) = fake.last::<FlagsReq>();
    assert_eq!((sent.optype, req.flags, req.inactive), (vn::CLOSE, 3, 1));
    file::close(&fake, &head(), NODE, 3, false).unwrap();
    assert_eq!(fake.last::<FlagsReq>().1.inactive, 0);
    file::fsync(&fake, &head(), NODE, 1, (5, 6)).unwrap();
    let (sent, req) = fake.last::<FlagsReq>();
    assert_eq!(
        (sent.optype, req.flags, req.lo, req.hi),
        (vn::FSYNC, 1, 5, 6)
    );
    attr::access(&fake, &head(), NODE, VType::Reg, attr::VEXEC).unwrap();
    let (sent, req) = fake.last::<FlagsReq>();
    assert_eq!((sent.optype, req.flags), (vn::ACCESS, 1));
}

#[test]
fn inactive_stands_in_for_a_missing_close() {
    let mut fake = Fake::new();
    fake.ops = OpSet::NONE.with_vn(vn::INACTIVE);
    fake.answer(&Ans::default(), &[]);
    file::close(&fake, &head(), NODE, 1, true).unwrap();
    assert_eq!(fake.last::<PlainReq>().0.optype, vn::INACTIVE);
    file::close(&fake, &head(), NODE, 1, false).unwrap();
    assert_eq!(fake.sent.borrow().len(), 1);
    // And a server without inactive is not asked for it in a close.
    fake.ops = OpSet::NONE.with_vn(vn::CLOSE);
    file::close(&fake, &head(), NODE, 1, true).unwrap();
    assert_eq!(fake.last::<FlagsReq>().1.inactive, 0);
}

#[test]
fn the_end_of_things() {
    let fake = Fake::new();
    life::reclaim(&fake, &who::kernel(), NODE, 5).unwrap();
    let (sent, req) = fake.last::<ReclaimReq>();
    assert!(sent.faf);
    assert_eq!(
        (sent.optype, sent.cookie, req.nlookup),
        (vn::RECLAIM, NODE.0, 5)
    );
    assert_eq!(sent.bytes.len(), size_of::<ReclaimReq>());
    names::abort(&fake, &head(), DIR, b"name").unwrap();
    let (sent, req) = fake.last::<NameReq>();
    assert!(sent.faf && sent.optype == vn::ABORTOP && req.namelen == 4);
    assert_eq!(&sent.bytes[size_of::<NameReq>()..], b"name");
    let noted = Ans {
        setback: setback::NOREF_N1,
        pad: 0,
    };
    fake.answer(&noted, &[]);
    assert_eq!(
        life::inactive(&fake, &who::kernel(), NODE),
        Ok(setback::NOREF_N1)
    );
    life::sync(&fake, &who::fs(), life::MNT_WAIT).unwrap();
    let (sent, req) = fake.last::<FlagsReq>();
    assert_eq!(
        (sent.class, sent.optype, req.flags),
        (op::CLASS_VFS, vfs::SYNC, 1)
    );
    life::unmount(&fake, &who::kernel(), life::MNT_FORCE).unwrap();
    let (sent, req) = fake.last::<FlagsReq>();
    assert_eq!((sent.optype, req.flags), (vfs::UNMOUNT, life::MNT_FORCE));
    assert_eq!(
        life::unmount(fake.result(16), &who::kernel(), 0),
        Err(Failed::Server(16))
    );
}

#[test]
fn a_notice_says_kind_and_text() {
    let broken = Broken {
        kind: Kind::Readlink,
        text: "link leads nowhere",
    };
    let out = broken.notice::<Hosted>(NODE, 71).unwrap();
    assert_eq!(
        (out.class, out.optype, out.cookie),
        (op::CLASS_ERROR, 4, NODE)
    );
    let (req, text) = ErrorReq::read_from_prefix(&out.body[..out.copylen]).unwrap();
    assert_eq!((req.error, req.textlen), (71, 18));
    assert_eq!(text, b"link leads nowhere");
}

#[test]
fn a_failure_becomes_a_number_at_the_edge() {
    let number = |errno| match errno {
        Errno::Proto => 71,
        Errno::Nxio => 6,
        Errno::RoFs => 30,
        _ => 0,
    };
    let broken = Broken {
        kind: Kind::Error,
        text: "",
    };
    let all = vec![
        (Failed::Errno(Errno::Nxio), 6),
        (Failed::Server(17), 17),
        (Failed::Errno(Errno::RoFs), 30),
        (Failed::Broken(broken), 71),
    ];
    for (failed, expected) in all {
        assert_eq!(failed.number(number), expected);
    }
}

#[test]
fn groups_that_do_not_fit_are_left_out() {
    let groups: Vec<u32> = (0..20).collect();
    let head = who::user_with_groups(1, 2, 3, &groups);
    assert_eq!(head.ngroups, 16);
    assert_eq!(head.groups[..], groups[..16]);
    assert_eq!(who::user_with_groups(1, 2, 3, &[9]).ngroups, 1);
    assert_eq!(
        (who::kernel().cred, who::fs().cred),
        (cred::KERNEL, cred::FS)
    );
}
