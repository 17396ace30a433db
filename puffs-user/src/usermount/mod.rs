//! The context of one file server, `struct puffs_usermount`: from `puffs_init` to the end of the main loop.
//!
//! One thread uses it, but operations that the main loop runs come back into it through any function of the
//! library. So everything takes `&self`, and what changes is in cells. From the mount until the main loop is over other threads may call
//! [`Usermount::exit`], [`Usermount::state`], [`Usermount::check_caller`] and [`Settings::specific`]: these read and write atomics only.

mod daemon;
mod fibers;
pub mod hand;
#[cfg(test)]
mod hosted_tests;
mod mainloop;
mod mount;
mod service;
mod settings;
mod signals;
mod syncer;

pub use settings::Settings;
pub use signals::unmount_on_signal;

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use core::ffi::{c_int, c_void};

use crate::bell::SharedKey;
use crate::c::consts::{
    PUFFS_FLAG_MASK, PUFFS_KFLAG_MASK, PUFFS_KFLAG_NOCACHE_ATTR, PUFFS_STATE_BEFOREMOUNT,
    PUFFS_STATE_RUNNING, PUFFS_STATE_UNMOUNTED, PUFFS_STATE_UNMOUNTING,
};
use crate::c::ops::puffs_ops;
use crate::c::puffs_cookie_t;
use crate::c::statvfs::{_VFS_MNAMELEN, _VFS_NAMELEN};
use crate::cc::Cc;
use crate::fiber::Fibers;
use crate::frame::Frames;
use crate::host::{OpSet, Session, Stale};
use crate::nodes::NodeList;
use crate::owner::{Owner, Stranger};
use crate::paths::Hooks;
use crate::{bell, null, opset, sys};
use syncer::Syncer;

/// Where a server is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not mounted yet.
    BeforeMount,
    /// Mounted.
    Running,
    /// The unmount operation runs.
    Unmounting,
    /// Unmounted.
    Unmounted,
}

impl State {
    const fn of(state: u8) -> Self {
        match state {
            0 => State::BeforeMount,
            1 => State::Running,
            2 => State::Unmounting,
            _ => State::Unmounted,
        }
    }

    /// `PUFFS_STATE_*`.
    pub const fn number(self) -> c_int {
        match self {
            State::BeforeMount => PUFFS_STATE_BEFOREMOUNT,
            State::Running => PUFFS_STATE_RUNNING,
            State::Unmounting => PUFFS_STATE_UNMOUNTING,
            State::Unmounted => PUFFS_STATE_UNMOUNTED,
        }
    }
}

/// One file server.
pub struct Usermount {
    ops: puffs_ops,
    opset: OpSet,
    kflags: u32,
    flags: Cell<u32>,
    state: AtomicU8,
    owner: Owner,
    names: RefCell<Names>,
    settings: Settings,
    paths: Hooks,
    null: null::Layer,
    nodes: NodeList,
    root_cookie: Cell<puffs_cookie_t>,
    /// The request being executed; null between requests.
    current: Cell<*const Cc>,
    fibers: Fibers,
    frames: Frames,
    /// Requests run on the stack of the main loop.
    no_stacks: Cell<bool>,
    session: RefCell<Option<Rc<dyn Session>>>,
    daemon: Cell<Option<OwnedFd>>,
    exit_wanted: AtomicBool,
    exit_wake: OwnedFd,
    /// The session's.
    bell: SharedKey,
    signals_seen: Cell<u64>,
    /// The main loop has begun.
    loop_begun: Cell<bool>,
    syncer: Syncer,
}

struct Names {
    from: CString,
    fstype: CString,
}

/// Why a context could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitError {
    /// A system call failed: its errno value.
    System(i32),
    /// An operation that every server must have is not in the table: its name.
    NoOperation(&'static str),
}

impl InitError {
    /// The errno value for C.
    pub const fn errno(self) -> i32 {
        match self {
            InitError::System(errno) => errno,
            InitError::NoOperation(_) => libc::EINVAL,
        }
    }
}

impl std::fmt::Display for InitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            InitError::System(errno) => std::io::Error::from_raw_os_error(*errno).fmt(f),
            InitError::NoOperation(name) => write!(f, "the operation {name} is missing"),
        }
    }
}

impl Usermount {
    /// A context for the operations of `ops`. A name that is `None` is given later.
    ///
    /// It must not move: nodes point into it.
    ///
    /// # Errors
    /// See [`InitError`].
    pub fn new(
        ops: &puffs_ops,
        from: Option<&CStr>,
        fstype: Option<&CStr>,
        private: *mut c_void,
        pflags: u32,
    ) -> Result<Box<Self>, InitError> {
        let mandatory = [
            (ops.puffs_fs_unmount.is_some(), "fs_unmount"),
            (ops.puffs_fs_statvfs.is_some(), "fs_statvfs"),
            (ops.puffs_fs_sync.is_some(), "fs_sync"),
            (ops.puffs_node_lookup.is_some(), "node_lookup"),
        ];
        if let Some((_, name)) = mandatory.iter().find(|(there, _)| !there) {
            return Err(InitError::NoOperation(name));
        }
        Ok(Box::new(Usermount {
            ops: *ops,
            opset: opset::of(ops),
            kflags: pflags & (PUFFS_KFLAG_MASK | PUFFS_KFLAG_NOCACHE_ATTR),
            flags: Cell::new(pflags & PUFFS_FLAG_MASK),
            state: AtomicU8::new(State::BeforeMount as u8),
            owner: Owner::nobody(),
            names: RefCell::new(Names::new(from, fstype)),
            settings: Settings::new(private),
            paths: Hooks::default(),
            null: null::Layer::default(),
            nodes: NodeList::new(),
            root_cookie: Cell::new(ptr::null_mut()),
            current: Cell::new(ptr::null()),
            fibers: Fibers::new(fibers::STACK),
            frames: Frames::default(),
            no_stacks: Cell::new(false),
            session: RefCell::new(None),
            daemon: Cell::new(None),
            exit_wanted: AtomicBool::new(false),
            exit_wake: sys::eventfd().map_err(InitError::System)?,
            bell: SharedKey::new(),
            signals_seen: Cell::new(signals::arrivals()),
            loop_begun: Cell::new(false),
            syncer: Syncer::new(),
        }))
    }

    /// The address that C functions are called with.
    pub const fn as_ptr(&self) -> *mut Usermount {
        ptr::from_ref(self).cast_mut()
    }

    /// What the server has set.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The server's functions for paths.
    pub const fn paths(&self) -> &Hooks {
        &self.paths
    }

    /// What the null layer knows.
    pub(crate) const fn null(&self) -> &null::Layer {
        &self.null
    }

    /// Where the server is in its life. From any thread.
    pub fn state(&self) -> State {
        State::of(self.state.load(Ordering::Acquire))
    }

    /// Whether the calling thread may use the server: from the mount until the main loop is over, that which mounted it.
    ///
    /// # Errors
    /// [`Stranger`]; nothing but what is said to be for any thread may be called.
    pub fn check_caller(&self) -> Result<(), Stranger> {
        self.owner.check()
    }

    /// The calling thread is about to run the main loop, and has the server from now on.
    ///
    /// # Errors
    /// [`Stranger`]: another thread runs it, or the mount is the parent's.
    pub fn take_for_loop(&self) -> Result<(), Stranger> {
        match self.state() {
            State::BeforeMount => Ok(()),
            _ => self.owner.take_for_loop(),
        }
    }

    /// From a successful mount until the main loop is about to return.
    pub fn is_mounted(&self) -> bool {
        self.session.borrow().is_some()
    }

    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// The library's flags, `PUFFS_FLAG_*`.
    pub fn flags(&self) -> u32 {
        self.flags.get()
    }

    pub(crate) fn add_flags(&self, flags: u32) {
        self.flags.set(self.flags.get() | flags);
    }

    /// The other side's flags, `PUFFS_KFLAG_*`.
    pub const fn kflags(&self) -> u32 {
        self.kflags
    }

    pub(crate) const fn ops(&self) -> &puffs_ops {
        &self.ops
    }

    pub(crate) const fn frames(&self) -> &Frames {
        &self.frames
    }

    pub(crate) const fn nodes(&self) -> &NodeList {
        &self.nodes
    }

    pub(crate) fn root_cookie(&self) -> puffs_cookie_t {
        self.root_cookie.get()
    }

    #[cfg(test)]
    pub(crate) fn set_root_cookie_for_test(&self, cookie: usize) {
        self.root_cookie.set(ptr::without_provenance_mut(cookie));
    }

    /// The request being executed; null outside one.
    pub fn current(&self) -> *const Cc {
        self.current.get()
    }

    /// Makes `cc` current.
    pub(crate) fn set_current(&self, cc: *const Cc) {
        self.current.set(cc);
    }

    /// Descriptor of the request channel; `None` unless mounted.
    pub fn selectable(&self) -> Option<RawFd> {
        self.session.borrow().as_ref().map(|s| s.fd())
    }

    /// Has the kernel forget what the server says is stale.
    ///
    /// # Errors
    /// An errno value: see [`Session::forget_stale`]; `ENXIO` when not mounted.
    pub fn forget_stale(&self, stale: Stale) -> Result<(), i32> {
        let session = self.session.borrow().clone().ok_or(libc::ENXIO)?;
        session.forget_stale(stale)
    }

    /// Asks for a forced unmount and returns at once. Harmless at any time: before the mount, in
    /// the loop or in an operation, after the loop; from any thread, and from signal handlers.
    ///
    /// # Errors
    /// [`Stranger::Child`]: what is mounted is the parent's, and nothing was done.
    pub fn exit(&self) -> Result<(), Stranger> {
        self.owner.check_process()?;
        // The wake-up comes after the flag, and the loop looks at the flag before it waits for the next wake-up.
        self.exit_wanted.store(true, Ordering::SeqCst);
        sys::wake(self.exit_wake.as_raw_fd());
        bell::ring(self.bell.get());
        Ok(())
    }
}

impl Names {
    fn new(from: Option<&CStr>, fstype: Option<&CStr>) -> Self {
        Names {
            from: shortened(from, _VFS_MNAMELEN),
            fstype: shortened(fstype, _VFS_NAMELEN),
        }
    }
}

/// At most `size` bytes with the terminator.
fn shortened(name: Option<&CStr>, size: usize) -> CString {
    let bytes = name.unwrap_or(c"n/a").to_bytes();
    let bytes = &bytes[..bytes.len().min(size - 1)];
    // A part of a C string has no NUL inside.
    CString::new(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn init(ops: &puffs_ops, pflags: u32) -> Result<Box<Usermount>, InitError> {
        Usermount::new(ops, None, None, ptr::null_mut(), pflags)
    }

    #[test]
    fn what_a_server_must_have() {
        assert!(init(&testing::OPS, 0).is_ok());
        for (name, ops) in [
            (
                "fs_sync",
                puffs_ops {
                    puffs_fs_sync: None,
                    ..testing::OPS
                },
            ),
            (
                "node_lookup",
                puffs_ops {
                    puffs_node_lookup: None,
                    ..testing::OPS
                },
            ),
        ] {
            let error = init(&ops, 0).err().unwrap();
            assert_eq!(error, InitError::NoOperation(name));
            assert_eq!(error.errno(), libc::EINVAL);
        }
    }

    #[test]
    fn flags_part_into_two() {
        let pu = init(&testing::OPS, 0xe000_0043).unwrap();
        assert_eq!((pu.flags(), pu.kflags()), (0xe000_0000, 0x43));
    }

    #[test]
    fn names_are_cut() {
        let long = CString::new(vec![b'x'; 2000]).unwrap();
        let pu = testing::mount(&testing::OPS);
        pu.set_names(Some(&long), Some(&long));
        assert_eq!(pu.names.borrow().from.as_bytes().len(), 1023);
        assert_eq!(pu.names.borrow().fstype.as_bytes().len(), 31);
        pu.set_names(None, Some(c"memfs"));
        assert_eq!(pu.names.borrow().from.as_c_str(), c"n/a");
        assert_eq!(pu.names.borrow().fstype.as_c_str(), c"memfs");
    }
}
