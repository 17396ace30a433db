//! A request being executed: its parts, and the way back.

use core::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr;

use puffs_core::msg::body::{Ans, NAME_MAX};
use puffs_core::msg::wire;
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::check;
use crate::c::name::{puffs_cn, puffs_kcn, puffs_pathobj};
use crate::c::ops::puffs_ops;
use crate::c::puffs_cookie_t;
use crate::cc::Cc;
use crate::cred::Cred;
use crate::usermount::Usermount;

/// How an operation went: the length of the answer, or an errno value.
pub(super) type Done = Result<usize, i32>;

/// A request being executed.
pub(super) struct Call<'a> {
    pub(super) pu: &'a Usermount,
    pub(super) cc: &'a Cc,
    /// The node, or the directory for operations on names.
    pub(super) cookie: puffs_cookie_t,
    /// Nobody waits for an answer.
    pub(super) faf: bool,
    /// The request's body, then the answer's.
    pub(super) buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        pu: &'a Usermount,
        cc: &'a Cc,
        req: &wire::Req,
        buffer: &'a mut [u8],
        len: usize,
    ) -> Self {
        Call {
            pu,
            cc,
            cookie: cookie(req.cookie as u64),
            faf: req.opclass & puffs_core::msg::op::FLAG_FAF != 0,
            buffer,
            len,
        }
    }

    /// The server's operations.
    pub(super) fn ops(&self) -> &'a puffs_ops {
        self.pu.ops()
    }

    /// The context of the server, for its operations.
    pub(super) fn usermount(&self) -> *mut Usermount {
        self.pu.as_ptr()
    }

    /// Who asks, for the server's operations.
    pub(super) fn cred(&self) -> *const Cred {
        self.cc.cred()
    }

    /// The fixed part of the body.
    pub(super) fn fixed<T: FromBytes>(&self) -> Result<T, i32> {
        match T::read_from_prefix(&self.buffer[..self.len]) {
            Ok((fixed, _)) => Ok(fixed),
            Err(_) => Err(libc::EINVAL),
        }
    }

    /// The parts without a fixed length, behind a `T`, in the order of their lengths.
    pub(super) fn tails<T, const N: usize>(&self, lens: [u32; N]) -> Result<[&[u8]; N], i32> {
        let mut rest = self.buffer[..self.len]
            .get(size_of::<T>()..)
            .ok_or(libc::EINVAL)?;
        let mut tails = [&[][..]; N];
        for (tail, len) in tails.iter_mut().zip(lens) {
            (*tail, rest) = rest.split_at_checked(len as usize).ok_or(libc::EINVAL)?;
        }
        Ok(tails)
    }

    /// Address of `len` bytes of the buffer behind a `T`, for the server to read or write.
    pub(super) fn room<T>(&mut self, len: usize) -> Result<*mut u8, i32> {
        let room = self
            .buffer
            .get_mut(size_of::<T>()..)
            .and_then(|rest| rest.get_mut(..len))
            .ok_or(libc::EINVAL)?;
        Ok(room.as_mut_ptr())
    }

    /// What an operation returned, as a result: 0, an errno value, or `EPROTO` for what is neither.
    pub(super) fn result(&self, rv: c_int) -> Result<(), i32> {
        check::rv(self, self.cookie, rv)
    }

    /// The same, of an operation on another node than the request's.
    pub(super) fn result_of(&self, cookie: puffs_cookie_t, rv: c_int) -> Result<(), i32> {
        check::rv(self, cookie, rv)
    }

    /// Head of an answer.
    pub(super) fn ans(&self) -> Ans {
        Ans {
            setback: self.cc.setback(),
            pad: 0,
        }
    }

    /// Puts the answer's fixed part in place, with `data` bytes behind it that are there already.
    pub(super) fn answer<T: IntoBytes + Immutable>(&mut self, answer: &T, data: usize) -> Done {
        answer
            .write_to_prefix(self.buffer)
            .map_err(|_| libc::EINVAL)?;
        Ok(size_of::<T>() + data)
    }

    /// An answer that says no more than the result.
    pub(super) fn answer_head(&mut self) -> Done {
        let ans = self.ans();
        self.answer(&ans, 0)
    }
}

/// A cookie as the server knows it.
pub(super) fn cookie(cookie: u64) -> puffs_cookie_t {
    // The server made it from a pointer of its own, or from a number: we only hand it back.
    ptr::with_exposed_provenance_mut(cookie as usize)
}

/// Room for a name as operations get it; it stays where it is while it is in use.
pub(super) struct Component {
    kcn: MaybeUninit<puffs_kcn>,
    cn: MaybeUninit<puffs_cn>,
}

impl Component {
    pub(super) const fn new() -> Self {
        Component {
            kcn: MaybeUninit::uninit(),
            cn: MaybeUninit::uninit(),
        }
    }

    /// Puts the name in place. Valid until `self` moves or ends, or the caller's `cred` ends.
    pub(super) fn fill(
        &mut self,
        name: &[u8],
        nameiop: u32,
        flags: u32,
        cred: &Cred,
    ) -> Result<*const puffs_cn, i32> {
        if name.is_empty() || name.len() > NAME_MAX || name.iter().any(|&b| b == 0 || b == b'/') {
            return Err(libc::EINVAL);
        }
        let kcn = self.kcn.as_mut_ptr();
        // SAFETY: `kcn` is our own room, written field by field, so that the 4 KiB behind a short name stay
        // untouched. The name with its NUL fits: it has at most 255 bytes.
        unsafe {
            (&raw mut (*kcn).pkcn_nameiop).write(nameiop);
            (&raw mut (*kcn).pkcn_flags).write(flags);
            let text = (&raw mut (*kcn).pkcn_name).cast::<u8>();
            ptr::copy_nonoverlapping(name.as_ptr(), text, name.len());
            text.add(name.len()).write(0);
            (&raw mut (*kcn).pkcn_namelen).write(name.len());
            (&raw mut (*kcn).pkcn_consume).write(0);
        }
        let cn = self.cn.write(puffs_cn {
            pcn_pkcnp: kcn,
            pcn_cred: ptr::from_ref(cred).cast_mut(),
            pcn_po_full: puffs_pathobj::NONE,
        });
        Ok(cn)
    }
}
