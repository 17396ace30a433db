//! The FUSE protocol, as far as it is used here.

#![deny(unsafe_code)]

pub mod init;
pub mod op;
pub mod request;
pub mod wire;
