//! The guard: a thread that reads requests in the main loop's place while one operation runs for long.
//!
//! The thread of the main loop runs the server's operations itself, so while one of them hangs nobody would see that a
//! caller was killed and has to be let go. The guard looks every [`TICK`] whether the main loop gets on, and sleeps without
//! end once it is idle. It touches nothing of the server's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use puffs_user::mounting::without_signals;

use crate::keeper::Keeper;
use crate::traffic::Traffic;

/// How long an operation may take before the guard reads in its place, and how late it sees a signal then.
const TICK: Duration = Duration::from_millis(20);

/// The guard of one mount. Dropping it ends the thread.
pub(crate) struct Guard {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    traffic: Arc<Traffic>,
    keeper: Option<Arc<Keeper>>,
    stop: AtomicBool,
    /// It sleeps until it is woken.
    asleep: AtomicBool,
}

impl Guard {
    /// Starts it; requests have `room` bytes at most. Without a thread the mount works all the same, so it is
    /// only said.
    pub(crate) fn new(traffic: Arc<Traffic>, keeper: Option<Arc<Keeper>>, room: usize) -> Self {
        let shared = Arc::new(Shared {
            traffic,
            keeper,
            stop: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&shared);
        let thread = without_signals(|| {
            thread::Builder::new()
                .name("puffs-guard".into())
                .spawn(move || theirs.run(room))
        });
        if let Err(error) = &thread {
            eprintln!("puffs: no guard, so a hanging operation cannot be interrupted: {error}");
        }
        Guard {
            shared,
            thread: thread.ok(),
        }
    }

    /// A request is about to be read: the keeper is to look after it. (The guard could be stopped before it tells the keeper.)
    pub(crate) fn announce(&self) {
        if let Some(keeper) = &self.shared.keeper {
            keeper.wake(self.shared.traffic.flights());
        }
    }

    /// A request has begun: the guard is to look after it.
    pub(crate) fn attend(&self) {
        // Pairs with the guard's look at the traffic after it has said that it sleeps.
        if self.shared.asleep.load(Ordering::SeqCst)
            && let Some(thread) = &self.thread
        {
            self.shared.asleep.store(false, Ordering::SeqCst);
            thread.thread().unpark();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, room: usize) {
        let traffic = &self.traffic;
        let mut buf = Vec::new();
        let mut seen = traffic.progress();
        while !self.stop.load(Ordering::SeqCst) {
            thread::park_timeout(TICK);
            let now = traffic.progress();
            if now != seen {
                seen = now;
                // With requests that a signal did not end there is something to do even then.
                traffic.look_again();
                continue;
            }
            if now % 2 == 1 {
                // Before anything is read: the main loop may not have come so far.
                if let Some(keeper) = &self.keeper {
                    keeper.wake(traffic.flights());
                }
                buf.resize(room, 0);
                traffic.stand_in(now, &mut buf);
            }
            if traffic.look_again() || now % 2 == 1 {
                continue;
            }
            self.asleep.store(true, Ordering::SeqCst);
            while self.asleep.load(Ordering::SeqCst)
                && traffic.progress() == seen
                && !self.stop.load(Ordering::SeqCst)
            {
                thread::park();
            }
            self.asleep.store(false, Ordering::SeqCst);
        }
    }
}
