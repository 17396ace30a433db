//! Gates that one task at a time may pass, the others waiting in line: a gate for each directory, and one for renames.
//!
//! Servers count on it that no two operations on names of one directory are under way, and no two renames of a mount. Linux could
//! be left to see to the first, but then whoever waits there could not be killed.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use puffs_user::host::{Server, Task};

/// Gates by their names. One that nobody has passed takes no room.
pub(crate) struct Gates<K>(RefCell<HashMap<K, VecDeque<Task>>>);

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
        let waits = match self.0.borrow_mut().entry(key) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(VecDeque::new());
                false
            }
            std::collections::hash_map::Entry::Occupied(mut line) => match server.running() {
                Some(task) => {
                    line.get_mut().push_back(task);
                    true
                }
                None => false,
            },
        };
        if waits {
            // Whoever leaves hands the gate over, so it is taken then, by us.
            server.suspend();
        }
        Passed {
            gates: self,
            key,
            server,
            waited: waits,
        }
    }
}

impl<K: Hash + Eq> Drop for Passed<'_, K> {
    fn drop(&mut self) {
        let mut gates = self.gates.0.borrow_mut();
        match gates.get_mut(&self.key).and_then(VecDeque::pop_front) {
            Some(task) => self.server.wake(task),
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
