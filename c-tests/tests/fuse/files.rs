//! Files: names, contents, sizes, attributes, and the errors that come instead.

use crate::{
    each::{Fs, on_each},
    server::errno,
    wait::{LONG, until},
};
use rustix::fs::{
    AtFlags, CWD, FallocateFlags, Timespec, Timestamps, UTIME_OMIT, fallocate, futimens, statvfs,
    utimensat,
};
use rustix::io::Errno;
use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    process::Command,
    thread,
    time::{Duration, SystemTime},
};

on_each! {
    contents_come_back
    names_and_their_errors
    truncate_cuts_and_extends_with_zeros
    big_and_sparse_files
    removed_files_live_while_open
    attributes
    times
    programs_run_from_the_mount
    syncing_and_reserving
    many_writers_at_once
}

/// Bytes that differ from place to place.
fn pattern(len: usize, seed: u32) -> Vec<u8> {
    let mut x = seed | 1;
    let mut bytes = Vec::with_capacity(len);
    for _ in 0..len {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push((x >> 24) as u8);
    }
    bytes
}

fn contents_come_back(on: Fs) {
    let mut server = on.start();
    let path = server.path("file");
    fs::write(&path, "one two three").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one two three");

    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    file.write_all_at(b"TWO", 4).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one TWO three");
    let mut append = OpenOptions::new().append(true).open(&path).unwrap();
    append.write_all(b" four").unwrap();
    append.write_all(b" five").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one TWO three four five");

    // At and past the end there is nothing to read.
    file.seek(SeekFrom::Start(23)).unwrap();
    assert_eq!(file.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(file.read_at(&mut [0; 8], 1 << 40).unwrap(), 0);
    assert_eq!(file.read_at(&mut [0; 8], 20).unwrap(), 3);

    // Written again from the start, nothing of the old contents shows.
    fs::write(&path, "x").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"x");
    drop((file, append));
    server.unmount();
}

fn names_and_their_errors(on: Fs) {
    let mut server = on.start();
    let at = |name: &str| server.path(name);
    assert_eq!(errno(fs::read(at("none"))), libc::ENOENT);
    assert_eq!(errno(fs::create_dir(at("none/dir"))), libc::ENOENT);
    assert_eq!(errno(fs::remove_file(at("none"))), libc::ENOENT);
    assert_eq!(errno(fs::remove_dir(at("none"))), libc::ENOENT);

    fs::write(at("file"), "x").unwrap();
    fs::create_dir(at("dir")).unwrap();
    assert_eq!(errno(File::create_new(at("file"))), libc::EEXIST);
    assert_eq!(errno(fs::create_dir(at("file"))), libc::EEXIST);
    assert_eq!(errno(fs::create_dir(at("dir"))), libc::EEXIST);
    assert_eq!(errno(fs::read(at("file/x"))), libc::ENOTDIR);
    assert_eq!(errno(File::create(at("file/x"))), libc::ENOTDIR);
    assert_eq!(errno(fs::remove_file(at("dir"))), libc::EISDIR);
    assert_eq!(errno(fs::remove_dir(at("file"))), libc::ENOTDIR);
    assert_eq!(errno(File::create(at("dir"))), libc::EISDIR);
    assert_eq!(
        errno(File::open(at("dir")).unwrap().read(&mut [0; 8])),
        libc::EISDIR
    );
    File::create(at("dir/inner")).unwrap();
    assert_eq!(errno(fs::remove_dir(at("dir"))), libc::ENOTEMPTY);
    assert_eq!(fs::read(at("dir/../file")).unwrap(), b"x");

    let long = "n".repeat(255);
    fs::write(at(&long), "long").unwrap();
    assert_eq!(fs::read(at(&long)).unwrap(), b"long");
    let longer = "n".repeat(256);
    assert_eq!(errno(File::create(at(&longer))), libc::ENAMETOOLONG);
    assert_eq!(errno(fs::create_dir(at(&longer))), libc::ENAMETOOLONG);
    assert_eq!(errno(fs::metadata(at(&longer))), libc::ENAMETOOLONG);
    let odd = "a \u{1F980}\n'\"*?\\ .";
    fs::write(at(odd), "odd").unwrap();
    assert_eq!(fs::read(at(odd)).unwrap(), b"odd");

    // A name that was looked for in vain is there as soon as it is made, and the other way round.
    assert_eq!(errno(fs::metadata(at("soon"))), libc::ENOENT);
    File::create_new(at("soon")).unwrap();
    assert!(fs::metadata(at("soon")).unwrap().is_file());
    fs::remove_file(at("soon")).unwrap();
    assert_eq!(errno(fs::metadata(at("soon"))), libc::ENOENT);
    fs::create_dir(at("soon")).unwrap();
    assert!(fs::metadata(at("soon")).unwrap().is_dir());
    server.unmount();
}

fn truncate_cuts_and_extends_with_zeros(on: Fs) {
    let mut server = on.start();
    let path = server.path("file");
    let bytes = pattern(70_000, 1);
    fs::write(&path, &bytes).unwrap();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    for size in [65_537, 65_536, 8191, 4096, 4095, 1, 0_u64] {
        file.set_len(size).unwrap();
        assert_eq!(file.metadata().unwrap().len(), size);
        file.set_len(70_000).unwrap();
        let now = fs::read(&path).unwrap();
        assert_eq!(now.len(), 70_000);
        assert!(
            now[..size as usize] == bytes[..size as usize],
            "beginning after {size}"
        );
        assert!(
            now[size as usize..].iter().all(|byte| *byte == 0),
            "zeros after {size}"
        );
    }
    // truncate(2) by name, and O_TRUNC.
    fs::write(&path, &bytes).unwrap();
    Command::new("truncate")
        .args(["-s", "10"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(fs::read(&path).unwrap() == bytes[..10]);
    OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(&path)
        .unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    assert_eq!(fs::metadata(&path).unwrap().blocks(), 0);
    drop(file);
    server.unmount();
}

fn big_and_sparse_files(on: Fs) {
    let mut server = on.start();
    let path = server.path("big");
    let bytes = pattern(9 << 20, 2);
    fs::write(&path, &bytes).unwrap();
    assert!(fs::read(&path).unwrap() == bytes);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    for (at, len) in [
        (0, 1),
        (4095, 2),
        (1 << 20, 300_000),
        ((9 << 20) - 5, 5),
        (131_071, 4097),
    ] {
        let mut some = vec![0; len];
        file.read_exact_at(&mut some, at as u64).unwrap();
        assert!(some == bytes[at..at + len], "at {at}");
    }

    drop(file);

    // A hole costs nothing and reads as zeros, however far it reaches.
    let sparse = server.path("sparse");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(sparse);
    let file = file.unwrap();
    for far in [1 << 12, 1 << 21, 1 << 31, 1 << 40, 1 << 62_u64] {
        file.write_all_at(b"far", far).unwrap();
        assert_eq!(file.metadata().unwrap().len(), far + 3);
        let mut some = [1; 7];
        file.read_exact_at(&mut some, far - 4).unwrap();
        assert_eq!(&some, b"\0\0\0\0far");
    }
    assert!(file.metadata().unwrap().blocks() < 1000);
    let mut some = [1; 10];
    file.read_exact_at(&mut some, (1 << 31) - 4).unwrap();
    assert_eq!(&some, b"\0\0\0\0far\0\0\0");
    drop(file);
    server.unmount();
}

fn removed_files_live_while_open(on: Fs) {
    let mut server = on.start();
    let before = statvfs(server.mnt()).unwrap().f_bfree;
    let path = server.path("file");
    let bytes = pattern(200_000, 5);
    fs::write(&path, &bytes).unwrap();
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(errno(fs::metadata(&path)), libc::ENOENT);
    assert_eq!(file.metadata().unwrap().nlink(), 0);

    // The name is free for another file; the open one is not touched by it.
    fs::write(&path, "other").unwrap();
    let mut now = Vec::new();
    file.read_to_end(&mut now).unwrap();
    assert!(now == bytes);
    file.write_all(b"more").unwrap();
    file.set_len(100_000).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 100_000);
    assert_eq!(fs::read(&path).unwrap(), b"other");
    fs::remove_file(&path).unwrap();

    // The last close gives the memory back.
    assert!(statvfs(server.mnt()).unwrap().f_bfree < before);
    drop(file);
    let free = || statvfs(server.mnt()).unwrap().f_bfree;
    assert!(
        until(LONG, || free() == before),
        "{} of {before} blocks",
        free()
    );
    server.unmount();
}

fn attributes(on: Fs) {
    let mut server = on.start();
    let path = server.path("file");
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(&path)
        .unwrap();
    let meta = fs::metadata(&path).unwrap();
    assert_eq!((meta.mode(), meta.nlink(), meta.len()), (0o100_640, 1, 0));
    assert_eq!((meta.uid(), meta.gid()), (0, 0));
    assert_ne!(meta.ino(), fs::metadata(server.mnt()).unwrap().ino());
    assert_eq!(meta.dev(), fs::metadata(server.mnt()).unwrap().dev());

    fs::set_permissions(&path, fs::Permissions::from_mode(0o4711)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode(), 0o104_711);
    std::os::unix::fs::chown(&path, Some(12), Some(34)).unwrap();
    let meta = fs::metadata(&path).unwrap();
    assert_eq!((meta.uid(), meta.gid()), (12, 34));
    std::os::unix::fs::chown(&path, None, Some(56)).unwrap();
    let meta = fs::metadata(&path).unwrap();
    assert_eq!((meta.uid(), meta.gid()), (12, 56));

    // Links of directories: the name, ".", and ".." of each one below.
    let nlink = |name: &str| fs::metadata(server.path(name)).unwrap().nlink();
    assert_eq!(nlink(""), 2);
    fs::create_dir(server.path("dir")).unwrap();
    fs::create_dir(server.path("dir/a")).unwrap();
    fs::create_dir(server.path("dir/b")).unwrap();
    fs::write(server.path("dir/file"), "").unwrap();
    assert_eq!((nlink(""), nlink("dir"), nlink("dir/a")), (3, 4, 2));
    fs::remove_dir(server.path("dir/a")).unwrap();
    assert_eq!(nlink("dir"), 3);
    server.unmount();
}

fn times(on: Fs) {
    let mut server = on.start();
    let path = server.path("file");
    let start = SystemTime::now() - Duration::from_secs(1);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .unwrap();
    let created = file.metadata().unwrap();
    for time in [created.modified().unwrap(), created.accessed().unwrap()] {
        assert!(time > start && time <= SystemTime::now(), "{time:?}");
    }

    // What is set is what is read, to the nanosecond; and what is left out stays.
    let given = |sec, nsec| Timespec {
        tv_sec: sec,
        tv_nsec: nsec,
    };
    let both = Timestamps {
        last_access: given(1_000_000_000, 123_456_789),
        last_modification: given(1_100_000_000, 987_654_321),
    };
    utimensat(CWD, &path, &both, AtFlags::empty()).unwrap();
    let meta = fs::metadata(&path).unwrap();
    assert_eq!(
        (meta.atime(), meta.atime_nsec()),
        (1_000_000_000, 123_456_789)
    );
    assert_eq!(
        (meta.mtime(), meta.mtime_nsec()),
        (1_100_000_000, 987_654_321)
    );
    let one = Timestamps {
        last_access: given(0, UTIME_OMIT),
        last_modification: given(-1, 5),
    };
    futimens(&file, &one).unwrap();
    let meta = fs::metadata(&path).unwrap();
    assert_eq!(
        (meta.atime(), meta.atime_nsec()),
        (1_000_000_000, 123_456_789)
    );
    assert_eq!((meta.mtime(), meta.mtime_nsec()), (-1, 5));

    // A write moves mtime and ctime, a read atime, a chmod ctime only.
    let ctime = |meta: &fs::Metadata| (meta.ctime(), meta.ctime_nsec());
    file.write_all(b"x").unwrap();
    let written = fs::metadata(&path).unwrap();
    assert!(written.modified().unwrap() > start && ctime(&written) > ctime(&created));
    assert_eq!(written.atime(), 1_000_000_000);
    fs::read(&path).unwrap();
    assert!(fs::metadata(&path).unwrap().accessed().unwrap() > start);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let moded = fs::metadata(&path).unwrap();
    assert!(ctime(&moded) > ctime(&written));
    assert_eq!(moded.modified().unwrap(), written.modified().unwrap());

    // A new name moves its directory's mtime.
    let root = || fs::metadata(server.mnt()).unwrap().modified().unwrap();
    let before = root();
    fs::write(server.path("other"), "").unwrap();
    let after = root();
    assert!(after > before);
    fs::remove_file(server.path("other")).unwrap();
    assert!(root() > after);
    drop(file);
    server.unmount();
}

fn programs_run_from_the_mount(on: Fs) {
    let mut server = on.start();
    fs::copy("/bin/cat", server.path("cat")).unwrap();
    fs::write(server.path("text"), "through mmap").unwrap();
    let output = Command::new(server.path("cat"))
        .arg(server.path("text"))
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, b"through mmap");
    server.unmount();
}

fn syncing_and_reserving(on: Fs) {
    let mut server = on.start();
    let mut file = File::create(server.path("file")).unwrap();
    file.write_all(b"x").unwrap();
    file.sync_all().unwrap();
    file.sync_data().unwrap();
    File::open(server.mnt()).unwrap().sync_all().unwrap();
    let reserved = fallocate(&file, FallocateFlags::empty(), 0, 10_000);
    if on != Fs::Memfs {
        assert_eq!(reserved, Err(Errno::OPNOTSUPP));
        drop(file);
        return server.unmount();
    }
    reserved.unwrap();
    let meta = file.metadata().unwrap();
    assert_eq!((meta.len(), meta.blocks()), (10_000, 24));
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    fallocate(&file, hole, 4096, 10_000).unwrap();
    let meta = file.metadata().unwrap();
    assert_eq!((meta.len(), meta.blocks()), (10_000, 8));
    drop(file);
    server.unmount();
}

fn many_writers_at_once(on: Fs) {
    let mut server = on.start();
    let mnt = server.mnt();
    thread::scope(|scope| {
        for writer in 0..8_u32 {
            scope.spawn(move || {
                let dir = mnt.join(format!("dir{writer}"));
                fs::create_dir(&dir).unwrap();
                for n in 0..25_u32 {
                    let bytes = pattern(1000 * (n as usize + 1), writer << 8 | n);
                    let path = dir.join(format!("file{n}"));
                    fs::write(&path, &bytes).unwrap();
                    let renamed = dir.join(format!("renamed{n}"));
                    fs::rename(&path, &renamed).unwrap();
                    assert!(
                        fs::read(&renamed).unwrap() == bytes,
                        "{}",
                        renamed.display()
                    );
                }
            });
        }
    });
    for writer in 0..8 {
        assert_eq!(
            fs::read_dir(server.path(&format!("dir{writer}")))
                .unwrap()
                .count(),
            25
        );
    }
    server.unmount();
}
