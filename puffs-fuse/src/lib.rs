//! Mounts a puffs server on a Linux system without the puffs module, through `/dev/fuse`.
//!
//! [`FuseHost`] is a [`Host`](puffs_user::host::Host). Its session's descriptor is `/dev/fuse`, and the thread that runs
//! the server's main loop does everything: it reads a FUSE request, runs the sequence of puffs operations that
//! it stands for as straight code, and writes the reply. Each operation goes through the queue of
//! `puffs-core` in its completion form, and is served at once by the `serve` closure of the main loop.
//!
//! | module | holds |
//! |---|---|
//! | [`proto`] | the FUSE protocol: structures, reading requests, negotiation |
//! | `device` | `/dev/fuse` |
//! | [`mount`] | mounting and unmounting |
//! | `port` | carries messages to the server: [`puffs_vfs::Caller`] over the queue |
//! | `seat` | the server's end: an instance of the device |
//! | `session` | one mount: turns, dispatch, replies, the end |
//! | `ops` | the sequences, a file for each group of requests |
//!
//! Not here: what an operation's message looks like and which answers are believed (`puffs-vfs`), the
//! server's side (`puffs-user`).

mod attr;
mod device;
mod errno;
mod handles;
mod host;
pub mod mount;
mod ops;
mod pool;
mod port;
pub mod proto;
mod ready;
mod seat;
mod session;

pub use host::FuseHost;
