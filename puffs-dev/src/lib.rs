//! puffs-dev
#![no_std]
