//! What a program without std must bring: a panic handler and a global allocator, both through the
//! hooks that the kernel's glue installed.
//!
//! A panic is a bug in puffs. It is reported with its place and message, and the hook does not return; nothing
//! unwinds, so no half-changed queue goes on.

use core::alloc::{GlobalAlloc, Layout};
use core::fmt::{self, Write};
use core::panic::PanicInfo;

use puffs_core::platform::hooks;

/// The kernel's allocator.
struct Allocator;

// SAFETY: `hooks::alloc` returns null, or memory of the size and alignment asked for that stays until `hooks::free`.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        hooks::alloc(layout.size(), layout.align())
    }

    unsafe fn dealloc(&self, ptr: *mut u8, _: Layout) {
        // SAFETY: the caller passes what `alloc` returned, once.
        unsafe { hooks::free(ptr) }
    }
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let mut line = Line {
        text: [0; LINE],
        len: 0,
    };
    // A message longer than the line is cut.
    let _ = write!(line, "puffs: {info}");
    let written = line.text.get(..line.len).unwrap_or_default();
    let text = written
        .utf8_chunks()
        .next()
        .map_or("", |chunk| chunk.valid());
    hooks::panic(text)
}

/// Longest report of a panic: the stack of a kernel is small.
const LINE: usize = 256;

/// A report that is being written, without anything that can panic itself.
struct Line {
    text: [u8; LINE],
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.text.get_mut(self.len..).unwrap_or_default();
        for (place, byte) in room.iter_mut().zip(text.bytes()) {
            *place = byte;
            self.len += 1;
        }
        Ok(())
    }
}
