//! What a registry's lock guards: a seat per open instance, and what the instance is bound to.
//!
//! A seat is in one of two kinds of list: embryos in the order they were opened, for
//! `puffs_setpmp` by process; and those bound to a mount, by the mount's address.

use puffs_core::errno::{Errno, Result};
use puffs_core::{Mount, Platform, PollLink, Ref};

use crate::minors::Minors;
use crate::registry::Lwp;
use crate::stat::Standing;

/// What an instance is. A closed one has no seat.
enum Place<P: Platform> {
    /// Nothing is mounted yet.
    Embryo,
    /// This is mounted.
    Mounted(Ref<Mount<P>, P>),
    /// What was mounted is unmounted.
    Dead,
}

impl<P: Platform> Place<P> {
    fn mount(self) -> Option<Ref<Mount<P>, P>> {
        match self {
            Place::Mounted(mount) => Some(mount),
            Place::Embryo | Place::Dead => None,
        }
    }
}

/// One open instance.
pub(crate) struct Seat<P: Platform> {
    /// Its poll point, which is also its identity: a minor may be another's by now.
    poll: Ref<PollLink<P>, P>,
    opener: Lwp,
    place: Place<P>,
    prev: u32,
    next: u32,
}

impl<P: Platform> Seat<P> {
    /// The seat of a new embryo.
    pub(crate) fn new(poll: Ref<PollLink<P>, P>, opener: Lwp) -> Self {
        Seat {
            poll,
            opener,
            place: Place::Embryo,
            prev: NONE,
            next: NONE,
        }
    }
}

/// No minor.
const NONE: u32 = u32::MAX;
const BUCKETS: usize = 64;

/// A list of seats, by minor.
#[derive(Clone, Copy)]
struct Row {
    first: u32,
    last: u32,
}

const EMPTY: Row = Row {
    first: NONE,
    last: NONE,
};

/// Which list.
#[derive(Clone, Copy)]
enum Which {
    Embryos,
    Bound(usize),
}

/// All seats.
pub(crate) struct Seats<P: Platform> {
    pub(crate) minors: Minors<Seat<P>>,
    embryos: Row,
    bound: [Row; BUCKETS],
    changes: u64,
}

/// A change of what an instance is bound to.
pub(crate) struct Change<P: Platform> {
    /// Its place among all, for [`Mount::link_poll`].
    pub(crate) order: u64,
    /// The instance's poll point.
    pub(crate) poll: Ref<PollLink<P>, P>,
    /// What was mounted there, if something was.
    pub(crate) held: Option<Ref<Mount<P>, P>>,
}

fn bucket<P: Platform>(mount: &Ref<Mount<P>, P>) -> Which {
    let address = Ref::as_ptr(mount).addr() as u64;
    Which::Bound((address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58) as usize)
}

impl<P: Platform> Seats<P> {
    /// Seats for minors below `limit`.
    ///
    /// # Errors
    /// `NoMem`, `Inval`.
    pub(crate) fn new(limit: u32) -> Result<Self> {
        Ok(Seats {
            minors: Minors::new(limit)?,
            embryos: EMPTY,
            bound: [EMPTY; BUCKETS],
            changes: 0,
        })
    }

    fn row(&mut self, which: Which) -> &mut Row {
        match which {
            Which::Embryos => &mut self.embryos,
            Which::Bound(bucket) => &mut self.bound[bucket],
        }
    }

    fn append(&mut self, which: Which, minor: u32) {
        let last = core::mem::replace(&mut self.row(which).last, minor);
        match self.minors.get(last) {
            Some(seat) => seat.next = minor,
            None => self.row(which).first = minor,
        }
        if let Some(seat) = self.minors.get(minor) {
            seat.prev = last;
            seat.next = NONE;
        }
    }

    fn unlist(&mut self, which: Which, minor: u32) {
        let Some(seat) = self.minors.get(minor) else {
            return;
        };
        let (prev, next) = (seat.prev, seat.next);
        match self.minors.get(prev) {
            Some(seat) => seat.next = next,
            None => self.row(which).first = next,
        }
        match self.minors.get(next) {
            Some(seat) => seat.prev = prev,
            None => self.row(which).last = prev,
        }
    }

    fn find(&mut self, which: Which, mut wanted: impl FnMut(&Seat<P>) -> bool) -> Option<u32> {
        let mut at = self.row(which).first;
        while let Some(seat) = self.minors.get(at) {
            if wanted(seat) {
                return Some(at);
            }
            at = seat.next;
        }
        None
    }

    fn find_mount(&mut self, mount: &Ref<Mount<P>, P>) -> Option<u32> {
        self.find(
            bucket(mount),
            |seat| matches!(&seat.place, Place::Mounted(bound) if bound.same(mount)),
        )
    }

    /// The seat of an instance that is open.
    fn of(&mut self, minor: u32, poll: &Ref<PollLink<P>, P>) -> Option<&mut Seat<P>> {
        self.minors.get(minor).filter(|seat| seat.poll.same(poll))
    }

    /// Seats a new embryo at a minor that was taken for it.
    pub(crate) fn sit(&mut self, minor: u32, seat: Seat<P>) {
        self.minors.put(minor, seat);
        self.append(Which::Embryos, minor);
    }

    /// What is mounted at an instance.
    pub(crate) fn mount(
        &mut self,
        minor: u32,
        poll: &Ref<PollLink<P>, P>,
    ) -> Result<Ref<Mount<P>, P>> {
        match self.of(minor, poll).map(|seat| &seat.place) {
            Some(Place::Mounted(mount)) => Ok(mount.clone()),
            Some(Place::Embryo | Place::Dead) | None => Err(Errno::NoEnt),
        }
    }

    /// What an instance is, and what is mounted there.
    pub(crate) fn standing(
        &mut self,
        minor: u32,
        poll: &Ref<PollLink<P>, P>,
    ) -> (Standing, Option<Ref<Mount<P>, P>>) {
        match self.of(minor, poll).map(|seat| &seat.place) {
            Some(Place::Embryo) => (Standing::Embryo, None),
            Some(Place::Mounted(mount)) => (Standing::Mounted, Some(mount.clone())),
            Some(Place::Dead) => (Standing::Dead, None),
            None => (Standing::Closed, None),
        }
    }

    /// The oldest embryo that this process opened with these credentials.
    pub(crate) fn oldest_embryo(&mut self, opener: &Lwp) -> Result<u32> {
        self.find(Which::Embryos, |seat| seat.opener == *opener)
            .ok_or(Errno::Nxio)
    }

    /// Checks that the instance, which is open or was, may be bound.
    pub(crate) fn embryo(&mut self, minor: u32, poll: &Ref<PollLink<P>, P>) -> Result<u32> {
        match self.of(minor, poll).map(|seat| &seat.place) {
            Some(Place::Embryo) => Ok(minor),
            Some(Place::Mounted(_)) => Err(Errno::Busy),
            Some(Place::Dead) | None => Err(Errno::Nxio),
        }
    }

    /// Binds a mount, which is bound nowhere yet, to an embryo.
    pub(crate) fn bind(&mut self, minor: u32, mount: &Ref<Mount<P>, P>) -> Result<Change<P>> {
        if self.find_mount(mount).is_some() {
            return Err(Errno::Busy);
        }
        self.unlist(Which::Embryos, minor);
        self.append(bucket(mount), minor);
        self.changes += 1;
        let seat = self.minors.get(minor).ok_or(Errno::Nxio)?;
        seat.place = Place::Mounted(mount.clone());
        Ok(Change {
            order: self.changes,
            poll: seat.poll.clone(),
            held: None,
        })
    }

    /// The instance that a mount is bound to becomes dead. `None`: there is none.
    pub(crate) fn kill(&mut self, mount: &Ref<Mount<P>, P>) -> Option<Change<P>> {
        let minor = self.find_mount(mount)?;
        self.unlist(bucket(mount), minor);
        self.changes += 1;
        let seat = self.minors.get(minor)?;
        Some(Change {
            order: self.changes,
            poll: seat.poll.clone(),
            held: core::mem::replace(&mut seat.place, Place::Dead).mount(),
        })
    }

    /// An instance is closed: its seat is taken out. `None`: it was already.
    pub(crate) fn leave(&mut self, minor: u32, poll: &Ref<PollLink<P>, P>) -> Option<Change<P>> {
        let which = match &self.of(minor, poll)?.place {
            Place::Embryo => Some(Which::Embryos),
            Place::Mounted(mount) => Some(bucket(mount)),
            Place::Dead => None,
        };
        if let Some(which) = which {
            self.unlist(which, minor);
        }
        self.changes += 1;
        let seat = self.minors.free(minor)?;
        Some(Change {
            order: self.changes,
            poll: seat.poll,
            held: seat.place.mount(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minors::Space;
    use puffs_core::Config;
    use puffs_core::platform::Hosted;

    #[test]
    fn every_change_comes_after_the_one_before() {
        let mut seats = Seats::<Hosted>::new(1).unwrap();
        let minor = loop {
            match seats.minors.take() {
                Ok(minor) => break minor,
                Err(shortage) => {
                    assert!(seats.minors.add(Space::make(&shortage).unwrap()).is_none())
                }
            }
        };
        let poll = PollLink::new().unwrap();
        seats.sit(minor, Seat::new(poll.clone(), Lwp::default()));
        let mount = Mount::new(Config::default(), None).unwrap();
        let bound = seats.bind(minor, &mount).unwrap();
        let killed = seats.kill(&mount).unwrap();
        let left = seats.leave(minor, &poll).unwrap();
        assert!(0 < bound.order && bound.order < killed.order && killed.order < left.order);
        assert!(killed.held.is_some_and(|held| held.same(&mount)));
        assert!(bound.held.is_none() && left.held.is_none());
    }
}
