//! readdir. Offsets are the host's own: they hold whatever is made and removed meanwhile.

use core::ffi::{CStr, c_int};

use super::host;
use super::place::reach;
use crate::c::dirent::puffs_dirent;
use crate::c::node::puffs_node;
use crate::dirents;
use crate::usermount::Usermount;

/// Bytes of records that are fetched at once.
const BATCH: usize = 32 << 10;
/// Where things are in a record of the host's: inode number, offset of the next one, length, type, name.
const OFFSET: usize = 8;
const RECLEN: usize = 16;
const TYPE: usize = 18;
const NAME: usize = 19;

/// What readdir gets and changes.
pub struct Listing<'a> {
    /// Where the next record goes.
    pub dent: &'a mut *mut puffs_dirent,
    /// Where to begin, and then where to go on.
    pub offset: &'a mut i64,
    /// Room.
    pub left: &'a mut usize,
    /// Whether the end was reached.
    pub eof: &'a mut c_int,
    /// Room for an offset behind each record, and how many were stored.
    pub cookies: Option<(*mut i64, usize, &'a mut usize)>,
}

/// Lists a directory.
///
/// # Errors
/// An errno value; `EINVAL` when not even one record fits.
///
/// # Safety
/// The root node and `node` live, paths are strings; there is as much room as the listing says.
pub unsafe fn readdir(
    pu: &Usermount,
    node: *mut puffs_node,
    listing: Listing<'_>,
) -> Result<(), i32> {
    let Listing {
        dent,
        offset,
        left,
        eof,
        mut cookies,
    } = listing;
    let flags = libc::O_RDONLY | libc::O_DIRECTORY;
    // SAFETY: by contract.
    let dir = unsafe { reach(pu, node, flags) }?;
    if *offset != 0 {
        host::seek(dir.fd(), *offset)?;
    }
    let mut batch = vec![0_u64; BATCH / 8];
    let mut any = false;
    loop {
        let len = match host::getdents(dir.fd(), &mut batch) {
            // The directory has been removed: it is empty.
            Ok(0) | Err(libc::ENOENT) => {
                *eof = 1;
                return Ok(());
            }
            Ok(len) => len,
            // What was read before stays.
            Err(_) if any => return Ok(()),
            Err(error) => return Err(error),
        };
        let bytes = zerocopy::IntoBytes::as_bytes(batch.as_slice());
        let mut records = bytes.get(..len).unwrap_or_default();
        while let Some(record) = next(&mut records) {
            let full = cookies.as_ref().is_some_and(|(_, room, n)| **n >= *room);
            // SAFETY: by contract.
            let fits = !full
                && unsafe {
                    record.fileno == 0
                        || dirents::next(dent, record.name, record.fileno, record.dtype, left)
                };
            if !fits {
                return if any { Ok(()) } else { Err(libc::EINVAL) };
            }
            if let (Some((to, _, stored)), true) = (&mut cookies, record.fileno != 0) {
                // SAFETY: by contract there is room for as many.
                unsafe { to.add(**stored).write(record.next) };
                **stored += 1;
            }
            any = true;
            *offset = record.next;
        }
    }
}

/// One record of the host's.
struct Record<'b> {
    fileno: u64,
    next: i64,
    dtype: u8,
    name: &'b CStr,
}

/// Takes the first record off.
fn next<'b>(records: &mut &'b [u8]) -> Option<Record<'b>> {
    let number = |at: usize| {
        Some(u64::from_ne_bytes(
            records.get(at..at + 8)?.try_into().ok()?,
        ))
    };
    let (fileno, next) = (number(0)?, number(OFFSET)? as i64);
    let reclen = u16::from_ne_bytes(records.get(RECLEN..RECLEN + 2)?.try_into().ok()?);
    let (record, rest) = records.split_at_checked(usize::from(reclen))?;
    let name = CStr::from_bytes_until_nul(record.get(NAME..)?).ok()?;
    *records = rest;
    Some(Record {
        fileno,
        next,
        dtype: *record.get(TYPE)?,
        name,
    })
}
