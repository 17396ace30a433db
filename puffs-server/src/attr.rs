//! Attributes of nodes: [`Attr`], [`SetAttr`], [`New`], and the usual rules of who may do what with them.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use libc::timespec;
use puffs_user::access::{self, Owner};
use puffs_user::attr::{NONE, type_of_mode};
use puffs_user::c::consts::{VA_EXCLUSIVE, VA_UTIMES_NULL};
use puffs_user::c::vattr::vattr;
use puffs_user::cred::Cred;
use puffs_user::vtype::{self, Vtype};

use crate::errno::Errno;
use crate::flags::Access;

/// The bits of a mode that are not its type.
pub const PERMISSIONS: u32 = 0o7777;

/// What kind of thing a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileType {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A block device.
    BlockDevice,
    /// A character device.
    CharDevice,
    /// A symbolic link.
    Symlink,
    /// A socket.
    Socket,
    /// A FIFO.
    Fifo,
}

impl FileType {
    pub(crate) const fn to_c(self) -> Vtype {
        match self {
            FileType::File => vtype::VREG,
            FileType::Directory => vtype::VDIR,
            FileType::BlockDevice => vtype::VBLK,
            FileType::CharDevice => vtype::VCHR,
            FileType::Symlink => vtype::VLNK,
            FileType::Socket => vtype::VSOCK,
            FileType::Fifo => vtype::VFIFO,
        }
    }

    pub(crate) fn of_c(vtype: Vtype) -> Option<FileType> {
        const ALL: [FileType; 7] = [
            FileType::File,
            FileType::Directory,
            FileType::BlockDevice,
            FileType::CharDevice,
            FileType::Symlink,
            FileType::Socket,
            FileType::Fifo,
        ];
        ALL.into_iter().find(|kind| kind.to_c() == vtype)
    }

    /// The type in the bits of a `st_mode`.
    pub fn of_mode(mode: u32) -> Option<FileType> {
        FileType::of_c(type_of_mode(mode))
    }
}

/// All attributes of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attr {
    /// What it is.
    pub kind: FileType,
    /// Permission bits, [`PERMISSIONS`] at most.
    pub mode: u32,
    /// How many names it has.
    pub nlink: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Inode number.
    pub ino: u64,
    /// Size in bytes; `i64::MAX` at most.
    pub size: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// The block size to read and write with.
    pub blocksize: u32,
    /// Device number of a device, as `makedev` makes it.
    pub rdev: u64,
    /// Last access.
    pub atime: SystemTime,
    /// Last modification.
    pub mtime: SystemTime,
    /// Last change of the node.
    pub ctime: SystemTime,
    /// Creation.
    pub birthtime: SystemTime,
}

impl Attr {
    /// Those of an empty node of root's with one name (a directory: two), all its times those of now.
    pub fn new(kind: FileType, mode: u32, ino: u64) -> Attr {
        let now = SystemTime::now();
        Attr {
            kind,
            mode: mode & PERMISSIONS,
            nlink: 1 + u32::from(kind == FileType::Directory),
            uid: 0,
            gid: 0,
            ino,
            size: 0,
            bytes: 0,
            blocksize: 4096,
            rdev: 0,
            atime: now,
            mtime: now,
            ctime: now,
            birthtime: now,
        }
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.kind == FileType::Directory
    }

    /// The attributes and the changes. (What a change of size does to the contents is the server's.)
    pub fn apply(&mut self, changes: &SetAttr) {
        self.mode = changes.mode.unwrap_or(self.mode);
        self.uid = changes.uid.unwrap_or(self.uid);
        self.gid = changes.gid.unwrap_or(self.gid);
        self.size = changes.size.unwrap_or(self.size);
        self.atime = changes.atime.unwrap_or(self.atime);
        self.mtime = changes.mtime.unwrap_or(self.mtime);
    }

    fn owner(&self) -> Owner {
        Owner {
            uid: self.uid,
            gid: self.gid,
            mode: self.mode,
        }
    }

    /// May this caller do all of `wanted`? Exactly one class of permission bits counts: the owner's, else the group's, else
    /// the others'.
    ///
    /// # Errors
    /// `EACCES` when not.
    pub fn may_access(&self, wanted: Access, cred: &Cred) -> Result<(), Errno> {
        allowed(access::access(
            self.kind.to_c(),
            self.owner(),
            wanted.bits(),
            cred,
        ))
    }

    /// May this caller give the node to this owner and group?
    ///
    /// # Errors
    /// `EPERM` when not.
    pub fn may_chown(&self, uid: Option<u32>, gid: Option<u32>, cred: &Cred) -> Result<(), Errno> {
        let (uid, gid) = (uid.unwrap_or(NONE.va_uid), gid.unwrap_or(NONE.va_gid));
        allowed(access::chown(self.owner(), uid, gid, cred))
    }

    /// May this caller set these permission bits? The sticky bit is for directories, set-group-id for the caller's groups.
    ///
    /// # Errors
    /// `EPERM` or `EINVAL` when not.
    pub fn may_chmod(&self, mode: u32, cred: &Cred) -> Result<(), Errno> {
        allowed(access::chmod(self.owner(), self.kind.to_c(), mode, cred))
    }

    /// May this caller set the times, `to_now` or to others?
    ///
    /// # Errors
    /// `EPERM` or `EACCES` when not.
    pub fn may_set_times(&self, to_now: bool, cred: &Cred) -> Result<(), Errno> {
        allowed(access::times(self.owner(), to_now, cred))
    }

    /// As the dispatcher wants them. A size that is no offset makes no sense on any host.
    pub(crate) fn to_c(&self) -> Result<vattr, Errno> {
        i64::try_from(self.size).map_err(|_| Errno::OVERFLOW)?;
        Ok(vattr {
            va_type: self.kind.to_c(),
            va_mode: self.mode & PERMISSIONS,
            va_nlink: self.nlink,
            va_uid: self.uid,
            va_gid: self.gid,
            va_fileid: self.ino,
            va_size: self.size,
            va_blocksize: i64::from(self.blocksize),
            va_atime: time_out(self.atime),
            va_mtime: time_out(self.mtime),
            va_ctime: time_out(self.ctime),
            va_birthtime: time_out(self.birthtime),
            va_gen: 0,
            va_flags: 0,
            va_rdev: self.rdev,
            va_bytes: self.bytes,
            ..NONE
        })
    }
}

fn allowed(errno: i32) -> Result<(), Errno> {
    match errno {
        0 => Ok(()),
        errno => Err(Errno::new(errno)),
    }
}

/// Those of a file of the system, for servers that pass files on.
impl From<&Metadata> for Attr {
    fn from(meta: &Metadata) -> Attr {
        let time = |sec, nsec| {
            time_in(timespec {
                tv_sec: sec,
                tv_nsec: nsec,
            })
        };
        let ctime = time(meta.ctime(), meta.ctime_nsec());
        Attr {
            kind: FileType::of_mode(meta.mode()).unwrap_or(FileType::File),
            mode: meta.mode() & PERMISSIONS,
            nlink: u32::try_from(meta.nlink()).unwrap_or(u32::MAX - 1),
            uid: meta.uid(),
            gid: meta.gid(),
            ino: meta.ino(),
            size: meta.size(),
            bytes: meta.blocks().saturating_mul(512),
            blocksize: u32::try_from(meta.blksize()).unwrap_or(4096),
            rdev: meta.rdev(),
            atime: time(meta.atime(), meta.atime_nsec()),
            mtime: time(meta.mtime(), meta.mtime_nsec()),
            ctime,
            birthtime: meta.created().unwrap_or(ctime),
        }
    }
}

/// What of a node's attributes is to be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetAttr {
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Size: the file is cut, or grows by zeros.
    pub size: Option<u64>,
    /// Last access.
    pub atime: Option<SystemTime>,
    /// Last modification.
    pub mtime: Option<SystemTime>,
    /// The times are those of now because the caller gave none: for that, permission to write is enough.
    pub times_are_now: bool,
}

impl SetAttr {
    pub(crate) fn of_c(va: &vattr) -> SetAttr {
        let number = |value: u32| (value != u32::MAX).then_some(value);
        // A second may be -1; a nanosecond is not.
        let time = |time: timespec| (time.tv_nsec != -1).then(|| time_in(time));
        SetAttr {
            mode: number(va.va_mode).map(|mode| mode & PERMISSIONS),
            uid: number(va.va_uid),
            gid: number(va.va_gid),
            size: (va.va_size != NONE.va_size).then_some(va.va_size),
            atime: time(va.va_atime),
            mtime: time(va.va_mtime),
            times_are_now: va.va_vaflags & VA_UTIMES_NULL != 0,
        }
    }
}

/// What a new node is to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// What it is.
    pub kind: FileType,
    /// Permission bits, with the caller's umask taken away.
    pub mode: u32,
    /// Device number of a device, else 0.
    pub rdev: u64,
    /// The caller insists that it be new (`O_EXCL`).
    pub exclusive: bool,
}

impl New {
    pub(crate) fn of_c(va: &vattr) -> Option<New> {
        Some(New {
            kind: FileType::of_c(va.va_type)?,
            mode: va.va_mode & PERMISSIONS,
            rdev: match va.va_rdev {
                rdev if rdev == NONE.va_rdev => 0,
                rdev => rdev,
            },
            exclusive: va.va_vaflags & VA_EXCLUSIVE != 0,
        })
    }
}

pub(crate) fn time_in(time: timespec) -> SystemTime {
    let seconds = Duration::from_secs(time.tv_sec.unsigned_abs());
    let whole = match time.tv_sec {
        0.. => UNIX_EPOCH.checked_add(seconds),
        _ => UNIX_EPOCH.checked_sub(seconds),
    };
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0).min(999_999_999);
    whole
        .and_then(|whole| whole.checked_add(Duration::from_nanos(u64::from(nanos))))
        .unwrap_or(UNIX_EPOCH)
}

pub(crate) fn time_out(time: SystemTime) -> timespec {
    let seconds = |since: Duration| i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let (tv_sec, tv_nsec) = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => (seconds(since), since.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            match before.subsec_nanos() {
                0 => (-seconds(before), 0),
                nanos => (-seconds(before) - 1, 1_000_000_000 - nanos),
            }
        }
    };
    timespec {
        tv_sec,
        tv_nsec: i64::from(tv_nsec),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_both_ways() {
        for (tv_sec, tv_nsec) in [
            (0, 0),
            (1, 5),
            (-1, 0),
            (-1, 999_999_999),
            (-7, 250),
            (i64::MAX, 999_999_999),
            (i64::MIN + 1, 0),
        ] {
            let there = time_out(time_in(timespec { tv_sec, tv_nsec }));
            assert_eq!((there.tv_sec, there.tv_nsec), (tv_sec, tv_nsec));
        }
    }

    #[test]
    fn what_is_not_given_is_not_changed() {
        let nothing = SetAttr::of_c(&NONE);
        assert_eq!(nothing, SetAttr::default());
        let mut attr = Attr::new(FileType::File, 0o100_644, 9);
        let before = attr.clone();
        attr.apply(&nothing);
        assert_eq!((attr, before.mode), (before, 0o644));

        let changes = SetAttr::of_c(&vattr {
            va_mode: 0o100_600,
            va_mtime: timespec {
                tv_sec: -1,
                tv_nsec: 0,
            },
            ..NONE
        });
        let second_before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!((changes.mode, changes.uid), (Some(0o600), None));
        assert_eq!((changes.mtime, changes.atime), (Some(second_before), None));
    }

    #[test]
    fn a_size_that_is_no_offset_is_refused() {
        let mut attr = Attr::new(FileType::File, 0, 1);
        attr.size = i64::MAX as u64;
        assert!(attr.to_c().is_ok());
        attr.size += 1;
        assert_eq!(attr.to_c().err(), Some(Errno::OVERFLOW));
    }
}
