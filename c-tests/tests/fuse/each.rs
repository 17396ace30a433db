//! The servers that all must be true of: `examples/memfs`, `examples/nullfs.c` over a tmpfs, and `examples/memfs.rs`.
//!
//! A test is a function that is given one of them, and [`on_each`] makes as many tests of it.

use crate::{
    server::{Place, Server},
    stage::{Build, memfs, nullfs, rust_memfs, variant},
    together::tmpfs,
};
use std::{process::Command, time::Duration};

/// Much, for what is never filled.
const SIZE: &str = "2g";

/// A file system, by its server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fs {
    Memfs,
    Nullfs,
    RustMemfs,
}

impl Fs {
    /// Mounted, empty, in the foreground.
    pub(crate) fn start(self) -> Server {
        self.lasting(Duration::ZERO)
    }

    /// The same for a test that takes so much longer than others.
    pub(crate) fn lasting(self, more: Duration) -> Server {
        self.serve(self.command(), more)
    }

    /// The program without its last arguments: where to mount, and what nullfs shows.
    pub(crate) fn command(self) -> Command {
        let mut command = match self {
            Fs::Memfs => Command::new(memfs(Build::Plain)),
            Fs::Nullfs => Command::new(nullfs(Build::Plain)),
            Fs::RustMemfs => rust_memfs(),
        };
        command.args(self.options());
        command
    }

    /// Starts such a program.
    pub(crate) fn serve(self, mut command: Command, more: Duration) -> Server {
        let below = (self == Fs::Nullfs).then(tmpfs);
        if let Some(below) = &below {
            command.arg(below.mnt());
        }
        Server::start_lasting(command, Place::new(), more).over(below)
    }

    /// Its variant by a source that changes a server in C.
    pub(crate) fn variant(self, source: &'static str) -> Server {
        let server = match self {
            Fs::Memfs => "memfs",
            Fs::Nullfs => "nullfs",
            Fs::RustMemfs => panic!("{source} changes no server in Rust"),
        };
        let mut command = Command::new(variant(source, server, Build::Plain));
        command.args(self.options());
        self.serve(command, Duration::ZERO)
    }

    fn options(self) -> Vec<String> {
        match self {
            Fs::Memfs => vec!["-s".to_owned(), format!("-osize={SIZE}")],
            Fs::Nullfs => vec!["-s".to_owned()],
            Fs::RustMemfs => vec!["-s".to_owned(), SIZE.to_owned()],
        }
    }

    /// For how much there is to do: memfs is there for the most of it.
    pub(crate) fn amount(self, memfs: u64, others: u64) -> u64 {
        match self {
            Fs::Memfs => memfs,
            Fs::Nullfs | Fs::RustMemfs => others,
        }
    }
}

/// Tests for each server, of functions that are given one; behind a semicolon, of those that need one in C.
macro_rules! on_each {
    ($($test:ident)* $(; $($in_c:ident)*)?) => {
        $crate::each::on_each! { memfs Memfs: $($test)* $($($in_c)*)? }
        $crate::each::on_each! { nullfs Nullfs: $($test)* $($($in_c)*)? }
        $crate::each::on_each! { memfs_rs RustMemfs: $($test)* }
    };
    ($name:ident $fs:ident: $($test:ident)*) => {
        mod $name {
            $(
                #[test]
                fn $test() {
                    if !$crate::stage::skipped() {
                        super::$test($crate::each::Fs::$fs);
                    }
                }
            )*
        }
    };
}
pub(crate) use on_each;
