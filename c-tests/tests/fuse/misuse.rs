//! memfs called wrongly: a message that says what is wrong, an exit status, and no mount.

use crate::{
    server::{Place, finish},
    stage::{Build, memfs, skipped},
    wait::mounted,
};
use std::{fs, process::Command};

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
        assert!(
            stderr.contains(place.mnt().to_str().unwrap()) || !foreground,
            "{stderr}"
        );
        assert!(!stderr.is_empty());
        assert!(!mounted(place.mnt()));
    }
}
