//! Batches, and data beside a request: what such a call is said to give and to leave in the server's memory.

use std::mem::offset_of;

use proptest::sample::Index;
use puffs_core::msg::op::{CLASS_VN, vn};
use puffs_core::msg::wire::{Batch, Req, SizeOp};
use puffs_core::{Buf, Cookie, Direction, Errno, Outgoing, Platform, SizeOps, Status, UserAddr};
use zerocopy::IntoBytes;

use super::script::{Addr, Step};
use super::world::{Beside, Op, World};
use super::{BODY, GET, PUT};
use crate::common::*;

impl World {
    /// Puts bytes where a call should.
    pub(super) fn leaves(&mut self, addr: UserAddr, bytes: &[u8]) -> Result<(), Errno> {
        self.reaches(addr, bytes.len())?;
        if let Some(at) = self.inside(addr, bytes.len()) {
            self.memory.as_mut_bytes()[at..][..bytes.len()].copy_from_slice(bytes);
        }
        Ok(())
    }

    /// What a batch gives, and leaves in the server's memory.
    pub(super) fn batches(&mut self, open: usize, arg: UserAddr) -> Result<(), Errno> {
        self.alive(open)?;
        let batch: Batch = self.read(arg)?;
        if batch.nput > 1024 || batch.nget > 1024 || batch.flags > 1 {
            return Err(Errno::Inval);
        }
        let header = |first: usize, at: usize| UserAddr(first.wrapping_add(at * size_of::<Req>()));
        let mut outcome = Ok(());
        for at in (0..batch.nput).map(|at| header(batch.put, at)) {
            let answer: Req = match self.read(at) {
                Ok(answer) => answer,
                Err(error) => {
                    outcome = outcome.and(Err(error));
                    continue;
                }
            };
            if answer.id == 0 {
                continue;
            }
            let put = self.puts(open, at);
            let told = Req {
                id: 0,
                rv: put.err().map_or(0, Probe::errno),
                ..answer
            };
            self.leaves(at, told.as_bytes()).unwrap();
            outcome = outcome.and(put);
        }
        outcome?;
        for fetched in 0..batch.nget {
            match self.gets_all(open, header(batch.get, fetched), fetched == 0) {
                Ok(()) => {
                    let count = UserAddr(arg.0 + offset_of!(Batch, nget));
                    self.leaves(count, (fetched + 1).as_bytes()).unwrap();
                }
                Err(error) if fetched == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// What a getop gives, and leaves in the server's memory.
    /// The `first` of a call says what it would have needed.
    pub(super) fn gets_all(
        &mut self,
        open: usize,
        arg: UserAddr,
        first: bool,
    ) -> Result<(), Errno> {
        let offered = self.read::<Req>(arg);
        let needed = self.behind(open).ok().and_then(|mount| {
            let (_, len) = *self.mounts[mount].touser.front()?;
            Some(len)
        });
        match self.gets(open, arg) {
            Ok(header) => {
                self.leaves(UserAddr(header.aux), &vec![0; header.auxlen])?;
                self.leaves(arg, header.as_bytes())
            }
            Err(Errno::TooBig) if first => {
                let told = Req {
                    auxlen: needed.unwrap(),
                    ..offered?
                };
                self.leaves(arg, told.as_bytes())?;
                Err(Errno::TooBig)
            }
            Err(error) => Err(error),
        }
    }

    /// An instance, and the id of a request there that awaits its answer and has buffers beside it.
    pub(super) fn with_buffers(&self, which: &Index) -> Option<(usize, u64)> {
        let awaited = |set: &&Beside| {
            let mut awaited = self.mounts[set.mount].awaited.iter();
            awaited.any(|&(id, _)| id == set.id)
        };
        let bound = |set: &Beside| Some((self.bound(set.mount)?, set.id));
        let all: Vec<_> = self.sets.iter().filter(awaited).filter_map(bound).collect();
        (!all.is_empty()).then(|| *which.get(&all))
    }

    /// The server of this mount, if it has one, fetches all that there is.
    pub(super) fn fetch(&mut self, mount: usize) {
        let Some(open) = self.bound(mount) else {
            return;
        };
        let arg = self.addr(Addr::Header);
        loop {
            self.write(&Req {
                aux: self.addr(Addr::Inside(BODY)).0,
                auxlen: 120,
                ..Req::default()
            });
            let wanted = self.gets(open, arg).map(drop);
            assert_eq!(self.opens[open].instance.getop(arg, true), wanted);
            if wanted.is_err() {
                return;
            }
        }
    }

    /// What a sizeop gives, and leaves in the server's memory.
    pub(super) fn sizes(&mut self, open: usize, arg: UserAddr) -> Result<(), Errno> {
        let mount = self.alive(open)?;
        let asked: SizeOp = self.read(arg)?;
        if self.mounts[mount].status == Status::Mounting {
            return Err(Errno::Inval);
        }
        let awaited = &self.mounts[mount].awaited;
        if asked.reqid == 0 || !awaited.iter().any(|&(id, _)| id == asked.reqid) {
            return Err(Errno::Inval);
        }
        let mut sets = self.sets.iter();
        let set = sets.position(|set| (set.mount, set.id) == (mount, asked.reqid));
        let set = set.ok_or(Errno::Inval)?;
        let mut ops = self.sets[set].ops.iter();
        let at = ops.position(|op| op.moved.is_none()).ok_or(Errno::Inval)?;
        let op = &self.sets[set].ops[at];
        let len = op.data.len().min(asked.bufsize);
        let server = UserAddr(asked.userbuf);
        self.reaches(server, len)?;
        match (op.direction, self.inside(server, len)) {
            (Direction::Out, _) => {
                let bytes = op.data[..len].to_vec();
                self.leaves(server, &bytes)?;
            }
            (Direction::In, Some(from)) => {
                let bytes = self.memory.as_bytes()[from..][..len].to_vec();
                self.sets[set].ops[at].data[..len].copy_from_slice(&bytes);
            }
            (Direction::In, None) => {}
        }
        let count = UserAddr(arg.0 + offset_of!(SizeOp, bufsize));
        self.leaves(count, len.as_bytes())?;
        self.sets[set].ops[at].moved = Some(len);
        Ok(())
    }

    /// What `wanted` says of a call that `real` makes, and of the memory after it.
    pub(super) fn same(
        &mut self,
        wanted: impl FnOnce(&mut Self) -> Result<(), Errno>,
        real: impl FnOnce(&Self) -> Result<(), Errno>,
        step: &Step,
    ) {
        let before = self.memory.clone();
        let wanted = wanted(self);
        let after = self.memory.clone();
        self.memory.copy_from_slice(&before);
        assert_eq!(real(self), wanted, "{step:?}");
        assert!(self.memory == after, "the server's memory after {step:?}");
    }

    /// A request comes with buffers beside it.
    pub(super) fn beside(&mut self, mount: usize, len: usize, buffers: &[(bool, usize)]) {
        let real = &self.mounts[mount].mount;
        let id = real.next_id();
        let dying = self.mounts[mount].status == Status::Dying;
        let set = match SizeOps::new(real, id) {
            Ok(set) => set,
            Err(error) => return assert!(dying && error == Errno::Nxio),
        };
        let mut ops = Vec::new();
        for &(from, len) in buffers {
            let direction = [Direction::Out, Direction::In][usize::from(from)];
            let data = vec![len as u8; len];
            let buf = Buf::copy_of(&data, len).unwrap();
            assert_eq!(set.add(direction, buf), Ok(()));
            ops.push(Op {
                direction,
                data,
                moved: None,
            });
        }
        let out = Outgoing::vn(vn::GETATTR, Cookie(1), Buf::new(len).unwrap());
        let done = |_: Result<puffs_core::Answer<Probe>, Errno>| {};
        let begun = real.submit_as(out, Some(id), Box::new(done));
        assert_eq!(begun.map(drop), self.enters(mount, false, len));
        self.sets.push(Beside {
            mount,
            id: id.0,
            set,
            ops,
        });
    }

    pub(super) fn takes_back(&mut self, at: usize) {
        let Beside { set, ops, .. } = self.sets.remove(at);
        let results = set.finish();
        let came = results.iter().map(|one| Op {
            direction: one.direction,
            data: one.data.as_ref().unwrap().to_vec(),
            moved: one.moved,
        });
        assert_eq!(came.collect::<Vec<_>>(), ops);
    }

    /// Writes a batch and its lists.
    pub(super) fn lay_out(&mut self, step: &Step) {
        let Step::Batch {
            answers,
            rooms,
            put,
            get,
            more,
            flags,
            ..
        } = step
        else {
            unreachable!("it is a batch");
        };
        for (at, &(id, auxlen, aux)) in answers.iter().enumerate() {
            let aux = self.addr(aux).0;
            let header = Req {
                id,
                opclass: CLASS_VN,
                optype: vn::GETATTR,
                aux,
                auxlen,
                ..Req::default()
            };
            self.write_at(PUT + at * size_of::<Req>(), header.as_bytes());
        }
        for (at, &(aux, auxlen)) in rooms.iter().enumerate() {
            let aux = self.addr(aux).0;
            let header = Req {
                aux,
                auxlen,
                ..Req::default()
            };
            self.write_at(GET + at * size_of::<Req>(), header.as_bytes());
        }
        let batch = Batch {
            put: self.addr(put.unwrap_or(Addr::Inside(PUT))).0,
            nput: answers.len().wrapping_add(more.0),
            get: self.addr(get.unwrap_or(Addr::Inside(GET))).0,
            nget: rooms.len().wrapping_add(more.1),
            flags: *flags,
        };
        self.write_at(0, batch.as_bytes());
    }

    pub(super) fn write_at(&mut self, at: usize, bytes: &[u8]) {
        self.memory.as_mut_bytes()[at..][..bytes.len()].copy_from_slice(bytes);
    }
}
