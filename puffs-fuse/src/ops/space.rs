//! FALLOCATE.

use puffs_vfs::space;

use super::head;
use crate::errno::Code;
use crate::proto::request::Request;
use crate::proto::wire::FallocateIn;
use crate::reply::{Outcome, Reply};
use crate::session::Work;

const HOLE: u32 = (libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE) as u32;

impl Work<'_> {
    /// Space is reserved up to the new end of the file, or a hole is made; there is nothing else that a server could be asked.
    pub(crate) fn fallocate(&self, request: &Request<'_>) -> Outcome {
        let range = request.fixed::<FallocateIn>()?;
        let head = head(&request.header);
        let node = self.hold(request.header.nodeid)?;
        let cookie = node.node.cookie;
        match range.mode {
            0 => {
                space::fallocate(&self.port, &head, cookie, range.offset, range.length)?;
                let end = range.offset.saturating_add(range.length);
                node.note(|node| node.size = node.size.max(end));
            }
            HOLE => space::fdiscard(&self.port, &head, cookie, range.offset, range.length)?,
            // ENOSYS would take the modes that there are away as well.
            _ => return Err(Code(libc::EOPNOTSUPP)),
        }
        Ok(Reply::Empty)
    }
}
