//! Panics of operations, on the stacks where they happen: `EIO` for the caller, and the server goes on or ends.

use std::ffi::OsStr;

use puffs_server::{
    Attr, Errno, FileType, Intent, Ops, Options, Request, Result, Server, mount_on,
};
use puffs_vfs::file;

use crate::rig::{Line, Scripts, number, user};
use crate::toy::{alive, mounted, play, with};

fn read(line: &Line<'_>, name: &str) -> std::result::Result<usize, i32> {
    let node = line.find(name).unwrap();
    let data = file::read(line, &user(), node, 3, 100, 0);
    data.map(|data| data.len()).map_err(number)
}

#[test]
fn the_caller_gets_an_error_and_the_server_goes_on() {
    let scripts = Scripts::of(|line| {
        assert_eq!(line.find("panic"), Err(libc::EIO));
        for what in [
            "panic with text",
            "panic with a number",
            "panic with an end",
        ] {
            assert_eq!(read(line, what), Err(libc::EIO), "{what}");
            assert_eq!(read(line, "a"), Ok(5));
        }
    });
    let mut mounted = mounted(&scripts);
    assert!(mounted.run().is_ok());
    assert_eq!((mounted.panics(), scripts.seen.unmounts.get()), (4, 0));
    // What it had done before stays done.
    let toy = mounted.into_server();
    assert!(toy.log.contains(&"read panic with text".to_owned()));
    assert_eq!(alive(), 0);
}

#[test]
fn many_at_once_on_their_own_stacks() {
    let mut scripts = Scripts::new();
    for _ in 0..40 {
        scripts = scripts.and(|line| {
            for _ in 0..50 {
                assert_eq!(line.find("panic"), Err(libc::EIO));
                assert_eq!(read(line, "a"), Ok(5));
            }
        });
    }
    let mut mounted = mounted(&scripts);
    mounted.run().unwrap();
    assert_eq!(mounted.panics(), 2000);
}

#[test]
fn the_end_of_a_node_may_panic_too() {
    let scripts = Scripts::of(|line| {
        for name in ["panics when forgotten", "panics at its end"] {
            let node = line.find(name).unwrap();
            line.reclaim(node, 1);
            assert_eq!(alive(), 1, "{name}");
        }
    });
    let mut mounted = mounted(&scripts);
    mounted.run().unwrap();
    assert_eq!(mounted.panics(), 2);
}

#[test]
fn a_server_may_want_to_end() {
    let scripts = Scripts::of(|line| {
        line.find("a").unwrap();
        assert_eq!(line.find("panic"), Err(libc::EIO));
        // It is not over before the next turn.
        line.find("b").unwrap();
    })
    .staying();
    let mut mounted = with(&scripts, &Options::new("toy").end_on_panic());
    let error = mounted.run().unwrap_err();
    assert_eq!(error.to_string(), "an operation panicked");
    assert_eq!(scripts.seen.unmounts.get(), 1);
    drop(mounted);
    assert_eq!(alive(), 0);
}

#[test]
fn without_a_panic_such_a_server_ends_well() {
    let scripts = Scripts::of(|line| {
        line.find("a").unwrap();
    });
    let mut mounted = with(&scripts, &Options::new("toy").end_on_panic());
    assert!(mounted.run().is_ok());
}

#[test]
fn a_server_without_a_root_is_not_mounted() {
    struct Rootless;
    impl Server for Rootless {
        type Node = u32;
        const OPS: Ops = Ops::NONE;
        fn root(&mut self) -> u32 {
            panic!("there is none");
        }
        fn lookup(&mut self, _: &Request, _: &u32, _: &OsStr, _: Intent) -> Result<u32> {
            Err(Errno::NOENT)
        }
        fn getattr(&mut self, _: &Request, _: &u32) -> Result<Attr> {
            Ok(Attr::new(FileType::Directory, 0, 1))
        }
    }
    let scripts = Scripts::new();
    assert!(mount_on(&scripts, Rootless, "/", &Options::new("x")).is_err());
    assert!(scripts.seen.args.take().is_none());
}

#[test]
fn a_script_is_played() {
    // The rig itself: a script that did not run would prove nothing.
    let (_, seen) = play(Scripts::of(|_| {}).and(|_| {}));
    assert_eq!(seen.ended.get(), 2);
}
