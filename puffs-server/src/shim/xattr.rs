//! Extended attributes.

use core::ffi::{c_char, c_int};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::{ptr, slice};

use puffs_core::msg::body::{NAME_MAX, extattr};
use puffs_user::c::puffs_cookie_t;
use puffs_user::cred::Cred;
use puffs_user::usermount::Usermount;

use super::{Op, complain, errno, text};
use crate::errno::Errno;
use crate::flags::Namespace;
use crate::server::Server;

fn namespace(ns: c_int) -> Result<Namespace, Errno> {
    match u32::try_from(ns) {
        Ok(extattr::USER) => Ok(Namespace::User),
        Ok(extattr::SYSTEM) => Ok(Namespace::System),
        _ => Err(Errno::OPNOTSUPP),
    }
}

/// Gives the size, where that is wanted, and the bytes, where there is a buffer.
///
/// # Safety
/// The pointers are NULL or valid; `data` has room for `*resid` bytes.
unsafe fn give(
    bytes: &[u8],
    size: *mut usize,
    data: *mut u8,
    resid: *mut usize,
) -> Result<(), Errno> {
    // SAFETY: by contract.
    unsafe {
        if let Some(size) = size.as_mut() {
            *size = bytes.len();
        }
        if let (false, Some(resid)) = (data.is_null(), resid.as_mut()) {
            *resid = resid.checked_sub(bytes.len()).ok_or(Errno::RANGE)?;
            ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len());
        }
    }
    Ok(())
}

#[allow(clippy::too_many_arguments)] // The C type has them.
pub(crate) unsafe extern "C" fn get<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    ns: c_int,
    name: *const c_char,
    size: *mut usize,
    data: *mut u8,
    resid: *mut usize,
    _: *const Cred,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context and arguments.
    let (op, name) = unsafe { (Op::<S>::new(pu, "getxattr"), text(name)) };
    errno((|| {
        let ns = namespace(ns)?;
        let value = op.call([cookie], |server, req, [node]| {
            server.getxattr(req, node, ns, name)
        })?;
        // SAFETY: as above.
        unsafe { give(&value, size, data, resid) }
    })())
}

/// The names one behind the other, each with a NUL behind it or its length before it.
fn packed(names: &[OsString], with_length: bool) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    for name in names.iter().map(|name| name.as_bytes()) {
        if name.is_empty() || name.len() > NAME_MAX || name.contains(&0) {
            complain(format_args!("listxattr: a name that cannot be one"));
            return Err(Errno::IO);
        }
        if with_length {
            // At most 255.
            bytes.push(name.len() as u8);
        }
        bytes.extend_from_slice(name);
        if !with_length {
            bytes.push(0);
        }
    }
    Ok(bytes)
}

#[allow(clippy::too_many_arguments)] // The C type has them.
pub(crate) unsafe extern "C" fn list<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    ns: c_int,
    size: *mut usize,
    data: *mut u8,
    resid: *mut usize,
    flag: c_int,
    _: *const Cred,
) -> c_int {
    // SAFETY: as above.
    let op = unsafe { Op::<S>::new(pu, "listxattr") };
    errno((|| {
        let ns = namespace(ns)?;
        let names = op.call([cookie], |server, req, [node]| {
            server.listxattr(req, node, ns)
        })?;
        // The dispatcher's flag is 1, as PUFFS_EXTATTR_LIST_LENPREFIX.
        let bytes = packed(&names, flag & 1 != 0)?;
        // SAFETY: as above.
        unsafe { give(&bytes, size, data, resid) }
    })())
}

#[allow(clippy::too_many_arguments)] // The C type has them.
pub(crate) unsafe extern "C" fn set<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    ns: c_int,
    name: *const c_char,
    data: *mut u8,
    resid: *mut usize,
    _: *const Cred,
) -> c_int {
    // SAFETY: as above; a value has `*resid` bytes, none is NULL.
    let (op, name, resid) = unsafe { (Op::<S>::new(pu, "setxattr"), text(name), resid.as_mut()) };
    errno((|| {
        let ns = namespace(ns)?;
        let value = match &resid {
            Some(len) if !data.is_null() => {
                // SAFETY: as above.
                unsafe { slice::from_raw_parts(data, **len) }
            }
            _ => &[],
        };
        op.call([cookie], |server, req, [node]| {
            server.setxattr(req, node, ns, name, value)
        })?;
        if let Some(left) = resid {
            *left = 0;
        }
        Ok(())
    })())
}

pub(crate) unsafe extern "C" fn delete<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    ns: c_int,
    name: *const c_char,
    _: *const Cred,
) -> c_int {
    // SAFETY: as above.
    let (op, name) = unsafe { (Op::<S>::new(pu, "removexattr"), text(name)) };
    errno((|| {
        let ns = namespace(ns)?;
        op.call([cookie], |server, req, [node]| {
            server.removexattr(req, node, ns, name)
        })
    })())
}
