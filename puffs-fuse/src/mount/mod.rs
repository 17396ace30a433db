//! Mounting and unmounting on Linux.
//!
//! Root mounts with mount(2), others with `fusermount3`. What does not concern FUSE alone is in
//! [`puffs_user::mounting`].

mod error;
mod helper;

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use puffs_user::host::MountArgs;
use puffs_user::mounting::{self, Mounted, Ready, Site};
use puffs_vfs::nodes::VType;

pub use error::Error;

use crate::attr::type_bits;
use crate::device::Device;

/// The kind of file system, for mount(2) and in the table of mounts.
const KIND: &str = "fuse";

/// Longest options page of mount(2).
const OPTIONS: usize = 4000;

/// How a mount was made, and is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Via {
    /// By system call.
    Syscall,
    /// By the helper program.
    Helper,
}

impl Via {
    /// Unmounts what is at `dir`; `lazily`: even if it is in use.
    fn undo(self, dir: &CStr, lazily: bool) -> io::Result<()> {
        match self {
            Via::Syscall if lazily => mounting::umount(dir, libc::MNT_DETACH),
            Via::Syscall => mounting::umount(dir, 0),
            Via::Helper => helper::unmount(dir, lazily),
        }
    }
}

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
    mounting::check_place(&args.dir, KIND, rootmode)?;
    let plan = Plan {
        dir: &args.dir,
        from: &args.from,
        subtype: &args.fstype,
        rootmode,
        flags: mounting::flags(args.mntflags),
        default_permissions,
    };
    let ready = Ready::new().map_err(|errno| Error::System("epoll", errno))?;
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
            let _ = via.undo(&args.dir, true);
            Err(error)
        }
    }
}

/// Begins to look after what has just been mounted.
fn attend(args: &MountArgs, device: &Device, via: Via, ready: &Ready) -> Result<Mounted, Error> {
    ready
        .watch(device.fd())
        .map_err(|errno| Error::System("epoll", errno))?;
    let dev = match mounting::mounted_at(OsStr::from_bytes(args.dir.to_bytes())) {
        Ok(Some(entry)) if entry.is(KIND) => entry.dev,
        // Somebody was quick to unmount it, and the connection's end follows: the session will see it. No mount
        // has this number.
        _ if device.ends_within(1000) => (0, 0),
        // The place has another name than we were told.
        _ => return Err(Error::MountPoint(libc::EINVAL)),
    };
    let site = Site {
        dir: CString::from(&*args.dir),
        dev,
        undo: Arc::new(move |dir, lazily| via.undo(dir, lazily)),
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
    let fstype = CString::new(mounting::fstype(KIND, plan.subtype))
        .map_err(|_| Error::Mount(libc::EINVAL))?;
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

fn code(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}
