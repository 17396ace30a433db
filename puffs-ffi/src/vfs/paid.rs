//! Requests that are paid for in advance: RECLAIM with its node, CLOSE with its open, the end of a lock with the lock.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

use alloc::boxed::Box;

use ::puffs_vfs::lock::{Range, Wanted};
use ::puffs_vfs::{paid, who};
use puffs_core::{Errno, try_box};

use super::call::Port;
use super::cookie;
use super::lock::puffs_vlock;
use super::object::puffs_vfs;
use crate::sys::{Plat, finish};

/// A RECLAIM paid for: sending it cannot fail.
pub struct puffs_paid_reclaim {
    _opaque: (),
}

/// A CLOSE paid for: sending it cannot fail.
pub struct puffs_paid_close {
    _opaque: (),
}

/// An ADVLOCK paid for, which takes a lock away: sending it cannot fail.
pub struct puffs_paid_unlock {
    _opaque: (),
}

/// Gives C what was paid for; null where nothing is needed.
pub(super) fn boxed<T, O>(paid: Option<T>) -> Result<*mut O, Errno> {
    match paid {
        Some(paid) => Ok(Box::into_raw(try_box(paid)?).cast()),
        None => Ok(core::ptr::null_mut()),
    }
}

/// Takes it back.
///
/// # Safety
/// Null, or from [`boxed`] with the same `T`, and given up.
pub(super) unsafe fn unboxed<T, O>(paid: *mut O) -> Option<T> {
    if paid.is_null() {
        return None;
    }
    // SAFETY: by contract.
    Some(*unsafe { Box::from_raw(paid.cast::<T>()) })
}

/// Pays for a RECLAIM.
pub(super) fn pay_reclaim(port: &Port<'_>) -> Result<*mut puffs_paid_reclaim, Errno> {
    boxed(paid::Reclaim::<Plat>::pay(port, &port.mount)?)
}

/// Pays for a CLOSE.
pub(super) fn pay_close(port: &Port<'_>) -> Result<*mut puffs_paid_close, Errno> {
    boxed(paid::Close::<Plat>::pay(port, &port.mount)?)
}

/// Pays for a RECLAIM, where a node's own one is missing: for the node of a late answer.
///
/// Returns 0 and the request in `*paid`, which is NULL where the server has no such operation; `EINVAL` (NULL), `ENOMEM`. Does not
/// sleep for the server.
///
/// # Safety
/// `pv` is NULL or from `puffs_vfs_new`; `paid` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_paid_reclaim_new(
    pv: *mut puffs_vfs,
    paid: *mut *mut puffs_paid_reclaim,
) -> c_int {
    if paid.is_null() {
        return finish(Err(Errno::Inval));
    }
    // SAFETY: by contract.
    let made = unsafe { Port::kernel(pv) }.and_then(|port| pay_reclaim(&port));
    // SAFETY: by contract.
    finish(made.map(|made| unsafe { paid.write(made) }))
}

/// The same for a CLOSE.
///
/// # Safety
/// As `puffs_paid_reclaim_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_paid_close_new(
    pv: *mut puffs_vfs,
    paid: *mut *mut puffs_paid_close,
) -> c_int {
    if paid.is_null() {
        return finish(Err(Errno::Inval));
    }
    // SAFETY: by contract.
    let made = unsafe { Port::kernel(pv) }.and_then(|port| pay_close(&port));
    // SAFETY: by contract.
    finish(made.map(|made| unsafe { paid.write(made) }))
}

/// The same for the end of a lock, to be paid for before the lock is asked for.
///
/// # Safety
/// As `puffs_paid_reclaim_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_paid_unlock_new(
    pv: *mut puffs_vfs,
    paid: *mut *mut puffs_paid_unlock,
) -> c_int {
    if paid.is_null() {
        return finish(Err(Errno::Inval));
    }
    // SAFETY: by contract.
    let made = unsafe { Port::kernel(pv) }
        .and_then(|port| boxed(paid::Unlock::<Plat>::pay(&port, &port.mount)?));
    // SAFETY: by contract.
    finish(made.map(|made| unsafe { paid.write(made) }))
}

/// Frees a RECLAIM that is not needed. NULL is ignored. Does not sleep; to be called without spinning locks.
///
/// # Safety
/// `paid` is NULL or a paid RECLAIM that is given up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_paid_reclaim_free(paid: *mut puffs_paid_reclaim) {
    // SAFETY: by contract.
    drop(unsafe { unboxed::<paid::Reclaim<Plat>, _>(paid) });
}

/// The same for a CLOSE.
///
/// # Safety
/// As `puffs_paid_reclaim_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_paid_close_free(paid: *mut puffs_paid_close) {
    // SAFETY: by contract.
    drop(unsafe { unboxed::<paid::Close<Plat>, _>(paid) });
}

/// The same for the end of a lock.
///
/// # Safety
/// As `puffs_paid_reclaim_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_paid_unlock_free(paid: *mut puffs_paid_unlock) {
    // SAFETY: by contract.
    drop(unsafe { unboxed::<paid::Unlock<Plat>, _>(paid) });
}

/// Tells the server that the kernel has forgotten a node, whose cookie came `nlookup` times (see the head of this header); never the root.
/// `paid` is the node's own request, which is consumed; NULL does nothing, as where the server has no such operation. Cannot fail, never waits,
/// allocates nothing: it may be called from memory reclaim. On a dead mount there is nobody to tell. To be called without spinning locks.
///
/// # Safety
/// `paid` is NULL or a paid RECLAIM that is given up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_reclaim(
    paid: *mut puffs_paid_reclaim,
    cookie: *mut c_void,
    nlookup: u32,
) {
    // SAFETY: by contract.
    if let Some(paid) = unsafe { unboxed::<paid::Reclaim<Plat>, _>(paid) } {
        paid.send(&who::kernel(), super::cookie(cookie), nlookup);
    }
}

/// Closes what `puffs_vfs_open` opened, with the same `mode`; with `inactive` not 0 the server runs its inactive operation after it, since this was
/// the node's last use. `paid` is the open's own request, which is consumed; NULL does nothing, as where the server has neither
/// operation. Cannot fail, never waits, allocates nothing; it is queued behind what was sent before it. On a dead mount
/// there is nobody to tell. To be called without spinning locks.
///
/// # Safety
/// `pv` is NULL or from `puffs_vfs_new`; `paid` is NULL or a paid CLOSE of this mount that is given up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_close(
    pv: *mut puffs_vfs,
    paid: *mut puffs_paid_close,
    cookie: *mut c_void,
    mode: u32,
    inactive: c_int,
) {
    // SAFETY: by contract.
    let (paid, port) = unsafe { (unboxed::<paid::Close<Plat>, _>(paid), Port::kernel(pv)) };
    if let (Some(paid), Ok(port)) = (paid, port) {
        let node = self::cookie(cookie);
        paid.send(&port, &who::kernel(), node, mode, inactive != 0);
    }
}

/// Takes a lock of `owner`'s away, whose kind in `*lock` is the system's `F_UNLCK`; `flags` is `PUFFS_VLOCK_FLOCK` or `PUFFS_VLOCK_POSIX`. `paid` is consumed;
/// NULL does nothing, as where the server has no such operation. Cannot fail, never waits, allocates nothing; it is queued behind what was
/// sent before it, and nobody hears what the server says. On a dead mount there is nobody to tell. To be called without spinning locks.
///
/// # Safety
/// `paid` is NULL or a paid ADVLOCK that is given up; `lock` is NULL, which is nothing to send, or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_unlock(
    paid: *mut puffs_paid_unlock,
    cookie: *mut c_void,
    owner: u64,
    flags: u32,
    lock: *const puffs_vlock,
) {
    // SAFETY: by contract.
    let (paid, lock) = unsafe { (unboxed::<paid::Unlock<Plat>, _>(paid), lock.as_ref()) };
    if let (Some(paid), Some(lock)) = (paid, lock) {
        let range = Range::from(*lock);
        let wanted = Wanted {
            owner,
            op: range.kind,
            flags,
            range,
        };
        paid.send(&who::kernel(), super::cookie(cookie), &wanted);
    }
}
