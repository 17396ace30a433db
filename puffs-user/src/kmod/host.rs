//! From what the server library wants mounted to a session.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use puffs_core::msg::body::{ROOM, Statvfs};
use puffs_core::msg::wire::StartReq;

use super::device::{Device, call};
use super::error::Error;
use super::line::Line;
use super::options;
use super::session::KmodSession;
use super::system::{Plan, System};
use crate::host::MountArgs;
use crate::mounting::{self, Mounted, Ready, Site};
use crate::vtype::{VDIR, VREG};

/// The least data that a message carries: what the kernel reads and writes at once.
const PAGE: usize = 4096;

/// Mounts on `system`.
///
/// # Errors
/// See [`Error`]; nothing is left mounted or open.
pub(super) fn begin(system: &dyn System, args: &MountArgs) -> Result<KmodSession, Error> {
    let rootmode = match args.root.vtype {
        VDIR => libc::S_IFDIR,
        VREG => libc::S_IFREG,
        _ => return Err(Error::RootType),
    };
    if args.maxdata < PAGE {
        return Err(Error::TooSmall);
    }
    mounting::check_place(&args.dir, system.kind(), rootmode)?;
    let ready = Ready::new().map_err(|errno| Error::System("epoll", errno))?;
    let device: Arc<dyn Device> = Arc::from(system.open().map_err(Error::Device)?);
    if device.is_foreign() {
        return Err(Error::NotTheDevice);
    }
    mount(system, args, &*device)?;
    match attend(system, args, &*device, &ready) {
        Ok(mounted) => Ok(KmodSession::new(
            Line(device),
            args.maxdata + ROOM,
            ready,
            mounted,
        )),
        Err(error) => {
            // The device first, so that nothing waits for us.
            device.close();
            if ours(system, &args.dir).is_some() {
                let _ = (system.undo())(&args.dir, true);
            }
            Err(error)
        }
    }
}

fn mount(system: &dyn System, args: &MountArgs, device: &dyn Device) -> Result<(), Error> {
    let plan = Plan {
        from: &args.from,
        dir: &args.dir,
        flags: mounting::flags(args.mntflags),
        options: &options::of(args, device.fd()),
    };
    let typed = |name: &CStr| {
        let fstype = mounting::fstype(system.kind(), name);
        let fstype = CString::new(fstype).map_err(|_| libc::EINVAL)?;
        system.mount(&plan, &fstype)
    };
    match typed(&args.fstype) {
        // A kernel side that knows no types with a dot.
        Err(libc::ENODEV) if !args.fstype.is_empty() => typed(c""),
        done => done,
    }
    .map_err(Error::Mount)
}

/// Begins to serve what has just been mounted.
fn attend(
    system: &dyn System,
    args: &MountArgs,
    device: &dyn Device,
    ready: &Ready,
) -> Result<Mounted, Error> {
    // The place has another name than we were told, or somebody was quick to unmount it.
    let dev = ours(system, &args.dir).ok_or(Error::MountPoint(libc::EINVAL))?;
    let mut start = StartReq {
        root_cookie: args.root.cookie as u64,
        // The kernel side asks when somebody wants to know.
        statvfs: Statvfs::default(),
    };
    device
        .call(call::STARTOP, (&raw mut start).cast())
        .map_err(Error::Start)?;
    ready
        .watch(device.fd())
        .map_err(|errno| Error::System("epoll", errno))?;
    let site = Site {
        dir: args.dir.clone(),
        dev,
        undo: system.undo(),
    };
    Ok(Mounted::new(site, device.fd(), ready.waker()))
}

/// The device number of what is mounted at `dir`, if it is of our kind.
fn ours(system: &dyn System, dir: &CStr) -> Option<mounting::Dev> {
    let found = mounting::mounted_at(OsStr::from_bytes(dir.to_bytes()));
    let entry = found.ok().flatten()?;
    entry.is(system.kind()).then_some(entry.dev)
}
