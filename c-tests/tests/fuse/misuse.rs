//! memfs called wrongly, and the library by wrongfs.c beside this file: a message that says what is wrong, an exit
//! status, and no mount.

use crate::{
    server::{Place, Server, finish, umount},
    stage::{Build, memfs, program, skipped},
    wait::mounted,
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

/// Runs memfs with these arguments; `@` stands for the mount point.
#[track_caller]
fn refused(place: &Place, arguments: &[&str], message: &str) {
    for foreground in [true, false] {
        let mut command = Command::new(memfs(Build::Plain));
        if foreground {
            command.arg("-s");
        }
        for argument in arguments {
            command.arg(argument.replace('@', place.mnt().to_str().unwrap()));
        }
        let output = finish(command.env("LC_ALL", "C"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty());
        assert!(!mounted(place.mnt()));
    }
}

#[test]
fn wrong_arguments() {
    if skipped() {
        return;
    }
    let place = Place::new();
    refused(&place, &[], "usage: memfs");
    refused(&place, &["@", "@"], "usage: memfs");
    refused(&place, &["-x", "@"], "usage: memfs");
    refused(&place, &["-o"], "usage: memfs");
    refused(&place, &["-o", "nonsense", "@"], "unknown option: nonsense");
    refused(
        &place,
        &["-o", "size=1m,nonsense=3", "@"],
        "unknown option: nonsense=3",
    );
    for size in [
        "size",
        "size=",
        "size=x",
        "size=-1",
        "size=1q",
        "size=0",
        "size=4095",
    ] {
        refused(&place, &["-o", size, "@"], "bad size");
    }
    refused(&place, &["-o", "size=99999999999g", "@"], "bad size");
    for nodes in [
        "nodes",
        "nodes=",
        "nodes=0",
        "nodes=-1",
        "nodes=1k",
        "nodes=99999999999999999999",
    ] {
        refused(&place, &["-o", nodes, "@"], "bad number of nodes");
    }
    for mode in [
        "mode",
        "mode=",
        "mode=8",
        "mode=-1",
        "mode=10000",
        "mode=7x",
    ] {
        refused(&place, &["-o", mode, "@"], "bad mode");
    }
}

#[test]
fn wrong_mount_points() {
    if skipped() {
        return;
    }
    let place = Place::new();
    refused(&place, &["@/none"], "No such file or directory");
    fs::write(place.beside("file"), "").unwrap();
    refused(&place, &["@/../file"], "not a directory");
    refused(&place, &[""], "No such file or directory");
}

#[test]
fn what_is_mounted_stays_when_another_wants_its_place() {
    if skipped() {
        return;
    }
    let mut first = Server::memfs();
    fs::write(first.path("file"), "here").unwrap();
    for foreground in [true, false] {
        let mut command = Command::new(memfs(Build::Plain));
        if foreground {
            command.arg("-s");
        }
        let output = finish(command.arg(first.mnt()).env("LC_ALL", "C"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        let message = format!(
            "puffs: mount on {}: a FUSE file system is mounted there already",
            first.mnt().display()
        );
        assert_eq!(stderr.matches(&message).count(), 1, "{stderr}");
    }
    assert_eq!(fs::read(first.path("file")).unwrap(), b"here");
    first.unmount();
}

/// Runs memfs after a few commands in a mount namespace of its own, and looks for mounts there when it has ended.
#[track_caller]
fn refused_where(prepare: &str, run: &str, messages: &[&str]) {
    let script = format!(
        r#"set -e
        mnt=$1 memfs=$2 none=$3 foreground=$4
        {prepare}
        status=0
        {run} "$memfs" $foreground "$mnt" || status=$?
        ! grep -q " $mnt " /proc/self/mounts || exit 99
        exit $status"#
    );
    for foreground in ["-s", ""] {
        let place = Place::new();
        // Where the user nobody may read it.
        let copy = place.beside("memfs");
        fs::copy(memfs(Build::Plain), &copy).unwrap();
        fs::set_permissions(&copy, PermissionsExt::from_mode(0o755)).unwrap();
        let none = place.beside("none");
        fs::create_dir(&none).unwrap();
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script, "sh"]);
        command.args([place.mnt(), &copy, &none, Path::new(foreground)]);
        let output = finish(command.env("LC_ALL", "C"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{prepare}: {stderr}");
        let at = format!("puffs: mount on {}: ", place.mnt().display());
        for message in messages.iter().chain([&at.as_str()]) {
            assert_eq!(stderr.matches(message).count(), 1, "{prepare}: {stderr}");
        }
        assert!(!mounted(place.mnt()));
    }
}

#[test]
fn without_the_device() {
    if skipped() {
        return;
    }
    let missing = "/dev/fuse: No such file or directory; the kernel needs FUSE (modprobe fuse), \
                   a container needs the device";
    let prepare = r#"mknod "$none/null" c 1 3
        mount --bind "$none" /dev"#;
    refused_where(prepare, "", &[missing]);
    let prepare = "mount --bind /dev/null /dev/fuse";
    refused_where(prepare, "", &["/dev/fuse is not the FUSE device"]);
}

#[test]
fn without_the_right_to_open_the_device() {
    if skipped() {
        return;
    }
    let nobody = "setpriv --reuid=41001 --regid=41001 --clear-groups --";
    let device = |mode: &str| {
        format!(
            r#"mknod "$none/fuse" c 10 229
            chmod {mode} "$none/fuse"
            mount --bind "$none/fuse" /dev/fuse"#
        )
    };
    let helper = "fusermount3 is not installed, and only root can mount without it";
    let alone = format!("env PATH=/nowhere /usr/bin/{nobody}");
    for mode in ["666", "600"] {
        refused_where(&device(mode), &alone, &[helper]);
    }
    if Path::new("/usr/bin/fusermount3").exists() {
        refused_where(&device("600"), nobody, &["/dev/fuse: Permission denied"]);
        let prepare = device("666") + "\nchmod 755 \"$mnt\"";
        refused_where(&prepare, nobody, &["no write access to mountpoint"]);
    }
}

/// Runs wrongfs to its end.
#[track_caller]
fn wrong(place: &Place, what: &str, errno: i32, message: &str) {
    let mut command = Command::new(program("tests/fuse/wrongfs.c", Build::Plain));
    let output = finish(command.arg(what).arg(place.mnt()));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{what}: {stderr}");
    assert_eq!(
        stderr,
        format!("puffs: {message}\nerrno {errno}\n"),
        "{what}"
    );
    assert!(!mounted(place.mnt()), "{what}");
}

#[test]
fn the_library_called_wrongly() {
    if skipped() {
        return;
    }
    let place = Place::new();
    for (what, message) in [
        ("no-table", "puffs_init: no table of operations"),
        ("no-name", "puffs_init: a name is NULL"),
        (
            "no-unmount",
            "puffs_init: the operation fs_unmount is missing",
        ),
        (
            "no-statvfs",
            "puffs_init: the operation fs_statvfs is missing",
        ),
        ("no-sync", "puffs_init: the operation fs_sync is missing"),
        (
            "no-lookup",
            "puffs_init: the operation node_lookup is missing",
        ),
        ("no-directory", "puffs_mount: no mount point"),
        ("early-loop", "puffs_mainloop: nothing is mounted yet"),
    ] {
        wrong(&place, what, libc::EINVAL, message);
    }
}

/// Starts wrongfs, which mounts, does its wrong, and serves; returns what it said.
fn wrong_but_served(what: &str) -> String {
    let mut command = Command::new(program("tests/fuse/wrongfs.c", Build::Plain));
    command.arg(what);
    let place = Place::new();
    let other = place.beside("other");
    fs::create_dir(&other).unwrap();
    let mut server = Server::start(command, place);
    for _ in 0..3 {
        assert_eq!(
            fs::metadata(server.mnt()).unwrap().permissions().mode() & 0o777,
            0o555
        );
        assert!(!server.path("absent").exists());
    }
    assert!(!mounted(&other));
    umount(server.mnt());
    assert_eq!(server.status().code(), Some(3), "{}", server.log());
    assert!(!mounted(server.mnt()));
    server.log()
}

#[test]
fn a_second_mount_is_refused_and_the_first_goes_on() {
    if skipped() {
        return;
    }
    let log = wrong_but_served("second-mount");
    let refused = "this file server has been mounted already\nerrno 16\n";
    assert_eq!(log.matches(refused).count(), 2, "{log}");
    assert_eq!(log.lines().count(), 4, "{log}");
}

#[test]
fn a_second_main_loop_is_refused() {
    if skipped() {
        return;
    }
    let log = wrong_but_served("second-loop");
    let refused = "puffs: puffs_mainloop: the file system has been unmounted already\nerrno 22\n";
    assert_eq!(log, refused);
}

#[test]
fn without_the_right_to_mount() {
    if skipped() {
        return;
    }
    let place = Place::new();
    // Neither the device nor mount(2) is for this user; how far it gets depends on the machine.
    for foreground in [true, false] {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=41001", "--regid=41001", "--clear-groups", "--"]);
        command.arg(memfs(Build::Plain));
        if foreground {
            command.arg("-s");
        }
        let output = finish(command.arg(place.mnt()).env("LC_ALL", "C"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code().is_some_and(|code| code != 0),
            "{stderr}"
        );
        assert!(stderr.contains(place.mnt().to_str().unwrap()), "{stderr}");
        assert!(!stderr.is_empty());
        assert!(!mounted(place.mnt()));
    }
}
