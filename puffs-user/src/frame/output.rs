//! Frames on their way out.

use std::rc::Rc;

use super::buffer::Framebuf;
use super::descriptor::Descriptor;
use super::queue::Then;
use crate::c::consts::{PUFFS_FBIO_READ, PUFFS_FBIO_WRITE};
use crate::usermount::Usermount;

/// Frames that are written in one go before the main loop may look at something else.
const ENOUGH: usize = 64;

impl Usermount {
    /// Has frames written until there are none, or the descriptor takes no more.
    pub(super) fn output(&self, d: &Rc<Descriptor>) {
        let Some(write) = self.frames().hooks.get().write else {
            return;
        };
        for _ in 0..ENOUGH {
            if !d.is_active(PUFFS_FBIO_WRITE) {
                return;
            }
            let Some(buf) = d.next_to_send() else {
                return;
            };
            let mut done = 0;
            let at = Rc::as_ptr(&buf).cast_mut();
            // SAFETY: the server's own function, called as its type says; the buffer is held here.
            let errno = unsafe { write(self.as_ptr(), at, d.fd, &raw mut done) };
            if d.is_closed(PUFFS_FBIO_WRITE) {
                // By that very function: the frame has failed with the others.
                return;
            }
            if errno != 0 {
                return self.close(d, PUFFS_FBIO_WRITE, errno);
            }
            if done == 0 {
                d.full.set(true);
                return;
            }
            d.sending.take();
            self.sent(d, buf);
        }
    }

    /// A frame has been written.
    fn sent(&self, d: &Descriptor, buf: Rc<Framebuf>) {
        match buf.then() {
            Some(Then::Answer(_)) if d.is_closed(PUFFS_FBIO_READ) => {
                self.finish(buf, Err(libc::ENXIO));
            }
            Some(Then::Answer(_)) => d.awaiting.borrow_mut().push_back(buf),
            _ => self.finish(buf, Ok(())),
        }
    }
}

impl Descriptor {
    /// The frame that is being written, or else the first one of the queue, which is from now on.
    fn next_to_send(&self) -> Option<Rc<Framebuf>> {
        let mut sending = self.sending.borrow_mut();
        if sending.is_none() {
            *sending = self.queue.borrow_mut().pop_front();
        }
        sending.clone()
    }
}
