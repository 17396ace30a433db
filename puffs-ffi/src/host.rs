//! The one place that knows which host mounts a server: [`Chosen`], by `PUFFS_HOST`.
//!
//! | value | host |
//! |---|---|
//! | not set, or empty | the best there is: FUSE |
//! | `fuse` | Linux's FUSE, through `/dev/fuse` |
//! | `kmod`, `inproc` | refused: they do not exist yet |

use std::ffi::{OsStr, OsString};

use puffs_fuse::FuseHost;
use puffs_user::host::{Host, MountArgs, MountError, Session};

/// The host that the environment names, or else the best there is.
pub(crate) struct Chosen;

impl Host for Chosen {
    fn mount(&self, args: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        choose(std::env::var_os("PUFFS_HOST"))?.mount(args)
    }
}

fn choose(name: Option<OsString>) -> Result<&'static dyn Host, MountError> {
    let name = name.unwrap_or_default();
    if name.is_empty() || name == OsStr::new("fuse") {
        return Ok(&FuseHost);
    }
    let name = name.to_string_lossy();
    Err(MountError::NoHost(match &*name {
        "kmod" | "inproc" => format!("PUFFS_HOST={name} (it does not exist yet; there is fuse)"),
        _ => format!("PUFFS_HOST={name} (there is fuse)"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_that_exist_are_chosen() {
        let names = |name: &str| choose(Some(name.into())).err();
        assert_eq!(choose(None).err(), None);
        assert_eq!(names(""), None);
        assert_eq!(names("fuse"), None);
        for name in ["kmod", "inproc", "Fuse", "x"] {
            let refused = names(name).unwrap();
            assert_eq!(refused.errno(), libc::ENXIO);
            assert!(refused.to_string().contains(name), "{refused}");
        }
    }
}
