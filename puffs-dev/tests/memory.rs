//! An open that fails for want of memory, at each allocation in turn, leaves nothing behind; and what is open needs none.

mod common;

use common::*;
use puffs_core::msg::wire::StartReq;
use puffs_core::{Errno, OnClose, Status};
use puffs_dev::{Command, events};

#[test]
fn each_allocation_may_fail() {
    let before = live();
    let mut failed = 0;
    for left in 0.. {
        patience(left);
        let opened = puffs_dev::Registry::<Probe>::new().and_then(|registry| {
            let instance = registry.open(&lwp(1, 0));
            patience(usize::MAX);
            if instance.is_err() {
                assert_eq!(registry.open_count(), 0);
            }
            instance
        });
        patience(usize::MAX);
        match opened {
            Ok(instance) => {
                assert_eq!(instance.minor(), 0);
                break;
            }
            Err(error) => assert_eq!(error, Errno::NoMem),
        }
        failed += 1;
        assert_eq!(live(), before, "after {left} allocations");
    }
    assert!(failed >= 5, "{failed}");
    assert_eq!(live(), before);
}

/// More instances than fit into the first places.
const MANY: usize = 300;

#[test]
fn many_opens_each_of_whose_allocations_fails_once() {
    let before = live();
    let mut instances = Vec::with_capacity(MANY);
    for left in 0.. {
        let registry = registry();
        let mut failed = 0;
        patience(left);
        while instances.len() < MANY {
            match registry.open(&lwp(1, 0)) {
                Ok(instance) => instances.push(instance),
                Err(error) => {
                    patience(usize::MAX);
                    assert_eq!((error, failed), (Errno::NoMem, 0), "allocation {left}");
                    assert_eq!(registry.open_count(), instances.len());
                    failed += 1;
                }
            }
        }
        patience(usize::MAX);
        let minors = instances.iter().map(|instance| instance.minor());
        assert!(minors.eq(0..MANY as u32), "the failed open keeps no minor");
        instances.clear();
        assert_eq!(registry.open_count(), 0);
        if failed == 0 {
            assert!(left > 2 * MANY, "{left}");
            break;
        }
    }
    drop(instances);
    assert_eq!(live(), before);
}

#[test]
fn what_is_open_needs_no_more_memory() {
    let before = live();
    {
        let registry = registry();
        let instances = [(); 4].map(|()| registry.open(&lwp(1, 0)).unwrap());
        let mounts = [OnClose::Unmount, OnClose::Keep, OnClose::Unmount]
            .map(|on_close| mount_with(on_close, None).0);
        submit(&mounts[0]);
        let (mut server, mut start) = (Server::new(), StartReq::default());
        let (start, offer) = (addr(&mut start), server.offer(64));

        patience(0);
        let calls = [
            registry.bind(&instances[0], &mounts[0]),
            registry.setpmp(&lwp(1, 0), -1, &mounts[1], &NoFiles),
            registry.bind(&instances[2], &mounts[2]),
            instances[0].ioctl(Command::STARTOP, start),
            instances[0].getop(offer, true),
            instances[0].putop(offer),
            instances[0].getop(offer, true),
        ];
        let polled = instances[0].poll(!0);
        registry.nuke(&mounts[2]);
        for instance in instances {
            registry.close(&instance);
        }
        patience(usize::MAX);
        assert_eq!(calls[..6], [Ok(()); 6]);
        assert_eq!(calls[6], Err(Errno::WouldBlock));
        assert_eq!(polled, events::WRITABLE);
        let ends = mounts.each_ref().map(|mount| mount.status());
        assert_eq!(ends, [Status::Dying, Status::Mounting, Status::Dying]);
    }
    assert_eq!(live(), before);
}

#[test]
fn a_getter_without_memory_leaves_the_request() {
    let before = live();
    {
        let (registry, (mount, _)) = (registry(), mount());
        let instance = registry.open(&lwp(1, 0)).unwrap();
        registry.bind(&instance, &mount).unwrap();
        let mut server = Server::new();
        let offer = server.offer(64);
        // To sleep it needs an event and a place among the sleepers.
        for left in 0..2 {
            patience(left);
            let got = instance.ioctl(Command::GETOP, offer);
            patience(usize::MAX);
            assert_eq!((got, mount.sleepers()), (Err(Errno::NoMem), (0, 0)));
        }
        start(&mount);
        send(&mount);
        patience(0);
        let got = instance.ioctl(Command::GETOP, offer);
        patience(usize::MAX);
        assert_eq!((got, server.req.auxlen), (Ok(()), 4));
    }
    assert_eq!(live(), before);
}
