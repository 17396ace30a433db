//! The queue of puffs: park a caller, deliver its request, match the answer, wake, die.
//!
//! A kernel side sends requests ([`Mount::call`] parks, [`Mount::submit`] calls back, [`Mount::send`] wants no
//! answer); a file server fetches them ([`Mount::getop`]) and answers ([`Mount::putop`]). Everything is
//! generic over the kernel it runs in, [`Platform`]. This crate replaces the queue half of the
//! reference's `puffs_msgif.c`; the device half is `puffs-dev`.
//!
//! # Locking
//!
//! There is one lock per mount, and nothing is locked under it. `puffs-dev` adds one for its
//! registry, never held together with a mount's.
//!
//! # Not here
//!
//! What a message means (`puffs-vfs`, `puffs-user`), devices and descriptors (`puffs-dev`), C (`puffs-ffi`).
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod buf;
pub mod errno;
pub mod histogram;
pub mod ids;
pub mod msg;
pub mod own;
pub mod platform;
pub mod queue;
pub mod request;

pub use buf::Buf;
pub use errno::Errno;
pub use histogram::Histogram;
pub use ids::{Cookie, Credentials, Instant, ReqId, UserAddr, Vnode};
pub use own::{Ref, try_box};
pub use platform::Platform;
pub use queue::{
    Begun, Config, Direction, InFlight, Late, Mount, MountHost, MountStats, OnClose, OpStats,
    PollLink, Prepaid, Readiness, SizeData, SizeOps, SizeResults, Stage, Status, Terms, Vnodes,
};
pub use request::{Answer, Complete, Outgoing};
