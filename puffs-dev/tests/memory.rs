//! An open that fails for want of memory, at each allocation in turn, leaves nothing behind.

mod common;

use common::*;
use puffs_core::Errno;

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
