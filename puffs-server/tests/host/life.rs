//! Nodes: how long the library keeps them, and that a cookie means one node or none.

use puffs_core::Cookie;
use puffs_core::msg::body::{self, setback};
use puffs_core::msg::op::{vfs, vn};
use puffs_server::host::Stale;
use puffs_vfs::{attr, life, names, who};

use crate::rig::{Scripts, number, user};
use crate::toy::{alive, play};

#[test]
fn the_host_is_told_what_there_is() {
    let (_, seen) = play(Scripts::new());
    let args = seen.args.take().unwrap();
    assert_eq!((&*args.from, &*args.fstype), (c"toy", c"toy"));
    for op in [
        vn::LOOKUP,
        vn::GETATTR,
        vn::RECLAIM,
        vn::READ,
        vn::ADVLOCK,
        vn::INACTIVE,
    ] {
        assert!(args.ops.has_vn(op), "{op}");
    }
    for op in [vn::ACCESS, vn::MMAP, vn::PRINT, vn::ABORTOP, vn::PATHCONF] {
        assert!(!args.ops.has_vn(op), "{op}");
    }
    assert!(args.ops.has_vfs(vfs::STATVFS) && !args.ops.has_vfs(vfs::FHTOVP));
}

#[test]
fn a_lookup_brings_attributes_and_asks_for_them_once() {
    let (toy, _) = play(Scripts::of(|line| {
        let found = line.found("a").unwrap();
        assert_eq!((found.size, found.attr.unwrap().mode), (77, 0o754));
        assert_eq!(line.find("none"), Err(libc::ENOENT));
        // Asked for by itself they are fetched.
        attr::getattr(line, &user(), found.cookie).unwrap();
        line.reclaim(found.cookie, 1);
    }));
    let expected = "lookup in root, getattr a, lookup in root, getattr a, forget a, forget root";
    assert_eq!(toy.log.join(", "), expected);
}

#[test]
fn a_node_has_one_cookie_as_long_as_it_is_known() {
    let (toy, _) = play(Scripts::of(|line| {
        let [first, again] = [line.find("a"), line.find("a")].map(Result::unwrap);
        assert_eq!(first, again);
        assert_ne!(line.find("b").unwrap(), first);
        // The kernel gives one of two back; the other lookup's answer was still on its way.
        line.reclaim(first, 1);
        assert!(attr::getattr(line, &user(), first).is_ok());
        line.reclaim(first, 1);
        assert_eq!(alive(), 2, "the root and b");
        let next = line.find("a").unwrap();
        assert_ne!(next, first, "another generation");
    }));
    let forgotten: Vec<_> = toy
        .log
        .iter()
        .filter(|line| line.starts_with("forget"))
        .collect();
    assert_eq!(forgotten.len(), 4, "{forgotten:?}");
    assert_eq!(
        (&**forgotten[0], &**forgotten[3]),
        ("forget a", "forget root")
    );
}

#[test]
fn cookies_that_mean_nothing_never_reach_the_server() {
    let (toy, _) = play(Scripts::of(|line| {
        let gone = line.find("a").unwrap();
        line.reclaim(gone, 1);
        for cookie in [
            gone,
            Cookie(0),
            Cookie(99),
            Cookie(usize::MAX),
            Cookie(1 << 32 | 1),
        ] {
            let asked = attr::getattr(line, &user(), cookie).map(drop);
            assert_eq!(asked.map_err(number), Err(libc::ESTALE), "{cookie:?}");
            line.reclaim(cookie, 1);
            life::inactive(line, &who::kernel(), cookie).unwrap();
            let (flags, name) = (body::namei::ISLASTCN, b"x");
            let found = names::lookup(line, &user(), cookie, name, 0, flags).map(drop);
            assert_eq!(found.map_err(number), Err(libc::ESTALE));
        }
        // The root is never given back.
        line.reclaim(line.root(), 100);
        assert!(attr::getattr(line, &user(), line.root()).is_ok());
    }));
    let of_gone = |line: &&String| line.ends_with(" a") && !line.starts_with("lookup");
    assert_eq!(toy.log.iter().filter(of_gone).count(), 2, "{:?}", toy.log);
}

#[test]
fn a_lookup_that_fails_half_way_keeps_nothing() {
    play(Scripts::of(|line| {
        assert_eq!(line.find("no attributes"), Err(libc::EXDEV));
        assert_eq!(line.find("too large"), Err(libc::EOVERFLOW));
        assert_eq!(alive(), 1, "the root");
        assert_eq!(
            line.find("root"),
            Err(libc::EPROTO),
            "a directory in itself"
        );
    }));
}

#[test]
fn what_is_left_at_the_end_is_forgotten_then() {
    let (toy, _) = play(Scripts::of(|line| {
        for name in ["a", "b", "c", "b"] {
            line.find(name).unwrap();
        }
    }));
    let forgotten = |name: &str| {
        toy.log
            .iter()
            .filter(|line| **line == format!("forget {name}"))
            .count()
    };
    assert_eq!(["a", "b", "c", "root"].map(forgotten), [1; 4]);
    assert_eq!(toy.log.last().unwrap(), "forget root");
}

#[test]
fn a_new_node_is_new() {
    play(Scripts::of(|line| {
        let attr = body::Attr {
            vtype: 1,
            mode: 0o640,
            ..body::Attr::NONE
        };
        let create = |name: &str| {
            let new = names::New::File;
            let made = names::create(line, &user(), line.root(), name.as_bytes(), &attr, new);
            made.map(|found| found.cookie).map_err(number)
        };
        let made = create("a").unwrap();
        // It is known already, so the server is wrong to give it again.
        assert_eq!(create("a"), Err(libc::EIO));
        assert_eq!(create("root"), Err(libc::EIO));
        assert_eq!(line.find("a"), Ok(made));
        line.reclaim(made, 2);
        assert_eq!(alive(), 1);
    }));
}

#[test]
fn what_is_let_go_is_said_with_the_answer() {
    let (_, seen) = play(Scripts::of(|line| {
        let node = line.find("a").unwrap();
        let notes = names::remove(line, &user(), line.root(), node, b"a").unwrap();
        assert_eq!(notes, setback::NOREF_N2);
        let notes = life::inactive(line, &who::kernel(), node).unwrap();
        assert_eq!(notes, setback::NOREF_N1);
    }));
    let stale = seen.stale.take();
    let [
        Stale::Names(Some(dir)),
        Stale::Pages {
            node,
            start: 1,
            end: 2,
        },
    ] = stale[..]
    else {
        panic!("{stale:?}");
    };
    assert_eq!(dir, node);
}

#[test]
fn who_has_something_to_sync_is_told_how() {
    let (toy, _) = play(Scripts::of(|line| {
        assert!(life::sync(line, &user(), life::MNT_WAIT).is_ok());
        assert!(life::sync(line, &user(), 3).is_ok());
    }));
    let syncs: Vec<_> = toy.log.iter().filter(|l| l.starts_with("sync")).collect();
    assert_eq!(syncs, ["sync true", "sync false"]);
}
