//! The null layer over a directory of the host's: what it does there, and what it does when somebody else is at work there too.

use std::ffi::{CStr, CString};
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink as host_symlink};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::attr::NONE;
use crate::c::consts::{
    PUFFS_FLAG_BUILDPATH, PUFFS_FSYNC_DATAONLY, PUFFS_IO_APPEND, VA_EXCLUSIVE, VA_UTIMES_NULL,
};
use crate::c::dirent::puffs_dirent;
use crate::c::name::{PUFFS_KCN_NAMESIZE, puffs_cn, puffs_kcn, puffs_pathobj};
use crate::c::vattr::vattr;
use crate::cred::Cred;
use crate::newinfo::{Made, Newinfo};
use crate::vtype::{VDIR, VFIFO, VLNK, VREG, VSOCK};
use crate::{paths, testing};

type Node = *mut puffs_node;

/// A directory of the host's, and a mount of it that nobody has mounted.
struct World {
    top: PathBuf,
    pu: Box<Usermount>,
    root: Node,
}

impl Drop for World {
    fn drop(&mut self) {
        unsafe extern "C" fn put(
            _: *mut Usermount,
            node: Node,
            _: *mut core::ffi::c_void,
        ) -> *mut core::ffi::c_void {
            // SAFETY: the walk allows it, and nobody uses nodes any more.
            unsafe { nodes::put(node) };
            ptr::null_mut()
        }
        // SAFETY: as it is called.
        unsafe { nodes::walk(&self.pu, Some(put), ptr::null_mut()) };
        let _ = fs::remove_dir_all(&self.top);
    }
}

/// A name, for one operation; its path goes with it.
struct Name<'w> {
    pu: &'w Usermount,
    _kcn: Box<puffs_kcn>,
    cred: Box<Cred>,
    cn: puffs_cn,
}

impl Drop for Name<'_> {
    fn drop(&mut self) {
        // SAFETY: no node took it, or it is none any more.
        unsafe { paths::free(self.pu, &mut self.cn.pcn_po_full) };
    }
}

impl World {
    fn new() -> World {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let top = format!("puffs-null-{}-{n}", std::process::id());
        let top = std::env::temp_dir().join(top);
        fs::create_dir(&top).unwrap();
        let top = top.canonicalize().unwrap();
        let pu = testing::mount_with(&testing::OPS, PUFFS_FLAG_BUILDPATH);
        let root = nodes::new(&pu, ptr::null_mut());
        pu.settings().root.set(root);
        let world = World { top, pu, root };
        let path = world.top.as_os_str().as_bytes();
        let dir = puffs_pathobj {
            po_path: path.as_ptr().cast_mut().cast(),
            po_len: path.len(),
            po_hash: 0,
        };
        // SAFETY: a borrowed string; a live node.
        unsafe {
            (*root).pn_po = paths::std_build(&dir, &puffs_pathobj::NONE, 0).unwrap();
            (*root).pn_va = getattr(&world.pu, root).unwrap();
        }
        world
    }

    /// A path on the host.
    fn host(&self, name: &str) -> PathBuf {
        self.top.join(name)
    }

    fn name(&self, dir: Node, text: &str) -> Name<'_> {
        let mut kcn = Box::new(puffs_kcn {
            pkcn_nameiop: 0,
            pkcn_flags: 0,
            pkcn_name: [0; PUFFS_KCN_NAMESIZE],
            pkcn_namelen: text.len(),
            pkcn_consume: 0,
        });
        for (to, from) in kcn.pkcn_name.iter_mut().zip(text.bytes()) {
            *to = from as _;
        }
        let mut cred = Box::new(Cred::kernel());
        let mut cn = puffs_cn {
            pcn_pkcnp: &raw mut *kcn,
            pcn_cred: &raw mut *cred,
            pcn_po_full: puffs_pathobj::NONE,
        };
        // SAFETY: a name and a live node.
        unsafe { paths::build(&self.pu, &raw mut cn, dir).unwrap() };
        let (pu, _kcn) = (&*self.pu, kcn);
        Name { pu, _kcn, cred, cn }
    }

    /// What the dispatcher does around an operation that brings a node.
    fn bring(
        &self,
        dir: Node,
        text: &str,
        f: impl FnOnce(&Newinfo, *const puffs_cn) -> Result<(), i32>,
    ) -> Result<Node, i32> {
        let mut name = self.name(dir, text);
        let pni = Newinfo::new(Made::Found, 0, 0);
        f(&pni, &raw const name.cn)?;
        let node: Node = pni.cookie().cast();
        // SAFETY: just handed out.
        unsafe {
            if (*node).pn_po.po_path.is_null() {
                (*node).pn_po = std::mem::replace(&mut name.cn.pcn_po_full, puffs_pathobj::NONE);
            }
        }
        assert!(!name.cred.is_regular());
        Ok(node)
    }

    fn find_in(&self, dir: Node, text: &str) -> Result<Node, i32> {
        // SAFETY: live nodes, a whole name.
        self.bring(dir, text, |pni, pcn| unsafe {
            lookup(&self.pu, dir, pni, pcn)
        })
    }

    fn find(&self, text: &str) -> Result<Node, i32> {
        self.find_in(self.root, text)
    }

    fn make_in(&self, dir: Node, text: &str, va: &vattr) -> Result<Node, i32> {
        let pu = &self.pu;
        // SAFETY: live nodes, a whole name.
        self.bring(dir, text, |pni, pcn| unsafe {
            match va.va_type {
                VDIR => mkdir(pu, dir, pni, pcn, va),
                VLNK => symlink(pu, dir, pni, pcn, va, c"target"),
                VREG | VSOCK => create(pu, dir, pni, pcn, va),
                _ => mknod(pu, dir, pni, pcn, va),
            }
        })
    }

    fn make(&self, text: &str, va_type: u32, va_mode: u32) -> Result<Node, i32> {
        let va = vattr {
            va_type,
            va_mode,
            ..NONE
        };
        self.make_in(self.root, text, &va)
    }

    fn attr(&self, node: Node) -> Result<vattr, i32> {
        // SAFETY: live nodes.
        unsafe { getattr(&self.pu, node) }
    }

    fn set(&self, node: Node, va: vattr) -> Result<(), i32> {
        // SAFETY: live nodes.
        unsafe { setattr(&self.pu, node, &va, None) }
    }

    fn text(&self, node: Node) -> Result<String, i32> {
        let mut room = [0; 100];
        // SAFETY: live nodes, and room.
        let n = unsafe { read(&self.pu, node, room.as_mut_ptr(), 100, 0) }?;
        Ok(String::from_utf8_lossy(&room[..n]).into_owned())
    }

    fn put_text(&self, node: Node, text: &str, offset: i64, ioflag: i32) -> Result<usize, i32> {
        // SAFETY: live nodes, and that many bytes.
        unsafe {
            write(
                &self.pu,
                node,
                text.as_ptr(),
                text.len(),
                offset,
                ioflag,
                None,
            )
        }
    }

    fn unname(&self, dir: Node, text: &str, node: Node) -> Result<(), i32> {
        let name = self.name(dir, text);
        // SAFETY: live nodes, a whole name.
        unsafe {
            match (*node).pn_va.va_type {
                VDIR => rmdir(&self.pu, dir, node, &raw const name.cn),
                _ => remove(&self.pu, dir, node, &raw const name.cn),
            }
        }
    }

    fn link_to(&self, text: &str, node: Node) -> Result<(), i32> {
        let name = self.name(self.root, text);
        // SAFETY: live nodes, a whole name.
        unsafe { link(&self.pu, self.root, node, &raw const name.cn) }
    }

    /// A rename with what the dispatcher does after it.
    fn move_to(&self, old: &str, node: Node, new: &str, targ: Node) -> Result<(), i32> {
        let from = self.name(self.root, old);
        let mut to = self.name(self.root, new);
        // SAFETY: live nodes, whole names.
        unsafe {
            let ends = (
                (self.root, node, &raw const from.cn),
                (self.root, targ, &raw const to.cn),
            );
            rename(&self.pu, ends.0, ends.1)?;
            std::mem::swap(&mut (*node).pn_po, &mut to.cn.pcn_po_full);
        }
        Ok(())
    }

    fn path(&self, node: Node) -> String {
        // SAFETY: a live node whose path is a string.
        let path = unsafe { paths::bytes(&(*node).pn_po) };
        let path = Path::new(std::ffi::OsStr::from_bytes(path));
        let below = path.strip_prefix(&self.top).unwrap();
        below.to_str().unwrap().to_owned()
    }
}

/// What is to become of a node that is not on the list any more.
fn put(node: Node) {
    // SAFETY: a node of these tests that nobody uses.
    unsafe { nodes::put(node) };
}

#[test]
fn names_are_found_and_one_file_is_one_node() {
    let world = World::new();
    fs::write(world.host("a"), "text").unwrap();
    fs::hard_link(world.host("a"), world.host("b")).unwrap();
    fs::create_dir(world.host("d")).unwrap();
    let a = world.find("a").unwrap();
    assert_eq!(world.find("a").unwrap(), a);
    assert_eq!(world.find("b").unwrap(), a);
    assert_eq!(world.path(a), "a");
    assert_eq!(world.find("none"), Err(libc::ENOENT));
    assert_eq!(world.find_in(a, "x"), Err(libc::ENOTDIR));
    let d = world.find("d").unwrap();
    assert_eq!(world.find_in(d, "..").unwrap(), world.root);
    let (va, st) = (
        world.attr(a).unwrap(),
        fs::metadata(world.host("a")).unwrap(),
    );
    assert_eq!((va.va_type, va.va_size, va.va_nlink), (VREG, 4, 2));
    assert_eq!(
        (va.va_fileid, va.va_fsid, va.va_mode),
        (st.ino(), st.dev(), st.mode())
    );
    assert_eq!(
        (va.va_mtime.tv_sec, va.va_mtime.tv_nsec),
        (st.mtime(), st.mtime_nsec())
    );
    assert_eq!(world.attr(world.root).unwrap().va_type, VDIR);
}

#[test]
fn what_is_made_is_as_was_asked_for() {
    let world = World::new();
    // SAFETY: numbers only.
    let before = unsafe { libc::umask(0o077) };
    for (name, vtype, mode) in [
        ("file", VREG, 0o664),
        ("dir", VDIR, 0o775),
        ("fifo", VFIFO, 0o622),
        ("sock", VSOCK, 0o711),
        ("link", VLNK, 0o777),
    ] {
        let node = world.make(name, vtype, mode).unwrap();
        let st = fs::symlink_metadata(world.host(name)).unwrap();
        let va = world.attr(node).unwrap();
        assert_eq!((va.va_type, va.va_mode), (vtype, st.mode()), "{name}");
        assert_eq!(st.mode() & 0o7777, mode, "{name}");
        assert_eq!(world.find(name).unwrap(), node);
        assert_eq!(world.make(name, VDIR, 0o755), Err(libc::EEXIST));
    }
    // SAFETY: as above.
    unsafe { libc::umask(before) };
    let mut room = [0; 100];
    // SAFETY: live nodes.
    let len = unsafe { readlink(&world.pu, world.find("link").unwrap(), &mut room) }.unwrap();
    assert_eq!(&room[..len], b"target");
    // SAFETY: live nodes.
    let len = unsafe { readlink(&world.pu, world.find("file").unwrap(), &mut room) };
    assert_eq!(len, Err(libc::EINVAL));
    // A name that came just now is looked up again, unless it must be new.
    assert_eq!(world.make("file", VREG, 0o600), Err(libc::ESTALE));
    let va = vattr {
        va_type: VREG,
        va_mode: 0o600,
        va_vaflags: VA_EXCLUSIVE,
        ..NONE
    };
    assert_eq!(world.make_in(world.root, "file", &va), Err(libc::EEXIST));
}

#[test]
fn what_cannot_be_finished_is_taken_back() {
    let world = World::new();
    for vtype in [VREG, VFIFO, VDIR] {
        let va = vattr {
            va_type: vtype,
            va_mode: 0o644,
            // No host takes such a time.
            va_mtime: libc::timespec {
                tv_sec: 1,
                tv_nsec: 2_000_000_000,
            },
            ..NONE
        };
        assert_eq!(world.make_in(world.root, "new", &va), Err(libc::EINVAL));
        assert!(fs::symlink_metadata(world.host("new")).is_err());
        assert!(world.pu.null().nodes.borrow().is_empty());
    }
}

#[test]
fn attributes_are_changed_as_far_as_they_are_given() {
    let world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    world.put_text(node, "0123456789", 0, 0).unwrap();
    let size = vattr { va_size: 4, ..NONE };
    world.set(node, size).unwrap();
    assert_eq!(world.text(node).unwrap(), "0123");
    let time = |tv_sec| libc::timespec { tv_sec, tv_nsec: 5 };
    let all = vattr {
        va_mode: 0o4711,
        va_atime: time(100),
        va_mtime: time(200),
        va_size: 2,
        ..NONE
    };
    world.set(node, all).unwrap();
    let st = fs::metadata(world.host("f")).unwrap();
    assert_eq!((st.mode() & 0o7777, st.size()), (0o4711, 2));
    assert_eq!((st.atime(), st.mtime(), st.mtime_nsec()), (100, 200, 5));
    // SAFETY: a live node.
    assert_eq!(unsafe { (*node).pn_va.va_mtime.tv_sec }, 200);
    let one = vattr {
        va_atime: time(300),
        ..NONE
    };
    world.set(node, one).unwrap();
    let st = fs::metadata(world.host("f")).unwrap();
    assert_eq!(
        (st.atime(), st.mtime(), st.mode() & 0o7777),
        (300, 200, 0o4711)
    );
    let now = vattr {
        va_vaflags: VA_UTIMES_NULL,
        va_mtime: time(1),
        ..NONE
    };
    world.set(node, now).unwrap();
    assert!(fs::metadata(world.host("f")).unwrap().mtime() > 1_000_000);
    let flags = vattr {
        va_flags: 1,
        ..NONE
    };
    assert_eq!(world.set(node, flags), Err(libc::EOPNOTSUPP));
    assert_eq!(world.set(world.root, size), Err(libc::EISDIR));
    // A link has an owner and times of its own.
    fs::write(world.host("target"), "").unwrap();
    let link = world.make("l", VLNK, 0o777).unwrap();
    world.set(link, one).unwrap();
    assert_eq!(fs::symlink_metadata(world.host("l")).unwrap().atime(), 300);
    assert!(fs::metadata(world.host("target")).unwrap().atime() > 300);
}

#[test]
fn data_goes_through() {
    let world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    assert_eq!(world.put_text(node, "hello", 0, 0), Ok(5));
    assert_eq!(world.put_text(node, "HE", 1, 0), Ok(2));
    fs::write(world.host("f"), "longer than before").unwrap();
    // The end is where the host says.
    assert_eq!(world.put_text(node, "!", 5, PUFFS_IO_APPEND), Ok(1));
    assert_eq!(world.text(node).unwrap(), "longer than before!");
    let mut room = [0; 10];
    // SAFETY: live nodes, and room.
    let n = unsafe { read(&world.pu, node, room.as_mut_ptr(), 10, 100) };
    assert_eq!(n, Ok(0));
    assert_eq!(world.text(world.root), Err(libc::EISDIR));
    assert_eq!(world.put_text(world.root, "x", 0, 0), Err(libc::EISDIR));
    // Nobody waits for the other end of a pipe here.
    let fifo = world.make("p", VFIFO, 0o644).unwrap();
    assert_eq!(world.text(fifo), Err(libc::EOPNOTSUPP));
    for node in [node, world.root, fifo] {
        for flags in [1, PUFFS_FSYNC_DATAONLY] {
            // SAFETY: live nodes.
            assert_eq!(unsafe { fsync(&world.pu, node, flags) }, Ok(()));
        }
    }
    // SAFETY: live nodes.
    let figures = unsafe { statvfs(&world.pu) }.unwrap();
    assert!(figures.f_blocks > 0 && figures.f_namemax >= 255 && figures.f_bsize > 0);
}

/// All names of a directory by calls with this much room, and the offsets behind each.
fn listed(world: &World, node: Node, room: usize, from: i64) -> Result<Vec<(String, i64)>, i32> {
    let mut names = Vec::new();
    let (mut offset, mut eof) = (from, 0);
    while eof == 0 {
        let mut records = vec![0_u64; room / 8];
        let mut cookies = [0_i64; 64];
        let mut dent = records.as_mut_ptr().cast::<puffs_dirent>();
        let (mut left, mut stored) = (room, 0);
        let listing = Listing {
            dent: &mut dent,
            offset: &mut offset,
            left: &mut left,
            eof: &mut eof,
            cookies: Some((cookies.as_mut_ptr(), cookies.len(), &mut stored)),
        };
        // SAFETY: live nodes, and room.
        unsafe { readdir(&world.pu, node, listing) }?;
        let bytes = zerocopy::IntoBytes::as_bytes(&records[..]);
        let (mut at, mut n) = (0, 0);
        while at < room - left {
            let reclen = usize::from(u16::from_ne_bytes([bytes[at + 8], bytes[at + 9]]));
            let name = CStr::from_bytes_until_nul(&bytes[at + 13..]).unwrap();
            names.push((name.to_str().unwrap().to_owned(), cookies[n]));
            (at, n) = (at + reclen, n + 1);
        }
        assert_eq!(n, stored);
        assert!(n == 0 || cookies[n - 1] == offset);
    }
    Ok(names)
}

#[test]
fn directories_are_listed_in_pieces_and_from_anywhere() {
    let world = World::new();
    let mut expected = vec![".".to_owned(), "..".to_owned()];
    for n in 0..100 {
        let name = format!("file-with-a-name-{n}");
        fs::write(world.host(&name), "").unwrap();
        expected.push(name);
    }
    expected.sort();
    for room in [48, 4096, 64 << 10] {
        let mut names = listed(&world, world.root, room, 0).unwrap();
        let (name, from) = names[40].clone();
        let rest = listed(&world, world.root, room, from).unwrap();
        assert_eq!(rest[..], names[41..], "behind {name}");
        names.sort();
        let names: Vec<_> = names.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, expected);
    }
    assert_eq!(listed(&world, world.root, 16, 0).err(), Some(libc::EINVAL));
    let file = world.find(&expected[2]).unwrap();
    assert_eq!(listed(&world, file, 4096, 0).err(), Some(libc::ENOTDIR));
}

#[test]
fn a_removed_file_stays_usable() {
    let world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    world.put_text(node, "text", 0, 0).unwrap();
    world.unname(world.root, "f", node).unwrap();
    assert!(!world.host("f").exists());
    // Another file of that name is another node.
    fs::write(world.host("f"), "new").unwrap();
    let other = world.find("f").unwrap();
    assert_ne!(other, node);
    world.put_text(node, "more", 4, 0).unwrap();
    assert_eq!(world.text(node).unwrap(), "textmore");
    let va = vattr {
        va_mode: 0o600,
        va_size: 2,
        ..NONE
    };
    world.set(node, va).unwrap();
    let va = world.attr(node).unwrap();
    assert_eq!((va.va_nlink, va.va_size, va.va_mode & 0o777), (0, 2, 0o600));
    assert_eq!(fs::read_to_string(world.host("f")).unwrap(), "new");
    // It has no names that could go.
    assert_eq!(world.unname(world.root, "f", node), Err(libc::ENOENT));
    assert!(world.host("f").exists());
    put(node);
}

#[test]
fn a_removed_directory_is_empty() {
    let world = World::new();
    let dir = world.make("d", VDIR, 0o755).unwrap();
    fs::write(world.host("d/x"), "").unwrap();
    assert_eq!(world.unname(world.root, "d", dir), Err(libc::ENOTEMPTY));
    assert_eq!(world.find("d").unwrap(), dir);
    fs::remove_file(world.host("d/x")).unwrap();
    world.unname(world.root, "d", dir).unwrap();
    assert_eq!(listed(&world, dir, 4096, 0).unwrap(), []);
    assert_eq!(world.attr(dir).unwrap().va_type, VDIR);
    put(dir);
}

#[test]
fn the_name_that_was_meant_goes_and_the_others_stay() {
    let world = World::new();
    let node = world.make("a", VREG, 0o644).unwrap();
    for name in ["b", "c"] {
        world.link_to(name, node).unwrap();
    }
    world.unname(world.root, "b", node).unwrap();
    assert!(world.host("a").exists() && !world.host("b").exists());
    assert_eq!(
        (world.path(node), world.attr(node).unwrap().va_nlink),
        ("a".into(), 2)
    );
    // The name in the node's path goes: it is still the same node, also by its other name.
    world.put_text(node, "text", 0, 0).unwrap();
    world.unname(world.root, "a", node).unwrap();
    assert_eq!(world.text(node).unwrap(), "text");
    assert_eq!(world.find("c").unwrap(), node);
    assert_eq!(world.path(node), "c");
    // SAFETY: a live node.
    assert!(unsafe { kept(node) }.gone.is_none());
    world.unname(world.root, "c", node).unwrap();
    assert_eq!(world.text(node).unwrap(), "text");
    assert_eq!(world.attr(node).unwrap().va_nlink, 0);
    assert_eq!(world.link_to("d", node), Err(libc::ENOENT));
    put(node);
}

#[test]
fn renames_move_the_name_that_was_meant() {
    let world = World::new();
    let node = world.make("a", VREG, 0o644).unwrap();
    world.link_to("b", node).unwrap();
    world.move_to("b", node, "c", ptr::null_mut()).unwrap();
    assert!(world.host("a").exists() && world.host("c").exists() && !world.host("b").exists());
    assert_eq!(world.path(node), "c");
    // What is replaced stays usable.
    let old = world.make("old", VREG, 0o644).unwrap();
    world.put_text(old, "old", 0, 0).unwrap();
    world.move_to("a", node, "old", old).unwrap();
    assert_eq!(world.text(old).unwrap(), "old");
    assert_eq!(world.find("old").unwrap(), node);
    put(old);
    // Two names of one file stay both, as rename(2) has it.
    world.move_to("c", node, "old", node).unwrap();
    assert!(world.host("c").exists() && world.host("old").exists());
    let dir = world.make("d", VDIR, 0o755).unwrap();
    assert_eq!(world.move_to("c", node, "d", dir), Err(libc::EISDIR));
    assert_eq!(world.find("d").unwrap(), dir);
    let empty = world.make("e", VDIR, 0o755).unwrap();
    world.move_to("d", dir, "e", empty).unwrap();
    assert_eq!(world.find("e").unwrap(), dir);
    put(empty);
}

#[test]
fn another_file_in_its_place_is_not_mistaken_for_it() {
    let world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    // An editor saves so: a new file, renamed over the old one.
    fs::write(world.host("g"), "other").unwrap();
    fs::rename(world.host("g"), world.host("f")).unwrap();
    assert_eq!(world.attr(node).err(), Some(libc::ESTALE));
    assert_eq!(world.text(node), Err(libc::ESTALE));
    assert_eq!(world.put_text(node, "x", 0, 0), Err(libc::ESTALE));
    assert_eq!(world.unname(world.root, "f", node), Err(libc::ESTALE));
    assert_eq!(fs::read_to_string(world.host("f")).unwrap(), "other");
    let other = world.find("f").unwrap();
    assert_ne!(other, node);
    assert_eq!(world.text(other).unwrap(), "other");
}

#[test]
fn what_was_moved_beside_us_is_found_again_with_what_is_below() {
    let world = World::new();
    let dir = world.make("d", VDIR, 0o755).unwrap();
    fs::write(world.host("d/x"), "text").unwrap();
    let file = world.find_in(dir, "x").unwrap();
    assert_eq!(world.path(file), "d/x");
    fs::rename(world.host("d"), world.host("e")).unwrap();
    assert_eq!(world.attr(file).err(), Some(libc::ENOENT));
    assert_eq!(world.find("e").unwrap(), dir);
    assert_eq!(
        (world.path(dir), world.path(file)),
        ("e".into(), "e/x".into())
    );
    assert_eq!(world.text(file).unwrap(), "text");
    // A directory that took its place is another one, and so is what is in it.
    fs::rename(world.host("e"), world.host("f")).unwrap();
    fs::create_dir(world.host("e")).unwrap();
    fs::write(world.host("e/x"), "other").unwrap();
    assert_eq!(world.find_in(dir, "x"), Err(libc::ESTALE));
}

#[test]
fn no_link_leads_out() {
    let world = World::new();
    let outside = World::new();
    fs::write(outside.host("secret"), "secret").unwrap();
    let dir = world.make("d", VDIR, 0o755).unwrap();
    fs::write(world.host("d/secret"), "mine").unwrap();
    let file = world.find_in(dir, "secret").unwrap();
    // Somebody exchanges the directory for a link.
    fs::rename(world.host("d"), world.host("kept")).unwrap();
    host_symlink(&outside.top, world.host("d")).unwrap();
    assert_eq!(world.text(file), Err(libc::ESTALE));
    assert_eq!(world.put_text(file, "x", 0, 0), Err(libc::ESTALE));
    assert_eq!(world.attr(file).err(), Some(libc::ESTALE));
    // The system says so in one way or another.
    let refused = [libc::ESTALE, libc::ENOTDIR];
    assert!(refused.contains(&world.find_in(dir, "secret").unwrap_err()));
    assert!(refused.contains(&world.unname(dir, "secret", file).unwrap_err()));
    let va = vattr {
        va_type: VREG,
        va_mode: 0o644,
        ..NONE
    };
    assert!(refused.contains(&world.make_in(dir, "new", &va).unwrap_err()));
    assert_eq!(fs::read_dir(&outside.top).unwrap().count(), 1);
    // A link in the file's own place is not followed either.
    let plain = world.make("p", VREG, 0o644).unwrap();
    fs::remove_file(world.host("p")).unwrap();
    host_symlink(outside.host("secret"), world.host("p")).unwrap();
    assert_eq!(world.text(plain), Err(libc::ESTALE));
    let size = vattr {
        va_size: 0,
        va_mode: 0o777,
        ..NONE
    };
    assert_eq!(world.set(plain, size), Err(libc::ESTALE));
    let secret = fs::metadata(outside.host("secret")).unwrap();
    assert_eq!((secret.size(), secret.mode() & 0o777 == 0o777), (6, false));
}

#[test]
fn handles_are_known_as_long_as_the_node_is() {
    let world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    // SAFETY: live nodes.
    let handle = match unsafe { nodetofh(&world.pu, node) } {
        Ok(handle) => handle,
        Err(error) => {
            assert_eq!(error, libc::EOPNOTSUPP, "the host has none");
            return;
        }
    };
    let find = |fid: &[u8]| {
        let pni = Newinfo::new(Made::Found, 0, 0);
        // SAFETY: live nodes.
        unsafe { fhtonode(&world.pu, fid, &pni) }.map(|()| (pni.cookie().cast(), pni.vtype()))
    };
    assert_eq!(find(&handle), Ok((node, VREG)));
    assert_eq!(find(&[&handle[..], &[0; 20]].concat()), Ok((node, VREG)));
    let mut wrong = handle.clone();
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(find(&wrong), Err(libc::ENOENT));
    for short in [&handle[..3], &handle[..handle.len() - 1]] {
        assert_eq!(find(short), Err(libc::EINVAL));
    }
    assert_eq!(find(&[0xff; 20]), Err(libc::EINVAL));
    world.unname(world.root, "f", node).unwrap();
    assert_eq!(find(&handle), Err(libc::ENOENT));
    put(node);
}

#[test]
fn without_a_root_or_a_path_there_is_nothing() {
    let world = World::new();
    let bare = nodes::new(&world.pu, ptr::null_mut());
    assert_eq!(world.attr(bare).err(), Some(libc::ENOENT));
    let name = world.name(world.root, "f");
    let mut without = puffs_cn {
        pcn_po_full: puffs_pathobj::NONE,
        ..puffs_cn {
            pcn_pkcnp: name.cn.pcn_pkcnp,
            pcn_cred: name.cn.pcn_cred,
            pcn_po_full: puffs_pathobj::NONE,
        }
    };
    let pni = Newinfo::new(Made::Found, 0, 0);
    // SAFETY: live nodes, a whole name.
    unsafe {
        let found = lookup(&world.pu, world.root, &pni, &raw const without);
        assert_eq!(found, Err(libc::EINVAL));
        // A path that is not below the root.
        let elsewhere = CString::new("/proc/self").unwrap();
        without.pcn_po_full = puffs_pathobj {
            po_path: elsewhere.as_ptr().cast_mut().cast(),
            po_len: 10,
            po_hash: 0,
        };
        let found = lookup(&world.pu, world.root, &pni, &raw const without);
        assert_eq!(found, Err(libc::ENOENT));
    }
    world.pu.settings().root.set(ptr::null_mut());
    assert_eq!(world.attr(world.root).err(), Some(libc::EINVAL));
    // SAFETY: live nodes.
    assert_eq!(unsafe { statvfs(&world.pu) }.err(), Some(libc::EINVAL));
    world.pu.settings().root.set(world.root);
}

#[test]
fn the_root_may_be_renamed_below_us() {
    let mut world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    world.put_text(node, "text", 0, 0).unwrap();
    let moved = world.top.with_extension("moved");
    fs::rename(&world.top, &moved).unwrap();
    assert_eq!(world.text(node).unwrap(), "text");
    assert!(world.find("f").is_ok());
    world.top = moved;
}

#[test]
fn modes_of_the_directory_are_inherited() {
    let world = World::new();
    fs::create_dir(world.host("g")).unwrap();
    fs::set_permissions(world.host("g"), Permissions::from_mode(0o2755)).unwrap();
    let dir = world.find("g").unwrap();
    let va = |va_type| vattr {
        va_type,
        va_mode: 0o755,
        ..NONE
    };
    world.make_in(dir, "d", &va(VDIR)).unwrap();
    world.make_in(dir, "f", &va(VREG)).unwrap();
    let mode = |name| fs::metadata(world.host(name)).unwrap().mode() & 0o7777;
    assert_eq!((mode("g/d"), mode("g/f")), (0o2755, 0o755));
}

/// Who asks, when it is a user.
fn user(uid: u32, gid: u32) -> Cred {
    Cred::of(&puffs_core::msg::body::Head {
        version: puffs_core::msg::body::VERSION,
        cred: puffs_core::msg::body::cred::USER,
        uid,
        gid,
        ..Default::default()
    })
    .unwrap()
}

#[test]
fn who_writes_takes_set_id_bits_away() {
    let world = World::new();
    let gid = fs::metadata(&world.top).unwrap().gid();
    let (member, stranger) = (user(4000, gid), user(4000, gid + 1));
    let node = world.make("f", VREG, 0o644).unwrap();
    let mode = || fs::metadata(world.host("f")).unwrap().mode() & 0o7777;
    let size = vattr { va_size: 5, ..NONE };
    let both = vattr {
        va_mode: 0o2666,
        ..size
    };
    for (before, cred, after) in [
        (0o6777, None, 0o6777),
        (0o6777, Some(&member), 0o777),
        (0o6767, Some(&member), 0o2767),
        (0o6767, Some(&stranger), 0o767),
        (0o644, Some(&stranger), 0o644),
    ] {
        fs::set_permissions(world.host("f"), Permissions::from_mode(before)).unwrap();
        // SAFETY: live nodes, and a byte.
        let n = unsafe { write(&world.pu, node, b"x".as_ptr(), 1, 0, 0, cred) };
        assert_eq!((n, mode()), (Ok(1), after));
        fs::set_permissions(world.host("f"), Permissions::from_mode(before)).unwrap();
        // SAFETY: live nodes.
        unsafe { setattr(&world.pu, node, &size, cred) }.unwrap();
        assert_eq!(mode(), after);
    }
    // SAFETY: live nodes.
    unsafe { setattr(&world.pu, node, &both, Some(&stranger)) }.unwrap();
    assert_eq!(mode(), 0o666);
}

#[test]
fn what_is_new_has_one_time_and_a_change_of_nothing_is_a_change() {
    let world = World::new();
    let node = world.make("f", VREG, 0o4711).unwrap();
    let st = fs::metadata(world.host("f")).unwrap();
    assert_eq!((st.mtime(), st.mtime_nsec()), (st.ctime(), st.ctime_nsec()));
    assert_eq!(st.mode() & 0o7777, 0o4711);
    let ctime = || {
        let st = fs::metadata(world.host("f")).unwrap();
        (st.ctime(), st.ctime_nsec())
    };
    let (before, mut tries) = (ctime(), 0);
    // The clock of files moves in steps.
    while ctime() == before {
        world.set(node, NONE).unwrap();
        tries += 1;
        assert!(tries < 1_000_000);
    }
}

#[test]
fn paths_may_be_longer_than_the_hosts() {
    let world = World::new();
    let (mut dir, part) = (world.root, "a".repeat(200));
    let mut all = vec![dir];
    for _ in 0..50 {
        let va = vattr {
            va_type: VDIR,
            va_mode: 0o755,
            ..NONE
        };
        dir = world.make_in(dir, &part, &va).unwrap();
        all.push(dir);
    }
    assert!(world.path(dir).len() > 10_000);
    let va = vattr {
        va_type: VREG,
        va_mode: 0o644,
        ..NONE
    };
    let file = world.make_in(dir, "f", &va).unwrap();
    world.put_text(file, "deep", 0, 0).unwrap();
    assert_eq!(world.text(file).unwrap(), "deep");
    assert_eq!(world.find_in(dir, "f").unwrap(), file);
    world.unname(dir, "f", file).unwrap();
    put(file);
    for pair in all.windows(2).rev() {
        world.unname(pair[0], &part, pair[1]).unwrap();
        put(pair[1]);
    }
    assert_eq!(fs::read_dir(&world.top).unwrap().count(), 0);
}
