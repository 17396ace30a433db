//! kill -9 of the server in the middle of a copy: the copying program gets an error, the mount
//! can be taken away, and nobody is stuck.

use crate::{
    each::{Fs, on_each},
    server::{errno, umount},
    wait::{LONG, Process, until},
};
use std::{
    fs::{self, File},
    io::Read,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    thread,
    time::{Duration, SystemTime},
};

on_each! {
    copies_end_when_the_server_is_killed
    open_files_fail_and_can_be_closed
}

/// Processes of a process group with their states.
fn group(pgid: u32) -> Vec<(u32, char)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // After the name, which may hold anything: state, parent, group.
        let Some((_, fields)) = stat.rsplit_once(") ") else {
            continue;
        };
        let mut fields = fields.split(' ');
        let state = fields
            .next()
            .and_then(|field| field.chars().next())
            .unwrap_or('?');
        if fields.nth(1).and_then(|field| field.parse().ok()) == Some(pgid) {
            found.push((pid, state));
        }
    }
    found
}

fn copies_end_when_the_server_is_killed(on: Fs) {
    let seed = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .subsec_nanos();
    let mut random = u64::from(seed) | 1;
    for round in 0..on.amount(10, 4) {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let moment = Duration::from_micros((random >> 33) % 300_000);
        let what = format!("round {round}, killed after {moment:?}");

        let mut server = on.start();
        let source = server.place().beside("source");
        fs::create_dir(&source).unwrap();
        for n in 0..40 {
            fs::write(source.join(format!("small{n}")), vec![n; 3000]).unwrap();
        }
        fs::write(source.join("large"), vec![9; 6 << 20]).unwrap();
        // One copy after the other, as a tree of files; the first that fails ends the program.
        let script = "n=0; while n=$((n + 1)); do cp -r \"$1\" \"$2/copy$n\" || exit 7; done";
        let mut copy = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(&source)
            .arg(server.mnt())
            .process_group(0)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let copying = Process::open(copy.id());
        assert!(until(LONG, || server.path("copy1").exists()), "{what}");

        thread::sleep(moment); // The random moment itself; the copy goes on for ever.
        server.kill();
        let ended = copying.ended(LONG);
        let left = group(copy.id());
        assert!(ended, "{what}: the copy still runs: {left:?}");
        assert_eq!(copy.wait().unwrap().code(), Some(7), "{what}");
        let stuck = || {
            group(copy.id())
                .into_iter()
                .filter(|(_, state)| *state == 'D')
                .count()
        };
        assert!(
            until(LONG, || stuck() == 0),
            "{what}: {:?}",
            group(copy.id())
        );

        // The mount is dead, not stuck, and goes. What has been seen may still be answered from caches, so this has not.
        let error = errno(fs::metadata(server.path("unseen")));
        assert!(
            [libc::ENOTCONN, libc::ECONNABORTED].contains(&error),
            "{what}: errno {error}"
        );
        umount(server.mnt());
    }
}

fn open_files_fail_and_can_be_closed(on: Fs) {
    let mut server = on.start();
    fs::write(server.path("file"), vec![1; 100_000]).unwrap();
    let file = File::open(server.path("file")).unwrap();
    server.kill();
    errno(fs::metadata(server.path("unseen")));
    assert!((&file).read(&mut [0; 10]).is_err() || file.sync_all().is_err());
    drop(file);
    umount(server.mnt());

    // The same place serves again.
    let mut server = on.start();
    fs::write(server.path("file"), "x").unwrap();
    server.unmount();
}
