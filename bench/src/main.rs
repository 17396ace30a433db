//! `make bench`: what the queue costs, beside peers that run in the same process and the same minutes.
//!
//! Every case is measured in batches. A round runs one batch of each, so that whatever the machine does meanwhile falls on
//! all of them, and the median over the rounds is what counts. Nothing here passes or fails.
//!
//! | variable | meaning |
//! |---|---|
//! | `ROUNDS` | rounds, 15 by default |
//! | `JSON` | a file for the same figures, for machines |

mod answers;
mod parked;
mod queue;
mod table;
mod textbook;

use std::io;
use std::process::ExitCode;

use answers::{Answers, Order};
use queue::Queue;
use table::Row;
use textbook::Textbook;

/// The many that are outstanding.
const MANY: usize = 100_000;
/// Answers in a batch; all that are outstanding come round twice.
const BATCH: usize = 2 * MANY;
/// The same for a peer whose time grows with what is outstanding.
const SHORT: usize = 500;
/// Round trips in a batch.
const TRIPS: usize = 5_000;

/// One thing to be measured.
struct Case {
    batch: Box<dyn FnMut() -> f64>,
    /// Nanoseconds a piece, of each batch.
    costs: Vec<f64>,
}

impl Case {
    fn new(batch: impl FnMut() -> f64 + 'static) -> Self {
        let mut case = Case {
            batch: Box::new(batch),
            costs: Vec::new(),
        };
        // What happens once is no part of it: page faults, growth.
        (case.batch)();
        case
    }

    fn answers(mut what: Answers<impl Queue>, order: Order, count: usize) -> Self {
        Case::new(move || what.batch(order, count))
    }

    fn median(&mut self) -> f64 {
        self.costs.sort_by(f64::total_cmp);
        self.costs[self.costs.len() / 2]
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let rounds = match std::env::var("ROUNDS") {
        Ok(rounds) => rounds
            .parse()
            .map_err(|_| io::Error::other("ROUNDS is not a number"))?,
        Err(_) => 15,
    };
    // A peer that searches for its request finds the oldest at once, and a random one after half of them.
    let mut cases = [
        Case::answers(queue::puffs(1), Order::Arrival, BATCH),
        Case::answers(queue::puffs(MANY), Order::Arrival, BATCH),
        Case::answers(queue::puffs(MANY), Order::Random, BATCH),
        Case::answers(Answers::new(Textbook::default(), 1), Order::Arrival, BATCH),
        Case::answers(
            Answers::new(Textbook::default(), MANY),
            Order::Arrival,
            BATCH,
        ),
        Case::answers(
            Answers::new(Textbook::default(), MANY),
            Order::Random,
            SHORT,
        ),
        Case::new(|| parked::puffs(TRIPS)),
        Case::new(|| parked::textbook(TRIPS)),
    ];
    for _ in 0..rounds.max(1) {
        for case in &mut cases {
            let cost = (case.batch)();
            case.costs.push(cost);
        }
    }
    let [
        one,
        many,
        random,
        peer_one,
        peer_many,
        peer_random,
        trip,
        peer_trip,
    ] = cases.each_mut().map(|case| case.median());
    let rows = [
        Row::new(
            "order of arrival, 1 outstanding",
            one,
            "a textbook queue",
            peer_one,
        ),
        Row::new(
            "order of arrival, 100,000 outstanding",
            many,
            "a textbook queue",
            peer_many,
        ),
        Row::new(
            "order of arrival, 100,000 outstanding against 1",
            many,
            "ours, 1 outstanding",
            one,
        ),
        Row::new(
            "random order, 100,000 outstanding",
            random,
            "a textbook queue",
            peer_random,
        ),
        Row::new(
            "random order, 100,000 outstanding against 1",
            random,
            "ours, 1 outstanding",
            one,
        ),
        Row::new(
            "parked round trip between two threads",
            trip,
            "mutex and condition variables",
            peer_trip,
        ),
    ];
    table::print(&rows);
    match std::env::var_os("JSON").filter(|file| !file.is_empty()) {
        Some(file) => table::write(&rows, file.as_ref()),
        None => Ok(()),
    }
}
