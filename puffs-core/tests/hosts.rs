//! What a mount asks of the VFS side that owns it, and what it takes for granted when that has nothing to say.

mod common;

use common::*;
use puffs_core::msg::wire::StartReq;
use puffs_core::platform::Wait;
use puffs_core::{
    Config, Credentials, Errno, Mount, MountHost, OnClose, Outgoing, ReqId, Terms, Vnode,
};

/// A host that answers no question.
struct Silent;

impl MountHost<Checked> for Silent {
    fn unmount(&self, _: &TestMount) {}
}

#[test]
fn a_silent_host_has_defaults() {
    let host = Silent;
    assert_eq!(host.patience(), Wait::FOREVER);
    assert_eq!(host.owner(), Credentials::default());
    assert_eq!(host.on_close(), OnClose::Unmount);
    let mount = Mount::new(Config::default(), Some(Box::new(host))).unwrap();
    assert_eq!(mount.patience(), Wait::FOREVER);
    mount.start(&StartReq::default()).unwrap();
}

#[test]
fn a_silent_host_leaves_vnodes_and_timers_alone() {
    let before = live();
    let mount = Mount::new(Config::default(), Some(Box::new(Silent))).unwrap();
    mount.start(&StartReq::default()).unwrap();
    let wait = expired();
    let terms = Terms {
        vnodes: [Some(Vnode(1)), Some(Vnode(2))],
        ..Terms::new(&wait)
    };
    let ended = mount.call_on(out(b"q"), terms).err();
    assert_eq!(ended, Some(Errno::TimedOut), "no vnode died");
    // Nobody is told of the deadline, but whoever looks finds it.
    let slip = Slip::default();
    let told = slip.clone();
    let done = Box::new(move |ended: Ended| told.note(ended));
    mount
        .submit_until(out(b"q"), None, expired().deadline, done)
        .unwrap();
    assert!(slip.pending());
    assert_eq!(mount.expire(), None);
    assert_eq!(slip.ended(), Err(Errno::TimedOut));
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn a_late_answer_that_its_host_ignores_is_freed() {
    let before = live();
    let mount = Mount::new(Config::default(), Some(Box::new(Silent))).unwrap();
    mount.start(&StartReq::default()).unwrap();
    let mut server = Server::new(&mount);
    let (id, slip) = submit(&mount, out(b"q"));
    server.fetch();
    mount.interrupt(id).unwrap();
    assert_eq!(server.answer(id, 0, b"a"), Err(Errno::Canceled));
    assert_eq!(slip.ended(), Err(Errno::Intr));
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

/// A host whose callers wait a while.
struct Patient(Wait);

impl MountHost<Checked> for Patient {
    fn unmount(&self, _: &TestMount) {}

    fn patience(&self) -> Wait {
        self.0
    }
}

#[test]
fn a_mount_is_as_patient_as_its_host() {
    let mount = |host| Mount::new(Config::default(), host).unwrap();
    assert_eq!(mount(None).patience(), Wait::FOREVER);
    let host: Box<dyn MountHost<Checked>> = Box::new(Patient(INTERRUPTIBLE));
    assert_eq!(mount(Some(host)).patience(), INTERRUPTIBLE);
}

#[test]
fn a_mount_says_what_it_was_made_with() {
    let config = Config {
        max_len: 77,
        max_requests: 5,
        ..Config::default()
    };
    let mount = Mount::<Checked>::new(config, None).unwrap();
    assert!(mount.host().is_none());
    let made = mount.config();
    assert_eq!((made.max_len, made.max_requests), (77, 5));
    assert_eq!((made.max_bytes, made.max_rv), (64 << 20, 133));
}

#[test]
fn a_mount_without_a_host_drops_late_answers() {
    let before = live();
    let mount = Mount::<Checked>::new(Config::default(), None).unwrap();
    mount.start(&StartReq::default()).unwrap();
    let mut server = Server::new(&mount);
    let ended = mount.submit(Outgoing::vn(1, Default::default(), out(b"q").body), {
        Box::new(|_: Ended| {})
    });
    let id: ReqId = ended.unwrap().id;
    server.fetch();
    mount.interrupt(id).unwrap();
    assert_eq!(server.answer(id, 0, b"a"), Err(Errno::Canceled));
    assert_eq!(live(), before);
}
