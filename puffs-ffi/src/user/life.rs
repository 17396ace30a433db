//! The life of a server: init, daemon, mount, main loop, exit.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::fn_addr_eq;
use std::sync::{Mutex, MutexGuard, PoisonError};

use puffs_user::c::consts::PUFFS_STATE_UNMOUNTED;
use puffs_user::c::ops::puffs_ops;
use puffs_user::c::puffs_cookie_t;
use puffs_user::usermount::{InitError, Usermount, unmount_on_signal};

use super::generic::puffs_fsnop_sync;
use super::hooks::complain;
use super::{anyones, context, fail, finish, name, null, private};

/// The contexts that there are. Nobody frees them before the process ends, and whoever looks for leaks is to find them.
static CONTEXTS: Mutex<Vec<usize>> = Mutex::new(Vec::new());

fn contexts() -> MutexGuard<'static, Vec<usize>> {
    CONTEXTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the context of a file server with the operations of `pops`, which comes from `PUFFSOP_INIT` (or `malloc`) and is
/// freed: the server must not touch it again. On failure it stays the server's.
///
/// `mntfromname` is the "device" shown in mount tables, `puffsname` the type's name; they are copied. Each of them and
/// `priv` may be `PUFFS_DEFER`. `pflags` is made of `PUFFS_KFLAG_*` and `PUFFS_FLAG_*`.
///
/// The table must have fs_unmount, fs_statvfs, fs_sync and node_lookup.
///
/// With `PUFFS_FLAG_BUILDPATH` the library keeps the paths of nodes, see `puffs_set_pathbuild`; cookies are then nodes. When `puffs_fakecc` is not
/// 0, requests run on the stack of the main loop.
///
/// Returns NULL with `errno` set: `EINVAL` for a null pointer or a missing operation, `ENOMEM`, `EMFILE`.
///
/// # Safety
/// As described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_init(
    pops: *mut puffs_ops,
    mntfromname: *const c_char,
    puffsname: *const c_char,
    priv_: *mut c_void,
    pflags: u32,
) -> *mut Usermount {
    // SAFETY: by contract a table or null.
    let Some(ops) = (unsafe { pops.as_ref() }) else {
        complain(format_args!("puffs_init: no table of operations"));
        return null(libc::EINVAL);
    };
    // SAFETY: by contract.
    let (Some(from), Some(fstype)) = (unsafe { (name(mntfromname), name(puffsname)) }) else {
        complain(format_args!("puffs_init: a name is NULL"));
        return null(libc::EINVAL);
    };
    match Usermount::new(ops, from, fstype, private(priv_), pflags) {
        Ok(pu) => {
            if crate::fakecc::is_set() {
                pu.give_up_stacks();
            }
            let nothing = puffs_fsnop_sync as unsafe extern "C" fn(_, _, _) -> _;
            if ops
                .puffs_fs_sync
                .is_some_and(|sync| fn_addr_eq(sync, nothing))
            {
                pu.has_nothing_to_sync();
            }
            // SAFETY: by contract from malloc and the library's from now on; `ops` is not used any more.
            unsafe { libc::free(pops.cast()) };
            let pu = Box::into_raw(pu);
            contexts().push(pu.expose_provenance());
            pu
        }
        Err(error) => {
            if !matches!(error, InitError::System(_)) {
                complain(format_args!("puffs_init: {error}"));
            }
            null(error.errno())
        }
    }
}

/// Attaches the file system at `dir`. `mntflags` is made of `PUFFS_MNT_*`; without privileges nosuid and nodev are
/// added. `root_cookie` names the root node; NULL is a cookie like any other. Afterwards the state is
/// `PUFFS_STATE_RUNNING`, and `puffs_mainloop` is to be called soon. A parent that waits in `puffs_daemon` learns how
/// it went.
///
/// For root, where `/dev/puffs` is there and can be opened, the kernel's puffs module is mounted, else Linux's FUSE; the environment
/// variable `PUFFS_HOST` chooses: `kmod` or `fuse`. If `PUFFS_COMFD` names a descriptor, a connected stream socket, nothing is mounted: the server
/// talks to who has its other end. It begins with `struct puffs_comargs`; then come requests, each a `struct puffs_req` with its body behind it, and
/// go answers of the same form. The end of the connection is an unmount by force. A program with more rights than its user, as by set-user-ID, ignores it.
///
/// Returns 0, or -1 with `errno` set; a reason that no errno value says is written to stderr. `EBUSY`: the
/// context was mounted before, or a file system of this kind is on `dir` already.
///
/// # Safety
/// `pu` is null or from `puffs_init`; `dir` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_mount(
    pu: *mut Usermount,
    dir: *const c_char,
    mntflags: c_int,
    root_cookie: puffs_cookie_t,
) -> c_int {
    // SAFETY: by contract.
    let pu = match unsafe { context("puffs_mount", pu) } {
        Ok(pu) => pu,
        Err(errno) => return fail(errno),
    };
    if dir.is_null() {
        complain(format_args!("puffs_mount: no mount point"));
        return fail(libc::EINVAL);
    }
    // SAFETY: by contract.
    let dir = unsafe { CStr::from_ptr(dir) };
    finish(pu.mount(&puffs_fuse::Chosen, dir, mntflags as u32, root_cookie))
}

/// Serves requests until the file system is unmounted. To be called at most once for each mount. The calling thread
/// has the server from then on, whichever made the mount.
///
/// Returns 0, or -1 with `errno` set when the loop could not start or go on: `EINVAL` without a mount; `EBUSY` when called inside
/// itself; `EPERM` while another thread is in it, and in a child that was forked after the mount.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_mainloop(pu: *mut Usermount) -> c_int {
    // SAFETY: by contract.
    let Some(pu) = (unsafe { anyones(pu) }) else {
        return fail(libc::EINVAL);
    };
    match pu.take_for_loop() {
        Ok(()) => finish(pu.mainloop()),
        Err(stranger) => {
            complain(format_args!("puffs_mainloop: {}", stranger.words()));
            fail(libc::EPERM)
        }
    }
}

/// Goes into the background, before the mount. The parent waits until the mount is made and then exits with 0, or
/// with 1 and a message. The child gets a session of its own, `/` as working directory unless `nochdir`, and
/// `/dev/null` as standard input, output and error unless `noclose`.
///
/// Returns 0 in the child, or -1 with `errno` set: `EINVAL` when it is too late.
///
/// # Safety
/// `pu` is null or from `puffs_init`. Only this thread goes into the child.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_daemon(pu: *mut Usermount, nochdir: c_int, noclose: c_int) -> c_int {
    // SAFETY: by contract.
    match unsafe { context("puffs_daemon", pu) } {
        Ok(pu) => finish(pu.daemon(nochdir != 0, noclose != 0)),
        Err(errno) => fail(errno),
    }
}

/// Asks for a forced unmount and returns at once; fs_unmount is called in the normal way and `puffs_mainloop` then
/// returns. Harmless at any time, from any thread and in signal handlers, for which it may change `errno`. The second argument is ignored.
///
/// Returns 0, or -1 with `errno` set: `EINVAL`; `EPERM` in a child that was forked after the mount, which is not its own.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_exit(pu: *mut Usermount, _ignored: c_int) -> c_int {
    // SAFETY: by contract.
    match unsafe { anyones(pu) } {
        // In a signal handler nothing can be said.
        Some(pu) => finish(pu.exit().map_err(|_| libc::EPERM)),
        None => fail(libc::EINVAL),
    }
}

/// Frees the context. Before the mount this gives up: a parent that waits in `puffs_daemon` ends with `error`. The other
/// time is after `puffs_mainloop` has returned; nodes that are still there are the server's to free, before. While the
/// file system is mounted it does nothing.
///
/// # Safety
/// `pu` is null or from `puffs_init`, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cancel(pu: *mut Usermount, error: c_int) {
    // SAFETY: by contract.
    let Ok(context) = (unsafe { context("puffs_cancel", pu) }) else {
        return;
    };
    if context.is_mounted() {
        return;
    }
    contexts().retain(|address| *address != pu.addr());
    // SAFETY: it came from `Box::into_raw` in `puffs_init`, and by contract nobody uses it again.
    unsafe { Box::from_raw(pu) }.cancel(error);
}

/// From now on signal `sig` does one `puffs_exit` in each main loop of the process. With `ignoresig` nothing else
/// happens at the signal; without it whatever was to happen happens too. May be called before `puffs_init`.
///
/// Returns 0, or -1 with `errno` set: `EINVAL` for what is no signal or cannot be caught.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_unmountonsignal(sig: c_int, ignoresig: bool) -> c_int {
    finish(unmount_on_signal(sig, ignoresig))
}

/// Returns `PUFFS_STATE_*`. From any thread.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_getstate(pu: *mut Usermount) -> c_int {
    // SAFETY: by contract.
    unsafe { anyones(pu) }.map_or(PUFFS_STATE_UNMOUNTED, |pu| pu.state().number())
}

/// Returns the descriptor of the request channel, or -1 with `ENXIO` when there is none.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_getselectable(pu: *mut Usermount) -> c_int {
    // SAFETY: by contract.
    unsafe { context("puffs_getselectable", pu) }
        .and_then(|pu| pu.selectable().ok_or(libc::ENXIO))
        .unwrap_or_else(fail)
}

/// Sets the mode of the request channel, `PUFFSDEV_BLOCK` or `PUFFSDEV_NONBLOCK`, once the file system is mounted. The
/// main loop does not depend on it.
///
/// Returns 0, or -1 with `EINVAL`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setblockingmode(pu: *mut Usermount, mode: c_int) -> c_int {
    // SAFETY: by contract.
    match unsafe { context("puffs_setblockingmode", pu) } {
        Ok(pu) => finish(pu.set_blocking_mode(mode)),
        Err(errno) => fail(errno),
    }
}
