//! File handles, limits, a word about a node, and the store of extended attributes.

use core::ffi::{c_char, c_int, c_void};

use ::puffs_vfs::Caller;
use ::puffs_vfs::control::{self, Extattrctl};
use ::puffs_vfs::handle;
use puffs_core::Errno;
use puffs_core::msg::body::Head;

use super::call::{Port, puffs_vcall, run};
use super::names::{bring, puffs_vfound};
use super::object::puffs_vfs;
use super::{bytes, cookie};

/// Gives a handle of a node, for `puffs_vfs_fhtonode` later, also when the kernel has forgotten the node.
///
/// Returns 0 and its length in `*len`, at most `PUFFS_MSG_HANDLE_MAX`; `E2BIG` and the length that it takes in `*len` when that is more than
/// `size`, which is the one thing that is written when a call fails. `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header; `buf` is NULL or valid for writing `size` bytes, `len` NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_nodetofh(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    buf: *mut c_void,
    size: usize,
    len: *mut usize,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        if len.is_null() || (buf.is_null() && size > 0) {
            return Err(Errno::Inval.into());
        }
        let data = handle::nodetofh(port, head, self::cookie(cookie))?;
        // SAFETY: by contract.
        unsafe { len.write(data.len) };
        if data.len > size {
            return Err(Errno::TooBig.into());
        }
        // SAFETY: by contract, and it fits.
        unsafe {
            buf.cast::<u8>()
                .copy_from_nonoverlapping(data.as_ptr(), data.len);
        }
        port.recycle(data.body);
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Finds the node of a handle that `puffs_vfs_nodetofh` gave. The cookie has not come once more by this: a node that the kernel has keeps its
/// counter, and a new inode begins with a counter of 0. `pvf_attr` is never there. So nothing keeps the node until there is an inode: a reclaim of it that was
/// sent since the call began may have ended it, and the server is to be asked again.
///
/// Returns 0 and the node in `*found`, whose first and last field the caller has set; the server's `ESTALE` or `ENOENT` when there is no such node any
/// more. `EINVAL` for a handle that is empty or longer than `PUFFS_MSG_HANDLE_MAX`. `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header; `fid` is NULL or valid for reading `size` bytes; `found` is NULL or as large as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_fhtonode(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    fid: *const c_void,
    size: usize,
    found: *mut puffs_vfound,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        bring(pv, call, found, |port, head| {
            handle::fhtonode(port, head, bytes(fid.cast(), size)?)
        })
    }
}

/// Asks for a limit of a file: `name` is one of the system's `_PC_*`.
///
/// Returns 0 and the value in `*value`; `EINVAL` when the server does not know it. `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header; `value` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_pathconf(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    name: c_int,
    value: *mut i64,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        if value.is_null() {
            return Err(Errno::Inval.into());
        }
        let told = control::pathconf(port, head, self::cookie(cookie), name as u32)?;
        // SAFETY: by contract.
        unsafe { value.write(told) };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Has the server print what it knows of a node, wherever it prints.
///
/// Returns 0, also when the server has no such operation.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_print(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| control::print(port, head, self::cookie(cookie));
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Controls the store of extended attributes: `cmd` is the system's and the server's business, `has_node` says whether `cookie` is a node, `ns` is a
/// namespace, and a `name` of NULL is none.
///
/// Returns 0; `EOPNOTSUPP` when the server has no such operation. `EINVAL` for a name that is none or longer than `PUFFS_MSG_NAME_MAX`.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_extattrctl(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cmd: c_int,
    cookie: *mut c_void,
    has_node: c_int,
    ns: u32,
    name: *const c_char,
    namelen: usize,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        let name = match name.is_null() {
            true => None,
            // SAFETY: by contract.
            false => Some(unsafe { bytes(name.cast(), namelen) }?),
        };
        let ctl = Extattrctl {
            cmd: cmd as u32,
            node: (has_node != 0).then(|| self::cookie(cookie)),
            ns,
            name,
        };
        control::extattrctl(port, head, ctl)
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}
