//! More operations of [`super::rig`]'s server: extended attributes, space, handles, limits.

use core::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::ptr;

use libc::off_t;

use super::rig_ops::{Opc, Pcr, Pu, note, rig};
use crate::newinfo::Newinfo;

fn text(name: *const c_char) -> String {
    // SAFETY: the dispatcher's own name, ended by a NUL.
    unsafe { CStr::from_ptr(name) }
        .to_string_lossy()
        .into_owned()
}

/// Fills what there is room for and tells the size 1000; the room as text.
fn give(pu: Pu, size: *mut usize, data: *mut u8, resid: *mut usize) -> String {
    // SAFETY: each is NULL or valid for the call; `data` has room for `*resid` bytes.
    unsafe {
        assert_eq!(data.is_null(), resid.is_null());
        if let Some(size) = size.as_mut() {
            *size = 1000;
        }
        let Some(resid) = resid.as_mut() else {
            return "none".into();
        };
        data.write_bytes(b'v', *resid);
        let asked = *resid;
        *resid = rig(pu).left.get();
        asked.to_string()
    }
}

#[allow(clippy::too_many_arguments)] // The C type has them.
pub(super) unsafe extern "C" fn getextattr(
    pu: Pu,
    _: Opc,
    ns: c_int,
    name: *const c_char,
    size: *mut usize,
    data: *mut u8,
    resid: *mut usize,
    _: Pcr,
) -> c_int {
    let room = give(pu, size, data, resid);
    note(pu, format!("getextattr {ns} {} {room}", text(name)))
}

#[allow(clippy::too_many_arguments)] // The C type has them.
pub(super) unsafe extern "C" fn listextattr(
    pu: Pu,
    _: Opc,
    ns: c_int,
    size: *mut usize,
    data: *mut u8,
    resid: *mut usize,
    flag: c_int,
    _: Pcr,
) -> c_int {
    let room = give(pu, size, data, resid);
    note(pu, format!("listextattr {ns} {room} {flag}"))
}

pub(super) unsafe extern "C" fn setextattr(
    pu: Pu,
    _: Opc,
    ns: c_int,
    name: *const c_char,
    data: *mut u8,
    resid: *mut usize,
    _: Pcr,
) -> c_int {
    // SAFETY: both are NULL, or `data` has `*resid` bytes.
    let value = unsafe {
        match resid.as_mut() {
            None => "none".into(),
            Some(resid) => {
                let value = std::slice::from_raw_parts(data, *resid).to_vec();
                *resid = rig(pu).left.get();
                String::from_utf8_lossy(&value).into_owned()
            }
        }
    };
    note(pu, format!("setextattr {ns} {} {value}", text(name)))
}

pub(super) unsafe extern "C" fn deleteextattr(
    pu: Pu,
    _: Opc,
    ns: c_int,
    name: *const c_char,
    _: Pcr,
) -> c_int {
    note(pu, format!("deleteextattr {ns} {}", text(name)))
}

pub(super) unsafe extern "C" fn fallocate(pu: Pu, _: Opc, pos: off_t, len: off_t) -> c_int {
    note(pu, format!("fallocate {pos} {len}"))
}

pub(super) unsafe extern "C" fn fdiscard(pu: Pu, _: Opc, pos: off_t, len: off_t) -> c_int {
    note(pu, format!("fdiscard {pos} {len}"))
}

pub(super) unsafe extern "C" fn pathconf(pu: Pu, _: Opc, name: c_int, value: *mut c_long) -> c_int {
    // SAFETY: valid for the call.
    unsafe { value.write(-5) };
    note(pu, format!("pathconf {name}"))
}

pub(super) unsafe extern "C" fn print(pu: Pu, opc: Opc) -> c_int {
    note(pu, format!("print {opc:p}"))
}

pub(super) unsafe extern "C" fn extattrctl(
    pu: Pu,
    cmd: c_int,
    opc: Opc,
    flags: c_int,
    ns: c_int,
    name: *const c_char,
) -> c_int {
    let name = if name.is_null() {
        "none".into()
    } else {
        text(name)
    };
    note(pu, format!("extattrctl {cmd} {opc:p} {flags} {ns} {name}"))
}

pub(super) unsafe extern "C" fn fhtonode(
    pu: Pu,
    fid: *mut c_void,
    len: usize,
    pni: *mut Newinfo,
) -> c_int {
    // SAFETY: as many bytes as are said, and a place of the dispatcher's.
    let (fid, pni) = unsafe { (std::slice::from_raw_parts(fid.cast::<u8>(), len), &*pni) };
    let rig = rig(pu);
    pni.set_cookie(ptr::with_exposed_provenance_mut(rig.cookie.get()));
    pni.set_vtype(rig.vtype.get());
    pni.set_size(rig.size.get() as u64);
    note(pu, format!("fhtonode {}", String::from_utf8_lossy(fid)))
}

/// Fills the room; the length is what the test has set, or all of it.
pub(super) unsafe extern "C" fn nodetofh(
    pu: Pu,
    opc: Opc,
    fid: *mut c_void,
    len: *mut usize,
) -> c_int {
    // SAFETY: room for as many bytes as are said.
    unsafe {
        fid.cast::<u8>().write_bytes(b'h', *len);
        let call = format!("nodetofh {opc:p} {}", *len);
        match rig(pu).left.get() {
            0 => {}
            told => *len = told,
        }
        note(pu, call)
    }
}
