//! INIT: what both sides agree on.

use super::wire::{InitIn, InitOut};

/// The version whose structures are used here; a later kernel is told this one.
const MINOR: u32 = 38;
/// The oldest version that is understood (Linux 5.4).
const OLDEST: u32 = 31;
/// What the kernel counts large requests in.
const PAGE: usize = 4096;

const ASYNC_READ: u32 = 1 << 0;
const BIG_WRITES: u32 = 1 << 5;
const ASYNC_DIO: u32 = 1 << 15;
const PARALLEL_DIROPS: u32 = 1 << 18;
const MAX_PAGES: u32 = 1 << 22;

/// What is wanted, where the kernel has it. Left out on purpose: the write-back cache and killing of set-id bits (the
/// server sees each write and each mode as it is made), truncation by open (it comes as SETATTR), READDIRPLUS, and
/// dropping cached data when a time stamp has changed (each write changes one). Operations in one directory come in parallel,
/// since whoever waits for another one in Linux cannot be killed there; the session lets one at a time go on.
const WANTED: u32 = ASYNC_READ | BIG_WRITES | ASYNC_DIO | PARALLEL_DIROPS | MAX_PAGES;

/// Locks of fcntl(2) and flock(2) come to the server; otherwise the kernel keeps them.
const LOCKS: u32 = 1 << 1 | 1 << 10;

/// The kernel is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOld;

/// The reply to INIT, for reads and writes of up to `maxdata` bytes, and for a server that keeps `locks` itself.
///
/// # Errors
/// [`TooOld`].
pub fn negotiate(init: &InitIn, maxdata: usize, locks: bool) -> Result<InitOut, TooOld> {
    if init.major > 7 {
        // It asks again, with the version that it is told.
        return Ok(InitOut {
            major: 7,
            minor: MINOR,
            ..InitOut::default()
        });
    }
    if init.major < 7 || init.minor < OLDEST {
        return Err(TooOld);
    }
    Ok(InitOut {
        major: 7,
        minor: init.minor.min(MINOR),
        max_readahead: init.max_readahead.min(maxdata as u32),
        flags: init.flags & if locks { WANTED | LOCKS } else { WANTED },
        max_background: 16,
        congestion_threshold: 12,
        max_write: maxdata as u32,
        time_gran: 1,
        max_pages: u16::try_from(maxdata / PAGE).unwrap_or(u16::MAX).max(1),
        ..InitOut::default()
    })
}

/// Data that one read or write may carry, given what the server can take: whole pages.
pub fn whole_pages(maxdata: usize) -> Option<usize> {
    let pages = (maxdata / PAGE).min(256);
    (pages > 0).then_some(pages * PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(major: u32, minor: u32) -> InitIn {
        InitIn {
            major,
            minor,
            max_readahead: 128 << 10,
            flags: u32::MAX,
        }
    }

    #[test]
    fn sizes_and_flags_are_agreed() {
        let out = negotiate(&kernel(7, 45), 256 << 10, false).unwrap();
        assert_eq!((out.major, out.minor), (7, 38));
        assert_eq!((out.max_write, out.max_pages), (256 << 10, 64));
        assert_eq!(out.max_readahead, 128 << 10);
        assert_eq!(out.flags, WANTED);
        for unwanted in [1 << 3, 1 << 12, 1 << 13, 1 << 16, 1 << 19] {
            assert_eq!(out.flags & unwanted, 0);
        }
        let locking = negotiate(&kernel(7, 45), 256 << 10, true).unwrap();
        assert_eq!(locking.flags, WANTED | 1 << 1 | 1 << 10);
        let old = InitIn {
            flags: 0,
            ..kernel(7, 31)
        };
        let out = negotiate(&old, 4096, false).unwrap();
        assert_eq!((out.minor, out.flags, out.max_pages), (31, 0, 1));
    }

    #[test]
    fn versions_are_agreed() {
        assert_eq!(negotiate(&kernel(7, 30), 4096, false), Err(TooOld));
        assert_eq!(negotiate(&kernel(6, 50), 4096, false), Err(TooOld));
        let later = negotiate(&kernel(8, 1), 4096, false).unwrap();
        assert_eq!((later.major, later.minor, later.max_write), (7, 38, 0));
    }

    #[test]
    fn data_comes_in_whole_pages() {
        assert_eq!(whole_pages(256 << 10), Some(256 << 10));
        assert_eq!(whole_pages(10_000), Some(8192));
        assert_eq!(whole_pages(4095), None);
        assert_eq!(whole_pages(16 << 20), Some(1 << 20));
    }
}
