//! One thread of a server: it fetches, and answers what any of its fellows fetched, in any order. Now and then it does
//! something that no server should.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use fastrand::Rng;
use puffs_core::msg::op::{CLASS_VFS, CLASS_VN, FLAG_FAF};
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::{Errno, UserAddr};
use puffs_dev::{Command, Sight, events, filters};
use zerocopy::{FromBytes, IntoBytes};

use crate::held::{Held, gone, take, take_held};
use crate::inner::inner;
use crate::letter::{REPLY_HEAD, Reply, SHORTEST};
use crate::life::{End, Life, MAX_LEN, MAX_RV, Start};
use crate::rough::{Meanwhile, TestInstance, Way, nowhere, poor, watched};
use crate::tally::{Seen, saw};
use crate::watchdog::doing;
use crate::{batch, moves};

/// What a fetch is to go wrong by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fetch {
    Well,
    Short,
    AuxAway,
    HeaderAway,
    HeaderReadOnly,
}

/// How an answer breaks the rules.
#[derive(Clone, Copy, Debug)]
enum Flaw {
    Class,
    Type,
    Result,
    TooLong,
    Beyond,
    Away,
    Poor,
}

/// A server's memory.
struct Desk<'l> {
    life: &'l Arc<Life>,
    header: Box<Req>,
    aux: Vec<u8>,
}

fn gone_or(said: Result<(), Errno>, others: &[Errno]) -> bool {
    said.is_err_and(|error| gone(error) || others.contains(&error))
}

impl<'l> Desk<'l> {
    fn new(life: &'l Arc<Life>) -> Self {
        Desk {
            life,
            header: Box::default(),
            aux: vec![0; MAX_LEN],
        }
    }

    fn header(&mut self) -> UserAddr {
        UserAddr(self.header.as_mut_bytes().as_mut_ptr().expose_provenance())
    }

    fn aux(&mut self) -> UserAddr {
        UserAddr(self.aux.as_mut_ptr().expose_provenance())
    }

    /// GETOP. `None`: it failed as it may, and the next may do better.
    fn fetch(&mut self, at: &TestInstance, how: Fetch, block: bool) -> Result<Option<Held>, Errno> {
        let mut aux = self.aux();
        if how == Fetch::AuxAway {
            aux = nowhere(aux);
        }
        let room = match how {
            Fetch::Short => SHORTEST - 1,
            _ => MAX_LEN,
        };
        *self.header = Req {
            aux: aux.0,
            auxlen: room,
            rv: 77,
            ..Req::default()
        };
        let header = self.header();
        let fetched = match how {
            Fetch::HeaderAway => at.getop(nowhere(header), !block),
            Fetch::HeaderReadOnly => {
                let guess = self.life.plan.guessing.then(|| lucky_guess(self.life));
                watched(header, Way::OutFails, guess, || at.getop(header, !block))
            }
            Fetch::Well if self.life.deadly(End::Copy) => {
                let (ended, meanwhile) = end_in_copy(self.life);
                let way = [Way::Out, Way::OutFails][fastrand::usize(..2)];
                let said = watched(aux, way, Some(meanwhile), || at.getop(header, !block));
                match ended.load(SeqCst) {
                    true => return Err(dead(said)),
                    false => said,
                }
            }
            Fetch::Well if block => at.ioctl(Command::GETOP, header),
            _ => at.getop(header, !block),
        };
        match (how, fetched) {
            (Fetch::Well, Ok(())) => {
                assert_eq!(self.header.aux, aux.0);
                Ok(take(self.life, &self.header, &self.aux))
            }
            (Fetch::Short, Err(Errno::TooBig)) => {
                assert!((SHORTEST..=MAX_LEN).contains(&self.header.auxlen));
                saw(Seen::ShortBuffer);
                Ok(None)
            }
            (Fetch::AuxAway, Err(Errno::Fault)) => {
                saw(Seen::AuxFault);
                Ok(None)
            }
            (Fetch::HeaderAway, Err(Errno::Fault)) => {
                saw(Seen::HeaderFault);
                Ok(None)
            }
            (Fetch::HeaderReadOnly, Err(Errno::Fault)) => {
                saw(Seen::HeaderReadOnly);
                Ok(None)
            }
            (_, Err(Errno::Intr)) if block => {
                saw(Seen::FetchSignalled);
                Ok(None)
            }
            (_, Err(Errno::Woken)) if block => {
                saw(Seen::FetchWoken);
                Ok(None)
            }
            (_, Err(Errno::WouldBlock)) if !block => {
                saw(Seen::FetchEmpty);
                Err(Errno::WouldBlock)
            }
            (_, Err(error)) if gone(error) => {
                saw(match error {
                    Errno::NoEnt => Seen::FetchUnbound,
                    _ => Seen::FetchDead,
                });
                Err(error)
            }
            (how, said) => panic!("a fetch ({how:?}, block {block}): {said:?}"),
        }
    }

    /// PUTOP of a header, with an answer of `len` bytes, until it reaches the mount.
    fn put(&mut self, header: Req, token: u64, len: usize, away: bool) -> Result<(), Errno> {
        let serial = self.life.ledger.give();
        let reply = Reply {
            serial,
            token,
            rv: header.rv,
        };
        reply.write(&mut self.aux[..len.min(MAX_LEN)]);
        let mut aux = self.aux();
        if away {
            aux = nowhere(aux);
        }
        let said = loop {
            *self.header = Req {
                aux: aux.0,
                auxlen: len,
                ..header
            };
            let arg = self.header();
            let said = self.put_once(arg, aux);
            if said != Err(Errno::NoEnt) || self.life.dying() {
                break said;
            }
            // The mount is being bound to another instance.
            std::thread::yield_now();
        };
        self.life.ledger.put(serial, said);
        if gone_or(said, &[]) {
            saw(Seen::AnswerDead);
        }
        said
    }

    fn put_once(&self, arg: UserAddr, aux: UserAddr) -> Result<(), Errno> {
        let at = self.life.instance();
        if !self.life.deadly(End::Copy) {
            return at.ioctl(Command::PUTOP, arg);
        }
        let (ended, meanwhile) = end_in_copy(self.life);
        let said = watched(aux, Way::In, Some(meanwhile), || at.putop(arg));
        assert!(!ended.load(SeqCst) || dead(said) == Errno::Nxio);
        said
    }

    /// Answers by the rules.
    fn answer(&mut self, held: &Held, rng: &mut Rng) -> Result<(), Errno> {
        let longest = match held.question.grow {
            true => MAX_LEN,
            false => held.question.room,
        };
        let header = Req {
            id: held.id,
            opclass: held.opclass,
            optype: held.optype,
            rv: match rng.bool() {
                true => 0,
                false => rng.i32(1..=MAX_RV),
            },
            ..Req::default()
        };
        let len = rng.usize(REPLY_HEAD..=longest);
        self.put(header, held.question.token, len, false)
    }

    /// Answers against them.
    fn break_rules(&mut self, held: &Held, flaw: Flaw, rng: &mut Rng) {
        let question = held.question;
        let mut header = Req {
            id: held.id,
            opclass: held.opclass,
            optype: held.optype,
            ..Req::default()
        };
        let (mut len, mut away) = (SHORTEST, false);
        let (told, seen) = match flaw {
            Flaw::Class => {
                header.opclass ^= [CLASS_VN | CLASS_VFS, FLAG_FAF, 0x40][rng.usize(..3)];
                (Errno::Inval, Seen::AnswerWrong)
            }
            Flaw::Type => {
                header.optype += 1;
                (Errno::Inval, Seen::AnswerWrong)
            }
            Flaw::Result => {
                header.rv = [-1, MAX_RV + 1, i32::MIN, i32::MAX][rng.usize(..4)];
                (Errno::Inval, Seen::AnswerWrong)
            }
            Flaw::TooLong if !question.grow && question.room < MAX_LEN => {
                len = question.room + 1;
                (Errno::TooBig, Seen::AnswerTooLong)
            }
            Flaw::Poor if question.grow && question.room < MAX_LEN => {
                len = question.room + 1;
                (Errno::NoMem, Seen::AnswerPoor)
            }
            Flaw::TooLong | Flaw::Beyond | Flaw::Poor => {
                len = [MAX_LEN + 1, usize::MAX][rng.usize(..2)];
                (Errno::Fault, Seen::AnswerBeyond)
            }
            Flaw::Away => {
                away = true;
                (Errno::Fault, Seen::AnswerFault)
            }
        };
        self.life.ledger.broke(question.token);
        let said = poor(matches!(flaw, Flaw::Poor), || {
            self.put(header, question.token, len, away)
        });
        match said == Err(told) {
            true => saw(seen),
            // A guess may have ended it first.
            false => assert!(gone_or(said, &[Errno::Inval]), "{flaw:?}: {said:?}"),
        }
    }

    /// Answers, in one way or another.
    fn deal_with(&mut self, held: Held, rng: &mut Rng) {
        let moves = held.question.parts > 0 && rng.u8(..8) != 0;
        if moves {
            moves::serve(self.life, &held, rng);
        }
        if rng.u8(..16) == 0 {
            inner(self.life, Some(&held), rng);
        }
        doing(|| format!("answers {held:?}"));
        let flaw = match rng.u8(..50) {
            0 => Flaw::Class,
            1 => Flaw::Type,
            2 => Flaw::Result,
            3 => Flaw::TooLong,
            4 => Flaw::Beyond,
            5 => Flaw::Away,
            6 => Flaw::Poor,
            7 if self.life.plan.forgetful => {
                saw(Seen::Forgotten);
                return;
            }
            _ => {
                let said = self.answer(&held, rng);
                let strict = !self.life.plan.guessing && !held.question.shared;
                match said {
                    Ok(()) | Err(Errno::Canceled) => {}
                    Err(Errno::Inval) if !strict => {}
                    Err(error) if gone(error) => {}
                    said => panic!("an answer to {held:?}: {said:?}"),
                }
                if moves && !held.question.shared {
                    moves::closed(self.life, held.id);
                }
                if rng.u8(..8) == 0 {
                    self.once_more(&held, rng);
                }
                return;
            }
        };
        self.break_rules(&held, flaw, rng);
        if rng.bool() {
            self.once_more(&held, rng);
        }
    }

    /// A second answer reaches nobody, unless the id is another's by now.
    fn once_more(&mut self, held: &Held, rng: &mut Rng) {
        let said = self.answer(held, rng);
        let strict = !held.question.shared;
        assert!(!strict || gone_or(said, &[Errno::Inval]), "twice: {said:?}");
        if said == Err(Errno::Inval) {
            saw(Seen::Twice);
        }
    }

    /// Answers a request that it has not fetched, if there is one like this.
    fn guess(&mut self, id: u64, opclass: u8, optype: u8) {
        doing(|| format!("guesses {id}"));
        self.life.ledger.guessing();
        let header = Req {
            id,
            opclass,
            optype,
            ..Req::default()
        };
        match self.put(header, 0, SHORTEST, false) {
            Ok(()) => saw(Seen::Guessed),
            Err(Errno::Canceled) => {}
            said => assert!(gone_or(said, &[Errno::Inval]), "a guess: {said:?}"),
        }
    }

    fn start(&mut self) {
        let mut start = StartReq::default();
        let arg = UserAddr(start.as_mut_bytes().as_mut_ptr().expose_provenance());
        loop {
            match self.life.instance().ioctl(Command::STARTOP, arg) {
                Err(Errno::NoEnt) if !self.life.dying() => std::thread::yield_now(),
                Ok(()) | Err(Errno::Busy | Errno::Nxio | Errno::NoEnt) => return,
                Err(error) => panic!("a start: {error:?}"),
            }
        }
    }
}

/// A guess that hits: the request is answered before its header fails to be written, and its place may be another's by then.
fn lucky_guess(life: &Arc<Life>) -> Meanwhile {
    let life = life.clone();
    Box::new(move |header| {
        let header = Req::read_from_bytes(header).unwrap();
        Desk::new(&life).guess(header.id, header.opclass, header.optype);
        let steps = life.steps.load(SeqCst);
        for _ in 0..200 {
            if life.steps.load(SeqCst) > steps + 3 {
                break;
            }
            std::thread::yield_now();
        }
    })
}

/// The mount ends in the middle of a copy; and whether it did.
fn end_in_copy(life: &Arc<Life>) -> (Arc<AtomicBool>, Meanwhile) {
    let ended = Arc::new(AtomicBool::new(false));
    let (life, done) = (life.clone(), ended.clone());
    let meanwhile = move |_: &[u8]| {
        life.end_somehow(fastrand::u8(..3));
        done.store(true, SeqCst);
        saw(Seen::EndedInCopy);
    };
    (ended, Box::new(meanwhile))
}

/// What is said when the mount has ended in the middle of a copy.
fn dead(said: Result<(), Errno>) -> Errno {
    match said {
        Err(error @ (Errno::Nxio | Errno::Fault)) => error,
        said => panic!("the mount is dead: {said:?}"),
    }
}

/// Sleeps in poll until there is something to do.
pub(crate) fn poll(at: &TestInstance) {
    if fastrand::bool() {
        let watcher = at.watch(filters::READ).unwrap();
        let seen = watcher.poll_point().rung();
        if watcher.state() == Sight::Nothing && watcher.poll_point().wait(seen) {
            saw(Seen::WatchSlept);
        }
        return;
    }
    let seen = at.poll_point().rung();
    if at.poll(events::IN) == 0 && at.poll_point().wait(seen) {
        saw(Seen::PollSlept);
    }
}

/// Serves until the mount is dead. Number 0 sees that it starts.
pub(crate) fn serve(life: &Arc<Life>, number: usize, rng: &mut Rng) {
    // Where no signal comes, a wake-up that is lost is missed.
    let _target = life.plan.signals.then(|| life.targets.join());
    let mut desk = Desk::new(life);
    if life.plan.start == Start::Servers && (number == 0 || rng.bool()) {
        desk.start();
    }
    let polls = rng.u8(..2) < life.plan.polls;
    if rng.u8(..4) < life.plan.batches {
        batch::serve(life, number, polls, rng);
    } else {
        work(&mut desk, number, polls, rng);
    }
    // What its fellows would answer otherwise, and they may be asleep.
    while let Some(held) = take_held(life, rng) {
        desk.deal_with(held, rng);
    }
}

/// Fetches and answers, one at a time.
fn work(desk: &mut Desk<'_>, number: usize, polls: bool, rng: &mut Rng) {
    let life = desk.life;
    let mut latest = 0;
    loop {
        if rng.bool()
            && let Some(held) = take_held(life, rng)
        {
            desk.deal_with(held, rng);
            continue;
        }
        if life.plan.guessing && rng.u8(..4) == 0 {
            match rng.bool() {
                true => moves::guess(life, latest + rng.u64(..4), rng),
                false => desk.guess(latest + rng.u64(..4), CLASS_VN, rng.u8(1..=3)),
            }
        }
        let how = match rng.u8(..40) {
            ..20 if life.plan.quiet && number > 0 => Fetch::Short,
            0 => Fetch::Short,
            1 => Fetch::AuxAway,
            2 => Fetch::HeaderAway,
            3 => Fetch::HeaderReadOnly,
            _ => Fetch::Well,
        };
        // Who has something to answer must not sleep for more: there may be no more before it is answered.
        let block = !polls && life.held.lock().unwrap().is_empty();
        doing(|| format!("fetches ({how:?}, block {block})"));
        let at = life.instance();
        match desk.fetch(&at, how, block) {
            Ok(None) if how != Fetch::Well && life.plan.retire && number > 0 => break,
            Ok(None) => {}
            Ok(Some(held)) => {
                latest = held.id;
                life.held.lock().unwrap().push(held);
            }
            Err(Errno::WouldBlock) => match take_held(life, rng) {
                Some(held) => desk.deal_with(held, rng),
                None if polls => {
                    if rng.u8(..8) == 0 {
                        inner(life, None, rng);
                        continue;
                    }
                    doing(|| "polls".to_owned());
                    poll(&at);
                }
                None => {}
            },
            Err(_) if life.dying() => {
                assert_eq!(at.poll(events::IN), events::ERR | events::HUP);
                break;
            }
            // It is not bound yet, or not any more.
            Err(_) => std::thread::yield_now(),
        }
    }
}
