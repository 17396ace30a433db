//! Files, directories and links: open, close, read, write, fsync, seek, mmap, poll, readdir, readlink. The server reads and
//! writes in the message's own buffer.

use core::ffi::{c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::{ptr, slice};

use libc::off_t;
use puffs_user::c::consts::{PUFFS_OPEN_IO_DIRECT, VM_PROT_EXECUTE, VM_PROT_READ, VM_PROT_WRITE};
use puffs_user::c::dirent::puffs_dirent;
use puffs_user::c::{puffs_cookie_t, vm_prot_t};
use puffs_user::cred::Cred;
use puffs_user::usermount::Usermount;

use super::{Op, complain, errno};
use crate::errno::Errno;
use crate::flags::{Access, Fsync, Io, OpenFlags};
use crate::listing::Listing;
use crate::server::Server;

impl<S: Server> Op<'_, S> {
    /// What remains of `asked` when so much was done. More than there was is the server's error.
    fn left(&self, asked: usize, done: usize) -> Result<usize, Errno> {
        asked.checked_sub(done).ok_or_else(|| {
            complain(format_args!("{}: {done} bytes of {asked}", self.what));
            Errno::IO
        })
    }
}

pub(crate) unsafe extern "C" fn open<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    mode: c_int,
    _: *const Cred,
    oflags: *mut c_int,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context.
    let op = unsafe { Op::<S>::new(pu, "open") };
    errno((|| {
        let opened = op.call([cookie], |server, req, [node]| {
            server.open(req, node, OpenFlags::of_c(mode))
        })?;
        if opened.direct {
            // SAFETY: the dispatcher's room for the answer.
            unsafe { *oflags |= PUFFS_OPEN_IO_DIRECT };
        }
        Ok(())
    })())
}

pub(crate) unsafe extern "C" fn close<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    mode: c_int,
    _: *const Cred,
) -> c_int {
    // SAFETY: as above.
    let op = unsafe { Op::<S>::new(pu, "close") };
    errno(op.call_once([cookie], |server, req, [node]| {
        server.close(req, node, OpenFlags::of_c(mode));
        Ok(())
    }))
}

pub(crate) unsafe extern "C" fn read<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    buf: *mut u8,
    offset: off_t,
    resid: *mut usize,
    _: *const Cred,
    ioflag: c_int,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context and a buffer with room for `*resid` bytes, which were written before.
    let (op, resid) = unsafe { (Op::<S>::new(pu, "read"), &mut *resid) };
    // SAFETY: as above.
    let data = unsafe { slice::from_raw_parts_mut(buf, *resid) };
    errno((|| {
        let io = Io::of_c(ioflag);
        let done = op.call([cookie], |server, req, [node]| {
            server.read(req, node, offset as u64, data, io)
        })?;
        *resid = op.left(*resid, done)?;
        Ok(())
    })())
}

pub(crate) unsafe extern "C" fn write<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    buf: *mut u8,
    offset: off_t,
    resid: *mut usize,
    _: *const Cred,
    ioflag: c_int,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context and a buffer with `*resid` bytes.
    let (op, resid) = unsafe { (Op::<S>::new(pu, "write"), &mut *resid) };
    // SAFETY: as above.
    let data = unsafe { slice::from_raw_parts(buf, *resid) };
    errno((|| {
        let io = Io::of_c(ioflag);
        let done = op.call([cookie], |server, req, [node]| {
            server.write(req, node, offset as u64, data, io)
        })?;
        *resid = op.left(*resid, done)?;
        Ok(())
    })())
}

pub(crate) unsafe extern "C" fn fsync<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    _: *const Cred,
    flags: c_int,
    lo: off_t,
    hi: off_t,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context.
    let op = unsafe { Op::<S>::new(pu, "fsync") };
    let what = Fsync::of_c(flags, lo, hi);
    errno(op.call([cookie], |server, req, [node]| {
        server.fsync(req, node, what)
    }))
}

pub(crate) unsafe extern "C" fn seek<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    from: off_t,
    to: off_t,
    _: *const Cred,
) -> c_int {
    // SAFETY: as above.
    let op = unsafe { Op::<S>::new(pu, "seek") };
    errno(op.call([cookie], |server, req, [node]| {
        server.seek(req, node, from, to)
    }))
}

pub(crate) unsafe extern "C" fn mmap<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    prot: vm_prot_t,
    _: *const Cred,
) -> c_int {
    // SAFETY: as above.
    let op = unsafe { Op::<S>::new(pu, "mmap") };
    let bits = [
        (VM_PROT_READ, Access::READ),
        (VM_PROT_WRITE, Access::WRITE),
        (VM_PROT_EXECUTE, Access::EXECUTE),
    ];
    let wanted = bits.iter().filter(|(bit, _)| prot & bit != 0);
    let wanted = wanted.fold(Access::of_c(0), |all, (_, access)| all.and(*access));
    errno(op.call([cookie], |server, req, [node]| {
        server.mmap(req, node, wanted)
    }))
}

pub(crate) unsafe extern "C" fn poll<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    events: *mut c_int,
) -> c_int {
    // SAFETY: as above; the events are the dispatcher's.
    let (op, events) = unsafe { (Op::<S>::new(pu, "poll"), &mut *events) };
    errno((|| {
        *events = op.call([cookie], |server, req, [node]| {
            server.poll(req, node, *events)
        })?;
        Ok(())
    })())
}

#[allow(clippy::too_many_arguments)] // The C type has them.
pub(crate) unsafe extern "C" fn readdir<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    dent: *mut puffs_dirent,
    readoff: *mut off_t,
    reslen: *mut usize,
    _: *const Cred,
    eofflag: *mut c_int,
    _: *mut off_t,
    ncookies: *mut usize,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context and room for the answer.
    let (op, readoff, reslen) = unsafe {
        *ncookies = 0;
        (Op::<S>::new(pu, "readdir"), &mut *readoff, &mut *reslen)
    };
    errno((|| {
        let from = u64::try_from(*readoff).map_err(|_| Errno::INVAL)?;
        let (left, offset, eof) = op.call([cookie], |server, req, [node]| {
            // SAFETY: `dent` has room for `*reslen` bytes; each listing is over before the next.
            let mut listing = unsafe { Listing::new(dent, *reslen, *readoff) };
            server.readdir(req, node, from, &mut listing)?;
            listing.end().ok_or_else(|| {
                complain(format_args!("readdir: a name that cannot be one"));
                Errno::IO
            })
        })?;
        (*reslen, *readoff) = (left, offset);
        // SAFETY: as above.
        unsafe { *eofflag = c_int::from(eof) };
        Ok(())
    })())
}

pub(crate) unsafe extern "C" fn readlink<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    _: *const Cred,
    link: *mut c_char,
    len: *mut usize,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context and room for `*len` bytes.
    let (op, len) = unsafe { (Op::<S>::new(pu, "readlink"), &mut *len) };
    errno((|| {
        let target = op.call([cookie], |server, req, [node]| server.readlink(req, node))?;
        let target = target.as_bytes();
        if target.len() > *len {
            complain(format_args!("readlink: {} bytes of {len}", target.len()));
            return Err(Errno::IO);
        }
        // SAFETY: it fits.
        unsafe { ptr::copy_nonoverlapping(target.as_ptr(), link.cast(), target.len()) };
        *len = target.len();
        Ok(())
    })())
}
