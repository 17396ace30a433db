//! What a user who is not root may do on a mount made by root.

use crate::each::{Fs, on_each};
use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::Command,
};

const ALICE: u32 = 41_001;
const BOB: u32 = 41_002;

on_each! {
    owners_and_permissions
    group_of_the_directory
}

/// Runs a shell command in the mount as a user; what it wrote to stderr when it failed.
fn run(user: u32, dir: &Path, command: &str) -> Result<String, String> {
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(dir)
        .env("LC_ALL", "C")
        .uid(user)
        .gid(user)
        .output()
        .expect("sh runs");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

#[track_caller]
fn denied(user: u32, dir: &Path, command: &str) {
    let message = run(user, dir, command).expect_err(command);
    let expected = ["Permission denied", "not permitted"];
    assert!(
        expected.iter().any(|text| message.contains(text)),
        "{command}: {message}"
    );
}

fn owners_and_permissions(on: Fs) {
    let mut server = on.start();
    let mnt = server.mnt();
    fs::create_dir(mnt.join("open")).unwrap();
    fs::set_permissions(mnt.join("open"), fs::Permissions::from_mode(0o777)).unwrap();
    fs::create_dir(mnt.join("sticky")).unwrap();
    fs::set_permissions(mnt.join("sticky"), fs::Permissions::from_mode(0o1777)).unwrap();
    fs::write(mnt.join("secret"), "x").unwrap();
    fs::set_permissions(mnt.join("secret"), fs::Permissions::from_mode(0o600)).unwrap();

    // Root's directory and file are not for others.
    for command in [
        "touch new",
        "mkdir new",
        "rm -f secret",
        "mv secret new",
        "cat secret",
        "echo >>secret",
    ] {
        denied(ALICE, mnt, command);
    }
    assert_eq!(fs::read(mnt.join("secret")).unwrap(), b"x");

    // What a user makes belongs to the user.
    let made = run(
        ALICE,
        mnt,
        "cd open && umask 022 && echo hi >mine && mkdir dir && stat -c %u:%g:%a mine dir",
    );
    assert_eq!(made.unwrap(), "41001:41001:644\n41001:41001:755\n");
    assert_eq!(run(BOB, mnt, "cat open/mine").unwrap(), "hi\n");
    for command in [
        "echo >>open/mine",
        "touch open/dir/x",
        "chmod 777 open/mine",
        "chown 41002 open/mine",
    ] {
        denied(BOB, mnt, command);
    }
    denied(ALICE, mnt, "chown 41002 open/mine");
    denied(BOB, mnt, "touch -d 2000-01-01 open/mine");
    run(
        ALICE,
        mnt,
        "touch -d 2000-01-01 open/mine && chmod 600 open/mine",
    )
    .unwrap();
    denied(BOB, mnt, "cat open/mine");
    // A file made read-only can still be written by who made it just now.
    run(
        ALICE,
        mnt,
        "cd open && umask 0777 && echo text >readonly && test -s readonly",
    )
    .unwrap();

    // In a directory anybody may write to, anybody may remove; but not when it is sticky.
    run(BOB, mnt, "mv open/mine open/yours && rm -f open/yours").unwrap();
    run(ALICE, mnt, "echo hi >sticky/mine").unwrap();
    denied(BOB, mnt, "rm -f sticky/mine");
    denied(BOB, mnt, "mv sticky/mine sticky/yours");
    denied(BOB, mnt, "touch sticky/his && mv sticky/his sticky/mine");
    run(ALICE, mnt, "rm sticky/mine").unwrap();
    server.unmount();
}

fn group_of_the_directory(on: Fs) {
    let mut server = on.start();
    let mnt = server.mnt();
    fs::create_dir(mnt.join("team")).unwrap();
    std::os::unix::fs::chown(mnt.join("team"), None, Some(BOB)).unwrap();
    fs::set_permissions(mnt.join("team"), fs::Permissions::from_mode(0o2777)).unwrap();
    let made = run(
        ALICE,
        mnt,
        "cd team && mkdir dir && touch dir/file && stat -c %g dir dir/file",
    );
    assert_eq!(made.unwrap(), "41002\n41002\n");
    server.unmount();
}
