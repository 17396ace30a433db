//! What the other side has cached: names and contents that are stale, contents that are to be written.
//!
//! All of these return without waiting, and can be called at any time while the file system is mounted, from the thread of
//! the main loop.

use core::ffi::c_int;

use libc::off_t;
use puffs_user::c::puffs_cookie_t;
use puffs_user::host::Stale;
use puffs_user::usermount::Usermount;

use super::{context, fail};

/// The range of a whole file.
const ALL: (u64, u64) = (0, 0);

/// Has the other side forget all names below the directory `dir`, those that do not exist included.
///
/// Returns 0, also when it has no names there, or -1 with `errno` set: `ENOENT` when it does not know `dir`, `EINVAL` when that is no directory,
/// `EOPNOTSUPP` when it cannot (FUSE in Linux before 6.16: names then expire by themselves after a second, or when the server said), `ENXIO` when
/// not mounted.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_inval_namecache_dir(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        stale(
            "puffs_inval_namecache_dir",
            pu,
            Stale::Names(Some(dir.expose_provenance())),
        )
    }
}

/// Has the other side forget all names; results as for `puffs_inval_namecache_dir`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_inval_namecache_all(pu: *mut Usermount) -> c_int {
    // SAFETY: by contract.
    unsafe { stale("puffs_inval_namecache_all", pu, Stale::Names(None)) }
}

/// Has the other side drop the contents of a regular file that it has cached.
///
/// Returns 0, or -1 with `errno` set: `ENOENT` when it does not know the node, `EINVAL` when that is no regular file, `EAGAIN` when
/// too much is to be dropped at once, `ENXIO` when not mounted. What programs have changed through a mapping is not lost: it is written first, or later.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_inval_pagecache_node(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
) -> c_int {
    let node = opc.expose_provenance();
    let (start, end) = ALL;
    // SAFETY: by contract.
    unsafe {
        stale(
            "puffs_inval_pagecache_node",
            pu,
            Stale::Pages { node, start, end },
        )
    }
}

/// The same for the bytes from `start` to before `end`, in whole pages; an `end` of 0 is the end of the file. `EINVAL` also for
/// a range beyond it.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_inval_pagecache_node_range(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    start: off_t,
    end: off_t,
) -> c_int {
    let node = opc.expose_provenance();
    let what = range(start, end).map(|(start, end)| Stale::Pages { node, start, end });
    // SAFETY: by contract.
    what.map_or_else(fail, |what| unsafe {
        stale("puffs_inval_pagecache_node_range", pu, what)
    })
}

/// Has the other side begin to write the contents of a regular file that it has changed. Results as for
/// `puffs_inval_pagecache_node`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_flush_pagecache_node(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
) -> c_int {
    let node = opc.expose_provenance();
    let (start, end) = ALL;
    // SAFETY: by contract.
    unsafe {
        stale(
            "puffs_flush_pagecache_node",
            pu,
            Stale::Unwritten { node, start, end },
        )
    }
}

/// The same for a range, as in `puffs_inval_pagecache_node_range`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_flush_pagecache_node_range(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    start: off_t,
    end: off_t,
) -> c_int {
    let node = opc.expose_provenance();
    let what = range(start, end).map(|(start, end)| Stale::Unwritten { node, start, end });
    // SAFETY: by contract.
    what.map_or_else(fail, |what| unsafe {
        stale("puffs_flush_pagecache_node_range", pu, what)
    })
}

fn range(start: off_t, end: off_t) -> Result<(u64, u64), c_int> {
    match (u64::try_from(start), u64::try_from(end)) {
        (Ok(start), Ok(end)) => Ok((start, end)),
        _ => Err(libc::EINVAL),
    }
}

/// # Safety
/// `pu` is null or from `puffs_init`.
unsafe fn stale(function: &str, pu: *mut Usermount, what: Stale) -> c_int {
    // SAFETY: by contract.
    let pu = unsafe { context(function, pu) };
    pu.and_then(|pu| pu.forget_stale(what))
        .map_or_else(fail, |()| 0)
}
