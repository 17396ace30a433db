//! A hostile server at the device: any call at any address in any state of its instance, while mounts come and go. A model
//! says what each call gives.

mod common;

#[path = "../../puffs-core/tests/common/cases.rs"]
mod cases;

use std::collections::VecDeque;
use std::mem::offset_of;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use common::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use puffs_core::msg::op::{CLASS_VN, FLAG_FAF, vn};
use puffs_core::msg::wire::{Batch, Req, SizeOp, StartReq};
use puffs_core::{
    Buf, Cookie, Direction, Errno, OnClose, Outgoing, Platform, SizeOps, Status, UserAddr,
};
use puffs_dev::{CLONER, Command, Registry, events};
use zerocopy::{FromBytes, IntoBytes};

const FOUND: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/hostile.txt"
);
/// A server's memory, in words: a header, then a body.
const WORDS: usize = 64;
const BODY: usize = 128;
/// Lists of headers, of answers and of room.
const PUT: usize = 256;
const GET: usize = 384;

#[derive(Clone, Copy, Debug)]
enum Addr {
    Header,
    /// So far into the server's memory, whose end may come too soon.
    Inside(usize),
    Wild(usize),
}

#[derive(Clone, Debug)]
enum Step {
    Open {
        pid: i32,
    },
    OpenMinor(u32),
    Close(Index),
    Forget(Index),
    NewMount {
        keep: bool,
    },
    Bind(Index, Index),
    SetPmp {
        pid: i32,
        mount: Index,
    },
    Nuke(Index),
    Die(Index),
    Send(Index, usize),
    Submit(Index, usize),
    Getop {
        at: Index,
        arg: Addr,
        aux: Addr,
        auxlen: usize,
        ioctl: bool,
    },
    Putop {
        at: Index,
        arg: Addr,
        id: u64,
        auxlen: usize,
        aux: Addr,
    },
    Batch {
        at: Index,
        arg: Addr,
        answers: Vec<(u64, usize, Addr)>,
        rooms: Vec<(Addr, usize)>,
        /// The lists are somewhere else.
        put: Option<Addr>,
        get: Option<Addr>,
        /// So many more of each are claimed.
        more: (usize, usize),
        ioctl: bool,
    },
    /// A request with buffers beside it: so long, and whether from the server.
    Beside(Index, usize, Vec<(bool, usize)>),
    /// They are taken back.
    TakeBack(Index),
    Sizeop {
        at: Index,
        arg: Addr,
        id: u64,
        buf: Addr,
        size: usize,
    },
    Startop {
        at: Index,
        arg: Addr,
    },
    Fionbio {
        at: Index,
        arg: Addr,
        on: i32,
    },
    Other {
        at: Index,
        command: (u8, u8, usize),
        arg: Addr,
    },
    Poll {
        at: Index,
        asked: u32,
    },
}

fn addr() -> impl Strategy<Value = Addr> {
    prop_oneof![
        8 => Just(Addr::Header),
        2 => (0..8 * WORDS + 16).prop_map(Addr::Inside),
        1 => Just(Addr::Wild(0)),
        1 => any::<usize>().prop_map(Addr::Wild),
        1 => (usize::MAX - 60..=usize::MAX).prop_map(Addr::Wild),
    ]
}

fn batch() -> impl Strategy<Value = Step> {
    let claimed = || prop_oneof![6 => 0..120usize, 1 => any::<usize>()];
    let aux = || prop_oneof![6 => Just(Addr::Inside(BODY)), 1 => addr()];
    let id = prop_oneof![8 => 0..9u64, 1 => any::<u64>()];
    let odd = || prop_oneof![8 => Just(None), 1 => addr().prop_map(Some)];
    let more = || {
        prop_oneof![
            9 => Just(0usize),
            1 => 0..3usize,
            1 => 1025..1030usize,
            1 => usize::MAX - 2..=usize::MAX - 2
        ]
    };
    let lists = (
        vec((id, claimed(), aux()), 0..3),
        vec((aux(), claimed()), 0..3),
    );
    let places = (any::<Index>(), addr(), odd(), odd());
    (places, lists, (more(), more()), any::<bool>()).prop_map(
        |((at, arg, put, get), (answers, rooms), more, ioctl)| Step::Batch {
            at,
            arg,
            answers,
            rooms,
            put,
            get,
            more,
            ioctl,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let at = any::<Index>;
    let len = 0..100usize;
    let claimed = prop_oneof![6 => 0..120usize, 1 => any::<usize>()];
    let aux = prop_oneof![6 => Just(Addr::Inside(BODY)), 1 => addr()];
    let id = prop_oneof![8 => 0..9u64, 1 => any::<u64>()];
    let buf = aux.clone();
    // No call of ours has so small an argument.
    let command = prop_oneof![
        (any::<u8>(), any::<u8>(), any::<usize>()),
        (Just(0u8), any::<u8>(), 0..50usize),
        (Just(b'p'), 0..20u8, 0..8usize),
        (Just(b'f'), Just(126u8), 5..20usize),
    ];
    prop_oneof![
        3 => (0..2i32).prop_map(|pid| Step::Open { pid }),
        1 => prop_oneof![Just(CLONER), 0..3u32, any::<u32>()].prop_map(Step::OpenMinor),
        1 => at().prop_map(Step::Close),
        1 => at().prop_map(Step::Forget),
        3 => any::<bool>().prop_map(|keep| Step::NewMount { keep }),
        4 => (at(), at()).prop_map(|(instance, mount)| Step::Bind(instance, mount)),
        1 => (0..2i32, at()).prop_map(|(pid, mount)| Step::SetPmp { pid, mount }),
        1 => at().prop_map(Step::Nuke),
        1 => at().prop_map(Step::Die),
        3 => (at(), len.clone()).prop_map(|(mount, len)| Step::Send(mount, len)),
        5 => (at(), len).prop_map(|(mount, len)| Step::Submit(mount, len)),
        8 => (at(), addr(), aux.clone(), claimed.clone(), any::<bool>()).prop_map(
            |(at, arg, aux, auxlen, ioctl)| Step::Getop { at, arg, aux, auxlen, ioctl }
        ),
        8 => (at(), addr(), id, claimed, aux).prop_map(
            |(at, arg, id, auxlen, aux)| Step::Putop { at, arg, id, auxlen, aux }
        ),
        8 => batch(),
        3 => (at(), 0..100usize, vec((any::<bool>(), 1..60usize), 1..4)).prop_map(
            |(mount, len, buffers)| Step::Beside(mount, len, buffers)
        ),
        1 => at().prop_map(Step::TakeBack),
        8 => (at(), addr(), 0..9u64, buf, 0..120usize).prop_map(
            |(at, arg, id, buf, size)| Step::Sizeop { at, arg, id, buf, size }
        ),
        3 => (at(), addr()).prop_map(|(at, arg)| Step::Startop { at, arg }),
        1 => (at(), addr(), 0..3i32).prop_map(|(at, arg, on)| Step::Fionbio { at, arg, on }),
        2 => (at(), command, addr()).prop_map(
            |(at, command, arg)| Step::Other { at, command, arg }
        ),
        2 => (at(), any::<u32>()).prop_map(|(at, asked)| Step::Poll { at, asked }),
    ]
}

/// A request: its id (0: FAF), its length.
type Queued = (u64, usize);

struct Mounted {
    mount: TestMount,
    fate: Arc<Fate>,
    keep: bool,
    status: Status,
    touser: VecDeque<Queued>,
    awaited: Vec<Queued>,
    next_id: u64,
    unmounts: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Embryo,
    Mounted(usize),
    Dead,
    Closed,
}

struct Open {
    instance: TestInstance,
    pid: i32,
    at: At,
    /// What the server set, if it did.
    nonblock: bool,
}

struct World {
    registry: Registry<Probe>,
    opens: Vec<Open>,
    mounts: Vec<Mounted>,
    memory: Vec<u64>,
    sets: Vec<Beside>,
}

/// Buffers beside a request.
struct Beside {
    mount: usize,
    id: u64,
    set: SizeOps<Probe>,
    ops: Vec<Op>,
}

#[derive(Debug, PartialEq, Eq)]
struct Op {
    direction: Direction,
    data: Vec<u8>,
    moved: Option<usize>,
}

impl World {
    fn addr(&self, addr: Addr) -> UserAddr {
        let start = self.memory.as_ptr().expose_provenance();
        UserAddr(match addr {
            Addr::Header => start,
            Addr::Inside(at) => start + at,
            Addr::Wild(at) => at,
        })
    }

    /// Where this lies in the server's memory, if it does.
    fn inside(&self, addr: UserAddr, len: usize) -> Option<usize> {
        let start = self.memory.as_ptr().expose_provenance();
        let at = addr.0.checked_sub(start)?;
        (at.checked_add(len)? <= 8 * WORDS).then_some(at)
    }

    fn read<T: FromBytes>(&self, addr: UserAddr) -> Result<T, Errno> {
        let at = self.inside(addr, size_of::<T>()).ok_or(Errno::Fault)?;
        let bytes = &self.memory.as_bytes()[at..][..size_of::<T>()];
        Ok(T::read_from_bytes(bytes).unwrap())
    }

    fn reaches(&self, addr: UserAddr, len: usize) -> Result<(), Errno> {
        match len == 0 || self.inside(addr, len).is_some() {
            true => Ok(()),
            false => Err(Errno::Fault),
        }
    }

    fn open(&self, at: &Index) -> Option<usize> {
        (!self.opens.is_empty()).then(|| at.index(self.opens.len()))
    }

    fn mount(&self, at: &Index) -> Option<usize> {
        (!self.mounts.is_empty()).then(|| at.index(self.mounts.len()))
    }

    /// The mount behind an instance.
    fn behind(&self, open: usize) -> Result<usize, Errno> {
        match self.opens[open].at {
            At::Mounted(mount) => Ok(mount),
            _ => Err(Errno::NoEnt),
        }
    }

    fn bound(&self, mount: usize) -> Option<usize> {
        self.opens
            .iter()
            .position(|open| open.at == At::Mounted(mount))
    }

    fn dies(&mut self, mount: usize) {
        let mounted = &mut self.mounts[mount];
        mounted.status = Status::Dying;
        mounted.touser.clear();
        mounted.awaited.clear();
    }

    /// What closing this instance leads to.
    fn closes(&mut self, open: usize) {
        if let At::Mounted(mount) = self.opens[open].at
            && !self.mounts[mount].keep
        {
            self.dies(mount);
            self.mounts[mount].unmounts += 1;
        }
        self.opens[open].at = At::Closed;
    }

    /// What binding gives.
    fn binds(&mut self, open: Option<usize>, mount: usize) -> Result<(), Errno> {
        let open = open.ok_or(Errno::Nxio)?;
        match self.opens[open].at {
            At::Embryo if self.bound(mount).is_none() => {
                self.opens[open].at = At::Mounted(mount);
                Ok(())
            }
            At::Embryo | At::Mounted(_) => Err(Errno::Busy),
            At::Dead | At::Closed => Err(Errno::Nxio),
        }
    }

    /// What a request into this queue gives.
    fn enters(&mut self, mount: usize, faf: bool, len: usize) -> Result<(), Errno> {
        let mounted = &mut self.mounts[mount];
        if mounted.status == Status::Dying {
            return Err(Errno::Nxio);
        }
        let id = if faf { 0 } else { mounted.next_id };
        mounted.next_id += u64::from(!faf);
        mounted.touser.push_back((id, len));
        Ok(())
    }

    /// What a getop without waiting gives: the header.
    fn gets(&mut self, open: usize, arg: UserAddr) -> Result<Req, Errno> {
        let mount = self.behind(open)?;
        let offered: Req = self.read(arg)?;
        match self.mounts[mount].status {
            Status::Dying => return Err(Errno::Nxio),
            Status::Mounting => return Err(Errno::WouldBlock),
            Status::Running => {}
        }
        let head = self.mounts[mount].touser.front();
        let (id, len) = *head.ok_or(Errno::WouldBlock)?;
        if len > offered.auxlen {
            return Err(Errno::TooBig);
        }
        // The header can be written, since it could be read.
        self.reaches(UserAddr(offered.aux), len)?;
        self.mounts[mount].touser.pop_front();
        if id != 0 {
            self.mounts[mount].awaited.push((id, len));
        }
        Ok(Req {
            id,
            opclass: if id == 0 {
                CLASS_VN | FLAG_FAF
            } else {
                CLASS_VN
            },
            optype: vn::GETATTR,
            rv: 0,
            cookie: 1,
            auxlen: len,
            ..offered
        })
    }

    fn puts(&mut self, open: usize, arg: UserAddr) -> Result<(), Errno> {
        let mount = self.behind(open)?;
        let answer: Req = self.read(arg)?;
        match self.mounts[mount].status {
            Status::Dying => return Err(Errno::Nxio),
            Status::Mounting => return Err(Errno::Inval),
            Status::Running => {}
        }
        let mut awaited = self.mounts[mount].awaited.iter();
        let found = awaited
            .position(|&(id, _)| id == answer.id)
            .ok_or(Errno::Inval)?;
        let (_, room) = self.mounts[mount].awaited.remove(found);
        let right = (CLASS_VN, vn::GETATTR) == (answer.opclass, answer.optype);
        if !right || !(0..=133).contains(&answer.rv) {
            Err(Errno::Inval)
        } else if answer.auxlen > 256 << 10 {
            Err(Errno::Fault)
        } else if answer.auxlen > room {
            Err(Errno::TooBig)
        } else {
            self.reaches(UserAddr(answer.aux), answer.auxlen)
        }
    }

    /// Puts bytes where a call should.
    fn leaves(&mut self, addr: UserAddr, bytes: &[u8]) -> Result<(), Errno> {
        self.reaches(addr, bytes.len())?;
        if let Some(at) = self.inside(addr, bytes.len()) {
            self.memory.as_mut_bytes()[at..][..bytes.len()].copy_from_slice(bytes);
        }
        Ok(())
    }

    /// What a batch gives, and leaves in the server's memory.
    fn batches(&mut self, open: usize, arg: UserAddr) -> Result<(), Errno> {
        self.behind(open)?;
        let batch: Batch = self.read(arg)?;
        if batch.nput > 1024 || batch.nget > 1024 {
            return Err(Errno::Inval);
        }
        let header = |first: usize, at: usize| UserAddr(first.wrapping_add(at * size_of::<Req>()));
        let mut outcome = Ok(());
        for at in (0..batch.nput).map(|at| header(batch.put, at)) {
            let answer: Req = match self.read(at) {
                Ok(answer) => answer,
                Err(error) => {
                    outcome = outcome.and(Err(error));
                    continue;
                }
            };
            if answer.id == 0 {
                continue;
            }
            let put = self.puts(open, at);
            let told = Req {
                id: 0,
                rv: put.err().map_or(0, Probe::errno),
                ..answer
            };
            self.leaves(at, told.as_bytes()).unwrap();
            outcome = outcome.and(put);
        }
        outcome?;
        for fetched in 0..batch.nget {
            match self.gets_all(open, header(batch.get, fetched)) {
                Ok(()) => {
                    let count = UserAddr(arg.0 + offset_of!(Batch, nget));
                    self.leaves(count, (fetched + 1).as_bytes()).unwrap();
                }
                Err(error) if fetched == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// What a getop gives, and leaves in the server's memory.
    fn gets_all(&mut self, open: usize, arg: UserAddr) -> Result<(), Errno> {
        let offered = self.read::<Req>(arg);
        let needed = self.behind(open).ok().and_then(|mount| {
            let (_, len) = *self.mounts[mount].touser.front()?;
            Some(len)
        });
        match self.gets(open, arg) {
            Ok(header) => {
                self.leaves(UserAddr(header.aux), &vec![0; header.auxlen])?;
                self.leaves(arg, header.as_bytes())
            }
            Err(Errno::TooBig) => {
                let told = Req {
                    auxlen: needed.unwrap(),
                    ..offered?
                };
                self.leaves(arg, told.as_bytes())?;
                Err(Errno::TooBig)
            }
            Err(error) => Err(error),
        }
    }

    /// What a sizeop gives, and leaves in the server's memory.
    fn sizes(&mut self, open: usize, arg: UserAddr) -> Result<(), Errno> {
        let mount = self.behind(open)?;
        let asked: SizeOp = self.read(arg)?;
        match self.mounts[mount].status {
            Status::Dying => return Err(Errno::Nxio),
            Status::Mounting => return Err(Errno::Inval),
            Status::Running => {}
        }
        let awaited = &self.mounts[mount].awaited;
        if asked.reqid == 0 || !awaited.iter().any(|&(id, _)| id == asked.reqid) {
            return Err(Errno::Inval);
        }
        let mut sets = self.sets.iter();
        let set = sets.position(|set| (set.mount, set.id) == (mount, asked.reqid));
        let set = set.ok_or(Errno::Inval)?;
        let mut ops = self.sets[set].ops.iter();
        let at = ops.position(|op| op.moved.is_none()).ok_or(Errno::Inval)?;
        let op = &self.sets[set].ops[at];
        let len = op.data.len().min(asked.bufsize);
        let server = UserAddr(asked.userbuf);
        self.reaches(server, len)?;
        match (op.direction, self.inside(server, len)) {
            (Direction::Out, _) => {
                let bytes = op.data[..len].to_vec();
                self.leaves(server, &bytes)?;
            }
            (Direction::In, Some(from)) => {
                let bytes = self.memory.as_bytes()[from..][..len].to_vec();
                self.sets[set].ops[at].data[..len].copy_from_slice(&bytes);
            }
            (Direction::In, None) => {}
        }
        let count = UserAddr(arg.0 + offset_of!(SizeOp, bufsize));
        self.leaves(count, len.as_bytes())?;
        self.sets[set].ops[at].moved = Some(len);
        Ok(())
    }

    /// What `wanted` says of a call that `real` makes, and of the memory after it.
    fn same(
        &mut self,
        wanted: impl FnOnce(&mut Self) -> Result<(), Errno>,
        real: impl FnOnce(&Self) -> Result<(), Errno>,
        step: &Step,
    ) {
        let before = self.memory.clone();
        let wanted = wanted(self);
        let after = self.memory.clone();
        self.memory.copy_from_slice(&before);
        assert_eq!(real(self), wanted, "{step:?}");
        assert!(self.memory == after, "the server's memory after {step:?}");
    }

    /// A request comes with buffers beside it.
    fn beside(&mut self, mount: usize, len: usize, buffers: &[(bool, usize)]) {
        let real = &self.mounts[mount].mount;
        let id = real.next_id();
        let dying = self.mounts[mount].status == Status::Dying;
        let set = match SizeOps::new(real, id) {
            Ok(set) => set,
            Err(error) => return assert!(dying && error == Errno::Nxio),
        };
        let mut ops = Vec::new();
        for &(from, len) in buffers {
            let direction = [Direction::Out, Direction::In][usize::from(from)];
            let data = vec![len as u8; len];
            let buf = Buf::copy_of(&data, len).unwrap();
            assert_eq!(set.add(direction, buf), Ok(()));
            ops.push(Op {
                direction,
                data,
                moved: None,
            });
        }
        let out = Outgoing::vn(vn::GETATTR, Cookie(1), Buf::new(len).unwrap());
        let done = |_: Result<puffs_core::Answer<Probe>, Errno>| {};
        let begun = real.submit_as(out, Some(id), Box::new(done));
        assert_eq!(begun.map(drop), self.enters(mount, false, len));
        self.sets.push(Beside {
            mount,
            id: id.0,
            set,
            ops,
        });
    }

    fn takes_back(&mut self, at: usize) {
        let Beside { set, ops, .. } = self.sets.remove(at);
        let results = set.finish();
        let came = results.iter().map(|one| Op {
            direction: one.direction,
            data: one.data.as_ref().unwrap().to_vec(),
            moved: one.moved,
        });
        assert_eq!(came.collect::<Vec<_>>(), ops);
    }

    /// Writes a batch and its lists.
    fn lay_out(&mut self, step: &Step) {
        let Step::Batch {
            answers,
            rooms,
            put,
            get,
            more,
            ..
        } = step
        else {
            unreachable!("it is a batch");
        };
        for (at, &(id, auxlen, aux)) in answers.iter().enumerate() {
            let aux = self.addr(aux).0;
            let header = Req {
                id,
                opclass: CLASS_VN,
                optype: vn::GETATTR,
                aux,
                auxlen,
                ..Req::default()
            };
            self.write_at(PUT + at * size_of::<Req>(), header.as_bytes());
        }
        for (at, &(aux, auxlen)) in rooms.iter().enumerate() {
            let aux = self.addr(aux).0;
            let header = Req {
                aux,
                auxlen,
                ..Req::default()
            };
            self.write_at(GET + at * size_of::<Req>(), header.as_bytes());
        }
        let batch = Batch {
            put: self.addr(put.unwrap_or(Addr::Inside(PUT))).0,
            nput: answers.len().wrapping_add(more.0),
            get: self.addr(get.unwrap_or(Addr::Inside(GET))).0,
            nget: rooms.len().wrapping_add(more.1),
        };
        self.write_at(0, batch.as_bytes());
    }

    fn write_at(&mut self, at: usize, bytes: &[u8]) {
        self.memory.as_mut_bytes()[at..][..bytes.len()].copy_from_slice(bytes);
    }

    fn starts(&mut self, open: usize, arg: UserAddr) -> Result<(), Errno> {
        let mount = self.behind(open)?;
        match self.mounts[mount].status {
            Status::Mounting => {}
            Status::Running => return Err(Errno::Busy),
            Status::Dying => return Err(Errno::Nxio),
        }
        self.read::<StartReq>(arg)?;
        self.mounts[mount].status = Status::Running;
        Ok(())
    }

    fn polls(&self, open: usize, asked: u32) -> u32 {
        let Ok(mount) = self.behind(open) else {
            return events::ERR | events::HUP;
        };
        let mounted = &self.mounts[mount];
        match mounted.status {
            Status::Dying => events::ERR | events::HUP,
            Status::Running if !mounted.touser.is_empty() => {
                asked & (events::WRITABLE | events::READABLE)
            }
            _ => asked & events::WRITABLE,
        }
    }

    fn write(&mut self, req: &Req) {
        self.write_at(0, req.as_bytes());
    }

    fn step(&mut self, step: &Step) {
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
                let (arg, userbuf) = (self.addr(*arg), self.addr(*buf).0);
                let op = SizeOp {
                    reqid: *id,
                    userbuf,
                    bufsize: *size,
                };
                self.write_at(0, op.as_bytes());
                let real = |world: &Self| world.opens[open].instance.ioctl(Command::SIZEOP, arg);
                self.same(|world| world.sizes(open, arg), real, step);
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

    fn compare(&self) {
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
    fn finish(mut self) {
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

fn play(steps: &[Step]) {
    let memory = vec![0; WORDS];
    only_memory(&memory);
    let mut world = World {
        registry: registry(),
        opens: Vec::new(),
        mounts: Vec::new(),
        memory,
        sets: Vec::new(),
    };
    for step in steps {
        world.step(step);
        world.compare();
    }
    world.finish();
}

proptest! {
    #![proptest_config(cases::cases(100, FOUND))]

    #[test]
    fn any_call_in_any_state(steps in vec(step(), 1..120)) {
        // What the platform knows of a thread begins anew on another one.
        let played = std::thread::scope(|scope| scope.spawn(|| play(&steps)).join());
        if let Err(panic) = played {
            std::panic::resume_unwind(panic);
        }
    }
}
