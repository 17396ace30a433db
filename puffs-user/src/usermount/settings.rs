//! What a server sets and the library only keeps: hooks, root, sizes.
//!
//! Replaces the `puffs_set*` and `puffs_get*` functions; those that count at the mount are checked by
//! [`super::Usermount::before_mount`].

use std::cell::Cell;
use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use core::ffi::{c_int, c_void};

use super::{Names, State, Usermount};
use crate::c::consts::{
    PUFFS_FHFLAG_MASK, PUFFS_FHFLAG_NFSV2, PUFFS_FHFLAG_NFSV3, PUFFS_FHFLAG_PASSTHROUGH,
    PUFFS_FHSIZE_MAX, PUFFSDEV_BLOCK, PUFFSDEV_NONBLOCK,
};
use crate::c::hooks::{pu_cmap_fn, pu_errnotify_fn, pu_prepost_fn, puffs_ml_loop_fn};
use crate::c::node::puffs_node;
use crate::host::RootInfo;
use crate::say;
use crate::vtype::VDIR;
use crate::vtype::Vtype;

/// Most bytes of a read or write when the server says nothing, and the most it may have.
const MAXDATA: (usize, usize) = (256 << 10, 1 << 20);
/// The same for servers that are written for NetBSD: what a message there has room for. They put what they are to write into one message of a
/// protocol of their own, and an sftp-server, for one, ends at 256 KiB.
const MAXDATA_NETBSD: (usize, usize) = (124 << 10, 124 << 10);
/// The least it may have.
const MINDATA: usize = 8 << 10;

/// Bytes of a file handle of NFS, version 2 and 3, and what the reference's kernel adds to the server's before it compares, here as for
/// `PUFFS_FHSIZE_MAX`: a length. The file system's id it leaves out, and servers whose handles are three words long mount with version 2.
const NFSV2: usize = 32;
const NFSV3: usize = 64;
const FH_HEAD: usize = 4;

/// What a server has set.
pub struct Settings {
    specific: AtomicPtr<c_void>,
    /// Called in every turn of the loop.
    pub loop_fn: Cell<puffs_ml_loop_fn>,
    /// Longest wait of a turn; `None`: for ever.
    pub timeout: Cell<Option<Duration>>,
    /// Told of refused answers.
    pub errnotify: Cell<pu_errnotify_fn>,
    /// Called before each request.
    pub pre: Cell<pu_prepost_fn>,
    /// Called after each request.
    pub post: Cell<pu_prepost_fn>,
    /// Finds the node of a cookie; `None`: the cookie is its address.
    pub cmap: Cell<pu_cmap_fn>,
    /// The root node.
    pub root: Cell<*mut puffs_node>,
    root_info: Cell<RootInfo>,
    fh: Cell<(usize, u32)>,
    maxdata: Cell<usize>,
    maxdata_bounds: Cell<(usize, usize)>,
}

impl Settings {
    pub(super) fn new(private: *mut c_void) -> Self {
        Settings {
            specific: AtomicPtr::new(private),
            loop_fn: Cell::new(None),
            timeout: Cell::new(None),
            errnotify: Cell::new(None),
            pre: Cell::new(None),
            post: Cell::new(None),
            cmap: Cell::new(None),
            root: Cell::new(ptr::null_mut()),
            root_info: Cell::new(RootInfo {
                cookie: 0,
                vtype: VDIR,
                size: 0,
                rdev: 0,
            }),
            fh: Cell::new((0, 0)),
            maxdata: Cell::new(MAXDATA.0),
            maxdata_bounds: Cell::new(MAXDATA),
        }
    }

    /// The server's own pointer. From any thread.
    pub fn specific(&self) -> *mut c_void {
        self.specific.load(Ordering::Acquire)
    }

    /// Sets the server's own pointer.
    pub fn set_specific(&self, private: *mut c_void) {
        self.specific.store(private, Ordering::Release);
    }

    /// Type, size and device of the root; the cookie comes with the mount.
    pub fn root_info(&self) -> RootInfo {
        self.root_info.get()
    }

    /// Size and flags of file handles.
    pub fn fh(&self) -> (usize, u32) {
        self.fh.get()
    }

    /// Most bytes of a read or write.
    pub fn maxdata(&self) -> usize {
        self.maxdata.get()
    }
}

impl Usermount {
    /// Whether a setting still counts; says so on stderr when it does not.
    fn before_mount(&self, function: &str) -> bool {
        let before = self.state() == State::BeforeMount;
        if !before {
            say::warn(format_args!("{function}: too late after the mount"));
        }
        before
    }

    /// Replaces both names; `None` as in [`Usermount::new`]. Before the mount only.
    pub fn set_names(&self, from: Option<&CStr>, fstype: Option<&CStr>) {
        if self.before_mount("puffs_setmntinfo") {
            self.names.replace(Names::new(from, fstype));
        }
    }

    /// Type, size and device of the root; before the mount only.
    pub fn set_root_info(&self, vtype: Vtype, size: u64, rdev: u64) {
        if self.before_mount("puffs_setrootinfo") {
            self.settings.root_info.set(RootInfo {
                cookie: 0,
                vtype,
                size,
                rdev,
            });
        }
    }

    /// Size and flags of file handles; before the mount only.
    pub fn set_fh(&self, size: usize, flags: u32) {
        if self.before_mount("puffs_setfhsize") {
            self.settings.fh.set((size, flags));
        }
    }

    /// Whether file handles are as can be: they fit a message, and the handles of the protocols that the server named.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn check_fh(&self) -> Result<(), String> {
        let (size, flags) = self.settings.fh.get();
        if flags & !(PUFFS_FHFLAG_MASK as u32) != 0 {
            return Err("puffs_setfhsize: there is no such flag".into());
        }
        if flags & PUFFS_FHFLAG_PASSTHROUGH as u32 != 0 {
            return Ok(());
        }
        let most = [
            (PUFFS_FHFLAG_NFSV2, NFSV2 - FH_HEAD),
            (PUFFS_FHFLAG_NFSV3, NFSV3 - FH_HEAD),
            (PUFFS_FHFLAG_MASK, PUFFS_FHSIZE_MAX),
        ];
        let named = |flag| flags & flag as u32 != 0 || flag == PUFFS_FHFLAG_MASK;
        match most
            .iter()
            .find(|(flag, most)| named(*flag) && size > *most)
        {
            Some((_, most)) => Err(format!(
                "puffs_setfhsize: file handles of {size} bytes, where {most} fit"
            )),
            None => Ok(()),
        }
    }

    /// The wished size of a read or write, before the mount only: 0 and what is too much mean the
    /// default, and there is a minimum.
    pub fn set_maxdata(&self, wish: usize) {
        if self.before_mount("puffs_setmaxreqlen") {
            let (default, most) = self.settings.maxdata_bounds.get();
            self.settings.maxdata.set(match wish {
                0 => default,
                _ if wish > most => default,
                _ => wish.max(MINDATA),
            });
        }
    }

    /// Reads and writes are to be no larger than NetBSD's; right after the context is made.
    pub fn limit_maxdata(&self) {
        self.settings.maxdata_bounds.set(MAXDATA_NETBSD);
        self.settings.maxdata.set(MAXDATA_NETBSD.0);
    }

    /// `puffs_setncookiehash` is a hint that nothing here needs; before the mount only.
    pub fn hint_cookie_hash(&self) {
        self.before_mount("puffs_setncookiehash");
    }

    /// The blocking mode of the request channel. The main loop says with each call whether it may sleep, so only the argument and
    /// the moment are checked.
    ///
    /// # Errors
    /// `EINVAL` for another mode, and unless the file system is mounted.
    pub fn set_blocking_mode(&self, mode: c_int) -> Result<(), i32> {
        let known = mode == PUFFSDEV_BLOCK || mode == PUFFSDEV_NONBLOCK;
        if known && self.state() == State::Running {
            Ok(())
        } else {
            Err(libc::EINVAL)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn wishes_for_a_size_are_bent() {
        let pu = testing::mount(&testing::OPS);
        assert_eq!(pu.settings().maxdata(), 256 << 10);
        for (wish, got) in [
            (1, 8 << 10),
            (64 << 10, 64 << 10),
            (1 << 20, 1 << 20),
            ((1 << 20) + 1, 256 << 10),
            (0, 256 << 10),
        ] {
            pu.set_maxdata(wish);
            assert_eq!(pu.settings().maxdata(), got);
        }
        pu.limit_maxdata();
        assert_eq!(pu.settings().maxdata(), 124 << 10);
        for (wish, got) in [(1, 8), (64 << 10, 64), (128 << 10, 124), (0, 124)] {
            pu.set_maxdata(wish);
            assert_eq!(pu.settings().maxdata(), got << 10);
        }
    }

    #[test]
    fn handles_must_fit() {
        let pu = testing::mount(&testing::OPS);
        let check = |size, flags| {
            pu.set_fh(size, flags);
            pu.check_fh().is_ok()
        };
        assert!(check(0, 0) && check(1020, 1) && !check(1021, 1));
        assert!(check(28, 0x02) && !check(29, 0x02) && check(60, 0x04) && !check(61, 0x05));
        assert!(!check(29, 0x06) && check(28, 0x06));
        // A handle of the host's is as long as it is.
        assert!(check(9999, 0x0a) && !check(0, 0x10));
    }

    #[test]
    fn after_the_mount_settings_stay() {
        let pu = testing::mount(&testing::OPS);
        pu.set_root_info(1, 10, 20);
        pu.set_fh(8, 1);
        assert_eq!(pu.set_blocking_mode(PUFFSDEV_BLOCK), Err(libc::EINVAL));
        pu.set_names(Some(c"device"), Some(c"type"));
        pu.set_state(State::Running);
        pu.set_names(None, None);
        pu.set_root_info(2, 0, 0);
        pu.set_fh(9, 0);
        pu.set_maxdata(64 << 10);
        let info = pu.settings().root_info();
        assert_eq!((info.vtype, info.size, info.rdev), (1, 10, 20));
        assert_eq!(pu.settings().fh(), (8, 1));
        assert_eq!(pu.names.borrow().fstype.as_c_str(), c"type");
        assert_eq!(pu.settings().maxdata(), 256 << 10);
        assert_eq!(pu.set_blocking_mode(PUFFSDEV_NONBLOCK), Ok(()));
        assert_eq!(pu.set_blocking_mode(2), Err(libc::EINVAL));
    }
}
