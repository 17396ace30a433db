//! The server's buffers for message bodies, aligned so that data in them can be handed to C as any type.
//!
//! Each request being executed has one; an operation that is suspended keeps its own. All belong to [`Buffers`], also while
//! they are lent: the borrower's stack may be forgotten.

use std::alloc::Layout;
use std::cell::RefCell;

use zerocopy::IntoBytes;

type Unit = [u64; 2];

/// Buffers kept that nobody uses.
const KEPT: usize = 16;

/// A buffer, zeroed once.
pub(crate) struct Buffer(Vec<Unit>);

impl Buffer {
    /// At least `len` bytes; `None` when there is no memory.
    pub(crate) fn new(len: usize) -> Option<Self> {
        let units = len.div_ceil(size_of::<Unit>()).max(1);
        let layout = Layout::array::<Unit>(units).ok()?;
        // Memory that comes zeroed is not touched before it is used.
        // SAFETY: the layout has a size; zeroes are values of the type, and the vector is told what was allocated.
        unsafe {
            let at = std::alloc::alloc_zeroed(layout).cast::<Unit>();
            (!at.is_null()).then(|| Buffer(Vec::from_raw_parts(at, units, units)))
        }
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
    all: Vec<Option<Box<Buffer>>>,
    /// Places of buffers that are not lent.
    free: Vec<usize>,
    /// Places without a buffer.
    empty: Vec<usize>,
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
                let buffer = Box::new(Buffer::new(self.len)?);
                let place = places.empty.pop().unwrap_or_else(|| {
                    places.all.push(None);
                    places.all.len() - 1
                });
                places.all[place] = Some(buffer);
                place
            }
        };
        let buffer = &raw mut **places.all[place].as_mut()?;
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
        let mut places = self.from.lent_or_free.borrow_mut();
        if places.free.len() < KEPT {
            places.free.push(self.place);
        } else {
            places.all[self.place] = None;
            places.empty.push(self.place);
        }
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
        drop((b, c));
        let many: Vec<_> = (0..50).map(|_| buffers.lend().unwrap()).collect();
        drop(many);
        let places = buffers.lent_or_free.borrow();
        let there = places.all.iter().flatten().count();
        assert_eq!(
            (there, places.free.len(), places.empty.len()),
            (KEPT, KEPT, 50 - KEPT)
        );
    }
}
