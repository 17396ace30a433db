//! The structures of the device calls as C declares them: `<puffs_msgif.h>`.
//!
//! [`puffs_req`], [`puffs_sizeop`], [`puffs_batch`] and [`puffs_startreq`] have the layout of their namesakes in
//! [`puffs_core::msg::wire`]; the asserts below hold them together. The numbers of the operations and the
//! message bodies have no Rust of their own here: the header generator takes them from
//! `puffs_core::msg`. Replaces the reference's `puffs_msgif.h`.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};
use core::mem::offset_of;

pub use puffs_core::msg::body::Statvfs as puffs_msg_statvfs;
use puffs_core::msg::wire;
use static_assertions::{assert_eq_align, assert_eq_size, const_assert_eq};

/// The minor number of the device that clones itself at each open. Instances have smaller ones.
pub const PUFFS_CLONER: u32 = 0x7ffff;

/// The header of a fetched request and of an answer.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_req {
    /// Matches the answer to its request; 0 when no answer is wanted.
    pub preq_id: u64,
    /// `PUFFSOP_VFS` or `PUFFSOP_VN`, with `PUFFSOPFLAG_FAF` when no answer is wanted.
    pub preq_opclass: u8,
    /// The operation: `PUFFS_VFS_*` or `PUFFS_VN_*`.
    pub preq_optype: u8,
    /// In an answer: 0 or a positive errno value.
    pub preq_rv: c_int,
    /// The server's name for the node.
    pub preq_cookie: *mut c_void,
    /// The server's buffer for the body.
    pub preq_aux: *mut c_void,
    /// `PUFFSGETOP`: room in the buffer, and on return the length of the request (with `E2BIG`: the room it
    /// needs). `PUFFSPUTOP`: the length of the answer.
    pub preq_auxlen: usize,
}

/// Data of unknown size for a request in flight.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_sizeop {
    /// The request that registered the data.
    pub pso_reqid: u64,
    /// The server's buffer.
    pub pso_userbuf: *mut u8,
    /// Its size; on return the number of bytes moved.
    pub pso_bufsize: usize,
}

/// Several answers and several fetches in one call, at most 1024 of each.
///
/// Each answer is treated as by `PUFFSPUTOP`, and its header written back: `preq_rv` 0 or an errno value, `preq_id` 0 (one whose header cannot be
/// written keeps its id, and is unknown the second time). An answer with `preq_id` 0 is passed over, so the call may be made again as it is after any
/// error. When all were taken (`ECANCELED` counts as taken), requests are fetched as by `PUFFSGETOP`; the call sleeps for the first one only, and what
/// keeps a later one from coming is no error.
///
/// The call returns the first error of an answer, and nothing was fetched then; or that of the first fetch. When every answer's `preq_rv` is 0 or
/// `ECANCELED`, it is the fetch's: with `E2BIG` the first `preq_auxlen` of `pb_get` says what is needed; with `EINTR`, after a signal or `PUFFSWAKE`, all
/// answers were taken.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_batch {
    /// Answers; may be NULL when there are none.
    pub pb_put: *mut puffs_req,
    /// How many.
    pub pb_nput: usize,
    /// Room for requests, each with a buffer in `preq_aux` and `preq_auxlen`; may be NULL when there is none.
    pub pb_get: *mut puffs_req,
    /// How many; when the call returns 0, how many came.
    pub pb_nget: usize,
    /// 0 or `PUFFS_BATCH_NOWAIT`.
    pub pb_flags: u64,
}

/// In `pb_flags`: do not sleep for a request, whatever the mode of the open file: `EAGAIN`.
pub const PUFFS_BATCH_NOWAIT: u64 = 1;

/// What a server says when it starts.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_startreq {
    /// The cookie of the root node.
    pub psr_cookie: u64,
    /// The file system's first figures.
    pub psr_sb: puffs_msg_statvfs,
}

/// What a server wants forgotten or written of what the kernel has cached, since it has changed something on its own.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_stale {
    /// `PUFFS_STALE_*`.
    pub pst_what: u32,
    /// Zero.
    pub pst_reserved: u32,
    /// The node that it is about; not with `PUFFS_STALE_ALLNAMES`.
    pub pst_cookie: u64,
    /// Of contents: first byte.
    pub pst_start: u64,
    /// First byte behind; 0: to the end of the file.
    pub pst_end: u64,
}

/// `pst_what`: the names below a directory, those that do not exist included.
pub const PUFFS_STALE_NAMES: u32 = 1;

/// `pst_what`: all names.
pub const PUFFS_STALE_ALLNAMES: u32 = 2;

/// `pst_what`: contents of a regular file, and its attributes.
pub const PUFFS_STALE_PAGES: u32 = 3;

/// `pst_what`: contents of a regular file that programs have changed are to be written; they stay.
pub const PUFFS_STALE_UNWRITTEN: u32 = 4;

/// What a server says of itself at the beginning of the connection that `PUFFS_COMFD` names (see `puffs_mount`). Behind it come three strings, without NULs.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct puffs_comargs {
    /// `PUFFS_MSG_VERSION`.
    pub pca_version: u32,
    /// Bytes of this, with the strings.
    pub pca_len: u32,
    /// The operations that the server has: those on nodes from bit 0, those on the file system from bit 49.
    pub pca_ops: u64,
    /// The root's cookie.
    pub pca_root: u64,
    /// Its size.
    pub pca_rootsize: u64,
    /// Its device number.
    pub pca_rootrdev: u64,
    /// Its type, `enum vtype`.
    pub pca_roottype: u32,
    /// `PUFFS_MNT_*`.
    pub pca_mntflags: u32,
    /// `PUFFS_KFLAG_*`.
    pub pca_kflags: u32,
    /// Most bytes of a read or write.
    pub pca_maxdata: u32,
    /// Size of file handles; 0: there are none.
    pub pca_fhsize: u32,
    /// `PUFFS_FHFLAG_*`.
    pub pca_fhflags: u32,
    /// Length of the first string: what is mounted.
    pub pca_fromlen: u32,
    /// Of the second: the type.
    pub pca_typelen: u32,
    /// Of the third: where it would be mounted.
    pub pca_dirlen: u32,
    /// Zero.
    pub pca_reserved: u32,
}

assert_eq_size!(puffs_comargs, wire::ComArgs);
assert_eq_align!(puffs_comargs, wire::ComArgs);
const_assert_eq!(
    offset_of!(puffs_comargs, pca_root),
    offset_of!(wire::ComArgs, root_cookie)
);
const_assert_eq!(
    offset_of!(puffs_comargs, pca_roottype),
    offset_of!(wire::ComArgs, root_vtype)
);
const_assert_eq!(
    offset_of!(puffs_comargs, pca_fromlen),
    offset_of!(wire::ComArgs, fromlen)
);

assert_eq_size!(puffs_stale, wire::Stale);
assert_eq_align!(puffs_stale, wire::Stale);
const_assert_eq!(
    offset_of!(puffs_stale, pst_cookie),
    offset_of!(wire::Stale, cookie)
);
const_assert_eq!(
    offset_of!(puffs_stale, pst_start),
    offset_of!(wire::Stale, start)
);
const_assert_eq!(
    offset_of!(puffs_stale, pst_end),
    offset_of!(wire::Stale, end)
);
const_assert_eq!(PUFFS_STALE_NAMES, wire::Stale::NAMES);
const_assert_eq!(PUFFS_STALE_ALLNAMES, wire::Stale::ALL_NAMES);
const_assert_eq!(PUFFS_STALE_PAGES, wire::Stale::PAGES);
const_assert_eq!(PUFFS_STALE_UNWRITTEN, wire::Stale::UNWRITTEN);

assert_eq_size!(puffs_req, wire::Req);
assert_eq_align!(puffs_req, wire::Req);
const_assert_eq!(offset_of!(puffs_req, preq_id), offset_of!(wire::Req, id));
const_assert_eq!(
    offset_of!(puffs_req, preq_opclass),
    offset_of!(wire::Req, opclass)
);
const_assert_eq!(
    offset_of!(puffs_req, preq_optype),
    offset_of!(wire::Req, optype)
);
const_assert_eq!(offset_of!(puffs_req, preq_rv), offset_of!(wire::Req, rv));
const_assert_eq!(
    offset_of!(puffs_req, preq_cookie),
    offset_of!(wire::Req, cookie)
);
const_assert_eq!(offset_of!(puffs_req, preq_aux), offset_of!(wire::Req, aux));
const_assert_eq!(
    offset_of!(puffs_req, preq_auxlen),
    offset_of!(wire::Req, auxlen)
);

assert_eq_size!(puffs_sizeop, wire::SizeOp);
assert_eq_align!(puffs_sizeop, wire::SizeOp);
const_assert_eq!(
    offset_of!(puffs_sizeop, pso_reqid),
    offset_of!(wire::SizeOp, reqid)
);
const_assert_eq!(
    offset_of!(puffs_sizeop, pso_userbuf),
    offset_of!(wire::SizeOp, userbuf)
);
const_assert_eq!(
    offset_of!(puffs_sizeop, pso_bufsize),
    offset_of!(wire::SizeOp, bufsize)
);

assert_eq_size!(puffs_batch, wire::Batch);
assert_eq_align!(puffs_batch, wire::Batch);
const_assert_eq!(
    offset_of!(puffs_batch, pb_put),
    offset_of!(wire::Batch, put)
);
const_assert_eq!(
    offset_of!(puffs_batch, pb_nput),
    offset_of!(wire::Batch, nput)
);
const_assert_eq!(
    offset_of!(puffs_batch, pb_get),
    offset_of!(wire::Batch, get)
);
const_assert_eq!(
    offset_of!(puffs_batch, pb_nget),
    offset_of!(wire::Batch, nget)
);
const_assert_eq!(
    offset_of!(puffs_batch, pb_flags),
    offset_of!(wire::Batch, flags)
);
const_assert_eq!(PUFFS_BATCH_NOWAIT, wire::Batch::NOWAIT);

assert_eq_size!(puffs_startreq, wire::StartReq);
assert_eq_align!(puffs_startreq, wire::StartReq);
const_assert_eq!(
    offset_of!(puffs_startreq, psr_cookie),
    offset_of!(wire::StartReq, root_cookie)
);
const_assert_eq!(
    offset_of!(puffs_startreq, psr_sb),
    offset_of!(wire::StartReq, statvfs)
);
