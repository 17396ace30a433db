//! The server's buffers for message bodies, aligned so that data in them can be handed to C as any type.
//!
//! Each request being executed has one; an operation that is suspended keeps its own. All belong to [`Buffers`], also while
//! they are lent: the borrower's stack may be forgotten.

use std::cell::RefCell;

use zerocopy::IntoBytes;

type Unit = [u64; 2];

/// A buffer, zeroed once.
pub(crate) struct Buffer(Vec<Unit>);

impl Buffer {
    /// At least `len` bytes; `None` when there is no memory.
    pub(crate) fn new(len: usize) -> Option<Self> {
        let units = len.div_ceil(size_of::<Unit>());
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(units).ok()?;
        buffer.resize(units, Unit::default());
        Some(Buffer(buffer))
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        self.0.as_mut_slice().as_mut_bytes()
    }

    pub(crate) fn len(&self) -> usize {
        size_of_val(self.0.as_slice())
    }

    /// Its address for `preq_aux`.
    pub(crate) fn addr(&mut self) -> usize {
        self.0.as_mut_ptr().expose_provenance()
    }
}

/// The buffers of one server.
pub(crate) struct Buffers {
    len: usize,
    lent_or_free: RefCell<Places>,
}

#[derive(Default)]
struct Places {
    #[allow(clippy::vec_box)] // So that those that are lent stay where they are.
    all: Vec<Box<Buffer>>,
    free: Vec<usize>,
}

/// A buffer in use. Dropping it gives it back.
pub(crate) struct Lent<'b> {
    from: &'b Buffers,
    place: usize,
    buffer: *mut Buffer,
}

impl Buffers {
    /// None yet; each will have `len` bytes or more.
    pub(crate) fn new(len: usize) -> Self {
        Buffers {
            len,
            lent_or_free: RefCell::default(),
        }
    }

    /// Lends one; `None` when there is no memory.
    pub(crate) fn lend(&self) -> Option<Lent<'_>> {
        let mut places = self.lent_or_free.borrow_mut();
        let place = match places.free.pop() {
            Some(place) => place,
            None => {
                places.all.try_reserve(1).ok()?;
                let buffer = Box::new(Buffer::new(self.len)?);
                places.all.push(buffer);
                places.all.len() - 1
            }
        };
        let buffer = &raw mut *places.all[place];
        Some(Lent {
            from: self,
            place,
            buffer,
        })
    }
}

impl std::ops::Deref for Lent<'_> {
    type Target = Buffer;

    fn deref(&self) -> &Buffer {
        // SAFETY: the box lives as long as `from`, and its place is free for nobody else while it is lent.
        unsafe { &*self.buffer }
    }
}

impl std::ops::DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Buffer {
        // SAFETY: as above.
        unsafe { &mut *self.buffer }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.from.lent_or_free.borrow_mut().free.push(self.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_go_round_and_never_to_two() {
        let buffers = Buffers::new(100);
        let (mut a, mut b) = (buffers.lend().unwrap(), buffers.lend().unwrap());
        a.bytes()[0] = 1;
        b.bytes()[0] = 2;
        assert_eq!((a.bytes()[0], b.bytes()[0]), (1, 2));
        assert!(a.len() >= 100 && a.addr().is_multiple_of(16));
        let at = a.addr();
        drop(a);
        let mut c = buffers.lend().unwrap();
        assert_eq!(c.addr(), at);
        assert_ne!(c.addr(), b.addr());
    }
}
