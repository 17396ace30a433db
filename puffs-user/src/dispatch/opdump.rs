//! `PUFFS_FLAG_OPDUMP`: a line on stderr for each request and each result.

use puffs_core::msg::op::{CLASS_ERROR, CLASS_MASK, CLASS_VFS, CLASS_VN, FLAG_FAF};
use puffs_core::msg::wire;

use crate::say;

const VFS: [&str; 15] = [
    "mount",
    "start",
    "unmount",
    "root",
    "quotactl",
    "statvfs",
    "sync",
    "vget",
    "fhtonode",
    "nodetofh",
    "init",
    "done",
    "snapshot",
    "extattrctl",
    "suspend",
];
const VN: [&str; 49] = [
    "lookup",
    "create",
    "mknod",
    "open",
    "close",
    "access",
    "getattr",
    "setattr",
    "read",
    "write",
    "ioctl",
    "fcntl",
    "poll",
    "kqfilter",
    "revoke",
    "mmap",
    "fsync",
    "seek",
    "remove",
    "link",
    "rename",
    "mkdir",
    "rmdir",
    "symlink",
    "readdir",
    "readlink",
    "abortop",
    "inactive",
    "reclaim",
    "lock",
    "unlock",
    "bmap",
    "strategy",
    "print",
    "islocked",
    "pathconf",
    "advlock",
    "lease",
    "whiteout",
    "getpages",
    "putpages",
    "getextattr",
    "listextattr",
    "openextattr",
    "deleteextattr",
    "setextattr",
    "closeextattr",
    "fallocate",
    "fdiscard",
];

/// The operation's name.
pub(crate) fn name(opclass: u8, optype: u8) -> &'static str {
    let table: &[&str] = match opclass & CLASS_MASK {
        CLASS_VFS => &VFS,
        CLASS_VN => &VN,
        CLASS_ERROR => &["refused answer"; 16],
        _ => &[],
    };
    table.get(usize::from(optype)).unwrap_or(&"unknown")
}

pub(super) fn request(req: &wire::Req) {
    say::line(format_args!("{}", asked(req)));
}

pub(super) fn answer(req: &wire::Req) {
    say::line(format_args!("{}", answered(req)));
}

fn asked(req: &wire::Req) -> String {
    let faf = if req.opclass & FLAG_FAF != 0 {
        ", no answer wanted"
    } else {
        ""
    };
    format!(
        "puffs: > {} {} cookie {:#x}, {} bytes{faf}",
        req.id,
        name(req.opclass, req.optype),
        req.cookie,
        req.auxlen,
    )
}

fn answered(req: &wire::Req) -> String {
    format!(
        "puffs: < {} {} result {}, {} bytes",
        req.id,
        name(req.opclass, req.optype),
        req.rv,
        req.auxlen,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use puffs_core::msg::op::{vfs, vn};

    #[test]
    fn lines_say_what_happens() {
        let req = wire::Req {
            id: 5,
            opclass: CLASS_VN | FLAG_FAF,
            optype: vn::RECLAIM,
            rv: 2,
            cookie: 0x30,
            auxlen: 96,
            ..wire::Req::default()
        };
        let request = "puffs: > 5 reclaim cookie 0x30, 96 bytes, no answer wanted";
        assert_eq!(asked(&req), request);
        assert_eq!(answered(&req), "puffs: < 5 reclaim result 2, 96 bytes");
    }

    #[test]
    fn names_stand_in_the_order_of_the_numbers() {
        assert_eq!(name(CLASS_VFS, vfs::STATVFS), "statvfs");
        assert_eq!(name(CLASS_VFS, vfs::SUSPEND), "suspend");
        assert_eq!(name(CLASS_VN | FLAG_FAF, vn::RECLAIM), "reclaim");
        assert_eq!(name(CLASS_VN, vn::PATHCONF), "pathconf");
        assert_eq!(name(CLASS_VN, vn::FDISCARD), "fdiscard");
        assert_eq!(name(CLASS_VN, 49), "unknown");
        assert_eq!(name(7, 0), "unknown");
    }
}
