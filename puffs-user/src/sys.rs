//! The few system calls of the library, with errors as errno values and descriptors that close.

use std::io::Error;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// The errno value of the last failed call.
pub(crate) fn errno() -> i32 {
    Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

/// The value of a call, or its errno value.
pub(crate) fn check(result: libc::c_int) -> Result<libc::c_int, i32> {
    if result == -1 {
        Err(errno())
    } else {
        Ok(result)
    }
}

fn own(result: libc::c_int) -> Result<OwnedFd, i32> {
    let fd = check(result)?;
    // SAFETY: the call has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A wake-up that can be given from any thread, and from a signal handler.
pub(crate) fn eventfd() -> Result<OwnedFd, i32> {
    // SAFETY: takes numbers only.
    own(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })
}

/// Gives the wake-up. Safe in a signal handler; changes errno.
pub(crate) fn wake(fd: RawFd) {
    let one = 1_u64;
    // SAFETY: eight bytes that are there. It fails only when the wake-up has been given already.
    unsafe { libc::write(fd, (&raw const one).cast(), size_of::<u64>()) };
}

/// Takes the wake-up back.
pub(crate) fn unwake(fd: RawFd) {
    let mut count = 0_u64;
    // SAFETY: room for eight bytes. It fails only when no wake-up was given.
    unsafe { libc::read(fd, (&raw mut count).cast(), size_of::<u64>()) };
}

/// The error that a socket has met with; it is taken back.
pub(crate) fn socket_error(fd: RawFd) -> Result<i32, i32> {
    socket_number(fd, libc::SO_ERROR)
}

fn socket_number(fd: RawFd, what: libc::c_int) -> Result<i32, i32> {
    let mut number: libc::c_int = 0;
    let mut len = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: room for a number, and the length of that.
    check(unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_SOCKET,
            what,
            (&raw mut number).cast(),
            &raw mut len,
        )
    })?;
    Ok(number)
}

/// `SOCK_*` of a socket; `ENOTSOCK` for anything else.
pub(crate) fn socket_type(fd: RawFd) -> Result<i32, i32> {
    socket_number(fd, libc::SO_TYPE)
}

/// No program that is executed gets the descriptor.
pub(crate) fn close_on_exec(fd: RawFd) -> Result<(), i32> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }).map(drop)
}

/// What a socket has, without waiting: at least a byte, or 0 bytes when the other end is closed.
pub(crate) fn receive(fd: RawFd, to: &mut [u8]) -> Result<usize, i32> {
    // SAFETY: the room is there.
    let got = unsafe { libc::recv(fd, to.as_mut_ptr().cast(), to.len(), libc::MSG_DONTWAIT) };
    usize::try_from(got).map_err(|_| errno())
}

/// So many bytes from a socket. `ECONNRESET` when they end before.
pub(crate) fn receive_all(fd: RawFd, mut to: &mut [u8]) -> Result<(), i32> {
    while !to.is_empty() {
        match receive(fd, to) {
            Ok(0) => return Err(libc::ECONNRESET),
            Ok(some) => to = &mut to[some..],
            Err(libc::EAGAIN) => await_one(fd, libc::POLLIN)?,
            Err(libc::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Sends all of it, without a signal when nobody is there.
pub(crate) fn send_all(fd: RawFd, mut from: &[u8]) -> Result<(), i32> {
    while !from.is_empty() {
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        // SAFETY: the bytes are there.
        let sent = unsafe { libc::send(fd, from.as_ptr().cast(), from.len(), flags) };
        match usize::try_from(sent).map_err(|_| errno()) {
            Ok(some) => from = &from[some..],
            Err(libc::EAGAIN) => await_one(fd, libc::POLLOUT)?,
            Err(libc::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Waits for an event of one descriptor, or a signal.
fn await_one(fd: RawFd, events: libc::c_short) -> Result<(), i32> {
    let mut what = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // SAFETY: one structure that is there.
    match check(unsafe { libc::poll(&raw mut what, 1, -1) }) {
        Err(libc::EINTR) | Ok(_) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Events that one wait tells of; others wait for the next.
const MANY: usize = 32;

/// Waits for several descriptors.
pub(crate) struct Epoll(OwnedFd);

impl Epoll {
    pub(crate) fn new() -> Result<Self, i32> {
        // SAFETY: takes numbers only.
        Ok(Epoll(own(unsafe {
            libc::epoll_create1(libc::EPOLL_CLOEXEC)
        })?))
    }

    /// Watches `fd`; its event carries `token`.
    pub(crate) fn add(&self, fd: RawFd, token: u64, events: libc::c_int) -> Result<(), i32> {
        self.control(libc::EPOLL_CTL_ADD, fd, token, events)
    }

    /// Watches `fd` for other events.
    pub(crate) fn modify(&self, fd: RawFd, token: u64, events: libc::c_int) -> Result<(), i32> {
        self.control(libc::EPOLL_CTL_MOD, fd, token, events)
    }

    /// Watches `fd` no longer. It is an error that it was not watched.
    pub(crate) fn remove(&self, fd: RawFd) -> Result<(), i32> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, 0)
    }

    fn control(
        &self,
        how: libc::c_int,
        fd: RawFd,
        token: u64,
        events: libc::c_int,
    ) -> Result<(), i32> {
        let mut event = libc::epoll_event {
            events: events as u32,
            u64: token,
        };
        // SAFETY: `event` is valid for the call.
        check(unsafe { libc::epoll_ctl(self.fd(), how, fd, &raw mut event) })?;
        Ok(())
    }

    /// Its own descriptor, which is readable when something is ready.
    pub(crate) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Waits, at most `timeout` milliseconds unless that is negative, and returns the tokens of what is ready.
    pub(crate) fn wait(&self, timeout: i32) -> Result<Ready, i32> {
        let mut ready = Ready {
            events: [libc::epoll_event { events: 0, u64: 0 }; MANY],
            len: 0,
        };
        // SAFETY: the array has room for as many events as is said.
        let n = check(unsafe {
            libc::epoll_wait(
                self.0.as_raw_fd(),
                ready.events.as_mut_ptr(),
                ready.events.len() as i32,
                timeout,
            )
        })?;
        ready.len = n as usize;
        Ok(ready)
    }
}

/// What a wait found ready.
pub(crate) struct Ready {
    events: [libc::epoll_event; MANY],
    len: usize,
}

impl Ready {
    pub(crate) fn has(&self, token: u64) -> bool {
        self.iter().any(|(found, _)| found == token)
    }

    /// Tokens and events.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u32)> {
        self.events[..self.len].iter().map(|e| (e.u64, e.events))
    }
}
