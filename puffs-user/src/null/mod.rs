//! The null layer: operations that pass a directory of the host's through, for servers that keep paths. Replaces `puffs_null_*`.
//!
//! A node's path is a path of the host's. Whoever else works on the host's files may change what is there, so a path is only
//! believed when it leads to the file that the node stands for, by device, inode number and type; otherwise the answer is
//! `ESTALE`, after which the kernel looks the name up again. No symbolic link is followed below the root.
//!
//! A file whose name is gone while somebody uses it is kept by a descriptor, and so is one whose permission bits would
//! keep this process out that made them.

mod attr;
mod data;
mod dir;
mod handle;
mod host;
mod names;
mod place;
#[cfg(test)]
mod tests;

pub use attr::{getattr, setattr, statvfs};
pub use data::{fsync, read, readlink, write};
pub use dir::{Listing, readdir};
pub use handle::{fhtonode, nodetofh};
pub use names::{create, link, lookup, mkdir, mknod, remove, rename, rmdir, symlink};

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use crate::attr::NONE;
use crate::c::node::puffs_node;
use crate::nodes;
use crate::usermount::Usermount;
use crate::vtype::VNON;
use host::{Ident, Stat};

/// Most files that are kept open for the sake of their permission bits.
const RIGHTS: usize = 256;

/// What the layer knows of a mount.
#[derive(Default)]
pub(crate) struct Layer {
    /// The root's path, and that directory.
    root: RefCell<Option<(Vec<u8>, Rc<OwnedFd>)>>,
    /// The listed nodes that the layer made.
    nodes: RefCell<HashMap<Ident, *mut puffs_node>>,
    /// Those of them that have told a handle.
    handles: RefCell<HashMap<Vec<u8>, *mut puffs_node>>,
    /// How many files are open for the sake of their permission bits.
    rights: Rc<Cell<usize>>,
    unfinished: RefCell<dir::Unfinished>,
}

/// What the layer knows of a node.
#[derive(Default)]
pub(crate) struct Kept {
    ident: Option<Ident>,
    /// The file itself, when its path does not lead there any more.
    gone: Option<OwnedFd>,
    /// The file itself, open for reading and writing, when nobody may open it any more.
    rights: Option<Rights>,
    handle: Option<Vec<u8>>,
}

/// A file that is open for the sake of its permission bits.
struct Rights {
    fd: OwnedFd,
    count: Rc<Cell<usize>>,
}

impl Drop for Rights {
    fn drop(&mut self) {
        self.count.set(self.count.get() - 1);
    }
}

impl Layer {
    /// Keeps a file open, unless too many are.
    fn keep_rights(&self, fd: OwnedFd) -> Option<Rights> {
        let count = Rc::clone(&self.rights);
        (count.get() < RIGHTS).then(|| {
            count.set(count.get() + 1);
            Rights { fd, count }
        })
    }

    /// The node of a file.
    fn find(&self, ident: Ident) -> Option<*mut puffs_node> {
        self.nodes.borrow().get(&ident).copied()
    }
}

/// The node is about to leave its list: it is not found any more.
///
/// # Safety
/// A live node from [`nodes::new`].
pub(crate) unsafe fn forget(node: *mut puffs_node) {
    // SAFETY: by contract; what is kept is ours alone, and the node's mount lives as long as its nodes.
    unsafe {
        let Some(kept) = (*nodes::kept(node)).as_ref() else {
            return;
        };
        let layer = (*(*node).pn_mnt).null();
        if let Some(ident) = kept.ident {
            layer.unfinished.borrow_mut().forget(ident);
            let mut all = layer.nodes.borrow_mut();
            if all.get(&ident) == Some(&node) {
                all.remove(&ident);
            }
        }
        if let Some(handle) = &kept.handle {
            let mut all = layer.handles.borrow_mut();
            if all.get(handle) == Some(&node) {
                all.remove(handle);
            }
        }
    }
}

/// What the layer keeps of a node, made if need be.
///
/// # Safety
/// A live node from [`nodes::new`], of which nobody holds this result already.
unsafe fn kept<'a>(node: *mut puffs_node) -> &'a mut Kept {
    // SAFETY: by contract; whatever is there came from a box.
    unsafe {
        let place = nodes::kept(node);
        if (*place).is_null() {
            *place = Box::into_raw(Box::default());
        }
        &mut **place
    }
}

/// The file that a node stands for, if that is known.
///
/// # Safety
/// As for [`kept`].
unsafe fn ident_of(node: *mut puffs_node) -> Option<Ident> {
    // SAFETY: by contract.
    unsafe {
        if let Some(ident) = (*nodes::kept(node)).as_ref().and_then(|kept| kept.ident) {
            return Some(ident);
        }
        let va = &(*node).pn_va;
        let known = va.va_type != VNON && va.va_fsid != NONE.va_fsid;
        (known && va.va_fileid != NONE.va_fileid).then_some(Ident {
            dev: va.va_fsid,
            ino: va.va_fileid,
            vtype: va.va_type,
        })
    }
}

/// A new node for a file; it is found from now on.
///
/// # Errors
/// `ENOMEM`.
fn new_node(pu: &Usermount, stat: &Stat) -> Result<*mut puffs_node, i32> {
    let node = nodes::new(pu, std::ptr::null_mut());
    if node.is_null() {
        return Err(libc::ENOMEM);
    }
    // SAFETY: just made.
    unsafe {
        (*node).pn_va = stat.attr;
        kept(node).ident = Some(stat.ident);
    }
    pu.null().nodes.borrow_mut().insert(stat.ident, node);
    Ok(node)
}

/// The arguments of an operation make no sense.
const NONSENSE: i32 = libc::EINVAL;
