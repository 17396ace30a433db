//! Event watchers: what they see in every state of their instance, that they are told of each change, and that they
//! outlive whatever they look at.

mod common;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant as Clock};

use common::*;
use puffs_core::{Errno, OnClose, Ref};
use puffs_dev::{Sight, Watcher, filters};

/// A watcher's sight in each state: embryo, mounting, running, dying, unmounted, closed. A request waits in those where one can.
fn cells(filter: i32) -> [Sight; 6] {
    let registry = registry();
    let mut seen = Vec::new();
    for state in 0..6 {
        let instance = registry.open(&lwp(1, 0)).unwrap();
        let (mount, _) = mount();
        let watcher = instance.watch(filter).unwrap();
        if state > 0 {
            registry.bind(&instance, &mount).unwrap();
            send(&mount);
        }
        if state > 1 {
            start(&mount);
        }
        match state {
            3 => mount.die(),
            4 => registry.nuke(&mount),
            5 => registry.close(&instance),
            _ => {}
        }
        let late = instance.watch(filter).unwrap();
        assert_eq!(late.state(), watcher.state(), "attached late, in {state}");
        seen.push(watcher.state());
    }
    seen.try_into().unwrap()
}

#[test]
fn the_read_filter_counts_requests() {
    use Sight::{EndOfFile, Nothing, Ready};
    assert_eq!(
        cells(filters::READ),
        [
            EndOfFile,
            Nothing,
            Ready(1),
            EndOfFile,
            EndOfFile,
            EndOfFile
        ]
    );
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let (mount, _) = mount();
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    let watcher = instance.watch(filters::READ).unwrap();
    assert_eq!(watcher.state(), Nothing);
    for count in 1..5 {
        send(&mount);
        assert_eq!(watcher.state(), Ready(count));
    }
    instance.getop(Server::new().offer(64), true).unwrap();
    assert_eq!(watcher.state(), Ready(3));
}

#[test]
fn the_write_filter_is_always_ready() {
    use Sight::{EndOfFile, Ready};
    assert_eq!(
        cells(filters::WRITE),
        [
            EndOfFile,
            Ready(0),
            Ready(0),
            EndOfFile,
            EndOfFile,
            EndOfFile
        ]
    );
}

#[test]
fn other_filters_are_refused() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    for filter in [0, 1, 2, -3, -7, i32::MIN, i32::MAX] {
        let refused = instance.watch(filter).map(|_| ());
        assert_eq!(refused, Err(Errno::Inval), "{filter}");
    }
}

fn told(watcher: &Watcher<Probe>) -> usize {
    watcher.poll_point().0.load(SeqCst)
}

#[test]
fn watchers_hear_of_every_change() {
    let registry = registry();
    // Death, unmount and close each come last once: what they tell is then theirs alone.
    for last in ["death", "unmount", "close"] {
        let instance = registry.open(&lwp(1, 0)).unwrap();
        let (mount, _) = mount();
        let read = instance.watch(filters::READ).unwrap();
        let write = instance.watch(filters::WRITE).unwrap();
        let mut heard = 0;
        let mut now = |what: &str, r: Sight, w: Sight| {
            assert!(told(&read) > heard, "{what}");
            assert_eq!((read.state(), write.state()), (r, w), "{what}");
            heard = told(&read);
        };
        assert_eq!(read.state(), Sight::EndOfFile);
        registry.bind(&instance, &mount).unwrap();
        now("bind", Sight::Nothing, Sight::Ready(0));
        send(&mount);
        start(&mount);
        now("start", Sight::Ready(1), Sight::Ready(0));
        send(&mount);
        now("arrival", Sight::Ready(2), Sight::Ready(0));
        match last {
            "death" => mount.die(),
            "unmount" => registry.nuke(&mount),
            _ => registry.close(&instance),
        }
        now(last, Sight::EndOfFile, Sight::EndOfFile);
        // And when the end of the file came earlier, nothing gets lost either.
        registry.close(&instance);
    }
}

#[test]
fn a_request_that_comes_back_is_told_of() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let (mount, _) = mount();
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    send(&mount);
    let watcher = instance.watch(filters::READ).unwrap();
    let before = told(&watcher);
    let mut server = Server::new();
    let arg = server.offer(64);
    server.req.aux = 0;
    assert_eq!(instance.getop(arg, true), Err(Errno::Fault));
    assert_eq!(watcher.state(), Sight::Ready(1));
    assert_eq!(told(&watcher), before + 1);
}

/// The host may take its time, and may itself wait for those who are told.
#[test]
fn a_close_tells_before_the_host_unmounts() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let watcher = Ref::<_, Probe>::new(instance.watch(filters::READ).unwrap()).unwrap();
    let theirs = watcher.clone();
    let heard = std::sync::Arc::new(AtomicUsize::new(usize::MAX));
    let before = heard.clone();
    let unmount = Box::new(move |_: &TestMount| {
        assert!(
            told(&theirs) > before.load(SeqCst),
            "they sleep through the unmount"
        );
        assert_eq!(theirs.state(), Sight::EndOfFile);
    });
    let (mount, fate) = mount_with(OnClose::Unmount, Some(unmount));
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    heard.store(told(&watcher), SeqCst);
    registry.close(&instance);
    assert_eq!(fate.unmounts.load(SeqCst), 1);
}

#[test]
fn a_watcher_outlives_instance_and_mount() {
    let before = live();
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let (mount, fate) = mount();
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    let watcher = instance.watch(filters::READ).unwrap();
    send(&mount);
    assert_eq!(watcher.state(), Sight::Ready(1));
    drop(mount);
    assert_eq!(watcher.state(), Sight::Ready(1), "the instance holds it");
    drop(instance);
    assert_eq!(fate.freed.load(SeqCst), 1, "a watcher holds no mount");
    assert_eq!(registry.open_count(), 0, "nor its instance");
    drop(registry);
    assert_eq!(watcher.state(), Sight::EndOfFile);
    assert!(told(&watcher) > 0);
    drop((watcher, fate));
    assert_eq!(live(), before);
}

#[test]
fn a_minor_that_is_another_ones_by_now_is_not_looked_at() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let (mount, _) = mount_with(OnClose::Keep, None);
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    send(&mount);
    let watcher = instance.watch(filters::READ).unwrap();
    assert_eq!(watcher.state(), Sight::Ready(1));
    registry.close(&instance);
    assert_eq!(watcher.state(), Sight::EndOfFile, "the mount lives on");
    let next = registry.open(&lwp(1, 0)).unwrap();
    assert_eq!(next.minor(), instance.minor());
    registry.bind(&next, &mount).unwrap();
    assert_eq!(watcher.state(), Sight::EndOfFile);
    let fresh = next.watch(filters::READ).unwrap();
    assert_eq!(fresh.state(), Sight::Ready(1));
}

/// Serves by its watcher until the end: fetches what it sees, counts it, and sleeps until it is told of more.
fn serve(watcher: &Watcher<Probe>, instance: &TestInstance, fetched: &AtomicUsize) {
    let mut server = Server::new();
    let mut bound = false;
    let patience = Clock::now() + Duration::from_secs(60);
    loop {
        let heard = told(watcher);
        match watcher.state() {
            // An embryo's file has no beginning yet.
            Sight::EndOfFile if bound || heard > 0 => return,
            Sight::Ready(_) if instance.getop(server.offer(64), true).is_ok() => {
                fetched.fetch_add(1, SeqCst);
                continue;
            }
            Sight::EndOfFile => {}
            _ => bound = true,
        }
        while told(watcher) == heard {
            assert!(Clock::now() < patience, "nobody told the watcher");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_server_that_sleeps_on_its_watcher_misses_nothing() {
    const ROUNDS: usize = 200;
    const REQUESTS: usize = 8;
    let registry = registry();
    for round in 0..ROUNDS {
        let instance = registry.open(&lwp(1, 0)).unwrap();
        let watcher = instance.watch(filters::READ).unwrap();
        let (mount, fate) = mount();
        let ready = Barrier::new(2);
        let fetched = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let (instance, watcher, ready, fetched) = (&instance, &watcher, &ready, &fetched);
            scope.spawn(move || {
                ready.wait();
                serve(watcher, instance, fetched);
            });
            ready.wait();
            registry.bind(instance, &mount).unwrap();
            send(&mount);
            start(&mount);
            for sent in 1..=REQUESTS {
                // In half of the rounds the server has the time to fall asleep, and has all before the end comes.
                let patience = Clock::now() + Duration::from_secs(60);
                while round % 2 == 0 && fetched.load(SeqCst) < sent {
                    assert!(Clock::now() < patience, "the server sleeps");
                    std::thread::yield_now();
                }
                if sent < REQUESTS {
                    send(&mount);
                }
            }
            match round / 2 % 3 {
                0 => mount.die(),
                1 => registry.nuke(&mount),
                _ => registry.close(instance),
            }
        });
        registry.close(&instance);
        drop((instance, mount));
        assert_eq!(fate.freed.load(SeqCst), 1);
        assert_eq!(watcher.state(), Sight::EndOfFile);
    }
}

#[test]
fn watchers_look_while_everything_goes() {
    const ROUNDS: usize = 300;
    let registry = registry();
    for round in 0..ROUNDS {
        let instance = registry.open(&lwp(1, 0)).unwrap();
        let (mount, fate) = mount();
        registry.bind(&instance, &mount).unwrap();
        start(&mount);
        send(&mount);
        let ready = Barrier::new(3);
        let watcher = instance.watch(filters::READ).unwrap();
        std::thread::scope(|scope| {
            let (ready, watcher, registry) = (&ready, &watcher, &registry);
            scope.spawn(move || {
                ready.wait();
                // Whichever of them drops the last reference frees the mount, this one included.
                while watcher.state() != Sight::EndOfFile {}
            });
            let theirs = mount.clone();
            scope.spawn(move || {
                ready.wait();
                match round % 2 {
                    0 => registry.nuke(&theirs),
                    _ => theirs.die(),
                }
            });
            drop(mount);
            ready.wait();
            drop(instance);
        });
        assert_eq!(watcher.state(), Sight::EndOfFile);
        assert_eq!(fate.freed.load(SeqCst), 1);
        assert_eq!(registry.open_count(), 0);
    }
}
