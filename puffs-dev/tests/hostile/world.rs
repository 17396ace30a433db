//! Plays a script on a real registry and on the model, and compares them after each step.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use proptest::sample::Index;
use puffs_core::msg::op::{CLASS_VN, vn};
use puffs_core::msg::wire::{Req, SizeOp};
use puffs_core::{Buf, Cookie, Direction, Errno, OnClose, Outgoing, SizeOps, Status, UserAddr};
use puffs_dev::{CLONER, Command, Registry};
use zerocopy::{FromBytes, IntoBytes};

use super::WORDS;
use super::script::{Addr, Step};
use crate::common::*;

/// A request: its id (0: FAF), its length.
pub(super) type Queued = (u64, usize);

pub(super) struct Mounted {
    pub(super) mount: TestMount,
    pub(super) fate: Arc<Fate>,
    pub(super) keep: bool,
    pub(super) status: Status,
    pub(super) touser: VecDeque<Queued>,
    pub(super) awaited: Vec<Queued>,
    pub(super) next_id: u64,
    pub(super) unmounts: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Embryo,
    Mounted(usize),
    Dead,
    Closed,
}

pub(super) struct Open {
    pub(super) instance: TestInstance,
    pub(super) pid: i32,
    pub(super) at: At,
    /// What the server set, if it did.
    pub(super) nonblock: bool,
}

pub(super) struct World {
    pub(super) registry: Registry<Probe>,
    pub(super) opens: Vec<Open>,
    pub(super) mounts: Vec<Mounted>,
    pub(super) memory: Vec<u64>,
    pub(super) sets: Vec<Beside>,
}

/// Buffers beside a request.
pub(super) struct Beside {
    pub(super) mount: usize,
    pub(super) id: u64,
    pub(super) set: SizeOps<Probe>,
    pub(super) ops: Vec<Op>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Op {
    pub(super) direction: Direction,
    pub(super) data: Vec<u8>,
    pub(super) moved: Option<usize>,
}

impl World {
    pub(super) fn addr(&self, addr: Addr) -> UserAddr {
        let start = self.memory.as_ptr().expose_provenance();
        UserAddr(match addr {
            Addr::Header => start,
            Addr::Inside(at) => start + at,
            Addr::Wild(at) => at,
        })
    }

    /// Where this lies in the server's memory, if it does.
    pub(super) fn inside(&self, addr: UserAddr, len: usize) -> Option<usize> {
        let start = self.memory.as_ptr().expose_provenance();
        let at = addr.0.checked_sub(start)?;
        (at.checked_add(len)? <= 8 * WORDS).then_some(at)
    }

    pub(super) fn read<T: FromBytes>(&self, addr: UserAddr) -> Result<T, Errno> {
        let at = self.inside(addr, size_of::<T>()).ok_or(Errno::Fault)?;
        let bytes = &self.memory.as_bytes()[at..][..size_of::<T>()];
        Ok(T::read_from_bytes(bytes).unwrap())
    }

    pub(super) fn reaches(&self, addr: UserAddr, len: usize) -> Result<(), Errno> {
        match len == 0 || self.inside(addr, len).is_some() {
            true => Ok(()),
            false => Err(Errno::Fault),
        }
    }

    pub(super) fn open(&self, at: &Index) -> Option<usize> {
        (!self.opens.is_empty()).then(|| at.index(self.opens.len()))
    }

    pub(super) fn mount(&self, at: &Index) -> Option<usize> {
        (!self.mounts.is_empty()).then(|| at.index(self.mounts.len()))
    }

    /// The mount behind an instance.
    pub(super) fn behind(&self, open: usize) -> Result<usize, Errno> {
        match self.opens[open].at {
            At::Mounted(mount) => Ok(mount),
            _ => Err(Errno::NoEnt),
        }
    }

    pub(super) fn bound(&self, mount: usize) -> Option<usize> {
        self.opens
            .iter()
            .position(|open| open.at == At::Mounted(mount))
    }

    pub(super) fn write(&mut self, req: &Req) {
        self.write_at(0, req.as_bytes());
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Open { pid } => {
                let instance = self.registry.open(&lwp(*pid, 0)).unwrap();
                let open = Open {
                    instance,
                    pid: *pid,
                    at: At::Embryo,
                    nonblock: false,
                };
                self.opens.push(open);
            }
            Step::OpenMinor(minor) => {
                let opened = self.registry.cdopen(*minor, &lwp(1, 0));
                assert_eq!(
                    opened.map(drop),
                    (*minor == CLONER).then_some(()).ok_or(Errno::Nxio)
                );
            }
            Step::Close(at) => {
                let Some(open) = self.open(at) else { return };
                self.registry.close(&self.opens[open].instance);
                self.closes(open);
            }
            Step::Forget(at) => {
                let Some(open) = self.open(at) else { return };
                self.closes(open);
                self.opens.remove(open);
            }
            Step::NewMount { keep } => {
                let on_close = if *keep {
                    OnClose::Keep
                } else {
                    OnClose::Unmount
                };
                let (mount, fate) = mount_with(on_close, None);
                self.mounts.push(Mounted {
                    mount,
                    fate,
                    keep: *keep,
                    status: Status::Mounting,
                    touser: VecDeque::new(),
                    awaited: Vec::new(),
                    next_id: 1,
                    unmounts: 0,
                });
            }
            Step::Bind(at, mount) => {
                let (Some(open), Some(mount)) = (self.open(at), self.mount(mount)) else {
                    return;
                };
                let (instance, mounted) = (&self.opens[open].instance, &self.mounts[mount]);
                let bound = self.registry.bind(instance, &mounted.mount);
                assert_eq!(bound, self.binds(Some(open), mount), "{step:?}");
            }
            Step::SetPmp { pid, mount } => {
                let Some(mount) = self.mount(mount) else {
                    return;
                };
                let lwp = lwp(*pid, 0);
                let bound = self
                    .registry
                    .setpmp(&lwp, -1, &self.mounts[mount].mount, &NoFiles);
                let is_theirs = |open: &Open| open.pid == *pid && open.at == At::Embryo;
                let open = self.opens.iter().position(is_theirs);
                assert_eq!(bound, self.binds(open, mount), "{step:?}");
            }
            Step::Nuke(mount) => {
                let Some(mount) = self.mount(mount) else {
                    return;
                };
                self.registry.nuke(&self.mounts[mount].mount);
                if let Some(open) = self.bound(mount) {
                    self.opens[open].at = At::Dead;
                    self.dies(mount);
                }
            }
            Step::Die(mount) => {
                let Some(mount) = self.mount(mount) else {
                    return;
                };
                self.mounts[mount].mount.die();
                self.dies(mount);
            }
            Step::Send(mount, len) | Step::Submit(mount, len) => {
                let Some(mount) = self.mount(mount) else {
                    return;
                };
                let faf = matches!(step, Step::Send(..));
                let out = Outgoing::vn(vn::GETATTR, Cookie(1), Buf::new(*len).unwrap());
                let done = |_: Result<puffs_core::Answer<Probe>, Errno>| {};
                let entered = match faf {
                    true => self.mounts[mount].mount.send(out),
                    false => self.mounts[mount]
                        .mount
                        .submit(out, Box::new(done))
                        .map(drop),
                };
                assert_eq!(entered, self.enters(mount, faf, *len), "{step:?}");
            }
            Step::Getop {
                at,
                arg,
                aux,
                auxlen,
                ioctl,
            } => {
                let Some(open) = self.open(at) else { return };
                let (arg, aux) = (self.addr(*arg), self.addr(*aux).0);
                self.write(&Req {
                    aux,
                    auxlen: *auxlen,
                    ..Req::default()
                });
                let wanted = self.gets(open, arg);
                let Open {
                    instance, nonblock, ..
                } = &self.opens[open];
                let got = match *ioctl && *nonblock {
                    true => instance.ioctl(Command::GETOP, arg),
                    false => instance.getop(arg, true),
                };
                assert_eq!(got, wanted.map(drop), "{step:?}");
                // Where the body does not overwrite it, the header is the request's.
                if let Ok(header) = wanted
                    && (header.auxlen == 0 || aux.abs_diff(arg.0) >= 128)
                {
                    assert_eq!(self.read(arg), Ok(header), "{step:?}");
                }
            }
            Step::Putop {
                at,
                arg,
                id,
                auxlen,
                aux,
            } => {
                let Some(open) = self.open(at) else { return };
                let (arg, aux) = (self.addr(*arg), self.addr(*aux).0);
                self.write(&Req {
                    id: *id,
                    opclass: CLASS_VN,
                    optype: vn::GETATTR,
                    aux,
                    auxlen: *auxlen,
                    ..Req::default()
                });
                let wanted = self.puts(open, arg);
                let put = self.opens[open].instance.ioctl(Command::PUTOP, arg);
                assert_eq!(put, wanted, "{step:?}");
            }
            Step::Batch { at, arg, ioctl, .. } => {
                let Some(open) = self.open(at) else { return };
                self.lay_out(step);
                let arg = self.addr(*arg);
                let real = |world: &Self| {
                    let Open {
                        instance, nonblock, ..
                    } = &world.opens[open];
                    match *ioctl && *nonblock {
                        true => instance.ioctl(Command::BATCH, arg),
                        false => instance.batch(arg, true),
                    }
                };
                self.same(|world| world.batches(open, arg), real, step);
            }
            Step::Beside(mount, len, buffers) => {
                if let Some(mount) = self.mount(mount) {
                    self.beside(mount, *len, buffers);
                    if buffers.len() > 1 {
                        self.fetch(mount);
                    }
                }
            }
            Step::TakeBack(which) => {
                if !self.sets.is_empty() {
                    self.takes_back(which.index(self.sets.len()));
                }
            }
            Step::Sizeop {
                at,
                arg,
                id,
                buf,
                size,
            } => {
                let Some(open) = self.open(at) else { return };
                let (open, id) = match id {
                    Ok(which) => self.with_buffers(which).unwrap_or((open, 7)),
                    Err(id) => (open, *id),
                };
                let (arg, userbuf) = (self.addr(*arg), self.addr(*buf).0);
                let op = SizeOp {
                    reqid: id,
                    userbuf,
                    bufsize: *size,
                };
                self.write_at(0, op.as_bytes());
                let real = |world: &Self| world.opens[open].instance.ioctl(Command::SIZEOP, arg);
                self.same(|world| world.sizes(open, arg), real, step);
            }
            Step::Wake(at) => {
                let Some(open) = self.open(at) else { return };
                let wanted = self.alive(open).map(drop);
                let woken = self.opens[open].instance.ioctl(Command::WAKE, UserAddr(1));
                assert_eq!(woken, wanted, "{step:?}");
            }
            Step::Startop { at, arg } => {
                let Some(open) = self.open(at) else { return };
                let arg = self.addr(*arg);
                let wanted = self.starts(open, arg);
                let started = self.opens[open].instance.ioctl(Command::STARTOP, arg);
                assert_eq!(started, wanted, "{step:?}");
            }
            Step::Fionbio { at, arg, on } => {
                let Some(open) = self.open(at) else { return };
                let arg = self.addr(*arg);
                self.memory.as_mut_bytes()[..4].copy_from_slice(&on.to_ne_bytes());
                let wanted = self.read::<i32>(arg);
                let set = self.opens[open].instance.ioctl(Command::FIONBIO, arg);
                assert_eq!(set, wanted.map(drop), "{step:?}");
                if let Ok(on) = wanted {
                    self.opens[open].nonblock = on != 0;
                }
            }
            Step::Other {
                at,
                command: (group, number, size),
                arg,
            } => {
                let Some(open) = self.open(at) else { return };
                let command = Command {
                    group: *group,
                    number: *number,
                    size: *size,
                };
                if *group == b'p' && *size >= 8 || command == Command::FIONBIO {
                    return;
                }
                let got = self.opens[open].instance.ioctl(command, self.addr(*arg));
                assert_eq!(got, Err(Errno::Inval), "{step:?}");
            }
            Step::Poll { at, asked } => {
                let Some(open) = self.open(at) else { return };
                let seen = self.opens[open].instance.poll(*asked);
                assert_eq!(seen, self.polls(open, *asked), "{step:?}");
            }
        }
    }

    pub(super) fn compare(&self) {
        let open = self.opens.iter().filter(|open| open.at != At::Closed);
        assert_eq!(self.registry.open_count(), open.count());
        for mounted in &self.mounts {
            assert_eq!(mounted.mount.status(), mounted.status);
            assert_eq!(mounted.fate.unmounts.load(SeqCst), mounted.unmounts);
            let all = mounted.touser.iter().chain(&mounted.awaited);
            let bytes = all.clone().map(|(_, len)| len).sum();
            assert_eq!(mounted.mount.load(), (all.count(), bytes));
        }
    }

    /// Everything is closed, and nothing is left.
    pub(super) fn finish(mut self) {
        while let Some(open) = self.opens.pop() {
            drop(open);
        }
        assert_eq!(self.registry.open_count(), 0);
        self.sets.clear();
        for mounted in self.mounts.drain(..) {
            let fate = mounted.fate.clone();
            drop(mounted);
            assert_eq!(fate.freed.load(SeqCst), 1, "somebody still holds the mount");
        }
    }
}
