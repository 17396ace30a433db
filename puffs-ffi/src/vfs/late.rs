//! What an answer made whose caller had left: [`puffs_vfs_late`], for `pho_late`.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

use ::puffs_vfs::late::{self, Made};
use puffs_core::{Cookie, Errno};

use super::Out;
use super::lock::puffs_vlock;
use super::object::{puffs_vfs, vfs};
use crate::sys::finish;
use crate::sys::mount::puffs_late;

/// Nothing that anybody must release.
pub const PUFFS_VLATE_NOTHING: u32 = 0;
/// A node: its cookie came once more.
pub const PUFFS_VLATE_NODE: u32 = 1;
/// An open file.
pub const PUFFS_VLATE_OPEN: u32 = 2;
/// Something asked of a node's locks was done; when `pvt_op` is the system's `F_SETLK`, a lock was set.
pub const PUFFS_VLATE_LOCK: u32 = 3;

/// What a late answer made.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_vlate {
    /// `sizeof(struct puffs_vlate)`.
    pvt_size: usize,
    /// The node.
    pvt_cookie: *mut c_void,
    /// `PUFFS_VLATE_*`.
    pvt_made: u32,
    /// Of an open file: the mode it was opened with.
    pvt_mode: u32,
    /// Of a lock, as it was asked for with `puffs_vfs_advlock`: the owner.
    pvt_owner: u64,
    /// The operation.
    pvt_op: u32,
    /// `PUFFS_VLOCK_*`.
    pvt_flags: u32,
    /// The lock.
    pvt_lock: puffs_vlock,
}

/// Tells what a late answer made that the server would keep for ever, for `pho_late`, which gets `late`.
///
/// When it is a node that the kernel has, its count goes up by one; when the kernel has it not, a RECLAIM with a count of 1 is due
/// (`puffs_paid_reclaim_new`). An open file wants a CLOSE (`puffs_paid_close_new`), a lock that nobody has taken over meanwhile an ADVLOCK that takes it
/// away (`puffs_paid_unlock_new`). None of them waits, so all may be sent from `pho_late`; where there is no memory for it, the server keeps what
/// it made until the unmount.
///
/// Returns 0, `EINVAL` (NULL, no such size). Does not sleep, locks nothing.
///
/// # Safety
/// `pv` is NULL or from `puffs_vfs_new`; `late` is NULL or what `pho_late` was given; `what` is NULL or as large as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_late(
    pv: *const puffs_vfs,
    late: *const puffs_late,
    what: *mut puffs_vlate,
) -> c_int {
    let tell = || {
        // SAFETY: by contract.
        let (vfs, out, late) = unsafe {
            (
                vfs(pv)?,
                Out::new(what)?,
                late.as_ref().ok_or(Errno::Inval)?.parts(),
            )
        };
        let nothing = puffs_vlate {
            pvt_size: size_of::<puffs_vlate>(),
            pvt_cookie: core::ptr::null_mut(),
            pvt_made: PUFFS_VLATE_NOTHING,
            pvt_mode: 0,
            pvt_owner: 0,
            pvt_op: 0,
            pvt_flags: 0,
            pvt_lock: puffs_vlock::default(),
        };
        let about = |cookie: Cookie, made| puffs_vlate {
            pvt_cookie: cookie.0 as *mut c_void,
            pvt_made: made,
            ..nothing
        };
        out.give(&match late::made(&late, vfs.root) {
            None => nothing,
            Some(Made::Node(cookie)) => about(cookie, PUFFS_VLATE_NODE),
            Some(Made::Open(cookie, mode)) => puffs_vlate {
                pvt_mode: mode,
                ..about(cookie, PUFFS_VLATE_OPEN)
            },
            Some(Made::Lock(cookie, wanted)) => puffs_vlate {
                pvt_owner: wanted.owner,
                pvt_op: wanted.op,
                pvt_flags: wanted.flags,
                pvt_lock: wanted.range.into(),
                ..about(cookie, PUFFS_VLATE_LOCK)
            },
        });
        Ok(())
    };
    finish(tell())
}
