//! A server that nobody asks anything does nothing at all.

use crate::{
    each::{Fs, on_each},
    wait::{LONG, until},
};
use std::{collections::BTreeMap, fs, thread, time::Duration};

on_each! {
    idle_uses_no_cpu
}

/// Processor time and context switches of every thread.
fn activity(pid: u32) -> BTreeMap<String, (String, Vec<String>)> {
    let mut threads = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten() {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let times = fields
            .split(' ')
            .skip(11)
            .take(2)
            .collect::<Vec<_>>()
            .join("+");
        let status = fs::read_to_string(task.path().join("status")).unwrap();
        let switches = status
            .lines()
            .filter(|line| line.contains("ctxt_switches"))
            .map(Into::into)
            .collect();
        threads.insert(
            task.file_name().to_string_lossy().into_owned(),
            (times, switches),
        );
    }
    threads
}

fn idle_uses_no_cpu(on: Fs) {
    let mut server = on.start();
    let pid = server.pid();
    let rest = || {
        // What came last (closes, forgets) has been dealt with once nothing moves any more.
        let mut before = activity(pid);
        let calm = until(LONG, || {
            thread::sleep(Duration::from_millis(200));
            let now = activity(pid);
            now == std::mem::replace(&mut before, now.clone())
        });
        assert!(calm, "never at rest: {before:?}");
        before
    };

    for round in ["just mounted", "after work"] {
        // Whoever looks over all mounts asks this one as well. A server that does something by itself
        // does it in every window.
        let calm = (0..3).any(|_| {
            let before = rest();
            assert!(!before.is_empty());
            thread::sleep(Duration::from_secs(2));
            activity(pid) == before
        });
        assert!(calm, "{round}: {:?}", activity(pid));

        // The measure itself works: a request shows.
        let before = rest();
        fs::write(server.path("file"), vec![1; 100_000]).unwrap();
        fs::read(server.path("file")).unwrap();
        assert_ne!(activity(pid), before);
    }
    server.unmount();
}
