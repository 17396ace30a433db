//! A server that calls exit(3) while mounted leaves no mount behind.
//!
//! Each mount registers its descriptor and what is to be done. When the process exits, the descriptor is cut first,
//! which ends the connection; then nothing that is done needs an answer from it. A child that a server
//! forked exits without touching the mounts of its parent.

use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

struct Entry {
    pid: u32,
    fd: RawFd,
    /// What comes before: whoever else holds the descriptor lets go.
    first: Option<Box<dyn FnOnce() + Send>>,
    run: Box<dyn FnOnce() + Send>,
}

static ENTRIES: Mutex<Vec<Entry>> = Mutex::new(Vec::new());
static HANDLER: Once = Once::new();

fn entries() -> MutexGuard<'static, Vec<Entry>> {
    ENTRIES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `run` when this process exits, after cutting `fd`.
pub(super) fn register(fd: RawFd, run: Box<dyn FnOnce() + Send>) {
    HANDLER.call_once(|| {
        // SAFETY: a function without arguments that stays.
        unsafe { libc::atexit(at_exit) };
    });
    let pid = std::process::id();
    entries().push(Entry {
        pid,
        fd,
        first: None,
        run,
    });
}

/// Before `fd` is cut, `first` is to be done.
pub(super) fn set_first(fd: RawFd, first: Box<dyn FnOnce() + Send>) {
    if let Some(entry) = entries().iter_mut().find(|entry| entry.fd == fd) {
        entry.first = Some(first);
    }
}

/// The mount of `fd` has ended by itself.
pub(super) fn unregister(fd: RawFd) {
    entries().retain(|entry| entry.fd != fd);
}

extern "C" fn at_exit() {
    let all = std::mem::take(&mut *entries());
    let ours = all
        .into_iter()
        .filter(|entry| entry.pid == std::process::id());
    for entry in ours {
        if let Some(first) = entry.first {
            first();
        }
        super::cut(entry.fd);
        (entry.run)();
    }
}
