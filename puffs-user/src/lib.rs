//! puffs-user
