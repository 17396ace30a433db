//! The queue of one mount: `touser`, the reply table, and every rule of a request's life.
//!
//! | file | rules |
//! |---|---|
//! | `state` | what a request is; how it ends, once |
//! | `after` | what is left to do after the lock is released |
//! | `enter` | into the queue: the door, a place, the caller's sleep |
//! | `room` | bounds, and waiting for a place |
//! | `leave` | a caller leaves: signal, deadline, interrupt |
//! | `expiry` | deadlines of those who do not sleep |
//! | `getop` | delivery to the server |
//! | `putop` | the server's answer |
//! | `batch` | several answers and several deliveries in one call |
//! | `servers` | who fetches, and who would wait for itself |
//! | `sizeop` | data of unknown size beside a request |
//! | `death` | the server is gone |
//! | `stats` | what is counted, once per request |
//! | `in_flight` | the list of what is under way |
//! | `touser` | the reference's entry points, with borrowed buffers |
//! | `vnodes` | the locks that a caller gives up while it waits |
//! | `mount` | the object that holds it all |
//!
//! # Locking
//!
//! One lock per mount, around `State`. It is a leaf: nothing else is locked under it, and
//! under it nobody sleeps, copies, allocates, frees or calls back. What a locked section wants done
//! it puts into an `After`, which runs once the lock is released.

mod after;
mod batch;
mod death;
mod enter;
mod expiry;
mod getop;
mod in_flight;
mod index;
mod leave;
mod mount;

mod putop;
mod room;
mod servers;
mod sizeop;
mod slab;
mod state;
mod stats;
mod touser;
mod vnodes;

pub use enter::{Begun, Prepaid, Terms};
pub use in_flight::{InFlight, Stage};
pub use mount::{Config, Mount, MountHost, OnClose, Readiness, Status};
pub use putop::Late;
pub use sizeop::{Direction, SizeData, SizeOps, SizeResults};
pub use state::PollLink;
pub use stats::{MountStats, OpStats, VFS_ROWS, VN_ROWS};
pub use vnodes::Vnodes;
