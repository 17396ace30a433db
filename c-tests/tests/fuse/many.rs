//! Directories with many names.

use crate::each::{Fs, on_each};
use rustix::fs::{Dir, FileType};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::Path,
};

on_each! {
    every_name_comes_once
    removing_while_reading
    a_removed_directory_is_empty_for_good
}

/// Every name with its inode number and kind; a name that comes twice is an error.
fn list(dir: &Path) -> BTreeMap<String, (u64, FileType)> {
    let mut names = BTreeMap::new();
    for entry in Dir::read_from(File::open(dir).unwrap()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_str().unwrap().to_owned();
        let old = names.insert(name, (entry.ino(), entry.file_type()));
        assert!(old.is_none(), "{entry:?} came twice");
    }
    names
}

fn every_name_comes_once(on: Fs) {
    const COUNT: usize = 5000;
    let mut server = on.start();
    let dir = server.path("dir");
    fs::create_dir(&dir).unwrap();
    let empty = list(&dir);
    assert_eq!(empty.keys().collect::<Vec<_>>(), [".", ".."]);
    assert_eq!(
        empty["."],
        (fs::metadata(&dir).unwrap().ino(), FileType::Directory)
    );
    assert_eq!(
        empty[".."],
        (
            fs::metadata(server.mnt()).unwrap().ino(),
            FileType::Directory
        )
    );

    // Names of every length, so that records end everywhere in a buffer.
    let name = |n: usize| format!("{n}-{}", "x".repeat(n % 200));
    for n in 0..COUNT {
        if n % 10 == 0 {
            fs::create_dir(dir.join(name(n))).unwrap();
        } else {
            File::create_new(dir.join(name(n))).unwrap();
        }
    }
    let all = list(&dir);
    assert_eq!(all.len(), COUNT + 2);
    for n in 0..COUNT {
        let (ino, kind) = all[&name(n)];
        let meta = fs::metadata(dir.join(name(n))).unwrap();
        assert_eq!(ino, meta.ino());
        assert_eq!(kind == FileType::Directory, meta.is_dir());
    }
    assert_eq!(
        fs::metadata(&dir).unwrap().nlink(),
        2 + (COUNT as u64).div_ceil(10)
    );

    // Half of it goes, and only the other half is left.
    for n in (1..COUNT).step_by(2) {
        fs::remove_file(dir.join(name(n))).unwrap();
    }
    let half = list(&dir);
    assert_eq!(half.len(), COUNT / 2 + 2);
    assert!((0..COUNT).step_by(2).all(|n| half.contains_key(&name(n))));
    fs::remove_dir_all(&dir).unwrap();
    server.unmount();
}

fn removing_while_reading(on: Fs) {
    let mut server = on.start();
    let dir = server.path("dir");
    fs::create_dir(&dir).unwrap();
    for n in 0..2000 {
        File::create_new(dir.join(format!("file{n}"))).unwrap();
    }
    // As rm -r does: each name is removed as it comes; what stays must come.
    let mut seen = 0;
    for entry in fs::read_dir(&dir).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
        seen += 1;
        if seen == 100 {
            File::create_new(dir.join("late")).unwrap();
        }
    }
    assert!(seen >= 2000, "only {seen} names came");
    let left = list(&dir);
    assert!(
        left.len() == 2 || (left.len() == 3 && left.contains_key("late")),
        "{left:?}"
    );

    // A directory that is read again from its start shows what is there now.
    let mut reader = Dir::read_from(File::open(&dir).unwrap()).unwrap();
    let before = reader.by_ref().count();
    File::create_new(dir.join("new")).unwrap();
    reader.rewind();
    assert_eq!(reader.count(), before + 1);
    server.unmount();
}

fn a_removed_directory_is_empty_for_good(on: Fs) {
    let mut server = on.start();
    let dir = server.path("dir");
    fs::create_dir(&dir).unwrap();
    let open = File::open(&dir).unwrap();
    fs::remove_dir(&dir).unwrap();
    let names = Dir::read_from(&open).unwrap().map(|entry| entry.unwrap());
    assert!(
        names
            .into_iter()
            .all(|entry| matches!(entry.file_name().to_bytes(), b"." | b".."))
    );
    let made = rustix::fs::mkdirat(&open, "inner", 0o755.into());
    assert_eq!(made, Err(rustix::io::Errno::NOENT));
    assert_eq!(open.metadata().unwrap().nlink(), 0);
    drop(open);
    server.unmount();
}
