//! Every way to end a mount.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use puffs_user::host::{Host, MountError};

use crate::rig::{self, Ask, Rig, is_mounted};

#[test]
#[ignore = "mounts: make fuse-test"]
fn the_server_may_unmount_itself() {
    let mut rig = Rig::new();
    fs::write(rig.path("file"), "x").unwrap();
    rig.ask(Ask::Unmount);
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn the_server_may_unmount_itself_at_once() {
    let mut rig = Rig::new();
    rig.ask(Ask::Unmount);
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn an_unmount_by_the_server_ends_open_files() {
    let mut rig = Rig::new();
    let mut file = File::create(rig.path("file")).unwrap();
    file.write_all(b"before").unwrap();
    rig.ask(Ask::Unmount);
    rig.join();
    rig.check_end();
    let error = file
        .write_all(b"after")
        .and_then(|()| file.sync_all())
        .unwrap_err();
    assert!(
        matches!(error.raw_os_error(), Some(libc::ENOTCONN | libc::EIO)),
        "{error}"
    );
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn a_dropped_session_leaves_no_mount() {
    let mut rig = Rig::new();
    fs::write(rig.path("file"), "x").unwrap();
    let mut open = File::open(rig.path("file")).unwrap();
    rig.ask(Ask::Drop);
    rig.join();
    assert!(!is_mounted(&rig.dir));
    let mut all = Vec::new();
    assert!(open.sync_all().is_err() || open.read_to_end(&mut all).is_err());
    assert!(!rig.seen().unmounted);
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn an_unmount_that_is_in_use_is_refused_and_all_goes_on() {
    let mut rig = Rig::new();
    let file = File::create(rig.path("file")).unwrap();
    let dir = std::ffi::CString::new(rig.dir.to_str().unwrap()).unwrap();
    assert_eq!(unsafe { libc::umount2(dir.as_ptr(), 0) }, -1);
    fs::write(rig.path("other"), "x").unwrap();
    drop(file);
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn a_lazy_unmount_ends_with_the_last_file() {
    let mut rig = Rig::new();
    let mut file = File::create(rig.path("file")).unwrap();
    let dir = std::ffi::CString::new(rig.dir.to_str().unwrap()).unwrap();
    assert_eq!(unsafe { libc::umount2(dir.as_ptr(), libc::MNT_DETACH) }, 0);
    file.write_all(b"served still").unwrap();
    assert_eq!(file.metadata().unwrap().len(), 12);
    drop(file);
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn an_unmount_by_the_server_ends_what_was_detached_before() {
    let mut rig = Rig::new();
    let file = File::create(rig.path("file")).unwrap();
    let dir = std::ffi::CString::new(rig.dir.to_str().unwrap()).unwrap();
    assert_eq!(unsafe { libc::umount2(dir.as_ptr(), libc::MNT_DETACH) }, 0);
    rig.ask(Ask::Unmount);
    rig.join();
    rig.check_end();
    assert!(file.sync_all().is_err());
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn places_that_cannot_be_mounted_on_are_refused() {
    let try_at = |dir: &std::path::Path| puffs_fuse::FuseHost.mount(&rig::args(dir)).err();
    let system = |errno| Some(MountError::System("mount point", errno));
    assert_eq!(try_at("/no/such/place".as_ref()), system(libc::ENOENT));
    assert_eq!(try_at("/etc/passwd".as_ref()), system(libc::ENOTDIR));
    let mut rig = Rig::new();
    let busy = try_at(&rig.dir).unwrap();
    assert_eq!(busy.errno(), libc::EBUSY);
    assert!(busy.to_string().contains("mounted there already"), "{busy}");
    rig.umount();
    rig.join();
    rig.check_end();
    let mut odd = rig::args(&rig.dir);
    odd.root.vtype = 5;
    let refused = puffs_fuse::FuseHost.mount(&odd).err();
    assert!(matches!(refused, Some(MountError::Unsupported(_))));
    odd.root.vtype = 2;
    odd.maxdata = 4000;
    let refused = puffs_fuse::FuseHost.mount(&odd).err();
    assert!(matches!(refused, Some(MountError::Unsupported(_))));
    assert!(!is_mounted(&rig.dir));
}

/// Says in a process of its own what [`exit_leaves_no_mount`] and its neighbour ask for.
#[test]
#[ignore = "part of other tests, which run it in a process of its own"]
fn child() {
    let Some(how) = std::env::var_os("PUFFS_TEST_CHILD") else {
        return;
    };
    let rig = Rig::new();
    let mut open = File::create(rig.path("file")).unwrap();
    open.write_all(b"x").unwrap();
    println!("mounted {}", rig.dir.display());
    match how.to_str() {
        // A forked child that exits does not touch what its parent mounted.
        Some("fork") => unsafe {
            let pid = libc::fork();
            if pid == 0 {
                libc::exit(0);
            }
            let mut status = 0;
            libc::waitpid(pid, &raw mut status, 0);
            assert!(is_mounted(&rig.dir));
            fs::write(rig.path("again"), "x").unwrap();
            libc::exit(7)
        },
        Some("exit") => unsafe { libc::exit(7) },
        // Not root: the helper program mounts and unmounts.
        Some("user") => {
            let mut rig = rig;
            let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
            let line = table
                .lines()
                .find(|line| line.contains("fuse.tree"))
                .unwrap();
            assert!(line.contains("nosuid,nodev"), "{line}");
            assert!(!line.contains("allow_other"), "{line}");
            // With a file open the unmount is forced, without it goes the gentle way.
            rig.ask(Ask::Unmount);
            rig.join();
            rig.check_end();
            assert!(open.sync_all().is_err());
            drop(rig);
            let mut rig = Rig::new();
            fs::write(rig.path("file"), "x").unwrap();
            rig.ask(Ask::Unmount);
            rig.join();
            rig.check_end();
            drop(rig);
            std::process::exit(7)
        }
        other => panic!("{other:?}"),
    }
}

const CHILD: [&str; 4] = ["--exact", "end::child", "--ignored", "--nocapture"];

fn check_child(mut command: Command) {
    let _alone = rig::alone();
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(7), "{text}");
    let at = text.find("mounted ").unwrap();
    let dir = text[at + 8..].lines().next().unwrap();
    assert!(!is_mounted(dir.as_ref()));
    let _ = fs::remove_dir(dir);
}

fn run_child(how: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(CHILD).env("PUFFS_TEST_CHILD", how);
    check_child(command);
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn exit_leaves_no_mount() {
    run_child("exit");
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn a_forked_child_leaves_its_parents_mount_alone() {
    run_child("fork");
}

/// In a mount namespace of its own, where `/dev/fuse` is open to all as it is on most systems.
#[test]
#[ignore = "mounts: make fuse-test"]
fn a_user_mounts_through_the_helper_program() {
    let dir = rig::fresh_dir();
    let program = dir.join("host");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let script = r#"
        set -e
        mknod "$1/fuse" c 10 229
        chmod 666 "$1/fuse"
        mount --bind "$1/fuse" /dev/fuse
        program="$1/host"
        shift
        exec setpriv --reuid 65534 --regid 65534 --clear-groups "$program" "$@"
    "#;
    let mut command = Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(&dir)
        .args(CHILD)
        .env("PUFFS_TEST_CHILD", "user");
    check_child(command);
    fs::remove_dir_all(&dir).unwrap();
}
