//! Delivery: PUFFSGETOP, the reference's `puffsgetop`.
//!
//! The body is copied while the request is *copying out* and the server cannot know its id; then it becomes
//! *awaiting*, and only then the header with the id is written. So an answer never comes too early, and a
//! copy that faults loses nothing.

use super::after::After;
use super::mount::{Mount, Status};
use super::slab::Slot;
use super::state::{Caller, Need, Phase, Sleep, Space, State, Waiter};
use super::stats::End;
use crate::buf::Buf;
use crate::errno::{Errno, Result};
use crate::ids::UserAddr;
use crate::msg::op;
use crate::msg::wire::Req;
use crate::own::Ref;
use crate::platform::{Event, Lock, Platform, Wait, Wake};
use zerocopy::IntoBytes;

/// A request on its way out.
struct Delivery<P: Platform> {
    slot: Slot,
    /// Tells this delivery from a later one of the same slot.
    fetch: u64,
    header: Req,
    body: Buf<P>,
}

/// Where the number of fetched requests goes, and which one is next.
#[derive(Clone, Copy)]
pub(super) struct Count {
    pub(super) at: UserAddr,
    pub(super) value: usize,
}

/// Where a request goes.
struct To<'a> {
    arg: UserAddr,
    count: Option<Count>,
    offered: &'a Req,
    /// Who fetches.
    thread: usize,
}

impl To<'_> {
    /// The server has some from the same call already.
    fn more(&self) -> bool {
        self.count.is_some_and(|count| count.value > 1)
    }

    /// Tells the server that a request is there.
    fn announce<P: Platform>(&self, header: &Req) -> Result<()> {
        P::copyout(header.as_bytes(), self.arg)?;
        match self.count {
            Some(count) => P::copyout(count.value.as_bytes(), count.at),
            None => Ok(()),
        }
    }
}

/// What a getter found.
enum Found<P: Platform> {
    Request(Delivery<P>),
    /// The buffer is too small for the first request, which has this length.
    TooBig(usize),
    Nothing,
    Asleep(Slot),
    Missing(Need),
}

/// How the copying of a body ended for the request.
enum Delivered {
    /// It is the server's now.
    Yes,
    /// Its caller had left; the next one, please.
    Dropped,
}

impl<P: Platform> Mount<P> {
    /// Fetches the oldest request into the server's `struct puffs_req` at `arg`: PUFFSGETOP.
    ///
    /// In: `preq_aux` and `preq_auxlen`, the buffer. Out: the whole header, and the body in the buffer.
    /// Sleeps as `block` says while there is nothing to fetch, a mount that has not started included.
    ///
    /// # Errors
    /// `WouldBlock` (nothing there, and no `block`), `TooBig` (`preq_auxlen` then says what is needed; the request
    /// stays), `Fault` (nothing is lost), `Intr`, `Woken` ([`Mount::wake`]), `TimedOut`, `NoMem`, `Nxio` (the mount is dead).
    ///
    /// # Locking
    /// Sleeps, and copies to the server.
    pub fn getop(&self, arg: UserAddr, block: Option<&Wait>) -> Result<()> {
        self.hand_over(arg, None, block)
    }

    /// Fetches one request. The server learns that it has come from the header alone, or with `count` from that
    /// header and then the number written there.
    pub(super) fn hand_over(
        &self,
        arg: UserAddr,
        count: Option<Count>,
        block: Option<&Wait>,
    ) -> Result<()> {
        let mut offered = Req::default();
        self.read_args(arg, offered.as_mut_bytes())?;
        let to = To {
            arg,
            count,
            offered: &offered,
            thread: P::current().id,
        };
        loop {
            let delivery = self.fetch(&to, block)?;
            match self.deliver(&to, delivery)? {
                Delivered::Yes => return Ok(()),
                Delivered::Dropped => continue,
            }
        }
    }

    /// Takes the oldest request, sleeping for it if need be.
    fn fetch(&self, to: &To<'_>, block: Option<&Wait>) -> Result<Delivery<P>> {
        let fetched = self.try_fetch(to, block);
        if matches!(fetched, Err(error) if error != Errno::WouldBlock) {
            // An arrival may have chosen this getter, which leaves without taking.
            self.pass_on();
        }
        fetched
    }

    fn try_fetch(&self, to: &To<'_>, block: Option<&Wait>) -> Result<Delivery<P>> {
        let mut spare: Option<Space<P>> = None;
        let mut waiter: Option<Ref<Waiter<P>, P>> = None;
        loop {
            let found = self.state.with(|st| {
                if let Some(space) = spare.take() {
                    spare = st.add(space);
                }
                st.take(to, waiter.as_ref())
            })?;
            match (found, block, &waiter) {
                (Found::Request(delivery), ..) => return Ok(delivery),
                (Found::TooBig(needed), ..) => {
                    if !to.more() {
                        let told = Req {
                            auxlen: needed,
                            ..*to.offered
                        };
                        self.noting_faults(P::copyout(told.as_bytes(), to.arg))?;
                    }
                    return Err(Errno::TooBig);
                }
                (Found::Missing(need), ..) => spare = Some(Space::make(need)?),
                (Found::Asleep(slot), Some(wait), Some(waiter)) => {
                    let woke = waiter.event.wait(wait);
                    let _sleeper = self.state.with(|st| st.awake(slot, Sleep::ForRequest));
                    match woke {
                        Wake::Woken => {}
                        Wake::Interrupted => return Err(Errno::Intr),
                        Wake::TimedOut => return Err(Errno::TimedOut),
                    }
                }
                (Found::Nothing, Some(_), _) => waiter = Some(Waiter::new()?),
                (Found::Nothing | Found::Asleep(_), ..) => return Err(Errno::WouldBlock),
            }
        }
    }

    /// Leaves a token for a getter, from whatever thread: PUFFSWAKE. Who sleeps to fetch, or would sleep next, takes it and returns
    /// `Woken`; one of them, if several do. It stays until then, and a second one adds nothing. Who finds a request leaves it.
    ///
    /// # Errors
    /// `Nxio` (the mount is dead).
    ///
    /// # Locking
    /// Does not sleep.
    pub fn wake(&self) -> Result<()> {
        let mut after = After::timed(false);
        let left = self.state.with(|st| {
            st.alive()?;
            st.nudged = true;
            st.wake_getter(&mut after);
            Ok(())
        });
        after.run();
        left
    }

    /// Wakes a getter, when there is something to fetch, or a token to take.
    pub(crate) fn pass_on(&self) {
        let mut after = After::timed(false);
        self.state.with(|st| st.wake_getter(&mut after));
        after.run();
    }

    fn deliver(&self, to: &To<'_>, delivery: Delivery<P>) -> Result<Delivered> {
        let Delivery {
            slot,
            fetch,
            header,
            body,
        } = delivery;
        let header = Req {
            aux: to.offered.aux,
            ..header
        };
        let faf = header.opclass & op::FLAG_FAF != 0;
        let mut copied = match body.get(..header.auxlen) {
            Some(bytes) => self.noting_faults(P::copyout(bytes, UserAddr(to.offered.aux))),
            None => Err(Errno::Inval),
        };
        if faf && copied.is_ok() {
            // Nobody answers it, so the id (0) is no secret, and a fault must still lose nothing.
            copied = self.noting_faults(to.announce::<P>(&header));
        }
        let mut after = After::timed(faf);
        let delivered = self
            .state
            .with(|st| st.copied_out(slot, body, copied, &mut after));
        after.run();
        if faf || !matches!(delivered, Ok(Delivered::Yes)) {
            return delivered;
        }
        self.noting_faults(to.announce::<P>(&header))
            .inspect_err(|_| self.take_back(slot, fetch))?;
        Ok(Delivered::Yes)
    }

    /// The header could not be written, so the server does not know the id: the request returns to
    /// the queue if its caller still waits for it.
    fn take_back(&self, slot: Slot, fetch: u64) {
        let mut after = After::nothing();
        self.state.with(|st| {
            // An answer by guess, or death, may have come first, and the slot may be another's by now.
            if st.status == Status::Dying || !st.requests.holds(slot) {
                return;
            }
            let request = &st.requests[slot];
            if request.fetch != fetch {
                return;
            }
            match request.phase {
                Phase::Awaiting => {
                    st.unlist(slot);
                    st.arrive(slot, true, &mut after);
                }
                Phase::Abandoned => st.free(slot, &mut after),
                _ => {}
            }
        });
        after.run();
    }
}

impl<P: Platform> State<P> {
    /// Takes the first request off `touser`, or puts the getter to sleep when it brought a waiter.
    fn take(&mut self, to: &To<'_>, waiter: Option<&Ref<Waiter<P>, P>>) -> Result<Found<P>> {
        let head = match self.status {
            Status::Dying => return Err(Errno::Nxio),
            Status::Mounting => None,
            Status::Running => self.touser.front(),
        };
        let seat = self.servers.comes(to.thread, !to.more());
        let Some(slot) = head else {
            let Some(waiter) = waiter else {
                return Ok(Found::Nothing);
            };
            if core::mem::take(&mut self.nudged) {
                return Err(Errno::Woken);
            }
            return Ok(match self.sleep(waiter, Sleep::ForRequest) {
                Ok(slot) => Found::Asleep(slot),
                Err(need) => Found::Missing(need),
            });
        };
        if self.requests[slot].copylen > to.offered.auxlen {
            self.stats.mount.too_big += 1;
            return Ok(Found::TooBig(self.requests[slot].copylen));
        }
        self.touser.remove(&mut self.requests, slot);
        self.fetched.push_back(&mut self.requests, slot);
        let fetch = self.next_fetch;
        self.next_fetch += 1;
        self.servers.takes(seat);
        let request = &mut self.requests[slot];
        request.server = seat;
        request.phase = Phase::CopyingOut(Caller::Present);
        request.fetch = fetch;
        Ok(Found::Request(Delivery {
            slot,
            fetch,
            header: request.header(),
            body: request.body.take().unwrap_or(Buf::empty()),
        }))
    }

    /// The copying of a body to the server ended, well or not.
    fn copied_out(
        &mut self,
        slot: Slot,
        body: Buf<P>,
        copied: Result<()>,
        after: &mut After<P>,
    ) -> Result<Delivered> {
        let request = &mut self.requests[slot];
        let faf = request.opclass & op::FLAG_FAF != 0;
        let Phase::CopyingOut(caller) = request.phase else {
            unreachable!("only the getter that copies takes a request out of this phase");
        };
        request.body = Some(body);
        match (caller, copied) {
            (Caller::Present, Ok(())) if faf => {
                let seat = request.server;
                self.servers.has_faf(seat);
                self.count(slot, End::Sent, after);
                self.free(slot, after);
                Ok(Delivered::Yes)
            }
            (Caller::Present, Ok(())) => {
                request.phase = Phase::Awaiting;
                Ok(Delivered::Yes)
            }
            (Caller::Present, Err(error)) => {
                self.unlist(slot);
                self.arrive(slot, true, after);
                Err(error)
            }
            (Caller::Gone, copied) => {
                self.free(slot, after);
                if copied.is_err() {
                    // This getter leaves, and an arrival may have chosen it.
                    self.wake_getter(after);
                }
                copied.map(|()| Delivered::Dropped)
            }
            (Caller::Dead, copied) => {
                self.end(slot, Err(Errno::Nxio), after);
                copied.and(Err(Errno::Nxio))
            }
            (Caller::DeadAndGone, copied) => {
                self.free(slot, after);
                copied.and(Err(Errno::Nxio))
            }
        }
    }
}
