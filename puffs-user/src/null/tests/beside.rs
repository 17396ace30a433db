//! What others do to the files meanwhile, and what is not there.

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink as host_symlink};
use std::ptr;

use super::*;

#[test]
fn another_file_in_its_place_is_not_mistaken_for_it() {
    let world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    // An editor saves so: a new file, renamed over the old one.
    fs::write(world.host("g"), "other").unwrap();
    fs::rename(world.host("g"), world.host("f")).unwrap();
    assert_eq!(world.attr(node).err(), Some(libc::ESTALE));
    assert_eq!(world.text(node), Err(libc::ESTALE));
    assert_eq!(world.put_text(node, "x", 0, 0), Err(libc::ESTALE));
    assert_eq!(world.unname(world.root, "f", node), Err(libc::ESTALE));
    assert_eq!(fs::read_to_string(world.host("f")).unwrap(), "other");
    let other = world.find("f").unwrap();
    assert_ne!(other, node);
    assert_eq!(world.text(other).unwrap(), "other");
}

#[test]
fn what_was_moved_beside_us_is_found_again_with_what_is_below() {
    let world = World::new();
    let dir = world.make("d", VDIR, 0o755).unwrap();
    fs::write(world.host("d/x"), "text").unwrap();
    let file = world.find_in(dir, "x").unwrap();
    assert_eq!(world.path(file), "d/x");
    fs::rename(world.host("d"), world.host("e")).unwrap();
    assert_eq!(world.attr(file).err(), Some(libc::ENOENT));
    assert_eq!(world.find("e").unwrap(), dir);
    assert_eq!(
        (world.path(dir), world.path(file)),
        ("e".into(), "e/x".into())
    );
    assert_eq!(world.text(file).unwrap(), "text");
    // A directory that took its place is another one, and so is what is in it.
    fs::rename(world.host("e"), world.host("f")).unwrap();
    fs::create_dir(world.host("e")).unwrap();
    fs::write(world.host("e/x"), "other").unwrap();
    assert_eq!(world.find_in(dir, "x"), Err(libc::ESTALE));
}

#[test]
fn no_link_leads_out() {
    let world = World::new();
    let outside = World::new();
    fs::write(outside.host("secret"), "secret").unwrap();
    let dir = world.make("d", VDIR, 0o755).unwrap();
    fs::write(world.host("d/secret"), "mine").unwrap();
    let file = world.find_in(dir, "secret").unwrap();
    // Somebody exchanges the directory for a link.
    fs::rename(world.host("d"), world.host("kept")).unwrap();
    host_symlink(&outside.top, world.host("d")).unwrap();
    assert_eq!(world.text(file), Err(libc::ESTALE));
    assert_eq!(world.put_text(file, "x", 0, 0), Err(libc::ESTALE));
    assert_eq!(world.attr(file).err(), Some(libc::ESTALE));
    // The system says so in one way or another.
    let refused = [libc::ESTALE, libc::ENOTDIR];
    assert!(refused.contains(&world.find_in(dir, "secret").unwrap_err()));
    assert!(refused.contains(&world.unname(dir, "secret", file).unwrap_err()));
    let va = vattr {
        va_type: VREG,
        va_mode: 0o644,
        ..NONE
    };
    assert!(refused.contains(&world.make_in(dir, "new", &va).unwrap_err()));
    assert_eq!(fs::read_dir(&outside.top).unwrap().count(), 1);
    // A link in the file's own place is not followed either.
    let plain = world.make("p", VREG, 0o644).unwrap();
    fs::remove_file(world.host("p")).unwrap();
    host_symlink(outside.host("secret"), world.host("p")).unwrap();
    assert_eq!(world.text(plain), Err(libc::ESTALE));
    let size = vattr {
        va_size: 0,
        va_mode: 0o777,
        ..NONE
    };
    assert_eq!(world.set(plain, size), Err(libc::ESTALE));
    let secret = fs::metadata(outside.host("secret")).unwrap();
    assert_eq!((secret.size(), secret.mode() & 0o777 == 0o777), (6, false));
}

#[test]
fn without_a_root_or_a_path_there_is_nothing() {
    let world = World::new();
    let bare = nodes::new(&world.pu, ptr::null_mut());
    assert_eq!(world.attr(bare).err(), Some(libc::ENOENT));
    let name = world.name(world.root, "f");
    let mut without = puffs_cn {
        pcn_po_full: puffs_pathobj::NONE,
        ..puffs_cn {
            pcn_pkcnp: name.cn.pcn_pkcnp,
            pcn_cred: name.cn.pcn_cred,
            pcn_po_full: puffs_pathobj::NONE,
        }
    };
    let pni = Newinfo::new(Made::Found, 0, 0);
    // SAFETY: live nodes, a whole name.
    unsafe {
        let found = lookup(&world.pu, world.root, &pni, &raw const without);
        assert_eq!(found, Err(libc::EINVAL));
        // A path that is not below the root.
        let elsewhere = CString::new("/proc/self").unwrap();
        without.pcn_po_full = puffs_pathobj {
            po_path: elsewhere.as_ptr().cast_mut().cast(),
            po_len: 10,
            po_hash: 0,
        };
        let found = lookup(&world.pu, world.root, &pni, &raw const without);
        assert_eq!(found, Err(libc::ENOENT));
    }
    world.pu.settings().root.set(ptr::null_mut());
    assert_eq!(world.attr(world.root).err(), Some(libc::EINVAL));
    // SAFETY: live nodes.
    assert_eq!(unsafe { statvfs(&world.pu) }.err(), Some(libc::EINVAL));
    world.pu.settings().root.set(world.root);
}

#[test]
fn the_root_may_be_renamed_below_us() {
    let mut world = World::new();
    let node = world.make("f", VREG, 0o644).unwrap();
    world.put_text(node, "text", 0, 0).unwrap();
    let moved = world.top.with_extension("moved");
    fs::rename(&world.top, &moved).unwrap();
    assert_eq!(world.text(node).unwrap(), "text");
    assert!(world.find("f").is_ok());
    world.top = moved;
}
