//! Unmounting, from a thread that serves the very file system.
//!
//! Unmounting may need answers from the server, so it is never done on the serving thread while the
//! connection lives. On request a helper thread, made only then, unmounts; the loop goes on serving and
//! sees the end of the connection. If the file system is in use, the helper detaches it, marks the
//! mount as forced and wakes the loop, which then ends the connection itself. The wake-up is an event of our own: a request
//! to the file system would bind the helper to an answer that a server killed meanwhile never gives.

use std::cell::RefCell;
use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::exit;
use super::ready::Wake;
use super::table::{self, Dev};

/// Unmounts what is in a directory; with `true`: even if it is in use.
pub type Undo = Arc<dyn Fn(&CStr, bool) -> io::Result<()> + Send + Sync>;

/// A mount in the tree of files.
pub struct Site {
    /// Its directory, without links or dots.
    pub dir: CString,
    /// Its device number.
    pub dev: Dev,
    /// How it is undone.
    pub undo: Undo,
}

impl Site {
    /// Whether this very mount is what one finds in its directory.
    fn is_there(&self) -> bool {
        let found = table::mounted_at(OsStr::from_bytes(self.dir.to_bytes()));
        matches!(found, Ok(Some(entry)) if entry.dev == self.dev)
    }

    /// Detaches what is there, once its connection has ended; says so if that cannot be done.
    fn detach(&self) {
        if self.is_there()
            && let Err(error) = (self.undo)(&self.dir, true)
        {
            eprintln!(
                "puffs: cannot unmount {}: {error}",
                self.dir.to_string_lossy()
            );
        }
    }
}

/// umount2(2) of what is at `dir`, with these flags and without following links.
///
/// # Errors
/// What it said.
pub fn umount(dir: &CStr, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: a C string.
    match unsafe { libc::umount2(dir.as_ptr(), flags | libc::UMOUNT_NOFOLLOW) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A mount of this process.
pub struct Mounted {
    shared: Arc<Shared>,
    helper: RefCell<Option<JoinHandle<()>>>,
}

struct Shared {
    site: Site,
    /// It was in use and is detached: the connection is to be ended now.
    forced: AtomicBool,
    /// The loop's.
    wake: Wake,
}

impl Mounted {
    /// Looks after a mount whose connection is `fd`; should the process exit, it is detached.
    pub fn new(site: Site, fd: RawFd, wake: Wake) -> Self {
        let shared = Arc::new(Shared {
            site,
            forced: AtomicBool::new(false),
            wake,
        });
        let at_exit = shared.clone();
        exit::register(fd, Box::new(move || at_exit.site.detach()));
        Mounted {
            shared,
            helper: RefCell::default(),
        }
    }

    /// Begins to unmount, unless that has begun. Returns at once; a turn is to follow.
    pub fn unmount(&self) {
        let mut helper = self.helper.borrow_mut();
        if helper.is_some() {
            return;
        }
        if !self.shared.site.is_there() {
            // Somebody else has unmounted or detached it. Whoever uses it still does so no longer.
            self.shared.force();
            return;
        }
        let shared = self.shared.clone();
        let thread = without_signals(|| {
            std::thread::Builder::new()
                .name("puffs-unmount".into())
                .spawn(move || shared.run())
        });
        match thread {
            Ok(thread) => *helper = Some(thread),
            Err(error) => eprintln!("puffs: cannot unmount: {error}"),
        }
    }

    /// Whether the connection is to be ended although somebody uses the file system.
    pub fn forced(&self) -> bool {
        self.shared.forced.load(Ordering::Acquire)
    }

    /// Should the process exit, `first` is to be done before the connection `fd` is cut.
    pub fn before_exit(&self, fd: RawFd, first: Box<dyn FnOnce() + Send>) {
        exit::set_first(fd, first);
    }

    /// From now on nothing is to be done when the process exits.
    pub fn forget(&self, fd: RawFd) {
        exit::unregister(fd);
    }

    /// The connection has ended: detaches what is left of the mount.
    pub fn end(&self) {
        self.shared.site.detach();
        if let Some(helper) = self.helper.borrow_mut().take() {
            // It has nothing more to wait for.
            let _ = helper.join();
        }
    }
}

impl Shared {
    fn run(&self) {
        let site = &self.site;
        if (site.undo)(&site.dir, false).is_ok() {
            return;
        }
        site.detach();
        self.force();
    }

    /// The connection is to be ended now.
    fn force(&self) {
        // Release pairs with the acquire in `forced`: the wake-up comes after.
        self.forced.store(true, Ordering::Release);
        self.wake.wake();
    }
}

/// Runs `f` with all signals blocked, which a thread made in it inherits: signals are for the server's own thread.
pub fn without_signals<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: all zeroes is a value of this plain structure; the sets outlive the calls.
    unsafe {
        let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
        let result = f();
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, std::ptr::null_mut());
        result
    }
}
