//! Permission rules. Each function returns 0 when it is allowed, else an errno value; `EINVAL` without credentials.

use core::ffi::c_int;

use libc::{gid_t, mode_t, uid_t};
use puffs_user::access::{self, Owner};
use puffs_user::cred::Cred;
use puffs_user::vtype::Vtype;

/// May all of `acc_mode` (`PUFFS_VREAD`, `PUFFS_VWRITE`, `PUFFS_VEXEC`) be done to a node of this type, mode, owner and
/// group? Exactly one class of bits counts: the owner's, else the group's, else the others'. User 0 may all but execute a
/// file that nobody may execute; the kernel and the file system may all.
///
/// # Safety
/// `pcr` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_access(
    type_: Vtype,
    file_mode: mode_t,
    owner: uid_t,
    group: gid_t,
    acc_mode: mode_t,
    pcr: *const Cred,
) -> c_int {
    let owner = Owner {
        uid: owner,
        gid: group,
        mode: file_mode,
    };
    // SAFETY: by contract.
    unsafe { pcr.as_ref() }.map_or(libc::EINVAL, |cred| {
        access::access(type_, owner, acc_mode, cred)
    })
}

/// May the node be given to this user and group? `PUFFS_VNOVAL` leaves one as it is. Only the owner may, may not give it
/// away, and must be in the new group; else `EPERM`.
///
/// # Safety
/// `pcr` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_access_chown(
    owner: uid_t,
    group: gid_t,
    newowner: uid_t,
    newgroup: gid_t,
    pcr: *const Cred,
) -> c_int {
    let owner = Owner {
        uid: owner,
        gid: group,
        mode: 0,
    };
    // SAFETY: by contract.
    unsafe { pcr.as_ref() }.map_or(libc::EINVAL, |cred| {
        access::chown(owner, newowner, newgroup, cred)
    })
}

/// May these permission bits be set? Only the owner may (`EPERM`); the sticky bit only on a directory (`EINVAL`); set-group-id
/// only for a group of his (`EPERM`).
///
/// # Safety
/// `pcr` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_access_chmod(
    owner: uid_t,
    group: gid_t,
    type_: Vtype,
    mode: mode_t,
    pcr: *const Cred,
) -> c_int {
    let owner = Owner {
        uid: owner,
        gid: group,
        mode: 0,
    };
    // SAFETY: by contract.
    unsafe { pcr.as_ref() }.map_or(libc::EINVAL, |cred| access::chmod(owner, type_, mode, cred))
}

/// May the times be set? The owner may (else `EPERM`); with `va_utimes_null`, that is to now, write permission is enough.
///
/// # Safety
/// `pcr` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_access_times(
    owner: uid_t,
    group: gid_t,
    file_mode: mode_t,
    va_utimes_null: c_int,
    pcr: *const Cred,
) -> c_int {
    let owner = Owner {
        uid: owner,
        gid: group,
        mode: file_mode,
    };
    // SAFETY: by contract.
    unsafe { pcr.as_ref() }.map_or(libc::EINVAL, |cred| {
        access::times(owner, va_utimes_null != 0, cred)
    })
}
