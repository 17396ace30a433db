//! Exports of the server library, declared in `<puffs.h>`.
//!
//! Every file of this directory is read by the header generator.
