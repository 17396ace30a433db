//! The main loop against a host that lies: headers that do not fit their bodies, errors at any time, requests of any kind. Each
//! request is answered once, in its buffer, and the loop ends when the host says so.

mod anyhost;
#[path = "../../puffs-core/tests/common/cases.rs"]
mod cases;

use anyhost::{Given, serve, to_the_end};
use proptest::collection::vec;
use proptest::prelude::*;
use puffs_core::errno::Errno;
use puffs_core::msg::body::{Head, VERSION, cred};
use puffs_core::msg::op::{CLASS_VFS, CLASS_VN, FLAG_FAF};
use zerocopy::IntoBytes;

const FOUND: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/hostile.txt"
);

fn head() -> Head {
    Head {
        version: VERSION,
        cred: cred::USER,
        pid: 7,
        ..Head::default()
    }
}

fn given() -> impl Strategy<Value = Given> {
    let class = prop_oneof![
        6 => Just(CLASS_VN),
        1 => Just(CLASS_VFS),
        1 => Just(CLASS_VN | FLAG_FAF),
        1 => any::<u8>(),
    ];
    let number = prop_oneof![4 => 0..30u32, 1 => 0..300_000u32, 1 => any::<u32>()];
    let body = prop_oneof![
        6 => (vec(number, 0..70), "[a-z/]{0,40}").prop_map(|(numbers, text)| {
            [head().as_bytes(), numbers.as_bytes(), text.as_bytes()].concat()
        }),
        1 => vec(any::<u8>(), 0..300),
    ];
    let error = prop_oneof![
        40 => Just(None),
        3 => Just(Some(Errno::Intr)),
        3 => Just(Some(Errno::WouldBlock)),
        1 => Just(Some(Errno::TooBig)),
        1 => Just(Some(Errno::Fault)),
    ];
    let claimed = prop_oneof![8 => Just(None), 1 => any::<usize>().prop_map(Some), 1 => (0..400usize).prop_map(Some)];
    let what = (class, 0..52u8, any::<usize>());
    (what, body, claimed, error).prop_map(|((class, optype, cookie), body, claimed, error)| Given {
        class,
        optype,
        cookie,
        claimed: claimed.unwrap_or(body.len()),
        body,
        error,
    })
}

proptest! {
    #![proptest_config(cases::cases(100, FOUND))]

    #[test]
    fn every_request_is_answered_once(given in vec(given(), 0..20), says: u64) {
        let wanted = given.iter().filter(|g| g.error.is_none() && g.class & FLAG_FAF == 0).count();
        let all = to_the_end(&given);
        let (_, answers) = serve(given, says);
        prop_assert!(answers.len() == wanted || !all && answers.len() < wanted);
    }
}

#[test]
fn a_header_may_claim_any_length() {
    let one = |claimed| Given {
        class: CLASS_VN,
        optype: 0,
        cookie: 1,
        body: head().as_bytes().to_vec(),
        claimed,
        error: None,
    };
    let (calls, answers) = serve(vec![one(88), one(usize::MAX), one(0)], 1);
    assert_eq!((calls, answers), (0, vec![libc::EINVAL; 3]));
}
