//! One descriptor with frames: which sides of it are open and enabled, what waits at it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::RawFd;
use std::rc::Rc;

use core::ffi::c_int;

use super::buffer::Framebuf;
use super::wait::WaitId;
use crate::c::consts::{PUFFS_FBIO_ERROR, PUFFS_FBIO_READ, PUFFS_FBIO_WRITE};

/// Both sides.
pub(super) const BOTH: c_int = PUFFS_FBIO_READ | PUFFS_FBIO_WRITE;

/// A descriptor that the server has added.
pub(super) struct Descriptor {
    pub(super) fd: RawFd,
    /// Tells it from others that had or will have the same number.
    serial: u32,
    /// Sides that are polled.
    pub(super) enabled: Cell<c_int>,
    /// Sides that are closed for good.
    pub(super) closed: Cell<c_int>,
    /// Those of them that the server has been told of.
    pub(super) told: Cell<c_int>,
    /// It was removed, or is no descriptor any more: nothing else is to wait there.
    pub(super) gone: Cell<bool>,
    /// What it is watched for; `None`: it is not.
    pub(super) watched: Cell<Option<u32>>,
    /// Epoll does not watch such a file: whatever it is watched for is always so.
    pub(super) always: Cell<bool>,
    /// Whether it is so is to be looked at again: the server may have put another file in its place.
    pub(super) doubtful: Cell<bool>,
    /// It took no more output when it was last tried.
    pub(super) full: Cell<bool>,
    /// The frame that is being written.
    pub(super) sending: RefCell<Option<Rc<Framebuf>>>,
    /// Those that are written after it.
    pub(super) queue: RefCell<VecDeque<Rc<Framebuf>>>,
    /// Those that have been written and wait for their answers, oldest first.
    pub(super) awaiting: RefCell<VecDeque<Rc<Framebuf>>>,
    /// The frame that is being read.
    pub(super) reading: RefCell<Option<Rc<Framebuf>>>,
    /// The buffer that the next frame is read into.
    pub(super) receiver: RefCell<Option<Rc<Framebuf>>>,
    /// Requests that wait for events, oldest first.
    pub(super) watchers: RefCell<Vec<Watcher>>,
}

/// A request that waits for events.
#[derive(Clone, Copy)]
pub(super) struct Watcher {
    pub(super) wait: WaitId,
    /// `PUFFS_FBIO_*`.
    pub(super) wanted: c_int,
}

impl Descriptor {
    pub(super) fn new(fd: RawFd, serial: u32, enabled: c_int) -> Self {
        Descriptor {
            fd,
            serial,
            enabled: Cell::new(enabled),
            closed: Cell::new(0),
            told: Cell::new(0),
            gone: Cell::new(false),
            watched: Cell::new(None),
            always: Cell::new(false),
            doubtful: Cell::new(false),
            full: Cell::new(false),
            sending: RefCell::default(),
            queue: RefCell::default(),
            awaiting: RefCell::default(),
            reading: RefCell::default(),
            receiver: RefCell::default(),
            watchers: RefCell::default(),
        }
    }

    /// What its events carry. Never less than `1 << 32`, so that it is none of the main loop's own.
    pub(super) fn token(&self) -> u64 {
        u64::from(self.serial) << 32 | self.fd as u64
    }

    /// The descriptor's number in a token; `None` when it is one of the main loop's.
    pub(super) fn of_token(token: u64) -> Option<RawFd> {
        (token >> 32 != 0).then_some(token as u32 as RawFd)
    }

    pub(super) fn is_closed(&self, side: c_int) -> bool {
        self.closed.get() & side != 0
    }

    /// Whether frames travel on this side.
    pub(super) fn is_active(&self, side: c_int) -> bool {
        self.enabled.get() & side != 0 && !self.is_closed(side)
    }

    pub(super) fn has_output(&self) -> bool {
        self.sending.borrow().is_some() || !self.queue.borrow().is_empty()
    }

    /// Whether somebody waits until it can be read, and wants to do so.
    pub(super) fn has_reader(&self) -> bool {
        let watchers = self.watchers.borrow();
        watchers.iter().any(|w| w.wanted & PUFFS_FBIO_READ != 0)
    }

    /// What epoll is to watch it for; `None`: it is not to. Errors and hang-ups come by themselves, so nothing is watched where
    /// nobody would do something about them. `reads`: there is a function that reads frames.
    pub(super) fn interest(&self, reads: bool) -> Option<u32> {
        let (mut watch, mut events) = (false, 0);
        if self.is_active(PUFFS_FBIO_READ) && reads {
            watch = true;
            events |= libc::EPOLLIN;
        }
        if self.is_active(PUFFS_FBIO_WRITE) {
            watch = true;
            if self.has_output() {
                events |= libc::EPOLLOUT;
            }
        }
        for watcher in self.watchers.borrow().iter() {
            watch = true;
            if watcher.wanted & PUFFS_FBIO_READ != 0 {
                events |= libc::EPOLLIN;
            }
            if watcher.wanted & PUFFS_FBIO_WRITE != 0 {
                events |= libc::EPOLLOUT;
            }
        }
        watch.then_some(events as u32)
    }
}

/// What of `wanted` has happened, of epoll's `events`. An error counts always; the peer's end is something to be read, and an error for
/// who does not want to read.
pub(super) fn happened(events: u32, wanted: c_int) -> c_int {
    let has = |bits: c_int| events & bits as u32 != 0;
    let mut what = 0;
    if has(libc::EPOLLIN | libc::EPOLLHUP) {
        what |= wanted & PUFFS_FBIO_READ;
    }
    if has(libc::EPOLLOUT) {
        what |= wanted & PUFFS_FBIO_WRITE;
    }
    if has(libc::EPOLLERR) || has(libc::EPOLLHUP) && what == 0 {
        what |= PUFFS_FBIO_ERROR;
    }
    what
}
