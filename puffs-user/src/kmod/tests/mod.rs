//! The host against a kernel in this process.

mod end;
mod errors;
mod fake;
mod requests;
mod server;
mod sleep;
mod turns;
