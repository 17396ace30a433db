//! Calls from where they must not come: from another thread than the server's, and from its children. include/README.md says which
//! functions are for whom; here it is the list of what is tried.
//!
//! The server is strangerfs.c beside this file.

use crate::{
    server::{Place, Server},
    stage::{Build, program, skipped},
};
use rustix::process::Signal;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::Read,
    path::Path,
    process::Command,
};

fn start(build: Build, options: &[&str]) -> Server {
    let mut command = Command::new(program("tests/fuse/strangerfs.c", build));
    command.args(options);
    Server::start(command, Place::new())
}

/// Has it do something, which is one read, and returns what it says.
fn done(server: &Server, file: &str) -> String {
    let mut file = File::open(server.path(file)).unwrap();
    let mut room = vec![0; 65536];
    let n = file.read(&mut room).unwrap();
    String::from_utf8_lossy(&room[..n]).into_owned()
}

/// What came of each call, by the function's name.
fn read(server: &Server, file: &str) -> BTreeMap<String, i32> {
    let text = done(server, file);
    let line = |line: &str| {
        let (call, result) = line.rsplit_once(' ').expect("a result");
        let name = call.split('(').next().unwrap();
        (name.to_owned(), result.parse().expect("a number"))
    };
    text.lines().map(line).collect()
}

/// All functions of `<puffs.h>`.
fn functions() -> BTreeSet<String> {
    let header = Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/puffs.h");
    let text = fs::read_to_string(header).unwrap();
    // A declaration begins in the first column, with its type.
    let declared = text.lines().filter_map(|line| {
        let (before, _) = line.split_once('(')?;
        let name = before.rsplit([' ', '*']).next()?;
        let begins =
            line.starts_with(|c: char| c.is_ascii_lowercase()) && !line.starts_with("typedef");
        (begins && before.contains(' ') && name.starts_with("puffs_")).then(|| name.to_owned())
    });
    declared.collect()
}

/// Who may call what, as the table of include/README.md says it: a row's first words, and the functions in it.
fn table() -> Vec<(String, BTreeSet<String>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/README.md");
    let text = fs::read_to_string(page).unwrap();
    let all = functions();
    let begin = text.find("| who | functions |").expect("the table");
    let rows = text[begin..].lines().skip(2);
    rows.take_while(|row| row.starts_with('|'))
        .map(|row| {
            let (who, what) = row[2..].split_once(" | ").expect("two columns");
            let mut named = BTreeSet::new();
            for pattern in what.split('`').skip(1).step_by(2) {
                let before = named.len();
                match pattern.strip_suffix('*') {
                    Some(prefix) => {
                        named.extend(all.iter().filter(|name| name.starts_with(prefix)).cloned());
                    }
                    None => named.extend(all.get(pattern).cloned()),
                }
                assert!(named.len() > before, "{pattern} is nothing new");
            }
            (who.to_owned(), named)
        })
        .collect()
}

#[test]
fn the_table_has_every_function_once() {
    let mut all = functions();
    assert!(all.len() >= 131, "{}", all.len());
    for (who, row) in table() {
        for name in row {
            assert!(all.remove(&name), "{name} twice, as well in: {who}");
        }
    }
    assert_eq!(all, BTreeSet::new(), "for whom?");
}

/// What only the server's thread may call.
fn ours() -> BTreeSet<String> {
    let rows = table().into_iter();
    let ours = rows.filter(|(who, _)| who.starts_with("the server's thread"));
    ours.flat_map(|(_, row)| row).collect()
}

/// Each function of the table was refused, and it was said who called.
fn refused(server: &Server, calls: &BTreeMap<String, i32>, said: &str) {
    // It takes a request by the thread that made it.
    let tried = ours()
        .into_iter()
        .filter(|name| name != "puffs_dispatch_exec");
    assert!(tried.eq(calls.keys().cloned()), "{calls:?}");
    let log = server.log();
    for (name, result) in calls {
        assert!([libc::EPERM, -2].contains(result), "{name}: {result}");
        let because = if name == "puffs_getrootpathobj" {
            "puffs_getroot"
        } else {
            name
        };
        let line = format!("puffs: {because}: {said}\n");
        assert!(log.contains(&line), "{line} is not in {log}");
    }
}

#[test]
fn other_threads_are_refused() {
    if skipped() {
        return;
    }
    for build in [Build::Plain, Build::Asan] {
        let mut server = start(build, &[]);
        let calls = read(&server, "thread");
        refused(
            &server,
            &calls,
            "called by another thread than the server's",
        );
        // All is as before.
        assert_eq!(read(&server, "thread"), calls);
        server.unmount();
    }
}

#[test]
fn children_are_refused() {
    if skipped() {
        return;
    }
    // LeakSanitizer would find in the child what its parent's threads have.
    let mut server = start(Build::Plain, &[]);
    let mut calls = read(&server, "child");
    assert_eq!(calls.remove("puffs_exit"), Some(libc::EPERM));
    refused(
        &server,
        &calls,
        "called in a child that was forked after the mount",
    );
    read(&server, "child");
    server.unmount();
}

#[test]
fn what_any_thread_may_call_it_may() {
    if skipped() {
        return;
    }
    let mut server = start(Build::Asan, &[]);
    let calls = read(&server, "any");
    assert!(
        calls.len() >= 6 && calls.values().all(|result| *result == 0),
        "{calls:?}"
    );
    server.unmount();
    assert_eq!(server.log(), "puffs_exit 0\n");
}

#[test]
fn threads_and_handlers_may_ask_for_the_end() {
    if skipped() {
        return;
    }
    let mut server = start(Build::Plain, &[]);
    // The answer may come too late for the end.
    let _ = fs::read(server.path("exit"));
    server.ends_cleanly();
    let mut server = start(Build::Plain, &[]);
    server.signal(Signal::USR1);
    server.ends_cleanly();
}

#[test]
fn a_child_may_mount_what_its_parent_made() {
    if skipped() {
        return;
    }
    let mut server = start(Build::Asan, &["-f"]);
    let calls = read(&server, "thread");
    refused(
        &server,
        &calls,
        "called by another thread than the server's",
    );
    server.unmount();
}

#[test]
fn a_program_that_is_executed_has_no_descriptor_of_ours() {
    if skipped() {
        return;
    }
    let mut server = start(Build::Plain, &[]);
    // What it was started with it may hand on.
    let listing = Command::new("ls").args(["-l", "/proc/self/fd"]).output();
    let given = numbers(&String::from_utf8_lossy(&listing.unwrap().stdout));
    let open = done(&server, "open");
    assert!(numbers(&open).len() > 3, "{open}");
    assert!(
        numbers(&open).is_subset(&given),
        "{open} and before: {given:?}"
    );
    server.unmount();
}

/// The descriptors in a listing of their directory.
fn numbers(listing: &str) -> BTreeSet<u32> {
    let number = |line: &str| line.split_once(" -> ")?.0.rsplit(' ').next()?.parse().ok();
    listing.lines().filter_map(number).collect()
}
