//! Models of the queue's races, every interleaving of their threads tried by loom.
//!
//! The platform is a type parameter like any other: locks, events and counters are loom's, and the queue under test
//! is the same code as everywhere. A lost wake-up shows as a deadlock, a double end as a failed assertion, an
//! unfreed request as a leak of its counted body.
//!
//! Bounds: each model has two or three threads; loom's preemption bound is 3 (`LOOM_MAX_PREEMPTIONS` overrides it).

mod callers;
mod kernel;
mod pollers;
mod room;
