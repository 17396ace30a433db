//! The null layer over a directory of the host's: what it does there, and what it does when somebody else is at work there too.

mod beside;
mod files;
mod names;

use std::ffi::CStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::attr::NONE;
use crate::c::consts::PUFFS_FLAG_BUILDPATH;
use crate::c::dirent::puffs_dirent;
use crate::c::name::{PUFFS_KCN_NAMESIZE, puffs_cn, puffs_kcn, puffs_pathobj};
use crate::c::vattr::vattr;
use crate::cred::Cred;
use crate::newinfo::{Made, Newinfo};
use crate::vtype::{VDIR, VLNK, VREG, VSOCK};
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

/// All names of a directory by calls with this much room, and the offsets behind each.
fn listed(world: &World, node: Node, room: usize, from: i64) -> Result<Vec<(String, i64)>, i32> {
    let mut names = Vec::new();
    let (mut offset, mut eof) = (from, false);
    while !eof {
        eof = listed_on(world, node, room, &mut offset, &mut names)?;
    }
    Ok(names)
}

/// What one such call finds from `offset` on, and whether that was all.
fn listed_on(
    world: &World,
    node: Node,
    room: usize,
    offset: &mut i64,
    names: &mut Vec<(String, i64)>,
) -> Result<bool, i32> {
    let mut records = vec![0_u64; room / 8];
    let mut cookies = [0_i64; 64];
    let mut dent = records.as_mut_ptr().cast::<puffs_dirent>();
    let (mut left, mut stored, mut eof) = (room, 0, 0);
    let listing = Listing {
        dent: &mut dent,
        offset,
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
    assert!(n == 0 || cookies[n - 1] == *offset);
    Ok(eof != 0)
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
