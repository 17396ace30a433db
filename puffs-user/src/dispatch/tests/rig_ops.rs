//! The operations of [`super::rig`]'s server: each notes its call and answers as the test has set.

use std::ptr;

use core::ffi::{CStr, c_char, c_int};

use libc::{off_t, timespec};
use puffs_core::msg::body;

use super::rig::{Rig, TTL};
use super::rig_more as more;
use crate::c::dirent::puffs_dirent;
use crate::c::name::puffs_cn;
use crate::c::ops::puffs_ops;
use crate::c::puffs_cookie_t;
use crate::c::statvfs::puffs_statvfs;
use crate::c::vattr::vattr;
use crate::cred::Cred;
use crate::newinfo::Newinfo;
use crate::usermount::Usermount;
use crate::vtype::VDIR;
use crate::{attr, dirents};

/// Every operation that the dispatcher knows, in its plain form.
pub(super) const ALL: puffs_ops = puffs_ops {
    puffs_fs_unmount: Some(unmount),
    puffs_fs_statvfs: Some(statvfs),
    puffs_fs_sync: Some(sync),
    puffs_node_lookup: Some(lookup),
    puffs_node_create: Some(create),
    puffs_node_mknod: Some(mknod),
    puffs_node_mkdir: Some(mkdir),
    puffs_node_symlink: Some(symlink),
    puffs_node_open: Some(open),
    puffs_node_close: Some(close),
    puffs_node_access: Some(access),
    puffs_node_getattr: Some(getattr),
    puffs_node_setattr: Some(setattr),
    puffs_node_fsync: Some(fsync),
    puffs_node_remove: Some(remove),
    puffs_node_rmdir: Some(rmdir),
    puffs_node_link: Some(link),
    puffs_node_rename: Some(rename),
    puffs_node_readdir: Some(readdir),
    puffs_node_readlink: Some(readlink),
    puffs_node_reclaim: Some(reclaim),
    puffs_node_inactive: Some(inactive),
    puffs_node_read: Some(read),
    puffs_node_write: Some(write),
    puffs_node_getextattr: Some(more::getextattr),
    puffs_node_setextattr: Some(more::setextattr),
    puffs_node_listextattr: Some(more::listextattr),
    puffs_node_deleteextattr: Some(more::deleteextattr),
    puffs_node_fallocate: Some(more::fallocate),
    puffs_node_fdiscard: Some(more::fdiscard),
    puffs_node_abortop: Some(abortop),
    puffs_node_pathconf: Some(more::pathconf),
    puffs_node_print: Some(more::print),
    puffs_fs_fhtonode: Some(more::fhtonode),
    puffs_fs_nodetofh: Some(more::nodetofh),
    puffs_fs_extattrctl: Some(more::extattrctl),
    ..puffs_ops::NONE
};

/// The same with the preferred forms beside the plain ones, which must then not be called.
pub(super) const SECOND: puffs_ops = puffs_ops {
    puffs_node_open2: Some(open2),
    puffs_node_write2: Some(write2),
    puffs_node_reclaim2: Some(reclaim2),
    puffs_node_getattr_ttl: Some(getattr_ttl),
    puffs_node_setattr_ttl: Some(setattr_ttl),
    ..ALL
};

pub(super) type Pu = *mut Usermount;
pub(super) type Opc = puffs_cookie_t;
pub(super) type Pcr = *const Cred;
type Pcn = *const puffs_cn;

pub(super) fn rig<'a>(pu: Pu) -> &'a Rig {
    // SAFETY: the context of a `Server`, whose rig lives as long.
    unsafe { &*(*pu).settings().specific().cast() }
}

/// Notes a call and returns what the test has set; setbacks are tried in every operation.
pub(super) fn note(pu: Pu, call: String) -> c_int {
    let rig = rig(pu);
    // SAFETY: as above; the context lives while it is current.
    let cc = unsafe { (*pu).current().as_ref() }.unwrap();
    assert!(cc.caller() == Some((40, 41)) || !rig.sensible.get());
    if rig.setback.get() != 0 && cc.add_setback(rig.setback.get()).is_err() {
        rig.calls.borrow_mut().push("no setback".into());
    }
    rig.calls.borrow_mut().push(call);
    rig.rv.get()
}

/// A name with its purpose, flags and who asks.
fn shown(pcn: Pcn) -> String {
    // SAFETY: the dispatcher's own name, whole, ended by a NUL.
    unsafe {
        let (cn, kcn) = (&*pcn, (*pcn).pcn_pkcnp);
        let name = CStr::from_ptr((&raw const (*kcn).pkcn_name).cast());
        assert_eq!(name.to_bytes().len(), (*kcn).pkcn_namelen);
        assert_eq!((*kcn).pkcn_consume, 0);
        assert!(cn.pcn_po_full.po_path.is_null());
        // Servers write here, through the const.
        (*kcn).pkcn_consume = 3;
        format!(
            "{} {}/{:x} uid {:?}",
            name.to_string_lossy(),
            (*kcn).pkcn_nameiop,
            (*kcn).pkcn_flags,
            (*cn.pcn_cred).uid().unwrap_or(u32::MAX)
        )
    }
}

pub(super) fn uid(pcr: Pcr) -> u32 {
    // SAFETY: the dispatcher's own credentials.
    unsafe { (*pcr).uid() }.unwrap_or(u32::MAX)
}

unsafe extern "C" fn abortop(pu: Pu, _: Opc, pcn: Pcn) -> c_int {
    note(pu, format!("abortop {}", shown(pcn)))
}

pub(super) unsafe extern "C" fn refused(
    pu: Pu,
    kind: u8,
    error: c_int,
    text: *const c_char,
    opc: Opc,
) {
    // SAFETY: the library's text is a C string.
    let words = !unsafe { CStr::from_ptr(text) }.is_empty();
    assert!(words || !rig(pu).sensible.get());
    rig(pu).refused.borrow_mut().push((kind, error, opc.addr()));
}

unsafe extern "C" fn unmount(pu: Pu, flags: c_int) -> c_int {
    // SAFETY: the context lives.
    let state = unsafe { (*pu).state() };
    note(pu, format!("unmount {flags:x} {state:?}"))
}

unsafe extern "C" fn statvfs(pu: Pu, sbp: *mut puffs_statvfs) -> c_int {
    // SAFETY: valid for the call.
    let sb = unsafe { &mut *sbp };
    assert_eq!((sb.f_bsize, sb.f_namemax, sb.f_mntonname[0]), (0, 0, 0));
    sb.f_bsize = 1;
    sb.f_frsize = 2;
    sb.f_iosize = 3;
    sb.f_blocks = 4;
    sb.f_bfree = 5;
    sb.f_bavail = 6;
    sb.f_bresvd = 7;
    sb.f_files = 8;
    sb.f_ffree = 9;
    sb.f_favail = 10;
    sb.f_fresvd = 11;
    sb.f_namemax = 12;
    note(pu, "statvfs".into())
}

unsafe extern "C" fn sync(pu: Pu, waitfor: c_int, pcr: Pcr) -> c_int {
    note(pu, format!("sync {waitfor} uid {}", uid(pcr)))
}

/// Says what the test has set about a node.
fn say(pu: Pu, pni: *mut Newinfo) {
    // SAFETY: the dispatcher's own.
    let (rig, pni) = (rig(pu), unsafe { &*pni });
    pni.set_cookie(ptr::without_provenance_mut(rig.cookie.get()));
    pni.set_vtype(rig.vtype.get());
    pni.set_size(rig.size.get() as u64);
    pni.set_rdev(88);
    if rig.with_attr.get() {
        let mut va = attr::NONE;
        va.va_size = 500;
        pni.set_attr(&va);
        pni.set_attr_ttl(TTL.0);
        pni.set_name_ttl(TTL.1);
    }
}

unsafe extern "C" fn lookup(pu: Pu, dir: Opc, pni: *mut Newinfo, pcn: Pcn) -> c_int {
    say(pu, pni);
    note(pu, format!("lookup {dir:p} {}", shown(pcn)))
}

/// What is not to be changed says so in every field.
fn unset(pu: Pu, va: &vattr) {
    let unset = (va.va_flags, va.va_gen) == (u64::MAX, u64::MAX);
    assert!(unset || !rig(pu).sensible.get());
}

fn make(pu: Pu, op: &str, pni: *mut Newinfo, pcn: Pcn, vap: *const vattr) -> c_int {
    say(pu, pni);
    // SAFETY: valid for the call.
    let va = unsafe { &*vap };
    unset(pu, va);
    note(
        pu,
        format!(
            "{op} {} type {} mode {:o} rdev {}",
            shown(pcn),
            va.va_type,
            va.va_mode,
            va.va_rdev as i64
        ),
    )
}

unsafe extern "C" fn create(
    pu: Pu,
    _: Opc,
    pni: *mut Newinfo,
    pcn: Pcn,
    vap: *const vattr,
) -> c_int {
    make(pu, "create", pni, pcn, vap)
}

unsafe extern "C" fn mknod(
    pu: Pu,
    _: Opc,
    pni: *mut Newinfo,
    pcn: Pcn,
    vap: *const vattr,
) -> c_int {
    make(pu, "mknod", pni, pcn, vap)
}

unsafe extern "C" fn mkdir(
    pu: Pu,
    _: Opc,
    pni: *mut Newinfo,
    pcn: Pcn,
    vap: *const vattr,
) -> c_int {
    make(pu, "mkdir", pni, pcn, vap)
}

unsafe extern "C" fn symlink(
    pu: Pu,
    _: Opc,
    pni: *mut Newinfo,
    pcn: Pcn,
    vap: *const vattr,
    target: *const c_char,
) -> c_int {
    // SAFETY: a C string for the call.
    let target = unsafe { CStr::from_ptr(target) }.to_string_lossy();
    make(pu, &format!("symlink to {target}"), pni, pcn, vap)
}

unsafe extern "C" fn open(pu: Pu, _: Opc, mode: c_int, pcr: Pcr) -> c_int {
    note(pu, format!("open {mode:x} uid {}", uid(pcr)))
}

unsafe extern "C" fn open2(pu: Pu, _: Opc, mode: c_int, pcr: Pcr, oflags: *mut c_int) -> c_int {
    // SAFETY: valid for the call.
    unsafe { *oflags = 1 };
    note(pu, format!("open2 {mode:x} uid {}", uid(pcr)))
}

unsafe extern "C" fn close(pu: Pu, _: Opc, fflag: c_int, pcr: Pcr) -> c_int {
    note(pu, format!("close {fflag:x} uid {}", uid(pcr)))
}

unsafe extern "C" fn access(pu: Pu, _: Opc, mode: c_int, pcr: Pcr) -> c_int {
    note(pu, format!("access {mode} uid {}", uid(pcr)))
}

/// What getattr says: a size that follows from the cookie.
fn attributes(pu: Pu, opc: Opc, vap: *mut vattr) -> c_int {
    // SAFETY: valid for the call.
    let va = unsafe { &mut *vap };
    assert_eq!(attr::attr_out(va), body::Attr::NONE);
    va.va_type = VDIR;
    va.va_size = opc.addr() as u64 + 1;
    rig(pu).attr_rv.get()
}

unsafe extern "C" fn getattr(pu: Pu, opc: Opc, vap: *mut vattr, pcr: Pcr) -> c_int {
    note(pu, format!("getattr {opc:p} uid {}", uid(pcr)));
    attributes(pu, opc, vap)
}

unsafe extern "C" fn getattr_ttl(
    pu: Pu,
    opc: Opc,
    vap: *mut vattr,
    _: Pcr,
    ttl: *mut timespec,
) -> c_int {
    note(pu, format!("getattr_ttl {opc:p}"));
    // SAFETY: valid for the call.
    unsafe { *ttl = TTL.0 };
    attributes(pu, opc, vap)
}

unsafe extern "C" fn setattr(pu: Pu, _: Opc, vap: *const vattr, _: Pcr) -> c_int {
    // SAFETY: valid for the call.
    let va = unsafe { &*vap };
    unset(pu, va);
    note(pu, format!("setattr size {}", va.va_size))
}

unsafe extern "C" fn setattr_ttl(
    pu: Pu,
    _: Opc,
    vap: *mut vattr,
    _: Pcr,
    _: *mut timespec,
    xflag: c_int,
) -> c_int {
    // SAFETY: valid for the call.
    let size = unsafe { (*vap).va_size };
    note(pu, format!("setattr_ttl size {size} xflag {xflag}"))
}

unsafe extern "C" fn fsync(pu: Pu, _: Opc, _: Pcr, flags: c_int, lo: off_t, hi: off_t) -> c_int {
    note(pu, format!("fsync {flags:x} {lo}-{hi}"))
}

unsafe extern "C" fn remove(pu: Pu, dir: Opc, targ: Opc, pcn: Pcn) -> c_int {
    note(pu, format!("remove {dir:p} {targ:p} {}", shown(pcn)))
}

unsafe extern "C" fn rmdir(pu: Pu, dir: Opc, targ: Opc, pcn: Pcn) -> c_int {
    note(pu, format!("rmdir {dir:p} {targ:p} {}", shown(pcn)))
}

unsafe extern "C" fn link(pu: Pu, dir: Opc, targ: Opc, pcn: Pcn) -> c_int {
    note(pu, format!("link {dir:p} {targ:p} {}", shown(pcn)))
}

unsafe extern "C" fn rename(
    pu: Pu,
    dir: Opc,
    src: Opc,
    pcn: Pcn,
    to_dir: Opc,
    targ: Opc,
    to: Pcn,
) -> c_int {
    note(
        pu,
        format!(
            "rename {dir:p} {src:p} {} -> {to_dir:p} {targ:p} {}",
            shown(pcn),
            shown(to)
        ),
    )
}

#[allow(clippy::too_many_arguments)] // The C type has them.
unsafe extern "C" fn readdir(
    pu: Pu,
    _: Opc,
    mut dent: *mut puffs_dirent,
    off: *mut off_t,
    reslen: *mut usize,
    _: Pcr,
    eof: *mut c_int,
    cookies: *mut off_t,
    ncookies: *mut usize,
) -> c_int {
    assert!(cookies.is_null());
    assert_eq!(dent.addr() % 8, 0);
    // SAFETY: valid for the call; `dent` has room for `*reslen` bytes.
    let call = unsafe {
        let call = format!("readdir {} {} {} {}", *off, *reslen, *eof, *ncookies);
        let fits = dirents::next(&mut dent, c"one", 31, 8, &mut *reslen)
            && dirents::next(&mut dent, c"twotwo", 32, 4, &mut *reslen);
        assert!(fits || !rig(pu).sensible.get());
        *reslen += rig(pu).left.get();
        *off = (*off).wrapping_add(2);
        *eof = 7;
        *ncookies = rig(pu).cookies.get();
        call
    };
    note(pu, call)
}

unsafe extern "C" fn readlink(pu: Pu, _: Opc, _: Pcr, text: *mut c_char, len: *mut usize) -> c_int {
    // SAFETY: valid for the call; `text` has room for `*len` bytes.
    let room = unsafe {
        let room = *len;
        ptr::copy_nonoverlapping(b"there".as_ptr(), text.cast(), 5);
        *len = 5 + rig(pu).left.get();
        room
    };
    note(pu, format!("readlink {room}"))
}

unsafe extern "C" fn reclaim(pu: Pu, opc: Opc) -> c_int {
    note(pu, format!("reclaim {opc:p}"))
}

unsafe extern "C" fn reclaim2(pu: Pu, opc: Opc, nlookup: c_int) -> c_int {
    note(pu, format!("reclaim2 {opc:p} {nlookup}"))
}

unsafe extern "C" fn inactive(pu: Pu, opc: Opc) -> c_int {
    note(pu, format!("inactive {opc:p}"))
}

unsafe extern "C" fn read(
    pu: Pu,
    _: Opc,
    buf: *mut u8,
    off: off_t,
    resid: *mut usize,
    _: Pcr,
    ioflag: c_int,
) -> c_int {
    // SAFETY: valid for the call; `buf` has room for `*resid` bytes.
    let asked = unsafe {
        let asked = *resid;
        for i in 0..asked {
            *buf.add(i) = i as u8;
        }
        *resid = rig(pu).left.get();
        asked
    };
    note(pu, format!("read {off} {asked} {ioflag:x}"))
}

fn put(pu: Pu, op: &str, buf: *mut u8, off: off_t, resid: *mut usize, rest: &str) -> c_int {
    // SAFETY: valid for the call; `buf` has `*resid` bytes, the server's to change.
    let data = unsafe {
        let data = std::slice::from_raw_parts(buf, *resid).to_vec();
        buf.write_bytes(0xee, *resid);
        *resid = rig(pu).left.get();
        data
    };
    note(
        pu,
        format!("{op} {off} {} {rest}", String::from_utf8_lossy(&data)),
    )
}

unsafe extern "C" fn write(
    pu: Pu,
    _: Opc,
    buf: *mut u8,
    off: off_t,
    resid: *mut usize,
    _: Pcr,
    ioflag: c_int,
) -> c_int {
    put(pu, "write", buf, off, resid, &format!("{ioflag:x}"))
}

#[allow(clippy::too_many_arguments)] // The C type has them.
unsafe extern "C" fn write2(
    pu: Pu,
    _: Opc,
    buf: *mut u8,
    off: off_t,
    resid: *mut usize,
    _: Pcr,
    ioflag: c_int,
    xflag: c_int,
) -> c_int {
    put(
        pu,
        "write2",
        buf,
        off,
        resid,
        &format!("{ioflag:x} {xflag}"),
    )
}
