//! A server that is not mounted, but talks to whoever has the other end of a socket: `PUFFS_COMFD`, a descriptor's number, says so. Tests drive
//! servers that way, without privileges and without a kernel that helps.
//!
//! The server begins with [`ComArgs`]. Then it gets requests and answers them, each a [`Req`], whose `aux` means nothing, and `auxlen` bytes of
//! body behind it. The other end is trusted as a kernel is: who begins a message ends it, and who asks reads the answer, else the server waits. When
//! it closes, or when the server wants to exit, the server is told that it is unmounted by force.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use puffs_core::errno::Errno;
use puffs_core::msg::body;
use puffs_core::msg::wire::{ComArgs, Req};
use zerocopy::{FromZeros, IntoBytes};

use crate::buffer::Buffer;
use crate::host::{Host, MountArgs, MountError, Server, Session, Stale, Transport, Turn};
use crate::mounting::Ready;
use crate::own;
use crate::sys;

/// The longest body that is waited for.
const LONGEST: usize = 16 << 20;
const REQUESTS: usize = 0;
const FAREWELL: usize = 1;

/// The host behind the descriptor of this number.
#[derive(Clone, Copy, Debug)]
pub struct ComHost(
    /// A connected stream socket. The first mount takes it over.
    pub RawFd,
);

impl Host for ComHost {
    fn mount(&self, args: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        let system = |errno| MountError::System("PUFFS_COMFD", errno);
        if sys::socket_type(self.0).map_err(system)? != libc::SOCK_STREAM {
            return Err(system(libc::EPROTOTYPE));
        }
        if TAKEN.swap(true, Ordering::SeqCst) {
            return Err(system(libc::EBUSY));
        }
        // SAFETY: who started us names it for us to have, and it is taken once.
        let line = Line::new(unsafe { OwnedFd::from_raw_fd(self.0) });
        sys::close_on_exec(self.0).map_err(system)?;
        line.introduce(args).map_err(system)?;
        let ready = Ready::new().map_err(system)?;
        ready.watch(self.0).map_err(system)?;
        Ok(Box::new(ComSession {
            line,
            ready,
            farewell: RefCell::new(Buffer::new(body::ROOM).ok_or_else(|| system(libc::ENOMEM))?),
            life: Cell::new(Life::Connected),
        }))
    }
}

/// The connection.
struct Line {
    fd: OwnedFd,
    /// The header of a request whose body has not been read yet.
    begun: Cell<Option<Req>>,
    /// The other end is gone, or is listened to no longer.
    gone: Cell<bool>,
}

impl Line {
    fn new(fd: OwnedFd) -> Self {
        Line {
            fd,
            begun: Cell::new(None),
            gone: Cell::new(false),
        }
    }

    fn introduce(&self, args: &MountArgs) -> Result<(), i32> {
        let strings = [&args.from, &args.fstype, &args.dir].map(|string| string.as_bytes());
        let [fromlen, typelen, dirlen] = strings.map(|string| string.len() as u32);
        let fixed = ComArgs {
            version: body::VERSION.into(),
            len: size_of::<ComArgs>() as u32 + fromlen + typelen + dirlen,
            ops: args.ops.bits(),
            root_cookie: args.root.cookie as u64,
            root_size: args.root.size,
            root_rdev: args.root.rdev,
            root_vtype: args.root.vtype,
            mntflags: args.mntflags,
            kflags: args.kflags,
            maxdata: args.maxdata as u32,
            fhsize: args.fhsize as u32,
            fhflags: args.fhflags,
            fromlen,
            typelen,
            dirlen,
            reserved: 0,
        };
        let [from, fstype, dir] = strings;
        sys::send_all(
            self.fd.as_raw_fd(),
            &[fixed.as_bytes(), from, fstype, dir].concat(),
        )
    }

    /// The header of the next request.
    fn header(&self) -> Result<Req, Errno> {
        if let Some(req) = self.begun.get() {
            return Ok(req);
        }
        let mut req = Req::new_zeroed();
        let fd = self.fd.as_raw_fd();
        match sys::receive(fd, req.as_mut_bytes()) {
            Ok(0) => return Err(Errno::Nxio),
            Ok(some) => {
                let rest = &mut req.as_mut_bytes()[some..];
                sys::receive_all(fd, rest).map_err(|_| Errno::Nxio)?;
            }
            Err(libc::EAGAIN) => return Err(Errno::WouldBlock),
            Err(libc::EINTR) => return Err(Errno::Intr),
            Err(_) => return Err(Errno::Nxio),
        }
        if req.auxlen > LONGEST {
            return Err(Errno::Nxio);
        }
        self.begun.set(Some(req));
        Ok(req)
    }

    fn fetch(&self, to: &mut Req) -> Result<(), Errno> {
        let req = self.header()?;
        if req.auxlen > to.auxlen {
            to.auxlen = req.auxlen;
            return Err(Errno::TooBig);
        }
        let body: *mut u8 = std::ptr::with_exposed_provenance_mut(to.aux);
        // SAFETY: who fetches names a buffer of its own, of `auxlen` bytes and more.
        let body = unsafe { std::slice::from_raw_parts_mut(body, req.auxlen) };
        sys::receive_all(self.fd.as_raw_fd(), body).map_err(|_| Errno::Nxio)?;
        self.begun.set(None);
        *to = Req { aux: to.aux, ..req };
        Ok(())
    }
}

impl Transport for Line {
    fn getop(&self, req: &mut Req) -> Result<(), Errno> {
        if self.gone.get() {
            return Err(Errno::Nxio);
        }
        let result = self.fetch(req);
        if result == Err(Errno::Nxio) {
            self.gone.set(true);
        }
        result
    }

    fn putop(&self, req: &mut Req) -> Result<(), Errno> {
        let body: *const u8 = std::ptr::with_exposed_provenance(req.aux);
        let body = match req.auxlen {
            0 => &[],
            // SAFETY: who answers names a buffer of its own, with so many bytes in it.
            len => unsafe { std::slice::from_raw_parts(body, len) },
        };
        let header = Req { aux: 0, ..*req };
        let fd = self.fd.as_raw_fd();
        let sent = sys::send_all(fd, header.as_bytes()).and_then(|()| sys::send_all(fd, body));
        sent.map_err(|_| {
            self.gone.set(true);
            Errno::Nxio
        })
    }
}

/// Where a session is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Connected,
    /// The server wants to exit.
    Leaving,
    /// It is told that it is unmounted.
    Ending,
    Over,
}

struct ComSession {
    line: Line,
    ready: Ready,
    /// For what the server is told at the end.
    farewell: RefCell<Buffer>,
    life: Cell<Life>,
}

impl ComSession {
    fn start(&self, server: &dyn Server, token: usize) {
        if server.start(token).is_err() {
            self.task(token, server);
        }
    }

    fn farewell(&self, server: &dyn Server) {
        let mut buffer = self.farewell.borrow_mut();
        for own in own::FAREWELL {
            let mut req = own.put(buffer.bytes());
            server.execute(&mut req, buffer.bytes());
        }
        self.life.set(Life::Over);
        self.ready.waker().wake();
    }
}

// SAFETY: a task has nothing on its stack but a borrow of the session's own buffer, which no other task uses; it is for the last one. Of what `getop`
// writes, `auxlen` is the limit.
unsafe impl Session for ComSession {
    fn fd(&self) -> RawFd {
        self.ready.fd()
    }

    fn transport(&self) -> &dyn Transport {
        &self.line
    }

    fn turn(&self, server: &dyn Server) -> Result<Turn, i32> {
        self.ready.heard();
        if self.life.get() == Life::Connected {
            self.start(server, REQUESTS);
        }
        if self.life.get() == Life::Leaving
            || self.life.get() == Life::Connected && self.line.gone.get()
        {
            // It would be ready for ever, and what is still asked for is not served.
            self.ready.unwatch(self.line.fd.as_raw_fd());
            self.line.gone.set(true);
            self.life.set(Life::Ending);
            self.start(server, FAREWELL);
        }
        Ok(match self.life.get() {
            Life::Over => Turn::Gone,
            Life::Connected | Life::Leaving | Life::Ending => Turn::Idle,
        })
    }

    fn busy(&self) {}

    fn idle(&self) -> bool {
        false
    }

    fn task(&self, token: usize, server: &dyn Server) {
        match token {
            FAREWELL => self.farewell(server),
            _ => server.serve(),
        }
    }

    /// Nothing is known to be cached at the other end.
    fn forget_stale(&self, _: Stale) -> Result<(), i32> {
        match self.life.get() {
            Life::Connected => Ok(()),
            _ => Err(libc::ENXIO),
        }
    }

    fn unmount(&self) {
        if self.life.get() == Life::Connected {
            self.life.set(Life::Leaving);
            self.ready.waker().wake();
        }
    }
}
