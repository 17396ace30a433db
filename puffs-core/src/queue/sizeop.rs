//! Data of unknown size beside a request: PUFFSSIZEOP, the reference's `puffssizeop`.
//!
//! A caller registers buffers under the id that its request will have, at most [`SizeOps::MOST`], before it sends it. When the request
//! enters the queue the set is tied to it, and the server moves one buffer after the other, in their order, while the request is
//! *awaiting*. Whatever ends the request or makes its caller leave cuts the tie; what was moved by then is the
//! owner's to see. So no buffer outlives the interest in it, and none can come to another request: the set is found
//! through the request, and a copy in progress by its own serial number.
//!
//! A set is for one sending: whoever sends again takes a new id. Its bytes count against no bound of the mount, since their
//! owner, a thread of the kernel, holds them.
//!
//! The queue moves memory of its own only. What a caller really wants filled or read, a kernel's `uio` say, is copied on the
//! caller's thread: when it registers and when it has its answer.

use core::mem::offset_of;

use super::index::{Chained, Index};
use super::mount::{Mount, Status};
use super::slab::{Slab, Slot};
use super::state::{Need, Phase, Space, State};
use crate::buf::Buf;
use crate::errno::{Errno, Result};
use crate::ids::{ReqId, UserAddr};
use crate::msg::wire::SizeOp;
use crate::own::Ref;
use crate::platform::{Lock, Platform};
use zerocopy::IntoBytes;

/// The most buffers under one id.
const MOST: usize = 8;

/// Buckets of the table of sets whose request has not entered yet: those of callers between two steps, and in line for a place.
const BUCKETS: usize = 1024;

/// Which way data moves, as the kernel side sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the server: `PUFFS_SIZEOPREQ_UIO_IN` and `PUFFS_SIZEOPREQ_BUF_IN`.
    In,
    /// To the server: `PUFFS_SIZEOPREQ_UIO_OUT` and `PUFFS_SIZEOPREQ_BUF_OUT`.
    Out,
}

/// One buffer, and what became of it.
pub struct SizeData<P: Platform> {
    /// Which way.
    pub direction: Direction,
    /// The buffer; `None` when the server was still moving it as the request ended.
    pub data: Option<Buf<P>>,
    /// Bytes moved; `None`: the server did not ask for it, or the request ended first.
    pub moved: Option<usize>,
}

/// Buffers under one id.
///
/// # Invariants
/// In the index exactly while `Waiting`. The request of `Tied` names this set in its `sizes`.
pub(crate) struct Set<P: Platform> {
    id: ReqId,
    chain: Slot,
    /// Tells this set from a later one in the same place.
    serial: u64,
    tie: Tie,
    data: Data<P>,
}

/// What a set has to do with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tie {
    /// It was not sent yet.
    Waiting,
    /// It is this one.
    Tied(Slot),
    /// It has ended, or its caller has left.
    Cut,
}

/// The buffers themselves.
struct Data<P: Platform> {
    ops: [Option<SizeData<P>>; MOST],
    len: usize,
}

impl<P: Platform> Chained for Set<P> {
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

/// All sets of a mount.
pub(crate) struct Sizes<P: Platform> {
    sets: Slab<Set<P>>,
    waiting: Index,
    next_serial: u64,
}

impl<P: Platform> Sizes<P> {
    pub(crate) fn new() -> Result<Self> {
        Ok(Sizes {
            sets: Slab::new(),
            waiting: Index::new(BUCKETS)?,
            next_serial: 1,
        })
    }

    /// Puts in space; gives it back when it is not wanted any more.
    pub(crate) fn grow(
        &mut self,
        chunk: super::slab::Chunk<Set<P>>,
    ) -> Option<super::slab::Chunk<Set<P>>> {
        self.sets.grow(chunk)
    }
}

/// A buffer that a server thread moves.
struct Moving<P: Platform> {
    set: Slot,
    serial: u64,
    at: usize,
    direction: Direction,
    data: Buf<P>,
}

/// The buffers that a caller registered under one id. Dropping it takes them back, whatever its request is doing.
pub struct SizeOps<P: Platform> {
    mount: Ref<Mount<P>, P>,
    set: Slot,
    taken: bool,
}

impl<P: Platform> SizeOps<P> {
    /// The most buffers under one id.
    pub const MOST: usize = MOST;

    /// An empty set for the request that will be sent under `id`, from [`Mount::next_id`].
    ///
    /// # Errors
    /// `Inval` for id 0, `Exist` when there is a set or a request with this id, `Nxio` when the mount is dead, `NoMem`.
    pub fn new(mount: &Ref<Mount<P>, P>, id: ReqId) -> Result<Self> {
        let id = id.some().ok_or(Errno::Inval)?;
        let mut spare: Option<Space<P>> = None;
        loop {
            let registered = mount.state.with(|st| {
                st.alive()?;
                if let Some(space) = spare.take() {
                    spare = st.add(space);
                }
                st.register(id)
            })?;
            match registered {
                Ok(set) => {
                    return Ok(SizeOps {
                        mount: mount.clone(),
                        set,
                        taken: false,
                    });
                }
                Err(need) => spare = Some(Space::make(need)?),
            }
        }
    }

    /// The largest buffer that can be added.
    pub fn max_len(&self) -> usize {
        self.mount.config.max_len
    }

    /// Adds a buffer behind those that are there. Its contents go to the server, or are replaced by what comes.
    ///
    /// # Errors
    /// `Inval` when it is empty or above the mount's maximum, `TooBig` when there are [`SizeOps::MOST`] already, `Busy` when the request
    /// was sent already.
    pub fn add(&self, direction: Direction, data: Buf<P>) -> Result<()> {
        if data.is_empty() || data.len() > self.max_len() {
            return Err(Errno::Inval);
        }
        let mut data = Some(data);
        self.mount.state.with(|st| {
            let set = &mut st.sizes.sets[self.set];
            if set.tie != Tie::Waiting {
                return Err(Errno::Busy);
            }
            let place = set.data.ops.get_mut(set.data.len).ok_or(Errno::TooBig)?;
            *place = Some(SizeData {
                direction,
                data: data.take(),
                moved: None,
            });
            set.data.len += 1;
            Ok(())
        })
    }

    /// Takes the buffers back, in their order, once the request has ended; before that, the server can move nothing any more.
    pub fn finish(mut self) -> SizeResults<P> {
        self.taken = true;
        SizeResults(self.mount.state.with(|st| st.unregister(self.set)).data)
    }
}

impl<P: Platform> Drop for SizeOps<P> {
    fn drop(&mut self) {
        if !self.taken {
            let set = self.mount.state.with(|st| st.unregister(self.set));
            drop(set);
        }
    }
}

/// What became of the buffers of one id.
pub struct SizeResults<P: Platform>(Data<P>);

impl<P: Platform> SizeResults<P> {
    /// The buffers, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &SizeData<P>> {
        self.0.ops.iter().flatten()
    }

    /// The same, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut SizeData<P>> {
        self.0.ops.iter_mut().flatten()
    }
}

impl<P: Platform> Mount<P> {
    /// Moves the next buffer of the request that the server's `struct puffs_sizeop` at `arg` names: PUFFSSIZEOP. The smaller
    /// of its size and `pso_bufsize` is moved, and written to `pso_bufsize`.
    ///
    /// # Errors
    /// In this order: `Nxio` (dead), `Fault` (`arg` cannot be read), `Inval` (not started; no such request awaits an answer, or it
    /// has no buffer left; the request ended meanwhile), `Fault` (the server's buffer, or `arg`, cannot be reached: the buffer is
    /// next again).
    ///
    /// # Locking
    /// May sleep while it copies.
    pub fn sizeop(&self, arg: UserAddr) -> Result<()> {
        let mut asked = SizeOp::default();
        self.read_args(arg, asked.as_mut_bytes())?;
        let mut moving = self.state.with(|st| st.next_data(ReqId(asked.reqid)))?;
        let len = moving.data.len().min(asked.bufsize);
        let copied = moving.copy(UserAddr(asked.userbuf), len).and_then(|()| {
            let bufsize = arg.0.wrapping_add(offset_of!(SizeOp, bufsize));
            P::copyout(len.as_bytes(), UserAddr(bufsize))
        });
        let copied = self.noting_faults(copied).map(|()| len);
        // What is not wanted any more is freed here, without the lock.
        let (_unwanted, outcome) = self.state.with(|st| st.moved(moving, copied));
        outcome
    }
}

impl<P: Platform> Moving<P> {
    fn copy(&mut self, server: UserAddr, len: usize) -> Result<()> {
        let data = self.data.get_mut(..len).ok_or(Errno::Inval)?;
        match self.direction {
            Direction::In => P::copyin(server, data),
            Direction::Out => P::copyout(data, server),
        }
    }
}

impl<P: Platform> State<P> {
    /// Registers an empty set, or says what is missing.
    fn register(&mut self, id: ReqId) -> Result<core::result::Result<Slot, Need>> {
        if self.index.find(&self.requests, id.0).is_some() || self.awaits_sending(id.0) {
            return Err(Errno::Exist);
        }
        if !self.sizes.sets.has_room() {
            return Ok(Err(Need::Sets(self.sizes.sets.capacity())));
        }
        let serial = self.sizes.next_serial;
        self.sizes.next_serial += 1;
        let set = self.sizes.sets.insert(Set {
            id,
            chain: Slot::NONE,
            serial,
            tie: Tie::Waiting,
            data: Data {
                ops: [const { None }; MOST],
                len: 0,
            },
        });
        self.sizes.waiting.insert(&mut self.sizes.sets, set);
        Ok(Ok(set))
    }

    /// Whether something is registered for a request with this id that was not sent yet.
    pub(crate) fn awaits_sending(&self, id: u64) -> bool {
        self.sizes.waiting.find(&self.sizes.sets, id).is_some()
    }

    /// Takes a set out, to be freed without the lock.
    fn unregister(&mut self, set: Slot) -> Set<P> {
        match self.sizes.sets[set].tie {
            Tie::Waiting => self.sizes.waiting.remove(&mut self.sizes.sets, set),
            Tie::Tied(request) => self.cut(request),
            Tie::Cut => {}
        }
        self.sizes.sets.remove(set)
    }

    /// A request entered under an id of its caller's: ties it to what was registered for it.
    pub(crate) fn tie(&mut self, request: Slot) {
        let id = self.requests[request].id;
        let Some(set) = self.sizes.waiting.find(&self.sizes.sets, id.0) else {
            return;
        };
        self.sizes.waiting.remove(&mut self.sizes.sets, set);
        self.sizes.sets[set].tie = Tie::Tied(request);
        self.requests[request].sizes = Some(set);
    }

    /// The caller of this request has its result, or has left: nothing is moved for it any more.
    pub(crate) fn cut(&mut self, request: Slot) {
        if let Some(set) = self.requests[request].sizes.take() {
            self.sizes.sets[set].tie = Tie::Cut;
        }
    }

    /// Takes the next buffer of a request that is awaiting its answer.
    fn next_data(&mut self, id: ReqId) -> Result<Moving<P>> {
        match self.status {
            Status::Dying => return Err(Errno::Nxio),
            Status::Mounting => return Err(Errno::Inval),
            Status::Running => {}
        }
        let request = id
            .some()
            .and_then(|id| self.index.find(&self.requests, id.0))
            .ok_or(Errno::Inval)?;
        let request = &self.requests[request];
        let set = match request.phase {
            Phase::Awaiting => request.sizes.ok_or(Errno::Inval)?,
            _ => return Err(Errno::Inval),
        };
        let Set { serial, data, .. } = &mut self.sizes.sets[set];
        for (at, op) in data.ops.iter_mut().enumerate() {
            if let Some(op) = op
                && op.moved.is_none()
                && let Some(data) = op.data.take()
            {
                return Ok(Moving {
                    set,
                    serial: *serial,
                    at,
                    direction: op.direction,
                    data,
                });
            }
        }
        Err(Errno::Inval)
    }

    /// The moving of a buffer ended, well or not. A buffer that nobody waits for any more comes back, to be freed without the lock.
    fn moved(&mut self, moving: Moving<P>, copied: Result<usize>) -> (Option<Buf<P>>, Result<()>) {
        let Moving {
            set,
            serial,
            at,
            data,
            ..
        } = moving;
        let gone = match self.status {
            Status::Dying => Errno::Nxio,
            _ => Errno::Inval,
        };
        if !self.sizes.sets.holds(set) {
            return (Some(data), Err(gone));
        }
        let set = &mut self.sizes.sets[set];
        let tied = set.serial == serial && matches!(set.tie, Tie::Tied(_));
        match set.data.ops.get_mut(at) {
            Some(Some(op)) if tied => {
                op.data = Some(data);
                op.moved = copied.ok();
                (None, copied.map(|_| ()))
            }
            _ => (Some(data), Err(gone)),
        }
    }
}
