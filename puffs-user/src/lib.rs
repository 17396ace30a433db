//! The server side of puffs: fetch a request, call the server's operation, answer.
//!
//! [`usermount::Usermount`] is one server: its table of operations, what it has set, its main loop. The
//! dispatcher turns a message ([`puffs_core::msg::body`]) into a call of the server's C function and back.
//! [`host`] says what the library needs from whoever provides the VFS; [`kmod`] is the host whose VFS side is in the kernel, and
//! [`mounting`] what it shares with others. The rest are the helpers that servers use. `puffs-ffi` gives all of it its C names.
//!
//! Not here: FUSE (`puffs-fuse`'s), C symbols (`puffs-ffi`'s), message queues (`puffs-core`'s).

pub mod access;
pub mod attr;
mod bell;
mod buffer;
pub mod c;
pub mod cc;
pub mod comfd;
pub mod compat;
pub mod cred;
pub mod dirents;
mod dispatch;
pub mod fiber;
pub mod frame;
pub mod genops;
mod groups;
pub mod host;
pub mod kernerr;
pub mod kmod;
pub mod mounting;
pub mod newinfo;
pub mod nodes;
pub mod null;
mod opset;
mod own;
pub mod owner;
pub mod paths;
pub mod say;
mod stats;
mod sys;
#[cfg(test)]
mod testing;
pub mod usermount;
pub mod vtype;
