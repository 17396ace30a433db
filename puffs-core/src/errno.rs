//! Why something failed, as the layers below the edge say it.
//!
//! A number exists only at the edge: [`Errno::index`] selects it from the host's own table (the
//! hooks of a kernel carry one, the hosted platform takes `libc`'s).

/// A definite error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Errno {
    /// Not permitted (`EPERM`).
    Perm,
    /// The instance is not mounted, or there is no such thing (`ENOENT`).
    NoEnt,
    /// A signal or an explicit interrupt came first (`EINTR`).
    Intr,
    /// The server or the device is gone (`ENXIO`).
    Nxio,
    /// The buffer offered is too small, or the answer too long (`E2BIG`).
    TooBig,
    /// It would have to wait (`EAGAIN`, `EWOULDBLOCK`).
    WouldBlock,
    /// No memory (`ENOMEM`).
    NoMem,
    /// Memory of the server could not be reached (`EFAULT`).
    Fault,
    /// Taken, or none left (`EBUSY`).
    Busy,
    /// Exists already (`EEXIST`).
    Exist,
    /// The device does not do that (`ENODEV`).
    NoDev,
    /// Wrong argument or wrong moment (`EINVAL`).
    Inval,
    /// It would wait for itself (`EDEADLK`).
    Deadlk,
    /// The other side broke the protocol (`EPROTO`).
    Proto,
    /// Not supported (`EOPNOTSUPP`).
    NotSupp,
    /// The deadline passed (`ETIMEDOUT`).
    TimedOut,
    /// The caller had left before its answer came (`ECANCELED`).
    Canceled,
    /// The server cannot write (`EROFS`).
    RoFs,
    /// A sleeping getter was woken by `PUFFSWAKE` (`EINTR`, at `PUFFS_E_WOKEN`). A kernel that makes calls again
    /// after `EINTR` has a number of its own here, since this call must not be: the server waits for its return.
    Woken,
}

impl Errno {
    /// How many there are: the length of an errno table.
    pub const COUNT: usize = Self::Woken as usize + 1;

    /// The place of this error in an errno table.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Shorthand of this crate.
pub type Result<T> = core::result::Result<T, Errno>;
