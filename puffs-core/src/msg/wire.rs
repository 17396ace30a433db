//! The structures of the device calls, as bytes.
//!
//! They have the layout of `struct puffs_req`, `struct puffs_sizeop` and `struct puffs_startreq` in
//! C, with every pointer as an address: the queue never follows one itself, it hands it to the
//! platform's copy functions. `puffs-ffi` asserts that the C structures agree.

use static_assertions::{assert_eq_align, const_assert_eq};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The header of a fetched request and of an answer: `struct puffs_req`.
#[derive(
    FromBytes, IntoBytes, Immutable, KnownLayout, Clone, Copy, Default, Debug, PartialEq, Eq,
)]
#[repr(C)]
pub struct Req {
    /// Matches the answer to its request; 0 when no answer is wanted.
    pub id: u64,
    /// Class and flags, [`super::op`].
    pub opclass: u8,
    /// Operation within the class.
    pub optype: u8,
    /// Zero.
    pub pad: [u8; 2],
    /// In an answer: 0 or a positive errno value.
    pub rv: i32,
    /// The server's name for the node.
    pub cookie: usize,
    /// Address of the server's buffer for the body.
    pub aux: usize,
    /// In: room in the buffer, or length of the answer. Out: length of the request.
    pub auxlen: usize,
}

/// Data of unknown size for a request in flight: `struct puffs_sizeop`.
#[derive(
    FromBytes, IntoBytes, Immutable, KnownLayout, Clone, Copy, Default, Debug, PartialEq, Eq,
)]
#[repr(C)]
pub struct SizeOp {
    /// The request that registered the data.
    pub reqid: u64,
    /// Address of the server's buffer.
    pub userbuf: usize,
    /// In: its size. Out: bytes moved.
    pub bufsize: usize,
}

/// Several answers and several fetches in one call: `struct puffs_batch`.
#[derive(
    FromBytes, IntoBytes, Immutable, KnownLayout, Clone, Copy, Default, Debug, PartialEq, Eq,
)]
#[repr(C)]
pub struct Batch {
    /// Address of an array of [`Req`]: answers.
    pub put: usize,
    /// How many; one without an id (0) is passed over.
    pub nput: usize,
    /// Address of an array of [`Req`]: room for requests.
    pub get: usize,
    /// In: how many there is room for. Out: how many came.
    pub nget: usize,
    /// [`Batch::NOWAIT`].
    pub flags: u64,
}

impl Batch {
    /// Do not sleep for a request.
    pub const NOWAIT: u64 = 1;
}

/// What a server says when it starts: `struct puffs_startreq`.
#[derive(
    FromBytes, IntoBytes, Immutable, KnownLayout, Clone, Copy, Default, Debug, PartialEq, Eq,
)]
#[repr(C)]
pub struct StartReq {
    /// The root node's cookie.
    pub root_cookie: u64,
    /// The file system's first figures.
    pub statvfs: super::body::Statvfs,
}

/// What a server wants forgotten or written of what the kernel has cached: `struct puffs_stale`.
#[derive(
    FromBytes, IntoBytes, Immutable, KnownLayout, Clone, Copy, Default, Debug, PartialEq, Eq,
)]
#[repr(C)]
pub struct Stale {
    /// [`Stale::NAMES`] or one of its neighbours.
    pub what: u32,
    /// Zero.
    pub reserved: u32,
    /// The node that it is about.
    pub cookie: u64,
    /// Of contents: first byte.
    pub start: u64,
    /// First byte behind; 0: to the end of the file.
    pub end: u64,
}

impl Stale {
    /// The names below a directory.
    pub const NAMES: u32 = 1;
    /// All names.
    pub const ALL_NAMES: u32 = 2;
    /// Contents of a regular file.
    pub const PAGES: u32 = 3;
    /// Contents of a regular file that programs have changed: they are to be written, and stay.
    pub const UNWRITTEN: u32 = 4;
}

/// What a server that is not mounted says of itself to who is on the other side of its connection (`PUFFS_COMFD`):
/// `struct puffs_comargs`. Behind it come its three strings, without NULs.
#[derive(
    FromBytes, IntoBytes, Immutable, KnownLayout, Clone, Copy, Default, Debug, PartialEq, Eq,
)]
#[repr(C)]
pub struct ComArgs {
    /// [`super::body::VERSION`].
    pub version: u32,
    /// Bytes of this, with the strings.
    pub len: u32,
    /// The operations that the server has, as [`super::OpSet::bits`] has them.
    pub ops: u64,
    /// The root's cookie.
    pub root_cookie: u64,
    /// Its size.
    pub root_size: u64,
    /// Its device number.
    pub root_rdev: u64,
    /// Its type, `enum vtype`.
    pub root_vtype: u32,
    /// `PUFFS_MNT_*`.
    pub mntflags: u32,
    /// `PUFFS_KFLAG_*`.
    pub kflags: u32,
    /// Most bytes of a read or write.
    pub maxdata: u32,
    /// Size of file handles; 0: there are none.
    pub fhsize: u32,
    /// `PUFFS_FHFLAG_*`.
    pub fhflags: u32,
    /// Length of the first string: what is mounted.
    pub fromlen: u32,
    /// Of the second: the type.
    pub typelen: u32,
    /// Of the third: where it would be mounted.
    pub dirlen: u32,
    /// Zero.
    pub reserved: u32,
}

const_assert_eq!(size_of::<ComArgs>(), 80);
const_assert_eq!(size_of::<usize>(), 8);
const_assert_eq!(size_of::<Req>(), 40);
const_assert_eq!(core::mem::offset_of!(Req, rv), 12);
const_assert_eq!(core::mem::offset_of!(Req, cookie), 16);
const_assert_eq!(core::mem::offset_of!(Req, auxlen), 32);
const_assert_eq!(size_of::<SizeOp>(), 24);
const_assert_eq!(size_of::<Batch>(), 40);
const_assert_eq!(size_of::<StartReq>(), 8 + 12 * 8);
const_assert_eq!(size_of::<Stale>(), 32);
assert_eq_align!(Req, SizeOp, Batch, StartReq, Stale, u64);
