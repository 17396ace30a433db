//! Why a server cannot be mounted through the device.

use crate::host::MountError;
use crate::mounting::Unfit;
use crate::say::errno as words;

/// Why a server cannot be mounted through the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Error {
    /// `/dev/puffs` cannot be opened: the errno value.
    Device(i32),
    /// `/dev/puffs` is something else.
    NotTheDevice,
    /// The mount point is not there, or not of the root's type: the errno value.
    MountPoint(i32),
    /// Something of this kind is mounted there already.
    AlreadyMounted,
    /// mount(2) refused: the errno value.
    Mount(i32),
    /// The mount does not let the server start: the errno value.
    Start(i32),
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
        let explained = |text: String, errno| MountError::Explained(text, errno);
        match error {
            Error::Device(errno @ (libc::EACCES | libc::EPERM)) => MountError::Refused(format!(
                "/dev/puffs: {}; users mount through FUSE",
                words(errno)
            )),
            Error::Device(errno @ (libc::ENOENT | libc::ENXIO | libc::ENODEV)) => explained(
                format!(
                    "/dev/puffs: {}; the kernel needs the puffs module (modprobe puffs), or the server is mounted through FUSE",
                    words(errno)
                ),
                libc::ENXIO,
            ),
            Error::Device(errno) => explained(format!("/dev/puffs: {}", words(errno)), errno),
            Error::NotTheDevice => {
                explained("/dev/puffs is not the puffs device".into(), libc::ENXIO)
            }
            Error::MountPoint(errno) => MountError::System("mount point", errno),
            Error::AlreadyMounted => explained(
                "a puffs file system is mounted there already".into(),
                libc::EBUSY,
            ),
            Error::Mount(errno @ libc::EPERM) => MountError::Refused(format!(
                "mount: {}; only root mounts through /dev/puffs, users mount through FUSE",
                words(errno)
            )),
            Error::Mount(errno @ libc::ENODEV) => explained(
                "mount: this kernel has /dev/puffs, but no file system of type puffs".into(),
                errno,
            ),
            Error::Mount(errno @ libc::EINVAL) => explained(
                format!(
                    "mount: {}; if the puffs module is of another version, the kernel's log says so",
                    words(errno)
                ),
                errno,
            ),
            Error::Mount(errno) => MountError::System("mount", errno),
            Error::Start(errno) => explained(
                format!("the mount does not let the server start: {}", words(errno)),
                errno,
            ),
            Error::RootType => MountError::Unsupported(
                "the root of a mount is a directory or a regular file".into(),
            ),
            Error::TooSmall => {
                MountError::Unsupported("messages have to carry a page of data at least".into())
            }
            Error::System(what, errno) => MountError::System(what, errno),
        }
    }
}
