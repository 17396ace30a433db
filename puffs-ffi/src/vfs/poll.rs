//! Whether a file is ready: a call that waits, and one that is told later.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

use alloc::boxed::Box;

use ::puffs_vfs::file;
use puffs_core::msg::body::Head;
use puffs_core::{Answer, Complete, Cookie, Errno, Mount, Ref, try_box};

use super::call::{Port, puffs_vcall, run};
use super::object::puffs_vfs;
use super::{cookie, finish};
use crate::sys::Plat;

/// Waits until one of `events` (poll(2)'s) is there: a call that may last.
///
/// Returns 0 and in `*revents` those that are; a node of a server without such an operation is always ready.
///
/// # Safety
/// See the head of the header; `revents` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_poll(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    events: u32,
    revents: *mut u32,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        if revents.is_null() {
            return Err(Errno::Inval.into());
        }
        let there = file::poll(port, head, self::cookie(cookie), events)?;
        // SAFETY: by contract.
        unsafe { revents.write(there) };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// The same without waiting: `done` is told the end, with `arg`. `error` is what `puffs_vfs_poll` would return, and `revents` the events that are there, 0
/// with an error. There is no deadline: a request that the server does not answer ends with the mount.
///
/// Returns 0, after which `done` is called once: from any thread, without locks, before or after this returns; it must not wait for the same mount.
/// With an error it is never called: `EOPNOTSUPP` when the server has no such operation and everything is ready, `EAGAIN` when there is no
/// place.
///
/// # Safety
/// See the head of the header; `pv` is not freed before `done` is called; `done` is NULL, which is `EINVAL`, or may be called so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_poll_begin(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    events: u32,
    done: Option<unsafe extern "C" fn(arg: *mut c_void, error: c_int, revents: u32)>,
    arg: *mut c_void,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        let cookie = self::cookie(cookie);
        let polled = try_box(Polled {
            pv,
            mount: port.mount.clone(),
            cookie,
            done: done.ok_or(Errno::Inval)?,
            arg,
        })?;
        let out = file::poll_begin(port, head, cookie, events)?;
        Ok(port.submit(out, polled)?)
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Who is told the end of a poll.
struct Polled {
    pv: *const puffs_vfs,
    /// With the mount its VFS side stays, which is freed in `pho_freed` at the earliest.
    mount: Ref<Mount<Plat>, Plat>,
    cookie: Cookie,
    done: unsafe extern "C" fn(*mut c_void, c_int, u32),
    arg: *mut c_void,
}

// SAFETY: by contract of `puffs_vfs_poll_begin` `done` is called from any thread, and `pv` stays.
unsafe impl Send for Polled {}

impl Complete<Plat> for Polled {
    fn complete(self: Box<Self>, ended: Result<Answer<Plat>, Errno>) {
        // SAFETY: by contract of `puffs_vfs_poll_begin`.
        let said = unsafe { Port::kernel(self.pv) }
            .map_err(Into::into)
            .and_then(|port| file::poll_end(&port, self.cookie, ended));
        let (error, revents) = match said {
            Ok(events) => (0, events),
            Err(failed) => (finish(Err(failed)), 0),
        };
        // SAFETY: by contract of `puffs_vfs_poll_begin`.
        unsafe { (self.done)(self.arg, error, revents) };
        drop(self.mount);
    }
}
