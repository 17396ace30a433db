//! Why a file system cannot be mounted.

use puffs_user::host::MountError;
use puffs_user::mounting::Unfit;
use puffs_user::say::errno as words;

/// Why a file system cannot be mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// `/dev/fuse` cannot be opened: the errno value.
    Device(i32),
    /// `/dev/fuse` is something else.
    NotTheDevice,
    /// The mount point is not there, or not of the root's type: the errno value.
    MountPoint(i32),
    /// Something of this kind is mounted there already.
    AlreadyMounted,
    /// mount(2) refused: the errno value.
    Mount(i32),
    /// `fusermount3`, which mounts for everybody but root, is not installed.
    NoHelper,
    /// `fusermount3` refused, in its own words.
    Helper(String),
    /// The root is neither a directory nor a regular file.
    RootType,
    /// Too little data fits a message: less than a page.
    TooSmall,
    /// Something else failed: what, and the errno value.
    System(&'static str, i32),
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Taken => Error::AlreadyMounted,
            Unfit::Place(errno) => Error::MountPoint(errno),
            Unfit::Table(errno) => Error::System("/proc/self/mountinfo", errno),
        }
    }
}

impl From<Error> for MountError {
    fn from(error: Error) -> Self {
        match error {
            Error::Device(errno @ (libc::EACCES | libc::EPERM)) => {
                MountError::Refused(format!("/dev/fuse: {}", words(errno)))
            }
            Error::Device(errno) => MountError::Explained(
                format!(
                    "/dev/fuse: {}; the kernel needs FUSE (modprobe fuse), a container needs the device",
                    words(errno)
                ),
                libc::ENXIO,
            ),
            Error::NotTheDevice => {
                MountError::Explained("/dev/fuse is not the FUSE device".into(), libc::ENXIO)
            }
            Error::MountPoint(errno) => MountError::System("mount point", errno),
            Error::AlreadyMounted => MountError::Explained(
                "a FUSE file system is mounted there already".into(),
                libc::EBUSY,
            ),
            Error::Mount(errno) => MountError::System("mount", errno),
            Error::NoHelper => MountError::Refused(
                "fusermount3 is not installed, and only root can mount without it".into(),
            ),
            Error::Helper(words) => MountError::Refused(words),
            Error::RootType => MountError::Unsupported(
                "the root of a FUSE mount is a directory or a regular file".into(),
            ),
            Error::TooSmall => {
                MountError::Unsupported("messages have to carry a page of data at least".into())
            }
            Error::System(what, errno) => MountError::System(what, errno),
        }
    }
}
