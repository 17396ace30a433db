//! One caller: requests in every form there is, one after the other, and what may come of each.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use puffs_core::msg::op::{CLASS_VFS, CLASS_VN};
use puffs_core::platform::{Platform, Wait};
use puffs_core::{Answer, Buf, Cookie, Errno, Outgoing, Prepaid, ReqId, SizeOps};

use crate::letter::{Question, Reply, SHORTEST};
use crate::life::{End, Life, MAX_LEN, Note, Published, wait};
use crate::moves::Parcels;
use crate::rough::{Rough, poor};
use crate::tally::{Seen, saw};
use crate::watchdog::{doing, progress};

/// How a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Call,
    OwnId,
    SharedId,
    NoWait,
    Vntouser,
    Vfstouser,
    Adjbuf,
    Submit,
    SubmitAs,
    Send,
    Prepaid,
    Refused,
    /// With buffers beside it.
    Parts,
    SubmitParts,
    /// From a server.
    Inner,
}

const FORMS: [Form; 15] = [
    Form::Call,
    Form::OwnId,
    Form::SharedId,
    Form::NoWait,
    Form::Vntouser,
    Form::Vfstouser,
    Form::Adjbuf,
    Form::Submit,
    Form::SubmitAs,
    Form::Send,
    Form::Prepaid,
    Form::Refused,
    Form::Parts,
    Form::Parts,
    Form::SubmitParts,
];

const QUIET: [Form; 4] = [Form::Call, Form::Vntouser, Form::Adjbuf, Form::Send];

/// A request on its way, and what may become of it.
#[derive(Clone, Debug)]
struct Sent {
    life: Arc<Life>,
    question: Question,
    form: Form,
    /// For a parked caller.
    wait: Wait,
    /// Where its end is noted.
    note: Note,
}

/// How a request ended: result, answer, and what lies behind it in the buffer.
type Ended<'a> = Result<(i32, &'a [u8], &'a [u8]), Errno>;

impl std::fmt::Debug for Life {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

fn flat(ended: &Result<Answer<Rough>, Errno>) -> Ended<'_> {
    match ended {
        Ok(answer) => {
            let (body, rest) = answer.body.split_at(answer.len);
            Ok((answer.rv, body, rest))
        }
        Err(error) => Err(*error),
    }
}

impl Sent {
    fn completes(&self) -> bool {
        matches!(self.form, Form::Submit | Form::SubmitAs | Form::SubmitParts)
    }

    fn body(&self) -> Buf<Rough> {
        Buf::copy_of(&self.question.bytes(), self.question.room).unwrap()
    }

    fn out(&self, rng: &mut Rng) -> Outgoing<Rough> {
        let class = match self.form == Form::Vfstouser {
            true => CLASS_VFS,
            false => CLASS_VN,
        };
        Outgoing {
            class,
            optype: rng.u8(1..=3),
            cookie: Cookie(self.question.token as usize),
            body: self.body(),
            copylen: rng.usize(SHORTEST..=self.question.room),
            grow: self.question.grow,
            pid: None,
        }
    }

    /// It ended, like this.
    fn ended(&self, ended: Ended<'_>) {
        let outcome = match ended {
            Ok((rv, body, rest)) => Ok(self.answered(rv, body, rest)),
            Err(error) => {
                self.failed(error);
                Err(error)
            }
        };
        self.life.ledger.ended(self.question.token, outcome);
        self.note
            .set(outcome.map(|_| ()))
            .expect("a request ends once");
        self.life.steps.fetch_add(1, SeqCst);
        progress();
    }

    /// An answer came: its serial.
    fn answered(&self, rv: i32, body: &[u8], rest: &[u8]) -> u64 {
        let Question { token, room, .. } = self.question;
        let reply = Reply::read(body);
        assert_eq!(reply.rv, rv, "{self:?}");
        let meant = reply.token == token
            || (reply.token == 0 && self.life.plan.guessing)
            || self.question.shared;
        assert!(meant, "{reply:?} came for {self:?}");
        assert!(body.len() <= room || self.question.grow, "{self:?}");
        if body.len() + rest.len() == room {
            assert_eq!(rest, &self.question.bytes()[body.len()..], "{self:?}");
        }
        saw(match self.form {
            _ if body.len() > room => Seen::Grown,
            _ if self.completes() => Seen::Completed,
            Form::Vntouser | Form::Vfstouser => Seen::Lent,
            _ => Seen::Parked,
        });
        reply.serial
    }

    fn failed(&self, error: Errno) {
        let published = matches!(
            self.form,
            Form::OwnId | Form::SharedId | Form::SubmitAs | Form::Parts | Form::SubmitParts
        );
        let interruptible = self.wait.interruptible && !self.completes();
        let (may_be, seen) = match error {
            Errno::Nxio if self.completes() => (self.life.dying(), Seen::CompletionDied),
            Errno::Nxio => (self.life.dying(), Seen::CallerDied),
            Errno::Intr if self.completes() => (published, Seen::CompletionInterrupted),
            Errno::Intr if interruptible => (true, Seen::Signalled),
            Errno::Intr => (published, Seen::Interrupted),
            Errno::TimedOut => {
                let passed = self.wait.deadline.is_some_and(|at| Rough::now() >= at);
                (passed && !self.completes(), Seen::TimedOut)
            }
            Errno::WouldBlock => (self.completes() || self.form == Form::NoWait, Seen::NoPlace),
            Errno::Exist => (self.question.shared, Seen::Taken),
            // The ledger knows whether a server broke the rules.
            Errno::Proto => (true, Seen::Broken),
            Errno::NoMem => (self.question.grow, Seen::Poor),
            Errno::Deadlk => (self.form == Form::Inner, Seen::Deadlock),
            _ => (false, Seen::Refused),
        };
        assert!(may_be, "{error:?} for {self:?}");
        saw(seen);
    }

    /// With a buffer that is the caller's own.
    fn lend(&self, rng: &mut Rng) {
        let mount = &self.life.mount;
        let before = self.question.bytes();
        let mut kbuf = before.clone();
        let optype = rng.u8(1..=3);
        let said = match self.form {
            Form::Vfstouser => mount.vfstouser(optype, &mut kbuf, &self.wait),
            _ => {
                let cookie = Cookie(self.question.token as usize);
                mount.vntouser(optype, &mut kbuf, cookie, None, &self.wait)
            }
        };
        match said {
            Ok(rv) => {
                // The call does not tell how long the answer is; the answer does.
                let len = Reply::len(&kbuf).min(kbuf.len());
                let (body, rest) = kbuf.split_at(len);
                self.ended(Ok((rv, body, rest)));
            }
            Err(error) => {
                assert_eq!(kbuf, before, "an error changes nothing");
                self.ended(Err(error));
            }
        }
    }

    /// In its completion form.
    fn submit(self, rng: &mut Rng) {
        let life = self.life.clone();
        let out = self.out(rng);
        let sent = self.clone();
        let alive = Completion::new(&life);
        let follow = rng.u8(..8) == 0;
        let id = life.mount.next_id();
        let parts = usize::from(self.question.parts);
        let parts = match parts {
            0 => None,
            _ => match Parcels::new(&life, id, self.question.token, parts) {
                Ok(parts) => Some(Arc::new(Mutex::new(Some(parts)))),
                Err(error) => return self.ended(Err(error)),
            },
        };
        let theirs = parts.clone();
        let done = move |ended: Result<Answer<Rough>, Errno>| {
            let _alive = alive;
            give_back(&theirs, false);
            sent.ended(flat(&ended));
            after(&sent.life, follow);
        };
        let begun = match self.form {
            Form::Submit => life.mount.submit(out, Box::new(done)),
            _ => {
                publish(&life, id, Some(self.note.clone()), true);
                life.mount.submit_as(out, Some(id), Box::new(done))
            }
        };
        match begun {
            Ok(begun) => assert_ne!(begun.id, ReqId(0)),
            Err(error) => self.ended(Err(error)),
        }
        if parts.is_some() && rng.u8(..4) != 0 {
            return;
        }
        give_back(&parts, true);
    }

    /// With buffers beside it.
    fn with_parts(&self, rng: &mut Rng) {
        let life = &self.life;
        let id = life.mount.next_id();
        let parts = usize::from(self.question.parts);
        let parts = match Parcels::new(life, id, self.question.token, parts) {
            Ok(parts) => parts,
            Err(error) => return self.ended(Err(error)),
        };
        publish(life, id, Some(self.note.clone()), false);
        let ended = life.mount.call_as(self.out(rng), Some(id), &self.wait);
        if rng.bool() {
            parts.finish(false);
            return self.ended(flat(&ended));
        }
        // A server that moves something now must find that nobody waits for it.
        self.ended(flat(&ended));
        for _ in 0..rng.usize(..50) {
            std::thread::yield_now();
        }
        parts.finish(false);
    }
}

/// Takes back the buffers beside a request, unless somebody has.
fn give_back(parts: &Option<Arc<Mutex<Option<Parcels>>>>, early: bool) {
    let taken = parts
        .as_ref()
        .and_then(|parts| parts.lock().unwrap().take());
    if let Some(parts) = taken {
        parts.finish(early);
    }
}

/// What a completion does besides: it may use the mount, and even kill it.
fn after(life: &Arc<Life>, follow: bool) {
    if life.deadly(End::Completion) && !life.dying() {
        life.mount.die();
        saw(Seen::KilledByCompletion);
    }
    if follow {
        // The server that ended the request may be short of memory.
        poor(false, || faf(life, SHORTEST));
    }
}

/// Counts the completions of a mount that exist, called or not.
struct Completion(Arc<Life>);

impl Completion {
    fn new(life: &Arc<Life>) -> Self {
        life.completions.fetch_add(1, SeqCst);
        Completion(life.clone())
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.0.completions.fetch_sub(1, SeqCst);
    }
}

fn publish(life: &Life, id: ReqId, note: Option<Note>, completes: bool) {
    let mut all = life.published.lock().unwrap();
    if all.len() == 16 {
        all.swap_remove(fastrand::usize(..16));
    }
    all.push(Published {
        id,
        note,
        completes,
    });
}

/// Sends a request that wants no answer.
fn faf(life: &Life, room: usize) {
    let question = Question {
        token: life.ledger.ask(true, false),
        room,
        grow: false,
        shared: false,
        parts: 0,
    };
    let body = Buf::copy_of(&question.bytes(), room).unwrap();
    let out = Outgoing::vn(1, Cookie(question.token as usize), body);
    let sent = life.mount.send(out);
    match sent {
        Ok(()) => saw(Seen::FafSent),
        Err(Errno::WouldBlock) => saw(Seen::FafRefused),
        Err(error) => assert!(error == Errno::Nxio && life.dying(), "{error:?}"),
    }
    life.ledger.ended(question.token, sent.map(|()| 0));
}

/// One that is paid for; it may not be wanted after all.
fn prepaid(life: &Life, room: usize, wanted: bool) {
    let mut paid = Prepaid::new(&life.mount, room).unwrap();
    if !wanted {
        saw(Seen::PrepaidDropped);
        return;
    }
    let question = Question {
        token: life.ledger.ask(true, false),
        room,
        grow: false,
        shared: false,
        parts: 0,
    };
    paid.body().copy_from_slice(&question.bytes());
    life.ledger.ended(question.token, Ok(0));
    paid.send(CLASS_VN, 2, Cookie(question.token as usize));
    saw(Seen::PrepaidSent);
}

/// One that cannot be sent.
fn refused(life: &Life, rng: &mut Rng) {
    let body = |len| Buf::new(len).unwrap();
    let out = |body| Outgoing::vn(1, Cookie(0), body);
    let forever = &Wait::FOREVER;
    let mount = &life.mount;
    let said = match rng.u8(..4) {
        0 => mount.call(out(body(MAX_LEN + 1)), forever).map(|_| ()),
        1 => mount
            .call_as(out(body(1)), Some(ReqId(0)), forever)
            .map(|_| ()),
        2 => {
            let mut long = out(body(9));
            long.copylen = 10;
            mount.send(long)
        }
        _ => {
            let cookie = Cookie(0);
            mount
                .vntouser(1, &mut [0; MAX_LEN + 1], cookie, None, forever)
                .map(|_| ())
        }
    };
    assert_eq!(said, Err(Errno::Inval));
    saw(Seen::Refused);
}

fn one(life: &Arc<Life>, rng: &mut Rng) {
    let form = match life.plan.quiet {
        true => QUIET[rng.usize(..QUIET.len())],
        false => FORMS[rng.usize(..FORMS.len())],
    };
    let room = match rng.u8(..20) {
        0 => MAX_LEN,
        _ => rng.usize(SHORTEST..400),
    };
    match form {
        Form::Send => return faf(life, room),
        Form::Prepaid => return prepaid(life, room, rng.u8(..4) != 0),
        Form::Refused => return refused(life, rng),
        _ => {}
    }
    let parts = match form {
        Form::Parts | Form::SubmitParts => rng.u8(1..=SizeOps::<Rough>::MOST as u8),
        _ => 0,
    };
    let shared = form == Form::SharedId;
    let grow = match form {
        Form::Vntouser | Form::Vfstouser => false,
        Form::Adjbuf => true,
        _ => rng.u8(..4) == 0,
    };
    let question = Question {
        token: life.ledger.ask(false, shared),
        room,
        grow,
        shared,
        parts,
    };
    let sent = Sent {
        life: life.clone(),
        question,
        form,
        wait: wait(&life.plan, rng),
        note: Note::default(),
    };
    doing(|| format!("{form:?}: {question:?}, {:?}", sent.wait));
    let mount = &life.mount;
    let ended = match form {
        Form::Vntouser | Form::Vfstouser => return sent.lend(rng),
        Form::Submit | Form::SubmitAs | Form::SubmitParts => return sent.submit(rng),
        Form::Parts => return sent.with_parts(rng),
        Form::OwnId => {
            let id = mount.next_id();
            publish(life, id, Some(sent.note.clone()), false);
            mount.call_as(sent.out(rng), Some(id), &sent.wait)
        }
        Form::SharedId => {
            let id = life.shared_ids[rng.usize(..life.shared_ids.len())];
            publish(life, id, None, false);
            mount.call_as(sent.out(rng), Some(id), &sent.wait)
        }
        Form::NoWait => mount.call_nowait(sent.out(rng), None, &sent.wait),
        Form::Adjbuf => {
            let cookie = Cookie(question.token as usize);
            let copylen = rng.usize(SHORTEST..=room);
            mount.vntouser_adjbuf(2, &question.bytes(), copylen, cookie, &sent.wait)
        }
        _ => mount.call(sent.out(rng), &sent.wait),
    };
    sent.ended(flat(&ended));
}

/// A server's call into its own mount, which has no time to wait.
pub(crate) fn inner(life: &Arc<Life>, rng: &mut Rng) -> Result<(), Errno> {
    let question = Question {
        token: life.ledger.ask(false, false),
        room: rng.usize(SHORTEST..400),
        grow: false,
        shared: false,
        parts: 0,
    };
    let soon = Rough::now().0 + rng.u64(..2_000_000);
    let sent = Sent {
        life: life.clone(),
        question,
        form: Form::Inner,
        wait: Wait {
            deadline: Some(puffs_core::Instant(soon)),
            interruptible: rng.bool(),
        },
        note: Note::default(),
    };
    let ended = life.mount.call(sent.out(rng), &sent.wait);
    sent.ended(flat(&ended));
    ended.map(|_| ())
}

/// Calls until the mount is dead, or until it has had enough.
pub(crate) fn call(life: &Arc<Life>, rng: &mut Rng) {
    let _target = life.targets.join();
    for _ in 0..life.plan.steps {
        one(life, rng);
        if life.dying() {
            // Once more, to see the door closed.
            one(life, rng);
            break;
        }
    }
}
