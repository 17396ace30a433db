//! The limits of memfs, and that it gives back what it took.

use crate::{
    server::{Server, errno},
    stage::skipped,
    wait::{LONG, until},
};
use rustix::fs::statvfs;
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::{FileExt, MetadataExt, symlink},
};

const PAGE: u64 = 4096;

/// Bytes that differ from place to place.
fn pattern(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|at| (at / 251 + at) as u8 ^ seed).collect()
}

/// Blocks and nodes that are in use.
fn used(server: &Server) -> (u64, u64) {
    let figures = statvfs(server.mnt()).unwrap();
    (
        figures.f_blocks - figures.f_bfree,
        figures.f_files - figures.f_ffree,
    )
}

/// Waits until what was removed is forgotten as well.
#[track_caller]
fn comes_back_to(server: &Server, before: (u64, u64)) {
    let back = until(LONG, || used(server) == before);
    assert!(back, "{:?} in use, {before:?} before", used(server));
}

#[test]
fn a_full_file_system_says_so_and_goes_on() {
    if skipped() {
        return;
    }
    let mut server = Server::with_options(&["-o", "size=2m"]);
    fs::write(server.path("kept"), pattern(100_000, 3)).unwrap();
    let path = server.path("file");
    let mut file = File::create(&path).unwrap();
    let block = pattern(64 << 10, 4);
    let mut written = 0_u64;
    let error = loop {
        match file.write_all(&block) {
            Ok(()) => written += block.len() as u64,
            Err(error) => break error,
        }
        assert!(written < 4 << 20, "the limit does not hold");
    };
    assert_eq!(error.raw_os_error(), Some(libc::ENOSPC));
    assert!(written > 1 << 20);
    assert_eq!(statvfs(server.mnt()).unwrap().f_blocks, (2 << 20) / 4096);
    assert!(fs::read(server.path("kept")).unwrap() == pattern(100_000, 3));
    drop(file);

    fs::remove_file(&path).unwrap();
    let free = || statvfs(server.mnt()).unwrap().f_bfree * 4096;
    assert!(until(LONG, || free() > 1_900_000), "{} bytes free", free());
    fs::write(&path, &block).unwrap();
    server.unmount();
}

#[test]
fn statvfs_counts_what_is_used() {
    if skipped() {
        return;
    }
    let mut server = Server::with_options(&["-o", "size=64m"]);
    let empty = statvfs(server.mnt()).unwrap();
    assert_eq!(
        (empty.f_bsize, empty.f_frsize, empty.f_namemax),
        (4096, 4096, 255)
    );
    assert_eq!(empty.f_blocks, (64 << 20) / 4096);
    assert_eq!(empty.f_files - empty.f_ffree, 1);
    assert!(empty.f_bavail <= empty.f_bfree && empty.f_bfree < empty.f_blocks);
    fs::write(server.path("file"), pattern(1 << 20, 6)).unwrap();
    let filled = statvfs(server.mnt()).unwrap();
    assert_eq!(filled.f_files - filled.f_ffree, 2);
    let blocks = empty.f_bfree - filled.f_bfree;
    assert!((256..300).contains(&blocks), "{blocks} blocks for 1 MiB");
    assert_eq!(filled.f_blocks, empty.f_blocks);
    server.unmount();
}

#[test]
fn everything_is_given_back() {
    if skipped() {
        return;
    }
    let mut server = Server::with_options(&["-o", "size=64m"]);
    let at = |name: &str| server.path(name);
    let before = used(&server);
    assert_eq!(before.1, 1);
    for round in 0..3 {
        fs::create_dir_all(at("dir/below")).unwrap();
        for n in 0..500 {
            fs::write(at(&format!("dir/file{n}")), pattern(n * 20, round)).unwrap();
        }
        fs::hard_link(at("dir/file1"), at("dir/below/link")).unwrap();
        symlink("t".repeat(4000), at("dir/symlink")).unwrap();
        let file = File::create(at("dir/sparse")).unwrap();
        file.write_all_at(b"x", 1 << 50).unwrap();
        assert!(used(&server).0 > 1000 && used(&server).1 == 505);
        drop(file);
        fs::remove_dir_all(at("dir")).unwrap();
        comes_back_to(&server, before);
    }

    // Replaced by rename, cut, and held open after the last name.
    let bytes = pattern(1 << 20, 9);
    for name in ["a", "b", "c"] {
        fs::write(at(name), &bytes).unwrap();
    }
    fs::rename(at("a"), at("b")).unwrap();
    File::create(at("c")).unwrap();
    let open = OpenOptions::new().read(true).open(at("b")).unwrap();
    fs::remove_file(at("b")).unwrap();
    fs::remove_file(at("c")).unwrap();
    assert!(until(LONG, || used(&server).1 == 2), "{:?}", used(&server));
    assert!(used(&server).0 >= 256);
    drop(open);
    comes_back_to(&server, before);
    server.unmount();
}

#[test]
fn a_write_that_does_not_fit_leaves_no_trace() {
    if skipped() {
        return;
    }
    let mut server = Server::with_options(&["-o", "size=1m"]);
    let file = File::create(server.path("file")).unwrap();
    file.write_all_at(&pattern(4096, 1), 10 * PAGE).unwrap();
    let before = used(&server);
    // One request: it is taken as a whole or not at all.
    fs::write(server.path("most"), pattern(900 << 10, 2)).unwrap();
    let big = pattern(128 << 10, 3);
    assert_eq!(errno(file.write_all_at(&big, 0)), libc::ENOSPC);
    let meta = file.metadata().unwrap();
    assert_eq!((meta.len(), meta.blocks()), (11 * PAGE, 8));
    let now = fs::read(server.path("file")).unwrap();
    assert!(now[..10 * PAGE as usize].iter().all(|byte| *byte == 0));
    assert!(now[10 * PAGE as usize..] == pattern(4096, 1));
    fs::remove_file(server.path("most")).unwrap();
    comes_back_to(&server, before);
    file.write_all_at(&big, 0).unwrap();
    drop(file);
    server.unmount();
}

#[test]
fn nodes_are_counted() {
    if skipped() {
        return;
    }
    let mut server = Server::with_options(&["-o", "size=64m,nodes=10"]);
    let at = |name: &str| server.path(name);
    let figures = statvfs(server.mnt()).unwrap();
    assert_eq!((figures.f_files, figures.f_ffree), (10, 9));
    for n in 0..9 {
        fs::write(at(&format!("file{n}")), "").unwrap();
    }
    assert_eq!(errno(fs::write(at("more"), "")), libc::ENOSPC);
    assert_eq!(errno(fs::create_dir(at("more"))), libc::ENOSPC);
    assert_eq!(errno(symlink("x", at("more"))), libc::ENOSPC);
    assert_eq!(fs::read_dir(server.mnt()).unwrap().count(), 9);
    // What is there can still be written, renamed and linked to.
    fs::write(at("file0"), pattern(10_000, 4)).unwrap();
    fs::rename(at("file1"), at("renamed")).unwrap();
    fs::hard_link(at("file2"), at("link")).unwrap();
    assert_eq!(statvfs(server.mnt()).unwrap().f_ffree, 0);
    fs::remove_file(at("link")).unwrap();
    fs::remove_file(at("file0")).unwrap();
    let free = || statvfs(server.mnt()).unwrap().f_ffree == 1;
    assert!(until(LONG, free), "a removed file still counts");
    fs::create_dir(at("dir")).unwrap();
    assert_eq!(errno(fs::create_dir(at("dir/more"))), libc::ENOSPC);
    server.unmount();
}

#[test]
fn names_and_targets_take_room_as_well() {
    if skipped() {
        return;
    }
    let mut server = Server::with_options(&["-o", "size=100k"]);
    let before = used(&server);
    let made = (0..100).take_while(|n| {
        let made = symlink("t".repeat(4000), server.path(&format!("link{n}")));
        made.map_err(|error| assert_eq!(error.raw_os_error(), Some(libc::ENOSPC)))
            .is_ok()
    });
    let made = made.count();
    assert!((10..25).contains(&made), "{made} long targets in 100 KiB");
    for n in 0..made {
        fs::remove_file(server.path(&format!("link{n}"))).unwrap();
    }
    comes_back_to(&server, before);
    let file = server.path("file");
    fs::write(&file, "").unwrap();
    let made = (0..1000).take_while(|n| {
        let name = format!("{n:0>200}");
        fs::hard_link(&file, server.path(&name)).is_ok()
    });
    let made = made.count();
    assert!((100..500).contains(&made), "{made} long names in 100 KiB");
    assert_eq!(fs::metadata(&file).unwrap().nlink(), made as u64 + 1);
    server.unmount();
}
