//! The example remotefs, whose files are in another process: remoted, with a wire in between that keeps back answers and can be cut.

use crate::{
    server::{Place, Server, errno, finish},
    stage::{Build, program, skipped},
    wait::{LONG, Process, mounted, until},
    wire::{FORGET, READ, Wire},
};
use rustix::process::Signal;
use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

/// remotefs, the wire, and remoted.
struct Remote {
    server: Server,
    wire: Wire,
    remoted: Child,
}

fn remotefs(build: Build) -> Command {
    Command::new(program("../examples/remotefs.c", build))
}

/// remoted, once it listens.
fn remoted(socket: &Path, build: Build) -> Child {
    let child = Command::new(program("../examples/remoted.c", build))
        .arg(socket)
        .stdin(Stdio::null())
        .spawn()
        .expect("remoted starts");
    assert!(until(LONG, || socket.exists()), "remoted does not listen");
    child
}

impl Remote {
    fn new(build: Build) -> Remote {
        let place = Place::new();
        let (socket, middle) = (place.beside("remoted"), place.beside("wire"));
        let remoted = remoted(&socket, build);
        let wire = Wire::new(&middle, &socket);
        let mut command = remotefs(build);
        command.arg("-s").arg(&middle);
        Remote {
            server: Server::start(command, place),
            wire,
            remoted,
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.server.path(name)
    }

    /// Unmounts, and everything ends well.
    fn end(mut self) {
        self.server.unmount();
        self.stop();
        assert_eq!(self.server.log(), "", "remotefs had nothing to say");
    }

    fn stop(&mut self) {
        self.remoted.kill().expect("kill");
        self.remoted.wait().expect("wait");
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.remoted.kill();
        let _ = self.remoted.wait();
    }
}

/// Files and directories as with any file system.
fn work(remote: &Remote) {
    let path = |name: &str| remote.path(name);
    let long: Vec<u8> = (0..1_000_000_u32).map(|n| (n / 7) as u8).collect();
    fs::create_dir_all(path("a/b")).unwrap();
    fs::write(path("a/long"), &long).unwrap();
    fs::write(path("a/b/empty"), "").unwrap();
    assert_eq!(fs::read(path("a/long")).unwrap(), long);
    for n in 0..300 {
        fs::write(path(&format!("a/b/file {n}")), format!("{n}")).unwrap();
    }
    assert_eq!(fs::read_dir(path("a/b")).unwrap().count(), 301);
    assert_eq!(fs::read_to_string(path("a/b/file 123")).unwrap(), "123");
    let file = File::options().write(true).open(path("a/long")).unwrap();
    file.set_len(10).unwrap();
    file.write_all_at(b"end", 100).unwrap();
    drop(file);
    let mut wanted = long[..10].to_vec();
    wanted.resize(100, 0);
    wanted.extend(b"end");
    assert_eq!(fs::read(path("a/long")).unwrap(), wanted);
    assert_eq!(fs::metadata(path("a/long")).unwrap().size(), 103);
    assert_eq!(errno(fs::remove_dir(path("a"))), libc::ENOTEMPTY);
    assert_eq!(errno(fs::create_dir(path("a"))), libc::EEXIST);
    assert_eq!(errno(fs::read(path("none"))), libc::ENOENT);
    let name = "n".repeat(256);
    assert_eq!(errno(fs::write(path(&name), "")), libc::ENAMETOOLONG);
    // What is open stays though its name goes.
    let file = File::open(path("a/b/file 7")).unwrap();
    fs::remove_dir_all(path("a/b")).unwrap();
    let mut byte = [0];
    assert_eq!(file.read_at(&mut byte, 0).unwrap(), 1);
    assert_eq!(&byte, b"7");
    drop(file);
    assert_eq!(fs::read_dir(path("a")).unwrap().count(), 1);
}

#[test]
fn it_is_a_file_system() {
    if skipped() {
        return;
    }
    let remote = Remote::new(Build::Plain);
    work(&remote);
    // Nobody waits for these, but they come: for each removed file, and what the kernel lets go of.
    assert!(until(LONG, || remote.wire.count(FORGET) >= 301));
    remote.end();
}

#[test]
fn it_has_no_errors_and_no_leaks() {
    if skipped() {
        return;
    }
    let remote = Remote::new(Build::Asan);
    work(&remote);
    remote.end();
}

#[test]
fn what_it_forgets_is_there_again_for_the_next_one() {
    if skipped() {
        return;
    }
    let mut first = Remote::new(Build::Plain);
    fs::write(first.path("kept"), "text").unwrap();
    first.server.unmount();
    // The same remoted, without a wire.
    let place = Place::new();
    let mut command = remotefs(Build::Plain);
    command
        .arg("-s")
        .arg(first.server.place().beside("remoted"));
    let mut second = Server::start(command, place);
    assert_eq!(fs::read_to_string(second.path("kept")).unwrap(), "text");
    second.unmount();
}

#[test]
fn requests_are_under_way_together_and_answered_in_any_order() {
    if skipped() {
        return;
    }
    const MANY: usize = 5;
    let remote = Remote::new(Build::Plain);
    let files: Vec<_> = (0..MANY)
        .map(|n| remote.path(&format!("file{n}")))
        .collect();
    for (n, file) in files.iter().enumerate() {
        fs::write(file, format!("this is {n}")).unwrap();
    }
    // So that it asks again.
    let open: Vec<_> = files.iter().map(|file| File::open(file).unwrap()).collect();
    let drop_caches = |file: &File| {
        rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed).expect("fadvise");
    };
    open.iter().for_each(drop_caches);
    remote.wire.keep_back(READ, MANY);
    let readers: Vec<_> = open
        .into_iter()
        .map(|file| {
            thread::spawn(move || {
                let mut bytes = [0; 20];
                let n = file.read_at(&mut bytes, 0).unwrap();
                String::from_utf8(bytes[..n].to_vec()).unwrap()
            })
        })
        .collect();
    // As many answers as there are readers, and none of them has got one: they come the last one first then.
    assert!(until(LONG, || remote.wire.turned_round() == MANY));
    for (n, reader) in readers.into_iter().enumerate() {
        assert_eq!(reader.join().unwrap(), format!("this is {n}"));
    }
    // While one is not answered, others are.
    remote.wire.keep_back(READ, 2);
    let file = File::open(&files[0]).unwrap();
    drop_caches(&file);
    let reader = thread::spawn(move || file.read_at(&mut [0; 20], 0).unwrap());
    assert!(until(LONG, || remote.wire.kept_back() == 1));
    for n in 0..100 {
        fs::write(remote.path(&format!("other{n}")), "x").unwrap();
    }
    assert!(!reader.is_finished());
    remote.wire.let_go();
    assert_eq!(reader.join().unwrap(), 9);
    remote.end();
}

#[test]
fn many_programs_at_once_get_what_they_wrote() {
    if skipped() {
        return;
    }
    let remote = Remote::new(Build::Plain);
    let writers: Vec<_> = (0..8_u8)
        .map(|n| {
            let path = remote.path(&format!("file{n}"));
            thread::spawn(move || {
                for round in 0..5_u8 {
                    let data: Vec<u8> = (0..700_000_u32)
                        .map(|at| (at / 1000) as u8 ^ n << 4 ^ round)
                        .collect();
                    fs::write(&path, &data).unwrap();
                    assert!(fs::read(&path).unwrap() == data, "{n}, {round}");
                    fs::remove_file(&path).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    remote.end();
}

#[test]
fn it_ends_with_remoted() {
    if skipped() {
        return;
    }
    let mut remote = Remote::new(Build::Plain);
    fs::write(remote.path("file"), "text").unwrap();
    // Nothing is under way, and nobody asks for anything.
    remote.stop();
    remote.server.ends_cleanly();
}

#[test]
fn whoever_waits_when_the_connection_ends_gets_an_error() {
    if skipped() {
        return;
    }
    for build in [Build::Plain, Build::Asan] {
        let mut remote = Remote::new(build);
        fs::write(remote.path("file"), "text").unwrap();
        let file = File::open(remote.path("file")).unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).expect("fadvise");
        remote.wire.keep_back(READ, 9);
        let reader = thread::spawn(move || errno(file.read_at(&mut [0; 20], 0)));
        assert!(until(LONG, || remote.wire.kept_back() == 1));
        remote.wire.cut();
        let error = reader.join().unwrap();
        let wanted = [
            libc::ECONNRESET,
            libc::ENOTCONN,
            libc::ECONNABORTED,
            libc::EIO,
        ];
        assert!(wanted.contains(&error), "errno {error}");
        remote.server.ends_cleanly();
    }
}

#[test]
fn it_can_be_ended_while_somebody_waits() {
    if skipped() {
        return;
    }
    for build in [Build::Plain, Build::Asan] {
        let mut remote = Remote::new(build);
        fs::write(remote.path("file"), "text").unwrap();
        let file = File::open(remote.path("file")).unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).expect("fadvise");
        remote.wire.keep_back(READ, 9);
        let reader = thread::spawn(move || errno(file.read_at(&mut [0; 20], 0)));
        assert!(until(LONG, || remote.wire.kept_back() == 1));
        remote.server.signal(Signal::INT);
        reader.join().unwrap();
        remote.server.ends_cleanly();
    }
}

#[test]
fn without_remoted_it_says_so() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let mut command = remotefs(Build::Plain);
    command.arg(place.beside("none")).arg(place.mnt());
    let output = finish(command.env("LC_ALL", "C"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("No such file or directory"), "{stderr}");
    assert!(!mounted(place.mnt()));
}

#[test]
fn it_goes_into_the_background_with_its_connection() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let socket = place.beside("remoted");
    let mut remoted = remoted(&socket, Build::Plain);
    let mut command = remotefs(Build::Plain);
    let output = finish(command.arg(&socket).arg(place.mnt()));
    assert!(output.status.success());
    assert!(mounted(place.mnt()));
    fs::write(place.mnt().join("file"), "text").unwrap();
    let pids = crate::server::running(place.mnt());
    assert_eq!(pids.len(), 1);
    let process = Process::open(pids[0]);
    remoted.kill().unwrap();
    remoted.wait().unwrap();
    assert!(process.ended(LONG));
    assert!(!mounted(place.mnt()));
}
