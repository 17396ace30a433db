//! From paths to descriptors.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use core::ffi::c_int;

use super::host::{self, Stat};
use super::{NONSENSE, ident_of, kept};
use crate::c::name::puffs_pathobj;
use crate::c::node::puffs_node;
use crate::paths;
use crate::usermount::Usermount;

/// The root and a path below it.
struct Below {
    root: Rc<OwnedFd>,
    /// Without a slash at either end; empty: the root itself.
    path: Vec<u8>,
}

/// A directory and a name in it.
pub(super) struct Place {
    dir: Dir,
    /// Empty: the directory itself, which is the root.
    pub(super) name: CString,
}

enum Dir {
    Root(Rc<OwnedFd>),
    Other(OwnedFd),
}

/// An open file, and what the host says of it.
pub(super) struct Reached<'n> {
    fd: File<'n>,
    pub(super) stat: Stat,
}

enum File<'n> {
    Opened(OwnedFd),
    Root(Rc<OwnedFd>),
    Kept(BorrowedFd<'n>),
}

/// The root's directory, opened once.
///
/// # Errors
/// `EINVAL` when the server has set no root, or that has no path.
///
/// # Safety
/// The root node lives.
pub(super) unsafe fn root(pu: &Usermount) -> Result<Rc<OwnedFd>, i32> {
    // SAFETY: by contract.
    unsafe { below(pu, None) }.map(|below| below.root)
}

/// Where a path is below the root.
///
/// # Errors
/// `ENOENT` when it is not below the root.
///
/// # Safety
/// The root node lives, and its path and this are strings.
unsafe fn below(pu: &Usermount, path: Option<&puffs_pathobj>) -> Result<Below, i32> {
    // SAFETY: by contract.
    let root = unsafe { pu.settings().root.get().as_ref() }.ok_or(NONSENSE)?;
    // SAFETY: by contract.
    let top = unsafe { paths::bytes(&root.pn_po) };
    if top.is_empty() {
        return Err(NONSENSE);
    }
    let fd = root_fd(pu, top)?;
    // SAFETY: by contract.
    let path = path.map_or(top, |path| unsafe { paths::bytes(path) });
    let top = top.strip_suffix(b"/").unwrap_or(top);
    let path = match path.strip_prefix(top) {
        Some(rest) if rest.is_empty() || rest[0] == b'/' => rest,
        _ => return Err(libc::ENOENT),
    };
    let start = path.iter().take_while(|&&b| b == b'/').count();
    let end = path
        .iter()
        .rposition(|&b| b != b'/')
        .map_or(start, |i| i + 1);
    Ok(Below {
        root: fd,
        path: path[start..end].to_vec(),
    })
}

fn root_fd(pu: &Usermount, path: &[u8]) -> Result<Rc<OwnedFd>, i32> {
    let mut root = pu.null().root.borrow_mut();
    if let Some((known, fd)) = root.as_ref()
        && known == path
    {
        return Ok(Rc::clone(fd));
    }
    let name = CString::new(path).map_err(|_| NONSENSE)?;
    let fd = Rc::new(host::open_root(&name)?);
    *root = Some((path.to_vec(), Rc::clone(&fd)));
    Ok(fd)
}

impl Place {
    /// Where a path leads: its directory is opened, and must be the one of the node `dir`, if that has just this path.
    ///
    /// # Errors
    /// `ESTALE` when another directory is there now; what the host says.
    ///
    /// # Safety
    /// The root node lives, and `dir` does or is null; paths are strings.
    pub(super) unsafe fn of(
        pu: &Usermount,
        path: &puffs_pathobj,
        dir: *mut puffs_node,
    ) -> Result<Place, i32> {
        // SAFETY: by contract.
        let Below { root, path } = unsafe { below(pu, Some(path)) }?;
        let (parent, name) = match path.iter().rposition(|&b| b == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&[][..], &path[..]),
        };
        let name = CString::new(name).map_err(|_| NONSENSE)?;
        if parent.is_empty() {
            let dir = Dir::Root(root);
            return Ok(Place { dir, name });
        }
        let flags = libc::O_PATH | libc::O_DIRECTORY;
        let fd = host::open_below(root.as_fd(), parent, flags)?;
        if dir.is_null() {
            let dir = Dir::Other(fd);
            return Ok(Place { dir, name });
        }
        // SAFETY: by contract.
        let theirs = unsafe { below(pu, Some(&(*dir).pn_po)) }?;
        // SAFETY: by contract.
        if let (true, Some(ident)) = (theirs.path == parent, unsafe { ident_of(dir) })
            && host::stat(fd.as_fd(), c"")?.ident != ident
        {
            return Err(libc::ESTALE);
        }
        let dir = Dir::Other(fd);
        Ok(Place { dir, name })
    }

    /// The directory.
    pub(super) fn dir(&self) -> BorrowedFd<'_> {
        match &self.dir {
            Dir::Root(fd) => fd.as_fd(),
            Dir::Other(fd) => fd.as_fd(),
        }
    }

    /// What is there.
    pub(super) fn stat(&self) -> Result<Stat, i32> {
        host::stat(self.dir(), &self.name)
    }

    /// The file that is there, without opening it for anything.
    pub(super) fn open(&self) -> Result<OwnedFd, i32> {
        host::open_at(self.dir(), &self.name, libc::O_PATH, 0)
    }
}

impl<'n> Reached<'n> {
    /// A file that is kept open.
    pub(super) fn kept(fd: BorrowedFd<'n>) -> Result<Self, i32> {
        let stat = host::stat(fd, c"")?;
        let fd = File::Kept(fd);
        Ok(Reached { fd, stat })
    }

    /// The file, which was opened for reading or writing.
    pub(super) fn opened(self) -> Result<OwnedFd, i32> {
        match self.fd {
            File::Opened(fd) => Ok(fd),
            File::Root(_) | File::Kept(_) => Err(NONSENSE),
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        match &self.fd {
            File::Opened(fd) => fd.as_fd(),
            File::Root(fd) => fd.as_fd(),
            File::Kept(fd) => *fd,
        }
    }
}

/// Opens the file that a node stands for: `O_PATH` in `flags` for anything but reading or writing it.
///
/// # Errors
/// `ESTALE` when its path leads to another file now; what the host says.
///
/// # Safety
/// The root node and `node` live, and paths are strings; nobody else uses what is kept of the node as long as the result is used.
pub(super) unsafe fn reach<'n>(
    pu: &Usermount,
    node: *mut puffs_node,
    flags: c_int,
) -> Result<Reached<'n>, i32> {
    // SAFETY: by contract.
    if let Some(gone) = unsafe { &kept(node).gone } {
        // SAFETY: it is open as long as the node keeps it.
        let gone = unsafe { BorrowedFd::borrow_raw(gone.as_raw_fd()) };
        let mut reached = Reached::kept(gone)?;
        if flags & libc::O_PATH == 0 {
            reached.fd = File::Opened(host::reopen(gone, flags)?);
        }
        return Ok(reached);
    }
    // SAFETY: by contract.
    let Below { root, path } = unsafe { below(pu, Some(&(*node).pn_po)) }?;
    let is_root = path.is_empty();
    if is_root && flags & libc::O_PATH != 0 {
        let stat = host::stat(root.as_fd(), c"")?;
        let fd = File::Root(root);
        return Ok(Reached { fd, stat });
    }
    let fd = host::open_below(root.as_fd(), &path, flags)?;
    let stat = host::stat(fd.as_fd(), c"")?;
    // SAFETY: by contract.
    if let (false, Some(ident)) = (is_root, unsafe { ident_of(node) })
        && stat.ident != ident
    {
        return Err(libc::ESTALE);
    }
    let fd = File::Opened(fd);
    Ok(Reached { fd, stat })
}
