//! Requests that the program executes by hand.

use core::cell::RefCell;
use core::ffi::c_int;
use std::collections::HashMap;
use std::rc::Rc;

use puffs_user::cc::Cc;
use puffs_user::frame::Framebuf;
use puffs_user::usermount::Usermount;
use puffs_user::usermount::hand::{Hand, Unfinished};

use super::frame_buffer::{buffer, counted};
use super::{context, fail};

/// A request between the two calls.
struct Held {
    hand: Rc<Hand>,
    pu: *mut Usermount,
    /// C's reference, kept until the answer is in it.
    fb: Rc<Framebuf>,
}

thread_local! {
    /// By the addresses of their contexts. Servers have one thread.
    static HELD: RefCell<HashMap<usize, Held>> = RefCell::default();
}

/// Makes a request of the bytes in a buffer: a header as `PUFFSGETOP` gives it, and its body behind that. The library keeps the buffer until
/// `puffs_dispatch_exec` gives it back.
///
/// Returns 0 and the request in `pccp`; or -1 with `errno` set: `EINVAL` (null, what is in the buffer is no request), `EBUSY` (the
/// library has the buffer already), `ENOMEM`. The buffer is the caller's then.
///
/// # Safety
/// `pu` is null or from `puffs_init`, and stays until the request is over; `fb` is null or a buffer; `pccp` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_dispatch_create(
    pu: *mut Usermount,
    fb: *mut Framebuf,
    pccp: *mut *mut Cc,
) -> c_int {
    // SAFETY: by contract.
    let usermount = match unsafe { context("puffs_dispatch_create", pu) } {
        Ok(usermount) => usermount,
        Err(errno) => return fail(errno),
    };
    // SAFETY: by contract.
    let (Some(bytes), false) = (unsafe { buffer(fb) }, pccp.is_null()) else {
        return fail(libc::EINVAL);
    };
    if bytes.is_queued() {
        return fail(libc::EBUSY);
    }
    let size = bytes.size();
    let Ok(window) = bytes.window(0, size) else {
        return fail(libc::ENOMEM);
    };
    let request = match size {
        0 => &[][..],
        // SAFETY: so many bytes are there until the buffer is used again, which nobody does before the request is made.
        _ => unsafe { core::slice::from_raw_parts(window, size) },
    };
    let hand = match Hand::new(usermount, request) {
        Ok(hand) => Rc::<Hand>::from(hand),
        Err(errno) => return fail(errno),
    };
    // SAFETY: by contract.
    let Some(fb) = (unsafe { counted(fb) }) else {
        return fail(libc::EINVAL);
    };
    fb.hold();
    let cc = core::ptr::from_ref(hand.cc()).cast_mut();
    HELD.with_borrow_mut(|held| held.insert(cc.addr(), Held { hand, pu, fb }));
    // SAFETY: by contract.
    unsafe { pccp.write(cc) };
    0
}

/// Executes a request that `puffs_dispatch_create` made, or goes on with it.
///
/// Returns 1 when it is over: `*fbp` is its buffer, the caller's again, with the answer, a header and its body, and the cursor at its beginning; `pcc` is
/// gone. Returns 0 when the operation was left in its middle (`puffs_cc_yield`). Returns -1 with `errno` set: `EINVAL` (null, no such request),
/// `ENOMEM`, and then it may be called again; `ECANCELED` when the operation was in its middle when the main loop ended, which forgets such
/// requests: then `pcc` is gone, and the buffer is the caller's again.
///
/// # Safety
/// `fbp` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_dispatch_exec(pcc: *mut Cc, fbp: *mut *mut Framebuf) -> c_int {
    let known = HELD.with_borrow(|held| {
        let held = held.get(&pcc.addr())?;
        Some((held.hand.clone(), held.pu))
    });
    let (Some((hand, pu)), false) = (known, fbp.is_null()) else {
        return fail(libc::EINVAL);
    };
    // SAFETY: by contract of `puffs_dispatch_create` it stays until the request is over.
    let pu = match unsafe { context("puffs_dispatch_exec", pu) } {
        Ok(pu) => pu,
        Err(errno) => return fail(errno),
    };
    let answer = match hand.execute(pu) {
        Ok(answer) => answer,
        Err(Unfinished::Left) => return 0,
        Err(Unfinished::NoStack) => return fail(libc::ENOMEM),
        Err(Unfinished::Forgotten) => {
            let held = HELD.with_borrow_mut(|held| held.remove(&pcc.addr()));
            if let Some(Held { fb, .. }) = held {
                fb.release();
            }
            return fail(libc::ECANCELED);
        }
    };
    let fb = HELD.with_borrow_mut(|held| {
        let fb = &held.get(&pcc.addr())?.fb;
        fb.recycle();
        // Room first: what is over stays until there is some.
        fb.put_at(0, &answer).ok()?;
        fb.release();
        let fb = Rc::as_ptr(fb).cast_mut();
        held.remove(&pcc.addr());
        Some(fb)
    });
    let Some(fb) = fb else {
        return fail(libc::ENOMEM);
    };
    // SAFETY: by contract.
    unsafe { fbp.write(fb) };
    1
}
