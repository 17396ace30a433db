//! One message per file operation: encode the request, check the answer, count the cookies.
//!
//! A kernel's glue, or the FUSE host, calls one function per operation. Each takes a [`Caller`] (who
//! gets a message to the server and its answer back) and the [`Head`](puffs_core::msg::body::Head) that
//! says who asks; each gives plain values back or [`Failed`]. Nothing that a server answers is
//! trusted: what does not make sense becomes [`Failed::Broken`], which is `EPROTO` for whoever asked
//! and a notice for the server.
//!
//! [`nodes`] is the table between a host's node numbers and the server's cookies, with the counts that
//! decide when a node is inactive and when it is reclaimed.
//!
//! Not here: sequences of operations, permission checks, caches (the host's business).
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

extern crate alloc;

pub mod attr;
pub mod call;
mod codec;
pub mod control;
pub mod dir;
pub mod extattr;
pub mod file;
pub mod handle;
pub mod late;
pub mod life;
pub mod lock;
pub mod names;
pub mod nodes;
pub mod paid;
pub mod space;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod who;

pub use call::{Broken, Caller, Failed, Kind};
pub use codec::Data;
pub use puffs_core::msg::OpSet;
