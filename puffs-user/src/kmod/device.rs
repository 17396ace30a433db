//! The open device: a descriptor to wait on, and the calls of a server.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, Ordering};

use core::ffi::{CStr, c_void};

use puffs_core::msg::wire::{Batch, Req, Stale, StartReq};

use crate::sys;

/// The path of the device.
pub(super) const PATH: &CStr = c"/dev/puffs";

/// The calls as ioctl(2) has them: `PUFFSGETOP` and its neighbours, packed as Linux does on this machine.
pub(super) mod call {
    use super::{Batch, Req, Stale, StartReq};

    const GROUP: u32 = b'p' as u32;

    pub(in crate::kmod) const GETOP: libc::Ioctl = libc::_IOWR::<Req>(GROUP, 1);
    pub(in crate::kmod) const PUTOP: libc::Ioctl = libc::_IOWR::<Req>(GROUP, 2);
    pub(in crate::kmod) const STARTOP: libc::Ioctl = libc::_IOWR::<StartReq>(GROUP, 4);
    pub(in crate::kmod) const BATCH: libc::Ioctl = libc::_IOWR::<Batch>(GROUP, 16);
    pub(in crate::kmod) const WAKE: libc::Ioctl = libc::_IO(GROUP, 17);
    pub(in crate::kmod) const STALE: libc::Ioctl = libc::_IOWR::<Stale>(GROUP, 18);
}

/// An open device, which belongs to one mount. No call waits, but a BATCH that is not told not to.
pub(super) trait Device: Send + Sync {
    /// What is readable while there is something to fetch, and once there will be nothing more; -1 when closed.
    fn fd(&self) -> RawFd;

    /// One of the [`call`]s, with its argument.
    ///
    /// # Errors
    /// An errno value.
    fn call(&self, number: libc::Ioctl, arg: *mut c_void) -> Result<(), i32>;

    /// Has a BATCH return that sleeps, or the next one that would: EINTR. Any thread, and a signal handler, may call this as long as nobody
    /// closes the device.
    fn wake(&self) {
        // It fails when there is nothing to sleep for any more.
        let _ = self.call(call::WAKE, std::ptr::null_mut());
    }

    /// Closes it: the mount dies, and whoever waits gets an error. Nothing happens when it is closed already.
    fn close(&self);

    /// Whether something else is in the device's place: it does not know the calls.
    fn is_foreign(&self) -> bool {
        let mut req = Req::default();
        // An instance without a mount says ENOENT.
        self.call(call::GETOP, (&raw mut req).cast()) == Err(libc::ENOTTY)
    }
}

/// `/dev/puffs`, open; -1 once it is closed.
pub(super) struct Opened(AtomicI32);

impl Opened {
    /// Opens it, at [`PATH`].
    ///
    /// # Errors
    /// That of open(2).
    pub(super) fn open(path: &CStr) -> Result<Self, i32> {
        let flags = libc::O_RDWR | libc::O_CLOEXEC;
        // SAFETY: the path is a C string.
        let fd = sys::check(unsafe { libc::open(path.as_ptr(), flags) })?;
        Ok(Opened(AtomicI32::new(fd)))
    }
}

impl Device for Opened {
    fn fd(&self) -> RawFd {
        self.0.load(Ordering::Relaxed)
    }

    fn call(&self, number: libc::Ioctl, arg: *mut c_void) -> Result<(), i32> {
        // SAFETY: the callers pass the structure that the number stands for, and what it points to is there.
        sys::check(unsafe { libc::ioctl(self.fd(), number, arg) }).map(drop)
    }

    fn close(&self) {
        let fd = self.0.swap(-1, Ordering::Relaxed);
        if fd != -1 {
            // SAFETY: it was ours, and nobody else closes it.
            unsafe { libc::close(fd) };
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_device_is_found_out() {
        let null = Opened::open(c"/dev/null").unwrap();
        assert!(null.is_foreign());
        null.close();
        null.close();
        assert_eq!(null.fd(), -1);
        let mut req = Req::default();
        let called = null.call(call::PUTOP, (&raw mut req).cast());
        assert_eq!(called, Err(libc::EBADF));
        let nowhere = Opened::open(c"/dev/there is no such").err();
        assert_eq!(nowhere, Some(libc::ENOENT));
    }
}
