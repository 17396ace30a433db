//! Between the dispatcher, which calls C functions, and the trait: a C function for each operation, which converts, and
//! [`Inner`], which is behind their context.
//!
//! Only the server's own code runs inside [`Inner::call`], where a panic is caught; conversions are ours, and a panic in them
//! reaches the C function's edge and aborts. Nothing ever unwinds through a request's stack.

pub(crate) mod attr;
pub(crate) mod data;
pub(crate) mod lock;
pub(crate) mod name;
pub(crate) mod node;
pub(crate) mod space;
pub(crate) mod whole;
pub(crate) mod xattr;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use core::ffi::{CStr, c_char, c_int};

use puffs_user::c::name::puffs_cn;
use puffs_user::c::puffs_cookie_t;
use puffs_user::c::vattr::vattr;
use puffs_user::cc::Cc;
use puffs_user::usermount::Usermount;

use crate::errno::Errno;
use crate::mount::Handle;
use crate::node::{Cookie, Node, Table};
use crate::request::{Library, Request};
use crate::server::Server;

/// What is behind the context of a mounted server.
pub(crate) struct Inner<S: Server> {
    server: RefCell<S>,
    pub(crate) nodes: RefCell<Table<S::Node>>,
    handle: Handle,
    /// Attributes that a lookup has just fetched, for the getattr that follows in the same request.
    fresh: Cell<Option<(*const Cc, Cookie, vattr)>>,
    /// Requests whose operations said `LATER`. Each lives, on its own stack, until it is gone on with, and then takes itself off.
    waiting: RefCell<Vec<*const Cc>>,
    ends_on_panic: bool,
    panics: Cell<u64>,
}

impl<S: Server> Inner<S> {
    /// None if the server panics when asked for its root.
    pub(crate) fn new(mut server: S, handle: Handle, ends_on_panic: bool) -> Option<Self> {
        let root = catch("root", || {
            let root = server.root();
            let id = root.id();
            (root, id)
        });
        let (root, id) = root.ok()?;
        Some(Inner {
            server: RefCell::new(server),
            nodes: RefCell::new(Table::new(root, id)),
            handle,
            fresh: Cell::new(None),
            waiting: RefCell::default(),
            ends_on_panic,
            panics: Cell::new(0),
        })
    }

    /// How many operations have panicked.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.get()
    }

    /// Whether one has, and so the mount was ended.
    pub(crate) fn ended_by_panic(&self) -> bool {
        self.ends_on_panic && self.panics() > 0
    }

    pub(crate) fn into_server(self) -> S {
        self.server.into_inner()
    }

    /// Runs code of the server's: `EIO` when it panics.
    fn call<T>(&self, what: &str, f: impl FnOnce(&mut S) -> Result<T, Errno>) -> Result<T, Errno> {
        // An operation never runs inside another, since none can be left in its middle.
        let Ok(mut server) = self.server.try_borrow_mut() else {
            return Err(Errno::DEADLK);
        };
        let result = catch(what, || f(&mut server));
        drop(server);
        result.unwrap_or_else(|Panicked| {
            self.panics.set(self.panics.get() + 1);
            if self.ends_on_panic {
                self.handle.unmount();
            }
            Err(Errno::IO)
        })
    }

    /// The server forgets a node that the table has let go.
    pub(crate) fn forget(&self, node: Rc<S::Node>) {
        let _ = self.call("forget", |server| {
            server.forget(&node);
            // The handle's end is the server's code too.
            drop(node);
            Ok(())
        });
    }

    /// Nobody will ask any more, and those who wait have been given up.
    pub(crate) fn forget_all(&self) {
        self.waiting.take();
        loop {
            let node = self.nodes.borrow_mut().take_any();
            let Some(node) = node else { break };
            self.forget(node);
        }
    }
}

impl<S: Server> Library for Inner<S> {
    fn cookie(&self, id: u64) -> Option<Cookie> {
        self.nodes.borrow().cookie(id)
    }

    fn handle(&self) -> &Handle {
        &self.handle
    }

    fn retry(&self) {
        for cc in self.waiting.take() {
            // SAFETY: a request stays where it is until it is gone on with, and is on the list no longer.
            let _ = unsafe { &*cc }.schedule();
        }
    }
}

/// An operation being called.
pub(crate) struct Op<'o, S: Server> {
    inner: &'o Inner<S>,
    pu: &'o Usermount,
    cc: &'o Cc,
    what: &'static str,
    noref: u32,
}

impl<'o, S: Server> Op<'o, S> {
    /// # Safety
    /// `pu` is the context that [`crate::mount`] made for an `Inner<S>`, it executes a request, and the result does not
    /// outlive that.
    unsafe fn new(pu: *mut Usermount, what: &'static str) -> Self {
        // SAFETY: by contract: the context, what `mount` has put there, and the request being executed.
        unsafe {
            let pu = &*pu;
            let inner = &*pu.settings().specific().cast::<Inner<S>>();
            let cc = &*pu.current();
            Op {
                inner,
                pu,
                cc,
                what,
                noref: 0,
            }
        }
    }

    /// The operation may let go of a node.
    fn letting_go(mut self, noref: u32) -> Self {
        self.noref = noref;
        self
    }

    fn nodes(&self) -> std::cell::RefMut<'_, Table<S::Node>> {
        self.inner.nodes.borrow_mut()
    }

    /// Calls the server with the nodes of these cookies, again and again while it says `LATER`. Nothing is owned here while
    /// the request waits.
    fn call<const N: usize, T>(
        &self,
        cookies: [puffs_cookie_t; N],
        mut f: impl FnMut(&mut S, &Request<'_>, [&S::Node; N]) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        loop {
            match self.call_once(cookies, &mut f) {
                Err(Errno::LATER) => self.wait()?,
                result => return result,
            }
        }
    }

    /// The same for what cannot wait.
    fn call_once<const N: usize, T>(
        &self,
        cookies: [puffs_cookie_t; N],
        f: impl FnOnce(&mut S, &Request<'_>, [&S::Node; N]) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let nodes = cookies.map(|cookie| self.nodes().get(cookie.addr()));
        if nodes.iter().any(Option::is_none) {
            return Err(Errno::STALE);
        }
        let nodes = nodes
            .each_ref()
            .map(|node| node.as_deref().expect("as just seen"));
        let request = Request::new(self.pu, self.cc, self.inner, self.noref);
        self.inner
            .call(self.what, |server| f(server, &request, nodes))
    }

    /// Leaves the request until somebody retries.
    fn wait(&self) -> Result<(), Errno> {
        let own: *const Cc = self.cc;
        self.inner.waiting.borrow_mut().push(own);
        let left = self.cc.leave();
        // Whoever has gone on with it, or if it could not be left: the list has nobody who may end.
        let mut waiting = self.inner.waiting.borrow_mut();
        waiting.retain(|cc| !ptr::eq(*cc, own));
        // It has no stack of its own: it cannot wait.
        left.map_err(|_| Errno::AGAIN)
    }
}

/// Comes before each request.
pub(crate) unsafe extern "C" fn begin<S: Server>(pu: *mut Usermount) {
    // SAFETY: the dispatcher calls with its own context, whose request has just become current.
    let op = unsafe { Op::<S>::new(pu, "") };
    op.inner.fresh.set(None);
}

/// The result as C functions give it.
fn errno(result: Result<(), Errno>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(errno) => errno.raw(),
    }
}

/// A component of a path.
///
/// # Safety
/// `pcn` is the dispatcher's, and outlives the result.
unsafe fn name<'n>(pcn: *const puffs_cn) -> &'n OsStr {
    // SAFETY: by contract; only as much of the name's room as it says has been written.
    unsafe {
        let kcn = (*pcn).pcn_pkcnp;
        let bytes = (&raw const (*kcn).pkcn_name).cast::<u8>();
        OsStr::from_bytes(std::slice::from_raw_parts(bytes, (*kcn).pkcn_namelen))
    }
}

/// A C string.
///
/// # Safety
/// `text` ends with a NUL and outlives the result.
unsafe fn text<'t>(text: *const c_char) -> &'t OsStr {
    // SAFETY: by contract.
    OsStr::from_bytes(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// Says something to whoever runs the server, if anybody listens.
fn complain(what: std::fmt::Arguments<'_>) {
    puffs_user::say::warn(what);
}

/// A panic was caught.
struct Panicked;

/// Runs code of the server's. A panic ends here and is said on stderr, behind what the panic hook says.
fn catch<T>(what: &str, f: impl FnOnce() -> T) -> Result<T, Panicked> {
    // What the code leaves half done is the server's own; ours is not touched by it.
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        complain(format_args!("{what} panicked: {}", words(&*payload)));
        // Its end is code of the server's, too.
        if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(another);
        }
        Panicked
    })
}

fn words(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "something that is no text".to_owned()
    }
}
