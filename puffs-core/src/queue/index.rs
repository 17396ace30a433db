//! The reply table's index: from an id to its request's place, in O(1).
//!
//! Buckets are made once, sized from the mount's bound; chains run through the requests themselves. Ids
//! count up, so their low bits spread them perfectly and neighbours in time are neighbours in memory.

use alloc::boxed::Box;

use super::slab::{Slab, Slot, broken};
use crate::errno::Result;
use crate::own::try_slice;

const MOST: usize = 1 << 20;

/// A value that an index can chain.
pub(crate) trait Chained {
    fn key(&self) -> u64;
    fn chain(&mut self) -> &mut Slot;
    fn next(&self) -> Slot;
}

/// Finds values of one slab by key.
pub(crate) struct Index {
    buckets: Box<[Slot]>,
}

impl Index {
    /// An index for about `expected` values.
    pub(crate) fn new(expected: usize) -> Result<Self> {
        let buckets = expected.clamp(64, MOST).next_power_of_two();
        Ok(Index {
            buckets: try_slice(buckets, || Slot::NONE)?,
        })
    }

    fn bucket(&self, key: u64) -> usize {
        key as usize & (self.buckets.len() - 1)
    }

    /// The first value of a key's bucket.
    fn head(&mut self, key: u64) -> &mut Slot {
        let bucket = self.bucket(key);
        self.buckets.get_mut(bucket).unwrap_or_else(|| broken())
    }

    pub(crate) fn find<T: Chained>(&self, slab: &Slab<T>, key: u64) -> Option<Slot> {
        let mut at = *self.buckets.get(self.bucket(key))?;
        while at != Slot::NONE {
            if slab[at].key() == key {
                return Some(at);
            }
            at = slab[at].next();
        }
        None
    }

    /// Adds a value whose key is not there yet.
    pub(crate) fn insert<T: Chained>(&mut self, slab: &mut Slab<T>, slot: Slot) {
        let head = self.head(slab[slot].key());
        *slab[slot].chain() = core::mem::replace(head, slot);
    }

    /// Removes a value that is there.
    pub(crate) fn remove<T: Chained>(&mut self, slab: &mut Slab<T>, slot: Slot) {
        let next = slab[slot].next();
        let head = self.head(slab[slot].key());
        if *head == slot {
            *head = next;
            return;
        }
        let mut at = *head;
        while at != Slot::NONE {
            if slab[at].next() == slot {
                *slab[at].chain() = next;
                return;
            }
            at = slab[at].next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::slab::Chunk;
    use super::*;
    use std::vec::Vec;

    struct Item(u64, Slot);

    impl Chained for Item {
        fn key(&self) -> u64 {
            self.0
        }
        fn chain(&mut self) -> &mut Slot {
            &mut self.1
        }
        fn next(&self) -> Slot {
            self.1
        }
    }

    #[test]
    fn keys_that_share_a_bucket_are_told_apart() {
        let mut slab = Slab::new();
        assert!(slab.grow(Chunk::new(0).unwrap()).is_none());
        let mut index = Index::new(1).unwrap();
        let keys = [3, 3 + 64, 3 + 128, 4];
        let slots: Vec<_> = keys
            .iter()
            .map(|&key| {
                let slot = slab.insert(Item(key, Slot::NONE));
                index.insert(&mut slab, slot);
                slot
            })
            .collect();
        for gone in [1, 0, 2] {
            assert_eq!(index.find(&slab, keys[gone]), Some(slots[gone]));
            index.remove(&mut slab, slots[gone]);
            assert_eq!(index.find(&slab, keys[gone]), None);
        }
        assert_eq!(index.find(&slab, 4), Some(slots[3]));
        assert_eq!(index.find(&slab, 68), None);
    }
}
