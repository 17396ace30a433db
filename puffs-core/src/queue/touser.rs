//! The reference's entry points, with the buffers that its callers bring along.
//!
//! A borrowed buffer is copied in when the request is queued and out, on the caller's own thread, after it woke; so a caller
//! may leave at any time and the server never touches memory that is not the request's.

use super::enter::Terms;
use super::mount::Mount;
use crate::buf::Buf;
use crate::errno::{Errno, Result};
use crate::ids::{Cookie, ReqId};
use crate::platform::{Platform, Wait};
use crate::request::{Answer, Outgoing};

impl<P: Platform> Mount<P> {
    /// A file system request: `puffs_vfstouser`. `kbuf` is the request and receives the answer.
    ///
    /// # Errors
    /// As [`Mount::call`]; `kbuf` is then unchanged.
    pub fn vfstouser(&self, optype: u8, kbuf: &mut [u8], wait: &Wait) -> Result<i32> {
        self.lend(kbuf, Terms::new(wait), |body| Outgoing::vfs(optype, body))
    }

    /// A request on a node: `puffs_vntouser`, and with an id from [`Mount::next_id`]
    /// `puffs_vntouser_req`. `kbuf` is the request and receives the answer.
    ///
    /// # Errors
    /// As [`Mount::call_as`]; `kbuf` is then unchanged.
    pub fn vntouser(
        &self,
        optype: u8,
        kbuf: &mut [u8],
        cookie: Cookie,
        id: Option<ReqId>,
        wait: &Wait,
    ) -> Result<i32> {
        self.vntouser_on(
            optype,
            kbuf,
            cookie,
            Terms {
                id,
                ..Terms::new(wait)
            },
        )
    }

    /// The same on other terms than the usual.
    ///
    /// # Errors
    /// As [`Mount::call_on`]; `kbuf` is then unchanged, and so it is when a vnode has died.
    pub fn vntouser_on(
        &self,
        optype: u8,
        kbuf: &mut [u8],
        cookie: Cookie,
        terms: Terms<'_>,
    ) -> Result<i32> {
        self.lend(kbuf, terms, |body| Outgoing::vn(optype, cookie, body))
    }

    /// A request on a node whose answer may be longer than its buffer: `puffs_vntouser_adjbuf`. The server
    /// gets the first `copylen` bytes of `kbuf`; the answer comes in a buffer of its own.
    ///
    /// # Errors
    /// As [`Mount::call`].
    pub fn vntouser_adjbuf(
        &self,
        optype: u8,
        kbuf: &[u8],
        copylen: usize,
        cookie: Cookie,
        wait: &Wait,
    ) -> Result<Answer<P>> {
        self.vntouser_adjbuf_on(optype, kbuf, copylen, cookie, Terms::new(wait))
    }

    /// The same on other terms than the usual.
    ///
    /// # Errors
    /// As [`Mount::call_on`].
    pub fn vntouser_adjbuf_on(
        &self,
        optype: u8,
        kbuf: &[u8],
        copylen: usize,
        cookie: Cookie,
        terms: Terms<'_>,
    ) -> Result<Answer<P>> {
        self.check(kbuf.len())?;
        let mut out = Outgoing::vn(optype, cookie, Buf::copy_of(kbuf, kbuf.len())?);
        out.copylen = copylen;
        out.grow = true;
        self.call_on(out, terms)
    }

    fn lend(
        &self,
        kbuf: &mut [u8],
        terms: Terms<'_>,
        make: impl FnOnce(Buf<P>) -> Outgoing<P>,
    ) -> Result<i32> {
        self.check(kbuf.len())?;
        let out = make(Buf::copy_of(kbuf, kbuf.len())?);
        let answer = self.call_on(out, terms)?;
        match (kbuf.get_mut(..answer.len), answer.body.get(..answer.len)) {
            (Some(to), Some(from)) => to.copy_from_slice(from),
            _ => return Err(Errno::Proto),
        }
        Ok(answer.rv)
    }

    /// Refuses what the door would refuse, before anything is copied.
    fn check(&self, len: usize) -> Result<()> {
        match len <= self.config.max_len {
            true => Ok(()),
            false => Err(Errno::Inval),
        }
    }
}
