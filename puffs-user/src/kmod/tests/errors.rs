//! Mounts that fail leave nothing behind; what mount(2) is told.

use std::sync::atomic::Ordering::SeqCst;

use puffs_core::msg::OpSet;
use puffs_core::msg::op::{vfs, vn};
use puffs_core::msg::wire;

use super::fake::{DIR, Fake, Fault, OnFake};
use super::server::{self, MAXDATA, ROOT, Seen};
use crate::c::consts::{PUFFS_FHFLAG_PASSTHROUGH, PUFFS_KFLAG_ALLOPS, PUFFS_KFLAG_NOCACHE};
use crate::host::{Host, MountArgs, MountError, RootInfo, Session, Stale};
use crate::kmod::KmodHost;
use crate::kmod::device::call;
use crate::kmod::error::Error;
use crate::kmod::host::begin;
use crate::vtype::{VDIR, VLNK, VREG};

pub(super) fn args() -> MountArgs {
    MountArgs {
        from: c"here".into(),
        fstype: c"testfs".into(),
        dir: DIR.into(),
        mntflags: 0,
        kflags: PUFFS_KFLAG_NOCACHE,
        root: RootInfo {
            cookie: usize::MAX,
            vtype: VDIR,
            size: u64::MAX,
            rdev: 0x1234,
        },
        ops: OpSet::NONE.with_vn(vn::READ).with_vfs(vfs::SYNC),
        maxdata: MAXDATA,
        fhsize: 0,
        fhflags: 0,
    }
}

/// Tries to mount, and sees that nothing is left behind.
fn fails(args: &MountArgs, prepare: impl FnOnce(&Fake)) -> Error {
    let fake = Fake::new();
    prepare(&fake);
    let before = fake.mounted.load(SeqCst);
    let error = begin(&OnFake(fake.clone()), args).err().unwrap();
    assert_eq!(fake.open_count(), 0, "{error:?} leaves the device open");
    // What cannot be seen cannot be unmounted; it is dead.
    if !fake.hidden.load(SeqCst) {
        let after = fake.mounted.load(SeqCst);
        assert_eq!(after, before, "{error:?} leaves the mount");
    }
    error
}

#[test]
fn what_fails_leaves_nothing_behind() {
    for errno in [libc::ENOENT, libc::EACCES, libc::EBUSY] {
        let error = fails(&args(), |fake| *fake.open.lock().unwrap() = Err(errno));
        assert_eq!(error, Error::Device(errno));
    }
    let fault = |number, errno| {
        move |fake: &Fake| {
            fake.faults.lock().unwrap().push(Fault::Call(number, errno));
        }
    };
    let error = fails(&args(), fault(call::GETOP, libc::ENOTTY));
    assert_eq!(error, Error::NotTheDevice);
    for errno in [libc::EPERM, libc::EINVAL] {
        let error = fails(&args(), |fake| *fake.mount.lock().unwrap() = vec![errno]);
        assert_eq!(error, Error::Mount(errno));
    }
    let error = fails(&args(), fault(call::STARTOP, libc::ENXIO));
    assert_eq!(error, Error::Start(libc::ENXIO));
    let error = fails(&args(), |fake| fake.hidden.store(true, SeqCst));
    assert_eq!(error, Error::MountPoint(libc::EINVAL));
    let error = fails(&args(), |fake| fake.mounted.store(true, SeqCst));
    assert_eq!(error, Error::AlreadyMounted);
}

#[test]
fn what_cannot_be_is_refused() {
    let root = |vtype| RootInfo {
        vtype,
        ..args().root
    };
    let nothing = |_: &Fake| {};
    let link = MountArgs {
        root: root(VLNK),
        ..args()
    };
    assert_eq!(fails(&link, nothing), Error::RootType);
    let file = MountArgs {
        root: root(VREG),
        ..args()
    };
    assert_eq!(fails(&file, nothing), Error::MountPoint(libc::EINVAL));
    let small = MountArgs {
        maxdata: 4095,
        ..args()
    };
    assert_eq!(fails(&small, nothing), Error::TooSmall);
    let nowhere = MountArgs {
        dir: c"/no/such/place".into(),
        ..args()
    };
    assert_eq!(fails(&nowhere, nothing), Error::MountPoint(libc::ENOENT));
}

#[test]
fn every_error_has_an_errno_value_and_words() {
    let errors = [
        (Error::Device(libc::EACCES), libc::EPERM, "users"),
        (Error::Device(libc::ENOENT), libc::ENXIO, "modprobe"),
        (Error::Device(libc::EBUSY), libc::EBUSY, "/dev/puffs"),
        (Error::NotTheDevice, libc::ENXIO, "/dev/puffs"),
        (Error::MountPoint(libc::ENOTDIR), libc::ENOTDIR, "point"),
        (Error::AlreadyMounted, libc::EBUSY, "already"),
        (Error::Mount(libc::EPERM), libc::EPERM, "root"),
        (Error::Mount(libc::ENODEV), libc::ENODEV, "type"),
        (Error::Mount(libc::EINVAL), libc::EINVAL, "version"),
        (Error::Mount(libc::EBUSY), libc::EBUSY, "mount"),
        (Error::Start(libc::EBUSY), libc::EBUSY, "start"),
        (Error::RootType, libc::EINVAL, "root"),
        (Error::TooSmall, libc::EINVAL, "page"),
        (Error::System("epoll", libc::EMFILE), libc::EMFILE, "epoll"),
    ];
    for (error, errno, word) in errors {
        let told = MountError::from(error);
        assert_eq!(told.errno(), errno);
        assert!(told.to_string().contains(word), "{told}");
    }
}

#[test]
fn without_the_module_the_host_says_so() {
    // Where the module is loaded, there is nothing to see here.
    if !std::path::Path::new("/dev/puffs").exists() {
        assert!(!KmodHost.is_there());
        let error = KmodHost.mount(&args()).err().unwrap();
        assert_eq!(error.errno(), libc::ENXIO);
    }
}

#[test]
fn mount_is_told_everything() {
    let fake = Fake::new();
    let session = begin(&OnFake(fake.clone()), &args()).ok().unwrap();
    let options = fake.options.lock().unwrap().clone();
    let option = |name: &str| options[name].clone();
    assert_eq!(option("version"), "1");
    assert_eq!(option("root"), "0xffffffffffffffff");
    assert_eq!(
        (option("vtype"), option("rdev")),
        ("2".into(), "4660".into())
    );
    assert_eq!(option("size"), "18446744073709551615");
    assert_eq!(option("maxlen"), "73728");
    // SYNC is operation 6 of those from bit 49, READ is 8.
    assert_eq!(option("ops"), "0x80000000000100");
    assert_eq!(option("kflags"), "0x3");
    assert_eq!(option("allow_other"), "");
    assert_eq!(options.len(), 10);
    assert_eq!(*fake.fstypes.lock().unwrap(), [b"puffs.testfs"]);
    let mount = fake.kernel.lock().unwrap().clone().unwrap().mount;
    assert_eq!(mount.started().unwrap().root_cookie, u64::MAX);
    drop(session);
    assert!(!fake.mounted.load(SeqCst) && fake.open_count() == 0);
}

#[test]
fn what_is_stale_is_said_by_the_call_for_it() {
    let fake = Fake::new();
    let session = begin(&OnFake(fake.clone()), &args()).ok().unwrap();
    let range = (4096, 8192);
    for (stale, what, cookie, (start, end)) in [
        (Stale::Names(None), wire::Stale::ALL_NAMES, 0, (0, 0)),
        (Stale::Names(Some(7)), wire::Stale::NAMES, 7, (0, 0)),
        (
            Stale::Pages {
                node: 8,
                start: 4096,
                end: 8192,
            },
            wire::Stale::PAGES,
            8,
            range,
        ),
        (
            Stale::Unwritten {
                node: 9,
                start: 4096,
                end: 8192,
            },
            wire::Stale::UNWRITTEN,
            9,
            range,
        ),
    ] {
        session.forget_stale(stale).unwrap();
        let said = fake.stale.lock().unwrap().pop().unwrap();
        let wanted = wire::Stale {
            what,
            cookie,
            start,
            end,
            ..wire::Stale::default()
        };
        assert_eq!(said, wanted);
    }
    let unknown = session.forget_stale(Stale::Names(Some(404)));
    assert_eq!(unknown, Err(libc::ENOENT));
    // A module that does not know the call.
    let fault = Fault::Call(call::STALE, libc::ENOTTY);
    fake.faults.lock().unwrap().push(fault);
    let unsupported = session.forget_stale(Stale::Names(None));
    assert_eq!(unsupported, Err(libc::EOPNOTSUPP));
}

#[test]
fn operations_for_handles_count_where_there_are_handles() {
    let ops = args().ops.with_vfs(vfs::FHTOVP).with_vfs(vfs::VPTOFH);
    let with = |fhsize, fhflags| {
        let fake = Fake::new();
        let args = MountArgs {
            ops,
            fhsize,
            fhflags,
            ..args()
        };
        drop(begin(&OnFake(fake.clone()), &args).ok().unwrap());
        let options = fake.options.lock().unwrap();
        options["ops"].clone()
    };
    let (all, without) = (ops.bits(), args().ops.bits());
    assert_eq!(with(0, 0), format!("{without:#x}"));
    assert_eq!(with(8, 0), format!("{all:#x}"));
    let passed = PUFFS_FHFLAG_PASSTHROUGH as u32;
    assert_eq!(with(0, passed), format!("{all:#x}"));
}

#[test]
fn a_kernel_without_types_of_types_gets_the_plain_one() {
    let fake = Fake::new();
    *fake.mount.lock().unwrap() = vec![libc::ENODEV];
    let all = MountArgs {
        kflags: PUFFS_KFLAG_ALLOPS,
        ..args()
    };
    drop(begin(&OnFake(fake.clone()), &all).ok().unwrap());
    let fstypes = fake.fstypes.lock().unwrap().clone();
    assert_eq!(fstypes, [&b"puffs.testfs"[..], b"puffs"]);
    assert_eq!(fake.options.lock().unwrap()["ops"], "0xffffffffffffffff");
    let error = fails(&args(), |fake| {
        *fake.mount.lock().unwrap() = vec![libc::ENODEV; 2];
    });
    assert_eq!(error, Error::Mount(libc::ENODEV));
}

#[test]
fn a_library_mount_that_fails_can_be_tried_again() {
    let seen = Seen::default();
    let pu = server::context(&seen, server::Style::InLoop);
    let fake = Fake::new();
    *fake.mount.lock().unwrap() = vec![libc::EPERM];
    assert_eq!(server::mount(&pu, &fake), Err(libc::EPERM));
    assert_eq!(server::mount(&pu, &fake), Ok(()));
    let root = format!("{ROOT:#x}");
    assert_eq!(fake.options.lock().unwrap()["root"], root);
    drop(pu);
    assert_eq!(fake.open_count(), 0);
}
