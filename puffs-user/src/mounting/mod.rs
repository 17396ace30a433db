//! Mounting and unmounting on Linux, as far as it is the same for every kind of file system.
//!
//! A mount is named by its directory *and* its device number, so that what somebody else mounted over it is never
//! touched. Nothing here asks the file system itself anything while its own thread would have to answer.
//!
//! | file | holds |
//! |---|---|
//! | `table` | the table of mounts |
//! | `unmount` | [`Mounted`]: unmounting from a thread that serves the very file system |
//! | `exit` | what a server that calls exit(3) leaves behind |
//! | `ready` | the descriptor that a main loop waits for |

mod exit;
mod ready;
mod table;
mod unmount;

use std::ffi::{CStr, OsStr};
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;

use crate::c::consts;
use crate::sys;

pub use ready::{Ready, Wake};
pub use table::{Dev, Entry, Named, by_id, knows_type, mounted_at};
pub use unmount::{Mounted, Site, Undo, umount, without_signals};

/// Why nothing can be mounted in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Something of this kind is mounted there already.
    Taken,
    /// It is not there, or not of the root's type: the errno value.
    Place(i32),
    /// The table of mounts cannot be read: the errno value.
    Table(i32),
}

/// Looks at a mount point without asking a file system of this `kind`, which may be our own. `rootmode` are the type bits of
/// the root that is to be mounted there.
///
/// # Errors
/// [`Unfit`].
pub fn check_place(dir: &CStr, kind: &str, rootmode: u32) -> Result<(), Unfit> {
    let entry = mounted_at(OsStr::from_bytes(dir.to_bytes()))
        .map_err(|error| Unfit::Table(error.raw_os_error().unwrap_or(libc::EIO)))?;
    if entry.is_some_and(|entry| entry.is(kind)) {
        return Err(Unfit::Taken);
    }
    // SAFETY: all zeroes is a value of this plain structure.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: a C string, and room for the answer.
    sys::check(unsafe { libc::stat(dir.as_ptr(), &raw mut stat) }).map_err(Unfit::Place)?;
    match (stat.st_mode & libc::S_IFMT, rootmode) {
        (there, wanted) if there == wanted => Ok(()),
        (_, libc::S_IFDIR) => Err(Unfit::Place(libc::ENOTDIR)),
        _ => Err(Unfit::Place(libc::EINVAL)),
    }
}

/// The mount flags of puffs as those of Linux.
pub fn flags(mntflags: u32) -> libc::c_ulong {
    [
        (consts::PUFFS_MNT_RDONLY, libc::MS_RDONLY),
        (consts::PUFFS_MNT_SYNCHRONOUS, libc::MS_SYNCHRONOUS),
        (consts::PUFFS_MNT_NOEXEC, libc::MS_NOEXEC),
        (consts::PUFFS_MNT_NOSUID, libc::MS_NOSUID),
        (consts::PUFFS_MNT_NODEV, libc::MS_NODEV),
        (consts::PUFFS_MNT_NOATIME, libc::MS_NOATIME),
    ]
    .into_iter()
    .filter(|(puffs, _)| mntflags & *puffs as u32 != 0)
    .fold(0, |all, (_, linux)| all | linux)
}

/// The type's name for mount(2): the `kind`, and the server's own name behind a dot.
pub fn fstype(kind: &str, name: &CStr) -> Vec<u8> {
    let mut fstype = kind.as_bytes().to_vec();
    if !name.is_empty() {
        fstype.push(b'.');
        fstype.extend_from_slice(name.to_bytes());
    }
    fstype
}

/// Ends what a descriptor that others may still name is open for: it becomes `/dev/null`.
fn cut(fd: RawFd) {
    // SAFETY: a C string.
    let null = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
    if null != -1 {
        // SAFETY: numbers only; `null` is ours to close.
        unsafe {
            libc::dup3(null, fd, libc::O_CLOEXEC);
            libc::close(null);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_translated() {
        let all = [
            consts::PUFFS_MNT_RDONLY,
            consts::PUFFS_MNT_NOSUID,
            consts::PUFFS_MNT_NODEV,
        ];
        let puffs = all.into_iter().fold(0, |flags, flag| flags | flag as u32);
        assert_eq!(
            flags(puffs),
            libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV
        );
        assert_eq!(flags(0x8000_0000), 0);
    }

    #[test]
    fn a_type_has_the_servers_name_behind_a_dot() {
        assert_eq!(fstype("fuse", c""), b"fuse");
        assert_eq!(fstype("puffs", c"memfs"), b"puffs.memfs");
    }

    #[test]
    fn a_place_that_cannot_be_is_refused() {
        let check = |dir: &CStr, kind| check_place(dir, kind, libc::S_IFDIR);
        let nowhere = check(c"/no/such/place", "fuse");
        assert_eq!(nowhere, Err(Unfit::Place(libc::ENOENT)));
        let file = check(c"/etc/passwd", "fuse");
        assert_eq!(file, Err(Unfit::Place(libc::ENOTDIR)));
        assert_eq!(check(c"/proc", "proc"), Err(Unfit::Taken));
        assert_eq!(check(c"/proc", "fuse"), Ok(()));
        assert_eq!(
            check_place(c"/etc", "fuse", libc::S_IFREG),
            Err(Unfit::Place(libc::EINVAL))
        );
    }

    #[test]
    fn a_cut_descriptor_is_still_there_and_says_nothing() {
        use std::io::Read;
        use std::os::fd::AsRawFd;
        let (mut reader, writer) = std::io::pipe().unwrap();
        cut(writer.as_raw_fd());
        assert_eq!(reader.read(&mut [0]).unwrap(), 0, "the pipe has no writer");
    }
}
