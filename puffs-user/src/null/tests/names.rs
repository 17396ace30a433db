//! Names: found, made, removed, renamed.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::ptr;

use super::*;
use crate::c::consts::VA_EXCLUSIVE;
use crate::vtype::VFIFO;

#[test]
fn names_are_found_and_one_file_is_one_node() {
    let world = World::new();
    fs::write(world.host("a"), "text").unwrap();
    fs::hard_link(world.host("a"), world.host("b")).unwrap();
    fs::create_dir(world.host("d")).unwrap();
    let a = world.find("a").unwrap();
    assert_eq!(world.find("a").unwrap(), a);
    assert_eq!(world.find("b").unwrap(), a);
    assert_eq!(world.path(a), "a");
    assert_eq!(world.find("none"), Err(libc::ENOENT));
    assert_eq!(world.find_in(a, "x"), Err(libc::ENOTDIR));
    let d = world.find("d").unwrap();
    assert_eq!(world.find_in(d, "..").unwrap(), world.root);
    let (va, st) = (
        world.attr(a).unwrap(),
        fs::metadata(world.host("a")).unwrap(),
    );
    assert_eq!((va.va_type, va.va_size, va.va_nlink), (VREG, 4, 2));
    assert_eq!(
        (va.va_fileid, va.va_fsid, va.va_mode),
        (st.ino(), st.dev(), st.mode())
    );
    assert_eq!(
        (va.va_mtime.tv_sec, va.va_mtime.tv_nsec),
        (st.mtime(), st.mtime_nsec())
    );
    assert_eq!(world.attr(world.root).unwrap().va_type, VDIR);
}

#[test]
fn what_is_made_is_as_was_asked_for() {
    let world = World::new();
    // SAFETY: numbers only.
    let before = unsafe { libc::umask(0o077) };
    for (name, vtype, mode) in [
        ("file", VREG, 0o664),
        ("dir", VDIR, 0o775),
        ("fifo", VFIFO, 0o622),
        ("sock", VSOCK, 0o711),
        ("link", VLNK, 0o777),
    ] {
        let node = world.make(name, vtype, mode).unwrap();
        let st = fs::symlink_metadata(world.host(name)).unwrap();
        let va = world.attr(node).unwrap();
        assert_eq!((va.va_type, va.va_mode), (vtype, st.mode()), "{name}");
        assert_eq!(st.mode() & 0o7777, mode, "{name}");
        assert_eq!(world.find(name).unwrap(), node);
        assert_eq!(world.make(name, VDIR, 0o755), Err(libc::EEXIST));
    }
    // SAFETY: as above.
    unsafe { libc::umask(before) };
    let mut room = [0; 100];
    // SAFETY: live nodes.
    let len = unsafe { readlink(&world.pu, world.find("link").unwrap(), &mut room) }.unwrap();
    assert_eq!(&room[..len], b"target");
    // SAFETY: live nodes.
    let len = unsafe { readlink(&world.pu, world.find("file").unwrap(), &mut room) };
    assert_eq!(len, Err(libc::EINVAL));
    // A name that came just now is looked up again, unless it must be new.
    assert_eq!(world.make("file", VREG, 0o600), Err(libc::ESTALE));
    let va = vattr {
        va_type: VREG,
        va_mode: 0o600,
        va_vaflags: VA_EXCLUSIVE,
        ..NONE
    };
    assert_eq!(world.make_in(world.root, "file", &va), Err(libc::EEXIST));
}

#[test]
fn what_cannot_be_finished_is_taken_back() {
    let world = World::new();
    for vtype in [VREG, VFIFO, VDIR] {
        let va = vattr {
            va_type: vtype,
            va_mode: 0o644,
            // No host takes such a time.
            va_mtime: libc::timespec {
                tv_sec: 1,
                tv_nsec: 2_000_000_000,
            },
            ..NONE
        };
        assert_eq!(world.make_in(world.root, "new", &va), Err(libc::EINVAL));
        assert!(fs::symlink_metadata(world.host("new")).is_err());
        assert!(world.pu.null().nodes.borrow().is_empty());
    }
}

#[test]
fn a_removed_file_stays_usable() {
    let world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    world.put_text(node, "text", 0, 0).unwrap();
    world.unname(world.root, "f", node).unwrap();
    assert!(!world.host("f").exists());
    // Another file of that name is another node.
    fs::write(world.host("f"), "new").unwrap();
    let other = world.find("f").unwrap();
    assert_ne!(other, node);
    world.put_text(node, "more", 4, 0).unwrap();
    assert_eq!(world.text(node).unwrap(), "textmore");
    let va = vattr {
        va_mode: 0o600,
        va_size: 2,
        ..NONE
    };
    world.set(node, va).unwrap();
    let va = world.attr(node).unwrap();
    assert_eq!((va.va_nlink, va.va_size, va.va_mode & 0o777), (0, 2, 0o600));
    assert_eq!(fs::read_to_string(world.host("f")).unwrap(), "new");
    // It has no names that could go.
    assert_eq!(world.unname(world.root, "f", node), Err(libc::ESTALE));
    assert_eq!(world.unname(world.root, "g", node), Err(libc::ENOENT));
    assert!(world.host("f").exists());
    put(node);
}

#[test]
fn a_removed_directory_is_empty() {
    let world = World::new();
    let dir = world.make("d", VDIR, 0o755).unwrap();
    fs::write(world.host("d/x"), "").unwrap();
    assert_eq!(world.unname(world.root, "d", dir), Err(libc::ENOTEMPTY));
    assert_eq!(world.find("d").unwrap(), dir);
    fs::remove_file(world.host("d/x")).unwrap();
    world.unname(world.root, "d", dir).unwrap();
    assert_eq!(listed(&world, dir, 4096, 0).unwrap(), []);
    assert_eq!(world.attr(dir).unwrap().va_type, VDIR);
    put(dir);
}

#[test]
fn the_name_that_was_meant_goes_and_the_others_stay() {
    let world = World::new();
    let node = world.make("a", VREG, 0o644).unwrap();
    for name in ["b", "c"] {
        world.link_to(name, node).unwrap();
    }
    world.unname(world.root, "b", node).unwrap();
    assert!(world.host("a").exists() && !world.host("b").exists());
    assert_eq!(
        (world.path(node), world.attr(node).unwrap().va_nlink),
        ("a".into(), 2)
    );
    // The name in the node's path goes: it is still the same node, also by its other name.
    world.put_text(node, "text", 0, 0).unwrap();
    world.unname(world.root, "a", node).unwrap();
    assert_eq!(world.text(node).unwrap(), "text");
    assert_eq!(world.find("c").unwrap(), node);
    assert_eq!(world.path(node), "c");
    // SAFETY: a live node.
    assert!(unsafe { kept(node) }.gone.is_none());
    world.unname(world.root, "c", node).unwrap();
    assert_eq!(world.text(node).unwrap(), "text");
    assert_eq!(world.attr(node).unwrap().va_nlink, 0);
    assert_eq!(world.link_to("d", node), Err(libc::ENOENT));
    put(node);
}

/// Somebody has put another file under the name that is to go: the file's other name is not what was meant.
#[test]
fn another_name_does_not_stand_in() {
    let world = World::new();
    let node = world.make("a", VREG, 0o644).unwrap();
    world.link_to("b", node).unwrap();
    fs::remove_file(world.host("b")).unwrap();
    assert_eq!(world.unname(world.root, "b", node), Err(libc::ENOENT));
    fs::write(world.host("b"), "other").unwrap();
    assert_eq!(world.unname(world.root, "b", node), Err(libc::ESTALE));
    let moved = world.move_to("b", node, "c", ptr::null_mut());
    assert_eq!(moved, Err(libc::ESTALE));
    assert!(world.host("a").exists() && world.host("b").exists());
}

#[test]
fn renames_move_the_name_that_was_meant() {
    let world = World::new();
    let node = world.make("a", VREG, 0o644).unwrap();
    world.link_to("b", node).unwrap();
    world.move_to("b", node, "c", ptr::null_mut()).unwrap();
    assert!(world.host("a").exists() && world.host("c").exists() && !world.host("b").exists());
    assert_eq!(world.path(node), "c");
    // What is replaced stays usable.
    let old = world.make("old", VREG, 0o644).unwrap();
    world.put_text(old, "old", 0, 0).unwrap();
    world.move_to("a", node, "old", old).unwrap();
    assert_eq!(world.text(old).unwrap(), "old");
    assert_eq!(world.find("old").unwrap(), node);
    put(old);
    // Two names of one file stay both, as rename(2) has it.
    world.move_to("c", node, "old", node).unwrap();
    assert!(world.host("c").exists() && world.host("old").exists());
    let dir = world.make("d", VDIR, 0o755).unwrap();
    assert_eq!(world.move_to("c", node, "d", dir), Err(libc::EISDIR));
    assert_eq!(world.find("d").unwrap(), dir);
    let empty = world.make("e", VDIR, 0o755).unwrap();
    world.move_to("d", dir, "e", empty).unwrap();
    assert_eq!(world.find("e").unwrap(), dir);
    put(empty);
}

#[test]
fn modes_of_the_directory_are_inherited() {
    let world = World::new();
    fs::create_dir(world.host("g")).unwrap();
    fs::set_permissions(world.host("g"), Permissions::from_mode(0o2755)).unwrap();
    let dir = world.find("g").unwrap();
    let va = |va_type| vattr {
        va_type,
        va_mode: 0o755,
        ..NONE
    };
    world.make_in(dir, "d", &va(VDIR)).unwrap();
    world.make_in(dir, "f", &va(VREG)).unwrap();
    let mode = |name| fs::metadata(world.host(name)).unwrap().mode() & 0o7777;
    assert_eq!((mode("g/d"), mode("g/f")), (0o2755, 0o755));
}

#[test]
fn paths_may_be_longer_than_the_hosts() {
    let world = World::new();
    let (mut dir, part) = (world.root, "a".repeat(200));
    let mut all = vec![dir];
    for _ in 0..50 {
        let va = vattr {
            va_type: VDIR,
            va_mode: 0o755,
            ..NONE
        };
        dir = world.make_in(dir, &part, &va).unwrap();
        all.push(dir);
    }
    assert!(world.path(dir).len() > 10_000);
    let va = vattr {
        va_type: VREG,
        va_mode: 0o644,
        ..NONE
    };
    let file = world.make_in(dir, "f", &va).unwrap();
    world.put_text(file, "deep", 0, 0).unwrap();
    assert_eq!(world.text(file).unwrap(), "deep");
    assert_eq!(world.find_in(dir, "f").unwrap(), file);
    world.unname(dir, "f", file).unwrap();
    put(file);
    for pair in all.windows(2).rev() {
        world.unname(pair[0], &part, pair[1]).unwrap();
        put(pair[1]);
    }
    assert_eq!(fs::read_dir(&world.top).unwrap().count(), 0);
}
