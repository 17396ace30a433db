//! `puffs_fakecc`, an object that `<puffs.h>` declares by hand.

use core::ffi::c_int;
use core::sync::atomic::{AtomicI32, Ordering};

/// Other than 0 when `puffs_init` is called: the requests of that server have no stacks of their own.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)] // The name that C sees.
static puffs_fakecc: AtomicI32 = AtomicI32::new(0);

const _: () = assert!(size_of::<AtomicI32>() == size_of::<c_int>());

/// Whether the program has set it.
pub(crate) fn is_set() -> bool {
    puffs_fakecc.load(Ordering::Relaxed) != 0
}
