//! The example queuefs, whose readers and writers wait.

use crate::{
    server::{Place, Server, errno, finish},
    stage::{Build, program, skipped},
    wait::{LONG, Process, mounted, until},
};
use rustix::process::Signal;
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
};

/// Messages that a queue holds.
const MESSAGES: usize = 16;

/// queuefs with a queue.
struct Queue(Server);

impl Queue {
    fn new(build: Build) -> Queue {
        let mut command = Command::new(program("../examples/queuefs.c", build));
        command.arg("-s");
        let server = Server::start(command, Place::new());
        File::create(server.path("queue")).unwrap();
        Queue(server)
    }

    fn path(&self) -> PathBuf {
        self.0.path("queue")
    }

    /// Messages, readers and writers.
    fn status(&self) -> (usize, usize, usize) {
        let status = fs::read_to_string(self.0.path("status")).unwrap();
        let mut numbers = status
            .split_whitespace()
            .filter_map(|word| word.parse().ok());
        let mut next = || numbers.next().unwrap_or_else(|| panic!("{status}"));
        (next(), next(), next())
    }

    #[track_caller]
    fn becomes(&self, status: (usize, usize, usize)) {
        let same = until(LONG, || self.status() == status);
        assert!(same, "{:?}, not {status:?}", self.status());
    }

    fn send(&self, message: &str) -> io::Result<()> {
        let mut file = File::options().write(true).open(self.path())?;
        file.write_all(message.as_bytes())
    }

    fn receive(&self) -> io::Result<String> {
        receive(&mut File::open(self.path())?)
    }

    /// Reads one message, in a thread.
    fn reader(&self) -> JoinHandle<io::Result<String>> {
        let path = self.path();
        thread::spawn(move || receive(&mut File::open(path)?))
    }

    fn writer(&self, message: String) -> JoinHandle<io::Result<()>> {
        let path = self.path();
        let write = move || {
            File::options()
                .write(true)
                .open(path)?
                .write_all(message.as_bytes())
        };
        thread::spawn(write)
    }

    /// Reads messages, in a process.
    fn cat(&self) -> Child {
        Command::new("cat")
            .arg(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Unmounts, and everything ends well.
    fn end(mut self) {
        self.0.unmount();
        assert_eq!(self.0.log(), "", "queuefs had nothing to say");
    }
}

fn receive(file: &mut File) -> io::Result<String> {
    let mut bytes = [0; 1000];
    let n = file.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..n]).into_owned())
}

/// Dies though it waits. Nobody has asked yet what became of it when this returns; that is done when what is returned is dropped.
fn kill(mut child: Child) -> impl Drop {
    struct Dead(Child);
    impl Drop for Dead {
        fn drop(&mut self) {
            let _ = self.0.wait();
        }
    }
    child.kill().unwrap();
    assert!(Process::open(child.id()).ended(LONG), "it does not die");
    Dead(child)
}

#[test]
fn messages_are_passed_on_whole() {
    if skipped() {
        return;
    }
    let queue = Queue::new(Build::Asan);
    for message in ["one", "two", "three"] {
        queue.send(message).unwrap();
    }
    assert_eq!(queue.status(), (3, 0, 0));
    assert_eq!(fs::metadata(queue.path()).unwrap().len(), 11);
    let mut file = File::open(queue.path()).unwrap();
    assert_eq!(errno(file.read(&mut [0; 2])), libc::EMSGSIZE);
    for message in ["one", "two", "three"] {
        assert_eq!(receive(&mut file).unwrap(), message);
    }
    assert_eq!(errno(queue.send(&"x".repeat(65537))), libc::EMSGSIZE);
    let mut impatient = File::options()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(queue.path())
        .unwrap();
    assert_eq!(errno(receive(&mut impatient)), libc::EAGAIN);
    for _ in 0..MESSAGES {
        impatient.write_all(b"x").unwrap();
    }
    assert_eq!(errno(impatient.write(b"x")), libc::EAGAIN);
    drop((file, impatient));
    // What is still in it goes with it.
    queue.end();
}

#[test]
fn names_are_made_and_removed() {
    if skipped() {
        return;
    }
    let queue = Queue::new(Build::Asan);
    let names = || {
        let entries = fs::read_dir(queue.0.mnt()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["queue", "status"]);
    for n in 0..300 {
        File::create(queue.0.path(&format!("queue{n}"))).unwrap();
    }
    assert_eq!(names().len(), 302);
    for n in 0..300 {
        fs::remove_file(queue.0.path(&format!("queue{n}"))).unwrap();
    }
    assert_eq!(names(), ["queue", "status"]);
    assert_eq!(errno(fs::remove_file(queue.0.path("status"))), libc::EPERM);
    assert_eq!(errno(fs::read(queue.0.path("none"))), libc::ENOENT);
    queue.end();
}

#[test]
fn who_waits_is_served_in_the_order_of_arrival() {
    if skipped() {
        return;
    }
    const MANY: usize = 40;
    let queue = Queue::new(Build::Asan);
    let readers: Vec<_> = (0..MANY)
        .map(|n| {
            let reader = queue.reader();
            queue.becomes((0, n + 1, 0));
            reader
        })
        .collect();
    for n in 0..MANY {
        queue.send(&n.to_string()).unwrap();
    }
    for (n, reader) in readers.into_iter().enumerate() {
        assert_eq!(reader.join().unwrap().unwrap(), n.to_string());
    }
    // Linux lets one at a time write to a file, so this is all that waits here.
    for n in 0..MESSAGES {
        queue.send(&n.to_string()).unwrap();
    }
    let writer = queue.writer("late".into());
    queue.becomes((MESSAGES, 0, 1));
    for n in 0..MESSAGES {
        assert_eq!(queue.receive().unwrap(), n.to_string());
    }
    writer.join().unwrap().unwrap();
    assert_eq!(queue.receive().unwrap(), "late");
    assert_eq!(queue.status(), (0, 0, 0));
    queue.end();
}

#[test]
fn many_at_both_ends_lose_nothing() {
    if skipped() {
        return;
    }
    const EACH: usize = 200;
    let queue = Queue::new(Build::Plain);
    let ends: Vec<_> = (0..8)
        .map(|n| {
            let path = queue.path();
            let writer = thread::spawn(move || {
                let mut file = File::options().write(true).open(path).unwrap();
                for m in 0..EACH {
                    file.write_all(format!("{}", n * EACH + m).as_bytes())
                        .unwrap();
                }
            });
            let path = queue.path();
            let reader = thread::spawn(move || {
                let mut file = File::open(path).unwrap();
                let message = |_| receive(&mut file).unwrap().parse::<usize>().unwrap();
                (0..EACH).map(message).collect::<Vec<_>>()
            });
            (writer, reader)
        })
        .collect();
    let mut all = Vec::new();
    for (writer, reader) in ends {
        writer.join().unwrap();
        let got = reader.join().unwrap();
        // Those of one writer come in the order in which it wrote them, whoever gets them.
        let own = |of: usize| got.iter().filter(move |m| **m / EACH == of);
        assert!((0..8).all(|of| own(of).is_sorted()));
        all.extend(got);
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(0..8 * EACH));
    queue.end();
}

#[test]
fn nothing_is_given_to_the_dead() {
    if skipped() {
        return;
    }
    let queue = Queue::new(Build::Asan);
    for reaped in [false, true] {
        let first = queue.cat();
        queue.becomes((0, 1, 0));
        let second = queue.reader();
        queue.becomes((0, 2, 0));
        let third = queue.cat();
        queue.becomes((0, 3, 0));
        let dead = [kill(first), kill(third)];
        if reaped {
            drop(dead);
        }
        queue.send("one").unwrap();
        queue.send("two").unwrap();
        assert_eq!(second.join().unwrap().unwrap(), "one");
        queue.becomes((1, 0, 0));
        assert_eq!(queue.receive().unwrap(), "two");
    }
    queue.end();
}

#[test]
fn what_the_dead_would_have_written_is_not_there() {
    if skipped() {
        return;
    }
    let queue = Queue::new(Build::Asan);
    for n in 0..MESSAGES {
        queue.send(&n.to_string()).unwrap();
    }
    let mut dead = Vec::new();
    for n in 1..4 {
        let dying = Command::new("sh")
            .args(["-c", "exec printf %s dying >\"$1\"", "sh"])
            .arg(queue.path())
            .spawn()
            .unwrap();
        queue.becomes((MESSAGES, 0, n));
        dead.push(kill(dying));
    }
    let living = queue.writer("living".into());
    queue.becomes((MESSAGES, 0, 4));
    for n in 0..MESSAGES {
        assert_eq!(queue.receive().unwrap(), n.to_string());
    }
    living.join().unwrap().unwrap();
    assert_eq!(queue.receive().unwrap(), "living");
    assert_eq!(queue.status(), (0, 0, 0));
    queue.end();
}

#[test]
fn a_queue_that_is_removed_ends_all_waiting() {
    if skipped() {
        return;
    }
    let queue = Queue::new(Build::Asan);
    let readers: Vec<_> = (0..10).map(|_| queue.reader()).collect();
    queue.becomes((0, 10, 0));
    let killed = queue.cat();
    queue.becomes((0, 11, 0));
    let _dead = kill(killed);
    let mut open = File::open(queue.path()).unwrap();
    fs::remove_file(queue.path()).unwrap();
    for reader in readers {
        assert_eq!(errno(reader.join().unwrap()), libc::EIDRM);
    }
    assert_eq!(errno(receive(&mut open)), libc::EIDRM);
    drop(open);
    // One of the same name is another one.
    File::create(queue.path()).unwrap();
    queue.send("new").unwrap();
    assert_eq!(queue.receive().unwrap(), "new");
    queue.end();
}

#[test]
fn the_end_does_not_wait_for_those_who_wait() {
    if skipped() {
        return;
    }
    for (build, signal) in [
        (Build::Plain, Signal::INT),
        (Build::Asan, Signal::INT),
        (Build::Plain, Signal::KILL),
    ] {
        let mut queue = Queue::new(build);
        let readers: Vec<_> = (0..10).map(|_| queue.reader()).collect();
        queue.becomes((0, 10, 0));
        let dead = queue.cat();
        queue.becomes((0, 11, 0));
        let _dead = kill(dead);
        queue.0.signal(signal);
        for reader in readers {
            errno(reader.join().unwrap());
        }
        if signal == Signal::INT {
            queue.0.ends_cleanly();
        }
    }
}

#[test]
fn called_wrongly_it_says_so() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let mut command = Command::new(program("../examples/queuefs.c", Build::Plain));
    let output = finish(command.args([place.mnt(), place.mnt()]));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("usage: queuefs [-s] directory"), "{stderr}");
    assert!(!mounted(place.mnt()));
}
