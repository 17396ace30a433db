//! Names: LOOKUP, the creating requests, LINK, UNLINK, RMDIR, RENAME.
//!
//! Linux does not say at LOOKUP what a name is looked up for, and servers decide on it: whether a
//! directory may be changed, for example. So each changing request begins with a lookup of its own that
//! tells the intent. The cookies that these lookups bring are counted like any other.

use std::time::Instant;

use puffs_core::Cookie;
use puffs_core::msg::body::{Attr, Head, NAME_MAX, Time, namei};
use puffs_core::msg::op::vn;
use puffs_vfs::names::{self, End, Found, New};
use puffs_vfs::nodes::{NodeId, VType};
use puffs_vfs::{Caller, Failed, attr as vattr};
use zerocopy::FromBytes;

use super::{Held, head};
use crate::attr::{mode_type, rdev_in, unknown};
use crate::errno::Code;
use crate::gate::Passed;
use crate::proto::request::Request;
use crate::proto::wire::{
    CreateIn, EntryOut, LinkIn, MkdirIn, MknodIn, RENAME_NOREPLACE, Rename2In, RenameIn,
};
use crate::reply::{Outcome, Reply};
use crate::session::Work;

/// `VA_EXCLUSIVE`.
const VA_EXCLUSIVE: u32 = 2;
const ENOENT: Failed = Failed::Server(libc::ENOENT);

impl<'t> Work<'t> {
    pub(crate) fn lookup(&self, request: &Request<'_>) -> Outcome {
        let (_, name) = named::<[u8; 0]>(request)?;
        let head = head(&request.header);
        let dir = self.hold(request.header.nodeid)?;
        let _alone = self.enter_dir(request, &dir)?;
        self.check(&head, &dir, vattr::VEXEC)?;
        match self.find(&head, &dir, name, namei::LOOKUP) {
            Ok(found) => {
                let node = self.instantiate(&found, false)?;
                Ok(Reply::Entry(self.entry(&dir, &node, &found)?))
            }
            Err(ENOENT) => self.absent(&dir),
            Err(failed) => Err(failed.into()),
        }
    }

    /// Waits until nobody else is about names of this directory. (Linux keeps apart those who change names, but only as long as
    /// they wait.)
    pub(crate) fn enter_dir<'h>(
        &'h self,
        request: &Request<'_>,
        dir: &Held<'_, '_>,
    ) -> Result<Passed<'h, NodeId>, Code> {
        let passed = self.session.dirs.pass(dir.id, self.port.server);
        // Whoever has gone meanwhile needs nothing any more.
        match passed.waited && !self.session.traffic.is_wanted(request.header.unique) {
            true => Err(Code(libc::EINTR)),
            false => Ok(passed),
        }
    }

    /// A name that does not exist: the kernel may remember even that.
    fn absent(&self, dir: &Held<'_, '_>) -> Outcome {
        let policy = &self.session.policy;
        if policy.nocache_name || policy.server_ttl {
            return Err(Code(libc::ENOENT));
        }
        let mut state = self.session.state.borrow_mut();
        state.fresh.told(dir.id, (1, 0), Instant::now());
        Ok(Reply::Entry(EntryOut {
            entry_valid: 1,
            ..EntryOut::default()
        }))
    }

    pub(crate) fn mknod(&self, request: &Request<'_>) -> Outcome {
        let (mknod, name) = named::<MknodIn>(request)?;
        let vtype = mode_type(mknod.mode).ok_or(Code(libc::EINVAL))?;
        let new = match vtype {
            VType::Reg | VType::Sock => New::File,
            VType::Blk | VType::Chr | VType::Fifo => New::Special,
            VType::Dir | VType::Lnk => return Err(Code(libc::EINVAL)),
        };
        let attr = Attr {
            rdev: match vtype {
                VType::Blk | VType::Chr => rdev_in(mknod.rdev),
                _ => Attr::NONE.rdev,
            },
            ..fresh(vtype, mknod.mode & 0o7777)
        };
        self.make(request, name, &attr, new)
    }

    pub(crate) fn mkdir(&self, request: &Request<'_>) -> Outcome {
        let (mkdir, name) = named::<MkdirIn>(request)?;
        let attr = fresh(VType::Dir, mkdir.mode & 0o1777);
        self.make(request, name, &attr, New::Dir)
    }

    pub(crate) fn symlink(&self, request: &Request<'_>) -> Outcome {
        let (_, name, target) = request.named_twice::<[u8; 0]>()?;
        let name = usable(name)?;
        let attr = fresh(VType::Lnk, 0o777);
        self.make(request, name, &attr, New::Symlink(target))
    }

    fn make(&self, request: &Request<'_>, name: &[u8], attr: &Attr, new: New<'_>) -> Outcome {
        let head = head(&request.header);
        let dir = self.hold(request.header.nodeid)?;
        let _alone = self.enter_dir(request, &dir)?;
        self.prelude(&head, &dir, name, Code(libc::EEXIST))?;
        let (node, found) = self.create_node(&head, &dir, name, attr, new)?;
        Ok(Reply::Entry(self.entry(&dir, &node, &found)?))
    }

    pub(crate) fn create(&self, request: &Request<'_>) -> Outcome {
        let (create, name) = named::<CreateIn>(request)?;
        let head = head(&request.header);
        let exclusive = create.flags & libc::O_EXCL as u32 != 0;
        let dir = self.hold(request.header.nodeid)?;
        let _alone = self.enter_dir(request, &dir)?;
        // The kernel believed that there was no such name. Unless it insists, it looks again.
        let exists = if exclusive {
            libc::EEXIST
        } else {
            libc::ESTALE
        };
        self.prelude(&head, &dir, name, Code(exists))?;
        let mut attr = fresh(VType::Reg, create.mode & 0o7777);
        if exclusive {
            attr.vaflags = VA_EXCLUSIVE;
        }
        let (node, found) = self.create_node(&head, &dir, name, &attr, New::File)?;
        let open = self.open_file(&head, &node, create.flags)?;
        match self.entry(&dir, &node, &found) {
            Ok(entry) => Ok(Reply::Created(entry, open)),
            Err(code) => {
                self.close(open.fh);
                Err(code)
            }
        }
    }

    /// What comes before a creation: may the name be made? `exists` if it is there.
    fn prelude(
        &self,
        head: &Head,
        dir: &Held<'_, '_>,
        name: &[u8],
        exists: Code,
    ) -> Result<(), Code> {
        if self.session.policy.asks {
            self.check(head, dir, vattr::VWRITE | vattr::VEXEC)?;
        }
        match self.find(head, dir, name, namei::CREATE) {
            Err(ENOENT) => Ok(()),
            Err(failed) => Err(failed.into()),
            Ok(found) => {
                drop(self.instantiate(&found, false)?);
                Err(exists)
            }
        }
    }

    fn create_node(
        &self,
        head: &Head,
        dir: &Held<'_, '_>,
        name: &[u8],
        attr: &Attr,
        new: New<'_>,
    ) -> Result<(Held<'_, 't>, Found), Code> {
        let found = names::create(&self.port, head, dir.node.cookie, name, attr, new)
            .map_err(|failed| self.aborted(head, dir, name, failed))?;
        Ok((self.instantiate(&found, true)?, found))
    }

    pub(crate) fn link(&self, request: &Request<'_>) -> Outcome {
        let (link, name) = named::<LinkIn>(request)?;
        let head = head(&request.header);
        let dir = self.hold(request.header.nodeid)?;
        let _alone = self.enter_dir(request, &dir)?;
        let node = self.hold(link.oldnodeid)?;
        self.prelude(&head, &dir, name, Code(libc::EEXIST))?;
        names::link(&self.port, &head, dir.node.cookie, node.node.cookie, name)
            .map_err(|failed| self.aborted(&head, &dir, name, failed))?;
        let (attr, ttl) = match self.port.ops().has_vn(vn::GETATTR) {
            true => vattr::getattr(&self.port, &head, node.node.cookie)?,
            false => (unknown(&node.node), Time::default()),
        };
        Ok(Reply::Entry(self.entry_out(
            (&dir, &node),
            &attr,
            ttl,
            Time::default(),
        )))
    }

    pub(crate) fn unlink(&self, request: &Request<'_>) -> Outcome {
        let head = head(&request.header);
        let (_, name) = named::<[u8; 0]>(request)?;
        let dir = self.hold(request.header.nodeid)?;
        let _alone = self.enter_dir(request, &dir)?;
        let node = self.doomed(&head, &dir, name)?;
        if node.node.vtype == VType::Dir {
            names::abort(&self.port, &head, dir.node.cookie, name)?;
            return Err(Code(libc::EISDIR));
        }
        let notes = names::remove(&self.port, &head, dir.node.cookie, node.node.cookie, name)
            .map_err(|failed| self.aborted(&head, &dir, name, failed))?;
        self.setback(notes, &dir, Some(&node));
        Ok(Reply::Empty)
    }

    pub(crate) fn rmdir(&self, request: &Request<'_>) -> Outcome {
        let head = head(&request.header);
        let (_, name) = named::<[u8; 0]>(request)?;
        let dir = self.hold(request.header.nodeid)?;
        let _alone = self.enter_dir(request, &dir)?;
        let node = self.doomed(&head, &dir, name)?;
        if node.node.vtype != VType::Dir {
            names::abort(&self.port, &head, dir.node.cookie, name)?;
            return Err(Code(libc::ENOTDIR));
        }
        let notes = names::rmdir(&self.port, &head, dir.node.cookie, node.node.cookie, name)
            .map_err(|failed| self.aborted(&head, &dir, name, failed))?;
        self.setback(notes, &dir, Some(&node));
        Ok(Reply::Empty)
    }

    /// The node whose name is to go.
    fn doomed(&self, head: &Head, dir: &Held<'_, '_>, name: &[u8]) -> Result<Held<'_, 't>, Code> {
        self.check(head, dir, vattr::VEXEC)?;
        let found = self.find(head, dir, name, namei::DELETE)?;
        self.instantiate(&found, false)
    }

    pub(crate) fn rename(&self, request: &Request<'_>) -> Outcome {
        let (rename, old, new) = named_twice::<RenameIn>(request)?;
        self.rename_node(request, rename.newdir, 0, old, new)
    }

    pub(crate) fn rename2(&self, request: &Request<'_>) -> Outcome {
        let (rename, old, new) = named_twice::<Rename2In>(request)?;
        self.rename_node(request, rename.newdir, rename.flags, old, new)
    }

    fn rename_node(
        &self,
        request: &Request<'_>,
        newdir: u64,
        flags: u32,
        old: &[u8],
        new: &[u8],
    ) -> Outcome {
        if flags & !RENAME_NOREPLACE != 0 {
            return Err(Code(libc::EINVAL));
        }
        let head = head(&request.header);
        // Servers count on it that no two renames of a mount are under way.
        let _only = self.session.renames.pass((), self.port.server);
        let from = self.hold(request.header.nodeid)?;
        let to = self.hold(newdir)?;
        // No other request has two gates, so nobody waits for us while we wait.
        let _alone = self.enter_dir(request, &from)?;
        let _there = match from.id == to.id {
            true => None,
            false => Some(self.enter_dir(request, &to)?),
        };
        let source = self.doomed(&head, &from, old)?;
        self.check(&head, &to, vattr::VEXEC)?;
        let target = match self.find(&head, &to, new, namei::RENAME) {
            Ok(found) => Some(self.instantiate(&found, false)?),
            Err(ENOENT) => None,
            Err(failed) => return Err(self.aborted(&head, &from, old, failed)),
        };
        let target_cookie = target.as_ref().map(|held| held.node.cookie);
        let stop = match target_cookie {
            Some(_) if flags & RENAME_NOREPLACE != 0 => Some(Err(Code(libc::EEXIST))),
            Some(cookie) if cookie == source.node.cookie => Some(Ok(Reply::Empty)),
            _ => None,
        };
        if let Some(outcome) = stop {
            names::abort(&self.port, &head, from.node.cookie, old)?;
            names::abort(&self.port, &head, to.node.cookie, new)?;
            return outcome;
        }
        names::rename(
            &self.port,
            &head,
            End {
                dir: from.node.cookie,
                name: old,
                node: source.node.cookie,
            },
            End {
                dir: to.node.cookie,
                name: new,
                node: target_cookie,
            },
        )?;
        let mut state = self.session.state.borrow_mut();
        state.fresh.moved(from.id, to.id);
        Ok(Reply::Empty)
    }

    fn find(
        &self,
        head: &Head,
        dir: &Held<'_, '_>,
        name: &[u8],
        nameiop: u32,
    ) -> Result<Found, Failed> {
        // Linux lets through what no message can carry; every request on names begins here.
        if name.len() > NAME_MAX {
            return Err(Failed::Server(libc::ENAMETOOLONG));
        }
        let cookie: Cookie = dir.node.cookie;
        names::lookup(&self.port, head, cookie, name, nameiop, namei::ISLASTCN)
    }

    /// The operation that a lookup announced has failed, or will not come.
    fn aborted(&self, head: &Head, dir: &Held<'_, '_>, name: &[u8], failed: Failed) -> Code {
        // A notice that cannot be sent is no reason to report another error.
        let _ = names::abort(&self.port, head, dir.node.cookie, name);
        failed.into()
    }
}

/// The fixed part of a request and the name behind it.
fn named<'b, T: FromBytes>(request: &Request<'b>) -> Result<(T, &'b [u8]), Code> {
    let (fixed, name) = request.named()?;
    Ok((fixed, usable(name)?))
}

/// The same with two names.
fn named_twice<'b, T: FromBytes>(request: &Request<'b>) -> Result<(T, &'b [u8], &'b [u8]), Code> {
    let (fixed, first, second) = request.named_twice()?;
    Ok((fixed, usable(first)?, usable(second)?))
}

/// Linux lets longer names through than there are.
fn usable(name: &[u8]) -> Result<&[u8], Code> {
    match name.len() {
        0..=NAME_MAX => Ok(name),
        _ => Err(Code(libc::ENAMETOOLONG)),
    }
}

/// What a new node is to be like.
fn fresh(vtype: VType, mode: u32) -> Attr {
    Attr {
        vtype: vtype as u32,
        mode,
        ..Attr::NONE
    }
}
