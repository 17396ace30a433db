//! The main loop and the mount against a host that does what the test says.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;
use std::rc::Rc;
use std::time::Duration;

use core::ffi::c_int;

use puffs_core::errno::Errno;
use puffs_core::msg::body::{self, FlagsReq, Head, PlainReq};
use puffs_core::msg::op::{CLASS_VFS, FLAG_FAF, vfs};
use puffs_core::msg::wire;
use zerocopy::IntoBytes;

use super::*;
use crate::c::consts::{PUFFS_KFLAG_NOCACHE, PUFFS_MNT_NODEV, PUFFS_MNT_RDONLY};
use crate::host::{Host, MountArgs, MountError, Server, Transport, Turn};
use crate::testing;

mod sync;

/// What happened at the host.
#[derive(Default)]
struct Log {
    args: RefCell<Option<MountArgs>>,
    /// Requests not fetched: class, operation, body.
    queue: RefCell<VecDeque<(u8, u8, Vec<u8>)>>,
    /// Answers: id and result.
    answers: RefCell<Vec<(u64, i32)>>,
    /// Errors that GETOP and PUTOP return before anything else.
    getop: RefCell<Vec<Errno>>,
    putop: RefCell<Vec<Errno>>,
    turns: Cell<u32>,
    /// How often the session was told that something begins outside its turns, and that nothing goes on there.
    busy: Cell<u32>,
    idle: Cell<u32>,
    unmounts: Cell<u32>,
    dropped: Cell<bool>,
    fetched: Cell<u64>,
}

type TurnFn = Box<dyn Fn(&Log, &dyn Server) -> Result<Turn, i32>>;

struct FakeHost {
    log: Rc<Log>,
    turn: RefCell<Option<TurnFn>>,
    refuse: Option<MountError>,
}

struct FakeSession {
    log: Rc<Log>,
    turn: TurnFn,
    ready: OwnedFd,
}

impl Host for FakeHost {
    fn mount(&self, args: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        if let Some(error) = &self.refuse {
            return Err(error.clone());
        }
        self.log.args.replace(Some(args.clone()));
        Ok(Box::new(FakeSession {
            log: Rc::clone(&self.log),
            turn: self.turn.take().unwrap(),
            ready: sys::eventfd().unwrap(),
        }))
    }
}

// SAFETY: tasks do nothing, and nothing is fetched.
unsafe impl Session for FakeSession {
    fn fd(&self) -> RawFd {
        self.ready.as_raw_fd()
    }

    fn transport(&self) -> &dyn Transport {
        &*self.log
    }

    fn turn(&self, server: &dyn Server) -> Result<Turn, i32> {
        sys::unwake(self.fd());
        self.log.turns.set(self.log.turns.get() + 1);
        (self.turn)(&self.log, server)
    }

    fn busy(&self) {
        self.log.busy.set(self.log.busy.get() + 1);
    }

    fn idle(&self) -> bool {
        self.log.idle.set(self.log.idle.get() + 1);
        false
    }

    fn task(&self, _: usize, _: &dyn Server) {}

    fn forget_stale(&self, _: Stale) -> Result<(), i32> {
        Ok(())
    }

    fn unmount(&self) {
        self.log.unmounts.set(self.log.unmounts.get() + 1);
        sys::wake(self.fd());
    }
}

impl Drop for FakeSession {
    fn drop(&mut self) {
        self.log.dropped.set(true);
    }
}

impl Transport for Log {
    fn getop(&self, req: &mut wire::Req) -> Result<(), Errno> {
        if let Some(error) = self.getop.borrow_mut().pop() {
            return Err(error);
        }
        let mut queue = self.queue.borrow_mut();
        let needed = queue.front().ok_or(Errno::WouldBlock)?.2.len();
        if needed > req.auxlen {
            req.auxlen = needed;
            return Err(Errno::TooBig);
        }
        let (class, optype, body) = queue.pop_front().unwrap();
        assert_eq!(req.aux % 16, 0);
        let to: *mut u8 = ptr::with_exposed_provenance_mut(req.aux);
        // SAFETY: the loop's own buffer has `auxlen` bytes.
        unsafe { ptr::copy_nonoverlapping(body.as_ptr(), to, body.len()) };
        self.fetched.set(self.fetched.get() + 1);
        (req.opclass, req.optype, req.auxlen) = (class, optype, body.len());
        req.id = self.fetched.get();
        Ok(())
    }

    fn putop(&self, req: &mut wire::Req) -> Result<(), Errno> {
        self.answers.borrow_mut().push((req.id, req.rv));
        self.putop.borrow_mut().pop().map_or(Ok(()), Err)
    }
}

impl Log {
    fn send(&self, class: u8, optype: u8, body: &[u8]) {
        self.queue
            .borrow_mut()
            .push_back((class, optype, body.to_vec()));
    }
}

fn head() -> Head {
    Head {
        version: body::VERSION,
        cred: body::cred::KERNEL,
        ..Head::default()
    }
}

fn statvfs() -> Vec<u8> {
    PlainReq { head: head() }.as_bytes().to_vec()
}

fn flags() -> Vec<u8> {
    let req = FlagsReq {
        head: head(),
        ..FlagsReq::default()
    };
    req.as_bytes().to_vec()
}

fn host(turn: impl Fn(&Log, &dyn Server) -> Result<Turn, i32> + 'static) -> FakeHost {
    FakeHost {
        log: Rc::default(),
        turn: RefCell::new(Some(Box::new(turn))),
        refuse: None,
    }
}

/// A server mounted on `host`.
fn mounted(host: &FakeHost) -> Box<Usermount> {
    let pu = testing::mount(&testing::OPS);
    assert_eq!(pu.mount(host, c"/", 0, ptr::null_mut()), Ok(()));
    pu
}

#[test]
fn a_mount_says_all_there_is_to_say() {
    let host = host(|_, _| Ok(Turn::Gone));
    let pu = testing::mount_with(&testing::OPS, PUFFS_KFLAG_NOCACHE);
    pu.set_root_info(1, 2, 3);
    pu.set_fh(4, 1);
    pu.set_maxdata(64 << 10);
    assert_eq!(pu.selectable(), None);
    let root = ptr::without_provenance_mut(0x77);
    assert_eq!(
        pu.mount(&host, c"/usr/../", PUFFS_MNT_RDONLY as u32, root),
        Ok(())
    );
    let args = host.log.args.take().unwrap();
    assert_eq!(
        (args.from.as_c_str(), args.fstype.as_c_str()),
        (c"test", c"testfs")
    );
    assert_eq!(args.dir.as_c_str(), c"/");
    assert_ne!(args.mntflags & PUFFS_MNT_RDONLY as u32, 0);
    // SAFETY: a question.
    let root_user = unsafe { libc::geteuid() } == 0;
    assert_eq!(args.mntflags & PUFFS_MNT_NODEV as u32 == 0, root_user);
    assert_eq!(args.kflags, PUFFS_KFLAG_NOCACHE);
    let info = args.root;
    assert_eq!(
        (info.cookie, info.vtype, info.size, info.rdev),
        (0x77, 1, 2, 3)
    );
    assert_eq!((args.maxdata, args.fhsize, args.fhflags), (64 << 10, 4, 1));
    assert!(args.ops.has_vfs(vfs::STATVFS) && !args.ops.has_vn(1));
    assert_eq!(
        (pu.state(), pu.root_cookie().addr()),
        (State::Running, 0x77)
    );
    assert!(pu.selectable().is_some());
    assert_eq!(pu.mount(&host, c"/", 0, ptr::null_mut()), Err(libc::EBUSY));
}

#[test]
fn a_mount_that_fails_leaves_everything_as_it_was() {
    let mut host = host(|_, _| Ok(Turn::Gone));
    let pu = testing::mount(&testing::OPS);
    let mount = |host: &FakeHost, dir| pu.mount(host, dir, 0, ptr::null_mut());
    assert_eq!(mount(&host, c"/there/is/no/such"), Err(libc::ENOENT));
    host.refuse = Some(MountError::System("mount", libc::EPERM));
    assert_eq!(mount(&host, c"/"), Err(libc::EPERM));
    host.refuse = Some(MountError::Unsupported("because".into()));
    assert_eq!(mount(&host, c"/"), Err(libc::EINVAL));
    assert_eq!((pu.state(), pu.selectable()), (State::BeforeMount, None));
    assert_eq!(pu.mainloop(), Err(libc::EINVAL));
    host.refuse = None;
    assert_eq!(mount(&host, c"/"), Ok(()));
}

#[test]
fn the_loop_serves_until_the_mount_is_gone() {
    let host = host(|log, server| match log.turns.get() {
        1 => {
            log.send(CLASS_VFS, vfs::STATVFS, &statvfs());
            log.send(CLASS_VFS | FLAG_FAF, vfs::SYNC, &flags());
            log.send(CLASS_VFS, vfs::SYNC, b"short");
            log.getop.replace(vec![Errno::Intr]);
            log.putop.replace(vec![Errno::Canceled]);
            server.serve();
            assert!(log.queue.borrow().is_empty());
            Ok(Turn::More)
        }
        2 => {
            log.send(CLASS_VFS, vfs::STATVFS, &statvfs());
            log.getop.replace(vec![Errno::Nxio]);
            server.serve();
            assert_eq!(log.queue.take().len(), 1);
            Ok(Turn::More)
        }
        _ => Ok(Turn::Gone),
    });
    let pu = mounted(&host);
    assert_eq!(pu.mainloop(), Ok(()));
    assert_eq!(host.log.turns.get(), 3);
    assert_eq!(host.log.answers.take(), [(1, 0), (3, libc::EINVAL)]);
    assert_eq!(pu.state(), State::Unmounted);
    assert!(host.log.dropped.get() && pu.selectable().is_none());
    assert_eq!(pu.mainloop(), Err(libc::EINVAL));
    pu.exit().unwrap();
}

#[test]
fn an_unmount_that_the_server_allows_ends_the_loop() {
    let host = host(|log, server| {
        log.send(CLASS_VFS, vfs::UNMOUNT, &flags());
        server.serve();
        Ok(Turn::Idle)
    });
    let pu = mounted(&host);
    assert_eq!(pu.mainloop(), Ok(()));
    assert_eq!(host.log.answers.take(), [(1, 0)]);
    assert!(host.log.dropped.get());
}

#[test]
fn a_request_that_needs_room_gets_it() {
    let host = host(|log, server| {
        let mut large = statvfs();
        large.resize(1 << 20, 0);
        log.send(CLASS_VFS, vfs::STATVFS, &large);
        server.serve();
        Ok(Turn::Gone)
    });
    let pu = mounted(&host);
    assert_eq!(pu.mainloop(), Ok(()));
    assert_eq!(host.log.answers.take(), [(1, 0)]);
}

#[test]
fn a_session_that_cannot_go_on_ends_the_loop() {
    let host = host(|_, _| Err(libc::EBADMSG));
    let pu = mounted(&host);
    assert_eq!(pu.mainloop(), Err(libc::EBADMSG));
    assert!(host.log.dropped.get());
    assert_eq!(pu.state(), State::Unmounted);
}

#[test]
fn the_loop_is_not_called_inside_itself() {
    thread_local! {
        static INSIDE: Cell<Option<Result<(), i32>>> = const { Cell::new(None) };
    }
    unsafe extern "C" fn turn(pu: *mut Usermount) {
        // SAFETY: the context lives.
        INSIDE.set(Some(unsafe { (*pu).mainloop() }));
    }
    let host = host(|_, _| Ok(Turn::Gone));
    let pu = mounted(&host);
    pu.settings().loop_fn.set(Some(turn));
    assert_eq!(pu.mainloop(), Ok(()));
    assert_eq!(INSIDE.get(), Some(Err(libc::EBUSY)));
    assert_eq!(host.log.turns.get(), 1);
}

/// A session that is gone once it was asked to be.
fn until_unmounted() -> FakeHost {
    host(|log, _| {
        Ok(match log.unmounts.get() {
            0 => Turn::Idle,
            _ => Turn::Gone,
        })
    })
}

#[test]
fn an_exit_from_an_operation_unmounts() {
    unsafe extern "C" fn sync(pu: *mut Usermount, _: c_int, _: *const crate::cred::Cred) -> c_int {
        // SAFETY: the context lives.
        unsafe { (*pu).exit().unwrap() };
        0
    }
    let host = host(|log, server| {
        if log.unmounts.get() > 0 {
            return Ok(Turn::Gone);
        }
        log.send(CLASS_VFS, vfs::SYNC, &flags());
        server.serve();
        Ok(Turn::Idle)
    });
    let pu = testing::mount(&puffs_ops {
        puffs_fs_sync: Some(sync),
        ..testing::OPS
    });
    assert_eq!(pu.mount(&host, c"/", 0, ptr::null_mut()), Ok(()));
    assert_eq!(pu.mainloop(), Ok(()));
    assert_eq!((host.log.unmounts.get(), host.log.turns.get()), (1, 2));
}

#[test]
fn an_exit_before_the_mount_does_not_concern_it() {
    let host = host(|log, _| {
        Ok(match log.turns.get() {
            3 => Turn::Gone,
            _ => Turn::More,
        })
    });
    let pu = testing::mount(&testing::OPS);
    pu.exit().unwrap();
    assert_eq!(pu.mount(&host, c"/", 0, ptr::null_mut()), Ok(()));
    assert_eq!(pu.mainloop(), Ok(()));
    assert_eq!(host.log.unmounts.get(), 0);
}

#[test]
fn an_exit_between_mount_and_loop_counts() {
    let host = until_unmounted();
    let pu = mounted(&host);
    pu.exit().unwrap();
    pu.exit().unwrap();
    assert_eq!(pu.mainloop(), Ok(()));
    assert_eq!(host.log.unmounts.get(), 1);
}

#[test]
fn another_thread_wakes_an_idle_loop() {
    struct Shared(*const Usermount);
    // SAFETY: `exit` is the one call that any thread may make.
    unsafe impl Send for Shared {}
    impl Shared {
        fn exit(&self) {
            // SAFETY: the context outlives the thread, which is joined.
            unsafe { (*self.0).exit().unwrap() };
        }
    }
    let host = until_unmounted();
    let pu = mounted(&host);
    let shared = Shared(&raw const *pu);
    let thread = std::thread::spawn(move || shared.exit());
    assert_eq!(pu.mainloop(), Ok(()));
    thread.join().unwrap();
    assert_eq!(host.log.unmounts.get(), 1);
}

#[test]
fn the_loop_function_runs_in_every_turn() {
    thread_local! {
        static CALLS: Cell<u32> = const { Cell::new(0) };
    }
    unsafe extern "C" fn turn(pu: *mut Usermount) {
        // SAFETY: the context lives.
        let pu = unsafe { &*pu };
        assert!(pu.current().is_null());
        CALLS.set(CALLS.get() + 1);
        if CALLS.get() == 5 {
            pu.exit().unwrap();
        }
    }
    let host = until_unmounted();
    let pu = mounted(&host);
    pu.settings().loop_fn.set(Some(turn));
    pu.settings().timeout.set(Some(Duration::from_millis(1)));
    assert_eq!(pu.mainloop(), Ok(()));
    // The exit of the fifth call is seen in the same turn; nothing but the time-out wakes the others, and a
    // session that is not ready gets no turn.
    assert_eq!((CALLS.get(), host.log.turns.get()), (5, 2));
}

#[test]
fn timeouts_are_rounded_up() {
    let pu = testing::mount(&testing::OPS);
    for (timeout, ms) in [
        (None, -1),
        (Some(Duration::ZERO), 0),
        (Some(Duration::from_nanos(1)), 1),
        (Some(Duration::from_millis(7)), 7),
        (Some(Duration::from_micros(7001)), 8),
        (Some(Duration::MAX), i32::MAX),
    ] {
        pu.settings().timeout.set(timeout);
        assert_eq!(pu.timeout_ms(), ms);
    }
}

#[test]
fn a_turn_may_sleep_while_the_loop_has_nothing_else_to_do() {
    unsafe extern "C" fn nothing(_: *mut Usermount) {}
    let pu = mounted(&host(|_, _| Ok(Turn::Gone)));
    assert!(pu.at_rest());
    let settings = pu.settings();
    settings.timeout.set(Some(Duration::ZERO));
    assert!(!pu.at_rest());
    settings.timeout.set(None);
    assert!(pu.at_rest());
    pu.exit().unwrap();
    assert!(!pu.at_rest());
    assert!(pu.must_exit());
    assert!(pu.at_rest());
    settings.loop_fn.set(Some(nothing));
    assert!(!pu.at_rest());
    settings.loop_fn.set(None);
    let other = sys::eventfd().unwrap();
    pu.add_fd(other.as_raw_fd(), 0).unwrap();
    assert!(!pu.at_rest());
    pu.remove_fd(other.as_raw_fd(), 0).unwrap();
    assert!(pu.at_rest());
    pu.set_state(State::Unmounted);
    assert!(!pu.at_rest());
}
