//! The options of mount(2), by which the kernel side learns what it mounts.

use std::ffi::CString;
use std::os::fd::RawFd;

use puffs_core::msg::body;
use puffs_core::msg::op::vfs;

use crate::c::consts::{PUFFS_FHFLAG_PASSTHROUGH, PUFFS_KFLAG_ALLOPS};
use crate::host::{MountArgs, OpSet};

/// The options for `args`, mounted at the device that is open as `fd`. Mounts are root's, and open to all users.
pub(super) fn of(args: &MountArgs, fd: RawFd) -> CString {
    let handles = args.fhsize != 0 || args.fhflags & PUFFS_FHFLAG_PASSTHROUGH as u32 != 0;
    let ops = match args.kflags & PUFFS_KFLAG_ALLOPS {
        0 if handles => args.ops,
        // A kernel wants to know that before it asks.
        0 => args.ops.without_vfs(vfs::FHTOVP).without_vfs(vfs::VPTOFH),
        _ => OpSet::ALL,
    };
    let root = &args.root;
    let text = format!(
        "fd={fd},version={},root={:#x},vtype={},size={},rdev={},maxlen={},ops={:#x},kflags={:#x},allow_other",
        body::VERSION,
        root.cookie,
        root.vtype,
        root.size,
        root.rdev,
        args.maxdata + body::ROOM,
        ops.bits(),
        args.kflags,
    );
    // Digits and letters have no NUL inside.
    CString::new(text).unwrap_or_default()
}
