//! Names of things that are numbers underneath.

/// Identifies a request on its mount, counted from 1; 0 on the wire means that no answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ReqId(pub u64);

/// The server's name for a node: opaque to the kernel side, and 0 is as good as any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Cookie(pub usize);

/// An address in the server's memory, meaningful only to the platform's copy functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserAddr(pub usize);

/// A point on the platform's monotonic clock, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

/// On whose behalf something is done. The queue only carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// A kernel's vnode, which the queue only hands to the host that knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vnode(pub usize);
