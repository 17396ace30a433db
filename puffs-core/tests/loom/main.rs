//! Models of the queue's races, whose schedules loom tries up to a bound.
//!
//! The platform is a type parameter like any other: locks, events and counters are loom's, and the queue under test
//! is the same code as everywhere. A lost wake-up shows as a deadlock, a double end as a failed assertion, an
//! unfreed request as a leak of its counted body.
//!
//! A model lists the ends that its schedules may have, and each must be the end of some schedule: so a model that has
//! stopped trying what it is for fails as well. The copies of the models' kernel do not yield: loom makes a thread that
//! yields wait for a step of another, which hides the schedules where nobody comes between.
//!
//! Bounds: each model has two to four threads. Loom tries the schedules with up to 3 preemptions, or 2 where a model
//! says so; `LOOM_MAX_PREEMPTIONS` overrides both.

mod answers;
mod callers;
mod death;
mod delivery;
mod expiry;
mod kernel;
mod pollers;
mod room;
mod settle;
mod start;
mod wake;
