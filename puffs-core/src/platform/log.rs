//! Where the lines for the administrator go, when somebody wants them elsewhere than the platform sends them.

use core::ffi::c_char;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Takes one line: `len` bytes of UTF-8, not terminated. Called from any thread, without locks.
pub type Sink = extern "C" fn(message: *const c_char, len: usize);

static SINK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Sends the lines of [`super::Hosted`] and [`super::Hooks`] to `sink`; `None`: to where the platform sends them. A line
/// that is being written may still go to the one before.
pub fn set_log(sink: Option<Sink>) {
    let sink = sink.map_or(core::ptr::null_mut(), |sink| sink as *mut ());
    // Release pairs with the acquire in `taken`, for what the sink itself relies on.
    SINK.store(sink, Ordering::Release);
}

/// Gives a line to the sink, if there is one.
pub(super) fn taken(message: &str) -> bool {
    let sink = SINK.load(Ordering::Acquire);
    if sink.is_null() {
        return false;
    }
    // SAFETY: `set_log` stores nothing but sinks.
    let sink = unsafe { core::mem::transmute::<*mut (), Sink>(sink) };
    sink(message.as_ptr().cast(), message.len());
    true
}
