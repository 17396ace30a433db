//! The calls of a server as numbers: [`Command`] for ioctl, [`events`] for poll.
//!
//! How a system packs a command into one number is its own business; its glue unpacks it.

use puffs_core::msg::wire::{Batch, Req, SizeOp, Stale, StartReq};

/// A decoded ioctl command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// Group.
    pub group: u8,
    /// Number within the group.
    pub number: u8,
    /// Size of the argument.
    pub size: usize,
}

impl Command {
    /// Fetch a request.
    pub const GETOP: Command = Command::puffs(1, size_of::<Req>());
    /// Answer one.
    pub const PUTOP: Command = Command::puffs(2, size_of::<Req>());
    /// Move data that was registered beside a request.
    pub const SIZEOP: Command = Command::puffs(3, size_of::<SizeOp>());
    /// The server starts.
    pub const STARTOP: Command = Command::puffs(4, size_of::<StartReq>());
    /// Answer several and fetch several.
    pub const BATCH: Command = Command::puffs(16, size_of::<Batch>());
    /// Have a fetch that sleeps return, or the next one that would. No argument.
    pub const WAKE: Command = Command::puffs(17, 0);
    /// Say that something cached is stale.
    pub const STALE: Command = Command::puffs(18, size_of::<Stale>());
    /// Non-blocking mode of this open, as BSD numbers it; glue of a system with another number maps it.
    pub const FIONBIO: Command = Command {
        group: b'f',
        number: 126,
        size: size_of::<i32>(),
    };

    const fn puffs(number: u8, size: usize) -> Command {
        Command {
            group: b'p',
            number,
            size,
        }
    }
}

/// What a poll asks for and is told; the numbers that Linux and the BSDs share.
pub mod events {
    /// `POLLIN`.
    pub const IN: u32 = 0x001;
    /// `POLLOUT`.
    pub const OUT: u32 = 0x004;
    /// `POLLERR`, told whether asked for or not.
    pub const ERR: u32 = 0x008;
    /// `POLLHUP`, told whether asked for or not.
    pub const HUP: u32 = 0x010;
    /// What a request in the queue means: `POLLIN`, `POLLPRI`, `POLLRDNORM`, `POLLRDBAND`.
    pub const READABLE: u32 = IN | 0x002 | 0x040 | 0x080;
    /// What a live mount always is: `POLLOUT`, `POLLWRNORM`, `POLLWRBAND` (Linux has them at 0x100 and 0x200).
    pub const WRITABLE: u32 = OUT | 0x100 | 0x200;
}
