//! What a server library needs from whoever provides the VFS.
//!
//! A [`Host`] mounts a server and returns a [`Session`]; the session's [`Transport`] is the pair of
//! calls GETOP and PUTOP. The main loop of [`crate::usermount`] owns the thread: it waits on
//! [`Session::fd`], lets the session do one [`Session::turn`] and gives it a [`Server`]: tasks on stacks of their own, in which
//! requests are fetched, dispatched and answered. Everything takes `&self`: an operation may be left in its middle, and
//! others run meanwhile.

use std::ffi::CString;
use std::os::fd::RawFd;

use puffs_core::errno::Errno;
pub use puffs_core::msg::OpSet;
use puffs_core::msg::wire;

pub use crate::bell::Key;
pub use crate::fiber::{NoStack, Ran, Task};
use crate::say;

/// The server's end of one mount's queue: `PUFFSGETOP` and `PUFFSPUTOP`.
pub trait Transport {
    /// Fetches the oldest request without waiting. In: `aux`, `auxlen` name the buffer. Out: the
    /// header; the body is in the buffer.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; `TooBig` when the buffer is too small (`auxlen` then says
    /// what is needed and the request stays); `Nxio` when the mount is dead; `Intr`.
    fn getop(&self, req: &mut wire::Req) -> Result<(), Errno>;

    /// Answers a request: `id`, class and type as fetched, `rv`, and `auxlen` bytes at `aux`.
    ///
    /// # Errors
    /// `Canceled` when the caller had left; `Inval`, `Fault`, `TooBig` when the answer was refused;
    /// `Nxio` when the mount is dead. None of them concerns the next request.
    fn putop(&self, req: &mut wire::Req) -> Result<(), Errno>;
}

/// The server, for a session's turns: runs the session's tasks, and in them the server's operations.
pub trait Server {
    /// Runs the session's [`Session::task`] for this `token` on a stack of its own, until it ends or an operation in it is
    /// left in its middle; then somebody goes on with it later, in this turn or between turns.
    ///
    /// # Errors
    /// [`NoStack`]: it has not begun.
    fn start(&self, token: usize) -> Result<Ran, NoStack>;

    /// Fetches, executes and answers until no request is left. Called from a task, so that the operations are on its stack.
    fn serve(&self);

    /// Executes one request that has been fetched already: its header, and the buffer in which its body is and its answer
    /// will be. Afterwards `rv` and `auxlen` are the answer's. Called from a task.
    fn execute(&self, req: &mut wire::Req, buffer: &mut [u8]);

    /// The task that runs; `None` outside one.
    fn running(&self) -> Option<Task>;

    /// Suspends the task that runs, until somebody wakes it.
    fn suspend(&self);

    /// Has a suspended task go on soon, in a later turn.
    fn wake(&self, task: Task);

    /// Whether the main loop has nothing to do until a request comes. Then a turn may sleep for one, where a ring of the session's bell
    /// ([`Session::bell`]) wakes it; nothing that happens after this was asked is missed.
    fn at_rest(&self) -> bool {
        false
    }
}

/// What a server wants forgotten or written of what the kernel has cached. Nodes are named by their cookies; an `end` of 0
/// is the end of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Names: those below one directory, or all.
    Names(Option<usize>),
    /// Contents of a regular file.
    Pages {
        /// The file.
        node: usize,
        /// First byte.
        start: u64,
        /// First byte behind.
        end: u64,
    },
    /// Contents of a regular file that have been changed and are to be written; they stay cached.
    Unwritten {
        /// The file.
        node: usize,
        /// First byte.
        start: u64,
        /// First byte behind.
        end: u64,
    },
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// There may be more to do at once: come back without waiting.
    More,
    /// Nothing is ready: wait until [`Session::fd`] is readable.
    Idle,
    /// The file system is unmounted. Its last requests (inactive, reclaim, sync, unmount) have
    /// been served before, and no other will come.
    Gone,
}

/// One mounted server. Dropping it ends the session; what is still mounted is then detached, so
/// that nobody hangs on it.
///
/// # Safety
/// * [`Session::task`] runs on a stack that is forgotten, and not unwound, if the main loop ends while it is suspended. So what lies there must
///   be nobody's business: no reference to it gets out of the task, nothing relies on a destructor that is to run there, and no scope
///   that others are to end in, such as that of [`std::thread::scope`], is open while the task calls [`Server::suspend`], [`Server::serve`] or
///   [`Server::execute`], which may suspend it.
/// * [`Session::transport`]'s `getop` writes no more than `auxlen` bytes at `aux`, and what it writes is there when it returns.
pub unsafe trait Session {
    /// The descriptor that is readable when a turn has something to do.
    fn fd(&self) -> RawFd;

    /// What to ring to wake a turn that sleeps. A session whose turns never do needs none.
    fn bell(&self) -> Key {
        Key::NONE
    }

    /// The requests.
    fn transport(&self) -> &dyn Transport;

    /// Does what is ready, in tasks of `server`. It waits for something only while the server is [`Server::at_rest`], until a ring or a
    /// signal at the latest.
    /// Not called again after [`Turn::Gone`].
    ///
    /// # Errors
    /// An errno value when the session cannot go on.
    fn turn(&self, server: &dyn Server) -> Result<Turn, i32>;

    /// The server is about to do something outside a turn: go on with tasks, run its loop function, or sync what was changed.
    fn busy(&self);

    /// It has done so, and is about to wait. Whether there is something for a turn to do at once.
    fn idle(&self) -> bool;

    /// One task, begun by [`Server::start`] with this token, on a stack of its own. What it owns should be owned
    /// by the session and not be on that stack: a task that is still suspended when the loop ends is forgotten with its stack. It does not unwind.
    fn task(&self, token: usize, server: &dyn Server);

    /// Has the kernel forget what the server says is stale. Returns without waiting.
    ///
    /// # Errors
    /// An errno value: `ENOENT` for a node that the kernel does not know, `EINVAL` for one of the wrong type, `EOPNOTSUPP`
    /// where the kernel cannot, `EAGAIN`.
    fn forget_stale(&self, stale: Stale) -> Result<(), i32>;

    /// Asks for a forced unmount and returns at once. May be called from inside an operation,
    /// so it never unmounts on the calling thread: the unmount comes back through [`Session::turn`], of which one is
    /// to follow without waiting.
    /// Calling it again is harmless.
    fn unmount(&self);
}

/// Somebody who can mount a server.
pub trait Host {
    /// Mounts.
    ///
    /// # Errors
    /// Why it could not be done; nothing is left mounted.
    fn mount(&self, args: &MountArgs) -> Result<Box<dyn Session>, MountError>;
}

/// What is to be mounted where.
#[derive(Clone, Debug)]
pub struct MountArgs {
    /// The "device" shown in mount tables.
    pub from: CString,
    /// The type's name, without the prefix `puffs|`.
    pub fstype: CString,
    /// The mount point as `realpath` gives it.
    pub dir: CString,
    /// `PUFFS_MNT_*` in [`crate::c::consts`]. Includes nosuid and nodev where the library added them.
    pub mntflags: u32,
    /// `PUFFS_KFLAG_*`, masked: see [`crate::c::consts`].
    pub kflags: u32,
    /// The root node.
    pub root: RootInfo,
    /// Which operations the server has.
    pub ops: OpSet,
    /// Most bytes that one read or write carries. The library's buffer has
    /// [`puffs_core::msg::body::ROOM`] bytes more.
    pub maxdata: usize,
    /// Size of file handles; 0: there are none.
    pub fhsize: usize,
    /// `PUFFS_FHFLAG_*`.
    pub fhflags: u32,
}

/// The root node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootInfo {
    /// Its cookie; NULL is a cookie like any other.
    pub cookie: usize,
    /// `enum vtype`.
    pub vtype: u32,
    /// Its size.
    pub size: u64,
    /// Its device number.
    pub rdev: u64,
}

/// Why a server could not be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountError {
    /// A system call failed: what was tried and the errno value.
    System(&'static str, i32),
    /// Something in the arguments cannot be had on this host: said in words; `EINVAL` at the edge.
    Unsupported(String),
    /// A helper program refused: its words; `EPERM` at the edge.
    Refused(String),
    /// Something that the errno value alone would not explain: in words, and the errno value.
    Explained(String, i32),
    /// There is no host: its name; `ENXIO` at the edge.
    NoHost(String),
}

impl MountError {
    /// The errno value for C.
    pub const fn errno(&self) -> i32 {
        match self {
            Self::System(_, errno) | Self::Explained(_, errno) => *errno,
            Self::Unsupported(_) => libc::EINVAL,
            Self::Refused(_) => libc::EPERM,
            Self::NoHost(_) => libc::ENXIO,
        }
    }
}

impl std::fmt::Display for MountError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::System(what, errno) => {
                write!(f, "{what}: {}", say::errno(*errno))
            }
            Self::Unsupported(why) | Self::Refused(why) | Self::Explained(why, _) => {
                f.write_str(why)
            }
            Self::NoHost(name) => write!(f, "no such host: {name}"),
        }
    }
}

impl std::error::Error for MountError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mount_error_has_an_errno_and_words() {
        let all = [
            (MountError::System("mount", libc::EBUSY), libc::EBUSY),
            (MountError::Unsupported("a".into()), libc::EINVAL),
            (MountError::Refused("b".into()), libc::EPERM),
            (MountError::Explained("d".into(), libc::EIO), libc::EIO),
            (MountError::NoHost("c".into()), libc::ENXIO),
        ];
        for (error, errno) in all {
            assert_eq!(error.errno(), errno);
            assert!(!error.to_string().is_empty());
        }
    }
}
