//! What a C server sees of this library: numbers and structures of `<puffs.h>`, under their C names.

pub mod consts;
