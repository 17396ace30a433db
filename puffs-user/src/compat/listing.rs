//! Directories of the host with records of the reference: [`next`], and [`kept`], which remembers the last one of each stream.

use core::ffi::{CStr, c_int};
use core::mem::MaybeUninit;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use libc::DIR;

use crate::c::dirent::{PUFFS_DIRENT_NAMESIZE, puffs_dirent};
use crate::dirents;

/// Reads the next record of a stream into `to`. False: there is none.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// The stream is open.
pub unsafe fn next(stream: *mut DIR, to: &mut MaybeUninit<puffs_dirent>) -> Result<bool, c_int> {
    let mut host = MaybeUninit::<libc::dirent64>::uninit();
    let mut found = core::ptr::null_mut();
    // readdir may be called by another thread meanwhile, and this one keeps nothing in the stream.
    // SAFETY: by contract; room for a record and a pointer.
    let error = unsafe { libc::readdir64_r(stream, host.as_mut_ptr(), &mut found) };
    if error != 0 {
        return Err(error);
    }
    if found.is_null() {
        return Ok(false);
    }
    // SAFETY: a record whose name ends in a NUL; the rest of it may not be there.
    unsafe {
        let name = CStr::from_ptr((&raw const (*found).d_name).cast());
        convert(name, (*found).d_ino, (*found).d_type, to);
    }
    Ok(true)
}

fn convert(name: &CStr, id: libc::ino_t, dtype: u8, to: &mut MaybeUninit<puffs_dirent>) {
    to.write(puffs_dirent {
        d_fileno: 0,
        d_reclen: 0,
        d_namlen: 0,
        d_type: 0,
        d_name: [0; PUFFS_DIRENT_NAMESIZE],
    });
    let mut at = to.as_mut_ptr();
    let mut room = size_of::<puffs_dirent>();
    // SAFETY: the record's own room; names of the host are shorter than it.
    unsafe { dirents::next(&mut at, name, id, dtype, &mut room) };
}

/// A record that a stream's reader looks at.
struct Kept(*mut puffs_dirent);

// SAFETY: whoever has the stream has its record; the table only keeps the address.
unsafe impl Send for Kept {}

static KEPT: Mutex<BTreeMap<usize, Kept>> = Mutex::new(BTreeMap::new());

/// The record of a stream, which stays where it is until [`forget`].
pub fn kept(stream: *mut DIR) -> *mut MaybeUninit<puffs_dirent> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let new = || Kept(Box::into_raw(Box::new(MaybeUninit::<puffs_dirent>::uninit())).cast());
    kept.entry(stream.addr()).or_insert_with(new).0.cast()
}

/// Frees the record of a stream that is about to be closed.
pub fn forget(stream: *mut DIR) {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(Kept(record)) = kept.remove(&stream.addr()) {
        // SAFETY: from `kept`, and nobody has the address any more.
        drop(unsafe { Box::from_raw(record.cast::<MaybeUninit<puffs_dirent>>()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_lengths_of_the_reference() {
        let mut to = MaybeUninit::uninit();
        convert(c"name", 7, libc::DT_REG, &mut to);
        // SAFETY: written.
        let record = unsafe { to.assume_init_ref() };
        assert_eq!((record.d_fileno, record.d_type), (7, libc::DT_REG));
        assert_eq!((record.d_namlen, record.d_reclen), (4, 24));
        // SAFETY: a name with its NUL.
        let name = unsafe { CStr::from_ptr(record.d_name.as_ptr()) };
        assert_eq!(name, c"name");
    }

    #[test]
    fn each_stream_has_a_record_of_its_own_until_it_is_closed() {
        let (a, b) = (0x10_usize as *mut DIR, 0x20_usize as *mut DIR);
        assert_eq!(kept(a), kept(a));
        assert_ne!(kept(a), kept(b));
        forget(a);
        forget(a);
        forget(b);
        let kept = KEPT.lock().unwrap();
        assert!(!kept.contains_key(&0x10) && !kept.contains_key(&0x20));
    }
}
