//! A server in its main loop on a thread of its own, mounted by the [`Fake`] kernel.

use std::os::unix::thread::JoinHandleExt;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use core::ffi::c_int;

use super::fake::{DIR, Fake, Kernel, OnFake};
use crate::c::consts::PUFFS_FBIO_READ;
use crate::c::ops::puffs_ops;
use crate::c::puffs_cookie_t;
use crate::c::statvfs::puffs_statvfs;
use crate::cc::Cc;
use crate::cred::Cred;
use crate::frame::enqueue_waitevent;
use crate::host::{Host, MountArgs, MountError, Session};
use crate::kmod::host;
use crate::testing;
use crate::usermount::{State, Usermount};

pub(super) const ROOT: usize = 0x100;
pub(super) const MAXDATA: usize = 64 << 10;

/// What a read at one of these offsets does; at any other it gives [`pattern`].
pub(super) mod at {
    /// Leaves the operation, until [`GO_ON`].
    pub(in crate::kmod::tests) const YIELD: u64 = 1;
    /// Goes on with all that have been left, in a later turn.
    pub(in crate::kmod::tests) const GO_ON: u64 = 2;
    /// Goes on with all that have been left, before it returns.
    pub(in crate::kmod::tests) const RESUME: u64 = 3;
    /// Blocks the whole server until it is released.
    pub(in crate::kmod::tests) const BLOCK: u64 = 4;
    /// Waits until something can be read from a descriptor.
    pub(in crate::kmod::tests) const EVENT: u64 = 1 << 40;
}

/// What happened at the server.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) figures: AtomicUsize,
    pub(super) reclaims: AtomicUsize,
    pub(super) syncs: AtomicUsize,
    /// Flags of the unmount operations.
    pub(super) unmounts: Mutex<Vec<c_int>>,
    /// What unmount says.
    pub(super) refusal: AtomicI32,
    /// Unmount is left in its middle, until [`at::GO_ON`].
    pub(super) slow_unmount: AtomicBool,
    /// The loop function, if there is one, goes on with what was left.
    pub(super) go_on: AtomicBool,
    pub(super) release: AtomicBool,
    pub(super) blocked: AtomicBool,
    /// For [`at::EVENT`].
    pub(super) fd: AtomicI32,
    pub(super) waits: AtomicBool,
    suspended: Mutex<Vec<usize>>,
}

impl Seen {
    pub(super) fn suspended(&self) -> usize {
        self.suspended.lock().unwrap().len()
    }

    pub(super) fn unmounts(&self) -> Vec<c_int> {
        self.unmounts.lock().unwrap().clone()
    }
}

pub(super) const OPS: puffs_ops = puffs_ops {
    puffs_fs_unmount: Some(unmount),
    puffs_fs_statvfs: Some(statvfs),
    puffs_fs_sync: Some(sync),
    puffs_node_reclaim: Some(reclaim),
    puffs_node_read: Some(read),
    puffs_node_write: Some(write),
    ..testing::OPS
};

/// What byte a file has at each place.
pub(super) fn pattern(at: usize) -> u8 {
    (at % 251) as u8
}

fn seen<'s>(pu: *mut Usermount) -> &'s Seen {
    // SAFETY: the context lives, and what it was given outlives its thread.
    unsafe { &*(*pu).settings().specific().cast() }
}

fn leave(pu: *mut Usermount) {
    // SAFETY: the context lives, and an operation has a request.
    let cc = unsafe { (*pu).current() };
    seen(pu).suspended.lock().unwrap().push(cc.addr());
    // SAFETY: as above.
    assert_eq!(unsafe { (*cc).leave() }, Ok(()));
}

fn wait_for_event(pu: *mut Usermount) {
    let fd = seen(pu).fd.load(SeqCst);
    // SAFETY: the context lives, and an operation has a request.
    let (pu, cc) = unsafe { (&*pu, &*(*pu).current()) };
    pu.add_fd(fd, 0).unwrap();
    seen(pu.as_ptr()).waits.store(true, SeqCst);
    let event = enqueue_waitevent(cc, fd, PUFFS_FBIO_READ);
    assert_eq!(event, Ok(PUFFS_FBIO_READ));
    pu.remove_fd(fd, 0).unwrap();
}

fn each_suspended(pu: *mut Usermount, f: impl Fn(&Cc)) {
    let all = std::mem::take(&mut *seen(pu).suspended.lock().unwrap());
    for cc in all {
        let cc: *const Cc = ptr::with_exposed_provenance(cc);
        // SAFETY: a request that was left stays where it is.
        f(unsafe { &*cc });
    }
}

unsafe extern "C" fn turn(pu: *mut Usermount) {
    if seen(pu).go_on.load(SeqCst) {
        each_suspended(pu, |cc| cc.schedule().unwrap());
    }
}

unsafe extern "C" fn unmount(pu: *mut Usermount, flags: c_int) -> c_int {
    if seen(pu).slow_unmount.load(SeqCst) {
        leave(pu);
    }
    seen(pu).unmounts.lock().unwrap().push(flags);
    seen(pu).refusal.load(SeqCst)
}

unsafe extern "C" fn statvfs(pu: *mut Usermount, sb: *mut puffs_statvfs) -> c_int {
    let n = seen(pu).figures.fetch_add(1, SeqCst);
    // SAFETY: the library gives room for it.
    unsafe { (*sb).f_files = n as u64 };
    0
}

unsafe extern "C" fn sync(pu: *mut Usermount, _: c_int, _: *const Cred) -> c_int {
    seen(pu).syncs.fetch_add(1, SeqCst);
    0
}

unsafe extern "C" fn reclaim(pu: *mut Usermount, _: puffs_cookie_t) -> c_int {
    seen(pu).reclaims.fetch_add(1, SeqCst);
    0
}

unsafe extern "C" fn read(
    pu: *mut Usermount,
    _: puffs_cookie_t,
    buf: *mut u8,
    offset: libc::off_t,
    left: *mut usize,
    _: *const Cred,
    _: c_int,
) -> c_int {
    match offset as u64 {
        at::YIELD => leave(pu),
        at::GO_ON => each_suspended(pu, |cc| cc.schedule().unwrap()),
        at::RESUME => each_suspended(pu, |cc| cc.go_on().unwrap()),
        at::EVENT => wait_for_event(pu),
        at::BLOCK => {
            seen(pu).blocked.store(true, SeqCst);
            while !seen(pu).release.load(SeqCst) {
                std::thread::yield_now();
            }
        }
        _ => {}
    }
    // SAFETY: there is room for so many bytes.
    let bytes = unsafe { std::slice::from_raw_parts_mut(buf, *left) };
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = pattern(at + offset as usize);
    }
    // SAFETY: as above.
    unsafe { *left = 0 };
    0
}

unsafe extern "C" fn write(
    _: *mut Usermount,
    _: puffs_cookie_t,
    buf: *mut u8,
    offset: libc::off_t,
    left: *mut usize,
    _: *const Cred,
    _: c_int,
) -> c_int {
    // SAFETY: so many bytes are there.
    let bytes = unsafe { std::slice::from_raw_parts(buf, *left) };
    let mut bytes = bytes.iter().enumerate();
    if !bytes.all(|(at, byte)| *byte == pattern(at + offset as usize)) {
        return libc::EIO;
    }
    // SAFETY: as above.
    unsafe { *left = 0 };
    0
}

/// The host on a fake kernel.
struct Kmod(Arc<Fake>);

impl Host for Kmod {
    fn mount(&self, args: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        Ok(Box::new(host::begin(&OnFake(self.0.clone()), args)?))
    }
}

/// Where a server's main loop waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// In the call that answers and fetches.
    InDevice,
    /// Before its descriptors, since it has a loop function.
    InLoop,
}

/// Makes a test of each style from a function.
macro_rules! both_styles {
    ($($test:ident,)*) => {
        mod in_device {
            $(#[test]
            fn $test() {
                super::$test(super::Style::InDevice);
            })*
        }

        mod in_loop {
            $(#[test]
            fn $test() {
                super::$test(super::Style::InLoop);
            })*
        }
    };
}
pub(super) use both_styles;

/// A server's context, not mounted.
pub(super) fn context(seen: &Seen, style: Style) -> Box<Usermount> {
    let pu = testing::mount(&OPS);
    pu.settings()
        .set_specific(ptr::from_ref(seen).cast_mut().cast());
    if style == Style::InLoop {
        pu.settings().loop_fn.set(Some(turn));
    }
    pu.set_root_info(crate::vtype::VDIR, 0, 0);
    pu.set_maxdata(MAXDATA);
    pu
}

/// Mounts it.
pub(super) fn mount(pu: &Usermount, fake: &Arc<Fake>) -> Result<(), i32> {
    let root = ptr::without_provenance_mut(ROOT);
    pu.mount(&Kmod(fake.clone()), DIR, 0, root)
}

/// A server that is mounted, and serves once it may.
pub(super) struct Served {
    pub(super) fake: Arc<Fake>,
    pub(super) kernel: Kernel,
    pub(super) seen: Arc<Seen>,
    pu: usize,
    go: mpsc::Sender<()>,
    thread: Option<JoinHandle<Result<(), i32>>>,
}

impl Served {
    /// One that is mounted and does not serve yet.
    pub(super) fn mounted(style: Style) -> Self {
        Self::on(Fake::new(), style)
    }

    /// One that serves.
    pub(super) fn serving(style: Style) -> Self {
        let served = Self::mounted(style);
        served.go();
        served
    }

    pub(super) fn on(fake: Arc<Fake>, style: Style) -> Self {
        let seen = Arc::new(Seen::default());
        let (told, kernel) = mpsc::channel();
        let (go, may) = mpsc::channel();
        let thread = std::thread::spawn({
            let (fake, seen) = (fake.clone(), seen.clone());
            move || {
                let pu = context(&seen, style);
                mount(&pu, &fake).unwrap();
                let kernel = fake.kernel.lock().unwrap().clone().unwrap();
                told.send((kernel, (&raw const *pu).expose_provenance()))
                    .unwrap();
                may.recv().unwrap();
                let result = pu.mainloop();
                assert_eq!(pu.state(), State::Unmounted);
                // Until nobody calls `exit` any more.
                let _ = may.recv();
                result
            }
        });
        let (kernel, pu) = kernel.recv().unwrap();
        Served {
            fake,
            kernel,
            seen,
            pu,
            go,
            thread: Some(thread),
        }
    }

    pub(super) fn go(&self) {
        self.go.send(()).unwrap();
    }

    /// Waits until it sleeps in the device.
    pub(super) fn asleep(&self) {
        while self.kernel.mount.sleepers().0 == 0 {
            std::thread::yield_now();
        }
    }

    /// `puffs_exit` from another thread.
    pub(super) fn exit(&self) {
        let pu: *const Usermount = ptr::with_exposed_provenance(self.pu);
        // SAFETY: the context lives until `join`, and any thread may call this.
        unsafe { (*pu).exit().unwrap() };
    }

    /// Sends a signal to its thread.
    pub(super) fn signal(&self, signal: i32) {
        let thread = self.thread.as_ref().unwrap().as_pthread_t();
        // SAFETY: the thread has not been joined.
        assert_eq!(unsafe { libc::pthread_kill(thread, signal) }, 0);
    }

    /// The end of the loop; nothing is left behind.
    pub(super) fn join(mut self) -> Result<(), i32> {
        drop(std::mem::replace(&mut self.go, mpsc::channel().0));
        let result = self.thread.take().unwrap().join().unwrap();
        assert_eq!(self.fake.open_count(), 0, "the device is still open");
        assert!(!self.fake.mounted.load(SeqCst), "still mounted");
        assert_eq!(self.kernel.mount.load(), (0, 0), "requests are left");
        assert_eq!(self.fake.strays.load(SeqCst), 0, "woken by its number");
        result
    }
}
