//! Memory runs out for a moment: in whole scenarios each allocation of the queue fails once. Whom it concerns is told `NoMem`
//! and nobody else notices; asked again, the same call works; nothing is lost, nothing leaks.
//!
//! One thread plays everybody: where a caller or a getter would sleep, what the scenario planned happens instead.

mod common;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use common::*;
use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::Wait;
use puffs_core::{
    Config, Cookie, Errno, Late, Mount, MountHost, PollLink, Prepaid, ReqId, Status, UserAddr,
};

thread_local! {
    /// An entry of the queue runs, and nothing of the test's within it.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Allocations of the queue until one fails, while no entry runs.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    /// The entry in which it failed.
    static FAILED: Cell<Option<&'static str>> = const { Cell::new(None) };
    /// Who was told `NoMem`.
    static TOLD: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    /// What happens in the waits to come, one after the other.
    static PLANS: RefCell<VecDeque<Box<dyn FnOnce()>>> = const { RefCell::new(VecDeque::new()) };
}

/// Runs an entry of the queue, whose allocations count.
fn entry<R>(who: &'static str, f: impl FnOnce() -> R) -> R {
    assert!(!INSIDE.replace(true));
    let left = LEFT.take();
    fail_once(left);
    let result = f();
    let now = fail_once(None);
    INSIDE.set(false);
    if left.is_some() && now.is_none() && FAILED.get().is_none() {
        FAILED.set(Some(who));
    }
    LEFT.set(now);
    result
}

/// Runs what is the test's own, in the middle of an entry or not.
fn aside<R>(f: impl FnOnce() -> R) -> R {
    if !INSIDE.replace(false) {
        return f();
    }
    LEFT.set(fail_once(None));
    let result = f();
    fail_once(LEFT.take());
    INSIDE.set(true);
    result
}

fn note(who: &'static str) {
    TOLD.with_borrow_mut(|told| told.push(who));
}

/// Makes a call until memory is there: at the second attempt.
fn served<R>(who: &'static str, mut call: impl FnMut() -> Result<R, Errno>) -> Result<R, Errno> {
    let result = entry(who, &mut call);
    if result.as_ref().err() != Some(&Errno::NoMem) {
        return result;
    }
    note(who);
    entry(who, call)
}

/// Instead of sleep.
fn at_pause(pause: Pause) -> Rouse {
    if pause == Pause::Sleep {
        aside(|| {
            let next = PLANS.with_borrow_mut(VecDeque::pop_front);
            next.expect("a wait that nothing ends")();
        });
    }
    Rouse::Token
}

/// In the next wait that has nothing yet, `f` happens.
fn meanwhile(f: impl FnOnce() + 'static) {
    PLANS.with_borrow_mut(|plans| plans.push_back(Box::new(f)));
}

/// Plays the scenario with each allocation failing; returns how many there are.
///
/// `also`: when it fails in the entry of the first, the second is told too.
fn each_fails(also: &[(&'static str, &'static str)], scenario: impl Fn(&Desk)) -> usize {
    set_pause_hook(at_pause);
    let desk = Rc::new(RefCell::new(running().2));
    PLANS.with_borrow_mut(|plans| plans.reserve(64));
    TOLD.with_borrow_mut(|told| told.reserve(64));
    for after in 0.. {
        LEFT.set(Some(after));
        FAILED.set(None);
        TOLD.with_borrow_mut(Vec::clear);
        let before = (live(), heap());
        scenario(&desk);
        assert_eq!((live(), heap()), before, "allocation {after} leaks");
        let planned = PLANS.with_borrow(VecDeque::len);
        assert_eq!(planned, 0, "a wait did not come");
        let mut told = TOLD.with_borrow(Vec::clone);
        let Some(failed) = FAILED.get() else {
            assert_eq!(told, [""; 0], "there was memory all the time");
            LEFT.set(None);
            return after;
        };
        let others = also.iter().filter(|(whose, _)| *whose == failed);
        let mut expected: Vec<_> = others.map(|(_, other)| *other).collect();
        expected.push(failed);
        expected.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, expected, "allocation {after} failed in {failed}");
    }
    unreachable!()
}

/// The memory of a server.
type Desk = Rc<RefCell<Server>>;

/// A server that fetches and answers.
#[derive(Clone)]
struct Patient {
    mount: TestMount,
    desk: Desk,
}

impl Patient {
    fn new(mount: &TestMount, desk: &Desk) -> Self {
        Patient {
            mount: mount.clone(),
            desk: desk.clone(),
        }
    }

    /// Writes a header whose body is at the desk.
    fn write(&self, req: Req) -> UserAddr {
        let mut desk = self.desk.borrow_mut();
        let aux = desk.aux_addr();
        desk.write_header(&Req { aux, ..req });
        UserAddr(desk.header_addr())
    }

    /// Fetches the next request, sleeping for it.
    fn fetch(&self) -> Req {
        let head = self.write(Req {
            auxlen: 4096,
            ..Req::default()
        });
        let fetched = served("getter", || self.mount.getop(head, Some(&Wait::FOREVER)));
        fetched.expect("something to fetch");
        self.desk.borrow().header()
    }

    /// Answers with so many bytes. What is refused has ended its request, and is not tried again.
    fn answer(&self, req: Req, auxlen: usize) -> Result<(), Errno> {
        let head = self.write(Req { auxlen, ..req });
        let answered = entry("server", || self.mount.putop(head));
        if answered == Err(Errno::NoMem) {
            note("server");
        }
        answered
    }

    /// Fetches and answers one in the next wait; and if that is refused, in the one after it.
    fn serves_meanwhile(&self, len: usize) {
        let this = self.clone();
        meanwhile(move || {
            let req = this.fetch();
            if this.answer(req, len) == Err(Errno::NoMem) {
                this.serves_meanwhile(len);
            }
        });
    }
}

fn mounting(max_requests: usize) -> TestMount {
    let config = Config {
        max_requests,
        ..Config::default()
    };
    served("mounter", || Mount::new(config, None)).unwrap()
}

fn started(max_requests: usize) -> TestMount {
    let mount = mounting(max_requests);
    entry("server", || mount.start(&StartReq::default())).unwrap();
    mount
}

type Slip = Arc<Mutex<Vec<Told>>>;

/// A request that calls back, made as often as memory wants.
fn submits(mount: &TestMount, id: Option<ReqId>) -> (ReqId, Slip) {
    let slip = Slip::default();
    let begun = served("submitter", || {
        let (out, done) = aside(|| {
            let slip = slip.clone();
            let done = move |ended: Ended| aside(|| slip.lock().unwrap().push(flat(ended)));
            (out(b"body"), Box::new(done))
        });
        mount.submit_as(out, id, done)
    });
    (begun.unwrap().id, slip)
}

fn told(slip: &Slip) -> Vec<Told> {
    slip.lock().unwrap().clone()
}

/// Allocations of a new mount: itself, its two indexes, its statistics, its servers.
const MOUNT: usize = 5;

#[test]
fn parked_callers() {
    let allocations = each_fails(&[], |desk| {
        let mount = started(8);
        let server = Patient::new(&mount, desk);
        for id in [None, Some(ReqId(77))] {
            server.serves_meanwhile(3);
            let mut kbuf = *b"request";
            let rv = served("caller", || {
                mount.vntouser(1, &mut kbuf, Cookie(1), id, &Wait::FOREVER)
            });
            assert_eq!(rv, Ok(0));
        }
        server.serves_meanwhile(7);
        let mut kbuf = *b"request";
        let rv = served("caller", || mount.vfstouser(1, &mut kbuf, &Wait::FOREVER));
        assert_eq!((rv, mount.load()), (Ok(0), (0, 0)));
    });
    let calls = ["body", "event", "place", "body", "event", "body", "event"];
    assert_eq!(allocations, MOUNT + calls.len());
}

#[test]
fn an_answer_that_needs_a_larger_buffer() {
    let allocations = each_fails(&[("server", "caller")], |desk| {
        let mount = started(8);
        let server = Patient::new(&mount, desk);
        server.serves_meanwhile(2000);
        let answer = served("caller", || {
            mount.vntouser_adjbuf(1, b"small", 5, Cookie(1), &Wait::FOREVER)
        });
        let answer = answer.unwrap();
        assert_eq!((answer.rv, answer.len), (0, 2000));
        assert_eq!(mount.load(), (0, 0));
    });
    assert_eq!(
        allocations,
        MOUNT + 3 + 1,
        "as any caller, and the server's"
    );
}

#[test]
fn a_caller_in_line_for_a_place() {
    let allocations = each_fails(&[], |desk| {
        let mount = started(1);
        let (_, slip) = submits(&mount, None);
        let server = Patient::new(&mount, desk);
        // In line, then parked.
        server.serves_meanwhile(1);
        server.serves_meanwhile(2);
        let mut kbuf = *b"request";
        let rv = served("caller", || {
            mount.vntouser(1, &mut kbuf, Cookie(1), None, &Wait::FOREVER)
        });
        assert_eq!((rv, told(&slip).len()), (Ok(0), 1));
        assert_eq!((mount.load(), mount.sleepers()), ((0, 0), (0, 0)));
    });
    let caller = ["body", "event", "event in line", "place in line"];
    assert_eq!(allocations, MOUNT + ["place"].len() + caller.len());
}

#[test]
fn a_caller_whose_place_in_memory_is_promised_away_while_it_stands_in_line() {
    let allocations = each_fails(&[], |desk| {
        let mount = started(1);
        submits(&mount, None);
        let server = Patient::new(&mount, desk);
        let promised: Rc<RefCell<Vec<_>>> = Rc::default();
        let (this, taken) = (server.clone(), promised.clone());
        meanwhile(move || {
            let req = this.fetch();
            this.answer(req, 1).unwrap();
            // Its turn has come, and the last of the first places goes to others.
            let pay = || served("payer", || Prepaid::new(&this.mount, 0)).unwrap();
            taken.borrow_mut().extend((0..64).map(|_| pay()));
        });
        server.serves_meanwhile(2);
        let mut kbuf = *b"request";
        let rv = served("caller", || {
            mount.vntouser(1, &mut kbuf, Cookie(1), None, &Wait::FOREVER)
        });
        assert_eq!((rv, mount.load()), (Ok(0), (0, 0)));
    });
    let caller = ["body", "event", "event in line", "place in line", "place"];
    assert_eq!(allocations, MOUNT + ["place"].len() + caller.len());
}

#[test]
fn callers_that_do_not_park() {
    let allocations = each_fails(&[], |desk| {
        let mount = started(8);
        let server = Patient::new(&mount, desk);
        let (id, slip) = submits(&mount, Some(ReqId(5)));
        served("sender", || mount.send(aside(|| out(b"faf")))).unwrap();
        let paid = served("payer", || Prepaid::new(&mount, 6)).unwrap();
        entry("sender", || paid.send(CLASS_VN, 2, Cookie(2)));
        let fetched = [server.fetch(), server.fetch(), server.fetch()];
        let seen = fetched.map(|req| (req.id, req.auxlen));
        assert_eq!(seen, [(id.0, 4), (0, 3), (0, 6)]);
        server.answer(fetched[0], 4).unwrap();
        assert_eq!((told(&slip).len(), mount.load()), (1, (0, 0)));
    });
    assert_eq!(
        allocations,
        MOUNT + 1 + 1,
        "the first place, what is paid for"
    );
}

/// More than one chunk of places holds.
const MANY: usize = 200;

#[test]
fn many_requests() {
    let allocations = each_fails(&[], |desk| {
        let mount = started(2 * MANY);
        let server = Patient::new(&mount, desk);
        let all: Vec<_> = (0..MANY).map(|_| submits(&mount, None)).collect();
        for (id, slip) in &all {
            let req = server.fetch();
            assert_eq!(req.id, id.0, "none is lost, in their order");
            server.answer(req, 4).unwrap();
            assert!(matches!(told(slip)[..], [Ok((0, _))]));
        }
        assert_eq!(mount.load(), (0, 0));
    });
    assert_eq!(allocations, MOUNT + 3, "places for 64, 128 and 256");
}

#[test]
fn getters_asleep_before_the_start() {
    let allocations = each_fails(&[], |desk| {
        let mount = mounting(8);
        let server = Patient::new(&mount, desk);
        let theirs = server.clone();
        let slip: Rc<RefCell<Option<Slip>>> = Rc::default();
        let place = slip.clone();
        meanwhile(move || {
            place.replace(Some(submits(&theirs.mount, None).1));
            let start = theirs.desk.borrow().aux_addr();
            entry("server", || theirs.mount.startop(UserAddr(start))).unwrap();
        });
        let req = server.fetch();
        server.answer(req, 0).unwrap();
        let slip = slip.take().unwrap();
        assert!(matches!(told(&slip)[..], [Ok(_)]));
        assert_eq!(mount.status(), Status::Running);
    });
    let getter = ["event", "place among the sleepers"];
    assert_eq!(allocations, MOUNT + getter.len() + ["place"].len());
}

/// Takes late answers.
struct Releases(Arc<Mutex<Vec<Cookie>>>);

impl MountHost<Checked> for Releases {
    fn late(&self, late: Late<Checked>) {
        aside(|| self.0.lock().unwrap().push(late.cookie));
    }

    fn unmount(&self, _: &TestMount) {}
}

#[test]
fn interrupts_and_death() {
    let allocations = each_fails(&[], |desk| {
        let late = Arc::new(Mutex::new(Vec::new()));
        let mount = served("mounter", || {
            let host = aside(|| Box::new(Releases(late.clone())));
            Mount::new(Config::default(), Some(host))
        });
        let mount = mount.unwrap();
        let poll = served("poller", PollLink::new).unwrap();
        mount.link_poll(1, Some(poll));
        entry("server", || mount.start(&StartReq::default())).unwrap();
        let server = Patient::new(&mount, desk);

        let all: Vec<_> = (0..3).map(|_| submits(&mount, None)).collect();
        let [first, _] = [server.fetch(), server.fetch()];
        for (id, _) in &all[..1] {
            entry("interrupter", || mount.interrupt(*id)).unwrap();
        }
        assert_eq!(server.answer(first, 2), Err(Errno::Canceled));
        assert_eq!(*late.lock().unwrap(), [Cookie(0xc0)]);

        // Everything at once: one fetched, one queued, one parked, one asleep.
        let theirs = mount.clone();
        meanwhile(move || entry("killer", || theirs.die()));
        // Not the thread that has fetched.
        pass_for(1);
        let mut kbuf = *b"request";
        let rv = served("caller", || {
            mount.vntouser(1, &mut kbuf, Cookie(1), None, &Wait::FOREVER)
        });
        pass_for(0);
        assert_eq!(rv, Err(Errno::Nxio));
        let ends = all.iter().map(|(_, slip)| told(slip));
        let dead = Err(Errno::Nxio);
        assert!(ends.eq([vec![Err(Errno::Intr)], vec![dead.clone()], vec![dead]]));
        assert_eq!((mount.load(), mount.sleepers()), ((0, 0), (0, 0)));
    });
    assert_eq!(
        allocations,
        MOUNT + 1 + 1 + 2,
        "the mount, the poll point, the place, the caller's"
    );
}
