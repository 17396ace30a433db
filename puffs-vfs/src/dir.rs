//! Reading directories: the records are checked once, as a whole, and then walked freely.

use core::ops::Range;

use puffs_core::msg::body::{DIRENT_NAME, Dirent, Head, NAME_MAX, ReadReq, ReaddirAns};
use puffs_core::msg::op::vn;
use puffs_core::{Cookie, Errno, Platform};
use zerocopy::FromBytes;

use crate::call::{Caller, Failed, Kind};
use crate::codec::{Call, Data, broken};
use crate::file::most;

/// A part of a directory.
pub struct Listing<P: Platform> {
    /// The records, checked.
    data: Data<P>,
    /// Where the next call starts.
    pub offset: u64,
    /// Nothing follows.
    pub eof: bool,
}

/// One name of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'d> {
    /// Inode number.
    pub fileno: u64,
    /// `DT_*`.
    pub dtype: u8,
    /// The name.
    pub name: &'d [u8],
}

/// Reads a part of a directory, up to `len` bytes of records. `offset` is 0, or one that the server gave.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn readdir<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    dir: Cookie,
    offset: u64,
    len: usize,
) -> Result<Listing<P>, Failed> {
    if !caller.ops().has_vn(vn::READDIR) {
        return Err(Errno::NotSupp.into());
    }
    let len = len.min(most(caller.max()));
    let req = ReadReq {
        head: *head,
        offset,
        len: len as u32,
        ioflag: 0,
    };
    let room = size_of::<ReaddirAns>() + len;
    let (ans, data) = Call::roomy(caller, vn::READDIR, dir, &req, [&[], &[]], room)?
        .kind(Kind::Readdir)
        .ask_data::<ReaddirAns>(len, |ans| ans.len)?;
    if let Err(text) = check(&data) {
        return Err(broken(caller, dir, Kind::Readdir, text));
    }
    Ok(Listing {
        // A call that brings nothing is the end, whatever the flag says.
        eof: ans.eof != 0 || data.is_empty(),
        offset: ans.offset,
        data,
    })
}

impl<P: Platform> Listing<P> {
    /// The names. Records without an inode number are left out, as are names too long for anybody.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut at = 0;
        core::iter::from_fn(move || {
            let (entry, next) = self.entry(at)?;
            at = next;
            Some(entry)
        })
    }

    /// The first name from the place `at` on, and the place behind it. Places begin with 0.
    pub fn entry(&self, mut at: usize) -> Option<(Entry<'_>, usize)> {
        loop {
            let rest = self.data.get(at..)?;
            let (record, name) = first(rest).ok()?;
            at += usize::from(record.reclen);
            let name = rest.get(name)?;
            if record.fileno != 0 && name.len() <= NAME_MAX {
                let entry = Entry {
                    fileno: record.fileno,
                    dtype: record.dtype,
                    name,
                };
                return Some((entry, at));
            }
        }
    }

    /// Gives the buffer back.
    pub fn recycle<C: Caller<P> + ?Sized>(self, caller: &C) {
        caller.recycle(self.data.body);
    }
}

/// The first record, and where its name is. The record's length is that of whole words, and holds
/// the name and the NUL behind it.
fn first(records: &[u8]) -> Result<(Dirent, Range<usize>), &'static str> {
    let Ok((record, _)) = Dirent::read_from_prefix(records) else {
        return Err("record cut off");
    };
    let (reclen, namlen) = (usize::from(record.reclen), usize::from(record.namlen));
    if reclen > records.len() {
        return Err("record reaches beyond the end");
    }
    if reclen % 8 != 0 || reclen < DIRENT_NAME + namlen + 1 {
        return Err("record length does not fit its name");
    }
    Ok((record, DIRENT_NAME..DIRENT_NAME + namlen))
}

fn check(records: &[u8]) -> Result<(), &'static str> {
    let mut rest = records;
    while !rest.is_empty() {
        let (record, name) = first(rest)?;
        let name = &rest[name];
        if record.fileno != 0 && (name.is_empty() || name.contains(&0) || name.contains(&b'/')) {
            return Err("name that cannot be");
        }
        rest = &rest[usize::from(record.reclen)..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;
    use zerocopy::IntoBytes;

    fn record(fileno: u64, name: &[u8]) -> Vec<u8> {
        let reclen = (DIRENT_NAME + name.len() + 1).next_multiple_of(8);
        let head = Dirent {
            fileno,
            reclen: reclen as u16,
            namlen: name.len() as u16,
            dtype: 8,
        };
        let mut bytes = head.as_bytes().to_vec();
        bytes.extend_from_slice(name);
        bytes.resize(reclen, 0);
        bytes
    }

    #[test]
    fn good_records_pass() {
        let mut bytes = record(1, b".");
        bytes.extend(record(2, b"a longer name"));
        bytes.extend(record(0, b""));
        assert_eq!(check(&bytes), Ok(()));
        assert_eq!(check(&[]), Ok(()));
    }

    #[test]
    fn each_nonsense_is_seen() {
        let good = record(3, b"name");
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            check(&bytes)
        };
        assert_eq!(check(&good[..10]), Err("record cut off"));
        assert_eq!(check(&good[..16]), Err("record reaches beyond the end"));
        assert_eq!(with(8, 0), Err("record length does not fit its name"));
        assert_eq!(with(8, 20), Err("record length does not fit its name"));
        assert_eq!(with(8, 32), Err("record reaches beyond the end"));
        assert_eq!(with(10, 11), Err("record length does not fit its name"));
        assert_eq!(with(10, 0), Err("name that cannot be"));
        assert_eq!(with(14, b'/'), Err("name that cannot be"));
        assert_eq!(with(14, 0), Err("name that cannot be"));
    }

    #[test]
    fn the_largest_length_does_not_wrap() {
        let mut bytes = record(3, b"name");
        bytes[8..12].fill(0xff);
        assert!(check(&bytes).is_err());
        bytes.resize(1 << 17, 0);
        assert!(check(&bytes).is_err());
    }
}
