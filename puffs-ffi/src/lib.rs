//! puffs-ffi
