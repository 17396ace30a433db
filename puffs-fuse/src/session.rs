//! One mount: turns of the main loop, tasks, dispatch of requests, and the end.

use std::cell::{Cell, RefCell};
use std::os::fd::RawFd;
use std::sync::Arc;

use puffs_core::msg::body;
use puffs_core::platform::Hosted;
use puffs_core::{Buf, Errno};
use puffs_user::host::{NoStack, Ran, Server, Session, Stale, Transport, Turn};
use puffs_user::mounting::{Mounted, Ready};
use puffs_vfs::file;
use puffs_vfs::nodes::{NodeId, Nodes};
use slab::Slab;
use zerocopy::{FromBytes, IntoBytes};

use crate::device::{Device, Got};
use crate::errno::Code;
use crate::fresh::Fresh;
use crate::gate::Gates;
use crate::granted::{Granted, Locker};
use crate::guard::Guard;
use crate::handles::Handles;
use crate::keeper::{self, Flights, Keeper};
use crate::notify::Notifier;
use crate::ops::Policy;
use crate::ops::poll::Polls;
use crate::port::{Line, Port};
use crate::proto::op;
use crate::proto::request::Request;
use crate::proto::wire::{InHeader, PollOut, WriteIn};
use crate::reply::{Outcome, Reply};
use crate::seat::Seat;
use crate::traffic::Traffic;

/// Requests that one turn handles before the main loop may look at something else.
const BATCH: usize = 64;
/// Where a request is read to: the data of a WRITE then begin where those of its message have to.
const FRONT: usize = file::WRITE_HEAD - size_of::<InHeader>() - size_of::<WriteIn>();
/// How long to wait for more when the connection is being ended, in milliseconds.
const LAST_WAIT: i32 = 10;

/// A mounted server.
pub(crate) struct FuseSession {
    pub(crate) line: Line,
    pub(crate) policy: Policy,
    pub(crate) state: RefCell<State>,
    pub(crate) maxdata: usize,
    pub(crate) renames: Gates<()>,
    pub(crate) dirs: Gates<NodeId>,
    pub(crate) lockers: Gates<Locker>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) notifier: Notifier,
    /// What the tasks work on, by their tokens: it is here and not on their stacks, which may be forgotten.
    todo: RefCell<Slab<Todo>>,
    guard: Option<Guard>,
    keeper: Option<Arc<Keeper>>,
    seat: Seat,
    ready: Ready,
    mounted: Mounted,
    life: Cell<Life>,
}

/// What changes. Never borrowed while the server runs.
pub(crate) struct State {
    pub(crate) nodes: Nodes,
    pub(crate) fresh: Fresh,
    pub(crate) handles: Handles,
    pub(crate) polls: Polls,
    pub(crate) granted: Granted,
}

impl State {
    /// The table has let a node go, and what else is known of it goes too.
    pub(crate) fn node_gone(&mut self, id: NodeId) {
        self.polls.end_node(id);
        self.fresh.gone(id);
    }
}

/// What a task is to do.
enum Todo {
    /// A request, of these bytes.
    Request(Box<[u8]>),
    /// A WRITE of so many bytes in a buffer that becomes its message.
    Write(Option<Buf<Hosted>>, usize),
    /// Tell the server that it is unmounted.
    Finish,
}

/// Where a session is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Mounted,
    /// The connection has ended, and the server is told so.
    Ending,
    /// It has been told.
    Over,
}

/// One task: the session, and a server that answers.
pub(crate) struct Work<'t> {
    pub(crate) session: &'t FuseSession,
    pub(crate) port: Port<'t>,
}

impl FuseSession {
    pub(crate) fn new(
        (line, seat): (Line, Seat),
        policy: Policy,
        nodes: Nodes,
        maxdata: usize,
        (device, ready, mounted): (Device, Ready, Mounted),
    ) -> Result<Self, Errno> {
        let traffic = Arc::new(Traffic::new(device, Flights::new()?));
        let fd = traffic.device.fd();
        let keeper = Keeper::new(traffic.flights(), fd).map(Arc::new);
        match &keeper {
            // It holds the connection too.
            Some(keeper) => {
                let handle = keeper.handle();
                mounted.before_exit(fd, Box::new(move || keeper::end(handle)));
            }
            None => eprintln!("puffs: no keeper, so a stopped server keeps those who wait for it"),
        }
        let room = line.pool.large() - FRONT;
        let guard = Guard::new(Arc::clone(&traffic), keeper.clone(), room);
        Ok(FuseSession {
            line,
            seat,
            policy,
            state: RefCell::new(State {
                nodes,
                fresh: Fresh::new(),
                handles: Handles::default(),
                polls: Polls::default(),
                granted: Granted::default(),
            }),
            maxdata,
            renames: Gates::default(),
            dirs: Gates::default(),
            lockers: Gates::default(),
            notifier: Notifier::new(Arc::clone(&traffic)),
            todo: RefCell::default(),
            guard: Some(guard),
            keeper,
            traffic,
            ready,
            mounted,
            life: Cell::new(Life::Mounted),
        })
    }

    /// Begins the request of `len` bytes in `buf`.
    fn begin(&self, server: &dyn Server, buf: Buf<Hosted>, len: usize) {
        let bytes = &buf[FRONT..FRONT + len];
        let Ok((header, _)) = InHeader::read_from_prefix(bytes) else {
            return self.line.pool.give(buf);
        };
        let work = match header.opcode {
            op::INTERRUPT => {
                self.traffic.interrupt(bytes);
                return self.line.pool.give(buf);
            }
            op::WRITE => Todo::Write(Some(buf), len),
            _ => {
                let bytes = bytes.into();
                self.line.pool.give(buf);
                Todo::Request(bytes)
            }
        };
        let token = self.todo.borrow_mut().insert(work);
        let unique = header.unique;
        match server.start(token) {
            Ok(Ran::Ended) => {}
            // Whoever polls is not kept waiting: he is told when there is something.
            Ok(Ran::Suspended) if header.opcode == op::POLL => {
                let nothing = PollOut::default();
                self.traffic.answer_early(unique, 0, nothing.as_bytes());
            }
            Ok(Ran::Suspended) => {}
            Err(NoStack) => {
                self.todo.borrow_mut().remove(token);
                self.traffic.answer_early(unique, libc::ENOMEM, &[]);
                drop(self.traffic.end(unique));
            }
        }
    }

    /// The connection has ended: begins to tell the server.
    fn finish(&self, server: &dyn Server) {
        self.life.set(Life::Ending);
        // They would be ready for ever. When the server has been told, it is woken again.
        self.ready.unwatch(self.traffic.device.fd());
        self.ready.heard();
        let token = self.todo.borrow_mut().insert(Todo::Finish);
        let told = server.start(token);
        if told.is_err() {
            eprintln!("puffs: no memory to tell the server that it is unmounted");
            self.seat.unmounted();
            self.life.set(Life::Over);
        }
    }
}

// SAFETY: what a task works on is in its place in `todo`; on its stack are references to the session and the server, which outlive it. What is
// fetched comes from the queue, which bounds it.
unsafe impl Session for FuseSession {
    fn fd(&self) -> RawFd {
        self.ready.fd()
    }

    fn transport(&self) -> &dyn Transport {
        &self.seat
    }

    fn turn(&self, server: &dyn Server) -> Result<Turn, i32> {
        let turn = self.turn_requests(server);
        if turn.is_err() || self.life.get() != Life::Mounted {
            self.traffic.rest();
        }
        turn
    }

    fn busy(&self) {
        if self.life.get() == Life::Mounted {
            self.traffic.work();
            if let Some(guard) = &self.guard {
                guard.announce();
                guard.attend();
            }
        }
    }

    fn idle(&self) -> bool {
        self.traffic.is_idle()
    }

    fn task(&self, token: usize, server: &dyn Server) {
        let work = Work {
            session: self,
            port: Port::new(&self.line, server),
        };
        let mut todo = self.todo.borrow_mut();
        match todo.get_mut(token) {
            Some(Todo::Request(bytes)) => {
                let bytes: *const [u8] = &raw const **bytes;
                drop(todo);
                // SAFETY: they are in a box that is taken out of its place below, by this task alone.
                work.request(unsafe { &*bytes });
            }
            Some(Todo::Write(buf, len)) => {
                let (buf, len) = (buf.take(), *len);
                drop(todo);
                if let Some(buf) = buf {
                    work.write_request(buf, len);
                }
            }
            Some(Todo::Finish) => {
                drop(todo);
                work.told();
            }
            None => return,
        }
        self.todo.borrow_mut().remove(token);
    }

    fn forget_stale(&self, stale: Stale) -> Result<(), i32> {
        FuseSession::forget_stale(self, stale)
    }

    fn unmount(&self) {
        if self.life.get() == Life::Mounted {
            self.mounted.unmount();
        }
    }
}

impl FuseSession {
    fn turn_requests(&self, server: &dyn Server) -> Result<Turn, i32> {
        for _ in 0..BATCH {
            match self.life.get() {
                Life::Mounted => {}
                Life::Ending => return Ok(Turn::Idle),
                Life::Over => return Ok(Turn::Gone),
            }
            self.traffic.work();
            if let Some(guard) = &self.guard {
                guard.announce();
            }
            let pool = &self.line.pool;
            let mut buf = pool.take(pool.large()).map_err(crate::errno::number)?;
            let got = match self.mounted.forced() {
                true => Ok(Got::Gone),
                false => self.traffic.next(&mut buf[FRONT..]),
            };
            match got {
                Ok(Got::Request(len)) => {
                    if let Some(guard) = &self.guard {
                        guard.attend();
                    }
                    self.begin(server, buf, len);
                }
                Ok(Got::Nothing) => {
                    pool.give(buf);
                    return Ok(Turn::Idle);
                }
                Ok(Got::Gone) => {
                    // By force the connection still lives, and nobody looks after those who wait while the server is told.
                    self.traffic.refuse_all(&mut buf[FRONT..]);
                    pool.give(buf);
                    self.finish(server);
                }
                Err(error) => return Err(error.raw_os_error().unwrap_or(libc::EIO)),
            }
        }
        Ok(Turn::More)
    }
}

impl Drop for FuseSession {
    fn drop(&mut self) {
        self.seat.unmounted();
        self.mounted.forget(self.traffic.device.fd());
        // What the notifier waits for may be a reply to a request that will not be served any more.
        let traffic = &self.traffic;
        // The keeper looks after what is read here, until the end.
        traffic.work();
        if let Some(guard) = self.guard.take() {
            guard.announce();
        }
        let mut buf = vec![0; self.line.pool.large()];
        self.notifier.end(|| {
            traffic.refuse_all(&mut buf);
            traffic.device.ends_within(LAST_WAIT);
        });
        // First the connection ends, then the mount: whoever still waits for us gets an error, so that unmounting waits for nobody.
        self.traffic.device.close();
        // It holds the connection too.
        drop(self.keeper.take());
        self.mounted.end();
    }
}

impl Work<'_> {
    /// Executes a request that is `bytes`.
    fn request(&self, bytes: &[u8]) {
        let outcome = match Request::read(bytes) {
            Ok(request) => {
                self.port.asked_by(request.header.pid);
                self.dispatch(&request)
            }
            Err(malformed) => Err(malformed.into()),
        };
        self.reply(unique(bytes), outcome);
    }

    /// Executes a WRITE of so many bytes in `buf`.
    fn write_request(&self, buf: Buf<Hosted>, len: usize) {
        let unique = unique(&buf[FRONT..FRONT + len]);
        let outcome = self.write(buf, FRONT, len);
        self.reply(unique, outcome);
    }

    /// Tells the server that it is unmounted.
    fn told(&self) {
        self.finish();
        let session = self.session;
        session.seat.unmounted();
        session.life.set(Life::Over);
        // A turn is to see it.
        session.ready.waker().wake();
    }

    fn dispatch(&self, request: &Request<'_>) -> Outcome {
        match request.header.opcode {
            op::LOOKUP => self.lookup(request),
            op::FORGET => self.forget(request),
            op::BATCH_FORGET => self.batch_forget(request),
            op::GETATTR => self.getattr(request),
            op::SETATTR => self.setattr(request),
            op::ACCESS => self.access(request),
            op::STATFS => self.statfs(request),
            op::READLINK => self.readlink(request),
            op::SYMLINK => self.symlink(request),
            op::MKNOD => self.mknod(request),
            op::MKDIR => self.mkdir(request),
            op::CREATE => self.create(request),
            op::UNLINK => self.unlink(request),
            op::RMDIR => self.rmdir(request),
            op::RENAME => self.rename(request),
            op::RENAME2 => self.rename2(request),
            op::LINK => self.link(request),
            op::OPEN => self.open(request),
            op::READ => self.read(request),
            op::RELEASE | op::RELEASEDIR => self.release(request),
            op::FSYNC | op::FSYNCDIR => self.fsync(request),
            op::OPENDIR => self.opendir(request),
            op::READDIR => self.readdir(request),
            op::GETXATTR => self.getxattr(request),
            op::SETXATTR => self.setxattr(request),
            op::LISTXATTR => self.listxattr(request),
            op::REMOVEXATTR => self.removexattr(request),
            op::FALLOCATE => self.fallocate(request),
            op::GETLK => self.getlk(request),
            op::SETLK | op::SETLKW => self.setlk(request),
            op::FLUSH => self.flush(request),
            op::INIT => self.init(request),
            op::DESTROY => Ok(Reply::Empty),
            op::POLL => self.poll(request),
            op::IOCTL => Err(Code(libc::ENOTTY)),
            _ => Err(Code(libc::ENOSYS)),
        }
    }
}

/// The number of a request, to which the reply goes.
fn unique(bytes: &[u8]) -> u64 {
    InHeader::read_from_prefix(bytes).map_or(0, |(header, _)| header.unique)
}

const _: () = assert!(
    FRONT.is_multiple_of(8) && FRONT + size_of::<InHeader>() + size_of::<WriteIn>() < body::ROOM
);
