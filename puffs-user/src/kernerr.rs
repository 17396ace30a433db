//! How a server learns that an answer was refused: `puffs_set_errnotify`, `puffs_kernerr_log`.

use core::ffi::{CStr, c_int};

use crate::c::puffs_cookie_t;
use crate::usermount::Usermount;

/// Tells the server in the way it has chosen, by default through syslog.
pub(crate) fn notify(pu: &Usermount, kind: u8, error: c_int, text: &CStr, cookie: puffs_cookie_t) {
    match pu.settings().errnotify.get() {
        // SAFETY: the server's own function, called as its type says; the text lasts.
        Some(f) => unsafe { f(pu.as_ptr(), kind, error, text.as_ptr(), cookie) },
        None => log(kind, error, text, cookie),
    }
}

/// Writes a warning to syslog.
pub fn log(kind: u8, error: c_int, text: &CStr, cookie: puffs_cookie_t) {
    // SAFETY: the format takes an unsigned, an int, a C string and a size, and gets them.
    unsafe {
        libc::syslog(
            libc::LOG_WARNING,
            c"puffs: answer refused: type %u, error %d, %s (cookie %#zx)".as_ptr(),
            u32::from(kind),
            error,
            text.as_ptr(),
            cookie.addr(),
        );
    }
}
