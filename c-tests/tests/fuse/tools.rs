//! Several processes that build, pack, copy, search and compare at once: what they print and what they leave is the
//! same as on a tmpfs.

use crate::{
    each::{Fs, on_each},
    server::Place,
    snapshot::{Times, same, tree},
    together::{all_succeed, same_lines, tmpfs},
    trees::left_out,
};
use std::{path::PathBuf, process::Command, time::Duration};

const PROCESSES: usize = 8;
const WITHIN: Duration = Duration::from_secs(90);

on_each! {
    do_the_same_as_on_tmpfs
}

fn do_the_same_as_on_tmpfs(on: Fs) {
    let mut server = on.start();
    let host = tmpfs();
    let options = left_out(&server);
    let log = |place: &Place, n| place.beside(&format!("log{n}"));
    let start = |place: &Place| -> Vec<(Command, PathBuf)> {
        (0..PROCESSES)
            .map(|n| {
                let mut command = Command::new("sh");
                command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuse/tools.sh"));
                command.arg(place.mnt()).arg(n.to_string()).args(&options);
                (command, log(place, n))
            })
            .collect()
    };
    all_succeed(start(&host), WITHIN);
    all_succeed(start(server.place()), WITHIN);
    for n in 0..PROCESSES {
        same_lines(
            &format!("process {n}"),
            &log(server.place(), n),
            &log(&host, n),
        );
    }
    same(
        "all of it",
        &tree(server.mnt(), Times::Left),
        &tree(host.mnt(), Times::Left),
    );
    // What was given times of its own has them.
    for kept in ["src", "copy/empty", "posix/src"] {
        for n in 0..PROCESSES {
            let dir =
                |place: &Place| tree(&place.mnt().join(format!("{n}/{kept}")), Times::Compared);
            same(kept, &dir(server.place()), &dir(&host));
        }
    }
    server.unmount();
}
