//! Attributes and permission: GETATTR, SETATTR, ACCESS, STATFS, READLINK.

use std::time::{SystemTime, UNIX_EPOCH};

use puffs_core::msg::body::{Attr, Head, NAME_MAX, Time};
use puffs_core::msg::op::vn;
use puffs_vfs::nodes::VType;
use puffs_vfs::{Caller, Failed, attr as vattr, file, who};

use super::{Held, head};
use crate::attr::{unknown, wanted};
use crate::errno::Code;
use crate::proto::request::Request;
use crate::proto::wire::{AccessIn, SetattrIn, StatfsOut, fattr};
use crate::reply::{Outcome, Reply};
use crate::session::Work;

const EPERM: Failed = Failed::Server(libc::EPERM);

impl Work<'_> {
    pub(crate) fn getattr(&self, request: &Request<'_>) -> Outcome {
        let head = head(&request.header);
        let node = self.hold(request.header.nodeid)?;
        let (attr, ttl) = match self.port.ops().has_vn(vn::GETATTR) {
            true => vattr::getattr(&self.port, &head, node.node.cookie)?,
            false => (unknown(&node.node), Time::default()),
        };
        Ok(Reply::Attr(self.attr_out(&node, &attr, ttl)))
    }

    pub(crate) fn setattr(&self, request: &Request<'_>) -> Outcome {
        let set = request.fixed::<SetattrIn>()?;
        let head = head(&request.header);
        let node = self.hold(request.header.nodeid)?;
        if set.valid & fattr::SIZE != 0 && set.valid & fattr::FH == 0 {
            self.check(&head, &node, vattr::VWRITE)?;
        }
        let attr = wanted(&set, now);
        let cookie = node.node.cookie;
        let (attr, ttl) = match vattr::setattr(&self.port, &head, cookie, &attr) {
            Err(EPERM) if self.only_drops_set_id(&head, &node, &attr)? => {
                vattr::setattr(&self.port, &who::fs(), cookie, &attr)?
            }
            done => done?,
        };
        Ok(Reply::Attr(self.attr_out(&node, &attr, ttl)))
    }

    /// Whether a change of mode is the one that a write brings with it: Linux takes the set-id bits away in the name of
    /// whoever writes, who may do that to a file of somebody else's without being allowed to chmod it.
    fn only_drops_set_id(
        &self,
        head: &Head,
        node: &Held<'_, '_>,
        attr: &Attr,
    ) -> Result<bool, Code> {
        const SET_ID: u32 = libc::S_ISUID | libc::S_ISGID;
        if attr.mode == Attr::NONE.mode || !self.port.ops().has_vn(vn::GETATTR) {
            return Ok(false);
        }
        let (now, _) = vattr::getattr(&self.port, head, node.node.cookie)?;
        let (now, then) = (now.mode & 0o7777, attr.mode);
        let drops = then != now && then & !now == 0 && (now & !then) & !SET_ID == 0;
        Ok(drops && self.check(head, node, vattr::VWRITE).is_ok())
    }

    pub(crate) fn access(&self, request: &Request<'_>) -> Outcome {
        let access = request.fixed::<AccessIn>()?;
        let head = head(&request.header);
        let node = self.hold(request.header.nodeid)?;
        self.check(&head, &node, access.mask & 7)?;
        Ok(Reply::Empty)
    }

    pub(crate) fn statfs(&self, request: &Request<'_>) -> Outcome {
        let figures = vattr::statvfs(&self.port, &head(&request.header))?;
        let frsize = match figures.frsize {
            0 => figures.bsize.max(512),
            size => size,
        };
        let size = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
        Ok(Reply::Statfs(StatfsOut {
            blocks: figures.blocks,
            bfree: figures.bfree,
            bavail: figures.bavail,
            files: figures.files,
            ffree: figures.ffree,
            bsize: match figures.bsize {
                0 => size(frsize),
                bsize => size(bsize),
            },
            namelen: match figures.namemax {
                0 => NAME_MAX as u32,
                max => max.min(NAME_MAX as u64) as u32,
            },
            frsize: size(frsize),
            ..StatfsOut::default()
        }))
    }

    pub(crate) fn readlink(&self, request: &Request<'_>) -> Outcome {
        let node = self.hold(request.header.nodeid)?;
        if node.node.vtype != VType::Lnk {
            return Err(Code(libc::EINVAL));
        }
        let head = head(&request.header);
        Ok(Reply::Data(file::readlink(
            &self.port,
            &head,
            node.node.cookie,
        )?))
    }
}

fn now() -> Time {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time {
        sec: since.as_secs() as i64,
        nsec: i64::from(since.subsec_nanos()),
    }
}
