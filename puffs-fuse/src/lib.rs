//! Mounts a puffs server on a Linux system without the puffs module, through `/dev/fuse`.
//!
//! [`FuseHost`] is a [`Host`](puffs_user::host::Host). The thread that runs the server's main loop does everything: it
//! reads a FUSE request, runs the sequence of puffs operations that it stands for as straight code, in a task with a stack of
//! its own, and writes the reply. Each operation goes through the queue of
//! `puffs-core` in its completion form, and is served at once on the task's stack; an operation that is left in its middle
//! suspends the whole task. Two more threads never touch the server: the `guard` reads while one operation hangs, the notifier
//! writes what may have to wait for locks of the kernel's.
//!
//! | module | holds |
//! |---|---|
//! | [`proto`] | the FUSE protocol: structures, reading requests, negotiation |
//! | `device` | `/dev/fuse` |
//! | [`mount`] | mounting, directly and by `fusermount3` |
//! | `port` | carries messages to the server: [`puffs_vfs::Caller`] over the queue |
//! | `seat` | the server's end: an instance of the device |
//! | `traffic`, `doomed` | requests in flight: begun, waiting, interrupted; whether a caller is about to die |
//! | `gate` | operations that have to wait for each other |
//! | `guard`, `notify`, `keeper` | the two other threads, and the process beside the server |
//! | `session` | one mount: turns, tasks, dispatch, the end |
//! | `reply` | replies, and taking back those that nobody got |
//! | `invalidate`, `fresh` | what a server says is stale; which directories Linux has names of |
//! | `ops` | the sequences, a file for each group of requests |
//! | `chosen` | which host mounts a server, this one or the kernel's module: [`Chosen`], by `PUFFS_HOST` |
//!
//! Not here: what an operation's message looks like and which answers are believed (`puffs-vfs`), the
//! server's side (`puffs-user`).

mod attr;
mod chosen;
mod device;
mod doomed;
mod errno;
mod fresh;
mod gate;
mod granted;
mod guard;
mod handles;
mod host;
mod invalidate;
mod keeper;
pub mod mount;
mod notify;
mod ops;
mod pool;
mod port;
pub mod proto;
mod reply;
mod seat;
mod session;
mod traffic;

pub use chosen::Chosen;
pub use host::FuseHost;
