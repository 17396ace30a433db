//! memfs under valgrind and under AddressSanitizer: no error, no leak.

use crate::{
    server::{Place, Server},
    stage::{Build, memfs, skipped},
};
use rustix::process::Signal;
use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    process::Command,
};

/// A bit of everything, so that every operation allocates and frees.
fn work(server: &Server) {
    fs::create_dir_all(server.path("a/b")).unwrap();
    for n in 0..50 {
        fs::write(
            server.path(&format!("a/file{n}")),
            vec![n; 200 * usize::from(n)],
        )
        .unwrap();
    }
    assert_eq!(fs::read_dir(server.path("a")).unwrap().count(), 51);
    for n in (0..50).step_by(2) {
        fs::remove_file(server.path(&format!("a/file{n}"))).unwrap();
    }
    fs::rename(server.path("a/file1"), server.path("a/file3")).unwrap();
    fs::rename(server.path("a"), server.path("moved")).unwrap();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(server.path("moved/file5"))
        .unwrap();
    file.write_all_at(&[1; 10_000], 1 << 33).unwrap();
    file.set_len(100).unwrap();
    fs::remove_file(server.path("moved/file5")).unwrap();
    file.write_all_at(&[2; 5000], 50).unwrap();
    drop(file);
    assert!(fs::metadata(server.path("none")).is_err());
    assert!(fs::remove_dir(server.path("moved")).is_err());
    fs::remove_dir(server.path("moved/b")).unwrap();
    rustix::fs::statvfs(server.mnt()).unwrap();
}

/// Works, then ends the server both ways; each must be clean.
fn check(command: impl Fn() -> Command) {
    let mut server = Server::start(command(), Place::new());
    work(&server);
    server.unmount();
    let mut server = Server::start(command(), Place::new());
    work(&server);
    server.signal(Signal::INT);
    server.ends_cleanly();
}

#[test]
fn valgrind_finds_nothing() {
    if skipped() {
        return;
    }
    let program = memfs(Build::Plain);
    check(|| {
        let mut command = Command::new("valgrind");
        command.args(["-q", "--leak-check=full", "--error-exitcode=99"]);
        command.arg("--errors-for-leak-kinds=definite,indirect,possible");
        command.arg("--show-leak-kinds=definite,indirect,possible");
        command.arg(&program).arg("-s");
        command
    });
}

#[test]
fn address_sanitizer_finds_nothing() {
    if skipped() {
        return;
    }
    let program = memfs(Build::Asan);
    check(|| {
        let mut command = Command::new(&program);
        command
            .env("ASAN_OPTIONS", "detect_leaks=1:exitcode=99")
            .arg("-s");
        command
    });
}
