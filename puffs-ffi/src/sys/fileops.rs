//! The operations of the open device: `puffs_fop_*`, which a kernel puts into its switch.
//!
//! The first argument, where the reference has an open file, is the instance that the file keeps.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_ulong, c_void};

use puffs_core::{Errno, UserAddr};
use puffs_dev::{Command, events};

use super::device::{close, instance, lwp, poll_storage, puffs_instance};
use super::finish;

/// Where a kernel copies from or to, which puffs does not look into.
pub struct uio {
    _opaque: (),
}

/// A server reads nothing: returns `ENODEV` (`EINVAL` for NULL). The other arguments mean nothing. Does not sleep.
///
/// # Safety
/// `pi` is NULL or an instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fop_read(
    pi: *mut puffs_instance,
    off: *mut i64,
    uio: *mut uio,
    cred: *mut c_void,
    flags: c_int,
) -> c_int {
    let _ = (off, uio, cred, flags);
    // SAFETY: by contract.
    finish(unsafe { instance(pi) }.and_then(|instance| instance.read().map(|_| ())))
}

/// And writes nothing: returns `ENODEV` (`EINVAL` for NULL). The other arguments mean nothing. Does not sleep.
///
/// # Safety
/// `pi` is NULL or an instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fop_write(
    pi: *mut puffs_instance,
    off: *mut i64,
    uio: *mut uio,
    cred: *mut c_void,
    flags: c_int,
) -> c_int {
    let _ = (off, uio, cred, flags);
    // SAFETY: by contract.
    finish(unsafe { instance(pi) }.and_then(|instance| instance.write().map(|_| ())))
}

/// A server's call: `PUFFSGETOP`, `PUFFSPUTOP`, `PUFFSSIZEOP`, `PUFFSBATCH`, `PUFFSWAKE`, `PUFFSSTARTOP` or `FIONBIO`, as `<sys/ioctl.h>` of Linux or of a BSD
/// packs them. `data` is the address of the argument in the server's memory, which is reached by the platform's copy functions
/// only: a kernel passes it on as it came. `l` may be NULL.
///
/// Returns 0, or:
///
/// - `PUFFSGETOP`: `EAGAIN` (nothing there, non-blocking), `E2BIG` (`preq_auxlen` says what is needed; the request stays), `EFAULT`
///   (nothing is lost), `EINTR` (a signal; or, with the number at `PUFFS_E_WOKEN`, `PUFFSWAKE`), `ENOMEM`;
/// - `PUFFSPUTOP`: `EINVAL` (no request awaits this answer, or class, type or `preq_rv` are wrong), `EFAULT`, `E2BIG`, `ECANCELED` (taken, but
///   the caller had left), `ENOMEM`;
/// - `PUFFSSIZEOP`: `EINVAL` (no request with this id awaits an answer, it has no data left, or it ended meanwhile), `EFAULT` (nothing is lost);
/// - `PUFFSBATCH`: `EINVAL` (more than 1024 of either kind, or a flag that is none), `EFAULT`, the first failure of an answer (the others were given, and nothing is
///   fetched), and what `PUFFSGETOP` returns for the first request (all answers were taken);
/// - `PUFFSSTARTOP`: `EFAULT`, `EBUSY` (started already);
/// - `FIONBIO`: `EFAULT`;
/// - those but `FIONBIO`: `ENOENT` (nothing is mounted here), `ENXIO` (the mount is dead);
/// - anything else, and NULL for `pi`: `EINVAL`.
///
/// Sleeps in `PUFFSGETOP` and `PUFFSBATCH`, interruptibly, and in copies. To be called without spinning locks.
///
/// # Safety
/// `pi` is NULL or an instance. In libpuffs for processes, `data` and what it points to are the program's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fop_ioctl(
    pi: *mut puffs_instance,
    cmd: c_ulong,
    data: *mut c_void,
    l: *mut lwp,
) -> c_int {
    let _ = l;
    let call = || {
        // SAFETY: by contract.
        let instance = unsafe { instance(pi) }?;
        instance.ioctl(
            decode(cmd).ok_or(Errno::Inval)?,
            UserAddr(data.expose_provenance()),
        )
    };
    finish(call())
}

/// Unpacks a command. Calls that copy both ways look alike on Linux and on the BSDs: 11 in the two upper of
/// 32 bits, then 14 bits of size, the group, the number.
fn decode(cmd: c_ulong) -> Option<Command> {
    // Linux's, that of its MIPS, PowerPC and SPARC, and the BSDs'.
    const FIONBIO: [c_ulong; 3] = [0x5421, 0x667e, 0x8004_667e];
    // PUFFSWAKE, the one call without an argument: Linux's, and that of the others.
    const WAKE: [c_ulong; 2] = [0x7011, 0x2000_7011];
    if FIONBIO.contains(&cmd) {
        return Some(Command::FIONBIO);
    }
    if WAKE.contains(&cmd) {
        return Some(Command::WAKE);
    }
    let cmd = u32::try_from(cmd).ok().filter(|cmd| cmd >> 30 == 3)?;
    let command = Command {
        group: (cmd >> 8) as u8,
        number: cmd as u8,
        size: (cmd >> 16 & 0x3fff) as usize,
    };
    // What is copied both ways has a size.
    (command.size > 0).then_some(command)
}

/// Sets the non-blocking mode of an open, as `FIONBIO` does, from inside the kernel: for `O_NONBLOCK` at open and for `fcntl`. Does
/// not sleep. NULL is ignored.
///
/// # Safety
/// `pi` is NULL or an instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fop_nonblock(pi: *mut puffs_instance, on: c_int) {
    // SAFETY: by contract.
    if let Ok(instance) = unsafe { instance(pi) } {
        instance.set_nonblock(on != 0);
    }
}

/// Returns which of `events` are there: `POLLIN` and its kin when a request can be fetched, `POLLOUT` and its kin while a server
/// may answer; `POLLERR` and `POLLHUP`, asked for or not, when nothing is mounted here, when the mount is dead, and for NULL. Who
/// wants to sleep for more joins `puffs_fop_pollpoint` first. `l` may be NULL. Does not sleep.
///
/// # Safety
/// `pi` is NULL or an instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fop_poll(
    pi: *mut puffs_instance,
    events: c_int,
    l: *mut lwp,
) -> c_int {
    let _ = l;
    // SAFETY: by contract.
    let there = unsafe { instance(pi) }.map_or(events::ERR | events::HUP, |instance| {
        instance.poll(events.cast_unsigned())
    });
    there.cast_signed()
}

/// Returns the storage that `ph_poll_init` made ready for the pollers of an instance, and that `ph_poll_wake` is called with; it
/// lives as long as a reference to the instance. NULL for NULL, and in libpuffs for processes, where `puffs_fop_pollfd` tells. Does not
/// sleep.
///
/// # Safety
/// `pi` is NULL or an instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fop_pollpoint(pi: *mut puffs_instance) -> *mut c_void {
    // SAFETY: by contract.
    unsafe { instance(pi) }.map_or(core::ptr::null_mut(), |instance| {
        poll_storage(instance.poll_point())
    })
}

/// Closes the open file and takes its reference. An embryo is forgotten, a dead instance freed. A mount that is bound here
/// dies, and is unmounted by force through `pho_unmount`, unless it was made with `PUFFS_MOUNT_KEEP`.
///
/// Returns 0; `EINVAL` for NULL. `l` may be NULL. Sleeps as `pho_unmount` does; to be called without spinning locks.
///
/// # Safety
/// `pi` is NULL or an instance whose open file is being closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fop_close(pi: *mut puffs_instance, l: *mut lwp) -> c_int {
    let _ = l;
    finish(close(pi))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_of_the_system() {
        assert_eq!(decode(libc::FIONBIO), Some(Command::FIONBIO));
        let iowr = |number: c_ulong, size: c_ulong| 3 << 30 | size << 16 | 0x70 << 8 | number;
        assert_eq!(decode(iowr(1, 40)), Some(Command::GETOP));
        assert_eq!(decode(iowr(2, 40)), Some(Command::PUTOP));
        assert_eq!(decode(iowr(3, 24)), Some(Command::SIZEOP));
        assert_eq!(decode(iowr(4, 104)), Some(Command::STARTOP));
        assert_eq!(decode(iowr(16, 40)), Some(Command::BATCH));
        assert_eq!(decode(libc::_IO(0x70, 17)), Some(Command::WAKE));
        assert_eq!(decode(1 << 29 | 0x7011), Some(Command::WAKE));
        assert_eq!(decode(iowr(17, 0)), None);
        assert_eq!(decode(libc::_IO(0x70, 1)), None);
        assert_ne!(decode(iowr(1, 40 + (1 << 13))), Some(Command::GETOP));
        assert_eq!(decode(iowr(1, 40) & !(1 << 30)), None);
        assert_eq!(decode(iowr(1, 40) | 1 << 32), None);
        assert_eq!(decode(0), None);
    }
}
