//! Mounting and unmounting on Linux.
//!
//! Root mounts with mount(2), others with `fusermount3`. A mount is named by its directory *and* its device
//! number, so that what somebody else mounted over it is never touched. Nothing here asks the file system
//! itself anything while its own thread would have to answer.

mod error;
mod exit;
mod helper;
mod table;
mod unmount;

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;

use puffs_user::c::consts;
use puffs_user::host::MountArgs;
use puffs_vfs::nodes::VType;

pub use error::Error;
pub(crate) use unmount::{Mounted, without_signals};

use crate::attr::type_bits;
use crate::device::Device;
use crate::ready::Ready;
use unmount::{Site, Via};

/// Longest options page of mount(2).
const OPTIONS: usize = 4000;

/// What is to be mounted, in Linux's words.
struct Plan<'a> {
    dir: &'a CStr,
    from: &'a CStr,
    subtype: &'a CStr,
    rootmode: u32,
    flags: libc::c_ulong,
    default_permissions: bool,
}

/// Mounts a file system and returns its connection, and what a main loop waits for.
///
/// With `default_permissions` the kernel judges by owner, group and mode; without, the server is asked.
pub(crate) fn mount(
    args: &MountArgs,
    default_permissions: bool,
) -> Result<(Device, Ready, Mounted), Error> {
    let rootmode = match VType::of_node(args.root.vtype) {
        Some(vtype @ (VType::Dir | VType::Reg)) => type_bits(vtype),
        _ => return Err(Error::RootType),
    };
    check_place(&args.dir, rootmode)?;
    let plan = Plan {
        dir: &args.dir,
        from: &args.from,
        subtype: &args.fstype,
        rootmode,
        flags: flags(args.mntflags),
        default_permissions,
    };
    let ready = Ready::new().map_err(|error| Error::System("epoll", code(&error)))?;
    // SAFETY: no arguments.
    let root = unsafe { libc::geteuid() } == 0;
    let (device, via) = match root {
        true => match mount_directly(&plan) {
            // Root without the right to mount, as in some containers: the helper may have been given it.
            Err(Error::Mount(libc::EPERM)) if helper::exists() => helper::mount(&plan)?,
            other => other?,
        },
        false => helper::mount(&plan)?,
    };
    match attend(args, &device, via, &ready) {
        Ok(mounted) => Ok((device, ready, mounted)),
        Err(error) => {
            // The connection first, so that nothing waits for us.
            drop(device);
            let _ = unmount::unmount(&args.dir, via, true);
            Err(error)
        }
    }
}

/// Begins to look after what has just been mounted.
fn attend(args: &MountArgs, device: &Device, via: Via, ready: &Ready) -> Result<Mounted, Error> {
    ready
        .watch(device.fd())
        .map_err(|error| Error::System("epoll", code(&error)))?;
    let dev = match table::mounted_at(OsStr::from_bytes(args.dir.to_bytes())) {
        Ok(Some(entry)) if entry.is_fuse => entry.dev,
        // Somebody was quick to unmount it, and the connection's end follows: the session will see it. No mount
        // has this number.
        _ if device.ends_within(1000) => (0, 0),
        // The place has another name than we were told.
        _ => return Err(Error::MountPoint(libc::EINVAL)),
    };
    let site = Site {
        dir: CString::from(&*args.dir),
        dev,
        via,
    };
    Ok(Mounted::new(site, device.fd(), ready.waker()))
}

fn mount_directly(plan: &Plan<'_>) -> Result<(Device, Via), Error> {
    let device = Device::open().map_err(|error| Error::Device(code(&error)))?;
    if !device.is_fuse() {
        return Err(Error::NotTheDevice);
    }
    // SAFETY: no arguments.
    let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
    let mut options = format!(
        "fd={},rootmode={:o},user_id={uid},group_id={gid},allow_other",
        device.fd(),
        plan.rootmode
    );
    if plan.default_permissions {
        options.push_str(",default_permissions");
    }
    debug_assert!(options.len() < OPTIONS);
    let options = CString::new(options).map_err(|_| Error::Mount(libc::EINVAL))?;
    let mut fstype = b"fuse".to_vec();
    if !plan.subtype.is_empty() {
        fstype.push(b'.');
        fstype.extend_from_slice(plan.subtype.to_bytes());
    }
    let fstype = CString::new(fstype).map_err(|_| Error::Mount(libc::EINVAL))?;
    // SAFETY: four C strings that outlive the call.
    let done = unsafe {
        libc::mount(
            plan.from.as_ptr(),
            plan.dir.as_ptr(),
            fstype.as_ptr(),
            plan.flags,
            options.as_ptr().cast(),
        )
    };
    match done {
        0 => Ok((device, Via::Syscall)),
        _ => Err(Error::Mount(code(&io::Error::last_os_error()))),
    }
}

/// Looks at the mount point without asking a file system that may be our own.
fn check_place(dir: &CStr, rootmode: u32) -> Result<(), Error> {
    let entry = table::mounted_at(OsStr::from_bytes(dir.to_bytes()))
        .map_err(|error| Error::System("/proc/self/mountinfo", code(&error)))?;
    if entry.is_some_and(|entry| entry.is_fuse) {
        return Err(Error::AlreadyMounted);
    }
    // SAFETY: all zeroes is a value of this plain structure.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: a C string, and room for the answer.
    if unsafe { libc::stat(dir.as_ptr(), &raw mut stat) } != 0 {
        return Err(Error::MountPoint(code(&io::Error::last_os_error())));
    }
    match (stat.st_mode & libc::S_IFMT, rootmode) {
        (there, wanted) if there == wanted => Ok(()),
        (_, libc::S_IFDIR) => Err(Error::MountPoint(libc::ENOTDIR)),
        _ => Err(Error::MountPoint(libc::EINVAL)),
    }
}

/// The mount flags of puffs as those of Linux.
fn flags(mntflags: u32) -> libc::c_ulong {
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

fn code(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

/// Ends the connection of a descriptor that others may still name: it becomes `/dev/null`.
fn cut(fd: i32) {
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
    fn a_place_that_cannot_be_is_refused() {
        let check = |dir: &CStr| check_place(dir, libc::S_IFDIR);
        assert_eq!(
            check(c"/no/such/place"),
            Err(Error::MountPoint(libc::ENOENT))
        );
        assert_eq!(check(c"/etc/passwd"), Err(Error::MountPoint(libc::ENOTDIR)));
        assert_eq!(check(c"/"), Ok(()));
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
