//! readdir. Offsets are the host's own.
//!
//! Some of its file systems count names (ramfs, and tmpfs before Linux 6.6): there an offset leads elsewhere once names before it are
//! removed, but not who goes on with the same open file. So a directory that was not read to its end is kept open, and whoever asks for what comes
//! next gets it from there.

use core::ffi::{CStr, c_int};
use std::collections::VecDeque;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};

use super::host::{self, Ident};
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

/// Most directories that are kept open to go on with.
const UNFINISHED: usize = 16;

/// Directories that were not read to their end, those of late at the back.
#[derive(Default)]
pub(super) struct Unfinished(VecDeque<Reading>);

/// A directory that is being read.
struct Reading {
    ident: Ident,
    /// What `rest` begins with is behind this.
    offset: i64,
    dir: OwnedFd,
    batch: Vec<u64>,
    /// The bytes of the batch that nobody got yet.
    rest: Range<usize>,
}

impl Unfinished {
    fn take(&mut self, ident: Ident, offset: i64) -> Option<Reading> {
        let next = |reading: &Reading| (reading.ident, reading.offset) == (ident, offset);
        let at = self.0.iter().position(next)?;
        self.0.remove(at)
    }

    /// In place of one that came to the same offset before, and may have been left there: its batch knows nothing of later names.
    fn keep(&mut self, reading: Reading) {
        let place = (reading.ident, reading.offset);
        self.0.retain(|other| (other.ident, other.offset) != place);
        self.0.push_back(reading);
        if self.0.len() > UNFINISHED {
            self.0.pop_front();
        }
    }

    /// Nobody uses the directory any more.
    pub(super) fn forget(&mut self, ident: Ident) {
        self.0.retain(|reading| reading.ident != ident);
    }
}

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
    // SAFETY: by contract. It fails when the directory is not where the node's path leads, also for who goes on.
    let dir = unsafe { reach(pu, node, flags) }?;
    let ident = dir.stat.ident;
    let begun = match *offset {
        0 => None,
        _ => pu.null().unfinished.borrow_mut().take(ident, *offset),
    };
    let mut reading = match begun {
        Some(reading) => reading,
        None => {
            if *offset != 0 {
                host::seek(dir.fd(), *offset)?;
            }
            Reading {
                ident,
                offset: *offset,
                dir: dir.opened()?,
                batch: vec![0; BATCH / 8],
                rest: 0..0,
            }
        }
    };
    let mut any = false;
    loop {
        if reading.rest.is_empty() {
            reading.rest = match host::getdents(reading.dir.as_fd(), &mut reading.batch) {
                // The directory has been removed: it is empty.
                Ok(0) | Err(libc::ENOENT) => {
                    *eof = 1;
                    return Ok(());
                }
                Ok(len) => 0..len,
                // What was read before stays.
                Err(_) if any => return Ok(()),
                Err(error) => return Err(error),
            };
        }
        let bytes = zerocopy::IntoBytes::as_bytes(reading.batch.as_slice());
        let mut records = bytes.get(reading.rest.clone()).unwrap_or_default();
        while let Some(record) = next(&mut records) {
            let full = cookies.as_ref().is_some_and(|(_, room, n)| **n >= *room);
            // SAFETY: by contract.
            let fits = !full
                && unsafe {
                    record.fileno == 0
                        || dirents::next(dent, record.name, record.fileno, record.dtype, left)
                };
            if !fits {
                pu.null().unfinished.borrow_mut().keep(reading);
                return if any { Ok(()) } else { Err(libc::EINVAL) };
            }
            if let (Some((to, _, stored)), true) = (&mut cookies, record.fileno != 0) {
                // SAFETY: by contract there is room for as many.
                unsafe { to.add(**stored).write(record.next) };
                **stored += 1;
            }
            any = true;
            *offset = record.next;
            reading.offset = record.next;
            reading.rest.start = reading.rest.end - records.len();
        }
        // Whatever follows is no record.
        reading.rest = 0..0;
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
