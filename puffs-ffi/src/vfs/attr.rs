//! Attributes, permission, and figures of the file system.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

use ::puffs_vfs::attr;
use ::puffs_vfs::nodes::VType;
use puffs_core::Errno;
use puffs_core::msg::body::Head;
use puffs_core::msg::body::Time;
pub use puffs_core::msg::body::{
    Attr as puffs_msg_attr, Statvfs as puffs_msg_statvfs, Time as puffs_msg_time,
};

use super::call::{Port, puffs_vcall, run};
use super::object::puffs_vfs;
use super::{Out, cookie};

/// Type of a node: a regular file.
pub const PUFFS_VT_REG: u32 = 1;
/// Type of a node: a directory.
pub const PUFFS_VT_DIR: u32 = 2;
/// Type of a node: a block device.
pub const PUFFS_VT_BLK: u32 = 3;
/// Type of a node: a character device.
pub const PUFFS_VT_CHR: u32 = 4;
/// Type of a node: a symbolic link.
pub const PUFFS_VT_LNK: u32 = 5;
/// Type of a node: a socket.
pub const PUFFS_VT_SOCK: u32 = 6;
/// Type of a node: a pipe.
pub const PUFFS_VT_FIFO: u32 = 7;

/// Permission to execute or search.
pub const PUFFS_VACCESS_EXEC: u32 = 1;
/// Permission to write.
pub const PUFFS_VACCESS_WRITE: u32 = 2;
/// Permission to read.
pub const PUFFS_VACCESS_READ: u32 = 4;

/// `vaflags` for `puffs_vfs_setattr`: the times were not given, they are now.
pub const PUFFS_VATTR_UTIMES_NULL: u32 = 1;

/// Attributes, and how long they hold.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_vattrs {
    /// `sizeof(struct puffs_vattrs)`.
    pvs_size: usize,
    /// The attributes.
    pvs_attr: puffs_msg_attr,
    /// How long they hold; zero: the server does not say.
    pvs_ttl: puffs_msg_time,
}

impl puffs_vattrs {
    fn of((attr, ttl): attr::Held) -> Self {
        puffs_vattrs {
            pvs_size: size_of::<Self>(),
            pvs_attr: tidy(attr),
            pvs_ttl: span(ttl),
        }
    }
}

/// A type of C's.
pub(super) fn vtype(vtype: u32) -> Result<VType, Errno> {
    VType::of_node(vtype).ok_or(Errno::Inval)
}

/// A point in time with nanoseconds that are some; one that is not given stays so.
fn point(time: Time) -> Time {
    match time {
        Time { sec: -1, nsec: -1 } => time,
        Time { sec, nsec } => Time {
            sec,
            nsec: nsec.clamp(0, 999_999_999),
        },
    }
}

/// A span of time, which is not negative.
pub(super) fn span(time: Time) -> Time {
    match time.sec {
        ..0 => Time::default(),
        _ => point(time),
    }
}

/// Attributes whose times are times.
pub(super) fn tidy(attr: puffs_msg_attr) -> puffs_msg_attr {
    puffs_msg_attr {
        atime: point(attr.atime),
        mtime: point(attr.mtime),
        ctime: point(attr.ctime),
        birthtime: point(attr.birthtime),
        ..attr
    }
}

/// Fills in attributes of which none is given, for `puffs_vfs_setattr`. NULL is ignored.
///
/// # Safety
/// `attr` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vattr_none(attr: *mut puffs_msg_attr) {
    // SAFETY: by contract.
    unsafe { super::tell(attr, puffs_msg_attr::NONE) };
}

/// Asks for a node's attributes.
///
/// Returns 0 and the attributes in `*got`, whose first field the caller has set; see the head of this header for what may
/// be in them. `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header; `got` is NULL or as large as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_getattr(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    got: *mut puffs_vattrs,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let out = unsafe { Out::new(got) }?;
        let held = attr::getattr(port, head, self::cookie(cookie))?;
        out.give(&puffs_vattrs::of(held));
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Changes those attributes of a node that are given in `attr` (`puffs_vattr_none`).
///
/// Returns 0 and in `*got`, unless that is NULL, the attributes as they are afterwards; `EOPNOTSUPP` when the server has no such
/// operation.
///
/// # Safety
/// As `puffs_vfs_getattr`; `attr` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_setattr(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    attr: *const puffs_msg_attr,
    got: *mut puffs_vattrs,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let (out, attr) = unsafe { (Out::wanted(got)?, attr.as_ref().ok_or(Errno::Inval)?) };
        let held = attr::setattr(port, head, self::cookie(cookie), attr)?;
        if let Some(out) = out {
            out.give(&puffs_vattrs::of(held));
        }
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Asks whether a node of this type may be used so; `mode` is made of `PUFFS_VACCESS_*`.
///
/// Returns 0 when it may, and where the server leaves that to the kernel; `EROFS` for writing to a file, directory or link of a server without
/// a write operation, which is not asked.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_access(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    vtype: u32,
    mode: u32,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        let vtype = self::vtype(vtype)?;
        attr::access(port, head, self::cookie(cookie), vtype, mode)
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Asks for the figures of the file system, in `*got`.
///
/// # Safety
/// See the head of the header; `got` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_statvfs(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    got: *mut puffs_msg_statvfs,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        if got.is_null() {
            return Err(Errno::Inval.into());
        }
        let figures = attr::statvfs(port, head)?;
        // SAFETY: by contract.
        unsafe { got.write(figures) };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}
