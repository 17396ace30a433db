//! The message format: what crosses between the kernel side and the server.
//!
//! * [`wire`] holds the structures of the device calls (`struct puffs_req` and its neighbours).
//! * [`op`] holds the numbers: classes, flags, operations; [`OpSet`] is a set of operations.
//! * [`body`] holds the bodies that `puffs-vfs` encodes and `puffs-user` answers. The queue treats
//!   every body as opaque bytes; a kernel may bring its own.
//!
//! Everything here is plain data of fixed width, readable from any bytes; parsing needs no unsafe
//! code.

#![deny(unsafe_code)]

pub mod body;
pub mod op;
mod opset;
pub mod wire;

pub use opset::OpSet;
