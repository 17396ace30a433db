//! SIGSTOP of the server, then SIGKILL of its callers. Whoever waits for a request that the server has not read
//! dies at once. The kernel waits for the rest whatever happens: for requests that the server has read, for pages
//! that have to be written, and for the first close on a mount. Those die as soon as the server goes on.

use crate::{
    each::{Fs, on_each},
    kills::caller,
    server::Server,
    stage::skipped,
    together::{Running, state},
    trees::{is_as_before, usage},
    wait::{LONG, until},
};
use rustix::process::Signal;
use std::{fs, os::unix::process::ExitStatusExt, time::Duration};

/// Kinds of callers that wait for one request at a time.
const KINDS: [&str; 10] = [
    "read", "write", "fault", "list", "create", "rename", "stat", "sync", "truncate", "mkdir",
];

on_each! {
    callers_die_whose_requests_nobody_has_read
    callers_die_who_write_back_once_the_server_goes_on
    the_first_close_ends_once_the_server_goes_on;
    callers_die_whose_request_was_read_once_the_server_goes_on
}

fn stop(server: &Server) {
    server.signal(Signal::STOP);
    assert!(until(LONG, || state(server.pid()) == 'T'));
}

fn ready(server: &Server, kind: &str) -> Running {
    let caller = caller(server, kind);
    caller.prints("ready");
    caller
}

/// Lets a caller go until it sleeps, which it does only in the kernel, for an answer.
fn goes(caller: &Running) {
    caller.signal(Signal::USR1);
    caller.prints("go");
    assert!(until(LONG, || ['S', 'D'].contains(&caller.state())));
}

/// Kills one that may have to wait for the server.
fn is_killed(caller: &Running) {
    caller.signal(Signal::KILL);
    let sure = || caller.state() == 'D' || caller.ended(Duration::ZERO);
    assert!(until(LONG, sure), "in state {}", caller.state());
}

#[track_caller]
fn dies(caller: &mut Running) {
    assert_eq!(caller.status(LONG).signal(), Some(Signal::KILL.as_raw()));
}

/// Nothing is lost and nothing is left.
fn works(server: &mut Server, before: (u64, u64)) {
    fs::write(server.path("file"), vec![7; 100_000]).unwrap();
    assert_eq!(fs::read(server.path("file")).unwrap(), vec![7; 100_000]);
    for entry in fs::read_dir(server.mnt()).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }
    }
    is_as_before(server, before);
    server.unmount();
}

/// The command lines of a process's children.
fn children(pid: u32) -> Vec<String> {
    let mut lines = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let children = fs::read_to_string(task.unwrap().path().join("children")).unwrap();
        for child in children.split_whitespace() {
            lines.push(fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap());
        }
    }
    lines
}

#[test]
fn the_process_beside_the_server_is_not_found_by_the_words_of_its_call() {
    if skipped() {
        return;
    }
    let mut server = Fs::Memfs.start();
    let named = || {
        let lines = children(server.pid());
        let mut names = lines.iter().map(|line| line.trim_end_matches('\0'));
        names.any(|name| name == "puffs-keeper")
    };
    assert!(until(LONG, named), "{:?}", children(server.pid()));
    let words = fs::read_to_string(format!("/proc/{}/cmdline", server.pid())).unwrap();
    assert!(
        words.ends_with(&format!("{}\0", server.mnt().display())),
        "{words}"
    );
    server.unmount();
}

fn callers_die_whose_requests_nobody_has_read(on: Fs) {
    let mut server = on.start();
    let before = usage(server.mnt());
    // The first close on a mount is another matter.
    fs::write(server.path("file"), "x").unwrap();
    let mut callers = KINDS.map(|kind| ready(&server, kind));
    // This one waits for nothing, but it has a file open, which its end closes.
    let mut idle = ready(&server, "sleep");
    stop(&server);
    for caller in &callers {
        goes(caller);
    }
    for (caller, kind) in callers.iter().zip(KINDS) {
        assert!(
            !caller.ended(Duration::ZERO),
            "{kind}: {}",
            caller.printed()
        );
        caller.signal(Signal::KILL);
    }
    for caller in &mut callers {
        dies(caller);
    }
    idle.signal(Signal::KILL);
    dies(&mut idle);
    assert_eq!(state(server.pid()), 'T');
    server.signal(Signal::CONT);
    works(&mut server, before);
}

fn callers_die_whose_request_was_read_once_the_server_goes_on(on: Fs) {
    let mut server = on.variant("tests/fuse/stopfs.c");
    let before = usage(server.mnt());
    // Not every server has something to do for sync.
    let kinds = KINDS.into_iter().filter(|kind| *kind != "sync");
    for (round, kind) in kinds.enumerate() {
        let mut caller = ready(&server, kind);
        server.signal(Signal::USR1);
        let armed = || server.log().matches("armed").count() == round + 1;
        assert!(until(LONG, armed), "{}", server.log());
        goes(&caller);
        assert!(until(LONG, || state(server.pid()) == 'T'), "{kind}");
        is_killed(&caller);
        server.signal(Signal::CONT);
        dies(&mut caller);
    }
    works(&mut server, before);
}

fn callers_die_who_write_back_once_the_server_goes_on(on: Fs) {
    let mut server = on.start();
    let before = usage(server.mnt());
    fs::write(server.path("file"), "x").unwrap();
    let mut caller = ready(&server, "dirty");
    stop(&server);
    goes(&caller);
    is_killed(&caller);
    server.signal(Signal::CONT);
    dies(&mut caller);
    works(&mut server, before);
}

fn the_first_close_ends_once_the_server_goes_on(on: Fs) {
    let mut server = on.start();
    let before = usage(server.mnt());
    let mut caller = ready(&server, "sleep");
    stop(&server);
    is_killed(&caller);
    server.signal(Signal::CONT);
    dies(&mut caller);
    works(&mut server, before);
}
