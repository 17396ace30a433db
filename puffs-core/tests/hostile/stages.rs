//! Where a call stands that has paused, and what the model says of how it goes on.

use std::mem::offset_of;

use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, SizeOp, StartReq};
use puffs_core::{Direction, Errno, UserAddr};
use zerocopy::{FromBytes, IntoBytes};

use super::batches::Tray;
use super::memory::Memory;
use super::model::server::Found;
use super::model::sizes::Moving;
use super::model::{Bed, Coming, Key, Model, Owner};
use super::script::{Form, Rise};
use crate::common::{Pause, Told};

/// A getter, with what it offered.
#[derive(Clone, Copy)]
pub(crate) struct Getter {
    arg: UserAddr,
    offered: Req,
    block: bool,
    bed: Option<Bed>,
    /// Where the number of requests goes, and which one this is.
    count: Option<(UserAddr, usize)>,
}

impl Getter {
    /// Writes which request this is.
    fn counts(&self, memory: &mut Memory) -> bool {
        self.count
            .is_none_or(|(at, value)| memory.write(at, value.as_bytes()))
    }
}

/// A call that has paused.
pub(crate) enum Stage {
    InLine(Form, Coming, Bed),
    Parked(Form, Coming, Bed, Key),
    Offer(UserAddr, bool, Option<(UserAddr, usize)>),
    Asleep(Getter, Bed),
    TellSize(Getter, usize),
    Body(Getter, Key),
    FafHeader(Getter, Key),
    FafCount(Getter, Key),
    Header(Getter, Key),
    Count(Getter, Key),
    Batch(Box<Tray>),
    SizeArg(UserAddr),
    SizeData(UserAddr, SizeOp, Moving),
    SizeCount(UserAddr, usize, Moving),
    Answer(UserAddr),
    AnswerBody(Key, Req),
    Start(UserAddr),
}

/// What became of a call.
pub(crate) enum Progress {
    Paused(Stage),
    Finished(Told),
}

use Progress::{Finished, Paused};

fn failed(error: Errno) -> Progress {
    Finished(Err(error))
}

fn finished(result: Result<(), Errno>) -> Progress {
    Finished(result.map(|()| (0, Vec::new())))
}

impl Stage {
    pub(crate) fn pause(&self) -> Pause {
        match self {
            Stage::InLine(..) | Stage::Parked(..) | Stage::Asleep(..) => Pause::Sleep,
            Stage::Batch(tray) => tray.pause(),
            _ => Pause::Copy,
        }
    }

    /// Goes on after the pause.
    pub(crate) fn go_on(self, model: &mut Model, memory: &mut Memory, rise: Rise) -> Progress {
        if let Stage::Batch(tray) = self {
            return tray.go_on(model, memory, rise);
        }
        let bed = match &self {
            Stage::InLine(.., bed) | Stage::Parked(.., bed, _) | Stage::Asleep(_, bed) => {
                Some(*bed)
            }
            _ => None,
        };
        let why = match rise {
            Rise::Properly if bed.is_some_and(|bed| !model.take_token(bed)) => {
                return Paused(self);
            }
            Rise::Properly | Rise::Stray => None,
            Rise::Interrupted => Some(Errno::Intr),
            Rise::TimedOut => Some(Errno::TimedOut),
        };
        match self {
            Stage::InLine(form, coming, bed) => {
                match model.leave_line(bed, coming.body.len(), why) {
                    None => Paused(Stage::InLine(form, coming, bed)),
                    Some(Err(error)) => failed(error),
                    Some(Ok(())) => enter(model, form, coming, true),
                }
            }
            Stage::Parked(form, coming, bed, key) => match model.leave_bed(key, why) {
                None => Paused(Stage::Parked(form, coming, bed, key)),
                Some(told) => Finished(told.map(|answer| returned(form, &coming, answer))),
            },
            Stage::Batch(_) => unreachable!("it has gone on"),
            Stage::Offer(arg, block, count) => match memory.read(arg, size_of::<Req>()) {
                None => failed(model.unreadable()),
                Some(bytes) => {
                    let offered = Req::read_from_bytes(&bytes).unwrap();
                    let bed = None;
                    take(
                        model,
                        Getter {
                            arg,
                            offered,
                            block,
                            bed,
                            count,
                        },
                    )
                }
            },
            Stage::Asleep(getter, bed) => {
                model.getter_wakes(bed);
                match why {
                    None => take(model, getter),
                    Some(error) => leave_empty(model, error),
                }
            }
            Stage::TellSize(getter, auxlen) => {
                let told = Req {
                    auxlen,
                    ..getter.offered
                };
                match memory.write(getter.arg, told.as_bytes()) {
                    true => leave_empty(model, Errno::TooBig),
                    false => leave_empty(model, Errno::Fault),
                }
            }
            Stage::Body(getter, key) => {
                let ok = memory.write(UserAddr(getter.offered.aux), model.payload(key));
                body_copied(model, getter, key, ok)
            }
            Stage::FafHeader(getter, key) => {
                let header = model.header(key, getter.offered.aux);
                match memory.write(getter.arg, header.as_bytes()) {
                    true if getter.count.is_some() => Paused(Stage::FafCount(getter, key)),
                    ok => copied(model, getter, key, ok),
                }
            }
            Stage::FafCount(getter, key) => {
                let ok = getter.counts(memory);
                copied(model, getter, key, ok)
            }
            Stage::Count(getter, key) => {
                if getter.counts(memory) {
                    return finished(Ok(()));
                }
                model.take_back(key);
                failed(Errno::Fault)
            }
            Stage::Header(getter, key) => {
                let header = model.header(key, getter.offered.aux);
                if memory.write(getter.arg, header.as_bytes()) {
                    return match getter.count {
                        Some(_) => Paused(Stage::Count(getter, key)),
                        None => finished(Ok(())),
                    };
                }
                model.take_back(key);
                failed(Errno::Fault)
            }
            Stage::Answer(arg) => match memory.read(arg, size_of::<Req>()) {
                None => failed(model.unreadable()),
                Some(bytes) => {
                    let answer = Req::read_from_bytes(&bytes).unwrap();
                    match model.accept(&answer) {
                        Err(error) => failed(error),
                        Ok(key) if answer.auxlen == 0 => {
                            finished(model.copied_in(key, answer.rv, Some(Vec::new())))
                        }
                        Ok(key) => Paused(Stage::AnswerBody(key, answer)),
                    }
                }
            },
            Stage::AnswerBody(key, answer) => {
                let body = memory.read(UserAddr(answer.aux), answer.auxlen);
                finished(model.copied_in(key, answer.rv, body))
            }
            Stage::SizeArg(arg) => match memory.read(arg, size_of::<SizeOp>()) {
                None => failed(model.unreadable()),
                Some(bytes) => {
                    let op = SizeOp::read_from_bytes(&bytes).unwrap();
                    match model.next_data(op.reqid) {
                        Err(error) => failed(error),
                        Ok(moving) if op.bufsize == 0 => Paused(Stage::SizeCount(arg, 0, moving)),
                        Ok(moving) => Paused(Stage::SizeData(arg, op, moving)),
                    }
                }
            },
            Stage::SizeData(arg, op, mut moving) => {
                let len = op.bufsize.min(moving.data.len());
                let server = UserAddr(op.userbuf);
                let ok = match moving.direction {
                    Direction::Out => memory.write(server, &moving.data[..len]),
                    Direction::In => memory
                        .read(server, len)
                        .map(|bytes| moving.data[..len].copy_from_slice(&bytes))
                        .is_some(),
                };
                match ok {
                    true => Paused(Stage::SizeCount(arg, len, moving)),
                    false => finished(model.moved(moving, Err(Errno::Fault))),
                }
            }
            Stage::SizeCount(arg, len, moving) => {
                let count = UserAddr(arg.0.wrapping_add(offset_of!(SizeOp, bufsize)));
                let copied = match memory.write(count, len.as_bytes()) {
                    true => Ok(len),
                    false => Err(Errno::Fault),
                };
                finished(model.moved(moving, copied))
            }
            Stage::Start(arg) => match memory.read(arg, size_of::<StartReq>()) {
                None => failed(Errno::Fault),
                Some(_) => finished(model.start()),
            },
        }
    }
}

/// A caller comes.
pub(crate) fn park(model: &mut Model, form: Form, coming: Coming) -> Progress {
    match model.door(&coming) {
        Err(error) => failed(error),
        Ok(()) => enter(model, form, coming, false),
    }
}

/// A server wants to start the mount.
pub(crate) fn start(model: &Model, arg: UserAddr) -> Progress {
    match model.may_start() {
        Err(error) => failed(error),
        Ok(()) => Paused(Stage::Start(arg)),
    }
}

/// What a form of call makes of a request.
pub(crate) fn formed(form: Form, coming: Coming) -> Coming {
    match form {
        Form::Owned | Form::NoWait => coming,
        Form::Lent => Coming {
            class: CLASS_VN,
            copylen: coming.body.len(),
            grow: false,
            ..coming
        },
        Form::Adjbuf => Coming {
            class: CLASS_VN,
            id: None,
            grow: true,
            ..coming
        },
    }
}

fn enter(model: &mut Model, form: Form, coming: Coming, charged: bool) -> Progress {
    let bed = model.bed();
    match (model.enter(&coming, Owner::Parked(bed), charged), form) {
        (Err(error), _) => failed(error),
        (Ok(Some(key)), _) => Paused(Stage::Parked(form, coming, bed, key)),
        (Ok(None), Form::NoWait) => failed(Errno::WouldBlock),
        (Ok(None), _) => {
            let bed = model.stand_in_line(coming.body.len());
            Paused(Stage::InLine(form, coming, bed))
        }
    }
}

/// A borrowed buffer keeps its bytes behind the answer.
fn returned(form: Form, coming: &Coming, (rv, mut body): (i32, Vec<u8>)) -> (i32, Vec<u8>) {
    if let Form::Lent = form {
        body.extend_from_slice(&coming.body[body.len()..]);
    }
    (rv, body)
}

fn take(model: &mut Model, mut getter: Getter) -> Progress {
    match model.take(getter.offered.auxlen) {
        Err(error) => leave_empty(model, error),
        // The later ones of a batch stay as they were.
        Ok(Found::TooBig(_)) if getter.count.is_some_and(|(_, count)| count > 1) => {
            leave_empty(model, Errno::TooBig)
        }
        Ok(Found::TooBig(needed)) => Paused(Stage::TellSize(getter, needed)),
        Ok(Found::Request(key)) if model.payload(key).is_empty() => {
            body_copied(model, getter, key, true)
        }
        Ok(Found::Request(key)) => Paused(Stage::Body(getter, key)),
        Ok(Found::Nothing) if getter.block && model.take_nudge() => {
            leave_empty(model, Errno::Woken)
        }
        Ok(Found::Nothing) if getter.block => {
            let bed = *getter.bed.get_or_insert_with(|| model.bed());
            model.sleep_as_getter(bed);
            Paused(Stage::Asleep(getter, bed))
        }
        Ok(Found::Nothing) => failed(Errno::WouldBlock),
    }
}

fn leave_empty(model: &mut Model, error: Errno) -> Progress {
    model.pass_on();
    failed(error)
}

fn body_copied(model: &mut Model, getter: Getter, key: Key, ok: bool) -> Progress {
    match ok && model.faf(key) {
        true => Paused(Stage::FafHeader(getter, key)),
        false => copied(model, getter, key, ok),
    }
}

fn copied(model: &mut Model, getter: Getter, key: Key, ok: bool) -> Progress {
    match model.copied_out(key, ok) {
        Err(error) => failed(error),
        Ok(false) => take(
            model,
            Getter {
                bed: None,
                ..getter
            },
        ),
        Ok(true) if model.faf(key) => finished(Ok(())),
        Ok(true) => Paused(Stage::Header(getter, key)),
    }
}
