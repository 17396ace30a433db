//! The one place that knows which host mounts a server: [`Chosen`], by `PUFFS_HOST`.
//!
//! | value | host |
//! |---|---|
//! | not set, or empty | the best there is: the module for root where `/dev/puffs` can be opened and the kernel knows the type, else FUSE |
//! | `kmod` | the puffs module of the Linux kernel, through `/dev/puffs` |
//! | `fuse` | Linux's FUSE, through `/dev/fuse` |
//! | `inproc` | refused: it does not exist yet |
//!
//! If `PUFFS_COMFD` has the number of a descriptor, nothing is mounted: [`puffs_user::comfd`]. A program with more rights than its user does not
//! look: what a kernel may ask of a server, its user may not.

use std::ffi::{OsStr, OsString};
use std::os::fd::RawFd;

use puffs_user::comfd::ComHost;
use puffs_user::host::{Host, MountArgs, MountError, Session};
use puffs_user::kmod::KmodHost;

use crate::host::FuseHost;

/// The host that the environment names, or else the best there is.
#[derive(Clone, Copy, Debug)]
pub struct Chosen;

impl Host for Chosen {
    fn mount(&self, args: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        // SAFETY: a question without side effects.
        let trusted = unsafe { libc::getauxval(libc::AT_SECURE) } == 0;
        if let Some(host) = connected(std::env::var_os("PUFFS_COMFD"), trusted)? {
            return host.mount(args);
        }
        choose(std::env::var_os("PUFFS_HOST"), || KmodHost.is_there())?
            .host()
            .mount(args)
    }
}

/// The other end of a connection, if there is one; `trusted`: whoever started us has our rights.
fn connected(number: Option<OsString>, trusted: bool) -> Result<Option<ComHost>, MountError> {
    match number {
        Some(number) if trusted => descriptor(&number).map(|fd| Some(ComHost(fd))),
        _ => Ok(None),
    }
}

fn descriptor(number: &OsStr) -> Result<RawFd, MountError> {
    let parsed = number.to_str().and_then(|number| number.parse().ok());
    parsed.filter(|fd| *fd >= 0).ok_or_else(|| {
        let text = format!("PUFFS_COMFD={} is no descriptor", number.to_string_lossy());
        MountError::Explained(text, libc::EBADF)
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Choice {
    Kmod,
    Fuse,
}

impl Choice {
    fn host(&self) -> &'static dyn Host {
        match self {
            Choice::Kmod => &KmodHost,
            Choice::Fuse => &FuseHost,
        }
    }
}

fn choose(
    name: Option<OsString>,
    module_is_there: impl FnOnce() -> bool,
) -> Result<Choice, MountError> {
    let name = name.unwrap_or_default();
    if name.is_empty() {
        return Ok(match module_is_there() {
            true => Choice::Kmod,
            false => Choice::Fuse,
        });
    }
    if name == OsStr::new("kmod") {
        return Ok(Choice::Kmod);
    }
    if name == OsStr::new("fuse") {
        return Ok(Choice::Fuse);
    }
    let name = name.to_string_lossy();
    Err(MountError::NoHost(match &*name {
        "inproc" => format!("PUFFS_HOST={name} (it does not exist yet; there are kmod and fuse)"),
        _ => format!("PUFFS_HOST={name} (there are kmod and fuse)"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_that_exist_are_chosen() {
        let names = |name: &str| choose(Some(name.into()), || unreachable!());
        assert_eq!(names("fuse"), Ok(Choice::Fuse));
        assert_eq!(names("kmod"), Ok(Choice::Kmod));
        for name in ["inproc", "Fuse", "x"] {
            let refused = names(name).unwrap_err();
            assert_eq!(refused.errno(), libc::ENXIO);
            assert!(refused.to_string().contains(name), "{refused}");
        }
    }

    #[test]
    fn who_has_less_rights_names_no_descriptor() {
        let host = |number: Option<&str>, trusted| {
            connected(number.map(OsString::from), trusted).map(|host| host.map(|host| host.0))
        };
        assert_eq!(host(Some("3"), true), Ok(Some(3)));
        assert!(host(Some("x"), true).is_err());
        assert_eq!(host(Some("3"), false), Ok(None));
        assert_eq!(host(Some("x"), false), Ok(None));
        assert_eq!(host(None, true), Ok(None));
    }

    #[test]
    fn descriptors_are_numbers() {
        assert_eq!(descriptor(OsStr::new("3")), Ok(3));
        for nonsense in ["", "x", "-1", "3 ", "99999999999"] {
            let refused = descriptor(OsStr::new(nonsense)).unwrap_err();
            assert_eq!(refused.errno(), libc::EBADF);
        }
    }

    #[test]
    fn without_a_name_the_module_comes_first() {
        for name in [None, Some(OsString::new())] {
            assert_eq!(choose(name.clone(), || true), Ok(Choice::Kmod));
            assert_eq!(choose(name, || false), Ok(Choice::Fuse));
        }
    }
}
