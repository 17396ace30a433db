//! `puffs_unmountonsignal`: a signal that ends every main loop of the process.
//!
//! The handler counts the arrival and gives one wake-up that all loops watch, edge triggered, and nobody takes
//! back; and it rings for those that sleep in their device. A loop compares the count with what it has seen. A server's signals that end only a wait (EINTR) are
//! none of this.

use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering};

use core::ffi::{c_int, c_void};

use crate::{bell, sys};

const SIGNALS: usize = 65;

/// How many have arrived since the process began.
static ARRIVALS: AtomicU64 = AtomicU64::new(0);
/// Descriptor of [`wake_fd`] for the handler, which must not take a lock.
static WAKE: AtomicI32 = AtomicI32::new(-1);
/// What else happens at a signal: null for nothing, else what was to happen before us.
static BEFORE: [AtomicPtr<libc::sigaction>; SIGNALS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SIGNALS];
/// Whether what was to happen is left out.
static ALONE: [AtomicBool; SIGNALS] = [const { AtomicBool::new(false) }; SIGNALS];

/// How many signals have arrived so far.
pub(super) fn arrivals() -> u64 {
    ARRIVALS.load(Ordering::SeqCst)
}

/// The descriptor that becomes ready with each arrival.
pub(super) fn wake_fd() -> Result<c_int, i32> {
    static FD: OnceLock<OwnedFd> = OnceLock::new();
    let fd = match FD.get() {
        Some(fd) => fd,
        None => {
            let fd = sys::eventfd()?;
            FD.get_or_init(|| fd)
        }
    };
    WAKE.store(fd.as_raw_fd(), Ordering::SeqCst);
    Ok(fd.as_raw_fd())
}

/// From now on `signal` unmounts every server of the process, present and future. With `alone` nothing else
/// happens; otherwise what was to happen happens too, be it the end of the process.
///
/// # Errors
/// `EINVAL` for a number that is no signal or one that cannot be caught; other errno values when the
/// disposition cannot be set.
pub fn unmount_on_signal(signal: c_int, alone: bool) -> Result<(), i32> {
    let slot = usize::try_from(signal)
        .ok()
        .filter(|slot| (1..SIGNALS).contains(slot))
        .ok_or(libc::EINVAL)?;
    wake_fd()?;
    // SAFETY: plain numbers and pointers, for which zero is a value.
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: asks only; `before` is valid for writing.
    sys::check(unsafe { libc::sigaction(signal, ptr::null(), &raw mut before) })?;
    let ours = arrived as *const () as usize;
    if before.sa_sigaction != ours {
        // The handler may be reading the old one on another thread, so it is never freed.
        BEFORE[slot].store(Box::into_raw(Box::new(before)), Ordering::SeqCst);
    }
    ALONE[slot].store(alone, Ordering::SeqCst);
    // SAFETY: as above.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = ours;
    // epoll_wait is never restarted, and a call of the device only to find the ring: the loop sees the signal all the same.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: the handler does only what is safe in one: atomics, write, ioctl, sigaction, raise, and
    // calling the handler that was there.
    sys::check(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) })?;
    Ok(())
}

extern "C" fn arrived(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: errno of this thread, which the interrupted code may be about to read.
    let errno = unsafe { *libc::__errno_location() };
    ARRIVALS.fetch_add(1, Ordering::SeqCst);
    sys::wake(WAKE.load(Ordering::SeqCst));
    bell::ring_all();
    let slot = signal as usize;
    if !ALONE[slot].load(Ordering::SeqCst) {
        let before = BEFORE[slot].load(Ordering::SeqCst);
        // SAFETY: null, or a box that is never freed.
        if let Some(before) = unsafe { before.as_ref() } {
            follow(before, signal, info, context);
        }
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Does what was to happen before us.
fn follow(
    before: &libc::sigaction,
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    match before.sa_sigaction {
        libc::SIG_IGN => {}
        libc::SIG_DFL => {
            let harmless = [libc::SIGCHLD, libc::SIGCONT, libc::SIGURG, libc::SIGWINCH];
            if !harmless.contains(&signal) {
                // SAFETY: the signal is blocked until the handler returns, and then takes its course.
                unsafe {
                    libc::sigaction(signal, before, ptr::null_mut());
                    libc::raise(signal);
                }
            }
        }
        handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: whoever installed it said by the flag that it has this form.
            let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: as above, without the flag.
            let handler: extern "C" fn(c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}
