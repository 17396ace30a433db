//! The end of a descriptor's side, of a descriptor, and of all when the main loop is over.
//!
//! What waits is taken out one by one, and the server told last; whatever a request does that goes on with its error, each of both
//! happens once.

use std::rc::Rc;

use core::ffi::c_int;

use super::buffer::Framebuf;
use super::descriptor::{Descriptor, Watcher};
use crate::c::consts::{PUFFS_FBIO_READ, PUFFS_FBIO_WRITE};
use crate::usermount::Usermount;

impl Usermount {
    /// Closes a side. What waits there fails with `error`, and the server is told.
    pub(super) fn close(&self, d: &Rc<Descriptor>, side: c_int, error: i32) {
        d.closed.set(d.closed.get() | side);
        while let Some(buf) = d.pop(side) {
            self.finish(buf, Err(error));
        }
        if d.told.get() & side != 0 {
            return;
        }
        d.told.set(d.told.get() | side);
        if let Some(notify) = self.frames().hooks.get().notify
            && !self.frames().over.get()
        {
            // SAFETY: the server's own function, called as its type says.
            unsafe { notify(self.as_ptr(), d.fd, d.closed.get()) };
        }
    }

    /// The end of a descriptor, which may be in the table or not: everything that waits there fails with `error`.
    pub(super) fn end_descriptor(&self, d: &Rc<Descriptor>, error: i32) {
        d.gone.set(true);
        self.frames().unwatch(d);
        while let Some(watcher) = d.first_watcher() {
            self.end_wait(watcher.wait, Err(error));
        }
        self.close(d, PUFFS_FBIO_READ, error);
        self.close(d, PUFFS_FBIO_WRITE, error);
    }

    /// The main loop is over: what was to be sent is, as far as that is possible at once; everything that still waits fails
    /// with `ENXIO`.
    pub(crate) fn end_frames(&self) {
        let frames = self.frames();
        frames.over.set(true);
        let mut from = 0;
        while let Some(d) = frames.next_from(from) {
            d.full.set(false);
            let writes = frames.hooks.get().write.is_some();
            while writes && d.is_active(PUFFS_FBIO_WRITE) && d.has_output() && !d.full.get() {
                self.output(&d);
            }
            from = d.fd + 1;
        }
        from = 0;
        while let Some(d) = frames.next_from(from) {
            self.end_descriptor(&d, libc::ENXIO);
            from = d.fd + 1;
        }
        frames.epoll.take();
    }

    /// The stacks of requests are gone, and with them whoever could wait.
    pub(crate) fn forget_waits(&self) {
        self.frames().waits.clear();
    }
}

impl Descriptor {
    /// Takes out who has waited longest for events.
    fn first_watcher(&self) -> Option<Watcher> {
        let mut watchers = self.watchers.borrow_mut();
        (!watchers.is_empty()).then(|| watchers.remove(0))
    }

    /// Takes out the next buffer that waits at a side.
    fn pop(&self, side: c_int) -> Option<Rc<Framebuf>> {
        if side == PUFFS_FBIO_READ {
            let reading = self.reading.take().or_else(|| self.receiver.take());
            return reading.or_else(|| self.awaiting.borrow_mut().pop_front());
        }
        let sending = self.sending.take();
        sending.or_else(|| self.queue.borrow_mut().pop_front())
    }
}
