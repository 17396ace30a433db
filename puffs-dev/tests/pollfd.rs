//! A server in process that sleeps in epoll, on the descriptor of its open device.

use std::io::Error;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use puffs_core::msg::op::vn;
use puffs_core::msg::wire::{Batch, Req, StartReq};
use puffs_core::platform::Hosted;
use puffs_core::{Buf, Config, Cookie, Errno, Mount, MountHost, OnClose, Outgoing, Ref, UserAddr};
use puffs_dev::{Instance, Lwp, Registry, events};
use zerocopy::IntoBytes;

type TestMount = Ref<Mount<Hosted>, Hosted>;
type TestInstance = Ref<Instance<Hosted>, Hosted>;

/// Milliseconds after which a sleeper is taken for one that nobody will wake.
const LONG: i32 = 60_000;

fn open(registry: &Registry<Hosted>) -> TestInstance {
    registry.open(&Lwp::default()).unwrap()
}

fn mount() -> TestMount {
    Mount::new(Config::default(), None).unwrap()
}

fn start(mount: &TestMount) {
    mount.start(&StartReq::default()).unwrap();
}

fn send(mount: &TestMount) -> Result<(), Errno> {
    let body = Buf::copy_of(b"body", 4).unwrap();
    mount.send(Outgoing::vn(vn::RECLAIM, Cookie(1), body))
}

/// A fetch that does not wait.
fn getop(instance: &TestInstance) -> Result<(), Errno> {
    let mut body = [0u8; 16];
    let mut req = Req {
        aux: body.as_mut_ptr().expose_provenance(),
        auxlen: body.len(),
        ..Req::default()
    };
    let arg = UserAddr(req.as_mut_bytes().as_mut_ptr().expose_provenance());
    instance.getop(arg, true)
}

/// A fetch of up to eight that does not wait; how many came.
fn batch(instance: &TestInstance) -> Result<usize, Errno> {
    let mut bodies = [[0u8; 16]; 8];
    let mut room = bodies.each_mut().map(|body| Req {
        aux: body.as_mut_ptr().expose_provenance(),
        auxlen: body.len(),
        ..Req::default()
    });
    let mut batch = Batch {
        get: room.as_mut_ptr().expose_provenance(),
        nget: room.len(),
        ..Batch::default()
    };
    let arg = UserAddr(batch.as_mut_bytes().as_mut_ptr().expose_provenance());
    instance.batch(arg, true).map(|()| batch.nget)
}

/// An epoll set with one descriptor in it.
struct Epoll(i32);

impl Epoll {
    fn of(fd: &OwnedFd) -> Epoll {
        // SAFETY: takes a number.
        let set = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        assert!(set >= 0, "{}", Error::last_os_error());
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN.cast_unsigned(),
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

    fn now(&self) -> bool {
        self.wait(0)
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        // SAFETY: the set is ours.
        unsafe { libc::close(self.0) };
    }
}

#[test]
fn it_follows_the_life_of_a_mount() {
    let registry = Registry::<Hosted>::new().unwrap();
    let (instance, mount) = (open(&registry), mount());
    let fd = instance.pollfd().unwrap();
    let epoll = Epoll::of(&fd);
    assert!(epoll.now(), "an embryo hangs up, as for poll");
    assert_eq!(getop(&instance), Err(Errno::NoEnt));
    assert!(epoll.now());

    registry.bind(&instance, &mount).unwrap();
    assert!(epoll.now());
    assert_eq!(getop(&instance), Err(Errno::WouldBlock));
    assert!(!epoll.now(), "a fetch that finds nothing takes it back");
    send(&mount).unwrap();
    assert!(!epoll.now(), "nothing can be fetched before the start");
    start(&mount);
    assert!(epoll.now());

    send(&mount).unwrap();
    assert_eq!(getop(&instance), Ok(()));
    assert!(epoll.now());
    assert_eq!(getop(&instance), Ok(()));
    assert_eq!(getop(&instance), Err(Errno::WouldBlock));
    assert!(!epoll.now());
    send(&mount).unwrap();
    assert!(epoll.now());
    assert_eq!(getop(&instance), Ok(()));
    assert_eq!(getop(&instance), Err(Errno::WouldBlock));

    mount.die();
    for _ in 0..3 {
        assert!(epoll.now(), "death stays");
        assert_eq!(getop(&instance), Err(Errno::Nxio));
    }
    registry.nuke(&mount);
    assert_eq!(getop(&instance), Err(Errno::NoEnt));
    assert!(epoll.now());
    registry.close(&instance);
    drop((instance, mount, registry));
    assert!(epoll.now(), "and the descriptor outlives it all");
}

#[test]
fn what_was_there_before_it_is_seen() {
    let registry = Registry::<Hosted>::new().unwrap();
    let (instance, mount) = (open(&registry), mount());
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    let quiet = instance.pollfd().unwrap();
    assert!(!Epoll::of(&quiet).now());

    let (second, other) = (open(&registry), self::mount());
    registry.bind(&second, &other).unwrap();
    start(&other);
    send(&other).unwrap();
    let fd = second.pollfd().unwrap();
    assert!(Epoll::of(&fd).now());

    let third = open(&registry);
    registry.close(&third);
    let fd = third.pollfd().unwrap();
    assert!(Epoll::of(&fd).now());
}

#[test]
fn only_a_fetch_that_finds_nothing_takes_it_back() {
    let registry = Registry::<Hosted>::new().unwrap();
    let (instance, mount) = (open(&registry), mount());
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    let fd = instance.pollfd().unwrap();
    let epoll = Epoll::of(&fd);
    send(&mount).unwrap();
    let mut req = Req {
        aux: 0,
        auxlen: 3,
        ..Req::default()
    };
    for wanted in [Errno::TooBig, Errno::Fault] {
        let arg = UserAddr(req.as_mut_bytes().as_mut_ptr().expose_provenance());
        assert_eq!(instance.getop(arg, true), Err(wanted));
        assert!(epoll.now());
        assert_eq!(instance.poll(events::IN), events::IN);
        req.auxlen = 16;
    }
    assert_eq!(getop(&instance), Ok(()));
    assert!(epoll.now());
    assert_eq!(getop(&instance), Err(Errno::WouldBlock));
    assert!(!epoll.now());
}

/// A host that keeps a mount whose server closes.
struct Keeper;

impl MountHost<Hosted> for Keeper {
    fn unmount(&self, _: &TestMount) {}

    fn on_close(&self) -> OnClose {
        OnClose::Keep
    }
}

#[test]
fn a_close_is_told_though_the_mount_lives_on() {
    let registry = Registry::<Hosted>::new().unwrap();
    let instance = open(&registry);
    let mount = Mount::new(Config::default(), Some(Box::new(Keeper))).unwrap();
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    let fd = instance.pollfd().unwrap();
    let epoll = Epoll::of(&fd);
    assert!(!epoll.now());
    registry.close(&instance);
    assert!(epoll.now());
}

/// Waits until nothing is `left`.
fn served(left: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_millis(LONG as u64);
    while left() {
        assert!(Instant::now() < patience, "the servers sleep");
        std::thread::yield_now();
    }
}

/// Fetches until there is nothing, sleeps, and so on, until the end.
fn serve(instance: &TestInstance, epoll: &Epoll, fetched: &AtomicUsize) -> Errno {
    for several in [false, true].into_iter().cycle() {
        let found = match several {
            false => getop(instance).map(|()| 1),
            true => batch(instance),
        };
        match found {
            Ok(came) => {
                fetched.fetch_add(came, SeqCst);
            }
            Err(Errno::WouldBlock) => assert!(epoll.wait(LONG), "nobody woke the server"),
            Err(error) => return error,
        }
    }
    unreachable!("it ends by an error only")
}

#[test]
fn a_batch_that_finds_nothing_takes_it_back() {
    let registry = Registry::<Hosted>::new().unwrap();
    let (instance, mount) = (open(&registry), mount());
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    let epoll_fd = instance.pollfd().unwrap();
    let epoll = Epoll::of(&epoll_fd);
    assert_eq!(batch(&instance), Err(Errno::WouldBlock));
    assert!(!epoll.wait(0));
    send(&mount).unwrap();
    send(&mount).unwrap();
    assert!(epoll.wait(0));
    assert_eq!(batch(&instance), Ok(2));
    assert_eq!(batch(&instance), Err(Errno::WouldBlock));
    assert!(!epoll.wait(0));
}

#[test]
fn a_server_that_sleeps_in_epoll_misses_nothing() {
    const SERVERS: usize = 2;
    const SENDERS: usize = 2;
    const ROUNDS: usize = 20;
    const EACH: usize = 200;
    let registry = Registry::<Hosted>::new().unwrap();
    for round in 0..ROUNDS {
        let (instance, mount) = (open(&registry), mount());
        registry.bind(&instance, &mount).unwrap();
        let fetched = AtomicUsize::new(0);
        let ready = Barrier::new(SERVERS + SENDERS + 1);
        std::thread::scope(|scope| {
            let (instance, mount, fetched, ready) = (&instance, &mount, &fetched, &ready);
            let servers: Vec<_> = (0..SERVERS)
                .map(|_| {
                    scope.spawn(move || {
                        ready.wait();
                        let fd = instance.pollfd().unwrap();
                        let epoll = Epoll::of(&fd);
                        serve(instance, &epoll, fetched)
                    })
                })
                .collect();
            let senders: Vec<_> = (0..SENDERS)
                .map(|_| {
                    scope.spawn(move || {
                        ready.wait();
                        for sent in 0..EACH {
                            send(mount).unwrap();
                            // Now and then the servers get the time to fall asleep.
                            if sent % 4 == 0 {
                                served(|| mount.readiness().requests > 0);
                            }
                        }
                    })
                })
                .collect();
            ready.wait();
            start(mount);
            for sender in senders {
                sender.join().unwrap();
            }
            // What a server has not got yet when death comes, it does not get.
            served(|| fetched.load(SeqCst) < SENDERS * EACH);
            let end = match round % 3 {
                0 => {
                    mount.die();
                    Errno::Nxio
                }
                1 => {
                    registry.nuke(mount);
                    Errno::NoEnt
                }
                _ => {
                    registry.close(instance);
                    Errno::NoEnt
                }
            };
            for server in servers {
                let ended = server.join().unwrap();
                assert!(ended == end || ended == Errno::Nxio, "{ended:?}");
            }
        });
        assert_eq!(fetched.load(SeqCst), SENDERS * EACH);
    }
}
