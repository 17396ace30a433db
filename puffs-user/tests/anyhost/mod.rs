//! A host that hands out whatever it is told to, and a server that touches all it gets and answers nonsense.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::{ptr, slice};

use core::ffi::{c_char, c_int};

use libc::off_t;
use puffs_core::errno::Errno;
use puffs_core::msg::op::{CLASS_MASK, CLASS_VFS, FLAG_FAF, vfs};
use puffs_core::msg::wire;
use puffs_user::c::dirent::puffs_dirent;
use puffs_user::c::name::puffs_cn;
use puffs_user::c::ops::puffs_ops;
use puffs_user::c::puffs_cookie_t;
use puffs_user::c::statvfs::puffs_statvfs;
use puffs_user::c::vattr::vattr;
use puffs_user::cred::Cred;
use puffs_user::host::{Host, MountArgs, MountError, Server, Session, Stale, Transport, Turn};
use puffs_user::newinfo::Newinfo;
use puffs_user::usermount::Usermount;

/// What one GETOP gives.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) class: u8,
    pub(crate) optype: u8,
    pub(crate) cookie: usize,
    pub(crate) body: Vec<u8>,
    /// What the header says of its length.
    pub(crate) claimed: usize,
    /// An error instead, with that length in the header.
    pub(crate) error: Option<Errno>,
}

thread_local! {
    /// What the operations make their answers from.
    static SAYS: Cell<u64> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// Whether all of these will be fetched: an unmount ends the loop, and what follows is nobody's any more.
pub(crate) fn to_the_end(given: &[Given]) -> bool {
    let ends = |g: &Given| g.class & CLASS_MASK == CLASS_VFS && g.optype == vfs::UNMOUNT;
    !given.iter().any(ends)
}

/// Hands the requests to a server whose operations answer as `says` makes them; returns how many operations were called, and
/// the results of all answers.
pub(crate) fn serve(given: Vec<Given>, says: u64) -> (usize, Vec<i32>) {
    SAYS.set(says);
    CALLS.set(0);
    let names = (Some(c"any"), Some(c"any"));
    let pu = Usermount::new(&OPS, names.0, names.1, ptr::null_mut(), 0).unwrap();
    let host = AnyHost(RefCell::new(given.into()), RefCell::default());
    pu.mount(&host, c"/", 0, ptr::without_provenance_mut(1))
        .unwrap();
    assert_eq!(pu.mainloop(), Ok(()));
    (CALLS.get(), host.1.take())
}

/// Requests to come, results of answers.
struct AnyHost(RefCell<VecDeque<Given>>, RefCell<Vec<i32>>);

impl Host for AnyHost {
    fn mount(&self, _: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        // SAFETY: a new descriptor.
        let ready = unsafe { OwnedFd::from_raw_fd(libc::eventfd(1, libc::EFD_CLOEXEC)) };
        let session = AnySession {
            host: self,
            ready,
            fetched: Cell::new((0, 0, false)),
        };
        let session: Box<dyn Session + '_> = Box::new(session);
        // SAFETY: the session ends with the main loop, before the host does.
        Ok(unsafe { std::mem::transmute::<Box<dyn Session + '_>, Box<dyn Session>>(session) })
    }
}

struct AnySession<'h> {
    host: &'h AnyHost,
    ready: OwnedFd,
    /// Id of the last request, room of its buffer, and whether an answer is due.
    fetched: Cell<(u64, usize, bool)>,
}

impl Drop for AnySession<'_> {
    fn drop(&mut self) {
        let (.., due) = self.fetched.get();
        assert!(
            !due || std::thread::panicking(),
            "the last request is not answered"
        );
    }
}

// SAFETY: tasks do nothing; what is fetched is bounded by the mount's queue.
unsafe impl Session for AnySession<'_> {
    fn fd(&self) -> RawFd {
        self.ready.as_raw_fd()
    }

    fn transport(&self) -> &dyn Transport {
        self
    }

    fn turn(&self, server: &dyn Server) -> Result<Turn, i32> {
        server.serve();
        match self.host.0.borrow().is_empty() {
            true => Ok(Turn::Gone),
            false => Ok(Turn::More),
        }
    }

    fn busy(&self) {}

    fn idle(&self) -> bool {
        false
    }

    fn task(&self, _: usize, _: &dyn Server) {}

    fn forget_stale(&self, _: Stale) -> Result<(), i32> {
        Ok(())
    }

    fn unmount(&self) {}
}

impl Transport for AnySession<'_> {
    fn getop(&self, req: &mut wire::Req) -> Result<(), Errno> {
        let (id, _, due) = self.fetched.get();
        assert!(!due, "a request is not answered");
        let given = self.host.0.borrow_mut().pop_front();
        let given = given.ok_or(Errno::WouldBlock)?;
        let room = req.auxlen;
        req.auxlen = given.claimed;
        if let Some(error) = given.error {
            return Err(error);
        }
        let len = given.body.len().min(room);
        let to: *mut u8 = ptr::with_exposed_provenance_mut(req.aux);
        // SAFETY: the loop's own buffer has `room` bytes.
        unsafe { ptr::copy_nonoverlapping(given.body.as_ptr(), to, len) };
        (req.id, req.opclass, req.optype) = (id + 1, given.class, given.optype);
        req.cookie = given.cookie;
        let due = given.class & FLAG_FAF == 0;
        self.fetched.set((id + 1, room, due));
        Ok(())
    }

    fn putop(&self, req: &mut wire::Req) -> Result<(), Errno> {
        let (id, room, due) = self.fetched.replace((req.id, 0, false));
        assert!(due && req.id == id, "an answer that nobody waits for");
        assert!((0..=133).contains(&req.rv), "{}", req.rv);
        assert!(req.auxlen <= room, "an answer longer than its buffer");
        assert!(req.rv == 0 || req.auxlen == 0);
        let body: *const u8 = ptr::with_exposed_provenance(req.aux);
        // SAFETY: the loop's own buffer has `room` bytes, all written once.
        touch(unsafe { slice::from_raw_parts(body, req.auxlen) });
        self.host.1.borrow_mut().push(req.rv);
        match req.rv % 3 {
            0 => Ok(()),
            1 => Err(Errno::Canceled),
            _ => Err(Errno::Nxio),
        }
    }
}

/// Reads every byte, so that a tool which watches memory sees them read.
fn touch(bytes: &[u8]) {
    std::hint::black_box(bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)));
}

type Pu = *mut Usermount;
type Opc = puffs_cookie_t;
type Pcr = *const Cred;
type Pcn = *const puffs_cn;

/// The next number of what the operations say.
fn next() -> u64 {
    // xorshift, from a seed that is the case's.
    let mut state = SAYS.get() | 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    SAYS.set(state);
    state >> 8
}

/// A number of few values, or any.
fn odd() -> u64 {
    match next() % 8 {
        0 => next(),
        1 => u64::MAX,
        few => few - 2,
    }
}

fn result() -> c_int {
    CALLS.set(CALLS.get() + 1);
    match next() % 8 {
        0 => next() as c_int,
        1 => (next() % 140) as c_int,
        _ => 0,
    }
}

fn name(pcn: Pcn) {
    // SAFETY: the library's own name, ended by a NUL.
    unsafe {
        let kcn = (*pcn).pcn_pkcnp;
        let text = CStr::from_ptr((&raw const (*kcn).pkcn_name).cast());
        assert_eq!(text.to_bytes().len(), (*kcn).pkcn_namelen);
        assert!((1..=255).contains(&(*kcn).pkcn_namelen) && !text.to_bytes().contains(&b'/'));
    }
}

fn text(string: *const c_char) {
    // SAFETY: the library's own text, ended by a NUL.
    touch(unsafe { CStr::from_ptr(string) }.to_bytes());
}

unsafe extern "C" fn unmount(_: Pu, _: c_int) -> c_int {
    result()
}

unsafe extern "C" fn statvfs(_: Pu, sb: *mut puffs_statvfs) -> c_int {
    // SAFETY: valid for the call.
    unsafe { (*sb).f_bsize = odd() as _ };
    result()
}

unsafe extern "C" fn sync(_: Pu, _: c_int, _: Pcr) -> c_int {
    result()
}

unsafe extern "C" fn lookup(_: Pu, _: Opc, pni: *mut Newinfo, pcn: Pcn) -> c_int {
    name(pcn);
    // SAFETY: valid for the call.
    let node = unsafe { &*pni };
    node.set_cookie(ptr::without_provenance_mut(odd() as usize));
    node.set_vtype(odd() as _);
    node.set_size(odd());
    result()
}

unsafe extern "C" fn make(_: Pu, _: Opc, pni: *mut Newinfo, pcn: Pcn, _: *const vattr) -> c_int {
    name(pcn);
    // SAFETY: valid for the call.
    unsafe { &*pni }.set_cookie(ptr::without_provenance_mut(odd() as usize));
    result()
}

unsafe extern "C" fn symlink(
    pu: Pu,
    dir: Opc,
    pni: *mut Newinfo,
    pcn: Pcn,
    vap: *const vattr,
    target: *const c_char,
) -> c_int {
    text(target);
    // SAFETY: the same arguments.
    unsafe { make(pu, dir, pni, pcn, vap) }
}

unsafe extern "C" fn named(_: Pu, _: Opc, _: Opc, pcn: Pcn) -> c_int {
    name(pcn);
    result()
}

unsafe extern "C" fn rename(_: Pu, _: Opc, _: Opc, from: Pcn, _: Opc, _: Opc, to: Pcn) -> c_int {
    name(from);
    name(to);
    result()
}

unsafe extern "C" fn getattr(_: Pu, _: Opc, vap: *mut vattr, _: Pcr) -> c_int {
    // SAFETY: valid for the call.
    unsafe { ((*vap).va_type, (*vap).va_size) = (odd() as _, odd()) };
    result()
}

unsafe extern "C" fn read(
    _: Pu,
    _: Opc,
    buf: *mut u8,
    _: off_t,
    resid: *mut usize,
    _: Pcr,
    _: c_int,
) -> c_int {
    // SAFETY: `buf` has room for `*resid` bytes.
    unsafe {
        buf.write_bytes(b'r', *resid);
        *resid = odd() as usize;
    }
    result()
}

unsafe extern "C" fn write(
    _: Pu,
    _: Opc,
    buf: *mut u8,
    _: off_t,
    resid: *mut usize,
    _: Pcr,
    _: c_int,
) -> c_int {
    // SAFETY: `buf` has `*resid` bytes.
    unsafe {
        touch(slice::from_raw_parts(buf, *resid));
        *resid = odd() as usize;
    }
    result()
}

#[allow(clippy::too_many_arguments)] // The C type has them.
unsafe extern "C" fn readdir(
    _: Pu,
    _: Opc,
    dent: *mut puffs_dirent,
    off: *mut off_t,
    reslen: *mut usize,
    _: Pcr,
    eof: *mut c_int,
    _: *mut off_t,
    ncookies: *mut usize,
) -> c_int {
    // SAFETY: `dent` has room for `*reslen` bytes, the rest is valid.
    unsafe {
        dent.cast::<u8>().write_bytes(b'd', *reslen);
        *reslen = odd() as usize;
        *off = odd() as off_t;
        *eof = odd() as c_int;
        *ncookies = usize::from(next().is_multiple_of(8));
    }
    result()
}

unsafe extern "C" fn readlink(_: Pu, _: Opc, _: Pcr, link: *mut c_char, len: *mut usize) -> c_int {
    // SAFETY: `link` has room for `*len` bytes.
    unsafe {
        link.cast::<u8>().write_bytes(b'l', *len);
        *len = odd() as usize;
    }
    result()
}

/// Fills what there is room for.
fn give(size: *mut usize, data: *mut u8, resid: *mut usize) -> c_int {
    // SAFETY: each is NULL or valid for the call; `data` has room for `*resid` bytes.
    unsafe {
        if let Some(size) = size.as_mut() {
            *size = odd() as usize;
        }
        if let Some(resid) = resid.as_mut() {
            data.write_bytes(b'v', *resid);
            *resid = odd() as usize;
        }
    }
    result()
}

#[allow(clippy::too_many_arguments)] // The C type has them.
unsafe extern "C" fn getextattr(
    _: Pu,
    _: Opc,
    _: c_int,
    name: *const c_char,
    size: *mut usize,
    data: *mut u8,
    resid: *mut usize,
    _: Pcr,
) -> c_int {
    text(name);
    give(size, data, resid)
}

#[allow(clippy::too_many_arguments)] // The C type has them.
unsafe extern "C" fn listextattr(
    _: Pu,
    _: Opc,
    _: c_int,
    size: *mut usize,
    data: *mut u8,
    resid: *mut usize,
    _: c_int,
    _: Pcr,
) -> c_int {
    give(size, data, resid)
}

unsafe extern "C" fn setextattr(
    _: Pu,
    _: Opc,
    _: c_int,
    name: *const c_char,
    data: *mut u8,
    resid: *mut usize,
    _: Pcr,
) -> c_int {
    text(name);
    // SAFETY: both are NULL, or `data` has `*resid` bytes.
    unsafe {
        if let Some(resid) = resid.as_mut() {
            touch(slice::from_raw_parts(data, *resid));
            *resid = odd() as usize;
        }
    }
    result()
}

unsafe extern "C" fn inactive(_: Pu, _: Opc) -> c_int {
    result()
}

const OPS: puffs_ops = puffs_ops {
    puffs_fs_unmount: Some(unmount),
    puffs_fs_statvfs: Some(statvfs),
    puffs_fs_sync: Some(sync),
    puffs_node_lookup: Some(lookup),
    puffs_node_create: Some(make),
    puffs_node_mknod: Some(make),
    puffs_node_mkdir: Some(make),
    puffs_node_symlink: Some(symlink),
    puffs_node_remove: Some(named),
    puffs_node_rmdir: Some(named),
    puffs_node_link: Some(named),
    puffs_node_rename: Some(rename),
    puffs_node_getattr: Some(getattr),
    puffs_node_read: Some(read),
    puffs_node_write: Some(write),
    puffs_node_readdir: Some(readdir),
    puffs_node_readlink: Some(readlink),
    puffs_node_getextattr: Some(getextattr),
    puffs_node_setextattr: Some(setextattr),
    puffs_node_listextattr: Some(listextattr),
    puffs_node_inactive: Some(inactive),
    puffs_node_reclaim: Some(inactive),
    ..puffs_ops::NONE
};
