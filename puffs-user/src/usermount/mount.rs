//! `puffs_mount`: hands the server to a host.

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::rc::Rc;
use std::sync::atomic::Ordering;

use super::{State, Usermount};
use crate::c::consts::{PUFFS_KFLAG_LOOKUP_FULLPNBUF, PUFFS_MNT_NODEV, PUFFS_MNT_NOSUID};
use crate::c::puffs_cookie_t;
use crate::host::{Host, MountArgs, MountError, RootInfo};
use crate::say;

impl Usermount {
    /// Mounts the server on `dir` through `host`. Either way a parent that waits in
    /// [`Usermount::daemon`] learns how it ended.
    ///
    /// # Errors
    /// An errno value; what it cannot say is said on stderr.
    pub fn mount(
        &self,
        host: &dyn Host,
        dir: &CStr,
        mntflags: u32,
        root: puffs_cookie_t,
    ) -> Result<(), i32> {
        let result = self.attach(host, dir, mntflags, root);
        let (errno, words) = match &result {
            Ok(()) => (0, String::new()),
            Err(error) => (
                error.errno(),
                format!("mount on {}: {error}", dir.to_string_lossy()),
            ),
        };
        // A parent has somebody who reads what it says. Here the server says what an errno value can say.
        let said = self.tell_parent(errno, &words);
        match result {
            Err(MountError::System(..)) | Ok(()) => {}
            Err(_) if said => {}
            Err(_) => say::warn(format_args!("{words}")),
        }
        match errno {
            0 => Ok(()),
            _ => Err(errno),
        }
    }

    fn attach(
        &self,
        host: &dyn Host,
        dir: &CStr,
        mntflags: u32,
        root: puffs_cookie_t,
    ) -> Result<(), MountError> {
        if self.state() != State::BeforeMount {
            let words = match self.is_mounted() {
                true => "this file server has been mounted already",
                false => {
                    "this file server is over: it was unmounted, or lost what it cannot be without"
                }
            };
            return Err(MountError::Explained(words.into(), libc::EBUSY));
        }
        self.check_fh().map_err(MountError::Unsupported)?;
        if self.kflags() & PUFFS_KFLAG_LOOKUP_FULLPNBUF != 0 {
            say::warn(format_args!(
                "PUFFS_KFLAG_LOOKUP_FULLPNBUF: names come one by one on Linux, and never with the rest of their path"
            ));
        }
        let args = MountArgs {
            from: self.names.borrow().from.clone(),
            fstype: self.names.borrow().fstype.clone(),
            dir: canonical(dir).map_err(|errno| MountError::System("mount point", errno))?,
            mntflags: mntflags | forced_flags(),
            kflags: self.kflags(),
            root: RootInfo {
                cookie: root.expose_provenance(),
                ..self.settings.root_info()
            },
            ops: self.opset,
            maxdata: self.settings.maxdata(),
            fhsize: self.settings.fh().0,
            fhflags: self.settings.fh().1,
        };
        // What was asked before does not concern the mount. But it can be seen, and its end be asked for, before we know that it is there.
        self.exit_wanted.store(false, Ordering::SeqCst);
        let session = host.mount(&args)?;
        self.root_cookie.set(root);
        self.bell.set(session.bell());
        self.session.replace(Some(Rc::from(session)));
        self.owner.take();
        self.set_state(State::Running);
        Ok(())
    }
}

/// The mount point without symbolic links, dots and doubled slashes.
fn canonical(dir: &CStr) -> Result<CString, i32> {
    let real = std::fs::canonicalize(OsStr::from_bytes(dir.to_bytes()))
        .map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))?
        .into_os_string()
        .into_vec();
    if real != dir.to_bytes() {
        say::warn(format_args!(
            "mount point {} is {}",
            dir.to_string_lossy(),
            String::from_utf8_lossy(&real)
        ));
    }
    CString::new(real).map_err(|_| libc::EINVAL)
}

/// What a mounter without privileges gets in any case.
fn forced_flags() -> u32 {
    // SAFETY: a question without side effects.
    if unsafe { libc::geteuid() } == 0 {
        0
    } else {
        (PUFFS_MNT_NOSUID | PUFFS_MNT_NODEV) as u32
    }
}
