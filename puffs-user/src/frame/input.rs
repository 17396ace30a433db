//! Frames that come in, and what they answer.

use std::rc::Rc;

use super::buffer::Framebuf;
use super::descriptor::Descriptor;
use super::queue::Then;
use crate::c::consts::PUFFS_FBIO_READ;
use crate::say;
use crate::usermount::Usermount;

/// Frames that are read in one go before the main loop may look at something else.
const ENOUGH: usize = 64;

impl Usermount {
    /// Has frames read until there are none. What a frame brings happens before the next one is read.
    pub(super) fn input(&self, d: &Rc<Descriptor>) {
        let Some(read) = self.frames().hooks.get().read else {
            return;
        };
        for _ in 0..ENOUGH {
            // Who waits to read himself is left what there is.
            if !d.is_active(PUFFS_FBIO_READ) || d.has_reader() {
                return;
            }
            let Some(buf) = d.next_to_fill() else {
                return say::warn(format_args!("no memory for a frame"));
            };
            let mut done = 0;
            let at = Rc::as_ptr(&buf).cast_mut();
            // SAFETY: the server's own function, called as its type says; the buffer is held here.
            let errno = unsafe { read(self.as_ptr(), at, d.fd, &raw mut done) };
            if d.is_closed(PUFFS_FBIO_READ) {
                // By that very function: the frame is nobody's any more.
                return;
            }
            if errno != 0 {
                return self.close(d, PUFFS_FBIO_READ, errno);
            }
            if done == 0 {
                return;
            }
            d.reading.take();
            match buf.then() {
                Some(Then::Received(_)) => self.finish(buf, Ok(())),
                _ => self.came(d, buf),
            }
        }
    }

    /// A frame has come in: it answers the oldest one that the server says it answers, or is news.
    fn came(&self, d: &Descriptor, incoming: Rc<Framebuf>) {
        let answered = self.answered_by(d, &incoming);
        incoming.set_then(None);
        if let Some(waiting) = answered {
            waiting.swap(&incoming);
            drop(incoming);
            self.finish(waiting, Ok(()));
        } else if let Some(got) = self.frames().hooks.get().got {
            // The server's from now on.
            let at = Rc::into_raw(incoming).cast_mut();
            // SAFETY: the server's own function, called as its type says.
            unsafe { got(self.as_ptr(), at) };
        }
    }

    /// The frame that this one answers; it does not wait any more. Without a function that compares, answers come in the order in
    /// which frames were sent.
    fn answered_by(&self, d: &Descriptor, incoming: &Rc<Framebuf>) -> Option<Rc<Framebuf>> {
        let Some(cmp) = self.frames().hooks.get().cmp else {
            return d.awaiting.borrow_mut().pop_front();
        };
        for at in 0.. {
            let candidate = d.awaiting.borrow().get(at).cloned()?;
            let mut no_answer = 0;
            let (a, b) = (Rc::as_ptr(incoming), Rc::as_ptr(&candidate));
            // SAFETY: the server's own function, called as its type says; the buffers are held here.
            let differs = unsafe {
                cmp(
                    self.as_ptr(),
                    a.cast_mut(),
                    b.cast_mut(),
                    &raw mut no_answer,
                )
            };
            if no_answer != 0 {
                return None;
            }
            if differs == 0 {
                let mut awaiting = d.awaiting.borrow_mut();
                // That function may have changed what waits.
                let at = awaiting
                    .iter()
                    .position(|buf| Rc::ptr_eq(buf, &candidate))?;
                return awaiting.remove(at);
            }
        }
        None
    }
}

impl Descriptor {
    /// The buffer that is being read into, or else the next one, which is from now on. `None`: there is no memory.
    fn next_to_fill(&self) -> Option<Rc<Framebuf>> {
        let mut reading = self.reading.borrow_mut();
        if reading.is_none() {
            let next = self.receiver.take().or_else(|| {
                let buf = Framebuf::new().ok()?;
                buf.set_then(Some(Then::Reading));
                Some(buf)
            });
            *reading = next;
        }
        reading.clone()
    }
}
