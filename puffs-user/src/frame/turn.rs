//! What of frames is done in a turn of the main loop: output before it waits, then whatever has happened.

use std::os::fd::RawFd;
use std::rc::Rc;

use super::Frames;
use super::descriptor::{Descriptor, happened};
use super::wait::WaitId;
use crate::c::consts::PUFFS_FBIO_WRITE;
use crate::sys::{self, Epoll};
use crate::usermount::Usermount;

impl Frames {
    /// Whether a turn has something to send.
    pub(crate) fn has_output(&self) -> bool {
        let descriptors = self.descriptors.borrow();
        descriptors
            .values()
            .any(|d| d.is_active(PUFFS_FBIO_WRITE) && !d.full.get() && d.has_output())
    }

    /// Has this watch the descriptors, in place of another one, if there was one.
    pub(crate) fn set_epoll(&self, epoll: Rc<Epoll>) {
        for d in self.descriptors.borrow().values() {
            d.watched.set(None);
        }
        self.stale.set(false);
        self.epoll.replace(Some(epoll));
    }

    /// Whether another epoll is needed. One that watches a file of which the server closed the descriptor, but has another one elsewhere,
    /// cannot be told to stop.
    pub(crate) fn needs_epoll(&self) -> bool {
        self.stale.get()
    }

    /// Has epoll watch a descriptor for what is of interest now.
    fn watch(&self, d: &Descriptor) -> Result<(), i32> {
        let wanted = d.interest(self.hooks.get().read.is_some());
        if wanted == d.watched.get() && !d.doubtful.take() {
            return Ok(());
        }
        let Some(events) = wanted else {
            self.unwatch(d);
            return Ok(());
        };
        let Some(epoll) = self.epoll.borrow().clone() else {
            return Ok(());
        };
        let events = events as i32;
        let known = d.watched.get().is_some() && !d.always.get();
        let mut result = match known {
            true => epoll.modify(d.fd, d.token(), events),
            false => epoll.add(d.fd, d.token(), events),
        };
        if result.is_err() && known {
            d.watched.set(None);
            self.stale.set(true);
            if result == Err(libc::ENOENT) {
                // The server has put another file in its place.
                result = epoll.add(d.fd, d.token(), events);
            }
        }
        d.always.set(result == Err(libc::EPERM));
        if result.is_ok() || d.always.get() {
            d.watched.set(wanted);
            return Ok(());
        }
        result
    }

    /// What has happened at descriptors that epoll does not watch, as epoll would tell it.
    pub(crate) fn always_ready(&self) -> Vec<(u64, u32)> {
        let descriptors = self.descriptors.borrow();
        let always = descriptors.values().filter(|d| d.always.get());
        let events = always.map(|d| (d.token(), d.watched.get().unwrap_or(0)));
        events.filter(|(_, events)| *events != 0).collect()
    }
}

impl Usermount {
    /// Has everything written that is to be, as far as descriptors take it.
    pub(crate) fn push_frames(&self) {
        self.each_descriptor(|d| {
            if !d.full.get() {
                self.output(d);
            }
        });
    }

    /// Has epoll watch what is of interest. Whether one of the descriptors was none any more, and has failed.
    pub(crate) fn watch_frames(&self) -> bool {
        let mut failed = false;
        self.each_descriptor(|d| {
            if let Err(errno) = self.frames().watch(d) {
                failed = true;
                self.end_descriptor(d, errno);
            }
        });
        failed
    }

    /// Does what there is to be done about the events of descriptors.
    pub(crate) fn frame_events(&self, ready: impl Iterator<Item = (u64, u32)>) {
        for (token, events) in ready {
            // An event before this one may have removed it.
            if let Some(d) = self.frames().find_token(token) {
                self.frame_event(&d, events);
            }
        }
    }

    fn frame_event(&self, d: &Rc<Descriptor>, events: u32) {
        let has = |bits: i32| events & bits as u32 != 0;
        let broken = has(libc::EPOLLERR | libc::EPOLLHUP);
        let waking = d.woken_by(events);
        if broken && d.is_active(PUFFS_FBIO_WRITE) {
            self.close(d, PUFFS_FBIO_WRITE, broken_by(d.fd));
        }
        if broken || has(libc::EPOLLIN) {
            self.input(d);
        }
        if has(libc::EPOLLOUT) {
            d.full.set(false);
            self.output(d);
        }
        for wait in waking {
            if let Some(wanted) = d.take_watcher(wait) {
                self.end_wait(wait, Ok(happened(events, wanted)));
            }
        }
    }

    /// Does something with each descriptor, while they may come and go.
    fn each_descriptor(&self, mut f: impl FnMut(&Rc<Descriptor>)) {
        let mut from = 0;
        while let Some(d) = self.frames().next_from(from) {
            f(&d);
            from = d.fd + 1;
        }
    }
}

impl Descriptor {
    /// Who waits for one of these events, oldest first.
    fn woken_by(&self, events: u32) -> Vec<WaitId> {
        let watchers = self.watchers.borrow();
        let woken = watchers.iter().filter(|w| happened(events, w.wanted) != 0);
        woken.map(|w| w.wait).collect()
    }

    /// Takes out one who waits for events, unless that has ended otherwise; returns what he waits for.
    fn take_watcher(&self, wait: WaitId) -> Option<i32> {
        let mut watchers = self.watchers.borrow_mut();
        let at = watchers.iter().position(|w| w.wait == wait)?;
        Some(watchers.remove(at).wanted)
    }
}

/// Why nothing can be written to a descriptor any more.
fn broken_by(fd: RawFd) -> i32 {
    match sys::socket_error(fd) {
        Ok(0) | Err(_) => libc::EPIPE,
        Ok(errno) => errno,
    }
}
