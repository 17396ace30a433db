//! What concerns a whole process: going into the background, and signals that unmount.
//!
//! Each test runs this program again with one scenario, so that forks and signals hit nothing else.

use std::cell::Cell;
use std::ffi::CString;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use core::ffi::c_int;

use puffs_core::errno::Errno;
use puffs_core::msg::wire;
use puffs_user::c::name::puffs_cn;
use puffs_user::c::ops::puffs_ops;
use puffs_user::c::puffs_cookie_t;
use puffs_user::c::statvfs::puffs_statvfs;
use puffs_user::cred::Cred;
use puffs_user::host::{Host, MountArgs, MountError, Server, Session, Stale, Transport, Turn};
use puffs_user::newinfo::Newinfo;
use puffs_user::usermount::{Usermount, unmount_on_signal};

const SCENARIO: &str = "PUFFS_TEST_SCENARIO";
const REPORT: &str = "PUFFS_TEST_REPORT";

/// The tests; a scenario needs the first thread, so the usual harness cannot run them. Arguments are ignored.
const TESTS: [fn(); 12] = [
    the_parent_ends_well_when_the_mount_is_made,
    the_child_keeps_what_it_is_told_to_keep,
    the_parent_says_why_there_is_no_mount,
    the_parent_notices_when_the_child_dies,
    a_child_survives_its_parent,
    a_signal_unmounts,
    a_signal_before_the_loop_counts,
    a_signal_of_the_past_does_not,
    a_signal_to_another_thread_wakes_the_loop,
    what_was_to_happen_happens_too,
    other_signals_start_a_turn,
    what_cannot_be_caught_is_refused,
];

fn main() {
    if let Ok(name) = std::env::var(SCENARIO) {
        return scenario(&name);
    }
    for test in TESTS {
        test();
    }
    println!("process: {} tests passed", TESTS.len());
}

/// Runs a scenario in a process of its own.
fn run(name: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .env(SCENARIO, name)
        .env(REPORT, report_path(name))
        .output()
        .unwrap()
}

fn report_path(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("puffs-test-{}-{name}", std::process::id()))
}

/// What the scenario's background process reported, once.
fn report(name: &str) -> String {
    let path = report_path(name);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    text
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn the_parent_ends_well_when_the_mount_is_made() {
    let output = run("daemon");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(report("daemon"), "/ /dev/null /dev/null /dev/null leader");
}

fn the_child_keeps_what_it_is_told_to_keep() {
    let output = run("daemon-keep");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = report("daemon-keep");
    let here = std::env::current_dir().unwrap();
    assert!(report.starts_with(here.to_str().unwrap()), "{report}");
    assert!(
        report.ends_with(" leader") && report.contains("pipe:"),
        "{report}"
    );
}

fn the_parent_says_why_there_is_no_mount() {
    let output = run("daemon-refused");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Device or resource busy"));
    let output = run("daemon-cancelled");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Connection refused"));
}

fn the_parent_notices_when_the_child_dies() {
    let output = run("daemon-dies");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("before it was mounted"));
}

fn a_child_survives_its_parent() {
    let output = run("daemon-orphan");
    // The child killed it.
    assert_eq!(output.status.signal(), Some(libc::SIGKILL));
    // `run` has waited for the child too, which kept the output. It reports after the mount, that is after it
    // has told nobody.
    assert_eq!(report("daemon-orphan"), "mounted");
}

fn a_signal_unmounts() {
    let output = run("signal");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

fn a_signal_before_the_loop_counts() {
    let output = run("signal-early");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

fn a_signal_of_the_past_does_not() {
    let output = run("signal-past");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

fn a_signal_to_another_thread_wakes_the_loop() {
    let output = run("signal-thread");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

fn what_was_to_happen_happens_too() {
    let output = run("signal-chain");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = run("signal-default");
    assert_eq!(output.status.signal(), Some(libc::SIGTERM));
}

fn other_signals_start_a_turn() {
    let output = run("signal-other");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

fn what_cannot_be_caught_is_refused() {
    for signal in [-1, 0, 65, 1000, libc::SIGKILL, libc::SIGSTOP] {
        assert_eq!(unmount_on_signal(signal, true), Err(libc::EINVAL));
    }
}

/// The other side of [`run`].
fn scenario(name: &str) {
    // A test that is stopped leaves no process behind; children of a fork do not inherit this.
    // SAFETY: takes numbers.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    match name {
        "daemon" => {
            let pu = server();
            pu.daemon(false, false).unwrap();
            send_report(&surroundings());
            mount(&pu, &FakeHost::default()).unwrap();
        }
        "daemon-keep" => {
            let pu = server();
            pu.daemon(true, true).unwrap();
            send_report(&surroundings());
            mount(&pu, &FakeHost::default()).unwrap();
        }
        "daemon-refused" => {
            let pu = server();
            pu.daemon(false, false).unwrap();
            let host = FakeHost {
                refuse: true,
                ..FakeHost::default()
            };
            assert_eq!(mount(&pu, &host), Err(libc::EBUSY));
        }
        "daemon-cancelled" => {
            let pu = server();
            pu.daemon(false, false).unwrap();
            pu.cancel(libc::ECONNREFUSED);
        }
        "daemon-dies" => server().daemon(false, false).unwrap(),
        "daemon-orphan" => {
            let pu = server();
            // SAFETY: questions, and a signal to the parent, which waits.
            unsafe {
                let parent = libc::getpid();
                // As C programs have it.
                libc::signal(libc::SIGPIPE, libc::SIG_DFL);
                pu.daemon(false, true).unwrap();
                libc::kill(parent, libc::SIGKILL);
                while libc::getppid() == parent {
                    std::thread::yield_now();
                }
            }
            mount(&pu, &FakeHost::default()).unwrap();
            send_report("mounted");
        }
        "signal" => {
            unmount_on_signal(libc::SIGTERM, true).unwrap();
            serve_until_unmounted(|turn| {
                if turn == 2 {
                    raise(libc::SIGTERM);
                }
            });
        }
        "signal-early" => {
            unmount_on_signal(libc::SIGTERM, true).unwrap();
            let pu = server();
            raise(libc::SIGTERM);
            let host = FakeHost::default();
            mount(&pu, &host).unwrap();
            pu.mainloop().unwrap();
        }
        "signal-past" => {
            unmount_on_signal(libc::SIGTERM, true).unwrap();
            raise(libc::SIGTERM);
            let turns = serve_until_unmounted(|turn| {
                if turn == 3 {
                    raise(libc::SIGTERM);
                }
            });
            assert!(turns >= 3);
        }
        "signal-thread" => {
            unmount_on_signal(libc::SIGTERM, true).unwrap();
            serve_until_unmounted(|turn| {
                if turn == 4 {
                    // The first turn that waits, and no signal ends it.
                    // SAFETY: the new thread sends the signal to itself.
                    std::thread::spawn(|| unsafe { libc::raise(libc::SIGTERM) });
                }
            });
        }
        "signal-chain" => {
            catch(libc::SIGTERM);
            unmount_on_signal(libc::SIGTERM, false).unwrap();
            // Twice is as good as once.
            unmount_on_signal(libc::SIGTERM, false).unwrap();
            serve_until_unmounted(|turn| {
                if turn == 2 {
                    raise(libc::SIGTERM);
                }
            });
            assert_eq!(CAUGHT.load(Ordering::SeqCst), 1);
        }
        "signal-default" => {
            unmount_on_signal(libc::SIGTERM, false).unwrap();
            raise(libc::SIGTERM);
            loop {
                // SAFETY: the signal takes its course on whichever thread it comes to.
                unsafe { libc::pause() };
            }
        }
        "signal-other" => {
            // Nothing but the alarm ends the wait of the fourth turn, the first that waits.
            catch(libc::SIGALRM);
            unmount_on_signal(libc::SIGTERM, true).unwrap();
            serve_until_unmounted(|turn| match turn {
                4 => alarm(),
                5 => {
                    assert_ne!(CAUGHT.load(Ordering::SeqCst), 0);
                    raise(libc::SIGTERM);
                }
                _ => {}
            });
        }
        name => panic!("no scenario {name}"),
    }
}

/// Working directory, the three standard descriptors, and whether the process leads its session.
fn surroundings() -> String {
    let link = |name: &str| {
        let path = std::fs::read_link(format!("/proc/self/{name}")).unwrap();
        path.to_string_lossy().into_owned()
    };
    // SAFETY: questions.
    let leads = unsafe { libc::getsid(0) == libc::getpid() };
    let leads = if leads { "leader" } else { "no leader" };
    format!(
        "{} {} {} {} {leads}",
        link("cwd"),
        link("fd/0"),
        link("fd/1"),
        link("fd/2")
    )
}

/// Writes the report so that it is there as a whole or not at all.
fn send_report(text: &str) {
    let path = std::env::var_os(REPORT).unwrap();
    let mut part = path.clone();
    part.push(".part");
    std::fs::write(&part, text).unwrap();
    std::fs::rename(part, path).unwrap();
}

fn raise(signal: c_int) {
    // SAFETY: to this process.
    unsafe { libc::kill(libc::getpid(), signal) };
}

/// From now on, again and again: a signal, sooner or later while the loop waits.
fn alarm() {
    // SAFETY: plain numbers.
    unsafe {
        let mut when: libc::itimerval = std::mem::zeroed();
        when.it_value.tv_usec = 5_000;
        when.it_interval.tv_usec = 5_000;
        let set = libc::syscall(
            libc::SYS_setitimer,
            libc::ITIMER_REAL,
            &raw const when,
            ptr::null_mut::<libc::itimerval>(),
        );
        assert_eq!(set, 0);
    }
}

static CAUGHT: AtomicU32 = AtomicU32::new(0);

fn catch(signal: c_int) {
    extern "C" fn caught(_: c_int) {
        CAUGHT.fetch_add(1, Ordering::SeqCst);
    }
    // SAFETY: the handler touches an atomic only.
    unsafe { libc::signal(signal, caught as *const () as libc::sighandler_t) };
}

/// Runs a main loop that calls `f` with the number of each turn, until something unmounts it; how many turns it was.
fn serve_until_unmounted(f: fn(u32)) -> u32 {
    thread_local! {
        static TURN: Cell<u32> = const { Cell::new(0) };
        static CALL: Cell<Option<fn(u32)>> = const { Cell::new(None) };
    }
    unsafe extern "C" fn turn(_: *mut Usermount) {
        TURN.set(TURN.get() + 1);
        CALL.get().unwrap()(TURN.get());
    }
    CALL.set(Some(f));
    let pu = server();
    pu.settings().loop_fn.set(Some(turn));
    // The second turn must come by itself.
    mount(
        &pu,
        &FakeHost {
            more: 2,
            ..FakeHost::default()
        },
    )
    .unwrap();
    pu.mainloop().unwrap();
    TURN.get()
}

fn mount(pu: &Usermount, host: &FakeHost) -> Result<(), i32> {
    pu.mount(host, &CString::new("/").unwrap(), 0, ptr::null_mut())
}

/// A host whose session does nothing but to be unmounted.
#[derive(Default)]
struct FakeHost {
    refuse: bool,
    /// Turns that say that there is more.
    more: u32,
}

struct FakeSession {
    ready: OwnedFd,
    more: Cell<u32>,
    unmounted: Cell<bool>,
}

impl Host for FakeHost {
    fn mount(&self, _: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        if self.refuse {
            return Err(MountError::System("mount", libc::EBUSY));
        }
        // SAFETY: a new descriptor that nobody else knows.
        let ready = unsafe { OwnedFd::from_raw_fd(libc::eventfd(0, libc::EFD_NONBLOCK)) };
        Ok(Box::new(FakeSession {
            ready,
            more: Cell::new(self.more),
            unmounted: Cell::new(false),
        }))
    }
}

// SAFETY: tasks do nothing, and nothing is fetched.
unsafe impl Session for FakeSession {
    fn fd(&self) -> RawFd {
        self.ready.as_raw_fd()
    }

    fn transport(&self) -> &dyn Transport {
        self
    }

    fn turn(&self, _: &dyn Server) -> Result<Turn, i32> {
        if self.unmounted.get() {
            return Ok(Turn::Gone);
        }
        let more = self.more.get();
        self.more.set(more.saturating_sub(1));
        Ok(if more > 0 { Turn::More } else { Turn::Idle })
    }

    fn busy(&self) {}

    fn idle(&self) -> bool {
        false
    }

    fn task(&self, _: usize, _: &dyn Server) {}

    fn forget_stale(&self, _: Stale) -> Result<(), i32> {
        Ok(())
    }

    fn unmount(&self) {
        assert!(!self.unmounted.replace(true), "one signal, one unmount");
        let one = 1_u64;
        // SAFETY: eight bytes.
        unsafe { libc::write(self.fd(), (&raw const one).cast(), 8) };
    }
}

impl Transport for FakeSession {
    fn getop(&self, _: &mut wire::Req) -> Result<(), Errno> {
        Err(Errno::WouldBlock)
    }

    fn putop(&self, _: &mut wire::Req) -> Result<(), Errno> {
        Err(Errno::Inval)
    }
}

fn server() -> Box<Usermount> {
    unsafe extern "C" fn unmount(_: *mut Usermount, _: c_int) -> c_int {
        0
    }
    unsafe extern "C" fn statvfs(_: *mut Usermount, _: *mut puffs_statvfs) -> c_int {
        0
    }
    unsafe extern "C" fn sync(_: *mut Usermount, _: c_int, _: *const Cred) -> c_int {
        0
    }
    unsafe extern "C" fn lookup(
        _: *mut Usermount,
        _: puffs_cookie_t,
        _: *mut Newinfo,
        _: *const puffs_cn,
    ) -> c_int {
        libc::ENOENT
    }
    let ops = puffs_ops {
        puffs_fs_unmount: Some(unmount),
        puffs_fs_statvfs: Some(statvfs),
        puffs_fs_sync: Some(sync),
        puffs_node_lookup: Some(lookup),
        ..puffs_ops::NONE
    };
    Usermount::new(&ops, None, None, ptr::null_mut(), 0).unwrap()
}
