//! Random operations on files, each with a model in memory: every byte that is read must be the model's.
//!
//! `SEED=` gives the same operations again, `OPS=` and `DURATION=` (seconds) more of them.

use crate::{
    each::{Fs, on_each},
    file_choice::Can,
    file_ops::Subject,
    random::{Budget, duration, say, seed},
    server::{Place, Server},
    stage::{Build, skipped, variant as variant_of},
};
use rustix::{
    fs::{FallocateFlags, fallocate},
    io::Errno,
    mm::{MapFlags, ProtFlags, mmap, munmap},
};
use std::{fs::File, path::Path, process::Command, ptr::null_mut, thread, time::Duration};

/// Files that are worked on at the same time.
const FILES: usize = 4;

on_each! {
    equals_its_model
}

/// A million operations take their time on a busy machine.
fn longer() -> Duration {
    Duration::from_secs(180) + duration().unwrap_or_default()
}

fn works(path: &Path, flags: FallocateFlags, what: &str) -> bool {
    let file = File::create(path).unwrap();
    match fallocate(&file, flags, 0, 8192) {
        Ok(()) => true,
        Err(Errno::OPNOTSUPP) => {
            say(&format!("one_file: without {what}: EOPNOTSUPP"));
            false
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

/// Whether a file can be mapped and shared.
fn maps(path: &Path) -> bool {
    std::fs::write(path, "x").unwrap();
    let file = File::options().read(true).write(true).open(path).unwrap();
    // SAFETY: a new mapping at a place of the kernel's choice, which nobody uses before it is gone.
    let mapped = unsafe {
        let len = 4096;
        mmap(
            null_mut(),
            len,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::SHARED,
            &file,
            0,
        )
        .and_then(|at| munmap(at, len))
    };
    match mapped {
        Ok(()) => true,
        Err(Errno::NODEV) => false,
        Err(error) => panic!("mmap: {error}"),
    }
}

fn exercise(server: &mut Server, mapped: bool, ops: u64) {
    let seed = seed();
    let probe = server.path("probe");
    let can = Can {
        reserve: works(&probe, FallocateFlags::empty(), "fallocate"),
        punch: works(
            &probe,
            FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE,
            "holes by fallocate",
        ),
        map: maps(&probe),
    };
    assert_eq!(can.map, mapped);
    std::fs::remove_file(&probe).unwrap();

    let budget = Budget::new(ops).share(FILES);
    let results: Vec<Result<(), String>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..FILES)
            .map(|number| {
                let path = server.path(&format!("file{number}"));
                scope.spawn(move || Subject::new(path, seed, number, can).run(budget))
            })
            .collect();
        let ended = workers.into_iter().map(|worker| worker.join());
        ended.map(|result| result.expect("no panic")).collect()
    });
    for (number, result) in results.into_iter().enumerate() {
        if let Err(report) = result {
            panic!("SEED={seed}, file {number} of {FILES}: {report}");
        }
    }
    server.unmount();
}

fn equals_its_model(on: Fs) {
    let mut server = on.lasting(longer());
    exercise(&mut server, true, on.amount(1_000_000, 100_000));
}

fn variant(source: &'static str, mapped: bool, ops: u64) {
    let mut command = Command::new(variant_of(source, "memfs", Build::Plain));
    command.args(["-s", "-o", "size=1g"]);
    let mut server = Server::start_lasting(command, Place::new(), longer());
    exercise(&mut server, mapped, ops);
}

#[test]
fn equals_its_model_without_page_cache() {
    if skipped() {
        return;
    }
    variant("tests/fuse/nocachefs.c", false, 200_000);
}

#[test]
fn equals_its_model_with_requests_that_yield() {
    if skipped() {
        return;
    }
    variant("tests/fuse/yieldfs.c", true, 100_000);
}

#[test]
fn equals_its_model_with_reads_in_pieces() {
    if skipped() {
        return;
    }
    variant("tests/fuse/piecesfs.c", true, 50_000);
}
