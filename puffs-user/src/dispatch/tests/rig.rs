//! The server of these tests: it notes each call and answers as the test has set.

use std::cell::{Cell, RefCell};
use std::ptr;

use core::ffi::c_int;

use libc::timespec;
use puffs_core::msg::body::{self, Head};
use puffs_core::msg::{op, wire};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::rig_ops::refused;
pub(super) use super::rig_ops::{ALL, SECOND};
use crate::buffer::Buffer;
use crate::c::ops::puffs_ops;
use crate::dispatch::execute;
use crate::testing;
use crate::usermount::Usermount;
use crate::vtype::{VREG, Vtype};

/// What the server has seen and will answer.
pub(super) struct Rig {
    pub(super) calls: RefCell<Vec<String>>,
    /// The requests make sense, so the server checks what it gets.
    pub(super) sensible: Cell<bool>,
    /// Result of every operation but getattr.
    pub(super) rv: Cell<c_int>,
    pub(super) attr_rv: Cell<c_int>,
    /// What lookup and the creating operations say.
    pub(super) cookie: Cell<usize>,
    pub(super) vtype: Cell<Vtype>,
    pub(super) size: Cell<i64>,
    /// Attributes and lifetimes that go with it.
    pub(super) with_attr: Cell<bool>,
    /// What a transfer leaves undone, and by how much readdir overstates its cookies.
    pub(super) left: Cell<usize>,
    pub(super) cookies: Cell<usize>,
    pub(super) setback: Cell<u32>,
    /// Notices of refused answers: kind, error, cookie.
    pub(super) refused: RefCell<Vec<(u8, c_int, usize)>>,
}

/// A server of these tests and its context.
pub(super) struct Server {
    pub(super) pu: Box<Usermount>,
    pub(super) rig: Box<Rig>,
}

/// Cookie of the directory or node that requests name.
pub(super) const NODE: usize = 0x100;
/// Lifetimes that the server gives in these tests: of attributes and of names.
pub(super) const TTL: (timespec, timespec) = (
    timespec {
        tv_sec: 11,
        tv_nsec: 12,
    },
    timespec {
        tv_sec: 13,
        tv_nsec: 14,
    },
);

impl Server {
    pub(super) fn new(ops: &puffs_ops) -> Self {
        Self::with_flags(ops, 0)
    }

    pub(super) fn with_flags(ops: &puffs_ops, pflags: u32) -> Self {
        let rig = Box::new(Rig {
            calls: RefCell::default(),
            sensible: Cell::new(true),
            rv: Cell::new(0),
            attr_rv: Cell::new(0),
            cookie: Cell::new(0x200),
            vtype: Cell::new(VREG),
            size: Cell::new(77),
            with_attr: Cell::new(false),
            left: Cell::new(0),
            cookies: Cell::new(0),
            setback: Cell::new(0),
            refused: RefCell::default(),
        });
        let pu = testing::mount_with(ops, pflags);
        pu.settings()
            .set_specific(ptr::from_ref(&*rig).cast_mut().cast());
        pu.settings().errnotify.set(Some(refused));
        Server { pu, rig }
    }

    /// Executes a request with this body; the result and the answer.
    pub(super) fn send(&self, class: u8, optype: u8, body: &[u8]) -> (i32, Vec<u8>) {
        self.send_in(class, optype, body, 16 << 10)
    }

    /// The same in a buffer of `room` bytes.
    pub(super) fn send_in(
        &self,
        class: u8,
        optype: u8,
        body: &[u8],
        room: usize,
    ) -> (i32, Vec<u8>) {
        let mut buffer = Buffer::new(room).unwrap();
        buffer.bytes()[..body.len()].copy_from_slice(body);
        let mut req = wire::Req {
            id: 9,
            opclass: class,
            optype,
            cookie: NODE,
            auxlen: body.len(),
            ..wire::Req::default()
        };
        execute(&self.pu, &mut req, buffer.bytes());
        assert_eq!((req.id, req.opclass, req.optype), (9, class, optype));
        (req.rv, buffer.bytes()[..req.auxlen].to_vec())
    }

    /// Executes a request on the node and expects an answer.
    pub(super) fn ask<A: FromBytes>(
        &self,
        optype: u8,
        fixed: &(impl IntoBytes + Immutable),
        tail: &[u8],
    ) -> (A, Vec<u8>) {
        let (rv, answer) = self.send(op::CLASS_VN, optype, &bytes(fixed, tail));
        assert_eq!(rv, 0, "{:?}", self.calls());
        let (fixed, data) = A::read_from_prefix(&answer).unwrap();
        (fixed, data.to_vec())
    }

    /// Executes a request on the node and expects an error.
    pub(super) fn fail(
        &self,
        optype: u8,
        fixed: &(impl IntoBytes + Immutable),
        tail: &[u8],
    ) -> i32 {
        let (rv, answer) = self.send(op::CLASS_VN, optype, &bytes(fixed, tail));
        assert_ne!(rv, 0);
        assert!(answer.is_empty());
        rv
    }

    /// The calls since the last time.
    pub(super) fn calls(&self) -> Vec<String> {
        self.rig.calls.take()
    }
}

pub(super) fn bytes(fixed: &(impl IntoBytes + Immutable), tail: &[u8]) -> Vec<u8> {
    [fixed.as_bytes(), tail].concat()
}

/// A user's head.
pub(super) fn head() -> Head {
    Head {
        version: body::VERSION,
        cred: body::cred::USER,
        pid: 40,
        lwp: 41,
        uid: 5,
        gid: 7,
        ..Head::default()
    }
}
