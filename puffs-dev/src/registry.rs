//! The registry: open, bind, unbind, close.
//!
//! Replaces the reference's `puffs_ilist` with `puffscdopen`, `puffs_setpmp`, `puffs_nukebypmp` and `puffs_fop_close`.

use puffs_core::errno::{Errno, Result};
use puffs_core::platform::{Lock, PollPoint};
use puffs_core::{Credentials, Mount, OnClose, Platform, PollLink, Ref};

use crate::CLONER;
use crate::instance::Instance;
use crate::minors::{Shortage, Space};
use crate::seats::{Seat, Seats};

/// Who opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lwp {
    /// The process.
    pub pid: i32,
    /// On whose behalf it runs.
    pub cred: Credentials,
}

/// The host's table of open files, as far as mounting by descriptor needs it.
pub trait OpenFiles<P: Platform> {
    /// The instance that descriptor `fd` of process `pid` refers to. Called without locks.
    fn instance(&self, pid: i32, fd: i32) -> Option<Ref<Instance<P>, P>>;
}

pub(crate) struct Shared<P: Platform> {
    pub(crate) seats: P::Lock<Seats<P>>,
}

/// The open instances of one device. A handle: its clones are the same registry.
pub struct Registry<P: Platform>(pub(crate) Ref<Shared<P>, P>);

impl<P: Platform> Clone for Registry<P> {
    fn clone(&self) -> Self {
        Registry(self.0.clone())
    }
}

impl<P: Platform> Registry<P> {
    /// A registry without instances.
    ///
    /// # Errors
    /// `NoMem`.
    pub fn new() -> Result<Self> {
        Self::with_limit(CLONER)
    }

    /// One that allows fewer instances: minors below `limit`.
    ///
    /// # Errors
    /// `NoMem`; `Inval` when `limit` is 0 or above the cloner's minor.
    pub fn with_limit(limit: u32) -> Result<Self> {
        if limit > CLONER {
            return Err(Errno::Inval);
        }
        let shared: Ref<Shared<P>, P> = Ref::new(Shared {
            seats: P::Lock::new(Seats::new(limit)?),
        })?;
        shared.seats.init();
        Ok(Registry(shared))
    }

    /// Gives the handle away, as an address.
    pub fn into_raw(self) -> *const () {
        Ref::into_raw(self.0).cast()
    }

    /// Takes back a handle that [`Registry::into_raw`] gave away.
    ///
    /// # Safety
    /// `raw` came from `into_raw` of the same type, and each one given away is taken back once.
    pub unsafe fn from_raw(raw: *const ()) -> Self {
        // SAFETY: by contract.
        Registry(unsafe { Ref::from_raw(raw.cast()) })
    }

    /// What is mounted at the instance with this minor and poll point.
    ///
    /// # Errors
    /// `NoEnt` for an embryo, a dead or a closed instance.
    pub(crate) fn mount(&self, minor: u32, poll: &Ref<PollLink<P>, P>) -> Result<Ref<Mount<P>, P>> {
        self.0.seats.with(|seats| seats.mount(minor, poll))
    }

    /// How many instances are open.
    pub fn open_count(&self) -> usize {
        self.0.seats.with(|seats| seats.minors.taken())
    }

    /// Opens the device node with this minor number: `puffscdopen`.
    ///
    /// # Errors
    /// `Nxio` for any but the cloner's; and as [`Registry::open`].
    pub fn cdopen(&self, minor: u32, lwp: &Lwp) -> Result<Ref<Instance<P>, P>> {
        match minor {
            CLONER => self.open(lwp),
            _ => Err(Errno::Nxio),
        }
    }

    /// A new embryo with the lowest free minor. It is closed by [`Registry::close`], and at the latest
    /// when the last reference goes.
    ///
    /// # Errors
    /// `Busy` when there are as many as can be, `NoMem`; nothing is then left behind.
    pub fn open(&self, lwp: &Lwp) -> Result<Ref<Instance<P>, P>> {
        let poll = PollLink::new()?;
        let minor = self.take_minor()?;
        match Ref::new(Instance::new(self.clone(), minor, poll.clone(), *lwp)) {
            Ok(instance) => {
                let seat = Seat::new(poll, *lwp);
                self.0.seats.with(|seats| seats.sit(minor, seat));
                Ok(instance)
            }
            Err(error) => {
                self.0.seats.with(|seats| seats.minors.free(minor));
                Err(error)
            }
        }
    }

    fn take_minor(&self) -> Result<u32> {
        let mut spare: Option<Space<Seat<P>>> = None;
        loop {
            let taken = self.0.seats.with(|seats| {
                if let Some(space) = spare.take() {
                    spare = seats.minors.add(space);
                }
                seats.minors.take()
            });
            match taken {
                Ok(minor) => return Ok(minor),
                Err(Shortage::Numbers) => return Err(Errno::Busy),
                Err(shortage) => spare = Some(Space::make(&shortage)?),
            }
        }
    }

    /// Binds a mount to an instance, which serves it from now on: `puffs_setpmp_instance`.
    ///
    /// # Errors
    /// `Busy` when the instance or the mount is bound already; `Nxio` when the instance is dead or
    /// closed.
    pub fn bind(&self, instance: &Instance<P>, mount: &Ref<Mount<P>, P>) -> Result<()> {
        self.bind_at(mount, |seats| {
            seats.embryo(instance.minor(), &instance.poll)
        })
    }

    /// Binds a mount to the instance behind a descriptor, or without one (`fd < 0`) to the oldest embryo that the
    /// process opened with the same credentials: `puffs_setpmp`.
    ///
    /// # Errors
    /// As [`Registry::bind`], and `Nxio` when there is no such instance.
    pub fn setpmp(
        &self,
        lwp: &Lwp,
        fd: i32,
        mount: &Ref<Mount<P>, P>,
        files: &dyn OpenFiles<P>,
    ) -> Result<()> {
        if fd >= 0 {
            let instance = files.instance(lwp.pid, fd).ok_or(Errno::Nxio)?;
            return self.bind(&instance, mount);
        }
        self.bind_at(mount, |seats| seats.oldest_embryo(lwp))
    }

    fn bind_at(
        &self,
        mount: &Ref<Mount<P>, P>,
        choose: impl FnOnce(&mut Seats<P>) -> Result<u32>,
    ) -> Result<()> {
        let change = self.0.seats.with(|seats| {
            let minor = choose(seats)?;
            seats.bind(minor, mount)
        })?;
        let unlinked = mount.link_poll(change.order, Some(change.poll.clone()));
        // A poller may have looked between the two steps, and what it saw has changed anyway.
        change.poll.point.wake();
        drop(unlinked);
        Ok(())
    }

    /// A mount is unmounted: its instance becomes dead, and so does the mount, on which nobody could
    /// be answered any more. Nothing happens when it is bound nowhere: `puffs_nukebypmp`.
    ///
    /// # Locking
    /// Does not sleep. Calls completions back.
    pub fn nuke(&self, mount: &Ref<Mount<P>, P>) {
        let Some(change) = self.0.seats.with(|seats| seats.kill(mount)) else {
            return;
        };
        let unlinked = mount.link_poll(change.order, None);
        mount.die();
        change.poll.point.wake();
        drop(unlinked);
    }

    /// The open file is closed: `puffs_fop_close`. An embryo is forgotten, a dead instance freed. What is mounted dies and is
    /// unmounted by force, unless its host wants to keep it. A second close finds nothing to do, and so
    /// does one that comes after an unmount; one that races with it leaves the rest to the host.
    ///
    /// # Locking
    /// May sleep: calls the host's unmount.
    pub fn close(&self, instance: &Instance<P>) {
        let left = self
            .0
            .seats
            .with(|seats| seats.leave(instance.minor(), &instance.poll));
        let Some(change) = left else {
            return;
        };
        // Before the host is asked, which may take its time.
        change.poll.point.wake();
        if let Some(mount) = change.held {
            drop(mount.link_poll(change.order, None));
            let host = mount.host();
            if host.map_or(OnClose::Unmount, |host| host.on_close()) == OnClose::Unmount {
                mount.die();
                if let Some(host) = host {
                    host.unmount(&mount);
                }
            }
        }
    }
}
