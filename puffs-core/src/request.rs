//! A request from outside: what is sent ([`Outgoing`]), what comes back ([`Answer`]), and who is told
//! when nobody is parked ([`Complete`]).

use alloc::boxed::Box;

use crate::buf::Buf;
use crate::errno::{Errno, Result};
use crate::ids::Cookie;
use crate::msg::op;
use crate::platform::Platform;

/// A request on its way into the queue.
pub struct Outgoing<P: Platform> {
    /// `PUFFSOP_VFS` or `PUFFSOP_VN`; flags are the queue's business.
    pub class: u8,
    /// Operation within the class.
    pub optype: u8,
    /// The node; 0 for a file system operation.
    pub cookie: Cookie,
    /// The body. It is also the answer's buffer: an answer may have up to `body.len()` bytes.
    pub body: Buf<P>,
    /// How much of `body` the server gets: `copylen ≤ body.len() ≤` the mount's maximum.
    pub copylen: usize,
    /// The answer may be longer than `body`, up to the mount's maximum: the queue makes room.
    pub grow: bool,
    /// The process that asks, where the host knows better; `None`: that of the thread that sends it.
    pub pid: Option<i32>,
}

impl<P: Platform> Outgoing<P> {
    /// An operation on a node, whose whole body is delivered.
    pub fn vn(optype: u8, cookie: Cookie, body: Buf<P>) -> Self {
        Outgoing {
            class: op::CLASS_VN,
            optype,
            cookie,
            copylen: body.len(),
            body,
            grow: false,
            pid: None,
        }
    }

    /// A file system operation, whose whole body is delivered.
    pub fn vfs(optype: u8, body: Buf<P>) -> Self {
        Outgoing {
            class: op::CLASS_VFS,
            ..Self::vn(optype, Cookie(0), body)
        }
    }
}

/// What the server said.
pub struct Answer<P: Platform> {
    /// 0 or a positive errno value of the server's.
    pub rv: i32,
    /// The body; behind the first `len` bytes it still holds the request.
    pub body: Buf<P>,
    /// Exact length of the answer.
    pub len: usize,
}

/// Is told how a request ended, exactly once, when no caller is parked for it.
///
/// Called without locks, on the thread that ended the request: a server's in PUTOP, the one
/// that killed the mount, the one that interrupted. It must not sleep for an answer of the same mount.
pub trait Complete<P: Platform>: Send {
    /// The request ended: with the server's answer, or with an error of ours.
    fn complete(self: Box<Self>, ended: Result<Answer<P>>);
}

impl<P: Platform, F: FnOnce(core::result::Result<Answer<P>, Errno>) + Send> Complete<P> for F {
    fn complete(self: Box<Self>, ended: Result<Answer<P>>) {
        self(ended)
    }
}
