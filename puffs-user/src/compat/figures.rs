//! `struct statvfs` of the reference from what Linux says of a mounted file system: [`of_path`], [`of_fd`].

use core::ffi::{CStr, c_char, c_int, c_ulong};
use core::mem::MaybeUninit;
use std::io;

use crate::c::consts;
use crate::c::statvfs::{puffs_fsid, puffs_statvfs};
use crate::mounting;

/// The file system that `path` is on.
///
/// # Errors
/// As statvfs(3).
pub fn of_path(path: &CStr) -> io::Result<puffs_statvfs> {
    figures(libc::AT_FDCWD, path, 0, |to| {
        // SAFETY: a C string, and room for the answer.
        unsafe { libc::statvfs64(path.as_ptr(), to) }
    })
}

/// The file system that an open file is on.
///
/// # Errors
/// As fstatvfs(3).
pub fn of_fd(fd: c_int) -> io::Result<puffs_statvfs> {
    figures(fd, c"", libc::AT_EMPTY_PATH, |to| {
        // SAFETY: room for the answer.
        unsafe { libc::fstatvfs64(fd, to) }
    })
}

fn figures(
    dirfd: c_int,
    path: &CStr,
    flags: c_int,
    call: impl FnOnce(*mut libc::statvfs64) -> c_int,
) -> io::Result<puffs_statvfs> {
    let mut host = MaybeUninit::zeroed();
    if call(host.as_mut_ptr()) == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: filled, and plain numbers anyhow.
    let mut figures = convert(&unsafe { host.assume_init() });
    // The names are extras: without them the figures are as good.
    let id = mount_id(dirfd, path, flags);
    if let Some(mount) = id.and_then(|id| mounting::by_id(id).ok().flatten()) {
        put(&mut figures.f_fstypename, &mount.fstype);
        put(&mut figures.f_mntonname, &mount.dir);
        put(&mut figures.f_mntfromname, &mount.source);
    }
    Ok(figures)
}

fn mount_id(dirfd: c_int, path: &CStr, flags: c_int) -> Option<u64> {
    let mut answer = MaybeUninit::<libc::statx>::zeroed();
    let flags = flags | libc::AT_STATX_DONT_SYNC;
    // SAFETY: a C string, and room for the answer.
    let result = unsafe {
        libc::statx(
            dirfd,
            path.as_ptr(),
            flags,
            libc::STATX_MNT_ID,
            answer.as_mut_ptr(),
        )
    };
    // SAFETY: plain numbers, all zero at first.
    let answer = unsafe { answer.assume_init() };
    (result == 0 && answer.stx_mask & libc::STATX_MNT_ID != 0).then_some(answer.stx_mnt_id)
}

fn convert(host: &libc::statvfs64) -> puffs_statvfs {
    puffs_statvfs {
        f_flag: flags(host.f_flag),
        f_bsize: host.f_bsize,
        f_frsize: host.f_frsize,
        f_iosize: host.f_bsize,
        f_blocks: host.f_blocks,
        f_bfree: host.f_bfree,
        f_bavail: host.f_bavail,
        f_bresvd: host.f_bfree.saturating_sub(host.f_bavail),
        f_files: host.f_files,
        f_ffree: host.f_ffree,
        f_favail: host.f_favail,
        f_fresvd: host.f_ffree.saturating_sub(host.f_favail),
        f_fsidx: puffs_fsid {
            __fsid_val: [host.f_fsid as i32, (host.f_fsid >> 32) as i32],
        },
        f_fsid: host.f_fsid,
        f_namemax: host.f_namemax,
        ..puffs_statvfs::ZERO
    }
}

/// Linux's flags of a mount with the reference's values.
fn flags(host: c_ulong) -> c_ulong {
    [
        (libc::ST_RDONLY, consts::PUFFS_MNT_RDONLY),
        (libc::ST_SYNCHRONOUS, consts::PUFFS_MNT_SYNCHRONOUS),
        (libc::ST_NOEXEC, consts::PUFFS_MNT_NOEXEC),
        (libc::ST_NOSUID, consts::PUFFS_MNT_NOSUID),
        (libc::ST_NODEV, consts::PUFFS_MNT_NODEV),
        (libc::ST_NOATIME, consts::PUFFS_MNT_NOATIME),
    ]
    .into_iter()
    .filter(|(bit, _)| host & bit != 0)
    .fold(0, |all, (_, flag)| all | flag as c_ulong)
}

/// Writes as much of a name as fits, and a NUL.
fn put(to: &mut [c_char], name: &[u8]) {
    let room = to.len() - 1;
    for (to, byte) in to[..room].iter_mut().zip(name) {
        *to = *byte as c_char;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    fn name(field: &[c_char]) -> Vec<u8> {
        let bytes = field.iter().map(|byte| *byte as u8);
        bytes.take_while(|byte| *byte != 0).collect()
    }

    #[test]
    fn a_mount_is_described_with_its_names() {
        let proc = of_path(c"/proc/self/stat").unwrap();
        assert_eq!(name(&proc.f_fstypename), b"proc");
        assert_eq!(name(&proc.f_mntonname), b"/proc");
        assert_eq!(proc.f_iosize, proc.f_bsize);
        assert_eq!((proc.f_blocks, proc.f_namemax), (0, 255));
        let file = std::fs::File::open("/proc/self/stat").unwrap();
        let same = of_fd(file.as_raw_fd()).unwrap();
        assert_eq!(name(&same.f_mntonname), b"/proc");
        assert_eq!(same.f_flag, proc.f_flag);
    }

    #[test]
    fn what_only_root_may_use_is_reserved() {
        // SAFETY: plain numbers.
        let mut host: libc::statvfs64 = unsafe { core::mem::zeroed() };
        host.f_bfree = 10;
        host.f_bavail = 7;
        host.f_ffree = 5;
        host.f_favail = 5;
        host.f_flag = libc::ST_RDONLY | libc::ST_NODEV | libc::ST_RELATIME;
        let figures = convert(&host);
        assert_eq!((figures.f_bresvd, figures.f_fresvd), (3, 0));
        let expected = consts::PUFFS_MNT_RDONLY | consts::PUFFS_MNT_NODEV;
        assert_eq!(figures.f_flag, expected as c_ulong);
    }

    #[test]
    fn errors_are_the_hosts() {
        let error = of_path(c"/no such path").err().unwrap();
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        assert_eq!(of_fd(-1).err().unwrap().raw_os_error(), Some(libc::EBADF));
    }

    #[test]
    fn long_names_are_cut() {
        let mut field = [1; 4];
        field[3] = 0;
        put(&mut field, b"abcdef");
        assert_eq!(name(&field), b"abc");
    }
}
