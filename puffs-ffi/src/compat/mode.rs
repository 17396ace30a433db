//! `strmode`.

use core::ffi::c_char;

use libc::{S_IFMT, S_ISGID, S_ISUID, S_ISVTX, mode_t};

const TYPES: [(mode_t, u8); 7] = [
    (libc::S_IFREG, b'-'),
    (libc::S_IFDIR, b'd'),
    (libc::S_IFBLK, b'b'),
    (libc::S_IFCHR, b'c'),
    (libc::S_IFLNK, b'l'),
    (libc::S_IFSOCK, b's'),
    (libc::S_IFIFO, b'p'),
];

/// The letters of one class of permission bits; `special` is the letter of its bit beyond those, if that is set.
fn class(bits: mode_t, special: Option<u8>) -> [u8; 3] {
    let letter = |bit, letter| if bits & bit != 0 { letter } else { b'-' };
    let execute = match special {
        Some(special) if bits & 1 == 0 => special.to_ascii_uppercase(),
        Some(special) => special,
        None => letter(1, b'x'),
    };
    [letter(4, b'r'), letter(2, b'w'), execute]
}

/// `strmode`: writes a mode as ls(1) does, a blank behind it, and a NUL.
///
/// # Safety
/// `to` is null or has room for twelve bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_strmode(mode: mode_t, to: *mut c_char) {
    if to.is_null() {
        return;
    }
    let kind = TYPES.iter().find(|(kind, _)| mode & S_IFMT == *kind);
    let special = |bit, letter| (mode & bit != 0).then_some(letter);
    let mut text = [b' '; 12];
    text[0] = kind.map_or(b'?', |(_, letter)| *letter);
    text[1..4].copy_from_slice(&class(mode >> 6, special(S_ISUID, b's')));
    text[4..7].copy_from_slice(&class(mode >> 3, special(S_ISGID, b's')));
    text[7..10].copy_from_slice(&class(mode, special(S_ISVTX, b't')));
    text[11] = 0;
    // SAFETY: by contract.
    unsafe { to.cast::<u8>().copy_from(text.as_ptr(), text.len()) };
}
