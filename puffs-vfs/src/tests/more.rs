//! Extended attributes, space, locks, poll, mappings and seeking.

use puffs_core::Errno;
use puffs_core::msg::body::{
    Ans, ExtattrAns, ExtattrReq, FlagsReq, LockAns, LockReq, PollAns, RangeReq, WriteAns, setback,
};
use puffs_core::msg::op::vn;

use super::*;
use crate::extattr::{self, Name};
use crate::lock::{self, Range};

const NAME: Name<'_> = Name {
    namespace: puffs_core::msg::body::extattr::USER,
    name: b"name",
};
const LOCK: Range = Range {
    kind: 1,
    start: 10,
    len: 20,
    pid: 7,
};

fn value(size: u64, len: u32) -> ExtattrAns {
    ExtattrAns {
        size,
        len,
        ..ExtattrAns::default()
    }
}

#[test]
fn what_the_server_lacks_is_never_sent() {
    let mut fake = Fake::new();
    fake.ops = OpSet::NONE;
    let nothing = Some(Failed::Errno(Errno::NotSupp));
    let at = |result: Result<(), Failed>| assert_eq!(result.err(), nothing);
    at(extattr::get(&fake, &head(), NODE, NAME, 9).map(drop));
    at(extattr::list(&fake, &head(), NODE, 1, 9).map(drop));
    at(extattr::set(&fake, &head(), NODE, NAME, b"v").map(drop));
    at(extattr::delete(&fake, &head(), NODE, NAME));
    at(space::fallocate(&fake, &head(), NODE, 0, 1));
    at(space::fdiscard(&fake, &head(), NODE, 0, 1));
    at(lock::advlock(&fake, &head(), NODE, 1, (6, 0x40), LOCK).map(drop));
    // What a server need not have.
    assert_eq!(file::poll(&fake, &head(), NODE, 0xffff), Ok(0x145));
    assert_eq!(file::mmap(&fake, &head(), NODE, 1), Ok(0));
    assert_eq!(file::seek(&fake, &head(), NODE, (0, 1)), Ok(()));
    assert!(fake.sent.borrow().is_empty());
}

#[test]
fn values_are_no_longer_than_asked_for() {
    let fake = Fake::new();
    let got = extattr::get(fake.answer(&value(5, 5), b"value"), &head(), NODE, NAME, 9).unwrap();
    assert_eq!((got.size, &got.data[..]), (5, &b"value"[..]));
    let (sent, req) = fake.last::<ExtattrReq>();
    assert_eq!((sent.optype, req.namelen, req.len), (vn::GETEXTATTR, 4, 9));
    assert_eq!(&sent.bytes[size_of::<ExtattrReq>()..], b"name");
    let got = extattr::get(fake.answer(&value(70, 0), b""), &head(), NODE, NAME, 0).unwrap();
    assert_eq!((got.size, got.data.len()), (70, 0));
    let got = extattr::get(fake.answer(&value(6, 6), b"longer"), &head(), NODE, NAME, 5);
    assert!(matches!(got.err(), Some(Failed::Broken(broken)) if broken.kind == Kind::GetExtattr));
    assert_eq!(fake.told.take().len(), 1);
    for name in [&[b'x'; 256][..], b"a\0b"] {
        let name = Name { name, ..NAME };
        let got = extattr::get(&fake, &head(), NODE, name, 0);
        assert_eq!(got.err(), Some(Failed::Errno(Errno::Inval)));
    }
}

#[test]
fn lists_hold_whole_names() {
    let fake = Fake::new();
    let list = |bytes: &[u8], size| {
        let answer = value(size, bytes.len() as u32);
        extattr::list(fake.answer(&answer, bytes), &head(), NODE, 1, 300)
    };
    assert_eq!(&list(b"a\0bc\0", 5).unwrap().data[..], b"a\0bc\0");
    assert!(list(b"", 0).unwrap().data.is_empty());
    // One that has no room is not looked at.
    assert_eq!(list(b"a\0b", 9).unwrap().size, 9);
    let long = [&[b'x'; 256][..], b"\0"].concat();
    for (bytes, text) in [
        (&b"a\0b"[..], "attribute name cut off"),
        (b"a\0\0", "attribute name that cannot be"),
        (&long, "attribute name that cannot be"),
    ] {
        let got = list(bytes, bytes.len() as u64).map(drop);
        breaks(&fake, got, Kind::ListExtattr, text);
    }
}

#[test]
fn values_are_set_and_removed() {
    let fake = Fake::new();
    let took = WriteAns {
        len: 3,
        ..WriteAns::default()
    };
    let set = extattr::set(fake.answer(&took, &[]), &head(), NODE, NAME, b"value");
    assert_eq!(set, Ok(3));
    let (sent, req) = fake.last::<ExtattrReq>();
    assert_eq!((sent.optype, req.len), (vn::SETEXTATTR, 5));
    assert_eq!(&sent.bytes[size_of::<ExtattrReq>()..], b"namevalue");
    extattr::delete(fake.answer(&Ans::default(), &[]), &head(), NODE, NAME).unwrap();
    assert_eq!(fake.last::<ExtattrReq>().0.optype, vn::DELETEEXTATTR);
}

#[test]
fn no_more_of_a_value_is_taken_than_was_given() {
    let fake = Fake::new();
    let took = WriteAns {
        len: 6,
        ..WriteAns::default()
    };
    let set = extattr::set(fake.answer(&took, &[]), &head(), NODE, NAME, b"value");
    assert!(matches!(set, Err(Failed::Broken(_))), "{set:?}");
}

#[test]
fn ranges_travel_as_they_are() {
    let fake = Fake::new();
    fake.answer(&Ans::default(), &[]);
    space::fallocate(&fake, &head(), NODE, 3, 4).unwrap();
    let (sent, req) = fake.last::<RangeReq>();
    assert_eq!((sent.optype, req.offset, req.len), (vn::FALLOCATE, 3, 4));
    space::fdiscard(&fake, &head(), NODE, 5, 6).unwrap();
    let (sent, req) = fake.last::<RangeReq>();
    assert_eq!((sent.optype, req.offset, req.len), (vn::FDISCARD, 5, 6));
}

#[test]
fn locks_are_asked_for_and_who_is_in_the_way_is_told() {
    let fake = Fake::new();
    let other = LockAns {
        start: 15,
        len: 1,
        kind: 0,
        pid: 99,
        ..LockAns::default()
    };
    fake.answer(&other, &[]);
    let got = lock::advlock(&fake, &head(), NODE, 77, (5, 0x40), LOCK).unwrap();
    assert_eq!((got.start, got.len, got.kind, got.pid), (15, 1, 0, 99));
    let (sent, req) = fake.last::<LockReq>();
    assert_eq!(
        (sent.optype, req.owner, req.op, req.flags),
        (vn::ADVLOCK, 77, 5, 0x40)
    );
    assert_eq!((req.start, req.len, req.kind, req.pid), (10, 20, 1, 7));
    let refused = lock::advlock(fake.result(11), &head(), NODE, 77, (6, 0x50), LOCK);
    assert_eq!(refused, Err(Failed::Server(11)));
}

#[test]
fn files_are_polled_mapped_and_sought_in() {
    let fake = Fake::new();
    let ready = PollAns {
        events: 4,
        ..PollAns::default()
    };
    assert_eq!(
        file::poll(fake.answer(&ready, &[]), &head(), NODE, 5),
        Ok(4)
    );
    assert_eq!(fake.last::<FlagsReq>().1.flags, 5);
    let noted = Ans {
        setback: setback::INACT_N1,
        pad: 0,
    };
    assert_eq!(
        file::mmap(fake.answer(&noted, &[]), &head(), NODE, 3),
        Ok(setback::INACT_N1)
    );
    assert_eq!(fake.last::<FlagsReq>().1.flags, 3);
    assert_eq!(
        file::seek(fake.result(29), &head(), NODE, (1, 2)),
        Err(Failed::Server(29))
    );
    let (sent, req) = fake.last::<FlagsReq>();
    assert_eq!((sent.optype, req.lo, req.hi), (vn::SEEK, 1, 2));
}
