//! What the threads of a server share: the requests that they have fetched and not answered.

use fastrand::Rng;
use puffs_core::Errno;
use puffs_core::msg::op::{CLASS_MASK, CLASS_VFS, CLASS_VN, FLAG_FAF};
use puffs_core::msg::wire::Req;

use crate::letter::Question;
use crate::life::Life;
use crate::tally::{Seen, saw};
use crate::watchdog::progress;

/// A request that a server has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) id: u64,
    pub(crate) opclass: u8,
    pub(crate) optype: u8,
    pub(crate) question: Question,
}

/// What was fetched, with the body that came. `None`: it wants no answer.
pub(crate) fn take(life: &Life, header: &Req, body: &[u8]) -> Option<Held> {
    assert_eq!((header.rv, header.pad), (0, [0; 2]));
    let question = Question::read(&body[..header.auxlen]);
    let faf = header.opclass & FLAG_FAF != 0;
    assert_eq!(header.id == 0, faf);
    let cookie = match header.opclass & CLASS_MASK {
        CLASS_VN => question.token as usize,
        class => {
            assert_eq!(class, CLASS_VFS);
            0
        }
    };
    assert_eq!(header.cookie, cookie);
    life.ledger.fetched(question.token);
    saw(Seen::Fetched);
    if faf {
        saw(Seen::FafFetched);
        progress();
        return None;
    }
    Some(Held {
        id: header.id,
        opclass: header.opclass,
        optype: header.optype,
        question,
    })
}

/// One of the requests that wait for an answer.
pub(crate) fn take_held(life: &Life, rng: &mut Rng) -> Option<Held> {
    let mut held = life.held.lock().unwrap();
    match held.len() {
        0 => None,
        all => Some(held.swap_remove(rng.usize(..all))),
    }
}

/// Nothing can be fetched or answered: the mount is dead, or this instance is not its own any more.
pub(crate) fn gone(error: Errno) -> bool {
    matches!(error, Errno::Nxio | Errno::NoEnt)
}
