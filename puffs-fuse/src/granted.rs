//! What the server has granted of locks, as far as somebody has it.

use std::collections::HashMap;

use puffs_vfs::nodes::NodeId;

/// Whose locks: a node, the owner, and the kind, `PUFFS_LOCK_POSIX` or `PUFFS_LOCK_FLOCK`.
pub(crate) type Locker = (NodeId, u64, u32);

/// A first and a last byte.
pub(crate) type Span = (u64, u64);

/// The ranges that each owner has.
#[derive(Default)]
pub(crate) struct Granted {
    /// Nobody is there without any.
    lockers: HashMap<Locker, Has>,
    /// How often something was given back.
    pub(crate) given_back: u64,
}

/// What an owner has.
#[derive(Default)]
struct Has {
    /// Apart from each other and in order.
    spans: Vec<Span>,
    /// The open file by which the last of it came.
    by: u64,
}

impl Granted {
    /// The owner has this range, which came by an open file.
    pub(crate) fn add(&mut self, locker: Locker, (mut first, mut last): Span, by: u64) {
        let has = self.lockers.entry(locker).or_default();
        has.by = by;
        let spans = &mut has.spans;
        spans.retain(|span| {
            let apart = span.1 < first || last < span.0;
            if !apart {
                (first, last) = (first.min(span.0), last.max(span.1));
            }
            apart
        });
        spans.push((first, last));
        spans.sort_unstable();
    }

    /// The owner does not have this range any more. Returns what he had of it.
    pub(crate) fn remove(&mut self, locker: Locker, span: Span) -> Vec<Span> {
        let had = without(&[span], &self.missing(locker, span));
        if let Some(has) = self.lockers.get_mut(&locker) {
            has.spans = without(&has.spans, &[span]);
            if has.spans.is_empty() {
                self.lockers.remove(&locker);
            }
        }
        had
    }

    /// The owner has nothing any more. Returns whether he had something.
    pub(crate) fn remove_all(&mut self, locker: Locker) -> bool {
        self.lockers.remove(&locker).is_some()
    }

    /// Those whose locks came by an open file have nothing any more. Returns them.
    pub(crate) fn remove_by(&mut self, by: u64) -> Vec<Locker> {
        let those = self.lockers.extract_if(|_, has| has.by == by);
        those.map(|(locker, _)| locker).collect()
    }

    /// What the owner does not have of a range.
    pub(crate) fn missing(&self, locker: Locker, of: Span) -> Vec<Span> {
        let has = self.lockers.get(&locker);
        without(&[of], has.map_or(&[], |has| &has.spans))
    }
}

/// What there is of some ranges outside of others.
fn without(spans: &[Span], others: &[Span]) -> Vec<Span> {
    others.iter().fold(spans.to_vec(), |spans, other| {
        let parts = spans.into_iter().flat_map(|span| around(span, *other));
        parts.flatten().collect()
    })
}

/// What there is of a range before and behind another.
fn around((first, last): Span, other: Span) -> [Option<Span>; 2] {
    if other.1 < first || last < other.0 {
        return [Some((first, last)), None];
    }
    [
        (first < other.0).then(|| (first, other.0 - 1)),
        (other.1 < last).then(|| (other.1 + 1, last)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Locker = (NodeId(7), 1, 0x40);
    const OTHER: Locker = (NodeId(7), 2, 0x40);
    const ALL: Span = (0, u64::MAX);

    #[test]
    fn ranges_grow_together_and_come_apart() {
        let mut granted = Granted::default();
        granted.add(ONE, (20, 29), 3);
        granted.add(ONE, (0, 9), 3);
        assert_eq!(
            granted.missing(ONE, ALL),
            [(10, 19), (30, u64::MAX)],
            "in order"
        );
        granted.add(ONE, (5, 24), 3);
        assert_eq!(granted.missing(ONE, ALL), [(30, u64::MAX)]);
        assert_eq!(granted.remove(ONE, (10, 10)), [(10, 10)]);
        assert_eq!(granted.missing(ONE, (5, 15)), [(10, 10)]);
        assert_eq!(granted.missing(ONE, (11, 29)), []);
        assert_eq!(granted.missing(OTHER, (3, 3)), [(3, 3)], "somebody else");
        assert_eq!(granted.remove(ONE, ALL), [(0, 9), (11, 29)]);
        assert_eq!(granted.missing(ONE, ALL), [ALL]);
        assert!(!granted.remove_all(ONE), "nothing stays behind");
    }

    #[test]
    fn who_has_nothing_any_more_had_something() {
        let mut granted = Granted::default();
        granted.add(ONE, ALL, 3);
        assert!(!granted.remove_all(OTHER));
        assert_eq!(granted.missing(ONE, ALL), []);
        assert!(granted.remove_all(ONE));
        assert_eq!(granted.missing(ONE, (4, 5)), [(4, 5)]);
    }
    #[test]
    fn what_came_by_an_open_file_ends_with_it() {
        let mut granted = Granted::default();
        granted.add(ONE, (0, 9), 3);
        granted.add(OTHER, (20, 29), 4);
        assert_eq!(granted.remove_by(4), [OTHER]);
        assert_eq!(granted.missing(ONE, (0, 9)), []);
        assert_eq!(granted.remove_by(3), [ONE]);
        assert!(!granted.remove_all(ONE));
    }
}
