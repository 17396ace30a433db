//! lookup and the operations that create.

use puffs_core::msg::body::{Attr, CreateReq, LookupReq, NodeAns, Time, namei};
use puffs_core::msg::op::vn;

use super::rig::{ALL, NODE, SECOND, Server, head};
use crate::c::consts::{
    PUFFS_ERR_ERROR, PUFFS_ERR_LOOKUP, PUFFS_ERR_MAKENODE, PUFFS_KFLAG_CACHE_FS_TTL,
};
use crate::c::ops::puffs_ops;
use crate::vtype::{VBAD, VCHR, VDIR, VLNK, VNON, VREG};

fn lookup(want_attr: u32) -> LookupReq {
    LookupReq {
        head: head(),
        nameiop: namei::CREATE,
        flags: namei::ISLASTCN,
        namelen: 3,
        want_attr,
    }
}

fn create(vtype: u32, namelen: u32, targetlen: u32) -> CreateReq {
    CreateReq {
        head: head(),
        attr: Attr {
            vtype,
            mode: 0o640,
            ..Attr::NONE
        },
        namelen,
        targetlen,
        want_attr: 1,
        pad: 0,
    }
}

#[test]
fn a_lookup_brings_node_and_attributes() {
    let server = Server::new(&ALL);
    let (ans, _) = server.ask::<NodeAns>(vn::LOOKUP, &lookup(1), b"abcdef");
    assert_eq!(
        server.calls(),
        ["lookup 0x100 abc 1/8000 uid 5", "getattr 0x200 uid 5"]
    );
    assert_eq!(
        (ans.cookie, ans.vtype, ans.size, ans.rdev),
        (0x200, VREG, 77, 88)
    );
    assert_eq!(
        (ans.attr_error, ans.attr.size, ans.attr.vtype),
        (0, 0x201, VDIR)
    );
    assert_eq!(
        (ans.attr_ttl, ans.name_ttl),
        (Time::default(), Time::default())
    );
}

#[test]
fn attributes_are_asked_for_only_when_wanted() {
    let server = Server::new(&ALL);
    let (ans, _) = server.ask::<NodeAns>(vn::LOOKUP, &lookup(0), b"abc");
    assert_eq!(server.calls().len(), 1);
    assert_eq!(ans.attr_error, libc::ENODATA as u32);
    assert_eq!(ans.attr, Attr::NONE);
}

#[test]
fn a_lookup_is_good_even_when_its_getattr_is_not() {
    let server = Server::new(&ALL);
    for (rv, error) in [(libc::EIO, libc::EIO), (-1, libc::EPROTO)] {
        server.rig.attr_rv.set(rv);
        let (ans, _) = server.ask::<NodeAns>(vn::LOOKUP, &lookup(1), b"abc");
        assert_eq!((ans.cookie, ans.attr_error), (0x200, error as u32));
        assert_eq!(ans.attr, Attr::NONE);
    }
    let none = Server::new(&puffs_ops {
        puffs_node_getattr: None,
        ..ALL
    });
    let (ans, _) = none.ask::<NodeAns>(vn::LOOKUP, &lookup(1), b"abc");
    assert_eq!(ans.attr_error, libc::EOPNOTSUPP as u32);
}

#[test]
fn the_servers_own_attributes_count_with_lifetimes_only() {
    let plain = Server::new(&SECOND);
    plain.rig.with_attr.set(true);
    let (ans, _) = plain.ask::<NodeAns>(vn::LOOKUP, &lookup(1), b"abc");
    assert_eq!(plain.calls().len(), 2);
    assert_eq!(
        (ans.attr.size, ans.attr_ttl.sec, ans.name_ttl.sec),
        (0x201, 0, 0)
    );

    let ttl = Server::with_flags(&SECOND, PUFFS_KFLAG_CACHE_FS_TTL);
    ttl.rig.with_attr.set(true);
    let (ans, _) = ttl.ask::<NodeAns>(vn::LOOKUP, &lookup(1), b"abc");
    assert_eq!(ttl.calls().len(), 1);
    assert_eq!((ans.attr_error, ans.attr.size), (0, 500));
    assert_eq!(ans.attr_ttl, Time { sec: 11, nsec: 12 });
    assert_eq!(ans.name_ttl, Time { sec: 13, nsec: 14 });

    ttl.rig.with_attr.set(false);
    let (ans, _) = ttl.ask::<NodeAns>(vn::LOOKUP, &lookup(1), b"abc");
    assert_eq!(ttl.calls()[1], "getattr_ttl 0x200");
    assert_eq!((ans.attr.size, ans.attr_ttl.sec), (0x201, 11));
}

#[test]
fn creating_says_what_was_asked_for() {
    let server = Server::new(&ALL);
    for (optype, op, vtype) in [
        (vn::CREATE, "create", VREG),
        (vn::MKNOD, "mknod", VCHR),
        (vn::MKDIR, "mkdir", VDIR),
    ] {
        let mut req = create(vtype, 4, 0);
        let rdev = if vtype == VCHR { 0x501 } else { -1 };
        req.attr.rdev = rdev as u64;
        // The setters for type, size and device do not count here.
        server.rig.vtype.set(VLNK);
        let (ans, _) = server.ask::<NodeAns>(optype, &req, b"name");
        assert_eq!(
            server.calls(),
            [
                format!("{op} name 1/8000 uid 5 type {vtype} mode 640 rdev {rdev}"),
                "getattr 0x200 uid 5".into()
            ]
        );
        assert_eq!((ans.cookie, ans.vtype, ans.size), (0x200, vtype, 0));
        assert_eq!(ans.rdev, rdev.max(0) as u64);
        assert_eq!(ans.attr.size, 0x201);
    }
}

#[test]
fn a_symlinks_target_ends_where_it_should() {
    let server = Server::new(&ALL);
    server.ask::<NodeAns>(vn::SYMLINK, &create(VLNK, 4, 3), b"name../xx");
    assert_eq!(
        server.calls()[0],
        "symlink to ../ name 1/8000 uid 5 type 5 mode 640 rdev -1"
    );
    for (len, tail) in [(3, &b"namea\0b"[..]), (0, b"name"), (4, b"name../")] {
        let rv = server.fail(vn::SYMLINK, &create(VLNK, 4, len), tail);
        assert_eq!(rv, libc::EINVAL);
    }
    assert!(server.calls().is_empty());
}

#[test]
fn errors_travel_as_they_are() {
    let server = Server::new(&ALL);
    for rv in [1, libc::ENOENT, 133] {
        server.rig.rv.set(rv);
        assert_eq!(server.fail(vn::LOOKUP, &lookup(1), b"abc"), rv);
        assert_eq!(server.fail(vn::CREATE, &create(VREG, 1, 0), b"a"), rv);
    }
    assert!(server.rig.refused.borrow().is_empty());
}

#[test]
fn what_is_no_result_is_refused() {
    let server = Server::new(&ALL);
    for rv in [-1, 134, i32::MIN, i32::MAX] {
        server.rig.rv.set(rv);
        assert_eq!(server.fail(vn::LOOKUP, &lookup(1), b"abc"), libc::EPROTO);
        let refused = server.rig.refused.take();
        assert_eq!(refused, [(PUFFS_ERR_ERROR as u8, rv, NODE)]);
    }
}

#[test]
fn a_lookup_that_found_nonsense_is_refused() {
    let server = Server::new(&ALL);
    let rig = &server.rig;
    let refused = |kind| {
        assert_eq!(server.fail(vn::LOOKUP, &lookup(1), b"abc"), libc::EPROTO);
        let refused = server.rig.refused.take();
        assert_eq!(refused, [(kind as u8, libc::EINVAL, NODE)]);
    };
    rig.cookie.set(NODE);
    refused(PUFFS_ERR_LOOKUP);
    rig.cookie.set(0x200);
    for vtype in [VNON, VBAD, 9, u32::MAX] {
        rig.vtype.set(vtype);
        refused(PUFFS_ERR_MAKENODE);
    }
    rig.vtype.set(VREG);
    rig.size.set(-1);
    refused(PUFFS_ERR_MAKENODE);
}

#[test]
fn a_new_node_needs_a_cookie_of_its_own() {
    let server = Server::new(&ALL);
    server.rig.cookie.set(0);
    let rv = server.fail(vn::MKDIR, &create(VDIR, 1, 0), b"a");
    assert_eq!(rv, libc::EOPNOTSUPP);
    assert!(server.rig.refused.borrow().is_empty());

    server.pu.set_root_cookie_for_test(0x200);
    server.rig.cookie.set(0x200);
    let rv = server.fail(vn::MKDIR, &create(VDIR, 1, 0), b"a");
    assert_eq!(rv, libc::EPROTO);
    let refused = server.rig.refused.take();
    assert_eq!(refused, [(PUFFS_ERR_MAKENODE as u8, libc::EEXIST, NODE)]);
}
