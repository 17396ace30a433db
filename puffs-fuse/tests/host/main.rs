//! The host over real mounts, with a server that speaks the message format itself. Needs root and `/dev/fuse`.
#![allow(clippy::undocumented_unsafe_blocks)] // Plain system calls of tests.

mod end;
mod files;
mod modes;
mod nonsense;
mod rig;
mod tree;
