//! Functions that a server hands to the library for frames: reading, writing and comparing them, and being told.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

use crate::frame::Framebuf;
use crate::usermount::Usermount;

/// Reads one frame, or a part of it, from a descriptor. Returns 0, with 1 in `done` once the frame is complete, else to be called
/// with the same buffer when there is more; or an errno value, which closes the descriptor's read side.
pub type puffs_framev_readframe_fn = Option<
    unsafe extern "C" fn(
        pu: *mut Usermount,
        fb: *mut Framebuf,
        fd: c_int,
        done: *mut c_int,
    ) -> c_int,
>;

/// Writes one frame, or a part of it, to a descriptor, from the buffer's cursor on, which is 0 the first time. Returns as the function that
/// reads; an error closes the write side.
pub type puffs_framev_writeframe_fn = Option<
    unsafe extern "C" fn(
        pu: *mut Usermount,
        fb: *mut Framebuf,
        fd: c_int,
        done: *mut c_int,
    ) -> c_int,
>;

/// Returns 0 when the frame that came in answers the one that waits. With anything but 0 in `notresp` it answers none.
pub type puffs_framev_cmpframe_fn = Option<
    unsafe extern "C" fn(
        pu: *mut Usermount,
        incoming: *mut Framebuf,
        waiting: *mut Framebuf,
        notresp: *mut c_int,
    ) -> c_int,
>;

/// Gets a frame that answers none, and owns it.
pub type puffs_framev_gotframe_fn =
    Option<unsafe extern "C" fn(pu: *mut Usermount, fb: *mut Framebuf)>;

/// Is told once of each side of a descriptor that closes: `what` has the bits of all that have.
pub type puffs_framev_fdnotify_fn =
    Option<unsafe extern "C" fn(pu: *mut Usermount, fd: c_int, what: c_int)>;

/// Gets the answer, in the buffer that was sent, or an error; and owns the buffer.
pub type puffs_framev_cb = Option<
    unsafe extern "C" fn(pu: *mut Usermount, fb: *mut Framebuf, arg: *mut c_void, error: c_int),
>;
