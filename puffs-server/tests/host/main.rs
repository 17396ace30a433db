//! Servers over a host that sends what a test says: conversions, the life of nodes, panics, waiting, and the end. No kernel is
//! needed.

mod convert;
mod end;
mod life;
mod panics;
mod rig;
mod toy;
mod waiting;
