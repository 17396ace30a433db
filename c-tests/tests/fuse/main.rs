//! End to end over /dev/fuse: the servers of `examples`, compiled against the staged install in `PUFFS_STAGE`,
//! serve real mounts, and ordinary programs and system calls use them. What is true of any file system is tested
//! with each of three servers ([`each`]).
//!
//! `make fuse-test` runs these. They need root and /dev/fuse; without, each says so and is skipped.
//! Every test has its own mount point, and takes mount and server away even when it fails. Waiting is
//! always for something that can be seen, with a deadline.

mod daemon;
mod death;
mod each;
mod file_choice;
mod file_ops;
mod files;
mod hello;
mod idle;
mod kills;
mod limits;
mod locks;
mod many;
mod mapping;
mod memory;
mod misuse;
mod netbsd;
mod nodes;
mod nonsense;
mod one_file;
mod overnull;
mod owners;
mod posix;
mod queue;
mod random;
mod remote;
mod renames;
mod rust;
mod server;
mod several;
mod signals;
mod snapshot;
mod soak;
mod sparse;
mod stage;
mod stats;
mod stopped;
mod strangers;
mod together;
mod tools;
mod trees;
mod unmount;
mod wait;
mod waits;
mod wire;
