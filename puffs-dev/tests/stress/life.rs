//! One mount: made, bound and served, called, and ended in one of the ways that there are. Then nothing of it is left.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{ScopedJoinHandle, yield_now};
use std::time::{Duration, Instant};

use fastrand::Rng;
use puffs_core::msg::wire::StartReq;
use puffs_core::platform::{Platform, Wait};
use puffs_core::{Buf, Config, Errno, Late, Mount, MountHost, OnClose, Outgoing, ReqId, Status};
use puffs_dev::Registry;

use crate::common::lwp;
use crate::held::Held;
use crate::ledger::Ledger;
use crate::letter::Reply;
use crate::rough::{Rough, TestInstance, TestMount};
use crate::signals::Targets;
use crate::tally::{Seen, saw};
use crate::{caller, chaos, observer, server, watchdog};

/// The longest message.
pub(crate) const MAX_LEN: usize = 2048;
/// The largest result that a server may answer with.
pub(crate) const MAX_RV: i32 = 90;
/// A mount that is to be killed, and whose callers get no further, is killed after this.
const LONGEST: Duration = Duration::from_millis(60);

/// How a mount ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// All callers have done what they wanted, all is answered; then it is unmounted.
    Drain,
    Close,
    Unmount,
    Kill,
    /// As `Kill`, by a completion.
    Completion,
    /// Any of the three, while a server copies.
    Copy,
    /// `Close`, `Unmount` and `Kill` at once.
    All,
}

/// Who starts a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Servers,
    /// The kernel side, while servers may be asleep already.
    Kernel,
    Nobody,
}

/// What is decided about a mount before it is made.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) end: End,
    /// Servers forget requests.
    pub(crate) forgetful: bool,
    /// Servers answer by guess.
    pub(crate) guessing: bool,
    /// The close of the device leaves it alive: it is handed from one instance to the next.
    keep: bool,
    /// A few requests, whose callers wait as long as it takes, and fetches that fail: nothing comes later that would make good
    /// for a wake-up that is lost.
    pub(crate) quiet: bool,
    /// Who starts it.
    pub(crate) start: Start,
    /// Server threads end when a fetch fails, all but one.
    pub(crate) retire: bool,
    /// Signals come to servers too.
    pub(crate) signals: bool,
    /// Of two servers so many poll.
    pub(crate) polls: u8,
    /// Of four servers so many do all in batches.
    pub(crate) batches: u8,
    pub(crate) servers: usize,
    callers: usize,
    /// Requests of each caller, at most.
    pub(crate) steps: usize,
    /// Requests in all, after which it is killed.
    mortal: usize,
}

impl Plan {
    fn draw(rng: &mut Rng) -> Self {
        let end = match rng.u8(..10) {
            0..4 => End::Drain,
            4 => End::Close,
            5 => End::Unmount,
            6 => End::Kill,
            7 => End::Completion,
            8 => End::Copy,
            _ => End::All,
        };
        let drain = end == End::Drain;
        let quiet = drain && rng.u8(..4) == 0;
        Plan {
            end,
            forgetful: !drain && rng.bool(),
            guessing: !quiet && rng.u8(..4) == 0,
            keep: !quiet && matches!(end, End::Drain | End::Kill | End::Unmount) && rng.bool(),
            quiet,
            start: match rng.u8(..8) {
                0 if !drain => Start::Nobody,
                1 | 2 => Start::Kernel,
                _ => Start::Servers,
            },
            retire: quiet || rng.u8(..4) == 0,
            signals: !quiet && rng.bool(),
            polls: [0, 0, 1, 2][rng.usize(..if quiet { 2 } else { 4 })],
            batches: [0, 1, 3, 4][rng.usize(..4)],
            servers: rng.usize(1..=4),
            callers: rng.usize(2..=7),
            steps: match drain {
                true if quiet => rng.usize(1..=3),
                true => rng.usize(10..80),
                false => 10_000,
            },
            mortal: rng.usize(..400),
        }
    }
}

/// Where the end of a request is noted.
pub(crate) type Note = Arc<OnceLock<Result<(), Errno>>>;

/// An id that somebody may interrupt.
pub(crate) struct Published {
    pub(crate) id: ReqId,
    /// Where the end of its request is noted; several requests may have a shared id, and then it is not.
    pub(crate) note: Option<Note>,
    /// Who is told is a completion.
    pub(crate) completes: bool,
}

pub(crate) struct Life {
    number: usize,
    registry: Registry<Rough>,
    pub(crate) mount: TestMount,
    pub(crate) plan: Plan,
    pub(crate) ledger: Arc<Ledger>,
    seat: Mutex<TestInstance>,
    /// Requests that servers have fetched and will answer.
    pub(crate) held: Mutex<Vec<Held>>,
    /// Ids that may be interrupted.
    pub(crate) published: Mutex<Vec<Published>>,
    /// Parked callers that were interrupted: whatever the server does, they leave.
    pub(crate) interrupted: Mutex<Vec<Note>>,
    /// Ids that several callers use.
    pub(crate) shared_ids: Vec<ReqId>,
    pub(crate) targets: Targets,
    /// Completions that are outstanding or running.
    pub(crate) completions: AtomicUsize,
    /// Requests that have ended.
    pub(crate) steps: AtomicUsize,
    /// The next completion is to kill the mount, or the next copy.
    pub(crate) deadly: AtomicBool,
    pub(crate) over: AtomicBool,
    /// Servers that call into the mount.
    pub(crate) inside: AtomicUsize,
    /// They may not any more.
    pub(crate) settled: AtomicBool,
    fate: Arc<Fate>,
}

/// What the host saw.
#[derive(Default)]
struct Fate {
    unmounts: AtomicUsize,
    freed: AtomicUsize,
}

struct Host {
    registry: Registry<Rough>,
    ledger: Arc<Ledger>,
    keep: bool,
    fate: Arc<Fate>,
}

impl MountHost<Rough> for Host {
    fn late(&self, late: Late<Rough>) {
        let answer = late.answer;
        let reply = Reply::read(&answer.body[..answer.len]);
        assert_eq!(reply.rv, answer.rv);
        self.ledger.late(reply.serial);
        saw(Seen::Late);
    }

    fn unmount(&self, mount: &TestMount) {
        assert_eq!(mount.status(), Status::Dying);
        self.fate.unmounts.fetch_add(1, SeqCst);
        saw(Seen::ForcedUnmount);
        self.registry.nuke(mount);
    }

    fn on_close(&self) -> OnClose {
        match self.keep {
            true => OnClose::Keep,
            false => OnClose::Unmount,
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.fate.freed.fetch_add(1, SeqCst);
    }
}

/// Opens the device, however long others leave no minor free.
fn open(registry: &Registry<Rough>, number: usize) -> TestInstance {
    loop {
        match registry.open(&lwp(number as i32, 0)) {
            Ok(instance) => return instance,
            Err(error) => assert_eq!(error, Errno::Busy),
        }
        yield_now();
    }
}

impl Life {
    fn new(registry: &Registry<Rough>, number: usize, rng: &mut Rng) -> Arc<Self> {
        let plan = Plan::draw(rng);
        let config = Config {
            max_len: MAX_LEN,
            max_requests: [1, 2, 3, 5, 8, 100][rng.usize(..6)],
            max_bytes: MAX_LEN * rng.usize(1..=6),
            max_rv: MAX_RV,
        };
        let (ledger, fate): (Arc<Ledger>, Arc<Fate>) = Default::default();
        let host = Host {
            registry: registry.clone(),
            ledger: ledger.clone(),
            keep: plan.keep,
            fate: fate.clone(),
        };
        let mount = Mount::new(config, Some(Box::new(host))).unwrap();
        let shared_ids = (0..2).map(|_| mount.next_id()).collect();
        Arc::new(Life {
            number,
            registry: registry.clone(),
            mount,
            plan,
            ledger,
            seat: Mutex::new(open(registry, number)),
            held: Mutex::default(),
            published: Mutex::default(),
            interrupted: Mutex::default(),
            shared_ids,
            targets: Targets::default(),
            completions: AtomicUsize::new(0),
            steps: AtomicUsize::new(0),
            deadly: AtomicBool::new(false),
            over: AtomicBool::new(false),
            inside: AtomicUsize::new(0),
            settled: AtomicBool::new(false),
            fate,
        })
    }

    /// The instance that it is served by now.
    pub(crate) fn instance(&self) -> TestInstance {
        self.seat.lock().unwrap().clone()
    }

    pub(crate) fn dying(&self) -> bool {
        self.mount.status() == Status::Dying
    }

    /// Whether the next completion, or the next copy, is to kill the mount: once.
    pub(crate) fn deadly(&self, by: End) -> bool {
        self.plan.end == by && self.deadly.swap(false, SeqCst)
    }

    /// Ends it in one of the three ways.
    pub(crate) fn end_somehow(&self, how: u8) {
        match how {
            0 => self.mount.die(),
            1 => self.registry.nuke(&self.mount),
            _ => self.registry.close(&self.instance()),
        }
    }

    /// One line for who looks for a hang.
    pub(crate) fn describe(&self) -> String {
        format!(
            "life {}: {:?}, {:?}, load {:?}, getters and line {:?}, {:?}, held {}, not fetched {}",
            self.number,
            self.plan,
            self.mount.status(),
            self.mount.load(),
            self.mount.sleepers(),
            self.mount.readiness(),
            self.held.lock().unwrap().len(),
            self.ledger.unfetched()
        )
    }

    /// The server's process is replaced: its device is closed, and the mount bound to another.
    fn hand_over(&self) {
        let new = open(&self.registry, self.number);
        let mut seat = self.seat.lock().unwrap();
        let old = std::mem::replace(&mut *seat, new.clone());
        std::thread::scope(|scope| {
            scope.spawn(|| self.registry.close(&old));
            while let Err(error) = self.registry.bind(&new, &self.mount) {
                assert_eq!(error, Errno::Busy);
                yield_now();
            }
        });
        saw(Seen::HandedOver);
    }

    /// Lets it live until its time has come.
    fn last(&self, rng: &mut Rng) {
        let born = Instant::now();
        while self.steps.load(SeqCst) < self.plan.mortal && born.elapsed() < LONGEST {
            if self.plan.keep && rng.u8(..8) == 0 {
                self.hand_over();
            }
            std::thread::sleep(Duration::from_micros(rng.u64(..2000)));
        }
    }

    /// Waits for the callers, and until nothing is left in the queue or with a server.
    fn drain(&self, callers: Vec<ScopedJoinHandle<'_, ()>>, rng: &mut Rng) {
        watchdog::doing(|| "waits for the callers".to_owned());
        for caller in callers {
            if self.plan.keep && rng.bool() {
                self.hand_over();
            }
            caller.join().unwrap();
        }
        watchdog::doing(|| "waits for an empty queue".to_owned());
        self.settled.store(true, SeqCst);
        while self.inside.load(SeqCst) != 0
            || self.completions.load(SeqCst) != 0
            || self.mount.load() != (0, 0)
            || self.ledger.unfetched() != 0
        {
            yield_now();
        }
        assert_eq!(self.mount.readiness().requests, 0);
        assert_eq!(self.mount.sleepers().1, 0);
    }

    /// Waits for the callers that were interrupted.
    fn part(&self) {
        watchdog::doing(|| "waits for interrupted callers".to_owned());
        let all = std::mem::take(&mut *self.interrupted.lock().unwrap());
        while all.iter().any(|note| note.get().is_none()) {
            yield_now();
        }
    }

    fn end(&self) {
        let registry = &self.registry;
        match self.plan.end {
            End::Drain => {
                registry.nuke(&self.mount);
                saw(Seen::Drained);
            }
            End::Close => {
                registry.close(&self.instance());
                saw(Seen::Closed);
            }
            End::Unmount => {
                registry.nuke(&self.mount);
                saw(Seen::Unmounted);
            }
            End::Kill => {
                self.mount.die();
                saw(Seen::Killed);
            }
            End::Completion | End::Copy => {
                self.deadly.store(true, SeqCst);
                let since = Instant::now();
                while !self.dying() && since.elapsed() < LONGEST {
                    yield_now();
                }
                self.mount.die();
            }
            End::All => {
                std::thread::scope(|scope| {
                    scope.spawn(|| self.mount.die());
                    scope.spawn(|| registry.close(&self.instance()));
                    registry.nuke(&self.mount);
                });
                saw(Seen::EndedThrice);
            }
        }
        if self.mount.started().is_none() {
            saw(Seen::Unstarted);
        }
    }

    /// All threads are gone: what must be true now.
    fn bury(self: Arc<Self>) {
        self.registry.nuke(&self.mount);
        self.registry.close(&self.instance());
        assert!(self.dying());
        assert_eq!(self.mount.load(), (0, 0), "{}", self.describe());
        assert_eq!(self.mount.sleepers(), (0, 0), "{}", self.describe());
        assert_eq!(self.mount.readiness().requests, 0, "{}", self.describe());
        for Published { id, .. } in self.published.lock().unwrap().iter() {
            assert_eq!(self.mount.interrupt(*id), Err(Errno::NoEnt));
        }
        let late = self.mount.call(
            Outgoing::vn(1, Default::default(), Buf::empty()),
            &Wait::FOREVER,
        );
        assert_eq!(late.map(|_| ()), Err(Errno::Nxio));
        self.ledger.close(self.plan.end == End::Drain);
        observer::settle(&self);

        assert_eq!(self.completions.load(SeqCst), 0, "a completion is kept");
        let fate = self.fate.clone();
        assert_eq!(Arc::strong_count(&self), 1);
        assert_eq!(fate.freed.load(SeqCst), 0);
        drop(self);
        assert!(fate.unmounts.load(SeqCst) <= 1);
        assert_eq!(fate.freed.load(SeqCst), 1, "the mount is kept");
    }
}

/// Lives one life.
pub(crate) fn live(registry: &Registry<Rough>, number: usize, rng: &mut Rng) {
    let life = Life::new(registry, number, rng);
    watchdog::watch(&life);
    std::thread::scope(|scope| {
        let life = &life;
        let bind = || registry.bind(&life.instance(), &life.mount).unwrap();
        // A server may be there before there is a mount.
        let early = rng.bool();
        if !early {
            bind();
        }
        for n in 0..life.plan.servers {
            let name = format!("life {number}, server {n}");
            watchdog::spawn(scope, &name, rng, move |rng| server::serve(life, n, rng));
        }
        let callers = (0..life.plan.callers)
            .map(|n| {
                let name = format!("life {number}, caller {n}");
                watchdog::spawn(scope, &name, rng, move |rng| caller::call(life, rng))
            })
            .collect();
        let name = format!("life {number}, chaos");
        watchdog::spawn(scope, &name, rng, move |rng| chaos::trouble(life, rng));
        let name = format!("life {number}, observer");
        watchdog::spawn(scope, &name, rng, move |rng| observer::look(life, rng));
        if early {
            bind();
        }
        if life.plan.start == Start::Kernel {
            std::thread::sleep(Duration::from_micros(rng.u64(..30_000)));
            life.mount.start(&StartReq::default()).unwrap();
        }
        match life.plan.end {
            End::Drain => life.drain(callers, rng),
            _ => life.last(rng),
        }
        life.part();
        watchdog::doing(|| format!("ends the mount: {:?}", life.plan.end));
        life.end();
        life.over.store(true, SeqCst);
        watchdog::doing(|| "waits for all threads".to_owned());
    });
    life.bury();
    watchdog::progress();
}

/// Now, later or never.
pub(crate) fn wait(plan: &Plan, rng: &mut Rng) -> Wait {
    if plan.quiet {
        return Wait::FOREVER;
    }
    let after = match rng.u8(..20) {
        0 => Some(0),
        1..6 => Some(rng.u64(..3_000_000)),
        6..8 => Some(3_600_000_000_000),
        _ => None,
    };
    Wait {
        deadline: after.map(|ns| puffs_core::Instant(Rough::now().0 + ns)),
        interruptible: rng.u8(..5) < 2,
    }
}
