//! The server's answer: PUFFSPUTOP, the reference's `puffsputop`.
//!
//! The order of the checks is part of the interface: an id that nobody awaits an answer for changes nothing; any other
//! refusal ends the request with `Proto` for its caller, so a server that breaks the protocol hangs nobody.

use super::after::After;
use super::mount::{Mount, Status};
use super::slab::Slot;
use super::state::{Caller, Phase, State};
use super::stats::copied_by;
use crate::buf::Buf;
use crate::errno::{Errno, Result};
use crate::ids::{Cookie, ReqId, UserAddr};
use crate::msg::wire::Req;
use crate::platform::{Lock, Platform};
use crate::request::Answer;
use zerocopy::IntoBytes;

/// An answer on its way in.
struct Incoming<P: Platform> {
    slot: Slot,
    body: Buf<P>,
}

/// An answer whose caller had left.
pub struct Late<P: Platform> {
    /// Class of the request, without flags.
    pub class: u8,
    /// Its operation.
    pub optype: u8,
    /// Its cookie.
    pub cookie: Cookie,
    /// The answer.
    pub answer: Answer<P>,
}

/// What came of an answer.
enum Settled<P: Platform> {
    Taken,
    Late(Late<P>),
}

impl<P: Platform> Mount<P> {
    /// Takes the answer in the server's `struct puffs_req` at `arg`: PUFFSPUTOP.
    ///
    /// # Errors
    /// In this order: `Nxio` (dead), `Fault` (`arg` cannot be read), `Inval` (not started; no request with this id awaits an answer),
    /// `Inval` (class, type or `preq_rv` out of range), `Fault` (longer than the mount's maximum), `TooBig` (longer than the
    /// request's buffer), `NoMem`, `Fault` (unreadable). All but the first three end the request with `Proto`
    /// (`NoMem` with `NoMem`, and `Nxio` with `Nxio`: the server was killed while it copied). `Canceled`: the answer was taken, but its caller had left.
    ///
    /// # Locking
    /// May sleep while it copies from the server. Calls completions and the late hook.
    pub fn putop(&self, arg: UserAddr) -> Result<()> {
        let mut answer = Req::default();
        self.read_args(arg, answer.as_mut_bytes())?;
        self.answer(&answer)
    }

    /// Takes one answer, whose header has been read.
    pub(super) fn answer(&self, answer: &Req) -> Result<()> {
        let arrived = P::now();
        let mut after = After::at(Some(arrived));
        let accepted = self
            .state
            .with(|st| st.accept(answer, self.config.max_len, self.config.max_rv, &mut after));
        after.run();
        let Incoming { slot, body } = accepted?;

        let (body, copied) = read_answer::<P>(body, answer);
        let copied = self
            .noting_faults(copied)
            .map_err(|error| match P::fatal_signal() {
                // It broke no rule: it is being killed, and a kernel ends its copies for that.
                true if error == Errno::Fault => Errno::Nxio,
                _ => error,
            });
        let mut after = After::at(Some(copied_by::<P>(arrived, answer.auxlen)));
        let settled = self
            .state
            .with(|st| st.copied_in(slot, body, copied, answer, &mut after));
        after.run();
        match settled? {
            Settled::Taken => Ok(()),
            Settled::Late(late) => {
                if let Some(host) = &self.host {
                    host.late(late);
                }
                Err(Errno::Canceled)
            }
        }
    }
}

/// Copies the answer into the request's buffer, or into a larger one when the answer wants it.
fn read_answer<P: Platform>(mut body: Buf<P>, answer: &Req) -> (Buf<P>, Result<()>) {
    if answer.auxlen > body.len() {
        match Buf::new(answer.auxlen) {
            Ok(larger) => body = larger,
            Err(error) => return (body, Err(error)),
        }
    }
    let copied = P::copyin(UserAddr(answer.aux), &mut body[..answer.auxlen]);
    (body, copied)
}

impl<P: Platform> State<P> {
    /// Matches an answer and checks its header; the body then belongs to the thread that answers.
    fn accept(
        &mut self,
        answer: &Req,
        max_len: usize,
        max_rv: i32,
        after: &mut After<P>,
    ) -> Result<Incoming<P>> {
        match self.status {
            Status::Dying => return Err(Errno::Nxio),
            Status::Mounting => return Err(Errno::Inval),
            Status::Running => {}
        }
        let slot = ReqId(answer.id)
            .some()
            .and_then(|id| self.index.find(&self.requests, id.0))
            .ok_or(Errno::Inval)?;
        let request = &mut self.requests[slot];
        let caller = match request.phase {
            Phase::Awaiting => Caller::Present,
            Phase::Abandoned => Caller::Gone,
            _ => return Err(Errno::Inval),
        };
        let wrong = if answer.opclass != request.opclass
            || answer.optype != request.optype
            || !(0..=max_rv).contains(&answer.rv)
        {
            Some(Errno::Inval)
        } else if answer.auxlen > max_len {
            Some(Errno::Fault)
        } else if answer.auxlen > request.room && !request.grow {
            Some(Errno::TooBig)
        } else {
            None
        };
        if let Some(wrong) = wrong {
            self.end(slot, Err(Errno::Proto), after);
            return Err(wrong);
        }
        request.phase = Phase::CopyingIn(caller);
        Ok(Incoming {
            slot,
            body: request.body.take().unwrap_or(Buf::empty()),
        })
    }

    /// The copying of an answer ended, well or not.
    fn copied_in(
        &mut self,
        slot: Slot,
        body: Buf<P>,
        copied: Result<()>,
        answer: &Req,
        after: &mut After<P>,
    ) -> Result<Settled<P>> {
        let request = &mut self.requests[slot];
        let Phase::CopyingIn(caller) = request.phase else {
            unreachable!("only the thread that copies takes a request out of this phase");
        };
        let given = Answer {
            rv: answer.rv,
            body,
            len: answer.auxlen,
        };
        match (caller, copied) {
            (Caller::Present, Ok(())) => {
                self.end(slot, Ok(given), after);
                Ok(Settled::Taken)
            }
            (Caller::Present, Err(error)) => {
                let told = match error {
                    Errno::NoMem | Errno::Nxio => error,
                    _ => Errno::Proto,
                };
                request.body = Some(given.body);
                self.end(slot, Err(told), after);
                Err(error)
            }
            (Caller::Gone, Ok(())) => {
                let late = Late {
                    class: request.opclass,
                    optype: request.optype,
                    cookie: request.cookie,
                    answer: given,
                };
                self.stats.late(late.class, late.optype);
                self.free(slot, after);
                Ok(Settled::Late(late))
            }
            (Caller::Gone, Err(error)) => {
                request.body = Some(given.body);
                self.free(slot, after);
                Err(error)
            }
            (Caller::Dead, _) => {
                request.body = Some(given.body);
                self.end(slot, Err(Errno::Nxio), after);
                Err(Errno::Nxio)
            }
            (Caller::DeadAndGone, _) => {
                request.body = Some(given.body);
                self.free(slot, after);
                Err(Errno::Nxio)
            }
        }
    }
}

impl ReqId {
    /// The id, unless it is the 0 that no request has.
    pub(crate) fn some(self) -> Option<ReqId> {
        (self.0 != 0).then_some(self)
    }
}
