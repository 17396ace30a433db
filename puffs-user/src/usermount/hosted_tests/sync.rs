//! The sync that comes by itself.

use puffs_core::msg::op::{CLASS_VN, vn};

use super::*;
use crate::c::consts::PUFFS_MNT_LAZY;
use crate::cred::Cred;

/// A server whose fs_sync says what it was called with, by its private pointer.
fn syncing(syncs: &RefCell<Vec<(c_int, bool)>>) -> Box<Usermount> {
    unsafe extern "C" fn sync(pu: *mut Usermount, waitfor: c_int, cred: *const Cred) -> c_int {
        // SAFETY: the library's pointers; the test keeps the list.
        let (syncs, cred) = unsafe {
            let syncs: *const RefCell<Vec<(c_int, bool)>> = (*pu).settings().specific().cast();
            (&*syncs, &*cred)
        };
        syncs.borrow_mut().push((waitfor, cred.is_fs()));
        0
    }
    let ops = puffs_ops {
        puffs_fs_sync: Some(sync),
        ..testing::OPS
    };
    let private = ptr::from_ref(syncs).cast_mut().cast();
    Usermount::new(&ops, None, None, private, 0).unwrap()
}

#[test]
fn what_was_changed_is_synced_at_last_and_only_that() {
    let syncs = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&syncs);
    let host = host(move |log, server| {
        match log.turns.get() {
            // Nothing that changes anything.
            1 => log.send(CLASS_VFS, vfs::STATVFS, &statvfs()),
            // It is no change that succeeds, but the server has seen it.
            2 => log.send(CLASS_VN, vn::REMOVE, &flags()),
            _ => return Ok(Turn::Gone),
        }
        server.serve();
        assert!(seen.borrow().is_empty());
        assert_eq!(server.at_rest(), log.turns.get() == 1);
        Ok(Turn::More)
    });
    let pu = syncing(&syncs);
    pu.sync_every(Duration::ZERO);
    assert_eq!(pu.mount(&host, c"/", 0, ptr::null_mut()), Ok(()));
    assert_eq!(pu.mainloop(), Ok(()));
    assert_eq!(syncs.take(), [(PUFFS_MNT_LAZY, true)]);
}

#[test]
fn a_sync_that_is_due_ends_a_wait() {
    let syncs = Rc::new(RefCell::new(Vec::new()));
    let host = host(|log, server| {
        if log.turns.get() == 1 {
            log.send(CLASS_VN, vn::REMOVE, &flags());
            server.serve();
            return Ok(Turn::Idle);
        }
        Ok(Turn::Gone)
    });
    let pu = syncing(&syncs);
    pu.sync_every(Duration::from_millis(1));
    unsafe extern "C" fn exit_when_synced(pu: *mut Usermount) {
        // SAFETY: as above.
        let (pu, syncs) = unsafe {
            let syncs: *const RefCell<Vec<(c_int, bool)>> = (*pu).settings().specific().cast();
            (&*pu, &*syncs)
        };
        if !syncs.borrow().is_empty() {
            pu.exit().unwrap();
        }
    }
    pu.settings().loop_fn.set(Some(exit_when_synced));
    assert_eq!(pu.mount(&host, c"/", 0, ptr::null_mut()), Ok(()));
    assert_eq!(pu.mainloop(), Ok(()));
    assert_eq!(syncs.take(), [(PUFFS_MNT_LAZY, true)]);
}

#[test]
fn who_has_nothing_to_sync_is_not_asked() {
    let syncs = Rc::new(RefCell::new(Vec::new()));
    let host = host(|log, server| {
        if log.turns.get() == 1 {
            log.send(CLASS_VN, vn::REMOVE, &flags());
            server.serve();
            assert!(server.at_rest());
            return Ok(Turn::More);
        }
        Ok(Turn::Gone)
    });
    let pu = syncing(&syncs);
    pu.sync_every(Duration::ZERO);
    pu.has_nothing_to_sync();
    assert_eq!(pu.mount(&host, c"/", 0, ptr::null_mut()), Ok(()));
    assert_eq!(pu.mainloop(), Ok(()));
    assert!(syncs.take().is_empty());
}

#[test]
fn the_session_knows_that_a_sync_runs() {
    unsafe extern "C" fn sync(pu: *mut Usermount, _: c_int, _: *const Cred) -> c_int {
        // SAFETY: the context lives.
        unsafe { (*pu).exit().unwrap() };
        0
    }
    let host = host(|log, server| {
        if log.unmounts.get() == 0 {
            log.send(CLASS_VN, vn::REMOVE, &flags());
            server.serve();
            return Ok(Turn::Idle);
        }
        Ok(Turn::Gone)
    });
    let pu = testing::mount(&puffs_ops {
        puffs_fs_sync: Some(sync),
        ..testing::OPS
    });
    pu.sync_every(Duration::ZERO);
    assert_eq!(pu.mount(&host, c"/", 0, ptr::null_mut()), Ok(()));
    assert_eq!(pu.mainloop(), Ok(()));
    // Before the sync, and with the turn that follows it.
    assert_eq!((host.log.busy.get(), host.log.idle.get()), (2, 1));
}

#[test]
fn what_is_changed_during_a_sync_is_for_the_next() {
    thread_local! {
        static LEFT: RefCell<Vec<*const Cc>> = const { RefCell::new(Vec::new()) };
    }
    unsafe extern "C" fn sync(pu: *mut Usermount, _: c_int, _: *const Cred) -> c_int {
        // SAFETY: the context lives, and the request until the operation is over.
        unsafe {
            let cc = (*pu).current();
            LEFT.with_borrow_mut(|left| left.push(cc));
            (*cc).leave().unwrap();
        }
        0
    }
    let host = host(|log, server| {
        let begun = LEFT.with_borrow(Vec::len);
        match log.turns.get() {
            1 | 2 => {
                log.send(CLASS_VN, vn::REMOVE, &flags());
                server.serve();
            }
            3 => {
                assert_eq!(begun, 1);
                assert!(server.at_rest(), "it takes as long as it takes");
                // SAFETY: it is suspended.
                LEFT.with_borrow(|left| unsafe { (*left[0]).schedule().unwrap() });
            }
            _ => {
                assert_eq!(begun, 2);
                return Ok(Turn::Gone);
            }
        }
        Ok(Turn::More)
    });
    let pu = testing::mount(&puffs_ops {
        puffs_fs_sync: Some(sync),
        ..testing::OPS
    });
    pu.sync_every(Duration::ZERO);
    assert_eq!(pu.mount(&host, c"/", 0, ptr::null_mut()), Ok(()));
    assert_eq!(pu.mainloop(), Ok(()));
}

#[test]
fn no_sync_is_due_while_the_server_is_unmounted() {
    let host = host(|_, _| Ok(Turn::Gone));
    let pu = mounted(&host);
    pu.sync_every(Duration::ZERO);
    pu.syncer.note(&wire::Req {
        opclass: CLASS_VN,
        optype: vn::REMOVE,
        ..wire::Req::default()
    });
    // The unmount may be refused.
    for (state, ms) in [
        (State::Running, 0),
        (State::Unmounting, -1),
        (State::Running, 0),
    ] {
        pu.set_state(state);
        assert_eq!(pu.timeout_ms(), ms);
    }
}
