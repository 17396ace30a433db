//! The table between a host's node numbers and the server's cookies.
//!
//! A node is *live* from the first lookup or creation that brought its cookie until nobody needs it: the
//! host has forgotten it ([`Nodes::forget`]), no open file uses it ([`Nodes::closed`]) and no
//! operation on it is under way ([`Nodes::release`]). The call that takes the last of these away
//! returns [`Gone`]: by then the table has forgotten the cookie, and the caller runs inactive, if it is
//! due, and then reclaim. The root is always live.
//!
//! A node number says slot and generation, so that a cookie that comes again after its reclaim gets a
//! new number. Not thread-safe: one lock of the host's around all of it.

mod table;
#[cfg(test)]
mod tests;

pub use table::{Gone, Nodes, Refused};

use puffs_core::Cookie;

/// The host's number of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(pub u64);

/// The root's number.
pub const ROOT: NodeId = NodeId(1);

impl NodeId {
    fn new(slot: u32, generation: u32) -> Self {
        NodeId(u64::from(generation) << 32 | (u64::from(slot) + 1))
    }

    fn slot(self) -> usize {
        (self.0 as u32).wrapping_sub(1) as usize
    }

    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// What a node is (`enum vtype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum VType {
    /// A regular file.
    Reg = 1,
    /// A directory.
    Dir = 2,
    /// A block device.
    Blk = 3,
    /// A character device.
    Chr = 4,
    /// A symbolic link.
    Lnk = 5,
    /// A socket.
    Sock = 6,
    /// A pipe.
    Fifo = 7,
}

impl VType {
    /// The type with this number, if a node can be of it.
    pub const fn of_node(vtype: u32) -> Option<VType> {
        Some(match vtype {
            1 => VType::Reg,
            2 => VType::Dir,
            3 => VType::Blk,
            4 => VType::Chr,
            5 => VType::Lnk,
            6 => VType::Sock,
            7 => VType::Fifo,
            _ => return None,
        })
    }
}

/// What is known of a live node.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The server's name for it.
    pub cookie: Cookie,
    /// Its type, which never changes.
    pub vtype: VType,
    /// Its device number, which never changes.
    pub rdev: u64,
    /// Its size, as last heard.
    pub size: u64,
    /// An operation touched it since the last inactive.
    pub needs_inactive: bool,
    /// The server asked for inactive (`PUFFS_SETBACK_INACT`).
    pub asked_inactive: bool,
    /// The server holds no more references (`PUFFS_SETBACK_NOREF`).
    pub noref: bool,
    /// The server wants no page cache for it until it is inactive.
    pub direct_io: bool,
    /// How often the host was told its number, less what it forgot.
    known: u64,
    /// How often its cookie came from the server.
    nlookup: u32,
    /// Open files that use it.
    opens: u32,
    /// Operations on it that are under way.
    busy: u32,
}

impl Node {
    /// Whether no open file and no operation uses it.
    pub fn idle(&self) -> bool {
        self.opens == 0 && self.busy == 0
    }

    /// Whether the only use of it is one operation: inactive may ride along with it.
    pub fn last_use(&self) -> bool {
        self.opens + self.busy == 1
    }
}
