//! What [`Server::readdir`](crate::Server::readdir) fills: [`Listing`].

use std::ffi::{CStr, OsStr};
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;

use puffs_core::msg::body::NAME_MAX;
use puffs_user::attr::dtype_of;
use puffs_user::c::dirent::puffs_dirent;
use puffs_user::dirents;

use crate::attr::FileType;

/// Room for records of a directory.
pub struct Listing<'r> {
    at: *mut puffs_dirent,
    left: usize,
    offset: i64,
    full: bool,
    wrong: bool,
    room: PhantomData<&'r mut [u8]>,
}

impl Listing<'_> {
    /// # Safety
    /// `at` has room for `left` bytes as long as the result is used, and nobody else uses them meanwhile.
    pub(crate) unsafe fn new(at: *mut puffs_dirent, left: usize, offset: i64) -> Self {
        Listing {
            at,
            left,
            offset,
            full: false,
            wrong: false,
            room: PhantomData,
        }
    }

    /// Adds a record: a name, its node's inode number (0 would hide it) and type, and `next`, the offset that a listing of what follows will
    /// begin at. False when it does not fit: then it is the next listing's first.
    ///
    /// A name that cannot be one (empty, with a slash or a NUL, longer than 255 bytes) makes the whole listing fail with
    /// `EIO`.
    #[must_use = "false: it did not fit, and was not added"]
    pub fn add(&mut self, name: &OsStr, ino: u64, kind: FileType, next: u64) -> bool {
        let name = name.as_bytes();
        let mut text = [0; NAME_MAX + 1];
        let offset = i64::try_from(next);
        let usable = !name.is_empty() && name.len() <= NAME_MAX && !name.contains(&b'/');
        if usable {
            text[..name.len()].copy_from_slice(name);
        }
        let terminated = CStr::from_bytes_with_nul(&text[..(name.len() + 1).min(NAME_MAX + 1)]);
        let (true, Ok(name), Ok(offset)) = (usable, terminated, offset) else {
            self.wrong = true;
            return false;
        };
        let dtype = dtype_of(kind.to_c());
        // SAFETY: there is room for `left` bytes, by the promise that `new` got.
        let fits = unsafe { dirents::next(&mut self.at, name, ino, dtype, &mut self.left) };
        match fits {
            true => self.offset = offset,
            false => self.full = true,
        }
        fits
    }

    /// Adds `.` and `..`, each with its inode number, as the records at offsets 0 and 1, unless the listing begins behind
    /// them. False when they do not fit.
    #[must_use = "false: they did not fit"]
    pub fn add_dots(&mut self, ino: u64, parent: u64) -> bool {
        let dots = [(".", ino), ("..", parent)];
        let from = usize::try_from(self.offset).unwrap_or(dots.len());
        let mut rest = (1..).zip(dots).skip(from);
        rest.all(|(next, (name, ino))| self.add(OsStr::new(name), ino, FileType::Directory, next))
    }

    /// Bytes left, the offset to go on from, and whether the end was reached; `None` when a record was wrong.
    pub(crate) fn end(self) -> Option<(usize, i64, bool)> {
        (!self.wrong).then_some((self.left, self.offset, !self.full))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<R>(
        words: usize,
        f: impl FnOnce(&mut Listing<'_>) -> R,
    ) -> (R, Option<(usize, i64, bool)>) {
        let mut room = vec![0_u64; words];
        // SAFETY: the room outlives the listing, and nobody else uses it.
        let mut listing = unsafe { Listing::new(room.as_mut_ptr().cast(), words * 8, 3) };
        let result = f(&mut listing);
        (result, listing.end())
    }

    fn add(listing: &mut Listing<'_>, name: &[u8], next: u64) -> bool {
        listing.add(OsStr::from_bytes(name), 1, FileType::File, next)
    }

    #[test]
    fn the_offset_is_that_behind_the_last_record_that_fitted() {
        let (fitted, end) = with(4, |l| [add(l, b"a", 7), add(l, b"b", 9), add(l, b"c", 11)]);
        assert_eq!(fitted, [true, true, false]);
        assert_eq!(end, Some((0, 9, false)));
        let ((), end) = with(4, |_| ());
        assert_eq!(end, Some((32, 3, true)));
    }

    #[test]
    fn dots_come_first_and_once() {
        let from = |offset: i64| {
            let mut room = [0_u64; 8];
            // SAFETY: the room outlives the listing, and nobody else uses it.
            let mut listing = unsafe { Listing::new(room.as_mut_ptr().cast(), 64, offset) };
            assert!(listing.add_dots(5, 4));
            let (left, offset, _) = listing.end().unwrap();
            (64 - left, offset, room[0], room[2])
        };
        assert_eq!(from(0), (32, 2, 5, 4));
        assert_eq!(from(1), (16, 2, 4, 0));
        assert_eq!(from(2), (0, 2, 0, 0));
        assert_eq!(from(i64::MAX), (0, i64::MAX, 0, 0));
        assert!(with(0, |l| l.add_dots(5, 4)).0, "it begins at 3");
    }

    #[test]
    fn names_that_are_none_make_all_of_it_fail() {
        let (longest, long) = ([b'x'; 255], [b'x'; 256]);
        assert_eq!(
            with(64, |l| add(l, &longest, 1)).1,
            Some((512 - 272, 1, true))
        );
        for name in [&b""[..], b"a/b", b"a\0b", &long] {
            let (added, end) = with(64, |l| add(l, name, 1));
            assert!(!added && end.is_none(), "{name:?}");
        }
        assert_eq!(with(8, |l| add(l, b"a", u64::MAX)).1, None);
    }
}
