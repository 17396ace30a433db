//! `sysctl`, over a small tree that can be read.

use core::ffi::{c_int, c_uint, c_void};

use puffs_user::compat::sysctl::{
    self, Answer, CTL_MAXNAME, CTL_QUERY, SYSCTL_VERS_MASK, SYSCTL_VERSION, sysctlnode,
};

use crate::user::{fail, finish};

/// `sysctl`: the value of a variable, or the nodes below a node when the last number is `CTL_QUERY`. Without `old` only the length
/// is told.
///
/// Returns 0, or -1 with `errno` set: `EPERM` when something is to be changed, `ENOMEM` when there is too little room, of which as much is
/// filled as there is, `EINVAL`, `ENOENT`, `EISDIR`, `ENOTDIR`.
///
/// # Safety
/// `name` has so many numbers; the others are null, or valid as sysctl(3) says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_sysctl(
    name: *const c_int,
    namelen: c_uint,
    old: *mut c_void,
    oldlen: *mut usize,
    new: *const c_void,
    newlen: usize,
) -> c_int {
    if name.is_null() || namelen as usize > CTL_MAXNAME {
        return fail(libc::EINVAL);
    }
    // SAFETY: by contract.
    let name = unsafe { core::slice::from_raw_parts(name, namelen as usize) };
    if !new.is_null() {
        if name.last() != Some(&CTL_QUERY) {
            return fail(libc::EPERM);
        }
        // Who asks for nodes may say which version of them.
        // SAFETY: by contract; it begins with the flags.
        let known = newlen == size_of::<sysctlnode>()
            && unsafe { new.cast::<u32>().read_unaligned() } & SYSCTL_VERS_MASK == SYSCTL_VERSION;
        if !known {
            return fail(libc::EINVAL);
        }
    }
    // SAFETY: by contract.
    let result = sysctl::ask(name).and_then(|answer| unsafe {
        match &answer {
            Answer::Nodes(nodes) => {
                give(nodes.as_ptr().cast(), size_of_val(&nodes[..]), old, oldlen)
            }
            Answer::Value(value) => give(value.as_ptr(), value.len(), old, oldlen),
        }
    });
    finish(result)
}

/// # Safety
/// There are so many bytes; `old` is null or has the room that `oldlen` says.
unsafe fn give(
    bytes: *const u8,
    length: usize,
    old: *mut c_void,
    oldlen: *mut usize,
) -> Result<(), c_int> {
    // SAFETY: by contract.
    let Some(oldlen) = (unsafe { oldlen.as_mut() }) else {
        return if old.is_null() {
            Ok(())
        } else {
            Err(libc::EINVAL)
        };
    };
    let room = std::mem::replace(oldlen, length);
    if old.is_null() {
        return Ok(());
    }
    // SAFETY: by contract.
    unsafe { old.cast::<u8>().copy_from(bytes, length.min(room)) };
    if room < length {
        Err(libc::ENOMEM)
    } else {
        Ok(())
    }
}
