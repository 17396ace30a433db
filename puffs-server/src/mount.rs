//! From a server to a mount and its end: [`mount`], [`Options`], [`Mounted`], [`Handle`].

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use core::ffi::{c_int, c_void};

use puffs_fuse::Chosen;
use puffs_user::c::consts::{
    PUFFS_FLAG_OPDUMP, PUFFS_KFLAG_NOCACHE_ATTR, PUFFS_KFLAG_NOCACHE_NAME,
    PUFFS_KFLAG_NOCACHE_PAGE, PUFFS_MNT_NODEV, PUFFS_MNT_NOEXEC, PUFFS_MNT_NOSUID,
    PUFFS_MNT_RDONLY,
};
use puffs_user::host::Host;
use puffs_user::usermount::{InitError, Usermount, unmount_on_signal};

use crate::ops::{self, Op};
use crate::server::Server;
use crate::shim::{Inner, begin};

/// How to mount. What is not said is as in [`Options::new`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    from: String,
    fstype: String,
    mntflags: c_int,
    flags: u32,
    signals: Vec<c_int>,
    max_transfer: usize,
    stack: Option<usize>,
    end_on_panic: bool,
}

impl Options {
    /// A mount of this type, shown in mount tables behind `puffs|`. It may be written to, set-id bits and devices count if
    /// root mounts it, and the kernel caches names and attributes for a second, and contents.
    pub fn new(fstype: &str) -> Options {
        Options {
            from: fstype.to_owned(),
            fstype: fstype.to_owned(),
            mntflags: 0,
            flags: 0,
            signals: Vec::new(),
            max_transfer: 0,
            stack: None,
            end_on_panic: false,
        }
    }

    /// What mount tables show as the device; else the type.
    pub fn device(mut self, device: &str) -> Options {
        device.clone_into(&mut self.from);
        self
    }

    fn mntflag(mut self, flag: c_int) -> Options {
        self.mntflags |= flag;
        self
    }

    fn flag(mut self, flag: u32) -> Options {
        self.flags |= flag;
        self
    }

    /// Nothing can be changed.
    pub fn read_only(self) -> Options {
        self.mntflag(PUFFS_MNT_RDONLY)
    }

    /// No program is run from it.
    pub fn no_exec(self) -> Options {
        self.mntflag(PUFFS_MNT_NOEXEC)
    }

    /// Set-id bits and devices mean nothing. For mounters that are not root this is so in any case.
    pub fn no_privileges(self) -> Options {
        self.mntflag(PUFFS_MNT_NOSUID | PUFFS_MNT_NODEV)
    }

    /// Every name is looked up each time.
    pub fn uncached_names(self) -> Options {
        self.flag(PUFFS_KFLAG_NOCACHE_NAME)
    }

    /// Attributes are asked for each time.
    pub fn uncached_attributes(self) -> Options {
        self.flag(PUFFS_KFLAG_NOCACHE_ATTR)
    }

    /// Every read and write reaches the server as it was made; files cannot be mapped.
    pub fn uncached_contents(self) -> Options {
        self.flag(PUFFS_KFLAG_NOCACHE_PAGE)
    }

    /// A line on stderr for each request and each result.
    pub fn dump(self) -> Options {
        self.flag(PUFFS_FLAG_OPDUMP)
    }

    /// From the mount on these signals unmount, and do nothing else, in the whole process and for good. Other signals that end
    /// a process end it.
    pub fn unmount_on(mut self, signals: &[c_int]) -> Options {
        self.signals.extend_from_slice(signals);
        self
    }

    /// The most bytes that one read or write carries: 8 KiB to 1 MiB, 256 KiB unless said.
    pub fn max_transfer(mut self, bytes: usize) -> Options {
        self.max_transfer = bytes;
        self
    }

    /// Bytes of stack that each operation has: 256 KiB unless said.
    pub fn stack(mut self, bytes: usize) -> Options {
        self.stack = Some(bytes);
        self
    }

    /// An operation that panics ends the mount: its caller still gets `EIO`, then the file system is unmounted by force, and
    /// [`Mounted::run`] fails. Unless this is said, the server goes on.
    pub fn end_on_panic(mut self) -> Options {
        self.end_on_panic = true;
        self
    }
}

/// Mounts a server on a directory, through the host that `PUFFS_HOST` names, or the best there is. Nothing is served before
/// [`Mounted::run`].
///
/// # Errors
/// The system's error; what it does not explain is said on stderr.
pub fn mount<S: Server>(
    server: S,
    dir: impl AsRef<Path>,
    options: &Options,
) -> io::Result<Mounted<S>> {
    mount_on(&Chosen, server, dir, options)
}

/// The same through a host of the caller's choice.
///
/// # Errors
/// As for [`mount`].
pub fn mount_on<S: Server>(
    host: &dyn Host,
    server: S,
    dir: impl AsRef<Path>,
    options: &Options,
) -> io::Result<Mounted<S>> {
    let text = |text: &[u8]| CString::new(text).map_err(io::Error::from);
    let (from, fstype) = (
        text(options.from.as_bytes())?,
        text(options.fstype.as_bytes())?,
    );
    let dir = text(dir.as_ref().as_os_str().as_bytes())?;

    let handle = Handle::default();
    let inner = Inner::new(server, handle.clone(), options.end_on_panic)
        .ok_or_else(|| io::Error::other("the server panicked"))?;
    let inner = Rc::new(inner);
    let private = Rc::as_ptr(&inner).cast_mut().cast::<c_void>();
    let ops = ops::table::<S>();
    let pu = Usermount::new(&ops, Some(&from), Some(&fstype), private, options.flags)
        .map_err(|error: InitError| io::Error::from_raw_os_error(error.errno()))?;
    pu.set_maxdata(options.max_transfer);
    if !S::OPS.has(Op::Sync) {
        pu.has_nothing_to_sync();
    }
    if let Some(stack) = options.stack {
        pu.set_stack_size(stack);
    }
    pu.settings().pre.set(Some(begin::<S>));
    for signal in &options.signals {
        unmount_on_signal(*signal, true).map_err(io::Error::from_raw_os_error)?;
    }

    // From here on `mounted` takes everything away again, whatever happens.
    let pu: Rc<Usermount> = Rc::from(pu);
    handle.set(Some(Live(Rc::as_ptr(&pu))));
    let root = inner.nodes.borrow().root();
    let mounted = Mounted {
        pu: Some(Rc::clone(&pu)),
        inner,
        handle,
    };
    let cookie = std::ptr::without_provenance_mut(root);
    pu.mount(host, &dir, options.mntflags as u32, cookie)
        .map_err(io::Error::from_raw_os_error)?;
    Ok(mounted)
}

/// A mounted server. Dropping it takes away what is still mounted.
///
/// It is neither `Send` nor `Sync`: the thread that mounted it runs it.
///
/// ```compile_fail,E0277
/// # fn f<S: puffs_server::Server>(mut mounted: puffs_server::Mounted<S>) {
/// std::thread::spawn(move || mounted.run());
/// # }
/// ```
pub struct Mounted<S: Server> {
    /// `None` in `drop` only: it goes before what its pointer leads to, `inner`.
    pu: Option<Rc<Usermount>>,
    inner: Rc<Inner<S>>,
    handle: Handle,
}

impl<S: Server> Mounted<S> {
    /// What ends the mount, for other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves until the file system is unmounted: by umount(8), by [`Handle::unmount`], by a signal of
    /// [`Options::unmount_on`]. Then every node has been forgotten, the root included. Again it fails at once.
    ///
    /// # Errors
    /// When the loop cannot start or go on, or an operation has panicked and [`Options::end_on_panic`] was said.
    pub fn run(&mut self) -> io::Result<()> {
        let result = self
            .pu
            .as_ref()
            .map_or(Err(libc::EINVAL), |pu| pu.mainloop());
        self.inner.forget_all();
        result.map_err(io::Error::from_raw_os_error)?;
        match self.inner.ended_by_panic() {
            true => Err(io::Error::other("an operation panicked")),
            false => Ok(()),
        }
    }

    /// How many operations have panicked so far.
    pub fn panics(&self) -> u64 {
        self.inner.panics()
    }

    /// Ends the mount, if it has not ended, and gives the server back.
    pub fn into_server(self) -> S {
        // `Drop` does all but this, and leaves the server's place alone.
        let inner = Rc::clone(&self.inner);
        drop(self);
        Rc::into_inner(inner)
            .expect("nobody else has it")
            .into_server()
    }
}

impl<S: Server> Drop for Mounted<S> {
    fn drop(&mut self) {
        self.handle.set(None);
        self.pu.take();
        self.inner.forget_all();
    }
}

/// Ends a mount from any thread: it is `Send`, `Sync`, and cheap to clone.
#[derive(Clone, Default)]
pub struct Handle(Arc<Mutex<Option<Live>>>);

/// A context that lives as long as it is in a handle.
struct Live(*const Usermount);

// SAFETY: `exit` is the one function that is called through it, and any thread may call that.
unsafe impl Send for Live {}

impl Handle {
    fn set(&self, live: Option<Live>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = live;
    }

    /// Asks for a forced unmount and returns at once: [`Mounted::run`] returns soon, and callers that still use the file
    /// system get errors. False when the mount is no more, and in a child, whose it is not. Not for signal handlers: see [`Options::unmount_on`].
    pub fn unmount(&self) -> bool {
        let live = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*live {
            // SAFETY: it is taken out of here, under the lock, before it ends.
            Some(live) => unsafe { (*live.0).exit().is_ok() },
            None => false,
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
