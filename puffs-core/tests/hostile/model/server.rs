//! What the server's calls are said to do.

use puffs_core::msg::op::FLAG_FAF;
use puffs_core::msg::wire::Req;
use puffs_core::{Cookie, Errno, Status};

use super::{Bed, Coming, Key, Model, Owner, Phase, Request};

/// What a getter finds.
pub(crate) enum Found {
    Request(Key),
    TooBig(usize),
    Nothing,
}

impl Model {
    pub(crate) fn may_start(&self) -> Result<(), Errno> {
        match self.status {
            Status::Mounting => Ok(()),
            Status::Running => Err(Errno::Busy),
            Status::Dying => Err(Errno::Nxio),
        }
    }

    pub(crate) fn start(&mut self) -> Result<(), Errno> {
        self.may_start()?;
        self.status = Status::Running;
        for _ in 0..self.touser.len().min(self.getters.len()) {
            self.wake_getter();
        }
        Ok(())
    }

    pub(crate) fn take(&mut self, room: usize) -> Result<Found, Errno> {
        self.alive()?;
        let Some(&key) = self.touser.front().filter(|_| self.readable() > 0) else {
            return Ok(Found::Nothing);
        };
        if self.requests[key].what.copylen > room {
            return Ok(Found::TooBig(self.requests[key].what.copylen));
        }
        self.touser.pop_front();
        self.requests[key].phase = Phase::CopyingOut;
        Ok(Found::Request(key))
    }

    pub(crate) fn sleep_as_getter(&mut self, bed: Bed) {
        self.getters.push_back(bed);
    }

    pub(crate) fn nudge(&mut self) -> Result<(), Errno> {
        self.alive()?;
        self.nudged = true;
        self.wake_getter();
        Ok(())
    }

    /// A getter that would sleep looks for what [`Model::nudge`] left.
    pub(crate) fn take_nudge(&mut self) -> bool {
        std::mem::take(&mut self.nudged)
    }

    pub(crate) fn getter_wakes(&mut self, bed: Bed) {
        self.getters.retain(|&other| other != bed);
    }

    /// A getter leaves without having taken anything.
    pub(crate) fn pass_on(&mut self) {
        self.wake_getter();
    }

    pub(crate) fn faf(&self, key: Key) -> bool {
        self.requests[key].opclass & FLAG_FAF != 0
    }

    pub(crate) fn payload(&self, key: Key) -> &[u8] {
        let what = &self.requests[key].what;
        &what.body[..what.copylen]
    }

    pub(crate) fn header(&self, key: Key, aux: usize) -> Req {
        let request = &self.requests[key];
        Req {
            id: request.id,
            opclass: request.opclass,
            optype: request.what.optype,
            cookie: request.what.cookie,
            aux,
            auxlen: request.what.copylen,
            ..Req::default()
        }
    }

    /// The copy to the server ended; false: the getter takes the next one.
    pub(crate) fn copied_out(&mut self, key: Key, ok: bool) -> Result<bool, Errno> {
        let copied = if ok { Ok(()) } else { Err(Errno::Fault) };
        let Request {
            left, died, owner, ..
        } = self.requests[key];
        if died {
            match owner {
                Owner::Parked(_) => self.end(key, Err(Errno::Nxio)),
                _ => self.free(key),
            }
            return copied.and(Err(Errno::Nxio));
        }
        if left {
            self.free(key);
            if !ok {
                self.wake_getter();
            }
            return copied.map(|()| false);
        }
        match (ok, self.faf(key)) {
            (true, true) => self.free(key),
            (true, false) => self.requests[key].phase = Phase::Awaiting,
            (false, _) => self.arrive(key, true),
        }
        copied.map(|()| true)
    }

    /// The header could not be written.
    pub(crate) fn take_back(&mut self, key: Key) {
        if self.alive().is_err() {
            return;
        }
        match self.requests[key].phase {
            Phase::Awaiting => self.arrive(key, true),
            Phase::Abandoned => self.free(key),
            _ => {}
        }
    }

    pub(crate) fn accept(&mut self, answer: &Req) -> Result<Key, Errno> {
        self.alive()?;
        let awaited = |&key: &Key| {
            self.status == Status::Running
                && matches!(self.requests[key].phase, Phase::Awaiting | Phase::Abandoned)
        };
        let key = self.find(answer.id).filter(awaited).ok_or(Errno::Inval)?;
        let Request { opclass, what, .. } = &self.requests[key];
        let wrong = if (answer.opclass, answer.optype) != (*opclass, what.optype)
            || !(0..=self.config.max_rv).contains(&answer.rv)
        {
            Errno::Inval
        } else if answer.auxlen > self.config.max_len {
            Errno::Fault
        } else if answer.auxlen > what.body.len() && !what.grow {
            Errno::TooBig
        } else {
            let request = &mut self.requests[key];
            request.left = request.phase == Phase::Abandoned;
            request.phase = Phase::CopyingIn;
            return Ok(key);
        };
        self.end(key, Err(Errno::Proto));
        Err(wrong)
    }

    /// The copy from the server ended, well with these bytes.
    pub(crate) fn copied_in(
        &mut self,
        key: Key,
        rv: i32,
        body: Option<Vec<u8>>,
    ) -> Result<(), Errno> {
        let Request {
            left, died, owner, ..
        } = self.requests[key];
        if died {
            match owner {
                Owner::Parked(_) => self.end(key, Err(Errno::Nxio)),
                _ => self.free(key),
            }
            return Err(Errno::Nxio);
        }
        let ok = body.is_some();
        if left {
            self.free(key);
            let Coming { optype, cookie, .. } = self.requests[key].what;
            if let Some(body) = body {
                self.late.push((optype, Cookie(cookie), rv, body));
            }
            return Err(if ok { Errno::Canceled } else { Errno::Fault });
        }
        self.end(key, body.map(|body| (rv, body)).ok_or(Errno::Proto));
        if ok { Ok(()) } else { Err(Errno::Fault) }
    }
}
