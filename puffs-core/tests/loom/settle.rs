//! A server that sleeps until its poll point tells it to look and stays told until somebody takes that back, as the hosted
//! platform's descriptor does, against those who give it something to see.

use loom::thread;
use puffs_core::platform::PollPoint;
use puffs_core::{Errno, PollLink, Ref};

use crate::kernel::*;

/// Serves until so many requests are fetched: fetches until there is nothing, settles, sleeps.
fn serve(mount: &TestMount, link: &Ref<PollLink<Loom>, Loom>, requests: usize) {
    let mut fetched = 0;
    while fetched < requests {
        match getop(mount, None, false) {
            Ok(_) => fetched += 1,
            Err(error) => {
                assert_eq!(error, Errno::WouldBlock);
                link.point.settle(|| mount.readiness().requests > 0);
                link.point.wait_told();
            }
        }
    }
}

#[test]
fn loom_settling_server_against_arrivals() {
    Model::DEFAULT.ends_in([()], |mount, _| {
        let link = PollLink::<Loom>::new().unwrap();
        drop(mount.link_poll(1, Some(link.clone())));
        let sender = thread::spawn({
            let mount = mount.clone();
            move || {
                for _ in 0..2 {
                    mount.send(out()).unwrap();
                }
            }
        });
        serve(mount, &link, 2);
        sender.join().unwrap();
    });
}

/// The poller only looks, since a fetch lets death go first wherever it copies.
#[test]
fn loom_settling_server_against_death() {
    Model::DEFAULT.ends_in([()], |mount, _| {
        let link = PollLink::<Loom>::new().unwrap();
        drop(mount.link_poll(1, Some(link.clone())));
        mount.send(out()).unwrap();
        let killer = thread::spawn({
            let mount = mount.clone();
            move || mount.die()
        });
        let hangup = || mount.readiness().hangup;
        while !hangup() {
            link.point.settle(hangup);
            link.point.wait_told();
        }
        killer.join().unwrap();
    });
}
