//! What mounting asks of the system, so that tests can be one.

use std::ffi::CStr;
use std::sync::Arc;

use super::device::{self, Device, Opened};
use crate::{mounting, sys};

/// A system with the device and its file system.
pub(super) trait System {
    /// Opens the device.
    ///
    /// # Errors
    /// An errno value.
    fn open(&self) -> Result<Box<dyn Device>, i32>;

    /// mount(2).
    ///
    /// # Errors
    /// An errno value.
    fn mount(&self, what: &Plan<'_>, fstype: &CStr) -> Result<(), i32>;

    /// How a mount is undone: see [`mounting::Undo`].
    fn undo(&self) -> mounting::Undo;

    /// The kind of file system in the table of mounts.
    fn kind(&self) -> &'static str;
}

/// What is to be mounted, in Linux's words.
pub(super) struct Plan<'a> {
    pub(super) from: &'a CStr,
    pub(super) dir: &'a CStr,
    pub(super) flags: libc::c_ulong,
    pub(super) options: &'a CStr,
}

/// The system that we run on.
pub(super) struct Linux;

impl System for Linux {
    fn open(&self) -> Result<Box<dyn Device>, i32> {
        Ok(Box::new(Opened::open(device::PATH)?))
    }

    fn mount(&self, plan: &Plan<'_>, fstype: &CStr) -> Result<(), i32> {
        // SAFETY: four C strings that outlive the call.
        sys::check(unsafe {
            libc::mount(
                plan.from.as_ptr(),
                plan.dir.as_ptr(),
                fstype.as_ptr(),
                plan.flags,
                plan.options.as_ptr().cast(),
            )
        })
        .map(drop)
    }

    fn undo(&self) -> mounting::Undo {
        Arc::new(|dir: &CStr, lazily| {
            // By force the mount dies first: a child that this process forked may hold the device open, and unmounting would
            // wait for answers that nobody gives.
            let flags = libc::MNT_DETACH | libc::MNT_FORCE;
            mounting::umount(dir, if lazily { flags } else { 0 })
        })
    }

    fn kind(&self) -> &'static str {
        "puffs"
    }
}
