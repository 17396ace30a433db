//! Frame buffers: the bytes of a server's own messages.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::slice;
use std::rc::Rc;

use puffs_user::frame::{BufferError, Framebuf};

use super::hooks::complain;
use super::{fail, finish, null};

/// The buffer behind a pointer of C's.
///
/// # Safety
/// Null, or a buffer that has not been destroyed.
pub(super) unsafe fn buffer<'a>(fb: *const Framebuf) -> Option<&'a Framebuf> {
    // SAFETY: by contract.
    unsafe { fb.as_ref() }
}

/// Another reference to the buffer behind a pointer of C's.
///
/// # Safety
/// As [`buffer`].
pub(super) unsafe fn counted(fb: *const Framebuf) -> Option<Rc<Framebuf>> {
    if fb.is_null() {
        return None;
    }
    // SAFETY: it came from `Rc::into_raw` in `give`, or from the library's own reference, and lives by contract.
    unsafe {
        Rc::increment_strong_count(fb);
        Some(Rc::from_raw(fb))
    }
}

/// Hands a reference to C.
fn give(fb: Result<Rc<Framebuf>, BufferError>) -> Result<*mut Framebuf, i32> {
    match fb {
        Ok(fb) => Ok(Rc::into_raw(fb).cast_mut()),
        Err(error) => Err(error.errno()),
    }
}

/// Takes C's reference back.
///
/// # Safety
/// C has one, and does not use it again.
pub(super) unsafe fn take(fb: *const Framebuf) {
    // SAFETY: by contract.
    unsafe { Rc::decrement_strong_count(fb) };
}

fn done(result: Result<(), BufferError>) -> c_int {
    finish(result.map_err(BufferError::errno))
}

/// Bytes that C gives.
///
/// # Safety
/// `data` is valid for reading `len` bytes, or null.
unsafe fn given<'a>(data: *const c_void, len: usize) -> Option<&'a [u8]> {
    match (data.is_null(), len) {
        (_, 0) => Some(&[]),
        (true, _) => None,
        // SAFETY: by contract.
        (false, _) => Some(unsafe { slice::from_raw_parts(data.cast(), len) }),
    }
}

/// Room that C gives.
///
/// # Safety
/// `data` is valid for writing `len` bytes, or null.
unsafe fn room<'a>(data: *mut c_void, len: usize) -> Option<&'a mut [MaybeUninit<u8>]> {
    match (data.is_null(), len) {
        (_, 0) => Some(&mut []),
        (true, _) => None,
        // SAFETY: by contract.
        (false, _) => Some(unsafe { slice::from_raw_parts_mut(data.cast(), len) }),
    }
}

/// Makes an empty buffer, which grows as it is written to. It is the caller's: `puffs_framebuf_destroy`.
///
/// Returns NULL with `errno` set: `ENOMEM`.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_framebuf_make() -> *mut Framebuf {
    give(Framebuf::new()).unwrap_or_else(null)
}

/// Frees a buffer. One that the library has, as it waits to be sent or answered or is being read into, is not: a warning is written.
///
/// # Safety
/// `fb` is null or a buffer, which is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_destroy(fb: *mut Framebuf) {
    // SAFETY: by contract.
    match unsafe { buffer(fb) } {
        None => {}
        Some(queued) if queued.is_queued() => {
            complain(format_args!(
                "puffs_framebuf_destroy: the buffer is still queued"
            ));
        }
        // SAFETY: by contract.
        Some(_) => unsafe { take(fb) },
    }
}

/// Makes a buffer empty, with the cursor at its beginning. One that the library has is left as it is: a warning is written.
///
/// # Safety
/// `fb` is null or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_recycle(fb: *mut Framebuf) {
    // SAFETY: by contract.
    match unsafe { buffer(fb) } {
        None => {}
        Some(queued) if queued.is_queued() => {
            complain(format_args!(
                "puffs_framebuf_recycle: the buffer is still queued"
            ));
        }
        Some(fb) => fb.recycle(),
    }
}

/// Makes another buffer with the same contents and cursor, the caller's, and stores it in `dup`.
///
/// Returns 0, or -1 with `errno` set: `ENOMEM`, `EINVAL`.
///
/// # Safety
/// `fb` is null or a buffer; `dup` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_dup(fb: *mut Framebuf, dup: *mut *mut Framebuf) -> c_int {
    // SAFETY: by contract.
    match unsafe { (buffer(fb), dup.as_mut()) } {
        (Some(fb), Some(dup)) => finish(give(fb.dup()).map(|copy| *dup = copy)),
        _ => fail(libc::EINVAL),
    }
}

/// Makes sure that `space` bytes can be written at the cursor without more memory.
///
/// Returns 0, or -1 with `errno` set: `ENOMEM`, `EINVAL`.
///
/// # Safety
/// `fb` is null or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_reserve_space(fb: *mut Framebuf, space: usize) -> c_int {
    // SAFETY: by contract.
    match unsafe { buffer(fb) } {
        Some(fb) => done(fb.reserve(space)),
        None => fail(libc::EINVAL),
    }
}

/// Writes at the cursor and moves it behind what was written. The size becomes no less than that. What is between the
/// size so far and the cursor becomes zero.
///
/// Returns 0, or -1 with `errno` set: `ENOMEM`, `EINVAL`; then nothing has changed.
///
/// # Safety
/// `fb` is null or a buffer; `data` is null or valid for reading `dlen` bytes, which are not in the buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_putdata(
    fb: *mut Framebuf,
    data: *const c_void,
    dlen: usize,
) -> c_int {
    // SAFETY: by contract.
    match unsafe { (buffer(fb), given(data, dlen)) } {
        (Some(fb), Some(data)) => done(fb.put(data)),
        _ => fail(libc::EINVAL),
    }
}

/// The same at `offset`; the cursor stays where it is.
///
/// # Safety
/// As `puffs_framebuf_putdata`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_putdata_atoff(
    fb: *mut Framebuf,
    offset: usize,
    data: *const c_void,
    dlen: usize,
) -> c_int {
    // SAFETY: by contract.
    match unsafe { (buffer(fb), given(data, dlen)) } {
        (Some(fb), Some(data)) => done(fb.put_at(offset, data)),
        _ => fail(libc::EINVAL),
    }
}

/// Reads at the cursor and moves it behind what was read.
///
/// Returns 0, or -1 with `errno` set: `ENOBUFS` when there is not so much, and the cursor stays where it is; `EINVAL`.
///
/// # Safety
/// `fb` is null or a buffer; `data` is null or valid for writing `dlen` bytes, which are not in the buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_getdata(
    fb: *mut Framebuf,
    data: *mut c_void,
    dlen: usize,
) -> c_int {
    // SAFETY: by contract.
    match unsafe { (buffer(fb), room(data, dlen)) } {
        (Some(fb), Some(data)) => done(fb.get(data)),
        _ => fail(libc::EINVAL),
    }
}

/// The same at `offset`; the cursor stays where it is.
///
/// # Safety
/// As `puffs_framebuf_getdata`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_getdata_atoff(
    fb: *mut Framebuf,
    offset: usize,
    data: *mut c_void,
    dlen: usize,
) -> c_int {
    // SAFETY: by contract.
    match unsafe { (buffer(fb), room(data, dlen)) } {
        (Some(fb), Some(data)) => done(fb.get_at(offset, data)),
        _ => fail(libc::EINVAL),
    }
}

/// Returns where the cursor is.
///
/// # Safety
/// `fb` is null or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_telloff(fb: *mut Framebuf) -> usize {
    // SAFETY: by contract.
    unsafe { buffer(fb) }.map_or(0, Framebuf::cursor)
}

/// Returns the size: where what has been written ends.
///
/// # Safety
/// `fb` is null or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_tellsize(fb: *mut Framebuf) -> usize {
    // SAFETY: by contract.
    unsafe { buffer(fb) }.map_or(0, Framebuf::size)
}

/// Returns how much there is from the cursor to the size.
///
/// # Safety
/// `fb` is null or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_remaining(fb: *mut Framebuf) -> usize {
    // SAFETY: by contract.
    unsafe { buffer(fb) }.map_or(0, Framebuf::remaining)
}

/// Moves the cursor, behind the size too, which does not change.
///
/// Returns 0, or -1 with `errno` set: `ENOMEM` when there could never be so much, `EINVAL`.
///
/// # Safety
/// `fb` is null or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_seekset(fb: *mut Framebuf, offset: usize) -> c_int {
    // SAFETY: by contract.
    match unsafe { buffer(fb) } {
        Some(fb) => done(fb.seek_to(offset)),
        None => fail(libc::EINVAL),
    }
}

/// Stores in `winp` where the `*winlen` bytes at `offset` are, to be read and written there until something else is done with the
/// buffer. The size becomes no less than their end, and the cursor stays where it is. `*winlen` is what was asked for.
///
/// Returns 0, or -1 with `errno` set: `ENOMEM`, `EINVAL`.
///
/// # Safety
/// `fb` is null or a buffer; the others are null or valid for reading and writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framebuf_getwindow(
    fb: *mut Framebuf,
    offset: usize,
    winp: *mut *mut c_void,
    winlen: *mut usize,
) -> c_int {
    // SAFETY: by contract.
    let (Some(fb), Some(winp), Some(len)) =
        (unsafe { (buffer(fb), winp.as_mut(), winlen.as_ref()) })
    else {
        return fail(libc::EINVAL);
    };
    finish(match fb.window(offset, *len) {
        Ok(at) => {
            *winp = at.cast();
            Ok(())
        }
        Err(error) => Err(error.errno()),
    })
}
