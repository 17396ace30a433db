//! Any bytes are safe, whatever class and operation they claim to be.

use puffs_core::msg::body::{Head, VERSION};
use puffs_core::msg::op::{CLASS_VFS, CLASS_VN};
use zerocopy::IntoBytes;

use super::rig::{ALL, SECOND, Server, head};

/// Lengths at which some body ends, or nearly.
const LENGTHS: [usize; 11] = [0, 1, 87, 88, 89, 96, 104, 112, 128, 248, 264];

fn each_operation(mut f: impl FnMut(u8, u8)) {
    for class in (0..=7).chain([0x11, 0x12, 0x14, 0xff]) {
        for optype in (0..=50).chain([200, 255]) {
            f(class, optype);
        }
    }
}

#[test]
fn bodies_that_are_too_short_are_refused() {
    let server = Server::new(&ALL);
    each_operation(|class, optype| {
        for len in [0, 1, 87] {
            let (rv, answer) = server.send(class, optype, &vec![0xff; len]);
            assert_eq!((rv, answer.len()), (libc::EINVAL, 0));
        }
    });
    assert!(server.calls().is_empty());
}

#[test]
fn the_head_is_checked_first() {
    let server = Server::new(&ALL);
    let bad = [
        Head {
            version: VERSION + 1,
            ..head()
        },
        Head { cred: 0, ..head() },
        Head { cred: 4, ..head() },
        Head {
            ngroups: 17,
            ..head()
        },
    ];
    for head in bad {
        each_operation(|class, optype| {
            let body = [head.as_bytes(), &[0; 200]].concat();
            assert_eq!(server.send(class, optype, &body).0, libc::EINVAL);
        });
    }
    assert!(server.calls().is_empty());
}

#[test]
fn what_nobody_knows_is_not_supported() {
    let server = Server::new(&ALL);
    let body = [head().as_bytes(), &[0; 200]].concat();
    for (class, optype) in [
        (0, 0),
        (3, 0),
        (CLASS_VFS, 0),
        (CLASS_VFS, 255),
        (CLASS_VN, 49),
    ] {
        assert_eq!(server.send(class, optype, &body).0, libc::EOPNOTSUPP);
    }
}

#[test]
fn a_good_head_with_anything_behind_it_is_safe() {
    let mut state = 1_u64;
    let mut random = move || {
        // xorshift: any sequence will do, and the same each time.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for ops in [&ALL, &SECOND] {
        let server = Server::new(ops);
        server.rig.sensible.set(false);
        each_operation(|class, optype| {
            for len in LENGTHS {
                let fill = random();
                let mut body: Vec<u8> = (0..len)
                    .map(|_| match fill % 4 {
                        0 => 0,
                        1 => 0xff,
                        2 => random() as u8,
                        _ => (random() & random() & random()) as u8,
                    })
                    .collect();
                let head = head();
                let n = len.min(head.as_bytes().len());
                body[..n].copy_from_slice(&head.as_bytes()[..n]);
                // A small room, so that what reaches past it is found.
                let (rv, answer) = server.send_in(class, optype, &body, 512);
                assert!((0..=133).contains(&rv) && answer.len() <= 512);
                server.calls();
            }
        });
    }
}
