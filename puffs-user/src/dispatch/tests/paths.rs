//! Paths around operations: who gets one, who loses one, and that none is left over.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ptr;

use core::ffi::c_int;

use libc::c_char;
use puffs_core::msg::body::{Attr, CreateReq, LookupReq, NameReq, NodeAns, RenameReq};
use puffs_core::msg::op::{CLASS_VN, vn};
use puffs_core::msg::wire;
use zerocopy::{Immutable, IntoBytes};

use super::rig::{bytes, head};
use crate::buffer::Buffer;
use crate::c::consts::{PUFFS_FLAG_BUILDPATH, PUFFS_FLAG_HASHPATH};
use crate::c::name::{puffs_cn, puffs_pathobj};
use crate::c::node::puffs_node;
use crate::c::ops::puffs_ops;
use crate::c::puffs_cookie_t;
use crate::c::vattr::vattr;
use crate::newinfo::Newinfo;
use crate::usermount::Usermount;
use crate::vtype::{VDIR, VREG};
use crate::{nodes, paths, testing};

/// What the server of these tests does and sees.
#[derive(Default)]
struct Script {
    rv: c_int,
    /// The node that lookup and the creating operations give.
    node: Option<*mut puffs_node>,
    /// Lookup makes the path shorter by this.
    cut: usize,
    /// The paths that operations saw.
    seen: Vec<String>,
    /// Paths that are there.
    live: BTreeSet<usize>,
}

thread_local! {
    static SCRIPT: RefCell<Script> = RefCell::default();
}

fn script<R>(f: impl FnOnce(&mut Script) -> R) -> R {
    SCRIPT.with_borrow_mut(f)
}

fn text(po: &puffs_pathobj) -> String {
    if po.po_path.is_null() {
        return "none".into();
    }
    // SAFETY: paths of these tests are strings of their lengths.
    String::from_utf8_lossy(unsafe { paths::bytes(po) }).into_owned()
}

fn saw(pcn: *const puffs_cn) -> c_int {
    // SAFETY: the dispatcher's name.
    let path = text(unsafe { &(*pcn).pcn_po_full });
    script(|script| {
        script.seen.push(path);
        script.rv
    })
}

fn give(pni: *mut Newinfo) {
    // SAFETY: the dispatcher's place.
    unsafe {
        (*pni).set_cookie(script(|s| s.node).unwrap_or_default().cast());
        (*pni).set_vtype(VREG);
    }
}

unsafe extern "C" fn lookup(
    _: *mut Usermount,
    _: puffs_cookie_t,
    pni: *mut Newinfo,
    pcn: *const puffs_cn,
) -> c_int {
    give(pni);
    let rv = saw(pcn);
    // SAFETY: the dispatcher's name, in which servers write.
    unsafe { (*pcn.cast_mut()).pcn_po_full.po_len -= script(|s| s.cut) };
    rv
}

unsafe extern "C" fn make(
    _: *mut Usermount,
    _: puffs_cookie_t,
    pni: *mut Newinfo,
    pcn: *const puffs_cn,
    _: *const vattr,
) -> c_int {
    give(pni);
    saw(pcn)
}

unsafe extern "C" fn symlink(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    pni: *mut Newinfo,
    pcn: *const puffs_cn,
    va: *const vattr,
    _: *const c_char,
) -> c_int {
    // SAFETY: as it came.
    unsafe { make(pu, dir, pni, pcn, va) }
}

unsafe extern "C" fn on_name(
    _: *mut Usermount,
    _: puffs_cookie_t,
    _: puffs_cookie_t,
    pcn: *const puffs_cn,
) -> c_int {
    saw(pcn)
}

unsafe extern "C" fn rename(
    _: *mut Usermount,
    _: puffs_cookie_t,
    _: puffs_cookie_t,
    from: *const puffs_cn,
    _: puffs_cookie_t,
    _: puffs_cookie_t,
    to: *const puffs_cn,
) -> c_int {
    saw(from);
    saw(to)
}

const OPS: puffs_ops = puffs_ops {
    puffs_node_lookup: Some(lookup),
    puffs_node_create: Some(make),
    puffs_node_mknod: Some(make),
    puffs_node_mkdir: Some(make),
    puffs_node_symlink: Some(symlink),
    puffs_node_link: Some(on_name),
    puffs_node_remove: Some(on_name),
    puffs_node_rmdir: Some(on_name),
    puffs_node_rename: Some(rename),
    ..testing::OPS
};

/// Builds as the library does, and notes what is there.
unsafe extern "C" fn build(
    _: *mut Usermount,
    dir: *const puffs_pathobj,
    comp: *const puffs_pathobj,
    offset: usize,
    new: *mut puffs_pathobj,
) -> c_int {
    // SAFETY: strings; room for a path.
    unsafe {
        if text(&*comp) == "wrong" {
            return libc::EILSEQ;
        }
        let path = paths::std_build(&*dir, &*comp, offset).unwrap();
        script(|script| script.live.insert(path.po_path.addr()));
        new.write(path);
    }
    0
}

unsafe extern "C" fn free(_: *mut Usermount, po: *mut puffs_pathobj) {
    // SAFETY: a path of these tests, of which nobody has another copy.
    unsafe {
        assert!(
            script(|s| s.live.remove(&(*po).po_path.addr())),
            "freed twice, or another's"
        );
        libc::free((*po).po_path);
    }
}

/// A mount with a root at "/r".
struct World {
    pu: Box<Usermount>,
    root: *mut puffs_node,
}

impl World {
    fn new(flags: u32) -> World {
        SCRIPT.set(Script::default());
        let pu = testing::mount_with(&OPS, flags);
        pu.paths().build.set(Some(build));
        pu.paths().free.set(Some(free));
        let root = nodes::new(&pu, ptr::null_mut());
        let world = World { pu, root };
        world.put_at(root, "", "/r");
        world
    }

    /// A node without a path, which the next operation gives.
    fn node(&self) -> *mut puffs_node {
        let node = nodes::new(&self.pu, ptr::null_mut());
        script(|script| script.node = Some(node));
        node
    }

    fn put_at(&self, node: *mut puffs_node, dir: &str, comp: &str) {
        let po = |text: &str| puffs_pathobj {
            po_path: text.as_ptr().cast_mut().cast(),
            po_len: text.len(),
            po_hash: 0,
        };
        // SAFETY: a live node; borrowed strings.
        unsafe {
            build(
                ptr::null_mut(),
                &po(dir),
                &po(comp),
                0,
                &raw mut (*node).pn_po,
            )
        };
    }

    fn path(&self, node: *mut puffs_node) -> String {
        // SAFETY: a live node.
        text(unsafe { &(*node).pn_po })
    }

    /// Sends a request; its result and the paths that the server saw.
    fn send(
        &self,
        optype: u8,
        dir: *mut puffs_node,
        fixed: &(impl IntoBytes + Immutable),
        tail: &[u8],
    ) -> (i32, Vec<String>) {
        let body = bytes(fixed, tail);
        let mut buffer = Buffer::new(16 << 10).unwrap();
        buffer.bytes()[..body.len()].copy_from_slice(&body);
        let mut req = wire::Req {
            opclass: CLASS_VN,
            optype,
            cookie: dir.expose_provenance(),
            auxlen: body.len(),
            ..wire::Req::default()
        };
        crate::dispatch::execute(&self.pu, &mut req, buffer.bytes());
        if req.rv == 0 && optype == vn::LOOKUP {
            assert_eq!(req.auxlen, size_of::<NodeAns>());
        }
        (req.rv, script(|script| std::mem::take(&mut script.seen)))
    }

    fn lookup(&self, name: &str) -> (i32, Vec<String>) {
        let req = LookupReq {
            head: head(),
            nameiop: 0,
            flags: 0,
            namelen: name.len() as u32,
            want_attr: 0,
        };
        self.send(vn::LOOKUP, self.root, &req, name.as_bytes())
    }

    fn rename(
        &self,
        source: *mut puffs_node,
        dir: *mut puffs_node,
        name: &str,
    ) -> (i32, Vec<String>) {
        let req = RenameReq {
            head: head(),
            source: source.expose_provenance() as u64,
            target_dir: dir.expose_provenance() as u64,
            target: 0,
            namelen: 3,
            target_namelen: name.len() as u32,
            has_target: 0,
            pad: 0,
        };
        let names = ["old", name].concat();
        self.send(vn::RENAME, self.root, &req, names.as_bytes())
    }

    /// How many paths there are.
    fn live(&self) -> usize {
        script(|script| script.live.len())
    }

    /// The nodes go, and all paths with them.
    fn end(self, mut all: Vec<*mut puffs_node>) {
        all.push(self.root);
        for node in all {
            // SAFETY: live nodes of these tests, each once.
            unsafe { nodes::put(node) };
        }
        assert_eq!(self.live(), 0);
    }
}

#[test]
fn a_node_takes_its_first_path_over_and_keeps_it() {
    let world = World::new(PUFFS_FLAG_BUILDPATH);
    let node = world.node();
    assert_eq!(world.lookup("file"), (0, vec!["/r/file".into()]));
    assert_eq!((world.path(node), world.live()), ("/r/file".into(), 2));
    assert_eq!(world.lookup("hardlink"), (0, vec!["/r/hardlink".into()]));
    assert_eq!((world.path(node), world.live()), ("/r/file".into(), 2));
    world.end(vec![node]);
}

#[test]
fn what_the_server_made_of_the_path_is_taken_over() {
    let world = World::new(PUFFS_FLAG_BUILDPATH);
    let node = world.node();
    script(|script| script.cut = 2);
    world.lookup("file");
    assert_eq!(world.path(node), "/r/fi");
    world.end(vec![node]);
}

#[test]
fn a_path_without_a_node_is_freed() {
    let world = World::new(PUFFS_FLAG_BUILDPATH);
    script(|script| script.rv = libc::ENOENT);
    assert_eq!(world.lookup("file").0, libc::ENOENT);
    script(|script| script.rv = 0);
    // An answer that is refused is no success.
    script(|script| script.node = Some(world.root));
    assert_eq!(world.lookup("file").0, libc::EPROTO);
    assert_eq!(world.live(), 1);
    world.end(vec![]);
}

#[test]
fn a_path_that_cannot_be_built_is_the_operations_error() {
    let world = World::new(PUFFS_FLAG_BUILDPATH);
    let node = world.node();
    assert_eq!(world.lookup("wrong"), (libc::EILSEQ, vec![]));
    assert_eq!(
        world.rename(node, world.root, "wrong"),
        (libc::EILSEQ, vec![])
    );
    // A directory without a path has no names.
    let dir = world.node();
    let create = CreateReq {
        head: head(),
        attr: Attr::NONE,
        namelen: 1,
        targetlen: 0,
        want_attr: 0,
        pad: 0,
    };
    assert_eq!(
        world.send(vn::CREATE, dir, &create, b"x"),
        (libc::EINVAL, vec![])
    );
    world.end(vec![node, dir]);
}

#[test]
fn what_is_made_has_its_path_and_a_link_has_none_of_its_own() {
    let world = World::new(PUFFS_FLAG_BUILDPATH);
    let mut all = Vec::new();
    for optype in [vn::CREATE, vn::MKNOD, vn::MKDIR, vn::SYMLINK] {
        let node = world.node();
        let req = CreateReq {
            head: head(),
            attr: Attr {
                vtype: VREG,
                ..Attr::NONE
            },
            namelen: 3,
            targetlen: 6,
            want_attr: 0,
            pad: 0,
        };
        script(|script| script.rv = libc::EEXIST);
        let made = world.send(optype, world.root, &req, b"newtarget");
        assert_eq!(made, (libc::EEXIST, vec!["/r/new".into()]));
        assert_eq!(world.path(node), "none");
        script(|script| script.rv = 0);
        assert_eq!(world.send(optype, world.root, &req, b"newtarget").0, 0);
        assert_eq!(world.path(node), "/r/new");
        all.push(node);
    }
    let live = world.live();
    let req = NameReq {
        head: head(),
        target: all[0].expose_provenance() as u64,
        namelen: 4,
        pad: 0,
    };
    let linked = world.send(vn::LINK, world.root, &req, b"link");
    assert_eq!(linked, (0, vec!["/r/link".into()]));
    assert_eq!((world.path(all[0]), world.live()), ("/r/new".into(), live));
    // Names that go have no path at all.
    for optype in [vn::REMOVE, vn::RMDIR] {
        let removed = world.send(optype, world.root, &req, b"link");
        assert_eq!(removed, (0, vec!["none".into()]));
    }
    world.end(all);
}

#[test]
fn a_rename_moves_a_directory_with_what_is_below() {
    for flags in [
        PUFFS_FLAG_BUILDPATH,
        PUFFS_FLAG_BUILDPATH | PUFFS_FLAG_HASHPATH,
    ] {
        let world = World::new(flags);
        let all: Vec<_> = ["old", "old/x", "old/x/y", "older", "o", "old"]
            .map(|path| {
                let node = world.node();
                world.put_at(node, "/r", path);
                node
            })
            .into();
        let removed = all[5];
        // SAFETY: live nodes.
        unsafe {
            let first = all[0];
            (*first).pn_va.va_type = VDIR;
            nodes::remove(removed);
        }
        script(|script| script.rv = libc::EXDEV);
        assert_eq!(world.rename(all[0], world.root, "new").0, libc::EXDEV);
        assert_eq!((world.path(all[0]), world.live()), ("/r/old".into(), 7));
        script(|script| script.rv = 0);
        let seen = vec!["/r/old".into(), "/r/new".into()];
        assert_eq!(world.rename(all[0], world.root, "new"), (0, seen));
        let paths: Vec<_> = all.iter().map(|node| world.path(*node)).collect();
        let expected = [
            "/r/new",
            "/r/new/x",
            "/r/new/x/y",
            "/r/older",
            "/r/o",
            "/r/old",
        ];
        assert_eq!(paths, expected);
        assert_eq!(world.live(), 7);
        world.end(all);
    }
}

#[test]
fn only_directories_have_anything_below() {
    let world = World::new(PUFFS_FLAG_BUILDPATH);
    let (file, odd) = (world.node(), world.node());
    world.put_at(file, "/r", "old");
    world.put_at(odd, "/r", "old/x");
    // SAFETY: a live node.
    unsafe { (*file).pn_va.va_type = VREG };
    assert_eq!(world.rename(file, world.root, "new").0, 0);
    assert_eq!(
        (world.path(file), world.path(odd)),
        ("/r/new".into(), "/r/old/x".into())
    );
    world.end(vec![file, odd]);
}

#[test]
fn without_the_flag_there_are_no_paths() {
    let world = World::new(0);
    let node = world.node();
    assert_eq!(world.lookup("file"), (0, vec!["none".into()]));
    assert_eq!(
        world.rename(node, world.root, "new"),
        (0, vec!["none".into(), "none".into()])
    );
    assert_eq!((world.path(node), world.live()), ("none".into(), 1));
    world.end(vec![node]);
}
