//! Answers that a server makes up: each operation gives a value that makes sense, or a definite error that the server hears
//! of when it is to blame. Nothing comes out that the server did not send.

#[path = "../../puffs-core/tests/common/cases.rs"]
mod cases;
mod liar;

use liar::{Liar, NAME, NODE, ROOT, SECRET, head};
use proptest::collection::vec;
use proptest::prelude::*;
use puffs_core::Buf;
use puffs_core::msg::OpSet;
use puffs_core::msg::body::{
    Attr, DIRENT_NAME, DataAns, Dirent, ExtattrAns, NOVAL, NodeAns, ReaddirAns, Time, WriteAns,
};
use puffs_vfs::{extattr, file, names};
use zerocopy::IntoBytes;

const FOUND: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/hostile.txt"
);
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
    prop_oneof![2 => words, 1 => any_bytes, 1 => head, 1 => records_answer()].prop_map(honest)
}

/// No answer has the byte that would give away what was not sent.
fn honest(mut bytes: Vec<u8>) -> Vec<u8> {
    let secrets = bytes.iter_mut().filter(|byte| **byte == SECRET);
    secrets.for_each(|byte| *byte = 1);
    bytes
}

/// Directory records, most of them good, and an answer that announces them, mostly rightly.
fn records_answer() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        6 => "[a-z]{1,20}".prop_map(String::into_bytes),
        1 => "[a./]{0,3}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..300),
    ];
    let tweak = prop_oneof![30 => Just(0i16), 1 => any::<i16>(), 1 => -8..=8i16];
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
        ops,
        ..Liar::with(answer)
    })
}

/// A server, and how much it is asked for: also what it announces, or a little less.
fn asked() -> impl Strategy<Value = (Liar, usize)> {
    let near = prop::option::of((any::<bool>(), 0..3usize));
    (liar(), 0..400usize, near).prop_map(|(liar, len, near)| {
        let announced = near.and_then(|(extended, less)| {
            let (_, bytes) = liar.answer.as_ref()?;
            let at = if extended { 16 } else { 8 };
            let len = bytes.get(at..at + 4)?;
            let len = u32::from_ne_bytes(len.try_into().unwrap());
            Some((len as usize).saturating_sub(less).min(5000))
        });
        (liar, announced.unwrap_or(len))
    })
}

/// A server that answers with directory records, and room for them.
fn records() -> impl Strategy<Value = (Liar, usize)> {
    records_answer().prop_map(|answer| {
        let len = answer.len();
        (Liar::with(Some((0, honest(answer)))), len)
    })
}

proptest! {
    #![proptest_config(cases::cases(150, FOUND))]

    #[test]
    fn lookup(liar in liar(), dotdot: bool) {
        liar::lookup(&liar, dotdot);
    }

    #[test]
    fn creation(liar in liar(), vtype in 1..8u32, target in "[a-z]{1,20}") {
        liar::creation(&liar, vtype, target.as_bytes());
    }

    #[test]
    fn names_that_change(liar in liar()) {
        liar::names_that_change(&liar);
    }

    #[test]
    fn plain_answers(liar in liar(), mode in 0..16u32) {
        liar::plain_answers(&liar, mode);
    }

    #[test]
    fn data((liar, len) in asked()) {
        liar::data(&liar, len);
    }

    #[test]
    fn directories((liar, len) in prop_oneof![asked(), records()]) {
        liar::directories(&liar, len);
    }

    #[test]
    fn attributes_with_names((liar, len) in asked()) {
        liar::attributes_with_names(&liar, len);
    }

    /// What a server says rightly comes out as it was said.
    #[test]
    fn good_answers_come_through(
        cookie in 0x3000..0x4000u64, size in 0..1u64 << 63, vtype in 1..8u32, attr_error in 0..134u32,
        payload in vec(any::<u8>(), 0..100), sec: i64,
    ) {
        let answers = |fixed: &[u8], tail: &[u8]| Liar::with(Some((0, [fixed, tail].concat())));
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
