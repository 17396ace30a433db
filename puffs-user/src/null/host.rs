//! The host's system calls that the null layer needs, relative to descriptors, with errors as errno values.

use std::ffi::{CStr, CString};
use std::mem::{MaybeUninit, zeroed};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use core::ffi::{c_int, c_uint};

use libc::{mode_t, timespec};

use crate::attr::type_of_mode;
use crate::c::vattr::vattr;
use crate::sys::{check, errno};
use crate::vtype::Vtype;

/// What tells files apart, as long as they live: device and inode number. The type tells some of those apart that have had a number one
/// after the other. (Their times of birth would too, but some file systems change them.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ident {
    pub(super) dev: u64,
    pub(super) ino: u64,
    pub(super) vtype: Vtype,
}

/// What the host says of a file.
#[derive(Clone, Copy)]
pub(super) struct Stat {
    pub(super) ident: Ident,
    pub(super) nlink: u32,
    pub(super) attr: vattr,
}

impl Stat {
    pub(super) const fn vtype(&self) -> Vtype {
        self.attr.va_type
    }
}

/// Asks about `name` in `dir`, which is not followed; about `dir` itself when there is no name.
pub(super) fn stat(dir: BorrowedFd<'_>, name: &CStr) -> Result<Stat, i32> {
    let mut flags = libc::AT_SYMLINK_NOFOLLOW | libc::AT_NO_AUTOMOUNT;
    if name.is_empty() {
        flags |= libc::AT_EMPTY_PATH;
    }
    let mask = libc::STATX_BASIC_STATS | libc::STATX_BTIME;
    // SAFETY: plain numbers, for which zero is a value.
    let mut stx: libc::statx = unsafe { zeroed() };
    // SAFETY: the name is a C string, and `stx` has room for the answer.
    check(unsafe {
        libc::statx(
            dir.as_raw_fd(),
            name.as_ptr(),
            flags,
            mask as c_uint,
            &raw mut stx,
        )
    })?;
    let time = |t: libc::statx_timestamp| timespec {
        tv_sec: t.tv_sec,
        tv_nsec: i64::from(t.tv_nsec),
    };
    let born = match stx.stx_mask & libc::STATX_BTIME {
        0 => stx.stx_ctime,
        _ => stx.stx_btime,
    };
    let dev = libc::makedev(stx.stx_dev_major, stx.stx_dev_minor);
    let mode = mode_t::from(stx.stx_mode);
    Ok(Stat {
        ident: Ident {
            dev,
            ino: stx.stx_ino,
            vtype: type_of_mode(mode),
        },
        nlink: stx.stx_nlink,
        attr: vattr {
            va_type: type_of_mode(mode),
            va_mode: mode,
            va_nlink: stx.stx_nlink,
            va_uid: stx.stx_uid,
            va_gid: stx.stx_gid,
            va_fsid: dev,
            va_fileid: stx.stx_ino,
            va_size: stx.stx_size,
            va_blocksize: i64::from(stx.stx_blksize),
            va_atime: time(stx.stx_atime),
            va_mtime: time(stx.stx_mtime),
            va_ctime: time(stx.stx_ctime),
            va_birthtime: time(born),
            va_gen: 0,
            va_flags: 0,
            va_rdev: libc::makedev(stx.stx_rdev_major, stx.stx_rdev_minor),
            va_bytes: stx.stx_blocks * 512,
            va_filerev: 0,
            va_vaflags: 0,
            va_spare: 0,
        },
    })
}

fn own(fd: c_int) -> Result<OwnedFd, i32> {
    let fd = check(fd)?;
    // SAFETY: the call has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Opens a path of the host's, following links: for the root.
pub(super) fn open_root(path: &CStr) -> Result<OwnedFd, i32> {
    let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
    // SAFETY: a C string.
    own(unsafe { libc::open(path.as_ptr(), flags) })
}

/// Most of a path that one call takes.
const PIECE: usize = 4000;

/// Opens what is below `dir`, without following a link anywhere: whoever may change the tree beside us could lead us out of it. The path may
/// be longer than the host's are.
pub(super) fn open_below(dir: BorrowedFd<'_>, path: &[u8], flags: c_int) -> Result<OwnedFd, i32> {
    let (mut on_the_way, mut rest): (Option<OwnedFd>, _) = (None, path);
    while rest.len() > PIECE {
        let slash = rest[..PIECE].iter().rposition(|&b| b == b'/');
        let (piece, behind) = rest.split_at(slash.ok_or(libc::ENAMETOOLONG)?);
        let from = on_the_way.as_ref().map_or(dir, |fd| fd.as_fd());
        let next = open_piece(from, piece, libc::O_PATH | libc::O_DIRECTORY)?;
        (on_the_way, rest) = (Some(next), &behind[1..]);
    }
    let from = on_the_way.as_ref().map_or(dir, |fd| fd.as_fd());
    open_piece(from, rest, flags)
}

fn open_piece(dir: BorrowedFd<'_>, path: &[u8], flags: c_int) -> Result<OwnedFd, i32> {
    let path = CString::new(path).map_err(|_| libc::EINVAL)?;
    let path = if path.is_empty() { c"." } else { &path };
    let flags = flags | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: plain numbers, for which zero is a value.
    let mut how: libc::open_how = unsafe { zeroed() };
    how.flags = flags as u64;
    how.resolve = libc::RESOLVE_BENEATH | libc::RESOLVE_NO_SYMLINKS | libc::RESOLVE_NO_MAGICLINKS;
    // A tree that is being changed may have to be walked again.
    for _ in 0..8 {
        // SAFETY: a C string, and a structure of the size that is said.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_openat2,
                dir.as_raw_fd(),
                path.as_ptr(),
                &raw const how,
                size_of_val(&how),
            )
        };
        match own(fd as c_int) {
            Err(libc::EAGAIN | libc::EINTR) => {}
            // Before Linux 5.6 only the last component is safe.
            Err(libc::ENOSYS) => return open_at(dir, path, flags, 0),
            Err(libc::ELOOP) => return Err(libc::ESTALE),
            result => return result,
        }
    }
    Err(libc::EAGAIN)
}

/// Opens a name in a directory, or makes it.
pub(super) fn open_at(
    dir: BorrowedFd<'_>,
    name: &CStr,
    flags: c_int,
    mode: mode_t,
) -> Result<OwnedFd, i32> {
    let flags = flags | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: a C string.
    own(unsafe { libc::openat(dir.as_raw_fd(), name.as_ptr(), flags, mode) })
}

/// The name under which the system shows a descriptor.
fn shown(fd: BorrowedFd<'_>) -> CString {
    // Digits have no NUL.
    CString::new(format!("/proc/self/fd/{}", fd.as_raw_fd())).unwrap_or_default()
}

/// Opens again what a descriptor stands for.
pub(super) fn reopen(fd: BorrowedFd<'_>, flags: c_int) -> Result<OwnedFd, i32> {
    // SAFETY: a C string.
    own(unsafe { libc::open(shown(fd).as_ptr(), flags | libc::O_CLOEXEC) })
}

/// Changes permission bits.
pub(super) fn chmod(fd: BorrowedFd<'_>, mode: mode_t) -> Result<(), i32> {
    // SAFETY: a C string. What the descriptor stands for is what is changed.
    check(unsafe { libc::chmod(shown(fd).as_ptr(), mode) }).map(drop)
}

/// Changes owner and group; all bits set: not that one.
pub(super) fn chown(fd: BorrowedFd<'_>, uid: u32, gid: u32) -> Result<(), i32> {
    let flags = libc::AT_EMPTY_PATH;
    // SAFETY: a C string.
    check(unsafe { libc::fchownat(fd.as_raw_fd(), c"".as_ptr(), uid, gid, flags) }).map(drop)
}

/// Changes times.
pub(super) fn utimens(fd: BorrowedFd<'_>, times: &[timespec; 2]) -> Result<(), i32> {
    let flags = libc::AT_EMPTY_PATH;
    // SAFETY: a C string and two times.
    let rv = unsafe { libc::utimensat(fd.as_raw_fd(), c"".as_ptr(), times.as_ptr(), flags) };
    match check(rv) {
        // Before Linux 5.8.
        Err(libc::EINVAL) => {
            // SAFETY: as above.
            check(unsafe { libc::utimensat(libc::AT_FDCWD, shown(fd).as_ptr(), times.as_ptr(), 0) })
                .map(drop)
        }
        result => result.map(drop),
    }
}

/// Changes the size.
pub(super) fn truncate(fd: BorrowedFd<'_>, size: i64) -> Result<(), i32> {
    // SAFETY: a C string.
    check(unsafe { libc::truncate(shown(fd).as_ptr(), size) }).map(drop)
}

/// Changes the size of a file that is open for writing.
pub(super) fn ftruncate(fd: BorrowedFd<'_>, size: i64) -> Result<(), i32> {
    // SAFETY: numbers only.
    check(unsafe { libc::ftruncate(fd.as_raw_fd(), size) }).map(drop)
}

pub(super) fn mknod(dir: BorrowedFd<'_>, name: &CStr, mode: mode_t, rdev: u64) -> Result<(), i32> {
    // SAFETY: a C string.
    check(unsafe { libc::mknodat(dir.as_raw_fd(), name.as_ptr(), mode, rdev) }).map(drop)
}

pub(super) fn mkdir(dir: BorrowedFd<'_>, name: &CStr, mode: mode_t) -> Result<(), i32> {
    // SAFETY: a C string.
    check(unsafe { libc::mkdirat(dir.as_raw_fd(), name.as_ptr(), mode) }).map(drop)
}

pub(super) fn symlink(target: &CStr, dir: BorrowedFd<'_>, name: &CStr) -> Result<(), i32> {
    // SAFETY: two C strings.
    check(unsafe { libc::symlinkat(target.as_ptr(), dir.as_raw_fd(), name.as_ptr()) }).map(drop)
}

/// Gives what a descriptor stands for one more name.
pub(super) fn link(fd: BorrowedFd<'_>, dir: BorrowedFd<'_>, name: &CStr) -> Result<(), i32> {
    let link = |from: RawFd, path: &CStr, flags| {
        // SAFETY: two C strings.
        check(unsafe { libc::linkat(from, path.as_ptr(), dir.as_raw_fd(), name.as_ptr(), flags) })
            .map(drop)
    };
    match link(fd.as_raw_fd(), c"", libc::AT_EMPTY_PATH) {
        // That needs a privilege on many systems.
        Err(libc::ENOENT) => link(libc::AT_FDCWD, &shown(fd), libc::AT_SYMLINK_FOLLOW),
        result => result,
    }
}

pub(super) fn unlink(dir: BorrowedFd<'_>, name: &CStr, flags: c_int) -> Result<(), i32> {
    // SAFETY: a C string.
    check(unsafe { libc::unlinkat(dir.as_raw_fd(), name.as_ptr(), flags) }).map(drop)
}

pub(super) fn rename(
    from: (BorrowedFd<'_>, &CStr),
    to: (BorrowedFd<'_>, &CStr),
) -> Result<(), i32> {
    // SAFETY: two C strings.
    check(unsafe {
        libc::renameat(
            from.0.as_raw_fd(),
            from.1.as_ptr(),
            to.0.as_raw_fd(),
            to.1.as_ptr(),
        )
    })
    .map(drop)
}

/// Where a symbolic link leads; as much of it as there is room.
pub(super) fn readlink(fd: BorrowedFd<'_>, to: &mut [u8]) -> Result<usize, i32> {
    // SAFETY: a C string, and room for as many bytes as is said.
    let len = unsafe {
        libc::readlinkat(
            fd.as_raw_fd(),
            c"".as_ptr(),
            to.as_mut_ptr().cast(),
            to.len(),
        )
    };
    usize::try_from(len).map_err(|_| errno())
}

/// Brings a file to stable storage.
pub(super) fn fsync(fd: BorrowedFd<'_>, data_only: bool) -> Result<(), i32> {
    // SAFETY: numbers only.
    check(unsafe {
        match data_only {
            true => libc::fdatasync(fd.as_raw_fd()),
            false => libc::fsync(fd.as_raw_fd()),
        }
    })
    .map(drop)
}

/// Reads until there is no more, or no more room. Returns the bytes read; an error only when there are none.
///
/// # Safety
/// `to` has room for `len` bytes.
pub(super) unsafe fn read(
    fd: BorrowedFd<'_>,
    to: *mut u8,
    len: usize,
    offset: i64,
) -> Result<usize, i32> {
    let mut done = 0;
    while done < len {
        // SAFETY: by contract; what was read fits.
        let n = unsafe {
            libc::pread(
                fd.as_raw_fd(),
                to.add(done).cast(),
                len - done,
                offset.saturating_add(done as i64),
            )
        };
        match (usize::try_from(n), errno()) {
            (Ok(0), _) => break,
            (Ok(n), _) => done += n,
            (Err(_), libc::EINTR) => {}
            (Err(_), error) if done == 0 => return Err(error),
            (Err(_), _) => break,
        }
    }
    Ok(done)
}

/// Writes all of it. Returns the bytes written, which are fewer only when the host writes none and does not say why.
///
/// # Safety
/// `from` has `len` bytes.
pub(super) unsafe fn write(
    fd: BorrowedFd<'_>,
    from: *const u8,
    len: usize,
    offset: i64,
) -> Result<usize, i32> {
    let mut done = 0;
    while done < len {
        // SAFETY: by contract.
        let n = unsafe {
            libc::pwrite(
                fd.as_raw_fd(),
                from.add(done).cast(),
                len - done,
                offset.saturating_add(done as i64),
            )
        };
        match (usize::try_from(n), errno()) {
            (Ok(0), _) => break,
            (Ok(n), _) => done += n,
            (Err(_), libc::EINTR) => {}
            // Whoever is told of an error does not believe that anything was written.
            (Err(_), error) => return Err(error),
        }
    }
    Ok(done)
}

/// Goes to an offset of a directory.
pub(super) fn seek(fd: BorrowedFd<'_>, offset: i64) -> Result<(), i32> {
    // SAFETY: numbers only.
    match unsafe { libc::lseek(fd.as_raw_fd(), offset, libc::SEEK_SET) } {
        -1 => Err(errno()),
        _ => Ok(()),
    }
}

/// Reads records of a directory, in the form of `struct dirent64`. Returns their bytes.
pub(super) fn getdents(fd: BorrowedFd<'_>, to: &mut [u64]) -> Result<usize, i32> {
    // SAFETY: room for as many bytes as is said.
    let n = unsafe {
        libc::syscall(
            libc::SYS_getdents64,
            fd.as_raw_fd(),
            to.as_mut_ptr(),
            size_of_val(to),
        )
    };
    usize::try_from(n).map_err(|_| errno())
}

/// Figures of the file system that a descriptor is on.
pub(super) fn statvfs(fd: BorrowedFd<'_>) -> Result<libc::statvfs, i32> {
    let mut st = MaybeUninit::uninit();
    // SAFETY: room for the answer.
    check(unsafe { libc::fstatvfs(fd.as_raw_fd(), st.as_mut_ptr()) })?;
    // SAFETY: the call has filled it.
    Ok(unsafe { st.assume_init() })
}

/// Most bytes of a handle, its head included.
pub(super) const HANDLE: usize = 8 + libc::MAX_HANDLE_SZ as usize;

/// The host's handle of a file: length, type, and that many bytes.
pub(super) fn handle(fd: BorrowedFd<'_>) -> Result<Vec<u8>, i32> {
    let mut whole = [0_u32; HANDLE / 4];
    let mut mount: c_int = 0;
    let mut ask = |flags| {
        whole[0] = libc::MAX_HANDLE_SZ as u32;
        // SAFETY: room for the head and as many bytes as it says; a C string.
        check(unsafe {
            libc::name_to_handle_at(
                fd.as_raw_fd(),
                c"".as_ptr(),
                whole.as_mut_ptr().cast(),
                &raw mut mount,
                flags,
            )
        })
    };
    match ask(libc::AT_EMPTY_PATH) {
        // A file system that cannot find files by handle may still name them.
        Err(libc::EOPNOTSUPP) => ask(libc::AT_EMPTY_PATH | AT_HANDLE_FID)?,
        result => result?,
    };
    let len = (8 + whole[0] as usize).min(HANDLE);
    let bytes = whole.iter().flat_map(|word| word.to_ne_bytes());
    Ok(bytes.take(len).collect())
}

/// `AT_HANDLE_FID`: a handle to compare, which need not be good for opening.
const AT_HANDLE_FID: c_int = 0x200;

/// Whether this process may do what only root may, as far as files are concerned.
pub(super) fn is_root() -> bool {
    // SAFETY: a question without side effects.
    unsafe { libc::geteuid() == 0 }
}
