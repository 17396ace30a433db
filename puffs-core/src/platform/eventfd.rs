//! The poll point of an ordinary process: a descriptor that poll(2) and epoll can sleep on, made when it is first wanted.
//!
//! The descriptor is an eventfd, readable from a wake-up until somebody finds nothing and takes that back
//! ([`PollPoint::settle`]). *Told* and *readable* change together under one lock, so they are never apart; while it is
//! told already a wake-up costs no system call, and while there is no descriptor one load.
//!
//! # Why no wake-up is lost
//!
//! What there is to see changes under a lock of the queue's or the registry's; the wake-up follows the change, and
//! whoever looks takes the same lock. If the change comes first, the look sees it. If the look comes first, then all that its
//! thread did before it, the making of the descriptor and the taking back included, comes before the wake-up, which
//! finds a descriptor that is told nothing.

extern crate std;

use core::sync::atomic::{AtomicBool, Ordering};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{PollPoint, Pollable};
use crate::errno::Errno;

/// A poll point with an eventfd, once somebody asks for it.
pub struct EventFd {
    /// Whether there is one.
    made: AtomicBool,
    told: Mutex<Option<Told>>,
}

/// An eventfd, and what it says.
///
/// # Invariants
/// `file` is readable if and only if `told`, unless somebody else reads what is ours to read.
struct Told {
    file: File,
    told: bool,
}

impl Told {
    fn new() -> Result<Self, Errno> {
        // SAFETY: takes two numbers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(Errno::NoMem);
        }
        // SAFETY: a new descriptor, which nobody else knows.
        let file = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
        Ok(Told { file, told: false })
    }

    fn tell(&mut self) {
        if !self.told {
            self.told = true;
            // It fails only when it is full, and is readable then.
            let _ = self.file.write(&1u64.to_ne_bytes());
        }
    }

    fn take_back(&mut self) -> bool {
        if self.told {
            self.told = false;
            // It fails only when somebody else has read it.
            let _ = self.file.read(&mut [0; size_of::<u64>()]);
            return true;
        }
        false
    }
}

impl EventFd {
    fn lock(&self) -> MutexGuard<'_, Option<Told>> {
        // Nothing that runs under the lock panics.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The descriptor, when there is one.
    fn made(&self) -> Option<MutexGuard<'_, Option<Told>>> {
        // Relaxed: who must see it made is ordered by the locks that the head speaks of.
        self.made.load(Ordering::Relaxed).then(|| self.lock())
    }
}

impl PollPoint for EventFd {
    fn new() -> Self {
        EventFd {
            made: AtomicBool::new(false),
            told: Mutex::new(None),
        }
    }

    fn wake(&self) {
        if let Some(told) = self.made().as_deref_mut().and_then(Option::as_mut) {
            told.tell();
        }
    }

    fn reset(&self) -> bool {
        match self.made().as_deref_mut().and_then(Option::as_mut) {
            Some(told) => told.take_back(),
            None => false,
        }
    }
}

impl Pollable for EventFd {
    type Descriptor = OwnedFd;

    fn descriptor(&self) -> Result<OwnedFd, Errno> {
        let mut guard = self.lock();
        let told = match &mut *guard {
            Some(told) => told,
            none => none.insert(Told::new()?),
        };
        let theirs = told.file.try_clone().map_err(|_| Errno::NoMem)?;
        self.made.store(true, Ordering::Relaxed);
        Ok(theirs.into())
    }
}
