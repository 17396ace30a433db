//! The hosted platform and the bare-metal one: their events, copies, threads and lines, and the queue over each.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::{Board, Event, Hosted, Platform, Spin, Thread, Wait, Wake, set_log};
use puffs_core::{Buf, Config, Cookie, Errno, Instant, Mount, Outgoing, PollLink, UserAddr};
use zerocopy::IntoBytes;

type Token = <Hosted as Platform>::Event;

/// Longer than anything takes here.
const PATIENCE: u64 = 20_000_000_000;

fn within<P: Platform>(ns: u64) -> Wait {
    Wait {
        deadline: Some(Instant(P::now().0 + ns)),
        interruptible: true,
    }
}

#[test]
fn a_token_waits_for_its_taker() {
    let event = Token::new();
    event.set();
    event.set();
    assert_eq!(event.wait(&Wait::FOREVER), Wake::Woken);
    assert_eq!(
        event.wait(&within::<Hosted>(0)),
        Wake::TimedOut,
        "two sets are one token"
    );
}

#[test]
fn a_set_wakes_the_sleeper() {
    let event = Token::new();
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| event.wait(&Wait::FOREVER));
        event.set();
        assert_eq!(sleeper.join().unwrap(), Wake::Woken);
    });
}

#[test]
fn a_deadline_is_kept() {
    let wait = within::<Hosted>(30_000_000);
    assert_eq!(Token::new().wait(&wait), Wake::TimedOut);
    assert!(Some(Hosted::now()) >= wait.deadline);
}

static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

extern "C" fn keep(message: *const core::ffi::c_char, len: usize) {
    // SAFETY: a line is `len` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(message.cast::<u8>(), len) };
    let line = String::from_utf8(bytes.to_vec()).unwrap();
    LOGGED.lock().unwrap().push(line);
}

#[test]
fn a_sink_takes_the_lines_of_the_log() {
    set_log(Some(keep));
    Hosted::log("kept");
    set_log(None);
    Hosted::log("a line on standard error, as part of a test");
    assert_eq!(*LOGGED.lock().unwrap(), ["kept"]);
}

/// What the test named `child` of this program writes to standard error.
fn stderr_of(child: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let done = std::process::Command::new(program)
        .args(["--exact", child, "--ignored", "--nocapture"])
        .output()
        .unwrap();
    assert!(done.status.success());
    String::from_utf8(done.stderr).unwrap()
}

#[test]
fn without_a_sink_lines_go_to_standard_error() {
    let lines = stderr_of("writes_two_lines_of_which_a_sink_takes_one");
    assert!(lines.contains("puffs: not kept\n"), "{lines}");
    assert!(!lines.contains("puffs: kept"), "{lines}");
}

#[test]
#[ignore = "what another test starts in a process of its own"]
fn writes_two_lines_of_which_a_sink_takes_one() {
    set_log(Some(keep));
    Hosted::log("kept");
    set_log(None);
    Hosted::log("not kept");
}

static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn handler(_: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn a_signal_ends_an_interruptible_wait_only() {
    // SAFETY: a zeroed sigaction with a handler and no SA_RESTART is complete.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        assert_eq!(
            libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()),
            0
        );
    }
    for interruptible in [true, false] {
        let event = Token::new();
        let wait = Wait {
            interruptible,
            ..within::<Hosted>(PATIENCE)
        };
        thread::scope(|scope| {
            let (tell, told) = std::sync::mpsc::channel();
            let event = &event;
            let sleeper = scope.spawn(move || {
                // SAFETY: asks for the thread's own name.
                tell.send(unsafe { libc::pthread_self() }).unwrap();
                event.wait(&wait)
            });
            let name = told.recv().unwrap();
            HANDLED.store(0, Ordering::SeqCst);
            // One may come before it sleeps, and of a hundred not all do.
            while !sleeper.is_finished() && (interruptible || HANDLED.load(Ordering::SeqCst) < 100)
            {
                // SAFETY: the thread is not joined yet.
                unsafe { libc::pthread_kill(name, libc::SIGUSR1) };
                thread::yield_now();
            }
            if !interruptible {
                event.set();
            }
            let expected = match interruptible {
                true => Wake::Interrupted,
                false => Wake::Woken,
            };
            assert_eq!(sleeper.join().unwrap(), expected);
        });
    }
}

/// A machine whose threads are processors.
struct Machine;

static CONSOLE: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Board for Machine {
    fn now() -> u64 {
        Hosted::now().0
    }

    fn current() -> Thread {
        Thread { id: 7, pid: 8 }
    }

    fn log(message: &str) {
        CONSOLE.lock().unwrap().push(message.into());
    }

    fn errno(error: Errno) -> i32 {
        Hosted::errno(error)
    }
}

/// A hundred callers, one after the other, and a server until death.
fn a_hundred_answers<P: Platform>() {
    let mount = Mount::<P>::new(Config::default(), None).unwrap();
    drop(mount.link_poll(1, Some(PollLink::new().unwrap())));
    mount.start(&StartReq::default()).unwrap();
    let server = thread::spawn({
        let mount = mount.clone();
        move || {
            let mut served = 0;
            let mut aux = [0u64; 2];
            loop {
                let mut req = Req {
                    aux: aux.as_mut_ptr().expose_provenance(),
                    auxlen: 16,
                    ..Req::default()
                };
                let arg = UserAddr(req.as_mut_bytes().as_mut_ptr().expose_provenance());
                match mount.getop(arg, Some(&within::<P>(PATIENCE))) {
                    Ok(()) => {}
                    Err(error) => break assert_eq!((error, served), (Errno::Nxio, 100)),
                }
                aux[0] += 1;
                mount.putop(arg).unwrap();
                served += 1;
            }
        }
    });
    for i in 0..100u64 {
        let body = Buf::copy_of(i.as_bytes(), 8).unwrap();
        let out = Outgoing {
            class: CLASS_VN,
            ..Outgoing::vn(1, Cookie(0), body)
        };
        let answer = mount.call(out, &within::<P>(PATIENCE)).unwrap();
        assert_eq!(&answer.body[..answer.len], (i + 1).as_bytes());
    }
    mount.die();
    server.join().unwrap();
    let out = Outgoing::vn(1, Cookie(0), Buf::empty());
    assert_eq!(mount.call(out, &Wait::FOREVER).err(), Some(Errno::Nxio));
}

#[test]
fn the_queue_runs_on_bare_metal() {
    a_hundred_answers::<Spin<Machine>>();
}

#[test]
fn the_queue_runs_in_a_process() {
    a_hundred_answers::<Hosted>();
}

#[test]
fn an_event_of_bare_metal_is_a_token_with_a_deadline() {
    let event = <Spin<Machine> as Platform>::Event::new();
    event.set();
    event.set();
    assert_eq!(event.wait(&Wait::FOREVER), Wake::Woken);
    let wait = within::<Hosted>(1_000_000);
    assert_eq!(event.wait(&wait), Wake::TimedOut, "two sets are one token");
    assert!(Some(Spin::<Machine>::now()) >= wait.deadline);
}

#[test]
fn null_is_no_memory_and_nothing_fits_anywhere() {
    fn check<P: Platform>() {
        let mut there = *b"there";
        let addr = UserAddr(there.as_mut_ptr().expose_provenance());
        assert_eq!(P::copyin(UserAddr(0), &mut [0]), Err(Errno::Fault));
        assert_eq!(P::copyout(&[0], UserAddr(0)), Err(Errno::Fault));
        assert_eq!(P::copyin(UserAddr(0), &mut []), Ok(()));
        assert_eq!(P::copyout(&[], UserAddr(0)), Ok(()));
        let mut here = [0; 5];
        assert_eq!(P::copyin(addr, &mut here), Ok(()));
        assert_eq!(&here, b"there");
        assert_eq!(P::copyout(b"HERE", addr), Ok(()));
        assert_eq!(&there, b"HEREe");
        assert!(P::alloc(usize::MAX).is_null());
        assert!(P::alloc(usize::MAX / 4).is_null());
        assert!(!P::fatal_signal());
    }
    check::<Hosted>();
    check::<Spin<Machine>>();
}

#[test]
fn threads_are_told_apart() {
    let here = Hosted::current();
    assert_eq!(here, Hosted::current());
    assert_eq!(here.pid as u32, std::process::id());
    thread::scope(|scope| {
        let there = scope.spawn(Hosted::current).join().unwrap();
        assert_ne!(there.id, here.id);
        assert_eq!(there.pid, here.pid);
    });
    assert_eq!(Spin::<Machine>::current(), Thread { id: 7, pid: 8 });
}

#[test]
fn bare_metal_writes_to_the_console_of_its_board() {
    Spin::<Machine>::log("a line");
    assert_eq!(*CONSOLE.lock().unwrap(), ["a line"]);
}

#[test]
fn errors_have_the_numbers_of_the_system() {
    let numbers = [
        (Errno::Perm, libc::EPERM),
        (Errno::NoEnt, libc::ENOENT),
        (Errno::Intr, libc::EINTR),
        (Errno::Nxio, libc::ENXIO),
        (Errno::TooBig, libc::E2BIG),
        (Errno::WouldBlock, libc::EWOULDBLOCK),
        (Errno::NoMem, libc::ENOMEM),
        (Errno::Fault, libc::EFAULT),
        (Errno::Busy, libc::EBUSY),
        (Errno::Exist, libc::EEXIST),
        (Errno::NoDev, libc::ENODEV),
        (Errno::Inval, libc::EINVAL),
        (Errno::Deadlk, libc::EDEADLK),
        (Errno::Proto, libc::EPROTO),
        (Errno::NotSupp, libc::EOPNOTSUPP),
        (Errno::TimedOut, libc::ETIMEDOUT),
        (Errno::Canceled, libc::ECANCELED),
        (Errno::RoFs, libc::EROFS),
        (Errno::Woken, libc::EINTR),
    ];
    assert_eq!(numbers.len(), Errno::COUNT);
    for (at, (error, number)) in numbers.into_iter().enumerate() {
        assert_eq!((Hosted::errno(error), error.index()), (number, at));
        assert_eq!(Spin::<Machine>::errno(error), number);
    }
}
