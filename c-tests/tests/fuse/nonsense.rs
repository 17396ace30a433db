//! A server whose answers make no sense: `EPROTO` for the caller, a notice for the server, and all goes on.
//!
//! The server is nonsensefs.c beside this file; its file `log` has what it was told.

use crate::{
    server::{Place, Server, errno},
    stage::{Build, program, skipped},
};
use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{PermissionsExt, symlink},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::Command,
};

/// Kinds of notices: `PUFFS_ERR_*` of puffs.h.
mod kind {
    pub(super) const ERROR: i32 = 0;
    pub(super) const MAKENODE: i32 = 1;
    pub(super) const LOOKUP: i32 = 2;
    pub(super) const READDIR: i32 = 3;
    pub(super) const READLINK: i32 = 4;
    pub(super) const READ: i32 = 5;
    pub(super) const WRITE: i32 = 6;
}

struct Nonsense(Server);

impl Nonsense {
    fn new() -> Nonsense {
        let command = Command::new(program("tests/fuse/nonsensefs.c", Build::Plain));
        Nonsense(Server::start(command, Place::new()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    /// What the server was told since the last time.
    fn told(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// What the caller gets, what the server is told (the node by its name), and that everything goes on.
    #[track_caller]
    fn check<T>(&self, result: io::Result<T>, kind: i32, error: i32, node: &str, words: &str) {
        assert_eq!(errno(result), libc::EPROTO, "{words}");
        assert_eq!(self.told(), format!("{kind} {error} {node} {words}\n"));
        for text in ["one", "another"] {
            fs::write(self.path("file"), text).unwrap();
            assert_eq!(fs::read_to_string(self.path("file")).unwrap(), text);
        }
        assert_eq!(errno(fs::metadata(self.path("absent"))), libc::ENOENT);
        assert_eq!(self.told(), "", "{words}");
    }
}

#[test]
fn lookups_that_make_no_sense() {
    if skipped() {
        return;
    }
    let mut server = Nonsense::new();
    let no_errno = "the result is no errno value";
    let no_type = "lookup returned a node without a type";
    for (name, kind, error, words) in [
        ("negative", kind::ERROR, -1, no_errno),
        ("large", kind::ERROR, 134, no_errno),
        ("larger", kind::ERROR, i32::MAX, no_errno),
        ("least", kind::ERROR, i32::MIN, no_errno),
        (
            "self",
            kind::LOOKUP,
            libc::EINVAL,
            "lookup returned the directory's cookie",
        ),
        ("root", kind::LOOKUP, libc::EPROTO, "lookup gave the root"),
        ("vnon", kind::MAKENODE, libc::EINVAL, no_type),
        ("vbad", kind::MAKENODE, libc::EINVAL, no_type),
        (
            "sizeless",
            kind::MAKENODE,
            libc::EINVAL,
            "lookup returned a node of size -1",
        ),
    ] {
        let path = server.path("dir").join(name);
        server.check(fs::metadata(path), kind, error, "dir", words);
    }
    let root = server.path("root");
    let words = "lookup returned the directory's cookie";
    server.check(fs::metadata(root), kind::LOOKUP, libc::EINVAL, "/", words);
    let result = fs::metadata(server.path("badattr"));
    server.check(result, kind::ERROR, -7, "badattr", no_errno);
    server.0.unmount();
}

#[test]
fn new_nodes_that_cannot_be() {
    if skipped() {
        return;
    }
    let mut server = Nonsense::new();
    // Somebody has it, so it lives.
    let file = File::open(server.path("file")).unwrap();
    let words = "new node exists already";
    let live = server.path("dir").join("live");
    let results = [
        File::create(&live).map(drop),
        fs::create_dir(&live),
        symlink("x", &live),
    ];
    // Each is told of by itself; three at once would be one line each.
    let told = format!("{} {} file {words}\n", kind::MAKENODE, libc::EPROTO).repeat(3);
    for result in results {
        assert_eq!(errno(result), libc::EPROTO);
    }
    assert_eq!(server.told(), told);
    let new = server.path("dir").join("newroot");
    let words = "a new node has the root's cookie";
    for result in [File::create(&new).map(drop), fs::create_dir(&new)] {
        assert_eq!(errno(result), libc::EPROTO);
    }
    let told = format!("{} {} dir {words}\n", kind::MAKENODE, libc::EEXIST).repeat(2);
    assert_eq!(server.told(), told);
    drop(file);
    server.0.unmount();
}

#[test]
fn counts_that_grow() {
    if skipped() {
        return;
    }
    let mut server = Nonsense::new();
    let (file, big) = (|name| server.path(name), libc::E2BIG);
    let list = |name| fs::read_dir(file(name))?.collect::<io::Result<Vec<_>>>();

    let result = fs::read(file("read"));
    server.check(result, kind::READ, big, "read", "read: resid grew");
    let result = fs::write(file("write"), "text");
    server.check(result, kind::WRITE, big, "write", "write: resid grew");
    let words = "readlink: longer than the buffer";
    let result = fs::read_link(file("link"));
    server.check(result, kind::READLINK, big, "link", words);
    for (name, error, words) in [
        ("cookies", big, "readdir: more cookies than slots"),
        ("longlist", big, "readdir: reslen grew"),
        ("reclen", libc::EPROTO, "record reaches beyond the end"),
        ("slash", libc::EPROTO, "name that cannot be"),
    ] {
        server.check(list(name), kind::READDIR, error, name, words);
    }
    assert_eq!(list("dir").unwrap()[0].file_name(), "file");
    server.0.unmount();
}

#[test]
fn results_that_are_no_errors() {
    if skipped() {
        return;
    }
    let mut server = Nonsense::new();
    let words = "the result is no errno value";
    let bad =
        |node: &str, result: io::Result<()>| server.check(result, kind::ERROR, -7, node, words);
    let within = |name: &str| server.path("baddir").join(name);
    let file = server.path("file");

    bad("badfile", File::open(server.path("badfile")).map(drop));
    bad(
        "badfile",
        fs::set_permissions(server.path("badfile"), Permissions::from_mode(0o600)),
    );
    bad("badlink", fs::read_link(server.path("badlink")).map(drop));
    bad("baddir", File::create(within("new")).map(drop));
    bad("baddir", fs::create_dir(within("new")));
    bad("baddir", symlink("x", within("new")));
    bad("baddir", fs::hard_link(&file, within("new")));
    bad("baddir", fs::remove_file(within("write")));
    bad("baddir", fs::remove_dir(within("dir")));
    bad("baddir", fs::rename(within("write"), within("new")));
    bad(
        "baddir",
        fs::read_dir(server.path("baddir"))
            .and_then(|list| list.collect::<io::Result<Vec<_>>>().map(drop)),
    );
    server.0.unmount();
}

#[test]
fn a_server_may_end_at_its_first_nonsense() {
    if skipped() {
        return;
    }
    let mut command = Command::new(program("tests/fuse/nonsensefs.c", Build::Plain));
    command.arg("-a");
    let mut server = Server::start(command, Place::new());
    assert!(fs::metadata(server.path("file")).is_ok());
    assert!(fs::metadata(server.path("negative")).is_err());
    assert_eq!(server.status().signal(), Some(libc::SIGABRT));
    let log = server.log();
    let words = "puffs: answer refused: type 0, error -1, the result is no errno value (cookie 0x";
    assert!(log.starts_with(words), "{log}");
}
