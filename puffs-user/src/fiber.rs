//! Requests on stacks of their own, so that an operation can be left in its middle and gone on with later.
//!
//! A *task* is what a host does for one request: the operations that it stands for, as straight code. It runs on a fiber, a
//! coroutine with a guarded stack. `Fibers::suspend` leaves the running one and returns to whoever resumed it;
//! `Fibers::resume` goes on with a suspended one, from the main loop or from inside another fiber. All of it is one thread.
//!
//! C frames lie on these stacks, which nothing may unwind. A fiber that is still suspended when its server ends
//! is forgotten with what lies on its stack (`Fibers::reset`); so tasks keep what they own in places that outlive them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr;
use std::rc::Rc;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

/// Stack that the library and a host need below a server's operation, which has all that was asked for.
const OURS: usize = 64 << 10;
/// Unused stacks that are kept.
const KEPT: usize = 16;
/// Fibers at one time: each takes two mappings of the 65,530 that Linux gives a process by default.
const MOST: usize = 16 << 10;
/// Not among the suspended.
const NOWHERE: usize = usize::MAX;

/// The fibers of one server.
pub(crate) struct Fibers {
    stack_size: Cell<usize>,
    spare: RefCell<Vec<DefaultStack>>,
    /// Those that have been left in their middle.
    suspended: RefCell<Vec<Rc<Fiber>>>,
    /// Those of them that are to go on in the next turn of the loop.
    ready: RefCell<VecDeque<Rc<Fiber>>>,
    /// The one that runs; null on the main stack.
    running: Cell<*const Fiber>,
}

/// One fiber.
pub(crate) struct Fiber {
    /// `None` while it runs, and once it has ended.
    coroutine: RefCell<Option<Coroutine<(), (), ()>>>,
    yielder: Cell<*const Yielder<(), ()>>,
    /// Its place in [`Fibers::suspended`].
    place: Cell<usize>,
    /// It is to go on in the next turn of the loop, unless somebody goes on with it before.
    scheduled: Cell<bool>,
    /// Its stack is gone, and with it whatever it was to do.
    forgotten: Cell<bool>,
}

impl Fiber {
    /// Whether it was suspended in the end, and nobody can go on with it any more.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.forgotten.get()
    }
}

/// A fiber that somebody means to resume. Held by hosts between [`crate::host::Server::suspend`] and
/// [`crate::host::Server::wake`].
#[derive(Clone)]
pub struct Task(pub(crate) Rc<Fiber>);

impl Task {
    /// Whether it is the same task.
    pub fn is(&self, other: &Task) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// How a fiber left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It is over.
    Ended,
    /// It waits to be resumed.
    Suspended,
}

/// Why a fiber could not be started: there are too many, or there is no memory for its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoStack;

/// A fiber was to be resumed that does not wait: it runs, or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSuspended;

/// A server that ends with requests left in their middle.
impl Drop for Fibers {
    fn drop(&mut self) {
        // SAFETY: as at the end of the main loop, nobody waits for what destructors on these stacks would do; unwinding them would have
        // to go through functions of C's.
        unsafe { self.reset() };
    }
}

impl Fibers {
    /// None yet; each will have `stack_size` bytes of stack.
    pub(crate) fn new(stack_size: usize) -> Self {
        Fibers {
            stack_size: Cell::new(stack_size),
            spare: RefCell::default(),
            suspended: RefCell::default(),
            ready: RefCell::default(),
            running: Cell::new(ptr::null()),
        }
    }

    /// Bytes of stack for fibers that start from now on.
    pub(crate) fn set_stack_size(&self, size: usize) {
        self.stack_size.set(size);
        self.spare.borrow_mut().clear();
    }

    /// Bytes of stack.
    pub(crate) fn stack_size(&self) -> usize {
        self.stack_size.get()
    }

    /// Runs `task` until it ends or is suspended. Nothing on the stacks of tasks may borrow what the server's end takes away.
    ///
    /// # Errors
    /// [`NoStack`]; the task is dropped without having begun.
    pub(crate) fn start(&self, task: impl FnOnce() + 'static) -> Result<Ran, NoStack> {
        let stack = self.stack()?;
        let fiber = Rc::new(Fiber {
            coroutine: RefCell::new(None),
            yielder: Cell::new(ptr::null()),
            place: Cell::new(NOWHERE),
            scheduled: Cell::new(false),
            forgotten: Cell::new(false),
        });
        // Not a counted reference: it would lie on the stack and keep the fiber for ever, were that reset.
        let this = Rc::as_ptr(&fiber);
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            // SAFETY: whoever resumes a fiber holds it.
            unsafe { (*this).yielder.set(yielder) };
            task();
        });
        fiber.coroutine.replace(Some(coroutine));
        self.resume(&fiber).map_err(|_| NoStack)
    }

    fn stack(&self) -> Result<DefaultStack, NoStack> {
        if let Some(stack) = self.spare.borrow_mut().pop() {
            return Ok(stack);
        }
        if self.suspended.borrow().len() >= MOST {
            return Err(NoStack);
        }
        DefaultStack::new(self.stack_size.get() + OURS).map_err(|_| NoStack)
    }

    /// Goes on with a fiber until it ends or is suspended.
    ///
    /// # Errors
    /// [`NotSuspended`]; nothing was done.
    pub(crate) fn resume(&self, fiber: &Rc<Fiber>) -> Result<Ran, NotSuspended> {
        let mut coroutine = fiber.coroutine.take().ok_or(NotSuspended)?;
        fiber.scheduled.set(false);
        let before = self.running.replace(Rc::as_ptr(fiber));
        let ran = coroutine.resume(());
        self.running.set(before);
        match ran {
            CoroutineResult::Yield(()) => {
                fiber.coroutine.replace(Some(coroutine));
                self.list(fiber);
                Ok(Ran::Suspended)
            }
            CoroutineResult::Return(()) => {
                self.unlist(fiber);
                let mut spare = self.spare.borrow_mut();
                if spare.len() < KEPT {
                    spare.push(coroutine.into_stack());
                }
                Ok(Ran::Ended)
            }
        }
    }

    /// Leaves the running fiber; returns once somebody has resumed it. `false`: none runs, and nothing was done.
    pub(crate) fn suspend(&self) -> bool {
        // SAFETY: null, or the fiber that runs, which whoever resumed it holds.
        let Some(fiber) = (unsafe { self.running.get().as_ref() }) else {
            return false;
        };
        // SAFETY: set when the fiber began, on the stack that we are on.
        unsafe { (*fiber.yielder.get()).suspend(()) };
        true
    }

    /// The fiber that runs; `None` on the main stack.
    pub(crate) fn running(&self) -> Option<Rc<Fiber>> {
        // SAFETY: null, or the fiber that runs, which whoever resumed it holds.
        unsafe { counted(self.running.get()) }
    }

    /// Has a fiber resumed by the next [`Fibers::run_ready`].
    pub(crate) fn schedule(&self, fiber: Rc<Fiber>) {
        if !fiber.scheduled.replace(true) {
            self.ready.borrow_mut().push_back(fiber);
        }
    }

    /// Whether [`Fibers::run_ready`] has something to do.
    pub(crate) fn any_ready(&self) -> bool {
        !self.ready.borrow().is_empty()
    }

    /// Resumes those that have been scheduled, but not those that are while this goes on.
    pub(crate) fn run_ready(&self) {
        let ready = self.ready.take();
        // Those that somebody else has gone on with meanwhile need nothing more, wherever they wait now.
        for fiber in ready.iter().filter(|fiber| fiber.scheduled.get()) {
            let _ = self.resume(fiber);
        }
    }

    /// The end: forgets all fibers that are suspended, with what lies on their stacks.
    ///
    /// # Safety
    /// Nobody relies on a destructor that is to run on one of these stacks.
    pub(crate) unsafe fn reset(&self) {
        self.ready.borrow_mut().clear();
        self.spare.borrow_mut().clear();
        for fiber in self.suspended.take() {
            fiber.forgotten.set(true);
            if let Some(mut coroutine) = fiber.coroutine.take() {
                // SAFETY: the caller's promise.
                unsafe { coroutine.force_reset() };
            }
        }
    }

    fn list(&self, fiber: &Rc<Fiber>) {
        if fiber.place.get() == NOWHERE {
            let mut suspended = self.suspended.borrow_mut();
            fiber.place.set(suspended.len());
            suspended.push(Rc::clone(fiber));
        }
    }

    fn unlist(&self, fiber: &Fiber) {
        let place = fiber.place.replace(NOWHERE);
        if place == NOWHERE {
            return;
        }
        let mut suspended = self.suspended.borrow_mut();
        suspended.swap_remove(place);
        if let Some(moved) = suspended.get(place) {
            moved.place.set(place);
        }
    }
}

/// A reference to a fiber by its address; `None` when that is null.
///
/// # Safety
/// It is null, or the fiber lives: it runs or is suspended.
pub(crate) unsafe fn counted(fiber: *const Fiber) -> Option<Rc<Fiber>> {
    if fiber.is_null() {
        return None;
    }
    // SAFETY: it came from `Rc::as_ptr`, and lives by contract.
    unsafe {
        Rc::increment_strong_count(fiber);
        Some(Rc::from_raw(fiber))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fibers() -> (Rc<Fibers>, Rc<RefCell<Vec<u32>>>) {
        (Rc::new(Fibers::new(64 << 10)), Rc::default())
    }

    /// A task that notes `n`, is suspended, notes `n + 1`.
    fn two_steps(fibers: &Rc<Fibers>, log: &Rc<RefCell<Vec<u32>>>, n: u32) -> Rc<Fiber> {
        let (inside, log) = (Rc::clone(fibers), Rc::clone(log));
        let task: Rc<RefCell<Option<Rc<Fiber>>>> = Rc::default();
        let told = Rc::clone(&task);
        let ran = fibers.start(move || {
            told.replace(inside.running());
            log.borrow_mut().push(n);
            assert!(inside.suspend());
            log.borrow_mut().push(n + 1);
        });
        assert_eq!(ran, Ok(Ran::Suspended));
        task.take().unwrap()
    }

    #[test]
    fn a_task_that_is_not_suspended_just_runs() {
        let (fibers, log) = fibers();
        for n in 0..3 {
            let log = Rc::clone(&log);
            let ran = fibers.start(move || log.borrow_mut().push(n));
            assert_eq!(ran, Ok(Ran::Ended));
        }
        assert_eq!(*log.borrow(), [0, 1, 2]);
        assert_eq!(fibers.spare.borrow().len(), 1, "one stack for all three");
        assert!(fibers.running().is_none() && !fibers.suspend());
    }

    #[test]
    fn tasks_go_on_in_any_order() {
        let (fibers, log) = fibers();
        let a = two_steps(&fibers, &log, 10);
        let b = two_steps(&fibers, &log, 20);
        let c = two_steps(&fibers, &log, 30);
        assert_eq!(fibers.resume(&b), Ok(Ran::Ended));
        assert_eq!(fibers.resume(&b), Err(NotSuspended));
        assert_eq!(fibers.resume(&c), Ok(Ran::Ended));
        assert_eq!(fibers.resume(&a), Ok(Ran::Ended));
        assert_eq!(*log.borrow(), [10, 20, 30, 21, 31, 11]);
        assert!(fibers.suspended.borrow().is_empty());
    }

    #[test]
    fn one_task_can_go_on_with_another_but_not_with_itself() {
        let (fibers, log) = fibers();
        let a = two_steps(&fibers, &log, 10);
        let inside = Rc::clone(&fibers);
        let ran = fibers.start(move || {
            let own = inside.running().unwrap();
            assert_eq!(inside.resume(&own), Err(NotSuspended));
            assert_eq!(inside.resume(&a), Ok(Ran::Ended));
            assert!(Rc::ptr_eq(&own, &inside.running().unwrap()));
        });
        assert_eq!(ran, Ok(Ran::Ended));
        assert_eq!(*log.borrow(), [10, 11]);
    }

    #[test]
    fn scheduled_tasks_wait_for_the_next_turn() {
        let (fibers, log) = fibers();
        let a = two_steps(&fibers, &log, 10);
        let b = two_steps(&fibers, &log, 20);
        fibers.schedule(Rc::clone(&b));
        fibers.schedule(Rc::clone(&b));
        fibers.schedule(a);
        assert_eq!(*log.borrow(), [10, 20]);
        assert!(fibers.any_ready());
        fibers.run_ready();
        assert_eq!(*log.borrow(), [10, 20, 21, 11]);
        assert!(!fibers.any_ready());
    }

    #[test]
    fn what_is_suspended_in_the_end_is_forgotten() {
        let (fibers, log) = fibers();
        let a = two_steps(&fibers, &log, 10);
        fibers.schedule(Rc::clone(&a));
        // SAFETY: the task's destructors free memory and do nothing else.
        unsafe { fibers.reset() };
        assert_eq!(fibers.resume(&a), Err(NotSuspended));
        assert_eq!(Rc::strong_count(&a), 1);
        assert_eq!(*log.borrow(), [10]);
    }
}
