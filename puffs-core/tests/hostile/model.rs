//! What the queue is said to do, in plain words: the table of a request's life, the order of an answer's
//! checks, the line for a place, and who is woken. No locks, no copies, no clever places.

pub(crate) mod server;
pub(crate) mod sizes;

use std::collections::VecDeque;

use puffs_core::msg::op::FLAG_FAF;
use puffs_core::{Config, Errno, Status};

use crate::common::{Noted, Told};

/// A request, by the order in which they entered.
pub(crate) type Key = usize;
/// Something that a thread sleeps on.
pub(crate) type Bed = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Nobody,
    Parked(Bed),
    Callback,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Queued,
    CopyingOut,
    Awaiting,
    CopyingIn,
    Abandoned,
    Done,
    /// Nobody will ask about it any more.
    Over,
}

/// A request as it comes to the door.
#[derive(Clone, Debug)]
pub(crate) struct Coming {
    pub(crate) id: Option<u64>,
    pub(crate) class: u8,
    pub(crate) optype: u8,
    pub(crate) cookie: usize,
    pub(crate) body: Vec<u8>,
    pub(crate) copylen: usize,
    pub(crate) grow: bool,
}

pub(crate) struct Request {
    pub(crate) id: u64,
    pub(crate) opclass: u8,
    what: Coming,
    pub(crate) owner: Owner,
    phase: Phase,
    charged: bool,
    /// Its caller left during a copy.
    left: bool,
    /// The mount died during a copy.
    died: bool,
    interrupted: bool,
    /// How it ended: for the parked caller, or for the callback.
    pub(crate) told: Option<Told>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Sleeper {
    pub(crate) token: bool,
    granted: bool,
}

pub(crate) struct Model {
    pub(crate) config: Config,
    pub(crate) status: Status,
    next_id: u64,
    pub(crate) requests: Vec<Request>,
    touser: VecDeque<Key>,
    beds: Vec<Sleeper>,
    getters: VecDeque<Bed>,
    /// What PUFFSWAKE left.
    nudged: bool,
    line: VecDeque<(Bed, usize)>,
    pub(crate) load: (usize, usize),
    pub(crate) late: Vec<Noted>,
    sets: Vec<sizes::Set>,
}

impl Model {
    /// What a server gets whose argument cannot be read.
    pub(crate) fn unreadable(&self) -> Errno {
        match self.status {
            Status::Dying => Errno::Nxio,
            _ => Errno::Fault,
        }
    }

    pub(crate) fn new(config: Config) -> Self {
        Model {
            config,
            status: Status::Mounting,
            next_id: 1,
            requests: Vec::new(),
            touser: VecDeque::new(),
            beds: Vec::new(),
            getters: VecDeque::new(),
            nudged: false,
            line: VecDeque::new(),
            load: (0, 0),
            late: Vec::new(),
            sets: Vec::new(),
        }
    }

    /// Requests that a poller is told of.
    pub(crate) fn readable(&self) -> usize {
        match self.status {
            Status::Running => self.touser.len(),
            _ => 0,
        }
    }

    /// Getters asleep, callers in line, none of them chosen.
    pub(crate) fn sleepers(&self) -> (usize, usize) {
        (self.getters.len(), self.line.len())
    }

    pub(crate) fn bed(&mut self) -> Bed {
        self.beds.push(Sleeper::default());
        self.beds.len() - 1
    }

    /// Takes the token, when there is one.
    pub(crate) fn take_token(&mut self, bed: Bed) -> bool {
        std::mem::take(&mut self.beds[bed].token)
    }

    fn wake(&mut self, bed: Bed) {
        self.beds[bed].token = true;
    }

    fn alive(&self) -> Result<(), Errno> {
        match self.status {
            Status::Dying => Err(Errno::Nxio),
            _ => Ok(()),
        }
    }

    pub(crate) fn fresh_id(&mut self) -> u64 {
        loop {
            self.next_id += 1;
            let id = self.next_id - 1;
            if self.find(id).is_none() && self.waiting_set(id).is_none() {
                return id;
            }
        }
    }

    /// The request that is outstanding under an id.
    pub(crate) fn find(&self, id: u64) -> Option<Key> {
        let outstanding = |r: &Request| r.id == id && !matches!(r.phase, Phase::Done | Phase::Over);
        (id != 0)
            .then(|| self.requests.iter().position(outstanding))
            .flatten()
    }

    /// Ids of what is outstanding.
    pub(crate) fn ids(&self) -> Vec<u64> {
        let ids = self.requests.iter().map(|r| r.id);
        ids.filter(|&id| self.find(id).is_some()).collect()
    }

    // ---- in

    /// The lengths and the id that the door lets through.
    pub(crate) fn door(&self, coming: &Coming) -> Result<(), Errno> {
        let len = coming.body.len();
        match coming.copylen <= len && len <= self.config.max_len && coming.id != Some(0) {
            true => Ok(()),
            false => Err(Errno::Inval),
        }
    }

    /// Enters, or finds no place: `None`. `charged` says whether it has one.
    pub(crate) fn enter(
        &mut self,
        coming: &Coming,
        owner: Owner,
        charged: bool,
    ) -> Result<Option<Key>, Errno> {
        let entered = self.try_enter(coming, owner, charged);
        if charged && entered.is_err() {
            self.release(coming.body.len());
        }
        entered
    }

    fn try_enter(
        &mut self,
        coming: &Coming,
        owner: Owner,
        charged: bool,
    ) -> Result<Option<Key>, Errno> {
        self.alive()?;
        if coming.id.is_some_and(|id| self.find(id).is_some()) {
            return Err(Errno::Exist);
        }
        let has_place = charged || self.line.is_empty() && self.admit(coming.body.len());
        if !has_place {
            return Ok(None);
        }
        Ok(Some(self.put_in(coming, owner, true)))
    }

    fn put_in(&mut self, coming: &Coming, owner: Owner, charged: bool) -> Key {
        let (id, flag) = match owner {
            Owner::Nobody => (0, FLAG_FAF),
            _ => (coming.id.unwrap_or_else(|| self.fresh_id()), 0),
        };
        self.requests.push(Request {
            id,
            opclass: coming.class & 0x0f | flag,
            what: coming.clone(),
            owner,
            phase: Phase::Queued,
            charged,
            left: false,
            died: false,
            interrupted: false,
            told: None,
        });
        let key = self.requests.len() - 1;
        if let (Some(id), false) = (coming.id, owner == Owner::Nobody) {
            self.tie(key, id);
        }
        self.arrive(key, false);
        key
    }

    /// What is paid for enters a mount that lives.
    pub(crate) fn enter_prepaid(&mut self, coming: &Coming) {
        if self.alive().is_ok() {
            self.put_in(coming, Owner::Nobody, false);
        }
    }

    fn arrive(&mut self, key: Key, back: bool) {
        self.requests[key].phase = Phase::Queued;
        match back {
            true => self.touser.push_front(key),
            false => self.touser.push_back(key),
        }
        self.wake_getter();
    }

    fn wake_getter(&mut self) {
        if (self.readable() > 0 || self.nudged)
            && let Some(bed) = self.getters.pop_front()
        {
            self.wake(bed);
        }
    }

    // ---- places

    fn admit(&mut self, cost: usize) -> bool {
        let fits =
            self.load.0 < self.config.max_requests && self.load.1 + cost <= self.config.max_bytes;
        if fits {
            self.load = (self.load.0 + 1, self.load.1 + cost);
        }
        fits
    }

    fn release(&mut self, cost: usize) {
        self.load = (self.load.0 - 1, self.load.1 - cost);
        self.grant();
    }

    fn grant(&mut self) {
        if self.alive().is_err() {
            return;
        }
        let Some(&(bed, cost)) = self.line.front() else {
            return;
        };
        if self.admit(cost) {
            self.line.pop_front();
            self.beds[bed].granted = true;
            self.wake(bed);
        }
    }

    pub(crate) fn stand_in_line(&mut self, cost: usize) -> Bed {
        let bed = self.bed();
        self.line.push_back((bed, cost));
        bed
    }

    /// What the end of a wait means in the line; `None`: nothing. `why`: the wake was no wake-up.
    pub(crate) fn leave_line(
        &mut self,
        bed: Bed,
        cost: usize,
        why: Option<Errno>,
    ) -> Option<Result<(), Errno>> {
        let granted = self.beds[bed].granted;
        let outcome = match (self.alive(), granted, why) {
            (Err(dead), ..) => Err(dead),
            (_, true, _) => Ok(()),
            (_, false, Some(why)) => Err(why),
            (_, false, None) => return None,
        };
        if granted && outcome.is_err() {
            self.load = (self.load.0 - 1, self.load.1 - cost);
        }
        self.line.retain(|&(other, _)| other != bed);
        self.grant();
        Some(outcome)
    }

    // ---- ends

    fn settle(&mut self, key: Key) {
        self.touser.retain(|&other| other != key);
        if std::mem::take(&mut self.requests[key].charged) {
            self.release(self.requests[key].what.body.len());
        }
    }

    fn end(&mut self, key: Key, told: Told) {
        self.settle(key);
        let request = &mut self.requests[key];
        request.phase = Phase::Over;
        match request.owner {
            Owner::Parked(bed) => {
                request.phase = Phase::Done;
                request.told = Some(told);
                self.wake(bed);
            }
            Owner::Callback => request.told = Some(told),
            Owner::Nobody => {}
        }
    }

    fn free(&mut self, key: Key) {
        self.settle(key);
        self.requests[key].phase = Phase::Over;
    }

    fn leave(&mut self, key: Key) {
        match self.requests[key].phase {
            Phase::Queued => self.free(key),
            Phase::CopyingOut | Phase::CopyingIn => self.requests[key].left = true,
            _ => self.requests[key].phase = Phase::Abandoned,
        }
        self.requests[key].owner = Owner::Nobody;
    }

    /// What the end of a wait means to a parked caller; `None`: nothing.
    pub(crate) fn leave_bed(&mut self, key: Key, why: Option<Errno>) -> Option<Told> {
        let request = &mut self.requests[key];
        if request.phase == Phase::Done {
            request.phase = Phase::Over;
            return request.told.take();
        }
        if request.died {
            request.owner = Owner::Nobody;
            return Some(Err(Errno::Nxio));
        }
        let why = why.or(request.interrupted.then_some(Errno::Intr))?;
        self.leave(key);
        Some(Err(why))
    }

    pub(crate) fn interrupt(&mut self, id: u64) -> Result<(), Errno> {
        let key = self.find(id).ok_or(Errno::NoEnt)?;
        match self.requests[key].owner {
            Owner::Nobody => return Err(Errno::NoEnt),
            Owner::Parked(bed) => {
                self.requests[key].interrupted = true;
                self.wake(bed);
            }
            Owner::Callback => {
                self.requests[key].told = Some(Err(Errno::Intr));
                self.leave(key);
            }
        }
        Ok(())
    }

    pub(crate) fn die(&mut self) {
        if std::mem::replace(&mut self.status, Status::Dying) == Status::Dying {
            return;
        }
        for key in 0..self.requests.len() {
            match (self.requests[key].phase, self.requests[key].owner) {
                (Phase::Queued | Phase::Awaiting | Phase::Abandoned, _) => {
                    self.end(key, Err(Errno::Nxio));
                }
                (Phase::CopyingOut | Phase::CopyingIn, owner) => {
                    self.requests[key].died = true;
                    match owner {
                        Owner::Parked(bed) => self.wake(bed),
                        Owner::Callback => {
                            self.requests[key].told = Some(Err(Errno::Nxio));
                            self.requests[key].owner = Owner::Nobody;
                        }
                        Owner::Nobody => {}
                    }
                }
                (Phase::Done | Phase::Over, _) => {}
            }
        }
        for bed in std::mem::take(&mut self.getters) {
            self.wake(bed);
        }
        for (bed, _) in std::mem::take(&mut self.line) {
            self.wake(bed);
        }
    }
}
