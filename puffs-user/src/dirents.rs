//! Directory records: `puffs_nextdent`, `puffs_gendotdent`.

use core::ffi::CStr;

use puffs_core::msg::body::{DIRENT_NAME, Dirent};
use zerocopy::IntoBytes;

use crate::c::consts::PUFFS_MAXNAMLEN;
use crate::c::dirent::puffs_dirent;

/// Length of a record whose name has `namlen` bytes.
pub const fn record_len(namlen: usize) -> usize {
    (DIRENT_NAME + namlen + 1).next_multiple_of(8)
}

/// Writes a record at `*dent`, moves `*dent` behind it and takes its length off `*reslen`. Returns
/// false, with nothing changed, when it does not fit, which a name longer than `d_name` never does.
///
/// # Safety
/// `*dent` has room for `*reslen` bytes.
pub unsafe fn next(
    dent: &mut *mut puffs_dirent,
    name: &CStr,
    fileno: u64,
    dtype: u8,
    reslen: &mut usize,
) -> bool {
    let name = name.to_bytes();
    let reclen = record_len(name.len());
    if name.len() > PUFFS_MAXNAMLEN || reclen > *reslen {
        return false;
    }
    let head = Dirent {
        fileno,
        // Both fit: the name has at most 511 bytes.
        reclen: reclen as u16,
        namlen: name.len() as u16,
        dtype,
    };
    // SAFETY: by contract there is room for `*reslen` bytes, and the record is no longer. The caller's
    // name may lie in that room for all we know, so `copy`.
    unsafe {
        let record = dent.cast::<u8>();
        core::ptr::copy(name.as_ptr(), record.add(DIRENT_NAME), name.len());
        core::ptr::copy_nonoverlapping(head.as_bytes().as_ptr(), record, DIRENT_NAME);
        let end = DIRENT_NAME + name.len();
        record.add(end).write_bytes(0, reclen - end);
        *dent = record.add(reclen).cast();
    }
    *reslen -= reclen;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_packed_and_padded() {
        let mut room = [0xaaaa_aaaa_aaaa_aaaa_u64; 8];
        let mut dent = room.as_mut_ptr().cast();
        let mut left = size_of_val(&room);
        // SAFETY: `left` is the size of the room.
        unsafe {
            assert!(next(&mut dent, c"ab", 0x1122, 8, &mut left));
            assert!(next(&mut dent, c"", 3, 4, &mut left));
        }
        assert_eq!(left, 64 - 16 - 16);
        let bytes = room.as_bytes();
        assert_eq!(&bytes[..8], &0x1122_u64.to_ne_bytes());
        assert_eq!(&bytes[8..10], &16_u16.to_ne_bytes());
        assert_eq!(&bytes[10..12], &2_u16.to_ne_bytes());
        assert_eq!(&bytes[12..16], b"\x08ab\0");
        assert_eq!(&bytes[24..28], [16, 0, 0, 0]);
        assert_eq!(&bytes[28..32], [4, 0, 0, 0]);
        assert!(bytes[32..].iter().all(|&b| b == 0xaa));
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut room = [0xaaaa_aaaa_aaaa_aaaa_u64; 3];
        let start: *mut puffs_dirent = room.as_mut_ptr().cast();
        let (mut dent, mut left) = (start, 23);
        // SAFETY: `left` is less than the size of the room.
        assert!(!unsafe { next(&mut dent, c"123", 1, 8, &mut left) });
        assert_eq!((dent, left), (start, 23));
        left = 24;
        // SAFETY: `left` is the size of the room.
        assert!(unsafe { next(&mut dent, c"123", 1, 8, &mut left) });
        assert_eq!(left, 0);
    }

    #[test]
    fn a_name_of_512_never_fits() {
        let long = std::ffi::CString::new(vec![b'x'; 512]).unwrap();
        let mut room = [0_u64; 100];
        let (mut dent, mut left) = (room.as_mut_ptr().cast(), 800);
        let shorter = CStr::from_bytes_with_nul(&long.as_bytes_with_nul()[1..]).unwrap();
        // SAFETY: `left` is the size of the room.
        unsafe {
            assert!(!next(&mut dent, &long, 1, 8, &mut left));
            assert!(next(&mut dent, shorter, 1, 8, &mut left));
        }
        assert_eq!(left, 800 - record_len(511));
    }

    #[test]
    fn lengths() {
        assert_eq!([0, 2, 3, 10, 11].map(record_len), [16, 16, 24, 24, 32]);
    }
}
