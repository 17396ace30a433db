//! Advisory locks, as far as the server keeps them.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

use ::puffs_vfs::lock::{self, Range};
use puffs_core::Errno;
use puffs_core::msg::body::Head;

use super::call::{Port, puffs_vcall, run};
use super::cookie;
use super::object::puffs_vfs;

/// Flags of a lock: wait until it can be had.
pub const PUFFS_VLOCK_WAIT: u32 = 0x010;
/// Flags of a lock: one of flock(2), on the whole file.
pub const PUFFS_VLOCK_FLOCK: u32 = 0x020;
/// Flags of a lock: one of fcntl(2).
pub const PUFFS_VLOCK_POSIX: u32 = 0x040;

/// A lock on a range of a file.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct puffs_vlock {
    /// First byte.
    pvl_start: u64,
    /// Length; 0: to the end of the file, wherever that will be.
    pvl_len: u64,
    /// `F_RDLCK`, `F_WRLCK`, `F_UNLCK`, as the system's fcntl(2) has them.
    pvl_kind: u32,
    /// The process that holds it.
    pvl_pid: u32,
}

impl From<Range> for puffs_vlock {
    fn from(range: Range) -> Self {
        puffs_vlock {
            pvl_start: range.start,
            pvl_len: range.len,
            pvl_kind: range.kind,
            pvl_pid: range.pid,
        }
    }
}

impl From<puffs_vlock> for Range {
    fn from(lock: puffs_vlock) -> Self {
        Range {
            kind: lock.pvl_kind,
            start: lock.pvl_start,
            len: lock.pvl_len,
            pid: lock.pvl_pid,
        }
    }
}

/// Asks for a lock, sets it, or takes it away: `op` is the system's `F_GETLK`, `F_SETLK` or `F_UNLCK`, `flags` is made of `PUFFS_VLOCK_*`,
/// `owner` tells owners apart.
///
/// Returns 0, and with `F_GETLK` in `*lock` the lock that is in the way, of kind `F_UNLCK` when there is none; what the server says is not
/// looked into. `EAGAIN` when another's lock is in the way; `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header; `lock` is NULL or valid for reading and writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_advlock(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    owner: u64,
    op: u32,
    flags: u32,
    lock: *mut puffs_vlock,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        if lock.is_null() {
            return Err(Errno::Inval.into());
        }
        // SAFETY: by contract.
        let asked = unsafe { lock.read() };
        let cookie = self::cookie(cookie);
        let told = lock::advlock(port, head, cookie, owner, (op, flags), asked.into())?;
        // SAFETY: by contract.
        unsafe { lock.write(told.into()) };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}
