//! What a server can have sent, received and waited for, and how each of it ends.
//!
//! A buffer that the library has says what is to become of it ([`Then`]). However that ends, it ends in [`Usermount::finish`], once.

use std::os::fd::RawFd;
use std::rc::Rc;

use core::ffi::{c_int, c_void};

use super::buffer::Framebuf;
use super::descriptor::Watcher;
use super::wait::WaitId;
use super::{FrameError, Frames};
use crate::c::consts::{PUFFS_FBIO_ERROR, PUFFS_FBIO_READ, PUFFS_FBIO_WRITE, PUFFS_FBQUEUE_URGENT};
use crate::c::frame::puffs_framev_cb;
use crate::cc::Cc;
use crate::usermount::Usermount;

/// What is to become of a buffer.
#[derive(Clone, Copy)]
pub(super) enum Then {
    /// Once it is sent, nothing more: the library's reference was the last one.
    Gone,
    /// Once it is sent, its sender goes on.
    Sent(WaitId),
    /// Once it is sent, it waits for its answer, for somebody.
    Answer(For),
    /// Once a frame is in it, whoever waits for that goes on.
    Received(WaitId),
    /// The library's own: a frame is read into it, or it is a request that is executed by hand.
    Reading,
}

/// For whom an answer is.
#[derive(Clone, Copy)]
pub(super) enum For {
    /// Nobody.
    Nobody,
    /// The request that sent it.
    Sender(WaitId),
    /// A request that came later; it is told of no error.
    Latecomer(WaitId),
    /// A function of the server's, which then owns the buffer.
    Callback(puffs_framev_cb, *mut c_void),
}

/// Sends a frame and waits for the answer, by which the contents of the buffer are replaced. Replaces `puffs_framev_enqueue_cc`.
///
/// # Errors
/// See [`FrameError`].
pub fn enqueue_cc(cc: &Cc, fd: RawFd, buf: Rc<Framebuf>, flags: c_int) -> Result<(), FrameError> {
    send_and_wait(cc, fd, buf, flags, |wait| Then::Answer(For::Sender(wait)))
}

/// Sends a frame and waits until it has been written. Replaces `puffs_framev_enqueue_directsend`.
///
/// # Errors
/// See [`FrameError`].
pub fn enqueue_directsend(
    cc: &Cc,
    fd: RawFd,
    buf: Rc<Framebuf>,
    flags: c_int,
) -> Result<(), FrameError> {
    send_and_wait(cc, fd, buf, flags, Then::Sent)
}

fn send_and_wait(
    cc: &Cc,
    fd: RawFd,
    buf: Rc<Framebuf>,
    flags: c_int,
    then: impl FnOnce(WaitId) -> Then,
) -> Result<(), FrameError> {
    let pu = context(cc)?;
    let wait = pu.begin_wait(cc)?;
    if let Err(error) = pu.enqueue(fd, buf, flags, then(wait)) {
        pu.frames().waits.cancel(wait);
        return Err(error);
    }
    finished(pu.wait(cc, wait))
}

/// Waits for a frame that is read into this buffer, whatever it answers. Replaces `puffs_framev_enqueue_directreceive`.
///
/// # Errors
/// See [`FrameError`]; [`FrameError::Busy`] when somebody else waits for one.
pub fn enqueue_directreceive(cc: &Cc, fd: RawFd, buf: Rc<Framebuf>) -> Result<(), FrameError> {
    let pu = context(cc)?;
    let wait = pu.begin_wait(cc)?;
    if let Err(error) = pu.frames().receive(fd, buf, wait) {
        pu.frames().waits.cancel(wait);
        return Err(error);
    }
    finished(pu.wait(cc, wait))
}

/// Waits until something of `what` happens at a descriptor, enabled or not; returns what. The library does not read meanwhile what
/// somebody here waits to read. Replaces `puffs_framev_enqueue_waitevent`.
///
/// # Errors
/// See [`FrameError`]; [`FrameError::Failed`] when the descriptor is removed.
pub fn enqueue_waitevent(cc: &Cc, fd: RawFd, what: c_int) -> Result<c_int, FrameError> {
    let all = PUFFS_FBIO_READ | PUFFS_FBIO_WRITE | PUFFS_FBIO_ERROR;
    if what == 0 || what & !all != 0 {
        return Err(FrameError::Misuse("no event, or unknown ones"));
    }
    let pu = context(cc)?;
    let wait = pu.begin_wait(cc)?;
    if let Err(error) = pu.frames().watch_for(fd, what, wait) {
        pu.frames().waits.cancel(wait);
        return Err(error);
    }
    pu.wait(cc, wait).map_err(FrameError::Failed)
}

/// Waits for the answer to a frame that was sent before, with a callback or for nobody. The callback is forgotten, and the buffer is the
/// request's; no error is told. Replaces `puffs_framev_framebuf_ccpromote`.
///
/// # Errors
/// [`FrameError::NotQueued`] when the answer came already; [`FrameError::Context`].
pub fn promote(cc: &Cc, buf: Rc<Framebuf>) -> Result<(), FrameError> {
    let pu = context(cc)?;
    let nobodys = match buf.then() {
        Some(Then::Gone | Then::Answer(For::Nobody)) => true,
        Some(Then::Answer(For::Callback(..))) => false,
        _ => return Err(FrameError::NotQueued),
    };
    let wait = pu.begin_wait(cc)?;
    buf.set_then(Some(Then::Answer(For::Latecomer(wait))));
    if nobodys {
        // C has a reference again, which it had given away.
        std::mem::forget(buf);
    } else {
        drop(buf);
    }
    finished(pu.wait(cc, wait))
}

fn context(cc: &Cc) -> Result<&Usermount, FrameError> {
    cc.usermount()
        .ok_or(FrameError::Context(crate::cc::CcError::NotCurrent))
}

fn finished(outcome: Result<c_int, i32>) -> Result<(), FrameError> {
    outcome.map(drop).map_err(FrameError::Failed)
}

impl Usermount {
    /// Sends a frame; `f` gets the answer or an error, and the buffer. Replaces `puffs_framev_enqueue_cb`.
    ///
    /// # Errors
    /// See [`FrameError`]; then `f` is not called.
    pub fn enqueue_cb(
        &self,
        fd: RawFd,
        buf: Rc<Framebuf>,
        f: puffs_framev_cb,
        arg: *mut c_void,
        flags: c_int,
    ) -> Result<(), FrameError> {
        self.enqueue(fd, buf, flags, Then::Answer(For::Callback(f, arg)))
    }

    /// Sends a frame, and is done with it. With `waitreply` an answer comes, and is dropped. `buf` is to be the last reference.
    /// Replaces `puffs_framev_enqueue_justsend`.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub fn enqueue_justsend(
        &self,
        fd: RawFd,
        buf: Rc<Framebuf>,
        waitreply: bool,
        flags: c_int,
    ) -> Result<(), FrameError> {
        let then = match waitreply {
            true => Then::Answer(For::Nobody),
            false => Then::Gone,
        };
        self.enqueue(fd, buf, flags, then)
    }

    fn enqueue(
        &self,
        fd: RawFd,
        buf: Rc<Framebuf>,
        flags: c_int,
        then: Then,
    ) -> Result<(), FrameError> {
        let d = self.frames().find(fd).ok_or(FrameError::NoDescriptor)?;
        if self.frames().hooks.get().write.is_none() {
            return Err(FrameError::Misuse("there is no function to write frames"));
        }
        if flags & !PUFFS_FBQUEUE_URGENT != 0 {
            return Err(FrameError::Misuse("unknown flags"));
        }
        if d.gone.get() || d.is_closed(PUFFS_FBIO_WRITE) {
            return Err(FrameError::Closed);
        }
        if buf.is_queued() {
            return Err(FrameError::Busy);
        }
        buf.seek(0);
        buf.set_then(Some(then));
        let mut queue = d.queue.borrow_mut();
        match flags & PUFFS_FBQUEUE_URGENT {
            0 => queue.push_back(buf),
            _ => queue.push_front(buf),
        }
        Ok(())
    }

    /// The library is done with a buffer: it was sent, answered or filled, or that failed with an errno value. Whoever waits for that goes on
    /// at once.
    pub(super) fn finish(&self, buf: Rc<Framebuf>, result: Result<(), i32>) {
        let then = buf.then();
        buf.set_then(None);
        match then {
            Some(Then::Sent(wait) | Then::Received(wait) | Then::Answer(For::Sender(wait))) => {
                drop(buf);
                self.end_wait(wait, result.map(|()| 0));
            }
            Some(Then::Answer(For::Latecomer(wait))) => {
                drop(buf);
                self.end_wait(wait, Ok(0));
            }
            Some(Then::Answer(For::Callback(Some(f), arg))) => {
                // C's reference is still there, until the server drops it.
                let at = Rc::as_ptr(&buf).cast_mut();
                drop(buf);
                // SAFETY: the server's own function, called as its type says.
                unsafe { f(self.as_ptr(), at, arg, result.err().unwrap_or(0)) };
            }
            Some(
                Then::Gone | Then::Reading | Then::Answer(For::Nobody | For::Callback(None, _)),
            )
            | None => {}
        }
    }
}

impl Frames {
    fn receive(&self, fd: RawFd, buf: Rc<Framebuf>, wait: WaitId) -> Result<(), FrameError> {
        let d = self.find(fd).ok_or(FrameError::NoDescriptor)?;
        if self.hooks.get().read.is_none() {
            return Err(FrameError::Misuse("there is no function to read frames"));
        }
        if d.gone.get() || d.is_closed(PUFFS_FBIO_READ) {
            return Err(FrameError::Closed);
        }
        let reads = |buf: &Rc<Framebuf>| matches!(buf.then(), Some(Then::Received(_)));
        let taken = d.receiver.borrow().is_some() || d.reading.borrow().as_ref().is_some_and(reads);
        if taken || buf.is_queued() {
            return Err(FrameError::Busy);
        }
        buf.seek(0);
        buf.set_then(Some(Then::Received(wait)));
        d.receiver.replace(Some(buf));
        Ok(())
    }

    fn watch_for(&self, fd: RawFd, wanted: c_int, wait: WaitId) -> Result<(), FrameError> {
        let d = self.find(fd).ok_or(FrameError::NoDescriptor)?;
        if d.gone.get() {
            return Err(FrameError::Closed);
        }
        d.watchers.borrow_mut().push(Watcher { wait, wanted });
        Ok(())
    }
}
