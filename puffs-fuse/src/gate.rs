//! Gates that one task at a time may pass, the others waiting in line: a gate for each directory, one for renames, and one
//! for each owner of locks.
//!
//! Servers count on it that no two operations on names of one directory are under way, and no two renames of a mount. Linux could
//! be left to see to the first, but then whoever waits there could not be killed.

use std::cell::RefCell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use puffs_user::host::{Server, Task};

/// Gates by their names. One that nobody has passed takes no room.
pub(crate) struct Gates<K>(RefCell<HashMap<K, Line>>);

/// A gate that somebody has passed.
#[derive(Default)]
struct Line {
    /// To whom it was handed over, if that one has not passed yet.
    next: Option<Task>,
    waiting: VecDeque<Task>,
}

/// Whoever holds it has passed.
pub(crate) struct Passed<'g, K: Hash + Eq> {
    gates: &'g Gates<K>,
    key: K,
    server: &'g dyn Server,
    /// There was a line.
    pub(crate) waited: bool,
}

impl<K> Default for Gates<K> {
    fn default() -> Self {
        Gates(RefCell::default())
    }
}

impl<K: Hash + Eq + Copy> Gates<K> {
    /// Passes, after those who came before have left.
    pub(crate) fn pass<'g>(&'g self, key: K, server: &'g dyn Server) -> Passed<'g, K> {
        let ours = self.line_up(key, server);
        if let Some(ours) = &ours {
            // Somebody may go on with us for another reason; it is our turn only when the gate says so.
            while !self.handed(key, ours) {
                server.suspend();
            }
        }
        Passed {
            gates: self,
            key,
            server,
            waited: ours.is_some(),
        }
    }

    /// Passes at once, or gets in line: then, whoever has to wait.
    fn line_up(&self, key: K, server: &dyn Server) -> Option<Task> {
        match self.0.borrow_mut().entry(key) {
            Entry::Vacant(free) => {
                free.insert(Line::default());
                None
            }
            Entry::Occupied(mut line) => {
                let task = server.running()?;
                line.get_mut().waiting.push_back(task.clone());
                Some(task)
            }
        }
    }

    fn handed(&self, key: K, to: &Task) -> bool {
        let mut gates = self.0.borrow_mut();
        let line = gates.get_mut(&key);
        line.is_some_and(|line| line.next.take_if(|next| next.is(to)).is_some())
    }
}

impl<K: Hash + Eq> Drop for Passed<'_, K> {
    fn drop(&mut self) {
        let mut gates = self.gates.0.borrow_mut();
        let Some(line) = gates.get_mut(&self.key) else {
            return;
        };
        match line.waiting.pop_front() {
            Some(task) => {
                line.next = Some(task.clone());
                self.server.wake(task);
            }
            None => {
                gates.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use puffs_user::host::{NoStack, Ran};

    /// A server without tasks: nobody has to wait there.
    struct Alone;

    impl Server for Alone {
        fn start(&self, _: usize) -> Result<Ran, NoStack> {
            Err(NoStack)
        }

        fn serve(&self) {}

        fn execute(&self, _: &mut puffs_core::msg::wire::Req, _: &mut [u8]) {
            unreachable!("requests come by serve");
        }

        fn running(&self) -> Option<Task> {
            None
        }

        fn suspend(&self) {
            unreachable!();
        }

        fn wake(&self, _: Task) {
            unreachable!();
        }
    }

    #[test]
    fn gates_that_nobody_holds_take_no_room() {
        let gates = Gates::default();
        let one = gates.pass(1, &Alone);
        let two = gates.pass(2, &Alone);
        assert!(!one.waited && !two.waited);
        assert_eq!(gates.0.borrow().len(), 2);
        drop(one);
        assert_eq!(gates.0.borrow().len(), 1);
        drop(two);
        assert!(gates.0.borrow().is_empty());
    }
}
