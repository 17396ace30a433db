//! Names are looked up and forgotten again and again, as caches fill and are dropped, while files are in use. The
//! server's memory does not grow by it.
//!
//! `OPS=` and `DURATION=` (seconds) make it longer.

use crate::{
    each::{Fs, on_each},
    random::{Budget, duration, say},
    server::Server,
    trees::{is_as_before, usage},
};
use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, MetadataExt},
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// So many show whether nodes are forgotten at all.
const COUNTED: u64 = 4;
/// After so many all that is kept for later has been allocated.
const WARM: u64 = 10;
const FILES: usize = 2000;
const IN_USE: usize = 20;
/// Less than one byte for each lookup.
const ALLOWED: u64 = 64 << 10;

on_each! {
    memory_does_not_grow
}

/// The memory that the server has of its own, in bytes.
fn memory(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = rollup
        .lines()
        .find(|line| line.starts_with("Private_Dirty:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.expect("its private memory") << 10
}

/// The kernel forgets every name and node that is not in use. False: we may not ask for it.
fn drop_caches() -> bool {
    fs::write("/proc/sys/vm/drop_caches", "2").is_ok()
}

/// How often the server says that an operation ran.
fn count(log: &str, op: &str) -> u64 {
    let line = log
        .lines()
        .find(|line| line.split_whitespace().next() == Some(op));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    number.expect("its count")
}

/// Files that are open all the time, and are what they were.
fn use_files(server: &Server, over: &AtomicBool) {
    let path = |n| server.path(&format!("used{n}"));
    let files: Vec<File> = (0..IN_USE)
        .map(|n| {
            fs::write(path(n), n.to_string().repeat(5000)).unwrap();
            File::options()
                .read(true)
                .write(true)
                .open(path(n))
                .unwrap()
        })
        .collect();
    let inodes: Vec<u64> = files
        .iter()
        .map(|file| file.metadata().unwrap().ino())
        .collect();
    while !over.load(Ordering::Relaxed) {
        for (n, file) in files.iter().enumerate() {
            assert_eq!(fs::metadata(path(n)).unwrap().ino(), inodes[n]);
            let text = n.to_string().repeat(5000);
            file.write_all_at(&text.as_bytes()[100..], 100).unwrap();
            assert!(fs::read(path(n)).unwrap() == text.as_bytes());
        }
    }
    drop(files);
    (0..IN_USE).for_each(|n| fs::remove_file(path(n)).unwrap());
}

fn memory_does_not_grow(on: Fs) {
    if !drop_caches() {
        return say("SKIPPED: /proc/sys/vm/drop_caches cannot be written");
    }
    let budget = Budget::new(on.amount(40, 14));
    let mut server = on.lasting(duration().unwrap_or_default());
    work(&mut server, |round| budget.over(round));

    // It was really asked to forget. The table of times grows for some while, so that is another run.
    let mut command = on.command();
    command.env("PUFFS_STATS", "1");
    let mut server = on.serve(command, Duration::ZERO);
    work(&mut server, |round| round == COUNTED);
    let reclaims = count(&server.log(), "reclaim");
    assert!(
        reclaims > COUNTED * FILES as u64 / 2,
        "{reclaims} in {COUNTED} rounds"
    );
}

/// Rounds of looking up and forgetting until it is over, and the end of the server.
fn work(server: &mut Server, over: impl Fn(u64) -> bool) {
    let before = usage(server.mnt());
    let names: Vec<PathBuf> = (0..FILES)
        .map(|n| server.path(&format!("dir{}/file{n}", n % 20)))
        .collect();
    for n in 0..20 {
        fs::create_dir(server.path(&format!("dir{n}"))).unwrap();
    }
    for name in &names {
        File::create_new(name).unwrap();
    }
    let done = AtomicBool::new(false);
    let mut round = 0;
    thread::scope(|scope| {
        let user = scope.spawn(|| use_files(server, &done));
        let mut warm = 0;
        while !over(round) && !user.is_finished() {
            for name in &names {
                assert!(fs::metadata(name).unwrap().is_file());
            }
            // Nodes go away with their names, too.
            for (n, name) in names
                .iter()
                .enumerate()
                .skip(round as usize % 10)
                .step_by(10)
            {
                match n % 20 < 10 {
                    true => fs::remove_file(name).unwrap(),
                    false => fs::rename(name, server.path("moved")).unwrap(),
                }
                File::create_new(name).unwrap();
            }
            assert!(drop_caches());
            round += 1;
            if round == WARM {
                warm = memory(server.pid());
            }
        }
        done.store(true, Ordering::Relaxed);
        user.join().expect("the files are as they were");
        let grown = memory(server.pid()).saturating_sub(warm);
        assert!(
            round <= WARM || grown <= ALLOWED,
            "{grown} bytes more than before"
        );
    });
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
