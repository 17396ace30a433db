//! Attributes between puffs and FUSE.

use puffs_core::msg::body::{Attr, NOVAL, Time};
use puffs_vfs::nodes::{Node, NodeId, VType};

use crate::proto::wire::{self, SetattrIn, dev_decode, dev_encode, fattr};

const S_IFMT: u32 = libc::S_IFMT;
/// `VA_UTIMES_NULL`.
const VA_UTIMES_NULL: u32 = 1;
const NOW: Time = Time { sec: 0, nsec: 0 };

/// The type bits of a mode.
pub(crate) const fn type_bits(vtype: VType) -> u32 {
    match vtype {
        VType::Reg => libc::S_IFREG,
        VType::Dir => libc::S_IFDIR,
        VType::Blk => libc::S_IFBLK,
        VType::Chr => libc::S_IFCHR,
        VType::Lnk => libc::S_IFLNK,
        VType::Sock => libc::S_IFSOCK,
        VType::Fifo => libc::S_IFIFO,
    }
}

/// The type in a mode.
pub(crate) const fn mode_type(mode: u32) -> Option<VType> {
    Some(match mode & S_IFMT {
        libc::S_IFREG => VType::Reg,
        libc::S_IFDIR => VType::Dir,
        libc::S_IFBLK => VType::Blk,
        libc::S_IFCHR => VType::Chr,
        libc::S_IFLNK => VType::Lnk,
        libc::S_IFSOCK => VType::Sock,
        libc::S_IFIFO => VType::Fifo,
        _ => return None,
    })
}

/// A device number of FUSE as `dev_t`.
pub(crate) fn rdev_in(rdev: u32) -> u64 {
    let (major, minor) = dev_decode(rdev);
    libc::makedev(major, minor)
}

fn rdev_out(rdev: u64) -> u32 {
    dev_encode(libc::major(rdev), libc::minor(rdev))
}

/// What the kernel is told of a node. Fields that the server left open get sane values; the type never changes.
pub(crate) fn out(attr: &Attr, id: NodeId, node: &Node) -> wire::Attr {
    let given = |value: u64, or: u64| if value == NOVAL { or } else { value };
    let given32 = |value: u32, or: u32| if value == u32::MAX { or } else { value };
    let device = matches!(node.vtype, VType::Blk | VType::Chr);
    let size = given(attr.size, node.size);
    let (atime, atimensec) = time_out(attr.atime);
    let (mtime, mtimensec) = time_out(attr.mtime);
    let (ctime, ctimensec) = time_out(attr.ctime);
    wire::Attr {
        ino: given(attr.fileid, id.0),
        size: if device { 0 } else { size },
        blocks: given(attr.bytes, size).div_ceil(512),
        atime,
        mtime,
        ctime,
        atimensec,
        mtimensec,
        ctimensec,
        mode: (given32(attr.mode, permission(node.vtype)) & 0o7777) | type_bits(node.vtype),
        nlink: given32(attr.nlink, 1),
        uid: given32(attr.uid, 0),
        gid: given32(attr.gid, 0),
        rdev: if device { rdev_out(node.rdev) } else { 0 },
        blksize: match attr.blocksize {
            size @ 1..=0x10_0000 => size as u32,
            _ => 4096,
        },
        flags: 0,
    }
}

/// What a node without attributes may be used for: the server has no getattr.
pub(crate) fn unknown(node: &Node) -> Attr {
    Attr {
        mode: permission(node.vtype),
        size: node.size,
        ..Attr::NONE
    }
}

const fn permission(vtype: VType) -> u32 {
    match vtype {
        VType::Dir => 0o555,
        _ => 0o444,
    }
}

fn time_out(time: Time) -> (u64, u32) {
    match time {
        Time { sec: -1, nsec: -1 } => (0, 0),
        // Seconds before 1970 travel as they are: the kernel reads them with their sign.
        Time { sec, nsec } => (sec as u64, nsec.clamp(0, 999_999_999) as u32),
    }
}

/// What a SETATTR wants changed. `now` is asked for the time at most once.
pub(crate) fn wanted(set: &SetattrIn, now: impl FnOnce() -> Time) -> Attr {
    let has = |bits: u32| set.valid & bits != 0;
    let time = |sec: u64, nsec: u32| Time {
        sec: sec as i64,
        nsec: i64::from(nsec),
    };
    let now = match has(fattr::ATIME_NOW | fattr::MTIME_NOW) {
        true => now(),
        false => NOW,
    };
    let mut attr = Attr::NONE;
    if has(fattr::MODE) {
        attr.mode = set.mode & 0o7777;
    }
    if has(fattr::UID) {
        attr.uid = set.uid;
    }
    if has(fattr::GID) {
        attr.gid = set.gid;
    }
    if has(fattr::SIZE) {
        attr.size = set.size;
    }
    if has(fattr::ATIME | fattr::ATIME_NOW) {
        attr.atime = match has(fattr::ATIME_NOW) {
            true => now,
            false => time(set.atime, set.atimensec),
        };
    }
    if has(fattr::MTIME | fattr::MTIME_NOW) {
        attr.mtime = match has(fattr::MTIME_NOW) {
            true => now,
            false => time(set.mtime, set.mtimensec),
        };
    }
    if has(fattr::ATIME_NOW) && has(fattr::MTIME_NOW) {
        attr.vaflags = VA_UTIMES_NULL;
    }
    attr
}

#[cfg(test)]
mod tests {
    use super::*;
    use puffs_core::Cookie;
    use puffs_vfs::nodes::{Nodes, ROOT};

    fn node(vtype: VType, size: u64, rdev: u64) -> Node {
        *Nodes::new(Cookie(1), vtype, size, rdev)
            .unwrap()
            .get(ROOT)
            .unwrap()
    }

    #[test]
    fn open_fields_get_sane_values() {
        let out = out(&Attr::NONE, NodeId(7), &node(VType::Reg, 1000, 5));
        let expected = wire::Attr {
            ino: 7,
            size: 1000,
            blocks: 2,
            mode: libc::S_IFREG | 0o444,
            nlink: 1,
            blksize: 4096,
            ..wire::Attr::default()
        };
        assert_eq!(out, expected);
    }

    #[test]
    fn the_servers_type_bits_do_not_count() {
        let attr = Attr {
            mode: libc::S_IFLNK | 0o4755,
            bytes: 4096,
            blocksize: 1 << 21,
            mtime: Time {
                sec: -5,
                nsec: 2_000_000_000,
            },
            ..Attr::NONE
        };
        let out = out(
            &attr,
            NodeId(7),
            &node(VType::Chr, 10, libc::makedev(1, 300)),
        );
        assert_eq!(out.mode, libc::S_IFCHR | 0o4755);
        assert_eq!((out.blocks, out.blksize, out.size), (8, 4096, 0));
        assert_eq!((out.mtime as i64, out.mtimensec), (-5, 999_999_999));
        assert_eq!(rdev_in(out.rdev), libc::makedev(1, 300));
    }

    #[test]
    fn setattr_touches_what_is_valid() {
        let set = SetattrIn {
            valid: 0,
            mode: libc::S_IFREG | 0o640,
            uid: 1,
            gid: 2,
            size: 3,
            atime: 4,
            atimensec: 5,
            mtime: 6,
            mtimensec: 7,
            ..SetattrIn::default()
        };
        let with = |valid| wanted(&SetattrIn { valid, ..set }, || Time { sec: 99, nsec: 98 });
        assert_eq!(with(0), Attr::NONE);
        assert_eq!(with(1 << 10), Attr::NONE, "ctime is the server's");
        assert_eq!(
            with(fattr::MODE),
            Attr {
                mode: 0o640,
                ..Attr::NONE
            }
        );
        assert_eq!(
            with(fattr::UID | fattr::GID),
            Attr {
                uid: 1,
                gid: 2,
                ..Attr::NONE
            }
        );
        assert_eq!(
            with(fattr::SIZE | fattr::FH),
            Attr {
                size: 3,
                ..Attr::NONE
            }
        );
        let given = with(fattr::ATIME | fattr::MTIME);
        assert_eq!(given.atime, Time { sec: 4, nsec: 5 });
        assert_eq!(given.mtime, Time { sec: 6, nsec: 7 });
        assert_eq!(given.vaflags, 0);
        let touched = with(fattr::ATIME | fattr::MTIME | fattr::ATIME_NOW | fattr::MTIME_NOW);
        assert_eq!(
            (touched.atime, touched.vaflags),
            (Time { sec: 99, nsec: 98 }, VA_UTIMES_NULL)
        );
        assert_eq!(with(fattr::ATIME | fattr::ATIME_NOW).vaflags, 0);
    }
}
