//! The queue of puffs: park a caller, deliver its request, match the answer, wake, die.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod buf;
pub mod errno;
pub mod ids;
pub mod msg;
pub mod own;
pub mod platform;
pub mod request;

pub use buf::Buf;
pub use errno::Errno;
pub use ids::{Cookie, Instant, ReqId, UserAddr};
pub use own::{Ref, try_box};
pub use platform::Platform;
pub use request::{Answer, Complete, Outgoing};
