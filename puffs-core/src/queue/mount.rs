//! The mount: one queue with its lock, bounds, host and poll point.
//!
//! Replaces the fields of the reference's `struct puffs_mount` that the message interface uses, and its `puffs_getreqid`.

use alloc::boxed::Box;

use super::expiry::Timers;
use super::index::Index;
use super::putop::Late;
use super::room::Bounds;
use super::servers::Servers;
use super::sizeop::Sizes;
use super::slab::{List, Slab};
use super::state::{PollLink, State};
use super::stats::Stats;
use crate::errno::{Errno, Result};
use crate::ids::{Credentials, Instant, ReqId, UserAddr, Vnode};
use crate::msg::wire::{Stale, StartReq};
use crate::own::Ref;
use crate::platform::{Lock, Platform, Wait};
use zerocopy::IntoBytes;

/// Whether a mount takes requests, and delivers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The server has not started: requests are taken, and not delivered yet.
    Mounting,
    /// Requests are taken and delivered.
    Running,
    /// Dead or about to be; it stays so.
    Dying,
}

/// Limits of a mount.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Longest request and answer, in bytes.
    pub max_len: usize,
    /// Requests that may be in the queue or with the server.
    pub max_requests: usize,
    /// Their bytes in all; at least `max_len`.
    pub max_bytes: usize,
    /// The largest errno number that a server may answer with.
    pub max_rv: i32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            max_len: 256 << 10,
            max_requests: 4096,
            max_bytes: 64 << 20,
            max_rv: 133,
        }
    }
}

/// What a mount asks of the VFS side that owns it. All are called without locks.
pub trait MountHost<P: Platform>: Send + Sync {
    /// The server started, with this root.
    fn started(&self, start: &StartReq) {
        let _ = start;
    }

    /// An answer came whose caller had left: release what it made. On a thread of the server; on the caller's, with its vnodes
    /// locked again, when one of them died, of which the server knows nothing.
    fn late(&self, late: Late<P>) {
        drop(late);
    }

    /// The server says that what the VFS side has cached is stale, or is to be written. On a thread of the server, so nothing that waits
    /// for the server may be waited for.
    ///
    /// # Errors
    /// `NoEnt` for a node that is not known here, `Inval` for one of another type or a range beyond its end, `NotSupp`.
    fn stale(&self, stale: &Stale) -> Result<()> {
        let _ = stale;
        Err(Errno::NotSupp)
    }

    /// Unlocks a vnode of a caller whose request is in the queue now. On the caller's thread.
    fn unlock(&self, vnode: Vnode) {
        let _ = vnode;
    }

    /// Locks it again, in any case; the error, above 0, that the caller shall get since the vnode died meanwhile. On
    /// the caller's thread; may sleep, beyond the caller's deadline too. Any other number counts as `Proto`'s.
    fn lock(&self, vnode: Vnode) -> i32 {
        let _ = vnode;
        0
    }

    /// The server closed its device under a live mount, which is dead now: unmount it by force. A host that
    /// cannot leaves a dead mount that answers `Nxio`. An unmount that runs already is no error.
    fn unmount(&self, mount: &Ref<Mount<P>, P>);

    /// How patiently a caller waits that does not say so itself; the clock runs from this call.
    fn patience(&self) -> Wait {
        Wait::FOREVER
    }

    /// The earliest deadline of a request in its completion form is `at` now: [`Mount::expire`] is to be called then, and again when
    /// it says. Alarms of several threads may come in any order, while `expire` runs, from inside it, and after death; of all that were heard since
    /// `expire` began, and what it returns, the earliest counts. Without a timer such requests wait for ever.
    fn alarm(&self, mount: &Mount<P>, at: Instant) {
        let _ = (mount, at);
    }

    /// Who mounts.
    fn owner(&self) -> Credentials {
        Credentials::default()
    }

    /// What the close of the device means to a live mount.
    fn on_close(&self) -> OnClose {
        OnClose::Unmount
    }
}

/// What becomes of a live mount whose server closes its device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnClose {
    /// It dies and is unmounted by force.
    #[default]
    Unmount,
    /// It stays, and may be bound to another instance.
    Keep,
}

/// One mounted file system, as its queue: `struct puffs_mount`.
///
/// Counted ([`Ref`]); the last reference frees it. Every parked caller and every entry in progress
/// holds one.
pub struct Mount<P: Platform> {
    pub(crate) config: Config,
    pub(crate) host: Option<Box<dyn MountHost<P>>>,
    pub(crate) state: P::Lock<State<P>>,
}

/// What a poll sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The mount is dead.
    pub hangup: bool,
    /// Requests that could be fetched.
    pub requests: usize,
}

impl<P: Platform> Mount<P> {
    /// Reads what a server's call is about. Of a dead mount that is not asked.
    pub(super) fn read_args(&self, arg: UserAddr, to: &mut [u8]) -> Result<()> {
        let read = P::copyin(arg, to);
        if read.is_err() {
            self.state.with(|st| st.alive())?;
        }
        self.noting_faults(read)
    }

    /// A mount whose server has yet to start.
    ///
    /// # Errors
    /// `Inval` when `config` has a zero or `max_bytes < max_len`; `NoMem`.
    pub fn new(config: Config, host: Option<Box<dyn MountHost<P>>>) -> Result<Ref<Self, P>> {
        let sane = config.max_len > 0
            && config.max_requests > 0
            && config.max_rv > 0
            && config.max_bytes >= config.max_len;
        if !sane {
            return Err(Errno::Inval);
        }
        let mount = Ref::new(Mount {
            config,
            host,
            state: P::Lock::new(State {
                status: Status::Mounting,
                start: None,
                next_id: 1,
                next_fetch: 1,
                requests: Slab::new(),
                index: Index::new(config.max_requests)?,
                touser: List::EMPTY,
                fetched: List::EMPTY,
                sleepers: Slab::new(),
                getters: List::EMPTY,
                nudged: false,
                waiting: List::EMPTY,
                bounds: Bounds {
                    max_requests: config.max_requests,
                    max_bytes: config.max_bytes,
                    requests: 0,
                    bytes: 0,
                },
                sizes: Sizes::new()?,
                servers: Servers::new()?,
                timers: Timers::new(),
                poll: None,
                poll_order: 0,
                stats: Stats::new()?,
            }),
        })?;
        mount.state.init();
        Ok(mount)
    }

    /// The limits it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The VFS side that owns it.
    pub fn host(&self) -> Option<&dyn MountHost<P>> {
        self.host.as_deref()
    }

    /// An id that no other request has or will have: `puffs_getreqid`.
    pub fn next_id(&self) -> ReqId {
        self.state.with(State::fresh_id)
    }

    /// Whether it lives.
    pub fn status(&self) -> Status {
        self.state.with(|st| st.status)
    }

    /// The server starts: requests are delivered from now on. `puffs_start2`.
    ///
    /// # Errors
    /// `Busy` when it has started already, `Nxio` when it is dead.
    pub fn start(&self, start: &StartReq) -> Result<()> {
        let asleep = self.state.with(|st| match st.status {
            Status::Mounting => {
                st.status = Status::Running;
                st.start = Some(*start);
                Ok(st.touser.len().min(st.getters.len()))
            }
            Status::Running => Err(Errno::Busy),
            Status::Dying => Err(Errno::Nxio),
        })?;
        // What came before the start woke nobody.
        for _ in 0..asleep {
            self.pass_on();
        }
        self.wake_pollers();
        if let Some(host) = &self.host {
            host.started(start);
        }
        Ok(())
    }

    /// The same from the server's memory: PUFFSSTARTOP.
    ///
    /// # Errors
    /// As [`Mount::start`], and `Fault`.
    ///
    /// # Locking
    /// May sleep while it copies.
    pub fn startop(&self, arg: UserAddr) -> Result<()> {
        match self.status() {
            Status::Mounting => {}
            Status::Running => return Err(Errno::Busy),
            Status::Dying => return Err(Errno::Nxio),
        }
        let mut start = StartReq::default();
        P::copyin(arg, start.as_mut_bytes())?;
        self.start(&start)
    }

    /// The server says that something cached is stale; `arg` is the address of a [`Stale`] in its memory. `puffs_fop_ioctl`'s
    /// `PUFFSSTALE`.
    ///
    /// # Errors
    /// `Inval` for what there is none of, `Nxio` when the mount is dead, `Fault`, and what the host says.
    ///
    /// # Locking
    /// May sleep while it copies, and as the host does.
    pub fn stale(&self, arg: UserAddr) -> Result<()> {
        let mut stale = Stale::default();
        P::copyin(arg, stale.as_mut_bytes())?;
        let known = (Stale::NAMES..=Stale::UNWRITTEN).contains(&stale.what);
        if !known || stale.reserved != 0 || (stale.end != 0 && stale.end < stale.start) {
            return Err(Errno::Inval);
        }
        match self.status() {
            Status::Dying => Err(Errno::Nxio),
            Status::Mounting | Status::Running => {
                let host = self.host().ok_or(Errno::NotSupp)?;
                host.stale(&stale)
            }
        }
    }

    /// What the server said when it started, if it did.
    pub fn started(&self) -> Option<StartReq> {
        self.state.with(|st| st.start)
    }

    /// What a poller sees.
    pub fn readiness(&self) -> Readiness {
        self.state.with(|st| Readiness {
            hangup: st.status == Status::Dying,
            requests: match st.status {
                Status::Running => st.touser.len(),
                _ => 0,
            },
        })
    }

    /// Links the poll point of the instance that serves this mount, or unlinks it. What is not linked any more is
    /// returned, to be dropped without locks.
    ///
    /// `order` is the place of this change among those that the registry's lock decided, from 1. They may
    /// arrive here out of order; the latest stays.
    pub fn link_poll(
        &self,
        order: u64,
        poll: Option<Ref<PollLink<P>, P>>,
    ) -> Option<Ref<PollLink<P>, P>> {
        self.state.with(|st| {
            if order < st.poll_order {
                return poll;
            }
            st.poll_order = order;
            // What was left for a server that has gone is not the next one's.
            st.nudged &= poll.is_some();
            core::mem::replace(&mut st.poll, poll)
        })
    }

    /// How patiently a caller waits that does not say so itself, from now on.
    pub fn patience(&self) -> Wait {
        self.host().map_or(Wait::FOREVER, MountHost::patience)
    }

    /// Requests that are charged to the bounds, and their bytes.
    pub fn load(&self) -> (usize, usize) {
        self.state.with(|st| (st.bounds.requests, st.bounds.bytes))
    }

    /// Getters asleep, and callers asleep in line for a place.
    pub fn sleepers(&self) -> (usize, usize) {
        self.state.with(|st| (st.getters.len(), st.waiting.len()))
    }

    pub(crate) fn wake_pollers(&self) {
        use crate::platform::PollPoint;
        let poll = self.state.with(|st| st.poll.clone());
        if let Some(poll) = poll {
            poll.point.wake();
        }
    }
}
