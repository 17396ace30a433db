//! Buffers by themselves, against a model: bytes by their places.

use std::collections::BTreeMap;
use std::mem::MaybeUninit;

use proptest::collection::vec;
use proptest::prelude::*;

use super::rig::{contents, holding};
use crate::frame::{BufferError, Framebuf};

fn get(buf: &Framebuf, len: usize) -> Result<Vec<u8>, BufferError> {
    let mut bytes = vec![MaybeUninit::new(0); len];
    buf.get(&mut bytes)?;
    // SAFETY: written when it was made, and by that.
    Ok(bytes.iter().map(|b| unsafe { b.assume_init() }).collect())
}

#[test]
fn what_is_put_can_be_got() {
    let buf = Framebuf::new().unwrap();
    assert_eq!((buf.cursor(), buf.size(), buf.remaining()), (0, 0, 0));
    buf.put(b"abc").unwrap();
    buf.put(b"def").unwrap();
    assert_eq!((buf.cursor(), buf.size(), buf.remaining()), (6, 6, 0));
    buf.seek_to(2).unwrap();
    assert_eq!(buf.remaining(), 4);
    assert_eq!(get(&buf, 2).unwrap(), b"cd");
    assert_eq!(get(&buf, 3), Err(BufferError::PastEnd));
    assert_eq!(
        (buf.cursor(), BufferError::PastEnd.errno()),
        (4, libc::ENOBUFS)
    );
}

#[test]
fn a_cursor_behind_the_end_changes_nothing_until_something_is_put() {
    let buf = holding(b"ab");
    buf.seek_to(4).unwrap();
    assert_eq!((buf.size(), buf.remaining()), (2, 0));
    assert_eq!(get(&buf, 1), Err(BufferError::PastEnd));
    buf.put(b"xyz").unwrap();
    assert_eq!((buf.size(), buf.cursor()), (7, 7));
    assert_eq!(contents(&buf), b"ab\0\0xyz");
}

#[test]
fn an_empty_one_has_nothing_of_what_was_there_before() {
    let buf = holding(&[0xff; 5000]);
    buf.recycle();
    assert_eq!((buf.cursor(), buf.size()), (0, 0));
    buf.put_at(9, b"x").unwrap();
    assert_eq!(
        (buf.cursor(), contents(&buf)),
        (0, b"\0\0\0\0\0\0\0\0\0x".to_vec())
    );
}

#[test]
fn a_window_is_part_of_the_contents() {
    let buf = holding(b"abcd");
    let at = buf.window(2, 4).unwrap();
    // SAFETY: four bytes are there.
    let window = unsafe { std::slice::from_raw_parts_mut(at, 4) };
    assert_eq!(window, b"cd\0\0");
    window.copy_from_slice(b"wxyz");
    assert_eq!((contents(&buf), buf.cursor()), (b"abwxyz".to_vec(), 4));
    buf.window(9, 0).unwrap();
    assert_eq!(buf.size(), 9);
}

#[test]
fn a_copy_is_by_itself() {
    let buf = holding(b"abcd");
    buf.seek_to(1).unwrap();
    let copy = buf.dup().unwrap();
    buf.put(b"x").unwrap();
    assert_eq!((copy.cursor(), contents(&copy)), (1, b"abcd".to_vec()));
}

#[test]
fn room_can_be_had_in_advance() {
    let buf = holding(b"abcd");
    buf.reserve(1 << 20).unwrap();
    let before = buf.window(0, 4).unwrap();
    buf.put(&vec![1; 1 << 20]).unwrap();
    assert_eq!(buf.window(0, 4).unwrap(), before, "it has not moved");
}

#[test]
fn there_is_no_memory_for_everything() {
    let buf = holding(b"abcd");
    let none = Err(BufferError::NoMemory);
    for len in [usize::MAX, usize::MAX - 3, isize::MAX as usize - 3] {
        assert_eq!(buf.reserve(len), none);
        assert_eq!(buf.window(4, len).map(drop), none);
    }
    for off in [usize::MAX, isize::MAX as usize] {
        assert_eq!(buf.put_at(off, b"x"), none);
    }
    assert_eq!(buf.seek_to(usize::MAX), none);
    buf.seek_to(isize::MAX as usize).unwrap();
    assert_eq!(buf.put(b"x"), none);
    let mut byte = [MaybeUninit::new(0)];
    assert_eq!(buf.get_at(usize::MAX, &mut byte), Err(BufferError::PastEnd));
    assert_eq!(
        (contents(&buf), BufferError::NoMemory.errno()),
        (b"abcd".to_vec(), libc::ENOMEM)
    );
}

/// What can be done with a buffer.
#[derive(Clone, Debug)]
enum Step {
    Put(Vec<u8>),
    PutAt(usize, Vec<u8>),
    Get(usize),
    GetAt(usize, usize),
    Seek(usize),
    Window(usize, Vec<u8>),
    Reserve(usize),
    Recycle,
    Dup,
}

fn step() -> impl Strategy<Value = Step> {
    let place = || prop_oneof![9 => 0..40_usize, 1 => 0..9000_usize];
    let data = || prop_oneof![9 => vec(any::<u8>(), 0..20), 1 => vec(any::<u8>(), 4000..5000)];
    prop_oneof![
        4 => data().prop_map(Step::Put),
        2 => (place(), data()).prop_map(|(off, data)| Step::PutAt(off, data)),
        3 => place().prop_map(Step::Get),
        2 => (place(), place()).prop_map(|(off, len)| Step::GetAt(off, len)),
        3 => place().prop_map(Step::Seek),
        2 => (place(), data()).prop_map(|(off, data)| Step::Window(off, data)),
        1 => place().prop_map(Step::Reserve),
        1 => Just(Step::Recycle),
        1 => Just(Step::Dup),
    ]
}

/// Bytes that were written, by their places; all others are zero.
#[derive(Default)]
struct Model {
    bytes: BTreeMap<usize, u8>,
    size: usize,
    cursor: usize,
}

impl Model {
    fn write(&mut self, off: usize, data: &[u8]) {
        self.bytes
            .extend(data.iter().enumerate().map(|(i, b)| (off + i, *b)));
        self.size = self.size.max(off + data.len());
    }

    fn read(&self, off: usize, len: usize) -> Result<Vec<u8>, BufferError> {
        if off + len > self.size {
            return Err(BufferError::PastEnd);
        }
        let byte = |at| self.bytes.get(&at).copied().unwrap_or(0);
        Ok((off..off + len).map(byte).collect())
    }
}

proptest! {
    #[test]
    fn a_buffer_does_what_the_model_does(steps in vec(step(), 1..40)) {
        let mut buf = Framebuf::new().unwrap();
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Put(data) => {
                    buf.put(&data).unwrap();
                    model.write(model.cursor, &data);
                    model.cursor += data.len();
                }
                Step::PutAt(off, data) => {
                    buf.put_at(off, &data).unwrap();
                    model.write(off, &data);
                }
                Step::Get(len) => {
                    let wanted = model.read(model.cursor, len);
                    model.cursor += wanted.as_ref().map_or(0, Vec::len);
                    prop_assert_eq!(get(&buf, len), wanted);
                }
                Step::GetAt(off, len) => {
                    let cursor = buf.cursor();
                    buf.seek_to(off).unwrap();
                    prop_assert_eq!(get(&buf, len), model.read(off, len));
                    buf.seek_to(cursor).unwrap();
                }
                Step::Seek(off) => {
                    buf.seek_to(off).unwrap();
                    model.cursor = off;
                }
                Step::Window(off, data) => {
                    let at = buf.window(off, data.len()).unwrap();
                    // SAFETY: so many bytes are there.
                    unsafe { at.copy_from_nonoverlapping(data.as_ptr(), data.len()) };
                    model.write(off, &data);
                }
                Step::Reserve(len) => buf.reserve(len).unwrap(),
                Step::Recycle => {
                    buf.recycle();
                    model = Model::default();
                }
                Step::Dup => buf = buf.dup().unwrap(),
            }
            prop_assert_eq!(buf.cursor(), model.cursor);
            prop_assert_eq!(buf.size(), model.size);
            prop_assert_eq!(buf.remaining(), model.size.saturating_sub(model.cursor));
        }
        prop_assert_eq!(Ok(contents(&buf)), model.read(0, model.size));
    }
}
