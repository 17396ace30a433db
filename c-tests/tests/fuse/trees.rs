//! Several processes with random operations on trees: each in a tree of its own gets the same results as on a
//! tmpfs, errors included, and leaves the same tree; all in one tree get no result that cannot be.
//!
//! `SEED=` gives the same operations again, `OPS=` more of them.

use crate::{
    each::{Fs, on_each},
    random::{Budget, say, seed},
    server::{Place, Server, errno},
    snapshot::{Times, same, tree},
    stage::{Build, program, skipped, variant},
    together::{all_succeed, same_lines, tmpfs},
    wait::{LONG, until},
};
use rustix::fs::{StatVfs, statvfs};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const PROCESSES: usize = 4;
const WITHIN: Duration = Duration::from_secs(60);

on_each! {
    each_in_its_own
    all_in_one;
    each_in_its_own_with_requests_that_yield
    all_in_one_with_requests_that_yield
}

/// What has to be left out, as options of the program.
pub(crate) fn left_out(server: &Server) -> Vec<&'static str> {
    let mut options = Vec::new();
    let (file, link) = (server.path("probe"), server.path("probe2"));
    fs::write(&file, "").unwrap();
    let not_there = [libc::EOPNOTSUPP, libc::EPERM, libc::ENOSYS];
    let mut probe = |option, what: &str, result: std::io::Result<()>| match result {
        Ok(()) => fs::remove_file(&link).unwrap(),
        Err(error) => {
            let errno = errno::<()>(Err(error));
            assert!(not_there.contains(&errno), "{what}: errno {errno}");
            say(&format!("trees: without {what}: errno {errno}"));
            options.push(option);
        }
    };
    probe("-L", "hard links", fs::hard_link(&file, &link));
    probe("-S", "symbolic links", symlink("nowhere", &link));
    fs::remove_file(&file).unwrap();
    options
}

pub(crate) fn command(options: &[&str], dir: &Path, seed: u64, steps: u64) -> Command {
    let mut command = Command::new(program("tests/fuse/trees.c", Build::Plain));
    command.args(options).arg(dir);
    command.args([seed.to_string(), steps.to_string()]);
    command
}

/// How much is used: nodes and room.
pub(crate) fn usage(mnt: &Path) -> (u64, u64) {
    let StatVfs {
        f_blocks,
        f_bfree,
        f_files,
        f_ffree,
        ..
    } = statvfs(mnt).unwrap();
    (f_files - f_ffree, f_blocks - f_bfree)
}

/// Waits until all that was made and removed has been forgotten as well.
pub(crate) fn is_as_before(server: &Server, before: (u64, u64)) {
    let back = until(LONG, || usage(server.mnt()) == before);
    assert!(back, "in use: {:?}, before {before:?}", usage(server.mnt()));
}

fn apart(mut server: Server, steps: u64) {
    let seed = seed();
    let before = usage(server.mnt());
    let options = left_out(&server);
    let host = tmpfs();
    let log = |place: &Place, n| place.beside(&format!("log{n}"));
    let start = |place: &Place| -> Vec<(Command, PathBuf)> {
        (0..PROCESSES)
            .map(|n| {
                let dir = place.mnt().join(format!("tree{n}"));
                fs::create_dir(&dir).unwrap();
                let stream = seed + n as u64;
                (command(&options, &dir, stream, steps), log(place, n))
            })
            .collect()
    };
    all_succeed(start(&host), WITHIN);
    all_succeed(start(server.place()), WITHIN);
    for n in 0..PROCESSES {
        let what = format!("SEED={seed}, tree {n}");
        same_lines(&what, &log(server.place(), n), &log(&host, n));
    }
    let trees = |mnt| tree(mnt, Times::Left);
    same(
        &format!("SEED={seed}"),
        &trees(server.mnt()),
        &trees(host.mnt()),
    );
    for n in 0..PROCESSES {
        fs::remove_dir_all(server.path(&format!("tree{n}"))).unwrap();
    }
    is_as_before(&server, before);
    server.unmount();
}

/// memfs asked for everything: there is no page cache.
pub(crate) fn nocache() -> Server {
    let mut command = Command::new(variant("tests/fuse/nocachefs.c", "memfs", Build::Plain));
    command.arg("-s");
    Server::start(command, Place::new())
}

fn each_in_its_own(on: Fs) {
    apart(on.start(), Budget::new(on.amount(40_000, 20_000)).steps());
}

#[test]
fn each_in_its_own_without_page_cache() {
    if skipped() {
        return;
    }
    apart(nocache(), Budget::new(10_000).steps());
}

fn each_in_its_own_with_requests_that_yield(on: Fs) {
    let server = on.variant("tests/fuse/yieldfs.c");
    apart(server, Budget::new(10_000).steps());
}

#[test]
fn each_in_its_own_with_a_slow_server() {
    if skipped() {
        return;
    }
    apart(
        Fs::Memfs.variant("tests/fuse/slowfs.c"),
        Budget::new(600).steps(),
    );
}

/// Names of each file, and whether each block of it came from one write.
fn check_files(dir: &Path, names: &mut BTreeMap<u64, (u64, Vec<PathBuf>)>) {
    let mut inner = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            inner += 1;
            check_files(&path, names);
            continue;
        }
        if meta.is_file() {
            let bytes = fs::read(&path).unwrap();
            assert_eq!(bytes.len() as u64, meta.len(), "{}", path.display());
            for (n, block) in bytes.chunks(512).enumerate() {
                let whole = block.iter().all(|byte| *byte == block[0]);
                assert!(whole, "block {n} of {} is torn", path.display());
            }
        }
        let (_, paths) = names
            .entry(meta.ino())
            .or_insert((meta.nlink(), Vec::new()));
        paths.push(path);
    }
    let links = fs::metadata(dir).unwrap().nlink();
    assert_eq!(links, 2 + inner, "{}", dir.display());
}

fn all_in_one(on: Fs) {
    together(on.start(), Budget::new(on.amount(30_000, 20_000)).steps());
}

fn all_in_one_with_requests_that_yield(on: Fs) {
    let server = on.variant("tests/fuse/yieldfs.c");
    together(server, Budget::new(10_000).steps());
}

fn together(mut server: Server, steps: u64) {
    let seed = seed();
    let before = usage(server.mnt());
    let mut options = left_out(&server);
    options.push("-a");
    let dir = server.path("tree");
    fs::create_dir(&dir).unwrap();
    let commands = (0..PROCESSES).map(|n| {
        let log = server.place().beside(&format!("log{n}"));
        (command(&options, &dir, seed + n as u64, steps), log)
    });
    all_succeed(commands.collect(), WITHIN);

    let mut names = BTreeMap::new();
    check_files(&dir, &mut names);
    for (ino, (links, paths)) in names {
        assert_eq!(links, paths.len() as u64, "SEED={seed}, {ino}: {paths:?}");
    }
    fs::remove_dir_all(&dir).unwrap();
    is_as_before(&server, before);
    server.unmount();
}
