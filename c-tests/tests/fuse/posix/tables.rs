//! Where memfs and nullfs differ from tmpfs: for good, for now, and altogether.

use super::compare::Difference;

/// Differences that stay: we are right as well, or Linux's FUSE gives no way.
pub(super) const EXPECTED: &[Difference] = &[
    Difference {
        why: "FUSE's request for nameless files has no operation of puffs to go to; Linux says EOPNOTSUPP, and \
              programs fall back to names",
        rows: &[
            ("openflags/O_TMPFILE*: open(*", "EOPNOTSUPP", "ok"),
            (
                "openflags/O_TMPFILE: fstat(file)",
                "EBADF",
                "file 0640 0:0 links 0 size 0",
            ),
            ("openflags/O_TMPFILE: write(*", "EBADF", "ok"),
            ("openflags/O_TMPFILE: linkat(*", "ENOENT", "ok"),
            (
                "openflags/O_TMPFILE: contents of t/shown",
                "ENOENT",
                "6 \"hidden\"",
            ),
        ],
    },
    Difference {
        why: "puffs' rename has no flags: nothing is exchanged, and there are no whiteouts",
        rows: &[
            (
                "renameflags/EXCHANGE: rename2(\"a\", \"b\", RENAME_EXCHANGE)",
                "EINVAL",
                "ok",
            ),
            ("renameflags/EXCHANGE: lstat(a)", "file *", "dir *"),
            ("renameflags/EXCHANGE: lstat(b)", "dir *", "file *"),
            ("renameflags/WHITEOUT: rename2(*", "EINVAL", "ok"),
            ("renameflags/WHITEOUT: lstat(c)", "file *", "chr *"),
            ("renameflags/WHITEOUT: lstat(d)", "ENOENT", "file *"),
        ],
    },
    Difference {
        why: "Linux asks a FUSE file system for the time of birth from protocol version 39 on only; we speak 38",
        rows: &[("stat/time of birth: stx_mask", "has it not", "has it")],
    },
    Difference {
        why: "without an operation that finds holes the only one is at the end, as POSIX allows",
        rows: &[
            (
                "seek/data and holes: lseek(fd, 0, SEEK_DATA)",
                "0",
                "1048576",
            ),
            (
                "seek/data and holes: lseek(fd, 0, SEEK_HOLE)",
                "2097152",
                "0",
            ),
            (
                "seek/data and holes: lseek(fd, 1 << 20, SEEK_HOLE)",
                "2097152",
                "*",
            ),
            (
                "seek/data and holes: lseek(fd, (1 << 20) + 8192, SEEK_DATA)",
                "1056768",
                "ENXIO",
            ),
        ],
    },
    Difference {
        why: "the kernel serves fifos by itself and tells a FUSE server nothing, not even the times",
        rows: &[(
            "times/a fifo: times of d/p that moved",
            "none",
            "atime mtime ctime",
        )],
    },
    Difference {
        why: "there are no ioctls, hence no inode flags",
        rows: &[(
            "copy/other ioctls: ioctl(out, FS_IOC_GETFLAGS, &(int){0})",
            "ENOTTY",
            "0",
        )],
    },
    Difference {
        why: "puffs' fallocate has no flags: it cannot be told to keep the size",
        rows: &[
            (
                "falloc/keeping the size: fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 65536)",
                "EOPNOTSUPP",
                "ok",
            ),
            (
                "falloc/keeping the size: blocks(fd) >= 65536 / 512",
                "no",
                "yes",
            ),
        ],
    },
];

/// What differs besides on nullfs, for good: the null layer has nineteen operations, as the reference has them.
pub(super) const NULLFS: &[Difference] = &[
    Difference {
        why: "the null layer has no operations for extended attributes",
        rows: &[("xattr/*", "*", "*")],
    },
    Difference {
        why: "the null layer has none that reserves space or makes a hole",
        rows: &[("falloc/*", "*", "*")],
    },
];

/// Differences that are errors of ours. Each row goes away with its error.
pub(super) const OPEN: &[Difference] = &[];

/// Topics that as a whole need something that is not there yet. They are run, and must differ.
pub(super) struct Awaited {
    pub(super) what: &'static str,
    pub(super) topics: &'static str,
}

pub(super) const AWAITED: &[Awaited] = &[];

/// What `examples/memfs.rs` leaves out. In all else it is as `examples/memfs`.
pub(super) const RUST_LACKS: &[Awaited] = &[
    Awaited {
        what: "extended attributes: left out of the example, to keep it short",
        topics: "xattr",
    },
    Awaited {
        what: "fallocate and holes: likewise",
        topics: "falloc",
    },
];
