//! Attributes, data, listings, handles.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;
use crate::c::consts::{PUFFS_FSYNC_DATAONLY, PUFFS_IO_APPEND, VA_UTIMES_NULL};
use crate::vtype::VFIFO;

#[test]
fn attributes_are_changed_as_far_as_they_are_given() {
    let world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    world.put_text(node, "0123456789", 0, 0).unwrap();
    let size = vattr { va_size: 4, ..NONE };
    world.set(node, size).unwrap();
    assert_eq!(world.text(node).unwrap(), "0123");
    let time = |tv_sec| libc::timespec { tv_sec, tv_nsec: 5 };
    let all = vattr {
        va_mode: 0o4711,
        va_atime: time(100),
        va_mtime: time(200),
        va_size: 2,
        ..NONE
    };
    world.set(node, all).unwrap();
    let st = fs::metadata(world.host("f")).unwrap();
    assert_eq!((st.mode() & 0o7777, st.size()), (0o4711, 2));
    assert_eq!((st.atime(), st.mtime(), st.mtime_nsec()), (100, 200, 5));
    // SAFETY: a live node.
    assert_eq!(unsafe { (*node).pn_va.va_mtime.tv_sec }, 200);
    let one = vattr {
        va_atime: time(300),
        ..NONE
    };
    world.set(node, one).unwrap();
    let st = fs::metadata(world.host("f")).unwrap();
    assert_eq!(
        (st.atime(), st.mtime(), st.mode() & 0o7777),
        (300, 200, 0o4711)
    );
    let now = vattr {
        va_vaflags: VA_UTIMES_NULL,
        va_mtime: time(1),
        ..NONE
    };
    world.set(node, now).unwrap();
    assert!(fs::metadata(world.host("f")).unwrap().mtime() > 1_000_000);
    let flags = vattr {
        va_flags: 1,
        ..NONE
    };
    assert_eq!(world.set(node, flags), Err(libc::EOPNOTSUPP));
    assert_eq!(world.set(world.root, size), Err(libc::EISDIR));
    // A link has an owner and times of its own.
    fs::write(world.host("target"), "").unwrap();
    let link = world.make("l", VLNK, 0o777).unwrap();
    world.set(link, one).unwrap();
    assert_eq!(fs::symlink_metadata(world.host("l")).unwrap().atime(), 300);
    assert!(fs::metadata(world.host("target")).unwrap().atime() > 300);
}

#[test]
fn data_goes_through() {
    let world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    assert_eq!(world.put_text(node, "hello", 0, 0), Ok(5));
    assert_eq!(world.put_text(node, "HE", 1, 0), Ok(2));
    fs::write(world.host("f"), "longer than before").unwrap();
    // The end is where the host says.
    assert_eq!(world.put_text(node, "!", 5, PUFFS_IO_APPEND), Ok(1));
    assert_eq!(world.text(node).unwrap(), "longer than before!");
    let mut room = [0; 10];
    // SAFETY: live nodes, and room.
    let n = unsafe { read(&world.pu, node, room.as_mut_ptr(), 10, 100) };
    assert_eq!(n, Ok(0));
    assert_eq!(world.text(world.root), Err(libc::EISDIR));
    assert_eq!(world.put_text(world.root, "x", 0, 0), Err(libc::EISDIR));
    // Nobody waits for the other end of a pipe here.
    let fifo = world.make("p", VFIFO, 0o644).unwrap();
    assert_eq!(world.text(fifo), Err(libc::EOPNOTSUPP));
    for node in [node, world.root, fifo] {
        for flags in [1, PUFFS_FSYNC_DATAONLY] {
            // SAFETY: live nodes.
            assert_eq!(unsafe { fsync(&world.pu, node, flags) }, Ok(()));
        }
    }
    // SAFETY: live nodes.
    let figures = unsafe { statvfs(&world.pu) }.unwrap();
    assert!(figures.f_blocks > 0 && figures.f_namemax >= 255 && figures.f_bsize > 0);
}

#[test]
fn directories_are_listed_in_pieces_and_from_anywhere() {
    let world = World::new();
    let mut expected = vec![".".to_owned(), "..".to_owned()];
    for n in 0..100 {
        let name = format!("file-with-a-name-{n}");
        fs::write(world.host(&name), "").unwrap();
        expected.push(name);
    }
    expected.sort();
    for room in [48, 4096, 64 << 10] {
        let mut names = listed(&world, world.root, room, 0).unwrap();
        let (name, from) = names[40].clone();
        let rest = listed(&world, world.root, room, from).unwrap();
        assert_eq!(rest[..], names[41..], "behind {name}");
        names.sort();
        let names: Vec<_> = names.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, expected);
    }
    assert_eq!(listed(&world, world.root, 16, 0).err(), Some(libc::EINVAL));
    let file = world.find(&expected[2]).unwrap();
    assert_eq!(listed(&world, file, 4096, 0).err(), Some(libc::ENOTDIR));
}

/// Offsets of some file systems count names, so they would lead elsewhere once names have gone. That it is the same reading which goes on
/// shows by what it had got from the host before.
#[test]
fn a_listing_goes_on_where_it_was_though_names_have_gone() {
    let world = World::new();
    let dirs = ["one", "two"].map(|dir| {
        fs::create_dir(world.host(dir)).unwrap();
        for n in 0..40 {
            fs::write(world.host(dir).join(format!("file{n}")), "").unwrap();
        }
        world.find(dir).unwrap()
    });
    let mut names = [Vec::new(), Vec::new()];
    let mut offsets = [0, 0];
    for n in 0..2 {
        let all = listed_on(&world, dirs[n], 200, &mut offsets[n], &mut names[n]);
        assert_eq!(all, Ok(false));
    }
    for dir in ["one", "two"] {
        for entry in fs::read_dir(world.host(dir)).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
    for n in 0..2 {
        while !listed_on(&world, dirs[n], 200, &mut offsets[n], &mut names[n]).unwrap() {}
        assert_eq!(names[n].len(), 42, "all, and the dots");
        // Who begins anew sees what is there now.
        assert_eq!(listed(&world, dirs[n], 4096, 0).unwrap().len(), 2);
    }
}

#[test]
fn handles_are_known_as_long_as_the_node_is() {
    let world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    // SAFETY: live nodes.
    let handle = match unsafe { nodetofh(&world.pu, node) } {
        Ok(handle) => handle,
        Err(error) => {
            assert_eq!(error, libc::EOPNOTSUPP, "the host has none");
            return;
        }
    };
    let find = |fid: &[u8]| {
        let pni = Newinfo::new(Made::Found, 0, 0);
        // SAFETY: live nodes.
        unsafe { fhtonode(&world.pu, fid, &pni) }.map(|()| (pni.cookie().cast(), pni.vtype()))
    };
    assert_eq!(find(&handle), Ok((node, VREG)));
    assert_eq!(find(&[&handle[..], &[0; 20]].concat()), Ok((node, VREG)));
    let mut wrong = handle.clone();
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(find(&wrong), Err(libc::ENOENT));
    for short in [&handle[..3], &handle[..handle.len() - 1]] {
        assert_eq!(find(short), Err(libc::EINVAL));
    }
    assert_eq!(find(&[0xff; 20]), Err(libc::EINVAL));
    world.unname(world.root, "f", node).unwrap();
    assert_eq!(find(&handle), Err(libc::ENOENT));
    put(node);
}

#[test]
fn who_writes_takes_set_id_bits_away() {
    let world = World::new();
    let gid = fs::metadata(&world.top).unwrap().gid();
    let (member, stranger) = (user(4000, gid), user(4000, gid + 1));
    let node = world.make("f", VREG, 0o644).unwrap();
    let mode = || fs::metadata(world.host("f")).unwrap().mode() & 0o7777;
    let size = vattr { va_size: 5, ..NONE };
    let both = vattr {
        va_mode: 0o2666,
        ..size
    };
    for (before, cred, after) in [
        (0o6777, None, 0o6777),
        (0o6777, Some(&member), 0o777),
        (0o6767, Some(&member), 0o2767),
        (0o6767, Some(&stranger), 0o767),
        (0o644, Some(&stranger), 0o644),
    ] {
        fs::set_permissions(world.host("f"), Permissions::from_mode(before)).unwrap();
        // SAFETY: live nodes, and a byte.
        let n = unsafe { write(&world.pu, node, b"x".as_ptr(), 1, 0, 0, cred) };
        assert_eq!((n, mode()), (Ok(1), after));
        fs::set_permissions(world.host("f"), Permissions::from_mode(before)).unwrap();
        // SAFETY: live nodes.
        unsafe { setattr(&world.pu, node, &size, cred) }.unwrap();
        assert_eq!(mode(), after);
    }
    // SAFETY: live nodes.
    unsafe { setattr(&world.pu, node, &both, Some(&stranger)) }.unwrap();
    assert_eq!(mode(), 0o666);
}

#[test]
fn what_is_new_has_one_time_and_a_change_of_nothing_is_a_change() {
    let world = World::new();
    let node = world.make("f", VREG, 0o4711).unwrap();
    let st = fs::metadata(world.host("f")).unwrap();
    assert_eq!((st.mtime(), st.mtime_nsec()), (st.ctime(), st.ctime_nsec()));
    assert_eq!(st.mode() & 0o7777, 0o4711);
    let ctime = || {
        let st = fs::metadata(world.host("f")).unwrap();
        (st.ctime(), st.ctime_nsec())
    };
    let (before, mut tries) = (ctime(), 0);
    // The clock of files moves in steps.
    while ctime() == before {
        world.set(node, NONE).unwrap();
        tries += 1;
        assert!(tries < 1_000_000);
    }
}
