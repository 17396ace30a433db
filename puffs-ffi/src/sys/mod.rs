//! Exports of the kernel side, declared in `<puffs_sys.h>`.
//!
//! Every file of this directory is read by the header generator.
