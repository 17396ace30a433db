//! Vnodes that a caller has locked: unlocked once its request is queued, locked again before it is back.

mod common;

use std::sync::{Arc, Mutex};

use common::*;
use puffs_core::msg::op::{CLASS_VN, FLAG_FAF};
use puffs_core::msg::wire::StartReq;
use puffs_core::platform::{Platform, Wait};
use puffs_core::{Buf, Config, Cookie, Errno, Late, Mount, MountHost, Outgoing, Terms, Vnode};

const A: Vnode = Vnode(0xa);
const B: Vnode = Vnode(0xb);
/// Dies while it is unlocked.
const DEAD: Vnode = Vnode(0xd);
const ESTALE: i32 = 116;
/// Dies, and its host says so with numbers that are none.
const ODD: [(Vnode, i32); 2] = [(Vnode(0xe), -116), (Vnode(0xf), 134)];

/// What the host was asked, in order.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Unlock(Vnode),
    Lock(Vnode),
    /// A late answer: its result and body.
    Late(Cookie, i32, Vec<u8>),
}
use Asked::{Lock, Unlock};

#[derive(Clone, Default)]
struct Vfs(Arc<Mutex<Vec<Asked>>>);

impl Vfs {
    fn note(&self, asked: Asked) {
        self.0.lock().unwrap().push(asked);
    }

    /// What it was asked since the last time.
    fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl MountHost<Checked> for Vfs {
    fn unlock(&self, vnode: Vnode) {
        self.note(Unlock(vnode));
    }

    fn lock(&self, vnode: Vnode) -> i32 {
        self.note(Lock(vnode));
        match vnode {
            DEAD => ESTALE,
            _ => ODD.iter().find(|odd| odd.0 == vnode).map_or(0, |odd| odd.1),
        }
    }

    fn late(&self, late: Late<Checked>) {
        assert_eq!((late.class, late.optype), (CLASS_VN, 1), "without flags");
        let body = late.answer.body[..late.answer.len].to_vec();
        self.note(Asked::Late(late.cookie, late.answer.rv, body));
    }

    fn unmount(&self, _: &TestMount) {}
}

fn mounted() -> (TestMount, Vfs) {
    let vfs = Vfs::default();
    let config = Config {
        max_requests: 1,
        ..Config::default()
    };
    let mount = Mount::new(config, Some(Box::new(vfs.clone()))).unwrap();
    mount.start(&StartReq::default()).unwrap();
    (mount, vfs)
}

fn terms<'w>(wait: &'w Wait, vnodes: [Option<Vnode>; 2]) -> Terms<'w> {
    Terms {
        vnodes,
        ..Terms::new(wait)
    }
}

/// A call that nobody answers.
fn call(mount: &TestMount, vnodes: [Option<Vnode>; 2]) -> Told {
    flat(mount.call_on(out(b"q"), terms(&expired(), vnodes)))
}

#[test]
fn the_last_is_unlocked_first_and_locked_last() {
    let (mount, vfs) = mounted();
    let timed_out = Err(Errno::TimedOut);
    assert_eq!(call(&mount, [Some(A), Some(B)]), timed_out);
    assert_eq!(vfs.asked(), [Unlock(B), Unlock(A), Lock(A), Lock(B)]);
    assert_eq!(call(&mount, [Some(A), None]), timed_out);
    assert_eq!(vfs.asked(), [Unlock(A), Lock(A)]);
    assert_eq!(call(&mount, [None, Some(B)]), timed_out);
    assert_eq!(vfs.asked(), [Unlock(B), Lock(B)]);
    assert_eq!(call(&mount, [Some(A), Some(A)]), timed_out);
    assert_eq!(vfs.asked(), [Unlock(A), Lock(A)], "one vnode, once");
    assert_eq!(call(&mount, [None, None]), timed_out);
    assert_eq!(vfs.asked(), []);
}

#[test]
fn a_request_that_does_not_enter_leaves_them_locked() {
    let (mount, vfs) = mounted();
    let both = [Some(A), Some(B)];
    let long = Outgoing::vn(1, Cookie(0), Buf::new((256 << 10) + 1).unwrap());
    let refused = mount.call_on(long, terms(&Wait::FOREVER, both));
    assert_eq!(refused.err(), Some(Errno::Inval));
    mount.send(out(b"the only place")).unwrap();
    let full = mount.call_on(
        out(b"q"),
        Terms {
            nowait: true,
            ..terms(&Wait::FOREVER, both)
        },
    );
    assert_eq!(full.err(), Some(Errno::WouldBlock));
    assert_eq!(call(&mount, both), Err(Errno::TimedOut), "in line");
    mount.die();
    assert_eq!(call(&mount, both), Err(Errno::Nxio));
    assert_eq!(vfs.asked(), []);
}

#[test]
fn they_are_unlocked_when_the_server_sees_it_and_locked_when_the_caller_does() {
    let (mount, vfs) = mounted();
    let caller = {
        let mount = mount.clone();
        std::thread::spawn(move || {
            let mut kbuf = *b"q";
            let rv = mount.vntouser_on(
                1,
                &mut kbuf,
                Cookie(0xc0),
                terms(&Wait::FOREVER, [Some(A), None]),
            );
            (rv, kbuf)
        })
    };
    let mut server = Server::new(&mount);
    let fetched = server.getop(64, Some(&Wait::FOREVER)).unwrap();
    until(|| vfs.0.lock().unwrap().len() == 1);
    assert_eq!(vfs.asked(), [Unlock(A)]);
    server
        .answer(puffs_core::ReqId(fetched.req.id), 0, b"a")
        .unwrap();
    assert_eq!(caller.join().unwrap(), (Ok(0), *b"a"));
    assert_eq!(vfs.asked(), [Lock(A)]);
}

#[test]
fn a_vnode_that_died_is_the_callers_error_and_its_answer_is_late() {
    let before = live();
    let (mount, vfs) = mounted();
    let server = {
        let mount = mount.clone();
        std::thread::spawn(move || {
            let mut server = Server::new(&mount);
            while let Ok(fetched) = server.getop(64, Some(&Wait::FOREVER)) {
                let id = puffs_core::ReqId(fetched.req.id);
                server.answer(id, 0, b"made").unwrap();
            }
        })
    };
    let mut kbuf = *b"request";
    let on = terms(&Wait::FOREVER, [Some(DEAD), Some(B)]);
    let rv = mount.vntouser_on(1, &mut kbuf, Cookie(0xc0), on);
    assert_eq!((rv, &kbuf), (Ok(ESTALE), b"request"));
    let late = Asked::Late(Cookie(0xc0), 0, b"made".to_vec());
    assert_eq!(
        vfs.asked(),
        [Unlock(B), Unlock(DEAD), Lock(DEAD), Lock(B), late.clone()],
        "the other one is locked all the same"
    );
    let flagged = Outgoing {
        class: CLASS_VN | FLAG_FAF,
        ..Outgoing::vn(1, Cookie(0xc0), out(b"room").body)
    };
    let on = terms(&Wait::FOREVER, [Some(DEAD), None]);
    assert_eq!(mount.call_on(flagged, on).unwrap().rv, ESTALE);
    assert_eq!(vfs.asked()[2..], *std::slice::from_ref(&late));
    let got = mount.vntouser_adjbuf_on(
        1,
        b"room",
        4,
        Cookie(0xc0),
        terms(&Wait::FOREVER, [Some(B), Some(DEAD)]),
    );
    let got = got.unwrap();
    assert_eq!((got.rv, got.len), (ESTALE, 0));
    assert_eq!(vfs.asked()[4..], [late]);
    mount.die();
    server.join().unwrap();
    let (other, _) = mounted();
    let stale = Ok((ESTALE, vec![]));
    assert_eq!(
        call(&other, [Some(DEAD), None]),
        stale,
        "before its deadline"
    );
    for (odd, _) in ODD {
        let proto = Ok((<Checked as Platform>::errno(Errno::Proto), vec![]));
        assert_eq!(call(&other, [Some(odd), None]), proto, "no error number");
    }
    drop((got, mount, other));
    assert_eq!(live(), before);
}
