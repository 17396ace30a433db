//! What goes through the trait and back: contents, listings, names, attributes.

use std::time::{Duration, UNIX_EPOCH};

use puffs_core::msg::body;
use puffs_core::{Buf, Cookie};
use puffs_vfs::{attr, dir, extattr, file, lock, names, space};

use crate::rig::{Line, Scripts, number, user};
use crate::toy::play;

fn write(line: &Line<'_>, node: Cookie, at: u64, data: &[u8], ioflag: u32) -> Result<usize, i32> {
    let mut body = Buf::new(file::WRITE_HEAD + data.len()).unwrap();
    body[file::WRITE_HEAD..].copy_from_slice(data);
    file::write(line, &user(), node, at, (body, data.len()), ioflag).map_err(number)
}

#[test]
fn contents_go_both_ways() {
    let (toy, _) = play(Scripts::of(|line| {
        let node = line.find("a").unwrap();
        let read = |at, len| file::read(line, &user(), node, at, len, 0).unwrap();
        assert_eq!(&*read(3, 100), b"33333");
        assert_eq!(&*read(4, 2), b"44");
        assert_eq!(write(line, node, 9, b"some text", 0), Ok(9));
        assert_eq!(write(line, node, 0, b"more", 0x20), Ok(4));
    }));
    assert!(
        toy.log.contains(&"some text at 9 false".to_owned()),
        "{:?}",
        toy.log
    );
    assert!(toy.log.contains(&"more at 0 true".to_owned()));
}

#[test]
fn more_than_there_was_is_an_error() {
    play(Scripts::of(|line| {
        let node = line.find("more").unwrap();
        let read = file::read(line, &user(), node, 0, 10, 0).map(drop);
        assert_eq!(read.map_err(number), Err(libc::EIO));
        assert_eq!(write(line, node, 0, b"text", 0), Err(libc::EIO));
        let link = line.find("long link").unwrap();
        let target = file::readlink(line, &user(), link).map(drop);
        assert_eq!(target.map_err(number), Err(libc::EIO));
        assert_eq!(*line.broken.borrow(), [""; 0], "the other side saw nothing");
    }));
}

#[test]
fn a_directory_is_listed_from_any_offset() {
    play(Scripts::of(|line| {
        let mut names = Vec::new();
        let (mut offset, mut eof) = (0, false);
        while !eof {
            let some = dir::readdir(line, &user(), line.root(), offset, 300).unwrap();
            let before = names.len();
            for entry in some.entries() {
                names.push(String::from_utf8_lossy(entry.name).into_owned());
            }
            assert!(names.len() > before);
            assert_eq!(some.offset, names.len() as u64);
            (offset, eof) = (some.offset, some.eof);
        }
        assert_eq!(
            (&*names[0], &*names[1], &*names[49], names.len()),
            (".", "..", "entry 49", 50)
        );
        let wrong = line.find("wrong").unwrap();
        let listed = dir::readdir(line, &user(), wrong, 0, 300).map(drop);
        assert_eq!(listed.map_err(number), Err(libc::EIO));
    }));
}

#[test]
fn names_and_targets_arrive() {
    let (toy, _) = play(Scripts::of(|line| {
        let root = line.root();
        let attr = |vtype, mode| body::Attr {
            vtype,
            mode,
            ..body::Attr::NONE
        };
        let make = |name: &[u8], attr, new| {
            names::create(line, &user(), root, name, &attr, new)
                .unwrap()
                .cookie
        };
        let dir = make(b"dir", attr(2, 0o755), names::New::Dir);
        let link = make(b"link", attr(5, 0o777), names::New::Symlink(b"where"));
        assert_eq!(&*file::readlink(line, &user(), link).unwrap(), b"where/to");
        let rename = |replaced| {
            let from = names::End {
                dir: root,
                name: b"link",
                node: link,
            };
            let to = names::End {
                dir,
                name: b"new",
                node: replaced,
            };
            names::rename(line, &user(), from, to).unwrap();
        };
        rename(None);
        rename(Some(line.find("old").unwrap()));
    }));
    let has = |what: &str| assert!(toy.log.contains(&what.to_owned()), "{what}: {:?}", toy.log);
    has("make dir Directory 755");
    has("make link Symlink 777");
    has("to where");
    has("rename root/link link dir/new None");
    has("rename root/link link dir/new Some(\"old\")");
}

#[test]
fn only_what_is_given_is_changed() {
    let (toy, _) = play(Scripts::of(|line| {
        let node = line.find("a").unwrap();
        let change = body::Attr {
            mode: 0o100_600,
            size: 5,
            mtime: body::Time { sec: -1, nsec: 3 },
            vaflags: 1,
            ..body::Attr::NONE
        };
        attr::setattr(line, &user(), node, &change).unwrap();
    }));
    let [changes] = &toy.changes[..] else {
        panic!("{:?}", toy.changes)
    };
    assert_eq!(
        (changes.mode, changes.size, changes.uid, changes.gid),
        (Some(0o600), Some(5), None, None)
    );
    let mtime = UNIX_EPOCH - Duration::from_secs(1) + Duration::from_nanos(3);
    assert_eq!(
        (changes.mtime, changes.atime, changes.times_are_now),
        (Some(mtime), None, true)
    );
}

#[test]
fn extended_attributes_fit_or_do_not() {
    let (toy, _) = play(Scripts::of(|line| {
        let node = line.find("a").unwrap();
        let named = |namespace, name| extattr::Name { namespace, name };
        let get = |name, len| {
            let value = extattr::get(line, &user(), node, name, len);
            value
                .map(|value| (value.size, value.data.to_vec()))
                .map_err(number)
        };
        let colour = named(1, &b"colour"[..]);
        assert_eq!(get(colour, 10), Ok((3, b"red".to_vec())));
        assert_eq!(get(colour, 0), Ok((3, vec![])));
        assert_eq!(get(colour, 2), Err(libc::ERANGE));
        assert_eq!(get(named(2, b"colour"), 10), Err(libc::ENODATA));
        assert_eq!(get(named(7, b"colour"), 10), Err(libc::EOPNOTSUPP));
        let list = extattr::list(line, &user(), node, 1, 100).unwrap();
        assert_eq!(&*list.data, b"colour\0size\0");
        let set = |value: &[u8]| extattr::set(line, &user(), node, colour, value).unwrap();
        assert_eq!((set(b"blue"), set(b"")), (4, 0));
        let gone = extattr::delete(line, &user(), node, colour);
        assert_eq!(
            gone.map_err(number),
            Err(libc::EOPNOTSUPP),
            "listed, but not there"
        );
    }));
    assert!(toy.log.contains(&"colour=blue".to_owned()) && toy.log.contains(&"colour=".to_owned()));
}

#[test]
fn what_is_listed_and_not_there_is_not_supported() {
    play(Scripts::of(|line| {
        let node = line.find("a").unwrap();
        let root = line.root();
        let unsupported = Err(libc::EOPNOTSUPP);
        assert_eq!(
            names::link(line, &user(), root, node, b"b").map_err(number),
            unsupported
        );
        assert_eq!(
            names::rmdir(line, &user(), root, node, b"b")
                .map(drop)
                .map_err(number),
            unsupported
        );
        assert_eq!(
            space::fallocate(line, &user(), node, 0, 1)
                .map(drop)
                .map_err(number),
            unsupported
        );
        let range = lock::Range {
            kind: 1,
            start: 0,
            len: 0,
            pid: 4,
        };
        let locked = lock::advlock(line, &user(), node, 1, (libc::F_SETLK as u32, 0x40), range);
        assert_eq!(locked.map(drop).map_err(number), unsupported);
        // Doing nothing is an answer.
        assert!(file::fsync(line, &user(), node, 0, (0, 0)).is_ok());
        assert!(attr::statvfs(line, &user()).is_ok());
    }));
}
