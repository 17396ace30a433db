//! Directories of which Linux may have names.
//!
//! It can be told only to forget all names there are, and with a name goes the node behind it unless somebody uses that: the server then has to
//! reclaim it, and to find it again. A server that reads each directory anew before it looks up the first name there, and says so, would
//! undo all that it has just done. So it is told only when there is something to forget.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use puffs_vfs::nodes::NodeId;

/// How much longer Linux may keep a name than it was told: its clock has ticks, and begins when it has the reply.
const SLACK: Duration = Duration::from_secs(1);
/// Directories that are remembered without looking whether that is still of use.
const FEW: usize = 64;

/// Until when Linux may have names, by directory; `None`: for ever.
pub(crate) struct Fresh {
    until: HashMap<NodeId, Option<Instant>>,
    sweep: usize,
}

impl Fresh {
    pub(crate) fn new() -> Self {
        Fresh {
            until: HashMap::new(),
            sweep: FEW,
        }
    }

    /// A name in a directory, or that there is none, was told for so long.
    pub(crate) fn told(&mut self, dir: NodeId, life: (u64, u32), now: Instant) {
        if life == (0, 0) {
            return;
        }
        let until = Duration::new(life.0, 0)
            .checked_add(Duration::from_nanos(life.1.into()) + SLACK)
            .and_then(|life| now.checked_add(life));
        self.extend(dir, until);
        if self.until.len() > self.sweep {
            self.until.retain(|_, until| later(*until, now));
            self.sweep = FEW.max(self.until.len() * 2);
        }
    }

    /// A name has moved, and Linux keeps it as long as it would have.
    pub(crate) fn moved(&mut self, from: NodeId, to: NodeId) {
        if let Some(until) = self.until.get(&from).copied() {
            self.extend(to, until);
        }
    }

    fn extend(&mut self, dir: NodeId, until: Option<Instant>) {
        let known = self.until.entry(dir).or_insert(until);
        // `None` is the latest of all.
        if known.is_some_and(|known| until.is_none_or(|until| until > known)) {
            *known = until;
        }
    }

    /// Whether there may be names of this directory, or of any.
    pub(crate) fn any(&self, dir: Option<NodeId>, now: Instant) -> bool {
        match dir {
            Some(dir) => self.until.get(&dir).is_some_and(|until| later(*until, now)),
            None => self.until.values().any(|until| later(*until, now)),
        }
    }

    /// Linux has forgotten the directory, and its names with it.
    pub(crate) fn gone(&mut self, dir: NodeId) {
        self.until.remove(&dir);
    }

    /// All names were forgotten.
    pub(crate) fn forgotten(&mut self) {
        self.until.clear();
    }
}

fn later(until: Option<Instant>, now: Instant) -> bool {
    until.is_none_or(|until| until > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(5);
    const B: NodeId = NodeId(6);

    #[test]
    fn names_are_there_as_long_as_was_said() {
        let mut fresh = Fresh::new();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        fresh.told(A, (0, 0), start);
        assert!(!fresh.any(Some(A), start) && !fresh.any(None, start));
        fresh.told(A, (5, 0), start);
        fresh.told(A, (1, 0), start);
        assert!(fresh.any(Some(A), after(5)) && fresh.any(None, after(5)));
        assert!(!fresh.any(Some(B), after(5)));
        assert!(!fresh.any(Some(A), after(6)) && !fresh.any(None, after(6)));
        fresh.moved(B, A);
        fresh.moved(A, B);
        assert!(fresh.any(Some(B), after(5)) && !fresh.any(Some(B), after(6)));
        fresh.told(A, (u64::MAX, 999_999_999), start);
        fresh.told(A, (1, 0), start);
        assert!(fresh.any(Some(A), after(1 << 30)));
        fresh.gone(A);
        assert!(!fresh.any(Some(A), start) && fresh.any(None, start));
        fresh.forgotten();
        assert!(!fresh.any(None, start));
    }

    #[test]
    fn what_is_over_is_not_kept() {
        let mut fresh = Fresh::new();
        let start = Instant::now();
        for dir in 0..1000 {
            fresh.told(NodeId(dir), (1, 0), start + Duration::from_secs(dir));
        }
        assert!(fresh.until.len() <= FEW + 1, "{}", fresh.until.len());
        for dir in 0..1000 {
            fresh.told(NodeId(dir), (1, 0), start + Duration::from_secs(2000));
        }
        assert_eq!(fresh.until.len(), 1000);
    }
}
