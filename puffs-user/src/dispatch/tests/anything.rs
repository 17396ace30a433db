//! Requests that a hostile kernel or host makes up: each is answered with a number in range and a body in its buffer,
//! and what it names rightly is what the server's operation gets.

#[path = "../../../../puffs-core/tests/common/cases.rs"]
mod cases;

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::prelude::*;
use puffs_core::msg::body::{
    Attr, CreateReq, DataAns, ExtattrReq, Head, LookupReq, NAME_MAX, NOVAL, NameReq, ReadReq,
    ReaddirAns, RenameReq, VERSION, WriteReq, cred,
};
use puffs_core::msg::op::{CLASS_MASK, CLASS_VFS, CLASS_VN, vn};
use puffs_core::msg::wire;
use zerocopy::{FromBytes, IntoBytes};

use super::rig::{ALL, SECOND, Server, bytes, head};
use crate::buffer::Buffer;
use crate::dispatch::execute;
use crate::vtype::Vtype;

const FOUND: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/anything.txt"
);
/// Bytes behind the room for an answer, which nobody may touch.
const GUARD: usize = 256;
const UNTOUCHED: u8 = 0xa5;

thread_local! {
    /// Made once: a server is not cheap.
    static SERVERS: RefCell<[Server; 2]> = RefCell::new([Server::new(&ALL), Server::new(&SECOND)]);
}

/// What the server's operations are to say.
#[derive(Clone, Copy, Debug)]
struct Says {
    second: bool,
    rv: i32,
    attr_rv: i32,
    cookie: usize,
    vtype: u32,
    size: i64,
    with_attr: bool,
    left: usize,
    cookies: usize,
    setback: u32,
}

#[derive(Clone, Debug)]
struct Asked {
    class: u8,
    optype: u8,
    cookie: usize,
    body: Vec<u8>,
    /// What the header claims.
    auxlen: usize,
    room: usize,
}

/// Numbers that requests get wrong.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![
        6 => 0..3u32,
        4 => 0..40u32,
        2 => 0..600u32,
        1 => u32::MAX - 3..=u32::MAX,
        1 => any::<u32>(),
    ]
}

fn any_head() -> impl Strategy<Value = Head> {
    let odd = (any::<u16>(), any::<u8>(), any::<u8>(), any::<u32>());
    prop_oneof![
        8 => Just(head()),
        1 => (0..=16u8).prop_map(|ngroups| Head { ngroups, ..head() }),
        1 => odd.prop_map(|(version, cred, ngroups, pid)| Head {
            version: version % 3,
            cred: cred % 5,
            ngroups,
            pid,
            ..head()
        }),
    ]
}

/// A body behind its head: words and then text, so that lengths and names meet.
fn rest() -> impl Strategy<Value = Vec<u8>> {
    let words = vec(word(), 0..60).prop_map(|words| words.as_bytes().to_vec());
    let text = prop_oneof![
        3 => "[a-z./]{0,60}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..300),
    ];
    (words, text).prop_map(|(words, text)| [words, text].concat())
}

/// A request of some operation, with its fixed part in place and lengths that mostly fit.
fn nearly() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let lens = (0..40u32, 0..40u32, word(), word());
    let numbers = (
        any::<u64>(),
        prop_oneof![Just(0u64), Just(NOVAL), any::<u64>()],
    );
    (any_head(), lens, numbers, 0..9u8, vec(b'a'..=b'f', 0..90)).prop_map(
        |(head, (a, b, c, d), (x, y), which, tail)| {
            let attr = Attr {
                vtype: d,
                size: y,
                rdev: x,
                ..Attr::NONE
            };
            match which {
                0 => {
                    let req = LookupReq {
                        head,
                        nameiop: c,
                        flags: d,
                        namelen: a,
                        want_attr: b,
                    };
                    (vn::LOOKUP, bytes(&req, &tail))
                }
                1 => {
                    let req = CreateReq {
                        head,
                        attr,
                        namelen: a,
                        targetlen: b,
                        want_attr: c,
                        pad: 0,
                    };
                    (
                        [vn::CREATE, vn::MKNOD, vn::MKDIR, vn::SYMLINK][c as usize % 4],
                        bytes(&req, &tail),
                    )
                }
                2 => {
                    let req = NameReq {
                        head,
                        target: x,
                        namelen: a,
                        pad: b,
                    };
                    (
                        [vn::LINK, vn::REMOVE, vn::RMDIR, vn::ABORTOP][c as usize % 4],
                        bytes(&req, &tail),
                    )
                }
                3 => {
                    let req = RenameReq {
                        head,
                        source: x,
                        target_dir: y,
                        target: x,
                        namelen: a,
                        target_namelen: b,
                        has_target: c,
                        pad: 0,
                    };
                    (vn::RENAME, bytes(&req, &tail))
                }
                4 => {
                    let req = ReadReq {
                        head,
                        offset: x,
                        len: c,
                        ioflag: d,
                    };
                    ([vn::READ, vn::READDIR][b as usize % 2], bytes(&req, &tail))
                }
                5 => {
                    let req = WriteReq {
                        head,
                        offset: x,
                        len: a,
                        ioflag: d,
                    };
                    (vn::WRITE, bytes(&req, &tail))
                }
                6 => {
                    let req = ExtattrReq {
                        head,
                        ns: d,
                        namelen: a,
                        len: c,
                        flags: b,
                    };
                    let all = [
                        vn::GETEXTATTR,
                        vn::SETEXTATTR,
                        vn::LISTEXTATTR,
                        vn::DELETEEXTATTR,
                    ];
                    (all[b as usize % 4], bytes(&req, &tail))
                }
                7 => (vn::READLINK, bytes(&head, &tail)),
                _ => (d as u8, [head.as_bytes(), attr.as_bytes(), &tail].concat()),
            }
        },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let class =
        prop_oneof![6 => Just(CLASS_VN), 2 => Just(CLASS_VFS), 1 => Just(0x12u8), 1 => any::<u8>()];
    let loose =
        (any_head(), rest(), 0..52u8).prop_map(|(head, rest, op)| (op, bytes(&head, &rest)));
    let wild = (vec(any::<u8>(), 0..300), any::<u8>()).prop_map(|(body, op)| (op, body));
    let body = prop_oneof![6 => nearly(), 3 => loose, 1 => wild];
    let auxlen = prop_oneof![8 => Just(None), 1 => any::<usize>().prop_map(Some), 1 => (0..300usize).prop_map(Some)];
    let room = prop_oneof![3 => Just(8192usize), 1 => 0..700usize];
    (class, any::<usize>(), body, auxlen, room).prop_map(
        |(class, cookie, (optype, body), auxlen, room)| Asked {
            class,
            optype,
            cookie,
            auxlen: auxlen.unwrap_or(body.len()),
            body,
            room,
        },
    )
}

fn says() -> impl Strategy<Value = Says> {
    let rv = || prop_oneof![8 => Just(0), 1 => 0..140i32, 1 => any::<i32>()];
    let node = (any::<usize>(), 0..12u32, any::<i64>(), any::<bool>());
    let done = (
        0..80usize,
        prop_oneof![6 => Just(0usize), 1 => 1..9usize],
        0..32u32,
    );
    (any::<bool>(), rv(), rv(), node, done).prop_map(
        |(second, rv, attr_rv, (cookie, vtype, size, with_attr), (left, cookies, setback))| Says {
            second,
            rv,
            attr_rv,
            cookie,
            vtype,
            size,
            with_attr,
            left,
            cookies,
            setback,
        },
    )
}

/// Executes the request; its result, the answer, and what the server's operations were asked.
fn answered(says: &Says, asked: &Asked) -> (i32, Vec<u8>, Vec<String>) {
    SERVERS.with_borrow(|servers| {
        let server = &servers[usize::from(says.second)];
        let rig = &server.rig;
        rig.sensible.set(false);
        rig.rv.set(says.rv);
        rig.attr_rv.set(says.attr_rv);
        rig.cookie.set(says.cookie);
        rig.vtype.set(says.vtype as Vtype);
        rig.size.set(says.size);
        rig.with_attr.set(says.with_attr);
        rig.left.set(says.left);
        rig.cookies.set(says.cookies);
        rig.setback.set(says.setback);
        server.calls();
        let mut whole = Buffer::new(asked.room + GUARD).unwrap();
        whole.bytes().fill(UNTOUCHED);
        let (buffer, guard) = whole.bytes().split_at_mut(asked.room);
        let len = asked.body.len().min(asked.room);
        buffer[..len].copy_from_slice(&asked.body[..len]);
        let mut req = wire::Req {
            id: 9,
            opclass: asked.class,
            optype: asked.optype,
            cookie: asked.cookie,
            auxlen: asked.auxlen,
            ..wire::Req::default()
        };
        execute(&server.pu, &mut req, buffer);
        assert!(
            guard.iter().all(|&byte| byte == UNTOUCHED),
            "written behind the buffer"
        );
        assert_eq!(
            (req.id, req.opclass, req.optype),
            (9, asked.class, asked.optype)
        );
        assert!((0..=133).contains(&req.rv), "{}", req.rv);
        assert!(req.auxlen <= asked.room, "an answer longer than its buffer");
        assert!(req.rv == 0 || req.auxlen == 0);
        let answer = buffer[..req.auxlen].to_vec();
        assert!(server.pu.current().is_null(), "the context is over");
        rig.refused.take();
        (req.rv, answer, server.calls())
    })
}

/// A head that says who asks.
fn good(head: &Head) -> bool {
    head.version == VERSION
        && match head.cred {
            cred::USER => head.ngroups <= 16 || head.ngroups == cred::UNKNOWN_GROUPS,
            cred::KERNEL | cred::FS => true,
            _ => false,
        }
}

const QUIET: Says = Says {
    second: false,
    rv: 0,
    attr_rv: 0,
    cookie: 0x200,
    vtype: 1,
    size: 7,
    with_attr: false,
    left: 0,
    cookies: 0,
    setback: 0,
};

proptest! {
    #![proptest_config(cases::cases(300, FOUND))]

    /// Any request is answered, whatever the server's operation says to it.
    #[test]
    fn any_request_has_an_answer(says in says(), asked in asked()) {
        let (rv, answer, calls) = answered(&says, &asked);
        let len = asked.auxlen.min(asked.room);
        let head = Head::read_from_prefix(&asked.body[..len.min(asked.body.len())]);
        if head.is_err() && len <= asked.body.len() {
            prop_assert_eq!((rv, calls.len()), (libc::EINVAL, 0), "no head");
        }
        if let Ok((head, _)) = head && !good(&head) {
            prop_assert_eq!((rv, calls.len()), (libc::EINVAL, 0), "a bad head");
        }
        // What an answer announces is there.
        if rv == 0 && asked.class & CLASS_MASK == CLASS_VN {
            match asked.optype {
                vn::READ | vn::READLINK => {
                    let (fixed, data) = DataAns::read_from_prefix(&answer).unwrap();
                    prop_assert!(fixed.len as usize <= data.len());
                }
                vn::READDIR => {
                    let (fixed, data) = ReaddirAns::read_from_prefix(&answer).unwrap();
                    prop_assert!(fixed.len as usize <= data.len());
                }
                _ => {}
            }
        }
    }

    /// A name comes to the server as it was sent, or not at all.
    #[test]
    fn names_come_through(name in vec(any::<u8>(), 0..300), extra in 0..9usize, cut in 0..9usize) {
        let req = LookupReq { head: head(), namelen: name.len() as u32, ..LookupReq::default() };
        let mut body = bytes(&req, &name);
        body.resize(body.len() + extra, b'x');
        body.truncate(body.len() - cut);
        let asked = Asked {
            class: CLASS_VN, optype: vn::LOOKUP, cookie: 0x100, auxlen: body.len(), body, room: 8192,
        };
        let (rv, _, calls) = answered(&QUIET, &asked);
        let can_be = (1..=NAME_MAX).contains(&name.len())
            && !name.iter().any(|byte| [0, b'/'].contains(byte));
        if can_be && cut <= extra {
            prop_assert_eq!(rv, 0);
            let text = String::from_utf8_lossy(&name);
            prop_assert!(calls[0].contains(&*text), "{:?}", calls);
        } else {
            prop_assert_eq!((rv, calls.len()), (libc::EINVAL, 0));
        }
    }
}
