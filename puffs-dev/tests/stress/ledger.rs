//! What became of each request and of each answer of one mount, and the rules that hold once it is gone.
//!
//! A request has a *token*, an answer a *serial*, both in their bodies. Who sends and who serves writes down what
//! it saw; [`Ledger::close`] compares.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering::SeqCst};

use puffs_core::Errno;

/// How a request ended for who sent it: the answer's serial, or an error. Without an answer, serial 0: it was sent.
pub(crate) type Outcome = Result<u64, Errno>;

#[derive(Debug, Default)]
struct Asked {
    /// Nobody waits for an answer.
    faf: bool,
    /// Under an id that several use.
    shared: bool,
    /// GETOP succeeded.
    fetched: usize,
    /// A server answered it against the rules.
    broken: bool,
    ended: Vec<Outcome>,
}

#[derive(Debug, Default)]
struct Given {
    /// What PUTOP said.
    put: Vec<Result<(), Errno>>,
    /// Callers that got it.
    received: usize,
    /// The late hook got it.
    late: usize,
}

#[derive(Default)]
pub(crate) struct Ledger {
    last: AtomicU64,
    asked: Mutex<HashMap<u64, Asked>>,
    given: Mutex<HashMap<u64, Given>>,
    /// Sent without an answer wanted, and not fetched.
    unfetched: AtomicIsize,
    guessed: AtomicBool,
}

impl Ledger {
    fn next(&self) -> u64 {
        self.last.fetch_add(1, SeqCst) + 1
    }

    fn asked<R>(&self, token: u64, change: impl FnOnce(&mut Asked) -> R) -> R {
        let mut all = self.asked.lock().unwrap();
        change(all.get_mut(&token).expect("a token that was given out"))
    }

    fn given(&self, serial: u64, change: impl FnOnce(&mut Given)) {
        let mut all = self.given.lock().unwrap();
        change(all.get_mut(&serial).expect("a serial that was given out"));
    }

    /// A request is about to be sent: its token.
    pub(crate) fn ask(&self, faf: bool, shared: bool) -> u64 {
        let token = self.next();
        let asked = Asked {
            faf,
            shared,
            ..Asked::default()
        };
        self.asked.lock().unwrap().insert(token, asked);
        token
    }

    /// A server has it.
    pub(crate) fn fetched(&self, token: u64) {
        let faf = self.asked(token, |asked| {
            asked.fetched += 1;
            asked.faf
        });
        if faf {
            self.unfetched.fetch_sub(1, SeqCst);
        }
    }

    /// A server is about to answer it against the rules.
    pub(crate) fn broke(&self, token: u64) {
        self.asked(token, |asked| asked.broken = true);
    }

    /// It ended for its sender.
    pub(crate) fn ended(&self, token: u64, outcome: Outcome) {
        if let Ok(serial @ 1..) = outcome {
            self.given(serial, |given| given.received += 1);
        }
        let faf = self.asked(token, |asked| {
            asked.ended.push(outcome);
            asked.faf
        });
        if faf && outcome.is_ok() {
            self.unfetched.fetch_add(1, SeqCst);
        }
    }

    /// An answer is about to be given: its serial.
    pub(crate) fn give(&self) -> u64 {
        let serial = self.next();
        self.given.lock().unwrap().insert(serial, Given::default());
        serial
    }

    /// What PUTOP said to it.
    pub(crate) fn put(&self, serial: u64, said: Result<(), Errno>) {
        self.given(serial, |given| given.put.push(said));
    }

    /// The late hook got it.
    pub(crate) fn late(&self, serial: u64) {
        self.given(serial, |given| given.late += 1);
    }

    /// A server guesses ids, from now on.
    pub(crate) fn guessing(&self) {
        self.guessed.store(true, SeqCst);
    }

    /// Requests without an answer that are in the queue. Right when nobody sends and nobody fetches.
    pub(crate) fn unfetched(&self) -> isize {
        self.unfetched.load(SeqCst)
    }

    /// Compares what was written down. `drained`: the mount was empty before it ended.
    pub(crate) fn close(&self, drained: bool) {
        for (token, asked) in self.asked.lock().unwrap().iter() {
            let show = || format!("request {token}: {asked:?}");
            assert_eq!(asked.ended.len(), 1, "it ended once: {}", show());
            assert!(asked.fetched <= 1, "it was fetched once: {}", show());
            match asked.ended[0] {
                Ok(_) if asked.faf => assert!(!drained || asked.fetched == 1, "{}", show()),
                Err(_) if asked.faf => assert_eq!(asked.fetched, 0, "{}", show()),
                Err(Errno::WouldBlock | Errno::Exist | Errno::Inval) => {
                    assert_eq!(asked.fetched, 0, "it was refused: {}", show());
                }
                Err(Errno::Proto | Errno::NoMem) => assert!(
                    asked.broken || asked.shared || self.guessed.load(SeqCst),
                    "no server broke the protocol: {}",
                    show()
                ),
                _ => {}
            }
        }
        for (serial, given) in self.given.lock().unwrap().iter() {
            let wanted = match given.put[..] {
                [Ok(())] => (1, 0),
                [Err(Errno::Canceled)] => (0, 1),
                _ => (0, 0),
            };
            assert_eq!(given.put.len(), 1, "answer {serial}: {given:?}");
            assert_eq!(
                (given.received, given.late),
                wanted,
                "callers, and late hooks, that got answer {serial}: {given:?}"
            );
        }
    }
}
