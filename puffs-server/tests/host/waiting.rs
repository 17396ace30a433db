//! Operations that cannot be done yet.

use puffs_vfs::file;

use crate::rig::{Line, Scripts, user};
use crate::toy::{alive, mounted, play};

fn poll(line: &Line<'_>, name: &str) -> u32 {
    let node = line.find(name).unwrap();
    file::poll(line, &user(), node, 5).unwrap()
}

fn polls(log: &[String], name: &str) -> usize {
    log.iter()
        .filter(|line| **line == format!("poll {name}"))
        .count()
}

#[test]
fn others_are_served_while_one_waits() {
    let (toy, seen) = play(
        Scripts::of(|line| assert_eq!(poll(line, "a"), 1))
            .and(|line| assert_eq!(poll(line, "b"), 1))
            .and(|line| {
                line.find("c").unwrap();
                line.find("open").unwrap();
                // Not called again within another operation's request.
                line.find("d").unwrap();
            }),
    );
    assert_eq!(seen.ended.get(), 3);
    assert_eq!((polls(&toy.log, "a"), polls(&toy.log, "b")), (2, 2));
    let at = |what: &str| toy.log.iter().rposition(|line| line == what).unwrap();
    assert!(at("getattr d") < at("poll a"), "{:?}", toy.log);
}

#[test]
fn what_can_be_done_does_not_wait() {
    let (toy, _) = play(Scripts::of(|line| {
        line.find("open").unwrap();
        assert_eq!(poll(line, "a"), 1);
    }));
    assert_eq!(polls(&toy.log, "a"), 1);
}

#[test]
fn the_end_does_not_wait_for_those_that_do() {
    let scripts = Scripts::of(|line| {
        poll(line, "a");
        unreachable!("nobody opens it");
    })
    .and(|line| assert_eq!(line.find("exit"), Err(libc::EBUSY)));
    let mut mounted = mounted(&scripts);
    mounted.run().unwrap();
    assert_eq!(scripts.seen.ended.get(), 1);
    // Nothing of it is left on the stack that was given up.
    assert_eq!(alive(), 0);
}
