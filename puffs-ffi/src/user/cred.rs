//! Credentials.

use core::ffi::{c_int, c_short};

use libc::{gid_t, uid_t};
use puffs_user::cred::Cred;

use super::fail;

/// Puts an id in place, or fails: `EOPNOTSUPP` where there is none, `EINVAL` for null pointers.
///
/// # Safety
/// `pcr` is null or valid; `out` is null or valid for writing.
unsafe fn id(pcr: *const Cred, out: *mut u32, id: fn(&Cred) -> Option<u32>) -> c_int {
    // SAFETY: by contract.
    let (Some(cred), Some(out)) = (unsafe { (pcr.as_ref(), out.as_mut()) }) else {
        return fail(libc::EINVAL);
    };
    let Some(id) = id(cred) else {
        return fail(libc::EOPNOTSUPP);
    };
    *out = id;
    0
}

/// Asks `question` of credentials; of nobody it is false.
///
/// # Safety
/// `pcr` is null or valid.
unsafe fn is(pcr: *const Cred, question: impl FnOnce(&Cred) -> bool) -> bool {
    // SAFETY: by contract.
    unsafe { pcr.as_ref() }.is_some_and(question)
}

/// Gives the user.
///
/// Returns 0, or -1 with `errno` set: `EOPNOTSUPP` when it is the kernel or the file system.
///
/// # Safety
/// `pcr` is null or the operation's own; `uid` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cred_getuid(pcr: *const Cred, uid: *mut uid_t) -> c_int {
    // SAFETY: by contract.
    unsafe { id(pcr, uid, Cred::uid) }
}

/// Gives the primary group.
///
/// Returns 0, or -1 with `errno` set: `EOPNOTSUPP` when it is the kernel or the file system.
///
/// # Safety
/// `pcr` is null or the operation's own; `gid` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cred_getgid(pcr: *const Cred, gid: *mut gid_t) -> c_int {
    // SAFETY: by contract.
    unsafe { id(pcr, gid, Cred::gid) }
}

/// Gives the supplementary groups. `*ngids` is the room in `gids`, and on return how many were put there; 0 on error.
///
/// Returns 0, or -1 with `errno` set: `EOPNOTSUPP` when it is the kernel or the file system.
///
/// # Safety
/// `pcr` is null or the operation's own; `gids` has room as said; `ngids` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cred_getgroups(
    pcr: *const Cred,
    gids: *mut gid_t,
    ngids: *mut c_short,
) -> c_int {
    // SAFETY: by contract.
    let (cred, Some(ngids)) = (unsafe { (pcr.as_ref(), ngids.as_mut()) }) else {
        return fail(libc::EINVAL);
    };
    let room = usize::try_from(core::mem::take(ngids)).unwrap_or(0);
    let Some(cred) = cred else {
        return fail(libc::EINVAL);
    };
    let Some(groups) = cred.groups() else {
        return fail(libc::EOPNOTSUPP);
    };
    let count = groups.len().min(room);
    if count > 0 {
        if gids.is_null() {
            return fail(libc::EINVAL);
        }
        // SAFETY: by contract there is room for `count` of them.
        unsafe { core::ptr::copy_nonoverlapping(groups.as_ptr(), gids, count) };
    }
    // At most 16.
    *ngids = count as c_short;
    0
}

/// Whether it is this user; false for the kernel and the file system.
///
/// # Safety
/// `pcr` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cred_isuid(pcr: *const Cred, uid: uid_t) -> bool {
    // SAFETY: by contract.
    unsafe { is(pcr, |cred| cred.is_uid(uid)) }
}

/// Whether this is its primary group or another of its groups; false for the kernel and the file system.
///
/// # Safety
/// `pcr` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cred_hasgroup(pcr: *const Cred, gid: gid_t) -> bool {
    // SAFETY: by contract.
    unsafe { is(pcr, |cred| cred.has_group(gid)) }
}

/// Whether it is a user.
///
/// # Safety
/// `pcr` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cred_isregular(pcr: *const Cred) -> bool {
    // SAFETY: by contract.
    unsafe { is(pcr, Cred::is_regular) }
}

/// Whether it is the kernel itself, without credentials.
///
/// # Safety
/// `pcr` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cred_iskernel(pcr: *const Cred) -> bool {
    // SAFETY: by contract.
    unsafe { is(pcr, Cred::is_kernel) }
}

/// Whether it is the file system's own work, such as write-back.
///
/// # Safety
/// `pcr` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cred_isfs(pcr: *const Cred) -> bool {
    // SAFETY: by contract.
    unsafe { is(pcr, Cred::is_fs) }
}

/// Whether nothing is forbidden to it: user 0, the kernel, the file system.
///
/// # Safety
/// `pcr` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cred_isjuggernaut(pcr: *const Cred) -> bool {
    // SAFETY: by contract.
    unsafe { is(pcr, Cred::is_juggernaut) }
}
