//! The options of mount(2), by which the kernel side learns what it mounts.

use std::ffi::CString;
use std::os::fd::RawFd;

use puffs_core::msg::body;

use crate::c::consts::PUFFS_KFLAG_ALLOPS;
use crate::host::{MountArgs, OpSet};

/// The options for `args`, mounted at the device that is open as `fd`. Mounts are root's, and open to all users.
pub(super) fn of(args: &MountArgs, fd: RawFd) -> CString {
    let ops = match args.kflags & PUFFS_KFLAG_ALLOPS {
        0 => args.ops,
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
