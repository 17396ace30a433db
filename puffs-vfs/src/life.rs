//! The end of nodes and of the file system: inactive, reclaim, sync, unmount.

use puffs_core::msg::body::{Ans, FlagsReq, Head, PlainReq, ReclaimReq};
use puffs_core::msg::op::{vfs, vn};
use puffs_core::{Cookie, Platform};

use crate::call::{Caller, Failed};
use crate::codec::{Call, notify};

/// `MNT_WAIT`, for [`sync`].
pub const MNT_WAIT: u32 = 1;
/// `MNT_FORCE`, for [`unmount`].
pub const MNT_FORCE: u32 = 0x0008_0000;

/// Nobody uses the node now. Returns the server's side notes.
///
/// # Errors
/// Those of the server, which change nothing; none when it has no such operation.
pub fn inactive<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
) -> Result<u32, Failed> {
    if !caller.ops().has_vn(vn::INACTIVE) {
        return Ok(0);
    }
    Call::vn(
        caller,
        vn::INACTIVE,
        node,
        &PlainReq { head: *head },
        [&[], &[]],
    )?
    .ask_setback()
}

/// The same without an answer: for where nobody may wait.
///
/// # Errors
/// The notice could not be queued.
pub fn inactive_faf<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
) -> Result<(), Failed> {
    if !caller.ops().has_vn(vn::INACTIVE) {
        return Ok(());
    }
    notify(caller, vn::INACTIVE, node, &PlainReq { head: *head }, &[])
}

/// The cookie will not be used again; it came `nlookup` times. Never for the root.
///
/// # Errors
/// The notice could not be queued.
pub fn reclaim<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    nlookup: u32,
) -> Result<(), Failed> {
    if !caller.ops().has_vn(vn::RECLAIM) {
        return Ok(());
    }
    let req = ReclaimReq {
        head: *head,
        nlookup,
        pad: 0,
    };
    notify(caller, vn::RECLAIM, node, &req, &[])
}

/// Makes everything safe.
///
/// # Errors
/// Those of the server.
pub fn sync<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    waitfor: u32,
) -> Result<(), Failed> {
    vfs_flags(caller, vfs::SYNC, head, waitfor)
}

/// Ends the file system, after every node but the root has been reclaimed.
///
/// # Errors
/// Those of the server: it would rather not. [`MNT_FORCE`] in `mntflags` says that nobody asks.
pub fn unmount<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    mntflags: u32,
) -> Result<(), Failed> {
    vfs_flags(caller, vfs::UNMOUNT, head, mntflags)
}

fn vfs_flags<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    optype: u8,
    head: &Head,
    flags: u32,
) -> Result<(), Failed> {
    let req = FlagsReq {
        head: *head,
        flags,
        ..FlagsReq::default()
    };
    Call::vfs(caller, optype, &req)?.ask::<Ans>().map(drop)
}
