//! The status of an open device, for a kernel's `fstat`.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::c_int;

use puffs_dev::{Standing, Stat};

use super::device::{instance, puffs_instance};
use super::{fill, finish};

/// Nothing is mounted yet.
pub const PUFFS_DEV_EMBRYO: u32 = 0;
/// A file system is mounted; its server may be dead.
pub const PUFFS_DEV_MOUNTED: u32 = 1;
/// What was mounted is unmounted.
pub const PUFFS_DEV_DEAD: u32 = 2;
/// The open file is closed.
pub const PUFFS_DEV_CLOSED: u32 = 3;

/// The status of an open device. Times are the kernel's business: the queue knows none that count from a known day.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_devstat {
    /// `sizeof(struct puffs_devstat)`, as the caller knows it.
    pds_size: usize,
    /// Its minor number: of `st_rdev`.
    pds_minor: u32,
    /// Type and permissions: a character device, for its owner alone. Everywhere 020600.
    pds_mode: u32,
    /// The user who opened it.
    pds_uid: u32,
    /// Their group.
    pds_gid: u32,
    /// The process that opened it.
    pds_pid: c_int,
    /// `PUFFS_DEV_*`.
    pds_state: u32,
    /// Requests that could be fetched now: `st_size`.
    pds_requests: usize,
}

/// Tells the status of an instance, in whatever state it is.
///
/// Returns 0 and the status in `*st`, whose first field the caller has set; `EINVAL` (NULL, or no such size). Does not sleep.
///
/// # Safety
/// `pi` is NULL or an instance; `st` is NULL or as large as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fop_stat(pi: *mut puffs_instance, st: *mut puffs_devstat) -> c_int {
    // SAFETY: by contract.
    finish(unsafe { instance(pi) }.and_then(|instance| {
        let status = told(&instance.stat());
        // SAFETY: by contract.
        unsafe { fill(st, size_of::<puffs_devstat>(), &status) }
    }))
}

fn told(stat: &Stat) -> puffs_devstat {
    puffs_devstat {
        pds_size: size_of::<puffs_devstat>(),
        pds_minor: stat.minor,
        pds_mode: Stat::MODE,
        pds_uid: stat.opener.cred.uid,
        pds_gid: stat.opener.cred.gid,
        pds_pid: stat.opener.pid,
        pds_state: match stat.standing {
            Standing::Embryo => PUFFS_DEV_EMBRYO,
            Standing::Mounted => PUFFS_DEV_MOUNTED,
            Standing::Dead => PUFFS_DEV_DEAD,
            Standing::Closed => PUFFS_DEV_CLOSED,
        },
        pds_requests: stat.requests,
    }
}
