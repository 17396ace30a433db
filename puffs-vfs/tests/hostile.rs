//! Answers that a server makes up: each operation gives a value that makes sense, or a definite error that the server hears
//! of when it is to blame. Nothing comes out that the server did not send.

#[path = "../../puffs-core/tests/common/cases.rs"]
mod cases;

use std::cell::{Cell, RefCell};

use proptest::collection::vec;
use proptest::prelude::*;
use puffs_core::msg::OpSet;
use puffs_core::msg::body::{
    Attr, DIRENT_NAME, DataAns, Dirent, ExtattrAns, Head, NAME_MAX, NOVAL, NodeAns, ReaddirAns,
    Time, WriteAns, setback,
};
use puffs_core::platform::Hosted;
use puffs_core::{Answer, Buf, Cookie, Errno, Outgoing};
use puffs_vfs::nodes::VType;
use puffs_vfs::{
    Broken, Caller, Data, Failed, attr, dir, extattr, file, life, lock, names, space, who,
};
use zerocopy::IntoBytes;

const FOUND: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/hostile.txt"
);
const ROOT: Cookie = Cookie(0x1000);
const NODE: Cookie = Cookie(0x2000);
const MAX: usize = 64 << 10;
/// What is left in a buffer behind an answer. No answer has it.
const SECRET: u8 = 0xa5;

/// A server that says anything.
struct Liar {
    /// `None`: the queue refused the answer.
    answer: Option<(i32, Vec<u8>)>,
    ops: OpSet,
    asked: Cell<bool>,
    told: RefCell<Vec<Broken>>,
}

impl Caller<Hosted> for Liar {
    fn call(&self, out: Outgoing<Hosted>) -> Result<Answer<Hosted>, Errno> {
        self.asked.set(true);
        assert!(out.copylen <= out.body.len() && out.body.len() <= MAX);
        let (rv, bytes) = self.answer.as_ref().ok_or(Errno::Proto)?;
        let mut body = out.body;
        // The queue lets in what has room.
        let len = bytes.len().min(body.len());
        body.fill(SECRET);
        body[..len].copy_from_slice(&bytes[..len]);
        Ok(Answer { rv: *rv, body, len })
    }

    fn send(&self, out: Outgoing<Hosted>) -> Result<(), Errno> {
        assert_eq!(out.copylen, out.body.len());
        Ok(())
    }

    fn broken(&self, broken: Broken, cookie: Cookie) {
        let notice = broken.notice::<Hosted>(cookie, 71).unwrap();
        assert!(notice.body.ends_with(broken.text.as_bytes()));
        self.told.borrow_mut().push(broken);
    }

    fn root(&self) -> Cookie {
        ROOT
    }

    fn ops(&self) -> OpSet {
        self.ops
    }

    fn max(&self) -> usize {
        MAX
    }
}

/// Numbers that servers get wrong.
fn word() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0..4u64,
        3 => 0..300u64,
        1 => Just(ROOT.0 as u64),
        1 => Just(NODE.0 as u64),
        1 => Just(NOVAL),
        1 => Just(u64::from(u32::MAX)),
        1 => (0..4u32, 0..300u32).prop_map(|(low, high)| u64::from(high) << 32 | u64::from(low)),
        1 => any::<u64>(),
    ]
}

/// Bytes without [`SECRET`].
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let words = vec(word(), 0..60).prop_map(|words| words.as_bytes().to_vec());
    let any_bytes = vec(any::<u8>(), 0..400);
    let head = (0..6u32, 0..100u32, vec(any::<u8>(), 0..100)).prop_map(|(setback, len, tail)| {
        let fixed = [setback, 0, len, 0];
        [fixed.as_bytes(), &tail].concat()
    });
    prop_oneof![2 => words, 1 => any_bytes, 1 => head, 1 => records_answer()].prop_map(
        |mut bytes| {
            bytes
                .iter_mut()
                .filter(|byte| **byte == SECRET)
                .for_each(|byte| *byte = 1);
            bytes
        },
    )
}

/// Directory records, most of them good, and an answer that announces them, mostly rightly.
fn records_answer() -> impl Strategy<Value = Vec<u8>> {
    let name =
        prop_oneof![4 => "[a-z]{1,20}".prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..300)];
    let tweak = prop_oneof![12 => Just(0i16), 1 => any::<i16>(), 1 => -8..=8i16];
    let record = (word(), name, any::<u8>(), tweak.clone(), tweak);
    (
        vec(record, 0..8),
        prop_oneof![4 => Just(0i32), 1 => any::<i32>(), 1 => -9..9],
    )
        .prop_map(|(records, off)| {
            let mut all = Vec::new();
            for (fileno, name, dtype, long, named) in records {
                let reclen = (DIRENT_NAME + name.len() + 1).next_multiple_of(8);
                let record = Dirent {
                    fileno,
                    reclen: (reclen as u16).wrapping_add_signed(long),
                    namlen: (name.len() as u16).wrapping_add_signed(named),
                    dtype,
                };
                let start = all.len();
                all.extend_from_slice(record.as_bytes());
                all.extend_from_slice(&name);
                all.resize(start + reclen, 0);
            }
            let ans = ReaddirAns {
                len: (all.len() as u32).wrapping_add_signed(off),
                ..ReaddirAns::default()
            };
            [ans.as_bytes(), &all].concat()
        })
}

fn liar() -> impl Strategy<Value = Liar> {
    let rv = prop_oneof![12 => Just(0), 1 => 0..140i32, 1 => any::<i32>()];
    let answer = prop_oneof![20 => (rv, bytes()).prop_map(Some), 1 => Just(None)];
    let ops = prop_oneof![9 => Just(OpSet::ALL), 1 => Just(OpSet::NONE)];
    (answer, ops).prop_map(|(answer, ops)| Liar {
        answer,
        ops,
        asked: Cell::new(false),
        told: RefCell::default(),
    })
}

impl std::fmt::Debug for Liar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Liar").field(&self.answer).finish()
    }
}

impl Liar {
    /// The end makes sense, and the server has heard of it when it is its fault, once.
    fn judged<T>(&self, ended: Result<T, Failed>) -> Option<T> {
        let told = self.told.take();
        let rv = self.answer.as_ref().map(|(rv, _)| *rv);
        let asked = self.asked.take();
        match ended {
            Ok(value) => {
                assert!(told.is_empty(), "a good answer is blamed: {told:?}");
                assert!(!asked || rv == Some(0), "a failure is taken for a success");
                return Some(value);
            }
            Err(Failed::Broken(broken)) => assert_eq!(told, [broken]),
            Err(Failed::Server(number)) => {
                assert_eq!((Some(number), told.len()), (rv, 0));
                assert!((1..=133).contains(&number));
            }
            Err(Failed::Errno(errno)) => {
                assert!(matches!(errno, Errno::NotSupp), "{errno:?}");
                assert!(told.is_empty());
            }
            Err(Failed::ReadOnly) => assert!(told.is_empty() && !asked),
        }
        None
    }

    /// Data are a piece of the answer, and no more than was asked for.
    fn data(&self, data: Data<Hosted>, most: usize) -> Vec<u8> {
        assert!(data.len <= most);
        assert!(data.start + data.len <= data.body.len());
        assert!(
            !data.contains(&SECRET),
            "bytes that the server did not send"
        );
        data.to_vec()
    }

    fn node(&self, found: Result<names::Found, Failed>) -> Option<names::Found> {
        let found = self.judged(found)?;
        if let Err(number) = found.attr {
            assert!((1..=133).contains(&number), "{found:?}");
        }
        Some(found)
    }
}

fn head() -> Head {
    who::user(7, 1000, 100)
}

proptest! {
    #![proptest_config(cases::cases(150, FOUND))]

    #[test]
    fn lookup(liar in liar(), dotdot: bool) {
        let flags = if dotdot { 0x2000 } else { 0 };
        if let Some(found) = liar.node(names::lookup(&liar, &head(), NODE, b"name", 0, flags)) {
            prop_assert_ne!(found.cookie, NODE);
            prop_assert!(dotdot || found.cookie != ROOT);
            prop_assert_ne!(found.size, NOVAL);
        }
    }

    #[test]
    fn creation(liar in liar(), vtype in 1..8u32, target in "[a-z]{1,20}") {
        let attr = Attr { vtype, rdev: 5, ..Attr::NONE };
        let target = target.as_bytes();
        for new in [names::New::File, names::New::Special, names::New::Dir, names::New::Symlink(target)] {
            if let Some(found) = liar.node(names::create(&liar, &head(), NODE, b"name", &attr, new)) {
                prop_assert_ne!(found.cookie, Cookie(0));
                prop_assert_ne!(found.cookie, ROOT);
                prop_assert_eq!((found.vtype as u32, found.size, found.rdev), (vtype, 0, 5));
            }
        }
    }

    #[test]
    fn names_that_change(liar in liar()) {
        let (from, to) = (
            names::End { dir: NODE, name: b"a", node: Cookie(3) },
            names::End { dir: ROOT, name: b"b", node: Some(Cookie(4)) },
        );
        liar.judged(names::rename(&liar, &head(), from, to));
        liar.judged(names::link(&liar, &head(), NODE, ROOT, b"name"));
        liar.judged(names::abort(&liar, &head(), NODE, b"name"));
        for notes in [
            liar.judged(names::remove(&liar, &head(), ROOT, NODE, b"name")),
            liar.judged(names::rmdir(&liar, &head(), ROOT, NODE, b"name")),
            liar.judged(life::inactive(&liar, &head(), NODE)),
            liar.judged(file::close(&liar, &head(), NODE, 1, true)),
            liar.judged(file::mmap(&liar, &head(), NODE, 1)),
        ] {
            prop_assert_eq!(notes.unwrap_or(0) & !setback::MASK, 0);
        }
    }

    #[test]
    fn plain_answers(liar in liar(), mode in 0..16u32) {
        liar.judged(attr::getattr(&liar, &head(), NODE));
        liar.judged(attr::setattr(&liar, &head(), NODE, &Attr::NONE));
        liar.judged(attr::access(&liar, &head(), NODE, VType::Reg, mode));
        liar.judged(file::fsync(&liar, &head(), NODE, 0, (0, 0)));
        liar.judged(file::seek(&liar, &head(), NODE, (0, 1)));
        liar.judged(file::poll(&liar, &head(), NODE, mode));
        liar.judged(space::fallocate(&liar, &head(), NODE, 0, 9));
        liar.judged(space::fdiscard(&liar, &head(), NODE, 0, 9));
        liar.judged(extattr::delete(&liar, &head(), NODE, NAME));
        liar.judged(life::reclaim(&liar, &head(), NODE, mode));
        liar.judged(life::sync(&liar, &head(), mode));
        liar.judged(life::unmount(&liar, &head(), mode));
        liar.judged(attr::statvfs(&liar, &head()));
        let range = lock::Range { kind: 1, start: 0, len: 9, pid: 7 };
        liar.judged(lock::advlock(&liar, &head(), NODE, 1, (7, 0), range));
        if let Some(opened) = liar.judged(file::open(&liar, &head(), NODE, VType::Reg, mode)) {
            prop_assert_eq!(opened.setback & !setback::MASK, 0);
        }
    }

    #[test]
    fn data(liar in liar(), len in 0..200usize) {
        if let Some(read) = liar.judged(file::read(&liar, &head(), NODE, 0, len, 0)) {
            liar.data(read, len);
        }
        if let Some(link) = liar.judged(file::readlink(&liar, &head(), NODE)) {
            let link = liar.data(link, 4095);
            prop_assert!(!link.is_empty() && !link.contains(&0));
        }
        let body = Buf::new(file::WRITE_HEAD + len).unwrap();
        if let Some(done) = liar.judged(file::write(&liar, &head(), NODE, 0, (body, len), 0)) {
            prop_assert!(done <= len);
        }
    }

    #[test]
    fn directories(liar in liar(), len in 0..400usize) {
        let Some(listing) = liar.judged(dir::readdir(&liar, &head(), NODE, 0, len)) else {
            return Ok(());
        };
        let mut bytes = 0;
        for entry in listing.entries() {
            prop_assert!((1..=NAME_MAX).contains(&entry.name.len()));
            prop_assert!(!entry.name.iter().any(|byte| [0, b'/', SECRET].contains(byte)));
            prop_assert_ne!(entry.fileno, 0);
            bytes += DIRENT_NAME + entry.name.len();
        }
        prop_assert!(bytes <= len, "more names than bytes");
        prop_assert!(bytes > 0 || len > 0 || listing.eof);
    }

    #[test]
    fn attributes_with_names(liar in liar(), len in 0..200usize) {
        if let Some(value) = liar.judged(extattr::get(&liar, &head(), NODE, NAME, len)) {
            prop_assert!(value.size >= value.data.len as u64);
            liar.data(value.data, len);
        }
        if let Some(list) = liar.judged(extattr::list(&liar, &head(), NODE, 1, len)) {
            let (size, names) = (list.size, liar.data(list.data, len));
            if size == names.len() as u64 && size > 0 {
                prop_assert_eq!(names.last(), Some(&0));
                let mut each = names[..names.len() - 1].split(|byte| *byte == 0);
                prop_assert!(each.all(|name| (1..=NAME_MAX).contains(&name.len())));
            }
        }
        let value = vec![1; len];
        if let Some(done) = liar.judged(extattr::set(&liar, &head(), NODE, NAME, &value)) {
            prop_assert!(done <= len, "more taken than given");
        }
    }

    /// What a server says rightly comes out as it was said.
    #[test]
    fn good_answers_come_through(
        cookie in 0x3000..0x4000u64, size in 0..NOVAL, vtype in 1..8u32, attr_error in 0..134u32,
        payload in vec(any::<u8>(), 0..100), sec: i64,
    ) {
        let answers = |fixed: &[u8], tail: &[u8]| Liar {
            answer: Some((0, [fixed, tail].concat())),
            ops: OpSet::ALL,
            asked: Cell::new(false),
            told: RefCell::default(),
        };
        let attr = Attr { size, vtype, ..Attr::NONE };
        let node = NodeAns { cookie, size, vtype, attr_error, attr, name_ttl: Time { sec, nsec: 1 }, ..NodeAns::default() };
        let liar = answers(node.as_bytes(), &[]);
        let found = liar.node(names::lookup(&liar, &head(), NODE, b"n", 0, 0)).unwrap();
        let error = Err(attr_error as i32);
        prop_assert_eq!(found.attr, if attr_error == 0 { Ok(attr) } else { error });
        prop_assert_eq!((found.cookie.0 as u64, found.size, found.vtype as u32), (cookie, size, vtype));
        prop_assert_eq!(found.name_ttl, node.name_ttl);

        let len = payload.len() as u32;
        let liar = answers(DataAns { len, ..DataAns::default() }.as_bytes(), &payload);
        let read = liar.judged(file::read(&liar, &head(), NODE, 0, 100, 0)).unwrap();
        prop_assert_eq!(&read[..], &payload[..]);
        let liar = answers(WriteAns { len, ..WriteAns::default() }.as_bytes(), &[]);
        let body = Buf::new(file::WRITE_HEAD + payload.len()).unwrap();
        let done = liar.judged(file::write(&liar, &head(), NODE, 0, (body, payload.len()), 0));
        prop_assert_eq!(done, Some(payload.len()));
        let fixed = ExtattrAns { size: 1000, len, ..ExtattrAns::default() };
        let liar = answers(fixed.as_bytes(), &payload);
        let value = liar.judged(extattr::get(&liar, &head(), NODE, NAME, 100)).unwrap();
        prop_assert_eq!((value.size, &value.data[..]), (1000, &payload[..]));
    }
}

const NAME: extattr::Name<'static> = extattr::Name {
    namespace: 1,
    name: b"user.name",
};
