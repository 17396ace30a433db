//! Where memfs differs from tmpfs: for good, for now, and altogether.

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
        why: "with a write Linux has a FUSE file system keep set-group-id where the group may not execute; its own file \
              systems drop it even then",
        rows: &[
            (
                "suid/write by other, mode 6767: lstat(f)",
                "file 2767 *",
                "file 0767 *",
            ),
            (
                "suid/write by other, mode 6666: lstat(f)",
                "file 2666 *",
                "file 0666 *",
            ),
            (
                "suid/append by other, mode 6767: lstat(f)",
                "file 2767 *",
                "file 0767 *",
            ),
            (
                "suid/append by other, mode 6666: lstat(f)",
                "file 2666 *",
                "file 0666 *",
            ),
            (
                "suid/open to cut by other, mode 6767: lstat(f)",
                "file 2767 *",
                "file 0767 *",
            ),
            (
                "suid/open to cut by other, mode 6666: lstat(f)",
                "file 2666 *",
                "file 0666 *",
            ),
            (
                "suid/truncate by other, mode 6767: lstat(f)",
                "file 2767 *",
                "file 0767 *",
            ),
            (
                "suid/truncate by other, mode 6666: lstat(f)",
                "file 2666 *",
                "file 0666 *",
            ),
        ],
    },
];

/// Differences that are errors of ours. Each row goes away with its error.
pub(super) const OPEN: &[Difference] = &[
    Difference {
        why: "library: puffs_access_chmod refuses the sticky bit of a file to its owner, as NetBSD does (EFTYPE, \
              which becomes EINVAL); Linux allows it and ignores the bit",
        rows: &[
            (
                "chmod/sticky bit of a file by its owner: chmod(\"hers\", 01644)",
                "EINVAL",
                "ok",
            ),
            (
                "chmod/sticky bit of a file by its owner: lstat(hers)",
                "*",
                "file 1644 *",
            ),
            (
                "suid/chmod to the same by owner, mode 1777: *",
                "EINVAL",
                "0",
            ),
        ],
    },
    Difference {
        why: "library: the credentials know no supplementary groups, so a server that judges by itself refuses what \
              the kernel has allowed already",
        rows: &[
            (
                "chmod/set-group-id by one who is in the group besides: chmod(*",
                "EPERM",
                "ok",
            ),
            (
                "chmod/set-group-id by one who is in the group besides: lstat(hers)",
                "*",
                "file 2755 *",
            ),
            (
                "chown/by the owner, to a group she is in besides: chown(*",
                "EPERM",
                "ok",
            ),
            (
                "chown/by the owner, to a group she is in besides: lstat(f)",
                "*:41003 *",
                "*:41001 *",
            ),
            ("perm/a group besides: *", "EACCES", "ok"),
            ("perm/a group besides: *", "ENOENT", "ok"),
        ],
    },
    Difference {
        why: "memfs: a new node's ctime is taken anew when its name is entered, a moment after its mtime",
        rows: &[(
            "times/what is new has one time: *st_mtim, &st.st_ctim*",
            "no",
            "yes",
        )],
    },
];

/// Topics that as a whole need something that is not there yet. They are run, and must differ.
pub(super) struct Awaited {
    pub(super) what: &'static str,
    pub(super) topics: &'static str,
}

pub(super) const AWAITED: &[Awaited] = &[
    Awaited {
        what: "extended attributes in the library and in memfs",
        topics: "xattr",
    },
    Awaited {
        what: "fallocate in the library and in memfs",
        topics: "falloc",
    },
    Awaited {
        what: "link, symlink, readlink and mknod in memfs",
        topics: "names loops open openflags make link removal rename renameflags renamepaths chmod chown utimens \
                 access stat truncate seek perm search sticky setgid nlink times fifo sock device race \
                 signals readonly cold tangle",
    },
];
