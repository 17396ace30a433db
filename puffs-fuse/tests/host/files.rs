//! Files and directories, as programs use them.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};

use puffs_core::msg::body::namei;
use puffs_core::msg::op::{CLASS_VN, vn};

use crate::rig::Rig;

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 7 + n / 251) as u8).collect()
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn files_are_written_and_read() {
    let mut rig = Rig::new();
    let path = rig.path("file");
    let data = pattern(3 << 20);
    fs::write(&path, &data).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), data.len() as u64);
    assert!(fs::read(&path).unwrap() == data);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    file.write_all_at(b"middle", 1 << 20).unwrap();
    file.seek(SeekFrom::Start((1 << 20) - 2)).unwrap();
    let mut part = [0; 10];
    file.read_exact(&mut part).unwrap();
    assert_eq!(&part[2..8], b"middle");
    file.set_len(100).unwrap();
    assert_eq!(fs::read(&path).unwrap(), &data[..100]);
    drop(file);
    let mut append = OpenOptions::new().append(true).open(&path).unwrap();
    append.write_all(b"end").unwrap();
    drop(append);
    assert_eq!(fs::read(&path).unwrap()[100..], *b"end");
    // 256 KiB a message: three megabytes are a dozen, not a thousand.
    let writes = rig.seen().ops[&(CLASS_VN, vn::WRITE)];
    assert!(writes <= 20, "{writes} writes");
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn names_come_and_go() {
    let mut rig = Rig::new();
    fs::create_dir(rig.path("dir")).unwrap();
    assert_eq!(
        fs::create_dir(rig.path("dir")).unwrap_err().raw_os_error(),
        Some(libc::EEXIST)
    );
    for n in 0..500 {
        File::create(rig.path(&format!("dir/file number {n}"))).unwrap();
    }
    let mut names: Vec<_> = fs::read_dir(rig.path("dir"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut expected: Vec<_> = (0..500).map(|n| format!("file number {n}")).collect();
    expected.sort();
    assert_eq!(names, expected);

    fs::write(rig.path("a"), "from").unwrap();
    fs::rename(rig.path("a"), rig.path("dir/b")).unwrap();
    fs::write(rig.path("c"), "over").unwrap();
    fs::rename(rig.path("c"), rig.path("dir/b")).unwrap();
    assert_eq!(fs::read(rig.path("dir/b")).unwrap(), b"over");
    assert!(!rig.path("a").exists() && !rig.path("c").exists());

    let code = |result: std::io::Result<()>| result.unwrap_err().raw_os_error();
    let (longest, longer) = ("x".repeat(255), "x".repeat(256));
    fs::write(rig.path(&longest), "").unwrap();
    fs::remove_file(rig.path(&longest)).unwrap();
    let too_long = Some(libc::ENAMETOOLONG);
    assert_eq!(code(fs::write(rig.path(&longer), "")), too_long);
    assert_eq!(code(fs::metadata(rig.path(&longer)).map(drop)), too_long);
    assert_eq!(
        code(fs::rename(rig.path("dir/b"), rig.path(&longer))),
        too_long
    );
    assert_eq!(code(fs::remove_file(rig.path("dir"))), Some(libc::EISDIR));
    assert_eq!(code(fs::remove_dir(rig.path("dir/b"))), Some(libc::ENOTDIR));
    assert_eq!(code(fs::remove_file(rig.path("gone"))), Some(libc::ENOENT));
    fs::set_permissions(rig.path("dir/b"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(
        fs::metadata(rig.path("dir/b")).unwrap().mode() & 0o7777,
        0o600
    );
    fs::remove_dir_all(rig.path("dir")).unwrap();
    assert_eq!(fs::read_dir(&rig.dir).unwrap().count(), 0);
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn an_unlinked_file_works_until_it_is_closed() {
    let mut rig = Rig::new();
    let path = rig.path("file");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .unwrap();
    fs::remove_file(&path).unwrap();
    file.write_all(b"still here").unwrap();
    file.rewind().unwrap();
    let mut data = String::new();
    file.read_to_string(&mut data).unwrap();
    assert_eq!(data, "still here");
    assert_eq!(file.metadata().unwrap().nlink(), 0);
    drop(file);
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn forgotten_nodes_are_reclaimed_while_mounted() {
    let mut rig = Rig::new();
    for n in 0..50 {
        fs::write(rig.path(&format!("{n}")), "x").unwrap();
        fs::remove_file(rig.path(&format!("{n}"))).unwrap();
    }
    // The kernel sends its forgets between other requests, some at a time, and figures are always asked for.
    for _ in 0..50 {
        rig.figures();
    }
    assert_eq!(rig.seen().known, Default::default());
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn figures_are_the_servers() {
    let mut rig = Rig::new();
    let figures = rig.figures();
    assert_eq!(
        (figures.f_blocks, figures.f_frsize, figures.f_namemax),
        (77, 4096, 255)
    );
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let dir = rig.dir.to_str().unwrap().replace(' ', "\\040");
    let line = table.lines().find(|line| line.contains(&dir)).unwrap();
    assert!(line.contains(" - fuse.tree /dev/puffs "), "{line}");
    assert!(line.contains("default_permissions"), "{line}");
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn lookups_say_what_they_are_for() {
    let mut rig = Rig::new();
    let intents = |rig: &Rig| std::mem::take(&mut rig.seen().intents);
    let expect = |wanted: &[(&str, u32)]| -> Vec<_> {
        wanted
            .iter()
            .map(|(name, op)| ((*name).to_owned(), *op))
            .collect()
    };
    fs::create_dir(rig.path("a")).unwrap();
    assert_eq!(intents(&rig), expect(&[("a", namei::CREATE)]));
    fs::write(rig.path("b"), "").unwrap();
    assert_eq!(intents(&rig), expect(&[("b", namei::CREATE)]));
    fs::rename(rig.path("b"), rig.path("c")).unwrap();
    assert_eq!(
        intents(&rig),
        expect(&[("b", namei::DELETE), ("c", namei::RENAME)])
    );
    fs::remove_file(rig.path("c")).unwrap();
    assert_eq!(intents(&rig), expect(&[("c", namei::DELETE)]));
    fs::remove_dir(rig.path("a")).unwrap();
    assert_eq!(intents(&rig), expect(&[("a", namei::DELETE)]));
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn what_the_kernel_did_not_know_is_seen_in_time() {
    let mut rig = Rig::new();
    let code = |result: std::io::Result<()>| result.unwrap_err().raw_os_error();
    // The server made it behind the kernel's back.
    assert_eq!(code(fs::create_dir(rig.path("hidden"))), Some(libc::EEXIST));
    let exclusive = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(rig.path("hidden"));
    assert_eq!(code(exclusive.map(drop)), Some(libc::EEXIST));
    // The type that counts is the one that comes with the removal.
    assert_eq!(
        code(fs::remove_file(rig.path("changeling"))),
        Some(libc::EISDIR)
    );
    assert_eq!(
        code(fs::remove_dir(rig.path("gnilegnahc"))),
        Some(libc::ENOTDIR)
    );
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn the_last_close_makes_a_node_inactive() {
    let mut rig = Rig::new();
    let (first, second) = (
        File::create(rig.path("f")).unwrap(),
        File::open(rig.path("f")).unwrap(),
    );
    let node = first.metadata().unwrap().ino();
    drop(first);
    rig.figures();
    assert!(rig.seen().active.contains(&node));
    drop(second);
    rig.figures();
    assert!(!rig.seen().active.contains(&node));
    rig.umount();
    rig.join();
    rig.check_end();
}

#[test]
#[ignore = "mounts: make fuse-test"]
fn reads_past_the_page_cache_see_the_size_as_it_is() {
    let mut rig = Rig::new();
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .custom_flags(libc::O_DIRECT)
        .open(rig.path("file"))
        .unwrap();
    let mut memory = vec![0_u8; 3 * 4096];
    let at = memory.as_ptr().align_offset(4096);
    let page = &mut memory[at..at + 4096];
    page.fill(b'w');
    file.write_all(page).unwrap();
    page.fill(0);
    assert_eq!(file.read_at(page, 0).unwrap(), 4096);
    assert!(page.iter().all(|byte| *byte == b'w'));
    file.set_len(8192).unwrap();
    assert_eq!(file.read_at(page, 4096).unwrap(), 4096);
    assert!(page.iter().all(|byte| *byte == 0));
    file.set_len(100).unwrap();
    assert_eq!(file.read_at(page, 0).unwrap(), 100);
    assert_eq!(file.read_at(page, 4096).unwrap(), 0);
    drop(file);
    rig.umount();
    rig.join();
    rig.check_end();
}
