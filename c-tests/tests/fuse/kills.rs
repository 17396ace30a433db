//! kill -9 of the server at random moments, while programs are in the middle of every kind of operation: each gets
//! an error, none is stuck, and the mount goes.
//!
//! `SEED=` gives the same moments again, `OPS=` and `DURATION=` (seconds) more of them.

use crate::{
    each::{Fs, on_each},
    random::{Budget, seed, stream},
    server::{Server, running, umount},
    stage::{Build, program},
    together::Running,
    wait::LONG,
};
use rustix::process::Signal;
use std::{
    os::unix::process::ExitStatusExt,
    process::Command,
    thread,
    time::{Duration, Instant},
};

const KINDS: [&str; 11] = [
    "read", "write", "fault", "dirty", "list", "create", "rename", "stat", "sync", "truncate",
    "mkdir",
];

on_each! {
    every_caller_gets_an_error
}

/// One that is ready to go.
pub(crate) fn caller(server: &Server, kind: &str) -> Running {
    let mut command = Command::new(program("tests/fuse/callers.c", Build::Plain));
    command.arg(kind).arg(server.mnt());
    Running::start(&mut command, server.place().beside(kind))
}

fn every_caller_gets_an_error(on: Fs) {
    let seed = seed();
    let mut random = stream(seed, 0);
    let budget = Budget::new(on.amount(50, 15));
    let mut round = 0;
    while !budget.over(round) {
        let moment = Duration::from_micros(random.u64(..60_000));
        let what = format!("SEED={seed}, round {round}, killed after {moment:?}");
        round += 1;

        // Every now and then several requests have been begun.
        let mut server = match round % 3 {
            0 if on != Fs::RustMemfs => on.variant("tests/fuse/yieldfs.c"),
            _ => on.start(),
        };
        let mut callers = KINDS.map(|kind| caller(&server, kind));
        for caller in &callers {
            caller.prints("ready");
        }
        for caller in &callers {
            caller.signal(Signal::USR1);
        }
        thread::sleep(moment); // The random moment itself; the callers go on for ever.
        server.kill();

        // Nothing here ends by a clock: whoever waits for the dead server does so for ever, and anybody else is only as slow
        // as the machine is.
        let end = Instant::now() + LONG;
        for (caller, kind) in callers.iter_mut().zip(KINDS) {
            let ended = caller.ended(end.saturating_duration_since(Instant::now()));
            assert!(
                ended,
                "{what}: {kind} still runs, in state {}",
                caller.state()
            );
            let status = caller.status(LONG);
            let fault =
                ["fault", "dirty"].contains(&kind) && status.signal() == Some(Signal::BUS.as_raw());
            assert!(
                status.success() || fault,
                "{what}: {kind}: {status} {}",
                caller.printed()
            );
        }
        umount(server.mnt());
        assert_eq!(running(server.mnt()), Vec::<u32>::new(), "{what}");
    }
}
