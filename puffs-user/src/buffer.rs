//! The server's buffer for message bodies, aligned so that data in it can be handed to C as any type.

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
