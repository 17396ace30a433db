//! A server in its main loop whose requests are closures of the test, and a protocol: a byte with the length of what follows, a byte with a number, and
//! the rest. A frame with the number 0 answers none, and one with [`POISON`] cannot be read.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr;
use std::rc::Rc;

use core::ffi::{c_int, c_void};

use puffs_core::errno::Errno;
use puffs_core::msg::body::{self, Head};
use puffs_core::msg::wire;

use crate::c::consts::{PUFFS_FBIO_READ, PUFFS_FBIO_WRITE};
use crate::c::ops::puffs_ops;
use crate::cc::Cc;
use crate::frame::{Framebuf, Hooks};
use crate::host::{Host, MountArgs, MountError, Server, Session, Stale, Transport, Turn};
use crate::usermount::Usermount;
use crate::{sys, testing};

/// Reading such a frame fails with [`POISONED`].
pub(super) const POISON: u8 = 255;
/// What the function that reads returns then: no errno value, and passed on all the same.
pub(super) const POISONED: i32 = -1;
pub(super) const BOTH: c_int = PUFFS_FBIO_READ | PUFFS_FBIO_WRITE;

type Request = Box<dyn FnOnce(&Usermount, &Cc)>;
type Inside = Box<dyn FnOnce(&Usermount)>;

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// What the functions that read and write do besides, once.
    static INSIDE: RefCell<Option<Inside>> = const { RefCell::new(None) };
}

/// Notes what happens.
pub(super) fn log(text: impl Into<String>) {
    LOG.with_borrow_mut(|log| log.push(text.into()));
}

/// What has happened since the last time.
pub(super) fn logged() -> Vec<String> {
    LOG.take()
}

/// Has this done in the middle of the next reading or writing.
pub(super) fn inside(f: impl FnOnce(&Usermount) + 'static) {
    INSIDE.set(Some(Box::new(f)));
}

/// A server, mounted.
pub(super) struct Rig {
    pub(super) pu: Box<Usermount>,
    pub(super) kernel: Rc<Kernel>,
}

/// The session's other side.
#[derive(Default)]
pub(super) struct Kernel {
    pu: Cell<*const Usermount>,
    requests: RefCell<VecDeque<Request>>,
    begun: RefCell<Vec<Option<Request>>>,
    wake: RefCell<Option<Rc<OwnedFd>>>,
    gone: Cell<bool>,
    dropped: Cell<bool>,
    turns: Cell<u32>,
}

struct FakeHost(Rc<Kernel>);

struct FakeSession {
    kernel: Rc<Kernel>,
    wake: Rc<OwnedFd>,
}

impl Host for FakeHost {
    fn mount(&self, _: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        let wake = Rc::new(sys::eventfd().unwrap());
        self.0.wake.replace(Some(Rc::clone(&wake)));
        let kernel = Rc::clone(&self.0);
        Ok(Box::new(FakeSession { kernel, wake }))
    }
}

// SAFETY: tests keep nothing on the stacks of requests that others use after the main loop; nothing is fetched.
unsafe impl Session for FakeSession {
    fn fd(&self) -> RawFd {
        self.wake.as_raw_fd()
    }

    fn transport(&self) -> &dyn Transport {
        self
    }

    fn turn(&self, server: &dyn Server) -> Result<Turn, i32> {
        sys::unwake(self.fd());
        self.kernel.turns.set(self.kernel.turns.get() + 1);
        loop {
            let Some(request) = self.kernel.requests.borrow_mut().pop_front() else {
                break;
            };
            let token = {
                let mut begun = self.kernel.begun.borrow_mut();
                begun.push(Some(request));
                begun.len() - 1
            };
            server.start(token).unwrap();
        }
        Ok(match self.kernel.gone.get() {
            true => Turn::Gone,
            false => Turn::Idle,
        })
    }

    fn busy(&self) {}

    fn idle(&self) -> bool {
        false
    }

    fn task(&self, token: usize, _: &dyn Server) {
        // SAFETY: the context outlives its main loop.
        let pu = unsafe { &*self.kernel.pu.get() };
        let request = self.kernel.begun.borrow_mut()[token].take().unwrap();
        let head = Head {
            version: body::VERSION,
            cred: body::cred::KERNEL,
            ..Head::default()
        };
        let cc = Cc::of(&head).unwrap();
        cc.begin(pu);
        pu.set_current(&raw const cc);
        request(pu, &cc);
        pu.set_current(ptr::null());
    }

    fn forget_stale(&self, _: Stale) -> Result<(), i32> {
        Ok(())
    }

    fn unmount(&self) {
        self.kernel.stop();
    }
}

impl Drop for FakeSession {
    fn drop(&mut self) {
        self.kernel.dropped.set(true);
    }
}

impl Transport for FakeSession {
    fn getop(&self, _: &mut wire::Req) -> Result<(), Errno> {
        Err(Errno::WouldBlock)
    }

    fn putop(&self, _: &mut wire::Req) -> Result<(), Errno> {
        Ok(())
    }
}

impl Kernel {
    /// The file system is unmounted.
    pub(super) fn stop(&self) {
        self.gone.set(true);
        sys::wake(self.wake.borrow().as_ref().unwrap().as_raw_fd());
    }

    /// The session is over.
    pub(super) fn is_over(&self) -> bool {
        self.dropped.get()
    }

    pub(super) fn turns(&self) -> u32 {
        self.turns.get()
    }
}

impl Rig {
    /// A server with all functions for frames.
    pub(super) fn new() -> Rig {
        Rig::with_ops(&testing::OPS)
    }

    pub(super) fn with_ops(ops: &puffs_ops) -> Rig {
        logged();
        let kernel = Rc::new(Kernel::default());
        let pu = testing::mount(ops);
        kernel.pu.set(&raw const *pu);
        let host = FakeHost(Rc::clone(&kernel));
        assert_eq!(pu.mount(&host, c"/", 0, ptr::null_mut()), Ok(()));
        pu.set_frame_hooks(HOOKS);
        Rig { pu, kernel }
    }

    /// A descriptor that is added, and its peer.
    pub(super) fn pair(&self, what: c_int) -> (UnixStream, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        assert_eq!(self.pu.add_fd(ours.as_raw_fd(), what), Ok(()));
        (ours, theirs)
    }

    /// A request, which begins with the main loop.
    pub(super) fn request(&self, f: impl FnOnce(&Usermount, &Cc) + 'static) {
        self.kernel.requests.borrow_mut().push_back(Box::new(f));
    }

    /// A request at whose end the file system is unmounted.
    pub(super) fn last(&self, f: impl FnOnce(&Usermount, &Cc) + 'static) {
        let kernel = Rc::clone(&self.kernel);
        self.request(move |pu, cc| {
            f(pu, cc);
            kernel.stop();
        });
    }

    /// Serves until that.
    pub(super) fn run(&self) {
        assert_eq!(self.pu.mainloop(), Ok(()));
        assert!(self.kernel.is_over());
    }
}

/// All of the server's functions.
pub(super) const HOOKS: Hooks = Hooks {
    read: Some(read),
    write: Some(write),
    cmp: Some(cmp),
    got: Some(got),
    notify: Some(notify),
};

/// A frame of the protocol.
pub(super) fn frame(number: u8, text: &str) -> Vec<u8> {
    let mut bytes = vec![text.len() as u8 + 1, number];
    bytes.extend(text.as_bytes());
    bytes
}

/// A buffer with these bytes, its cursor behind them.
pub(super) fn holding(bytes: &[u8]) -> Rc<Framebuf> {
    let buf = Framebuf::new().unwrap();
    buf.put(bytes).unwrap();
    buf
}

/// A buffer with a frame.
pub(super) fn framed(number: u8, text: &str) -> Rc<Framebuf> {
    holding(&frame(number, text))
}

/// All that is in a buffer.
pub(super) fn contents(buf: &Framebuf) -> Vec<u8> {
    let mut bytes = vec![MaybeUninit::new(0); buf.size()];
    buf.get_at(0, &mut bytes).unwrap();
    // SAFETY: they have been written just now, and before.
    bytes.iter().map(|b| unsafe { b.assume_init() }).collect()
}

/// The text of the frame in a buffer.
pub(super) fn text(buf: &Framebuf) -> String {
    String::from_utf8(contents(buf)[2..].to_vec()).unwrap()
}

/// The peer reads a frame.
pub(super) fn take(peer: &mut UnixStream) -> (u8, String) {
    let mut len = [0];
    peer.read_exact(&mut len).unwrap();
    let mut rest = vec![0; usize::from(len[0])];
    peer.read_exact(&mut rest).unwrap();
    (rest[0], String::from_utf8(rest[1..].to_vec()).unwrap())
}

/// The peer writes one.
pub(super) fn answer(peer: &mut UnixStream, number: u8, text: &str) {
    peer.write_all(&frame(number, text)).unwrap();
}

fn called_inside(pu: *mut Usermount) {
    let f = INSIDE.take();
    if let Some(f) = f {
        // SAFETY: the context lives.
        f(unsafe { &*pu });
    }
}

unsafe extern "C" fn read(
    pu: *mut Usermount,
    fb: *mut Framebuf,
    fd: c_int,
    done: *mut c_int,
) -> c_int {
    called_inside(pu);
    // SAFETY: the library's.
    let buf = unsafe { &*fb };
    loop {
        let mut len = [MaybeUninit::new(0)];
        let want = match buf.cursor() {
            0 => 1,
            at => {
                buf.get_at(0, &mut len).unwrap();
                // SAFETY: it was written when it was made.
                usize::from(unsafe { len[0].assume_init() }) + 1 - at
            }
        };
        if want == 0 {
            // SAFETY: the library's.
            unsafe { *done = 1 };
            return 0;
        }
        let mut bytes = vec![0_u8; want];
        // SAFETY: room for so many.
        let n = unsafe { libc::read(fd, bytes.as_mut_ptr().cast(), want) };
        match n {
            0 => return libc::ECONNRESET,
            -1 if sys::errno() == libc::EAGAIN => return 0,
            -1 => return sys::errno(),
            n if buf.cursor() == 1 && bytes[..n as usize][0] == POISON => return POISONED,
            n => buf.put(&bytes[..n as usize]).unwrap(),
        }
    }
}

unsafe extern "C" fn write(
    pu: *mut Usermount,
    fb: *mut Framebuf,
    fd: c_int,
    done: *mut c_int,
) -> c_int {
    called_inside(pu);
    // SAFETY: the library's.
    let buf = unsafe { &*fb };
    let bytes = contents(buf);
    let rest = &bytes[buf.cursor()..];
    // SAFETY: so many bytes are there. Rust's programs ignore SIGPIPE.
    let n = unsafe { libc::write(fd, rest.as_ptr().cast(), rest.len()) };
    match n {
        -1 if sys::errno() == libc::EAGAIN => return 0,
        -1 => return sys::errno(),
        n => buf.seek(buf.cursor() + n as usize),
    }
    // SAFETY: the library's.
    unsafe { *done = c_int::from(buf.remaining() == 0) };
    0
}

unsafe extern "C" fn cmp(
    _: *mut Usermount,
    incoming: *mut Framebuf,
    waiting: *mut Framebuf,
    notresp: *mut c_int,
) -> c_int {
    // SAFETY: the library's.
    let (incoming, waiting) = unsafe { (contents(&*incoming)[1], contents(&*waiting)[1]) };
    // SAFETY: the library's.
    unsafe { *notresp = c_int::from(incoming == 0) };
    c_int::from(incoming != waiting)
}

unsafe extern "C" fn got(pu: *mut Usermount, fb: *mut Framebuf) {
    // SAFETY: the reference is ours.
    let buf = unsafe { Rc::from_raw(fb.cast_const()) };
    assert!(!buf.is_queued());
    log(format!("got {}", text(&buf)));
    called_inside(pu);
}

unsafe extern "C" fn notify(_: *mut Usermount, _: c_int, what: c_int) {
    log(format!("closed {what}"));
}

/// A callback that notes what it gets, and destroys the buffer: C's reference.
pub(super) unsafe extern "C" fn noted(
    _: *mut Usermount,
    fb: *mut Framebuf,
    arg: *mut c_void,
    error: c_int,
) {
    // SAFETY: C's reference was given away by `given`.
    let buf = unsafe { Rc::from_raw(fb.cast_const()) };
    assert!(!buf.is_queued());
    match error {
        0 => log(format!("{} {}", arg.addr(), text(&buf))),
        error => log(format!("{} error {error}", arg.addr())),
    }
}

/// The library's reference to a buffer of which C has one as well.
pub(super) fn given(buf: Rc<Framebuf>) -> Rc<Framebuf> {
    let ours = Rc::clone(&buf);
    std::mem::forget(buf);
    ours
}
