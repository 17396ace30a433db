//! What a C server sees of this library: numbers and structures of `<puffs.h>`, under their C names.
//!
//! Only layout lives here, and the header generator reads every file but this one. `Usermount`, `Cred`, `Newinfo`, `Cc` and `Framebuf` are
//! opaque to C, where they are `struct puffs_usermount` and so on.

pub mod consts;
pub mod dirent;
pub mod frame;
pub mod hooks;
pub mod name;
pub mod node;
pub mod ops;
pub mod statvfs;
mod types;
pub mod vattr;

pub use types::{lwpid_t, puffs_cookie_t, puffs_croissant_t, vm_prot_t};
