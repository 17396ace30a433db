//! The VFS side of one mount: [`puffs_vfs_new`].

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

use alloc::boxed::Box;

use ::puffs_vfs::{Broken, Caller, Kind, file};
use puffs_core::msg::OpSet;
use puffs_core::msg::body::ROOM;
use puffs_core::{Cookie, Errno, Mount, Ref, try_box};

use super::call::Port;
use super::cookie;
use crate::sys::mount::puffs_mount;
use crate::sys::{Plat, finish, held, number, sized};

/// The VFS side of one mount: what is known of its server. Not counted.
pub struct puffs_vfs {
    _opaque: (),
}

/// What a server said when it was mounted.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_vfsargs {
    /// `sizeof(struct puffs_vfsargs)`.
    pva_size: usize,
    /// The cookie of the root node.
    pva_root: *mut c_void,
    /// The operations that the server has: bit 0 is `PUFFS_VN_LOOKUP`, bit 48 `PUFFS_VN_FDISCARD`; bit 49 is `PUFFS_VFS_MOUNT`, bit 63
    /// `PUFFS_VFS_SUSPEND`. `UINT64_MAX` sends all of them.
    pva_ops: u64,
    /// Zero.
    pva_reserved: u64,
}

/// A node that was created is one that the kernel has already.
pub const PUFFS_VBAD_EXISTS: c_int = 1;
/// A node that the kernel has already came as one of another type.
pub const PUFFS_VBAD_TYPE: c_int = 2;
/// A directory comes to no end: an offset came twice.
pub const PUFFS_VBAD_ENDLESS: c_int = 3;

/// What every operation needs.
pub(super) struct Vfs {
    pmp: *mut puffs_mount,
    pub(super) root: Cookie,
    pub(super) ops: OpSet,
    pub(super) max: usize,
}

impl Vfs {
    /// The mount, held while an operation is in progress.
    pub(super) fn mount(&self) -> Result<Ref<Mount<Plat>, Plat>, Errno> {
        // SAFETY: by contract of `puffs_vfs_new` the mount stays as long as its VFS side is used.
        unsafe { held(self.pmp) }
    }
}

/// The VFS side behind a pointer of C's.
///
/// # Safety
/// Null, or from `puffs_vfs_new` and not freed before the result is given up.
pub(super) unsafe fn vfs<'a>(pv: *const puffs_vfs) -> Result<&'a Vfs, Errno> {
    // SAFETY: by contract.
    unsafe { pv.cast::<Vfs>().as_ref() }.ok_or(Errno::Inval)
}

/// Makes the VFS side of a mount. It holds no reference to the mount: who calls an operation has one, as a super block does.
///
/// Returns 0 and the object in `*pvp`; `EINVAL` (NULL, no such size, a field that must be zero, a mount whose longest message is not above
/// `PUFFS_MSG_ROOM`), `ENOMEM`. Does not sleep for the server.
///
/// # Safety
/// `pmp` is NULL or a mount; `args` is NULL or as large as its first field says; `pvp` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_new(
    pmp: *mut puffs_mount,
    args: *const puffs_vfsargs,
    pvp: *mut *mut puffs_vfs,
) -> c_int {
    let make = || {
        if pvp.is_null() {
            return Err(Errno::Inval);
        }
        // SAFETY: by contract; every field may be zero.
        let (mount, args) = unsafe { (held(pmp)?, sized(args, size_of::<puffs_vfsargs>())?) };
        let max = mount.config().max_len;
        if args.pva_reserved != 0 || max <= ROOM {
            return Err(Errno::Inval);
        }
        let made = try_box(Vfs {
            pmp,
            root: cookie(args.pva_root),
            ops: OpSet::of_bits(args.pva_ops),
            max,
        })?;
        // SAFETY: by contract.
        unsafe { pvp.write(Box::into_raw(made).cast()) };
        Ok(())
    };
    finish(make())
}

/// Frees the VFS side of a mount, at the latest in `pho_freed`. No call with it is in progress, and none comes. What was paid for
/// stays valid, and keeps the mount until it is sent or freed. NULL is ignored.
///
/// # Safety
/// `pv` is NULL or from `puffs_vfs_new`, and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_free(pv: *mut puffs_vfs) {
    if !pv.is_null() {
        // SAFETY: by contract; made by `puffs_vfs_new`.
        drop(unsafe { Box::from_raw(pv.cast::<Vfs>()) });
    }
}

/// Most data that one call reads or writes, and most records that one `puffs_vfs_readdir` brings, in bytes; 0 when `pv` is NULL.
///
/// # Safety
/// `pv` is NULL or from `puffs_vfs_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_maxdata(pv: *const puffs_vfs) -> usize {
    // SAFETY: by contract.
    unsafe { vfs(pv) }.map_or(0, |vfs| file::most(vfs.max))
}

/// Tells the server that it made no sense, in a way that only the kernel can see, since it knows which nodes there are: `what` is
/// `PUFFS_VBAD_*`, `cookie` the node it was about.
///
/// Returns what the caller is to get: `EPROTO`; `EINVAL` (NULL, no such `what`). The server goes without the notice when there is no memory for
/// it, or no place. Never waits.
///
/// # Safety
/// `pv` is NULL or from `puffs_vfs_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_broken(
    pv: *mut puffs_vfs,
    cookie: *mut c_void,
    what: c_int,
) -> c_int {
    let (kind, text) = match what {
        PUFFS_VBAD_EXISTS => (Kind::MakeNode, "new node exists already"),
        PUFFS_VBAD_TYPE => (Kind::MakeNode, "node of another type than before"),
        PUFFS_VBAD_ENDLESS => (Kind::Readdir, "directory without an end"),
        _ => return number(Errno::Inval),
    };
    // SAFETY: by contract.
    match unsafe { Port::kernel(pv) } {
        Ok(port) => {
            port.broken(Broken { kind, text }, super::cookie(cookie));
            number(Errno::Proto)
        }
        Err(errno) => number(errno),
    }
}
