//! The context of the request that is being executed, `struct puffs_cc`.

use std::cell::Cell;

use puffs_core::msg::body::{self, Head};

use crate::cred::Cred;

/// One request being executed: who asks, and what the server wants done once it is answered.
pub struct Cc {
    cred: Cred,
    pid: u32,
    lwp: u32,
    setback: Cell<u32>,
    setback_allowed: Cell<bool>,
}

impl Cc {
    /// The context of a request with this head; `None` when the head is not valid.
    pub fn of(head: &Head) -> Option<Cc> {
        if head.version != body::VERSION {
            return None;
        }
        Some(Cc {
            cred: Cred::of(head)?,
            pid: head.pid,
            lwp: head.lwp,
            setback: Cell::new(0),
            setback_allowed: Cell::new(false),
        })
    }

    /// Who asks.
    pub const fn cred(&self) -> &Cred {
        &self.cred
    }

    /// Process and thread that ask, if they are known.
    pub const fn caller(&self) -> Option<(u32, u32)> {
        if self.pid == 0 {
            None
        } else {
            Some((self.pid, self.lwp))
        }
    }

    /// From now on the operation may set back: open, mmap, remove, rmdir and inactive may.
    pub(crate) fn allow_setback(&self) {
        self.setback_allowed.set(true);
    }

    /// Notes bits of `PUFFS_SETBACK_*` for the answer.
    ///
    /// # Errors
    /// Nothing is noted when the operation may not, or the bits are not of those.
    pub fn add_setback(&self, bits: u32) -> Result<(), NoSetback> {
        if !self.setback_allowed.get() || bits & !body::setback::MASK != 0 {
            return Err(NoSetback);
        }
        self.setback.set(self.setback.get() | bits);
        Ok(())
    }

    /// The bits noted.
    pub fn setback(&self) -> u32 {
        self.setback.get()
    }
}

/// A setback where none is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSetback;

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            version: body::VERSION,
            cred: body::cred::USER,
            pid: 12,
            lwp: 13,
            ..Head::default()
        }
    }

    #[test]
    fn a_context_knows_its_caller() {
        assert_eq!(Cc::of(&head()).unwrap().caller(), Some((12, 13)));
        assert_eq!(Cc::of(&Head { pid: 0, ..head() }).unwrap().caller(), None);
        let version = body::VERSION + 1;
        assert!(Cc::of(&Head { version, ..head() }).is_none());
        assert!(Cc::of(&Head { cred: 9, ..head() }).is_none());
    }

    #[test]
    fn setbacks_add_up_where_they_are_allowed() {
        let cc = Cc::of(&head()).unwrap();
        assert_eq!(cc.add_setback(1), Err(NoSetback));
        cc.allow_setback();
        assert_eq!(cc.add_setback(0x10), Err(NoSetback));
        assert_eq!(cc.add_setback(0x1), Ok(()));
        assert_eq!(cc.add_setback(0x8), Ok(()));
        assert_eq!(cc.setback(), 0x9);
    }
}
