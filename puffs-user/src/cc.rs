//! The context of the request that is being executed, `struct puffs_cc`.

use std::cell::Cell;
use std::ptr;
use std::rc::Rc;

use puffs_core::msg::body::{self, Head};

use crate::cred::Cred;
use crate::fiber::{self, Fiber};
use crate::usermount::Usermount;

/// One request being executed: who asks, and what the server wants done once it is answered.
pub struct Cc {
    cred: Cred,
    pid: u32,
    lwp: u32,
    setback: Cell<u32>,
    setback_allowed: Cell<bool>,
    /// Who executes it, and on which stack; null before that begins, and the stack where it has none of its own.
    pu: Cell<*const Usermount>,
    fiber: Cell<*const Fiber>,
}

/// Why a request cannot be left or gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CcError {
    /// To be left: it is not the one being executed.
    NotCurrent,
    /// It has no stack of its own.
    NoStack,
    /// To be gone on with: it is being executed.
    NotYielded,
}

impl CcError {
    /// In words, for a warning.
    pub const fn words(self) -> &'static str {
        match self {
            CcError::NotCurrent => "this is not the request being executed",
            CcError::NoStack => "this request has no stack of its own",
            CcError::NotYielded => "this request is being executed",
        }
    }
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
            pu: Cell::new(ptr::null()),
            fiber: Cell::new(ptr::null()),
        })
    }

    /// `pu` begins to execute it, on the fiber that runs. It must not move from now on.
    pub(crate) fn begin(&self, pu: &Usermount) {
        self.pu.set(pu);
        let fiber = pu.fibers().running();
        self.fiber
            .set(fiber.map_or(ptr::null(), |f| Rc::as_ptr(&f)));
    }

    /// Leaves the request in the middle of its operation; returns when somebody goes on with it. Replaces
    /// `puffs_cc_yield`.
    ///
    /// # Errors
    /// [`CcError::NotCurrent`], [`CcError::NoStack`]: nothing was done.
    pub fn leave(&self) -> Result<(), CcError> {
        let pu = self.usermount().ok_or(CcError::NotCurrent)?;
        if !ptr::eq(pu.current(), self) {
            return Err(CcError::NotCurrent);
        }
        if self.fiber.get().is_null() || !pu.fibers().suspend() {
            return Err(CcError::NoStack);
        }
        pu.set_current(self);
        Ok(())
    }

    /// Goes on with a request that was left, until it ends or is left again. Replaces `puffs_cc_continue`.
    ///
    /// # Errors
    /// [`CcError::NotYielded`], [`CcError::NoStack`]: nothing was done.
    pub fn go_on(&self) -> Result<(), CcError> {
        let (pu, fiber) = self.stack()?;
        pu.resume(&fiber).map_err(|_| CcError::NotYielded)
    }

    /// Has the next turn of the main loop go on with a request that was left, or is about to be. Replaces `puffs_cc_schedule`.
    ///
    /// # Errors
    /// [`CcError::NoStack`]: nothing was done.
    pub fn schedule(&self) -> Result<(), CcError> {
        let (pu, fiber) = self.stack()?;
        pu.fibers().schedule(fiber);
        Ok(())
    }

    /// The stack of its own, of the request being executed.
    pub(crate) fn own_fiber(&self) -> Result<Rc<Fiber>, CcError> {
        let (pu, fiber) = self.stack()?;
        if !ptr::eq(pu.current(), self) {
            return Err(CcError::NotCurrent);
        }
        Ok(fiber)
    }

    /// The server that executes it; `None` before that has begun.
    pub fn usermount(&self) -> Option<&Usermount> {
        // SAFETY: null, or the server that executes the request and outlives it.
        unsafe { self.pu.get().as_ref() }
    }

    fn stack(&self) -> Result<(&Usermount, Rc<Fiber>), CcError> {
        let pu = self.usermount().ok_or(CcError::NoStack)?;
        // SAFETY: a request lies on its fiber's stack, so the fiber lives as long as it does.
        let fiber = unsafe { fiber::counted(self.fiber.get()) }.ok_or(CcError::NoStack)?;
        Ok((pu, fiber))
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
