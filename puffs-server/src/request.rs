//! What an operation may ask and say beside its arguments: [`Request`].

use std::ops::Range;

use puffs_core::msg::body::setback;
use puffs_user::cc::Cc;
use puffs_user::cred::Cred;
use puffs_user::host::Stale;
use puffs_user::usermount::Usermount;

use crate::errno::Errno;
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
    pub fn names_changed<N: Node>(&self, dir: Option<&N>) -> Result<(), Errno> {
        let dir = dir.map(|dir| self.known(dir)).transpose()?;
        self.stale(Stale::Names(dir))
    }

    /// Has the kernel forget the contents of a file that it has cached; a range that ends at 0 is all from its start on.
    ///
    /// # Errors
    /// `ENOENT` for a file that it does not know, `EINVAL` for what is no file, `EAGAIN`, `EOPNOTSUPP`.
    pub fn contents_changed<N: Node>(&self, file: &N, range: Range<u64>) -> Result<(), Errno> {
        self.stale(Stale::Pages {
            node: self.known(file)?,
            start: range.start,
            end: range.end,
        })
    }

    /// Has the kernel begin to write the contents of a file that were changed where it caches them; range and errors as for
    /// [`Request::contents_changed`].
    ///
    /// # Errors
    /// As said.
    pub fn write_back<N: Node>(&self, file: &N, range: Range<u64>) -> Result<(), Errno> {
        self.stale(Stale::Unwritten {
            node: self.known(file)?,
            start: range.start,
            end: range.end,
        })
    }

    fn known<N: Node>(&self, node: &N) -> Result<Cookie, Errno> {
        self.library.cookie(node.id()).ok_or(Errno::NOENT)
    }

    fn stale(&self, stale: Stale) -> Result<(), Errno> {
        self.pu.forget_stale(stale).map_err(Errno::new)
    }
}

/// What lets go of the node that the operation is about.
pub(crate) const OWN: u32 = setback::NOREF_N1;
/// What lets go of the node whose name the operation is about.
pub(crate) const NAMED: u32 = setback::NOREF_N2;
