//! Attributes and permission: GETATTR, SETATTR, ACCESS, STATFS, READLINK.

use std::time::{SystemTime, UNIX_EPOCH};

use puffs_core::msg::body::{NAME_MAX, Time};
use puffs_core::msg::op::vn;
use puffs_vfs::nodes::VType;
use puffs_vfs::{Caller, attr as vattr, file};

use super::head;
use crate::attr::{unknown, wanted};
use crate::errno::Code;
use crate::proto::request::Request;
use crate::proto::wire::{AccessIn, SetattrIn, StatfsOut, fattr};
use crate::reply::{Outcome, Reply};
use crate::session::Work;

impl Work<'_> {
    pub(crate) fn getattr(&self, request: &Request<'_>) -> Outcome {
        let head = head(&request.header);
        let node = self.hold(request.header.nodeid)?;
        let (attr, ttl) = match self.port.ops().has_vn(vn::GETATTR) {
            true => vattr::getattr(&self.port, &head, node.node.cookie)?,
            false => (unknown(&node.node), Time::default()),
        };
        Ok(Reply::Attr(self.attr_out(&node, &attr, ttl)?))
    }

    pub(crate) fn setattr(&self, request: &Request<'_>) -> Outcome {
        let set = request.fixed::<SetattrIn>()?;
        let head = head(&request.header);
        let node = self.hold(request.header.nodeid)?;
        if set.valid & fattr::SIZE != 0 && set.valid & fattr::FH == 0 {
            self.check(&head, &node, vattr::VWRITE)?;
        }
        let attr = wanted(&set, now);
        let (attr, ttl) = vattr::setattr(&self.port, &head, node.node.cookie, &attr)?;
        Ok(Reply::Attr(self.attr_out(&node, &attr, ttl)?))
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
