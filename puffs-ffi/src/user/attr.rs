//! Attributes.

use core::ffi::c_int;

use libc::{mode_t, stat};
use puffs_user::attr;
use puffs_user::c::vattr::vattr;
use puffs_user::vtype::Vtype;

/// Copies to `vap` each field of `sva_p` that is not `PUFFS_VNOVAL`; `va_filerev` and `va_vaflags` never.
///
/// # Safety
/// Both are null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setvattr(vap: *mut vattr, sva_p: *const vattr) {
    if vap.is_null() || sva_p.is_null() {
        return;
    }
    // SAFETY: by contract. A copy, since both may be the same.
    let src = unsafe { *sva_p };
    // SAFETY: by contract.
    attr::merge(unsafe { &mut *vap }, &src);
}

/// Makes `vap` what a new node starts with: nothing given, but the page size as block size, and no flags.
/// `va_filerev` and `va_spare` are not touched.
///
/// # Safety
/// `vap` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vattr_null(vap: *mut vattr) {
    if !vap.is_null() {
        // SAFETY: by contract.
        unsafe { attr::server_null(vap) };
    }
}

/// Makes attributes of what stat(2) said. Linux keeps no time of creation there: the time of change stands in.
///
/// # Safety
/// Both are null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_stat2vattr(vap: *mut vattr, sb: *const stat) {
    // SAFETY: by contract.
    if let (Some(va), Some(sb)) = unsafe { (vap.as_mut(), sb.as_ref()) } {
        *va = attr::from_stat(sb);
    }
}

/// Returns `DT_*` of `<dirent.h>` for a type, `DT_UNKNOWN` for what has none.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_vtype2dt(vt: Vtype) -> c_int {
    c_int::from(attr::dtype_of(vt))
}

/// Returns the type that the type bits of a mode say, `VBAD` when they say none.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_mode2vt(mode: mode_t) -> Vtype {
    attr::type_of_mode(mode)
}

/// Returns the mode with the type's bits added.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_addvtype2mode(mode: mode_t, vt: Vtype) -> mode_t {
    attr::mode_with_type(mode, vt)
}
