//! A server's memory, twice: as the queue sees it, and as it should be.

use puffs_core::UserAddr;

use super::script::{Addr, Place};
use crate::common::{Region, memory};

/// Bytes of one server thread, most of them in no region.
const LEN: usize = 1024;
const HEADER: usize = 64;
const AUX: usize = 192;
const READ_ONLY: usize = 512;
const WRITE_ONLY: usize = 704;
const UNREGISTERED: usize = 900;

/// A region: start, length, readable, writable.
type Range = (usize, usize, bool, bool);

pub(crate) struct Memory {
    real: Vec<u64>,
    expected: Vec<u8>,
    ranges: Vec<Range>,
}

impl Memory {
    pub(crate) fn new(seed: u8) -> Self {
        let expected: Vec<u8> = (0..LEN)
            .map(|at| (at as u8).wrapping_mul(31) ^ seed)
            .collect();
        let mut new = Memory {
            real: vec![0; LEN / 8],
            expected: Vec::new(),
            ranges: Vec::new(),
        };
        let base = new.base();
        new.ranges = vec![
            (base + HEADER, 40, true, true),
            (base + AUX, 256, true, true),
            (base + READ_ONLY, 128, true, false),
            (base + WRITE_ONLY, 128, false, true),
        ];
        new.expected = expected.clone();
        new.scribble(base, &expected);
        for &(start, len, readable, writable) in &new.ranges {
            let region = Region {
                len,
                readable,
                writable,
                watch: None,
            };
            memory().insert(start, region);
        }
        new
    }

    fn base(&self) -> usize {
        self.real.as_ptr().expose_provenance()
    }

    fn start(&self, place: Place) -> usize {
        match place {
            Place::Header => self.base() + HEADER,
            Place::Aux => self.base() + AUX,
            Place::ReadOnly => self.base() + READ_ONLY,
            Place::WriteOnly => self.base() + WRITE_ONLY,
            Place::Unregistered => self.base() + UNREGISTERED,
            Place::Null => 0,
            Place::Wild(addr) => addr,
        }
    }

    pub(crate) fn addr(&self, addr: Addr) -> UserAddr {
        UserAddr(self.start(addr.place).wrapping_add(addr.offset))
    }

    pub(crate) fn at(&self, place: Place) -> UserAddr {
        UserAddr(self.start(place))
    }

    /// The server writes, whatever the regions allow to the queue.
    pub(crate) fn scribble(&mut self, addr: usize, bytes: &[u8]) {
        let at = addr - self.base();
        self.expected[at..][..bytes.len()].copy_from_slice(bytes);
        zerocopy::IntoBytes::as_mut_bytes(&mut self.real[..])[at..][..bytes.len()]
            .copy_from_slice(bytes);
    }

    pub(crate) fn protect(&mut self, place: Place, readable: bool, writable: bool) {
        let start = self.start(place);
        for range in self.ranges.iter_mut().filter(|range| range.0 == start) {
            (range.2, range.3) = (readable, writable);
        }
        if let Some(region) = memory().get_mut(&start) {
            (region.readable, region.writable) = (readable, writable);
        }
    }

    fn within(&self, addr: UserAddr, len: usize, allows: fn(&Range) -> bool) -> Option<usize> {
        let end = addr.0.checked_add(len)?;
        let inside = |range: &&Range| range.0 <= addr.0 && end <= range.0 + range.1;
        let range = self.ranges.iter().find(inside)?;
        allows(range).then(|| addr.0 - self.base())
    }

    /// What a copy from here gives.
    pub(crate) fn read(&self, addr: UserAddr, len: usize) -> Option<Vec<u8>> {
        if len == 0 {
            return Some(Vec::new());
        }
        let at = self.within(addr, len, |range| range.2)?;
        Some(self.expected[at..][..len].to_vec())
    }

    /// What a copy to here should do; false: it faults.
    pub(crate) fn write(&mut self, addr: UserAddr, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            return true;
        }
        let Some(at) = self.within(addr, bytes.len(), |range| range.3) else {
            return false;
        };
        self.expected[at..][..bytes.len()].copy_from_slice(bytes);
        true
    }

    /// All bytes are what they should be, in the regions and between them.
    pub(crate) fn check(&self) {
        assert!(
            zerocopy::IntoBytes::as_bytes(&self.real[..]) == &self.expected[..],
            "a server's memory is not what it should be"
        );
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let mut memory = memory();
        for range in &self.ranges {
            memory.remove(&range.0);
        }
    }
}
