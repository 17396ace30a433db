//! Descriptors that carry frames: what the main loop does beside the requests of the file system.

use core::ffi::{c_int, c_void};
use std::rc::Rc;

use puffs_user::c::consts::PUFFS_FBIO_ERROR;
use puffs_user::c::frame::{
    puffs_framev_cb, puffs_framev_cmpframe_fn, puffs_framev_fdnotify_fn, puffs_framev_gotframe_fn,
    puffs_framev_readframe_fn, puffs_framev_writeframe_fn,
};
use puffs_user::cc::Cc;
use puffs_user::frame::{self, FrameError, Framebuf, Hooks};
use puffs_user::usermount::Usermount;

use super::frame_buffer::{counted, take};
use super::hooks::complain;
use super::{context, fail, finish, request};

/// 0, or -1 with `errno` set; misuse is said.
fn done(what: &str, result: Result<(), FrameError>) -> c_int {
    finish(result.map_err(|error| {
        if let Some(words) = error.words() {
            complain(format_args!("{what}: {words}"));
        }
        error.errno()
    }))
}

/// Who acts, and the buffer, which is not touched before it is known that they may.
///
/// # Safety
/// `fb` is null or a buffer.
unsafe fn with_frame<T>(
    who: Result<T, i32>,
    fb: *const Framebuf,
) -> Result<(T, Rc<Framebuf>), i32> {
    let who = who?;
    // SAFETY: by contract.
    let buf = unsafe { counted(fb) }.ok_or(libc::EINVAL)?;
    Ok((who, buf))
}

/// Says how the server's frames are read, written and compared, who gets those that answer none, and who is told of sides that close;
/// each may be NULL if it is not needed. Without `cmpfb` answers come in the order of what they answer; without `gotfb` frames that answer
/// none are dropped.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_init(
    pu: *mut Usermount,
    rfb: puffs_framev_readframe_fn,
    wfb: puffs_framev_writeframe_fn,
    cmpfb: puffs_framev_cmpframe_fn,
    gotfb: puffs_framev_gotframe_fn,
    fdnotfn: puffs_framev_fdnotify_fn,
) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_framev_init", pu) } {
        pu.set_frame_hooks(Hooks {
            read: rfb,
            write: wfb,
            cmp: cmpfb,
            got: gotfb,
            notify: fdnotfn,
        });
    }
}

/// Has the main loop look after `fd`, and poll the sides of `what`: `PUFFS_FBIO_READ`, `PUFFS_FBIO_WRITE`. It should not block. It stays
/// the server's, which is to remove it before closing it; whoever adds the same number again has closed it, and what waited there fails with
/// `ECONNRESET`. What cannot be waited for, as a regular file, is always ready: while it is polled for reading the main loop does not sleep.
///
/// Returns 0, or -1 with `errno` set: `EBADF`, `EINVAL`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_addfd(pu: *mut Usermount, fd: c_int, what: c_int) -> c_int {
    // SAFETY: by contract.
    match unsafe { context("puffs_framev_addfd", pu) } {
        Ok(pu) => done("puffs_framev_addfd", pu.add_fd(fd, what)),
        Err(errno) => fail(errno),
    }
}

/// Has sides of `fd` polled.
///
/// Returns 0, or -1 with `errno` set: `ENXIO` for a descriptor that was not added, `EINVAL`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_enablefd(
    pu: *mut Usermount,
    fd: c_int,
    what: c_int,
) -> c_int {
    // SAFETY: by contract.
    match unsafe { context("puffs_framev_enablefd", pu) } {
        Ok(pu) => done("puffs_framev_enablefd", pu.enable_fd(fd, what)),
        Err(errno) => fail(errno),
    }
}

/// Has sides of `fd` not polled; what waits there goes on waiting.
///
/// Returns 0, or -1 with `errno` set: `ENXIO` for a descriptor that was not added, `EINVAL`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_disablefd(
    pu: *mut Usermount,
    fd: c_int,
    what: c_int,
) -> c_int {
    // SAFETY: by contract.
    match unsafe { context("puffs_framev_disablefd", pu) } {
        Ok(pu) => done("puffs_framev_disablefd", pu.disable_fd(fd, what)),
        Err(errno) => fail(errno),
    }
}

/// Has the main loop look after `fd` no longer, and does not close it. Everything that waits there fails with `error`, 0 standing for
/// `ECONNRESET`; both sides close, and the server is told of each that was open.
///
/// Returns 0, or -1 with `errno` set: `ENXIO` for a descriptor that was not added, `EINVAL`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_removefd(
    pu: *mut Usermount,
    fd: c_int,
    error: c_int,
) -> c_int {
    // SAFETY: by contract.
    match unsafe { context("puffs_framev_removefd", pu) } {
        Ok(pu) => done("puffs_framev_removefd", pu.remove_fd(fd, error)),
        Err(errno) => fail(errno),
    }
}

/// For `puffs_framev_init`: a descriptor of which both sides have closed is removed. The server closes it.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_removeonclose(pu: *mut Usermount, fd: c_int, what: c_int) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_framev_removeonclose", pu) } {
        pu.remove_on_close(fd, what);
    }
}

/// For `puffs_framev_init`: the same, and the main loop ends, since without this descriptor the file system cannot be. `fs_unmount` is not called.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_unmountonclose(pu: *mut Usermount, fd: c_int, what: c_int) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_framev_unmountonclose", pu) } {
        pu.unmount_on_close(fd, what);
    }
}

/// Has a frame sent on `fd`, from its beginning, and leaves the request until the answer is there; then that is in the buffer, in place of what was sent,
/// and the cursor is where the function that read it left it. `PUFFS_FBQUEUE_URGENT` in `flags`: before those that wait to be sent. The buffer stays
/// the caller's.
///
/// Returns 0, or -1 with `errno` set: `EINVAL` for a descriptor that was not added, or when `pcc` is not the request being executed; `ESHUTDOWN`
/// when nothing can be sent there any more; `EBUSY` for a buffer that is queued; `ENXIO` when it was sent, and nothing can be read there any
/// more, or the main loop has ended; or what the function that reads or writes returned, or `puffs_framev_removefd` was given.
///
/// # Safety
/// `pcc` is null or the request being executed; `fb` is null or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_enqueue_cc(
    pcc: *mut Cc,
    fd: c_int,
    fb: *mut Framebuf,
    flags: c_int,
) -> c_int {
    // SAFETY: by contract.
    match unsafe { with_frame(request("puffs_framev_enqueue_cc", pcc), fb) } {
        Ok((cc, buf)) => done(
            "puffs_framev_enqueue_cc",
            frame::enqueue_cc(cc, fd, buf, flags),
        ),
        Err(errno) => fail(errno),
    }
}

/// Has a frame sent on `fd`, as `puffs_framev_enqueue_cc`, and returns at once. `fcb` is called, once, with the answer in the buffer, or
/// with an error and nothing that is to be looked at: by the main loop, or by the function that removes the descriptor. From then on the buffer is the server's again, to be destroyed by that function.
///
/// Returns 0, or -1 with `errno` set, as above; then the buffer is the caller's.
///
/// # Safety
/// `pu` is null or from `puffs_init`; `fb` is null or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_enqueue_cb(
    pu: *mut Usermount,
    fd: c_int,
    fb: *mut Framebuf,
    fcb: puffs_framev_cb,
    arg: *mut c_void,
    flags: c_int,
) -> c_int {
    // SAFETY: by contract.
    match unsafe { with_frame(context("puffs_framev_enqueue_cb", pu), fb) } {
        Ok((pu, buf)) if fcb.is_some() => done(
            "puffs_framev_enqueue_cb",
            pu.enqueue_cb(fd, buf, fcb, arg, flags),
        ),
        Ok(_) => fail(libc::EINVAL),
        Err(errno) => fail(errno),
    }
}

/// Has a frame sent on `fd`, as `puffs_framev_enqueue_cc`, and returns at once. The buffer is the library's, which frees it: when it has been
/// sent, or with `waitreply` when the answer has come, which nobody sees.
///
/// Returns 0, or -1 with `errno` set, as above; then the buffer is the caller's.
///
/// # Safety
/// `pu` is null or from `puffs_init`; `fb` is null or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_enqueue_justsend(
    pu: *mut Usermount,
    fd: c_int,
    fb: *mut Framebuf,
    waitreply: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: by contract.
    let (pu, buf) = match unsafe { with_frame(context("puffs_framev_enqueue_justsend", pu), fb) } {
        Ok(both) => both,
        Err(errno) => return fail(errno),
    };
    let result = pu.enqueue_justsend(fd, buf, waitreply != 0, flags);
    if result.is_ok() {
        // SAFETY: the caller gives its reference away.
        unsafe { take(fb) };
    }
    done("puffs_framev_enqueue_justsend", result)
}

/// Has a frame sent on `fd`, as `puffs_framev_enqueue_cc`, and leaves the request until it has been. No answer comes. The buffer stays the caller's.
///
/// Returns 0, or -1 with `errno` set, as above.
///
/// # Safety
/// As `puffs_framev_enqueue_cc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_enqueue_directsend(
    pcc: *mut Cc,
    fd: c_int,
    fb: *mut Framebuf,
    flags: c_int,
) -> c_int {
    // SAFETY: by contract.
    match unsafe { with_frame(request("puffs_framev_enqueue_directsend", pcc), fb) } {
        Ok((cc, buf)) => done(
            "puffs_framev_enqueue_directsend",
            frame::enqueue_directsend(cc, fd, buf, flags),
        ),
        Err(errno) => fail(errno),
    }
}

/// Leaves the request until a frame has been read from `fd` into this buffer, whose contents stay until then; its cursor begins at 0. A frame of
/// which a part has been read already is finished before. The buffer stays the caller's. `flags` is 0.
///
/// Returns 0, or -1 with `errno` set: `EINVAL` for a descriptor that was not added, or when `pcc` is not the request being executed; `ESHUTDOWN`
/// when nothing can be read there any more; `EBUSY` when another one waits so, or the buffer is queued; or what the function that reads
/// returned, or `puffs_framev_removefd` was given.
///
/// # Safety
/// As `puffs_framev_enqueue_cc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_enqueue_directreceive(
    pcc: *mut Cc,
    fd: c_int,
    fb: *mut Framebuf,
    flags: c_int,
) -> c_int {
    let _ = flags;
    // SAFETY: by contract.
    match unsafe { with_frame(request("puffs_framev_enqueue_directreceive", pcc), fb) } {
        Ok((cc, buf)) => done(
            "puffs_framev_enqueue_directreceive",
            frame::enqueue_directreceive(cc, fd, buf),
        ),
        Err(errno) => fail(errno),
    }
}

/// Leaves the request until something of `*what` happens at `fd`, whether that is polled for frames or not: it can be read or written, or something is
/// wrong with it, `PUFFS_FBIO_ERROR`, which counts always. `*what` is then what has happened. While somebody waits to read, the library
/// reads no frames there.
///
/// Returns 0, or -1 with `errno` set: `EINVAL` for a descriptor that was not added, for no event or unknown ones, or when `pcc` is not the request being
/// executed; or what `puffs_framev_removefd` was given, and `*what` is `PUFFS_FBIO_ERROR`.
///
/// # Safety
/// `pcc` is null or the request being executed; `what` is null or valid for reading and writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_enqueue_waitevent(
    pcc: *mut Cc,
    fd: c_int,
    what: *mut c_int,
) -> c_int {
    // SAFETY: by contract.
    let (cc, what) = match unsafe {
        (
            request("puffs_framev_enqueue_waitevent", pcc),
            what.as_mut(),
        )
    } {
        (Ok(cc), Some(what)) => (cc, what),
        (Ok(_), None) => return fail(libc::EINVAL),
        (Err(errno), _) => return fail(errno),
    };
    let result = frame::enqueue_waitevent(cc, fd, *what);
    match result {
        Ok(happened) => *what = happened,
        Err(FrameError::Failed(_)) => *what = PUFFS_FBIO_ERROR,
        Err(_) => {}
    }
    done("puffs_framev_enqueue_waitevent", result.map(drop))
}

/// Makes a frame that was sent by `puffs_framev_enqueue_cb` or `puffs_framev_enqueue_justsend` one for whose answer this request waits: leaves the
/// request until it is in the buffer. The callback is not called, and the buffer is the caller's. An error is not told: then the
/// buffer is as it was sent.
///
/// Returns 0, or -1 with `errno` set: `EBUSY` when the buffer is not queued any more; `EINVAL`.
///
/// # Safety
/// `pcc` is null or the request being executed; `fb` is null or a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_framev_framebuf_ccpromote(fb: *mut Framebuf, pcc: *mut Cc) -> c_int {
    // SAFETY: by contract.
    match unsafe { with_frame(request("puffs_framev_framebuf_ccpromote", pcc), fb) } {
        Ok((cc, buf)) => done("puffs_framev_framebuf_ccpromote", frame::promote(cc, buf)),
        Err(errno) => fail(errno),
    }
}
