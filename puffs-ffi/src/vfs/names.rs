//! Operations on names: lookup, those that create, link, remove, rmdir, rename, abort.

#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_char, c_int, c_void};
use core::mem::offset_of;

use ::puffs_vfs::Failed;
use ::puffs_vfs::names::{self, End, Found, New};
use ::puffs_vfs::nodes::VType;
use puffs_core::msg::body::{Attr, Head};
use puffs_core::{Cookie, Errno};

pub use super::attr::{puffs_msg_attr, puffs_msg_time};
use super::attr::{span, tidy, vtype};
use super::call::{Port, puffs_vcall, run};
use super::object::puffs_vfs;
use super::paid::{pay_reclaim, puffs_paid_reclaim, puffs_paid_reclaim_free};
use super::{Out, bytes, cookie, tell};

/// A node that a name led to, or that was made: one more time that its cookie came (see the head of this header).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_vfound {
    /// `sizeof(struct puffs_vfound)`.
    pvf_size: usize,
    /// The server's name for the node.
    pvf_cookie: *mut c_void,
    /// Its type, `PUFFS_VT_*`, which never changes.
    pvf_vtype: u32,
    /// 0: `pvf_attr` holds. Otherwise why there are no attributes, an errno value.
    pvf_attr_error: c_int,
    /// Its size, if it is a regular file.
    pvf_bytes: u64,
    /// Its device number, if it is a device, which never changes.
    pvf_rdev: u64,
    /// Its attributes.
    pvf_attr: puffs_msg_attr,
    /// How long they hold; zero: the server does not say.
    pvf_attr_ttl: puffs_msg_time,
    /// How long the name holds; zero: the server does not say.
    pvf_name_ttl: puffs_msg_time,
    /// In and out: the RECLAIM that the node will end with. NULL: one is made before the server is asked, and it is the caller's when the call
    /// returns 0 (NULL where the server has no such operation). If not NULL it stays as it is whatever happens.
    pvf_reclaim: *mut puffs_paid_reclaim,
}

/// A name of C's.
///
/// # Safety
/// Null, or valid for `len` bytes until the call returns.
unsafe fn name<'a>(name: *const c_char, len: usize) -> Result<&'a [u8], Errno> {
    // SAFETY: by contract.
    unsafe { bytes(name.cast(), len) }
}

/// A RECLAIM for the node to come, which C gave or which is given back unless the operation succeeds.
struct Reclaim {
    paid: *mut puffs_paid_reclaim,
    ours: bool,
}

impl Drop for Reclaim {
    fn drop(&mut self) {
        if self.ours {
            // SAFETY: made below, and C has not seen it.
            unsafe { puffs_paid_reclaim_free(self.paid) };
        }
    }
}

/// Runs an operation that brings a node.
///
/// # Safety
/// As [`run`]; `found` is null or as large as its first field says.
pub(super) unsafe fn bring(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    found: *mut puffs_vfound,
    operation: impl FnOnce(&Port<'_>, &Head) -> Result<Found, Failed>,
) -> c_int {
    let whole = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let (out, given) = unsafe { (Out::new(found)?, (*found).pvf_reclaim) };
        let mut reclaim = Reclaim {
            paid: given,
            ours: false,
        };
        if given.is_null() {
            reclaim.paid = pay_reclaim(port)?;
            reclaim.ours = true;
        }
        let brought = operation(port, head)?;
        reclaim.ours = false;
        let (attr, attr_error) = match brought.attr {
            Ok(attr) => (tidy(attr), 0),
            Err(error) => (Attr::NONE, error),
        };
        out.give(&puffs_vfound {
            pvf_size: size_of::<puffs_vfound>(),
            pvf_cookie: brought.cookie.0 as *mut c_void,
            pvf_vtype: brought.vtype as u32,
            pvf_attr_error: attr_error,
            pvf_bytes: brought.size,
            pvf_rdev: brought.rdev,
            pvf_attr: attr,
            pvf_attr_ttl: span(brought.attr_ttl),
            pvf_name_ttl: span(brought.name_ttl),
            pvf_reclaim: reclaim.paid,
        });
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, whole) }
}

/// Looks a name up in a directory. `nameiop` says what for (`PUFFS_MSG_NAMEI_LOOKUP`, `PUFFS_MSG_NAMEI_CREATE`, `PUFFS_MSG_NAMEI_DELETE`,
/// `PUFFS_MSG_NAMEI_RENAME`), `flags` is made of `PUFFS_MSG_NAMEI_ISLASTCN` and `PUFFS_MSG_NAMEI_ISDOTDOT`. "." is the kernel's own business.
///
/// Returns 0 and the node in `*found`, whose first and last field the caller has set; `ENOENT` when there is no such name.
/// `EINVAL` for a name that is none or longer than `PUFFS_MSG_NAME_MAX`.
///
/// # Safety
/// See the head of the header; `found` is NULL or as large as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_lookup(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    dir: *mut c_void,
    name: *const c_char,
    namelen: usize,
    nameiop: u32,
    flags: u32,
    found: *mut puffs_vfound,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        bring(pv, call, found, |port, head| {
            let name = self::name(name, namelen)?;
            names::lookup(port, head, cookie(dir), name, nameiop, flags)
        })
    }
}

/// What is to be made.
fn wanted(vtype: VType, mode: u32, rdev: u64) -> Attr {
    Attr {
        vtype: vtype as u32,
        mode,
        rdev,
        ..Attr::NONE
    }
}

/// Creates a regular file with these permission bits.
///
/// Returns 0 and the node in `*found`, as `puffs_vfs_lookup`; `EOPNOTSUPP` when the server has no such operation. Owner and group are what the
/// server makes of the caller's. A node that the kernel has already is none that can be created: `puffs_vfs_broken`.
///
/// # Safety
/// As `puffs_vfs_lookup`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_create(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    dir: *mut c_void,
    name: *const c_char,
    namelen: usize,
    mode: u32,
    found: *mut puffs_vfound,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        bring(pv, call, found, |port, head| {
            let (name, attr) = (
                self::name(name, namelen)?,
                wanted(VType::Reg, mode, u64::MAX),
            );
            names::create(port, head, cookie(dir), name, &attr, New::File)
        })
    }
}

/// Makes a node of type `vtype` that is neither a directory nor a link: a device with number `rdev`, a pipe; a socket and a regular file too, for
/// which servers have their create operation. Otherwise as `puffs_vfs_create`; `EINVAL` for other types.
///
/// # Safety
/// As `puffs_vfs_lookup`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_mknod(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    dir: *mut c_void,
    name: *const c_char,
    namelen: usize,
    vtype: u32,
    mode: u32,
    rdev: u64,
    found: *mut puffs_vfound,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        bring(pv, call, found, |port, head| {
            let vtype = self::vtype(vtype)?;
            let (new, rdev) = match vtype {
                VType::Reg | VType::Sock => (New::File, u64::MAX),
                VType::Fifo => (New::Special, u64::MAX),
                VType::Blk | VType::Chr => (New::Special, rdev),
                VType::Dir | VType::Lnk => return Err(Errno::Inval.into()),
            };
            let (name, attr) = (self::name(name, namelen)?, wanted(vtype, mode, rdev));
            names::create(port, head, cookie(dir), name, &attr, new)
        })
    }
}

/// Makes a directory. Otherwise as `puffs_vfs_create`.
///
/// # Safety
/// As `puffs_vfs_lookup`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_mkdir(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    dir: *mut c_void,
    name: *const c_char,
    namelen: usize,
    mode: u32,
    found: *mut puffs_vfound,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        bring(pv, call, found, |port, head| {
            let (name, attr) = (
                self::name(name, namelen)?,
                wanted(VType::Dir, mode, u64::MAX),
            );
            names::create(port, head, cookie(dir), name, &attr, New::Dir)
        })
    }
}

/// Makes a symbolic link that leads to `target`. Otherwise as `puffs_vfs_create`; `E2BIG` for a target longer than `PUFFS_MSG_TARGET_MAX`.
///
/// # Safety
/// As `puffs_vfs_lookup`; `target` is NULL or readable for `targetlen` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_symlink(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    dir: *mut c_void,
    name: *const c_char,
    namelen: usize,
    target: *const c_char,
    targetlen: usize,
    mode: u32,
    found: *mut puffs_vfound,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        bring(pv, call, found, |port, head| {
            let (name, target) = (self::name(name, namelen)?, self::name(target, targetlen)?);
            let attr = wanted(VType::Lnk, mode, u64::MAX);
            let new = New::Symlink(target);
            names::create(port, head, cookie(dir), name, &attr, new)
        })
    }
}

/// Gives a node one more name.
///
/// Returns 0; `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_link(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    dir: *mut c_void,
    node: *mut c_void,
    name: *const c_char,
    namelen: usize,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let name = unsafe { self::name(name, namelen) }?;
        names::link(port, head, cookie(dir), cookie(node), name)
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Takes a name away from a node that is no directory.
///
/// Returns 0 and the server's side notes in `*setback`, unless that is NULL: `PUFFS_SETBACK_*`, N1 for the directory and N2 for the node. `EOPNOTSUPP` when
/// the server has no such operation.
///
/// # Safety
/// See the head of the header; `setback` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_remove(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    dir: *mut c_void,
    node: *mut c_void,
    name: *const c_char,
    namelen: usize,
    setback: *mut u32,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let name = unsafe { self::name(name, namelen) }?;
        let notes = names::remove(port, head, cookie(dir), cookie(node), name)?;
        // SAFETY: by contract.
        unsafe { tell(setback, notes) };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Removes a directory. Otherwise as `puffs_vfs_remove`.
///
/// # Safety
/// As `puffs_vfs_remove`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_rmdir(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    dir: *mut c_void,
    node: *mut c_void,
    name: *const c_char,
    namelen: usize,
    setback: *mut u32,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let name = unsafe { self::name(name, namelen) }?;
        let notes = names::rmdir(port, head, cookie(dir), cookie(node), name)?;
        // SAFETY: by contract.
        unsafe { tell(setback, notes) };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// One end of a rename: a name in a directory, and the node there.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_vend {
    /// The directory.
    pve_dir: *mut c_void,
    /// The name.
    pve_name: *const c_char,
    /// Its length.
    pve_namelen: usize,
    /// The node.
    pve_node: *mut c_void,
    /// 1 when there is a node: a cookie may be 0. Where a name is renamed from there always is one.
    pve_has_node: u32,
    /// Zero.
    pve_reserved: u32,
}

impl puffs_vend {
    /// # Safety
    /// The name is null or as long as it says.
    unsafe fn end<'a>(&self) -> Result<End<'a, Option<Cookie>>, Errno> {
        if self.pve_has_node > 1 || self.pve_reserved != 0 {
            return Err(Errno::Inval);
        }
        Ok(End {
            dir: cookie(self.pve_dir),
            // SAFETY: by contract.
            name: unsafe { name(self.pve_name, self.pve_namelen) }?,
            node: (self.pve_has_node != 0).then(|| cookie(self.pve_node)),
        })
    }
}

/// Renames a node, replacing what is there.
///
/// Returns 0; `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header; `from` and `to` are NULL or readable, their names as long as they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_rename(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    from: *const puffs_vend,
    to: *const puffs_vend,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        if from.is_null() || to.is_null() {
            return Err(Errno::Inval.into());
        }
        // SAFETY: by contract.
        let (from, to) = unsafe { ((*from).end()?, (*to).end()?) };
        let from = End {
            dir: from.dir,
            name: from.name,
            node: from.node.ok_or(Errno::Inval)?,
        };
        names::rename(port, head, from, to)
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Tells the server that the operation will not come that a name was looked up for, since it may keep state since that lookup. Wants no answer and
/// never waits.
///
/// Returns 0 when it is queued, and where the server has no such operation; `EAGAIN`, `ENOMEM`, which nobody need care about.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_abort(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    dir: *mut c_void,
    name: *const c_char,
    namelen: usize,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        // SAFETY: by contract.
        let name = unsafe { self::name(name, namelen) }?;
        names::abort(port, head, cookie(dir), name)
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

// What C gets of it has no padding.
const _: () = assert!(
    offset_of!(puffs_vfound, pvf_reclaim) + size_of::<*mut ()>() == size_of::<puffs_vfound>()
);
