//! A server that answers what a test tells it to.

use std::cell::RefCell;
use std::vec::Vec;

use puffs_core::platform::Hosted;
use puffs_core::{Answer, Buf, Cookie, Errno, Outgoing};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::call::{Broken, Caller};
use puffs_core::msg::OpSet;

/// The bytes of a request and who it was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) class: u8,
    pub(crate) optype: u8,
    pub(crate) cookie: usize,
    pub(crate) bytes: Vec<u8>,
    pub(crate) faf: bool,
}

pub(crate) struct Fake {
    pub(crate) ops: OpSet,
    pub(crate) root: usize,
    /// What the next call gets.
    next: RefCell<Result<(i32, Vec<u8>), Errno>>,
    pub(crate) sent: RefCell<Vec<Sent>>,
    pub(crate) told: RefCell<Vec<Broken>>,
    pub(crate) recycled: RefCell<usize>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Fake {
            ops: OpSet::ALL,
            root: 0x1000,
            next: RefCell::new(Ok((0, Vec::new()))),
            sent: RefCell::default(),
            told: RefCell::default(),
            recycled: RefCell::new(0),
        }
    }

    /// The next call gets this answer.
    pub(crate) fn answer(&self, fixed: &(impl IntoBytes + Immutable), tail: &[u8]) -> &Self {
        let mut bytes = fixed.as_bytes().to_vec();
        bytes.extend_from_slice(tail);
        *self.next.borrow_mut() = Ok((0, bytes));
        self
    }

    pub(crate) fn result(&self, rv: i32) -> &Self {
        *self.next.borrow_mut() = Ok((rv, Vec::new()));
        self
    }

    pub(crate) fn refuse(&self, errno: Errno) -> &Self {
        *self.next.borrow_mut() = Err(errno);
        self
    }

    /// The last request, and its fixed part.
    pub(crate) fn last<T: FromBytes>(&self) -> (Sent, T) {
        let sent = self.sent.borrow().last().unwrap().clone();
        let (fixed, _) = T::read_from_prefix(&sent.bytes).unwrap();
        (sent, fixed)
    }

    fn note(&self, out: &Outgoing<Hosted>, faf: bool) {
        self.sent.borrow_mut().push(Sent {
            class: out.class,
            optype: out.optype,
            cookie: out.cookie.0,
            bytes: out.body[..out.copylen].to_vec(),
            faf,
        });
    }
}

impl Caller<Hosted> for Fake {
    fn call(&self, out: Outgoing<Hosted>) -> Result<Answer<Hosted>, Errno> {
        self.note(&out, false);
        let (rv, bytes) = self.next.borrow().clone()?;
        let mut body = out.body;
        assert!(bytes.len() <= body.len(), "no room for the answer");
        body[..bytes.len()].copy_from_slice(&bytes);
        Ok(Answer {
            rv,
            body,
            len: bytes.len(),
        })
    }

    fn send(&self, out: Outgoing<Hosted>) -> Result<(), Errno> {
        self.note(&out, true);
        Ok(())
    }

    fn broken(&self, broken: Broken, _cookie: Cookie) {
        self.told.borrow_mut().push(broken);
    }

    fn root(&self) -> Cookie {
        Cookie(self.root)
    }

    fn ops(&self) -> OpSet {
        self.ops
    }

    fn max(&self) -> usize {
        64 << 10
    }

    fn recycle(&self, _body: Buf<Hosted>) {
        *self.recycled.borrow_mut() += 1;
    }
}
