//! Every call of a server in every state of its instance: one test per row of the table.

mod common;

use common::*;
use puffs_core::msg::wire::{Batch, Req, SizeOp, Stale, StartReq};
use puffs_core::{Errno, UserAddr};
use puffs_dev::{Command, Registry, events};
use zerocopy::IntoBytes;

/// The states of an instance, as columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Embryo,
    Mounting,
    Running,
    Dying,
    Unmounted,
    Closed,
}

const ALL: [At; 6] = [
    At::Embryo,
    At::Mounting,
    At::Running,
    At::Dying,
    At::Unmounted,
    At::Closed,
];

struct Scene {
    registry: Registry<Probe>,
    instance: TestInstance,
    mount: TestMount,
}

impl Scene {
    fn at(state: At) -> Scene {
        let registry = registry();
        let instance = registry.open(&lwp(1, 0)).unwrap();
        let (mount, _) = mount();
        if state != At::Embryo {
            registry.bind(&instance, &mount).unwrap();
        }
        match state {
            At::Embryo | At::Mounting => {}
            At::Running => start(&mount),
            At::Dying => mount.die(),
            At::Unmounted => registry.nuke(&mount),
            At::Closed => registry.close(&instance),
        }
        Scene {
            registry,
            instance,
            mount,
        }
    }
}

const GONE: u32 = events::ERR | events::HUP;

#[test]
fn getop() {
    for state in ALL {
        let scene = Scene::at(state);
        let mut server = Server::new();
        let wanted = match state {
            At::Embryo | At::Unmounted | At::Closed => Errno::NoEnt,
            At::Mounting | At::Running => Errno::WouldBlock,
            At::Dying => Errno::Nxio,
        };
        let arg = server.offer(64);
        assert_eq!(scene.instance.getop(arg, true), Err(wanted), "{state:?}");
        scene.instance.set_nonblock(true);
        let arg = server.offer(64);
        let got = scene.instance.ioctl(Command::GETOP, arg);
        assert_eq!(got, Err(wanted), "{state:?}");
    }
    let scene = Scene::at(At::Running);
    send(&scene.mount);
    let mut server = Server::new();
    assert_eq!(
        scene.instance.ioctl(Command::GETOP, server.offer(3)),
        Err(Errno::TooBig)
    );
    assert_eq!(server.req.auxlen, 4);
    assert_eq!(
        scene.instance.ioctl(Command::GETOP, UserAddr(0)),
        Err(Errno::Fault)
    );
    scene
        .instance
        .ioctl(Command::GETOP, server.offer(64))
        .unwrap();
    assert_eq!((server.req.id, server.req.auxlen), (0, 4));
}

#[test]
fn sizeop() {
    for state in ALL {
        let scene = Scene::at(state);
        let wanted = match state {
            At::Embryo | At::Unmounted | At::Closed => Errno::NoEnt,
            At::Mounting | At::Running => Errno::Inval,
            At::Dying => Errno::Nxio,
        };
        let mut asked = SizeOp {
            reqid: 1,
            ..SizeOp::default()
        };
        let arg = UserAddr(asked.as_mut_bytes().as_mut_ptr().expose_provenance());
        let got = scene.instance.ioctl(Command::SIZEOP, arg);
        assert_eq!(got, Err(wanted), "{state:?}");
    }
}

#[test]
fn batch() {
    for state in ALL {
        let scene = Scene::at(state);
        let mut server = Server::new();
        let mut batch = Batch {
            get: server.offer(64).0,
            nget: 1,
            ..Batch::default()
        };
        let arg = UserAddr(batch.as_mut_bytes().as_mut_ptr().expose_provenance());
        let wanted = match state {
            At::Embryo | At::Unmounted | At::Closed => Errno::NoEnt,
            At::Mounting | At::Running => Errno::WouldBlock,
            At::Dying => Errno::Nxio,
        };
        assert_eq!(scene.instance.batch(arg, true), Err(wanted), "{state:?}");
        scene.instance.set_nonblock(true);
        let got = scene.instance.ioctl(Command::BATCH, arg);
        assert_eq!(got, Err(wanted), "{state:?}");
    }
    let scene = Scene::at(At::Running);
    send(&scene.mount);
    send(&scene.mount);
    let mut server = Server::new();
    let mut batch = Batch {
        get: server.offer(64).0,
        nget: 1,
        ..Batch::default()
    };
    let arg = UserAddr(batch.as_mut_bytes().as_mut_ptr().expose_provenance());
    scene.instance.ioctl(Command::BATCH, arg).unwrap();
    assert_eq!((batch.nget, server.req.auxlen), (1, 4));
    assert_eq!(scene.mount.readiness().requests, 1);
}

#[test]
fn wake() {
    for state in ALL {
        let scene = Scene::at(state);
        let wanted = match state {
            At::Embryo | At::Unmounted | At::Closed => Err(Errno::NoEnt),
            At::Mounting | At::Running => Ok(()),
            At::Dying => Err(Errno::Nxio),
        };
        let woken = scene.instance.ioctl(Command::WAKE, UserAddr(0));
        assert_eq!(woken, wanted, "{state:?}");
        assert_eq!(scene.instance.wake(), wanted, "{state:?}");
        if wanted.is_ok() {
            let mut server = Server::new();
            let arg = server.offer(64);
            assert_eq!(scene.instance.getop(arg, true), Err(Errno::WouldBlock));
            assert_eq!(scene.instance.getop(arg, false), Err(Errno::Woken));
        }
    }
}

#[test]
fn stale() {
    let call = |scene: &Scene, mut stale: Stale| {
        let arg = UserAddr(stale.as_mut_bytes().as_mut_ptr().expose_provenance());
        scene.instance.ioctl(Command::STALE, arg)
    };
    let pages = Stale {
        what: Stale::PAGES,
        start: 4096,
        end: 4096,
        ..Stale::default()
    };
    for state in ALL {
        let scene = Scene::at(state);
        let wanted = match state {
            At::Embryo | At::Unmounted | At::Closed => Err(Errno::NoEnt),
            At::Mounting | At::Running => Ok(()),
            At::Dying => Err(Errno::Nxio),
        };
        assert_eq!(call(&scene, pages), wanted, "{state:?}");
        if wanted.is_err() {
            continue;
        }
        // The host is asked, and says no.
        let cookie = 1;
        assert_eq!(call(&scene, Stale { cookie, ..pages }), Err(Errno::NoEnt));
        // It is not asked about what there is none of.
        for wrong in [
            Stale { what: 0, ..pages },
            Stale { what: 5, ..pages },
            Stale {
                reserved: 1,
                ..pages
            },
            Stale { end: 4095, ..pages },
        ] {
            assert_eq!(call(&scene, wrong), Err(Errno::Inval), "{wrong:?}");
        }
        let nowhere = scene.instance.ioctl(Command::STALE, UserAddr(0));
        assert_eq!(nowhere, Err(Errno::Fault));
    }
}

#[test]
fn getop_sleeps_where_there_is_nothing_yet() {
    for state in [At::Mounting, At::Running] {
        let scene = Scene::at(state);
        let theirs = scene.instance.clone();
        let getter = std::thread::spawn(move || {
            let mut server = Server::new();
            let arg = server.offer(64);
            theirs.ioctl(Command::GETOP, arg).map(|()| server.req.id)
        });
        // However late the getter is, it finds the request or is woken for it.
        if state == At::Mounting {
            start(&scene.mount);
        }
        send(&scene.mount);
        assert_eq!(getter.join().unwrap(), Ok(0), "{state:?}");
    }
}

#[test]
fn putop() {
    for state in ALL {
        let scene = Scene::at(state);
        let mut server = Server::new();
        let wanted = match state {
            At::Embryo | At::Unmounted | At::Closed => Errno::NoEnt,
            At::Mounting | At::Running => Errno::Inval,
            At::Dying => Errno::Nxio,
        };
        let arg = server.offer(0);
        let got = scene.instance.ioctl(Command::PUTOP, arg);
        assert_eq!(got, Err(wanted), "{state:?}");
        assert_eq!(scene.instance.putop(arg), Err(wanted), "{state:?}");
    }
    let scene = Scene::at(At::Running);
    submit(&scene.mount);
    let mut server = Server::new();
    scene.instance.getop(server.offer(64), true).unwrap();
    let arg = server.header();
    assert_eq!(scene.instance.ioctl(Command::PUTOP, arg), Ok(()));
    assert_eq!(scene.instance.ioctl(Command::PUTOP, arg), Err(Errno::Inval));
}

#[test]
fn startop() {
    for state in ALL {
        let scene = Scene::at(state);
        let mut request = StartReq {
            root_cookie: 77,
            ..Default::default()
        };
        let wanted = match state {
            At::Embryo | At::Unmounted | At::Closed => Err(Errno::NoEnt),
            At::Mounting => Ok(()),
            At::Running => Err(Errno::Busy),
            At::Dying => Err(Errno::Nxio),
        };
        if state == At::Mounting {
            let got = scene.instance.ioctl(Command::STARTOP, UserAddr(0));
            assert_eq!(got, Err(Errno::Fault));
        }
        let got = scene.instance.ioctl(Command::STARTOP, addr(&mut request));
        assert_eq!(got, wanted, "{state:?}");
        if wanted.is_ok() {
            assert_eq!(scene.mount.started().unwrap().root_cookie, 77);
        }
    }
}

#[test]
fn fionbio() {
    for state in ALL {
        let scene = Scene::at(state);
        for on in [1, 0] {
            let mut on: i32 = on;
            let got = scene.instance.ioctl(Command::FIONBIO, addr(&mut on));
            assert_eq!(got, Ok(()), "{state:?}");
        }
        assert_eq!(
            scene.instance.ioctl(Command::FIONBIO, UserAddr(0)),
            Err(Errno::Fault)
        );
    }
    let scene = Scene::at(At::Running);
    let mut on: i32 = 256;
    scene
        .instance
        .ioctl(Command::FIONBIO, addr(&mut on))
        .unwrap();
    let mut server = Server::new();
    let got = scene.instance.ioctl(Command::GETOP, server.offer(64));
    assert_eq!(got, Err(Errno::WouldBlock));
}

#[test]
fn poll() {
    for state in ALL {
        let scene = Scene::at(state);
        if state == At::Mounting || state == At::Running {
            let all = scene.instance.poll(!0);
            assert_eq!(all, events::WRITABLE, "{state:?}");
            assert_eq!(scene.instance.poll(events::IN), 0, "{state:?}");
            assert_eq!(scene.instance.poll(events::OUT), events::OUT, "{state:?}");
            send(&scene.mount);
            let readable = state == At::Running;
            for asked in [0, events::IN, events::OUT, events::IN | events::OUT, 0x40] {
                let wanted = match readable {
                    true => asked,
                    false => asked & events::OUT,
                };
                assert_eq!(scene.instance.poll(asked), wanted, "{state:?} {asked:#x}");
            }
        } else {
            for asked in [0, events::IN, events::OUT, !0] {
                assert_eq!(scene.instance.poll(asked), GONE, "{state:?} {asked:#x}");
            }
        }
    }
}

#[test]
fn other_calls() {
    let other_size = Command {
        size: size_of::<Req>() + 8,
        ..Command::GETOP
    };
    let other_group = Command {
        group: b'q',
        ..Command::GETOP
    };
    for state in ALL {
        let scene = Scene::at(state);
        for command in [other_size, other_group] {
            let mut server = Server::new();
            let arg = server.offer(64);
            let got = scene.instance.ioctl(command, arg);
            assert_eq!(got, Err(Errno::Inval), "{state:?} {command:?}");
        }
        assert_eq!(scene.instance.read(), Err(Errno::NoDev));
        assert_eq!(scene.instance.write(), Err(Errno::NoDev));
        assert_eq!(
            scene.registry.open_count(),
            usize::from(state != At::Closed)
        );
    }
}
