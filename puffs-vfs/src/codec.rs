//! Bodies to bytes and back.

use core::ops::Deref;

use puffs_core::msg::body::{Ans, NodeAns, setback};
use puffs_core::{Answer, Buf, Cookie, Errno, Outgoing, Platform};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::call::{Broken, Caller, Failed, Kind};

/// Bytes that a server sent, inside the answer that brought them.
pub struct Data<P: Platform> {
    /// The whole answer.
    pub body: Buf<P>,
    /// Where the bytes begin.
    pub start: usize,
    /// How many there are; `start + len ≤ body.len()`.
    pub len: usize,
}

impl<P: Platform> Deref for Data<P> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let rest = self.body.get(self.start..).unwrap_or_default();
        rest.get(..self.len).unwrap_or_default()
    }
}

/// Room for an answer of fixed length. It has some to spare, and is no more than what a kernel allocates lightly.
const FIXED: usize = 1 << 10;
const _: () = assert!(size_of::<NodeAns>() <= FIXED / 2);

/// An operation on its way: its request, and what to say when the answer is broken.
pub(crate) struct Call<'c, P: Platform, C: Caller<P> + ?Sized> {
    pub(crate) caller: &'c C,
    pub(crate) cookie: Cookie,
    pub(crate) kind: Kind,
    pub(crate) out: Outgoing<P>,
}

/// Fails an operation with a broken answer, which the server is told.
pub(crate) fn broken<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    cookie: Cookie,
    kind: Kind,
    text: &'static str,
) -> Failed {
    let broken = Broken { kind, text };
    caller.broken(broken, cookie);
    Failed::Broken(broken)
}

/// Puts the fixed part and what follows it into a buffer with room for an answer of `room` bytes.
pub(crate) fn encode<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    fixed: &(impl IntoBytes + Immutable),
    tails: [&[u8]; 2],
    room: usize,
) -> Result<(Buf<P>, usize), Errno> {
    let fixed = fixed.as_bytes();
    let copylen = fixed.len() + tails[0].len() + tails[1].len();
    if copylen.max(room) > caller.max() {
        return Err(Errno::Inval);
    }
    let mut body = caller.buffer(copylen.max(room))?;
    lay(&mut body, [fixed, tails[0], tails[1]])?;
    Ok((body, copylen))
}

/// Puts parts one behind the other.
fn lay<const N: usize>(mut to: &mut [u8], parts: [&[u8]; N]) -> Result<(), Errno> {
    for part in parts {
        let (place, rest) = to.split_at_mut_checked(part.len()).ok_or(Errno::Inval)?;
        place.copy_from_slice(part);
        to = rest;
    }
    Ok(())
}

/// Sends a request to a node that wants no answer. Its buffer does not come back, so it is just as long as needed.
pub(crate) fn notify<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    optype: u8,
    cookie: Cookie,
    fixed: &(impl IntoBytes + Immutable),
    tail: &[u8],
) -> Result<(), Failed> {
    let fixed = fixed.as_bytes();
    let mut body = Buf::new(fixed.len() + tail.len())?;
    lay(&mut body, [fixed, tail])?;
    Ok(caller.send(Outgoing::vn(optype, cookie, body))?)
}

impl<'c, P: Platform, C: Caller<P> + ?Sized> Call<'c, P, C> {
    /// An operation on a node, with room for an answer of fixed length.
    pub(crate) fn vn(
        caller: &'c C,
        optype: u8,
        cookie: Cookie,
        fixed: &(impl IntoBytes + Immutable),
        tails: [&[u8]; 2],
    ) -> Result<Self, Failed> {
        Self::roomy(caller, optype, cookie, fixed, tails, FIXED)
    }

    /// An operation on a node, with room for an answer of `room` bytes.
    pub(crate) fn roomy(
        caller: &'c C,
        optype: u8,
        cookie: Cookie,
        fixed: &(impl IntoBytes + Immutable),
        tails: [&[u8]; 2],
        room: usize,
    ) -> Result<Self, Failed> {
        let (body, copylen) = encode(caller, fixed, tails, room)?;
        Ok(Call {
            caller,
            cookie,
            kind: Kind::Error,
            out: Outgoing {
                copylen,
                ..Outgoing::vn(optype, cookie, body)
            },
        })
    }

    /// An operation on the file system.
    pub(crate) fn vfs(
        caller: &'c C,
        optype: u8,
        fixed: &(impl IntoBytes + Immutable),
    ) -> Result<Self, Failed> {
        Self::vfs_of(caller, optype, Cookie(0), fixed, &[], FIXED)
    }

    /// An operation on the file system that is about a node, or carries bytes; with room for an answer of `room` bytes, and some to
    /// spare.
    pub(crate) fn vfs_of(
        caller: &'c C,
        optype: u8,
        cookie: Cookie,
        fixed: &(impl IntoBytes + Immutable),
        tail: &[u8],
        room: usize,
    ) -> Result<Self, Failed> {
        let (body, copylen) = encode(caller, fixed, [tail, &[]], room.max(FIXED))?;
        Ok(Call {
            caller,
            cookie,
            kind: Kind::Error,
            out: Outgoing {
                copylen,
                cookie,
                ..Outgoing::vfs(optype, body)
            },
        })
    }

    /// What a broken answer to this operation is called, unless it is just an error.
    pub(crate) fn kind(self, kind: Kind) -> Self {
        Call { kind, ..self }
    }

    /// Sends the request and reads the fixed part of the answer.
    pub(crate) fn ask<T: FromBytes>(self) -> Result<T, Failed> {
        let caller = self.caller;
        let (fixed, answer) = self.ask_whole()?;
        caller.recycle(answer.body);
        Ok(fixed)
    }

    /// The same, and the whole answer with it.
    pub(crate) fn ask_whole<T: FromBytes>(self) -> Result<(T, Answer<P>), Failed> {
        let Call {
            caller,
            cookie,
            kind,
            out,
        } = self;
        judge(caller, cookie, kind, caller.call(out))
    }

    /// Sends the request and reads the `len` bytes behind the fixed part; at most `most` may come.
    pub(crate) fn ask_data<T: FromBytes>(
        self,
        most: usize,
        len: impl FnOnce(&T) -> u32,
    ) -> Result<(T, Data<P>), Failed> {
        let (caller, cookie, kind) = (self.caller, self.cookie, self.kind);
        let (fixed, answer) = self.ask_whole::<T>()?;
        let (start, len) = (size_of::<T>(), len(&fixed) as usize);
        if len > most {
            return Err(broken(caller, cookie, kind, "more than was asked for"));
        }
        if len > answer.len - start {
            return Err(broken(caller, cookie, kind, "less than was announced"));
        }
        Ok((
            fixed,
            Data {
                body: answer.body,
                start,
                len,
            },
        ))
    }

    /// Sends the request for its side note alone.
    pub(crate) fn ask_setback(self) -> Result<u32, Failed> {
        Ok(self.ask::<Ans>()?.setback & setback::MASK)
    }
}

/// Reads the fixed part of an answer, if one came. `kind` is what a broken one is called.
pub(crate) fn judge<T: FromBytes, P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    cookie: Cookie,
    kind: Kind,
    ended: Result<Answer<P>, Errno>,
) -> Result<(T, Answer<P>), Failed> {
    let answer = ended.map_err(|errno| match errno {
        Errno::Proto => broken(caller, cookie, Kind::Error, "answer refused"),
        errno => Failed::Errno(errno),
    })?;
    if answer.rv != 0 {
        caller.recycle(answer.body);
        return Err(error(caller, cookie, answer.rv));
    }
    match answer.body.get(..answer.len).map(T::read_from_prefix) {
        Some(Ok((fixed, _))) => Ok((fixed, answer)),
        _ => Err(broken(caller, cookie, kind, "answer too short")),
    }
}

/// A result that is not 0, judged.
pub(crate) fn error<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    cookie: Cookie,
    rv: i32,
) -> Failed {
    match rv {
        rv if rv > 0 && rv <= caller.max_errno() => Failed::Server(rv),
        _ => broken(caller, cookie, Kind::Error, "result is no error number"),
    }
}
