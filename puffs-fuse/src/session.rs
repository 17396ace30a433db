//! One mount: turns of the main loop, dispatch of requests, replies, and the end.

use std::cell::{Cell, RefCell};
use std::io::IoSlice;
use std::os::fd::RawFd;

use puffs_core::Buf;
use puffs_core::msg::body;
use puffs_core::platform::Hosted;
use puffs_user::host::{Session, Transport, Turn};
use puffs_vfs::nodes::{NodeId, Nodes};
use puffs_vfs::{Data, file};
use zerocopy::{FromBytes, IntoBytes};

use crate::device::{Device, Got, Sent};
use crate::errno::Code;
use crate::handles::Handles;
use crate::mount::Mounted;
use crate::ops::Policy;
use crate::port::{Line, Port};
use crate::proto::op;
use crate::proto::request::Request;
use crate::proto::wire::{
    AttrOut, EntryOut, InHeader, InitOut, OpenOut, OutHeader, StatfsOut, WriteIn, WriteOut,
};
use crate::ready::Ready;
use crate::seat::Seat;

/// Requests that one turn handles before the main loop may look at something else.
const BATCH: usize = 64;
/// Where a request is read to: the data of a WRITE then begin where those of its message have to.
const FRONT: usize = file::WRITE_HEAD - size_of::<InHeader>() - size_of::<WriteIn>();

/// A mounted server.
pub(crate) struct FuseSession {
    pub(crate) line: Line,
    pub(crate) policy: Policy,
    pub(crate) state: RefCell<State>,
    pub(crate) maxdata: usize,
    seat: Seat,
    device: Option<Device>,
    ready: Ready,
    mounted: Mounted,
    ended: Cell<bool>,
}

/// What changes. Never borrowed while the server runs.
pub(crate) struct State {
    pub(crate) nodes: Nodes,
    pub(crate) handles: Handles,
}

/// One turn: the session, and a server that answers.
pub(crate) struct Work<'t> {
    pub(crate) session: &'t FuseSession,
    pub(crate) port: Port<'t>,
}

/// What a request gets.
pub(crate) enum Reply {
    /// Nothing: nobody waits.
    None,
    /// That it is done.
    Empty,
    Attr(AttrOut),
    Entry(EntryOut),
    Created(EntryOut, OpenOut),
    Open(OpenOut),
    Written(WriteOut),
    Statfs(StatfsOut),
    Init(InitOut),
    Data(Data<Hosted>),
}

/// What became of a request.
pub(crate) type Outcome = Result<Reply, Code>;

impl FuseSession {
    pub(crate) fn new(
        (line, seat): (Line, Seat),
        policy: Policy,
        nodes: Nodes,
        maxdata: usize,
        (device, ready, mounted): (Device, Ready, Mounted),
    ) -> Self {
        FuseSession {
            line,
            seat,
            policy,
            state: RefCell::new(State {
                nodes,
                handles: Handles::default(),
            }),
            maxdata,
            device: Some(device),
            ready,
            mounted,
            ended: Cell::new(false),
        }
    }
}

impl Session for FuseSession {
    fn fd(&self) -> RawFd {
        self.ready.fd()
    }

    fn transport(&self) -> &dyn Transport {
        &self.seat
    }

    fn turn(&self, serve: &mut dyn FnMut()) -> Result<Turn, i32> {
        let work = Work {
            session: self,
            port: Port::new(&self.line, serve),
        };
        for _ in 0..BATCH {
            let Some(device) = self.device.as_ref().filter(|_| !self.ended.get()) else {
                return Ok(Turn::Gone);
            };
            let mut buf = self
                .line
                .pool
                .take(self.line.pool.large())
                .map_err(crate::errno::number)?;
            let got = match self.mounted.forced() {
                true => Ok(Got::Gone),
                false => device.read(&mut buf[FRONT..]),
            };
            match got {
                Ok(Got::Request(len)) => work.request(device, buf, len),
                Ok(Got::Nothing) => {
                    self.line.pool.give(buf);
                    return Ok(Turn::Idle);
                }
                Ok(Got::Gone) => {
                    self.line.pool.give(buf);
                    self.ended.set(true);
                    work.finish();
                    self.seat.unmounted();
                    return Ok(Turn::Gone);
                }
                Err(error) => return Err(error.raw_os_error().unwrap_or(libc::EIO)),
            }
        }
        Ok(Turn::More)
    }

    fn unmount(&self) {
        if !self.ended.get() {
            self.mounted.unmount();
        }
    }
}

impl Drop for FuseSession {
    fn drop(&mut self) {
        self.seat.unmounted();
        // First the connection ends, then the mount: whoever still waits for us gets an error, so that unmounting waits for nobody.
        if let Some(device) = &self.device {
            self.mounted.forget(device.fd());
        }
        self.device = None;
        self.mounted.end();
    }
}

impl<'t> Work<'t> {
    /// Handles the request of `len` bytes in `buf`.
    fn request(&self, device: &Device, buf: Buf<Hosted>, len: usize) {
        let bytes = &buf[FRONT..FRONT + len];
        let Ok((header, _)) = InHeader::read_from_prefix(bytes) else {
            return self.session.line.pool.give(buf);
        };
        let outcome = if header.opcode == op::WRITE {
            self.write(buf, FRONT, len)
        } else {
            let outcome = match Request::read(bytes) {
                Ok(request) => self.dispatch(&request),
                Err(malformed) => Err(malformed.into()),
            };
            self.session.line.pool.give(buf);
            outcome
        };
        self.reply(device, header.unique, outcome);
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
            op::INIT => self.init(request),
            op::DESTROY => Ok(Reply::Empty),
            // Each request is finished before the next one is read: there is nothing to interrupt.
            op::INTERRUPT => Ok(Reply::None),
            op::IOCTL => Err(Code(libc::ENOTTY)),
            // FLUSH among them: the kernel then sends no more of them.
            _ => Err(Code(libc::ENOSYS)),
        }
    }

    fn reply(&self, device: &Device, unique: u64, outcome: Outcome) {
        let sent = match &outcome {
            Ok(Reply::None) => return,
            Ok(Reply::Empty) => send(device, unique, 0, &[]),
            Ok(Reply::Attr(out)) => send(device, unique, 0, out.as_bytes()),
            Ok(Reply::Entry(out)) => send(device, unique, 0, out.as_bytes()),
            Ok(Reply::Created(entry, open)) => {
                let mut both = [0; size_of::<EntryOut>() + size_of::<OpenOut>()];
                let (first, second) = both.split_at_mut(size_of::<EntryOut>());
                first.copy_from_slice(entry.as_bytes());
                second.copy_from_slice(open.as_bytes());
                send(device, unique, 0, &both)
            }
            Ok(Reply::Open(out)) => send(device, unique, 0, out.as_bytes()),
            Ok(Reply::Written(out)) => send(device, unique, 0, out.as_bytes()),
            Ok(Reply::Statfs(out)) => send(device, unique, 0, out.as_bytes()),
            Ok(Reply::Init(out)) => send(device, unique, 0, out.as_bytes()),
            Ok(Reply::Data(data)) => send(device, unique, 0, data),
            Err(Code(error)) => send(device, unique, -error, &[]),
        };
        match outcome {
            Ok(Reply::Data(data)) => self.session.line.pool.give(data.body),
            Ok(reply) if sent == Sent::Unwanted => self.undo(reply),
            _ => {}
        }
    }

    /// Nobody got this reply: what it gave away is taken back.
    fn undo(&self, reply: Reply) {
        let (entry, open) = match reply {
            Reply::Entry(entry) => (Some(entry), None),
            Reply::Created(entry, open) => (Some(entry), Some(open)),
            Reply::Open(open) => (None, Some(open)),
            _ => (None, None),
        };
        if let Some(open) = open {
            self.close(open.fh);
        }
        if let Some(entry) = entry.filter(|entry| entry.nodeid != 0) {
            self.forget_node(NodeId(entry.nodeid), 1);
        }
    }
}

fn send(device: &Device, unique: u64, error: i32, bytes: &[u8]) -> Sent {
    let header = OutHeader {
        len: (size_of::<OutHeader>() + bytes.len()) as u32,
        error,
        unique,
    };
    device.write(&[IoSlice::new(header.as_bytes()), IoSlice::new(bytes)])
}

const _: () = assert!(
    FRONT.is_multiple_of(8) && FRONT + size_of::<InHeader>() + size_of::<WriteIn>() < body::ROOM
);
