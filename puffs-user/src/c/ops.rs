//! `struct puffs_ops`: the server's operations, the slots that `PUFFSOP_SET` fills.
//!
//! The order is fixed; new slots take the place of spare ones. A NULL slot is an operation that the
//! server does not have. All return 0 or a positive errno value.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_char, c_int, c_long, c_void};

use libc::{flock, off_t, timespec};

use super::dirent::puffs_dirent;
use super::name::puffs_cn;
use super::statvfs::puffs_statvfs;
use super::vattr::vattr;
use super::{puffs_cookie_t, vm_prot_t};
use crate::cred::Cred;
use crate::newinfo::Newinfo;
use crate::usermount::Usermount;

/// The operations of a server.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct puffs_ops {
    /// Ends the file system; a result other than 0 refuses.
    pub puffs_fs_unmount:
        Option<unsafe extern "C" fn(pu: *mut Usermount, mntflags: c_int) -> c_int>,
    /// Gives figures.
    pub puffs_fs_statvfs:
        Option<unsafe extern "C" fn(pu: *mut Usermount, sbp: *mut puffs_statvfs) -> c_int>,
    /// Brings everything to stable storage. It is called before the unmount and for those who ask, and with `PUFFS_MNT_LAZY` half a minute after
    /// something was changed.
    pub puffs_fs_sync:
        Option<unsafe extern "C" fn(pu: *mut Usermount, waitfor: c_int, pcr: *const Cred) -> c_int>,
    /// Finds the node of a file handle.
    pub puffs_fs_fhtonode: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            fid: *mut c_void,
            fidsize: usize,
            pni: *mut Newinfo,
        ) -> c_int,
    >,
    /// Gives the file handle of a node.
    pub puffs_fs_nodetofh: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            fid: *mut c_void,
            fidsize: *mut usize,
        ) -> c_int,
    >,
    /// Controls the store of extended attributes.
    pub puffs_fs_extattrctl: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            cmd: c_int,
            opc: puffs_cookie_t,
            flags: c_int,
            attrnamespace: c_int,
            attrname: *const c_char,
        ) -> c_int,
    >,
    /// Finds a name in a directory.
    pub puffs_node_lookup: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            pni: *mut Newinfo,
            pcn: *const puffs_cn,
        ) -> c_int,
    >,
    /// Makes a regular file or a socket.
    pub puffs_node_create: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            pni: *mut Newinfo,
            pcn: *const puffs_cn,
            vap: *const vattr,
        ) -> c_int,
    >,
    /// Makes a device or FIFO.
    pub puffs_node_mknod: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            pni: *mut Newinfo,
            pcn: *const puffs_cn,
            vap: *const vattr,
        ) -> c_int,
    >,
    /// Opens a node.
    pub puffs_node_open: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            mode: c_int,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Opens a node and may set `PUFFS_OPEN_*`; preferred over open.
    pub puffs_node_open2: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            mode: c_int,
            pcr: *const Cred,
            oflags: *mut c_int,
        ) -> c_int,
    >,
    /// Closes a node; nobody waits for the result.
    pub puffs_node_close: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            fflag: c_int,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Checks permission, `PUFFS_V*`.
    pub puffs_node_access: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            mode: c_int,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Reads the attributes.
    pub puffs_node_getattr: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            vap: *mut vattr,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Reads the attributes and how long they hold, with `PUFFS_KFLAG_CACHE_FS_TTL`.
    pub puffs_node_getattr_ttl: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            vap: *mut vattr,
            pcr: *const Cred,
            va_ttl: *mut timespec,
        ) -> c_int,
    >,
    /// Changes the attributes that are not `PUFFS_VNOVAL`.
    pub puffs_node_setattr: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            vap: *const vattr,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Changes attributes and says how long they hold, with `PUFFS_KFLAG_CACHE_FS_TTL`.
    pub puffs_node_setattr_ttl: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            vap: *mut vattr,
            pcr: *const Cred,
            va_ttl: *mut timespec,
            xflag: c_int,
        ) -> c_int,
    >,
    /// Waits for events.
    pub puffs_node_poll: Option<
        unsafe extern "C" fn(pu: *mut Usermount, opc: puffs_cookie_t, events: *mut c_int) -> c_int,
    >,
    /// Maps a file.
    pub puffs_node_mmap: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            prot: vm_prot_t,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Brings a file to stable storage; hi 0: to its end.
    pub puffs_node_fsync: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            pcr: *const Cred,
            flags: c_int,
            lo: off_t,
            hi: off_t,
        ) -> c_int,
    >,
    /// Checks an offset.
    pub puffs_node_seek: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            oldoff: off_t,
            newoff: off_t,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Removes a name that is not a directory's.
    pub puffs_node_remove: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            targ: puffs_cookie_t,
            pcn: *const puffs_cn,
        ) -> c_int,
    >,
    /// Gives a node another name.
    pub puffs_node_link: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            targ: puffs_cookie_t,
            pcn: *const puffs_cn,
        ) -> c_int,
    >,
    /// Renames; targ is NULL unless a node is replaced.
    pub puffs_node_rename: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            src_dir: puffs_cookie_t,
            src: puffs_cookie_t,
            pcn_src: *const puffs_cn,
            targ_dir: puffs_cookie_t,
            targ: puffs_cookie_t,
            pcn_targ: *const puffs_cn,
        ) -> c_int,
    >,
    /// Makes a directory.
    pub puffs_node_mkdir: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            pni: *mut Newinfo,
            pcn: *const puffs_cn,
            vap: *const vattr,
        ) -> c_int,
    >,
    /// Removes an empty directory.
    pub puffs_node_rmdir: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            targ: puffs_cookie_t,
            pcn: *const puffs_cn,
        ) -> c_int,
    >,
    /// Makes a symbolic link.
    pub puffs_node_symlink: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            pni: *mut Newinfo,
            pcn: *const puffs_cn,
            vap: *const vattr,
            target: *const c_char,
        ) -> c_int,
    >,
    /// Lists a directory.
    pub puffs_node_readdir: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            dent: *mut puffs_dirent,
            readoff: *mut off_t,
            reslen: *mut usize,
            pcr: *const Cred,
            eofflag: *mut c_int,
            cookies: *mut off_t,
            ncookies: *mut usize,
        ) -> c_int,
    >,
    /// Reads a symbolic link, without a NUL.
    pub puffs_node_readlink: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            pcr: *const Cred,
            linkname: *mut c_char,
            linklen: *mut usize,
        ) -> c_int,
    >,
    /// Forgets a node.
    pub puffs_node_reclaim:
        Option<unsafe extern "C" fn(pu: *mut Usermount, opc: puffs_cookie_t) -> c_int>,
    /// Forgets a node that was handed out so often; preferred over reclaim.
    pub puffs_node_reclaim2: Option<
        unsafe extern "C" fn(pu: *mut Usermount, opc: puffs_cookie_t, nlookup: c_int) -> c_int,
    >,
    /// Nobody uses the node at present.
    pub puffs_node_inactive:
        Option<unsafe extern "C" fn(pu: *mut Usermount, opc: puffs_cookie_t) -> c_int>,
    /// Prints what the server knows.
    pub puffs_node_print:
        Option<unsafe extern "C" fn(pu: *mut Usermount, opc: puffs_cookie_t) -> c_int>,
    /// Answers `_PC_*`.
    pub puffs_node_pathconf: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            name: c_int,
            retval: *mut c_long,
        ) -> c_int,
    >,
    /// Locks a range.
    pub puffs_node_advlock: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            id: *mut c_void,
            op: c_int,
            fl: *mut flock,
            flags: c_int,
        ) -> c_int,
    >,
    /// The operation that a lookup announced will not come.
    pub puffs_node_abortop: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            pcn: *const puffs_cn,
        ) -> c_int,
    >,
    /// Reads; resid is what remains.
    pub puffs_node_read: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            buf: *mut u8,
            offset: off_t,
            resid: *mut usize,
            pcr: *const Cred,
            ioflag: c_int,
        ) -> c_int,
    >,
    /// Writes; resid is what remains.
    pub puffs_node_write: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            buf: *mut u8,
            offset: off_t,
            resid: *mut usize,
            pcr: *const Cred,
            ioflag: c_int,
        ) -> c_int,
    >,
    /// Writes, knowing whether somebody waits; preferred over write.
    pub puffs_node_write2: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            buf: *mut u8,
            offset: off_t,
            resid: *mut usize,
            pcr: *const Cred,
            ioflag: c_int,
            xflag: c_int,
        ) -> c_int,
    >,
    /// Reads an extended attribute.
    pub puffs_node_getextattr: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            ns: c_int,
            name: *const c_char,
            attrsize: *mut usize,
            data: *mut u8,
            resid: *mut usize,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Sets an extended attribute.
    pub puffs_node_setextattr: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            ns: c_int,
            name: *const c_char,
            data: *mut u8,
            resid: *mut usize,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Lists extended attributes.
    pub puffs_node_listextattr: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            ns: c_int,
            attrssize: *mut usize,
            data: *mut u8,
            resid: *mut usize,
            flag: c_int,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Removes an extended attribute.
    pub puffs_node_deleteextattr: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            ns: c_int,
            name: *const c_char,
            pcr: *const Cred,
        ) -> c_int,
    >,
    /// Reserves space.
    pub puffs_node_fallocate: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            pos: off_t,
            len: off_t,
        ) -> c_int,
    >,
    /// Makes a hole.
    pub puffs_node_fdiscard: Option<
        unsafe extern "C" fn(
            pu: *mut Usermount,
            opc: puffs_cookie_t,
            pos: off_t,
            len: off_t,
        ) -> c_int,
    >,
    /// For operations to come; NULL.
    pub puffs_ops_spare: [*mut c_void; 26],
}

// 6 + 39 operations and 26 spare slots, all of one size.
static_assertions::const_assert_eq!(size_of::<puffs_ops>(), (6 + 39 + 26) * size_of::<usize>());

impl puffs_ops {
    /// No operation at all.
    pub const NONE: Self = puffs_ops {
        puffs_fs_unmount: None,
        puffs_fs_statvfs: None,
        puffs_fs_sync: None,
        puffs_fs_fhtonode: None,
        puffs_fs_nodetofh: None,
        puffs_fs_extattrctl: None,
        puffs_node_lookup: None,
        puffs_node_create: None,
        puffs_node_mknod: None,
        puffs_node_open: None,
        puffs_node_open2: None,
        puffs_node_close: None,
        puffs_node_access: None,
        puffs_node_getattr: None,
        puffs_node_getattr_ttl: None,
        puffs_node_setattr: None,
        puffs_node_setattr_ttl: None,
        puffs_node_poll: None,
        puffs_node_mmap: None,
        puffs_node_fsync: None,
        puffs_node_seek: None,
        puffs_node_remove: None,
        puffs_node_link: None,
        puffs_node_rename: None,
        puffs_node_mkdir: None,
        puffs_node_rmdir: None,
        puffs_node_symlink: None,
        puffs_node_readdir: None,
        puffs_node_readlink: None,
        puffs_node_reclaim: None,
        puffs_node_reclaim2: None,
        puffs_node_inactive: None,
        puffs_node_print: None,
        puffs_node_pathconf: None,
        puffs_node_advlock: None,
        puffs_node_abortop: None,
        puffs_node_read: None,
        puffs_node_write: None,
        puffs_node_write2: None,
        puffs_node_getextattr: None,
        puffs_node_setextattr: None,
        puffs_node_listextattr: None,
        puffs_node_deleteextattr: None,
        puffs_node_fallocate: None,
        puffs_node_fdiscard: None,
        puffs_ops_spare: [core::ptr::null_mut(); 26],
    };
}
