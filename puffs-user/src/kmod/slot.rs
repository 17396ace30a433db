//! A request and the buffer that its body is in; and those that wait for the next fetch.

use puffs_core::msg::wire;

use crate::buffer::Buffer;

/// Requests that one call fetches at most.
pub(super) const FETCH: usize = 16;

/// A request with its buffer, in which its answer will be.
pub(super) struct Slot {
    /// The header, the answer's once it is executed.
    pub(super) req: wire::Req,
    pub(super) buffer: Buffer,
}

impl Slot {
    /// `None`: no memory.
    fn new(len: usize) -> Option<Box<Self>> {
        Some(Box::new(Slot {
            req: wire::Req::default(),
            buffer: Buffer::new(len)?,
        }))
    }

    /// The header by which its buffer is offered.
    pub(super) fn offer(&mut self) -> wire::Req {
        wire::Req {
            aux: self.buffer.addr(),
            auxlen: self.buffer.len(),
            ..wire::Req::default()
        }
    }
}

/// Slots without a request.
pub(super) struct Room {
    /// Bytes of a new buffer.
    len: usize,
    /// The last one is used first: its buffer is the one in the processor's cache.
    #[allow(clippy::vec_box)] // A task's slot stays where it is, in the box that it comes in.
    free: Vec<Box<Slot>>,
}

impl Room {
    pub(super) fn new(len: usize) -> Self {
        Room {
            len,
            free: Vec::new(),
        }
    }

    /// Takes one; `None`: no memory.
    pub(super) fn take(&mut self) -> Option<Box<Slot>> {
        self.free.pop().or_else(|| Slot::new(self.len))
    }

    /// Takes one back. A few more than a fetch needs, since one may be with its request meanwhile, and one with an answer: buffers are
    /// large, and a new one costs more than a request.
    pub(super) fn give(&mut self, slot: Box<Slot>) {
        if self.free.len() < FETCH + 2 {
            self.free.push(slot);
        }
    }

    /// Those for a fetch, the first one last: [`FETCH`] if there is memory. Memory of a new one is not touched before it is used.
    pub(super) fn all(&mut self) -> &mut [Box<Slot>] {
        while self.free.len() < FETCH
            && let Some(slot) = Slot::new(self.len)
        {
            self.free.insert(0, slot);
        }
        &mut self.free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_given_is_used_first_and_only_a_few_are_kept() {
        let mut room = Room::new(100);
        let mut many: Vec<_> = (0..2 * FETCH).map(|_| room.take().unwrap()).collect();
        assert!(room.free.is_empty());
        let mut last = many.pop().unwrap();
        room.give(last);
        last = room.take().unwrap();
        let at = last.buffer.addr();
        room.give(last);
        assert_eq!(room.all().len(), FETCH);
        assert_eq!(room.all().last_mut().unwrap().offer().aux, at);
        many.into_iter().for_each(|slot| room.give(slot));
        assert_eq!(room.free.len(), FETCH + 2);
    }
}
