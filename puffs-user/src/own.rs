//! Requests on the whole file system that the library makes itself, where no kernel does.

use core::ffi::c_int;

use puffs_core::msg::body::{self, FlagsReq, Head};
use puffs_core::msg::op::{self, vfs};
use puffs_core::msg::wire::Req;
use zerocopy::IntoBytes;

use crate::c::consts::{PUFFS_MNT_FORCE, PUFFS_MNT_LAZY, PUFFS_MNT_WAIT};

/// An operation, in whose name it is asked for, and its flags.
#[derive(Clone, Copy)]
pub(crate) struct Own(u8, u8, c_int);

/// What was changed may be brought to rest.
pub(crate) const LAZY_SYNC: Own = Own(vfs::SYNC, body::cred::FS, PUFFS_MNT_LAZY);

/// What a kernel would have told the server, had its mount not gone by force; a refusal would change nothing.
pub(crate) const FAREWELL: [Own; 2] = [
    Own(vfs::SYNC, body::cred::FS, PUFFS_MNT_WAIT),
    Own(vfs::UNMOUNT, body::cred::KERNEL, PUFFS_MNT_FORCE),
];

impl Own {
    /// Puts the body into `buffer`, which has room for any answer, and returns the header.
    pub(crate) fn put(self, buffer: &mut [u8]) -> Req {
        let Own(optype, cred, flags) = self;
        let body = FlagsReq {
            head: Head {
                version: body::VERSION,
                cred,
                ..Head::default()
            },
            flags: flags as u32,
            ..FlagsReq::default()
        };
        buffer[..size_of_val(&body)].copy_from_slice(body.as_bytes());
        Req {
            opclass: op::CLASS_VFS,
            optype,
            auxlen: size_of_val(&body),
            ..Req::default()
        }
    }
}
