//! `reallocarr`.

use core::ffi::{c_int, c_void};

/// `reallocarr`: gives what the pointer at `at` points to the size of `count` elements of `size` bytes, and frees it when that is nothing.
/// Returns 0, or an errno value with everything as it was: `EOVERFLOW`, `ENOMEM`.
///
/// # Safety
/// `at` is null or the address of a pointer that is null or from `malloc`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_reallocarr(
    at: *mut c_void,
    count: usize,
    size: usize,
) -> c_int {
    let at = at.cast::<*mut c_void>();
    if at.is_null() {
        return libc::EFAULT;
    }
    let Some(bytes) = count.checked_mul(size) else {
        return libc::EOVERFLOW;
    };
    // SAFETY: by contract. The pointer may lie anywhere.
    unsafe {
        let old = at.read_unaligned();
        let new = if bytes == 0 {
            libc::free(old);
            core::ptr::null_mut()
        } else {
            let new = libc::realloc(old, bytes);
            if new.is_null() {
                return libc::ENOMEM;
            }
            new
        };
        at.write_unaligned(new);
    }
    0
}
