//! Scripted requests against a server whose operations are Rust functions of C type ([`rig`]): what the server
//! gets, what it may answer, what comes back.

mod anything;
mod attrs;
mod data;
mod handles;
mod hostile;
mod life;
mod more;
mod names;
mod nodes;
mod paths;
mod rig;
mod rig_more;
mod rig_ops;
