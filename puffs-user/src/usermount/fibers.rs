//! Stacks of requests: which request is current follows the fiber that runs.

use std::ptr;
use std::rc::Rc;

use super::Usermount;
use crate::fiber::{Fiber, Fibers, NoStack, NotSuspended, Ran};

/// Bytes of stack that a request has when the server says nothing (`PUFFS_STACKSIZE_DEFAULT`).
pub(super) const STACK: usize = 1 << 18;
/// The least it may have, in pages (`PUFFS_STACKSIZE_MIN`).
const LEAST: usize = 4;
const PAGE: usize = 4096;
/// The most it may have.
const MOST: usize = 1 << 30;

impl Usermount {
    pub(crate) const fn fibers(&self) -> &Fibers {
        &self.fibers
    }

    /// Bytes of stack for each request: rounded up to a power of two, and never less than four pages. `usize::MAX` asks for
    /// the least. Replaces `puffs_setstacksize`.
    pub fn set_stack_size(&self, size: usize) {
        let size = match size {
            usize::MAX => LEAST * PAGE,
            size => size.clamp(LEAST * PAGE, MOST).next_power_of_two(),
        };
        self.fibers.set_stack_size(size);
    }

    /// Bytes of stack that each request has.
    pub fn stack_size(&self) -> usize {
        self.fibers.stack_size()
    }

    /// From now on requests run on the stack of the main loop, and none can be left in its middle. Replaces `puffs_fakecc`.
    pub fn give_up_stacks(&self) {
        self.no_stacks.set(true);
    }

    /// Runs a task until it ends or is suspended.
    pub(super) fn start(&self, task: impl FnOnce() + 'static) -> Result<Ran, NoStack> {
        self.elsewhere(|| match self.no_stacks.get() {
            true => {
                task();
                Ok(Ran::Ended)
            }
            false => self.fibers.start(task),
        })
    }

    /// Goes on with a suspended fiber.
    pub(crate) fn resume(&self, fiber: &Rc<Fiber>) -> Result<(), NotSuspended> {
        self.elsewhere(|| self.fibers.resume(fiber)).map(drop)
    }

    /// Goes on with those that were scheduled.
    pub(super) fn run_ready(&self) {
        self.elsewhere(|| self.fibers.run_ready());
    }

    /// Runs other requests; the current one is current again afterwards.
    fn elsewhere<R>(&self, f: impl FnOnce() -> R) -> R {
        let before = self.current();
        self.set_current(ptr::null());
        let result = f();
        self.set_current(before);
        result
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::testing;

    #[test]
    fn without_stacks_of_their_own_tasks_run_where_they_are_started() {
        fn here() -> usize {
            let local = 0_u8;
            (&raw const local).addr()
        }
        let pu = testing::mount(&testing::OPS);
        let at = Rc::new(Cell::new((0, true)));
        let far = |at: &Rc<Cell<(usize, bool)>>| at.get().0.abs_diff(here()) > 64 << 10;
        let told = Rc::clone(&at);
        let fiber = ptr::from_ref(pu.fibers());
        let task = move || {
            // SAFETY: the server outlives the task.
            let running = unsafe { (*fiber).running() };
            told.set((here(), running.is_some()));
        };
        assert_eq!(pu.start(task.clone()), Ok(Ran::Ended));
        assert!(far(&at) && at.get().1);
        pu.give_up_stacks();
        assert_eq!(pu.start(task), Ok(Ran::Ended));
        assert!(!far(&at) && !at.get().1);
    }

    #[test]
    fn stack_sizes_are_powers_of_two() {
        let pu = testing::mount(&testing::OPS);
        assert_eq!(pu.stack_size(), 256 << 10);
        for (asked, got) in [
            (usize::MAX, 16 << 10),
            (0, 16 << 10),
            (100_000, 128 << 10),
            (1 << 20, 1 << 20),
            (usize::MAX - 1, 1 << 30),
        ] {
            pu.set_stack_size(asked);
            assert_eq!(pu.stack_size(), got);
        }
    }
}
