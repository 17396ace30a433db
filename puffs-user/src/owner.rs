//! Whose a mounted server is: from the mount until the main loop is over it is used by one thread: that which mounted it, and from then on that of
//! the main loop.
//!
//! Everything about a server is made for one thread, and what another one did would go wrong some time later and somewhere else. So the C
//! functions ask first. That costs a comparison of two numbers: a thread is known by `pthread_self`, and a process by how many times it and those
//! before it have been forked since, which a handler of fork(2) counts.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Nobody: `pthread_self` is the address of something, which is never 0.
const NOBODY: u64 = 0;

/// Who may use a server now.
pub(crate) struct Owner {
    thread: AtomicU64,
    process: AtomicU32,
    /// The main loop runs.
    looping: AtomicBool,
}

/// Somebody who may not use a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// Another thread than that which mounted it.
    Thread,
    /// A process that was forked since.
    Child,
}

impl Stranger {
    /// In words, for a warning.
    pub const fn words(self) -> &'static str {
        match self {
            Stranger::Thread => "called by another thread than the server's",
            Stranger::Child => "called in a child that was forked after the mount",
        }
    }
}

impl Owner {
    /// Not mounted: whoever has it may use it.
    pub(crate) const fn nobody() -> Self {
        Owner {
            thread: AtomicU64::new(NOBODY),
            process: AtomicU32::new(0),
            looping: AtomicBool::new(false),
        }
    }

    /// From now on it is the calling thread's.
    pub(crate) fn take(&self) {
        count_forks();
        self.process
            .store(FORKS.load(Ordering::Relaxed), Ordering::Relaxed);
        // Whoever sees the thread sees its process.
        self.thread.store(this_thread(), Ordering::Release);
    }

    /// The main loop begins, and the server is its thread's, whoever mounted it; one loop at a time.
    pub(crate) fn take_for_loop(&self) -> Result<(), Stranger> {
        self.check_process()?;
        if self.looping.swap(true, Ordering::AcqRel) {
            return self.check();
        }
        self.thread.store(this_thread(), Ordering::Release);
        Ok(())
    }

    /// From now on it is nobody's.
    pub(crate) fn give_up(&self) {
        self.looping.store(false, Ordering::Release);
        self.thread.store(NOBODY, Ordering::Release);
    }

    /// Whether the calling thread may use it.
    pub(crate) fn check(&self) -> Result<(), Stranger> {
        let thread = self.thread.load(Ordering::Acquire);
        if thread == NOBODY {
            return Ok(());
        }
        self.check_process()?;
        match thread == this_thread() {
            true => Ok(()),
            false => Err(Stranger::Thread),
        }
    }

    /// Whether the calling process may use it. Safe in a signal handler.
    pub(crate) fn check_process(&self) -> Result<(), Stranger> {
        let mounted = self.thread.load(Ordering::Acquire) != NOBODY;
        match mounted && self.process.load(Ordering::Relaxed) != FORKS.load(Ordering::Relaxed) {
            true => Err(Stranger::Child),
            false => Ok(()),
        }
    }
}

fn this_thread() -> u64 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::pthread_self() }
}

/// How many forks lie between the process in which the first server was mounted and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);

fn count_forks() {
    static ONCE: Once = Once::new();
    extern "C" fn in_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    ONCE.call_once(|| {
        // SAFETY: the handler only counts.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elsewhere<T: Send>(f: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| scope.spawn(f).join().unwrap())
    }

    /// What a child finds that is forked here.
    fn in_a_child(owner: &Owner) -> i32 {
        // SAFETY: the child only looks, and leaves without anything that could wait for another thread.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                let found = match (owner.check(), owner.check_process()) {
                    (Ok(()), Ok(())) => 1,
                    (Err(Stranger::Child), Err(Stranger::Child)) => 2,
                    _ => 3,
                };
                libc::_exit(found);
            }
            let mut status = 0;
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
            assert!(libc::WIFEXITED(status));
            libc::WEXITSTATUS(status)
        }
    }

    #[test]
    fn who_mounts_it_has_it_until_the_end() {
        let owner = Owner::nobody();
        assert_eq!(
            (owner.check(), elsewhere(|| owner.check())),
            (Ok(()), Ok(()))
        );
        assert_eq!(in_a_child(&owner), 1);
        owner.take();
        assert_eq!(owner.check(), Ok(()));
        assert_eq!(elsewhere(|| owner.check()), Err(Stranger::Thread));
        assert_eq!(elsewhere(|| owner.check_process()), Ok(()));
        assert_eq!(in_a_child(&owner), 2);
        assert_eq!(elsewhere(|| in_a_child(&owner)), 2);
        owner.give_up();
        assert_eq!(elsewhere(|| owner.check()), Ok(()));
        assert_eq!(in_a_child(&owner), 1);
    }

    #[test]
    fn the_main_loop_may_be_another_threads() {
        let owner = Owner::nobody();
        owner.take();
        elsewhere(|| {
            assert_eq!(owner.take_for_loop(), Ok(()));
            assert_eq!(owner.check(), Ok(()));
            // It has begun, for those who ask here; the next thread is too late.
            assert_eq!(owner.take_for_loop(), Ok(()));
            assert_eq!(elsewhere(|| owner.take_for_loop()), Err(Stranger::Thread));
            assert_eq!(owner.check(), Ok(()));
        });
        assert_eq!(owner.check(), Err(Stranger::Thread));
        assert_eq!(owner.take_for_loop(), Err(Stranger::Thread));
        owner.give_up();
        owner.take();
        assert_eq!(owner.take_for_loop(), Ok(()));
    }

    #[test]
    fn a_child_may_mount_what_its_parent_made() {
        let owner = Owner::nobody();
        count_forks();
        // SAFETY: as above.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                owner.take();
                libc::_exit(i32::from(owner.check().is_err()) + 2 * (in_a_child(&owner) - 2));
            }
            let mut status = 0;
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
            assert_eq!(status, 0);
        }
    }
}
