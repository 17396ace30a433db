//! Open files: open, close, read, write, fsync; and symbolic links.

use puffs_core::msg::body::{
    Ans, DataAns, FlagsReq, Head, OpenAns, PlainReq, PollAns, ROOM, ReadReq, TARGET_MAX, WriteAns,
    WriteReq, setback,
};
use puffs_core::msg::op::vn;
use puffs_core::{Answer, Buf, Cookie, Errno, Outgoing, Platform};
use zerocopy::IntoBytes;

use crate::call::{Caller, Failed, Kind};
use crate::codec::{Call, Data, broken, judge};
use crate::nodes::VType;

/// Open for reading, in the mode of [`open`].
pub const FREAD: u32 = 1;
/// Open for writing.
pub const FWRITE: u32 = 2;
/// `PUFFS_OPEN_IO_DIRECT`, in [`Opened::oflags`].
pub const IO_DIRECT: u32 = 1;
/// Bytes in front of the data in a body that [`write()`] takes.
pub const WRITE_HEAD: usize = size_of::<WriteReq>();

/// What the server said to an open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// [`IO_DIRECT`].
    pub oflags: u32,
    /// Side notes.
    pub setback: u32,
}

/// Opens a node. `mode` is open(2)'s flags plus one in the access bits.
///
/// # Errors
/// `EROFS` when a regular file is to be written and the server cannot.
pub fn open<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    vtype: VType,
    mode: u32,
) -> Result<Opened, Failed> {
    if mode & FWRITE != 0 && vtype == VType::Reg && !caller.ops().has_vn(vn::WRITE) {
        return Err(Errno::RoFs.into());
    }
    if !caller.ops().has_vn(vn::OPEN) {
        return Ok(Opened::default());
    }
    let req = FlagsReq {
        head: *head,
        flags: mode,
        ..FlagsReq::default()
    };
    let ans: OpenAns = Call::vn(caller, vn::OPEN, node, &req, [&[], &[]])?.ask()?;
    Ok(Opened {
        oflags: ans.oflags,
        setback: ans.ans.setback & setback::MASK,
    })
}

/// Closes what [`open`] opened, and runs inactive after it when asked. Returns the server's side notes.
///
/// # Errors
/// Those of the queue; nobody can do anything about them.
pub fn close<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    mode: u32,
    inactive: bool,
) -> Result<u32, Failed> {
    let inactive = inactive && caller.ops().has_vn(vn::INACTIVE);
    if !caller.ops().has_vn(vn::CLOSE) {
        return match inactive {
            true => crate::life::inactive(caller, head, node),
            false => Ok(0),
        };
    }
    let req = FlagsReq {
        head: *head,
        flags: mode,
        inactive: u32::from(inactive),
        ..FlagsReq::default()
    };
    Call::vn(caller, vn::CLOSE, node, &req, [&[], &[]])?.ask_setback()
}

/// Most data that one [`read`] or [`write()`] carries, given the mount's longest message.
pub const fn most(max: usize) -> usize {
    let most = max.saturating_sub(ROOM);
    if most > u32::MAX as usize {
        return u32::MAX as usize;
    }
    most
}

/// Reads up to `len` bytes at `offset`; less comes at the end of the file.
///
/// # Errors
/// `EOPNOTSUPP` when the server cannot read.
pub fn read<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    offset: u64,
    len: usize,
    ioflag: u32,
) -> Result<Data<P>, Failed> {
    if !caller.ops().has_vn(vn::READ) {
        return Err(Errno::NotSupp.into());
    }
    let len = len.min(most(caller.max()));
    let req = ReadReq {
        head: *head,
        offset,
        len: len as u32,
        ioflag,
    };
    let room = size_of::<DataAns>() + len;
    Call::roomy(caller, vn::READ, node, &req, [&[], &[]], room)?
        .kind(Kind::Read)
        .ask_data::<DataAns>(len, |ans| ans.len)
        .map(|(_, data)| data)
}

/// Writes `len` bytes that begin at [`WRITE_HEAD`] in `body`, whose front is overwritten; returns how
/// many the server took. The buffer goes back to the caller's [`Caller::recycle`].
///
/// # Errors
/// `EOPNOTSUPP` when the server cannot write.
pub fn write<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    offset: u64,
    (mut body, len): (Buf<P>, usize),
    ioflag: u32,
) -> Result<usize, Failed> {
    let refused = match caller.ops().has_vn(vn::WRITE) {
        false => Some(Errno::NotSupp),
        true if len > most(caller.max()) || len > body.len().saturating_sub(WRITE_HEAD) => {
            Some(Errno::Inval)
        }
        true => None,
    };
    if let Some(errno) = refused {
        caller.recycle(body);
        return Err(errno.into());
    }
    let req = WriteReq {
        head: *head,
        offset,
        len: len as u32,
        ioflag,
    };
    body[..WRITE_HEAD].copy_from_slice(req.as_bytes());
    let call = Call {
        caller,
        cookie: node,
        kind: Kind::Write,
        out: Outgoing {
            copylen: WRITE_HEAD + len,
            ..Outgoing::vn(vn::WRITE, node, body)
        },
    };
    let ans: WriteAns = call.ask()?;
    match ans.len as usize {
        done if done <= len => Ok(done),
        _ => Err(broken(caller, node, Kind::Write, "more written than given")),
    }
}

/// Makes what was written safe. `flags` as in the FSYNC message; `hi` 0 means the end of the file.
///
/// # Errors
/// Those of the server; none when it has no such operation.
pub fn fsync<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    flags: u32,
    (lo, hi): (u64, u64),
) -> Result<(), Failed> {
    if !caller.ops().has_vn(vn::FSYNC) {
        return Ok(());
    }
    let req = FlagsReq {
        head: *head,
        flags,
        inactive: 0,
        lo,
        hi,
    };
    Call::vn(caller, vn::FSYNC, node, &req, [&[], &[]])?
        .ask::<Ans>()
        .map(drop)
}

/// Says that a node may be mapped from now on, with this protection (`VM_PROT_*`). Returns the server's side notes.
///
/// # Errors
/// Those of the server; none when it has no such operation.
pub fn mmap<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    prot: u32,
) -> Result<u32, Failed> {
    if !caller.ops().has_vn(vn::MMAP) {
        return Ok(0);
    }
    let req = FlagsReq {
        head: *head,
        flags: prot,
        ..FlagsReq::default()
    };
    Call::vn(caller, vn::MMAP, node, &req, [&[], &[]])?.ask_setback()
}

/// Asks whether an open file may go from one offset to another.
///
/// # Errors
/// Those of the server; none when it has no such operation.
pub fn seek<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    (from, to): (u64, u64),
) -> Result<(), Failed> {
    if !caller.ops().has_vn(vn::SEEK) {
        return Ok(());
    }
    let req = FlagsReq {
        head: *head,
        lo: from,
        hi: to,
        ..FlagsReq::default()
    };
    Call::vn(caller, vn::SEEK, node, &req, [&[], &[]])?
        .ask::<Ans>()
        .map(drop)
}

/// Waits until one of `events` (`POLL*`) is there, and returns those that are.
///
/// # Errors
/// Those of the server; without such an operation a node is always ready.
pub fn poll<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    events: u32,
) -> Result<u32, Failed> {
    /// `POLLIN`, `POLLOUT`, `POLLRDNORM`, `POLLWRNORM`: the same numbers on all systems but the last.
    const READY: u32 = 0x0145;
    if !caller.ops().has_vn(vn::POLL) {
        return Ok(events & READY);
    }
    let ended = caller.call(poll_begin(caller, head, node, events)?);
    poll_end(caller, node, ended)
}

/// The request of [`poll`] alone, for who does not wait for its end.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn poll_begin<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    events: u32,
) -> Result<Outgoing<P>, Failed> {
    if !caller.ops().has_vn(vn::POLL) {
        return Err(Errno::NotSupp.into());
    }
    let req = FlagsReq {
        head: *head,
        flags: events,
        ..FlagsReq::default()
    };
    Ok(Call::vn(caller, vn::POLL, node, &req, [&[], &[]])?.out)
}

/// The events that are there, by the end of what [`poll_begin`] made.
///
/// # Errors
/// Those of the queue and of the server.
pub fn poll_end<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    node: Cookie,
    ended: Result<Answer<P>, Errno>,
) -> Result<u32, Failed> {
    let (ans, answer) = judge::<PollAns, P, C>(caller, node, Kind::Error, ended)?;
    caller.recycle(answer.body);
    Ok(ans.events)
}

/// Reads where a symbolic link leads.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn readlink<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
) -> Result<Data<P>, Failed> {
    if !caller.ops().has_vn(vn::READLINK) {
        return Err(Errno::NotSupp.into());
    }
    let req = PlainReq { head: *head };
    let (_, data) = Call::roomy(caller, vn::READLINK, node, &req, [&[], &[]], ROOM)?
        .kind(Kind::Readlink)
        .ask_data::<DataAns>(TARGET_MAX, |ans| ans.len)?;
    if data.is_empty() || data.contains(&0) {
        return Err(broken(caller, node, Kind::Readlink, "link leads nowhere"));
    }
    Ok(data)
}
