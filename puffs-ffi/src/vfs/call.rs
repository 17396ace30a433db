//! Who calls an operation and how patiently ([`puffs_vcall`]), and the port that parks it.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::c_int;

use ::puffs_vfs::{Broken, Caller, Failed, who};
use puffs_core::msg::OpSet;
use puffs_core::msg::body::{Head, cred};
use puffs_core::platform::Wait;
use puffs_core::{Answer, Complete, Cookie, Errno, Mount, Outgoing, Ref, ReqId, Terms, Vnodes};

use super::object::{Vfs, puffs_vfs, vfs};
use super::{bytes, finish};
use crate::sys::touser::{vnode, vnodes};
use crate::sys::touser_opt::{
    PUFFS_TOUSER_INTERRUPTIBLE, PUFFS_TOUSER_NOWAIT, PUFFS_TOUSER_UNINTERRUPTIBLE, patience,
};
use crate::sys::{Plat, number, sized};

/// In `pvc_flags`: the groups are not given, and the server may look for them itself.
pub const PUFFS_VCALL_GROUPS_UNKNOWN: u32 = 0x100;

/// Who calls an operation, and how patiently. Zero means the usual, but in the first field and in `pvc_cred`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_vcall {
    /// `sizeof(struct puffs_vcall)`.
    pvc_size: usize,
    /// `PUFFS_TOUSER_INTERRUPTIBLE`, `PUFFS_TOUSER_UNINTERRUPTIBLE`, `PUFFS_TOUSER_NOWAIT` as for `puffs_touser_opt`, and `PUFFS_VCALL_*`.
    pvc_flags: u32,
    /// `PUFFS_MSG_CRED_USER`, `PUFFS_MSG_CRED_KERNEL` or `PUFFS_MSG_CRED_FS`; the fields behind `pvc_vp2` are for the first alone.
    pvc_cred: u32,
    /// An id from `puffs_getreqid`, to interrupt the call by; 0: the next one.
    pvc_reqid: u64,
    /// Give up after so many nanoseconds from now; 0: as the mount says; `PUFFS_FOREVER`.
    pvc_timeout_ns: u64,
    /// The vnodes that the caller has locked, as for `puffs_vntouser`.
    pvc_vp1: *mut vnode,
    /// The other one.
    pvc_vp2: *mut vnode,
    /// The process that asks; 0 when it is not known.
    pvc_pid: u32,
    /// The thread; 0 when it is not known.
    pvc_lwp: u32,
    /// Its user.
    pvc_uid: u32,
    /// Its group.
    pvc_gid: u32,
    /// Its supplementary groups; those above 16 are left out.
    pvc_groups: *const u32,
    /// How many.
    pvc_ngroups: usize,
}

impl puffs_vcall {
    fn check(&self) -> Result<(), Errno> {
        const SIGNALS: u32 = PUFFS_TOUSER_INTERRUPTIBLE | PUFFS_TOUSER_UNINTERRUPTIBLE;
        const KNOWN: u32 = SIGNALS | PUFFS_TOUSER_NOWAIT | PUFFS_VCALL_GROUPS_UNKNOWN;
        let fine = self.pvc_flags & !KNOWN == 0 && self.pvc_flags & SIGNALS != SIGNALS;
        fine.then_some(()).ok_or(Errno::Inval)
    }

    /// # Safety
    /// `pvc_groups` is null or has `pvc_ngroups` elements.
    unsafe fn head(&self) -> Result<Head, Errno> {
        match u8::try_from(self.pvc_cred) {
            Ok(cred::USER) => {}
            Ok(cred::KERNEL) => return Ok(who::kernel()),
            Ok(cred::FS) => return Ok(who::fs()),
            _ => return Err(Errno::Inval),
        }
        let (pid, uid, gid) = (self.pvc_pid, self.pvc_uid, self.pvc_gid);
        let head = match self.pvc_flags & PUFFS_VCALL_GROUPS_UNKNOWN {
            0 => {
                // SAFETY: by contract.
                let groups = unsafe { bytes(self.pvc_groups, self.pvc_ngroups) }?;
                who::user_with_groups(pid, uid, gid, groups)
            }
            _ => who::user_of_unknown_groups(pid, uid, gid),
        };
        Ok(Head {
            lwp: self.pvc_lwp,
            ..head
        })
    }
}

/// A mount with its server at the other end, for one call.
pub(super) struct Port<'v> {
    pub(super) vfs: &'v Vfs,
    pub(super) mount: Ref<Mount<Plat>, Plat>,
    wait: Wait,
    nowait: bool,
    id: Option<ReqId>,
    vnodes: Vnodes,
    pid: Option<i32>,
}

impl<'v> Port<'v> {
    /// For what the kernel does by itself, as patiently as the mount says.
    ///
    /// # Safety
    /// As [`vfs`].
    pub(super) unsafe fn kernel(pv: *const puffs_vfs) -> Result<Self, Errno> {
        // SAFETY: by contract.
        let vfs = unsafe { vfs(pv) }?;
        let mount = vfs.mount()?;
        Ok(Port {
            vfs,
            wait: mount.patience(),
            mount,
            nowait: false,
            id: None,
            vnodes: [None; 2],
            pid: None,
        })
    }

    /// For a caller, and its head.
    ///
    /// # Safety
    /// As [`vfs`]; `call` is null or as large as its first field says, its groups are there.
    pub(super) unsafe fn new(
        pv: *const puffs_vfs,
        call: *const puffs_vcall,
    ) -> Result<(Self, Head), Errno> {
        // SAFETY: by contract.
        let port = unsafe { Self::kernel(pv) }?;
        if call.is_null() {
            return Ok((port, who::kernel()));
        }
        // SAFETY: by contract; every field may be zero.
        let call = unsafe { sized(call, size_of::<puffs_vcall>()) }?;
        call.check()?;
        // SAFETY: by contract.
        let head = unsafe { call.head() }?;
        let port = Port {
            wait: patience(&port.wait, call.pvc_flags, call.pvc_timeout_ns),
            nowait: call.pvc_flags & PUFFS_TOUSER_NOWAIT != 0,
            id: (call.pvc_reqid != 0).then_some(ReqId(call.pvc_reqid)),
            vnodes: vnodes(call.pvc_vp1, call.pvc_vp2),
            pid: (head.pid != 0).then_some(head.pid as i32),
            ..port
        };
        Ok((port, head))
    }

    fn signed(&self, out: Outgoing<Plat>) -> Outgoing<Plat> {
        Outgoing {
            pid: self.pid,
            ..out
        }
    }
}

impl Port<'_> {
    /// Sends a request, and has `done` told how it ended. It has no deadline, and does not wait for a place.
    pub(super) fn submit(
        &self,
        out: Outgoing<Plat>,
        done: alloc::boxed::Box<dyn Complete<Plat>>,
    ) -> Result<(), Errno> {
        let out = self.signed(out);
        self.mount.submit_until(out, self.id, None, done).map(drop)
    }
}

impl Caller<Plat> for Port<'_> {
    fn call(&self, out: Outgoing<Plat>) -> Result<Answer<Plat>, Errno> {
        let terms = Terms {
            id: self.id,
            wait: &self.wait,
            nowait: self.nowait,
            vnodes: self.vnodes,
        };
        self.mount.call_on(self.signed(out), terms)
    }

    fn send(&self, out: Outgoing<Plat>) -> Result<(), Errno> {
        self.mount.send(self.signed(out))
    }

    fn broken(&self, broken: Broken, cookie: Cookie) {
        // Without memory the server goes without the notice; the caller gets its error all the same.
        if let Ok(notice) = broken.notice(cookie, number(Errno::Proto)) {
            let _ = self.send(notice);
        }
    }

    fn root(&self) -> Cookie {
        self.vfs.root
    }

    fn ops(&self) -> OpSet {
        self.vfs.ops
    }

    fn max(&self) -> usize {
        self.vfs.max
    }

    fn max_errno(&self) -> i32 {
        self.mount.config().max_rv
    }
}

/// Runs an operation for a caller.
///
/// # Safety
/// As [`Port::new`].
pub(super) unsafe fn run(
    pv: *const puffs_vfs,
    call: *const puffs_vcall,
    operation: impl FnOnce(&Port<'_>, &Head) -> Result<(), Failed>,
) -> c_int {
    // SAFETY: by contract.
    let port = unsafe { Port::new(pv, call) };
    finish(match port {
        Ok((port, head)) => operation(&port, &head),
        Err(errno) => Err(errno.into()),
    })
}
