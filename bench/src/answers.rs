//! What one request costs from its sending to its callback, while a number of others are outstanding.
//!
//! The number stays the same: a step sends a request, fetches it, and answers one of those outstanding.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::queue::Queue;

/// Processor time of this thread: it never sleeps in a batch, and what else the machine does is no part of it.
fn now() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// Which of the outstanding requests is answered next.
#[derive(Clone, Copy)]
pub(crate) enum Order {
    /// The oldest.
    Arrival,
    /// Any.
    Random,
}

/// A queue with requests outstanding.
pub(crate) struct Answers<Q> {
    queue: Q,
    /// Their ids; with `Order::Arrival` a ring whose oldest is `oldest`.
    ids: Vec<u64>,
    oldest: usize,
    chance: fastrand::Rng,
}

impl<Q: Queue> Answers<Q> {
    pub(crate) fn new(mut queue: Q, outstanding: usize) -> Self {
        let ids = (0..outstanding)
            .map(|_| {
                queue.submit();
                queue.fetch()
            })
            .collect();
        Answers {
            queue,
            ids,
            oldest: 0,
            // The same order in every run.
            chance: fastrand::Rng::with_seed(1),
        }
    }

    /// So many steps: nanoseconds for each.
    pub(crate) fn batch(&mut self, order: Order, count: usize) -> f64 {
        let before = self.queue.told();
        let start = now();
        for _ in 0..count {
            self.queue.submit();
            let id = self.queue.fetch();
            let at = match order {
                Order::Arrival => self.oldest,
                Order::Random => self.chance.usize(..self.ids.len()),
            };
            self.oldest += 1;
            if self.oldest == self.ids.len() {
                self.oldest = 0;
            }
            let answered = std::mem::replace(&mut self.ids[at], id);
            self.queue.answer(answered);
        }
        let took = now() - start;
        assert_eq!(
            self.queue.told() - before,
            count as u64,
            "every answer was told"
        );
        took.as_nanos() as f64 / count as f64
    }
}
