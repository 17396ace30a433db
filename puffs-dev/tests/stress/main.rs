//! Everything at once and at random: callers of every form, servers that keep the protocol and servers that do not,
//! signals, interrupts, deaths, closes, unmounts and mounts, for as long as asked. Whatever happens, each caller gets one
//! answer, its own; and nothing is left when a mount is gone.
//!
//! | file | holds |
//! |---|---|
//! | `rough` | the platform: copies that fault and dawdle, stray wake-ups, counts of what is alive |
//! | `letter` | what is in a request and in an answer, so that each can be told from all others |
//! | `ledger` | what became of each request and of each answer of a mount, and the rules that hold at its end |
//! | `life` | one mount from its making to its end |
//! | `caller`, `server` | one thread of each |
//! | `held` | what the threads of a server share |
//! | `inner` | a server that calls into its own mount |
//! | `batch` | a server that does all in batches |
//! | `moves` | data beside a request: who registers it and who moves it |
//! | `observer` | who looks at figures, lists and watchers, and at a mount's end whether they add up |
//! | `chaos` | signals and interrupts; a wanderer who opens, binds and closes beside the mounts |
//! | `signals` | real signals |
//! | `tally` | what happened how often: none of it may stop happening unseen |
//! | `watchdog` | a hang, or a failed check on any thread, ends the program with what is known |
//!
//! `DURATION=` says for how many seconds (2), `SEED=` repeats the choices of an earlier run, though not its timing. With five
//! seconds or more, everything that the tally knows must have happened.

mod batch;
mod caller;
mod chaos;
#[path = "../common/mod.rs"]
mod common;
mod held;
mod inner;
mod ledger;
mod letter;
mod life;
mod moves;
mod observer;
mod rough;
mod server;
mod signals;
mod tally;
mod watchdog;

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use fastrand::Rng;
use puffs_dev::Registry;
use rough::Rough;

/// Mounts that live at the same time.
const LIVES: usize = 2;
/// Instances that may be open: few enough for the wanderer to be refused now and then.
const OPENS: u32 = 7;
/// Seconds after which a run must have seen everything.
const LONG: u64 = 5;
/// And how much later at the latest.
const GRACE: Duration = Duration::from_secs(60);

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}

#[test]
fn every_caller_gets_its_answer_and_nothing_is_left() {
    let seed = number("SEED").unwrap_or_else(|| fastrand::u64(..));
    let seconds = number("DURATION").unwrap_or(2);
    println!("stress: SEED={seed} DURATION={seconds}");
    watchdog::start(seed);
    signals::ready();

    let begun = Instant::now();
    let lasts = Duration::from_secs(seconds);
    let mut rng = Rng::with_seed(seed);
    let mut rounds = 0;
    // What is rare may take longer where the machine is busy.
    while begun.elapsed() < lasts
        || seconds >= LONG && !tally::missing().is_empty() && begun.elapsed() < lasts + GRACE
    {
        round(&mut rng);
        rounds += 1;
    }
    println!("{rounds} rounds\n{}", tally::report());
    let missing = tally::missing();
    assert!(
        seconds < LONG || missing.is_empty(),
        "never happened: {missing:?}"
    );
}

/// Some mounts live and end beside each other. Nothing is left of them.
fn round(rng: &mut Rng) {
    let registry = Registry::<Rough>::with_limit(OPENS).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (registry, over) = (&registry, &over);
        let wanderer = watchdog::spawn(scope, "wanderer", rng, move |rng| {
            chaos::wander(registry, over, rng);
        });
        let lives: Vec<_> = (1..=LIVES)
            .map(|number| {
                watchdog::spawn(scope, &format!("life {number}"), rng, move |rng| {
                    life::live(registry, number, rng);
                })
            })
            .collect();
        for life in lives {
            life.join().unwrap();
        }
        over.store(true, SeqCst);
        wanderer.join().unwrap();
    });
    assert_eq!(registry.open_count(), 0);
    drop(registry);
    assert_eq!(rough::alive(), rough::Alive::default());
}
