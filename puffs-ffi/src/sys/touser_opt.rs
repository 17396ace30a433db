//! A request with options: a deadline of its own, no waiting for a place, or a completion instead of parking.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

use puffs_core::msg::op;
use puffs_core::platform::Wait;
use puffs_core::{Answer, Complete, Cookie, Errno, Instant, Outgoing, ReqId, Terms, try_box};

use super::mount::{after, puffs_mount};
use super::touser::{buffer, give_back, optype, result, take, vnode, vnodes};
use super::{Plat, finish, held, number, sized};

/// A signal ends the wait, whatever the mount's usual is.
pub const PUFFS_TOUSER_INTERRUPTIBLE: u32 = 1;
/// A signal does not end the wait, whatever the mount's usual is.
pub const PUFFS_TOUSER_UNINTERRUPTIBLE: u32 = 2;
/// `EAGAIN` instead of waiting for a place in the queue.
pub const PUFFS_TOUSER_NOWAIT: u32 = 4;
/// The answer may be longer than the buffer.
pub const PUFFS_TOUSER_ADJBUF: u32 = 8;
/// `pto_timeout_ns`: for ever.
pub const PUFFS_FOREVER: u64 = u64::MAX;

/// How a request is to be sent. Zero anywhere but in the size means the usual.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_touseropt {
    /// `sizeof(struct puffs_touseropt)`.
    pto_size: usize,
    /// `PUFFS_TOUSER_*`.
    pto_flags: u32,
    /// Zero.
    pto_reserved: u32,
    /// An id from `puffs_getreqid`, to interrupt the request by; 0: the next one.
    pto_reqid: u64,
    /// Give up after so many nanoseconds from now, waiting for a place included; 0: as the mount says; `PUFFS_FOREVER`. With `pto_done`, a deadline
    /// earlier than those of many requests under way costs a step for each of them, under the mount's lock.
    pto_timeout_ns: u64,
    /// Called when the request has ended, instead of parking: once, from any thread, without locks, before or after
    /// `puffs_touser_opt` returns. `error` is 0 or an errno value, the server's or ours; `kbuf` is the caller's again, with `len` bytes
    /// of answer (0 with an error of ours), and ends in `puffs_free`; it may be NULL when there is nothing. Must not wait for the same mount.
    pto_done:
        Option<unsafe extern "C" fn(arg: *mut c_void, error: c_int, kbuf: *mut c_void, len: usize)>,
    /// Its first argument.
    pto_arg: *mut c_void,
    /// The vnodes that a parked caller has locked, as for `puffs_vntouser`; NULL with `pto_done`.
    pto_vp1: *mut vnode,
    /// The other one.
    pto_vp2: *mut vnode,
}

/// Sends a request of class `opclass` (`PUFFSOP_VFS`, `PUFFSOP_VN`) with options; NULL options mean the usual. The server gets the first
/// `copylen` of the `*buflen` bytes at `*kbuf`, which comes from `puffs_alloc` where it may be replaced or is handed over.
///
/// Without `pto_done` the caller is parked. When the server answered with 0, `*kbuf` holds the answer and `*buflen` is its exact length;
/// with `PUFFS_TOUSER_ADJBUF` a longer answer comes in another buffer, and the old one is freed. With any other result both are
/// as before.
///
/// With `pto_done` the call returns at once. `*kbuf` is handed over whatever happens: `*kbuf` becomes NULL and `*buflen` 0. When the call returns 0,
/// `pto_done` is called once; when it returns an error, never. Its deadline passes when `puffs_expire` is called after it (`pho_alarm`). The two
/// flags about signals and the vnodes are for parked callers, and must be 0. Such a request never waits for a place.
///
/// Returns what `puffs_vntouser_req` does, and `EAGAIN` when there is no place and it may not wait. `EINVAL` also for unknown
/// flags, for both flags about signals, and for a class that is none. Sleeps when parked; to be called without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount; the pointers are NULL or as described.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_touser_opt(
    pmp: *mut puffs_mount,
    opclass: c_int,
    optype: c_int,
    kbuf: *mut *mut c_void,
    buflen: *mut usize,
    copylen: usize,
    cookie: *mut c_void,
    opt: *const puffs_touseropt,
) -> c_int {
    if kbuf.is_null() || buflen.is_null() {
        return number(Errno::Inval);
    }
    // SAFETY: by contract; every field may be zero.
    let read = unsafe {
        match opt.is_null() {
            true => Ok(core::mem::zeroed()),
            false => sized(opt, size_of::<puffs_touseropt>()),
        }
    };
    let opt = match read {
        Ok(opt) => opt,
        Err(error) => return number(error),
    };
    let what = What {
        opclass,
        optype,
        copylen,
        cookie: Cookie(cookie.addr()),
    };
    // SAFETY: by contract.
    unsafe {
        match opt.pto_done {
            None => result(park(pmp, &what, kbuf, buflen, &opt)),
            Some(done) => {
                let (body, len) = (
                    core::mem::replace(&mut *kbuf, core::ptr::null_mut()),
                    core::mem::take(&mut *buflen),
                );
                let done = Done {
                    done,
                    arg: opt.pto_arg,
                };
                finish(submit(pmp, &what, body, len, &opt, done))
            }
        }
    }
}

/// What is asked, beside the body.
struct What {
    opclass: c_int,
    optype: c_int,
    copylen: usize,
    cookie: Cookie,
}

impl What {
    fn outgoing(&self, body: puffs_core::Buf<Plat>, flags: u32) -> Result<Outgoing<Plat>, Errno> {
        let class = optype(self.opclass)?;
        if class != op::CLASS_VFS && class != op::CLASS_VN {
            return Err(Errno::Inval);
        }
        Ok(Outgoing {
            class,
            optype: optype(self.optype)?,
            cookie: self.cookie,
            body,
            copylen: self.copylen,
            grow: flags & PUFFS_TOUSER_ADJBUF != 0,
            pid: None,
        })
    }
}

impl puffs_touseropt {
    /// Refuses what is no option, or none where it stands.
    fn check(&self) -> Result<(), Errno> {
        const SIGNALS: u32 = PUFFS_TOUSER_INTERRUPTIBLE | PUFFS_TOUSER_UNINTERRUPTIBLE;
        let known = SIGNALS | PUFFS_TOUSER_NOWAIT | PUFFS_TOUSER_ADJBUF;
        let signals = self.pto_flags & SIGNALS;
        let fine = self.pto_flags & !known == 0
            && self.pto_reserved == 0
            && match self.pto_done {
                None => signals != SIGNALS,
                Some(_) => signals == 0 && self.pto_vp1.is_null() && self.pto_vp2.is_null(),
            };
        fine.then_some(()).ok_or(Errno::Inval)
    }

    fn id(&self) -> Option<ReqId> {
        (self.pto_reqid != 0).then_some(ReqId(self.pto_reqid))
    }
}

/// When to give up.
fn deadline(usual: &Wait, timeout_ns: u64) -> Option<Instant> {
    match timeout_ns {
        0 => usual.deadline,
        PUFFS_FOREVER => None,
        // What is beyond the clock is for ever too.
        ns => Some(after(ns)).filter(|at| at.0 != PUFFS_FOREVER),
    }
}

/// How patiently a caller with these options waits.
pub(crate) fn patience(usual: &Wait, flags: u32, timeout_ns: u64) -> Wait {
    Wait {
        deadline: deadline(usual, timeout_ns),
        interruptible: match flags {
            flags if flags & PUFFS_TOUSER_INTERRUPTIBLE != 0 => true,
            flags if flags & PUFFS_TOUSER_UNINTERRUPTIBLE != 0 => false,
            _ => usual.interruptible,
        },
    }
}

unsafe fn park(
    pmp: *mut puffs_mount,
    what: &What,
    kbuf: *mut *mut c_void,
    buflen: *mut usize,
    opt: &puffs_touseropt,
) -> Result<i32, Errno> {
    // SAFETY: by contract of the caller.
    let mount = unsafe { held(pmp) }?;
    opt.check()?;
    let wait = patience(&mount.patience(), opt.pto_flags, opt.pto_timeout_ns);
    // SAFETY: by contract of the caller.
    let lent = unsafe { buffer(&mount, *kbuf, *buflen) }?;
    let body = puffs_core::Buf::copy_of(lent, lent.len())?;
    let out = what.outgoing(body, opt.pto_flags)?;
    let terms = Terms {
        id: opt.id(),
        wait: &wait,
        nowait: opt.pto_flags & PUFFS_TOUSER_NOWAIT != 0,
        vnodes: vnodes(opt.pto_vp1, opt.pto_vp2),
    };
    let Answer { rv, body, len } = mount.call_on(out, terms)?;
    if rv == 0 {
        // SAFETY: by contract of the caller; without ADJBUF the answer fits.
        unsafe { give_back(kbuf, buflen, body, len) };
    }
    Ok(rv)
}

unsafe fn submit(
    pmp: *mut puffs_mount,
    what: &What,
    body: *mut c_void,
    len: usize,
    opt: &puffs_touseropt,
    done: Done,
) -> Result<(), Errno> {
    // SAFETY: by contract of the caller.
    let (mount, body) = unsafe { take(pmp, body, len) }?;
    opt.check()?;
    let out = what.outgoing(body, opt.pto_flags)?;
    let deadline = deadline(&mount.patience(), opt.pto_timeout_ns);
    mount.submit_until(out, opt.id(), deadline, try_box(done)?)?;
    Ok(())
}

/// A completion of C's.
struct Done {
    done: unsafe extern "C" fn(*mut c_void, c_int, *mut c_void, usize),
    arg: *mut c_void,
}

// SAFETY: by contract of `pto_done` it is called from any thread.
unsafe impl Send for Done {}

impl Complete<Plat> for Done {
    fn complete(self: alloc::boxed::Box<Self>, ended: Result<Answer<Plat>, Errno>) {
        let (error, body, len) = match ended {
            Ok(Answer { rv, body, len }) => (rv, body.into_raw().0, len),
            Err(error) => (number(error), core::ptr::null_mut(), 0),
        };
        // SAFETY: by contract of `pto_done`.
        unsafe { (self.done)(self.arg, error, body.cast(), len) };
    }
}
