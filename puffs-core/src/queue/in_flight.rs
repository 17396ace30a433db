//! The requests of a mount that have not ended, or whose answers are still to come: [`Mount::in_flight`].
//!
//! Requests never move within their slab, so it is read in pieces, the lock being free between them: a request that is
//! there all the time is seen once, and nobody waits longer for a list of a hundred thousand than for one of ten.

use super::mount::Mount;
use super::state::{Caller, Phase, Request};
use crate::ids::{Cookie, Instant, ReqId};
use crate::platform::{Lock, Platform};

/// Places looked at under one hold of the lock.
const PIECE: usize = 8;

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stage {
    /// In the queue, not fetched yet.
    Queued = 1,
    /// Being copied to the server.
    CopyingOut = 2,
    /// With the server.
    Awaiting = 3,
    /// Its answer is being copied from the server.
    CopyingIn = 4,
    /// With the server, or being copied, and its caller has left.
    Abandoned = 5,
}

/// One request that is under way. C knows it as `struct puffs_inflight`, field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct InFlight {
    /// Its id; 0: no answer is wanted.
    pub id: ReqId,
    /// The node.
    pub cookie: Cookie,
    /// Nanoseconds since it was made, waiting for a place included.
    pub age: u64,
    /// The process of its caller; 0: unknown.
    pub pid: i32,
    /// Where it is.
    pub stage: Stage,
    /// Class, with flags.
    pub class: u8,
    /// Operation.
    pub optype: u8,
    /// Zero.
    pub reserved: [u8; 6],
}

impl InFlight {
    /// What a place holds that no request has filled.
    pub const NONE: InFlight = InFlight {
        id: ReqId(0),
        cookie: Cookie(0),
        age: 0,
        pid: 0,
        stage: Stage::Queued,
        class: 0,
        optype: 0,
        reserved: [0; 6],
    };

    /// Whether it comes before `other` in the list.
    fn precedes(&self, other: &InFlight) -> bool {
        match self.age == other.age {
            true => self.id < other.id,
            false => self.age > other.age,
        }
    }
}

impl<P: Platform> Request<P> {
    /// As an entry of the list; `None` when it has ended.
    fn in_flight(&self, now: Instant) -> Option<InFlight> {
        let stage = match self.phase {
            Phase::Queued => Stage::Queued,
            Phase::CopyingOut(Caller::Present) => Stage::CopyingOut,
            Phase::Awaiting => Stage::Awaiting,
            Phase::CopyingIn(Caller::Present) => Stage::CopyingIn,
            Phase::Abandoned | Phase::CopyingOut(Caller::Gone) | Phase::CopyingIn(Caller::Gone) => {
                Stage::Abandoned
            }
            // Death has ended these.
            Phase::CopyingOut(_) | Phase::CopyingIn(_) | Phase::Done(_) => return None,
        };
        Some(InFlight {
            id: self.id,
            cookie: self.cookie,
            age: now.0.saturating_sub(self.began.0),
            pid: self.pid,
            stage,
            class: self.opclass,
            optype: self.optype,
            reserved: [0; 6],
        })
    }
}

/// The oldest of many, in the room that there is: a heap with the youngest on top, until it is sorted. Places are looked up,
/// never indexed, so nothing can panic.
struct Oldest<'o> {
    room: &'o mut [InFlight],
    len: usize,
}

impl Oldest<'_> {
    /// Keeps `one` unless the room is full of older ones.
    fn offer(&mut self, one: InFlight) {
        if self.len < self.room.len() {
            let at = self.len;
            self.len += 1;
            self.rise(at, one);
        } else if self.room.first().is_some_and(|top| one.precedes(top)) {
            self.sink(self.len, one);
        }
    }

    fn put(&mut self, at: usize, one: InFlight) {
        if let Some(place) = self.room.get_mut(at) {
            *place = one;
        }
    }

    /// Puts `one` at a free end, and above all that are older.
    fn rise(&mut self, mut at: usize, one: InFlight) {
        while let Some(above) = at.checked_sub(1).map(|at| at / 2)
            && let Some(&other) = self.room.get(above)
            && other.precedes(&one)
        {
            self.put(at, other);
            at = above;
        }
        self.put(at, one);
    }

    /// Puts `one` on the free top of the first `len`, and below all that are younger.
    fn sink(&mut self, len: usize, one: InFlight) {
        let mut at = 0;
        loop {
            let pair = 2 * at + 1..len.min(2 * at + 3);
            let first = pair.start;
            let mut below = self.room.get(pair).unwrap_or_default().iter().enumerate();
            let Some(mut younger) = below.next() else {
                break;
            };
            if let Some(second) = below.next()
                && younger.1.precedes(second.1)
            {
                younger = second;
            }
            let (step, &other) = younger;
            if !one.precedes(&other) {
                break;
            }
            self.put(at, other);
            at = first + step;
        }
        self.put(at, one);
    }

    /// The oldest first.
    fn sort(&mut self) {
        for end in (0..self.len).rev() {
            if let (Some(&last), Some(&top)) = (self.room.get(end), self.room.first()) {
                self.sink(end, last);
                self.put(end, top);
            }
        }
    }
}

impl<P: Platform> Mount<P> {
    /// Lists the requests under way, oldest first: those that have not ended for their callers, and those that have
    /// but are with the server still. Returns how many there are; when that is more than `room` has places for, it has the
    /// oldest. What comes and goes meanwhile may be missing.
    ///
    /// # Locking
    /// Does not sleep. Takes the mount's lock again and again, for a few requests each time.
    pub fn in_flight(&self, room: &mut [InFlight]) -> usize {
        let now = P::now();
        let mut oldest = Oldest { room, len: 0 };
        let mut total = 0;
        let mut from = Some(0);
        while let Some(first) = from {
            let mut piece = [None; PIECE];
            from = self.state.with(|st| {
                for (at, entry) in piece.iter_mut().enumerate() {
                    let request = st.requests.at(first + at);
                    *entry = request.and_then(|request| request.in_flight(now));
                }
                let next = first + PIECE;
                (next < st.requests.capacity()).then_some(next)
            });
            for one in piece.into_iter().flatten() {
                total += 1;
                oldest.offer(one);
            }
        }
        oldest.sort();
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_oldest_are_kept_and_sorted() {
        // Steps of a fixed stride visit all ages below a power of two once.
        let ages: Vec<u64> = (0..1024).map(|i| i * 389 % 1024).collect();
        for places in [0, 1, 2, 3, 7, 64, 1023, 1024, 2000] {
            let mut room = std::vec![InFlight::NONE; places];
            let mut oldest = Oldest {
                room: &mut room,
                len: 0,
            };
            for &age in &ages {
                oldest.offer(InFlight {
                    age,
                    ..InFlight::NONE
                });
            }
            oldest.sort();
            let kept: Vec<u64> = room.iter().take(1024).map(|one| one.age).collect();
            let wanted: Vec<u64> = (0..1024).rev().take(places).collect();
            assert_eq!(kept, wanted, "in {places} places");
        }
    }

    #[test]
    fn of_one_age_the_lower_id_is_first() {
        let mut room = [InFlight::NONE; 3];
        let mut oldest = Oldest {
            room: &mut room,
            len: 0,
        };
        for id in [2, 4, 1, 3] {
            oldest.offer(InFlight {
                id: ReqId(id),
                ..InFlight::NONE
            });
        }
        oldest.sort();
        assert_eq!(room.map(|one| one.id.0), [1, 2, 3]);
    }
}
