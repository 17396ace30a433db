//! What is said of data beside a request: buffers that a caller registers, and that a server moves.

use puffs_core::{Direction, Errno, Status};

use super::{Key, Model, Phase};

/// A set of buffers, by the order of their registration.
pub(crate) type SetKey = usize;

/// One buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) direction: Direction,
    /// `None` while a server moves it, and for ever when its request ended meanwhile.
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) moved: Option<usize>,
}

pub(super) struct Set {
    id: u64,
    /// The request that it came in with.
    request: Option<Key>,
    finished: bool,
    pub(super) ops: Vec<Op>,
}

/// A buffer that a server moves.
pub(crate) struct Moving {
    set: SetKey,
    at: usize,
    pub(crate) direction: Direction,
    pub(crate) data: Vec<u8>,
}

impl Model {
    pub(crate) fn register(&mut self, id: u64) -> Result<SetKey, Errno> {
        if id == 0 {
            return Err(Errno::Inval);
        }
        self.alive()?;
        if self.find(id).is_some() || self.waiting_set(id).is_some() {
            return Err(Errno::Exist);
        }
        self.sets.push(Set {
            id,
            request: None,
            finished: false,
            ops: Vec::new(),
        });
        Ok(self.sets.len() - 1)
    }

    pub(crate) fn add(
        &mut self,
        set: SetKey,
        direction: Direction,
        data: Vec<u8>,
    ) -> Result<(), Errno> {
        let max_len = self.config.max_len;
        let set = &mut self.sets[set];
        if data.is_empty() || data.len() > max_len {
            Err(Errno::Inval)
        } else if set.request.is_some() {
            Err(Errno::Busy)
        } else if set.ops.len() == 8 {
            Err(Errno::TooBig)
        } else {
            set.ops.push(Op {
                direction,
                data: Some(data),
                moved: None,
            });
            Ok(())
        }
    }

    /// The set that waits for a request of this id.
    pub(super) fn waiting_set(&self, id: u64) -> Option<SetKey> {
        let waits = |set: &Set| set.id == id && set.request.is_none() && !set.finished;
        self.sets.iter().position(waits)
    }

    /// A request came in under an id of its caller's.
    pub(super) fn tie(&mut self, key: Key, id: u64) {
        if let Some(set) = self.waiting_set(id) {
            self.sets[set].request = Some(key);
        }
    }

    /// Somebody waits for what is moved.
    fn tied(&self, set: SetKey) -> bool {
        let set = &self.sets[set];
        let waits = |key: Key| {
            let request = &self.requests[key];
            let over = matches!(request.phase, Phase::Abandoned | Phase::Done | Phase::Over);
            !over && !request.left && !request.died
        };
        !set.finished && set.request.is_some_and(waits)
    }

    pub(crate) fn finish(&mut self, set: SetKey) -> &[Op] {
        self.sets[set].finished = true;
        &self.sets[set].ops
    }

    /// Ids of what awaits an answer and has something to move.
    pub(crate) fn with_data(&self) -> Vec<u64> {
        let tied = (0..self.sets.len()).filter(|&set| self.tied(set));
        let left = tied.filter(|&set| self.sets[set].ops.iter().any(|op| op.moved.is_none()));
        let awaiting = |key: &Key| self.requests[*key].phase == Phase::Awaiting;
        let requests = left.filter_map(|set| self.sets[set].request);
        requests
            .filter(awaiting)
            .map(|key| self.requests[key].id)
            .collect()
    }

    pub(crate) fn next_data(&mut self, id: u64) -> Result<Moving, Errno> {
        self.alive()?;
        let awaiting = |&key: &Key| {
            self.status == Status::Running && self.requests[key].phase == Phase::Awaiting
        };
        let key = self.find(id).filter(awaiting).ok_or(Errno::Inval)?;
        let theirs = |&set: &SetKey| self.sets[set].request == Some(key) && self.tied(set);
        let set = (0..self.sets.len()).find(theirs).ok_or(Errno::Inval)?;
        let mut ops = self.sets[set].ops.iter_mut().enumerate();
        let next = ops.find(|(_, op)| op.moved.is_none() && op.data.is_some());
        let (at, op) = next.ok_or(Errno::Inval)?;
        Ok(Moving {
            set,
            at,
            direction: op.direction,
            data: op.data.take().unwrap(),
        })
    }

    pub(crate) fn moved(
        &mut self,
        moving: Moving,
        copied: Result<usize, Errno>,
    ) -> Result<(), Errno> {
        if !self.tied(moving.set) {
            self.alive()?;
            return Err(Errno::Inval);
        }
        let op = &mut self.sets[moving.set].ops[moving.at];
        op.data = Some(moving.data);
        op.moved = copied.ok();
        copied.map(|_| ())
    }
}
