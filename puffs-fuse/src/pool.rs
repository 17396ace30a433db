//! Buffers that go round: from a read of `/dev/fuse` into a message, back with its answer, into the next.

use std::cell::RefCell;

use puffs_core::msg::body::ROOM;
use puffs_core::platform::Hosted;
use puffs_core::{Buf, Errno};

/// Unused buffers kept of each size.
const KEPT: usize = 4;

/// Buffers of two sizes, for one thread.
pub(crate) struct Pool {
    large: usize,
    spare: RefCell<[Vec<Buf<Hosted>>; 2]>,
}

impl Pool {
    /// A pool whose large buffers have `large` bytes.
    pub(crate) fn new(large: usize) -> Self {
        Pool {
            large,
            spare: RefCell::default(),
        }
    }

    /// Bytes in a large buffer.
    pub(crate) fn large(&self) -> usize {
        self.large
    }

    /// A buffer of `len` bytes or more, with any contents.
    ///
    /// # Errors
    /// [`Errno::Inval`] when there is none so large; [`Errno::NoMem`].
    pub(crate) fn take(&self, len: usize) -> Result<Buf<Hosted>, Errno> {
        let (class, size) = match len {
            0..=ROOM => (0, ROOM),
            len if len <= self.large => (1, self.large),
            _ => return Err(Errno::Inval),
        };
        match self.spare.borrow_mut()[class].pop() {
            Some(buf) => Ok(buf),
            None => Buf::new(size),
        }
    }

    /// Takes a buffer back.
    pub(crate) fn give(&self, buf: Buf<Hosted>) {
        let class = match buf.len() {
            ROOM => 0,
            len if len == self.large => 1,
            _ => return,
        };
        let spare = &mut self.spare.borrow_mut()[class];
        if spare.len() < KEPT {
            spare.push(buf);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_go_round() {
        let pool = Pool::new(64 << 10);
        let small = pool.take(10).unwrap();
        let large = pool.take(ROOM + 1).unwrap();
        assert_eq!((small.len(), large.len()), (ROOM, 64 << 10));
        let address = large.as_ptr();
        pool.give(small);
        pool.give(large);
        assert_eq!(pool.take(64 << 10).unwrap().as_ptr(), address);
        assert_eq!(pool.take((64 << 10) + 1).err(), Some(Errno::Inval));
        pool.give(Buf::new(5).unwrap());
        assert_eq!(pool.take(5).unwrap().len(), ROOM);
    }
}
