//! Frame buffers, and descriptors that carry frames: for a server whose operations are answered by somebody else, over a connection.
//!
//! A [`Framebuf`] is a frame, a message of the server's own protocol. A descriptor that was added ([`Usermount::add_fd`]) is watched by
//! the main loop, which has the server's functions read and write frames and finds out which frame answers which.
//! An operation that sends one and waits for the answer is left meanwhile, and others run.
//!
//! * [`buffer`]: the bytes. `descriptor`: what waits where. `queue`: everything that a server can have waiting.
//! * `output` and `input`: what becomes of frames when a descriptor can be written or read.
//! * `turn`: what of this happens when in a turn of the main loop. `close`: a side's end, and the end of all.
//!
//! All of it is one thread. But the server's functions and the requests that go on are run from inside, and may do anything: add, remove,
//! send. So nothing is borrowed while they run, and what is looked at afterwards is looked up again.

pub mod buffer;
mod close;
mod descriptor;
mod input;
mod output;
mod queue;
#[cfg(test)]
mod tests;
mod turn;
mod wait;

pub use buffer::{BufferError, Framebuf};
pub use queue::{
    enqueue_cc, enqueue_directreceive, enqueue_directsend, enqueue_waitevent, promote,
};

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::os::fd::RawFd;
use std::rc::Rc;

use core::ffi::c_int;

use crate::c::consts::{PUFFS_FBIO_READ, PUFFS_FBIO_WRITE};
use crate::c::frame::{
    puffs_framev_cmpframe_fn, puffs_framev_fdnotify_fn, puffs_framev_gotframe_fn,
    puffs_framev_readframe_fn, puffs_framev_writeframe_fn,
};
use crate::cc::CcError;
use crate::sys::Epoll;
use crate::usermount::{State, Usermount};
use descriptor::{BOTH, Descriptor};
use wait::Waits;

/// The server's functions for its frames; those that it does not need are missing.
#[derive(Clone, Copy, Default)]
pub struct Hooks {
    /// Reads one.
    pub read: puffs_framev_readframe_fn,
    /// Writes one.
    pub write: puffs_framev_writeframe_fn,
    /// Tells whether one answers another.
    pub cmp: puffs_framev_cmpframe_fn,
    /// Gets those that answer none.
    pub got: puffs_framev_gotframe_fn,
    /// Hears of sides that close.
    pub notify: puffs_framev_fdnotify_fn,
}

/// Why something about frames was not done, or how a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// To be changed or removed: a descriptor that was not added.
    NotAdded,
    /// To be sent on or waited at: a descriptor that was not added.
    NoDescriptor,
    /// That side of the descriptor is closed.
    Closed,
    /// The buffer, or the place for it, is in use.
    Busy,
    /// To be promoted: the buffer is not queued any more.
    NotQueued,
    /// The request cannot wait.
    Context(CcError),
    /// The server did something that makes no sense: in words.
    Misuse(&'static str),
    /// A system call failed: its errno value.
    System(i32),
    /// It began and then failed, with what the server's own function returned, or another errno value.
    Failed(i32),
}

impl FrameError {
    /// The errno value for C.
    pub const fn errno(self) -> i32 {
        match self {
            FrameError::NotAdded => libc::ENXIO,
            FrameError::NoDescriptor | FrameError::Misuse(_) => libc::EINVAL,
            FrameError::Closed => libc::ESHUTDOWN,
            FrameError::Busy | FrameError::NotQueued => libc::EBUSY,
            FrameError::Context(CcError::NoStack) => libc::ENOMEM,
            FrameError::Context(_) => libc::EINVAL,
            FrameError::System(errno) | FrameError::Failed(errno) => errno,
        }
    }

    /// In words, for a warning; `None` when it is nothing that the server should have avoided.
    pub const fn words(self) -> Option<&'static str> {
        match self {
            FrameError::Misuse(words) => Some(words),
            FrameError::Context(error) => Some(error.words()),
            FrameError::Busy => Some("what is to be used is in use already"),
            _ => None,
        }
    }
}

/// All that one server has to do with frames.
#[derive(Default)]
pub(crate) struct Frames {
    hooks: Cell<Hooks>,
    descriptors: RefCell<BTreeMap<RawFd, Rc<Descriptor>>>,
    serial: Cell<u32>,
    waits: Waits,
    /// The main loop's, while it runs.
    epoll: RefCell<Option<Rc<Epoll>>>,
    /// It may watch files that nobody here can name any more.
    stale: Cell<bool>,
    /// The main loop is over, and nobody is told of sides that close.
    over: Cell<bool>,
}

impl Frames {
    /// Whether the main loop has no descriptors to look after.
    pub(crate) fn is_empty(&self) -> bool {
        self.descriptors.borrow().is_empty()
    }

    fn find(&self, fd: RawFd) -> Option<Rc<Descriptor>> {
        self.descriptors.borrow().get(&fd).cloned()
    }

    /// The descriptor that an event is of, unless it was removed meanwhile.
    fn find_token(&self, token: u64) -> Option<Rc<Descriptor>> {
        let found = self.find(Descriptor::of_token(token)?)?;
        (found.token() == token).then_some(found)
    }

    /// The descriptor with the least number that is not less than `from`: for going through all while they change.
    fn next_from(&self, from: RawFd) -> Option<Rc<Descriptor>> {
        let descriptors = self.descriptors.borrow();
        descriptors.range(from..).next().map(|(_, d)| Rc::clone(d))
    }

    /// Has epoll watch a descriptor no longer.
    fn unwatch(&self, d: &Descriptor) {
        if d.watched.take().is_some()
            && !d.always.get()
            && let Some(epoll) = &*self.epoll.borrow()
            && epoll.remove(d.fd).is_err()
        {
            // The server closed it. If it has another descriptor of the same file, epoll goes on.
            self.stale.set(true);
        }
    }
}

impl Usermount {
    /// The server's functions for its frames, in place of those before. Replaces `puffs_framev_init`.
    pub fn set_frame_hooks(&self, hooks: Hooks) {
        self.frames().hooks.set(hooks);
    }

    /// Has the main loop look after a descriptor from now on, on the sides `what`. One of the same number that was not removed has been closed
    /// by the server: what waits there fails with `ECONNRESET`. One that nobody can wait for, such as a regular file's, is always ready.
    /// Replaces `puffs_framev_addfd`.
    ///
    /// # Errors
    /// [`FrameError::Misuse`] for unknown bits; [`FrameError::System`]: `EBADF` for what is no descriptor.
    pub fn add_fd(&self, fd: RawFd, what: c_int) -> Result<(), FrameError> {
        sides(what)?;
        // Whether it is one, epoll alone knows; and the main loop's may not be there yet.
        let probe = Epoll::new().map_err(FrameError::System)?;
        match probe.add(fd, 0, 0) {
            Ok(()) | Err(libc::EPERM) => drop(probe),
            Err(errno) => return Err(FrameError::System(errno)),
        }
        let frames = self.frames();
        let serial = match frames.serial.get().wrapping_add(1) {
            0 => 1,
            serial => serial,
        };
        frames.serial.set(serial);
        let added = Rc::new(Descriptor::new(fd, serial, what));
        let before = frames.descriptors.borrow_mut().insert(fd, added);
        if let Some(before) = before {
            before.told.set(BOTH);
            self.end_descriptor(&before, libc::ECONNRESET);
        }
        Ok(())
    }

    /// Has sides of a descriptor polled from now on. Replaces `puffs_framev_enablefd`.
    ///
    /// # Errors
    /// [`FrameError::NotAdded`]; [`FrameError::Misuse`] for unknown bits.
    pub fn enable_fd(&self, fd: RawFd, what: c_int) -> Result<(), FrameError> {
        let d = self.frames().find(fd).ok_or(FrameError::NotAdded)?;
        d.enabled.set(d.enabled.get() | sides(what)?);
        d.doubtful.set(true);
        Ok(())
    }

    /// Has sides of a descriptor polled no longer; what waits there goes on waiting. Replaces `puffs_framev_disablefd`.
    ///
    /// # Errors
    /// As [`Usermount::enable_fd`].
    pub fn disable_fd(&self, fd: RawFd, what: c_int) -> Result<(), FrameError> {
        let d = self.frames().find(fd).ok_or(FrameError::NotAdded)?;
        d.enabled.set(d.enabled.get() & !sides(what)?);
        Ok(())
    }

    /// Has the main loop look after a descriptor no longer. Both its sides close, and whatever waits there fails with `error`;
    /// 0 stands for `ECONNRESET`. Replaces `puffs_framev_removefd`.
    ///
    /// # Errors
    /// [`FrameError::NotAdded`].
    pub fn remove_fd(&self, fd: RawFd, error: i32) -> Result<(), FrameError> {
        let removed = self.frames().descriptors.borrow_mut().remove(&fd);
        let removed = removed.ok_or(FrameError::NotAdded)?;
        let error = match error {
            0 => libc::ECONNRESET,
            error => error,
        };
        self.end_descriptor(&removed, error);
        Ok(())
    }

    /// A side of a descriptor has closed: removes it if both have. Whether they have.
    pub fn remove_on_close(&self, fd: RawFd, what: c_int) -> bool {
        let both = what & BOTH == BOTH;
        if both {
            // It may be on its way out already, which is why it closes.
            let _ = self.remove_fd(fd, libc::ECONNRESET);
        }
        both
    }

    /// The same; without this descriptor the file system cannot be, so the main loop ends with it. `fs_unmount` is not called.
    pub fn unmount_on_close(&self, fd: RawFd, what: c_int) {
        if self.remove_on_close(fd, what) {
            self.set_state(State::Unmounted);
        }
    }
}

/// The sides in `what`, if it is nothing else.
const fn sides(what: c_int) -> Result<c_int, FrameError> {
    if what & !(PUFFS_FBIO_READ | PUFFS_FBIO_WRITE) != 0 {
        return Err(FrameError::Misuse(
            "only PUFFS_FBIO_READ and PUFFS_FBIO_WRITE can be enabled",
        ));
    }
    Ok(what)
}
