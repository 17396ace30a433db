//! The platform that a kernel's glue fills in: what `attach` refuses, and the queue over hooks of this process.

use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{c_char, c_int, c_long, c_void};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{LazyLock, Mutex};
use std::thread;

use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::hooks::{self, *};
use puffs_core::platform::{Event, Hooks, Hosted, Lock, Platform, PollPoint, Wait, Wake, set_log};
use puffs_core::{Buf, Config, Cookie, Errno, Instant, Mount, Outgoing, PollLink, Ref, UserAddr};
use zerocopy::IntoBytes;

/// Memory, locks, events and poll points that are alive.
static LIVE: [AtomicI64; 4] = [const { AtomicI64::new(0) }; 4];
const MEMORY: usize = 0;
const LOCKS: usize = 1;
const EVENTS: usize = 2;
const POLLS: usize = 3;

static POKES: AtomicUsize = AtomicUsize::new(0);
static SIGNAL: AtomicBool = AtomicBool::new(false);
static FATAL: AtomicBool = AtomicBool::new(false);
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// One test at a time: they count what is alive.
static TURN: Mutex<()> = Mutex::new(());

/// Room before each block for its size.
const HEAD: usize = 16;

unsafe extern "C" fn ph_alloc(size: usize, align: usize) -> *mut c_void {
    assert!(align <= HEAD && align.is_power_of_two());
    LIVE[MEMORY].fetch_add(1, SeqCst);
    let layout = Layout::from_size_align(size + HEAD, HEAD).unwrap();
    // SAFETY: the layout has a size, and its first bytes are for the size.
    unsafe {
        let block = alloc(layout);
        block.cast::<usize>().write(size);
        block.add(HEAD).cast()
    }
}

unsafe extern "C" fn ph_free(ptr: *mut c_void) {
    LIVE[MEMORY].fetch_sub(1, SeqCst);
    // SAFETY: `ptr` came from `ph_alloc`.
    unsafe {
        let block = ptr.cast::<u8>().sub(HEAD);
        let size = block.cast::<usize>().read();
        dealloc(block, Layout::from_size_align_unchecked(size + HEAD, HEAD));
    }
}

/// The first word of a lock's, an event's or a poll point's storage: 0 before `init`, then `READY`, and what they add.
///
/// # Safety
/// `storage` is what a hook was given.
unsafe fn word<'a>(storage: *mut c_void) -> &'a AtomicU64 {
    // SAFETY: storage is aligned to 8 bytes and larger than a word.
    unsafe { AtomicU64::from_ptr(storage.cast()) }
}

const READY: u64 = 2;

/// Makes storage of this kind ready.
///
/// # Safety
/// As [`word`].
unsafe fn init<const KIND: usize>(storage: *mut c_void) {
    // SAFETY: by contract.
    let was = unsafe { word(storage) }.swap(READY, SeqCst);
    assert_eq!(was, 0, "made ready once, and zeroed before");
    LIVE[KIND].fetch_add(1, SeqCst);
}

unsafe extern "C" fn ph_init<const KIND: usize>(storage: *mut c_void) {
    // SAFETY: what the hook is given.
    unsafe { init::<KIND>(storage) }
}

unsafe extern "C" fn ph_fini<const KIND: usize>(storage: *mut c_void) {
    // SAFETY: what the hook is given.
    let was = unsafe { word(storage) }.swap(0, SeqCst);
    assert!(was >= READY, "only what is ready ends");
    LIVE[KIND].fetch_sub(1, SeqCst);
}

unsafe extern "C" fn ph_lock(lock: *mut c_void) {
    // SAFETY: what the hook is given.
    let word = unsafe { word(lock) };
    while word
        .compare_exchange(READY, READY + 1, SeqCst, SeqCst)
        .is_err()
    {
        thread::yield_now();
    }
}

unsafe extern "C" fn ph_unlock(lock: *mut c_void) {
    // SAFETY: what the hook is given.
    assert_eq!(unsafe { word(lock) }.swap(READY, SeqCst), READY + 1);
}

unsafe extern "C" fn ph_event_set(event: *mut c_void) {
    // SAFETY: what the hook is given.
    unsafe { word(event) }.store(READY + 1, SeqCst);
}

unsafe extern "C" fn ph_event_wait(
    event: *mut c_void,
    deadline: *const u64,
    interruptible: c_int,
) -> c_int {
    // SAFETY: what the hook is given.
    let (word, deadline) = unsafe { (word(event), deadline.as_ref()) };
    loop {
        if word.swap(READY, SeqCst) == READY + 1 {
            return PUFFS_WOKEN;
        }
        if interruptible != 0 && SIGNAL.load(SeqCst) || FATAL.load(SeqCst) {
            return PUFFS_INTERRUPTED;
        }
        if deadline.is_some_and(|&deadline| Hosted::now().0 >= deadline) {
            return PUFFS_TIMEDOUT;
        }
        thread::yield_now();
    }
}

unsafe extern "C" fn ph_poll_wake(_: *mut c_void) {
    POKES.fetch_add(1, SeqCst);
}

unsafe extern "C" fn ph_count_add(counter: *mut c_long, delta: c_long) -> c_long {
    // SAFETY: a counter is a long that only this function touches.
    unsafe { AtomicI64::from_ptr(counter) }.fetch_add(delta, SeqCst) + delta
}

unsafe extern "C" fn ph_now() -> u64 {
    Hosted::now().0
}

unsafe extern "C" fn ph_copyin(from: *const c_void, to: *mut c_void, len: usize) -> c_int {
    // SAFETY: the queue's own buffer has `len` bytes.
    let to = unsafe { std::slice::from_raw_parts_mut(to.cast::<u8>(), len) };
    c_int::from(Hosted::copyin(UserAddr(from.addr()), to).is_err())
}

unsafe extern "C" fn ph_copyout(from: *const c_void, to: *mut c_void, len: usize) -> c_int {
    // SAFETY: the queue's own buffer has `len` bytes.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), len) };
    c_int::from(Hosted::copyout(from, UserAddr(to.addr())).is_err())
}

unsafe extern "C" fn ph_thread() -> usize {
    Hosted::current().id
}

unsafe extern "C" fn ph_pid() -> c_int {
    Hosted::current().pid
}

unsafe extern "C" fn ph_fatal() -> c_int {
    c_int::from(FATAL.load(SeqCst))
}

unsafe extern "C" fn ph_log(message: *const c_char, len: usize) {
    // SAFETY: a line is `len` bytes.
    let line = unsafe { std::slice::from_raw_parts(message.cast::<u8>(), len) };
    let line = String::from_utf8(line.to_vec()).unwrap();
    LINES.lock().unwrap().push(line);
}

unsafe extern "C" fn ph_panic(_: *const c_char, _: usize) {
    std::process::abort();
}

fn complete() -> puffs_hooks {
    puffs_hooks {
        ph_size: size_of::<puffs_hooks>(),
        ph_version: PUFFS_HOOKS_VERSION,
        ph_maxerrno: 133,
        ph_errno: [1; Errno::COUNT],
        ph_lock_size: PUFFS_LOCK_SIZE,
        ph_event_size: PUFFS_EVENT_SIZE,
        ph_poll_size: PUFFS_EVENT_SIZE,
        ph_alloc: Some(ph_alloc),
        ph_free: Some(ph_free),
        ph_lock_init: Some(ph_init::<LOCKS>),
        ph_lock_fini: Some(ph_fini::<LOCKS>),
        ph_lock: Some(ph_lock),
        ph_unlock: Some(ph_unlock),
        ph_event_init: Some(ph_init::<EVENTS>),
        ph_event_fini: Some(ph_fini::<EVENTS>),
        ph_event_set: Some(ph_event_set),
        ph_event_wait: Some(ph_event_wait),
        ph_poll_init: Some(ph_init::<POLLS>),
        ph_poll_fini: Some(ph_fini::<POLLS>),
        ph_poll_wake: Some(ph_poll_wake),
        ph_count_add: Some(ph_count_add),
        ph_now: Some(ph_now),
        ph_copyin: Some(ph_copyin),
        ph_copyout: Some(ph_copyout),
        ph_thread: Some(ph_thread),
        ph_pid: Some(ph_pid),
        ph_fatal: Some(ph_fatal),
        ph_log: Some(ph_log),
        ph_panic: Some(ph_panic),
    }
}

/// Changes that make hooks useless.
const SPOILT: &[fn(&mut puffs_hooks)] = &[
    |h| h.ph_size -= 1,
    |h| h.ph_version += 1,
    |h| h.ph_maxerrno = 0,
    |h| h.ph_errno[3] = 0,
    |h| h.ph_lock_size += 1,
    |h| h.ph_event_size += 1,
    |h| h.ph_poll_size += 1,
    |h| h.ph_alloc = None,
    |h| h.ph_free = None,
    |h| h.ph_lock_init = None,
    |h| h.ph_lock_fini = None,
    |h| h.ph_lock = None,
    |h| h.ph_unlock = None,
    |h| h.ph_event_init = None,
    |h| h.ph_event_fini = None,
    |h| h.ph_event_set = None,
    |h| h.ph_event_wait = None,
    |h| h.ph_poll_init = None,
    |h| h.ph_poll_fini = None,
    |h| h.ph_poll_wake = None,
    |h| h.ph_count_add = None,
    |h| h.ph_now = None,
    |h| h.ph_copyin = None,
    |h| h.ph_copyout = None,
    |h| h.ph_thread = None,
    |h| h.ph_pid = None,
    |h| h.ph_fatal = None,
    |h| h.ph_log = None,
    |h| h.ph_panic = None,
];

/// The one attachment of this process, and what must hold before it.
static ATTACHED: LazyLock<()> = LazyLock::new(|| {
    assert!(attached().is_none());
    assert!(hooks::alloc(8, 8).is_null(), "no memory before attach");
    for (at, spoil) in SPOILT.iter().enumerate() {
        let mut spoilt = complete();
        spoil(&mut spoilt);
        assert_eq!(attach(&spoilt), Err(AttachError::Unusable), "change {at}");
    }
    assert!(attached().is_none(), "a refusal installs nothing");
    assert_eq!(attach(&complete()), Ok(()));
    assert_eq!(attach(&complete()), Err(AttachError::Attached));
});

/// Takes a turn over attached hooks; at its end all that was made must be gone.
fn turn(test: impl FnOnce()) {
    let turn = TURN.lock().unwrap_or_else(|broken| broken.into_inner());
    LazyLock::force(&ATTACHED);
    assert!(attached().is_some());
    test();
    let live = LIVE.each_ref().map(|count| count.load(SeqCst));
    assert_eq!(live, [0; 4], "memory, locks, events, poll points");
    drop(turn);
}

fn within(ns: u64) -> Wait {
    Wait {
        deadline: Some(Instant(Hooks::now().0 + ns)),
        interruptible: false,
    }
}

fn arg(req: &mut Req) -> UserAddr {
    UserAddr(req.as_mut_bytes().as_mut_ptr().expose_provenance())
}

#[test]
fn the_queue_runs_over_hooks() {
    turn(|| {
        let mount = Mount::<Hooks>::new(Config::default(), None).unwrap();
        let link = PollLink::<Hooks>::new().unwrap();
        assert!(!link.point.storage().is_null());
        drop(mount.link_poll(1, Some(link)));
        mount.start(&StartReq::default()).unwrap();
        let theirs = mount.clone();
        let server = thread::spawn(move || {
            let mut aux = [0u64; 1];
            loop {
                let mut req = Req {
                    aux: aux.as_mut_ptr().expose_provenance(),
                    auxlen: 8,
                    ..Req::default()
                };
                match theirs.getop(arg(&mut req), Some(&Wait::FOREVER)) {
                    Ok(()) => aux[0] += 1,
                    Err(error) => break assert_eq!(error, Errno::Nxio),
                }
                theirs.putop(arg(&mut req)).unwrap();
            }
        });
        let before = POKES.load(SeqCst);
        for i in 0..20u64 {
            let out = Outgoing {
                class: CLASS_VN,
                ..Outgoing::vn(1, Cookie(0), Buf::copy_of(i.as_bytes(), 8).unwrap())
            };
            let answer = mount.call(out, &within(20_000_000_000)).unwrap();
            assert_eq!(&answer.body[..answer.len], (i + 1).as_bytes());
        }
        assert_eq!(POKES.load(SeqCst) - before, 20, "a poke for each arrival");
        mount.die();
        server.join().unwrap();
    });
}

#[test]
fn waits_end_as_the_hooks_say() {
    turn(|| {
        let mount = Mount::<Hooks>::new(Config::default(), None).unwrap();
        let out = || Outgoing::vn(1, Cookie(0), Buf::empty());
        let ended = mount.call(out(), &within(0)).err();
        assert_eq!(ended, Some(Errno::TimedOut));
        SIGNAL.store(true, SeqCst);
        let patient = Wait {
            interruptible: true,
            ..Wait::FOREVER
        };
        let ended = mount.call(out(), &patient).err();
        SIGNAL.store(false, SeqCst);
        assert_eq!(ended, Some(Errno::Intr));
    });
}

#[test]
fn who_is_being_killed_waits_no_longer() {
    turn(|| {
        let mount = Mount::<Hooks>::new(Config::default(), None).unwrap();
        let out = || Outgoing::vn(1, Cookie(0), Buf::empty());
        assert!(!Hooks::fatal_signal());
        FATAL.store(true, SeqCst);
        assert!(Hooks::fatal_signal());
        // The deadline is for a queue that would sleep on.
        let ended = mount.call(out(), &within(2_000_000_000)).err();
        FATAL.store(false, SeqCst);
        assert_eq!(ended, Some(Errno::Intr));
    });
}

#[test]
fn a_token_is_taken_once() {
    turn(|| {
        let event: Ref<<Hooks as Platform>::Event, Hooks> = Ref::new(Event::new()).unwrap();
        event.init();
        event.set();
        assert_eq!(event.wait(&Wait::FOREVER), Wake::Woken);
        assert_eq!(event.wait(&within(0)), Wake::TimedOut);
    });
}

#[test]
fn what_was_never_made_ready_is_never_ended() {
    turn(|| {
        drop(<Hooks as Platform>::Lock::new(1));
        drop(<Hooks as Platform>::Event::new());
        drop(<Hooks as Platform>::PollPoint::new());
    });
}

#[test]
fn copies_fault_where_the_hooks_do() {
    turn(|| {
        let mut there = *b"there";
        let addr = UserAddr(there.as_mut_ptr().expose_provenance());
        let mut here = [0; 5];
        assert_eq!(Hooks::copyin(addr, &mut here), Ok(()));
        assert_eq!(&here, b"there");
        assert_eq!(Hooks::copyout(b"HERE", addr), Ok(()));
        assert_eq!(&there, b"HEREe");
        assert_eq!(Hooks::copyin(UserAddr(0), &mut here), Err(Errno::Fault));
        assert_eq!(Hooks::copyout(&here, UserAddr(0)), Err(Errno::Fault));
        assert_eq!(Hooks::copyin(UserAddr(0), &mut []), Ok(()), "no bytes");
        assert_eq!(Hooks::copyout(&[], UserAddr(0)), Ok(()));
    });
}

extern "C" fn swallow(_: *const c_char, _: usize) {}

#[test]
fn threads_and_lines_are_the_kernels() {
    turn(|| {
        assert_eq!(Hooks::current(), Hosted::current());
        set_log(Some(swallow));
        Hooks::log("a line for the sink");
        set_log(None);
        Hooks::log("a line");
        assert_eq!(*LINES.lock().unwrap(), ["a line"]);
    });
}
