//! What could be done next to a file.

use crate::{random::stream, sparse::PAGE};
use fastrand::Rng;

/// Where most of it happens.
const NEAR: u64 = 300 << 10;
/// The longest transfer: more than one request carries.
pub(crate) const LONGEST: usize = 600 << 10;
/// Bytes that writes take theirs from.
pub(crate) const NOISE: usize = 2 * LONGEST;
/// Descriptors. The first can do everything.
pub(crate) const SLOTS: usize = 4;

/// What the mount supports.
#[derive(Clone, Copy)]
pub(crate) struct Can {
    pub(crate) map: bool,
    pub(crate) reserve: bool,
    pub(crate) punch: bool,
}

/// How a descriptor was opened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Both,
    Read,
    Write,
    Append,
    Direct,
}

/// The bytes of a write: a part of [`NOISE`] bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data {
    pub(crate) from: usize,
    pub(crate) len: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Read { fd: usize, at: u64, len: usize },
    ReadPieces { fd: usize, at: u64, len: usize },
    ReadOn { fd: usize, at: u64, len: usize },
    Write { fd: usize, at: u64, data: Data },
    WritePieces { fd: usize, at: u64, data: Data },
    WriteOn { fd: usize, at: u64, data: Data },
    Copy { from: u64, to: u64, len: usize },
    Truncate { by_path: bool, len: u64 },
    Punch { at: u64, len: u64 },
    Reserve { at: u64, len: u64 },
    Map { page: u64, pages: usize },
    MapRead { skip: usize, len: usize },
    MapWrite { skip: usize, data: Data },
    MapSync,
    Unmap,
    MapPrivate { page: u64, pages: usize },
    Sync { data_only: bool },
    Reopen { fd: usize, how: How, truncate: bool },
    Size,
    SeekData { at: u64 },
    Uncache,
    Everything,
}

/// Chooses operations.
pub(crate) struct Chooser {
    random: Rng,
    can: Can,
    size: u64,
    fds: [How; SLOTS],
}

impl Chooser {
    pub(crate) fn new(seed: u64, number: usize, can: Can) -> Chooser {
        Chooser {
            random: stream(seed, number),
            can,
            size: 0,
            fds: [How::Both; SLOTS],
        }
    }

    /// What is written.
    pub(crate) fn noise(&mut self) -> Vec<u8> {
        let mut noise = vec![0; NOISE];
        self.random.fill(&mut noise);
        noise
    }

    fn place(&mut self) -> u64 {
        let random = &mut self.random;
        let about = |random: &mut Rng, at: u64| (at + random.u64(..8)).saturating_sub(4);
        match random.u16(..2000) {
            0 => (1 << 32) + random.u64(..10_000),
            1 => (1 << random.u64(33..44)) - random.u64(..5000),
            2..600 => {
                let page = random.u64(..NEAR / PAGE) * PAGE;
                about(random, page)
            }
            600..800 => {
                let end = self.size;
                about(random, end)
            }
            800..900 => (self.size + random.u64(..9000)).saturating_sub(4500),
            900..1000 => about(random, 128 << 10),
            _ => random.u64(..NEAR),
        }
    }

    fn length(&mut self) -> usize {
        match self.random.u8(..200) {
            0 => 0,
            1 => self.random.usize(..LONGEST),
            2..10 => self.random.usize(..70_000),
            10..40 => self.random.usize(1..5) * PAGE as usize,
            40..100 => self.random.usize(1..100),
            _ => self.random.usize(1..9000),
        }
    }

    fn data(&mut self) -> Data {
        let len = self.length();
        let from = self.random.usize(..NOISE - len);
        Data { from, len }
    }

    /// A descriptor that can be read from (or written to).
    fn fd(&mut self, reads: bool) -> usize {
        let unfit = if reads { How::Write } else { How::Read };
        let fd = self.random.usize(..SLOTS);
        if self.fds[fd] == unfit { 0 } else { fd }
    }

    /// The next one, for a file of this size with these descriptors.
    pub(crate) fn choose(&mut self, size: u64, fds: [How; SLOTS]) -> Op {
        (self.size, self.fds) = (size, fds);
        let (at, len) = (self.place(), self.length());
        match self.random.u16(..1000) {
            0..220 => Op::Read {
                fd: self.fd(true),
                at,
                len,
            },
            220..240 => Op::ReadPieces {
                fd: self.fd(true),
                at,
                len,
            },
            240..280 => Op::ReadOn {
                fd: self.fd(true),
                at,
                len,
            },
            280..450 => Op::Write {
                fd: self.fd(false),
                at,
                data: self.data(),
            },
            450..470 => Op::WritePieces {
                fd: self.fd(false),
                at,
                data: self.data(),
            },
            470..500 => Op::WriteOn {
                fd: self.fd(false),
                at,
                data: self.data(),
            },
            500..510 => Op::Copy {
                from: at,
                to: self.place(),
                len,
            },
            510..580 => Op::Truncate {
                by_path: self.random.bool(),
                len: at,
            },
            580..610 if self.can.punch => Op::Punch {
                at,
                len: len.max(1) as u64,
            },
            610..630 if self.can.reserve => Op::Reserve {
                at,
                len: len.max(1) as u64,
            },
            630..650 if self.can.map => {
                let pages = self.random.usize(1..100);
                Op::Map {
                    page: at / PAGE,
                    pages,
                }
            }
            650..740 if self.can.map => {
                let skip = self.random.usize(..400_000);
                Op::MapRead { skip, len }
            }
            740..810 if self.can.map => {
                let skip = self.random.usize(..400_000);
                Op::MapWrite {
                    skip,
                    data: self.data(),
                }
            }
            810..825 if self.can.map => Op::MapSync,
            825..835 if self.can.map => Op::Unmap,
            835..840 => {
                let pages = self.random.usize(1..20);
                Op::MapPrivate {
                    page: at / PAGE,
                    pages,
                }
            }
            840..860 => Op::Sync {
                data_only: self.random.bool(),
            },
            860..900 => self.reopen(),
            900..910 => Op::SeekData { at },
            910..930 => Op::Uncache,
            930..932 => Op::Everything,
            _ => Op::Size,
        }
    }

    fn reopen(&mut self) -> Op {
        let fd = self.random.usize(..SLOTS);
        let ways = [How::Both, How::Read, How::Write, How::Append, How::Direct];
        let how = if fd == 0 {
            How::Both
        } else {
            ways[self.random.usize(..ways.len())]
        };
        let truncate = how != How::Read && self.random.u8(..20) == 0;
        Op::Reopen { fd, how, truncate }
    }
}
