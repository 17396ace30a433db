//! The device behind the queue: who opened it, what is mounted there, and the calls of its servers.
//!
//! [`Registry`] knows the open instances; an [`Instance`] is one open of the cloning device. It is an *embryo* until a
//! mount is bound to it, and *dead* once that is unmounted. Replaces the device half of the reference's
//! `puffs_msgif.c`: `puffscdopen`, `puffs_setpmp`, `puffs_nukebypmp` and the `puffs_fop_*`.
//!
//! # Locking
//!
//! One lock per registry, around its table: which minors are taken and what each instance is bound to. It
//! is a leaf, as a mount's lock is: the two are never held together. Under it nobody sleeps, allocates,
//! frees or calls back; what a locked section takes out is dropped after it.
//!
//! # Not here
//!
//! Descriptors and their tables, device numbers, the encoding of a call as one number: a platform's glue has them.
//! Knotes, and the lists that a poll point wakes, are the kernel's; a [`Watcher`] only says what such a knote sees.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod command;
mod instance;
mod minors;
mod pollfd;
mod registry;
mod seats;
mod stat;
mod watch;

pub use command::{Command, events};
pub use instance::Instance;
pub use registry::{Lwp, OpenFiles, Registry};
pub use stat::{Standing, Stat};
pub use watch::{Sight, Watcher, filters};

/// The minor number of the device that clones itself at each open; instances have smaller ones.
pub const CLONER: u32 = 0x7ffff;
