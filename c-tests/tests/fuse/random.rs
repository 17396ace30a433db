//! Where random tests get their seed and their length from: `SEED=`, `OPS=` and `DURATION=` (seconds).

use fastrand::Rng;
use std::{
    io::Write,
    str::FromStr,
    time::{Duration, Instant},
};

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    let Ok(value) = text.parse() else {
        panic!("{name}={text} is not a number");
    };
    Some(value)
}

/// The seed that was asked for, or a new one.
pub(crate) fn seed() -> u64 {
    variable("SEED").unwrap_or_else(|| fastrand::u64(..1 << 40))
}

/// One of many streams that belong to a seed.
pub(crate) fn stream(seed: u64, number: usize) -> Rng {
    Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number as u64)
}

/// How long a test was asked to take.
pub(crate) fn duration() -> Option<Duration> {
    variable("DURATION").map(Duration::from_secs)
}

/// When a loop of operations is over.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    ops: u64,
    end: Option<Instant>,
}

impl Budget {
    /// `usual` operations, or what the environment says.
    pub(crate) fn new(usual: u64) -> Budget {
        let end = duration().map(|duration| Instant::now() + duration);
        let ops = if end.is_some() { u64::MAX } else { usual };
        Budget {
            ops: variable("OPS").unwrap_or(ops),
            end,
        }
    }

    /// The share of each of `n` that work at once.
    pub(crate) fn share(self, n: usize) -> Budget {
        Budget {
            ops: self.ops.div_ceil(n as u64),
            ..self
        }
    }

    /// For who only counts.
    pub(crate) fn steps(self) -> u64 {
        self.ops
    }

    pub(crate) fn over(&self, done: u64) -> bool {
        let late = || self.end.is_some_and(|end| Instant::now() >= end);
        done >= self.ops || (done.is_multiple_of(64) && late())
    }
}

/// Says something past libtest's capture.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
