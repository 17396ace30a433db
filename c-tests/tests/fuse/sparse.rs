//! A file in memory, with holes: what a file on the mount has to be equal to.

use std::collections::BTreeMap;

pub(crate) const PAGE: u64 = 4096;

/// The bytes of a file. Pages that are not there are zeros.
#[derive(Default)]
pub(crate) struct Sparse {
    pages: BTreeMap<u64, Box<[u8; PAGE as usize]>>,
    len: u64,
}

/// A range in pieces that lie within one page: page, place in it, place in the range, length.
fn pieces(at: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let pos = at + done as u64;
        let inside = (pos % PAGE) as usize;
        let n = (PAGE as usize - inside).min(len - done);
        let piece = (pos / PAGE, inside, done, n);
        done += n;
        (n > 0).then_some(piece)
    })
}

impl Sparse {
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Fills a buffer, with zeros past the end; the result is how much of it lies before the end.
    pub(crate) fn read(&self, at: u64, buf: &mut [u8]) -> usize {
        for (page, inside, done, n) in pieces(at, buf.len()) {
            match self.pages.get(&page) {
                Some(bytes) => buf[done..done + n].copy_from_slice(&bytes[inside..inside + n]),
                None => buf[done..done + n].fill(0),
            }
        }
        self.len.saturating_sub(at).min(buf.len() as u64) as usize
    }

    pub(crate) fn write(&mut self, at: u64, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        for (page, inside, done, n) in pieces(at, data.len()) {
            let bytes = self
                .pages
                .entry(page)
                .or_insert_with(|| Box::new([0; PAGE as usize]));
            bytes[inside..inside + n].copy_from_slice(&data[done..done + n]);
        }
        self.len = self.len.max(at + data.len() as u64);
    }

    /// Zeros, without a change of the size.
    pub(crate) fn punch(&mut self, at: u64, len: u64) {
        let end = at.saturating_add(len);
        let touched: Vec<u64> = self
            .pages
            .range(at / PAGE..end.div_ceil(PAGE))
            .map(|(page, _)| *page)
            .collect();
        for page in touched {
            let from = at.saturating_sub(page * PAGE).min(PAGE) as usize;
            let to = end.saturating_sub(page * PAGE).min(PAGE) as usize;
            if (from, to) == (0, PAGE as usize) {
                self.pages.remove(&page);
            } else if let Some(bytes) = self.pages.get_mut(&page) {
                bytes[from..to].fill(0);
            }
        }
    }

    pub(crate) fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.punch(len, u64::MAX - len);
        }
        self.len = len;
    }

    /// At least so long.
    pub(crate) fn reserve(&mut self, end: u64) {
        self.len = self.len.max(end);
    }

    /// The pages that may hold something other than zeros.
    pub(crate) fn pages(&self) -> impl Iterator<Item = u64> {
        self.pages.keys().copied()
    }
}

#[test]
fn holds_what_was_written() {
    // Against the plainest model there is: all bytes one after the other.
    let mut random = fastrand::Rng::with_seed(7);
    let (mut sparse, mut plain) = (Sparse::default(), Vec::new());
    for step in 0..5000 {
        let (at, len) = (random.usize(..20_000), random.usize(..9000));
        match random.u8(..4) {
            0 | 1 => {
                let data = vec![random.u8(1..); len];
                if len > 0 && plain.len() < at + len {
                    plain.resize(at + len, 0);
                }
                if len > 0 {
                    plain[at..at + len].copy_from_slice(&data);
                }
                sparse.write(at as u64, &data);
            }
            2 => {
                plain.resize(at, 0);
                sparse.set_len(at as u64);
            }
            _ => {
                let end = plain.len().min(at + len);
                plain[at.min(end)..end].fill(0);
                sparse.punch(at as u64, len as u64);
            }
        }
        let mut bytes = vec![1; 30_000];
        assert_eq!(sparse.read(0, &mut bytes), plain.len(), "step {step}");
        assert!(bytes[..plain.len()] == plain[..], "step {step}");
        assert!(bytes[plain.len()..].iter().all(|byte| *byte == 0));
    }
}
