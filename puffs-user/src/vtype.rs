//! Types of nodes as numbers: a C server may put anything where its header says `enum vtype`.

use core::ffi::c_uint;

use crate::c::vattr::vtype;

/// `enum vtype` of C, whatever its value.
pub type Vtype = c_uint;

/// No type.
pub const VNON: Vtype = vtype::VNON as Vtype;
/// Regular file.
pub const VREG: Vtype = vtype::VREG as Vtype;
/// Directory.
pub const VDIR: Vtype = vtype::VDIR as Vtype;
/// Block device.
pub const VBLK: Vtype = vtype::VBLK as Vtype;
/// Character device.
pub const VCHR: Vtype = vtype::VCHR as Vtype;
/// Symbolic link.
pub const VLNK: Vtype = vtype::VLNK as Vtype;
/// Socket.
pub const VSOCK: Vtype = vtype::VSOCK as Vtype;
/// FIFO.
pub const VFIFO: Vtype = vtype::VFIFO as Vtype;
/// Bad, or dead.
pub const VBAD: Vtype = vtype::VBAD as Vtype;
