//! The keeper: a small process that lets killed callers go while the server is stopped.
//!
//! A caller whose request has been read waits for the reply even when it is killed: Linux leaves it to the server to let it go.
//! The guard sees to that while the server hangs, but a server that is stopped has no thread that runs. So each mount has a
//! process beside it that shares the table of requests in flight. It looks at it every [`TICK`] while there are
//! any, sleeps while there are none, and does nothing but reply `EINTR` to those of a stopped server whose callers are about to die.
//!
//! It holds the connection, so it ends with the server, whatever ends that: the other end of its socket closes. A server
//! that waits for its children does not see it; it has none of the server's files, and uses no memory but its stack and the table, since other threads of
//! the server may have held any lock when it was made.

use std::cell::UnsafeCell;
use std::ffi::CStr;
use std::io::IoSlice;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use puffs_core::Errno;
use zerocopy::IntoBytes;

use crate::doomed::{arguments, doomed, stopped as is_stopped};
use crate::proto::wire::{InHeader, OutHeader};
use crate::traffic::silent;

/// How late a killed caller of a stopped server is let go, in milliseconds.
const TICK: i32 = 50;
/// Requests in flight that can be watched; others are not.
const SLOTS: usize = 32 << 10;

/// More than any request has.
const ROOM: usize = 2 << 20;
/// What the process is called.
const NAME: &CStr = c"puffs-keeper";

/// What the processes share.
#[derive(Debug)]
#[repr(C)]
struct Table {
    /// Changes with each request, odd while one is read or executed.
    progress: AtomicU64,
    /// The keeper sleeps until it is woken.
    asleep: AtomicBool,
    /// Slots beyond this have never been used.
    high: AtomicUsize,
    /// The head of the request that was read last, which may have no slot yet: a server is most likely stopped as it
    /// comes back from reading.
    head: UnsafeCell<InHeader>,
    slots: [Slot; SLOTS],
}

/// A request in flight.
#[derive(Debug)]
#[repr(C)]
struct Slot {
    /// Its number; 0: there is none.
    unique: AtomicU64,
    pid: AtomicU32,
}

/// The table, mapped.
#[derive(Debug)]
pub(crate) struct Flights(NonNull<Table>);

// SAFETY: all in it is atomic but the head, which is used under the lock of the traffic's lists, or by the keeper while the
// server is stopped.
unsafe impl Send for Flights {}
// SAFETY: as above.
unsafe impl Sync for Flights {}

impl Flights {
    /// An empty table.
    ///
    /// # Errors
    /// [`Errno::NoMem`].
    pub(crate) fn new() -> Result<Self, Errno> {
        // SAFETY: a mapping of our own; zeroes are a valid table.
        let at = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size_of::<Table>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        match at {
            libc::MAP_FAILED => Err(Errno::NoMem),
            at => NonNull::new(at.cast()).map(Flights).ok_or(Errno::NoMem),
        }
    }

    fn table(&self) -> &Table {
        // SAFETY: mapped as long as this lives, and atomic.
        unsafe { self.0.as_ref() }
    }

    /// See [`crate::traffic::Traffic::progress`].
    pub(crate) fn progress(&self) -> &AtomicU64 {
        &self.table().progress
    }

    /// Where the heads of requests are read to.
    pub(crate) fn head(&self) -> *mut InHeader {
        self.table().head.get()
    }

    /// What was read there.
    pub(crate) fn head_bytes(&self) -> [u8; size_of::<InHeader>()] {
        // SAFETY: whoever reads requests has the lock.
        let head = unsafe { self.head().read() };
        zerocopy::transmute!(head)
    }

    /// Notes a request in slot `at`; beyond the last slot nothing is noted.
    pub(crate) fn begin(&self, at: usize, unique: u64, pid: u32) {
        if let Some(slot) = self.table().slots.get(at) {
            self.table().high.fetch_max(at + 1, Ordering::Relaxed);
            slot.pid.store(pid, Ordering::Relaxed);
            // Pairs with the acquire of the keeper, which reads the pid after it.
            slot.unique.store(unique, Ordering::Release);
        }
    }

    /// The request of slot `at` is over.
    pub(crate) fn end(&self, at: usize) {
        if let Some(slot) = self.table().slots.get(at) {
            slot.unique.store(0, Ordering::Release);
        }
    }
}

impl Drop for Flights {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and nobody refers to it any more.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<Table>()) };
    }
}

/// The keeper, seen from the server. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Keeper(Handle);

/// A keeper by its socket and its process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handle {
    socket: RawFd,
    pid: libc::pid_t,
}

impl Keeper {
    /// Makes a keeper for the connection `device`.
    pub(crate) fn new(flights: &Flights, device: RawFd) -> Option<Self> {
        let mut ends = [-1; 2];
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
        // SAFETY: room for two descriptors, which are nobody else's.
        let (ours, theirs) = unsafe {
            if libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) != 0 {
                return None;
            }
            (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
        };
        let server = std::process::id();
        match split() {
            0 => keep(flights.table(), theirs.as_raw_fd(), device, server),
            -1 => None,
            pid => {
                let keeper = Keeper(Handle {
                    socket: ours.into_raw_fd(),
                    pid,
                });
                drop(theirs);
                // It says when it is in place: until then it looks like a second server.
                hear(keeper.0.socket).then_some(keeper)
            }
        }
    }

    /// Something is in flight: the keeper is to look at it.
    pub(crate) fn wake(&self, flights: &Flights) {
        if flights.table().asleep.swap(false, Ordering::SeqCst) {
            say(self.0.socket);
        }
    }

    pub(crate) fn handle(&self) -> Handle {
        self.0
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        end(self.0);
        // SAFETY: it is ours, and nobody else closes it.
        unsafe { libc::close(self.0.socket) };
    }
}

/// Ends a keeper, and waits until it holds nothing any more.
pub(crate) fn end(keeper: Handle) {
    // SAFETY: numbers only.
    unsafe { libc::shutdown(keeper.socket, libc::SHUT_WR) };
    // It says nothing more, so what comes is its end.
    hear(keeper.socket);
    // SAFETY: a child of this process that nobody else waits for; in a child that this process forked there is none.
    unsafe { libc::waitpid(keeper.pid, ptr::null_mut(), libc::__WALL) };
}

/// Waits for a byte from the other end; `false`: that has gone.
fn hear(socket: RawFd) -> bool {
    let mut byte = [0_u8];
    loop {
        // SAFETY: room for a byte.
        match unsafe { libc::recv(socket, byte.as_mut_ptr().cast(), 1, 0) } {
            -1 if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            n => return n == 1,
        }
    }
}

fn say(socket: RawFd) {
    // SAFETY: one byte. If the socket is full, the other end has something to hear already.
    unsafe {
        libc::send(
            socket,
            [1_u8].as_ptr().cast(),
            1,
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
        )
    };
}

/// fork(2), but the child is of the kind that sends its parent no signal, and that wait(2) does not see.
fn split() -> libc::pid_t {
    // SAFETY: no flags and no stack: a copy of this thread in a process of its own.
    let pid = unsafe { libc::syscall(libc::SYS_clone, 0, 0, 0, 0, 0) };
    pid as libc::pid_t
}

/// Gives the process its name where ps(1) looks: whoever looks for the server by the words of its call is to find the server alone.
///
/// The words are written by the kernel, since they need not be this program's: under valgrind(1) they are valgrind's.
fn rename() {
    let Some((start, end)) = arguments() else {
        return;
    };
    // The last byte stays 0: otherwise Linux shows what is behind, the environment.
    let name = &NAME.to_bytes()[..NAME.count_bytes().min(end - start - 1)];
    let nothing = [0; 512];
    // SAFETY: a C string and buffers with their lengths; nobody in this process uses what is overwritten.
    unsafe {
        let memory = libc::open(c"/proc/self/mem".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        let mut at = start;
        while at < end {
            let len = nothing.len().min(end - at);
            libc::pwrite(memory, nothing.as_ptr().cast(), len, at as libc::off_t);
            at += len;
        }
        libc::pwrite(
            memory,
            name.as_ptr().cast(),
            name.len(),
            start as libc::off_t,
        );
        libc::close(memory);
    }
}

fn keep(table: &Table, socket: RawFd, device: RawFd, server: u32) -> ! {
    // SAFETY: numbers and C strings. The signals that are left, SIGKILL and SIGSTOP, are no business of the server's.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const all, ptr::null_mut());
        // Not stopped along with the server's terminal or group; no directory is in use by it.
        libc::setsid();
        libc::chdir(c"/".as_ptr());
        libc::prctl(libc::PR_SET_NAME, NAME.as_ptr());
    }
    // SAFETY: numbers only. Without it (before Linux 5.3) a child that the server left behind hides its death.
    let life = unsafe { libc::syscall(libc::SYS_pidfd_open, server, 0) } as RawFd;
    let mut kept = [socket, device, life];
    kept.sort_unstable();
    let mut from = 0;
    for fd in kept.into_iter().filter(|fd| *fd >= 0) {
        // SAFETY: nobody in this process uses the others.
        unsafe { close_all(from, fd as u32) };
        from = fd as u32 + 1;
    }
    // SAFETY: as above.
    unsafe { close_all(from, u32::MAX) };
    rename();
    say(socket);
    let (mut seen, mut idle) = (0, false);
    loop {
        if idle {
            table.asleep.store(true, Ordering::SeqCst);
            // Pairs with the progress that is made before the sleeper is looked for.
            idle = table.progress.load(Ordering::SeqCst) == seen && !table.in_flight();
        }
        match wait(socket, life, if idle { -1 } else { TICK }) {
            Server::Alive => {}
            Server::Dead => refuse(table, socket, device),
            // SAFETY: ends this process.
            Server::Gone => unsafe { libc::_exit(0) },
        }
        let now = table.progress.load(Ordering::SeqCst);
        let waits = table.in_flight();
        let stopped = now == seen && is_stopped(server);
        if stopped {
            // SAFETY: nobody writes there while the server is stopped; should it go on, this is a number or nonsense.
            let head = unsafe { table.head.get().read_volatile() };
            let slots = table.used().iter().map(|slot| {
                let unique = slot.unique.load(Ordering::Acquire);
                (unique, slot.pid.load(Ordering::Relaxed))
            });
            for (unique, pid) in slots.chain([(head.unique, head.pid)]) {
                // Looked at again: a slot may have changed between, but not while the server was stopped all the time.
                if unique != 0 && doomed(pid) && is_stopped(server) {
                    reply(device, unique, libc::EINTR);
                }
            }
        }
        // Nothing is read while the main loop is at rest. Otherwise something may be that has no slot yet, or that the guard reads.
        idle = now == seen && now.is_multiple_of(2) && !waits;
        seen = now;
    }
}

/// Closes the descriptors from `from` to before `to`.
unsafe fn close_all(from: u32, to: u32) {
    if from < to {
        // SAFETY: numbers only; nobody in this process uses them.
        unsafe { libc::syscall(libc::SYS_close_range, from, to - 1, 0) };
    }
}

impl Table {
    /// The slots that have ever been in use, and a few more.
    fn used(&self) -> &[Slot] {
        &self.slots[..self.high.load(Ordering::Relaxed).min(SLOTS)]
    }

    fn in_flight(&self) -> bool {
        let slots = self.used().iter();
        slots
            .map(|slot| slot.unique.load(Ordering::Acquire))
            .any(|unique| unique != 0)
    }
}

/// What is left of the server.
enum Server {
    Alive,
    /// It is dead, but a child of it holds the connection.
    Dead,
    /// Nobody but us holds the connection.
    Gone,
}

/// Waits for so many milliseconds (-1: for ever), or until woken.
fn wait(socket: RawFd, life: RawFd, milliseconds: i32) -> Server {
    let watch = |fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let mut fds = [watch(socket), watch(life)];
    let mut bytes = [0_u8; 16];
    // SAFETY: two structures, and room for the bytes.
    unsafe {
        if libc::poll(fds.as_mut_ptr(), 2, milliseconds) < 1 {
            return Server::Alive;
        }
        let room = bytes.as_mut_ptr().cast();
        if fds[0].revents != 0 && libc::recv(socket, room, bytes.len(), libc::MSG_DONTWAIT) < 1 {
            return Server::Gone;
        }
    }
    match fds[1].revents {
        0 => Server::Alive,
        _ => Server::Dead,
    }
}

/// The server is dead, but a child of it holds the connection, so that Linux goes on waiting: answers everything with an
/// error, until the file system is unmounted or the child has gone too.
fn refuse(table: &Table, socket: RawFd, device: RawFd) -> ! {
    let watch = |fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let mut fds = [watch(socket), watch(device)];
    // SAFETY: a mapping of our own, whatever the server's memory looks like.
    let room = unsafe {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        libc::mmap(ptr::null_mut(), ROOM, access, kind, -1, 0)
    };
    let slots = table.used().iter();
    for unique in slots.map(|slot| slot.unique.load(Ordering::Acquire)) {
        reply(device, unique, libc::ENOTCONN);
    }
    // SAFETY: the server writes nothing any more.
    reply(
        device,
        unsafe { table.head.get().read() }.unique,
        libc::ENOTCONN,
    );
    loop {
        if room == libc::MAP_FAILED {
            break;
        }
        // SAFETY: two structures; the mapping has room for a byte or a request.
        let got = unsafe {
            libc::poll(fds.as_mut_ptr(), 2, -1);
            if fds[0].revents != 0 && libc::recv(socket, room, ROOM, libc::MSG_DONTWAIT) == 0 {
                break;
            }
            libc::read(device, room, ROOM)
        };
        if got > 0 {
            // SAFETY: a request begins with a head.
            let header = unsafe { room.cast::<InHeader>().read() };
            if !silent(header.opcode) {
                reply(device, header.unique, libc::ENOTCONN);
            }
        } else if std::io::Error::last_os_error().raw_os_error() == Some(libc::ENODEV) {
            break;
        }
    }
    // SAFETY: ends this process.
    unsafe { libc::_exit(0) }
}

/// Replies to a request. If it is over, nothing happens.
fn reply(device: RawFd, unique: u64, error: i32) {
    let header = OutHeader {
        len: size_of::<OutHeader>() as u32,
        error: -error,
        unique,
    };
    let parts = [IoSlice::new(header.as_bytes())];
    // SAFETY: IoSlice has the layout of iovec.
    unsafe { libc::writev(device, parts.as_ptr().cast(), 1) };
}
