//! The trait: [`Server`], whose methods are the operations.

use std::ffi::{OsStr, OsString};

use crate::attr::{Attr, New, SetAttr};
use crate::errno::{Errno, Result};
use crate::flags::{
    Access, Conflict, Fsync, Intent, Io, Lock, Namespace, OpenFlags, Opened, Statvfs,
};
use crate::listing::Listing;
use crate::node::Node;
use crate::ops::Ops;
use crate::request::Request;

/// A file server: the operations of a file system. See the [crate's page](crate) for which thread calls them, what a panic
/// in one becomes, and how the server ends.
///
/// Only what [`Server::OPS`] names is called; a method that is not named there is never called, overridden or not. What is
/// named but not overridden answers `EOPNOTSUPP`, or, where doing nothing is an answer, that.
///
/// Names have 1 to 255 bytes and neither slash nor NUL; offsets and sizes are at most `i64::MAX`.
#[allow(unused_variables)] // The names of arguments are their documentation.
pub trait Server: Sized + 'static {
    /// What the server calls its nodes by.
    type Node: Node;

    /// The operations that there are, beside `lookup` and `getattr`.
    const OPS: Ops;

    /// The root directory. Asked once, before the mount.
    fn root(&mut self) -> Self::Node;

    /// Finds a name in a directory. `..` may be asked for, and is the directory that this one is in.
    ///
    /// # Errors
    /// `ENOENT` when there is no such name.
    fn lookup(
        &mut self,
        req: &Request<'_>,
        dir: &Self::Node,
        name: &OsStr,
        intent: Intent,
    ) -> Result<Self::Node>;

    /// The attributes of a node. Also asked after a lookup, a creation or a change, in the same request.
    ///
    /// # Errors
    /// An errno value.
    fn getattr(&mut self, req: &Request<'_>, node: &Self::Node) -> Result<Attr>;

    /// The kernel has forgotten the node, and so has the library when this returns. Each node comes here once, those that are
    /// left at the end included, the root last; a node that is found again later is a new one to the library.
    fn forget(&mut self, node: &Self::Node) {}

    /// Figures of the file system.
    ///
    /// # Errors
    /// An errno value.
    fn statvfs(&mut self, req: &Request<'_>) -> Result<Statvfs> {
        Ok(Statvfs::default())
    }

    /// Everything is to be on disk; with `wait` before this returns, without half a minute after something was changed.
    ///
    /// # Errors
    /// An errno value.
    fn sync(&mut self, req: &Request<'_>, wait: bool) -> Result {
        Ok(())
    }

    /// The file system is about to be unmounted. The last request: all nodes have been forgotten but the root.
    ///
    /// # Errors
    /// An error refuses, and the server goes on, unless it is `forced`.
    fn unmount(&mut self, req: &Request<'_>, forced: bool) -> Result {
        Ok(())
    }

    /// Makes a file, or a socket, under a name that a lookup has not found. The owner is the caller.
    ///
    /// # Errors
    /// An errno value, as for all that follow.
    fn create(
        &mut self,
        req: &Request<'_>,
        dir: &Self::Node,
        name: &OsStr,
        new: &New,
    ) -> Result<Self::Node> {
        Err(Errno::OPNOTSUPP)
    }

    /// Makes a device or a FIFO.
    ///
    /// # Errors
    /// An errno value.
    fn mknod(
        &mut self,
        req: &Request<'_>,
        dir: &Self::Node,
        name: &OsStr,
        new: &New,
    ) -> Result<Self::Node> {
        Err(Errno::OPNOTSUPP)
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// An errno value.
    fn mkdir(
        &mut self,
        req: &Request<'_>,
        dir: &Self::Node,
        name: &OsStr,
        new: &New,
    ) -> Result<Self::Node> {
        Err(Errno::OPNOTSUPP)
    }

    /// Makes a symbolic link to `target`.
    ///
    /// # Errors
    /// An errno value.
    fn symlink(
        &mut self,
        req: &Request<'_>,
        dir: &Self::Node,
        name: &OsStr,
        new: &New,
        target: &OsStr,
    ) -> Result<Self::Node> {
        Err(Errno::OPNOTSUPP)
    }

    /// Gives a node that is no directory another name.
    ///
    /// # Errors
    /// An errno value.
    fn link(
        &mut self,
        req: &Request<'_>,
        dir: &Self::Node,
        node: &Self::Node,
        name: &OsStr,
    ) -> Result {
        Err(Errno::OPNOTSUPP)
    }

    /// Takes a name away from a node that is no directory. The node stays until it is forgotten: it may be open.
    ///
    /// # Errors
    /// An errno value.
    fn remove(
        &mut self,
        req: &Request<'_>,
        dir: &Self::Node,
        node: &Self::Node,
        name: &OsStr,
    ) -> Result {
        Err(Errno::OPNOTSUPP)
    }

    /// Removes a directory, as `remove` does.
    ///
    /// # Errors
    /// `ENOTEMPTY` when names are in it.
    fn rmdir(
        &mut self,
        req: &Request<'_>,
        dir: &Self::Node,
        node: &Self::Node,
        name: &OsStr,
    ) -> Result {
        Err(Errno::OPNOTSUPP)
    }

    /// Gives a node another name instead of the one that it has. `replaced` has that name now, and loses it.
    ///
    /// # Errors
    /// An errno value; `EINVAL` when a directory would come to be below itself.
    fn rename(
        &mut self,
        req: &Request<'_>,
        from: (&Self::Node, &OsStr),
        node: &Self::Node,
        to: (&Self::Node, &OsStr),
        replaced: Option<&Self::Node>,
    ) -> Result {
        Err(Errno::OPNOTSUPP)
    }

    /// Changes attributes, all of those that are given or none. Whether the caller may is the server's to ask:
    /// [`Attr::may_chmod`] and its like.
    ///
    /// # Errors
    /// An errno value.
    fn setattr(&mut self, req: &Request<'_>, node: &Self::Node, changes: &SetAttr) -> Result {
        Err(Errno::OPNOTSUPP)
    }

    /// May the caller do this with the node? Naming it in [`Server::OPS`] means that the server decides alone.
    ///
    /// # Errors
    /// `EACCES` when not.
    fn access(&mut self, req: &Request<'_>, node: &Self::Node, wanted: Access) -> Result {
        self.getattr(req, node)?.may_access(wanted, req.cred())
    }

    /// A node is opened, once for each open(2).
    ///
    /// # Errors
    /// An errno value.
    fn open(&mut self, req: &Request<'_>, node: &Self::Node, flags: OpenFlags) -> Result<Opened> {
        Ok(Opened::default())
    }

    /// It is closed, once for each open. Nobody waits for it.
    fn close(&mut self, req: &Request<'_>, node: &Self::Node, flags: OpenFlags) {}

    /// Reads at `offset` into `data`. Returns how much was read: less than was asked only at the end of the file.
    ///
    /// # Errors
    /// An errno value.
    fn read(
        &mut self,
        req: &Request<'_>,
        node: &Self::Node,
        offset: u64,
        data: &mut [u8],
        io: Io,
    ) -> Result<usize> {
        Err(Errno::OPNOTSUPP)
    }

    /// Writes `data` at `offset`. Returns how much was written; less than all is `EIO` for the caller.
    ///
    /// # Errors
    /// An errno value.
    fn write(
        &mut self,
        req: &Request<'_>,
        node: &Self::Node,
        offset: u64,
        data: &[u8],
        io: Io,
    ) -> Result<usize> {
        Err(Errno::OPNOTSUPP)
    }

    /// What was written is to be on disk.
    ///
    /// # Errors
    /// An errno value.
    fn fsync(&mut self, req: &Request<'_>, node: &Self::Node, what: Fsync) -> Result {
        Ok(())
    }

    /// May an open file's offset be `to` now?
    ///
    /// # Errors
    /// Refuses the lseek(2).
    fn seek(&mut self, req: &Request<'_>, node: &Self::Node, from: i64, to: i64) -> Result {
        Ok(())
    }

    /// May the file be mapped, for this?
    ///
    /// # Errors
    /// Refuses the mmap(2).
    fn mmap(&mut self, req: &Request<'_>, node: &Self::Node, wanted: Access) -> Result {
        Ok(())
    }

    /// Which of the `events` (`libc::POLLIN` and so on) are there? While none is, [`Errno::LATER`] has the caller wait.
    ///
    /// # Errors
    /// An errno value.
    fn poll(&mut self, req: &Request<'_>, node: &Self::Node, events: i32) -> Result<i32> {
        Ok(events & (libc::POLLIN | libc::POLLOUT | libc::POLLRDNORM | libc::POLLWRNORM) as i32)
    }

    /// Lists a directory, from `offset` on, which is 0 or one that a record was added with. Adds records until one does not
    /// fit or none is left. `.` and `..` may be among them.
    ///
    /// # Errors
    /// An errno value.
    fn readdir(
        &mut self,
        req: &Request<'_>,
        node: &Self::Node,
        offset: u64,
        listing: &mut Listing<'_>,
    ) -> Result {
        Err(Errno::OPNOTSUPP)
    }

    /// Where a symbolic link leads: at most 4095 bytes.
    ///
    /// # Errors
    /// An errno value.
    fn readlink(&mut self, req: &Request<'_>, node: &Self::Node) -> Result<OsString> {
        Err(Errno::OPNOTSUPP)
    }

    /// Sets, takes away or asks about an advisory lock. Returns the lock that is in the way, if one was asked for. While
    /// another's lock is in the way of one to be set: [`Errno::LATER`] with [`Lock::wait`], else `EAGAIN`.
    ///
    /// # Errors
    /// An errno value.
    fn lock(
        &mut self,
        req: &Request<'_>,
        node: &Self::Node,
        lock: &Lock,
    ) -> Result<Option<Conflict>> {
        Err(Errno::OPNOTSUPP)
    }

    /// The value of an extended attribute.
    ///
    /// # Errors
    /// `ENODATA` when there is none.
    fn getxattr(
        &mut self,
        req: &Request<'_>,
        node: &Self::Node,
        namespace: Namespace,
        name: &OsStr,
    ) -> Result<Vec<u8>> {
        Err(Errno::OPNOTSUPP)
    }

    /// Sets an extended attribute, whether it is there or not.
    ///
    /// # Errors
    /// An errno value.
    fn setxattr(
        &mut self,
        req: &Request<'_>,
        node: &Self::Node,
        namespace: Namespace,
        name: &OsStr,
        value: &[u8],
    ) -> Result {
        Err(Errno::OPNOTSUPP)
    }

    /// The names of the extended attributes in a namespace.
    ///
    /// # Errors
    /// An errno value.
    fn listxattr(
        &mut self,
        req: &Request<'_>,
        node: &Self::Node,
        namespace: Namespace,
    ) -> Result<Vec<OsString>> {
        Err(Errno::OPNOTSUPP)
    }

    /// Takes an extended attribute away.
    ///
    /// # Errors
    /// `ENODATA` when there is none.
    fn removexattr(
        &mut self,
        req: &Request<'_>,
        node: &Self::Node,
        namespace: Namespace,
        name: &OsStr,
    ) -> Result {
        Err(Errno::OPNOTSUPP)
    }

    /// Makes sure of room for a range of a file, which becomes at least so long.
    ///
    /// # Errors
    /// An errno value.
    fn allocate(&mut self, req: &Request<'_>, node: &Self::Node, offset: u64, len: u64) -> Result {
        Err(Errno::OPNOTSUPP)
    }

    /// Makes a hole, which reads as zeros.
    ///
    /// # Errors
    /// An errno value.
    fn discard(&mut self, req: &Request<'_>, node: &Self::Node, offset: u64, len: u64) -> Result {
        Err(Errno::OPNOTSUPP)
    }

    /// Nobody uses the node at the moment; see [`Request::let_go`].
    fn inactive(&mut self, req: &Request<'_>, node: &Self::Node) {}
}
