//! The table against a naive model: random operations, every answer compared.

use std::collections::HashMap;
use std::vec::Vec;

use super::*;
use puffs_core::Cookie;

#[derive(Clone, Debug)]
struct Model {
    id: NodeId,
    nlookup: u32,
    known: u64,
    opens: u32,
    busy: u32,
    needs_inactive: bool,
}

/// A small generator, so that a failure comes again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

fn table() -> Nodes {
    Nodes::new(Cookie(0), VType::Dir, 0, 0).unwrap()
}

#[test]
fn the_root_is_number_one_and_stays() {
    let mut nodes = table();
    assert_eq!(nodes.find(Cookie(0)), Some(ROOT));
    assert_eq!(ROOT, NodeId(1));
    nodes.told(ROOT);
    assert_eq!(nodes.forget(ROOT, 1), None);
    nodes.hold(ROOT);
    assert_eq!(nodes.release(ROOT), None);
    assert_eq!(nodes.evict(&mut 0), None);
    assert!(nodes.get(ROOT).is_some());
}

#[test]
fn a_number_dies_with_its_node() {
    let mut nodes = table();
    let key = (Cookie(64), VType::Reg);
    let first = nodes.instantiate(key, 5, 0, true).unwrap();
    assert_eq!(nodes.get(first).unwrap().size, 5);
    assert_eq!(
        nodes.instantiate(key, 5, 0, true),
        Err(Refused::Live),
        "created twice"
    );
    let gone = nodes.release(first).unwrap();
    assert_eq!((gone.cookie, gone.nlookup), (Cookie(64), 1));
    assert!(nodes.get(first).is_none());
    let second = nodes.instantiate(key, 5, 0, false).unwrap();
    assert_ne!(first, second);
    assert!(nodes.get(first).is_none());
    assert_eq!(nodes.forget(first, 1), None);
    assert!(nodes.get(second).is_some());
}

#[test]
fn numbers_that_never_were_are_refused() {
    let nodes = table();
    for id in [0, 2, 1 << 32, (1 << 32) | 1, u64::MAX, u64::from(u32::MAX)] {
        assert!(nodes.get(NodeId(id)).is_none(), "{id:#x}");
    }
}

#[test]
fn last_use_is_the_only_one() {
    let mut nodes = table();
    let id = nodes
        .instantiate((Cookie(8), VType::Reg), 0, 0, false)
        .unwrap();
    assert!(nodes.get(id).unwrap().last_use());
    nodes.opened(id);
    assert!(!nodes.get(id).unwrap().last_use() && !nodes.get(id).unwrap().idle());
    nodes.told(id);
    assert_eq!(nodes.release(id), None);
    assert!(nodes.get(id).unwrap().last_use());
    assert_eq!(nodes.closed(id), None);
    assert!(nodes.get(id).unwrap().idle());
    assert!(nodes.forget(id, 1).is_some());
}

#[test]
fn the_table_does_what_a_naive_one_does() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut nodes = table();
    let mut model: HashMap<usize, Model> = HashMap::new();
    let mut ever = std::collections::HashSet::new();
    let mut most = 0;
    for step in 0..200_000u32 {
        // The population swells and shrinks, so that the hash grows and slots are used again.
        let growing = step / 20_000 % 2 == 0;
        let cookie = 16 * (1 + random.below(3_000) as usize);
        let choice = random.below(if growing { 8 } else { 14 });
        let Some(known) = model.get_mut(&cookie) else {
            if choice < 6 {
                let created = choice < 3;
                let id = nodes
                    .instantiate((Cookie(cookie), VType::Reg), 0, 0, created)
                    .unwrap();
                assert!(ever.insert(id), "number given twice: {id:?}");
                let node = Model {
                    id,
                    nlookup: 1,
                    known: 0,
                    opens: 0,
                    busy: 1,
                    needs_inactive: true,
                };
                model.insert(cookie, node);
            } else {
                assert_eq!(nodes.find(Cookie(cookie)), None);
            }
            continue;
        };
        let id = known.id;
        assert_eq!(nodes.find(Cookie(cookie)), Some(id));
        let gone = match choice {
            0 | 1 => {
                let again = nodes
                    .instantiate((Cookie(cookie), VType::Dir), 0, 0, false)
                    .unwrap();
                assert_eq!(again, id);
                known.nlookup += 1;
                known.busy += 1;
                known.needs_inactive = true;
                None
            }
            2 => {
                nodes.told(id);
                known.known += 1;
                None
            }
            3 => {
                nodes.opened(id);
                known.opens += 1;
                None
            }
            4 => {
                nodes.get_mut(id).unwrap().needs_inactive = false;
                known.needs_inactive = false;
                None
            }
            5 | 8 | 9 if known.opens > 0 => {
                known.opens -= 1;
                nodes.closed(id)
            }
            6 | 10 | 11 if known.busy > 0 => {
                known.busy -= 1;
                nodes.release(id)
            }
            _ => {
                let count = known.known.min(1 + random.below(3));
                known.known -= count;
                nodes.forget(id, count)
            }
        };
        let ends = matches!(choice, 5..) && known.known == 0 && known.opens == 0 && known.busy == 0;
        assert_eq!(gone.is_some(), ends, "step {step}: {known:?} {choice}");
        if let Some(gone) = gone {
            let known = model.remove(&cookie).unwrap();
            assert_eq!(
                (gone.cookie, gone.nlookup, gone.needs_inactive),
                (Cookie(cookie), known.nlookup, known.needs_inactive)
            );
            assert!(nodes.get(id).is_none());
        }
        assert_eq!(nodes.live(), model.len() + 1);
        most = most.max(model.len());
    }
    assert!(most > 1_000, "only {most} nodes at once");
    let (mut from, mut left) = (0, Vec::new());
    while let Some(gone) = nodes.evict(&mut from) {
        left.push(gone.cookie.0);
    }
    left.sort_unstable();
    let mut expected: Vec<_> = model.into_keys().collect();
    expected.sort_unstable();
    assert_eq!(left, expected);
    assert_eq!(nodes.live(), 1);
}
