//! The checked platform, and callers and servers on it.

#![allow(dead_code)] // Each test file uses its share.

mod kernel;

use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, yield_now};
use std::time::{Duration, Instant as StdInstant};

use puffs_core::msg::op::{CLASS_VN, FLAG_FAF};
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::{Platform, Wait};
use puffs_core::{Buf, Config, Cookie, Errno, Mount, MountHost, Outgoing, ReqId, UserAddr};
use zerocopy::{FromBytes, IntoBytes};

pub(crate) use kernel::*;

/// Registered memory of a server's.
pub(crate) struct Part(Vec<u64>);

impl Part {
    /// So many zero bytes, a multiple of 8.
    pub(crate) fn new(len: usize) -> Self {
        let part = Part(vec![0; len / 8]);
        let region = Region {
            len,
            readable: true,
            writable: true,
            watch: None,
        };
        memory().insert(part.addr(), region);
        part
    }

    pub(crate) fn addr(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.as_mut_bytes()
    }

    /// Changes what may be done to it.
    pub(crate) fn protect(&self, readable: bool, writable: bool) {
        let mut memory = memory();
        let region = memory.get_mut(&self.addr()).unwrap();
        (region.readable, region.writable) = (readable, writable);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        memory().remove(&self.addr());
    }
}

/// A server: one header and one buffer in registered memory.
pub(crate) struct Server {
    mount: TestMount,
    header: Vec<u64>,
    aux: Vec<u64>,
}

/// What a server fetched.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) req: Req,
    pub(crate) body: Vec<u8>,
}

impl Server {
    pub(crate) fn new(mount: &TestMount) -> Self {
        let server = Server {
            mount: mount.clone(),
            header: vec![0; size_of::<Req>() / 8],
            aux: vec![0; 1 << 16],
        };
        for (start, len) in [
            (server.header_addr(), size_of::<Req>()),
            (server.aux_addr(), server.aux.len() * 8),
        ] {
            let region = Region {
                len,
                readable: true,
                writable: true,
                watch: None,
            };
            memory().insert(start, region);
        }
        server
    }

    pub(crate) fn header_addr(&self) -> usize {
        self.header.as_ptr().addr()
    }

    pub(crate) fn aux_addr(&self) -> usize {
        self.aux.as_ptr().addr()
    }

    /// Changes what may be done to a region.
    pub(crate) fn protect(&self, addr: usize, readable: bool, writable: bool) {
        let mut memory = memory();
        let region = memory.get_mut(&addr).unwrap();
        (region.readable, region.writable) = (readable, writable);
    }

    /// Runs `watch` before the next copy to or from the region.
    pub(crate) fn watch(&self, addr: usize, watch: impl FnMut() + Send + 'static) {
        memory().get_mut(&addr).unwrap().watch = Some(Box::new(watch));
    }

    pub(crate) fn write_header(&mut self, req: &Req) {
        self.header.as_mut_bytes().copy_from_slice(req.as_bytes());
    }

    pub(crate) fn header(&self) -> Req {
        Req::read_from_bytes(self.header.as_bytes()).unwrap()
    }

    /// GETOP with so much room, sleeping as `block` says.
    pub(crate) fn getop(&mut self, room: usize, block: Option<&Wait>) -> Result<Fetched, Errno> {
        let req = Req {
            aux: self.aux_addr(),
            auxlen: room,
            rv: 77,
            ..Req::default()
        };
        self.write_header(&req);
        self.mount.getop(UserAddr(self.header_addr()), block)?;
        let req = self.header();
        assert_eq!(
            (req.rv, req.pad),
            (0, [0; 2]),
            "the whole header is written"
        );
        let body = self.aux.as_bytes()[..req.auxlen].to_vec();
        Ok(Fetched { req, body })
    }

    /// GETOP that must find something now.
    pub(crate) fn fetch(&mut self) -> Fetched {
        self.getop(1 << 16, None).expect("something to fetch")
    }

    /// PUTOP of any header with any body.
    pub(crate) fn put(&mut self, req: Req, body: &[u8]) -> Result<(), Errno> {
        self.aux.as_mut_bytes()[..body.len()].copy_from_slice(body);
        self.put_len(req, body.len())
    }

    /// PUTOP that claims a length.
    pub(crate) fn put_len(&mut self, req: Req, len: usize) -> Result<(), Errno> {
        let req = Req {
            aux: self.aux_addr(),
            auxlen: len,
            ..req
        };
        self.write_header(&req);
        self.mount.putop(UserAddr(self.header_addr()))
    }

    /// PUTOP for a VN request of this id and type 1.
    pub(crate) fn answer(&mut self, id: ReqId, rv: i32, body: &[u8]) -> Result<(), Errno> {
        self.put(vn(id.0, rv), body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut memory = memory();
        memory.remove(&self.header_addr());
        memory.remove(&self.aux_addr());
    }
}

/// The header of an answer to what `out` makes.
pub(crate) fn vn(id: u64, rv: i32) -> Req {
    Req {
        id,
        opclass: CLASS_VN,
        optype: 1,
        rv,
        ..Req::default()
    }
}

pub(crate) const FAF: u8 = CLASS_VN | FLAG_FAF;

/// A request of type 1 with this body.
pub(crate) fn out(body: &[u8]) -> Outgoing<Checked> {
    Outgoing::vn(1, Cookie(0xc0), Buf::copy_of(body, body.len()).unwrap())
}

/// A late answer: operation, cookie, rv, body.
pub(crate) type Noted = (u8, Cookie, i32, Vec<u8>);
/// How a request ended, as values.
pub(crate) type Told = Result<(i32, Vec<u8>), Errno>;

/// What the late hook saw.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) late: Mutex<Vec<Noted>>,
}

impl MountHost<Checked> for Arc<Host> {
    fn late(&self, late: puffs_core::Late<Checked>) {
        let body = late.answer.body[..late.answer.len].to_vec();
        self.late
            .lock()
            .unwrap()
            .push((late.optype, late.cookie, late.answer.rv, body));
    }

    fn unmount(&self, _: &TestMount) {}
}

pub(crate) fn new_mount(config: Config) -> (TestMount, Arc<Host>) {
    let host = Arc::new(Host::default());
    let mount = Mount::new(config, Some(Box::new(host.clone()))).unwrap();
    (mount, host)
}

/// A running mount, its host's notes, and a server.
pub(crate) fn running() -> (TestMount, Arc<Host>, Server) {
    running_with(Config::default())
}

pub(crate) fn running_with(config: Config) -> (TestMount, Arc<Host>, Server) {
    let (mount, host) = new_mount(config);
    mount.start(&StartReq::default()).unwrap();
    let server = Server::new(&mount);
    (mount, host, server)
}

/// Where a completion leaves its result.
#[derive(Clone, Default)]
pub(crate) struct Slip(Arc<Mutex<Vec<Told>>>);

impl Slip {
    /// What the completion was told; it must have been called exactly once.
    pub(crate) fn ended(&self) -> Told {
        let told = self.0.lock().unwrap();
        assert_eq!(told.len(), 1, "a request ends exactly once");
        told[0].clone()
    }

    /// Notes what the completion is told.
    pub(crate) fn note(&self, ended: Ended) {
        self.0.lock().unwrap().push(flat(ended));
    }

    pub(crate) fn pending(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

pub(crate) fn flat(ended: Ended) -> Told {
    ended.map(|answer| (answer.rv, answer.body[..answer.len].to_vec()))
}

/// Sends a request in its completion form.
pub(crate) fn submit(mount: &TestMount, out: Outgoing<Checked>) -> (ReqId, Slip) {
    let slip = Slip::default();
    // A completion that is told where memory is short must not need some.
    slip.0.lock().unwrap().reserve(2);
    let told = slip.clone();
    let done = move |ended: Ended| told.note(ended);
    let begun = mount.submit(out, Box::new(done)).expect("it is queued");
    (begun.id, slip)
}

/// Parks a caller on a thread of its own, and returns once `queued` requests can be fetched.
pub(crate) fn park(mount: &TestMount, body: &[u8], wait: Wait, queued: usize) -> JoinHandle<Told> {
    let (theirs, body) = (mount.clone(), body.to_vec());
    let caller = std::thread::spawn(move || flat(theirs.call(out(&body), &wait)));
    until(|| mount.readiness().requests == queued);
    caller
}

/// Waits for something that will happen.
pub(crate) fn until(happened: impl Fn() -> bool) {
    let patience = StdInstant::now() + Duration::from_secs(20);
    while !happened() {
        assert!(StdInstant::now() < patience, "it never happened");
        yield_now();
    }
}

pub(crate) const INTERRUPTIBLE: Wait = Wait {
    deadline: None,
    interruptible: true,
};

/// A wait that has ended before it begins.
pub(crate) fn expired() -> Wait {
    Wait {
        deadline: Some(Checked::now()),
        interruptible: false,
    }
}

/// Runs `watch` before the next copy to or from the region at `addr`.
pub(crate) fn watch_at(addr: usize, watch: impl FnOnce() + Send + 'static) {
    let mut watch = Some(watch);
    let once = move || {
        if let Some(watch) = watch.take() {
            watch();
        }
    };
    memory().get_mut(&addr).unwrap().watch = Some(Box::new(once));
}
