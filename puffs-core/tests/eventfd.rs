//! The hosted platform's poll point: a descriptor that epoll and poll(2) sleep on.

use std::io::Error;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use puffs_core::platform::{EventFd, PollPoint, Pollable};

/// Milliseconds after which a sleeper is taken for one that nobody will wake.
const LONG: i32 = 60_000;

/// Whether poll(2) finds the descriptor readable within `ms`.
fn readable(fd: &OwnedFd, ms: i32) -> bool {
    let mut entry = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one entry is there.
    let found = unsafe { libc::poll(&mut entry, 1, ms) };
    assert!(found >= 0, "{}", Error::last_os_error());
    assert_eq!(found == 1, entry.revents == libc::POLLIN);
    found == 1
}

/// An epoll set with one descriptor in it.
struct Epoll(i32);

impl Epoll {
    fn of(fd: &OwnedFd, how: i32) -> Epoll {
        // SAFETY: takes a number.
        let set = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        assert!(set >= 0, "{}", Error::last_os_error());
        let mut event = libc::epoll_event {
            events: (libc::EPOLLIN | how).cast_unsigned(),
            u64: 0,
        };
        // SAFETY: the set and the descriptor are open, the event is there.
        let added =
            unsafe { libc::epoll_ctl(set, libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &mut event) };
        assert_eq!(added, 0, "{}", Error::last_os_error());
        Epoll(set)
    }

    /// Whether the descriptor becomes readable within `ms`.
    fn wait(&self, ms: i32) -> bool {
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY: there is room for one event.
        let found = unsafe { libc::epoll_wait(self.0, &mut event, 1, ms) };
        assert!(found >= 0, "{}", Error::last_os_error());
        found == 1
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        // SAFETY: the set is ours.
        unsafe { libc::close(self.0) };
    }
}

#[test]
fn it_is_readable_from_a_wake_up_until_somebody_takes_it_back() {
    let point = EventFd::new();
    let fd = point.descriptor().unwrap();
    let epoll = Epoll::of(&fd, 0);
    assert!(!readable(&fd, 0) && !epoll.wait(0));
    for _ in 0..3 {
        point.wake();
        point.wake();
        // Level-triggered: who looks takes nothing away.
        for _ in 0..3 {
            assert!(readable(&fd, 0) && epoll.wait(0));
        }
        assert!(point.reset());
        assert!(!readable(&fd, 0) && !epoll.wait(0));
        assert!(!point.reset(), "there was nothing to take back");
    }
}

#[test]
fn each_first_wake_up_is_an_edge() {
    let point = EventFd::new();
    let fd = point.descriptor().unwrap();
    let epoll = Epoll::of(&fd, libc::EPOLLET);
    assert!(!epoll.wait(0));
    for _ in 0..3 {
        point.wake();
        assert!(epoll.wait(0));
        assert!(!epoll.wait(0));
        point.settle(|| false);
    }
    point.wake();
    point.settle(|| true);
    assert!(epoll.wait(0), "what was told again is told again");
}

#[test]
fn without_a_descriptor_nothing_is_told() {
    let point = EventFd::new();
    point.wake();
    assert!(!point.reset());
    point.settle(|| panic!("there was nothing to take back"));
    let fd = point.descriptor().unwrap();
    assert!(
        !readable(&fd, 0),
        "what is there already its maker looks for"
    );
}

#[test]
fn settling_looks_after_it_took_back() {
    let point = EventFd::new();
    let fd = point.descriptor().unwrap();
    point.settle(|| panic!("there was nothing to take back"));

    point.wake();
    point.settle(|| {
        assert!(!readable(&fd, 0), "it is looked before it is taken back");
        false
    });
    assert!(!readable(&fd, 0));

    point.wake();
    point.settle(|| true);
    assert!(readable(&fd, 0), "something was there after all");

    // Something comes after the look.
    point.settle(|| {
        point.wake();
        false
    });
    assert!(readable(&fd, 0));
}

#[test]
fn all_descriptors_say_the_same_and_their_owners_close_them() {
    let point = EventFd::new();
    let (one, two) = (point.descriptor().unwrap(), point.descriptor().unwrap());
    assert_ne!(one.as_raw_fd(), two.as_raw_fd());
    point.wake();
    assert!(readable(&one, 0) && readable(&two, 0));
    drop(one);
    point.settle(|| false);
    assert!(!readable(&two, 0));
    point.wake();
    drop(point);
    assert!(readable(&two, 0), "it outlives the poll point");
    // SAFETY: asks for the flags of an open descriptor.
    let flags = unsafe { libc::fcntl(two.as_raw_fd(), libc::F_GETFD) };
    assert_eq!(flags, libc::FD_CLOEXEC);
}

#[test]
fn one_who_reads_it_breaks_nothing() {
    let point = EventFd::new();
    let fd = point.descriptor().unwrap();
    point.wake();
    // SAFETY: asks for the flags of an open descriptor.
    let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
    assert!(flags & libc::O_NONBLOCK != 0, "a second read hangs");
    let mut count = [0u8; 8];
    // SAFETY: there is room for eight bytes.
    let mut read = || unsafe { libc::read(fd.as_raw_fd(), count.as_mut_ptr().cast(), 8) };
    assert_eq!(read(), 8);
    assert_eq!(read(), -1);
    // As after any wake-up a fetch that finds nothing comes next.
    point.settle(|| false);
    point.wake();
    assert!(readable(&fd, 0));
}

#[test]
fn a_sleeper_is_woken() {
    for edge in [0, libc::EPOLLET] {
        let point = EventFd::new();
        let fd = point.descriptor().unwrap();
        let epoll = Epoll::of(&fd, edge);
        thread::scope(|scope| {
            let sleepers = [
                scope.spawn(|| epoll.wait(LONG)),
                scope.spawn(|| readable(&fd, LONG)),
            ];
            point.wake();
            for sleeper in sleepers {
                assert!(sleeper.join().unwrap(), "nobody woke it");
            }
        });
    }
}

/// Things come one by one from several threads; each is taken before its sender sends another, so one wake-up that is lost
/// stops everything.
#[test]
fn nothing_that_comes_is_slept_through() {
    const SENDERS: usize = 2;
    const TAKERS: usize = 2;
    const EACH: usize = 3000;
    let point = EventFd::new();
    let queue = std::sync::Mutex::new(0);
    let taken = AtomicUsize::new(0);
    let patience = Instant::now() + Duration::from_millis(LONG as u64);
    let take = || {
        let mut queue = queue.lock().unwrap();
        let there = *queue > 0;
        *queue -= usize::from(there);
        there
    };
    thread::scope(|scope| {
        let (point, queue, taken, take) = (&point, &queue, &taken, &take);
        for _ in 0..SENDERS {
            scope.spawn(move || {
                for _ in 0..EACH {
                    *queue.lock().unwrap() += 1;
                    point.wake();
                    while *queue.lock().unwrap() > 0 {
                        assert!(Instant::now() < patience, "the takers sleep");
                        thread::yield_now();
                    }
                }
            });
        }
        for _ in 0..TAKERS {
            scope.spawn(move || {
                let fd = point.descriptor().unwrap();
                let epoll = Epoll::of(&fd, 0);
                if *queue.lock().unwrap() > 0 {
                    point.wake();
                }
                while taken.load(SeqCst) < SENDERS * EACH {
                    assert!(epoll.wait(LONG), "slept through");
                    while take() {
                        taken.fetch_add(1, SeqCst);
                    }
                    if taken.load(SeqCst) == SENDERS * EACH {
                        // The others sleep still.
                        point.wake();
                        return;
                    }
                    point.settle(|| *queue.lock().unwrap() > 0);
                }
                point.wake();
            });
        }
    });
    assert_eq!(*queue.lock().unwrap(), 0);
}
