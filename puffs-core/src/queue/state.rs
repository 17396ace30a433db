//! What a request is, and the state that a mount's lock guards.
//!
//! A request is in exactly one [`Phase`]. Its body moves out of it while a server thread copies, so the
//! bytes have one owner at any time. [`State::end`] is the only way to *done*, and whatever must
//! happen without the lock is collected in an [`After`].

use alloc::boxed::Box;

use super::after::After;
use super::expiry::{Timer, Timers};
use super::index::{Chained, Index};
use super::mount::Status;
use super::room::Bounds;
use super::servers::{Seat, Servers};
use super::sizeop::{Set, Sizes};
use super::slab::{Chunk, Linked, Links, List, Slab, Slot};
use super::stats::{End, Stats};
use crate::buf::Buf;
use crate::errno::{Errno, Result};
use crate::ids::{Cookie, Instant, ReqId};
use crate::msg::wire::{Req, StartReq};
use crate::own::Ref;
use crate::platform::{Event, Platform, PollPoint};
use crate::request::{Answer, Complete};

/// What one sleeping thread waits on. The thread and whoever wakes it each hold it, so a wake-up that
/// comes late finds it alive.
pub(crate) struct Waiter<P: Platform> {
    pub(crate) event: P::Event,
}

impl<P: Platform> Waiter<P> {
    pub(crate) fn new() -> Result<Ref<Self, P>> {
        let waiter: Ref<Self, P> = Ref::new(Waiter {
            event: P::Event::new(),
        })?;
        waiter.event.init();
        Ok(waiter)
    }
}

/// Whether somebody still wants to know how a request ends while its body is being copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Yes.
    Present,
    /// It left: a signal, a deadline.
    Gone,
    /// The mount died meanwhile; a parked caller has yet to fetch its ENXIO.
    Dead,
    /// The mount died and nobody waits any more.
    DeadAndGone,
}

/// Where a request is in its life.
///
/// `Queued → CopyingOut → Awaiting → CopyingIn → Done`, back from `CopyingOut` and (its header
/// faulted) `Awaiting` to `Queued`, and `Awaiting → Abandoned → CopyingIn` when the caller leaves.
/// What leaves the slab has no phase any more. *Room* comes before: see [`super::room`].
pub(crate) enum Phase<P: Platform> {
    /// In `touser`, not fetched yet.
    Queued,
    /// A getter copies the body to the server, which cannot know the id yet.
    CopyingOut(Caller),
    /// The server has it.
    Awaiting,
    /// A server thread copies the answer in.
    CopyingIn(Caller),
    /// The server has it, and the caller has left.
    Abandoned,
    /// It ended; the parked caller has yet to fetch how.
    Done(Ended<P>),
}

/// Who waits for a request.
pub(crate) enum Owner<P: Platform> {
    /// Nobody: fire and forget.
    Nobody,
    /// A thread, asleep on this.
    Parked(Ref<Waiter<P>, P>),
    /// A callback.
    Callback(Box<dyn Complete<P>>),
}

/// A request in the queue.
///
/// # Invariants
/// * In the index if and only if it has an id (not 0) and is not `Done`.
/// * In `touser` exactly while `Queued`; in `fetched` exactly while `CopyingOut`, `Awaiting`,
///   `CopyingIn` or `Abandoned` on a mount that lives.
/// * `body` is there unless it is being copied, or done.
/// * `sizes` is `None` once its caller has left or it has ended.
/// * `cost` is charged to the bounds until it ends or is freed.
pub(crate) struct Request<P: Platform> {
    pub(crate) id: ReqId,
    /// Class with flags.
    pub(crate) opclass: u8,
    pub(crate) optype: u8,
    pub(crate) cookie: Cookie,
    pub(crate) phase: Phase<P>,
    pub(crate) owner: Owner<P>,
    pub(crate) body: Option<Buf<P>>,
    pub(crate) copylen: usize,
    /// Length of `body`, also while it is away.
    pub(crate) room: usize,
    pub(crate) grow: bool,
    /// Bytes charged to the bounds; `None`: it does not count.
    pub(crate) cost: Option<usize>,
    /// Counts fetches on this mount: tells this delivery from a later one.
    pub(crate) fetch: u64,
    /// The thread that has it.
    pub(crate) server: Option<Seat>,
    /// The thread that is parked for it, when that serves too; see [`super::servers`].
    pub(crate) caller: Option<Seat>,
    /// When somebody asked for its end: the parked caller is to leave with EINTR.
    pub(crate) interrupted: Option<Instant>,
    /// What its caller registered beside it; see [`super::sizeop`].
    pub(crate) sizes: Option<Slot>,
    /// Its deadline, when a callback waits for it; see [`super::expiry`].
    pub(crate) timer: Option<Slot>,
    /// When it was made, before it waited for a place.
    pub(crate) began: Instant,
    /// Its end is in the statistics.
    pub(crate) counted: bool,
    /// The caller's process.
    pub(crate) pid: i32,
    pub(crate) links: Links,
    pub(crate) chain: Slot,
}

impl<P: Platform> Request<P> {
    /// The header that a server gets with it; the server's own buffer is filled in by the getter.
    pub(crate) fn header(&self) -> Req {
        Req {
            id: self.id.0,
            opclass: self.opclass,
            optype: self.optype,
            pad: [0; 2],
            rv: 0,
            cookie: self.cookie.0,
            aux: 0,
            auxlen: self.copylen,
        }
    }
}

impl<P: Platform> Linked for Request<P> {
    fn links(&mut self) -> &mut Links {
        &mut self.links
    }
}

impl<P: Platform> Chained for Request<P> {
    fn key(&self) -> u64 {
        self.id.0
    }

    fn chain(&mut self) -> &mut Slot {
        &mut self.chain
    }

    fn next(&self) -> Slot {
        self.chain
    }
}

/// A thread that sleeps for the queue: a getter, or a caller that waits for a place.
pub(crate) struct Sleeper<P: Platform> {
    pub(crate) waiter: Ref<Waiter<P>, P>,
    /// What a caller needs of the bounds.
    pub(crate) cost: usize,
    /// The place is charged to this caller.
    pub(crate) granted: bool,
    pub(crate) links: Links,
}

impl<P: Platform> Linked for Sleeper<P> {
    fn links(&mut self) -> &mut Links {
        &mut self.links
    }
}

/// What a locked section found missing, to be made without the lock.
pub(crate) enum Need {
    /// A chunk of requests, for this capacity.
    Requests(usize),
    /// A chunk of sleepers, for this capacity.
    Sleepers(usize),
    /// A chunk of size-op sets, for this capacity.
    Sets(usize),
    /// A chunk of deadlines, for this capacity.
    Timers(usize),
}

/// What the lock guards.
pub(crate) struct State<P: Platform> {
    pub(crate) status: Status,
    pub(crate) start: Option<StartReq>,
    pub(crate) next_id: u64,
    pub(crate) next_fetch: u64,
    pub(crate) requests: Slab<Request<P>>,
    pub(crate) index: Index,
    pub(crate) touser: List,
    pub(crate) fetched: List,
    pub(crate) sleepers: Slab<Sleeper<P>>,
    pub(crate) getters: List,
    /// Somebody left a token for a getter, which none has taken.
    pub(crate) nudged: bool,
    pub(crate) waiting: List,
    pub(crate) bounds: Bounds,
    pub(crate) sizes: Sizes<P>,
    pub(crate) servers: Servers,
    pub(crate) timers: Timers,
    pub(crate) poll: Option<Ref<PollLink<P>, P>>,
    /// The latest change of `poll`.
    pub(crate) poll_order: u64,
    pub(crate) stats: Stats,
}

/// A poll point that both a mount and an instance hold.
pub struct PollLink<P: Platform> {
    /// Woken when a request arrives and when the mount dies.
    pub point: P::PollPoint,
}

impl<P: Platform> PollLink<P> {
    /// A poll point, ready for use.
    ///
    /// # Errors
    /// [`Errno::NoMem`].
    pub fn new() -> Result<Ref<Self, P>> {
        let link: Ref<Self, P> = Ref::new(PollLink {
            point: P::PollPoint::new(),
        })?;
        link.point.init();
        Ok(link)
    }
}

/// How a request ended.
pub(crate) type Ended<P> = Result<Answer<P>>;

impl<P: Platform> State<P> {
    /// Ends a request: the one way to *done*. A parked caller fetches the result from the slot; a
    /// callback gets it now; what nobody waits for is freed. An answer that comes with nobody to take it
    /// is dropped with it.
    ///
    /// The request is in `fetched` or `touser` no longer, or is taken off here.
    pub(crate) fn end(&mut self, slot: Slot, ended: Ended<P>, after: &mut After<P>) {
        self.comes_back(slot);
        self.count(slot, End::of(&ended), after);
        self.settle(slot, after);
        let request = &mut self.requests[slot];
        match &request.owner {
            Owner::Parked(waiter) => {
                after.wake(waiter.clone());
                request.phase = Phase::Done(ended);
            }
            Owner::Callback(_) | Owner::Nobody => {
                let mut request = self.requests.remove(slot);
                if let Owner::Callback(callback) =
                    core::mem::replace(&mut request.owner, Owner::Nobody)
                {
                    after.call(callback, ended);
                }
                after.discard(request);
            }
        }
    }

    /// Takes a request out that nobody will ask about, and hands it over for freeing.
    pub(crate) fn free(&mut self, slot: Slot, after: &mut After<P>) {
        self.settle(slot, after);
        after.discard(self.requests.remove(slot));
    }

    /// Ends what a request means to the mount: its id, its list, its data, its share of the bounds.
    fn settle(&mut self, slot: Slot, after: &mut After<P>) {
        self.unlist(slot);
        self.cut(slot);
        self.disarm(slot);
        if self.requests[slot].id.0 != 0 {
            self.index.remove(&mut self.requests, slot);
            self.requests[slot].id = ReqId(0);
        }
        if let Some(cost) = self.requests[slot].cost.take() {
            self.bounds.release(cost);
            self.grant(after);
        }
    }

    /// Takes a request off whatever list it is in.
    pub(crate) fn unlist(&mut self, slot: Slot) {
        if !self.requests[slot].links.listed() {
            return;
        }
        match self.requests[slot].phase {
            Phase::Queued => self.touser.remove(&mut self.requests, slot),
            _ => {
                self.fetched.remove(&mut self.requests, slot);
                self.servers.leaves(self.requests[slot].server.take());
            }
        }
    }

    /// Puts a request into `touser` and wakes one getter: an arrival, or one that comes back.
    pub(crate) fn arrive(&mut self, slot: Slot, back: bool, after: &mut After<P>) {
        self.requests[slot].phase = Phase::Queued;
        match back {
            true => self.touser.push_front(&mut self.requests, slot),
            false => self.touser.push_back(&mut self.requests, slot),
        }
        self.stats.arrived(&self.requests[slot], back);
        if self.status == Status::Running {
            after.poll = self.poll.clone();
        }
        self.wake_getter(after);
    }

    /// Wakes the getter that has slept longest, when there is something to fetch, or a token to take. It is off the
    /// list from now on, so the next arrival wakes another.
    pub(crate) fn wake_getter(&mut self, after: &mut After<P>) {
        let arrived = self.status == Status::Running && self.touser.len() > 0;
        if !arrived && !self.nudged {
            return;
        }
        if let Some(slot) = self.getters.pop_front(&mut self.sleepers) {
            after.wake_as_getter(self.sleepers[slot].waiter.clone());
        }
    }

    /// Lets the caller in that has waited longest for a place, when there is one. It lets in the next
    /// itself, so one place given back wakes one thread. On a dying mount the line belongs to death.
    pub(crate) fn grant(&mut self, after: &mut After<P>) {
        if self.status == Status::Dying {
            return;
        }
        let Some(slot) = self.waiting.front() else {
            return;
        };
        if self.bounds.admit(self.sleepers[slot].cost) {
            self.waiting.remove(&mut self.sleepers, slot);
            self.sleepers[slot].granted = true;
            after.wake_as_waiting(self.sleepers[slot].waiter.clone());
        }
    }

    /// What a caller that only asks for space in the slabs needs.
    pub(crate) fn need_request(&self) -> Option<Need> {
        (!self.requests.has_room()).then(|| Need::Requests(self.requests.capacity()))
    }

    /// Adds a sleeper to a list, or says what is missing.
    pub(crate) fn sleep(
        &mut self,
        waiter: &Ref<Waiter<P>, P>,
        kind: Sleep,
    ) -> core::result::Result<Slot, Need> {
        if !self.sleepers.has_room() {
            return Err(Need::Sleepers(self.sleepers.capacity()));
        }
        let (list, cost) = match kind {
            Sleep::ForRequest => (&mut self.getters, 0),
            Sleep::ForRoom(cost) => (&mut self.waiting, cost),
        };
        let slot = self.sleepers.insert(Sleeper {
            waiter: waiter.clone(),
            cost,
            granted: false,
            links: Links::UNLISTED,
        });
        list.push_back(&mut self.sleepers, slot);
        Ok(slot)
    }

    /// Takes a sleeper out, whose own thread runs. The thread drops the result without the lock.
    pub(crate) fn awake(&mut self, slot: Slot, kind: Sleep) -> Sleeper<P> {
        if self.sleepers[slot].links.listed() {
            match kind {
                Sleep::ForRequest => self.getters.remove(&mut self.sleepers, slot),
                Sleep::ForRoom(_) => self.waiting.remove(&mut self.sleepers, slot),
            }
        }
        self.sleepers.remove(slot)
    }
}

/// What a thread sleeps for.
#[derive(Clone, Copy)]
pub(crate) enum Sleep {
    /// A getter: for a request.
    ForRequest,
    /// A caller: for a place of this cost.
    ForRoom(usize),
}

/// Space for the slabs, made without the lock.
pub(crate) enum Space<P: Platform> {
    Requests(Chunk<Request<P>>),
    Sleepers(Chunk<Sleeper<P>>),
    Sets(Chunk<Set<P>>),
    Timers(Chunk<Timer>),
}

impl<P: Platform> Space<P> {
    pub(crate) fn make(need: Need) -> Result<Self> {
        match need {
            Need::Requests(capacity) => Chunk::new(capacity).map(Space::Requests),
            Need::Sleepers(capacity) => Chunk::new(capacity).map(Space::Sleepers),
            Need::Sets(capacity) => Chunk::new(capacity).map(Space::Sets),
            Need::Timers(capacity) => Chunk::new(capacity).map(Space::Timers),
        }
    }
}

impl<P: Platform> State<P> {
    /// Puts the space in; gives it back, to be freed without the lock, when it is not wanted any more.
    #[must_use]
    pub(crate) fn add(&mut self, space: Space<P>) -> Option<Space<P>> {
        match space {
            Space::Requests(chunk) => self.requests.grow(chunk).map(Space::Requests),
            Space::Sleepers(chunk) => self.sleepers.grow(chunk).map(Space::Sleepers),
            Space::Sets(chunk) => self.sizes.grow(chunk).map(Space::Sets),
            Space::Timers(chunk) => self.timers.grow(chunk).map(Space::Timers),
        }
    }

    /// The next id that no caller chose for itself; the counter cannot wrap in the lifetime of any machine.
    pub(crate) fn fresh_id(&mut self) -> ReqId {
        loop {
            let id = self.next_id;
            self.next_id += 1;
            if self.index.find(&self.requests, id).is_none() && !self.awaits_sending(id) {
                return ReqId(id);
            }
        }
    }

    /// Whether requests may come in.
    pub(crate) fn alive(&self) -> Result<()> {
        match self.status {
            Status::Mounting | Status::Running => Ok(()),
            Status::Dying => Err(Errno::Nxio),
        }
    }
}
