//! Operations that take their time: left in their middle and gone on with, polled for, hanging, interrupted.
//!
//! The server is waitfs.c beside this file; what is written to its file `go` says what it is to do.

use crate::{
    server::{Place, Server},
    stage::{Build, program, skipped},
    wait::{LONG, Process, until},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{CWD, Mode, OFlags, mkfifoat},
    process::Signal,
};
use std::{
    fs::{self, File},
    io::Write,
    os::unix::{fs::OpenOptionsExt, thread::JoinHandleExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Soon, as far as a loaded machine can tell.
const SOON: Duration = Duration::from_secs(5);

/// waitfs, and the fifo that a hanging operation reads.
struct Waitfs {
    server: Server,
    fifo: PathBuf,
}

impl Waitfs {
    fn new() -> Waitfs {
        Waitfs::built(Command::new(program("tests/fuse/waitfs.c", Build::Plain)))
    }

    fn built(mut command: Command) -> Waitfs {
        let place = Place::new();
        let fifo = place.beside("fifo");
        mkfifoat(CWD, &fifo, Mode::from_raw_mode(0o600)).unwrap();
        command.arg("-p").arg(&fifo);
        Waitfs {
            server: Server::start(command, place),
            fifo,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.server.path(name)
    }

    fn go(&self, command: &str) {
        fs::write(self.path("go"), command).unwrap_or_else(|error| panic!("{command}: {error}"));
    }

    /// A figure of the server's.
    fn figure(&self, name: &str) -> u32 {
        let log = fs::read_to_string(self.path("log")).unwrap();
        let mut words = log.split_whitespace();
        words.find(|word| *word == name).expect("this figure");
        words.next().unwrap().parse().unwrap()
    }

    fn waits(&self, n: u32) -> bool {
        until(LONG, || self.figure("waiting") == n)
    }

    /// Waits until the server hangs in its fifo. What is returned lets it go on.
    fn hangs(&self) -> File {
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let mut options = File::options();
        options.write(true).custom_flags(flags);
        // Without a reader it cannot be opened so.
        let mut fifo = Err(std::io::ErrorKind::NotFound.into());
        until(LONG, || {
            fifo = options.open(&self.fifo);
            fifo.is_ok()
        });
        fifo.expect("a server that hangs")
    }

    fn end(mut self) {
        assert_eq!(self.figure("wrong"), 0);
        self.server.unmount();
    }
}

/// A program that reads a file of the mount.
fn cat(path: &Path) -> Child {
    Command::new("cat")
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn reading(path: PathBuf) -> JoinHandle<std::io::Result<String>> {
    thread::spawn(move || fs::read_to_string(path))
}

fn signal(child: &Child, signal: Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
}

fn text_of(child: Child) -> String {
    assert!(Process::open(child.id()).ended(LONG), "still runs");
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Dies at once.
fn dies(mut child: Child) {
    signal(&child, Signal::KILL);
    assert!(Process::open(child.id()).ended(SOON), "it does not die");
    child.wait().unwrap();
}

#[test]
fn others_are_served_while_one_waits() {
    if skipped() {
        return;
    }
    let fs = Waitfs::new();
    for how in ["continue", "schedule"] {
        let readers: Vec<_> = (0..20).map(|_| reading(fs.path("later"))).collect();
        assert!(fs.waits(20), "{}", fs.figure("waiting"));
        let ready = fs::read_to_string(fs.path("ready")).unwrap();
        assert_eq!(ready, "this is ready\n");
        assert!(readers.iter().all(|reader| !reader.is_finished()));
        fs.go(how);
        for reader in readers {
            assert_eq!(reader.join().unwrap().unwrap(), "this is later\n");
        }
    }
    fs.end();
}

#[test]
fn poll_sleeps_until_there_is_an_event() {
    if skipped() {
        return;
    }
    let fs = Waitfs::new();
    let now = Timespec::default();
    let file = File::open(fs.path("ready")).unwrap();
    let mut fds = [PollFd::new(&file, PollFlags::IN)];
    assert_eq!(poll(&mut fds, Some(&now)), Ok(1), "always ready");
    // The server leaves the events as they are, which Linux adds some to.
    assert_eq!(fds[0].revents(), PollFlags::IN);
    drop(file);

    let events = fs.path("events");
    let (asleep, woken) = mpsc::channel();
    let poller = thread::spawn(move || {
        let file = File::open(events).unwrap();
        let mut fds = [PollFd::new(&file, PollFlags::IN)];
        assert_eq!(poll(&mut fds, Some(&Timespec::default())), Ok(0));
        for _ in 0..3 {
            asleep.send(()).unwrap();
            fds[0].clear_revents();
            let limit = Timespec::try_from(LONG).unwrap();
            let began = Instant::now();
            assert_eq!(poll(&mut fds, Some(&limit)), Ok(1), "no event came");
            // At the limit poll looks once more, and would find what nobody told it.
            assert!(began.elapsed() < LONG / 2, "nobody was woken");
            assert_eq!(fds[0].revents(), PollFlags::IN);
        }
    });
    for _ in 0..3 {
        woken.recv().unwrap();
        assert!(fs.waits(1));
        fs.go("event");
    }
    poller.join().unwrap();
    fs.end();
}

#[test]
fn whoever_waits_can_be_killed() {
    if skipped() {
        return;
    }
    let fs = Waitfs::new();
    for _ in 0..3 {
        let reader = cat(&fs.path("later"));
        assert!(fs.waits(1));
        dies(reader);
        // A handled signal first: the kernel announces no other one after it.
        let reader = Command::new("sh")
            .args([
                "-c",
                "trap : USR1; exec 3<\"$1\"; read line <&3; exit 3",
                "sh",
            ])
            .arg(fs.path("later"))
            .spawn()
            .unwrap();
        assert!(fs.waits(2));
        signal(&reader, Signal::USR1);
        dies(reader);
        fs.go("continue");
        assert_eq!(fs.figure("waiting"), 0);
    }
    fs.end();
}

#[test]
fn what_a_killed_caller_would_have_got_is_taken_back() {
    if skipped() {
        return;
    }
    let fs = Waitfs::new();
    let opener = cat(&fs.path("opening"));
    assert!(fs.waits(1));
    dies(opener);
    fs.go("continue");
    assert_eq!((fs.figure("opens"), fs.figure("closes")), (1, 1));
    fs.end();
}

/// Does nothing, so that a signal interrupts and does not kill.
extern "C" fn handler(_: libc::c_int) {}

fn handle_usr1() {
    // SAFETY: all zeroes is a value of this structure; the handler does nothing. No SA_RESTART.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        assert_eq!(
            libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()),
            0
        );
    }
}

#[test]
fn a_handled_signal_does_not_interrupt_what_waits() {
    if skipped() {
        return;
    }
    handle_usr1();
    let fs = Waitfs::new();
    let reader = reading(fs.path("later"));
    assert!(fs.waits(1));
    for _ in 0..5 {
        // SAFETY: the thread runs until it is joined.
        unsafe { libc::pthread_kill(reader.as_pthread_t(), libc::SIGUSR1) };
        assert_eq!(fs.figure("waiting"), 1);
    }
    fs.go("continue");
    assert_eq!(reader.join().unwrap().unwrap(), "this is later\n");
    fs.end();
}

#[test]
fn a_hanging_server_does_not_keep_the_killed() {
    if skipped() {
        return;
    }
    handle_usr1();
    let fs = Waitfs::new();
    // What the queue holds while the server hangs: one that lives, some that die.
    for (round, name) in ["hang", "latehang", "hang", "latehang"].iter().enumerate() {
        let hanging = cat(&fs.path(name));
        let mut fifo = fs.hangs();
        let survivor = reading(fs.path("ready"));
        let queued: Vec<_> = (0..5)
            .map(|n| cat(&fs.path(&format!("absent{round}{n}"))))
            .collect();
        // A signal that is handled changes nothing for him.
        // SAFETY: the thread runs until it is joined.
        unsafe { libc::pthread_kill(survivor.as_pthread_t(), libc::SIGUSR1) };
        for child in queued {
            dies(child);
        }
        dies(hanging);
        assert!(!survivor.is_finished());
        fifo.write_all(b"x").unwrap();
        assert_eq!(survivor.join().unwrap().unwrap(), "this is ready\n");
    }
    // Somebody who has patience gets his answer.
    let hanging = cat(&fs.path("hang"));
    fs.hangs().write_all(b"x").unwrap();
    assert_eq!(text_of(hanging), "this is hang\n");
    fs.end();
}

#[test]
fn renames_are_one_at_a_time() {
    if skipped() {
        return;
    }
    let fs = Waitfs::new();
    let renames: Vec<_> = ["a", "b"]
        .map(|dir| (fs.path(dir).join("f"), fs.path(dir).join("g")))
        .into_iter()
        .map(|(from, to)| thread::spawn(move || fs::rename(from, to)))
        .collect();
    for left in [1, 0] {
        assert!(fs.waits(1));
        fs.go("continue");
        assert!(until(LONG, || {
            renames
                .iter()
                .filter(|rename| !rename.is_finished())
                .count()
                <= left
        }));
    }
    for rename in renames {
        rename.join().unwrap().unwrap();
    }
    fs.end();
}

#[test]
fn what_is_stale_is_forgotten() {
    if skipped() {
        return;
    }
    let fs = Waitfs::new();
    // Open all the time, so that no other open looks at the file again.
    let file = File::open(fs.path("changes")).unwrap();
    let mut first = [0; 1];
    let mut read = || {
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut first, 0).unwrap();
        first[0]
    };
    assert_eq!(read(), b'0');
    fs.go("change");
    assert_eq!(read(), b'0', "it is cached");
    fs.go("stale-pages");
    assert!(until(SOON, || read() == b'1'), "it is still cached");
    fs.go("stale-wrong");
    drop(file);
    fs.end();
}

#[test]
fn names_are_forgotten_where_the_kernel_can() {
    if skipped() {
        return;
    }
    let fs = Waitfs::new();
    let exists = || fs.path("x").exists();
    assert!(!exists());
    fs.go("change");
    // Cached or not, that it is not there is forgotten now.
    match fs::write(fs.path("go"), "stale-names") {
        Ok(()) => assert!(exists()),
        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EOPNOTSUPP)),
    }
    assert!(
        until(LONG, exists),
        "forgotten after a second at the latest"
    );
    fs.end();
}

#[test]
fn a_node_that_nobody_wants_goes_soon() {
    if skipped() {
        return;
    }
    // Linux can be asked since 6.18; before, the node goes when Linux likes.
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut version = release.split('.').map(|part| part.parse().unwrap_or(0));
    let version: (u32, u32) = (version.next().unwrap_or(0), version.next().unwrap_or(0));
    let fs = Waitfs::new();
    fs::read_to_string(fs.path("unloved")).unwrap();
    if version >= (6, 18) {
        let gone = || fs.figure("unloved") >= 1;
        // A last use may be over only after the kernel was asked, so there may have to be another.
        assert!(until(SOON, || {
            let _ = fs::read_to_string(fs.path("unloved"));
            gone()
        }));
    }
    fs.end();
}

#[test]
fn the_end_does_not_wait_for_those_who_wait() {
    if skipped() {
        return;
    }
    for signal in [Signal::INT, Signal::KILL] {
        let mut fs = Waitfs::new();
        let mut reader = cat(&fs.path("later"));
        assert!(fs.waits(1));
        fs.server.signal(signal);
        assert!(Process::open(reader.id()).ended(SOON));
        reader.wait().unwrap();
        if signal == Signal::INT {
            fs.server.ends_cleanly();
        }
    }
}

#[test]
fn what_is_left_waiting_leaks_nothing() {
    if skipped() {
        return;
    }
    let waitfs = program("tests/fuse/waitfs.c", Build::Plain);
    let mut command = Command::new("valgrind");
    command
        .args(["--quiet", "--leak-check=full", "--error-exitcode=9"])
        .args([
            "--errors-for-leak-kinds=definite,indirect",
            "--fair-sched=yes",
        ])
        .arg(waitfs);
    let mut fs = Waitfs::built(command);
    let readers = [cat(&fs.path("later")), cat(&fs.path("opening"))];
    assert!(fs.waits(2));
    fs.go("continue");
    assert!(fs.waits(0));
    let [one, two] = readers.map(|child| child.wait_with_output().unwrap());
    assert!(one.status.success() && two.status.success());
    let mut reader = cat(&fs.path("later"));
    assert!(fs.waits(1));
    fs.server.signal(Signal::INT);
    assert!(Process::open(reader.id()).ended(LONG));
    reader.wait().unwrap();
    fs.server.ends_cleanly();
}

#[test]
fn what_was_left_by_hand_ends_with_the_main_loop() {
    if skipped() {
        return;
    }
    for build in [Build::Plain, Build::Asan] {
        let mut server = Server::start(
            Command::new(program("tests/fuse/handfs.c", build)),
            Place::new(),
        );
        assert!(fs::metadata(server.mnt()).unwrap().is_dir());
        server.signal(Signal::INT);
        server.ends_cleanly();
        assert_eq!(server.log(), "");
    }
}

#[test]
fn a_server_that_takes_its_time_to_end_keeps_nobody() {
    if skipped() {
        return;
    }
    let mut command = Command::new(program("tests/fuse/waitfs.c", Build::Plain));
    command.arg("-u");
    let mut fs = Waitfs::built(command);
    let mut readers = [cat(&fs.path("later")), cat(&fs.path("opening"))];
    assert!(fs.waits(2));
    // They use the file system, so it is ended by force.
    fs.server.signal(Signal::INT);
    for reader in &mut readers {
        assert!(Process::open(reader.id()).ended(SOON), "it waits");
        assert!(!reader.wait().unwrap().success());
    }
    let server = Process::open(fs.server.pid());
    assert!(!server.ended(Duration::ZERO), "it takes its time");
    // And sleeps meanwhile: whenever it is looked at.
    let mut looks = 0;
    let sleeps = until(LONG, || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", fs.server.pid())).unwrap();
        let state = stat.rsplit(')').next().unwrap().trim_start();
        looks = if state.starts_with('S') { looks + 1 } else { 0 };
        looks == 20
    });
    assert!(sleeps, "it is busy");
    fs.server.kill();
}

#[test]
fn a_stopped_server_does_not_keep_the_killed() {
    if skipped() {
        return;
    }
    let fs = Waitfs::new();
    // Linux makes whoever looks for a name that it does not know wait for the first who does, even if killed.
    fs::read_to_string(fs.path("ready")).unwrap();
    for round in 0..10 {
        // One whose request the server has, one who comes while it is stopped, and many in the middle of something.
        let waiting = cat(&fs.path("later"));
        assert!(fs.waits(1));
        let loops: Vec<_> = (0..4)
            .map(|_| {
                let script = "while read line < \"$1\"; do :; done";
                Command::new("sh")
                    .args(["-c", script, "sh"])
                    .arg(fs.path("ready"))
                    .spawn()
                    .unwrap()
            })
            .collect();
        for _ in 0..round {
            fs::read_to_string(fs.path("ready")).unwrap();
        }
        fs.server.signal(Signal::STOP);
        let late = cat(&fs.path("absent"));
        for child in loops.into_iter().chain([waiting, late]) {
            dies(child);
        }
        fs.server.signal(Signal::CONT);
        fs.go("continue");
        assert!(fs.waits(0));
    }
    fs.end();
}

#[test]
fn nor_does_one_that_was_stopped_outside_of_all_requests() {
    if skipped() {
        return;
    }
    let fs = Waitfs::new();
    // Whoever is killed while it hangs is let go. In between there is nobody to look after, for longer than the library looks.
    let for_a_while = || {
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(200) {
            dies(cat(&fs.path("ready")));
        }
    };
    for _ in 0..2 {
        fs.go("hang");
        let mut fifo = fs.hangs();
        for_a_while();
        // Another name: Linux makes whoever looks for the same one wait, even if killed.
        let late = cat(&fs.path("absent"));
        for_a_while();
        fs.server.signal(Signal::STOP);
        dies(late);
        fs.server.signal(Signal::CONT);
        fifo.write_all(b"x").unwrap();
        assert!(fs.waits(0));
    }
    fs.end();
}

#[test]
fn a_child_that_the_server_left_behind_keeps_nobody() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let fifo = place.beside("input");
    mkfifoat(CWD, &fifo, Mode::from_raw_mode(0o600)).unwrap();
    // The child lives as long as this has its end open.
    let script = "exec \"$1\" -c -p none \"$3\" <\"$2\"";
    let mut command = Command::new("sh");
    command
        .args(["-c", script, "sh"])
        .arg(program("tests/fuse/waitfs.c", Build::Plain))
        .arg(&fifo);
    let input = File::options().read(true).write(true).open(&fifo).unwrap();
    let mut server = Server::start(command, place);
    let reader = cat(&server.path("later"));
    let figure = || fs::read_to_string(server.path("log")).unwrap();
    assert!(until(LONG, || figure().contains("waiting 1")));
    server.kill();
    assert!(Process::open(reader.id()).ended(SOON), "it still waits");
    let read = reader.wait_with_output().unwrap();
    assert!(!read.status.success());
    let next = text_of(cat(&server.path("unseen")));
    assert_eq!(next, "");
    crate::server::umount(server.mnt());
    drop(input);
}
