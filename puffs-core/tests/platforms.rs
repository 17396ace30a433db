//! The hosted platform's events, and the queue over bare metal's spinning ones.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::{Board, Event, Hosted, Platform, Spin, Thread, Wait, Wake, set_log};
use puffs_core::{Buf, Config, Cookie, Errno, Instant, Mount, Outgoing, UserAddr};
use zerocopy::IntoBytes;

type Token = <Hosted as Platform>::Event;

fn within(ns: u64) -> Wait {
    Wait {
        deadline: Some(Instant(Hosted::now().0 + ns)),
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
        event.wait(&within(0)),
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
    let wait = within(30_000_000);
    assert_eq!(Token::new().wait(&wait), Wake::TimedOut);
    assert!(Some(Hosted::now()) >= wait.deadline);
}

static LOGGED: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

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

static HANDLED: AtomicBool = AtomicBool::new(false);

extern "C" fn handler(_: libc::c_int) {
    HANDLED.store(true, Ordering::SeqCst);
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
            ..within(20_000_000_000)
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
            HANDLED.store(false, Ordering::SeqCst);
            while interruptible && !sleeper.is_finished() || !HANDLED.load(Ordering::SeqCst) {
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

impl Board for Machine {
    fn now() -> u64 {
        Hosted::now().0
    }

    fn current() -> Thread {
        Hosted::current()
    }

    fn log(_: &str) {}

    fn errno(error: Errno) -> i32 {
        Hosted::errno(error)
    }
}

#[test]
fn the_queue_runs_on_bare_metal() {
    let mount = Mount::<Spin<Machine>>::new(Config::default(), None).unwrap();
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
                match mount.getop(arg, Some(&Wait::FOREVER)) {
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
        let answer = mount.call(out, &Wait::FOREVER).unwrap();
        assert_eq!(&answer.body[..answer.len], (i + 1).as_bytes());
    }
    let soon = Wait {
        deadline: Some(Instant(Machine::now())),
        interruptible: false,
    };
    mount.die();
    server.join().unwrap();
    let out = Outgoing::vn(1, Cookie(0), Buf::empty());
    assert_eq!(mount.call(out, &soon).err(), Some(Errno::Nxio));
}
