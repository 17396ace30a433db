//! Steps of a script that need more room: callers that register buffers, and the memory of a batch.

use puffs_core::msg::wire::{Batch, Req};
use puffs_core::{Buf, Direction, ReqId, SizeOps};
use zerocopy::IntoBytes;

use super::memory::Memory;
use super::model::sizes::Op;
use super::script::{Addr, Call, Form, Id, Out, Place, Rise};
use super::world::World;

impl World {
    /// A caller registers buffers.
    pub(super) fn register(&mut self, id: u64, buffers: &[(bool, usize)]) {
        let real = SizeOps::new(&self.mount, ReqId(id));
        let expected = self.model.register(id);
        let (real, set) = match (real, expected) {
            (Ok(real), Ok(set)) => (real, set),
            (real, expected) => {
                return assert_eq!(real.map(|_| 0), expected, "registers for {id}");
            }
        };
        for (at, &(from, len)) in buffers.iter().enumerate() {
            let direction = match from {
                true => Direction::In,
                false => Direction::Out,
            };
            let bytes = vec![at as u8 + 100; len];
            let added = real.add(direction, Buf::copy_of(&bytes, len).unwrap());
            assert_eq!(added, self.model.add(set, direction, bytes));
        }
        self.sets.push((set, real));
    }

    /// A caller comes with buffers beside its request.
    pub(super) fn beside(&mut self, form: Option<Form>, out: &Out, buffers: &[(bool, usize)]) {
        let id = self.mount.next_id().0;
        assert_eq!(id, self.model.fresh_id());
        self.register(id, buffers);
        let out = Out {
            id: Some(Id::Any(id)),
            ..out.clone()
        };
        match form {
            Some(form) => self.begin(&Call::Park(form, out)),
            None => self.submit(&out),
        }
    }

    /// A server fetches what there is to fetch, and nobody comes in between.
    pub(super) fn fetch(&mut self) {
        let usual = |place| Addr { place, offset: 0 };
        self.begin(&Call::Getop {
            arg: usual(Place::Header),
            aux: usual(Place::Aux),
            auxlen: 256,
            block: false,
        });
        let thread = self.threads;
        while let Some(at) = self.tasks.iter().position(|task| task.thread == thread) {
            self.resume(at, Rise::Properly);
        }
    }

    /// It takes them back, wherever their request is.
    pub(super) fn unregister(&mut self, at: usize) {
        let (set, real) = self.sets.remove(at);
        let results = real.finish();
        let came = results.iter().map(|one| Op {
            direction: one.direction,
            data: one.data.as_ref().map(|data| data.to_vec()),
            moved: one.moved,
        });
        let came: Vec<Op> = came.collect();
        assert_eq!(came, self.model.finish(set), "what was moved");
    }

    /// Writes a batch and its headers to the server's memory.
    pub(super) fn lay_out(&self, what: &Call, memory: &mut Memory) {
        let Call::Batch {
            put,
            get,
            answers,
            rooms,
            more,
            flags,
            ..
        } = what
        else {
            unreachable!("it is a batch");
        };
        let place = |offset| Addr {
            place: Place::Aux,
            offset,
        };
        let header = |first: usize, at: usize| first + at * size_of::<Req>();
        let (puts, gets) = (memory.addr(place(0)).0, memory.addr(place(80)).0);
        for (at, answer) in answers.iter().enumerate() {
            let answer = self.answer(answer, memory);
            memory.scribble(header(puts, at), answer.as_bytes());
        }
        for (at, (aux, auxlen)) in rooms.iter().enumerate() {
            let room = Req {
                aux: memory.addr(*aux).0,
                auxlen: *auxlen,
                rv: 77,
                ..Req::default()
            };
            memory.scribble(header(gets, at), room.as_bytes());
        }
        let batch = Batch {
            put: put.map_or(puts, |put| memory.addr(put).0),
            nput: answers.len().wrapping_add(more.0),
            get: get.map_or(gets, |get| memory.addr(get).0),
            nget: rooms.len().wrapping_add(more.1),
            flags: *flags,
        };
        memory.scribble(memory.at(Place::Header).0, batch.as_bytes());
    }
}
