//! The server side of puffs: fetch a request, call the server's operation, answer.

pub mod c;
pub mod host;
