//! `struct puffs_framebuf`: bytes that grow, and a cursor.
//!
//! A server and the library's queues hold the same buffer, each by a counted reference, and C changes it while we look; so everything
//! takes `&self`. What the library has it for, while it does, is noted in it.

use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::rc::Rc;

use super::queue::Then;

/// What a new buffer has room for.
const ROOM: usize = 4096;

/// A frame, whole or in the making.
pub struct Framebuf {
    /// Its contents, as many as is its size. There may be room for more.
    bytes: RefCell<Vec<u8>>,
    /// Where the next put or get begins; it may be behind the contents.
    cursor: Cell<usize>,
    /// What is to become of it; `None` unless it is in the library's hands.
    then: RefCell<Option<Then>>,
}

/// What cannot be done with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferError {
    /// There is no memory for so much.
    NoMemory,
    /// It does not hold so much.
    PastEnd,
}

impl BufferError {
    /// The errno value for C.
    pub const fn errno(self) -> i32 {
        match self {
            BufferError::NoMemory => libc::ENOMEM,
            BufferError::PastEnd => libc::ENOBUFS,
        }
    }
}

impl Framebuf {
    /// An empty one.
    ///
    /// # Errors
    /// [`BufferError::NoMemory`].
    pub fn new() -> Result<Rc<Self>, BufferError> {
        let buf = Framebuf {
            bytes: RefCell::default(),
            cursor: Cell::new(0),
            then: RefCell::new(None),
        };
        buf.reserve(ROOM)?;
        Ok(Rc::new(buf))
    }

    /// Another one with the same contents and cursor.
    ///
    /// # Errors
    /// [`BufferError::NoMemory`].
    pub fn dup(&self) -> Result<Rc<Self>, BufferError> {
        let other = Framebuf::new()?;
        other.put_at(0, &self.bytes.borrow())?;
        other.seek(self.cursor());
        Ok(other)
    }

    /// Makes it empty. Its memory stays.
    pub fn recycle(&self) {
        self.bytes.borrow_mut().clear();
        self.cursor.set(0);
    }

    /// Has room for so many bytes behind the cursor.
    ///
    /// # Errors
    /// [`BufferError::NoMemory`].
    pub fn reserve(&self, len: usize) -> Result<(), BufferError> {
        let end = end(self.cursor(), len)?;
        make_room(&mut self.bytes.borrow_mut(), end)
    }

    /// Writes at the cursor and moves it on.
    ///
    /// # Errors
    /// [`BufferError::NoMemory`]; nothing was written.
    pub fn put(&self, data: &[u8]) -> Result<(), BufferError> {
        self.put_at(self.cursor(), data)?;
        self.cursor.set(self.cursor() + data.len());
        Ok(())
    }

    /// Writes at `off`. What is between the contents so far and `off` becomes zero.
    ///
    /// # Errors
    /// [`BufferError::NoMemory`]; nothing was written.
    pub fn put_at(&self, off: usize, data: &[u8]) -> Result<(), BufferError> {
        let end = end(off, data.len())?;
        let mut bytes = self.bytes.borrow_mut();
        extend(&mut bytes, end)?;
        bytes[off..end].copy_from_slice(data);
        Ok(())
    }

    /// Reads at the cursor and moves it on.
    ///
    /// # Errors
    /// [`BufferError::PastEnd`]; nothing was read.
    pub fn get(&self, data: &mut [MaybeUninit<u8>]) -> Result<(), BufferError> {
        self.get_at(self.cursor(), data)?;
        self.cursor.set(self.cursor() + data.len());
        Ok(())
    }

    /// Reads at `off`.
    ///
    /// # Errors
    /// [`BufferError::PastEnd`]; nothing was read.
    pub fn get_at(&self, off: usize, data: &mut [MaybeUninit<u8>]) -> Result<(), BufferError> {
        let bytes = self.bytes.borrow();
        let found = off
            .checked_add(data.len())
            .and_then(|end| bytes.get(off..end))
            .ok_or(BufferError::PastEnd)?;
        data.write_copy_of_slice(found);
        Ok(())
    }

    /// Where the cursor is.
    pub fn cursor(&self) -> usize {
        self.cursor.get()
    }

    /// How much it holds.
    pub fn size(&self) -> usize {
        self.bytes.borrow().len()
    }

    /// How much of that is behind the cursor.
    pub fn remaining(&self) -> usize {
        self.size().saturating_sub(self.cursor())
    }

    /// Moves the cursor, also behind the contents, which stay as they are.
    ///
    /// # Errors
    /// [`BufferError::NoMemory`]: there could never be so much.
    pub fn seek_to(&self, off: usize) -> Result<(), BufferError> {
        end(off, 0)?;
        self.seek(off);
        Ok(())
    }

    pub(super) fn seek(&self, off: usize) {
        self.cursor.set(off);
    }

    /// Where the `len` bytes at `off` are, which belong to the contents from now on. Valid until something else is done with
    /// the buffer.
    ///
    /// # Errors
    /// [`BufferError::NoMemory`].
    pub fn window(&self, off: usize, len: usize) -> Result<*mut u8, BufferError> {
        let end = end(off, len)?;
        let mut bytes = self.bytes.borrow_mut();
        extend(&mut bytes, end)?;
        Ok(bytes.as_mut_ptr().wrapping_add(off))
    }

    /// Whether the library has it: it waits to be sent or answered, or is being read into.
    pub fn is_queued(&self) -> bool {
        self.then.borrow().is_some()
    }

    /// The library keeps it, until [`Framebuf::release`]: nobody may destroy it, or send it.
    pub fn hold(&self) {
        self.set_then(Some(Then::Reading));
    }

    /// The library gives it back.
    pub fn release(&self) {
        self.set_then(None);
    }

    /// What is to become of it.
    pub(super) fn then(&self) -> Option<Then> {
        *self.then.borrow()
    }

    /// The library takes it, or gives it back with `None`.
    pub(super) fn set_then(&self, then: Option<Then>) {
        self.then.replace(then);
    }

    /// Exchanges contents and cursors.
    pub(super) fn swap(&self, other: &Framebuf) {
        self.bytes.swap(&other.bytes);
        self.cursor.swap(&other.cursor);
    }
}

/// Where `len` bytes at `off` end. No memory is larger than half of all addresses.
fn end(off: usize, len: usize) -> Result<usize, BufferError> {
    off.checked_add(len)
        .filter(|end| *end <= isize::MAX as usize)
        .ok_or(BufferError::NoMemory)
}

fn make_room(bytes: &mut Vec<u8>, end: usize) -> Result<(), BufferError> {
    let more = end.saturating_sub(bytes.len());
    bytes.try_reserve(more).map_err(|_| BufferError::NoMemory)
}

/// Has contents up to `end` at least; new ones are zero.
fn extend(bytes: &mut Vec<u8>, end: usize) -> Result<(), BufferError> {
    if end > bytes.len() {
        make_room(bytes, end)?;
        bytes.resize(end, 0);
    }
    Ok(())
}
