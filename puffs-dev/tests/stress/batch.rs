//! A server thread that does all it does by PUFFSBATCH: several answers and several fetches in one call, some of it wrong.
//! Each answer's header tells what became of it, and the number of requests what was fetched; nothing else counts.

use std::mem::offset_of;
use std::sync::Arc;

use fastrand::Rng;
use puffs_core::msg::op::CLASS_VFS;
use puffs_core::msg::wire::{Batch, Req};
use puffs_core::platform::Platform;
use puffs_core::{Errno, UserAddr};
use puffs_dev::{Command, events};
use zerocopy::IntoBytes;

use crate::held::{Held, gone, take, take_held};
use crate::inner::inner;
use crate::letter::{REPLY_HEAD, Reply, SHORTEST};
use crate::life::{Life, MAX_LEN, MAX_RV};
use crate::moves;
use crate::rough::{Rough, TestInstance, Way, nowhere, watched};
use crate::server::poll;
use crate::tally::{Seen, saw};
use crate::watchdog::doing;

/// What is wrong with the call as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    ArgAway,
    TooMany,
    PutAway,
    GetAway,
    /// The first answer's header can be read only.
    PutReadOnly,
    /// The number of requests cannot be written.
    CountReadOnly,
    /// The first, or the second, room is too small.
    Short(usize),
}

impl Flaw {
    fn draw(life: &Life, number: usize, rng: &mut Rng) -> Self {
        match rng.u8(..40) {
            ..20 if life.plan.quiet && number > 0 => Flaw::Short(0),
            _ if life.plan.quiet => Flaw::None,
            0 => Flaw::ArgAway,
            1 => Flaw::TooMany,
            2 => Flaw::PutAway,
            3 => Flaw::GetAway,
            4 => Flaw::PutReadOnly,
            5 => Flaw::CountReadOnly,
            6 => Flaw::Short(0),
            7 => Flaw::Short(1),
            _ => Flaw::None,
        }
    }

    /// The call does nothing at all, and says this.
    fn refused(self, answers: usize) -> Option<Errno> {
        match self {
            Flaw::ArgAway => Some(Errno::Fault),
            Flaw::TooMany => Some(Errno::Inval),
            Flaw::PutAway if answers > 0 => Some(Errno::Fault),
            _ => None,
        }
    }
}

/// One answer of a call.
struct Answer {
    held: Held,
    serial: u64,
    /// What is wrong with it says this.
    told: Option<Errno>,
    body: Vec<u8>,
    /// Where its header is.
    place: usize,
}

/// The memory of one call.
#[derive(Default)]
struct Tray {
    put: Vec<Req>,
    get: Vec<Req>,
    answers: Vec<Answer>,
    rooms: Vec<Vec<u8>>,
    blanks: Vec<usize>,
}

/// A header that is passed over, whatever else is in it.
const BLANK: i32 = 77_777;

fn at<T>(first: &mut [T]) -> UserAddr {
    UserAddr(first.as_mut_ptr().expose_provenance())
}

impl Tray {
    /// Puts in an answer.
    fn answer(&mut self, life: &Life, held: Held, rng: &mut Rng) {
        while rng.u8(..4) == 0 {
            self.blanks.push(self.put.len());
            self.put.push(Req {
                rv: BLANK,
                ..Req::default()
            });
        }
        let serial = life.ledger.give();
        let question = held.question;
        let longest = match question.grow {
            true => MAX_LEN,
            false => question.room,
        };
        let mut header = Req {
            id: held.id,
            opclass: held.opclass,
            optype: held.optype,
            rv: match rng.bool() {
                true => 0,
                false => rng.i32(1..=MAX_RV),
            },
            ..Req::default()
        };
        let reply = Reply {
            serial,
            token: question.token,
            rv: header.rv,
        };
        let mut body = vec![0; rng.usize(REPLY_HEAD..=longest)];
        reply.write(&mut body);
        let mut aux = at(&mut body);
        let told = match rng.u8(..25) {
            _ if life.plan.quiet => None,
            0 => {
                header.opclass ^= CLASS_VFS | 0x40;
                Some(Errno::Inval)
            }
            1 => {
                aux = nowhere(aux);
                Some(Errno::Fault)
            }
            _ => None,
        };
        if told.is_some() {
            life.ledger.broke(question.token);
        }
        (header.aux, header.auxlen) = (aux.0, body.len());
        self.answers.push(Answer {
            held,
            serial,
            told,
            body,
            place: self.put.len(),
        });
        self.put.push(header);
    }

    /// Puts in room for requests.
    fn room(&mut self, rooms: usize, flaw: Flaw) {
        for place in 0..rooms {
            self.rooms.push(vec![0; MAX_LEN]);
            self.get.push(Req {
                aux: at(&mut self.rooms[place]).0,
                auxlen: match flaw == Flaw::Short(place) {
                    true => SHORTEST - 1,
                    false => MAX_LEN,
                },
                ..Req::default()
            });
        }
    }

    /// Makes the call; a sleep that a signal ended once more, as it is. What it said, and how many it fetched.
    fn call(
        &mut self,
        instance: &TestInstance,
        flaw: Flaw,
        block: bool,
    ) -> (Result<(), Errno>, usize) {
        let (put, get) = (at(&mut self.put), at(&mut self.get));
        let mut batch = Box::new(Batch {
            put: put.0,
            nput: self.put.len(),
            get: get.0,
            nget: self.get.len(),
            flags: 0,
        });
        match flaw {
            Flaw::PutAway => batch.put = nowhere(put).0,
            Flaw::GetAway => batch.get = nowhere(get).0,
            Flaw::TooMany => batch.nget = 1025,
            _ => {}
        }
        let asked = batch.nget;
        let arg = UserAddr(batch.as_mut_bytes().as_mut_ptr().expose_provenance());
        let watch = match flaw {
            Flaw::PutReadOnly => Some(put),
            Flaw::CountReadOnly => Some(UserAddr(arg.0 + offset_of!(Batch, nget))),
            _ => None,
        };
        let call = |nonblock| match (flaw, watch) {
            (Flaw::ArgAway, _) => instance.batch(nowhere(arg), nonblock),
            (_, Some(addr)) => watched(addr, Way::OutFails, None, || instance.batch(arg, nonblock)),
            _ if !nonblock => instance.ioctl(Command::BATCH, arg),
            _ => instance.batch(arg, nonblock),
        };
        let mut said = call(!block);
        if let Err(Errno::Intr | Errno::Woken) = said {
            assert!(block);
            saw(match said {
                Err(Errno::Woken) => Seen::BatchWoken,
                _ => Seen::BatchAgain,
            });
            said = call(true);
        }
        // What wants no answer is told of before it is sent, and death may come between.
        if said.is_err_and(|error| error != Errno::Nxio) {
            assert_eq!(batch.nget, asked, "an error fetches nothing");
        }
        (said, batch.nget)
    }

    /// What became of an answer; `None`: the call did not come so far, and `Some(None)`: it cannot be told.
    fn outcome(&self, answer: &Answer, flaw: Flaw) -> Option<Option<Result<(), Errno>>> {
        let header = &self.put[answer.place];
        if flaw == Flaw::PutReadOnly && answer.place == 0 {
            assert_eq!(header.id, answer.held.id, "it cannot be written");
            return Some(None);
        }
        if header.id == answer.held.id {
            return None;
        }
        assert_eq!(header.id, 0);
        Some(Some(match header.rv {
            0 => Ok(()),
            rv => {
                let errors = [Errno::Canceled, Errno::Inval, Errno::Fault, Errno::Nxio];
                let error = errors.into_iter().find(|error| Rough::errno(*error) == rv);
                Err(error.unwrap_or_else(|| panic!("an answer: {rv}")))
            }
        }))
    }
}

/// Answers what it takes, and fetches. How many were fetched; the error is that of the first fetch, or of the instance.
fn round(life: &Arc<Life>, number: usize, polls: bool, rng: &mut Rng) -> Result<usize, Errno> {
    let mut tray = Tray::default();
    let flaw = Flaw::draw(life, number, rng);
    for _ in 0..rng.usize(..4) {
        if let Some(mut held) = take_held(life, rng) {
            if held.question.parts > 0 && rng.u8(..4) != 0 {
                moves::serve(life, &held, rng);
                // When the call is refused it is held again.
                held.question.parts = 0;
            }
            if rng.u8(..8) == 0 {
                inner(life, Some(&held), rng);
            }
            tray.answer(life, held, rng);
        }
    }
    tray.room(rng.usize(1..4), flaw);
    // Who has something to answer must not sleep for more.
    let block = !polls && life.held.lock().unwrap().is_empty();
    doing(|| {
        let answers = tray.answers.len();
        format!("a batch of {answers} answers ({flaw:?}, block {block})")
    });
    let (said, fetched) = tray.call(&life.instance(), flaw, block);

    let refused = flaw.refused(tray.put.len());
    let mut first = Ok(());
    let mut unsure = false;
    let answers = std::mem::take(&mut tray.answers);
    for answer in &answers {
        assert!(!answer.body.is_empty());
        let strict = !life.plan.guessing && !answer.held.question.shared;
        match tray.outcome(answer, flaw) {
            // The mount was dead, and nothing was looked at.
            None if said == Err(Errno::Nxio) => life.ledger.put(answer.serial, Err(Errno::Nxio)),
            None => {
                let nothing = said == Err(Errno::NoEnt) || refused.is_some_and(|e| said == Err(e));
                assert!(nothing, "{flaw:?}: {said:?}, and an answer was left out");
                life.ledger.put(answer.serial, Err(Errno::NoEnt));
                life.held.lock().unwrap().push(answer.held);
                saw(Seen::BatchRefused);
                continue;
            }
            Some(None) => {
                unsure = true;
                life.ledger.unsure(answer.serial);
                saw(Seen::BatchUnsure);
                continue;
            }
            Some(Some(outcome)) => {
                assert!(refused.is_none(), "{flaw:?}: {outcome:?}");
                life.ledger.put(answer.serial, outcome);
                match (outcome, answer.told) {
                    (Err(Errno::Nxio), _) => {}
                    (Err(Errno::Inval), None) => assert!(!strict, "an answer of a batch"),
                    (outcome, Some(told)) if strict => assert_eq!(outcome, Err(told)),
                    (Ok(()) | Err(Errno::Canceled), None) => saw(Seen::BatchAnswered),
                    _ => {}
                }
                if !matches!(outcome, Ok(()) | Err(Errno::Canceled)) {
                    first = first.and(outcome);
                    saw(Seen::BatchFailed);
                }
            }
        }
    }
    for place in &tray.blanks {
        assert_eq!(tray.put[*place].rv, BLANK, "it is passed over");
    }
    match said {
        _ if unsure => assert!(said.is_err()),
        Ok(()) => {
            assert!(first.is_ok() && refused.is_none() && (1..=tray.get.len()).contains(&fetched))
        }
        Err(error) if first.is_err() => {
            assert_eq!(Err(error), first, "the first failure is told");
            return Ok(0);
        }
        Err(_) => {}
    }
    match (said, flaw) {
        (Ok(()), Flaw::None | Flaw::Short(1) | Flaw::PutAway | Flaw::PutReadOnly) => {
            for place in 0..fetched {
                let header = &tray.get[place];
                assert!(flaw != Flaw::Short(place));
                if let Some(held) = take(life, header, &tray.rooms[place]) {
                    life.held.lock().unwrap().push(held);
                }
            }
            match fetched {
                1 => {}
                _ => saw(Seen::BatchFetched),
            }
            if fetched < tray.get.len() {
                saw(Seen::BatchStopped);
            }
            Ok(fetched)
        }
        (Err(error), _) if refused == Some(error) => Ok(0),
        (Err(Errno::TooBig), Flaw::Short(0))
        | (Err(Errno::Fault), Flaw::GetAway | Flaw::CountReadOnly | Flaw::PutReadOnly) => {
            saw(Seen::BatchFault);
            Ok(0)
        }
        (Err(Errno::WouldBlock), _) => Err(Errno::WouldBlock),
        (Err(error), _) if gone(error) => Err(error),
        (Err(_), Flaw::PutReadOnly) => Ok(0),
        (said, flaw) => panic!("a batch ({flaw:?}, block {block}): {said:?}"),
    }
}

/// Serves until the mount is dead.
pub(crate) fn serve(life: &Arc<Life>, number: usize, polls: bool, rng: &mut Rng) {
    loop {
        match round(life, number, polls, rng) {
            Ok(0) if life.plan.retire && number > 0 => break,
            Ok(_) => {}
            Err(Errno::WouldBlock) if polls && life.held.lock().unwrap().is_empty() => {
                if rng.u8(..8) == 0 {
                    inner(life, None, rng);
                    continue;
                }
                doing(|| "polls".to_owned());
                poll(&life.instance());
            }
            Err(Errno::WouldBlock) => {}
            Err(_) if life.dying() => {
                let at = life.instance();
                assert_eq!(at.poll(events::IN), events::ERR | events::HUP);
                break;
            }
            Err(_) => std::thread::yield_now(),
        }
    }
}
