//! Reading directories: a call brings a list of names, which the kernel keeps and walks.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_char, c_int, c_void};

use alloc::boxed::Box;

use ::puffs_vfs::dir::{self, Listing};
use puffs_core::msg::body::Head;
use puffs_core::{Errno, try_box};

use super::call::{Port, puffs_vcall, run};
use super::object::puffs_vfs;
use super::{Out, cookie};
use crate::sys::{Plat, finish};

/// Some names of a directory, checked.
pub struct puffs_vlisting {
    _opaque: (),
}

/// A part of a directory.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_vdir {
    /// `sizeof(struct puffs_vdir)`.
    pvd_size: usize,
    /// The names: the caller's, until `puffs_vlisting_free`.
    pvd_list: *mut puffs_vlisting,
    /// Where the next call starts.
    pvd_offset: u64,
    /// 1 when nothing follows: at the end, and when nothing came.
    pvd_eof: u32,
    /// Zero.
    pvd_reserved: u32,
}

/// One name of a directory.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_vdirent {
    /// Inode number, not 0.
    pvn_fileno: u64,
    /// The name, not ended by a NUL: one component. Stays as long as the list.
    pvn_name: *const c_char,
    /// Its length, 1 to `PUFFS_MSG_NAME_MAX`.
    pvn_namelen: u32,
    /// `DT_*`.
    pvn_dtype: u32,
}

/// Reads a part of a directory, up to `len` bytes of records but at most `puffs_vfs_maxdata`, from `offset`, which is 0 or the `pvd_offset` of an earlier call.
/// A record takes some 14 bytes beside its name. "." and ".." come when the server gives them.
///
/// Servers give no offset for a single name, and differ in what theirs mean. So a kernel whose reader wants fewer names than came keeps the
/// list with its open directory, and its place in it. An offset that comes again means a directory without an end:
/// `puffs_vfs_broken`.
///
/// Returns 0 and the part in `*part`, whose first field the caller has set. `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header; `part` is NULL or as large as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_readdir(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    dir: *mut c_void,
    offset: u64,
    len: usize,
    part: *mut puffs_vdir,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let out = unsafe { Out::new(part) }?;
        let listing: Listing<Plat> = dir::readdir(port, head, cookie(dir), offset, len)?;
        let (offset, eof) = (listing.offset, listing.eof);
        out.give(&puffs_vdir {
            pvd_size: size_of::<puffs_vdir>(),
            pvd_list: Box::into_raw(try_box(listing)?).cast(),
            pvd_offset: offset,
            pvd_eof: u32::from(eof),
            pvd_reserved: 0,
        });
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Gives the next name of a list. `*at` is a place in the list: 0 at first, and any that came from here; it moves on.
///
/// Returns 0 and the name in `*entry`; `ENOENT` at the end; `EINVAL` (NULL). Does not sleep, locks nothing.
///
/// # Safety
/// `list` is NULL or a list; the other two are NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vlisting_next(
    list: *const puffs_vlisting,
    at: *mut usize,
    entry: *mut puffs_vdirent,
) -> c_int {
    // SAFETY: by contract.
    let list = unsafe { list.cast::<Listing<Plat>>().as_ref() };
    let (Some(list), false, false) = (list, at.is_null(), entry.is_null()) else {
        return finish(Err(Errno::Inval));
    };
    // SAFETY: by contract.
    let Some((found, next)) = list.entry(unsafe { at.read() }) else {
        return finish(Err(Errno::NoEnt));
    };
    let told = puffs_vdirent {
        pvn_fileno: found.fileno,
        pvn_name: found.name.as_ptr().cast(),
        pvn_namelen: found.name.len() as u32,
        pvn_dtype: u32::from(found.dtype),
    };
    // SAFETY: by contract.
    unsafe {
        entry.write(told);
        at.write(next);
    }
    0
}

/// Frees a list. NULL is ignored.
///
/// # Safety
/// `list` is NULL or a list that is given up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vlisting_free(list: *mut puffs_vlisting) {
    if !list.is_null() {
        // SAFETY: by contract; made by `puffs_vfs_readdir`.
        drop(unsafe { Box::from_raw(list.cast::<Listing<Plat>>()) });
    }
}
