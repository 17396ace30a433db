//! What a server's flags and operations change.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use puffs_core::msg::body::setback;
use puffs_core::msg::op::{CLASS_VN, vn};
use puffs_user::c::consts;
use puffs_vfs::attr::{VEXEC, VREAD, VWRITE};

use crate::rig::Rig;

fn count(rig: &Rig, optype: u8) -> usize {
    rig.seen()
        .ops
        .get(&(CLASS_VN, optype))
        .copied()
        .unwrap_or(0)
}

/// How many operations of a kind `f` causes.
fn cost(rig: &Rig, optype: u8, f: impl FnOnce()) -> usize {
    let before = count(rig, optype);
    f();
    count(rig, optype) - before
}

fn with_flags(kflags: u32) -> Rig {
    Rig::with(|args| args.kflags = kflags)
}

fn end(mut rig: Rig) {
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn a_server_that_wants_to_be_asked_is_asked() {
    let rig = Rig::with(|args| args.ops = args.ops.with_vn(vn::ACCESS));
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let dir = rig.dir.to_str().unwrap().replace(' ', "\\040");
    let line = table.lines().find(|line| line.contains(&dir)).unwrap();
    assert!(!line.contains("default_permissions"), "{line}");

    fs::write(rig.path("file"), "x").unwrap();
    fs::create_dir(rig.path("dir")).unwrap();
    let denied = |deny: u32, result: io::Result<()>| {
        let code = result.err().and_then(|error| error.raw_os_error());
        assert_eq!(code, Some(libc::EACCES), "{deny}");
    };
    rig.seen().deny = VWRITE;
    denied(VWRITE, File::create(rig.path("new")).map(drop));
    denied(VWRITE, fs::create_dir(rig.path("new")));
    denied(
        VWRITE,
        OpenOptions::new()
            .write(true)
            .open(rig.path("file"))
            .map(drop),
    );
    let path = std::ffi::CString::new(rig.path("file").to_str().unwrap()).unwrap();
    let truncated = unsafe { libc::truncate(path.as_ptr(), 0) };
    assert_eq!(
        (truncated, io::Error::last_os_error().raw_os_error()),
        (-1, Some(libc::EACCES))
    );
    assert_eq!(unsafe { libc::access(path.as_ptr(), libc::W_OK) }, -1);
    assert_eq!(unsafe { libc::access(path.as_ptr(), libc::R_OK) }, 0);
    assert_eq!(fs::read(rig.path("file")).unwrap(), b"x");
    rig.seen().deny = VREAD;
    denied(VREAD, File::open(rig.path("file")).map(drop));
    denied(VREAD, fs::read_dir(rig.path("dir")).map(drop));
    rig.seen().deny = VEXEC;
    denied(VEXEC, fs::metadata(rig.path("dir/x")).map(drop));
    denied(VEXEC, fs::remove_file(rig.path("file")));
    rig.seen().deny = 0;
    end(rig);
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn names_and_attributes_are_cached_unless_the_server_objects() {
    let stat = |rig: &Rig| assert!(fs::metadata(rig.path("file")).is_ok());
    let absent = |rig: &Rig| assert!(fs::metadata(rig.path("absent")).is_err());
    let warm = |rig: &Rig| {
        fs::write(rig.path("file"), "x").unwrap();
        stat(rig);
        absent(rig);
    };
    let rig = with_flags(0);
    warm(&rig);
    assert_eq!(cost(&rig, vn::LOOKUP, || (stat(&rig), absent(&rig)).1), 0);
    assert_eq!(cost(&rig, vn::GETATTR, || stat(&rig)), 0);
    end(rig);

    let rig = with_flags(consts::PUFFS_KFLAG_NOCACHE_NAME);
    warm(&rig);
    assert_eq!(cost(&rig, vn::LOOKUP, || (stat(&rig), absent(&rig)).1), 2);
    end(rig);

    let rig = with_flags(consts::PUFFS_KFLAG_NOCACHE_ATTR);
    warm(&rig);
    assert_eq!(cost(&rig, vn::LOOKUP, || stat(&rig)), 0);
    // One for the file, and one for the directory whose permissions are judged.
    assert_eq!(cost(&rig, vn::GETATTR, || stat(&rig)), 2);
    end(rig);

    // The server says how long, and nothing lasts of which it does not say so.
    let rig = with_flags(consts::PUFFS_KFLAG_CACHE_FS_TTL);
    warm(&rig);
    assert_eq!(cost(&rig, vn::LOOKUP, || (stat(&rig), absent(&rig)).1), 2);
    rig.seen().ttl = 1000;
    stat(&rig);
    assert_eq!(cost(&rig, vn::LOOKUP, || stat(&rig)), 0);
    assert_eq!(cost(&rig, vn::GETATTR, || stat(&rig)), 0);
    end(rig);
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn contents_are_cached_unless_the_server_objects() {
    let read = |rig: &Rig| assert_eq!(fs::read(rig.path("file")).unwrap(), b"contents");
    let rig = with_flags(0);
    fs::write(rig.path("file"), "contents").unwrap();
    read(&rig);
    assert_eq!(cost(&rig, vn::READ, || read(&rig)), 0);
    end(rig);

    let rig = with_flags(consts::PUFFS_KFLAG_NOCACHE_PAGE);
    fs::write(rig.path("file"), "contents").unwrap();
    assert!(cost(&rig, vn::READ, || read(&rig)) > 0);
    // What is not cached may be longer than its size says, and is read as far as one likes.
    let file = File::open(rig.path("file")).unwrap();
    let beyond = || assert_eq!(file.read_at(&mut [0; 10], 5000).unwrap(), 0);
    assert_eq!(cost(&rig, vn::READ, beyond), 1);
    drop(file);
    end(rig);
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn inactive_on_demand_waits_for_the_demand() {
    let mut rig = with_flags(consts::PUFFS_KFLAG_IAONDEMAND);
    let touch = |rig: &Rig| {
        drop(File::create(rig.path("file")).unwrap());
        rig.figures();
        let node = fs::metadata(rig.path("file")).unwrap().ino();
        rig.seen().active.contains(&node)
    };
    assert!(touch(&rig), "inactive although nobody asked");
    rig.seen().setback = setback::INACT_N1;
    assert!(!touch(&rig), "not inactive although asked for");
    rig.seen().setback = 0;
    rig.umount();
    rig.join();
    assert!(rig.seen().known.is_empty());
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn a_read_only_mount_is_read_only() {
    let rig = Rig::with(|args| args.mntflags = consts::PUFFS_MNT_RDONLY as u32);
    let code = File::create(rig.path("file")).unwrap_err().raw_os_error();
    assert_eq!(code, Some(libc::EROFS));
    assert_eq!(fs::read_dir(&rig.dir).unwrap().count(), 0);
    end(rig);
}
