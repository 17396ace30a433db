//! The library as a whole: attaching it to a kernel, detaching, the log, and the registry of the one
//! device that it serves.

use core::ffi::{c_char, c_int};
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::sync::atomic::{AtomicPtr, Ordering};

use puffs_core::Errno;
#[cfg(feature = "hosted")]
use puffs_core::Platform;
use puffs_core::platform::{hooks::puffs_hooks, set_log};
use puffs_dev::Registry;

use super::{Plat, finish, mount, watch};

/// The registry, made when it is first wanted; null before, and after `puffs_detach`.
static REGISTRY: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// A registry borrowed from the static.
pub(super) struct Borrowed(ManuallyDrop<Registry<Plat>>);

impl Deref for Borrowed {
    type Target = Registry<Plat>;

    fn deref(&self) -> &Registry<Plat> {
        &self.0
    }
}

/// The registry, if it was made.
pub(super) fn made() -> Option<Borrowed> {
    // Acquire pairs with the release in `registry`.
    let raw = REGISTRY.load(Ordering::Acquire);
    (!raw.is_null()).then(|| {
        // SAFETY: the static owns one reference, which this borrows: it is not dropped. Only `puffs_detach` gives it
        // up, and by its contract no other call is in progress then.
        Borrowed(ManuallyDrop::new(unsafe { Registry::from_raw(raw) }))
    })
}

/// The registry.
pub(super) fn registry() -> Result<Borrowed, Errno> {
    if !ready() {
        return Err(Errno::Nxio);
    }
    loop {
        if let Some(made) = made() {
            return Ok(made);
        }
        let fresh = Registry::<Plat>::new()?.into_raw().cast_mut();
        // Release pairs with the acquire in `made`.
        if REGISTRY
            .compare_exchange(
                core::ptr::null_mut(),
                fresh,
                Ordering::Release,
                Ordering::Relaxed,
            )
            .is_err()
        {
            // SAFETY: from `into_raw` above, and another was put in its place.
            drop(unsafe { Registry::<Plat>::from_raw(fresh) });
        }
    }
}

/// Whether there is a platform to work on.
#[cfg(feature = "hosted")]
pub(super) fn ready() -> bool {
    true
}

/// Whether there is a platform to work on.
#[cfg(not(feature = "hosted"))]
pub(super) fn ready() -> bool {
    puffs_core::platform::hooks::attached().is_some()
}

/// Installs the hooks of a kernel, once, before anything else is called; they are copied. To be called by one thread, at a
/// time when it may allocate. Until then the functions that make something return `ENXIO` or NULL.
///
/// Returns 0; `EINVAL` when `hooks` is NULL, of another size or version, or has a hook missing or an errno that is not
/// positive; `EBUSY` when hooks are installed. libpuffs for ordinary processes has a platform of its own: there it
/// says so in the log and returns `EOPNOTSUPP`.
///
/// # Safety
/// `hooks` is NULL or points to a structure that is as large as its `ph_size` says; the hooks do what their
/// comments say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_attach(hooks: *const puffs_hooks) -> c_int {
    // SAFETY: by contract; the size comes first, and is looked at before the rest.
    finish(unsafe { attach(hooks) })
}

#[cfg(not(feature = "hosted"))]
unsafe fn attach(hooks: *const puffs_hooks) -> Result<(), Errno> {
    use puffs_core::platform::hooks::{AttachError, attach};
    // SAFETY: by contract of the caller.
    let hooks = unsafe { super::sized(hooks, size_of::<puffs_hooks>()) }?;
    attach(&hooks).map_err(|error| match error {
        AttachError::Unusable => Errno::Inval,
        AttachError::Attached => Errno::Busy,
    })
}

#[cfg(feature = "hosted")]
unsafe fn attach(hooks: *const puffs_hooks) -> Result<(), Errno> {
    if hooks.is_null() {
        return Err(Errno::Inval);
    }
    Plat::log("puffs_attach: this is libpuffs for processes, which needs no hooks");
    Err(Errno::NotSupp)
}

/// Ends the use of the library: before a module is unloaded, or for a check that nothing leaked. With
/// nothing alive it frees what the library itself holds. The hooks stay, and the library may be used again.
///
/// Returns how many mounts, open instances and event watchers are still alive; the first two numbers go to where `mounts` and
/// `instances` point, which may be NULL. Does not sleep. When it returns 0 no other call may have been in progress.
///
/// # Safety
/// The pointers are NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_detach(mounts: *mut usize, instances: *mut usize) -> usize {
    let alive = mount::alive();
    let open = made().map_or(0, |registry| registry.open_count());
    for (to, count) in [(mounts, alive), (instances, open)] {
        if !to.is_null() {
            // SAFETY: by contract.
            unsafe { to.write(count) };
        }
    }
    let all = alive + open + watch::alive();
    if all == 0 {
        // Acquire: what is freed here was made by another thread.
        let raw = REGISTRY.swap(core::ptr::null_mut(), Ordering::Acquire);
        if !raw.is_null() {
            // SAFETY: the static owned this reference, and by contract nobody has borrowed it.
            drop(unsafe { Registry::<Plat>::from_raw(raw) });
        }
    }
    all
}

/// Sends the lines of the log to `sink`: `len` bytes each, neither terminated nor with a newline. NULL sends them
/// where they went at first, to the hook `ph_log` or to stderr. `sink` is called from any thread, without locks,
/// and must not call puffs.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_set_log(sink: Option<extern "C" fn(message: *const c_char, len: usize)>) {
    set_log(sink);
}
