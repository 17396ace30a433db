//! Compiles C programs against a staged install of puffs and runs them.
//!
//! Each file of `c-tests/c` is a program that exits with 0 when it is satisfied. A line of its first comment says
//! how it is built and run, see [`plan`]; `tests/programs.rs` makes a test of each combination. The programs see the
//! installed headers and libraries only, never cargo's. Those of `c-tests/c/checklist` are run by `tests/checklist.rs`: one for
//! each fact of `docs/facts.md`. The files of `c-tests/posix` are one program, which needs
//! nothing of puffs and which `tests/fuse/posix.rs` runs on a mount.

pub mod build;
pub mod plan;
pub mod programs;
pub mod run;
pub mod stage;
