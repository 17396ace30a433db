//! The C face of puffs: the only crate that exports C symbols.
//!
//! * [`msgif`] and [`version`]: the message interface, `<puffs_msgif.h>`.
//! * [`sys`]: the kernel side, `<puffs_sys.h>`.
//! * [`vfs`]: one call per file operation for a kernel's VFS glue, `<puffs_vfs.h>`.
//! * `user` (feature `hosted`): the server library, `<puffs.h>`.
//!
//! Each export checks its pointers first, converts, and calls the layer that knows. With `hosted` this is
//! libpuffs for ordinary processes; without it the crate is the library that a kernel links, and
//! brings its own panic handler and allocator (`kernel.rs`).
#![cfg_attr(not(any(feature = "hosted", test)), no_std)]

extern crate alloc;

#[cfg(not(any(feature = "hosted", test)))]
mod kernel;
pub mod msgif;
pub mod sys;
#[cfg(feature = "hosted")]
pub mod user;
pub mod version;
pub mod vfs;
