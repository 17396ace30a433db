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
    /// What its sender saw of the buffers beside it, and whether it looked before the end.
    parts: Option<(Vec<Option<usize>>, bool)>,
    /// What servers moved: which buffer, how much.
    moved: Vec<(usize, usize)>,
    /// A server was told that there is nothing to move, where there should be.
    denied: bool,
}

#[derive(Debug, Default)]
struct Given {
    /// What PUTOP said.
    put: Vec<Result<(), Errno>>,
    /// Callers that got it.
    received: usize,
    /// The late hook got it.
    late: usize,
    /// The server cannot know what came of it.
    unsure: bool,
}

#[derive(Default)]
pub(crate) struct Ledger {
    last: AtomicU64,
    asked: Mutex<HashMap<u64, Asked>>,
    given: Mutex<HashMap<u64, Given>>,
    /// Sent without an answer wanted, and not fetched.
    unfetched: AtomicIsize,
    guessed: AtomicBool,
    /// Moves by guess, and their bytes.
    guesses: Mutex<(usize, usize)>,
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

    /// Whether it has ended.
    pub(crate) fn has_ended(&self, token: u64) -> bool {
        self.asked(token, |asked| !asked.ended.is_empty())
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

    /// What came of it the server cannot know.
    pub(crate) fn unsure(&self, serial: u64) {
        self.given(serial, |given| given.unsure = true);
    }

    /// What its sender sees of the buffers beside it.
    pub(crate) fn parts(&self, token: u64, moved: Vec<Option<usize>>, early: bool) {
        self.asked(token, |asked| {
            assert!(asked.parts.replace((moved, early)).is_none());
        });
    }

    /// A server moved so much of a buffer.
    pub(crate) fn moved(&self, token: u64, at: usize, len: usize) {
        self.asked(token, |asked| asked.moved.push((at, len)));
    }

    /// A server guessed, and moved so much.
    pub(crate) fn moved_by_guess(&self, len: usize) {
        let mut guesses = self.guesses.lock().unwrap();
        *guesses = (guesses.0 + 1, guesses.1 + len);
    }

    /// A server was told that there is nothing to move.
    pub(crate) fn denied(&self, token: u64) {
        self.asked(token, |asked| asked.denied = true);
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
                Err(Errno::WouldBlock | Errno::Exist | Errno::Inval | Errno::Deadlk) => {
                    assert_eq!(asked.fetched, 0, "it was refused: {}", show());
                }
                Err(Errno::Proto | Errno::NoMem) => assert!(
                    asked.broken || asked.shared || self.guessed.load(SeqCst),
                    "no server broke the protocol: {}",
                    show()
                ),
                _ => {}
            }
            if !self.guessed.load(SeqCst) {
                asked.check_parts(*token);
            }
        }
        self.check_moves();
        for (serial, given) in self.given.lock().unwrap().iter() {
            if given.unsure {
                assert!(given.put.is_empty() && given.received + given.late <= 1);
                continue;
            }
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

    /// What was moved is what was seen, whoever moved it.
    fn check_moves(&self) {
        let mut said = *self.guesses.lock().unwrap();
        let mut seen = (0, 0);
        for asked in self.asked.lock().unwrap().values() {
            for (_, len) in &asked.moved {
                said = (said.0 + 1, said.1 + len);
            }
            let parts = asked.parts.iter().flat_map(|(moved, _)| moved);
            for len in parts.flatten() {
                seen = (seen.0 + 1, seen.1 + len);
            }
        }
        assert_eq!(said, seen, "moves and their bytes, as told and as seen");
    }

    /// Answered; left at a signal, an interrupt or a deadline; broken; no memory; sent without an answer; late answers.
    pub(crate) fn sums(&self) -> [u64; 6] {
        let mut sums = [0; 6];
        for asked in self.asked.lock().unwrap().values() {
            let sum = match asked.ended[0] {
                _ if asked.faf => {
                    sums[4] += asked.fetched as u64;
                    continue;
                }
                Ok(_) => 0,
                Err(Errno::Intr | Errno::TimedOut) => 1,
                Err(Errno::Proto) => 2,
                Err(Errno::NoMem) => 3,
                Err(_) => continue,
            };
            sums[sum] += 1;
        }
        let given = self.given.lock().unwrap();
        sums[5] = given.values().map(|given| given.late as u64).sum();
        sums
    }
}

impl Asked {
    /// What servers say of the buffers beside it is what its sender saw.
    fn check_parts(&self, token: u64) {
        let Some((seen, early)) = &self.parts else {
            assert!(
                self.moved.is_empty() && !self.denied,
                "request {token}: {self:?}"
            );
            return;
        };
        let mut said = vec![None; seen.len()];
        for (at, len) in &self.moved {
            assert_eq!(said[*at], None, "moved twice: request {token}: {self:?}");
            said[*at] = Some(*len);
        }
        assert_eq!(&said, seen, "request {token}: {self:?}");
        let answered = matches!(self.ended[0], Ok(_) | Err(Errno::Proto | Errno::NoMem));
        assert!(
            !self.denied || *early || !answered,
            "a move was denied while the caller waited: request {token}: {self:?}"
        );
    }
}
