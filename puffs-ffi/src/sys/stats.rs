//! What a mount has counted, and the requests that are under way.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};
use core::mem::offset_of;

use puffs_core::{Errno, InFlight, Stage};
use static_assertions::{const_assert, const_assert_eq};

use super::mount::puffs_mount;
use super::touser::optype;
use super::{fill, finish, held};

/// Figures of a mount that belong to no operation: counts since the mount was made, and, from `pms_queued` on, how full
/// it is now.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_mountstats {
    /// `sizeof(struct puffs_mountstats)`, set by the caller.
    pms_size: usize,
    /// Requests refused with `EAGAIN`: there was no place and they would not wait.
    pms_refused_full: u64,
    /// Requests refused with `ENXIO`, in the line for a place included: the mount was dead.
    pms_refused_dead: u64,
    /// Calls refused since the thread would have waited for itself (`EDEADLK`).
    pms_refused_deadlock: u64,
    /// Callers that left the line for a place at a signal or their deadline.
    pms_gave_up: u64,
    /// Fetches that found the server's buffer too small.
    pms_too_big: u64,
    /// Copies to and from the server's memory that failed.
    pms_faults: u64,
    /// Requests that went back into the queue since they could not be copied to the server.
    pms_put_back: u64,
    /// Requests in the queue.
    pms_queued: u64,
    /// Requests with the server, those included whose callers have left.
    pms_fetched: u64,
    /// Requests that count against `pma_max_requests`.
    pms_charged: u64,
    /// Their bytes, which count against `pma_max_bytes`.
    pms_bytes: u64,
    /// Server threads asleep in `PUFFSGETOP`.
    pms_getters: u64,
    /// Callers in line for a place.
    pms_waiting: u64,
}

/// What became of the requests of one operation since the mount was made. Those that entered and did not end are
/// under way. Percentiles are right to an eighth of their value up to two minutes, and above that the longest.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_opstats {
    /// `sizeof(struct puffs_opstats)`, set by the caller.
    pos_size: usize,
    /// Entered the queue.
    pos_entered: u64,
    /// Ended: answered with 0.
    pos_succeeded: u64,
    /// Ended: answered with an error of the server's.
    pos_failed: u64,
    /// Ended: their callers left at a signal or `puffs_interrupt`.
    pos_interrupted: u64,
    /// Ended: their callers' deadlines passed.
    pos_timedout: u64,
    /// Ended: the mount died.
    pos_died: u64,
    /// Ended: the server broke the protocol (`EPROTO`).
    pos_broken: u64,
    /// Ended: there was no memory for the answer.
    pos_nomem: u64,
    /// Ended: fetched, and no answer was wanted (FAF).
    pos_sent: u64,
    /// Answered after their callers had left, with which they had ended.
    pos_late: u64,
    /// Nanoseconds from entry, waiting for a place included, to the end, of all that ended.
    pos_total_ns: u64,
    /// Half of them took no longer.
    pos_p50_ns: u64,
    /// Nine in ten took no longer.
    pos_p90_ns: u64,
    /// 99 in a hundred took no longer.
    pos_p99_ns: u64,
    /// The longest took this long.
    pos_max_ns: u64,
}

/// `pif_state`: in the queue, not fetched yet.
pub const PUFFS_INFLIGHT_QUEUED: u32 = 1;
/// `pif_state`: being copied to the server.
pub const PUFFS_INFLIGHT_COPYING_OUT: u32 = 2;
/// `pif_state`: with the server.
pub const PUFFS_INFLIGHT_AWAITING: u32 = 3;
/// `pif_state`: the answer is being copied from the server.
pub const PUFFS_INFLIGHT_COPYING_IN: u32 = 4;
/// `pif_state`: with the server, or being copied, and its caller has left.
pub const PUFFS_INFLIGHT_ABANDONED: u32 = 5;

/// A request under way. This structure does not grow.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_inflight {
    /// Its id, for `puffs_interrupt`; 0: no answer is wanted.
    pif_reqid: u64,
    /// The node.
    pif_cookie: *mut c_void,
    /// Nanoseconds since its caller came, waiting for a place included.
    pif_age_ns: u64,
    /// The caller's process; 0: unknown.
    pif_pid: i32,
    /// `PUFFS_INFLIGHT_*`.
    pif_state: u32,
    /// Class with flags, as in `preq_opclass`.
    pif_opclass: u8,
    /// The operation.
    pif_optype: u8,
    /// Zero.
    pif_reserved: [u8; 6],
}

// One layout, so that core fills C's array itself.
const_assert_eq!(size_of::<puffs_inflight>(), size_of::<InFlight>());
const_assert_eq!(align_of::<puffs_inflight>(), align_of::<InFlight>());
const_assert!(
    offset_of!(puffs_inflight, pif_reqid) == offset_of!(InFlight, id)
        && offset_of!(puffs_inflight, pif_cookie) == offset_of!(InFlight, cookie)
        && offset_of!(puffs_inflight, pif_age_ns) == offset_of!(InFlight, age)
        && offset_of!(puffs_inflight, pif_pid) == offset_of!(InFlight, pid)
        && offset_of!(puffs_inflight, pif_state) == offset_of!(InFlight, stage)
        && offset_of!(puffs_inflight, pif_opclass) == offset_of!(InFlight, class)
        && offset_of!(puffs_inflight, pif_optype) == offset_of!(InFlight, optype)
        && offset_of!(puffs_inflight, pif_reserved) == offset_of!(InFlight, reserved)
);
const_assert!(
    PUFFS_INFLIGHT_QUEUED == Stage::Queued as u32
        && PUFFS_INFLIGHT_COPYING_OUT == Stage::CopyingOut as u32
        && PUFFS_INFLIGHT_AWAITING == Stage::Awaiting as u32
        && PUFFS_INFLIGHT_COPYING_IN == Stage::CopyingIn as u32
        && PUFFS_INFLIGHT_ABANDONED == Stage::Abandoned as u32
);

/// Writes the mount's own figures to `*stats`, whose `pms_size` the caller has set. They fit together: they are of one moment.
///
/// Returns 0, `EINVAL` (a NULL, an unknown size). Does not sleep; to be called without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount; `stats` is NULL or writable for as many bytes as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_stats_mount(
    pmp: *mut puffs_mount,
    stats: *mut puffs_mountstats,
) -> c_int {
    // SAFETY: by contract.
    let told = unsafe { held(pmp) }.and_then(|mount| {
        let now = mount.statistics();
        let figures = puffs_mountstats {
            pms_size: 0,
            pms_refused_full: now.refused_full,
            pms_refused_dead: now.refused_dead,
            pms_refused_deadlock: now.refused_deadlock,
            pms_gave_up: now.gave_up,
            pms_too_big: now.too_big,
            pms_faults: now.faults,
            pms_put_back: now.put_back,
            pms_queued: now.queued as u64,
            pms_fetched: now.fetched as u64,
            pms_charged: now.charged as u64,
            pms_bytes: now.bytes as u64,
            pms_getters: now.getters as u64,
            pms_waiting: now.waiting as u64,
        };
        // SAFETY: by contract; all of it is integers.
        unsafe { fill(stats, size_of_val(&figures), &figures) }
    });
    finish(told)
}

/// Writes to `*stats`, whose `pos_size` the caller has set, what became of the requests of one operation: class `opclass`
/// (`PUFFSOP_VFS`, `PUFFSOP_VN`), operation `optype`. Operations of class VFS from 16 and of class VN from 64 up, and all of
/// any other class, are counted together. The figures fit together: they are of one moment.
///
/// Returns 0, `EINVAL` (a NULL, an unknown size, a class or an operation that is no byte). Does not sleep; to be called
/// without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount; `stats` is NULL or writable for as many bytes as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_stats_op(
    pmp: *mut puffs_mount,
    opclass: c_int,
    optype: c_int,
    stats: *mut puffs_opstats,
) -> c_int {
    // SAFETY: by contract.
    let told = unsafe { held(pmp) }.and_then(|mount| {
        let row = mount.op_statistics(self::optype(opclass)?, self::optype(optype)?);
        let figures = puffs_opstats {
            pos_size: 0,
            pos_entered: row.entered,
            pos_succeeded: row.succeeded,
            pos_failed: row.failed,
            pos_interrupted: row.interrupted,
            pos_timedout: row.timed_out,
            pos_died: row.died,
            pos_broken: row.broken,
            pos_nomem: row.no_memory,
            pos_sent: row.sent,
            pos_late: row.late,
            pos_total_ns: row.latency.sum(),
            pos_p50_ns: row.latency.quantile(500),
            pos_p90_ns: row.latency.quantile(900),
            pos_p99_ns: row.latency.quantile(990),
            pos_max_ns: row.latency.max(),
        };
        // SAFETY: by contract; all of it is integers.
        unsafe { fill(stats, size_of_val(&figures), &figures) }
    });
    finish(told)
}

/// Lists the requests under way in the `n` places of `array`, oldest first: those whose callers wait for them, and those that the
/// server has and nobody waits for any more. `*total` becomes their number; when that is above `n`, the oldest are listed. Places that
/// are not needed become zero.
///
/// Returns 0, `EINVAL` (`pmp` or `total` is NULL, or `array` and `n` is not 0). Does not sleep, nor hold anybody up, however many
/// there are; what comes and goes meanwhile may be missing. To be called without spinning locks.
///
/// # Safety
/// `pmp` is NULL or a mount; `array` is NULL or writable for `n` structures, `total` NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_inflight(
    pmp: *mut puffs_mount,
    array: *mut puffs_inflight,
    n: usize,
    total: *mut usize,
) -> c_int {
    // SAFETY: by contract.
    finish(unsafe { held(pmp) }.and_then(|mount| {
        if total.is_null() || (array.is_null() && n != 0) {
            return Err(Errno::Inval);
        }
        let places = array.cast::<InFlight>();
        for at in 0..n {
            // SAFETY: by contract there are `n`; the layouts are one.
            unsafe { places.add(at).write(InFlight::NONE) };
        }
        let room = match n {
            0 => &mut [][..],
            // SAFETY: `n` places, which now hold values.
            _ => unsafe { core::slice::from_raw_parts_mut(places, n) },
        };
        let found = mount.in_flight(room);
        let listed = found.min(n);
        if listed < n {
            // SAFETY: the places behind those listed are C's, where zero is a value.
            unsafe { array.add(listed).write_bytes(0, n - listed) };
        }
        // SAFETY: by contract.
        unsafe { total.write(found) };
        Ok(())
    }))
}
