//! Data beside a request: callers that register buffers for theirs, and servers that move them, well and badly. What
//! moved is told by its bytes: each buffer's are its own.

use std::mem::offset_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use fastrand::Rng;
use puffs_core::msg::wire::SizeOp;
use puffs_core::{Buf, Direction, Errno, ReqId, SizeOps, UserAddr};
use puffs_dev::Command;
use zerocopy::IntoBytes;

use crate::held::{Held, gone};
use crate::letter::{fill, filling};
use crate::life::Life;
use crate::rough::{Meanwhile, Rough, Way, nowhere, watched};
use crate::tally::{Seen, saw};
use crate::watchdog::doing;

/// The largest buffer.
const LARGEST: usize = 700;

/// One buffer of a request; token 0: whichever it is.
#[derive(Clone, Copy, Debug)]
struct Parcel {
    token: u64,
    at: usize,
}

impl Parcel {
    /// What fills it when it goes this way; far enough from all others for none to begin inside another.
    fn key(self, direction: Direction) -> u64 {
        let way = u64::from(direction == Direction::In);
        (self.token << 20) + ((self.at as u64) << 12) + (way << 11) + (1 << 10)
    }

    fn len(self) -> usize {
        1 + (self.key(Direction::Out).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % LARGEST
    }

    fn direction(self) -> Direction {
        match (self.token + self.at as u64).is_multiple_of(2) {
            true => Direction::In,
            false => Direction::Out,
        }
    }

    fn bytes(self, direction: Direction, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        fill(&mut bytes, 0, self.key(direction));
        bytes
    }
}

/// The buffers that a caller registered.
pub(crate) struct Parcels {
    life: Arc<Life>,
    set: SizeOps<Rough>,
    token: u64,
    count: usize,
}

impl Parcels {
    /// Registers so many for the request that will have this id.
    pub(crate) fn new(
        life: &Arc<Life>,
        id: ReqId,
        token: u64,
        count: usize,
    ) -> Result<Self, Errno> {
        let set = SizeOps::new(&life.mount, id)?;
        for at in 0..count {
            let parcel = Parcel { token, at };
            let bytes = parcel.bytes(Direction::Out, parcel.len());
            set.add(
                parcel.direction(),
                Buf::copy_of(&bytes, bytes.len()).unwrap(),
            )
            .unwrap();
        }
        match SizeOps::new(&life.mount, id).map(|_| ()) {
            Err(Errno::Exist) => {}
            again => assert!(again == Err(Errno::Nxio) && life.dying(), "{again:?}"),
        }
        Ok(Parcels {
            life: life.clone(),
            set,
            token,
            count,
        })
    }

    /// Takes them back, and looks at what came. `early`: the request may not have ended.
    pub(crate) fn finish(self, early: bool) {
        let Parcels {
            life,
            set,
            token,
            count,
        } = self;
        let results = set.finish();
        assert_eq!(results.iter().count(), count);
        let mut moved = Vec::new();
        for (at, one) in results.iter().enumerate() {
            let parcel = Parcel { token, at };
            assert_eq!(one.direction, parcel.direction());
            moved.push(one.moved);
            let Some(data) = &one.data else {
                assert_eq!(one.moved, None);
                saw(Seen::MoveKept);
                continue;
            };
            assert_eq!(data.len(), parcel.len());
            parcel.check(data, one.moved, life.plan.guessing);
        }
        saw(match () {
            () if early => Seen::PartsTakenBack,
            () if moved.contains(&None) => Seen::PartsLeft,
            () => Seen::PartsMoved,
        });
        life.ledger.parts(token, moved, early);
    }
}

impl Parcel {
    /// What a caller finds in its buffer.
    fn check(self, data: &[u8], moved: Option<usize>, guessing: bool) {
        let first = self.key(Direction::Out);
        let mut own = data.iter().enumerate();
        if self.direction() == Direction::Out {
            assert!(own.all(|(at, byte)| *byte == filling(first, at)));
            return;
        }
        let any = Parcel { token: 0, at: 0 }.key(Direction::In);
        // A guess may have taken one out of turn, so a server counts wrong from then on.
        let mut keys = vec![self.key(Direction::In)];
        if guessing {
            let others = (0..SizeOps::<Rough>::MOST).map(|at| Parcel { at, ..self });
            keys.extend(others.map(|other| other.key(Direction::In)));
            keys.push(any);
        }
        for (at, byte) in own {
            let came = keys.iter().any(|key| *byte == filling(*key, at));
            // Behind what moved, a copy that failed may have left something.
            let left = *byte == filling(first, at) && moved.is_none_or(|moved| at >= moved);
            assert!(came || left, "byte {at} of {self:?}, moved {moved:?}");
        }
    }
}

/// What goes wrong with a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    DataAway,
    ArgAway,
    /// How much was moved cannot be told.
    CountReadOnly,
    /// The caller is told to leave in the middle.
    CallerLeaves,
}

/// PUFFSSIZEOP: what it said, and how much it moved.
fn sizeop(
    life: &Arc<Life>,
    id: u64,
    data: &mut [u8],
    direction: Direction,
    flaw: Flaw,
    meanwhile: Option<Meanwhile>,
) -> Result<usize, Errno> {
    let user = UserAddr(data.as_mut_ptr().expose_provenance());
    let shown = match flaw {
        Flaw::DataAway => nowhere(user),
        _ => user,
    };
    let mut op = Box::new(SizeOp {
        reqid: id,
        userbuf: shown.0,
        bufsize: data.len(),
    });
    let arg = UserAddr(op.as_mut_bytes().as_mut_ptr().expose_provenance());
    let at = life.instance();
    let said = match flaw {
        Flaw::None | Flaw::DataAway => at.ioctl(Command::SIZEOP, arg),
        Flaw::ArgAway => at.ioctl(Command::SIZEOP, nowhere(arg)),
        Flaw::CountReadOnly => {
            let count = UserAddr(arg.0 + offset_of!(SizeOp, bufsize));
            watched(count, Way::OutFails, None, || {
                at.ioctl(Command::SIZEOP, arg)
            })
        }
        Flaw::CallerLeaves => {
            let way = match direction {
                Direction::In => Way::In,
                Direction::Out => Way::Out,
            };
            watched(user, way, meanwhile, || at.ioctl(Command::SIZEOP, arg))
        }
    };
    said.map(|()| op.bufsize)
}

/// In the middle of the copy the caller is interrupted, and most often has left when it goes on; and whether it has.
fn caller_leaves(life: &Arc<Life>, held: &Held) -> (Arc<AtomicBool>, Meanwhile) {
    let left = Arc::new(AtomicBool::new(false));
    let (life, held, done) = (life.clone(), *held, left.clone());
    let meanwhile = move |_: &[u8]| {
        if life.mount.interrupt(ReqId(held.id)).is_err() {
            return;
        }
        for _ in 0..500 {
            if life.ledger.has_ended(held.question.token) {
                done.store(true, SeqCst);
                return;
            }
            std::thread::yield_now();
        }
    };
    (left, Box::new(meanwhile))
}

/// Moves what there is beside a request, or some of it.
pub(crate) fn serve(life: &Arc<Life>, held: &Held, rng: &mut Rng) {
    doing(|| format!("moves data for {held:?}"));
    let token = held.question.token;
    let count = usize::from(held.question.parts);
    let mut at = 0;
    while at < count && rng.u8(..16) != 0 {
        let parcel = Parcel { token, at };
        let flaw = match rng.u8(..16) {
            0 => Flaw::DataAway,
            1 => Flaw::ArgAway,
            2 => Flaw::CountReadOnly,
            3 => Flaw::CallerLeaves,
            _ => Flaw::None,
        };
        let size = rng.usize(1..=LARGEST + 50);
        let direction = parcel.direction();
        let mut data = match direction {
            Direction::In => parcel.bytes(Direction::In, size),
            // After a guess it counts wrong, and what it has there may be fetched.
            Direction::Out => Parcel { token: 0, at: 0 }.bytes(Direction::In, size),
        };
        let (left, meanwhile) = match flaw {
            Flaw::CallerLeaves => {
                let (left, meanwhile) = caller_leaves(life, held);
                (left, Some(meanwhile))
            }
            _ => Default::default(),
        };
        let said = sizeop(life, held.id, &mut data, direction, flaw, meanwhile);
        if left.load(SeqCst) {
            assert!(said.is_err(), "moved for a caller that had left: {said:?}");
            saw(Seen::MoveCut);
        }
        match (said, flaw) {
            (Ok(len), Flaw::None | Flaw::CallerLeaves) => {
                life.ledger.moved(token, at, len);
                if !life.plan.guessing {
                    assert_eq!(len, size.min(parcel.len()));
                    let key = parcel.key(direction);
                    let mut own = data[..len].iter().enumerate();
                    assert!(own.all(|(at, byte)| *byte == filling(key, at)));
                }
                at += 1;
                saw(Seen::Moved);
            }
            (Err(Errno::Fault), Flaw::DataAway | Flaw::ArgAway | Flaw::CountReadOnly) => {
                saw(Seen::MoveFault);
            }
            (Err(Errno::Inval), _) => {
                // Its caller has left, or a guess has moved or answered it.
                life.ledger.denied(token);
                saw(Seen::MoveDenied);
                return;
            }
            (Err(error), _) if gone(error) => return,
            (said, flaw) => panic!("a move ({flaw:?}) of {parcel:?}: {said:?}"),
        }
    }
    if at == count {
        closed(life, held.id);
        saw(Seen::MoveBeyond);
    }
}

/// There is nothing to move: there never was, all has been, or the request has ended.
pub(crate) fn closed(life: &Arc<Life>, id: u64) {
    let said = sizeop(life, id, &mut [0; 8], Direction::Out, Flaw::None, None);
    assert!(
        said.is_err_and(|error| gone(error) || error == Errno::Inval),
        "{said:?}"
    );
}

/// Moves for a request that this server has not fetched, if there is one like this.
pub(crate) fn guess(life: &Arc<Life>, id: u64, rng: &mut Rng) {
    life.ledger.guessing();
    let size = rng.usize(1..=LARGEST);
    let mut data = Parcel { token: 0, at: 0 }.bytes(Direction::In, size);
    match sizeop(life, id, &mut data, Direction::In, Flaw::None, None) {
        Ok(len) => {
            assert!(len <= size);
            life.ledger.moved_by_guess(len);
            saw(Seen::MoveGuessed);
        }
        Err(error) => assert!(gone(error) || error == Errno::Inval, "{error:?}"),
    }
}
