//! puffs-fuse
