//! Open files: open, read, write, fsync, seek, mmap; and symbolic links. (Close is with what is paid for.)

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_char, c_int, c_void};

use ::puffs_vfs::{Caller, file};
use puffs_core::msg::body::Head;
use puffs_core::{Buf, Errno};

use super::attr::vtype;
use super::call::{Port, puffs_vcall, run};
use super::object::puffs_vfs;
use super::paid::{pay_close, puffs_paid_close, puffs_paid_close_free};
use super::{Out, cookie, tell};
use crate::sys::Plat;

/// Mode of an open: for reading. The other bits are those of the system's own open(2).
pub const PUFFS_VOPEN_READ: u32 = 1;
/// Mode of an open: for writing.
pub const PUFFS_VOPEN_WRITE: u32 = 2;
/// `pvo_oflags`: reads and writes pass the page cache by.
pub const PUFFS_VOPEN_DIRECT: u32 = 1;

/// `ioflag`: write at the end of the file.
pub const PUFFS_VIO_APPEND: u32 = 0x020;
/// `ioflag`: do not wait.
pub const PUFFS_VIO_NDELAY: u32 = 0x100;

/// `puffs_vfs_fsync`: wait until it is done.
pub const PUFFS_VFSYNC_WAIT: u32 = 1;
/// `puffs_vfs_fsync`: the data only.
pub const PUFFS_VFSYNC_DATAONLY: u32 = 2;
/// `puffs_vfs_fsync`: there is no hurry.
pub const PUFFS_VFSYNC_LAZY: u32 = 8;

/// `puffs_vfs_mmap`: the mapping is read.
pub const PUFFS_VPROT_READ: u32 = 1;
/// `puffs_vfs_mmap`: it is written.
pub const PUFFS_VPROT_WRITE: u32 = 2;
/// `puffs_vfs_mmap`: it is executed.
pub const PUFFS_VPROT_EXEC: u32 = 4;

/// An open file.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_vopened {
    /// `sizeof(struct puffs_vopened)`.
    pvo_size: usize,
    /// `PUFFS_VOPEN_DIRECT`, until the node is inactive.
    pvo_oflags: u32,
    /// The server's side notes, `PUFFS_SETBACK_*`.
    pvo_setback: u32,
    /// The CLOSE that the open will end with (`puffs_vfs_close`); NULL where the server needs none.
    pvo_close: *mut puffs_paid_close,
}

/// Opens a node of this type. `mode` is made of `PUFFS_VOPEN_READ` and `PUFFS_VOPEN_WRITE`, and of open(2)'s flags beside
/// them, less what the system keeps there for itself.
///
/// Returns 0 and the open file in `*opened`, whose first field the caller has set; `EROFS` when a regular file is to be written and the server cannot.
/// A server without an open operation is not asked.
///
/// # Safety
/// See the head of the header; `opened` is NULL or as large as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_open(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    vtype: u32,
    mode: u32,
    opened: *mut puffs_vopened,
) -> c_int {
    /// Freed unless C gets it.
    struct Close(*mut puffs_paid_close);

    impl Drop for Close {
        fn drop(&mut self) {
            // SAFETY: null, or made below, and C has not seen it.
            unsafe { puffs_paid_close_free(self.0) };
        }
    }

    let operation = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let out = unsafe { Out::new(opened) }?;
        let vtype = self::vtype(vtype)?;
        let mut close = Close(pay_close(port)?);
        let said = file::open(port, head, self::cookie(cookie), vtype, mode)?;
        out.give(&puffs_vopened {
            pvo_size: size_of::<puffs_vopened>(),
            pvo_oflags: said.oflags,
            pvo_setback: said.setback,
            pvo_close: core::mem::replace(&mut close.0, core::ptr::null_mut()),
        });
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Reads up to `len` bytes at `offset` into `buf`, but at most `puffs_vfs_maxdata`. `ioflag` is made of `PUFFS_VIO_*`.
///
/// Returns 0 and in `*done` how many came, which are fewer only at the end of the file; behind them `buf` stays as it was. `EOPNOTSUPP` when
/// the server has no such operation.
///
/// # Safety
/// See the head of the header; `buf` is NULL or valid for writing `len` bytes, `done` NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_read(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    offset: u64,
    buf: *mut c_void,
    len: usize,
    ioflag: u32,
    done: *mut usize,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        if done.is_null() || (buf.is_null() && len != 0) {
            return Err(Errno::Inval.into());
        }
        let data = file::read(port, head, self::cookie(cookie), offset, len, ioflag)?;
        // SAFETY: by contract; what came is no longer than what was asked for.
        unsafe {
            buf.cast::<u8>()
                .copy_from_nonoverlapping(data.as_ptr(), data.len);
            done.write(data.len);
        }
        port.recycle(data.body);
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Writes up to `len` bytes of `buf` at `offset`, but at most `puffs_vfs_maxdata`.
///
/// Returns 0 and in `*done` how many the server took; a server takes all, or says why not, so fewer are an error to whoever sees
/// that. `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header; `buf` is NULL or readable for `len` bytes, `done` NULL or valid for writing. The bytes may change meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_write(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    offset: u64,
    buf: *const c_void,
    len: usize,
    ioflag: u32,
    done: *mut usize,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        if done.is_null() || (buf.is_null() && len != 0) {
            return Err(Errno::Inval.into());
        }
        let len = len.min(file::most(port.max()));
        // SAFETY: by contract.
        let body = unsafe { body_of(port, buf, len) }?;
        let took = file::write(
            port,
            head,
            self::cookie(cookie),
            offset,
            (body, len),
            ioflag,
        )?;
        // SAFETY: by contract.
        unsafe { done.write(took) };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// A write's message but for its head.
///
/// # Safety
/// `buf` is readable for `len` bytes, when there are any.
unsafe fn body_of(port: &Port<'_>, buf: *const c_void, len: usize) -> Result<Buf<Plat>, Errno> {
    let mut body = port.buffer(file::WRITE_HEAD + len)?;
    if let Some(data) = body.get_mut(file::WRITE_HEAD..) {
        // SAFETY: by contract, for no more than fits. C's bytes may change meanwhile, so no reference is made to them.
        unsafe {
            data.as_mut_ptr()
                .copy_from_nonoverlapping(buf.cast(), len.min(data.len()));
        }
    }
    Ok(body)
}

/// Makes safe what was written to a range; `hi` 0 means the end of the file. `flags` is made of `PUFFS_VFSYNC_*`.
///
/// Returns 0, also where the server has no such operation.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_fsync(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    flags: u32,
    lo: u64,
    hi: u64,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        file::fsync(port, head, self::cookie(cookie), flags, (lo, hi))
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Asks whether an open file may go from one offset to another.
///
/// Returns 0, also where the server has no such operation; the server's error where nobody may go anywhere.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_seek(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    from: u64,
    to: u64,
) -> c_int {
    let operation =
        |port: &Port<'_>, head: &Head| file::seek(port, head, self::cookie(cookie), (from, to));
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Says that a node will be mapped with this protection, `PUFFS_VPROT_*`.
///
/// Returns 0, also where the server has no such operation, and its side notes in `*setback`, unless that is NULL.
///
/// # Safety
/// See the head of the header; `setback` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_mmap(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    prot: u32,
    setback: *mut u32,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        let notes = file::mmap(port, head, self::cookie(cookie), prot)?;
        // SAFETY: by contract.
        unsafe { tell(setback, notes) };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Reads where a symbolic link leads, into `buf`, without a NUL behind it. There is none in it either, and it is not empty.
///
/// Returns 0 and its length in `*len`, at most `PUFFS_MSG_TARGET_MAX`; `E2BIG` when it is longer than `size`. `EOPNOTSUPP` when the server has
/// no such operation.
///
/// # Safety
/// See the head of the header; `buf` is NULL or valid for writing `size` bytes, `len` NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_readlink(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    buf: *mut c_char,
    size: usize,
    len: *mut usize,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        if buf.is_null() || len.is_null() {
            return Err(Errno::Inval.into());
        }
        let data = file::readlink(port, head, self::cookie(cookie))?;
        if data.len > size {
            return Err(Errno::TooBig.into());
        }
        // SAFETY: by contract, and it fits.
        unsafe {
            buf.cast::<u8>()
                .copy_from_nonoverlapping(data.as_ptr(), data.len);
            len.write(data.len);
        }
        port.recycle(data.body);
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}
