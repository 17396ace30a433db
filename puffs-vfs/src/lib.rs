//! puffs-vfs
#![no_std]
