//! A caller that parks, and a server thread that answers: there and back.

use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use puffs_core::Errno;
use puffs_core::platform::Wait;

use crate::queue::{BODY, Desk, mount, request};

fn each(took: Duration, count: usize) -> f64 {
    took.as_nanos() as f64 / count as f64
}

/// Puffs: `call`, GETOP, PUTOP. Nanoseconds for each round trip.
pub(crate) fn puffs(count: usize) -> f64 {
    let mount = mount(1);
    let theirs = mount.clone();
    let server = thread::spawn(move || {
        let mut desk = Desk::new();
        loop {
            let answered = desk.fetch(&theirs).and_then(|id| desk.answer(&theirs, id));
            match answered {
                Ok(()) => {}
                Err(Errno::Nxio) => return,
                Err(error) => panic!("no call of this server fails: {error:?}"),
            }
        }
    });
    let start = Instant::now();
    for _ in 0..count {
        let answer = mount
            .call(request(), &Wait::FOREVER)
            .expect("the server answers");
        assert_eq!(answer.len, BODY);
    }
    let took = start.elapsed();
    mount.die();
    server.join().expect("the server ends with its mount");
    each(took, count)
}

/// What passes between caller and server.
#[derive(Default)]
struct Slot {
    request: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
    over: bool,
}

#[derive(Default)]
struct Pair {
    slot: Mutex<Slot>,
    asked: Condvar,
    answered: Condvar,
}

impl Pair {
    /// Serves until it is over.
    fn serve(&self) {
        let mut slot = self.slot.lock().expect("nobody panics under it");
        while !slot.over {
            slot = match slot.request.take() {
                Some(body) => {
                    slot.answer = Some(body);
                    self.answered.notify_one();
                    slot
                }
                None => self.asked.wait(slot).expect("nobody panics under it"),
            };
        }
    }

    /// One round trip.
    fn call(&self, body: Vec<u8>) -> Vec<u8> {
        let mut slot = self.slot.lock().expect("nobody panics under it");
        slot.request = Some(body);
        self.asked.notify_one();
        loop {
            match slot.answer.take() {
                Some(answer) => return answer,
                None => slot = self.answered.wait(slot).expect("nobody panics under it"),
            }
        }
    }

    fn end(&self) {
        self.slot.lock().expect("nobody panics under it").over = true;
        self.asked.notify_one();
    }
}

/// The peer: a mutex and a condition variable each way, no queue at all.
pub(crate) fn textbook(count: usize) -> f64 {
    let pair = Arc::new(Pair::default());
    let (theirs, (ready, is_ready)) = (pair.clone(), mpsc::channel());
    let server = thread::spawn(move || {
        ready.send(()).expect("somebody waits");
        theirs.serve();
    });
    is_ready.recv().expect("the server starts");
    let start = Instant::now();
    for _ in 0..count {
        assert_eq!(pair.call(vec![0; BODY]).len(), BODY);
    }
    let took = start.elapsed();
    pair.end();
    server.join().expect("the server ends when told");
    each(took, count)
}
