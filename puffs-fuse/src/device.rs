//! `/dev/fuse`: one request a read, one reply a write, neither waits.

use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use crate::proto::wire::InHeader;

/// An open `/dev/fuse` that belongs to one mount; -1 once it is closed. Closing it ends the connection: whoever waits
/// gets an error.
pub(crate) struct Device(AtomicI32);

/// What a read brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// A request of so many bytes.
    Request(usize),
    /// Nothing is there.
    Nothing,
    /// The file system is unmounted, or the connection was aborted.
    Gone,
}

/// What became of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It arrived.
    Delivered,
    /// Nobody waits for it any more.
    Unwanted,
}

impl Drop for Device {
    fn drop(&mut self) {
        self.close();
    }
}

impl Device {
    /// Opens the device.
    ///
    /// # Errors
    /// That of open(2).
    pub(crate) fn open() -> io::Result<Self> {
        // SAFETY: the path is a C string.
        let fd = unsafe {
            libc::open(
                c"/dev/fuse".as_ptr(),
                libc::O_RDWR | libc::O_CLOEXEC | libc::O_NONBLOCK,
            )
        };
        if fd == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(Device(AtomicI32::new(fd)))
    }

    /// Whether it has FUSE's number, and is not something else in its place.
    pub(crate) fn is_fuse(&self) -> bool {
        // SAFETY: all zeroes is a value of this plain structure.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: our descriptor, and room for the answer.
        let known = unsafe { libc::fstat(self.fd(), &raw mut stat) } == 0;
        let of_device = stat.st_mode & libc::S_IFMT == libc::S_IFCHR;
        known && of_device && stat.st_rdev == libc::makedev(10, 229)
    }

    /// Takes over a descriptor that a helper program opened and mounted.
    ///
    /// # Errors
    /// That of fcntl(2).
    pub(crate) fn adopt(fd: OwnedFd) -> io::Result<Self> {
        // SAFETY: fcntl takes numbers only here.
        let done = unsafe {
            libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) != -1
                && libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) != -1
        };
        match done {
            true => Ok(Device(AtomicI32::new(fd.into_raw_fd()))),
            false => Err(io::Error::last_os_error()),
        }
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.0.load(Ordering::Relaxed)
    }

    /// Closes it. No other thread may use it any more.
    pub(crate) fn close(&self) {
        let fd = self.0.swap(-1, Ordering::Relaxed);
        if fd != -1 {
            // SAFETY: it was ours, and nobody else closes it.
            unsafe { libc::close(fd) };
        }
    }

    /// Whether the connection ends before so many milliseconds have passed: unmounted, or aborted.
    pub(crate) fn ends_within(&self, milliseconds: i32) -> bool {
        let mut poll = libc::pollfd {
            fd: self.fd(),
            events: 0,
            revents: 0,
        };
        // SAFETY: one structure. With no events asked for, only the end is reported.
        let ready = unsafe { libc::poll(&raw mut poll, 1, milliseconds) };
        ready == 1 && poll.revents & libc::POLLERR != 0
    }

    /// Reads one request: its head to one place, the rest to another.
    ///
    /// # Errors
    /// What readv(2) said, if it is none of [`Got`].
    pub(crate) fn read(&self, head: *mut InHeader, rest: &mut [u8]) -> io::Result<Got> {
        let parts = [
            libc::iovec {
                iov_base: head.cast(),
                iov_len: size_of::<InHeader>(),
            },
            libc::iovec {
                iov_base: rest.as_mut_ptr().cast(),
                iov_len: rest.len(),
            },
        ];
        loop {
            // SAFETY: both parts are writable for their lengths.
            let n = unsafe { libc::readv(self.fd(), parts.as_ptr(), 2) };
            if let Ok(n) = usize::try_from(n) {
                return Ok(Got::Request(n));
            }
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::EAGAIN) => return Ok(Got::Nothing),
                Some(libc::ENODEV | libc::ECONNABORTED | libc::ENOTCONN) => return Ok(Got::Gone),
                // A signal; or the request was taken back before it could be read.
                Some(libc::EINTR | libc::ENOENT) => continue,
                _ => return Err(error),
            }
        }
    }

    /// Writes a notice.
    ///
    /// # Errors
    /// What write(2) said: `EINVAL` for a kind that this kernel does not know, `ENOENT` for a node.
    pub(crate) fn notify(&self, bytes: &[u8]) -> io::Result<()> {
        // SAFETY: `bytes` is readable for its length.
        match unsafe { libc::write(self.fd(), bytes.as_ptr().cast(), bytes.len()) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }

    /// Writes one reply, which is in parts.
    pub(crate) fn write(&self, parts: &[IoSlice<'_>]) -> Sent {
        loop {
            // SAFETY: IoSlice has the layout of iovec, and its bytes are readable.
            let n = unsafe {
                libc::writev(self.fd(), parts.as_ptr().cast(), parts.len() as libc::c_int)
            };
            if n != -1 {
                return Sent::Delivered;
            }
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::EINTR) => continue,
                Some(libc::ENOENT | libc::ENODEV | libc::ECONNABORTED | libc::ENOTCONN) => {
                    return Sent::Unwanted;
                }
                _ => {
                    eprintln!("puffs: reply to the kernel: {error}");
                    return Sent::Unwanted;
                }
            }
        }
    }
}
