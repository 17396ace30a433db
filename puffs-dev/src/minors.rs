//! Minor numbers, each with a place for a value: the lowest free one is found in three steps, and nothing is
//! allocated while the table is locked.
//!
//! A tree of three levels, 128 × 64 × 64, whose inner nodes know which children are full. A node stays once it is
//! there, so a closed instance leaves room for the next.

use alloc::boxed::Box;

use puffs_core::errno::{Errno, Result};
use puffs_core::own::try_slice;

const FAN: usize = 64;
const TOP: usize = 128;

struct Leaf<T> {
    taken: u64,
    values: Box<[Option<T>; FAN]>,
}

struct Branch<T> {
    full: u64,
    leaves: Box<[Option<Leaf<T>>; FAN]>,
}

/// The numbers below a limit.
///
/// # Invariants
/// A bit of `full` is set if and only if that child exists and all numbers in it are taken.
pub(crate) struct Minors<T> {
    full: [u64; TOP / FAN],
    branches: Box<[Option<Branch<T>>; TOP]>,
    limit: u32,
    taken: usize,
}

/// Why no number was taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// All are taken.
    Numbers,
    /// A branch must be made first.
    Branch,
    /// A leaf must be made first.
    Leaf,
}

/// A node that was made without the lock.
pub(crate) enum Space<T> {
    /// For [`Shortage::Branch`].
    Branch(BranchSpace<T>),
    /// For [`Shortage::Leaf`].
    Leaf(LeafSpace<T>),
}

/// An empty branch.
pub(crate) struct BranchSpace<T>(Branch<T>);
/// An empty leaf.
pub(crate) struct LeafSpace<T>(Leaf<T>);

/// So many places without anything in them. Their number is part of the type, so the compiler sees that no index lies beyond.
fn nothing<T, const N: usize>() -> Result<Box<[Option<T>; N]>> {
    try_slice(N, || None)?.try_into().map_err(|_| Errno::NoMem)
}

impl<T> Space<T> {
    /// Makes what is missing.
    ///
    /// # Errors
    /// `NoMem`; `Busy` when what is missing is numbers.
    pub(crate) fn make(shortage: &Shortage) -> Result<Self> {
        match shortage {
            Shortage::Numbers => Err(Errno::Busy),
            Shortage::Branch => Ok(Space::Branch(BranchSpace(Branch {
                full: 0,
                leaves: nothing()?,
            }))),
            Shortage::Leaf => Ok(Space::Leaf(LeafSpace(Leaf {
                taken: 0,
                values: nothing()?,
            }))),
        }
    }
}

impl<T> Minors<T> {
    /// The most numbers that a limit can allow.
    const CAPACITY: usize = TOP * FAN * FAN;

    /// The numbers below `limit`.
    ///
    /// # Errors
    /// `NoMem`; `Inval` when `limit` is 0 or above what the tree can hold.
    pub(crate) fn new(limit: u32) -> Result<Self> {
        if limit == 0 || limit as usize > Self::CAPACITY {
            return Err(Errno::Inval);
        }
        Ok(Minors {
            full: [0; TOP / FAN],
            branches: nothing()?,
            limit,
            taken: 0,
        })
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// Where the lowest free number would be: branch and, if that exists, leaf.
    fn lowest(&self) -> Option<(usize, usize)> {
        let mut words = self.full.iter().enumerate();
        let (word, full) = words.find(|&(_, &full)| full != u64::MAX)?;
        let branch = word * FAN + full.trailing_ones() as usize;
        let leaf = match self.branches.get(branch)? {
            Some(branch) => branch.full.trailing_ones() as usize,
            None => 0,
        };
        let first = (branch * FAN + leaf) * FAN;
        (first < self.limit as usize).then_some((branch, leaf))
    }

    /// Takes the lowest free number.
    ///
    /// # Errors
    /// See [`Shortage`].
    pub(crate) fn take(&mut self) -> core::result::Result<u32, Shortage> {
        let (b, l) = self.lowest().ok_or(Shortage::Numbers)?;
        let branch = self.branches.get_mut(b).ok_or(Shortage::Numbers)?;
        let branch = branch.as_mut().ok_or(Shortage::Branch)?;
        let leaf = branch.leaves.get_mut(l).ok_or(Shortage::Numbers)?;
        let leaf = leaf.as_mut().ok_or(Shortage::Leaf)?;
        let at = leaf.taken.trailing_ones() as usize;
        let number = ((b * FAN + l) * FAN + at) as u32;
        if number >= self.limit {
            return Err(Shortage::Numbers);
        }
        leaf.taken |= 1 << at;
        if leaf.taken == u64::MAX {
            branch.full |= 1 << l;
            if branch.full == u64::MAX
                && let Some(full) = self.full.get_mut(b / FAN)
            {
                *full |= 1 << (b % FAN);
            }
        }
        self.taken += 1;
        Ok(number)
    }

    /// Puts a node in; gives it back, to be freed without the lock, when another did so first.
    #[must_use]
    pub(crate) fn add(&mut self, space: Space<T>) -> Option<Space<T>> {
        let Some((b, l)) = self.lowest() else {
            return Some(space);
        };
        match (space, self.branches.get_mut(b)) {
            (Space::Branch(BranchSpace(made)), Some(place @ None)) => *place = Some(made),
            (Space::Leaf(LeafSpace(made)), Some(Some(branch))) => match branch.leaves.get_mut(l) {
                Some(place @ None) => *place = Some(made),
                _ => return Some(Space::Leaf(LeafSpace(made))),
            },
            (space, _) => return Some(space),
        }
        None
    }

    fn leaf(&mut self, number: u32) -> Option<&mut Leaf<T>> {
        let number = number as usize;
        let branch = self.branches.get_mut(number / FAN / FAN)?.as_mut()?;
        branch.leaves[number / FAN % FAN].as_mut()
    }

    /// The value of a number.
    pub(crate) fn get(&mut self, number: u32) -> Option<&mut T> {
        self.leaf(number)?.values[number as usize % FAN].as_mut()
    }

    /// Gives a number that was taken its value.
    pub(crate) fn put(&mut self, number: u32, value: T) {
        if let Some(leaf) = self.leaf(number) {
            leaf.values[number as usize % FAN] = Some(value);
        }
    }

    /// Frees a number that was taken; its value, if it had one, is the caller's.
    pub(crate) fn free(&mut self, number: u32) -> Option<T> {
        let at = number as usize;
        let (b, l, at) = (at / FAN / FAN, at / FAN % FAN, at % FAN);
        let branch = self.branches.get_mut(b)?.as_mut()?;
        let leaf = branch.leaves[l].as_mut()?;
        if leaf.taken & (1 << at) == 0 {
            return None;
        }
        leaf.taken &= !(1 << at);
        let value = leaf.values[at].take();
        branch.full &= !(1 << l);
        if let Some(full) = self.full.get_mut(b / FAN) {
            *full &= !(1 << (b % FAN));
        }
        self.taken -= 1;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(minors: &mut Minors<u32>) -> Result<u32> {
        loop {
            match minors.take() {
                Ok(number) => return Ok(number),
                Err(shortage) => assert!(minors.add(Space::make(&shortage)?).is_none()),
            }
        }
    }

    #[test]
    fn the_lowest_free_number_is_taken_at_every_level() {
        let mut minors = Minors::new(0x7ffff).unwrap();
        let wanted = (FAN * FAN + 2 * FAN + 3) as u32;
        for number in 0..wanted {
            assert_eq!(take(&mut minors), Ok(number));
            minors.put(number, number);
            assert_eq!(minors.get(number).copied(), Some(number));
        }
        for number in [wanted - 1, (FAN * FAN) as u32, 70, 69, 0] {
            assert_eq!(minors.free(number), Some(number));
        }
        for number in [0, 69, 70, (FAN * FAN) as u32, wanted - 1, wanted] {
            assert_eq!(take(&mut minors), Ok(number));
        }
        assert_eq!(minors.taken(), wanted as usize + 1);
    }

    #[test]
    fn a_limit_holds_wherever_it_lies() {
        for limit in [1, 63, 64, 65, 4095, 4096, 4097] {
            let mut minors = Minors::new(limit).unwrap();
            for number in 0..limit {
                assert_eq!(take(&mut minors), Ok(number));
            }
            assert_eq!(
                minors.take(),
                Err(Shortage::Numbers),
                "no space is asked for"
            );
            assert_eq!(take(&mut minors), Err(Errno::Busy), "limit {limit}");
            assert_eq!(minors.taken(), limit as usize);
            assert_eq!(minors.free(limit / 2), None);
            assert_eq!(take(&mut minors), Ok(limit / 2));
        }
        assert!(Minors::<u32>::new(0).is_err());
        assert!(Minors::<u32>::new(TOP as u32 * 4096 + 1).is_err());
    }

    #[test]
    fn the_whole_tree_can_be_taken() {
        let mut minors = Minors::new(Minors::<u32>::CAPACITY as u32).unwrap();
        for number in 0..Minors::<u32>::CAPACITY as u32 {
            assert_eq!(take(&mut minors), Ok(number));
        }
        assert_eq!(take(&mut minors), Err(Errno::Busy));
        assert!(minors.add(Space::make(&Shortage::Leaf).unwrap()).is_some());
        minors.free(0x7ffff);
        assert_eq!(take(&mut minors), Ok(0x7ffff));
    }

    #[test]
    fn a_number_is_freed_once() {
        let mut minors = Minors::new(10).unwrap();
        assert_eq!(minors.free(3), None);
        assert_eq!(take(&mut minors), Ok(0));
        minors.put(0, 7);
        assert_eq!(minors.get(0).copied(), Some(7));
        assert_eq!(minors.free(0), Some(7));
        assert_eq!(minors.free(0), None);
        assert_eq!(minors.get(0), None);
        assert_eq!(minors.get(u32::MAX), None);
        assert_eq!(minors.taken(), 0);
    }

    #[test]
    fn space_that_another_made_first_is_given_back() {
        let mut minors = Minors::<u32>::new(10).unwrap();
        assert!(minors.add(Space::make(&Shortage::Leaf).unwrap()).is_some());
        assert!(
            minors
                .add(Space::make(&Shortage::Branch).unwrap())
                .is_none()
        );
        assert!(
            minors
                .add(Space::make(&Shortage::Branch).unwrap())
                .is_some()
        );
        assert!(minors.add(Space::make(&Shortage::Leaf).unwrap()).is_none());
        assert!(minors.add(Space::make(&Shortage::Leaf).unwrap()).is_some());
        assert_eq!(minors.take(), Ok(0));
    }
}
