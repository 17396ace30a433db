//! What the library does around operations when it keeps paths: builds that of a name before, hands it to the node after.
//!
//! A server may change `pcn_po_full` in its operation, so what is handed on is what is there afterwards.

use std::ptr;

use super::call::Call;
use crate::c::name::{puffs_cn, puffs_pathinfo, puffs_pathobj};
use crate::c::node::puffs_node;
use crate::c::puffs_cookie_t;
use crate::usermount::Usermount;
use crate::vtype::VDIR;
use crate::{genops, nodes, paths};

/// The path of a name while an operation runs; freed with it, unless a node takes it.
pub(super) struct Built<'a> {
    pu: &'a Usermount,
    /// NULL where no paths are kept.
    pcn: *mut puffs_cn,
}

/// Builds the path of a name in the directory `dir`.
///
/// # Errors
/// An errno value: the operation's, and the server is not called.
///
/// # Safety
/// `pcn` came from [`super::call::Component::fill`] and is valid for as long as the result.
pub(super) unsafe fn build<'a>(
    call: &Call<'a>,
    dir: puffs_cookie_t,
    pcn: *const puffs_cn,
) -> Result<Built<'a>, i32> {
    let pu = call.pu;
    if !paths::are_kept(pu) {
        let pcn = ptr::null_mut();
        return Ok(Built { pu, pcn });
    }
    let pcn = pcn.cast_mut();
    // SAFETY: the name is ours; the server says that its cookies are nodes, and this is one that it handed out.
    let result = unsafe { paths::build(pu, pcn, genops::node_of(pu, dir)) };
    if let Err(rv) = result {
        call.result_of(dir, rv)?;
    }
    Ok(Built { pu, pcn })
}

impl Built<'_> {
    /// The node that the operation brought has this path, unless it has one already.
    ///
    /// # Safety
    /// The server has just handed this cookie out.
    pub(super) unsafe fn give(self, cookie: puffs_cookie_t) {
        if self.pcn.is_null() {
            return;
        }
        // SAFETY: by contract, and the server says that its cookies are nodes.
        unsafe {
            let node = genops::node_of(self.pu, cookie);
            if !node.is_null() && (*node).pn_po.po_path.is_null() {
                (*node).pn_po = self.take();
            }
        }
    }

    /// Takes the path out.
    fn take(&self) -> puffs_pathobj {
        // SAFETY: as valid as `self`, see `build`.
        unsafe { ptr::replace(&raw mut (*self.pcn).pcn_po_full, puffs_pathobj::NONE) }
    }

    /// A rename has made this the path of a node. If that is a directory, the nodes below it move along.
    ///
    /// # Safety
    /// The node lives.
    pub(super) unsafe fn move_to(self, node: *mut puffs_node) {
        if self.pcn.is_null() || node.is_null() {
            return;
        }
        let mut new = self.take();
        // SAFETY: by contract; a walk sees live nodes only, and both paths outlive it.
        unsafe {
            let mut old = (*node).pn_po;
            if (*node).pn_va.va_type == VDIR && !old.po_path.is_null() {
                let mut info = puffs_pathinfo {
                    pi_old: &raw mut old,
                    pi_new: &raw mut new,
                };
                let info = (&raw mut info).cast();
                nodes::walk(self.pu, Some(paths::follow_in_walk), info);
            }
            (*node).pn_po = new;
            paths::free(self.pu, &mut old);
        }
    }
}

impl Drop for Built<'_> {
    fn drop(&mut self) {
        if self.pcn.is_null() {
            return;
        }
        let mut path = self.take();
        // SAFETY: no node has it.
        unsafe { paths::free(self.pu, &mut path) };
    }
}
