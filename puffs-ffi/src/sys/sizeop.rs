//! Data of unknown size beside a request: `puffs_sizeop_*`, for `PUFFSSIZEOP` of the server.
//!
//! The queue moves buffers of its own. Here they are filled from what the kernel has, a buffer or a `struct uio`, when they are
//! registered, and copied back when the request has ended: both on the caller's thread.

#![allow(non_camel_case_types)] // The names that C sees.

use alloc::boxed::Box;
use core::ffi::{c_int, c_void};

use puffs_core::{Buf, Direction, Errno, ReqId, SizeOps, try_box};

use super::fileops::uio;
use super::mount::puffs_mount;
use super::{Plat, finish, held};

/// Data comes from the server into a `struct uio`.
pub const PUFFS_SIZEOPREQ_UIO_IN: c_int = 1;
/// Data of a `struct uio` goes to the server.
pub const PUFFS_SIZEOPREQ_UIO_OUT: c_int = 2;
/// Data comes from the server into a buffer.
pub const PUFFS_SIZEOPREQ_BUF_IN: c_int = 3;
/// Data of a buffer goes to the server.
pub const PUFFS_SIZEOPREQ_BUF_OUT: c_int = 4;

/// What is registered under one request id.
pub struct puffs_sizeops {
    ops: SizeOps<Plat>,
    uiomove: Option<Uiomove>,
    targets: [Option<Target>; SizeOps::<Plat>::MOST],
    len: usize,
}

/// Moves `n` bytes between `kbuf` and a `struct uio`, in the direction that the uio itself says, and steps the uio on; with `keep` it is left as
/// it was. Returns 0 or an errno value. May sleep.
type Uiomove =
    unsafe extern "C" fn(kbuf: *mut c_void, n: usize, uio: *mut uio, keep: c_int) -> c_int;

/// The kernel's side of one buffer.
#[derive(Clone, Copy)]
struct Target {
    kind: c_int,
    data: *mut c_void,
}

/// Prepares for data that the server moves by `PUFFSSIZEOP` while it has the request that will be sent under `reqid`, which comes from
/// `puffs_getreqid`: `puffs_vntouser_req`, or `puffs_touser_opt` with `pto_reqid`. To be used by the thread that sends the request, which ends it
/// by `puffs_sizeop_finish` or `puffs_sizeop_cancel`. It is for one sending: whoever sends again takes a new id. The data counts against no bound of the
/// mount.
///
/// `uiomove` moves `n` bytes between `kbuf` and a `struct uio`, in the direction that the uio itself says, and steps the uio on; with `keep`
/// not 0 it leaves the uio as it was. It returns 0 or an errno value, and may sleep. It may be NULL when there are buffers only.
///
/// Returns 0 and a handle in `*psop`; `EINVAL` (NULL, `reqid` 0), `EEXIST` (something is registered, or a request outstanding, under this
/// id), `ENXIO` (no server any more), `ENOMEM`. Does not sleep; to be called without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount; `psop` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_sizeop_new(
    pmp: *mut puffs_mount,
    reqid: u64,
    uiomove: Option<
        unsafe extern "C" fn(kbuf: *mut c_void, n: usize, uio: *mut uio, keep: c_int) -> c_int,
    >,
    psop: *mut *mut puffs_sizeops,
) -> c_int {
    let make = || {
        if psop.is_null() {
            return Err(Errno::Inval);
        }
        // SAFETY: by contract.
        let mount = unsafe { held(pmp) }?;
        let made = try_box(puffs_sizeops {
            ops: SizeOps::new(&mount, ReqId(reqid))?,
            uiomove,
            targets: [None; SizeOps::<Plat>::MOST],
            len: 0,
        })?;
        // SAFETY: by contract.
        unsafe { psop.write(Box::into_raw(made)) };
        Ok(())
    };
    finish(make())
}

/// Registers `len` bytes behind what is there: `data` is a `struct uio *` or a buffer, as `kind` (`PUFFS_SIZEOPREQ_*`) says. The server moves
/// what is registered in this order, at most 8. What goes out is copied now; what comes in replaces the first bytes of a
/// buffer, or is moved to the uio, in `puffs_sizeop_finish`. A uio does not step on before that, and then by what the server moved.
///
/// Returns 0; `EINVAL` (NULL, an unknown kind, a uio without `uiomove`, `len` 0 or above the mount's maximum), `E2BIG` (there are 8), `EBUSY` (the
/// request was sent), `ENOMEM`, or what `uiomove` returned. With an error nothing is registered. Sleeps as `uiomove` does; to be called without
/// spinning locks.
///
/// # Safety
/// `pso` is NULL or from `puffs_sizeop_new`, and not ended. Until it is, `data` is a buffer that is valid for `len` bytes, or a uio with at least `len`
/// bytes left, and nobody else uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_sizeop_add(
    pso: *mut puffs_sizeops,
    kind: c_int,
    data: *mut c_void,
    len: usize,
) -> c_int {
    // SAFETY: by contract, and used by one thread.
    let Some(pso) = (unsafe { pso.as_mut() }) else {
        return finish(Err(Errno::Inval));
    };
    // SAFETY: by contract.
    match unsafe { pso.add(kind, data, len) } {
        Ok(number) => number,
        Err(error) => finish(Err(error)),
    }
}

/// Ends what `puffs_sizeop_new` began, once the request has ended: brings what came in to where it belongs, steps the uios on, and frees the
/// handle. Of the `n` numbers at `moved` each becomes the bytes that the server moved of what was registered in this place, 0 for what
/// it did not ask for.
///
/// Returns 0, `EINVAL` (NULL), or the first error of `uiomove`; all is ended nevertheless. Sleeps as `uiomove` does; to be called without
/// spinning locks.
///
/// # Safety
/// `pso` is NULL or from `puffs_sizeop_new`, and not used again; `moved` is NULL or valid for `n` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_sizeop_finish(
    pso: *mut puffs_sizeops,
    moved: *mut usize,
    n: usize,
) -> c_int {
    if pso.is_null() {
        return finish(Err(Errno::Inval));
    }
    // SAFETY: by contract it came from `Box::into_raw`, once.
    let pso = *unsafe { Box::from_raw(pso) };
    let mut results = pso.ops.finish();
    let mut outcome = 0;
    for (at, (target, end)) in pso
        .targets
        .iter()
        .flatten()
        .zip(results.iter_mut())
        .enumerate()
    {
        let len = end.moved.unwrap_or(0);
        if !moved.is_null() && at < n {
            // SAFETY: by contract `moved` is valid for `n` numbers.
            unsafe { moved.add(at).write(len) };
        }
        if len > 0
            && let Some(data) = end.data.as_mut().and_then(|data| data.get_mut(..len))
        {
            // SAFETY: by contract of `puffs_sizeop_add`.
            let told = unsafe { target.bring(data, pso.uiomove) };
            outcome = if outcome == 0 { told } else { outcome };
        }
    }
    if !moved.is_null() {
        for at in pso.len..n {
            // SAFETY: as above.
            unsafe { moved.add(at).write(0) };
        }
    }
    outcome
}

/// Ends what `puffs_sizeop_new` began without bringing anything anywhere: for a request that was never sent, or whose data nobody wants. A
/// request that is still outstanding goes on without it. NULL is ignored. Does not sleep.
///
/// # Safety
/// `pso` is NULL or from `puffs_sizeop_new`, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_sizeop_cancel(pso: *mut puffs_sizeops) {
    if !pso.is_null() {
        // SAFETY: by contract it came from `Box::into_raw`, once.
        drop(unsafe { Box::from_raw(pso) });
    }
}

impl puffs_sizeops {
    /// Registers one piece of data; what `uiomove` said.
    ///
    /// # Safety
    /// As `puffs_sizeop_add`.
    unsafe fn add(&mut self, kind: c_int, data: *mut c_void, len: usize) -> Result<c_int, Errno> {
        let direction = match kind {
            PUFFS_SIZEOPREQ_UIO_IN | PUFFS_SIZEOPREQ_BUF_IN => Direction::In,
            PUFFS_SIZEOPREQ_UIO_OUT | PUFFS_SIZEOPREQ_BUF_OUT => Direction::Out,
            _ => return Err(Errno::Inval),
        };
        if data.is_null() || len == 0 || len > self.ops.max_len() {
            return Err(Errno::Inval);
        }
        let mut buf = Buf::new(len)?;
        match (kind, self.uiomove) {
            (PUFFS_SIZEOPREQ_BUF_OUT, _) => {
                // SAFETY: by contract `data` is valid for `len` bytes.
                buf.copy_from_slice(unsafe { core::slice::from_raw_parts(data.cast(), len) });
            }
            (PUFFS_SIZEOPREQ_BUF_IN, _) => {}
            (_, None) => return Err(Errno::Inval),
            (PUFFS_SIZEOPREQ_UIO_OUT, Some(uiomove)) => {
                // SAFETY: by contract `data` is a uio, for which C gave this function.
                let error = unsafe { uiomove(buf.as_mut_ptr().cast(), len, data.cast(), 1) };
                if error != 0 {
                    return Ok(error);
                }
            }
            (_, Some(_)) => {}
        }
        self.ops.add(direction, buf)?;
        if let Some(place) = self.targets.get_mut(self.len) {
            *place = Some(Target { kind, data });
            self.len += 1;
        }
        Ok(0)
    }
}

impl Target {
    /// Brings what was moved to where it belongs, and steps a uio on: 0, or what `uiomove` said.
    ///
    /// # Safety
    /// As `puffs_sizeop_add`.
    unsafe fn bring(&self, moved: &mut [u8], uiomove: Option<Uiomove>) -> c_int {
        match (self.kind, uiomove) {
            (PUFFS_SIZEOPREQ_BUF_IN, _) => {
                // SAFETY: by contract it is valid for as many bytes as were registered, and no more were moved.
                unsafe {
                    core::ptr::copy_nonoverlapping(moved.as_ptr(), self.data.cast(), moved.len());
                }
                0
            }
            (PUFFS_SIZEOPREQ_UIO_IN | PUFFS_SIZEOPREQ_UIO_OUT, Some(uiomove)) => {
                // SAFETY: by contract `data` is a uio, for which C gave this function.
                unsafe { uiomove(moved.as_mut_ptr().cast(), moved.len(), self.data.cast(), 0) }
            }
            _ => 0,
        }
    }
}
