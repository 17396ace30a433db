//! What a server says is stale: names and pages that Linux has cached.

use std::time::Instant;

use puffs_core::Cookie;
use puffs_user::host::Stale;
use puffs_vfs::nodes::{Node, NodeId, VType};

use crate::notify::Notice;
use crate::proto::wire::notify;
use crate::session::FuseSession;

/// What Linux caches contents in.
const PAGE: u64 = 4096;

impl FuseSession {
    /// Has Linux forget.
    ///
    /// # Errors
    /// `ENOENT` for a node that Linux does not know, `EINVAL` for one of another type or a range beyond its end, `EOPNOTSUPP` where
    /// Linux cannot forget names (before 6.16), `EAGAIN` when too much is to be forgotten at once.
    pub(crate) fn forget_stale(&self, stale: Stale) -> Result<(), i32> {
        match stale {
            Stale::Names(None) => self.names(None),
            Stale::Names(Some(dir)) => match self.known(dir)? {
                (id, node) if node.vtype == VType::Dir => self.names(Some(id)),
                _ => Err(libc::EINVAL),
            },
            Stale::Pages { node, start, end } => {
                let (id, start, len) = self.range(node, start, end)?;
                self.notifier.send(Notice::Pages(id, start, len))
            }
            // Linux writes through, so there is nothing to flush; but what cannot be named is still wrong.
            Stale::Unwritten { node, start, end } => self.range(node, start, end).map(drop),
        }
    }

    /// It takes no locks, so it need not wait.
    fn names(&self, dir: Option<NodeId>) -> Result<(), i32> {
        let fresh = &mut self.state.borrow_mut().fresh;
        if !fresh.any(dir, Instant::now()) {
            return Ok(());
        }
        match self.traffic.notify(notify::INC_EPOCH, &[]) {
            Ok(()) => {
                fresh.forgotten();
                Ok(())
            }
            Err(error) => match error.raw_os_error() {
                Some(libc::EINVAL) | None => Err(libc::EOPNOTSUPP),
                Some(code) => Err(code),
            },
        }
    }

    fn known(&self, cookie: usize) -> Result<(NodeId, Node), i32> {
        let nodes = &self.state.borrow().nodes;
        let id = nodes.find(Cookie(cookie)).ok_or(libc::ENOENT)?;
        nodes.get(id).map(|node| (id, *node)).ok_or(libc::ENOENT)
    }

    /// Whole pages from `start` to `end` of a regular file; an end of 0 is that of the file, and so is a length of 0.
    fn range(&self, cookie: usize, start: u64, end: u64) -> Result<(NodeId, u64, u64), i32> {
        let (id, node) = self.known(cookie)?;
        pages(&node, start, end).map(|(start, len)| (id, start, len))
    }
}

fn pages(node: &Node, start: u64, end: u64) -> Result<(u64, u64), i32> {
    let last = node.size.next_multiple_of(PAGE);
    if node.vtype != VType::Reg || start > last || end > last || (end != 0 && end < start) {
        return Err(libc::EINVAL);
    }
    let start = start - start % PAGE;
    Ok(match end {
        0 => (start, 0),
        end => (start, end.next_multiple_of(PAGE) - start),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use puffs_vfs::nodes::{Nodes, ROOT};

    fn node(vtype: VType, size: u64) -> Node {
        *Nodes::new(Cookie(1), vtype, size, 0)
            .unwrap()
            .get(ROOT)
            .unwrap()
    }

    #[test]
    fn ranges_are_whole_pages_of_files() {
        let file = node(VType::Reg, 10_000);
        assert_eq!(pages(&file, 0, 0), Ok((0, 0)));
        assert_eq!(pages(&file, 5000, 0), Ok((4096, 0)));
        assert_eq!(pages(&file, 5000, 5001), Ok((4096, 4096)));
        assert_eq!(pages(&file, 4096, 10_000), Ok((4096, 8192)));
        for (start, end) in [(20_000, 0), (0, 12_289), (5000, 4000)] {
            assert_eq!(pages(&file, start, end), Err(libc::EINVAL), "{start} {end}");
        }
        assert_eq!(pages(&node(VType::Dir, 0), 0, 0), Err(libc::EINVAL));
    }
}
