//! Who carries a message to the server ([`Caller`]), and how an operation fails ([`Failed`]).

use puffs_core::msg::body::ErrorReq;
use puffs_core::msg::{OpSet, op};
use puffs_core::{Answer, Buf, Cookie, Errno, Outgoing, Platform};
use zerocopy::IntoBytes;

use crate::who;

/// Carries messages to one mount's server.
///
/// A kernel's caller parks in [`Caller::call`]; the FUSE host runs the server in it.
pub trait Caller<P: Platform> {
    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// What ended the request instead of an answer. [`Errno::Proto`]: the queue refused the answer.
    fn call(&self, out: Outgoing<P>) -> Result<Answer<P>, Errno>;

    /// Sends a request that wants no answer.
    ///
    /// # Errors
    /// The request could not be queued.
    fn send(&self, out: Outgoing<P>) -> Result<(), Errno>;

    /// Tells the server that one of its answers made no sense.
    fn broken(&self, broken: Broken, cookie: Cookie);

    /// The root's cookie.
    fn root(&self) -> Cookie;

    /// The operations that the server has.
    fn ops(&self) -> OpSet;

    /// The longest message of the mount.
    fn max(&self) -> usize;

    /// The largest errno value of this system.
    fn max_errno(&self) -> i32 {
        133
    }

    /// A buffer of at least `len` bytes and at most [`Caller::max`], with any contents.
    ///
    /// # Errors
    /// [`Errno::NoMem`].
    fn buffer(&self, len: usize) -> Result<Buf<P>, Errno> {
        Buf::new(len)
    }

    /// Takes back a buffer that is not needed any more.
    fn recycle(&self, body: Buf<P>) {
        drop(body);
    }
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The queue or this crate said no.
    Errno(Errno),
    /// The server said no: one of its own errno values, in range.
    Server(i32),
    /// The server's answer made no sense; it has been told.
    Broken(Broken),
}

impl Failed {
    /// The errno value, given the host's table.
    pub fn number(self, number: impl FnOnce(Errno) -> i32) -> i32 {
        match self {
            Failed::Errno(errno) => number(errno),
            Failed::Server(value) => value,
            Failed::Broken(_) => number(Errno::Proto),
        }
    }
}

impl From<Errno> for Failed {
    fn from(errno: Errno) -> Self {
        Failed::Errno(errno)
    }
}

/// What was wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The kind, as the server is told.
    pub kind: Kind,
    /// A few words.
    pub text: &'static str,
}

impl Broken {
    /// The notice for the server; `error` is the errno value that the caller got.
    ///
    /// # Errors
    /// [`Errno::NoMem`].
    pub fn notice<P: Platform>(&self, cookie: Cookie, error: i32) -> Result<Outgoing<P>, Errno> {
        let req = ErrorReq {
            head: who::kernel(),
            error: error as u32,
            textlen: self.text.len() as u32,
        };
        let fixed = req.as_bytes();
        let mut body = Buf::copy_of(fixed, fixed.len() + self.text.len())?;
        body[fixed.len()..].copy_from_slice(self.text.as_bytes());
        Ok(Outgoing {
            class: op::CLASS_ERROR,
            ..Outgoing::vn(self.kind as u8, cookie, body)
        })
    }
}

/// Kinds of broken answers (`PUFFS_ERR_*`); the value is the number that the server is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Result out of range, or an answer that cannot be read.
    Error = 0,
    /// A new node that cannot be.
    MakeNode = 1,
    /// Lookup returned the directory searched, or the root.
    Lookup = 2,
    /// Directory records that do not fit together.
    Readdir = 3,
    /// A link longer than its buffer.
    Readlink = 4,
    /// More read than asked for.
    Read = 5,
    /// More written than given.
    Write = 6,
    /// A file handle that is none.
    Handle = 7,
    /// More of an extended attribute than was asked for.
    GetExtattr = 8,
    /// Names of extended attributes that do not fit together.
    ListExtattr = 9,
}
