//! What programs that were written for NetBSD expect of its C library: the headers of `include/compat/` declare it,
//! `puffs-ffi` exports it.

pub mod figures;
pub mod listing;
pub mod mntopts;
pub mod sysctl;
