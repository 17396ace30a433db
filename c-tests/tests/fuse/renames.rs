//! Renames: what they replace, what they refuse, and what they do to directories.

use crate::{
    each::{Fs, on_each},
    server::errno,
};
use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};
use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
};

on_each! {
    over_nothing_and_over_files
    kinds_must_fit
    directories_move_with_all_below
    flags
}

fn over_nothing_and_over_files(on: Fs) {
    let mut server = on.start();
    let at = |name: &str| server.path(name);
    fs::write(at("a"), "a").unwrap();
    fs::write(at("b"), "b").unwrap();
    let ino = fs::metadata(at("a")).unwrap().ino();
    fs::rename(at("a"), at("c")).unwrap();
    assert_eq!(errno(fs::metadata(at("a"))), libc::ENOENT);
    assert_eq!(fs::metadata(at("c")).unwrap().ino(), ino);

    // The replaced file lives on for whoever has it open.
    let mut replaced = File::open(at("b")).unwrap();
    fs::rename(at("c"), at("b")).unwrap();
    assert_eq!(fs::read(at("b")).unwrap(), b"a");
    let mut text = String::new();
    replaced.read_to_string(&mut text).unwrap();
    assert_eq!(text, "b");
    assert_eq!(replaced.metadata().unwrap().nlink(), 0);
    assert_eq!(fs::metadata(at("b")).unwrap().nlink(), 1);
    assert_eq!(fs::read_dir(server.mnt()).unwrap().count(), 1);

    fs::rename(at("b"), at("b")).unwrap();
    assert_eq!(fs::read(at("b")).unwrap(), b"a");
    assert_eq!(errno(fs::rename(at("none"), at("b"))), libc::ENOENT);
    assert_eq!(errno(fs::rename(at("b"), at("none/b"))), libc::ENOENT);
    assert_eq!(
        errno(fs::rename(at("b"), at(&"n".repeat(256)))),
        libc::ENAMETOOLONG
    );
    drop(replaced);
    server.unmount();
}

fn kinds_must_fit(on: Fs) {
    let mut server = on.start();
    let at = |name: &str| server.path(name);
    fs::write(at("file"), "x").unwrap();
    for dir in ["dir", "empty", "full"] {
        fs::create_dir(at(dir)).unwrap();
    }
    fs::write(at("full/inner"), "").unwrap();
    assert_eq!(errno(fs::rename(at("file"), at("empty"))), libc::EISDIR);
    assert_eq!(errno(fs::rename(at("dir"), at("file"))), libc::ENOTDIR);
    assert_eq!(errno(fs::rename(at("dir"), at("full"))), libc::ENOTEMPTY);
    fs::rename(at("dir"), at("empty")).unwrap();
    assert_eq!(errno(fs::metadata(at("dir"))), libc::ENOENT);
    fs::rename(at("full"), at("empty")).unwrap();
    assert!(fs::metadata(at("empty/inner")).unwrap().is_file());
    assert_eq!(fs::metadata(server.mnt()).unwrap().nlink(), 3);
    server.unmount();
}

fn directories_move_with_all_below(on: Fs) {
    let mut server = on.start();
    let at = |name: &str| server.path(name);
    let nlink = |name: &str| fs::metadata(at(name)).unwrap().nlink();
    fs::create_dir_all(at("a/b/c")).unwrap();
    fs::create_dir(at("z")).unwrap();
    fs::write(at("a/b/c/file"), "deep").unwrap();

    assert_eq!(errno(fs::rename(at("a"), at("a/b/c/a"))), libc::EINVAL);
    assert_eq!(errno(fs::rename(at("a"), at("a/a"))), libc::EINVAL);
    assert_eq!(errno(fs::rename(at("a/b/c"), at("a"))), libc::ENOTEMPTY);

    fs::rename(at("a/b"), at("z/moved")).unwrap();
    assert_eq!(fs::read(at("z/moved/c/file")).unwrap(), b"deep");
    assert_eq!((nlink("a"), nlink("z"), nlink("z/moved")), (2, 3, 3));
    // ".." leads to the new parent.
    let parent = fs::metadata(at("z/moved/..")).unwrap().ino();
    assert_eq!(parent, fs::metadata(at("z")).unwrap().ino());
    fs::rename(at("a"), at("z/moved/c/a")).unwrap();
    assert_eq!(
        errno(fs::rename(at("z"), at("z/moved/c/a/z"))),
        libc::EINVAL
    );
    fs::remove_dir_all(at("z")).unwrap();
    assert_eq!(nlink(""), 2);
    server.unmount();
}

fn flags(on: Fs) {
    let mut server = on.start();
    let at = |name: &str| server.path(name);
    fs::write(at("a"), "a").unwrap();
    fs::write(at("b"), "b").unwrap();
    let rename = |from, to, flags| renameat_with(CWD, at(from), CWD, at(to), flags);
    assert_eq!(rename("a", "b", RenameFlags::NOREPLACE), Err(Errno::EXIST));
    assert_eq!(rename("a", "b", RenameFlags::EXCHANGE), Err(Errno::INVAL));
    assert_eq!(fs::read(at("b")).unwrap(), b"b");
    rename("a", "c", RenameFlags::NOREPLACE).unwrap();
    assert_eq!(fs::read(at("c")).unwrap(), b"a");
    server.unmount();
}
