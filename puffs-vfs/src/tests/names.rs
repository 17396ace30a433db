//! Lookup, creation, removal, rename.

use puffs_core::msg::body::*;
use puffs_core::msg::op::{self, vn};
use puffs_core::{Cookie, Errno};

use super::{DIR, NODE, breaks, head};
use crate::nodes::VType;
use crate::testing::Fake;
use crate::*;

fn node(cookie: usize) -> NodeAns {
    NodeAns {
        cookie: cookie as u64,
        vtype: 1,
        size: 11,
        ..NodeAns::default()
    }
}

fn lookup(fake: &Fake) -> Result<names::Found, Failed> {
    names::lookup(fake, &head(), DIR, b"name", namei::DELETE, namei::ISLASTCN)
}

fn create(fake: &Fake) -> Result<names::Found, Failed> {
    let attr = Attr {
        vtype: 1,
        mode: 0o640,
        ..Attr::NONE
    };
    names::create(fake, &head(), DIR, b"new", &attr, names::New::File)
}

#[test]
fn lookup_sends_name_and_intent() {
    let fake = Fake::new();
    fake.answer(&node(NODE.0), &[]);
    let found = lookup(&fake).unwrap();
    assert_eq!(
        (found.cookie, found.vtype, found.size),
        (NODE, VType::Reg, 11)
    );
    let (sent, req) = fake.last::<LookupReq>();
    assert_eq!(
        (sent.class, sent.optype, sent.cookie),
        (op::CLASS_VN, vn::LOOKUP, DIR.0)
    );
    assert_eq!(
        req,
        LookupReq {
            head: head(),
            nameiop: namei::DELETE,
            flags: namei::ISLASTCN,
            namelen: 4,
            want_attr: 1
        }
    );
    assert_eq!(&sent.bytes[size_of::<LookupReq>()..], b"name");
    assert_eq!(*fake.recycled.borrow(), 1);
}

#[test]
fn lookup_asks_for_attributes_only_where_there_are_some() {
    let mut fake = Fake::new();
    fake.ops = OpSet::NONE.with_vn(vn::LOOKUP);
    fake.answer(&node(NODE.0), &[]);
    lookup(&fake).unwrap();
    assert_eq!(fake.last::<LookupReq>().1.want_attr, 0);
}

#[test]
fn lookup_gives_the_error_of_getattr_beside_the_node() {
    let fake = Fake::new();
    let mut ans = node(NODE.0);
    ans.attr_error = 2;
    assert_eq!(lookup(fake.answer(&ans, &[])).unwrap().attr, Err(2));
    ans.attr_error = 134;
    breaks(
        &fake,
        lookup(fake.answer(&ans, &[])),
        Kind::Error,
        "result is no error number",
    );
    ans.attr_error = u32::MAX;
    breaks(
        &fake,
        lookup(fake.answer(&ans, &[])),
        Kind::Error,
        "result is no error number",
    );
}

#[test]
fn lookup_believes_no_nonsense() {
    let mut fake = Fake::new();
    breaks(
        &fake,
        lookup(fake.answer(&node(DIR.0), &[])),
        Kind::Lookup,
        "lookup gave the directory searched",
    );
    breaks(
        &fake,
        lookup(fake.answer(&node(0x1000), &[])),
        Kind::Lookup,
        "lookup gave the root",
    );
    for vtype in [0, 8, 9, u32::MAX] {
        let ans = NodeAns {
            vtype,
            ..node(NODE.0)
        };
        breaks(
            &fake,
            lookup(fake.answer(&ans, &[])),
            Kind::MakeNode,
            "node without a type",
        );
    }
    let ans = NodeAns {
        size: u64::MAX,
        ..node(NODE.0)
    };
    breaks(
        &fake,
        lookup(fake.answer(&ans, &[])),
        Kind::MakeNode,
        "node without a size",
    );
    let short = [0u8; size_of::<NodeAns>() - 1];
    breaks(
        &fake,
        lookup(fake.answer(&short, &[])),
        Kind::Lookup,
        "answer too short",
    );
    // NULL names a node like any other, unless it is the root's name.
    assert_eq!(
        lookup(fake.answer(&node(0), &[])).unwrap().cookie,
        Cookie(0)
    );
    fake.root = 0;
    breaks(
        &fake,
        lookup(fake.answer(&node(0), &[])),
        Kind::Lookup,
        "lookup gave the root",
    );
}

#[test]
fn sizes_fit_a_signed_number() {
    let fake = Fake::new();
    let largest = i64::MAX as u64;
    let said = |size, attr_size, attr_error| {
        let mut ans = node(NODE.0);
        (ans.size, ans.attr.size, ans.attr_error) = (size, attr_size, attr_error);
        lookup(fake.answer(&ans, &[]))
    };
    assert_eq!(said(largest, largest, 0).unwrap().size, largest);
    assert!(said(0, NOVAL, 0).is_ok(), "not given");
    assert!(said(0, NOVAL - 1, 2).is_ok(), "no attributes");
    for wrong in [said(largest + 1, 0, 0), said(0, largest + 1, 0)] {
        assert!(wrong.is_err());
    }
    assert_eq!(fake.told.borrow().len(), 2);
    assert!(
        fake.told
            .borrow()
            .iter()
            .all(|told| told.text == "size out of range")
    );
}

#[test]
fn the_parent_may_be_the_root() {
    let fake = Fake::new();
    fake.answer(
        &NodeAns {
            vtype: 2,
            ..node(fake.root)
        },
        &[],
    );
    let up = names::lookup(&fake, &head(), DIR, b"..", namei::LOOKUP, namei::ISDOTDOT);
    assert_eq!(up.unwrap().cookie, Cookie(fake.root));
}

#[test]
fn names_that_cannot_be_never_leave() {
    let fake = Fake::new();
    for name in [&b""[..], b"a/b", b"a\0", &[b'x'; 256]] {
        let got = names::lookup(&fake, &head(), DIR, name, 0, 0);
        assert_eq!(got.err(), Some(Failed::Errno(Errno::Inval)));
    }
    fake.answer(&node(NODE.0), &[]);
    assert!(names::lookup(&fake, &head(), DIR, &[b'x'; 255], 0, 0).is_ok());
    assert_eq!(fake.sent.borrow().len(), 1);
}

#[test]
fn results_are_the_servers_or_broken() {
    let fake = Fake::new();
    assert_eq!(lookup(fake.result(2)).err(), Some(Failed::Server(2)));
    assert_eq!(lookup(fake.result(133)).err(), Some(Failed::Server(133)));
    for rv in [-1, 134, i32::MIN, i32::MAX] {
        breaks(
            &fake,
            lookup(fake.result(rv)),
            Kind::Error,
            "result is no error number",
        );
    }
    breaks(
        &fake,
        lookup(fake.refuse(Errno::Proto)),
        Kind::Error,
        "answer refused",
    );
    assert_eq!(
        lookup(fake.refuse(Errno::Nxio)).err(),
        Some(Failed::Errno(Errno::Nxio))
    );
    assert!(fake.told.borrow().is_empty());
}

#[test]
fn create_sends_attributes_name_and_target() {
    let fake = Fake::new();
    fake.answer(
        &NodeAns {
            vtype: 99,
            size: u64::MAX,
            ..node(NODE.0)
        },
        &[],
    );
    let found = create(&fake).unwrap();
    // Type and size are what was asked for, whatever the answer says.
    assert_eq!((found.vtype, found.size), (VType::Reg, 0));
    let attr = Attr {
        vtype: 5,
        mode: 0o777,
        ..Attr::NONE
    };
    let new = names::New::Symlink(b"to/there");
    names::create(&fake, &head(), DIR, b"link", &attr, new).unwrap();
    let (sent, req) = fake.last::<CreateReq>();
    assert_eq!(sent.optype, vn::SYMLINK);
    assert_eq!((req.attr, req.namelen, req.targetlen), (attr, 4, 8));
    assert_eq!(&sent.bytes[size_of::<CreateReq>()..], b"linkto/there");
}

#[test]
fn create_believes_no_nonsense() {
    let mut fake = Fake::new();
    let unsupported = Some(Failed::Errno(Errno::NotSupp));
    assert_eq!(create(fake.answer(&node(0), &[])).err(), unsupported);
    breaks(
        &fake,
        create(fake.answer(&node(fake.root), &[])),
        Kind::MakeNode,
        "new node is the root",
    );
    fake.ops = OpSet::NONE.with_vn(vn::MKDIR);
    assert_eq!(create(&fake).err(), unsupported);
}

#[test]
fn remove_and_rename_say_what_they_mean() {
    let fake = Fake::new();
    let noted = Ans {
        setback: 0xf8,
        pad: 0,
    };
    let note = names::remove(fake.answer(&noted, &[]), &head(), DIR, NODE, b"old");
    assert_eq!(
        note,
        Ok(setback::NOREF_N2),
        "bits that mean nothing are dropped"
    );
    let (sent, req) = fake.last::<NameReq>();
    assert_eq!(
        (sent.optype, req.target, req.namelen),
        (vn::REMOVE, NODE.0 as u64, 3)
    );
    assert_eq!(&sent.bytes[size_of::<NameReq>()..], b"old");
    names::rmdir(&fake, &head(), DIR, NODE, b"old").unwrap();
    assert_eq!(fake.last::<NameReq>().0.optype, vn::RMDIR);
    names::link(&fake, &head(), DIR, NODE, b"old").unwrap();
    assert_eq!(fake.last::<NameReq>().0.optype, vn::LINK);

    let from = names::End {
        dir: DIR,
        name: b"a",
        node: NODE,
    };
    let to = |node| names::End {
        dir: Cookie(5),
        name: b"bc",
        node,
    };
    names::rename(&fake, &head(), from, to(Some(Cookie(0)))).unwrap();
    let (sent, req) = fake.last::<RenameReq>();
    assert_eq!((sent.optype, sent.cookie), (vn::RENAME, DIR.0));
    assert_eq!(
        (req.source, req.target_dir, req.target),
        (NODE.0 as u64, 5, 0)
    );
    assert_eq!((req.has_target, req.namelen, req.target_namelen), (1, 1, 2));
    assert_eq!(&sent.bytes[size_of::<RenameReq>()..], b"abc");
    names::rename(&fake, &head(), from, to(None)).unwrap();
    assert_eq!(fake.last::<RenameReq>().1.has_target, 0);
}
