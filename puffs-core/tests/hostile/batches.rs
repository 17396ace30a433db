//! PUFFSBATCH, put together from what the model says of an answer and of a fetch.

use std::mem::offset_of;

use puffs_core::msg::wire::{Batch, Req};
use puffs_core::platform::Platform;
use puffs_core::{Errno, Status, UserAddr};
use zerocopy::{FromBytes, IntoBytes};

use super::memory::Memory;
use super::model::{Key, Model};
use super::script::Rise;
use super::stages::{Progress, Stage};
use crate::common::{Checked, Pause};

/// A batch on its way.
pub(crate) struct Tray {
    arg: UserAddr,
    block: bool,
    batch: Batch,
    /// Which answer, and then which request, is next.
    at: usize,
    outcome: Result<(), Errno>,
    stand: Stand,
}

/// What it pauses for.
enum Stand {
    Batch,
    Header,
    Body(Key, Req),
    Told(Req, Result<(), Errno>),
    Fetch(Stage),
}

fn finished(result: Result<(), Errno>) -> Progress {
    Progress::Finished(result.map(|()| (0, Vec::new())))
}

/// A batch that begins.
pub(crate) fn begin(arg: UserAddr, block: bool) -> Stage {
    Stage::Batch(Box::new(Tray {
        arg,
        block,
        batch: Batch::default(),
        at: 0,
        outcome: Ok(()),
        stand: Stand::Batch,
    }))
}

impl Tray {
    pub(crate) fn pause(&self) -> Pause {
        match &self.stand {
            Stand::Fetch(stage) => stage.pause(),
            _ => Pause::Copy,
        }
    }

    fn header(&self, first: usize) -> UserAddr {
        UserAddr(first.wrapping_add(self.at * size_of::<Req>()))
    }

    fn paused(mut self: Box<Self>, stand: Stand) -> Progress {
        self.stand = stand;
        Progress::Paused(Stage::Batch(self))
    }

    /// Comes to the next answer, or to the first request.
    fn next_answer(mut self: Box<Self>, model: &Model) -> Progress {
        if self.at < self.batch.nput {
            return self.paused(Stand::Header);
        }
        if self.outcome.is_err() {
            return finished(self.outcome);
        }
        if model.status == Status::Dying {
            return finished(Err(Errno::Nxio));
        }
        self.at = 0;
        self.next_fetch()
    }

    fn next_fetch(self: Box<Self>) -> Progress {
        if self.at == self.batch.nget {
            return finished(Ok(()));
        }
        let count = UserAddr(self.arg.0.wrapping_add(offset_of!(Batch, nget)));
        let stage = Stage::Offer(
            self.header(self.batch.get),
            self.block && self.at == 0,
            Some((count, self.at + 1)),
        );
        self.paused(Stand::Fetch(stage))
    }

    fn answered(mut self: Box<Self>, outcome: Result<(), Errno>, model: &Model) -> Progress {
        self.outcome = self.outcome.and(outcome);
        self.at += 1;
        self.next_answer(model)
    }

    pub(crate) fn go_on(
        mut self: Box<Self>,
        model: &mut Model,
        memory: &mut Memory,
        rise: Rise,
    ) -> Progress {
        let here = self.header(self.batch.put);
        match std::mem::replace(&mut self.stand, Stand::Batch) {
            Stand::Batch => match memory.read(self.arg, size_of::<Batch>()) {
                None => finished(Err(model.unreadable())),
                Some(_) if model.status == Status::Dying => finished(Err(Errno::Nxio)),
                Some(bytes) => {
                    self.batch = Batch::read_from_bytes(&bytes).unwrap();
                    if self.batch.nput > 1024 || self.batch.nget > 1024 || self.batch.flags > 1 {
                        return finished(Err(Errno::Inval));
                    }
                    self.block &= self.batch.flags == 0;
                    self.next_answer(model)
                }
            },
            Stand::Header => {
                let Some(bytes) = memory.read(here, size_of::<Req>()) else {
                    return self.answered(Err(model.unreadable()), model);
                };
                let answer = Req::read_from_bytes(&bytes).unwrap();
                if answer.id == 0 {
                    return self.answered(Ok(()), model);
                }
                match model.accept(&answer) {
                    Err(error) => self.paused(Stand::Told(answer, Err(error))),
                    Ok(key) if answer.auxlen == 0 => {
                        let outcome = model.copied_in(key, answer.rv, Some(Vec::new()));
                        self.paused(Stand::Told(answer, outcome))
                    }
                    Ok(key) => self.paused(Stand::Body(key, answer)),
                }
            }
            Stand::Body(key, answer) => {
                let body = memory.read(UserAddr(answer.aux), answer.auxlen);
                let outcome = model.copied_in(key, answer.rv, body);
                self.paused(Stand::Told(answer, outcome))
            }
            Stand::Told(answer, outcome) => {
                let told = Req {
                    id: 0,
                    rv: outcome.err().map_or(0, Checked::errno),
                    ..answer
                };
                let written = memory.write(here, told.as_bytes());
                let outcome = match outcome {
                    Ok(()) | Err(Errno::Canceled) if written => Ok(()),
                    Ok(()) | Err(Errno::Canceled) => Err(Errno::Fault),
                    failed => failed,
                };
                self.answered(outcome, model)
            }
            Stand::Fetch(stage) => match stage.go_on(model, memory, rise) {
                Progress::Paused(stage) => self.paused(Stand::Fetch(stage)),
                Progress::Finished(Ok(_)) => {
                    self.at += 1;
                    self.next_fetch()
                }
                Progress::Finished(Err(error)) if self.at == 0 => finished(Err(error)),
                Progress::Finished(Err(_)) => finished(Ok(())),
            },
        }
    }
}
