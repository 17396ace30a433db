//! File handles: the host's own. Only those that were told here are known again.

use super::place::reach;
use super::{NONSENSE, host, kept};
use crate::c::node::puffs_node;
use crate::newinfo::Newinfo;
use crate::usermount::Usermount;
use crate::vtype::VREG;

/// The handle of a node.
///
/// # Errors
/// An errno value; `EOPNOTSUPP` where the host has no handles.
///
/// # Safety
/// The root node and `node` live, and paths are strings.
pub unsafe fn nodetofh(pu: &Usermount, node: *mut puffs_node) -> Result<Vec<u8>, i32> {
    // SAFETY: by contract.
    unsafe {
        if let Some(handle) = &kept(node).handle {
            return Ok(handle.clone());
        }
        let handle = host::handle(reach(pu, node, libc::O_PATH)?.fd())?;
        kept(node).handle = Some(handle.clone());
        pu.null().handles.borrow_mut().insert(handle.clone(), node);
        Ok(handle)
    }
}

/// The node of a handle, which may be followed by padding.
///
/// # Errors
/// `EINVAL` for what is no handle, `ENOENT` for one that was not told here, or whose node is gone.
///
/// # Safety
/// Nodes that are on the list live.
pub unsafe fn fhtonode(pu: &Usermount, fid: &[u8], pni: &Newinfo) -> Result<(), i32> {
    let (len, _) = fid.split_first_chunk::<4>().ok_or(NONSENSE)?;
    let len = 8_usize.saturating_add(u32::from_ne_bytes(*len) as usize);
    let handle = fid.get(..len).ok_or(NONSENSE)?;
    let node = pu.null().handles.borrow().get(handle).copied();
    let node = node.ok_or(libc::ENOENT)?;
    // SAFETY: a node leaves with its handle, see `forget`.
    let va = unsafe { &(*node).pn_va };
    pni.set_cookie(node.cast());
    pni.set_vtype(va.va_type);
    pni.set_size(if va.va_type == VREG { va.va_size } else { 0 });
    pni.set_rdev(va.va_rdev);
    Ok(())
}
