//! Into the queue: the door, a place, and for a caller that parks its sleep.
//!
//! Replaces the reference's `touser` and the five functions before it, as far as they queue.

use alloc::boxed::Box;

use super::after::After;
use super::mount::Mount;
use super::slab::{Links, Slot};
use super::state::{Caller, Need, Owner, Phase, Request, Space, Waiter};
use super::vnodes::{Asked, Vnodes};
use crate::buf::Buf;
use crate::errno::{Errno, Result};
use crate::ids::{Cookie, Instant, ReqId};
use crate::msg::op;
use crate::own::Ref;
use crate::platform::{Event, Lock, Platform, Wait, Wake};
use crate::request::{Answer, Complete, Outgoing};

/// A request that entered the queue in its completion form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Its id, for [`Mount::interrupt`].
    pub id: ReqId,
}

/// How a request enters.
struct Entry<'w> {
    /// A caller-made id; `None`: the next one.
    id: Option<ReqId>,
    /// How to wait for a place; `None`: not at all.
    wait: Option<&'w Wait>,
    /// When a callback is told that it was too late.
    deadline: Option<Instant>,
}

/// A request in the queue.
struct Entered {
    slot: Slot,
    id: ReqId,
}

/// On which terms a caller parks.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'w> {
    /// An id that [`Mount::next_id`] gave out; `None`: the next one.
    pub id: Option<ReqId>,
    /// How long and how patiently it waits, for a place and for the answer.
    pub wait: &'w Wait,
    /// `WouldBlock` instead of waiting for a place.
    pub nowait: bool,
    /// What it has locked, and gives up as long as it is parked: [`MountHost::unlock`](super::MountHost::unlock).
    pub vnodes: Vnodes,
}

impl<'w> Terms<'w> {
    /// The usual, with this patience.
    pub fn new(wait: &'w Wait) -> Self {
        Terms {
            id: None,
            wait,
            nowait: false,
            vnodes: [None; 2],
        }
    }
}

/// Whether the bounds know about a request already.
enum Place {
    /// To be charged with this many bytes.
    Wanted(usize),
    /// Charged.
    Charged(usize),
}

impl<P: Platform> Mount<P> {
    /// Sends a request and parks until it ends: with the server's answer, or with a definite error.
    ///
    /// # Errors
    /// `Inval` (lengths), `Nxio` (no server), `Deadlk` (this thread is at work for the server and no other one will fetch), `NoMem`, `Proto` (the server's answer was no
    /// answer), and as `wait` allows `Intr` and `TimedOut`.
    ///
    /// # Locking
    /// Sleeps. To be called without spinning locks, and not on a thread that the server needs.
    pub fn call(&self, out: Outgoing<P>, wait: &Wait) -> Result<Answer<P>> {
        self.call_as(out, None, wait)
    }

    /// The same under an id that [`Mount::next_id`] gave out before.
    ///
    /// # Errors
    /// As [`Mount::call`], and `Exist` while a request with that id is outstanding, `Inval` for id 0.
    pub fn call_as(&self, out: Outgoing<P>, id: Option<ReqId>, wait: &Wait) -> Result<Answer<P>> {
        self.call_on(
            out,
            Terms {
                id,
                ..Terms::new(wait)
            },
        )
    }

    /// The same, without waiting for a place in the queue.
    ///
    /// # Errors
    /// As [`Mount::call_as`], and `WouldBlock` when there is no place.
    pub fn call_nowait(
        &self,
        out: Outgoing<P>,
        id: Option<ReqId>,
        wait: &Wait,
    ) -> Result<Answer<P>> {
        self.call_on(
            out,
            Terms {
                id,
                nowait: true,
                ..Terms::new(wait)
            },
        )
    }

    /// The same on other terms than the usual. When a vnode died while it was unlocked, the answer is that error, without a body.
    ///
    /// # Errors
    /// As [`Mount::call_as`], and `WouldBlock` when there is no place and the caller would not wait.
    pub fn call_on(&self, out: Outgoing<P>, terms: Terms<'_>) -> Result<Answer<P>> {
        let waiter = Waiter::new()?;
        let asked = Asked {
            class: out.class & op::CLASS_MASK,
            optype: out.optype,
            cookie: out.cookie,
        };
        let entry = Entry {
            id: terms.id,
            wait: (!terms.nowait).then_some(terms.wait),
            deadline: None,
        };
        let entered = self.enter(out, entry, Owner::Parked(waiter.clone()))?;
        self.unlock(terms.vnodes);
        let ended = self.park(entered.slot, &waiter, terms.wait);
        self.relock(terms.vnodes, asked, ended)
    }

    /// Sends a request and returns; `done` is told how it ended, which may be before this returns. When this returns
    /// an error, `done` is dropped unused. Does not wait for a place.
    ///
    /// # Errors
    /// `Inval`, `Nxio`, `NoMem`, and `WouldBlock` when there is no place.
    pub fn submit(&self, out: Outgoing<P>, done: Box<dyn Complete<P>>) -> Result<Begun> {
        self.submit_as(out, None, done)
    }

    /// The same under an id that [`Mount::next_id`] gave out before, so that it is known whatever happens meanwhile.
    ///
    /// # Errors
    /// As [`Mount::submit`], and `Exist` while a request with that id is outstanding, `Inval` for id 0.
    pub fn submit_as(
        &self,
        out: Outgoing<P>,
        id: Option<ReqId>,
        done: Box<dyn Complete<P>>,
    ) -> Result<Begun> {
        self.submit_until(out, id, None, done)
    }

    /// The same with a deadline, at which `done` is told `TimedOut`; see [`Mount::expire`]. Deadlines are in a list: one that
    /// is earlier than those of many requests under way takes a step for each of them, under the lock.
    ///
    /// # Errors
    /// As [`Mount::submit_as`].
    pub fn submit_until(
        &self,
        out: Outgoing<P>,
        id: Option<ReqId>,
        deadline: Option<Instant>,
        done: Box<dyn Complete<P>>,
    ) -> Result<Begun> {
        let entry = Entry {
            id,
            wait: None,
            deadline,
        };
        let entered = self.enter(out, entry, Owner::Callback(done))?;
        Ok(Begun { id: entered.id })
    }

    /// Sends a request that wants no answer (FAF). Its body is consumed whatever happens. Does not wait for a
    /// place, and never expires.
    ///
    /// # Errors
    /// `Inval`, `Nxio`, `NoMem`, and `WouldBlock` when there is no place.
    pub fn send(&self, out: Outgoing<P>) -> Result<()> {
        let entry = Entry {
            id: None,
            wait: None,
            deadline: None,
        };
        self.enter(out, entry, Owner::Nobody).map(|_| ())
    }

    fn enter(&self, out: Outgoing<P>, entry: Entry<'_>, owner: Owner<P>) -> Result<Entered> {
        let room = out.body.len();
        if out.copylen > room || room > self.config.max_len || entry.id == Some(ReqId(0)) {
            return Err(Errno::Inval);
        }
        let thread = P::current();
        let mut request = Some(Request::new(out, owner, thread.pid));
        let mut place = Place::Wanted(room);
        let mut spare: Option<Space<P>> = None;
        let mut seat = None;
        loop {
            enum Found {
                Inside(Slot, ReqId, Option<Instant>),
                Missing(Need),
                Full(usize),
            }
            let mut after = After::timed(false);
            let found = self.state.with(|st| {
                st.door()?;
                if let Some(id) = entry.id
                    && st.index.find(&st.requests, id.0).is_some()
                {
                    return Err(Errno::Exist);
                }
                if let Some(space) = spare.take() {
                    spare = st.add(space);
                }
                if let Some(need) = st.need_request() {
                    return Ok(Found::Missing(need));
                }
                if entry.deadline.is_some() && !st.timers.has_room() {
                    return Ok(Found::Missing(Need::Timers(st.timers.capacity())));
                }
                if let Place::Wanted(cost) = place {
                    if !st.admit(cost) {
                        match entry.wait {
                            Some(_) => st.parks(&mut seat, &request, thread.id)?,
                            None => st.stats.mount.refused_full += 1,
                        }
                        return Ok(Found::Full(cost));
                    }
                    place = Place::Charged(cost);
                }
                st.parks(&mut seat, &request, thread.id)?;
                let Some(mut request) = request.take() else {
                    return Err(Errno::Inval);
                };
                request.caller = seat.take().flatten();
                request.cost = Some(room);
                if !matches!(request.owner, Owner::Nobody) {
                    request.id = entry.id.unwrap_or_else(|| st.fresh_id());
                }
                let id = request.id;
                let slot = st.requests.insert(request);
                if id.0 != 0 {
                    st.index.insert(&mut st.requests, slot);
                }
                if entry.id.is_some() {
                    st.tie(slot);
                }
                let earliest = entry.deadline.filter(|&at| st.arm(slot, at));
                st.arrive(slot, false, &mut after);
                Ok(Found::Inside(slot, id, earliest))
            });
            after.run();
            let stopped = match found {
                Ok(Found::Inside(slot, id, earliest)) => {
                    if let (Some(at), Some(host)) = (earliest, &self.host) {
                        host.alarm(self, at);
                    }
                    return Ok(Entered { slot, id });
                }
                Ok(Found::Missing(need)) => Space::make(need).map(|space| spare = Some(space)),
                Ok(Found::Full(cost)) => match entry.wait {
                    Some(wait) => self
                        .wait_for_room(cost, wait)
                        .map(|()| place = Place::Charged(cost)),
                    None => Err(Errno::WouldBlock),
                },
                Err(error) => Err(error),
            };
            if let Err(error) = stopped {
                if let Place::Charged(cost) = place {
                    self.leave_room(cost);
                }
                self.is_back(seat.flatten());
                return Err(error);
            }
        }
    }

    /// Sleeps until the request in `slot` has ended, or leaves it.
    fn park(&self, slot: Slot, waiter: &Ref<Waiter<P>, P>, wait: &Wait) -> Result<Answer<P>> {
        loop {
            let woke = waiter.event.wait(wait);
            let mut after = After::timed(woke != Wake::Woken);
            let outcome = self.state.with(|st| {
                let request = &mut st.requests[slot];
                match (&mut request.phase, woke) {
                    (Phase::Done(_), _) => {
                        let mut request = st.requests.remove(slot);
                        let Phase::Done(ended) =
                            core::mem::replace(&mut request.phase, Phase::Queued)
                        else {
                            unreachable!("it was done under this very lock");
                        };
                        after.discard(request);
                        Some(ended)
                    }
                    (Phase::CopyingOut(caller) | Phase::CopyingIn(caller), _)
                        if *caller == Caller::Dead =>
                    {
                        *caller = Caller::DeadAndGone;
                        request.owner = Owner::Nobody;
                        Some(Err(Errno::Nxio))
                    }
                    (_, Wake::Interrupted) => Some(Err(st.leave(slot, Errno::Intr, &mut after))),
                    (_, Wake::TimedOut) => Some(Err(st.leave(slot, Errno::TimedOut, &mut after))),
                    (_, Wake::Woken) if request.interrupted.is_some() => {
                        after.now = request.interrupted;
                        Some(Err(st.leave(slot, Errno::Intr, &mut after)))
                    }
                    (_, Wake::Woken) => None,
                }
            });
            after.run();
            if let Some(ended) = outcome {
                return ended;
            }
        }
    }
}

impl<P: Platform> Request<P> {
    /// A request of process `pid`, unless `out` knows better, that is not in the queue yet. Its age is counted from now.
    fn new(out: Outgoing<P>, owner: Owner<P>, pid: i32) -> Self {
        let flags = match owner {
            Owner::Nobody => op::FLAG_FAF,
            _ => 0,
        };
        Request {
            id: ReqId(0),
            opclass: (out.class & op::CLASS_MASK) | flags,
            optype: out.optype,
            cookie: out.cookie,
            phase: Phase::Queued,
            owner,
            copylen: out.copylen,
            room: out.body.len(),
            body: Some(out.body),
            grow: out.grow,
            cost: None,
            fetch: 0,
            server: None,
            caller: None,
            interrupted: None,
            sizes: None,
            timer: None,
            began: P::now(),
            counted: false,
            pid: out.pid.unwrap_or(pid),
            links: Links::UNLISTED,
            chain: Slot::NONE,
        }
    }
}

/// A request paid for in advance: its memory and its place in the slab are there, so sending it cannot
/// fail. RECLAIM's is made with its node, CLOSE's with its open. It counts against no bound.
pub struct Prepaid<P: Platform> {
    mount: Ref<Mount<P>, P>,
    body: Buf<P>,
    sent: bool,
}

impl<P: Platform> Prepaid<P> {
    /// Pays for one request with a body of `len` bytes.
    ///
    /// # Errors
    /// `NoMem`, and `Inval` when `len` is above the mount's maximum.
    pub fn new(mount: &Ref<Mount<P>, P>, len: usize) -> Result<Self> {
        if len > mount.config.max_len {
            return Err(Errno::Inval);
        }
        let body = Buf::new(len)?;
        let mut spare: Option<Space<P>> = None;
        loop {
            let missing = mount.state.with(|st| {
                if let Some(space) = spare.take() {
                    spare = st.add(space);
                }
                match st.requests.reserve() {
                    true => None,
                    false => Some(Need::Requests(st.requests.capacity())),
                }
            });
            match missing {
                None => break,
                Some(need) => spare = Some(Space::make(need)?),
            }
        }
        Ok(Prepaid {
            mount: mount.clone(),
            body,
            sent: false,
        })
    }

    /// The body, to be filled in before sending.
    pub fn body(&mut self) -> &mut [u8] {
        &mut self.body
    }

    /// Sends it as FAF. On a dead mount there is nobody to tell, and it is freed.
    pub fn send(mut self, class: u8, optype: u8, cookie: Cookie) {
        let body = core::mem::replace(&mut self.body, Buf::empty());
        let out = Outgoing {
            class,
            optype,
            cookie,
            copylen: body.len(),
            body,
            grow: false,
            pid: None,
        };
        let request = Request::new(out, Owner::Nobody, P::current().pid);
        let mut after = After::timed(false);
        self.sent = self.mount.state.with(|st| {
            if st.door().is_err() {
                after.discard(request);
                return false;
            }
            let slot = st.requests.insert_reserved(request);
            st.arrive(slot, false, &mut after);
            true
        });
        after.run();
    }
}

impl<P: Platform> Drop for Prepaid<P> {
    fn drop(&mut self) {
        if !self.sent {
            self.mount.state.with(|st| st.requests.unreserve());
        }
    }
}
