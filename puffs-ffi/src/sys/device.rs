//! The device: who opens it, and which mount is bound to which open.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_long, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};

use puffs_core::{Credentials, Errno, Platform, Ref};
use puffs_dev::{Instance, Lwp, OpenFiles};

use super::attach::{made, registry};
use super::mount::puffs_mount;
use super::{Plat, finish, held};

/// One open of the device. Counted: the open file has a reference, which `puffs_fop_close` takes.
pub struct puffs_instance {
    _opaque: (),
}

/// Who calls.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct lwp {
    /// The process.
    l_pid: c_int,
    /// Its effective user.
    l_uid: u32,
    /// Its effective group.
    l_gid: u32,
    /// Out, by `puffscdopen`: the instance, a `struct puffs_instance *` for the open file to keep.
    l_dupfd: c_long,
}

/// Finds the instance behind a descriptor: returns it with a reference taken by `puffs_instance_ref`, or NULL when `fd` of
/// process `pid` is no open device of ours.
type Lookup = unsafe extern "C" fn(pid: c_int, fd: c_int) -> *mut puffs_instance;

static LOOKUP: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// The kernel's table of open files.
struct Files;

impl OpenFiles<Plat> for Files {
    fn instance(&self, pid: i32, fd: i32) -> Option<Ref<Instance<Plat>, Plat>> {
        // Acquire pairs with the release in `puffs_set_filetable`.
        let lookup = LOOKUP.load(Ordering::Acquire);
        if lookup.is_null() {
            return None;
        }
        // SAFETY: `puffs_set_filetable` stores nothing else.
        let lookup = unsafe { core::mem::transmute::<*mut (), Lookup>(lookup) };
        // SAFETY: by contract of `puffs_set_filetable`.
        let found = unsafe { lookup(pid, fd) };
        // SAFETY: as above: a reference that is ours now.
        (!found.is_null()).then(|| unsafe { Ref::from_raw(found.cast_const().cast()) })
    }
}

/// The instance behind a pointer of C's, held while a call is in progress.
///
/// # Safety
/// Null, or an instance that the caller may rely on.
pub(super) unsafe fn instance(pi: *mut puffs_instance) -> Result<Ref<Instance<Plat>, Plat>, Errno> {
    if pi.is_null() {
        return Err(Errno::Inval);
    }
    // SAFETY: by contract a reference, given out as the address.
    Ok(unsafe { Ref::clone_raw(pi.cast_const().cast()) })
}

/// Opens the device: makes a new instance, an embryo until a mount is bound to it. `dev` is the device number as the
/// C library packs it, or in a kernel the minor number alone; it must be that of the cloner, `PUFFS_CLONER`. `flags` and
/// `fmt` mean nothing here: a non-blocking open calls `puffs_fop_nonblock`.
///
/// Returns 0 and the instance in `l->l_dupfd`, with a reference for the open file; `ENXIO` (another device, or before
/// `puffs_attach`), `EBUSY` (all minors are taken), `ENOMEM`, `EINVAL` (NULL). Nothing is left behind by a failure. A kernel whose
/// cloners signal success by a special errno maps it. Allocates; does not sleep otherwise.
///
/// # Safety
/// `l` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffscdopen(dev: u64, flags: c_int, fmt: c_int, l: *mut lwp) -> c_int {
    let _ = (flags, fmt);
    // SAFETY: by contract.
    let Some(l) = (unsafe { l.as_mut() }) else {
        return finish(Err(Errno::Inval));
    };
    let opener = Lwp {
        pid: l.l_pid,
        cred: Credentials {
            uid: l.l_uid,
            gid: l.l_gid,
        },
    };
    let open = || registry()?.cdopen(minor(dev), &opener);
    finish(open().map(|instance| l.l_dupfd = Ref::into_raw(instance).addr() as c_long))
}

#[cfg(feature = "hosted")]
fn minor(dev: u64) -> u32 {
    libc::minor(dev)
}

#[cfg(not(feature = "hosted"))]
fn minor(dev: u64) -> u32 {
    u32::try_from(dev).unwrap_or(u32::MAX)
}

/// The device node itself is never open: an open makes an instance, which `puffs_fop_close` closes. Returns `ENXIO`.
///
/// # Safety
/// None of the arguments is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffscdclose(dev: u64, flags: c_int, fmt: c_int, l: *mut lwp) -> c_int {
    let _ = (dev, flags, fmt, l);
    finish(Err(Errno::Nxio))
}

/// Takes one more reference to an instance. Returns `pi`. May be called under any lock.
///
/// # Safety
/// `pi` is NULL or an instance that the caller has a reference to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_instance_ref(pi: *mut puffs_instance) -> *mut puffs_instance {
    // SAFETY: by contract.
    if let Ok(instance) = unsafe { instance(pi) } {
        core::mem::forget(instance);
    }
    pi
}

/// Gives back a reference that `puffs_instance_ref` took. NULL is ignored. May sleep: without references an instance is
/// closed.
///
/// # Safety
/// `pi` is NULL or an instance that the caller has a reference to, which it gives up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_instance_rele(pi: *mut puffs_instance) {
    if !pi.is_null() {
        // SAFETY: by contract.
        drop(unsafe { Ref::<Instance<Plat>, Plat>::from_raw(pi.cast_const().cast()) });
    }
}

/// Returns the minor number of an instance, its own as long as it is open; `PUFFS_CLONER` for NULL. May be called under any
/// lock.
///
/// # Safety
/// `pi` is NULL or an instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_instance_minor(pi: *mut puffs_instance) -> u32 {
    // SAFETY: by contract.
    unsafe { instance(pi) }.map_or(puffs_dev::CLONER, |instance| instance.minor())
}

/// Tells how a descriptor leads to an instance, for `puffs_setpmp`: `lookup` returns the instance behind `fd` of process
/// `pid` with a reference taken by `puffs_instance_ref`, or NULL. It may sleep. NULL: there are no descriptors.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_set_filetable(
    lookup: Option<unsafe extern "C" fn(pid: c_int, fd: c_int) -> *mut puffs_instance>,
) {
    let lookup: Option<Lookup> = lookup;
    let lookup = lookup.map_or(core::ptr::null_mut(), |lookup| lookup as *mut ());
    // Release pairs with the acquire in `Files`, for what the function itself relies on.
    LOOKUP.store(lookup, Ordering::Release);
}

/// Binds a mount to the instance behind descriptor `fd` of process `pid`, as `puffs_set_filetable` finds it; with `fd < 0` to the
/// oldest embryo that this process opened with the credentials in the mount's `puffs_mountargs`. Having the device open is the
/// right to serve; whether its owner may mount is for the caller to check.
///
/// Returns 0, `ENXIO` (there is no such instance, or it is dead), `EBUSY` (the instance or the mount is bound), `EINVAL` (NULL). May sleep in
/// the lookup; to be called without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setpmp(pid: c_int, fd: c_int, pmp: *mut puffs_mount) -> c_int {
    let bind = || {
        // SAFETY: by contract.
        let mount = unsafe { held(pmp) }?;
        let cred = mount.host().map(|host| host.owner()).unwrap_or_default();
        registry()?.setpmp(&Lwp { pid, cred }, fd, &mount, &Files)
    };
    finish(bind())
}

/// Binds a mount to an instance. As `puffs_setpmp`, for a kernel that finds the open file itself. Does not sleep.
///
/// # Safety
/// `pi` is NULL or an instance, `pmp` NULL or a mount.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setpmp_instance(
    pi: *mut puffs_instance,
    pmp: *mut puffs_mount,
) -> c_int {
    let bind = || {
        // SAFETY: by contract.
        let (instance, mount) = unsafe { (instance(pi)?, held(pmp)?) };
        registry()?.bind(&instance, &mount)
    };
    finish(bind())
}

/// Unbinds a mount, as the last step of its unmount: the instance becomes dead, and so does the mount if it was not
/// (`puffs_userdead`), since nobody could answer its callers any more. Nothing happens to a mount that is bound nowhere. NULL is ignored. Does
/// not sleep. Calls completions; to be called without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_nukebypmp(pmp: *mut puffs_mount) {
    // SAFETY: by contract.
    if let (Ok(mount), Some(registry)) = (unsafe { held(pmp) }, made()) {
        registry.nuke(&mount);
    }
}

/// An instance as C holds it, for the calls on its open file.
pub(super) fn close(pi: *mut puffs_instance) -> Result<(), Errno> {
    if pi.is_null() {
        return Err(Errno::Inval);
    }
    // SAFETY: by contract of `puffs_fop_close` this is the open file's reference, which it gives up.
    let instance: Ref<Instance<Plat>, Plat> = unsafe { Ref::from_raw(pi.cast_const().cast()) };
    registry()?.close(&instance);
    Ok(())
}

/// What pollers wait on, as the hooks made it ready.
#[cfg(not(feature = "hosted"))]
pub(super) fn poll_storage(point: &<Plat as Platform>::PollPoint) -> *mut c_void {
    point.storage()
}

/// What pollers wait on.
#[cfg(feature = "hosted")]
pub(super) fn poll_storage(_: &<Plat as Platform>::PollPoint) -> *mut c_void {
    core::ptr::null_mut()
}

// `l_dupfd` holds a pointer, and a kernel has no `intptr_t` of the C library's.
const _: () = assert!(size_of::<c_long>() == size_of::<*mut c_void>());
