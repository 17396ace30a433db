//! The sequences of puffs operations that FUSE requests stand for, a file for each group.
//!
//! Each runs as straight code on the thread of the main loop. What they have in common is here: who asks,
//! which node is meant and stays while it is used ([`Held`]), and how long the kernel may believe an answer.

mod attr;
pub(crate) mod dir;
mod file;
mod life;
pub(crate) mod lock;
mod names;
pub(crate) mod poll;
mod space;
mod xattr;

use std::time::Instant;

use puffs_core::msg::body::{Attr, Head, NOVAL, Time};
use puffs_core::msg::op::vn;
use puffs_user::c::consts;
use puffs_user::host::MountArgs;
use puffs_vfs::names::Found;
use puffs_vfs::nodes::{Node, NodeId, Refused};
use puffs_vfs::{Broken, Caller, Kind, attr as vattr, who};

use crate::attr as convert;
use crate::errno::Code;
use crate::proto::wire::{AttrOut, EntryOut, InHeader};
use crate::session::Work;

/// How a mount behaves, from its flags and operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// The server is asked for permission, since it has an operation for that. Otherwise the
    /// kernel judges by owner and mode (`default_permissions`).
    pub(crate) asks: bool,
    /// Names are looked up each time.
    pub(crate) nocache_name: bool,
    /// Attributes are fetched each time.
    pub(crate) nocache_attr: bool,
    /// Contents are not cached.
    pub(crate) nocache_page: bool,
    /// Inactive only when the server asked for it.
    pub(crate) inactive_on_demand: bool,
    /// The server says how long names and attributes hold.
    pub(crate) server_ttl: bool,
}

impl Policy {
    pub(crate) fn of(args: &MountArgs) -> Self {
        let flag = |bit: u32| args.kflags & bit != 0;
        Policy {
            asks: args.ops.has_vn(vn::ACCESS),
            nocache_name: flag(consts::PUFFS_KFLAG_NOCACHE_NAME),
            nocache_attr: flag(consts::PUFFS_KFLAG_NOCACHE_ATTR),
            nocache_page: flag(consts::PUFFS_KFLAG_NOCACHE_PAGE),
            inactive_on_demand: flag(consts::PUFFS_KFLAG_IAONDEMAND),
            server_ttl: flag(consts::PUFFS_KFLAG_CACHE_FS_TTL),
        }
    }

    /// Seconds and nanoseconds that the kernel may believe a name.
    fn name_life(&self, ttl: Time) -> (u64, u32) {
        match self {
            Policy {
                nocache_name: true, ..
            } => (0, 0),
            Policy {
                server_ttl: true, ..
            } => life(ttl),
            _ => (1, 0),
        }
    }

    /// Seconds and nanoseconds that the kernel may believe attributes.
    fn attr_life(&self, ttl: Time) -> (u64, u32) {
        match self {
            Policy {
                nocache_attr: true, ..
            } => (0, 0),
            Policy {
                server_ttl: true, ..
            } => life(ttl),
            _ => (1, 0),
        }
    }
}

fn life(ttl: Time) -> (u64, u32) {
    (ttl.sec.max(0) as u64, ttl.nsec.clamp(0, 999_999_999) as u32)
}

/// Who asks. Pid 0 is somebody whom this process cannot see, and a user like any other; where nobody
/// in particular asks, the sequences say so themselves.
pub(crate) fn head(header: &InHeader) -> Head {
    who::user_of_unknown_groups(header.pid, header.uid, header.gid)
}

/// A node that stays in the table while an operation uses it. Its end may be the node's end.
pub(crate) struct Held<'w, 't> {
    work: &'w Work<'t>,
    pub(crate) id: NodeId,
    /// The node, as it was when the operation began.
    pub(crate) node: Node,
}

impl Drop for Held<'_, '_> {
    fn drop(&mut self) {
        let gone = self.work.session.state.borrow_mut().nodes.release(self.id);
        if let Some(gone) = gone {
            self.work.session.state.borrow_mut().node_gone(self.id);
            self.work.retire(gone);
        }
    }
}

impl Held<'_, '_> {
    /// Notes something about the node.
    pub(crate) fn note(&self, f: impl FnOnce(&mut Node)) {
        if let Some(node) = self.work.session.state.borrow_mut().nodes.get_mut(self.id) {
            f(node);
        }
    }
}

impl<'t> Work<'t> {
    /// The node with this number, held.
    pub(crate) fn hold(&self, nodeid: u64) -> Result<Held<'_, 't>, Code> {
        let id = NodeId(nodeid);
        let node = self.session.state.borrow_mut().nodes.hold(id);
        match node {
            Some(node) => Ok(Held {
                work: self,
                id,
                node,
            }),
            None => Err(Code(libc::ESTALE)),
        }
    }

    /// The node that a lookup or a creation brought, held.
    pub(crate) fn instantiate(&self, found: &Found, created: bool) -> Result<Held<'_, 't>, Code> {
        let mut state = self.session.state.borrow_mut();
        let key = (found.cookie, found.vtype);
        let made = state
            .nodes
            .instantiate(key, found.size, found.rdev, created);
        let made = made.map(|id| (id, state.nodes.get(id).copied()));
        drop(state);
        match made {
            Ok((id, Some(node))) => Ok(Held {
                work: self,
                id,
                node,
            }),
            Err(Refused::Live) => {
                Err(self.broken(Kind::MakeNode, "new node exists already", found.cookie))
            }
            _ => Err(Code(libc::ENOMEM)),
        }
    }

    /// Tells the server that it made no sense; what the caller gets.
    pub(crate) fn broken(
        &self,
        kind: Kind,
        text: &'static str,
        cookie: puffs_core::Cookie,
    ) -> Code {
        self.port.broken(Broken { kind, text }, cookie);
        Code(libc::EPROTO)
    }

    /// Asks the server for permission, where it wants to be asked. (A server that cannot write is read-only in any case.)
    pub(crate) fn check(&self, head: &Head, held: &Held<'_, '_>, mode: u32) -> Result<(), Code> {
        let node = &held.node;
        Ok(vattr::access(
            &self.port,
            head,
            node.cookie,
            node.vtype,
            mode,
        )?)
    }

    /// The attributes of a node as the kernel gets them; remembers its size.
    pub(crate) fn attr_out(&self, held: &Held<'_, '_>, attr: &Attr, ttl: Time) -> AttrOut {
        let mut now = held.node;
        held.note(|node| {
            if attr.size != NOVAL {
                node.size = attr.size;
            }
            now = *node;
        });
        let (attr_valid, attr_valid_nsec) = self.session.policy.attr_life(ttl);
        AttrOut {
            attr_valid,
            attr_valid_nsec,
            dummy: 0,
            attr: convert::out(attr, held.id, &now),
        }
    }

    /// The reply that gives the kernel a node under a name in a directory; both count as told.
    pub(crate) fn entry(
        &self,
        dir: &Held<'_, '_>,
        held: &Held<'_, '_>,
        found: &Found,
    ) -> Result<EntryOut, Code> {
        let attr = match found.attr {
            Ok(attr) => attr,
            Err(_) if !self.port.ops().has_vn(vn::GETATTR) => Attr {
                size: found.size,
                ..convert::unknown(&held.node)
            },
            Err(error) => return Err(puffs_vfs::Failed::Server(error).into()),
        };
        Ok(self.entry_out((dir, held), &attr, found.attr_ttl, found.name_ttl))
    }

    /// The same from attributes that came by themselves.
    pub(crate) fn entry_out(
        &self,
        (dir, held): (&Held<'_, '_>, &Held<'_, '_>),
        attr: &Attr,
        attr_ttl: Time,
        name_ttl: Time,
    ) -> EntryOut {
        let out = self.attr_out(held, attr, attr_ttl);
        let (entry_valid, entry_valid_nsec) = self.session.policy.name_life(name_ttl);
        let mut state = self.session.state.borrow_mut();
        state.nodes.told(held.id);
        let life = (entry_valid, entry_valid_nsec);
        state.fresh.told(dir.id, life, Instant::now());
        EntryOut {
            nodeid: held.id.0,
            generation: 0,
            entry_valid,
            attr_valid: out.attr_valid,
            entry_valid_nsec,
            attr_valid_nsec: out.attr_valid_nsec,
            attr: out.attr,
        }
    }
}
