//! Real signals, to threads that may be asleep anywhere. The handler does nothing; what counts is that a system call ends.

use std::sync::Mutex;

/// The threads of one mount that signals go to.
#[derive(Default)]
pub(crate) struct Targets(Mutex<Vec<libc::pthread_t>>);

/// Lets signals come.
pub(crate) fn ready() {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: zero is a valid sigaction, and the handler does nothing at all. Without SA_RESTART a sleep ends.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
        assert_eq!(
            libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()),
            0
        );
    }
}

/// A thread that gets signals until this is dropped.
pub(crate) struct Target<'t>(&'t Targets, libc::pthread_t);

impl Targets {
    /// The current thread is ready for signals.
    pub(crate) fn join(&self) -> Target<'_> {
        // SAFETY: it has no preconditions.
        let this = unsafe { libc::pthread_self() };
        self.0.lock().unwrap().push(this);
        Target(self, this)
    }

    /// Sends one to the thread that `choose` takes from so many, if there is any.
    pub(crate) fn signal(&self, choose: impl FnOnce(usize) -> usize) {
        let threads = self.0.lock().unwrap();
        if !threads.is_empty() {
            let thread = threads[choose(threads.len())];
            // SAFETY: the thread runs: before it ends it takes itself off the list, for which it needs the lock.
            unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
        }
    }
}

impl Drop for Target<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().retain(|thread| *thread != self.1);
    }
}
