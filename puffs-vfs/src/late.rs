//! Answers whose callers had left: what they made ([`made`]), so that a host can release it.

use core::mem::offset_of;

use puffs_core::Cookie;
use puffs_core::msg::body::{FlagsReq, LockAns, LockReq, NodeAns};
use puffs_core::msg::op::{CLASS_VN, vn};
use zerocopy::FromBytes;

use crate::lock::{Range, Wanted};

/// What the server keeps until it is told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A node, whose cookie came once more.
    Node(Cookie),
    /// An open file: its node, and its mode.
    Open(Cookie, u32),
    /// A lock on a node, or whatever else was asked of its locks; see [`Wanted::op`].
    Lock(Cookie, Wanted),
}

// What was asked of a lock is behind the answer.
const _: () = assert!(size_of::<LockAns>() <= offset_of!(LockReq, owner));

/// A late answer.
#[derive(Clone, Copy, Debug)]
pub struct Late<'a> {
    /// Class of the request.
    pub class: u8,
    /// Its operation.
    pub optype: u8,
    /// Its node.
    pub cookie: Cookie,
    /// The server's result.
    pub rv: i32,
    /// The body: the answer, and behind it what is left of the request.
    pub body: &'a [u8],
    /// Length of the answer.
    pub len: usize,
}

/// What a late answer made; `root` is the root's cookie, which is never made. From a broken answer nothing is released.
pub fn made(late: &Late<'_>, root: Cookie) -> Option<Made> {
    if late.class != CLASS_VN || late.rv != 0 {
        return None;
    }
    match late.optype {
        vn::LOOKUP | vn::CREATE | vn::MKNOD | vn::MKDIR | vn::SYMLINK => {
            let (ans, _) = NodeAns::read_from_prefix(late.body.get(..late.len)?).ok()?;
            let cookie = Cookie(ans.cookie as usize);
            // A NULL cookie may be a node that was found, but none that was made.
            let node = cookie != root
                && match late.optype {
                    vn::LOOKUP => cookie != late.cookie,
                    _ => cookie.0 != 0,
                };
            node.then_some(Made::Node(cookie))
        }
        vn::OPEN => {
            // Where the answer reaches so far, the mode is what the server wants it to be.
            let mode = late.body.get(offset_of!(FlagsReq, flags)..)?;
            let (mode, _) = u32::read_from_prefix(mode).ok()?;
            Some(Made::Open(late.cookie, mode))
        }
        vn::ADVLOCK => {
            let (req, _) = LockReq::read_from_prefix(late.body).ok()?;
            let wanted = Wanted {
                owner: req.owner,
                op: req.op,
                flags: req.flags,
                range: Range {
                    kind: req.kind,
                    start: req.start,
                    len: req.len,
                    pid: req.pid,
                },
            };
            Some(Made::Lock(late.cookie, wanted))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use puffs_core::msg::op::CLASS_VFS;
    use zerocopy::IntoBytes;

    fn node(optype: u8, rv: i32, cookie: u64, len: usize) -> Option<Made> {
        let ans = NodeAns {
            cookie,
            ..NodeAns::default()
        };
        let late = Late {
            class: CLASS_VN,
            optype,
            cookie: Cookie(16),
            rv,
            body: ans.as_bytes(),
            len,
        };
        made(&late, Cookie(0))
    }

    #[test]
    fn a_lookup_and_a_creation_made_a_node() {
        let whole = size_of::<NodeAns>();
        for optype in [vn::LOOKUP, vn::CREATE, vn::MKNOD, vn::MKDIR, vn::SYMLINK] {
            assert_eq!(node(optype, 0, 32, whole), Some(Made::Node(Cookie(32))));
            assert_eq!(node(optype, 2, 32, whole), None, "a failure");
            assert_eq!(node(optype, 0, 0, whole), None, "the root");
            assert_eq!(node(optype, 0, 32, whole - 1), None, "too short");
            assert_eq!(node(optype, 0, 32, whole + 1), None, "no such answer");
        }
        assert_eq!(node(vn::LOOKUP, 0, 16, whole), None, "the directory");
        assert_eq!(node(vn::GETATTR, 0, 32, whole), None);
    }

    #[test]
    fn an_open_made_an_open_file() {
        let req = FlagsReq {
            flags: 3,
            ..FlagsReq::default()
        };
        let mut late = Late {
            class: CLASS_VN,
            optype: vn::OPEN,
            cookie: Cookie(16),
            rv: 0,
            body: req.as_bytes(),
            len: 8,
        };
        assert_eq!(made(&late, Cookie(0)), Some(Made::Open(Cookie(16), 3)));
        late.class = CLASS_VFS;
        assert_eq!(made(&late, Cookie(0)), None);
        late.class = CLASS_VN;
        late.body = &[];
        assert_eq!(made(&late, Cookie(0)), None);
    }

    #[test]
    fn a_lock_is_what_was_asked_for() {
        let req = LockReq {
            owner: 7,
            start: 10,
            len: 20,
            op: 6,
            flags: 0x50,
            kind: 1,
            pid: 99,
            ..LockReq::default()
        };
        let mut late = Late {
            class: CLASS_VN,
            optype: vn::ADVLOCK,
            cookie: Cookie(16),
            rv: 0,
            body: req.as_bytes(),
            len: size_of::<LockAns>(),
        };
        let wanted = Wanted {
            owner: 7,
            op: 6,
            flags: 0x50,
            range: Range {
                kind: 1,
                start: 10,
                len: 20,
                pid: 99,
            },
        };
        assert_eq!(made(&late, Cookie(0)), Some(Made::Lock(Cookie(16), wanted)));
        late.rv = 11;
        assert_eq!(made(&late, Cookie(0)), None, "it was refused");
        late.rv = 0;
        late.body = &req.as_bytes()[..100];
        assert_eq!(made(&late, Cookie(0)), None, "a request cut off");
    }
}
