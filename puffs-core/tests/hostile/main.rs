//! A hostile server against live callers: whatever it calls, with whatever addresses, ids and lengths, each caller gets a
//! definite end exactly once, and nothing is lost or leaks.

mod batches;
mod beside;
#[path = "../common/cases.rs"]
mod cases;
#[path = "../common/mod.rs"]
mod common;
mod memory;
mod model;
mod script;
mod stages;
mod threads;
mod world;

use proptest::prelude::*;

/// What the platform counts per thread begins at zero on a thread of its own.
fn alone(play: impl FnOnce() + Send) {
    let played = std::thread::scope(|scope| scope.spawn(play).join());
    if let Err(panic) = played {
        std::panic::resume_unwind(panic);
    }
}

const FOUND: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/hostile.txt"
);

proptest! {
    #![proptest_config(cases::cases(200, FOUND))]

    /// Each call gives what the model says, whoever comes in between.
    #[test]
    fn every_call_gives_what_the_model_says(script in script::script()) {
        alone(|| world::play(&script));
    }

    /// Whatever callers and servers do at the same time, everybody comes back and nothing is left.
    #[test]
    fn everybody_comes_back(crowd in threads::crowd()) {
        alone(|| threads::play(&crowd));
    }
}
