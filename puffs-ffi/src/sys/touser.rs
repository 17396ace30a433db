//! Requests to the server: the reference's five forms.
//!
//! All but the last park the caller until the server has answered, with the mount's own deadline and
//! interruptibility. They sleep, so they are called without spinning locks. The vnodes given with a request are unlocked meanwhile
//! when the host has functions for it; what else the caller holds, it holds until the server has answered.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

use puffs_core::{Buf, Cookie, Errno, Mount, Outgoing, Platform, Ref, ReqId, Terms, Vnode, Vnodes};

use super::mount::puffs_mount;
use super::{Plat, finish, held, number};

/// A vnode of the kernel's, which puffs does not look into.
pub struct vnode {
    _opaque: (),
}

/// An operation type as it travels.
pub(super) fn optype(optype: c_int) -> Result<u8, Errno> {
    u8::try_from(optype).map_err(|_| Errno::Inval)
}

/// The server's result, or the number of an error.
pub(super) fn result(result: Result<i32, Errno>) -> c_int {
    result.unwrap_or_else(number)
}

/// C's buffer, unless it is no buffer.
///
/// # Safety
/// Null, or valid for `len` bytes, when that is at most the mount's maximum; nobody else uses it.
pub(super) unsafe fn buffer<'a>(
    mount: &Mount<Plat>,
    kbuf: *mut c_void,
    len: usize,
) -> Result<&'a mut [u8], Errno> {
    match len {
        0 => Ok(&mut []),
        _ if kbuf.is_null() || len > mount.config().max_len => Err(Errno::Inval),
        // SAFETY: by contract.
        _ => Ok(unsafe { core::slice::from_raw_parts_mut(kbuf.cast(), len) }),
    }
}

/// A request about the file system. `kbuf` is its body and receives the answer, of at most `buflen` bytes; behind a shorter
/// answer it stays as it was. It remains the caller's, whose stack may hold it.
///
/// Returns the server's result (0 or an errno value), or `EINVAL` (NULL, an operation above 255, `buflen` above the mount's
/// maximum), `ENXIO` (no server any more), `EDEADLK` (this thread is at work for the server, and all others that fetch wait in calls like this one), `EPROTO` (the server broke the protocol), `ENOMEM`, and as the mount allows
/// `EINTR` and `ETIMEDOUT`. With an error of ours `kbuf` is unchanged.
///
/// Sleeps. To be called without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount; `kbuf` is NULL or valid for `buflen` bytes, and the calling thread's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfstouser(
    pmp: *mut puffs_mount,
    optype: c_int,
    kbuf: *mut c_void,
    buflen: usize,
) -> c_int {
    let call = || {
        // SAFETY: by contract.
        let mount = unsafe { held(pmp) }?;
        // SAFETY: by contract.
        let body = unsafe { buffer(&mount, kbuf, buflen) }?;
        mount.vfstouser(self::optype(optype)?, body, &mount.patience())
    };
    result(call())
}

/// A request about the node that the server calls `cookie`; otherwise as `puffs_vfstouser`.
///
/// `vp1` and `vp2` are the vnodes that the caller has locked, the one first that is locked first. They may be NULL or the same. Once the request is
/// queued they are unlocked by `pho_vnode_unlock`, and locked again by `pho_vnode_lock` before this returns, whose error becomes the
/// result; a request that is not queued leaves them alone. So they stay locked while it waits for a place in a full queue: where the server may need them for
/// what it has, say `PUFFS_TOUSER_NOWAIT`, or a deadline. The caller holds references to them until this returns. Without those functions they
/// stay locked.
///
/// # Safety
/// As `puffs_vfstouser`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vntouser(
    pmp: *mut puffs_mount,
    optype: c_int,
    kbuf: *mut c_void,
    buflen: usize,
    cookie: *mut c_void,
    vp1: *mut vnode,
    vp2: *mut vnode,
) -> c_int {
    // SAFETY: by contract.
    result(unsafe { on_node(pmp, optype, kbuf, buflen, cookie, None, vnodes(vp1, vp2)) })
}

/// As `puffs_vntouser`, under an id that `puffs_getreqid` gave out, so that it can be interrupted.
///
/// Returns besides `EEXIST` while a request with that id is outstanding, and `EINVAL` for id 0.
///
/// # Safety
/// As `puffs_vfstouser`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vntouser_req(
    pmp: *mut puffs_mount,
    optype: c_int,
    kbuf: *mut c_void,
    buflen: usize,
    cookie: *mut c_void,
    reqid: u64,
    vp1: *mut vnode,
    vp2: *mut vnode,
) -> c_int {
    let id = Some(ReqId(reqid));
    // SAFETY: by contract.
    result(unsafe { on_node(pmp, optype, kbuf, buflen, cookie, id, vnodes(vp1, vp2)) })
}

unsafe fn on_node(
    pmp: *mut puffs_mount,
    optype: c_int,
    kbuf: *mut c_void,
    buflen: usize,
    cookie: *mut c_void,
    id: Option<ReqId>,
    vnodes: Vnodes,
) -> Result<i32, Errno> {
    // SAFETY: by contract of the caller.
    let mount = unsafe { held(pmp) }?;
    // SAFETY: by contract of the caller.
    let body = unsafe { buffer(&mount, kbuf, buflen) }?;
    let optype = self::optype(optype)?;
    let wait = mount.patience();
    let terms = Terms {
        id,
        vnodes,
        ..Terms::new(&wait)
    };
    mount.vntouser_on(optype, body, Cookie(cookie.addr()), terms)
}

/// The vnodes of a caller, as the queue hands them to the host.
pub(crate) fn vnodes(vp1: *mut vnode, vp2: *mut vnode) -> Vnodes {
    [vp1, vp2].map(|vp| (!vp.is_null()).then(|| Vnode(vp.expose_provenance())))
}

/// As `puffs_vntouser`, when the answer may be longer than the buffer. The server gets the first `copylen` bytes of
/// the `*buflen` at `*kbuf`, which comes from `puffs_alloc` and is the caller's before and after.
///
/// When it returns 0, `*buflen` is the exact length of the answer; if that is more than there was, `*kbuf` is another buffer and
/// the old one is freed. When it returns anything else, both are as before, and so are the buffer's bytes.
///
/// Returns besides `EINVAL` when `copylen` is more than `*buflen`, or a pointer is NULL.
///
/// # Safety
/// As `puffs_vfstouser` for what the pointers point to; `*kbuf` is NULL or from `puffs_alloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vntouser_adjbuf(
    pmp: *mut puffs_mount,
    optype: c_int,
    kbuf: *mut *mut c_void,
    buflen: *mut usize,
    copylen: usize,
    cookie: *mut c_void,
    vp1: *mut vnode,
    vp2: *mut vnode,
) -> c_int {
    if kbuf.is_null() || buflen.is_null() {
        return number(Errno::Inval);
    }
    let call = || {
        // SAFETY: by contract.
        let mount = unsafe { held(pmp) }?;
        // SAFETY: by contract.
        let body = unsafe { buffer(&mount, *kbuf, *buflen) }?;
        let optype = self::optype(optype)?;
        let cookie = Cookie(cookie.addr());
        let wait = mount.patience();
        let terms = Terms {
            vnodes: vnodes(vp1, vp2),
            ..Terms::new(&wait)
        };
        let got = mount.vntouser_adjbuf_on(optype, body, copylen, cookie, terms)?;
        if got.rv == 0 {
            // SAFETY: by contract; `body` is not used any more.
            unsafe { give_back(kbuf, buflen, got.body, got.len) };
        }
        Ok(got.rv)
    };
    result(call())
}

/// Gives C an answer: in its own buffer if it fits, else in another.
///
/// # Safety
/// Both point to a buffer from `puffs_alloc` and its length.
pub(super) unsafe fn give_back(
    kbuf: *mut *mut c_void,
    buflen: *mut usize,
    answer: Buf<Plat>,
    len: usize,
) {
    // SAFETY: by contract. The answer is a buffer of its own, of at least `len` bytes.
    unsafe {
        if len <= *buflen {
            core::ptr::copy_nonoverlapping(answer.as_ptr(), (*kbuf).cast(), len);
        } else {
            super::memory::puffs_free(*kbuf);
            *kbuf = answer.into_raw().0.cast();
        }
        *buflen = len;
    }
}

/// A request about a node that wants no answer (fire and forget). `kbuf` comes from `puffs_alloc` and is consumed whatever
/// happens: the caller must not touch it again.
///
/// Returns 0 when it is queued, `EINVAL` (as `puffs_vfstouser`), `ENXIO` (no server any more), `ENOMEM`, `EAGAIN` (as many requests as the
/// mount's bounds allow are queued or with the server). Never waits; to be called without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount; `kbuf` is NULL or from `puffs_alloc` with at least `buflen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vntouser_faf(
    pmp: *mut puffs_mount,
    optype: c_int,
    kbuf: *mut c_void,
    buflen: usize,
    cookie: *mut c_void,
) -> c_int {
    // SAFETY: by contract; the other arguments are looked at once the buffer is safe.
    let taken = unsafe { take(pmp, kbuf, buflen) };
    let send = |(mount, body): Taken| {
        let out = Outgoing::vn(self::optype(optype)?, Cookie(cookie.addr()), body);
        mount.send(out)
    };
    finish(taken.and_then(send))
}

/// A mount, and a buffer that C gave up.
type Taken = (Ref<Mount<Plat>, Plat>, Buf<Plat>);

/// Takes a buffer that C gives up, and frees it when it is none for this mount.
///
/// # Safety
/// As [`puffs_vntouser_faf`].
pub(super) unsafe fn take(
    pmp: *mut puffs_mount,
    kbuf: *mut c_void,
    buflen: usize,
) -> Result<Taken, Errno> {
    // SAFETY: by contract.
    let mount = unsafe { held(pmp) }.and_then(|mount| {
        let fits = buflen <= mount.config().max_len && (buflen == 0 || !kbuf.is_null());
        fits.then_some(mount).ok_or(Errno::Inval)
    });
    match mount {
        // SAFETY: by contract from the platform's allocator, and given up.
        Ok(mount) => Ok((mount, unsafe { Buf::from_raw(kbuf.cast(), buflen) })),
        Err(error) => {
            if !kbuf.is_null() {
                // SAFETY: as above.
                unsafe { Plat::free(kbuf.cast()) };
            }
            Err(error)
        }
    }
}
