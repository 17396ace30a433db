//! A descriptor to sleep on, where the platform has such, and how it ceases to be readable.
//!
//! It is readable while [`Instance::poll`] would say more than *writable*; and after that until a fetch that may not wait finds
//! nothing. That fetch takes the readability back, looks again, and gives it back if something came meanwhile. A
//! server sleeps until it is readable, fetches until `WouldBlock`, and sleeps again.

use puffs_core::Platform;
use puffs_core::errno::{Errno, Result};
use puffs_core::platform::{PollPoint, Pollable};

use crate::command::events;
use crate::instance::Instance;

impl<P: Platform> Instance<P> {
    /// Passes on how a fetch ended. One that found nothing takes back what the pollers were told.
    pub(crate) fn looked<T>(&self, fetched: Result<T>) -> Result<T> {
        if matches!(fetched, Err(Errno::WouldBlock)) {
            self.poll_point().settle(|| self.readable());
        }
        fetched
    }

    /// Whether a fetch would find a request, or that there will be none.
    fn readable(&self) -> bool {
        self.poll(events::READABLE) != 0
    }
}

impl<P: Platform> Instance<P>
where
    P::PollPoint: Pollable,
{
    /// A new descriptor that poll(2) and epoll find readable while there is something to fetch, and from death, unmount or close
    /// on; and now and then when there is nothing, which the next fetch that may not wait says and mends. It stays
    /// readable until such a fetch ends with `WouldBlock`. It outlives the instance.
    ///
    /// # Errors
    /// `NoMem`: no memory, or as many descriptors as may be are open.
    ///
    /// # Locking
    /// Does not sleep.
    pub fn pollfd(&self) -> Result<<P::PollPoint as Pollable>::Descriptor> {
        let descriptor = self.poll_point().descriptor()?;
        // What came before there was a descriptor told nobody.
        if self.readable() {
            self.poll_point().wake();
        }
        Ok(descriptor)
    }
}
