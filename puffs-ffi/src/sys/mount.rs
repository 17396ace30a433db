//! Mounts: making, starting, ending them, and what C's VFS side is asked to do.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use puffs_core::msg::wire::{Stale, StartReq};
use puffs_core::platform::Wait;
use puffs_core::{
    Config, Cookie, Credentials, Errno, Instant, Mount, MountHost, OnClose, Platform, Ref, Vnode,
    try_box,
};
use puffs_vfs::late::Late;

use super::touser::vnode;
use super::touser_opt::PUFFS_FOREVER;
use super::{Plat, finish, held, sized};
use crate::msgif::{puffs_stale, puffs_startreq};

/// One mounted file system, as its queue. Counted.
pub struct puffs_mount {
    _opaque: (),
}

/// A caller's waits end at a signal, when it does not say otherwise.
pub const PUFFS_MOUNT_INTERRUPTIBLE: u32 = 1;
/// The mount lives on when its server closes the device, and may be bound to another instance.
pub const PUFFS_MOUNT_KEEP: u32 = 2;

/// What a mount is to be like. Zero anywhere but in the size means the usual.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_mountargs {
    /// `sizeof(struct puffs_mountargs)`.
    pma_size: usize,
    /// Longest request and answer in bytes; usually 256 KiB.
    pma_max_len: usize,
    /// Requests that may be queued or with the server; usually 4096.
    pma_max_requests: usize,
    /// Their bytes in all, at least `pma_max_len`; usually 64 MiB.
    pma_max_bytes: usize,
    /// How long a caller waits that does not say so itself; usually for ever.
    pma_timeout_ns: u64,
    /// Who mounts: `puffs_setpmp` by process binds only instances of equal credentials.
    pma_uid: u32,
    /// Their group.
    pma_gid: u32,
    /// `PUFFS_MOUNT_*`.
    pma_flags: u32,
    /// Zero.
    pma_reserved: u32,
}

/// An answer whose caller had left; valid during the call.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_late {
    /// `PUFFSOP_VFS` or `PUFFSOP_VN`.
    pl_opclass: c_int,
    /// The operation.
    pl_optype: c_int,
    /// The node it was about.
    pl_cookie: *mut c_void,
    /// The server's result.
    pl_rv: c_int,
    /// The answer.
    pl_body: *const c_void,
    /// Its length.
    pl_len: usize,
    /// Bytes that are there: behind the answer what is left of the request.
    pl_room: usize,
}

impl puffs_late {
    /// The same for puffs-vfs.
    ///
    /// # Safety
    /// As the library made it, and during the call for which it was made.
    pub(crate) unsafe fn parts(&self) -> Late<'_> {
        let body = match self.pl_body.is_null() {
            true => &[][..],
            // SAFETY: by contract.
            false => unsafe { core::slice::from_raw_parts(self.pl_body.cast(), self.pl_room) },
        };
        Late {
            class: self.pl_opclass as u8,
            optype: self.pl_optype as u8,
            cookie: Cookie(self.pl_cookie.addr()),
            rv: self.pl_rv,
            body,
            len: self.pl_len,
        }
    }
}

/// What a mount asks of the VFS side that made it. Each may be NULL, and is called without locks; `data` is what
/// `puffs_mount_new` was given.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_hostops {
    /// `sizeof(struct puffs_hostops)`.
    pho_size: usize,
    /// The server closed its device under the mount, which is dead: unmount it by force. It is no error when an
    /// unmount runs already. May sleep. Without it a dead mount stays that answers `ENXIO`.
    pho_unmount: Option<unsafe extern "C" fn(data: *mut c_void, pmp: *mut puffs_mount)>,
    /// The server started, on its own thread.
    pho_started: Option<unsafe extern "C" fn(data: *mut c_void, start: *const puffs_startreq)>,
    /// An answer came too late: release what it made (a node, an open file). On a thread of the server, which gets `ECANCELED`; or on the caller's,
    /// with its vnodes locked again, when one of them died, of which the server knows nothing. So it must not lock vnodes.
    pho_late: Option<unsafe extern "C" fn(data: *mut c_void, late: *const puffs_late)>,
    /// The last reference to the mount went: nothing is called with this `data` any more.
    pho_freed: Option<unsafe extern "C" fn(data: *mut c_void)>,
    /// Requests with `pto_done` have deadlines, the earliest of which is `when_ns` (of `ph_now`; in libpuffs CLOCK_MONOTONIC) now: `puffs_expire` is to be called
    /// then, on a thread, not in an interrupt. A timer that is set holds a reference to the mount (`puffs_mount_ref`). Calls of several threads may come in any order,
    /// while `puffs_expire` runs, from inside it, and after death: forget the time when `puffs_expire` is called, and then keep the earliest of what
    /// is heard here and what it returns. Without this a kernel calls `puffs_expire` on its own.
    pho_alarm: Option<unsafe extern "C" fn(data: *mut c_void, pmp: *mut puffs_mount, when_ns: u64)>,
    /// Unlocks a vnode that was given with a request, once the request is queued; on the caller's thread, the last vnode first, each once.
    pho_vnode_unlock: Option<unsafe extern "C" fn(data: *mut c_void, vp: *mut vnode)>,
    /// Locks it again, in any case, when the caller is back, the first one first. Returns 0, or an errno value (positive; what is none becomes `EPROTO`) that the
    /// caller gets for its result, since the vnode died meanwhile; an answer that came all the same goes to `pho_late`. May sleep, beyond the caller's deadline
    /// too. Both or none of the two.
    pho_vnode_lock: Option<unsafe extern "C" fn(data: *mut c_void, vp: *mut vnode) -> c_int>,
    /// The server says that something cached is stale (`PUFFSSTALE`); it has been checked as far as it can be here. Returns 0, or `ENOENT`, `EINVAL`,
    /// `EAGAIN`, `ENOMEM`, `EOPNOTSUPP`; anything else becomes `EINVAL`. On a thread of the server, so it must not wait for who waits for
    /// the server. Without it the server gets `EOPNOTSUPP`.
    pho_stale: Option<unsafe extern "C" fn(data: *mut c_void, stale: *const puffs_stale) -> c_int>,
}

/// Mounts of C's that exist.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// How many mounts exist.
pub(super) fn alive() -> usize {
    ALIVE.load(Ordering::Acquire)
}

/// The VFS side of one mount. Its end is the mount's end.
struct Host {
    ops: puffs_hostops,
    data: *mut c_void,
    args: puffs_mountargs,
    /// Set once C has the mount; a mount that could not be made tells nobody of its end.
    born: AtomicBool,
}

// SAFETY: `data` belongs to C, whose callbacks are called from any thread.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Drop for Host {
    fn drop(&mut self) {
        if !*self.born.get_mut() {
            return;
        }
        if let Some(freed) = self.ops.pho_freed {
            // SAFETY: by contract of `puffs_mount_new` the callbacks take its `data`.
            unsafe { freed(self.data) };
        }
        // Release: who sees that nothing is alive sees all that was done.
        ALIVE.fetch_sub(1, Ordering::Release);
    }
}

/// Shares the host with `puffs_mount_new`, which has yet to say that the mount was born.
struct Shared(Ref<Host, Plat>);

impl MountHost<Plat> for Shared {
    fn started(&self, start: &StartReq) {
        if let Some(started) = self.0.ops.pho_started {
            // SAFETY: by contract of `puffs_mount_new`; the two structures have one layout.
            unsafe { started(self.0.data, core::ptr::from_ref(start).cast()) };
        }
    }

    fn late(&self, late: puffs_core::Late<Plat>) {
        if let Some(hook) = self.0.ops.pho_late {
            let told = puffs_late {
                pl_opclass: c_int::from(late.class),
                pl_optype: c_int::from(late.optype),
                pl_cookie: late.cookie.0 as *mut c_void,
                pl_rv: late.answer.rv,
                pl_body: late.answer.body.as_ptr().cast(),
                pl_len: late.answer.len,
                pl_room: late.answer.body.len(),
            };
            // SAFETY: by contract of `puffs_mount_new`; `told` and the answer outlive the call.
            unsafe { hook(self.0.data, &told) };
        }
    }

    fn stale(&self, stale: &Stale) -> Result<(), Errno> {
        let hook = self.0.ops.pho_stale.ok_or(Errno::NotSupp)?;
        // SAFETY: by contract of `puffs_mount_new`; the two structures have one layout.
        let number = unsafe { hook(self.0.data, core::ptr::from_ref(stale).cast()) };
        let known = [
            Errno::NoEnt,
            Errno::WouldBlock,
            Errno::NoMem,
            Errno::NotSupp,
        ];
        let error = |errno: &Errno| Plat::errno(*errno) == number;
        match number {
            0 => Ok(()),
            _ => Err(known.into_iter().find(error).unwrap_or(Errno::Inval)),
        }
    }

    fn unlock(&self, vnode: Vnode) {
        if let Some(unlock) = self.0.ops.pho_vnode_unlock {
            // SAFETY: by contract of `puffs_mount_new`; it is a vnode that C gave with this request.
            unsafe { unlock(self.0.data, core::ptr::with_exposed_provenance_mut(vnode.0)) };
        }
    }

    fn lock(&self, vnode: Vnode) -> i32 {
        self.0.ops.pho_vnode_lock.map_or(0, |lock| {
            // SAFETY: as in `unlock`.
            unsafe { lock(self.0.data, core::ptr::with_exposed_provenance_mut(vnode.0)) }
        })
    }

    fn unmount(&self, mount: &Ref<Mount<Plat>, Plat>) {
        match self.0.ops.pho_unmount {
            // SAFETY: by contract of `puffs_mount_new`; the mount is held during the call.
            Some(unmount) => unsafe {
                unmount(self.0.data, Ref::as_ptr(mount).cast_mut().cast());
            },
            None => Plat::log("a server is gone, and its file system cannot be unmounted"),
        }
    }

    fn alarm(&self, mount: &Mount<Plat>, Instant(at): Instant) {
        if let Some(alarm) = self.0.ops.pho_alarm {
            let pmp = core::ptr::from_ref(mount).cast_mut().cast();
            // SAFETY: by contract of `puffs_mount_new`; the address of a mount is its name in C, and it is held by whoever called in.
            unsafe { alarm(self.0.data, pmp, at) };
        }
    }

    fn patience(&self) -> Wait {
        let args = &self.0.args;
        Wait {
            deadline: (args.pma_timeout_ns != 0).then(|| after(args.pma_timeout_ns)),
            interruptible: args.pma_flags & PUFFS_MOUNT_INTERRUPTIBLE != 0,
        }
    }

    fn owner(&self) -> Credentials {
        Credentials {
            uid: self.0.args.pma_uid,
            gid: self.0.args.pma_gid,
        }
    }

    fn on_close(&self) -> OnClose {
        match self.0.args.pma_flags & PUFFS_MOUNT_KEEP {
            0 => OnClose::Unmount,
            _ => OnClose::Keep,
        }
    }
}

/// So many nanoseconds from now.
pub(super) fn after(ns: u64) -> Instant {
    Instant(Plat::now().0.saturating_add(ns))
}

/// Makes a mount whose server has yet to start, with one reference for the caller. `args` may be NULL for the usual;
/// `ops` may be NULL for a host that does nothing. Both are copied. `data` goes to the callbacks; it must stay until
/// `pho_freed` is called, which never happens when this fails.
///
/// Requests are accepted at once and delivered when the server has started.
///
/// Returns 0 and the mount in `*pmpp`; `EINVAL` (`pmpp` is NULL, a size or a flag is unknown, `pma_max_bytes < pma_max_len`, one of the vnode
/// functions without the other),
/// `ENOMEM`, `ENXIO` before `puffs_attach`. Allocates; does not sleep otherwise.
///
/// # Safety
/// `args` and `ops` are NULL or as large as their first field says; `pmpp` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_mount_new(
    args: *const puffs_mountargs,
    ops: *const puffs_hostops,
    data: *mut c_void,
    pmpp: *mut *mut puffs_mount,
) -> c_int {
    if pmpp.is_null() {
        return finish(Err(Errno::Inval));
    }
    // SAFETY: by contract.
    finish(unsafe { new(args, ops, data) }.map(|mount| {
        let raw = Ref::into_raw(mount).cast_mut().cast();
        // SAFETY: by contract.
        unsafe { pmpp.write(raw) }
    }))
}

unsafe fn new(
    args: *const puffs_mountargs,
    ops: *const puffs_hostops,
    data: *mut c_void,
) -> Result<Ref<Mount<Plat>, Plat>, Errno> {
    // SAFETY: by contract of the caller; every field may be zero.
    let (args, ops) = unsafe {
        (
            match args.is_null() {
                true => core::mem::zeroed(),
                false => sized(args, size_of::<puffs_mountargs>())?,
            },
            match ops.is_null() {
                true => core::mem::zeroed(),
                false => sized(ops, size_of::<puffs_hostops>())?,
            },
        )
    };
    if !super::attach::ready() {
        return Err(Errno::Nxio);
    }
    let known = PUFFS_MOUNT_INTERRUPTIBLE | PUFFS_MOUNT_KEEP;
    if ops.pho_vnode_unlock.is_some() != ops.pho_vnode_lock.is_some() {
        return Err(Errno::Inval);
    }
    if args.pma_flags & !known != 0 || args.pma_reserved != 0 {
        return Err(Errno::Inval);
    }
    let config = config(&args);
    let host: Ref<Host, Plat> = Ref::new(Host {
        ops,
        data,
        args,
        born: AtomicBool::new(false),
    })?;
    let mount = Mount::new(config, Some(try_box(Shared(host.clone()))?))?;
    ALIVE.fetch_add(1, Ordering::Relaxed);
    // Relaxed: C has not seen the mount yet; whoever frees it does so after that.
    host.born.store(true, Ordering::Relaxed);
    Ok(mount)
}

fn config(args: &puffs_mountargs) -> Config {
    let or = |value, usual| match value {
        0 => usual,
        value => value,
    };
    let usual = Config::default();
    let max_len = or(args.pma_max_len, usual.max_len);
    Config {
        max_len,
        max_requests: or(args.pma_max_requests, usual.max_requests),
        max_bytes: or(args.pma_max_bytes, usual.max_bytes.max(max_len)),
        max_rv: largest_errno(usual.max_rv),
    }
}

#[cfg(feature = "hosted")]
fn largest_errno(linux: i32) -> i32 {
    linux
}

#[cfg(not(feature = "hosted"))]
fn largest_errno(usual: i32) -> i32 {
    puffs_core::platform::hooks::attached().map_or(usual, |hooks| hooks.ph_maxerrno)
}

/// Takes one more reference to a mount. Returns `pmp`. May be called under any lock.
///
/// # Safety
/// `pmp` is NULL or a mount that the caller has a reference to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_mount_ref(pmp: *mut puffs_mount) -> *mut puffs_mount {
    // SAFETY: by contract.
    if let Ok(mount) = unsafe { held(pmp) } {
        core::mem::forget(mount);
    }
    pmp
}

/// Gives a reference back. The last one, callers in progress and the bound instance included, frees the mount and calls
/// `pho_freed`. Does not sleep; to be called without spinning locks. NULL is ignored.
///
/// # Safety
/// `pmp` is NULL or a mount that the caller has a reference to, which it gives up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_mount_rele(pmp: *mut puffs_mount) {
    if !pmp.is_null() {
        // SAFETY: by contract the caller's own reference.
        drop(unsafe { Ref::<Mount<Plat>, Plat>::from_raw(pmp.cast_const().cast()) });
    }
}

/// Starts the mount from inside the kernel, as `PUFFSSTARTOP` does for a server: requests are delivered from now on.
///
/// Returns 0, `EINVAL` (NULL), `EBUSY` (started already), `ENXIO` (dead). Does not sleep; calls `pho_started`. To be
/// called without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount; `start` is NULL or readable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_start2(
    pmp: *mut puffs_mount,
    start: *const puffs_startreq,
) -> c_int {
    // SAFETY: by contract.
    let mount = match unsafe { held(pmp) } {
        Ok(mount) if !start.is_null() => mount,
        _ => return finish(Err(Errno::Inval)),
    };
    // SAFETY: by contract; the two structures have one layout and are valid for any bytes.
    let start = unsafe { start.cast::<StartReq>().read_unaligned() };
    finish(mount.start(&start))
}

/// Returns a request id that no other request of the mount has or will have, for `puffs_vntouser_req`; 0 when `pmp` is
/// NULL. Does not sleep; may be called under any lock but those that the library's own hooks take.
///
/// # Safety
/// `pmp` is NULL or a mount.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_getreqid(pmp: *mut puffs_mount) -> u64 {
    // SAFETY: by contract.
    unsafe { held(pmp) }.map_or(0, |mount| mount.next_id().0)
}

/// The server is gone, or to be treated so: everybody who waits for it gets `ENXIO`, and so does everybody who comes
/// later; sleepers in `PUFFSGETOP` and pollers wake. Any number of threads may call it, any number of times, before or
/// after a start. It waits for nobody. Calls completions; to be called without spinning locks. NULL is ignored.
///
/// # Safety
/// `pmp` is NULL or a mount.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_userdead(pmp: *mut puffs_mount) {
    // SAFETY: by contract.
    if let Ok(mount) = unsafe { held(pmp) } {
        mount.die();
    }
}

/// Ends the wait for request `reqid` with `EINTR` for its caller. What the server has not fetched is withdrawn; what it has
/// stays with it, and its answer will be late.
///
/// Returns 0, `EINVAL` (NULL), `ENOENT` (nobody waits for such a request). Does not sleep. Calls a completion; to be
/// called without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_interrupt(pmp: *mut puffs_mount, reqid: u64) -> c_int {
    // SAFETY: by contract.
    finish(unsafe { held(pmp) }.and_then(|mount| mount.interrupt(puffs_core::ReqId(reqid))))
}

/// Tells the completions of requests whose deadline has passed `ETIMEDOUT`; their servers go on, and answer late. For the kernel's timer; a
/// call too many or too early does no harm.
///
/// Returns 0 and the next deadline in `*next_ns` (`PUFFS_FOREVER`: there is none), which may be NULL; `EINVAL` (`pmp` is NULL). The next one may have passed
/// already. Does not sleep. Calls completions, and through them `pho_alarm`; to be called on a thread, without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount; `next_ns` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_expire(pmp: *mut puffs_mount, next_ns: *mut u64) -> c_int {
    // SAFETY: by contract.
    finish(unsafe { held(pmp) }.map(|mount| {
        let next = mount.expire().map_or(PUFFS_FOREVER, |Instant(at)| at);
        if !next_ns.is_null() {
            // SAFETY: by contract.
            unsafe { next_ns.write(next) };
        }
    }))
}
