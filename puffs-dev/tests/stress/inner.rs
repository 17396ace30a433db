//! A server that calls into its own mount: it is refused where it would wait for itself, and never hangs.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use fastrand::Rng;
use puffs_core::Errno;

use crate::caller;
use crate::held::Held;
use crate::life::Life;
use crate::tally::{Seen, saw};
use crate::watchdog::doing;

/// Lets nobody think that the mount is empty.
struct Inside<'l>(&'l Life);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, SeqCst);
    }
}

/// Lets a server in, until what this returns is dropped: not where all is quiet, and not when the end is near.
fn go_in(life: &Life) -> Option<Inside<'_>> {
    life.inside.fetch_add(1, SeqCst);
    let inside = Inside(life);
    (!life.plan.quiet && !life.settled.load(SeqCst)).then_some(inside)
}

/// Calls into the mount that it serves; `held`: it has this one to answer, or it has nothing and nothing was there to fetch.
pub(crate) fn inner(life: &Arc<Life>, held: Option<&Held>, rng: &mut Rng) {
    let Some(_inside) = go_in(life) else {
        return;
    };
    let plan = &life.plan;
    // With more servers, or when one guesses, others come and go.
    let alone = plan.servers == 1 && !plan.guessing;
    doing(|| format!("calls into its own mount, with {held:?}"));
    match (caller::inner(life, rng), held) {
        (Err(Errno::Deadlk), Some(_)) => saw(Seen::Deadlock),
        (Err(Errno::Deadlk), None) => {
            assert!(!alone || plan.forgetful, "nobody was at work");
            saw(Seen::Deadlock);
        }
        (Err(Errno::Nxio), _) => {}
        (said, Some(held)) if alone && !held.question.shared => {
            panic!("it would have waited for itself: {said:?}")
        }
        (Ok(()), _) => saw(Seen::InnerAnswered),
        (Err(_), _) => saw(Seen::InnerLeft),
    }
}
