//! The client of the kernel device: mounts a server through the Linux module's `/dev/puffs` and speaks with it by
//! ioctl(2).
//!
//! [`KmodHost`] is a [`Host`]. The kernel side makes messages of what applications do, so a session has nothing to
//! translate: it fetches, has the server execute in tasks with stacks of their own, and answers. Nothing here has a thread, but for
//! the one that unmounts ([`crate::mounting`]).
//!
//! # How many system calls an operation takes
//!
//! When requests wait, one: PUFFSPUTOP answers while others are in hand, and with the last one PUFFSBATCH answers
//! and fetches up to 16 at once; what wants no answer costs a sixteenth. When they come one by one, one as well: a PUFFSBATCH that answers
//! sleeps for the next. Who wants something else of the main loop meanwhile wakes it by PUFFSWAKE (`bell`): puffs_exit, the signals of
//! puffs_unmountonsignal, the thread that unmounts. Any other handler ends the sleep as well, unless it was installed with `SA_RESTART`; then
//! it changes nothing that the loop looks at.
//!
//! A server with a loop function or a time-out takes three when requests come one by one: the main loop sleeps in epoll_wait, a batch
//! fetches, a batch answers and finds nothing more. So it does once after an operation was left in its middle that can go on. (Counted with
//! memfs on the module in Debian's kernel 6.1, `kmod/tests/t_mount_calls.sh`: 200 one by one took 200 system calls and 199 sleeps, where with a
//! loop function they took 598 and 199.)
//!
//! An answer is never held back until another operation has run, though fewer calls would do then: that operation may take long,
//! or wait for something that the caller does once it has its answer.
//!
//! | file | holds |
//! |---|---|
//! | `system` | what is asked of Linux: open, mount, unmount |
//! | `device` | the open device and its calls |
//! | `line` | fetching and answering |
//! | `slot` | a request and its buffer |
//! | `host` | mounting |
//! | `options` | the mount options |
//! | `busy` | which nodes operations are at work on |
//! | `session` | one mount: turns, tasks, the end |
//! | `error` | why it cannot be mounted |

mod busy;
mod device;
mod error;
mod host;
mod line;
mod options;
mod session;
mod slot;
mod system;
#[cfg(test)]
mod tests;

use crate::host::{Host, MountArgs, MountError, Session};
use crate::mounting;
use system::{Linux, System};

/// Mounts through `/dev/puffs`.
///
/// Only root can: there is no helper program as FUSE has it. The mount is open to all users.
#[derive(Clone, Copy, Debug, Default)]
pub struct KmodHost;

impl Host for KmodHost {
    fn mount(&self, args: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        Ok(Box::new(host::begin(&Linux, args)?))
    }
}

impl KmodHost {
    /// Whether this process could mount: it is root's, the kernel knows the type, and the device is there and can be opened.
    pub fn is_there(&self) -> bool {
        // SAFETY: no arguments.
        let root = unsafe { libc::geteuid() } == 0;
        root && mounting::knows_type(Linux.kind())
            && Linux.open().is_ok_and(|device| !device.is_foreign())
    }
}
