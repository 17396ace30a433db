//! Memory that changes hands between C and puffs.

use core::ffi::c_void;

use puffs_core::Platform;

use super::Plat;

/// Allocates `size` zero bytes for a buffer that is handed to puffs (`puffs_vntouser_faf`, `puffs_vntouser_adjbuf`,
/// the completion form of `puffs_touser_opt`), aligned to 16. It ends in `puffs_free`, by
/// whoever owns it then.
///
/// Returns NULL when `size` is 0, when there is no memory, and before `puffs_attach`. Does not sleep for the server; beyond
/// that as the platform's allocator.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_alloc(size: usize) -> *mut c_void {
    if size == 0 || !super::attach::ready() {
        return core::ptr::null_mut();
    }
    let ptr = Plat::alloc(size);
    if !ptr.is_null() {
        // SAFETY: fresh memory of that size. Old contents must not reach a server.
        unsafe { ptr.write_bytes(0, size) };
    }
    ptr.cast()
}

/// Frees what `puffs_alloc` returned, and what puffs handed over as such. NULL is ignored. May be called under the
/// locks that the platform's own free may be called under.
///
/// # Safety
/// `ptr` is NULL or such memory, and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_free(ptr: *mut c_void) {
    if !ptr.is_null() {
        // SAFETY: by contract.
        unsafe { Plat::free(ptr.cast()) };
    }
}
