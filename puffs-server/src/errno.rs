//! Why an operation failed: [`Errno`], which cannot hold what is no errno value of Linux.

use std::io;

/// The largest errno value of Linux.
const MAX: i32 = libc::EHWPOISON;

/// An errno value: what a caller of the file system sees. Always one that exists: anything else becomes `EIO` on its way in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(u8);

/// What operations return.
pub type Result<T = (), E = Errno> = std::result::Result<T, E>;

macro_rules! names {
    ($($(#[$meta:meta])* $name:ident = $value:ident;)*) => {
        impl Errno {
            $($(#[$meta])* pub const $name: Errno = Errno::new(libc::$value);)*
        }
    };
}

names! {
    /// Not permitted to anybody but the owner.
    PERM = EPERM;
    /// No such name.
    NOENT = ENOENT;
    /// Interrupted.
    INTR = EINTR;
    /// Went wrong.
    IO = EIO;
    /// No such device.
    NXIO = ENXIO;
    /// Too long an argument.
    TOOBIG = E2BIG;
    /// Not open for that.
    BADF = EBADF;
    /// Not now.
    AGAIN = EAGAIN;
    /// No memory.
    NOMEM = ENOMEM;
    /// Permission denied.
    ACCES = EACCES;
    /// In use.
    BUSY = EBUSY;
    /// The name exists.
    EXIST = EEXIST;
    /// On another file system.
    XDEV = EXDEV;
    /// No such device, or not for this kind of file.
    NODEV = ENODEV;
    /// Not a directory.
    NOTDIR = ENOTDIR;
    /// A directory.
    ISDIR = EISDIR;
    /// An argument makes no sense.
    INVAL = EINVAL;
    /// No operation of this kind of file.
    NOTTY = ENOTTY;
    /// The program is being executed.
    TXTBSY = ETXTBSY;
    /// The file would be too large.
    FBIG = EFBIG;
    /// No room.
    NOSPC = ENOSPC;
    /// Read-only.
    ROFS = EROFS;
    /// Too many links.
    MLINK = EMLINK;
    /// A buffer is too small.
    RANGE = ERANGE;
    /// It would wait for itself.
    DEADLK = EDEADLK;
    /// The name is too long.
    NAMETOOLONG = ENAMETOOLONG;
    /// No locks are left.
    NOLCK = ENOLCK;
    /// No such operation in the system.
    NOSYS = ENOSYS;
    /// The directory is not empty.
    NOTEMPTY = ENOTEMPTY;
    /// Too many symbolic links.
    LOOP = ELOOP;
    /// No such attribute.
    NODATA = ENODATA;
    /// A protocol was broken.
    PROTO = EPROTO;
    /// The value does not fit.
    OVERFLOW = EOVERFLOW;
    /// This server does not do that.
    OPNOTSUPP = EOPNOTSUPP;
    /// Took too long.
    TIMEDOUT = ETIMEDOUT;
    /// The node is gone.
    STALE = ESTALE;
    /// No room within the quota.
    DQUOT = EDQUOT;
}

impl Errno {
    /// Not an error: the operation cannot be done yet. Its caller goes on waiting, and the library calls the operation again,
    /// from its beginning, some time after [`Request::retry`](crate::Request::retry). Meanwhile others are served; but one on
    /// names keeps others out of its directory. Where nobody can wait it is `EAGAIN`.
    pub const LATER: Errno = Errno(0);

    /// The errno value `raw`, or `EIO` when there is no such value.
    pub const fn new(raw: i32) -> Errno {
        match raw {
            1..=MAX => Errno(raw as u8),
            _ => Errno(libc::EIO as u8),
        }
    }

    /// The number, from 1 to the largest that Linux has.
    pub const fn raw(self) -> i32 {
        match self {
            // Where nothing can be tried again.
            Errno::LATER => libc::EAGAIN,
            Errno(raw) => raw as i32,
        }
    }
}

impl std::fmt::Debug for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Errno({}: {self})", self.0)
    }
}

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&puffs_user::say::errno(self.raw()))
    }
}

impl std::error::Error for Errno {}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> io::Error {
        io::Error::from_raw_os_error(errno.raw())
    }
}

/// The errno value that the system gave, one for the kind of error, or `EIO`.
impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Errno {
        use io::ErrorKind;
        match (error.raw_os_error(), error.kind()) {
            (Some(raw), _) => Errno::new(raw),
            (_, ErrorKind::NotFound) => Errno::NOENT,
            (_, ErrorKind::PermissionDenied) => Errno::ACCES,
            (_, ErrorKind::AlreadyExists) => Errno::EXIST,
            (_, ErrorKind::InvalidInput) => Errno::INVAL,
            (_, ErrorKind::TimedOut) => Errno::TIMEDOUT,
            (_, ErrorKind::Interrupted) => Errno::INTR,
            (_, ErrorKind::WouldBlock) => Errno::AGAIN,
            (_, ErrorKind::Unsupported) => Errno::OPNOTSUPP,
            (_, ErrorKind::OutOfMemory) => Errno::NOMEM,
            _ => Errno::IO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_errno_value_is_an_input_output_error() {
        for raw in [0, -1, -libc::EPERM, MAX + 1, 512, i32::MIN, i32::MAX] {
            assert_eq!(Errno::new(raw), Errno::IO, "{raw}");
        }
        for raw in 1..=MAX {
            assert_eq!(Errno::new(raw).raw(), raw);
        }
        assert_eq!(Errno::LATER.raw(), libc::EAGAIN);
    }

    #[test]
    fn errors_of_the_library_have_numbers_too() {
        let errno = |error: io::Error| Errno::from(error);
        assert_eq!(errno(io::Error::from_raw_os_error(17)), Errno::EXIST);
        assert_eq!(errno(io::Error::from_raw_os_error(9999)), Errno::IO);
        assert_eq!(errno(io::ErrorKind::NotFound.into()), Errno::NOENT);
        assert_eq!(errno(io::Error::other("what")), Errno::IO);
        assert_eq!(io::Error::from(Errno::ROFS).raw_os_error(), Some(30));
    }
}
