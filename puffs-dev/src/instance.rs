//! One open of the device, and the calls that its server makes on it.
//!
//! Replaces the reference's `struct puffs_instance` and `puffs_fop_read`, `_write`, `_ioctl` and `_poll`.

use core::sync::atomic::{AtomicBool, Ordering};

use puffs_core::errno::{Errno, Result};
use puffs_core::platform::Wait;
use puffs_core::{Mount, Platform, PollLink, Ref, UserAddr};

use crate::command::{Command, events};
use crate::registry::{Lwp, Registry};

/// How a getter waits: a server can always be killed.
const PATIENT: Wait = Wait {
    deadline: None,
    interruptible: true,
};

/// One open of the device.
pub struct Instance<P: Platform> {
    pub(crate) registry: Registry<P>,
    minor: u32,
    pub(crate) poll: Ref<PollLink<P>, P>,
    opener: Lwp,
    nonblock: AtomicBool,
}

impl<P: Platform> Instance<P> {
    pub(crate) fn new(
        registry: Registry<P>,
        minor: u32,
        poll: Ref<PollLink<P>, P>,
        opener: Lwp,
    ) -> Self {
        Instance {
            registry,
            minor,
            poll,
            opener,
            nonblock: AtomicBool::new(false),
        }
    }

    /// Its minor number, its own as long as it is open.
    pub fn minor(&self) -> u32 {
        self.minor
    }

    /// Who opened it.
    pub fn opener(&self) -> &Lwp {
        &self.opener
    }

    /// What its pollers wait on.
    pub fn poll_point(&self) -> &P::PollPoint {
        &self.poll.point
    }

    /// What is mounted here.
    ///
    /// # Errors
    /// `NoEnt` for an embryo, a dead or a closed instance.
    pub fn mount(&self) -> Result<Ref<Mount<P>, P>> {
        self.registry.mount(self.minor, &self.poll)
    }

    /// Sets the non-blocking mode of this open.
    pub fn set_nonblock(&self, on: bool) {
        // Relaxed: it orders nothing; a call that runs already may go either way.
        self.nonblock.store(on, Ordering::Relaxed);
    }

    /// A server's call. `arg` is the address of its argument in the server's memory.
    ///
    /// # Errors
    /// Those of the call; `Inval` for one that does not exist.
    ///
    /// # Locking
    /// May sleep: to fetch a request, and to copy.
    pub fn ioctl(&self, command: Command, arg: UserAddr) -> Result<()> {
        match command {
            Command::GETOP => self.getop(arg, false),
            Command::PUTOP => self.putop(arg),
            Command::SIZEOP => self.mount()?.sizeop(arg),
            Command::BATCH => self.batch(arg, false),
            Command::WAKE => self.wake(),
            Command::STALE => self.mount()?.stale(arg),
            Command::STARTOP => self.mount()?.startop(arg),
            Command::FIONBIO => {
                let mut on = [0; size_of::<i32>()];
                P::copyin(arg, &mut on)?;
                self.set_nonblock(i32::from_ne_bytes(on) != 0);
                Ok(())
            }
            _ => Err(Errno::Inval),
        }
    }

    /// Fetches the oldest request; without waiting when `nonblock` or this open's own mode says so.
    ///
    /// # Errors
    /// `NoEnt` when nothing is mounted here, and those of [`Mount::getop`].
    ///
    /// # Locking
    /// Sleeps.
    pub fn getop(&self, arg: UserAddr, nonblock: bool) -> Result<()> {
        self.looked(self.mount()?.getop(arg, self.block(nonblock)))
    }

    /// Answers several requests, then fetches several; without waiting as for [`Instance::getop`].
    ///
    /// # Errors
    /// `NoEnt` when nothing is mounted here, and those of [`Mount::batch`].
    ///
    /// # Locking
    /// Sleeps.
    pub fn batch(&self, arg: UserAddr, nonblock: bool) -> Result<()> {
        self.looked(self.mount()?.batch(arg, self.block(nonblock)))
    }

    /// Has a fetch of this open return that sleeps, or the next one that would.
    ///
    /// # Errors
    /// `NoEnt` when nothing is mounted here, and those of [`Mount::wake`].
    ///
    /// # Locking
    /// Does not sleep.
    pub fn wake(&self) -> Result<()> {
        self.mount()?.wake()
    }

    fn block(&self, nonblock: bool) -> Option<&'static Wait> {
        let block = !(nonblock || self.nonblock.load(Ordering::Relaxed));
        block.then_some(&PATIENT)
    }

    /// Answers a request.
    ///
    /// # Errors
    /// `NoEnt` when nothing is mounted here, and those of [`Mount::putop`].
    ///
    /// # Locking
    /// May sleep while it copies.
    pub fn putop(&self, arg: UserAddr) -> Result<()> {
        self.mount()?.putop(arg)
    }

    /// Which of the events in `asked` are there ([`events`]); and error and hang-up, asked for or not.
    pub fn poll(&self, asked: u32) -> u32 {
        let gone = events::ERR | events::HUP;
        let Ok(mount) = self.mount() else {
            return gone;
        };
        let now = mount.readiness();
        match (now.hangup, now.requests) {
            (true, _) => gone,
            (false, 0) => asked & events::WRITABLE,
            (false, _) => asked & (events::WRITABLE | events::READABLE),
        }
    }

    /// A server reads nothing.
    ///
    /// # Errors
    /// Always `NoDev`.
    pub fn read(&self) -> Result<usize> {
        Err(Errno::NoDev)
    }

    /// And writes nothing.
    ///
    /// # Errors
    /// Always `NoDev`.
    pub fn write(&self) -> Result<usize> {
        Err(Errno::NoDev)
    }
}

impl<P: Platform> Drop for Instance<P> {
    /// An open file that nobody can reach any more is closed.
    fn drop(&mut self) {
        self.registry.clone().close(self);
    }
}
