//! One descriptor that is readable when a session has something to do: a request is there, the connection has
//! ended, or it is to be ended by force.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use crate::bell::{self, Key};
use crate::sys::{self, Epoll};

/// What a main loop waits for.
pub struct Ready {
    epoll: Epoll,
    wake: Wake,
}

/// Makes a session's descriptor readable and rings its bell, from any thread.
#[derive(Clone, Debug)]
pub struct Wake {
    event: Arc<OwnedFd>,
    bell: Key,
}

impl Ready {
    /// One that watches its wake-up only.
    ///
    /// # Errors
    /// An errno value: there are no more descriptors.
    pub fn new() -> Result<Self, i32> {
        let ready = Ready {
            epoll: Epoll::new()?,
            wake: Wake {
                event: Arc::new(sys::eventfd()?),
                bell: Key::new(),
            },
        };
        ready.watch(ready.wake.event.as_raw_fd())?;
        Ok(ready)
    }

    /// Watches `fd` too, until it is closed. A connection is watched once it is mounted: before, it has nothing to watch.
    ///
    /// # Errors
    /// An errno value of epoll_ctl(2).
    pub fn watch(&self, fd: RawFd) -> Result<(), i32> {
        self.epoll.add(fd, 0, libc::EPOLLIN)
    }

    /// Watches `fd` no longer.
    pub fn unwatch(&self, fd: RawFd) {
        self.epoll.remove(fd);
    }

    /// Takes back what it was woken for.
    pub fn heard(&self) {
        sys::unwake(self.wake.event.as_raw_fd());
    }

    /// What a main loop waits for.
    pub fn fd(&self) -> RawFd {
        self.epoll.fd()
    }

    /// What else a wake-up rings, if the session hangs up a bell under this key.
    pub fn bell(&self) -> Key {
        self.wake.bell
    }

    /// For those who wake the main loop.
    pub fn waker(&self) -> Wake {
        self.wake.clone()
    }
}

impl Wake {
    /// Wakes the main loop, until [`Ready::heard`].
    pub fn wake(&self) {
        sys::wake(self.event.as_raw_fd());
        bell::ring(self.bell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn readable(ready: &Ready) -> bool {
        let mut poll = libc::pollfd {
            fd: ready.fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one structure.
        unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
    }

    #[test]
    fn readable_when_woken() {
        let ready = Ready::new().unwrap();
        assert!(!readable(&ready));
        ready.waker().wake();
        ready.waker().wake();
        assert!(readable(&ready));
        ready.heard();
        assert!(!readable(&ready));
    }

    #[test]
    fn readable_when_the_connection_is() {
        let ready = Ready::new().unwrap();
        let (reader, mut writer) = std::io::pipe().unwrap();
        ready.watch(reader.as_raw_fd()).unwrap();
        assert!(!readable(&ready));
        writer.write_all(b"x").unwrap();
        assert!(readable(&ready));
        ready.unwatch(reader.as_raw_fd());
        assert!(!readable(&ready));
        ready.watch(reader.as_raw_fd()).unwrap();
        assert!(readable(&ready));
        drop(reader);
        assert!(!readable(&ready));
    }
}
