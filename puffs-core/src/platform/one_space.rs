//! Copies to and from a server that shares the address space of the kernel side.

use crate::errno::Errno;
use crate::ids::UserAddr;

/// Copies from the server; only null is known to be no memory.
///
/// # Safety
/// `from` is null or readable for `to.len()` bytes, which do not overlap `to`.
pub(super) unsafe fn copyin(from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
    if to.is_empty() {
        return Ok(());
    }
    if from.0 == 0 {
        return Err(Errno::Fault);
    }
    // SAFETY: by contract.
    unsafe { core::ptr::copy_nonoverlapping(from.0 as *const u8, to.as_mut_ptr(), to.len()) };
    Ok(())
}

/// Copies to the server; only null is known to be no memory.
///
/// # Safety
/// `to` is null or writable for `from.len()` bytes, which do not overlap `from`.
pub(super) unsafe fn copyout(from: &[u8], to: UserAddr) -> Result<(), Errno> {
    if from.is_empty() {
        return Ok(());
    }
    if to.0 == 0 {
        return Err(Errno::Fault);
    }
    // SAFETY: by contract.
    unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), to.0 as *mut u8, from.len()) };
    Ok(())
}
