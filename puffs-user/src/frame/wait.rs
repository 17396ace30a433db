//! Requests that wait for what happens at a descriptor.
//!
//! A wait is kept here and not on the request's stack, which may be forgotten when the main loop ends; the request knows its number.

use std::cell::RefCell;
use std::rc::Rc;

use core::ffi::c_int;

use slab::Slab;

use super::FrameError;
use crate::cc::Cc;
use crate::fiber::Fiber;
use crate::usermount::Usermount;

/// The waits of one server.
#[derive(Default)]
pub(super) struct Waits(RefCell<Slab<Wait>>);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitId(usize);

struct Wait {
    fiber: Rc<Fiber>,
    outcome: Option<Outcome>,
}

/// How it ended: with what happened, or an errno value.
pub(super) type Outcome = Result<c_int, i32>;

impl Waits {
    /// Forgets all of them: their stacks are gone.
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// The wait has not begun after all.
    pub(super) fn cancel(&self, id: WaitId) {
        self.0.borrow_mut().try_remove(id.0);
    }

    fn ended(&self, id: WaitId) -> Option<Outcome> {
        let mut waits = self.0.borrow_mut();
        let outcome = waits.get(id.0)?.outcome?;
        waits.remove(id.0);
        Some(outcome)
    }

    fn end(&self, id: WaitId, outcome: Outcome) -> Option<Rc<Fiber>> {
        let mut waits = self.0.borrow_mut();
        let wait = waits.get_mut(id.0)?;
        wait.outcome = Some(outcome);
        Some(Rc::clone(&wait.fiber))
    }
}

impl Usermount {
    /// The request being executed is going to wait.
    pub(super) fn begin_wait(&self, cc: &Cc) -> Result<WaitId, FrameError> {
        let fiber = cc.own_fiber().map_err(FrameError::Context)?;
        let outcome = None;
        let wait = Wait { fiber, outcome };
        Ok(WaitId(self.frames().waits.0.borrow_mut().insert(wait)))
    }

    /// Leaves the request until its wait has ended. Whoever goes on with it before that does so in vain. Nothing on the stacks that
    /// lead here may have a destructor.
    pub(super) fn wait(&self, cc: &Cc, id: WaitId) -> Outcome {
        loop {
            if let Some(outcome) = self.frames().waits.ended(id) {
                return outcome;
            }
            if cc.leave().is_err() {
                // It was the one being executed, on a stack of its own, when the wait began.
                return Err(libc::EINVAL);
            }
        }
    }

    /// Ends a wait and goes on with the request, until that ends or is left again.
    pub(super) fn end_wait(&self, id: WaitId, outcome: Outcome) {
        let fiber = self.frames().waits.end(id, outcome);
        if let Some(fiber) = fiber {
            // It can only be running if it has not left yet, and then it will not.
            let _ = self.resume(&fiber);
        }
    }
}
