//! What an operation may ask and say beside its arguments: [`Request`].

use std::ops::{Bound, RangeBounds};

use puffs_core::msg::body::setback;
use puffs_user::cc::Cc;
use puffs_user::cred::Cred;
use puffs_user::host::Stale;
use puffs_user::usermount::Usermount;

use crate::errno::{Errno, Result};
use crate::mount::Handle;
use crate::node::{Cookie, Node};

/// The parts of the library that a request reaches whatever the server is.
pub(crate) trait Library {
    fn cookie(&self, id: u64) -> Option<Cookie>;
    fn handle(&self) -> &Handle;
    fn retry(&self);
}

/// The request being executed: who asks, and what the server wants done.
pub struct Request<'r> {
    pu: &'r Usermount,
    cc: &'r Cc,
    library: &'r dyn Library,
    /// The bit by which its operation may let go of a node.
    noref: u32,
}

impl<'r> Request<'r> {
    pub(crate) fn new(pu: &'r Usermount, cc: &'r Cc, library: &'r dyn Library, noref: u32) -> Self {
        Request {
            pu,
            cc,
            library,
            noref,
        }
    }

    /// Who asks: a user, or the kernel or file system itself.
    pub fn cred(&self) -> &Cred {
        self.cc.cred()
    }

    /// Process and thread that ask, if they are known.
    pub fn caller(&self) -> Option<(u32, u32)> {
        self.cc.caller()
    }

    /// What ends the mount, from here or any other thread.
    pub fn handle(&self) -> &Handle {
        self.library.handle()
    }

    /// In `remove`, `rmdir` and `inactive`: no name leads to the node any more (in the first two: to the one whose name is
    /// removed), so the kernel need not keep it once nobody uses it. Elsewhere it says nothing.
    pub fn let_go(&self) {
        if self.noref != 0 {
            // The bit is the operation's own, so it is allowed.
            let _ = self.cc.add_setback(self.noref);
        }
    }

    /// Has all operations that returned [`Errno::LATER`] called again, soon after this one.
    pub fn retry(&self) {
        self.library.retry();
    }

    /// Has the kernel forget the names in a directory that it has cached, or all names.
    ///
    /// # Errors
    /// `ENOENT` for a directory that it does not know, `EOPNOTSUPP` where it cannot; names then expire by themselves.
    pub fn names_changed<N: Node>(&self, dir: Option<&N>) -> Result {
        let dir = dir.map(|dir| self.known(dir)).transpose()?;
        self.stale(Stale::Names(dir))
    }

    /// Has the kernel forget the contents of a file that it has cached, all (`..`) or a range.
    ///
    /// # Errors
    /// `ENOENT` for a file that it does not know, `EINVAL` for what is no file, `EAGAIN`, `EOPNOTSUPP`.
    pub fn contents_changed<N: Node>(&self, file: &N, range: impl RangeBounds<u64>) -> Result {
        let node = self.known(file)?;
        span(&range).map_or(Ok(()), |(start, end)| {
            self.stale(Stale::Pages { node, start, end })
        })
    }

    /// Has the kernel begin to write the contents of a file that were changed where it caches them.
    ///
    /// # Errors
    /// As for [`Request::contents_changed`].
    pub fn write_back<N: Node>(&self, file: &N, range: impl RangeBounds<u64>) -> Result {
        let node = self.known(file)?;
        span(&range).map_or(Ok(()), |(start, end)| {
            self.stale(Stale::Unwritten { node, start, end })
        })
    }

    fn known<N: Node>(&self, node: &N) -> Result<Cookie> {
        self.library.cookie(node.id()).ok_or(Errno::NOENT)
    }

    fn stale(&self, stale: Stale) -> Result {
        self.pu.forget_stale(stale).map_err(Errno::new)
    }
}

/// First byte and first byte behind, which is 0 at the end of the file; nothing for an empty range.
fn span(range: &impl RangeBounds<u64>) -> Option<(u64, u64)> {
    let start = match range.start_bound() {
        Bound::Included(first) => *first,
        Bound::Excluded(before) => before.checked_add(1)?,
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        // The end of all offsets is the end of the file.
        Bound::Included(last) => last.checked_add(1).unwrap_or(0),
        Bound::Excluded(0) => return None,
        Bound::Excluded(behind) => *behind,
        Bound::Unbounded => 0,
    };
    (end == 0 || start < end).then_some((start, end))
}

/// What lets go of the node that the operation is about.
pub(crate) const OWN: u32 = setback::NOREF_N1;
/// What lets go of the node whose name the operation is about.
pub(crate) const NAMED: u32 = setback::NOREF_N2;

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn ranges_end_where_they_say() {
        assert_eq!(span(&(..)), Some((0, 0)));
        assert_eq!(span(&(5..)), Some((5, 0)));
        assert_eq!(span(&(5..9)), Some((5, 9)));
        assert_eq!(span(&(5..=9)), Some((5, 10)));
        assert_eq!(span(&(..=u64::MAX)), Some((0, 0)));
        for empty in [0..0, 5..5] {
            assert_eq!(span(&empty), None);
        }
    }
}
