//! The hosted platform: an ordinary process, whose server trusts the process's own pointers.
//!
//! Locks are std's; an event is a futex word, so that a wait ends at a deadline of the monotonic
//! clock and at a signal whose handler does not restart system calls.

extern crate std;

use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Counter, Event, EventFd, Lock, Platform, Thread, Wait, Wake};
use crate::errno::Errno;
use crate::ids::{Instant, UserAddr};

/// An ordinary process.
pub struct Hosted;

impl Platform for Hosted {
    type Lock<T: Send> = Mutex<T>;
    type Event = Futex;
    type PollPoint = EventFd;
    type Counter = AtomicUsize;

    fn alloc(size: usize) -> *mut u8 {
        // SAFETY: malloc takes any size; null is passed on.
        unsafe { libc::malloc(size).cast() }
    }

    unsafe fn free(ptr: *mut u8) {
        // SAFETY: by contract `ptr` came from `alloc`, that is from malloc.
        unsafe { libc::free(ptr.cast()) }
    }

    fn now() -> Instant {
        let mut t = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `t` is valid for writing, and this clock always exists.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut t) };
        Instant(t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64)
    }

    fn copyin(from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
        // SAFETY: server and kernel side are one program here, and the server vouches for the buffers it names in its calls.
        unsafe { super::one_space::copyin(from, to) }
    }

    fn copyout(from: &[u8], to: UserAddr) -> Result<(), Errno> {
        // SAFETY: as in `copyin`.
        unsafe { super::one_space::copyout(from, to) }
    }

    fn current() -> Thread {
        // Not an address of the thread's own, which a later thread may have again.
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        std::thread_local! {
            // Relaxed: each number is given out once, and orders nothing.
            static HERE: usize = NEXT.fetch_add(1, Ordering::Relaxed);
        }
        Thread {
            id: HERE.with(|&here| here),
            pid: pid(),
        }
    }

    fn fatal_signal() -> bool {
        false
    }

    fn log(message: &str) {
        if !super::log::taken(message) {
            std::eprintln!("puffs: {message}");
        }
    }

    fn errno(error: Errno) -> i32 {
        match error {
            Errno::Perm => libc::EPERM,
            Errno::NoEnt => libc::ENOENT,
            Errno::Intr | Errno::Woken => libc::EINTR,
            Errno::Nxio => libc::ENXIO,
            Errno::TooBig => libc::E2BIG,
            Errno::WouldBlock => libc::EAGAIN,
            Errno::NoMem => libc::ENOMEM,
            Errno::Fault => libc::EFAULT,
            Errno::Busy => libc::EBUSY,
            Errno::Exist => libc::EEXIST,
            Errno::NoDev => libc::ENODEV,
            Errno::Inval => libc::EINVAL,
            Errno::Deadlk => libc::EDEADLK,
            Errno::Proto => libc::EPROTO,
            Errno::NotSupp => libc::EOPNOTSUPP,
            Errno::TimedOut => libc::ETIMEDOUT,
            Errno::Canceled => libc::ECANCELED,
            Errno::RoFs => libc::EROFS,
        }
    }
}

/// This process. Every request asks, and a system call is dear, so the answer is kept until a fork. (A child made by a bare
/// `clone`, behind the C library's back, has its parent's until it runs another program.)
fn pid() -> i32 {
    static KNOWN: AtomicI32 = AtomicI32::new(0);
    static FORKS_SEEN: AtomicBool = AtomicBool::new(false);
    extern "C" fn in_child() {
        KNOWN.store(0, Ordering::Relaxed);
    }
    // Relaxed: each thread that finds nothing asks for itself, and all get one answer.
    match KNOWN.load(Ordering::Relaxed) {
        0 => {}
        known => return known,
    }
    let pid = std::process::id() as i32;
    // SAFETY: the handler only stores, which is fine in the child of any thread. Installed twice it does no harm.
    let seen = FORKS_SEEN.load(Ordering::Relaxed)
        || unsafe { libc::pthread_atfork(None, None, Some(in_child)) } == 0;
    if seen {
        FORKS_SEEN.store(true, Ordering::Relaxed);
        KNOWN.store(pid, Ordering::Relaxed);
    }
    pid
}

impl<T: Send> Lock<T> for Mutex<T> {
    fn new(value: T) -> Self {
        Mutex::new(value)
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // Nothing that runs under the lock panics, so there is no poison to respect.
        f(&mut self.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const EMPTY: u32 = 0;
const SET: u32 = 1;
const ASLEEP: u32 = 2;

/// An event over a futex word: empty, set, or somebody asleep.
pub struct Futex(AtomicU32);

impl Event for Futex {
    fn new() -> Self {
        Futex(AtomicU32::new(EMPTY))
    }

    fn set(&self) {
        // Release pairs with the acquire in `wait`: what was written before the token is seen by its taker.
        if self.0.swap(SET, Ordering::Release) == ASLEEP {
            // SAFETY: FUTEX_WAKE only compares the address with those of sleepers.
            unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    self.0.as_ptr(),
                    libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                    1,
                )
            };
        }
    }

    fn wait(&self, wait: &Wait) -> Wake {
        let deadline = wait.deadline.map(|Instant(ns)| libc::timespec {
            tv_sec: (ns / 1_000_000_000) as libc::time_t,
            tv_nsec: (ns % 1_000_000_000) as libc::c_long,
        });
        loop {
            if self.0.swap(EMPTY, Ordering::Acquire) == SET {
                return Wake::Woken;
            }
            if self
                .0
                .compare_exchange(EMPTY, ASLEEP, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
            {
                continue;
            }
            // SAFETY: the word and the timespec outlive the call; a null timeout means for ever.
            // FUTEX_WAIT_BITSET takes an absolute time of CLOCK_MONOTONIC.
            let slept = unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    self.0.as_ptr(),
                    libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
                    ASLEEP,
                    deadline
                        .as_ref()
                        .map_or(core::ptr::null(), core::ptr::from_ref),
                    core::ptr::null::<u32>(),
                    u32::MAX,
                )
            };
            if slept == 0 {
                continue;
            }
            let why = match std::io::Error::last_os_error().raw_os_error() {
                Some(libc::ETIMEDOUT) => Wake::TimedOut,
                Some(libc::EINTR) if wait.interruptible => Wake::Interrupted,
                _ => continue,
            };
            // A token that came meanwhile counts first.
            return match self.0.swap(EMPTY, Ordering::Acquire) {
                SET => Wake::Woken,
                _ => why,
            };
        }
    }
}

impl Counter for AtomicUsize {
    fn new() -> Self {
        AtomicUsize::new(1)
    }

    fn inc(&self) {
        self.fetch_add(1, Ordering::Relaxed);
    }

    fn dec(&self) -> bool {
        // Release before, acquire by the last: it sees all that the others did. Not a fence, which ThreadSanitizer does not see.
        self.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_child_is_another_process() {
        let here = Hosted::current().pid;
        assert_eq!(here, std::process::id() as i32);
        assert_eq!(Hosted::current().pid, here);
        // SAFETY: the child makes system calls only.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let right = Hosted::current().pid == std::process::id() as i32;
            // SAFETY: it ends the child at once.
            unsafe { libc::_exit(i32::from(!right)) };
        }
        let mut status = -1;
        // SAFETY: `status` is valid for writing.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0, "the child knows its own number");
    }
}
