//! Being told instead of asking: event watchers for a kernel's event queue, and a descriptor that a process sleeps on.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicUsize, Ordering};

use puffs_core::{Errno, Ref};
use puffs_dev::{Instance, Sight, Watcher, filters};

use super::device::{instance, poll_storage, puffs_instance};
use super::{Plat, finish};

/// To watch for requests to fetch. Glue maps its system's number.
pub const PUFFS_EVFILT_READ: c_int = -1;
/// To watch for a server's right to answer.
pub const PUFFS_EVFILT_WRITE: c_int = -2;
/// Nothing is mounted, the mount is dead, or the device is closed.
pub const PUFFS_EV_EOF: u32 = 0x8000;

const _: () = assert!(PUFFS_EVFILT_READ == filters::READ && PUFFS_EVFILT_WRITE == filters::WRITE);

/// One registration of an event queue on an open device. Counted.
pub struct puffs_watch {
    _opaque: (),
}

/// Watchers of C's that exist.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// How many watchers exist.
pub(super) fn alive() -> usize {
    ALIVE.load(Ordering::Acquire)
}

/// A watcher as C holds it.
struct Watch(Watcher<Plat>);

impl Drop for Watch {
    fn drop(&mut self) {
        // Release: who sees that nothing is alive sees all that was done.
        ALIVE.fetch_sub(1, Ordering::Release);
    }
}

/// The watcher behind a pointer of C's, held while a call is in progress.
///
/// # Safety
/// Null, or a watcher that the caller may rely on.
unsafe fn watch(w: *mut puffs_watch) -> Option<Ref<Watch, Plat>> {
    // SAFETY: by contract a reference, given out as the address.
    (!w.is_null()).then(|| unsafe { Ref::clone_raw(w.cast_const().cast()) })
}

/// Attaches a watcher to an instance, in whatever state that is. `filter` is `PUFFS_EVFILT_READ` or `PUFFS_EVFILT_WRITE`. An event queue
/// first puts its knote where `ph_poll_wake` finds it in the storage of `puffs_watch_pollpoint`, and then asks
/// `puffs_watch_event`, at once and after each wake-up: when a mount is bound, when it starts, when a request arrives, and at
/// death, unmount and close.
///
/// The watcher needs neither the instance nor the mount to live on.
///
/// Returns 0 and the watcher in `*wp`, with a reference; `EINVAL` (NULL, or another filter), `ENOMEM`. Allocates; does not sleep
/// otherwise.
///
/// # Safety
/// `pi` is NULL or an instance; `wp` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fop_kqfilter(
    pi: *mut puffs_instance,
    filter: c_int,
    wp: *mut *mut puffs_watch,
) -> c_int {
    if wp.is_null() {
        return finish(Err(Errno::Inval));
    }
    let attach = || {
        // SAFETY: by contract.
        let watcher = unsafe { instance(pi) }?.watch(filter)?;
        // Before it can be dropped.
        ALIVE.fetch_add(1, Ordering::Relaxed);
        let watch: Ref<Watch, Plat> = Ref::new(Watch(watcher))?;
        // SAFETY: by contract.
        unsafe { wp.write(Ref::into_raw(watch).cast_mut().cast()) };
        Ok(())
    };
    finish(attach())
}

/// Asks what a watcher sees. Returns 1 when there is an event, else 0. With `PUFFS_EVFILT_READ` that is so while requests can be
/// fetched, and `*data` is their number; with `PUFFS_EVFILT_WRITE` while the mount is not dead, and `*data` is 0. Either becomes
/// and stays an event with `PUFFS_EV_EOF` in `*flags` (0 otherwise) when the mount dies or is unmounted, and when the device is
/// closed; before the mount, and for NULL, it is one too. `data` and `flags` may be NULL.
///
/// Does not sleep. It may turn out to hold the last reference to a mount that ends at the same time, and so call `pho_freed`: a kernel that holds
/// a spinning lock while it wakes only marks its knotes there, and asks afterwards.
///
/// # Safety
/// `w` is NULL or a watcher; `data` and `flags` are NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_watch_event(
    w: *mut puffs_watch,
    data: *mut usize,
    flags: *mut u32,
) -> c_int {
    // SAFETY: by contract.
    let sight = unsafe { watch(w) }.map_or(Sight::EndOfFile, |watch| watch.0.state());
    let (event, count, flag) = match sight {
        Sight::Nothing => (0, 0, 0),
        Sight::Ready(requests) => (1, requests, 0),
        Sight::EndOfFile => (1, 0, PUFFS_EV_EOF),
    };
    // SAFETY: by contract.
    unsafe {
        if !data.is_null() {
            data.write(count);
        }
        if !flags.is_null() {
            flags.write(flag);
        }
    }
    event
}

/// Returns the storage that `ph_poll_init` made ready for the pollers of the watched instance, and that `ph_poll_wake` is called with; it
/// lives as long as a reference to the watcher. NULL for NULL, and in libpuffs for processes, where `puffs_fop_pollfd` tells. Does not
/// sleep.
///
/// # Safety
/// `w` is NULL or a watcher.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_watch_pollpoint(w: *mut puffs_watch) -> *mut c_void {
    // SAFETY: by contract.
    unsafe { watch(w) }.map_or(core::ptr::null_mut(), |watch| {
        poll_storage(watch.0.poll_point())
    })
}

/// Takes one more reference to a watcher. Returns `w`. May be called under any lock.
///
/// # Safety
/// `w` is NULL or a watcher that the caller has a reference to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_watch_ref(w: *mut puffs_watch) -> *mut puffs_watch {
    // SAFETY: by contract.
    core::mem::forget(unsafe { watch(w) });
    w
}

/// Gives a reference to a watcher back, after the knote was taken out of the poll point's storage: without a watcher that may
/// be gone. NULL is ignored. Does not sleep; to be called without spinning locks.
///
/// # Safety
/// `w` is NULL or a watcher that the caller has a reference to, which it gives up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_watch_detach(w: *mut puffs_watch) {
    if !w.is_null() {
        // SAFETY: by contract the caller's own reference.
        drop(unsafe { Ref::<Watch, Plat>::from_raw(w.cast_const().cast()) });
    }
}

/// Makes a descriptor on which the server of a process sleeps, in `poll`, `select` or `epoll_wait`, rather than in `PUFFSGETOP`. It is
/// readable while a request can be fetched, and while `puffs_fop_poll` says `POLLHUP`: before the mount, and from its
/// death, unmount or the close of the device on. Nobody has to read it: it stays readable until a `PUFFSGETOP` or `PUFFSBATCH` that may not wait
/// finds nothing (`EAGAIN`). So a server that was woken fetches until it gets `EAGAIN`, and sleeps again; nothing that comes in between is
/// lost. It may be readable when there is nothing, which the next fetch finds out.
///
/// The descriptor is the caller's, who closes it whenever it likes, but leaves its flags alone; as any that shares its file with others it is taken out of an
/// epoll set before that. Each call makes another. Without any, an arrival costs nothing more than before.
///
/// Returns 0 and the descriptor in `*fd`; `EINVAL` (NULL), `ENOMEM` (no memory, or too many descriptors are open), `EOPNOTSUPP` in the
/// library that a kernel links, which has descriptors of its own. Does not sleep.
///
/// # Safety
/// `pi` is NULL or an instance; `fd` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fop_pollfd(pi: *mut puffs_instance, fd: *mut c_int) -> c_int {
    if fd.is_null() {
        return finish(Err(Errno::Inval));
    }
    // SAFETY: by contract.
    let made = unsafe { instance(pi) }.and_then(|instance| descriptor(&instance));
    // SAFETY: by contract.
    finish(made.map(|made| unsafe { fd.write(made) }))
}

#[cfg(feature = "hosted")]
fn descriptor(instance: &Instance<Plat>) -> Result<c_int, Errno> {
    use std::os::fd::IntoRawFd;
    instance.pollfd().map(IntoRawFd::into_raw_fd)
}

#[cfg(not(feature = "hosted"))]
fn descriptor(_: &Instance<Plat>) -> Result<c_int, Errno> {
    Err(Errno::NotSupp)
}
