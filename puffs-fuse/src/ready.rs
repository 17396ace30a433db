//! One descriptor that is readable when a session has something to do: a request is there, the connection has
//! ended, or it is to be ended by force.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;

/// What a main loop waits for.
#[derive(Debug)]
pub(crate) struct Ready {
    epoll: OwnedFd,
    wake: Wake,
}

/// Makes a session's descriptor readable, from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Wake(Arc<OwnedFd>);

fn own(fd: RawFd) -> io::Result<OwnedFd> {
    match fd {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: the callers have just made this descriptor.
        fd => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
    }
}

impl Ready {
    /// One that watches its wake-up only.
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: numbers only.
        let epoll = own(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: numbers only.
        let event = own(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        let ready = Ready {
            epoll,
            wake: Wake(Arc::new(event)),
        };
        ready.watch(ready.wake.0.as_raw_fd())?;
        Ok(ready)
    }

    /// Watches `fd` too, until it is closed. A connection is watched once it is mounted: before, it has nothing to watch.
    pub(crate) fn watch(&self, fd: RawFd) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: 0,
        };
        // SAFETY: the event outlives the call; both descriptors are open.
        match unsafe { libc::epoll_ctl(self.fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Watches `fd` no longer.
    pub(crate) fn unwatch(&self, fd: RawFd) {
        // SAFETY: numbers only. It fails only if it was not watched.
        unsafe { libc::epoll_ctl(self.fd(), libc::EPOLL_CTL_DEL, fd, std::ptr::null_mut()) };
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.epoll.as_raw_fd()
    }

    pub(crate) fn waker(&self) -> Wake {
        self.wake.clone()
    }
}

impl Wake {
    /// Wakes the main loop, for good.
    pub(crate) fn wake(&self) {
        let one = 1_u64;
        // SAFETY: eight bytes that are there. When the event is full, it is readable already.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
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
        assert!(readable(&ready));
    }

    #[test]
    fn readable_when_the_connection_is() {
        let ready = Ready::new().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
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
