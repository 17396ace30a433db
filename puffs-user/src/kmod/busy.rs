//! Which nodes the operations under way are at work on.
//!
//! The kernel forgets a node although an operation on it is under way, once the operation's caller has been killed. Servers free a node when they
//! hear that, so that news is held back until nobody is at work on it.

use std::collections::{HashMap, VecDeque};

use puffs_core::msg::body::{NameReq, RenameReq};
use puffs_core::msg::op::{CLASS_MASK, CLASS_VFS, CLASS_VN, vfs, vn};
use puffs_core::msg::wire::Req;
use zerocopy::FromBytes;

/// The nodes of a request.
pub(super) type Nodes = [Option<u64>; 4];

/// The nodes that a request's operation may use: that of its header, and those in its body.
pub(super) fn nodes(req: &Req, body: &[u8]) -> Nodes {
    let node = Some(req.cookie as u64);
    match (req.opclass & CLASS_MASK, req.optype) {
        (CLASS_VN, vn::RECLAIM) => [None; 4],
        (CLASS_VN, vn::REMOVE | vn::RMDIR | vn::LINK) => {
            let other = NameReq::read_from_prefix(body).map(|(req, _)| req.target);
            [node, other.ok(), None, None]
        }
        (CLASS_VN, vn::RENAME) => match RenameReq::read_from_prefix(body) {
            Ok((req, _)) => [
                node,
                Some(req.source),
                Some(req.target_dir),
                (req.has_target != 0).then_some(req.target),
            ],
            Err(_) => [node, None, None, None],
        },
        (CLASS_VN, _) | (CLASS_VFS, vfs::VPTOFH) => [node, None, None, None],
        _ => [None; 4],
    }
}

/// How many operations are at work on each node, and those that wait for their ends.
#[derive(Default)]
pub(super) struct Busy {
    at_work: HashMap<u64, usize>,
    /// The tokens, and the nodes.
    waiting: VecDeque<(usize, u64)>,
    /// How many reclaims of each node have come and not ended.
    reclaims: HashMap<u64, usize>,
}

fn count_down(counts: &mut HashMap<u64, usize>, node: u64) {
    if let Some(count) = counts.get_mut(&node) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&node);
        }
    }
}

fn is_reclaim(req: &Req) -> bool {
    (req.opclass & CLASS_MASK, req.optype) == (CLASS_VN, vn::RECLAIM)
}

impl Busy {
    /// An operation begins.
    pub(super) fn enter(&mut self, nodes: &Nodes) {
        for node in nodes.iter().flatten() {
            *self.at_work.entry(*node).or_default() += 1;
        }
    }

    /// It has ended. The first of those whose turn has come, if there is one.
    pub(super) fn leave(&mut self, nodes: &Nodes) -> Option<usize> {
        for node in nodes.iter().flatten() {
            count_down(&mut self.at_work, *node);
        }
        self.next()
    }

    /// The first of those that wait whose turn has come.
    pub(super) fn next(&mut self) -> Option<usize> {
        let due = |(_, node): &(usize, u64)| !self.at_work.contains_key(node);
        let at = self.waiting.iter().position(due)?;
        self.waiting.remove(at).map(|(token, _)| token)
    }

    /// A request has come. Whether it has to wait: it says that a node is not used, or forgotten, and somebody is at work on it. It is kept then.
    pub(super) fn holds_back(&mut self, token: usize, req: &Req) -> bool {
        let node = req.cookie as u64;
        let ends = matches!(
            (req.opclass & CLASS_MASK, req.optype),
            (CLASS_VN, vn::RECLAIM | vn::INACTIVE)
        );
        // What came for the node before goes before.
        let busy = self.at_work.contains_key(&node)
            || self.waiting.iter().any(|(_, waiting)| *waiting == node);
        if is_reclaim(req) {
            *self.reclaims.entry(node).or_default() += 1;
        }
        if ends && busy {
            self.waiting.push_back((token, node));
        }
        ends && busy
    }

    /// A request has ended.
    pub(super) fn ended(&mut self, req: &Req) {
        if is_reclaim(req) {
            count_down(&mut self.reclaims, req.cookie as u64);
        }
    }

    /// Whether the kernel has forgotten a node, and the server is not through with that. It must not be found by its handle then: unlike a
    /// lookup, that would not keep it.
    pub(super) fn is_forgotten(&self, node: u64) -> bool {
        self.reclaims.contains_key(&node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use puffs_core::msg::op::CLASS_VFS;
    use zerocopy::IntoBytes;

    fn req(optype: u8, cookie: usize) -> Req {
        Req {
            opclass: CLASS_VN,
            optype,
            cookie,
            ..Req::default()
        }
    }

    #[test]
    fn requests_have_their_nodes() {
        assert_eq!(nodes(&req(vn::READ, 7), &[]), [Some(7), None, None, None]);
        assert_eq!(nodes(&req(vn::RECLAIM, 7), &[]), [None; 4]);
        let whole = Req {
            opclass: CLASS_VFS,
            ..req(vn::READ, 7)
        };
        assert_eq!(nodes(&whole, &[]), [None; 4]);
        let handle = Req {
            optype: vfs::VPTOFH,
            ..whole
        };
        assert_eq!(nodes(&handle, &[]), [Some(7), None, None, None]);
        let name = NameReq {
            target: 9,
            ..NameReq::default()
        };
        for optype in [vn::REMOVE, vn::RMDIR, vn::LINK] {
            let nodes = nodes(&req(optype, 7), name.as_bytes());
            assert_eq!(nodes, [Some(7), Some(9), None, None]);
        }
        let mut rename = RenameReq {
            source: 1,
            target_dir: 2,
            target: 3,
            ..RenameReq::default()
        };
        let of = |rename: &RenameReq| nodes(&req(vn::RENAME, 7), rename.as_bytes());
        assert_eq!(of(&rename), [Some(7), Some(1), Some(2), None]);
        rename.has_target = 1;
        assert_eq!(of(&rename), [Some(7), Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn the_end_of_a_node_waits_for_those_at_work_on_it() {
        let mut busy = Busy::default();
        let read = nodes(&req(vn::READ, 7), &[]);
        assert!(!busy.holds_back(1, &req(vn::RECLAIM, 7)));
        assert!(busy.is_forgotten(7), "until it has ended");
        busy.ended(&req(vn::RECLAIM, 7));
        busy.enter(&read);
        busy.enter(&read);
        assert!(busy.holds_back(2, &req(vn::INACTIVE, 7)));
        assert!(!busy.is_forgotten(7));
        assert!(busy.holds_back(3, &req(vn::RECLAIM, 7)));
        assert!(busy.is_forgotten(7) && !busy.is_forgotten(8));
        assert!(!busy.holds_back(4, &req(vn::RECLAIM, 8)));
        assert!(!busy.holds_back(5, &req(vn::READ, 7)));
        assert_eq!(busy.leave(&read), None);
        assert_eq!(busy.leave(&read), Some(2));
        // One at a time: the first may take long.
        let inactive = nodes(&req(vn::INACTIVE, 7), &[]);
        busy.enter(&inactive);
        assert_eq!(busy.next(), None);
        assert!(busy.is_forgotten(7));
        assert_eq!(busy.leave(&inactive), Some(3));
        assert_eq!(busy.next(), None);
        busy.ended(&req(vn::INACTIVE, 7));
        assert!(busy.is_forgotten(7), "it is due");
        busy.ended(&req(vn::RECLAIM, 7));
        assert!(!busy.is_forgotten(7));
    }

    #[test]
    fn what_came_first_goes_first() {
        let mut busy = Busy::default();
        let read = nodes(&req(vn::READ, 7), &[]);
        busy.enter(&read);
        assert!(busy.holds_back(1, &req(vn::INACTIVE, 7)));
        assert_eq!(busy.leave(&read), Some(1));
        busy.enter(&read);
        assert!(busy.holds_back(2, &req(vn::INACTIVE, 7)));
        assert_eq!(busy.leave(&read), Some(2));
    }
}
