//! Exports for programs that are compiled with the headers of `include/compat/`, which declare them under NetBSD's names.
//!
//! The C library's conventions hold here: -1 or NULL with `errno` set, and no check of what it would not check, but
//! null pointers.

pub mod dirent;
pub mod efun;
pub mod init;
pub mod memory;
pub mod mntopts;
pub mod mode;
pub mod progname;
pub mod statvfs;
pub mod string;
pub mod sysctl;

use core::ffi::{c_char, c_int};

unsafe extern "C" {
    /// Prints the program's name, words and what `errno` means, and ends the program.
    fn err(eval: c_int, fmt: *const c_char, ...);
    /// The same without `errno`.
    fn errx(eval: c_int, fmt: *const c_char, ...);
}
