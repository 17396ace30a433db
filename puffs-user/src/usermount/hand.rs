//! Requests that the program executes by hand: `puffs_dispatch_create`, `puffs_dispatch_exec`.
//!
//! Such a request is bytes, a header ([`wire::Req`], of which `aux` means nothing) and its body behind that; so is its answer. It runs like one
//! of a mount, on a stack of its own, and may be left in its middle.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use puffs_core::msg::wire;
use zerocopy::{FromBytes, IntoBytes};

use super::Usermount;
use crate::buffer::Buffer;
use crate::cc::Cc;
use crate::dispatch;
use crate::fiber::Fiber;

/// Room for an answer: no read or write is larger than what fits.
const ROOM: usize = puffs_core::msg::body::ROOM;

/// A request to be executed by hand. Its address stays, and is that of its context.
#[repr(C)]
pub struct Hand {
    cc: Cc,
    work: RefCell<Work>,
    stage: Cell<Stage>,
    /// The stack, which the context names too: both go together.
    fiber: RefCell<Option<Rc<Fiber>>>,
}

struct Work {
    req: wire::Req,
    buffer: Buffer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Begun,
    Over,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// The operation was left in its middle; somebody is to go on with it, or to execute it again.
    Left,
    /// The request could not begin: there is no stack for it.
    NoStack,
    /// It was left in its middle when the main loop ended, which forgets such requests: nobody can go on with it.
    Forgotten,
}

impl Hand {
    /// The request in these bytes.
    ///
    /// # Errors
    /// `EINVAL` for what is no request, `ENOMEM`.
    pub fn new(pu: &Usermount, request: &[u8]) -> Result<Box<Hand>, i32> {
        let (mut req, body) = wire::Req::read_from_prefix(request).map_err(|_| libc::EINVAL)?;
        let cc = dispatch::context(body).ok_or(libc::EINVAL)?;
        let room = body.len().max(ROOM + pu.settings().maxdata());
        let mut buffer = Buffer::new(room).ok_or(libc::ENOMEM)?;
        buffer.bytes()[..body.len()].copy_from_slice(body);
        req.aux = 0;
        req.auxlen = body.len();
        Ok(Box::new(Hand {
            cc,
            work: RefCell::new(Work { req, buffer }),
            stage: Cell::new(Stage::New),
            fiber: RefCell::default(),
        }))
    }

    /// The context, for operations and for whoever goes on with them.
    pub const fn cc(&self) -> &Cc {
        &self.cc
    }

    fn is_forgotten(&self) -> bool {
        let fiber = self.fiber.borrow();
        fiber.as_ref().is_some_and(|fiber| fiber.is_forgotten())
    }

    /// Executes the request, or goes on with it. Returns the answer, a header and its body, when it is over.
    ///
    /// # Errors
    /// See [`Unfinished`].
    pub fn execute(&self, pu: &Usermount) -> Result<Vec<u8>, Unfinished> {
        match self.stage.get() {
            Stage::New => {
                self.stage.set(Stage::Begun);
                let (this, pu_): (*const Hand, *const Usermount) = (self, pu);
                let task = move || {
                    // SAFETY: who made the request keeps it until it is over, and the server outlives its stacks.
                    let (this, pu) = unsafe { (&*this, &*pu_) };
                    this.fiber.replace(pu.fibers().running());
                    let mut work = this.work.borrow_mut();
                    let Work { req, buffer } = &mut *work;
                    dispatch::execute_in(pu, &this.cc, req, buffer.bytes());
                    this.stage.set(Stage::Over);
                };
                if pu.start(task).is_err() {
                    self.stage.set(Stage::New);
                    return Err(Unfinished::NoStack);
                }
            }
            Stage::Begun if self.is_forgotten() => return Err(Unfinished::Forgotten),
            // One that runs cannot be gone on with: then it has been left by none.
            Stage::Begun => drop(self.cc.go_on()),
            Stage::Over => {}
        }
        if self.stage.get() != Stage::Over {
            return Err(Unfinished::Left);
        }
        let mut work = self.work.borrow_mut();
        let Work { req, buffer } = &mut *work;
        let body = &buffer.bytes()[..req.auxlen];
        Ok([req.as_bytes(), body].concat())
    }
}

#[cfg(test)]
mod tests {
    use core::ffi::c_int;

    use puffs_core::msg::body::{self, AttrAns, Head, PlainReq};
    use puffs_core::msg::op;

    use super::*;
    use crate::c::ops::puffs_ops;
    use crate::c::puffs_cookie_t;
    use crate::c::vattr::vattr;
    use crate::cred::Cred;
    use crate::testing;

    thread_local! {
        static LEAVES: Cell<u32> = const { Cell::new(0) };
    }

    unsafe extern "C" fn getattr(
        pu: *mut Usermount,
        cookie: puffs_cookie_t,
        va: *mut vattr,
        _: *const Cred,
    ) -> c_int {
        // SAFETY: the dispatcher's arguments; the current request lives.
        unsafe {
            for _ in 0..LEAVES.get() {
                (*(*pu).current()).leave().unwrap();
            }
            (*va).va_size = cookie.addr() as u64;
        }
        0
    }

    fn request(version: u16) -> Vec<u8> {
        let req = wire::Req {
            id: 9,
            opclass: op::CLASS_VN,
            optype: op::vn::GETATTR,
            cookie: 0x55,
            ..wire::Req::default()
        };
        let head = Head {
            version,
            cred: body::cred::KERNEL,
            ..Head::default()
        };
        [req.as_bytes(), PlainReq { head }.as_bytes()].concat()
    }

    fn server() -> Box<Usermount> {
        testing::mount(&puffs_ops {
            puffs_node_getattr: Some(getattr),
            ..testing::OPS
        })
    }

    #[test]
    fn an_answer_comes_when_the_operation_is_over() {
        for leaves in [0, 1, 3] {
            LEAVES.set(leaves);
            let pu = server();
            let hand = Hand::new(&pu, &request(body::VERSION)).unwrap();
            for _ in 0..leaves {
                assert_eq!(hand.execute(&pu), Err(Unfinished::Left));
                assert!(pu.current().is_null());
            }
            let answer = hand.execute(&pu).unwrap();
            let (req, body) = wire::Req::read_from_prefix(&answer).unwrap();
            assert_eq!((req.id, req.rv, req.auxlen), (9, 0, body.len()));
            let answer = AttrAns::read_from_bytes(body).unwrap();
            assert_eq!(answer.attr.size, 0x55);
        }
    }

    #[test]
    fn others_may_go_on_with_it() {
        LEAVES.set(1);
        let pu = server();
        let hand = Hand::new(&pu, &request(body::VERSION)).unwrap();
        assert_eq!(hand.execute(&pu), Err(Unfinished::Left));
        hand.cc().go_on().unwrap();
        assert!(hand.execute(&pu).is_ok());
    }

    #[test]
    fn what_was_left_when_all_was_forgotten_is_over() {
        LEAVES.set(1);
        let pu = server();
        let left = Hand::new(&pu, &request(body::VERSION)).unwrap();
        assert_eq!(left.execute(&pu), Err(Unfinished::Left));
        let fresh = Hand::new(&pu, &request(body::VERSION)).unwrap();
        // SAFETY: what is on these stacks is the dispatcher's and `getattr`'s above, and of no importance.
        unsafe { pu.fibers().reset() };
        for _ in 0..2 {
            assert_eq!(left.execute(&pu), Err(Unfinished::Forgotten));
        }
        // One that had not begun is none of them.
        assert_eq!(fresh.execute(&pu), Err(Unfinished::Left));
        assert!(fresh.execute(&pu).is_ok());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let pu = server();
        let whole = request(body::VERSION);
        let head = size_of::<wire::Req>();
        for none in [
            &whole[..head - 1],
            &whole[..head + 5],
            &request(body::VERSION + 1),
        ] {
            assert_eq!(Hand::new(&pu, none).err(), Some(libc::EINVAL));
        }
    }
}
