//! A gate that one task at a time may pass, the others waiting in line.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use puffs_user::host::{Server, Task};

/// The gate.
#[derive(Default)]
pub(crate) struct Gate {
    taken: Cell<bool>,
    line: RefCell<VecDeque<Task>>,
}

/// Whoever holds it has passed.
pub(crate) struct Passed<'g> {
    gate: &'g Gate,
    server: &'g dyn Server,
}

impl Gate {
    /// Passes, after those who came before have left.
    pub(crate) fn pass<'g>(&'g self, server: &'g dyn Server) -> Passed<'g> {
        if self.taken.replace(true)
            && let Some(task) = server.running()
        {
            self.line.borrow_mut().push_back(task);
            // Whoever leaves hands the gate over, so it is still taken then, by us.
            server.suspend();
        }
        Passed { gate: self, server }
    }
}

impl Drop for Passed<'_> {
    fn drop(&mut self) {
        let next = self.gate.line.borrow_mut().pop_front();
        match next {
            Some(task) => self.server.wake(task),
            None => self.gate.taken.set(false),
        }
    }
}
