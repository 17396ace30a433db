//! Requests: how they are fetched, executed, left and answered.

use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use puffs_core::msg::op::{CLASS_VFS, vfs};
use puffs_core::platform::Wait;
use puffs_core::{Buf, Cookie, Errno, Outgoing, ReqId};
use puffs_vfs::{Failed, attr, file, life, who};
use zerocopy::IntoBytes;

use super::fake::{Fake, Fault, Kernel};
use super::server::{MAXDATA, Served, Style, at, both_styles, pattern};
use crate::kmod::device::call;
use puffs_core::msg::body::{PlainReq, ROOM};

const NODE: Cookie = Cookie(0x10);

/// A read of a few bytes.
fn read(kernel: &Kernel, offset: u64) -> Result<Vec<u8>, Failed> {
    file::read(kernel, &who::kernel(), NODE, offset, 8, 0).map(|data| data.to_vec())
}

fn bytes(offset: u64, len: usize) -> Vec<u8> {
    (0..len).map(|at| pattern(at + offset as usize)).collect()
}

fn figures(kernel: &Kernel) -> Result<u64, Failed> {
    attr::statvfs(kernel, &who::kernel()).map(|figures| figures.files)
}

/// The kernel unmounts, and the loop ends as it should.
fn unmount(served: Served) {
    assert_eq!(served.fake.kill_sb(0), Ok(()));
    served.fake.mounted.store(false, SeqCst);
    let seen = served.seen.clone();
    assert_eq!(served.join(), Ok(()));
    assert_eq!(seen.unmounts(), [0], "told once");
    assert_eq!(seen.syncs.load(SeqCst), 1);
}

fn one_by_one_they_take_a_call_each_or_two_and_a_sleep(style: Style) {
    const N: usize = 200;
    let served = Served::serving(style);
    for n in 0..N {
        assert_eq!(figures(&served.kernel), Ok(n as u64));
    }
    let fake = served.fake.clone();
    let batches = fake.count(call::BATCH);
    match style {
        Style::InDevice => assert!(batches <= N + 2, "{batches}"),
        Style::InLoop => assert!(batches <= 2 * N + 2, "{batches}"),
    }
    assert_eq!((fake.count(call::PUTOP), fake.count(call::GETOP)), (0, 1));
    unmount(served);
}

fn those_that_wait_take_one_call_each(style: Style) {
    const N: usize = 64;
    let served = Served::mounted(style);
    thread::scope(|scope| {
        for _ in 0..N {
            scope.spawn(|| figures(&served.kernel).unwrap());
        }
        served.kernel.waiting(N);
        served.go();
    });
    let fake = served.fake.clone();
    let calls = fake.count(call::BATCH) + fake.count(call::PUTOP);
    // One more for the first, and one should the last caller be slow.
    assert!((N..=N + 2).contains(&calls), "{calls}");
    assert_eq!(served.seen.figures.load(SeqCst), N);
    unmount(served);
}

fn those_that_want_no_answer_come_sixteen_at_a_time(style: Style) {
    const N: usize = 64;
    let served = Served::mounted(style);
    for _ in 0..N {
        life::reclaim(&served.kernel, &who::kernel(), NODE, 1).unwrap();
    }
    served.go();
    assert_eq!(figures(&served.kernel), Ok(0));
    assert_eq!(served.seen.reclaims.load(SeqCst), N);
    let batches = served.fake.count(call::BATCH);
    assert!((5..=8).contains(&batches), "{batches}");
    unmount(served);
}

fn data_go_both_ways(style: Style) {
    let served = Served::serving(style);
    let kernel = &served.kernel;
    for len in [0, 1, 4096, MAXDATA] {
        let data = file::read(kernel, &who::kernel(), NODE, 5, len, 0).unwrap();
        assert_eq!(*data, bytes(5, len));
        let mut body = Buf::new(file::WRITE_HEAD + len).unwrap();
        body[file::WRITE_HEAD..].copy_from_slice(&bytes(7, len));
        let written = file::write(kernel, &who::kernel(), NODE, 7, (body, len), 0);
        assert_eq!(written, Ok(len));
    }
    unmount(served);
}

fn a_longer_message_than_was_agreed_gets_a_larger_buffer(style: Style) {
    let fake = Fake::new();
    fake.extra.store(1 << 20, SeqCst);
    let served = Served::on(fake, style);
    served.go();
    let long = MAXDATA + ROOM + 100_000;
    let head = PlainReq {
        head: who::kernel(),
    };
    let body = Buf::copy_of(head.as_bytes(), long).unwrap();
    let out = Outgoing {
        class: CLASS_VFS,
        copylen: long,
        ..Outgoing::vn(vfs::STATVFS, Cookie(0), body)
    };
    let answer = served.kernel.mount.call(out, &Wait::FOREVER).unwrap();
    assert_eq!(answer.rv, 0);
    assert_eq!(figures(&served.kernel), Ok(1));
    unmount(served);
}

fn others_go_on_while_operations_are_left(style: Style) {
    // More than one fetch brings.
    const LEFT: usize = 40;
    for end in [at::GO_ON, at::RESUME] {
        let served = Served::serving(style);
        thread::scope(|scope| {
            let left: Vec<_> = (0..LEFT)
                .map(|_| scope.spawn(|| read(&served.kernel, at::YIELD)))
                .collect();
            while served.seen.suspended() < LEFT {
                thread::yield_now();
            }
            assert_eq!(figures(&served.kernel), Ok(0));
            assert_eq!(read(&served.kernel, 50), Ok(bytes(50, 8)));
            assert!(left.iter().all(|left| !left.is_finished()));
            assert_eq!(read(&served.kernel, end), Ok(bytes(end, 8)));
            for left in left {
                assert_eq!(left.join().unwrap(), Ok(bytes(at::YIELD, 8)));
            }
        });
        unmount(served);
    }
}

fn an_answer_is_not_held_back_by_the_next_operation(style: Style) {
    let served = Served::mounted(style);
    thread::scope(|scope| {
        let first = scope.spawn(|| figures(&served.kernel));
        served.kernel.waiting(1);
        let second = scope.spawn(|| read(&served.kernel, at::BLOCK));
        served.kernel.waiting(2);
        let third = scope.spawn(|| figures(&served.kernel));
        served.kernel.waiting(3);
        served.go();
        assert_eq!(first.join().unwrap(), Ok(0));
        assert!(!second.is_finished() && !third.is_finished());
        served.seen.release.store(true, SeqCst);
        assert_eq!(second.join().unwrap(), Ok(bytes(at::BLOCK, 8)));
        assert_eq!(third.join().unwrap(), Ok(1));
    });
    unmount(served);
}

fn an_operation_that_another_one_resumes_is_answered_at_once(style: Style) {
    let served = Served::mounted(style);
    thread::scope(|scope| {
        let left = scope.spawn(|| read(&served.kernel, at::YIELD));
        served.kernel.waiting(1);
        let resumes = scope.spawn(|| read(&served.kernel, at::RESUME));
        served.kernel.waiting(2);
        let blocks = scope.spawn(|| read(&served.kernel, at::BLOCK));
        served.kernel.waiting(3);
        served.go();
        assert_eq!(left.join().unwrap(), Ok(bytes(at::YIELD, 8)));
        assert_eq!(resumes.join().unwrap(), Ok(bytes(at::RESUME, 8)));
        assert!(!blocks.is_finished());
        served.seen.release.store(true, SeqCst);
        blocks.join().unwrap().unwrap();
    });
    unmount(served);
}

/// A caller whose request can be interrupted.
fn nervous(served: &Served) -> (Kernel, ReqId) {
    let id = served.kernel.mount.next_id();
    let kernel = Kernel {
        id: Some(id),
        ..served.kernel.clone()
    };
    (kernel, id)
}

const INTERRUPTED: Result<Vec<u8>, Failed> = Err(Failed::Errno(Errno::Intr));

fn the_answer_of_a_caller_who_has_left_goes_to_the_late_hook(style: Style) {
    let served = Served::serving(style);
    let (kernel, id) = nervous(&served);
    thread::scope(|scope| {
        let leaves = scope.spawn(|| read(&kernel, at::YIELD));
        while served.seen.suspended() == 0 {
            thread::yield_now();
        }
        assert_eq!(kernel.mount.interrupt(id), Ok(()));
        assert_eq!(leaves.join().unwrap(), INTERRUPTED);
    });
    read(&served.kernel, at::RESUME).unwrap();
    assert_eq!(served.fake.late.load(SeqCst), 1);
    assert_eq!(figures(&served.kernel), Ok(0));
    unmount(served);
}

fn a_node_is_reclaimed_when_nobody_is_at_work_on_it(style: Style) {
    let served = Served::serving(style);
    let (kernel, id) = nervous(&served);
    thread::scope(|scope| {
        let leaves = scope.spawn(|| read(&kernel, at::YIELD));
        while served.seen.suspended() == 0 {
            thread::yield_now();
        }
        assert_eq!(kernel.mount.interrupt(id), Ok(()));
        assert_eq!(leaves.join().unwrap(), INTERRUPTED);
    });
    // The kernel knows of nobody who uses the node, but the server does.
    for node in [NODE, Cookie(0x20)] {
        life::reclaim(&served.kernel, &who::kernel(), node, 1).unwrap();
    }
    let reclaims = || served.seen.reclaims.load(SeqCst);
    figures(&served.kernel).unwrap();
    assert_eq!(reclaims(), 1, "the other one's");
    read(&served.kernel, at::GO_ON).unwrap();
    while reclaims() < 2 {
        figures(&served.kernel).unwrap();
    }
    assert_eq!(served.fake.late.load(SeqCst), 1);
    unmount(served);
}

fn a_late_answer_keeps_nothing_from_coming(style: Style) {
    let served = Served::serving(style);
    let (kernel, id) = nervous(&served);
    thread::scope(|scope| {
        let leaves = scope.spawn(|| read(&kernel, at::BLOCK));
        while !served.seen.blocked.load(SeqCst) {
            thread::yield_now();
        }
        assert_eq!(kernel.mount.interrupt(id), Ok(()));
        assert_eq!(leaves.join().unwrap(), INTERRUPTED);
        let stays = scope.spawn(|| figures(&served.kernel));
        served.kernel.waiting(1);
        // The answer goes with the call that fetches the other request.
        served.seen.release.store(true, SeqCst);
        assert_eq!(stays.join().unwrap(), Ok(0));
    });
    assert_eq!(served.fake.late.load(SeqCst), 1);
    unmount(served);
}

fn an_answer_that_is_refused_ends_its_request_only(style: Style) {
    let served = Served::serving(style);
    let head = PlainReq {
        head: who::kernel(),
    };
    // No room for the answer to STATVFS.
    let body = Buf::copy_of(head.as_bytes(), size_of::<PlainReq>()).unwrap();
    let out = Outgoing {
        class: CLASS_VFS,
        ..Outgoing::vn(vfs::STATVFS, Cookie(0), body)
    };
    let refused = served.kernel.mount.call(out, &Wait::FOREVER);
    assert_eq!(refused.err(), Some(Errno::Proto));
    assert_eq!(figures(&served.kernel), Ok(1));
    unmount(served);
}

fn a_call_that_was_interrupted_is_made_again(style: Style) {
    let fake = Fake::new();
    let faults = [libc::EINTR, libc::ENOMEM, libc::EAGAIN].map(|e| Fault::Call(call::BATCH, e));
    let served = Served::on(fake.clone(), style);
    fake.faults.lock().unwrap().extend(faults);
    served.go();
    assert_eq!(figures(&served.kernel), Ok(0));
    let again = [
        Fault::Call(call::BATCH, libc::EINTR),
        Fault::Call(call::PUTOP, libc::EINTR),
    ];
    thread::scope(|scope| {
        let left = scope.spawn(|| read(&served.kernel, at::YIELD));
        while served.seen.suspended() == 0 {
            thread::yield_now();
        }
        fake.faults.lock().unwrap().extend(again);
        // The one is answered by PUTOP, the other by BATCH.
        read(&served.kernel, at::RESUME).unwrap();
        assert_eq!(left.join().unwrap(), Ok(bytes(at::YIELD, 8)));
    });
    assert!(fake.faults.lock().unwrap().is_empty());
    unmount(served);
}

fn a_device_that_fails_ends_the_loop_and_the_mount(style: Style) {
    let fake = Fake::new();
    let served = Served::on(fake.clone(), style);
    fake.faults
        .lock()
        .unwrap()
        .push(Fault::Call(call::BATCH, libc::EFAULT));
    served.go();
    assert_eq!(served.join(), Err(libc::EFAULT));
}

both_styles!(
    one_by_one_they_take_a_call_each_or_two_and_a_sleep,
    those_that_wait_take_one_call_each,
    those_that_want_no_answer_come_sixteen_at_a_time,
    data_go_both_ways,
    a_longer_message_than_was_agreed_gets_a_larger_buffer,
    others_go_on_while_operations_are_left,
    an_answer_is_not_held_back_by_the_next_operation,
    an_operation_that_another_one_resumes_is_answered_at_once,
    a_node_is_reclaimed_when_nobody_is_at_work_on_it,
    the_answer_of_a_caller_who_has_left_goes_to_the_late_hook,
    a_late_answer_keeps_nothing_from_coming,
    an_answer_that_is_refused_ends_its_request_only,
    a_call_that_was_interrupted_is_made_again,
    a_device_that_fails_ends_the_loop_and_the_mount,
);
