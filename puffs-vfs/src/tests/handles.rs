//! File handles, limits, printing, the store of extended attributes.

use puffs_core::Errno;
use puffs_core::msg::body::{
    Ans, Attr, DataAns, ExtattrctlReq, FlagsReq, HANDLE_MAX, HandleReq, NOVAL, NodeAns,
    PathconfAns, PlainReq, Time,
};
use puffs_core::msg::op::{CLASS_VFS, vfs, vn};

use super::*;
use crate::control::{self, Extattrctl};
use crate::handle;
use crate::nodes::VType;

const CTL: Extattrctl<'_> = Extattrctl {
    cmd: 7,
    node: Some(NODE),
    ns: 2,
    name: Some(b"name"),
};

fn told(len: usize) -> DataAns {
    DataAns {
        len: len as u32,
        ..DataAns::default()
    }
}

fn node(vtype: u32, size: u64) -> NodeAns {
    NodeAns {
        ans: Ans::default(),
        cookie: 0x5000,
        size,
        rdev: 9,
        vtype,
        attr_error: 61,
        attr: Attr::NONE,
        attr_ttl: Time::default(),
        name_ttl: Time::default(),
    }
}

#[test]
fn what_the_server_lacks_is_never_sent() {
    let mut fake = Fake::new();
    fake.ops = OpSet::NONE;
    let nothing = Some(Failed::Errno(Errno::NotSupp));
    let handle = handle::nodetofh(&fake, &head(), NODE).map(drop);
    assert_eq!(handle.err(), nothing);
    assert_eq!(handle::fhtonode(&fake, &head(), b"h").err(), nothing);
    assert_eq!(control::pathconf(&fake, &head(), NODE, 1).err(), nothing);
    assert_eq!(control::extattrctl(&fake, &head(), CTL).err(), nothing);
    // There is nothing to be printed.
    assert_eq!(control::print(&fake, &head(), NODE), Ok(()));
    assert!(fake.sent.borrow().is_empty());
}

#[test]
fn a_handle_has_some_bytes_and_not_too_many() {
    let fake = Fake::new();
    let long = [b'h'; HANDLE_MAX + 1];
    let ask = |bytes: &[u8], len| handle::nodetofh(fake.answer(&told(len), bytes), &head(), NODE);
    assert_eq!(&ask(b"handle", 6).unwrap()[..], b"handle");
    let (sent, req) = fake.last::<HandleReq>();
    assert_eq!(
        (sent.class, sent.optype, sent.cookie),
        (CLASS_VFS, vfs::VPTOFH, NODE.0)
    );
    assert_eq!(
        (req.len as usize, sent.bytes.len()),
        (HANDLE_MAX, size_of::<HandleReq>())
    );
    assert_eq!(ask(&long[1..], HANDLE_MAX).unwrap().len(), HANDLE_MAX);
    for (bytes, len, text) in [
        (&b""[..], 0, "handle without bytes"),
        (&long[..7], HANDLE_MAX + 1, "more than was asked for"),
    ] {
        breaks(&fake, ask(bytes, len).map(drop), Kind::Handle, text);
    }
    assert_eq!(Kind::Handle as u8, 7);
    let got = handle::nodetofh(fake.result(22), &head(), NODE).map(drop);
    assert_eq!(got.err(), Some(Failed::Server(22)));
}

#[test]
fn a_handle_leads_to_a_node_that_can_be() {
    let fake = Fake::new();
    let ask = |ans: NodeAns| handle::fhtonode(fake.answer(&ans, b""), &head(), b"handle");
    let found = ask(node(1, 50)).unwrap();
    assert_eq!(
        (found.cookie.0, found.vtype, found.size, found.rdev),
        (0x5000, VType::Reg, 50, 9)
    );
    assert_eq!(found.attr, Err(61));
    let (sent, req) = fake.last::<HandleReq>();
    assert_eq!(
        (sent.class, sent.optype, sent.cookie),
        (CLASS_VFS, vfs::FHTOVP, 0)
    );
    assert_eq!(
        (req.len, &sent.bytes[size_of::<HandleReq>()..]),
        (6, &b"handle"[..])
    );
    // The root has a handle too.
    let root = NodeAns {
        cookie: fake.root as u64,
        ..node(2, 0)
    };
    assert_eq!(ask(root).unwrap().vtype, VType::Dir);
    for vtype in [0, 8, u32::MAX] {
        breaks(
            &fake,
            ask(node(vtype, 0)),
            Kind::MakeNode,
            "node without a type",
        );
    }
    let text = "node without a size";
    breaks(&fake, ask(node(1, NOVAL)), Kind::MakeNode, text);
    breaks(
        &fake,
        ask(node(1, 1 << 63)),
        Kind::Error,
        "size out of range",
    );
    let long = [0; HANDLE_MAX + 1];
    fake.sent.take();
    for none in [&b""[..], &long] {
        let got = handle::fhtonode(&fake, &head(), none);
        assert_eq!(got.err(), Some(Failed::Errno(Errno::Inval)));
    }
    assert!(fake.sent.borrow().is_empty());
}

#[test]
fn limits_have_a_sign() {
    let fake = Fake::new();
    let ans = PathconfAns {
        value: -3_i64 as u64,
        ..PathconfAns::default()
    };
    assert_eq!(
        control::pathconf(fake.answer(&ans, b""), &head(), NODE, 4),
        Ok(-3)
    );
    let (sent, req) = fake.last::<FlagsReq>();
    assert_eq!(
        (sent.optype, sent.cookie, req.flags),
        (vn::PATHCONF, NODE.0, 4)
    );
    control::print(fake.answer(&Ans::default(), b""), &head(), NODE).unwrap();
    assert_eq!(fake.last::<PlainReq>().0.optype, vn::PRINT);
}

#[test]
fn the_store_of_attributes_is_told_a_node_or_none_and_a_name_or_none() {
    let fake = Fake::new();
    fake.answer(&Ans::default(), b"");
    control::extattrctl(&fake, &head(), CTL).unwrap();
    let (sent, req) = fake.last::<ExtattrctlReq>();
    assert_eq!(
        (sent.class, sent.optype, sent.cookie),
        (CLASS_VFS, vfs::EXTATTRCTL, NODE.0)
    );
    assert_eq!((req.cmd, req.flags, req.ns, req.namelen), (7, 1, 2, 4));
    assert_eq!(&sent.bytes[size_of::<ExtattrctlReq>()..], b"name");
    let none = Extattrctl {
        node: None,
        name: None,
        ..CTL
    };
    control::extattrctl(&fake, &head(), none).unwrap();
    let (sent, req) = fake.last::<ExtattrctlReq>();
    assert_eq!((sent.cookie, req.flags, req.namelen), (0, 0, 0));
    for name in [&b""[..], b"na\0e", &[b'x'; 256]] {
        let ctl = Extattrctl {
            name: Some(name),
            ..CTL
        };
        let got = control::extattrctl(&fake, &head(), ctl);
        assert_eq!(got.err(), Some(Failed::Errno(Errno::Inval)));
    }
}
