//! A host whose kernel is a list of scripts: each is a task on a stack of its own, and calls operations by `puffs-vfs`.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::rc::Rc;

use puffs_core::msg::op::FLAG_FAF;
use puffs_core::msg::{OpSet, body, wire};
use puffs_core::platform::Hosted;
use puffs_core::{Answer, Buf, Cookie, Errno, Outgoing};
use puffs_server::host::{Host, MountArgs, MountError, Server, Session, Stale, Transport, Turn};
use puffs_vfs::{Broken, Caller, Failed, life, names, who};

/// What a script calls operations through.
pub(crate) struct Line<'s> {
    server: &'s dyn Server,
    args: &'s MountArgs,
    /// Answers that made no sense.
    pub(crate) broken: RefCell<Vec<&'static str>>,
}

impl Line<'_> {
    fn execute(&self, out: Outgoing<Hosted>, flag: u8) -> Answer<Hosted> {
        let mut req = wire::Req {
            opclass: out.class | flag,
            optype: out.optype,
            cookie: out.cookie.0,
            auxlen: out.copylen,
            ..wire::Req::default()
        };
        let mut body = out.body;
        self.server.execute(&mut req, &mut body);
        assert!((0..=133).contains(&req.rv) && req.auxlen <= body.len());
        Answer {
            rv: req.rv,
            body,
            len: req.auxlen,
        }
    }

    pub(crate) fn root(&self) -> Cookie {
        Cookie(self.args.root.cookie)
    }

    /// Looks a name up in the root.
    pub(crate) fn find(&self, name: &str) -> Result<Cookie, i32> {
        self.found(name).map(|found| found.cookie)
    }

    pub(crate) fn found(&self, name: &str) -> Result<names::Found, i32> {
        let (flags, head) = (body::namei::ISLASTCN, user());
        names::lookup(self, &head, self.root(), name.as_bytes(), 0, flags).map_err(number)
    }

    pub(crate) fn reclaim(&self, node: Cookie, count: u32) {
        life::reclaim(self, &who::kernel(), node, count).unwrap();
    }
}

/// Somebody who asks.
pub(crate) fn user() -> body::Head {
    who::user_with_groups(17, 1000, 100, &[33])
}

pub(crate) fn number(failed: Failed) -> i32 {
    failed.number(|errno| match errno {
        Errno::NotSupp => libc::EOPNOTSUPP,
        Errno::Proto => libc::EPROTO,
        other => panic!("{other:?}"),
    })
}

impl Caller<Hosted> for Line<'_> {
    fn call(&self, out: Outgoing<Hosted>) -> Result<Answer<Hosted>, Errno> {
        Ok(self.execute(out, 0))
    }

    fn send(&self, out: Outgoing<Hosted>) -> Result<(), Errno> {
        self.execute(out, FLAG_FAF);
        Ok(())
    }

    fn broken(&self, broken: Broken, _: Cookie) {
        self.broken.borrow_mut().push(broken.text);
    }

    fn root(&self) -> Cookie {
        Line::root(self)
    }

    fn ops(&self) -> OpSet {
        self.args.ops
    }

    fn max(&self) -> usize {
        self.args.maxdata + body::ROOM
    }

    fn buffer(&self, len: usize) -> Result<Buf<Hosted>, Errno> {
        Buf::new(len)
    }
}

type Script = Box<dyn Fn(&Line<'_>)>;

/// What became of a mount.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) args: RefCell<Option<MountArgs>>,
    /// How often the session was asked to unmount.
    pub(crate) unmounts: Cell<u32>,
    pub(crate) ended: Cell<u32>,
    pub(crate) stale: RefCell<Vec<Stale>>,
}

/// A host for one mount. When all scripts are over, or the server wants so, it unmounts.
pub(crate) struct Scripts {
    scripts: RefCell<Vec<Script>>,
    /// Whether it goes on until the server wants the end.
    stays: bool,
    pub(crate) seen: Rc<Seen>,
}

impl Scripts {
    pub(crate) fn new() -> Scripts {
        Scripts {
            scripts: RefCell::default(),
            stays: false,
            seen: Rc::default(),
        }
    }

    /// Of one script.
    pub(crate) fn of(script: impl Fn(&Line<'_>) + 'static) -> Scripts {
        Scripts::new().and(script)
    }

    /// And another one, begun behind the others.
    pub(crate) fn and(self, script: impl Fn(&Line<'_>) + 'static) -> Scripts {
        self.scripts.borrow_mut().push(Box::new(script));
        self
    }

    pub(crate) fn staying(mut self) -> Scripts {
        self.stays = true;
        self
    }
}

impl Host for Scripts {
    fn mount(&self, args: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        self.seen.args.replace(Some(args.clone()));
        // SAFETY: a new descriptor.
        let ready = unsafe { OwnedFd::from_raw_fd(libc::eventfd(1, libc::EFD_CLOEXEC)) };
        Ok(Box::new(Playing {
            scripts: self.scripts.take(),
            stays: self.stays,
            begun: Cell::new(false),
            seen: Rc::clone(&self.seen),
            args: args.clone(),
            ready,
        }))
    }
}

struct Playing {
    scripts: Vec<Script>,
    stays: bool,
    begun: Cell<bool>,
    seen: Rc<Seen>,
    args: MountArgs,
    ready: OwnedFd,
}

// SAFETY: scripts keep on their stacks what nobody else uses, and the requests that they make are in the buffers of the server.
unsafe impl Session for Playing {
    fn fd(&self) -> RawFd {
        self.ready.as_raw_fd()
    }

    fn transport(&self) -> &dyn Transport {
        unreachable!("requests are executed at once")
    }

    fn turn(&self, server: &dyn Server) -> Result<Turn, i32> {
        if !self.begun.replace(true) {
            for token in 0..self.scripts.len() {
                server.start(token).unwrap();
            }
        }
        let over = self.seen.ended.get() as usize == self.scripts.len() && !self.stays;
        if over || self.seen.unmounts.get() > 0 {
            server.start(self.scripts.len()).unwrap();
        }
        Ok(Turn::Idle)
    }

    fn busy(&self) {}

    fn idle(&self) -> bool {
        true
    }

    fn task(&self, token: usize, server: &dyn Server) {
        let line = Line {
            server,
            args: &self.args,
            broken: RefCell::default(),
        };
        match self.scripts.get(token) {
            Some(script) => {
                script(&line);
                self.seen.ended.set(self.seen.ended.get() + 1);
            }
            None => life::unmount(&line, &who::kernel(), life::MNT_FORCE).unwrap(),
        }
    }

    fn forget_stale(&self, stale: Stale) -> Result<(), i32> {
        self.seen.stale.borrow_mut().push(stale);
        Ok(())
    }

    fn unmount(&self) {
        self.seen.unmounts.set(self.seen.unmounts.get() + 1);
    }
}
