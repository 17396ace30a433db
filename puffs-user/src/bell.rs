//! Waking main loops that sleep in a call of their device, where they watch no descriptor: threads ring, and signal handlers.
//!
//! A session hangs up what wakes it, under a [`Key`] of its own, and takes it down before its device goes. Who wants something of a main
//! loop sets what the loop looks at, and then rings: a loop that has looked before finds the ring when it would sleep, since the device keeps it
//! (`PUFFSWAKE`).
//!
//! # What a ring reaches is there
//!
//! A handler takes no lock. So a list is never changed: another takes its place, and who has put it there waits until nobody rings, before
//! the old one is dropped and what was on it may go, such as the number of a descriptor. Who rings says so before it looks for the list. Either
//! the count is seen by who replaces the list, or the new list by who rings: all four steps are `SeqCst`. Rings do not sleep, so the wait is short.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Names one session in the life of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Key(u64);

impl Key {
    /// One that no other session has.
    pub(crate) fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Key(LAST.fetch_add(1, SeqCst) + 1)
    }

    /// Nobody's.
    pub(crate) const NONE: Key = Key(0);
}

/// A key that threads and handlers read.
pub(crate) struct SharedKey(AtomicU64);

impl SharedKey {
    pub(crate) const fn new() -> Self {
        SharedKey(AtomicU64::new(Key::NONE.0))
    }

    pub(crate) fn set(&self, key: Key) {
        self.0.store(key.0, SeqCst);
    }

    pub(crate) fn get(&self) -> Key {
        Key(self.0.load(SeqCst))
    }
}

/// Wakes one session, without sleeping, and safely in a signal handler.
type Pull = Arc<dyn Fn() + Send + Sync>;
type List = Vec<(Key, Pull)>;

/// Null for none.
static LIST: AtomicPtr<List> = AtomicPtr::new(ptr::null_mut());
/// How many ring.
static RINGING: AtomicUsize = AtomicUsize::new(0);
/// Who changes the list.
static CHANGE: Mutex<()> = Mutex::new(());

/// A bell that hangs; dropped, it is taken down.
pub(crate) struct Hung(Key);

/// Hangs one up.
pub(crate) fn hang(key: Key, pull: impl Fn() + Send + Sync + 'static) -> Hung {
    forget_in_children();
    let pull: Pull = Arc::new(pull);
    change(|list| list.push((key, pull.clone())));
    Hung(key)
}

impl Drop for Hung {
    fn drop(&mut self) {
        change(|list| list.retain(|(key, _)| *key != self.0));
    }
}

/// Rings for one session; nothing happens when it has no bell. Safe in a signal handler; changes errno.
pub(crate) fn ring(key: Key) {
    ring_those(|other| other == key);
}

/// Rings for every session of the process.
pub(crate) fn ring_all() {
    ring_those(|_| true);
}

fn ring_those(wanted: impl Fn(Key) -> bool) {
    RINGING.fetch_add(1, SeqCst);
    // SAFETY: null, or a list that is not dropped before we say that we no longer ring.
    if let Some(list) = unsafe { LIST.load(SeqCst).as_ref() } {
        for (_, pull) in list.iter().filter(|(key, _)| wanted(*key)) {
            pull();
        }
    }
    RINGING.fetch_sub(1, SeqCst);
}

fn change(f: impl FnOnce(&mut List)) {
    let changing = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: null, or a list that only we drop.
    let mut list = unsafe { LIST.load(SeqCst).as_ref() }
        .cloned()
        .unwrap_or_default();
    f(&mut list);
    let list = match list.is_empty() {
        true => ptr::null_mut(),
        false => Box::into_raw(Box::new(list)),
    };
    let old = LIST.swap(list, SeqCst);
    // Not by spinning alone, lest a thread that rings has no processor because of us.
    while RINGING.load(SeqCst) > 0 {
        std::thread::sleep(Duration::from_micros(50));
    }
    if !old.is_null() {
        // SAFETY: it came from a box, and nobody has it any more.
        drop(unsafe { Box::from_raw(old) });
    }
    drop(changing);
}

/// In a child of this process nobody rings: it has the thread that forked only.
fn forget_in_children() {
    static DONE: AtomicBool = AtomicBool::new(false);
    extern "C" fn in_child() {
        RINGING.store(0, SeqCst);
    }
    if !DONE.swap(true, SeqCst) {
        // SAFETY: the handler only stores.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts its rings.
    fn counting() -> (Key, Arc<AtomicUsize>, Hung) {
        let (key, count) = (Key::new(), Arc::new(AtomicUsize::new(0)));
        let rings = count.clone();
        let hung = hang(key, move || {
            rings.fetch_add(1, SeqCst);
        });
        (key, count, hung)
    }

    #[test]
    fn rings_reach_whom_they_are_for() {
        let (one, rang_one, hung_one) = counting();
        let (other, rang_other, _hung) = counting();
        let rang = || (rang_one.load(SeqCst), rang_other.load(SeqCst));
        ring(one);
        ring(other);
        ring(other);
        ring(Key::NONE);
        assert_eq!(rang(), (1, 2));
        drop(hung_one);
        ring(one);
        assert_eq!(rang(), (1, 2), "it is down");
        assert_eq!(Arc::strong_count(&rang_one), 1, "and gone");
        ring(other);
        assert_eq!(rang(), (1, 3));
    }

    #[test]
    fn what_rings_is_not_taken_down() {
        let down = Arc::new(AtomicBool::new(false));
        let (key, rang) = (Key::new(), Arc::new(AtomicBool::new(false)));
        let hung = hang(key, {
            let (down, rang) = (down.clone(), rang.clone());
            move || {
                rang.store(true, SeqCst);
                // As long as it would have to be.
                for _ in 0..20 {
                    std::thread::sleep(Duration::from_millis(1));
                    assert!(!down.load(SeqCst), "taken down while it rang");
                }
            }
        });
        let ringer = std::thread::spawn(move || ring(key));
        while !rang.load(SeqCst) {
            std::thread::yield_now();
        }
        drop(hung);
        down.store(true, SeqCst);
        ringer.join().unwrap();
    }
}
