//! Places for values that never move: [`Slab`], and FIFO lists through it, [`List`].
//!
//! A slab grows by whole chunks, each as large as all before it, made without the lock and put in
//! under it; so nothing moves or allocates while the lock is held, and there is no limit to plan for.
//! Lists link places by index: joining, leaving and moving cost O(1).

use alloc::boxed::Box;
use core::ops::{Index, IndexMut};

use crate::errno::{Errno, Result};
use crate::own::try_slice;

/// A place in a slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl Slot {
    /// No place.
    pub(crate) const NONE: Slot = Slot(u32::MAX);
}

const FIRST: usize = 64;
const CHUNKS: usize = 25;
/// Places in all chunks together; a [`Slot`] can name them all.
const MOST: usize = FIRST << (CHUNKS - 1);

enum Entry<T> {
    Free(Slot),
    Used(T),
}

/// A block of fresh places.
pub(crate) struct Chunk<T>(Box<[Entry<T>]>);

impl<T> Chunk<T> {
    /// Makes the block that a slab of `capacity` places wants next.
    ///
    /// # Errors
    /// `NoMem`, also when a slab can have no more places.
    pub(crate) fn new(capacity: usize) -> Result<Self> {
        if capacity >= MOST {
            return Err(Errno::NoMem);
        }
        try_slice(capacity.max(FIRST), || Entry::Free(Slot::NONE)).map(Chunk)
    }
}

/// Values in places that never move.
pub(crate) struct Slab<T> {
    chunks: [Option<Box<[Entry<T>]>>; CHUNKS],
    capacity: usize,
    free: Slot,
    /// Free places, less those promised by `reserve`.
    available: usize,
}

/// Where every broken invariant of a slab ends: once, and out of the way of what holds.
#[cold]
#[inline(never)]
pub(super) fn broken() -> ! {
    unreachable!("whoever knows a place owns it, and no place lies outside the chunks")
}

/// The chunk and the place within it: chunk 0 has `FIRST` places, chunk k > 0 has `FIRST << (k - 1)`.
fn locate(slot: Slot) -> (usize, usize) {
    let at = slot.0 as usize;
    match (at / FIRST).checked_ilog2() {
        None => (0, at),
        Some(k) => (k as usize + 1, at - (FIRST << k)),
    }
}

impl<T> Slab<T> {
    pub(crate) fn new() -> Self {
        Slab {
            chunks: [const { None }; CHUNKS],
            capacity: 0,
            free: Slot::NONE,
            available: 0,
        }
    }

    /// Places in all: what the next [`Chunk::new`] is to be given.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Whether `insert` would find a place that is not promised.
    pub(crate) fn has_room(&self) -> bool {
        self.available > 0
    }

    /// Puts in a chunk; gives it back when another thread was faster.
    pub(crate) fn grow(&mut self, mut chunk: Chunk<T>) -> Option<Chunk<T>> {
        let at = self.capacity;
        let (k, _) = locate(Slot(at as u32));
        if chunk.0.len() != at.max(FIRST) {
            return Some(chunk);
        }
        let Some(place) = self.chunks.get_mut(k) else {
            return Some(chunk);
        };
        for (i, entry) in chunk.0.iter_mut().enumerate().rev() {
            *entry = Entry::Free(self.free);
            self.free = Slot((at + i) as u32);
        }
        self.capacity += chunk.0.len();
        self.available += chunk.0.len();
        *place = Some(chunk.0);
        None
    }

    /// Promises a place to a later `insert_reserved`.
    pub(crate) fn reserve(&mut self) -> bool {
        let promised = self.has_room();
        if promised {
            self.available -= 1;
        }
        promised
    }

    /// Takes a promise back.
    pub(crate) fn unreserve(&mut self) {
        self.available += 1;
    }

    /// Puts `value` into a free place. There is one: [`Slab::has_room`] said so.
    pub(crate) fn insert(&mut self, value: T) -> Slot {
        self.available -= 1;
        self.insert_reserved(value)
    }

    /// Puts `value` into a place that `reserve` promised.
    pub(crate) fn insert_reserved(&mut self, value: T) -> Slot {
        let slot = self.free;
        let entry = self.entry(slot);
        let Entry::Free(next) = *entry else {
            broken();
        };
        *entry = Entry::Used(value);
        self.free = next;
        slot
    }

    /// Takes the value out, to be dropped without the lock.
    pub(crate) fn remove(&mut self, slot: Slot) -> T {
        let free = self.free;
        let entry = core::mem::replace(self.entry(slot), Entry::Free(free));
        let Entry::Used(value) = entry else {
            broken();
        };
        self.free = slot;
        self.available += 1;
        value
    }

    /// The value in the place of this number, if there are both.
    pub(crate) fn at(&self, number: usize) -> Option<&T> {
        if number >= self.capacity {
            return None;
        }
        let (k, at) = locate(Slot(number as u32));
        match self.chunks.get(k)?.as_ref()?.get(at)? {
            Entry::Used(value) => Some(value),
            Entry::Free(_) => None,
        }
    }

    /// Whether a value is in this place, which exists.
    pub(crate) fn holds(&self, slot: Slot) -> bool {
        matches!(self.get(slot), Some(Entry::Used(_)))
    }

    fn get(&self, slot: Slot) -> Option<&Entry<T>> {
        let (k, at) = locate(slot);
        self.chunks.get(k)?.as_ref()?.get(at)
    }

    fn entry(&mut self, slot: Slot) -> &mut Entry<T> {
        let (k, at) = locate(slot);
        match self.chunks.get_mut(k) {
            Some(Some(chunk)) => chunk.get_mut(at).unwrap_or_else(|| broken()),
            _ => broken(),
        }
    }
}

impl<T> Index<Slot> for Slab<T> {
    type Output = T;

    fn index(&self, slot: Slot) -> &T {
        match self.get(slot) {
            Some(Entry::Used(value)) => value,
            _ => broken(),
        }
    }
}

impl<T> IndexMut<Slot> for Slab<T> {
    fn index_mut(&mut self, slot: Slot) -> &mut T {
        match self.entry(slot) {
            Entry::Used(value) => value,
            Entry::Free(_) => broken(),
        }
    }
}

/// The links of a value that can be in one list.
pub(crate) struct Links {
    prev: Slot,
    next: Slot,
    listed: bool,
}

impl Links {
    pub(crate) const UNLISTED: Links = Links {
        prev: Slot::NONE,
        next: Slot::NONE,
        listed: false,
    };

    /// Whether the value is in a list.
    pub(crate) fn listed(&self) -> bool {
        self.listed
    }
}

/// A value that has links.
pub(crate) trait Linked {
    fn links(&mut self) -> &mut Links;
}

/// A FIFO list of values in one slab. A value is in one list at most.
pub(crate) struct List {
    head: Slot,
    tail: Slot,
    len: usize,
}

impl List {
    pub(crate) const EMPTY: List = List {
        head: Slot::NONE,
        tail: Slot::NONE,
        len: 0,
    };

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn front(&self) -> Option<Slot> {
        (self.len > 0).then_some(self.head)
    }

    pub(crate) fn push_back<T: Linked>(&mut self, slab: &mut Slab<T>, slot: Slot) {
        self.link(slab, self.tail, slot, Slot::NONE);
    }

    pub(crate) fn push_front<T: Linked>(&mut self, slab: &mut Slab<T>, slot: Slot) {
        self.link(slab, Slot::NONE, slot, self.head);
    }

    /// Puts a value behind the last one that may stand before it.
    pub(crate) fn insert_from_back<T: Linked>(
        &mut self,
        slab: &mut Slab<T>,
        slot: Slot,
        before: impl Fn(&T) -> bool,
    ) {
        let (mut prev, mut next) = (self.tail, Slot::NONE);
        while prev != Slot::NONE && !before(&slab[prev]) {
            next = prev;
            prev = slab[prev].links().prev;
        }
        self.link(slab, prev, slot, next);
    }

    pub(crate) fn pop_front<T: Linked>(&mut self, slab: &mut Slab<T>) -> Option<Slot> {
        let slot = self.front()?;
        self.remove(slab, slot);
        Some(slot)
    }

    pub(crate) fn remove<T: Linked>(&mut self, slab: &mut Slab<T>, slot: Slot) {
        let Links { prev, next, .. } = core::mem::replace(slab[slot].links(), Links::UNLISTED);
        match prev {
            Slot::NONE => self.head = next,
            prev => slab[prev].links().next = next,
        }
        match next {
            Slot::NONE => self.tail = prev,
            next => slab[next].links().prev = prev,
        }
        self.len -= 1;
    }

    fn link<T: Linked>(&mut self, slab: &mut Slab<T>, prev: Slot, slot: Slot, next: Slot) {
        *slab[slot].links() = Links {
            prev,
            next,
            listed: true,
        };
        match prev {
            Slot::NONE => self.head = slot,
            prev => slab[prev].links().next = slot,
        }
        match next {
            Slot::NONE => self.tail = slot,
            next => slab[next].links().prev = slot,
        }
        self.len += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    struct Item(u32, Links);

    impl Linked for Item {
        fn links(&mut self) -> &mut Links {
            &mut self.1
        }
    }

    fn filled(n: u32) -> (Slab<Item>, Vec<Slot>) {
        let mut slab = Slab::new();
        let slots = (0..n)
            .map(|i| {
                if !slab.has_room() {
                    assert!(slab.grow(Chunk::new(slab.capacity()).unwrap()).is_none());
                }
                slab.insert(Item(i, Links::UNLISTED))
            })
            .collect();
        (slab, slots)
    }

    #[test]
    fn places_keep_their_values_across_growth() {
        let (mut slab, slots) = filled(1000);
        for (i, &slot) in slots.iter().enumerate() {
            assert_eq!(slab[slot].0, i as u32);
        }
        let reused = slots[500];
        assert_eq!(slab.remove(reused).0, 500);
        assert_eq!(slab.insert(Item(7, Links::UNLISTED)), reused);
    }

    #[test]
    fn a_late_chunk_is_given_back() {
        let mut slab = Slab::<Item>::new();
        let (a, b) = (Chunk::new(0).unwrap(), Chunk::new(0).unwrap());
        assert!(slab.grow(a).is_none());
        assert!(
            slab.grow(b).is_none(),
            "the second chunk is as large as the first"
        );
        assert!(slab.grow(Chunk::new(0).unwrap()).is_some());
        assert_eq!(slab.capacity(), 128);
    }

    #[test]
    fn a_slab_ends_where_its_chunks_do() {
        assert_eq!(locate(Slot(MOST as u32 - 1)).0, CHUNKS - 1);
        assert_eq!(locate(Slot(MOST as u32)).0, CHUNKS);
        assert_eq!(Chunk::<Item>::new(MOST).err(), Some(Errno::NoMem));
    }

    #[test]
    fn a_promised_place_is_nobody_elses() {
        let (mut slab, slots) = filled(64);
        assert!(!slab.reserve());
        slab.remove(slots[0]);
        assert!(slab.reserve());
        assert!(!slab.has_room());
        slab.insert_reserved(Item(1, Links::UNLISTED));
        slab.remove(slots[1]);
        assert!(slab.reserve());
        slab.unreserve();
        assert!(slab.has_room());
    }

    #[test]
    fn lists_keep_order_and_forget_in_the_middle() {
        let (mut slab, slots) = filled(4);
        let mut list = List::EMPTY;
        for &slot in &slots[1..] {
            list.push_back(&mut slab, slot);
        }
        list.push_front(&mut slab, slots[0]);
        list.remove(&mut slab, slots[2]);
        assert!(!slab[slots[2]].1.listed());
        let mut order = Vec::new();
        while let Some(slot) = list.pop_front(&mut slab) {
            order.push(slab[slot].0);
        }
        assert_eq!(order, [0, 1, 3]);
        assert_eq!(list.len(), 0);
        assert!(list.front().is_none());
    }
}
