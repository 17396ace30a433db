//! A server whose answers make no sense: the caller gets `EPROTO`, the server a notice, and all goes on.

use std::fs;
use std::io;

use crate::rig::Rig;

fn code<T>(result: io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn nonsense_is_eproto_and_a_notice() {
    let mut rig = Rig::new();
    fs::create_dir(rig.path("dir")).unwrap();
    for (name, notice) in [
        ("dir/self", "lookup gave the directory searched"),
        ("dir/root", "lookup gave the root"),
        ("typeless", "node without a type"),
        ("short", "answer too short"),
        // The queue itself refuses this one; the caller's side then tells.
        ("negative", "answer refused"),
    ] {
        assert_eq!(
            code(fs::metadata(rig.path(name))),
            Some(libc::EPROTO),
            "{name}"
        );
        assert_eq!(std::mem::take(&mut rig.seen().notices), [notice], "{name}");
    }
    // Created, and live already: the kernel must not get one node under two numbers.
    assert_eq!(
        code(fs::create_dir(rig.path("dir/live"))),
        Some(libc::EPROTO)
    );
    assert_eq!(
        std::mem::take(&mut rig.seen().notices),
        ["new node exists already"]
    );

    fs::write(rig.path("dir/garbage"), "").unwrap();
    let listing = fs::read_dir(rig.path("dir"))
        .unwrap()
        .collect::<io::Result<Vec<_>>>();
    assert_eq!(code(listing), Some(libc::EPROTO));
    assert_eq!(
        std::mem::take(&mut rig.seen().notices),
        ["record reaches beyond the end"]
    );
    assert!(fs::metadata(rig.path("dir")).is_ok());
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn enosys_of_the_server_does_not_switch_requests_off() {
    let mut rig = Rig::new();
    assert_eq!(
        code(fs::metadata(rig.path("enosys"))),
        Some(libc::EOPNOTSUPP)
    );
    fs::write(rig.path("file"), "x").unwrap();
    assert_eq!(fs::read(rig.path("file")).unwrap(), b"x");
    rig.umount();
    rig.join();
    rig.check_end();
}
