//! The C face of puffs: the only crate that exports C symbols.
//!
//! * [`msgif`] and [`version`]: the message interface, `<puffs_msgif.h>`.
//! * [`sys`]: the kernel side, `<puffs_sys.h>`.
//! * [`vfs`]: one call per file operation for a kernel's VFS glue, `<puffs_vfs.h>`.
//! * `user` (feature `hosted`): the server library, `<puffs.h>`.
//! * `compat` (feature `hosted`): what programs written for NetBSD want besides, declared in `include/compat/`.
//!
//! Each export checks its pointers first, converts, and calls the layer that knows. With `hosted` this is
//! libpuffs for ordinary processes; without it the crate is the library that a kernel links, and
//! brings its own panic handler and allocator (`kernel.rs`).
#![cfg_attr(not(any(feature = "hosted", test)), no_std)]

extern crate alloc;

#[cfg(feature = "hosted")]
pub mod compat;
#[cfg(feature = "hosted")]
mod fakecc;
#[cfg(not(any(feature = "hosted", test)))]
mod kernel;
pub mod msgif;
pub mod sys;
#[cfg(feature = "hosted")]
pub mod user;
pub mod version;
pub mod vfs;
