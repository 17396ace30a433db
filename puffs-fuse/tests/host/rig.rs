//! Mounts a [`Tree`] on a fresh directory and serves it from a thread of its own.

use std::cell::RefCell;
use std::ffi::CString;
use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use puffs_core::msg::OpSet;
use puffs_core::msg::op::{CLASS_VFS, vfs, vn};
use puffs_fuse::FuseHost;
use puffs_user::host::{Host, MountArgs, NoStack, Ran, RootInfo, Server, Session, Task, Turn};

use crate::tree::{ROOT, Seen, Tree};

pub(crate) const MAXDATA: usize = 256 << 10;

/// The operations of [`Tree`].
pub(crate) fn ops() -> OpSet {
    [
        vn::LOOKUP,
        vn::CREATE,
        vn::MKDIR,
        vn::GETATTR,
        vn::SETATTR,
        vn::OPEN,
        vn::CLOSE,
        vn::READ,
        vn::WRITE,
        vn::READDIR,
        vn::REMOVE,
        vn::RMDIR,
        vn::RENAME,
        vn::INACTIVE,
        vn::RECLAIM,
    ]
    .into_iter()
    .fold(OpSet::NONE, OpSet::with_vn)
    .with_vfs(vfs::STATVFS)
    .with_vfs(vfs::SYNC)
    .with_vfs(vfs::UNMOUNT)
}

pub(crate) fn args(dir: &Path) -> MountArgs {
    MountArgs {
        from: c"/dev/puffs".into(),
        fstype: c"tree".into(),
        dir: CString::new(dir.as_os_str().as_bytes()).unwrap(),
        mntflags: 0,
        kflags: 0,
        root: RootInfo {
            cookie: ROOT as usize,
            vtype: 2,
            size: 0,
            rdev: 0,
        },
        ops: ops(),
        maxdata: MAXDATA,
        fhsize: 0,
        fhflags: 0,
    }
}

/// A fresh directory below the one for temporary files; its name has a blank, which tables of mounts escape.
pub(crate) fn fresh_dir() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("puffs fuse {} {n}", std::process::id()));
    std::fs::create_dir(&dir).unwrap();
    dir
}

/// What the main loop does in a turn of its own, besides serving.
#[derive(Debug)]
pub(crate) enum Ask {
    /// `Session::unmount`, twice.
    Unmount,
    /// Leaves the loop and drops the session.
    Drop,
}

/// One test at a time: a child that another test forks holds all open files until it runs its program, and a
/// file system that is in use cannot be unmounted.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A mounted tree.
pub(crate) struct Rig {
    pub(crate) dir: PathBuf,
    pub(crate) seen: Arc<Mutex<Seen>>,
    ask: std::io::PipeWriter,
    asks: mpsc::Sender<Ask>,
    thread: Option<JoinHandle<()>>,
    _alone: MutexGuard<'static, ()>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut MountArgs)) -> Self {
        let alone = alone();
        let dir = fresh_dir();
        let mut args = args(&dir);
        change(&mut args);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (wake, ask) = std::io::pipe().unwrap();
        let (asks, asked) = mpsc::channel();
        let (ready, mounted) = mpsc::channel();
        let mut tree = Tree::new(seen.clone(), MAXDATA);
        let thread = std::thread::spawn(move || {
            let session = FuseHost.mount(&args);
            let session = match session {
                Ok(session) => session,
                Err(error) => return ready.send(Err(error)).unwrap(),
            };
            ready.send(Ok(())).unwrap();
            serve(&*session, &mut tree, wake.as_raw_fd(), &asked);
        });
        let started = mounted.recv().unwrap();
        started.expect("these tests mount: they need root and /dev/fuse");
        Rig {
            dir,
            seen,
            ask,
            asks,
            thread: Some(thread),
            _alone: alone,
        }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(crate) fn ask(&mut self, ask: Ask) {
        self.asks.send(ask).unwrap();
        self.ask.write_all(&[1]).unwrap();
    }

    /// Asks for the file system's figures, which the kernel never remembers; what it sent before has then been served.
    pub(crate) fn figures(&self) -> libc::statvfs {
        let path = CString::new(self.dir.as_os_str().as_bytes()).unwrap();
        let mut figures: libc::statvfs = unsafe { std::mem::zeroed() };
        assert_eq!(unsafe { libc::statvfs(path.as_ptr(), &raw mut figures) }, 0);
        figures
    }

    /// Unmounts from outside.
    pub(crate) fn umount(&self) {
        let dir = CString::new(self.dir.as_os_str().as_bytes()).unwrap();
        assert_eq!(
            unsafe { libc::umount2(dir.as_ptr(), 0) },
            0,
            "{}",
            std::io::Error::last_os_error()
        );
    }

    /// Waits until the loop has ended.
    pub(crate) fn join(&mut self) {
        self.thread.take().unwrap().join().unwrap();
    }

    /// Nothing was left behind, and every node's life ended as it should.
    pub(crate) fn check_end(&self) {
        assert!(!is_mounted(&self.dir), "still mounted");
        let seen = self.seen();
        assert!(seen.wrong.is_empty(), "{:?}", seen.wrong);
        assert!(seen.known.is_empty(), "never reclaimed: {:x?}", seen.known);
        assert_eq!(seen.opens, 0, "files never closed");
        assert!(seen.active.is_empty(), "never inactive: {:x?}", seen.active);
        assert!(seen.unmounted);
        assert_eq!(seen.ops[&(CLASS_VFS, vfs::SYNC)], 1);
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // A test failed: whoever hangs on the mount is to be let go.
            let dir = CString::new(self.dir.as_os_str().as_bytes()).unwrap();
            unsafe { libc::umount2(dir.as_ptr(), libc::MNT_FORCE | libc::MNT_DETACH) };
        }
        let _ = std::fs::remove_dir(&self.dir);
    }
}

/// Runs tasks on the loop's own stack: none of these operations is ever left in its middle.
struct Direct<'d> {
    session: &'d dyn Session,
    tree: RefCell<&'d mut Tree>,
}

impl Server for Direct<'_> {
    fn start(&self, token: usize) -> Result<Ran, NoStack> {
        self.session.task(token, self);
        Ok(Ran::Ended)
    }

    fn serve(&self) {
        self.tree.borrow_mut().serve(self.session.transport());
    }

    fn execute(&self, _: &mut puffs_core::msg::wire::Req, _: &mut [u8]) {
        unreachable!("requests come by serve");
    }

    fn running(&self) -> Option<Task> {
        None
    }

    fn suspend(&self) {
        unreachable!("nothing waits here");
    }

    fn wake(&self, _: Task) {
        unreachable!("nobody waits here");
    }
}

fn serve(session: &dyn Session, tree: &mut Tree, wake: RawFd, asked: &mpsc::Receiver<Ask>) {
    let server = Direct {
        session,
        tree: RefCell::new(tree),
    };
    loop {
        match session.turn(&server).unwrap() {
            Turn::Gone => return,
            Turn::More => continue,
            Turn::Idle => {}
        }
        let watch = |fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        };
        let mut fds = [watch(session.fd()), watch(wake)];
        unsafe { libc::poll(fds.as_mut_ptr(), 2, -1) };
        if fds[1].revents & libc::POLLIN != 0 {
            let mut byte = 0_u8;
            unsafe { libc::read(wake, (&raw mut byte).cast(), 1) };
            match asked.recv().unwrap() {
                Ask::Unmount => {
                    session.unmount();
                    session.unmount();
                }
                Ask::Drop => return,
            }
        }
    }
}

pub(crate) fn is_mounted(dir: &Path) -> bool {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let dir = dir.to_str().unwrap().replace(' ', "\\040");
    table
        .lines()
        .any(|line| line.split(' ').nth(4) == Some(&dir))
}
