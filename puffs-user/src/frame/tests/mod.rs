//! Frames against socket pairs whose other ends the tests hold.

mod always;
mod buffer;
mod ends;
mod events;
mod hostile;
mod receive;
mod rig;
mod send;
