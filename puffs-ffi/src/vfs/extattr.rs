//! Extended attributes.

use core::ffi::{c_char, c_int, c_void};

use ::puffs_vfs::Failed;
use ::puffs_vfs::extattr::{self, Name, Value};
use puffs_core::Errno;
use puffs_core::msg::body::Head;

use super::call::{Port, puffs_vcall, run};
use super::object::puffs_vfs;
use super::{bytes, cookie};
use crate::sys::Plat;

/// The name of an attribute.
///
/// # Safety
/// `name` is null or valid for `len` bytes until the call returns.
unsafe fn name<'a>(namespace: u32, name: *const c_char, len: usize) -> Result<Name<'a>, Errno> {
    Ok(Name {
        namespace,
        // SAFETY: by contract.
        name: unsafe { bytes(name.cast(), len) }?,
    })
}

/// Runs an operation that brings a value: as much as there is room for, and its whole size.
///
/// # Safety
/// As [`run`]; `buf` is null or valid for writing `len` bytes, `size` and `done` are null or valid for writing.
unsafe fn bring(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    (buf, len): (*mut c_void, usize),
    (size, done): (*mut u64, *mut usize),
    operation: impl FnOnce(&Port<'_>, &Head) -> Result<Value<Plat>, Failed>,
) -> c_int {
    let whole = |port: &Port<'_>, head: &Head| {
        if size.is_null() || done.is_null() || (buf.is_null() && len != 0) {
            return Err(Errno::Inval.into());
        }
        let value = operation(port, head)?;
        // SAFETY: by contract; what came is no longer than what was asked for.
        unsafe {
            buf.cast::<u8>()
                .copy_from_nonoverlapping(value.data.as_ptr(), value.data.len);
            size.write(value.size);
            done.write(value.data.len);
        }
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, whole) }
}

/// Reads up to `len` bytes of an extended attribute into `buf`; with `len` 0, where `buf` may be NULL, its size only. `ns` is
/// `PUFFS_MSG_EXTATTR_USER` or `PUFFS_MSG_EXTATTR_SYSTEM`, the name is without a prefix for it.
///
/// Returns 0, in `*size` the size of the whole and in `*done` how many bytes came. `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header; `buf` is NULL or valid for writing `len` bytes, `size` and `done` NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_getextattr(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    ns: u32,
    name: *const c_char,
    namelen: usize,
    buf: *mut c_void,
    len: usize,
    size: *mut u64,
    done: *mut usize,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        bring(pv, call, (buf, len), (size, done), |port, head| {
            let name = self::name(ns, name, namelen)?;
            extattr::get(port, head, self::cookie(cookie), name, len)
        })
    }
}

/// Reads up to `len` bytes of the names of a node's extended attributes in one namespace, each ended by a NUL. When all of them came they are
/// whole, none of them empty or longer than `PUFFS_MSG_NAME_MAX`; otherwise they are cut off somewhere. The rest as
/// `puffs_vfs_getextattr`.
///
/// # Safety
/// As `puffs_vfs_getextattr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_listextattr(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    ns: u32,
    buf: *mut c_void,
    len: usize,
    size: *mut u64,
    done: *mut usize,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        bring(pv, call, (buf, len), (size, done), |port, head| {
            extattr::list(port, head, self::cookie(cookie), ns, len)
        })
    }
}

/// Sets an extended attribute to a value of `len` bytes, at most what a message holds (else `EINVAL`).
///
/// Returns 0 and in `*done`, unless that is NULL, how many bytes the server took. `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header; `value` is NULL or readable for `len` bytes, `done` NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_setextattr(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    ns: u32,
    name: *const c_char,
    namelen: usize,
    value: *const c_void,
    len: usize,
    done: *mut usize,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let (name, value) = unsafe {
            (
                self::name(ns, name, namelen)?,
                bytes(value.cast::<u8>(), len)?,
            )
        };
        let took = extattr::set(port, head, self::cookie(cookie), name, value)?;
        // SAFETY: by contract.
        unsafe { super::tell(done, took) };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Removes an extended attribute.
///
/// Returns 0; `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_deleteextattr(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    ns: u32,
    name: *const c_char,
    namelen: usize,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let name = unsafe { self::name(ns, name, namelen) }?;
        extattr::delete(port, head, self::cookie(cookie), name)
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}
