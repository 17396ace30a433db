//! One mount: turns of the main loop, tasks, and the end.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::RawFd;
use std::sync::Arc;

use puffs_core::msg::body::NodeAns;
use puffs_core::msg::op::{CLASS_MASK, CLASS_VFS, FLAG_FAF, vfs};
use puffs_core::msg::wire::Req;
use slab::Slab;
use zerocopy::FromBytes;

use super::busy::{self, Busy};
use super::line::{Came, Line};
use super::slot::{Room, Slot};
use crate::bell::{self, Hung};
use crate::buffer::Buffer;
use crate::host::{Key, Server, Session, Stale, Transport, Turn};
use crate::mounting::{Mounted, Ready};
use crate::own::FAREWELL;
use crate::say;

/// Requests after which a turn ends, so that the main loop may look at something else.
const ENOUGH: usize = 64;

/// A mounted server.
pub(super) struct KmodSession {
    line: Line,
    /// Wakes a turn that sleeps, as long as the device is open.
    bell: Cell<Option<Hung>>,
    ready: Ready,
    mounted: Mounted,
    room: RefCell<Room>,
    /// What the tasks work on, by their tokens: it is here and not on their stacks, which may be forgotten.
    todo: RefCell<Slab<Todo>>,
    /// Those that have been fetched and have not begun.
    fetched: RefCell<VecDeque<usize>>,
    /// What operations are at work on.
    busy: RefCell<Busy>,
    /// Of those that waited for such operations, the ones whose turn has come.
    due: RefCell<VecDeque<usize>>,
    /// The task that a turn has begun and is waiting for.
    begun: Cell<Option<usize>>,
    /// That task when it has ended with an answer, which goes with the next call.
    pending: Cell<Option<usize>>,
    /// The server executes the kernel's unmount operation.
    leaving: Cell<bool>,
    life: Cell<Life>,
}

/// What a task is to do.
struct Todo {
    slot: Box<Slot>,
    /// Not a request: the server is to be told that it is unmounted.
    farewell: bool,
}

/// Where a session is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Mounted,
    /// The mount is gone, and the server is told so.
    Ending,
    /// It has been told.
    Over,
}

impl KmodSession {
    /// A session whose messages have `len` bytes at most.
    pub(super) fn new(line: Line, len: usize, ready: Ready, mounted: Mounted) -> Self {
        let device = Arc::clone(&line.0);
        let bell = bell::hang(ready.bell(), move || device.wake());
        KmodSession {
            line,
            bell: Cell::new(Some(bell)),
            ready,
            mounted,
            room: RefCell::new(Room::new(len)),
            todo: RefCell::default(),
            fetched: RefCell::default(),
            busy: RefCell::default(),
            due: RefCell::default(),
            begun: Cell::new(None),
            pending: Cell::new(None),
            leaving: Cell::new(false),
            life: Cell::new(Life::Mounted),
        }
    }

    /// Begins the task of a request.
    fn begin(&self, server: &dyn Server, token: usize) {
        self.begun.set(Some(token));
        if server.start(token).is_err() {
            let request = self.look(token, |slot| slot.req);
            match request {
                Some(req) if req.opclass & FLAG_FAF == 0 => {
                    self.look(token, |slot| {
                        (slot.req.rv, slot.req.auxlen) = (libc::ENOMEM, 0);
                    });
                    self.ended(token);
                }
                // It must not be lost: it runs here, and cannot be left in its middle.
                _ => self.task(token, server),
            }
        }
        self.begun.set(None);
    }

    /// The next request to begin. What the end of an operation is waited for with is put aside.
    fn next(&self) -> Option<usize> {
        if let Some(token) = self.due.borrow_mut().pop_front() {
            return Some(token);
        }
        loop {
            let token = self.fetched.borrow_mut().pop_front()?;
            let waits = self.look(token, |slot| {
                self.busy.borrow_mut().holds_back(token, &slot.req)
            });
            if waits != Some(true) {
                return Some(token);
            }
        }
    }

    fn look<R>(&self, token: usize, f: impl FnOnce(&mut Slot) -> R) -> Option<R> {
        let mut todo = self.todo.borrow_mut();
        todo.get_mut(token).map(|todo| f(&mut todo.slot))
    }

    /// A request that wants an answer has it. One that a turn waits for goes with the turn's next call, any other at once:
    /// who knows when the next call would be.
    fn ended(&self, token: usize) {
        self.pending.set(Some(token));
        if self.begun.get() != Some(token) {
            self.answer();
        }
    }

    /// Gives the answer that is pending, if one is.
    fn answer(&self) {
        let Some(token) = self.pending.take() else {
            return;
        };
        if let Some(mut req) = self.look(token, |slot| slot.req) {
            self.line.answer(&mut req);
        }
        self.done(token);
    }

    /// Nothing more is to be done with a request.
    fn done(&self, token: usize) {
        if let Some(todo) = self.todo.borrow_mut().try_remove(token) {
            self.room.borrow_mut().give(todo.slot);
        }
    }

    /// Gives the answer that is pending and fetches what there is; with `sleeps`, waits for it.
    fn exchange(&self, sleeps: bool) -> Result<Came, i32> {
        let token = self.pending.get();
        let mut answer = token.and_then(|token| self.look(token, |slot| slot.req));
        let mut room = self.room.borrow_mut();
        let slots = room.all();
        if slots.is_empty() {
            return Err(libc::ENOMEM);
        }
        let came = self.line.exchange(&mut answer, slots, sleeps)?;
        match came {
            Came::Requests(came) => {
                for _ in 0..came {
                    let Some(slot) = room.take() else { break };
                    let token = self.todo.borrow_mut().insert(Todo {
                        slot,
                        farewell: false,
                    });
                    self.fetched.borrow_mut().push_back(token);
                }
            }
            Came::TooBig(needed) => {
                let larger = Buffer::new(needed).ok_or(libc::ENOMEM)?;
                if let Some(slot) = room.all().last_mut() {
                    slot.buffer = larger;
                }
            }
            Came::Nothing | Came::Again | Came::Gone => {}
        }
        drop(room);
        if let Some(token) = token
            && answer.is_none()
        {
            self.pending.set(None);
            self.done(token);
        }
        Ok(came)
    }

    /// The mount is gone, or is given up: closes the device, so that nobody waits for us any more, and begins to tell
    /// the server.
    fn finish(&self, server: &dyn Server) {
        self.end_connection();
        // It would be ready for ever.
        self.ready.heard();
        self.life.set(Life::Ending);
        if self.leaving.get() {
            // The kernel's own unmount operation tells it.
            return;
        }
        let Some(slot) = self.room.borrow_mut().take() else {
            say::warn(format_args!(
                "no memory to tell the server that it is unmounted"
            ));
            return self.life.set(Life::Over);
        };
        let token = self.todo.borrow_mut().insert(Todo {
            slot,
            farewell: true,
        });
        if server.start(token).is_err() {
            self.task(token, server);
        }
    }

    fn end_connection(&self) {
        let fd = self.line.0.fd();
        if fd != -1 {
            self.mounted.forget(fd);
            self.ready.unwatch(fd);
            // Nobody may call the device by a number that is another's by then.
            drop(self.bell.take());
            self.line.0.close();
        }
    }

    /// The server knows that it is unmounted.
    fn over(&self) {
        self.life.set(Life::Over);
        // A turn is to see it.
        self.ready.waker().wake();
    }

    /// Executes a request and answers it.
    fn request(&self, token: usize, slot: *mut Slot, server: &dyn Server) {
        // SAFETY: see `execute`.
        let req = unsafe { (*slot).req };
        let Req {
            opclass, optype, ..
        } = req;
        let unmount = (opclass & CLASS_MASK, optype) == (CLASS_VFS, vfs::UNMOUNT);
        if unmount {
            self.leaving.set(true);
        }
        // SAFETY: see `execute`.
        let nodes = unsafe { busy::nodes(&(*slot).req, (*slot).buffer.bytes()) };
        self.busy.borrow_mut().enter(&nodes);
        let mut rv = execute(slot, server);
        if (opclass & CLASS_MASK, optype) == (CLASS_VFS, vfs::FHTOVP) && rv == 0 {
            // SAFETY: see `execute`.
            rv = unsafe { still_there(&mut *slot, &self.busy.borrow()) };
        }
        let mut busy = self.busy.borrow_mut();
        busy.ended(&req);
        let next = busy.leave(&nodes);
        drop(busy);
        if let Some(token) = next {
            self.due.borrow_mut().push_back(token);
            // This may be between turns.
            self.ready.waker().wake();
        }
        if opclass & FLAG_FAF != 0 {
            self.done(token);
        } else {
            self.ended(token);
        }
        if unmount {
            self.leaving.set(false);
            if rv == 0 || self.life.get() == Life::Ending {
                // The main loop may end at once.
                self.answer();
                self.over();
            }
        }
    }
}

/// Refuses a node that was found by its handle while its reclaim has not ended. Returns the result.
fn still_there(slot: &mut Slot, busy: &Busy) -> i32 {
    let found = NodeAns::read_from_prefix(slot.buffer.bytes());
    if found.is_ok_and(|(node, _)| busy.is_forgotten(node.cookie)) {
        (slot.req.rv, slot.req.auxlen) = (libc::ESTALE, 0);
    }
    slot.req.rv
}

/// Has the server execute what is in a task's slot, and returns the result.
fn execute(slot: *mut Slot, server: &dyn Server) -> i32 {
    // SAFETY: it is in a box that stays where it is until its task ends it, by `done`, and nobody else uses it before.
    let slot = unsafe { &mut *slot };
    server.execute(&mut slot.req, slot.buffer.bytes());
    slot.req.rv
}

/// Tells the server what the kernel would have told it. Which nodes the kernel side knew is not known here.
fn farewell(slot: *mut Slot, server: &dyn Server) {
    for own in FAREWELL {
        // SAFETY: see `execute`.
        unsafe { (*slot).req = own.put((*slot).buffer.bytes()) };
        execute(slot, server);
    }
}

// SAFETY: what a task works on is its slot in `todo`; on its stack are references to the session and the server, which outlive it. The kernel writes
// what it says it writes.
unsafe impl Session for KmodSession {
    fn fd(&self) -> RawFd {
        self.ready.fd()
    }

    fn bell(&self) -> Key {
        self.ready.bell()
    }

    fn transport(&self) -> &dyn Transport {
        &self.line
    }

    fn turn(&self, server: &dyn Server) -> Result<Turn, i32> {
        let mut begun = 0;
        loop {
            match self.life.get() {
                Life::Mounted => {}
                Life::Ending => return Ok(Turn::Idle),
                Life::Over => return Ok(Turn::Gone),
            }
            if let Some(token) = self.next() {
                self.answer();
                self.begin(server, token);
                begun += 1;
                continue;
            }
            if self.mounted.forced() {
                self.answer();
                self.finish(server);
                continue;
            }
            // What the main loop would do otherwise, if somebody asks for it from now on, ends the sleep.
            let sleeps = server.at_rest();
            match self.exchange(sleeps)? {
                Came::Requests(_) if begun >= ENOUGH && !sleeps => return Ok(Turn::More),
                Came::Requests(_) | Came::TooBig(_) => {}
                // It may have been a signal or a ring, and the main loop looks for what.
                Came::Again => {
                    self.answer();
                    return Ok(Turn::More);
                }
                Came::Nothing => return Ok(Turn::Idle),
                Came::Gone => self.finish(server),
            }
        }
    }

    fn busy(&self) {}

    fn idle(&self) -> bool {
        // Between turns answers are given when they are there.
        false
    }

    fn task(&self, token: usize, server: &dyn Server) {
        let work = self.todo.borrow_mut().get_mut(token).map(|todo| {
            let slot: *mut Slot = &raw mut *todo.slot;
            (slot, todo.farewell)
        });
        let Some((slot, is_farewell)) = work else {
            return;
        };
        if is_farewell {
            farewell(slot, server);
            self.done(token);
            self.over();
        } else {
            self.request(token, slot, server);
        }
    }

    fn forget_stale(&self, stale: Stale) -> Result<(), i32> {
        match self.life.get() {
            Life::Mounted => self.line.forget(stale),
            Life::Ending | Life::Over => Err(libc::ENXIO),
        }
    }

    fn unmount(&self) {
        if self.life.get() == Life::Mounted {
            self.mounted.unmount();
        }
    }
}

impl Drop for KmodSession {
    fn drop(&mut self) {
        // First the device, then the mount: whoever still waits for us gets an error, so that unmounting waits for nobody.
        self.end_connection();
        self.mounted.end();
    }
}
