//! Kinds of nodes, and names that share one.

use crate::{
    each::{Fs, on_each},
    server::errno,
};
use rustix::fs::{CWD, FileType, mknodat};
use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::{FileTypeExt, MetadataExt, symlink},
    os::unix::net::UnixListener,
    thread,
};

on_each! {
    all_kinds_of_nodes
    hard_links
    sockets_have_names
}

fn all_kinds_of_nodes(on: Fs) {
    let mut server = on.start();
    let at = |name: &str| server.path(name);
    let make = |name: &str, kind: FileType, dev| mknodat(CWD, at(name), kind, 0o640.into(), dev);
    make("file", FileType::RegularFile, 0).unwrap();
    make("fifo", FileType::Fifo, 0).unwrap();
    make("socket", FileType::Socket, 0).unwrap();
    make("char", FileType::CharacterDevice, libc::makedev(1, 3)).unwrap();
    make("block", FileType::BlockDevice, libc::makedev(7, 1000)).unwrap();
    fs::create_dir(at("dir")).unwrap();
    symlink("dir/target", at("symlink")).unwrap();

    let kind = |name: &str| fs::symlink_metadata(at(name)).unwrap().mode();
    assert_eq!(kind("file"), libc::S_IFREG | 0o640);
    assert_eq!(kind("fifo"), libc::S_IFIFO | 0o640);
    assert_eq!(kind("socket"), libc::S_IFSOCK | 0o640);
    assert_eq!(kind("char"), libc::S_IFCHR | 0o640);
    assert_eq!(kind("block"), libc::S_IFBLK | 0o640);
    assert_eq!(kind("symlink"), libc::S_IFLNK | 0o777);
    let rdev = |name: &str| fs::metadata(at(name)).unwrap().rdev();
    assert_eq!(rdev("char"), libc::makedev(1, 3));
    assert_eq!(rdev("block"), libc::makedev(7, 1000));
    assert_eq!(rdev("fifo"), 0);
    let listed: Vec<_> = fs::read_dir(server.mnt()).unwrap().collect();
    assert_eq!(listed.len(), 7);
    for entry in listed {
        let entry = entry.unwrap();
        assert_eq!(
            entry.file_type().unwrap(),
            entry.metadata().unwrap().file_type()
        );
    }

    // Symbolic links lead somewhere, and end somewhere.
    assert_eq!(
        fs::read_link(at("symlink")).unwrap().to_str(),
        Some("dir/target")
    );
    assert_eq!(fs::symlink_metadata(at("symlink")).unwrap().len(), 10);
    assert_eq!(errno(fs::read(at("symlink"))), libc::ENOENT);
    fs::write(at("symlink"), "through").unwrap();
    assert_eq!(fs::read(at("dir/target")).unwrap(), b"through");
    let long = "t".repeat(4095);
    symlink(&long, at("long")).unwrap();
    assert_eq!(fs::read_link(at("long")).unwrap().to_str(), Some(&*long));
    assert_eq!(errno(fs::read_link(at("file"))), libc::EINVAL);

    // A FIFO and a device work.
    let reader = thread::spawn({
        let path = at("fifo");
        move || fs::read(path).unwrap()
    });
    fs::write(at("fifo"), "through a pipe").unwrap();
    assert_eq!(reader.join().unwrap(), b"through a pipe");
    fs::write(at("char"), "into nothing").unwrap();
    assert_eq!(fs::read(at("char")).unwrap(), b"");
    server.unmount();
}

fn hard_links(on: Fs) {
    let mut server = on.start();
    let at = |name: &str| server.path(name);
    let nlink = |name: &str| fs::symlink_metadata(at(name)).unwrap().nlink();
    fs::write(at("file"), "one").unwrap();
    fs::create_dir(at("dir")).unwrap();
    fs::hard_link(at("file"), at("dir/other")).unwrap();
    assert_eq!((nlink("file"), nlink("dir/other")), (2, 2));
    let ino = |name: &str| fs::metadata(at(name)).unwrap().ino();
    assert_eq!(ino("file"), ino("dir/other"));
    fs::write(at("dir/other"), "two").unwrap();
    assert_eq!(fs::read(at("file")).unwrap(), b"two");
    assert_eq!(errno(fs::hard_link(at("dir"), at("d"))), libc::EPERM);
    assert_eq!(
        errno(fs::hard_link(at("file"), at("dir/other"))),
        libc::EEXIST
    );
    assert_eq!(errno(fs::hard_link(at("none"), at("x"))), libc::ENOENT);

    // Renaming one name of a file to another does nothing; one over it takes one name away.
    fs::rename(at("file"), at("dir/other")).unwrap();
    assert_eq!(nlink("file"), 2);
    fs::write(at("third"), "three").unwrap();
    fs::rename(at("third"), at("file")).unwrap();
    assert_eq!((nlink("file"), nlink("dir/other")), (1, 1));
    assert_eq!(fs::read(at("file")).unwrap(), b"three");
    assert_eq!(fs::read(at("dir/other")).unwrap(), b"two");
    symlink("anything", at("symlink")).unwrap();
    fs::hard_link(at("symlink"), at("again")).unwrap();
    assert_eq!(nlink("symlink"), 2);
    fs::remove_file(at("symlink")).unwrap();
    assert_eq!(
        fs::read_link(at("again")).unwrap().to_str(),
        Some("anything")
    );
    server.unmount();
}

fn sockets_have_names(on: Fs) {
    let mut server = on.start();
    let path = server.path("socket");
    let listener = UnixListener::bind(&path).unwrap();
    assert!(fs::metadata(&path).unwrap().file_type().is_socket());
    let mut one = std::os::unix::net::UnixStream::connect(&path).unwrap();
    one.write_all(b"hello").unwrap();
    drop(one);
    let mut text = String::new();
    listener
        .accept()
        .unwrap()
        .0
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "hello");
    drop(listener);
    fs::remove_file(&path).unwrap();
    server.unmount();
}
