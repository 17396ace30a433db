//! A queue with its server, as [`super::answers`] drives it; and puffs as one, in its callback form.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use puffs_core::msg::op::{CLASS_VN, vn};
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::Hosted;
use puffs_core::{Answer, Buf, Config, Cookie, Errno, Mount, Outgoing, Ref, UserAddr};
use zerocopy::IntoBytes;

use crate::answers::Answers;

/// Bytes of a request and of its answer.
pub(crate) const BODY: usize = 64;

/// A queue whose requests end in a callback.
pub(crate) trait Queue: 'static {
    /// Sends a request.
    fn submit(&mut self);
    /// The server fetches one; its id.
    fn fetch(&mut self) -> u64;
    /// The server answers one, and the request's callback is told.
    fn answer(&mut self, id: u64);
    /// How many callbacks were told.
    fn told(&self) -> u64;
}

/// A mount with room for `outstanding` requests, and that many of them outstanding.
pub(crate) fn puffs(outstanding: usize) -> Answers<Puffs> {
    Answers::new(Puffs::new(outstanding), outstanding)
}

/// A running mount that takes so many requests at a time.
pub(crate) fn mount(requests: usize) -> Ref<Mount<Hosted>, Hosted> {
    let config = Config {
        // One more than those outstanding, while a batch runs.
        max_requests: requests + 1,
        ..Config::default()
    };
    let mount = Mount::new(config, None).expect("memory for a mount");
    mount
        .start(&StartReq::default())
        .expect("a mount starts once");
    mount
}

/// A request with a body of zeros.
pub(crate) fn request() -> Outgoing<Hosted> {
    let body = Buf::new(BODY).expect("memory for a request");
    Outgoing::vn(vn::GETATTR, Cookie(1), body)
}

/// A server's header and buffer.
pub(crate) struct Desk {
    req: Req,
    body: Box<[u8]>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Desk {
            req: Req::default(),
            body: vec![0; BODY].into(),
        }
    }

    fn arg(&mut self) -> UserAddr {
        UserAddr(self.req.as_mut_bytes().as_mut_ptr().expose_provenance())
    }

    /// GETOP, asleep while there is nothing: the id.
    pub(crate) fn fetch(&mut self, mount: &Mount<Hosted>) -> Result<u64, Errno> {
        self.req.aux = self.body.as_mut_ptr().expose_provenance();
        self.req.auxlen = self.body.len();
        mount.getop(self.arg(), Some(&puffs_core::platform::Wait::FOREVER))?;
        Ok(self.req.id)
    }

    /// PUTOP, of an answer as long as the request.
    pub(crate) fn answer(&mut self, mount: &Mount<Hosted>, id: u64) -> Result<(), Errno> {
        self.req = Req {
            id,
            opclass: CLASS_VN,
            optype: vn::GETATTR,
            aux: self.body.as_mut_ptr().expose_provenance(),
            auxlen: self.body.len(),
            ..Req::default()
        };
        mount.putop(self.arg())
    }
}

/// Puffs: `submit`, GETOP, PUTOP.
pub(crate) struct Puffs {
    mount: Ref<Mount<Hosted>, Hosted>,
    desk: Desk,
    told: Arc<AtomicU64>,
}

impl Puffs {
    fn new(outstanding: usize) -> Self {
        Puffs {
            mount: mount(outstanding),
            desk: Desk::new(),
            told: Arc::default(),
        }
    }
}

impl Queue for Puffs {
    fn submit(&mut self) {
        let told = self.told.clone();
        let done = move |ended: Result<Answer<Hosted>, Errno>| {
            if ended.is_ok_and(|answer| answer.len == BODY) {
                told.fetch_add(1, Relaxed);
            }
        };
        self.mount
            .submit(request(), Box::new(done))
            .expect("there is room");
    }

    fn fetch(&mut self) -> u64 {
        self.desk.fetch(&self.mount).expect("one was submitted")
    }

    fn answer(&mut self, id: u64) {
        self.desk
            .answer(&self.mount, id)
            .expect("it is outstanding");
    }

    fn told(&self) -> u64 {
        self.told.load(Relaxed)
    }
}
