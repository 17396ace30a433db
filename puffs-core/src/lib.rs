//! The queue of puffs: park a caller, deliver its request, match the answer, wake, die.
#![cfg_attr(not(test), no_std)]
extern crate alloc;
pub mod msg;
