//! Attributes: the helpers on `struct vattr`, and its form in messages.
//!
//! Two "nothing given" exist: [`server_null`] is what `puffs_vattr_null` makes; [`NONE`] is what servers are given
//! to fill in and compare with, where every field but the type says "not given".

use libc::{
    S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK, mode_t, timespec,
};
use puffs_core::msg::body::{Attr, Time};

use crate::c::vattr::vattr;
use crate::vtype::Vtype;
use crate::vtype::{VBAD, VBLK, VCHR, VDIR, VFIFO, VLNK, VNON, VREG, VSOCK};

const NO_TIME: timespec = timespec {
    tv_sec: -1,
    tv_nsec: -1,
};

/// No attribute given.
pub const NONE: vattr = vattr {
    va_type: VNON,
    va_mode: mode_t::MAX,
    va_nlink: u32::MAX,
    va_uid: u32::MAX,
    va_gid: u32::MAX,
    va_fsid: u64::MAX,
    va_fileid: u64::MAX,
    va_size: u64::MAX,
    va_blocksize: -1,
    va_atime: NO_TIME,
    va_mtime: NO_TIME,
    va_ctime: NO_TIME,
    va_birthtime: NO_TIME,
    va_gen: u64::MAX,
    va_flags: u64::MAX,
    va_rdev: u64::MAX,
    va_bytes: u64::MAX,
    va_filerev: 0,
    va_vaflags: 0,
    va_spare: 0,
};

/// Makes `va` what a server starts a new node with: `filerev` and `spare` are not touched.
///
/// # Safety
/// `va` is valid for writing; nothing need have been written there before.
pub unsafe fn server_null(va: *mut vattr) {
    let null = vattr {
        va_blocksize: page_size(),
        va_gen: 0,
        va_flags: 0,
        ..NONE
    };
    macro_rules! write {
        ($($field:ident),*) => {$(
            // SAFETY: by contract; no reference to what may not have been written is made.
            unsafe { (&raw mut (*va).$field).write(null.$field) };
        )*};
    }
    write!(
        va_type,
        va_mode,
        va_nlink, va_uid, va_gid, va_fsid, va_fileid, va_size
    );
    write!(
        va_blocksize,
        va_atime,
        va_mtime, va_ctime, va_birthtime, va_gen, va_flags
    );
    write!(va_rdev, va_bytes, va_vaflags);
}

fn page_size() -> libc::c_long {
    // SAFETY: a question without side effects.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}

/// Copies to `dst` what `src` gives.
pub fn merge(dst: &mut vattr, src: &vattr) {
    macro_rules! given {
        ($($field:ident $(. $part:ident)?),*) => {$(
            if src.$field $(. $part)? != NONE.$field $(. $part)? {
                dst.$field $(. $part)? = src.$field $(. $part)?;
            }
        )*};
    }
    given!(
        va_type,
        va_mode,
        va_nlink,
        va_uid,
        va_gid,
        va_fsid,
        va_fileid,
        va_size,
        va_blocksize
    );
    given!(
        va_atime.tv_sec,
        va_atime.tv_nsec,
        va_mtime.tv_sec,
        va_mtime.tv_nsec
    );
    given!(
        va_ctime.tv_sec,
        va_ctime.tv_nsec,
        va_birthtime.tv_sec,
        va_birthtime.tv_nsec
    );
    given!(va_gen, va_flags, va_rdev, va_bytes);
}

/// The attributes that `st` says. Linux keeps no time of creation there: the time of change stands in.
pub fn from_stat(st: &libc::stat) -> vattr {
    let time = |tv_sec, tv_nsec| timespec { tv_sec, tv_nsec };
    vattr {
        va_type: type_of_mode(st.st_mode),
        va_mode: st.st_mode,
        va_nlink: u32::try_from(st.st_nlink).unwrap_or(u32::MAX - 1),
        va_uid: st.st_uid,
        va_gid: st.st_gid,
        va_fsid: st.st_dev,
        va_fileid: st.st_ino,
        va_size: st.st_size as u64,
        va_blocksize: st.st_blksize,
        va_atime: time(st.st_atime, st.st_atime_nsec),
        va_mtime: time(st.st_mtime, st.st_mtime_nsec),
        va_ctime: time(st.st_ctime, st.st_ctime_nsec),
        va_birthtime: time(st.st_ctime, st.st_ctime_nsec),
        va_gen: 0,
        va_flags: 0,
        va_rdev: st.st_rdev,
        va_bytes: st.st_blocks as u64 * 512,
        va_filerev: 0,
        va_vaflags: 0,
        va_spare: 0,
    }
}

const MODES: [(Vtype, mode_t, u8); 7] = [
    (VREG, S_IFREG, libc::DT_REG),
    (VDIR, S_IFDIR, libc::DT_DIR),
    (VBLK, S_IFBLK, libc::DT_BLK),
    (VCHR, S_IFCHR, libc::DT_CHR),
    (VLNK, S_IFLNK, libc::DT_LNK),
    (VSOCK, S_IFSOCK, libc::DT_SOCK),
    (VFIFO, S_IFIFO, libc::DT_FIFO),
];

/// `DT_*` for a type; `DT_UNKNOWN` for what has none.
pub fn dtype_of(vtype: Vtype) -> u8 {
    MODES
        .iter()
        .find(|m| m.0 == vtype)
        .map_or(libc::DT_UNKNOWN, |m| m.2)
}

/// The type that the type bits of a mode say; `VBAD` when they say none.
pub fn type_of_mode(mode: mode_t) -> Vtype {
    MODES
        .iter()
        .find(|m| m.1 == mode & S_IFMT)
        .map_or(VBAD, |m| m.0)
}

/// The mode with the type's bits added.
pub fn mode_with_type(mode: mode_t, vtype: Vtype) -> mode_t {
    mode | MODES.iter().find(|m| m.0 == vtype).map_or(0, |m| m.1)
}

/// A time from a message.
pub const fn time_in(t: Time) -> timespec {
    timespec {
        tv_sec: t.sec,
        tv_nsec: t.nsec,
    }
}

/// A time for a message.
pub const fn time_out(t: timespec) -> Time {
    Time {
        sec: t.tv_sec,
        nsec: t.tv_nsec,
    }
}

/// Attributes from a message.
pub fn attr_in(a: &Attr) -> vattr {
    vattr {
        va_type: a.vtype,
        va_mode: a.mode,
        va_nlink: a.nlink,
        va_uid: a.uid,
        va_gid: a.gid,
        va_fsid: a.fsid,
        va_fileid: a.fileid,
        va_size: a.size,
        va_blocksize: a.blocksize as i64,
        va_atime: time_in(a.atime),
        va_mtime: time_in(a.mtime),
        va_ctime: time_in(a.ctime),
        va_birthtime: time_in(a.birthtime),
        va_gen: a.gen_,
        va_flags: a.flags,
        va_rdev: a.rdev,
        va_bytes: a.bytes,
        va_filerev: a.filerev,
        va_vaflags: a.vaflags,
        va_spare: 0,
    }
}

/// Attributes for a message.
pub fn attr_out(va: &vattr) -> Attr {
    Attr {
        vtype: va.va_type,
        mode: va.va_mode,
        nlink: va.va_nlink,
        uid: va.va_uid,
        gid: va.va_gid,
        vaflags: va.va_vaflags,
        fsid: va.va_fsid,
        fileid: va.va_fileid,
        size: va.va_size,
        blocksize: va.va_blocksize as u64,
        atime: time_out(va.va_atime),
        mtime: time_out(va.va_mtime),
        ctime: time_out(va.va_ctime),
        birthtime: time_out(va.va_birthtime),
        gen_: va.va_gen,
        flags: va.va_flags,
        rdev: va.va_rdev,
        bytes: va.va_bytes,
        filerev: va.va_filerev,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attributes of which each field differs from every other.
    fn distinct() -> Attr {
        let time = |sec| Time { sec, nsec: sec + 1 };
        Attr {
            vtype: 2,
            mode: 3,
            nlink: 4,
            uid: 5,
            gid: 6,
            vaflags: 7,
            fsid: 8,
            fileid: 9,
            size: 10,
            blocksize: 11,
            atime: time(20),
            mtime: time(30),
            ctime: time(40),
            birthtime: time(50),
            gen_: 12,
            flags: 13,
            rdev: 14,
            bytes: 15,
            filerev: 16,
        }
    }

    #[test]
    fn messages_carry_every_field_both_ways() {
        assert_eq!(attr_out(&attr_in(&distinct())), distinct());
        assert_eq!(attr_out(&attr_in(&Attr::NONE)), Attr::NONE);
        assert_eq!(attr_out(&NONE), Attr::NONE);
        let va = attr_in(&distinct());
        assert_eq!((va.va_mode, va.va_size, va.va_mtime.tv_nsec), (3, 10, 31));
    }

    #[test]
    fn the_servers_null_differs_from_nothing_given() {
        let mut va = attr_in(&distinct());
        // SAFETY: a vattr of ours.
        unsafe { server_null(&raw mut va) };
        assert_eq!((va.va_gen, va.va_flags, va.va_vaflags), (0, 0, 0));
        assert!(va.va_blocksize >= 4096);
        // These two are left alone.
        assert_eq!(va.va_filerev, 16);
        let rest = Attr {
            blocksize: u64::MAX,
            gen_: u64::MAX,
            flags: u64::MAX,
            filerev: 0,
            ..attr_out(&va)
        };
        assert_eq!(rest, Attr::NONE);
    }

    #[test]
    fn merging_takes_what_is_given() {
        let mut dst = attr_in(&distinct());
        merge(&mut dst, &NONE);
        assert_eq!(attr_out(&dst), distinct());

        let mut src = NONE;
        src.va_size = 0;
        src.va_mtime.tv_nsec = 5;
        src.va_filerev = 99;
        src.va_vaflags = 99;
        merge(&mut dst, &src);
        let expected = Attr {
            size: 0,
            mtime: Time { sec: 30, nsec: 5 },
            ..distinct()
        };
        assert_eq!(attr_out(&dst), expected);

        // Into nothing, everything arrives but the two that never travel.
        let mut dst = NONE;
        merge(&mut dst, &attr_in(&distinct()));
        let expected = Attr {
            vaflags: 0,
            filerev: 0,
            ..distinct()
        };
        assert_eq!(attr_out(&dst), expected);
    }

    #[test]
    fn types_translate() {
        for (vtype, dtype) in [(1, 8), (2, 4), (3, 6), (4, 2), (5, 10), (6, 12), (7, 1)] {
            assert_eq!(dtype_of(vtype), dtype);
            assert_eq!(type_of_mode(mode_with_type(0o7777, vtype)), vtype);
            assert_eq!(mode_with_type(0o644, vtype) & 0o7777, 0o644);
        }
        for none in [VNON, VBAD, 9, u32::MAX] {
            assert_eq!(dtype_of(none), libc::DT_UNKNOWN);
            assert_eq!(mode_with_type(0o644, none), 0o644);
        }
        assert_eq!(type_of_mode(0o644), VBAD);
    }

    #[test]
    fn a_stat_becomes_attributes() {
        // SAFETY: plain numbers, for which zero is a value.
        let mut st: libc::stat = unsafe { std::mem::zeroed() };
        st.st_mode = S_IFDIR | 0o755;
        st.st_nlink = 3;
        st.st_blocks = 4;
        st.st_ctime = 77;
        let va = from_stat(&st);
        assert_eq!((va.va_type, va.va_nlink, va.va_bytes), (VDIR, 3, 2048));
        assert_eq!((va.va_birthtime.tv_sec, va.va_ctime.tv_sec), (77, 77));
        st.st_nlink = u64::MAX;
        assert_eq!(from_stat(&st).va_nlink, u32::MAX - 1);
    }
}
