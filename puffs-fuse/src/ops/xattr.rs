//! Extended attributes. Linux has one space of names with prefixes, puffs has two namespaces: "user." is
//! that of users, everything else is the system's, under its full name.

use puffs_core::msg::body::{Head, extattr};
use puffs_core::msg::op::vn;
use puffs_vfs::extattr::{self as vattr, Name};
use puffs_vfs::{Caller, attr as access};
use zerocopy::IntoBytes;

use super::{Held, head};
use crate::errno::Code;
use crate::proto::request::Request;
use crate::proto::wire::{GetxattrIn, GetxattrOut, SetxattrIn};
use crate::reply::{Outcome, Reply};
use crate::session::Work;

const USER: &[u8] = b"user.";
const TRUSTED: &[u8] = b"trusted.";
const SYSTEM: [&[u8]; 3] = [TRUSTED, b"security.", b"system."];
const ACL: &[u8] = b"system.posix_acl_";
/// The longest value, and the longest list of names, that Linux takes.
const LONGEST: usize = 64 << 10;

fn name(full: &[u8]) -> Result<Name<'_>, Code> {
    // Nobody would act on access lists.
    let known = SYSTEM.iter().any(|prefix| full.starts_with(prefix)) && !full.starts_with(ACL);
    match full.strip_prefix(USER) {
        Some([]) => Err(Code(libc::EINVAL)),
        Some(name) => Ok(Name {
            namespace: extattr::USER,
            name,
        }),
        None if known => Ok(Name {
            namespace: extattr::SYSTEM,
            name: full,
        }),
        None => Err(Code(libc::EOPNOTSUPP)),
    }
}

/// A size, where no more was asked for.
fn size(size: u64) -> Reply {
    let out = GetxattrOut {
        size: u32::try_from(size).unwrap_or(u32::MAX),
        padding: 0,
    };
    Reply::Bytes(out.as_bytes().to_vec())
}

impl Work<'_> {
    /// A server without an operation is not asked again: this is the one `ENOSYS`, and programs get `EOPNOTSUPP`.
    fn has(&self, optype: u8) -> Result<(), Code> {
        match self.port.ops().has_vn(optype) {
            true => Ok(()),
            false => Err(Code(libc::ENOSYS)),
        }
    }

    /// Attributes of users are as free as the contents. Where Linux judges by the mode, it has done so.
    fn may(&self, head: &Head, node: &Held<'_, '_>, full: &[u8], mode: u32) -> Result<(), Code> {
        match self.session.policy.asks && full.starts_with(USER) {
            true => self.check(head, node, mode),
            false => Ok(()),
        }
    }

    pub(crate) fn getxattr(&self, request: &Request<'_>) -> Outcome {
        let (get, full) = request.named::<GetxattrIn>()?;
        self.has(vn::GETEXTATTR)?;
        let node = self.hold(request.header.nodeid)?;
        let (head, cookie) = (head(&request.header), node.node.cookie);
        self.may(&head, &node, full, access::VREAD)?;
        let room = (get.size as usize).min(LONGEST);
        let value = vattr::get(&self.port, &head, cookie, name(full)?, room)?;
        if get.size != 0 && value.size == value.data.len as u64 {
            return Ok(Reply::Data(value.data));
        }
        self.port.recycle(value.data.body);
        match get.size {
            0 => Ok(size(value.size)),
            _ => Err(Code(libc::ERANGE)),
        }
    }

    pub(crate) fn setxattr(&self, request: &Request<'_>) -> Outcome {
        let (set, full, rest) = request.named_with::<SetxattrIn>()?;
        self.has(vn::SETEXTATTR)?;
        let value = rest.get(..set.size as usize).ok_or(Code(libc::EINVAL))?;
        let node = self.hold(request.header.nodeid)?;
        let (head, name) = (head(&request.header), name(full)?);
        self.may(&head, &node, full, access::VWRITE)?;
        let create = set.flags & libc::XATTR_CREATE as u32 != 0;
        let replace = set.flags & libc::XATTR_REPLACE as u32 != 0;
        if create || replace {
            match self.has_xattr(&head, &node, name)? {
                true if create => return Err(Code(libc::EEXIST)),
                false if replace => return Err(Code(libc::ENODATA)),
                _ => {}
            }
        }
        let done = vattr::set(&self.port, &head, node.node.cookie, name, value)?;
        match done == value.len() {
            true => Ok(Reply::Empty),
            // A server takes all, or says why not.
            false => Err(Code(libc::EIO)),
        }
    }

    fn has_xattr(&self, head: &Head, node: &Held<'_, '_>, name: Name<'_>) -> Result<bool, Code> {
        match vattr::get(&self.port, head, node.node.cookie, name, 0).map_err(Code::from) {
            Ok(value) => {
                self.port.recycle(value.data.body);
                Ok(true)
            }
            Err(Code(libc::ENODATA)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    pub(crate) fn listxattr(&self, request: &Request<'_>) -> Outcome {
        let get = request.fixed::<GetxattrIn>()?;
        self.has(vn::LISTEXTATTR)?;
        let node = self.hold(request.header.nodeid)?;
        let head = head(&request.header);
        let mut names = Vec::new();
        for (namespace, prefix) in [(extattr::USER, USER), (extattr::SYSTEM, &[][..])] {
            let list = vattr::list(&self.port, &head, node.node.cookie, namespace, LONGEST);
            let list = match list.map_err(Code::from) {
                // A namespace that the server does not have is empty.
                Err(Code(libc::EOPNOTSUPP)) => continue,
                list => list?,
            };
            let whole = list.size == list.data.len as u64;
            for name in list.data.split_inclusive(|byte| *byte == 0) {
                // Those of the system's are shown to its administrator.
                if head.uid == 0 || !name.starts_with(TRUSTED) || namespace == extattr::USER {
                    names.extend_from_slice(prefix);
                    names.extend_from_slice(name);
                }
            }
            self.port.recycle(list.data.body);
            if !whole {
                return Err(Code(libc::E2BIG));
            }
        }
        match get.size as usize {
            0 => Ok(size(names.len() as u64)),
            room if room < names.len() => Err(Code(libc::ERANGE)),
            _ => Ok(Reply::Bytes(names)),
        }
    }

    pub(crate) fn removexattr(&self, request: &Request<'_>) -> Outcome {
        let ([], full) = request.named::<[u8; 0]>()?;
        self.has(vn::DELETEEXTATTR)?;
        let node = self.hold(request.header.nodeid)?;
        let head = head(&request.header);
        self.may(&head, &node, full, access::VWRITE)?;
        vattr::delete(&self.port, &head, node.node.cookie, name(full)?)?;
        Ok(Reply::Empty)
    }
}
