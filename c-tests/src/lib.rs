//! Compiles C programs against a staged install of puffs and runs them.
//!
//! Each file of `c-tests/c` is a program that exits with 0 when it is satisfied. A line of its first comment says
//! how it is built and run, see [`plan`]; `tests/programs.rs` makes a test of each combination. The programs see the
//! installed headers and libraries only, never cargo's.

pub mod build;
pub mod plan;
pub mod run;
pub mod stage;
