//! Servers that are written for NetBSD, compiled with puffs-compat: `netbsd/shelffs.c`, `netbsd/glassfs.c`,
//! `netbsd/cipherfs.c` and `netbsd/parcelfs.c`.

use crate::{
    server::{Place, Server, errno, finish, running, umount},
    stage::{netbsd, skipped},
    wait::{LONG, mounted, until},
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::statvfs;
use rustix::process::Signal;
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{FileExt, FileTypeExt, MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

fn shelf(options: &[&str]) -> Server {
    let mut command = Command::new(netbsd("shelffs"));
    command.arg("-s").args(options);
    Server::start(command, Place::new())
}

fn names(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The fields of the mount's line in the table: "device", type, options.
fn mount_line(mnt: &Path) -> [String; 3] {
    let table = fs::read_to_string("/proc/self/mounts").unwrap();
    let line = table
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .find(|fields| Path::new(fields[1]) == mnt)
        .expect("mounted");
    [line[0], line[2], line[3]].map(str::to_owned)
}

#[test]
fn a_shelf_holds_files_directories_and_links() {
    if skipped() {
        return;
    }
    let mut server = shelf(&[]);
    let path = |name: &str| server.path(name);
    fs::write(path("a"), "one").unwrap();
    let mut more = OpenOptions::new().append(true).open(path("a")).unwrap();
    more.write_all(b", two").unwrap();
    drop(more);
    assert_eq!(fs::read(path("a")).unwrap(), b"one, two");
    fs::create_dir(path("dir")).unwrap();
    fs::create_dir(path("dir/below")).unwrap();
    assert_eq!(fs::metadata(path("dir")).unwrap().nlink(), 3);
    fs::hard_link(path("a"), path("dir/same")).unwrap();
    assert_eq!(fs::metadata(path("a")).unwrap().nlink(), 2);
    assert_eq!(
        fs::metadata(path("a")).unwrap().ino(),
        fs::metadata(path("dir/same")).unwrap().ino()
    );
    symlink("dir/same", path("link")).unwrap();
    assert_eq!(fs::read_link(path("link")).unwrap(), Path::new("dir/same"));
    assert_eq!(fs::read(path("link")).unwrap(), b"one, two");
    let mut mkfifo = Command::new("mkfifo");
    assert!(finish(mkfifo.arg(path("fifo"))).status.success());
    assert!(fs::metadata(path("fifo")).unwrap().file_type().is_fifo());
    assert_eq!(
        names(server.mnt()),
        ["a", "dir", "fifo", "link"].map(str::to_owned).into()
    );

    // A name over another, a directory over one that is not empty, and one that is.
    fs::write(path("b"), "other").unwrap();
    fs::rename(path("b"), path("a")).unwrap();
    assert_eq!(fs::read(path("a")).unwrap(), b"other");
    assert_eq!(fs::metadata(path("dir/same")).unwrap().nlink(), 1);
    fs::create_dir(path("empty")).unwrap();
    let refused = fs::rename(path("empty"), path("dir"));
    assert_eq!(errno(refused), libc::ENOTEMPTY);
    fs::rename(path("dir"), path("empty")).unwrap();
    assert_eq!(errno(fs::remove_dir(path("empty"))), libc::ENOTEMPTY);
    assert_eq!(fs::read(path("empty/same")).unwrap(), b"one, two");

    // What was removed can be used until it is closed.
    let open = File::open(path("a")).unwrap();
    fs::remove_file(path("a")).unwrap();
    let mut bytes = [0; 10];
    assert_eq!(open.read_at(&mut bytes, 0).unwrap(), 5);
    assert_eq!(open.metadata().unwrap().nlink(), 0);
    drop(open);
    fs::remove_dir_all(path("empty")).unwrap();
    assert_eq!(
        names(server.mnt()),
        ["fifo", "link"].map(str::to_owned).into()
    );
    server.unmount();
    let log = server.log();
    assert!(
        log.contains("shelffs: 3 nodes"),
        "all others were reclaimed: {log}"
    );
}

#[test]
fn a_shelf_keeps_attributes() {
    if skipped() {
        return;
    }
    let mut server = shelf(&[]);
    let file = server.path("file");
    fs::write(&file, "0123456789").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    chown(&file, Some(11), Some(12)).unwrap();
    let open = OpenOptions::new().write(true).open(&file).unwrap();
    open.set_len(4).unwrap();
    open.set_len(6).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 5);
    open.set_modified(time).unwrap();
    drop(open);
    let meta = fs::metadata(&file).unwrap();
    assert_eq!(meta.mode() & 0o7777, 0o640);
    assert_eq!((meta.uid(), meta.gid(), meta.len()), (11, 12, 6));
    assert_eq!(meta.blocks(), 1, "in units of 512 bytes");
    assert_eq!(meta.modified().unwrap(), time);
    assert_eq!(fs::read(&file).unwrap(), b"0123\0\0");
    let figures = statvfs(server.mnt()).unwrap();
    assert_eq!(
        (figures.f_blocks, figures.f_bfree, figures.f_bavail),
        (1000, 600, 500)
    );
    assert_eq!((figures.f_files, figures.f_ffree), (77, 75));

    // More than one buffer of names, once each.
    let many: BTreeSet<String> = (0..600)
        .map(|n| format!("a name of some length {n}"))
        .collect();
    fs::create_dir(server.path("many")).unwrap();
    for name in &many {
        File::create(server.path("many").join(name)).unwrap();
    }
    assert_eq!(names(&server.path("many")), many);
    server.unmount();
}

#[test]
fn poll_is_answered_by_the_alarm() {
    if skipped() {
        return;
    }
    let mut server = shelf(&[]);
    let file = File::create(server.path("file")).unwrap();
    let started = Instant::now();
    let mut fds = [PollFd::new(&file, PollFlags::OUT)];
    let timeout = Timespec {
        tv_sec: LONG.as_secs() as i64,
        tv_nsec: 0,
    };
    assert_eq!(poll(&mut fds, Some(&timeout)).unwrap(), 1);
    assert!(fds[0].revents().contains(PollFlags::OUT));
    // The alarm rings after 200 ms; nothing else answers.
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(190), "{waited:?}");
    drop(file);
    server.unmount();
}

#[test]
fn mount_options_are_obeyed() {
    if skipped() {
        return;
    }
    let mut server = shelf(&[
        "-n",
        "books",
        "-o",
        "nosuid,nodev,dump",
        "-o",
        "nocache,noexec",
    ]);
    let [device, fstype, options] = mount_line(server.mnt());
    assert_eq!(
        (device.as_str(), fstype.as_str()),
        ("/dev/puffs", "fuse.books")
    );
    let options: BTreeSet<&str> = options.split(',').collect();
    for option in ["rw", "nosuid", "nodev", "noexec"] {
        assert!(options.contains(option), "{options:?}");
    }
    // Without caches each look at a name is a request, and requests are printed.
    for _ in 0..3 {
        assert_eq!(errno(fs::metadata(server.path("none"))), libc::ENOENT);
    }
    let log = server.log();
    let lookups = log
        .lines()
        .filter(|line| line.to_lowercase().contains("lookup"));
    assert!(lookups.count() >= 3, "{log}");
    server.unmount();

    let mut server = shelf(&["-o", "ro,hidden,auto,rump"]);
    assert_eq!(errno(fs::write(server.path("a"), "")), libc::EROFS);
    server.signal(Signal::TERM);
    server.ends_cleanly();

    let place = Place::new();
    let mut command = Command::new(netbsd("shelffs"));
    let output = finish(command.args(["-o", "fast"]).arg(place.mnt()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "shelffs: -o fast: option not supported\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_shelf_goes_into_the_background() {
    if skipped() {
        return;
    }
    let place = Place::new();
    // Not `finish`, which waits for the end of its output, and the server keeps that open.
    let status = Command::new(netbsd("shelffs"))
        .arg(place.mnt())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    assert!(mounted(place.mnt()));
    fs::write(place.mnt().join("file"), "text").unwrap();
    assert_eq!(fs::read(place.mnt().join("file")).unwrap(), b"text");
    umount(place.mnt());
    assert!(until(LONG, || running(place.mnt()).is_empty()));
}

#[test]
fn behind_glass_names_are_in_capitals_and_contents_as_they_were() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let host = place.beside("host");
    fs::create_dir_all(host.join("sub")).unwrap();
    fs::write(host.join("file.txt"), "contents").unwrap();
    fs::write(host.join("sub/Mixed"), vec![7; 300_000]).unwrap();
    symlink("file.txt", host.join("link")).unwrap();
    let many: BTreeSet<String> = (0..500).map(|n| format!("ANOTHER NAME {n}")).collect();
    fs::create_dir(host.join("many")).unwrap();
    for name in &many {
        fs::write(host.join("many").join(name.to_lowercase()), "").unwrap();
    }
    let mut command = Command::new(netbsd("glassfs"));
    command.args(["-s", "-o", "nodev,depth=0x10"]).arg(&host);
    let mut server = Server::start(command, place);

    assert_eq!(
        names(server.mnt()),
        ["FILE.TXT", "LINK", "MANY", "SUB"]
            .map(str::to_owned)
            .into()
    );
    assert_eq!(names(&server.path("MANY")), many);
    assert_eq!(fs::read(server.path("FILE.TXT")).unwrap(), b"contents");
    assert_eq!(
        fs::read(server.path("SUB/MIXED")).unwrap(),
        vec![7; 300_000]
    );
    assert_eq!(
        fs::read_link(server.path("LINK")).unwrap(),
        Path::new("file.txt")
    );
    assert_eq!(errno(fs::read(server.path("file.txt"))), libc::ENOENT);
    let meta = fs::metadata(server.path("SUB")).unwrap();
    let theirs = fs::metadata(host.join("sub")).unwrap();
    assert_eq!(
        (meta.ino(), meta.mode(), meta.nlink()),
        (theirs.ino(), theirs.mode(), theirs.nlink())
    );
    // As on NetBSD each directory record says what kind of thing it is.
    for entry in fs::read_dir(server.mnt()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.file_type().unwrap().is_dir(),
            entry.metadata().unwrap().is_dir()
        );
    }

    // It is read only from the start, and its figures are the host's.
    assert_eq!(errno(fs::write(server.path("NEW"), "")), libc::EROFS);
    let (ours, theirs) = (statvfs(server.mnt()).unwrap(), statvfs(&host).unwrap());
    assert_eq!(
        (ours.f_blocks, ours.f_frsize),
        (theirs.f_blocks, theirs.f_frsize)
    );
    assert_eq!(ours.f_namemax, theirs.f_namemax);
    let log = server.log();
    assert!(log.contains("depth 16\n") && log.contains(" on /"), "{log}");
    server.unmount();
}

#[test]
fn in_cipher_names_and_contents_are_turned_both_ways() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let host = place.beside("host");
    fs::create_dir(&host).unwrap();
    fs::write(host.join("uryyb"), "jbeyq\n").unwrap();
    let mut command = Command::new(netbsd("cipherfs"));
    command.args(["-s", "-o", "nosuid"]).arg(&host);
    let mut server = Server::start(command, place);

    assert_eq!(names(server.mnt()), ["hello".to_owned()].into());
    assert_eq!(fs::read(server.path("hello")).unwrap(), b"world\n");
    fs::create_dir(server.path("dir")).unwrap();
    fs::write(server.path("dir/new"), "text").unwrap();
    assert_eq!(fs::read(host.join("qve/arj")).unwrap(), b"grkg");
    fs::rename(server.path("dir"), server.path("other")).unwrap();
    assert_eq!(fs::read(server.path("other/new")).unwrap(), b"text");
    assert_eq!(fs::read(host.join("bgure/arj")).unwrap(), b"grkg");
    assert_eq!(errno(fs::read(server.path("dir/new"))), libc::ENOENT);
    fs::remove_file(server.path("other/new")).unwrap();
    fs::remove_dir(server.path("other")).unwrap();
    assert_eq!(names(&host), ["uryyb".to_owned()].into());
    let (ours, theirs) = (statvfs(server.mnt()).unwrap(), statvfs(&host).unwrap());
    assert_eq!(
        ours.f_blocks * ours.f_frsize,
        theirs.f_blocks * theirs.f_frsize
    );
    server.unmount();
}

#[test]
fn parcels_are_no_larger_than_there_and_nodes_stay_when_other_directories_are_read() {
    if skipped() {
        return;
    }
    let mut command = Command::new(netbsd("parcelfs"));
    command.arg("-s");
    let mut server = Server::start(command, Place::new());
    for name in ["1/1", "1/2", "2/1", "1/3", "3/1", "2/2", "1/1"] {
        fs::metadata(server.path(name)).unwrap();
    }
    // Longer than a message of the server's protocol may be.
    let file = OpenOptions::new()
        .write(true)
        .open(server.path("1/1"))
        .unwrap();
    let data = vec![1; 1 << 20];
    assert_eq!((&file).write(&data).unwrap(), data.len());
    assert_eq!(file.metadata().unwrap().len(), 1 << 20);
    drop(file);
    let report = fs::read_to_string(server.path("report")).unwrap();
    assert!(report.starts_with("0 126976\n"), "{report}");
    server.unmount();
}
