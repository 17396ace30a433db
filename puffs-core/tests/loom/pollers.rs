//! Pollers: who looked before something came, and sleeps, is woken.

use loom::thread;
use puffs_core::{Errno, PollLink, Ref, ReqId};

use crate::kernel::*;

/// What a poller waits for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Request,
    Hangup,
}

/// A poller on a thread of its own, linked already.
fn poller(mount: &TestMount, link: &Ref<PollLink<Loom>, Loom>) -> thread::JoinHandle<Seen> {
    let (mount, link) = (mount.clone(), link.clone());
    thread::spawn(move || {
        link.point.poll(|| {
            let now = mount.readiness();
            match (now.hangup, now.requests) {
                (true, _) => Some(Seen::Hangup),
                (false, 0) => None,
                (false, _) => Some(Seen::Request),
            }
        })
    })
}

fn linked(mount: &TestMount) -> Ref<PollLink<Loom>, Loom> {
    let link = PollLink::new().unwrap();
    assert!(mount.link_poll(1, Some(link.clone())).is_none());
    link
}

#[test]
fn loom_pollers_against_arrival() {
    Model::DEFAULT.ends_in([()], |mount, _| {
        let link = linked(mount);
        let pollers = [(); 2].map(|()| poller(mount, &link));
        mount.send(out()).unwrap();
        for poller in pollers {
            assert_eq!(poller.join().unwrap(), Seen::Request);
        }
        assert_eq!(serve(mount), Ok(()));
    });
}

#[test]
fn loom_poller_against_put_back() {
    Model::DEFAULT.ends_in([()], |mount, _| {
        let link = linked(mount);
        mount.send(out()).unwrap();
        let poller = poller(mount, &link);
        // It takes the request, and gives it back: the poller may have looked between.
        assert_eq!(getop_with_faulting_header(mount), Errno::Fault);
        assert_eq!(poller.join().unwrap(), Seen::Request);
        assert_eq!(serve(mount), Ok(()));
    });
}

#[test]
fn loom_poller_against_start_and_arrival() {
    let mounting = Model {
        started: false,
        ..Model::DEFAULT
    };
    mounting.ends_in([()], |mount, _| {
        let link = linked(mount);
        let poller = poller(mount, &link);
        let sender = thread::spawn({
            let mount = mount.clone();
            move || mount.send(out()).unwrap()
        });
        mount.start(&Default::default()).unwrap();
        assert_eq!(poller.join().unwrap(), Seen::Request);
        sender.join().unwrap();
        assert_eq!(getop(mount, None, false), Ok(ReqId(0)));
    });
}

#[test]
fn loom_poller_against_arrival_and_death() {
    Model::DEFAULT.ends_in([Seen::Request, Seen::Hangup], |mount, _| {
        let link = linked(mount);
        let poller = poller(mount, &link);
        let sender = thread::spawn({
            let mount = mount.clone();
            move || {
                let _ = mount.send(out());
            }
        });
        mount.die();
        sender.join().unwrap();
        poller.join().unwrap()
    });
}
