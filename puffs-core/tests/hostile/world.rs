//! Plays a script on a real mount and on the model, and compares them after each step.
//!
//! Every call runs on a coroutine of its own, which stops before each copy and in each wait; so one thread drives all
//! interleavings of those, and a case that fails does so again.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::{Arc, Mutex};

use corosensei::{Coroutine, CoroutineResult, Yielder};
use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, SizeOp, StartReq};
use puffs_core::platform::{Wait, Wake};
use puffs_core::{Buf, Cookie, Errno, Outgoing, Prepaid, ReqId, SizeOps, UserAddr};
use zerocopy::IntoBytes;

use super::batches;
use super::memory::Memory;
use super::model::sizes::SetKey;
use super::model::{Coming, Key, Model, Owner};
use super::script::{Answer, Call, Form, Id, Out, Place, Rise, Script, Step};
use super::stages::{self, Progress, Stage};
use crate::common::*;

type Stack = Coroutine<Rouse, Pause, Told>;
type Slip = Arc<Mutex<Vec<Told>>>;
type Work = Box<dyn FnOnce(&TestMount) -> Told>;

thread_local! {
    static RUNNING: Cell<*const Yielder<Rouse, Pause>> = const { Cell::new(ptr::null()) };
}

/// Stops the running call, if one runs.
fn stop(at: Pause) -> Rouse {
    let running = RUNNING.get();
    if running.is_null() {
        return Rouse::Token;
    }
    // SAFETY: set by the coroutine that runs now, on whose stack the yielder lies.
    let rouse = unsafe { &*running }.suspend(at);
    RUNNING.set(running);
    rouse
}

/// A call on its way.
pub(super) struct Task {
    pub(super) thread: usize,
    /// Not dropped when a comparison fails: unwinding it would only hide why.
    stack: ManuallyDrop<Stack>,
    memory: Memory,
    stage: Stage,
}

pub(crate) struct World {
    pub(super) mount: TestMount,
    host: Arc<Host>,
    pub(super) model: Model,
    pub(super) tasks: Vec<Task>,
    slips: Vec<(Key, Slip)>,
    prepaid: Vec<Prepaid<Checked>>,
    pub(super) sets: Vec<(SetKey, SizeOps<Checked>)>,
    pub(super) threads: usize,
}

/// Plays the script to its end.
pub(crate) fn play(script: &Script) {
    set_pause_hook(stop);
    let mut world = World::new(script);
    for step in &script.steps {
        world.step(step);
        world.compare();
    }
    world.finish(script.dies);
    assert_eq!(live(), 0, "buffers leak");
}

fn resume(stack: &mut Stack, thread: usize, rouse: Rouse) -> CoroutineResult<Pause, Told> {
    pass_for(thread);
    let result = stack.resume(rouse);
    RUNNING.set(ptr::null());
    result
}

fn outgoing(coming: &Coming) -> Outgoing<Checked> {
    Outgoing {
        class: coming.class,
        optype: coming.optype,
        cookie: Cookie(coming.cookie),
        body: Buf::copy_of(&coming.body, coming.body.len()).unwrap(),
        copylen: coming.copylen,
        grow: coming.grow,
        pid: None,
    }
}

/// Makes a caller's call.
fn call(mount: &TestMount, form: Form, coming: &Coming) -> Told {
    let wait = Wait {
        deadline: None,
        interruptible: true,
    };
    let (cookie, id) = (Cookie(coming.cookie), coming.id.map(ReqId));
    let mut kbuf = coming.body.clone();
    match form {
        Form::Owned => flat(mount.call_as(outgoing(coming), id, &wait)),
        Form::NoWait => flat(mount.call_nowait(outgoing(coming), id, &wait)),
        Form::Lent => {
            let rv = mount.vntouser(coming.optype, &mut kbuf, cookie, id, &wait);
            if rv.is_err() {
                assert_eq!(kbuf, coming.body, "an error leaves the buffer alone");
            }
            rv.map(|rv| (rv, kbuf))
        }
        Form::Adjbuf => {
            flat(mount.vntouser_adjbuf(coming.optype, &kbuf, coming.copylen, cookie, &wait))
        }
    }
}

impl World {
    fn new(script: &Script) -> Self {
        let (mount, host) = new_mount(script.config);
        let mut world = World {
            mount,
            host,
            model: Model::new(script.config),
            tasks: Vec::new(),
            slips: Vec::new(),
            prepaid: Vec::new(),
            sets: Vec::new(),
            threads: 0,
        };
        if script.started {
            world.step(&Step::Start);
        }
        world
    }

    /// A thread that nobody was before.
    fn new_thread(&mut self) -> usize {
        self.threads += 1;
        self.threads
    }

    fn id(&self, id: &Id) -> u64 {
        match id {
            Id::Any(id) => *id,
            Id::Beside(which) => match &self.model.with_data()[..] {
                [] => 7,
                ids => *which.get(ids),
            },
            Id::Outstanding(which) => match &self.model.ids()[..] {
                [] => 7,
                ids => *which.get(ids),
            },
        }
    }

    fn coming(&self, out: &Out) -> Coming {
        Coming {
            id: out.id.as_ref().map(|id| self.id(id)),
            class: out.class,
            optype: out.optype,
            cookie: out.cookie,
            body: (0..out.len).map(|at| at as u8 ^ out.cookie as u8).collect(),
            copylen: out.copylen,
            grow: out.grow,
        }
    }

    fn step(&mut self, step: &Step) {
        if !matches!(step, Step::Begin(_) | Step::Resume(..)) {
            let thread = self.new_thread();
            pass_for(thread);
        }
        match step {
            Step::Begin(call) => self.begin(call),
            Step::Resume(which, rise) => {
                if !self.tasks.is_empty() {
                    self.resume(which.index(self.tasks.len()), *rise);
                }
            }
            Step::Submit(out) => self.submit(out),
            Step::Send(out) => {
                let coming = Coming {
                    id: None,
                    ..self.coming(out)
                };
                let sent = self.mount.send(outgoing(&coming));
                assert_eq!(
                    sent,
                    self.enters(&coming, Owner::Nobody).map(|_| ()),
                    "{step:?}"
                );
            }
            Step::Prepay(len) => {
                let paid = Prepaid::new(&self.mount, *len);
                assert_eq!(paid.is_ok(), *len <= self.model.config.max_len, "{step:?}");
                self.prepaid.extend(paid);
            }
            Step::SendPrepaid(which, optype) if !self.prepaid.is_empty() => {
                let mut paid = self.prepaid.remove(which.index(self.prepaid.len()));
                paid.body().fill(*optype);
                self.model.enter_prepaid(&Coming {
                    id: None,
                    class: CLASS_VN,
                    optype: *optype,
                    cookie: 9,
                    body: paid.body().to_vec(),
                    copylen: paid.body().len(),
                    grow: false,
                });
                paid.send(CLASS_VN, *optype, Cookie(9));
            }
            Step::DropPrepaid(which) if !self.prepaid.is_empty() => {
                self.prepaid.remove(which.index(self.prepaid.len()));
            }
            Step::SendPrepaid(..) | Step::DropPrepaid(_) => {}
            Step::Interrupt(id) => {
                let id = self.id(id);
                let real = self.mount.interrupt(ReqId(id));
                assert_eq!(real, self.model.interrupt(id), "{step:?}: {id}");
            }
            Step::NextId => assert_eq!(self.mount.next_id().0, self.model.fresh_id()),
            Step::Register(id, buffers) => self.register(self.id(id), buffers),
            Step::Beside(form, out, buffers, fetch) => {
                self.beside(*form, out, buffers);
                if *fetch {
                    self.fetch();
                }
            }
            Step::Unregister(which) => {
                if !self.sets.is_empty() {
                    self.unregister(which.index(self.sets.len()));
                }
            }
            Step::Start => {
                let real = self.mount.start(&StartReq::default());
                assert_eq!(real, self.model.start(), "{step:?}");
            }
            Step::Wake => assert_eq!(self.mount.wake(), self.model.nudge()),
            Step::Die => {
                self.mount.die();
                self.model.die();
            }
            Step::Scribble(which, bytes) => {
                if let Some(task) = self.task(which) {
                    let header = task.memory.at(Place::Header);
                    task.memory.scribble(header.0, bytes);
                }
            }
            Step::Protect(which, place, readable, writable) => {
                if let Some(task) = self.task(which) {
                    task.memory.protect(*place, *readable, *writable);
                }
            }
        }
    }

    fn task(&mut self, which: &proptest::sample::Index) -> Option<&mut Task> {
        match self.tasks.len() {
            0 => None,
            len => self.tasks.get_mut(which.index(len)),
        }
    }

    /// What the model says of a request that does not wait.
    fn enters(&mut self, coming: &Coming, owner: Owner) -> Result<Key, Errno> {
        self.model.door(coming)?;
        self.model
            .enter(coming, owner, false)?
            .ok_or(Errno::WouldBlock)
    }

    pub(super) fn submit(&mut self, out: &Out) {
        let coming = self.coming(out);
        let slip = Slip::default();
        let theirs = slip.clone();
        let done = move |ended: Ended| theirs.lock().unwrap().push(flat(ended));
        let id = coming.id.map(ReqId);
        let begun = self.mount.submit_as(outgoing(&coming), id, Box::new(done));
        let expected = self.enters(&coming, Owner::Callback);
        let ids = expected.map(|key| self.model.requests[key].id);
        assert_eq!(begun.map(|begun| begun.id.0), ids, "{coming:?}");
        if let Ok(key) = expected {
            self.slips.push((key, slip));
        }
    }

    pub(super) fn answer(&self, answer: &Answer, memory: &Memory) -> Req {
        let id = self.id(&answer.id);
        let right = self.model.find(id).map(|key| self.model.header(key, 0));
        Req {
            id,
            opclass: answer
                .class
                .or(right.map(|r| r.opclass))
                .unwrap_or(CLASS_VN),
            optype: answer.optype.or(right.map(|r| r.optype)).unwrap_or(1),
            rv: answer.rv,
            aux: memory.addr(answer.aux).0,
            auxlen: answer.auxlen,
            ..Req::default()
        }
    }

    /// A new thread makes a call, and comes to its first pause or to its end.
    pub(super) fn begin(&mut self, what: &Call) {
        let thread = self.new_thread();
        let mut memory = Memory::new(thread as u8);
        let header = memory.at(Place::Header).0;
        let (progress, work): (_, Work) = match what {
            Call::Park(form, out) => {
                let (form, coming) = (*form, stages::formed(*form, self.coming(out)));
                let progress = stages::park(&mut self.model, form, coming.clone());
                (progress, Box::new(move |mount| call(mount, form, &coming)))
            }
            Call::Getop {
                arg,
                aux,
                auxlen,
                block,
            } => {
                let offered = Req {
                    aux: memory.addr(*aux).0,
                    auxlen: *auxlen,
                    rv: 77,
                    ..Req::default()
                };
                memory.scribble(header, offered.as_bytes());
                let (arg, block) = (memory.addr(*arg), *block);
                let wait = block.then_some(Wait::FOREVER);
                let work = move |mount: &TestMount| served(mount.getop(arg, wait.as_ref()));
                (
                    Progress::Paused(Stage::Offer(arg, block, None)),
                    Box::new(work),
                )
            }
            Call::Putop { arg, answer } => {
                let answer = self.answer(answer, &memory);
                memory.scribble(header, answer.as_bytes());
                let arg = memory.addr(*arg);
                let work = move |mount: &TestMount| served(mount.putop(arg));
                (Progress::Paused(Stage::Answer(arg)), Box::new(work))
            }
            Call::Batch { arg, block, .. } => {
                self.lay_out(what, &mut memory);
                let (arg, block) = (memory.addr(*arg), *block);
                let wait = block.then_some(Wait::FOREVER);
                let work = move |mount: &TestMount| served(mount.batch(arg, wait.as_ref()));
                (Progress::Paused(batches::begin(arg, block)), Box::new(work))
            }
            Call::Sizeop { arg, id, buf, size } => {
                let op = SizeOp {
                    reqid: self.id(id),
                    userbuf: memory.addr(*buf).0,
                    bufsize: *size,
                };
                memory.scribble(header, op.as_bytes());
                let arg = memory.addr(*arg);
                let work = move |mount: &TestMount| served(mount.sizeop(arg));
                (Progress::Paused(Stage::SizeArg(arg)), Box::new(work))
            }
            Call::Startop { arg } => {
                let arg: UserAddr = memory.addr(*arg);
                let work = move |mount: &TestMount| served(mount.startop(arg));
                (stages::start(&self.model, arg), Box::new(work))
            }
        };
        let mount = self.mount.clone();
        let mut stack = ManuallyDrop::new(Stack::new(move |yielder, _| {
            RUNNING.set(yielder);
            work(&mount)
        }));
        let result = resume(&mut stack, thread, Rouse::Token);
        self.settle(thread, stack, memory, progress, result);
    }

    /// The call at this place goes on.
    pub(super) fn resume(&mut self, at: usize, rise: Rise) {
        let Task {
            thread,
            mut stack,
            mut memory,
            stage,
        } = self.tasks.remove(at);
        let rouse = match rise {
            Rise::Properly => Rouse::Token,
            Rise::Stray => Rouse::With(Wake::Woken),
            Rise::Interrupted => Rouse::With(Wake::Interrupted),
            Rise::TimedOut => Rouse::With(Wake::TimedOut),
        };
        let result = resume(&mut stack, thread, rouse);
        let progress = stage.go_on(&mut self.model, &mut memory, rise);
        self.settle(thread, stack, memory, progress, result);
    }

    /// Compares what became of a call.
    fn settle(
        &mut self,
        thread: usize,
        stack: ManuallyDrop<Stack>,
        memory: Memory,
        progress: Progress,
        result: CoroutineResult<Pause, Told>,
    ) {
        memory.check();
        match (result, progress) {
            (CoroutineResult::Yield(pause), Progress::Paused(stage)) => {
                assert_eq!(pause, stage.pause());
                self.tasks.push(Task {
                    thread,
                    stack,
                    memory,
                    stage,
                });
            }
            (CoroutineResult::Return(told), Progress::Finished(expected)) => {
                assert_eq!(told, expected, "what the call returned, and should have");
                drop(ManuallyDrop::into_inner(stack));
            }
            (CoroutineResult::Yield(pause), Progress::Finished(expected)) => {
                panic!("a call pauses, {pause:?}, that should return {expected:?}");
            }
            (CoroutineResult::Return(told), Progress::Paused(stage)) => {
                panic!(
                    "a call returns {told:?} that should pause, {:?}",
                    stage.pause()
                );
            }
        }
    }

    fn compare(&self) {
        let (mount, model) = (&self.mount, &self.model);
        assert_eq!(mount.status(), model.status);
        assert_eq!(mount.load(), model.load, "what is charged to the bounds");
        assert_eq!(mount.sleepers(), model.sleepers(), "who sleeps, not chosen");
        assert_eq!(mount.readiness().requests, model.readable());
        self.compare_told();
        assert!(
            *self.host.late.lock().unwrap() == model.late,
            "late answers"
        );
    }

    fn compare_told(&self) {
        for (key, slip) in &self.slips {
            let expected = self.model.requests[*key].told.iter();
            let told = slip.lock().unwrap();
            assert!(told.iter().eq(expected), "a completion was told {told:?}");
        }
    }

    /// Everybody comes back, whether the mount dies or not.
    fn finish(mut self, dies: bool) {
        let patience = match dies {
            true => Rise::Properly,
            false => Rise::TimedOut,
        };
        if dies {
            self.step(&Step::Die);
            self.compare();
        }
        for _ in 0..1000 {
            if self.tasks.is_empty() {
                break;
            }
            self.resume(0, patience);
            self.compare();
        }
        assert!(self.tasks.is_empty(), "a call never returns");
        if self.mount.readiness().hangup {
            assert_eq!((self.mount.load(), self.mount.sleepers()), ((0, 0), (0, 0)));
        }
        self.prepaid.clear();
        while self.sets.len() > 1 {
            self.unregister(0);
        }
        // The last one is dropped as it is.
        self.sets.clear();
        let (mount, (last, _)) = (&mut self.mount, new_mount(self.model.config));
        *mount = last;
        // Whom the mount left behind is told now.
        self.model.die();
        self.compare_told();
    }
}

fn served(result: Result<(), Errno>) -> Told {
    result.map(|()| (0, Vec::new()))
}
