//! Errors as numbers, for the kernel.

use puffs_core::Errno;
use puffs_core::platform::{Hosted, Platform};
use puffs_vfs::Failed;

use crate::proto::request::Malformed;

/// Why a FUSE request fails: an errno value of this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) i32);

/// The number of an error of ours.
pub(crate) fn number(errno: Errno) -> i32 {
    Hosted::errno(errno)
}

impl From<Failed> for Code {
    fn from(failed: Failed) -> Self {
        Code(match failed.number(number) {
            // Linux would never send this kind of request again.
            libc::ENOSYS => libc::EOPNOTSUPP,
            value => value,
        })
    }
}

impl From<Errno> for Code {
    fn from(errno: Errno) -> Self {
        Code(number(errno))
    }
}

impl From<Malformed> for Code {
    fn from(_: Malformed) -> Self {
        Code(libc::EINVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enosys_of_a_server_is_not_passed_on() {
        assert_eq!(
            Code::from(Failed::Server(libc::ENOSYS)),
            Code(libc::EOPNOTSUPP)
        );
        assert_eq!(Code::from(Failed::Server(libc::EACCES)), Code(libc::EACCES));
        assert_eq!(Code::from(Failed::Errno(Errno::RoFs)), Code(libc::EROFS));
        assert_eq!(Code::from(Failed::Errno(Errno::Proto)), Code(libc::EPROTO));
    }
}
