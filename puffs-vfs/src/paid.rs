//! The requests that cannot fail for lack of memory: [`Reclaim`], made with its node, [`Close`], made with its open, and [`Unlock`],
//! made with the lock.
//!
//! They go as FAF, since who waits for an answer may be told to leave before the server has seen the request, and then the
//! server would keep the node, the open file, or the lock for ever.

use puffs_core::msg::body::{FlagsReq, Head, LockReq, PlainReq, ReclaimReq};
use puffs_core::msg::op::{CLASS_VN, vn};
use puffs_core::{Cookie, Errno, Mount, Platform, Prepaid, Ref};
use zerocopy::{Immutable, IntoBytes};

use crate::call::Caller;
use crate::lock::Wanted;

/// A RECLAIM paid for.
pub struct Reclaim<P: Platform>(Prepaid<P>);

/// A CLOSE paid for, or the INACTIVE that is due at a close where the server has nothing to close.
pub struct Close<P: Platform>(Prepaid<P>);

/// An ADVLOCK paid for, that takes a lock away.
pub struct Unlock<P: Platform>(Prepaid<P>);

impl<P: Platform> Reclaim<P> {
    /// Pays for one; none is needed where the server has no such operation.
    ///
    /// # Errors
    /// [`Errno::NoMem`].
    pub fn pay<C: Caller<P> + ?Sized>(
        caller: &C,
        mount: &Ref<Mount<P>, P>,
    ) -> Result<Option<Self>, Errno> {
        if !caller.ops().has_vn(vn::RECLAIM) {
            return Ok(None);
        }
        Prepaid::new(mount, size_of::<ReclaimReq>()).map(|paid| Some(Reclaim(paid)))
    }

    /// The cookie will not be used again; it came `nlookup` times. Never for the root.
    pub fn send(self, head: &Head, node: Cookie, nlookup: u32) {
        let req = ReclaimReq {
            head: *head,
            nlookup,
            pad: 0,
        };
        send(self.0, vn::RECLAIM, node, &req);
    }
}

impl<P: Platform> Close<P> {
    /// Pays for one; none is needed where the server has neither operation.
    ///
    /// # Errors
    /// [`Errno::NoMem`].
    pub fn pay<C: Caller<P> + ?Sized>(
        caller: &C,
        mount: &Ref<Mount<P>, P>,
    ) -> Result<Option<Self>, Errno> {
        if !caller.ops().has_vn(vn::CLOSE) && !caller.ops().has_vn(vn::INACTIVE) {
            return Ok(None);
        }
        Prepaid::new(mount, size_of::<FlagsReq>()).map(|paid| Some(Close(paid)))
    }

    /// Closes what was opened with this mode, and runs inactive after it when asked.
    pub fn send<C: Caller<P> + ?Sized>(
        self,
        caller: &C,
        head: &Head,
        node: Cookie,
        mode: u32,
        inactive: bool,
    ) {
        let inactive = inactive && caller.ops().has_vn(vn::INACTIVE);
        if caller.ops().has_vn(vn::CLOSE) {
            let req = FlagsReq {
                head: *head,
                flags: mode,
                inactive: u32::from(inactive),
                ..FlagsReq::default()
            };
            send(self.0, vn::CLOSE, node, &req);
        } else if inactive {
            send(self.0, vn::INACTIVE, node, &PlainReq { head: *head });
        }
    }
}

impl<P: Platform> Unlock<P> {
    /// Pays for one; none is needed where the server has no such operation.
    ///
    /// # Errors
    /// [`Errno::NoMem`].
    pub fn pay<C: Caller<P> + ?Sized>(
        caller: &C,
        mount: &Ref<Mount<P>, P>,
    ) -> Result<Option<Self>, Errno> {
        if !caller.ops().has_vn(vn::ADVLOCK) {
            return Ok(None);
        }
        Prepaid::new(mount, size_of::<LockReq>()).map(|paid| Some(Unlock(paid)))
    }

    /// Takes a lock of a node away; `wanted` has `F_UNLCK` for both its operation and its kind.
    pub fn send(self, head: &Head, node: Cookie, wanted: &Wanted) {
        send(self.0, vn::ADVLOCK, node, &wanted.message(head));
    }
}

/// Sends a body that is not longer than what was paid for; zeros follow it.
fn send<P: Platform>(
    mut paid: Prepaid<P>,
    optype: u8,
    node: Cookie,
    req: &(impl IntoBytes + Immutable),
) {
    let fits = req.write_to_prefix(paid.body());
    debug_assert!(fits.is_ok());
    paid.send(CLASS_VN, optype, node);
}
