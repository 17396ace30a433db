//! Open files: OPEN, READ, WRITE, FSYNC, RELEASE.

use puffs_core::msg::body::Head;
use puffs_core::msg::op::vn;
use puffs_core::platform::Hosted;
use puffs_core::{Buf, Cookie};
use puffs_user::c::consts::{
    PUFFS_FSYNC_DATAONLY, PUFFS_FSYNC_WAIT, PUFFS_IO_APPEND, PUFFS_IO_NDELAY, VM_PROT_EXECUTE,
    VM_PROT_READ, VM_PROT_WRITE,
};
use puffs_vfs::nodes::{NodeId, VType};
use puffs_vfs::{Caller, Data, attr as vattr, file, who};

use super::{Held, head};
use crate::errno::Code;
use crate::handles::Handle;
use crate::proto::request::Request;
use crate::proto::wire::{
    FSYNC_FDATASYNC, FsyncIn, InHeader, OpenIn, OpenOut, OutHeader, RELEASE_FLOCK_UNLOCK, ReadIn,
    ReleaseIn, WRITE_CACHE, WriteIn, WriteOut, fopen,
};
use crate::reply::{Outcome, Reply};
use crate::session::Work;

/// Bits of open(2) that concern Linux alone: large files, and "to be executed".
const LINUX_ONLY: u32 = 0o100_000 | 0x20;

/// The mode of the open operation: open(2)'s flags, plus one in the access bits.
fn mode(flags: u32) -> u32 {
    let access = libc::O_ACCMODE as u32;
    (flags & !access & !LINUX_ONLY & !(libc::O_LARGEFILE as u32)) | ((flags & access) + 1)
}

/// A write that may be done.
struct Writing<'w, 't> {
    node: Held<'w, 't>,
    head: Head,
    write: WriteIn,
    ioflag: u32,
}

impl<'t> Work<'t> {
    pub(crate) fn open(&self, request: &Request<'_>) -> Outcome {
        let open = request.fixed::<OpenIn>()?;
        let head = head(&request.header);
        let node = self.hold(request.header.nodeid)?;
        let mode = mode(open.flags);
        let mut wants = 0;
        if mode & file::FREAD != 0 {
            wants |= vattr::VREAD;
        }
        if mode & file::FWRITE != 0 {
            wants |= vattr::VWRITE;
        }
        self.check(&head, &node, wants)?;
        Ok(Reply::Open(self.open_file(&head, &node, open.flags)?))
    }

    /// Opens a node for which permission has been given.
    pub(crate) fn open_file(
        &self,
        head: &Head,
        node: &Held<'_, '_>,
        flags: u32,
    ) -> Result<OpenOut, Code> {
        let mode = mode(flags);
        let opened = file::open(&self.port, head, node.node.cookie, node.node.vtype, mode)?;
        self.setback(opened.setback, node, None);
        let regular = node.node.vtype == VType::Reg;
        if regular {
            self.may_be_mapped(head, node, mode);
        }
        let stream = regular && self.is_stream(head, node);
        let mut direct = self.session.policy.nocache_page || stream;
        // With locks of the server's, a close takes some away.
        let noflush = match self.port.ops().has_vn(vn::ADVLOCK) {
            true => 0,
            false => fopen::NOFLUSH,
        };
        node.note(|node| {
            // From now on, until the node is inactive.
            node.direct_io |= opened.oflags & file::IO_DIRECT != 0;
            direct |= node.direct_io;
        });
        let mut state = self.session.state.borrow_mut();
        state.nodes.opened(node.id);
        let fh = state.handles.add(Handle {
            node: node.id,
            mode,
            direct,
            stream,
            kh: None,
            listing: None,
        });
        Ok(OpenOut {
            fh,
            open_flags: noflush
                | match (regular, direct) {
                    (false, _) => 0,
                    (true, _) if stream => fopen::DIRECT_IO | fopen::STREAM | fopen::NONSEEKABLE,
                    (true, true) => fopen::DIRECT_IO,
                    (true, false) => fopen::KEEP_CACHE,
                },
            padding: 0,
        })
    }

    /// Linux tells nobody when it goes to another offset of a file, so the server is asked at once: where nobody may go
    /// anywhere is a stream.
    fn is_stream(&self, head: &Head, node: &Held<'_, '_>) -> bool {
        file::seek(&self.port, head, node.node.cookie, (0, 0)).is_err()
    }

    /// Linux tells nobody when it maps a file, so the server is told at once, as far as the mode allows, and only its side
    /// notes count.
    fn may_be_mapped(&self, head: &Head, node: &Held<'_, '_>, mode: u32) {
        let mut prot = 0;
        if mode & file::FREAD != 0 {
            prot |= (VM_PROT_READ | VM_PROT_EXECUTE) as u32;
        }
        if mode & file::FWRITE != 0 {
            prot |= VM_PROT_WRITE as u32;
        }
        let cookie = node.node.cookie;
        if let Ok(notes) = file::mmap(&self.port, head, cookie, prot) {
            self.setback(notes, node, None);
        }
    }

    pub(crate) fn read(&self, request: &Request<'_>) -> Outcome {
        let read = request.fixed::<ReadIn>()?;
        let node = self.hold(request.header.nodeid)?;
        let (direct, stream) = self.handling(read.fh)?;
        if stream {
            self.session.traffic.may_wait(request.header.unique);
        }
        let mut len = (read.size as usize).min(self.session.maxdata);
        let mut ioflag = 0;
        if direct {
            ioflag = ndelay(read.flags);
        } else {
            // Behind the end of a file that is cached nobody reads: some servers do not check.
            let left = node.node.size.saturating_sub(read.offset);
            len = len.min(usize::try_from(left).unwrap_or(usize::MAX));
            if len == 0 {
                return Ok(Reply::Empty);
            }
        }
        let head = head(&request.header);
        let cookie = node.node.cookie;
        let data = file::read(&self.port, &head, cookie, read.offset, len, ioflag)?;
        match direct || data.len == len || data.len == 0 {
            true => Ok(Reply::Data(data)),
            false => {
                let place = (cookie, read.offset);
                Ok(Reply::Data(self.read_on(&head, place, len, data)?))
            }
        }
    }

    /// Asks for what is behind the first piece, until nothing more comes: servers may answer in pieces, and Linux would take the
    /// first for the end of the file.
    fn read_on(
        &self,
        head: &Head,
        (cookie, offset): (Cookie, u64),
        len: usize,
        first: Data<Hosted>,
    ) -> Result<Data<Hosted>, Code> {
        let start = size_of::<OutHeader>();
        let mut body = self.port.buffer(start + len)?;
        let mut have = 0;
        let mut piece = first;
        loop {
            let at = start + have;
            body[at..at + piece.len].copy_from_slice(&piece);
            have += piece.len;
            let over = piece.len == 0 || have == len;
            self.port.recycle(piece.body);
            if over {
                return Ok(Data {
                    body,
                    start,
                    len: have,
                });
            }
            let offset = offset.saturating_add(have as u64);
            piece = file::read(&self.port, head, cookie, offset, len - have, 0)?;
        }
    }

    /// WRITE, whose request of `len` bytes at `front` becomes the message where it is.
    pub(crate) fn write(&self, buf: Buf<Hosted>, front: usize, len: usize) -> Outcome {
        let prepared = self.prepare_write(&buf[front..front + len]);
        let Writing {
            node,
            head,
            write,
            ioflag,
        } = match prepared {
            Ok(writing) => writing,
            Err(code) => {
                self.session.line.pool.give(buf);
                return Err(code);
            }
        };
        self.port.asked_by(head.pid);
        let wanted = write.size as usize;
        let data = (buf, wanted);
        let done = file::write(
            &self.port,
            &head,
            node.node.cookie,
            write.offset,
            data,
            ioflag,
        )?;
        node.note(|node| node.size = node.size.max(write.offset.saturating_add(done as u64)));
        match done == wanted {
            true => Ok(Reply::Written(WriteOut {
                size: write.size,
                padding: 0,
            })),
            // A server takes all, or says why not.
            false => Err(Code(libc::EIO)),
        }
    }

    fn prepare_write(&self, bytes: &[u8]) -> Result<Writing<'_, 't>, Code> {
        let request = Request::read(bytes)?;
        let write = request.fixed::<WriteIn>()?;
        let data = bytes.len() - size_of::<InHeader>() - size_of::<WriteIn>();
        if write.size as usize > data.min(self.session.maxdata) {
            return Err(Code(libc::EINVAL));
        }
        let node = self.hold(request.header.nodeid)?;
        let cached = write.write_flags & WRITE_CACHE != 0;
        let mut ioflag = 0;
        if self.handling(write.fh)?.0 && !cached {
            ioflag = ndelay(write.flags);
            if write.flags & libc::O_APPEND as u32 != 0 {
                ioflag |= PUFFS_IO_APPEND as u32;
            }
        }
        let head = if cached {
            who::fs()
        } else {
            head(&request.header)
        };
        Ok(Writing {
            node,
            head,
            write,
            ioflag,
        })
    }

    /// Whether an open file passes the page cache by, and whether it is a stream.
    fn handling(&self, fh: u64) -> Result<(bool, bool), Code> {
        let mut state = self.session.state.borrow_mut();
        let handle = state.handles.get(fh).ok_or(Code(libc::EBADF))?;
        Ok((handle.direct, handle.stream))
    }

    pub(crate) fn fsync(&self, request: &Request<'_>) -> Outcome {
        let fsync = request.fixed::<FsyncIn>()?;
        let node = self.hold(request.header.nodeid)?;
        let mut flags = PUFFS_FSYNC_WAIT as u32;
        if fsync.fsync_flags & FSYNC_FDATASYNC != 0 {
            flags |= PUFFS_FSYNC_DATAONLY as u32;
        }
        let head = head(&request.header);
        file::fsync(&self.port, &head, node.node.cookie, flags, (0, 0))?;
        Ok(Reply::Empty)
    }

    pub(crate) fn release(&self, request: &Request<'_>) -> Outcome {
        let release = request.fixed::<ReleaseIn>()?;
        if release.release_flags & RELEASE_FLOCK_UNLOCK != 0 {
            self.unlock_file(NodeId(request.header.nodeid), release.lock_owner);
        }
        self.unlock_by(release.fh);
        self.close(release.fh);
        Ok(Reply::Empty)
    }

    /// Closes an open file; the last use of a node makes it inactive.
    pub(crate) fn close(&self, fh: u64) {
        let handle = self.session.state.borrow_mut().handles.remove(fh);
        if let Some(handle) = handle {
            self.close_handle(&handle);
        }
    }

    pub(crate) fn close_handle(&self, handle: &Handle) {
        let Ok(held) = self.hold(handle.node.0) else {
            return;
        };
        let mut state = self.session.state.borrow_mut();
        if let Some(kh) = handle.kh {
            state.polls.forget(handle.node, kh);
        }
        // It is held, so this is not its end.
        let _ = state.nodes.closed(held.id);
        let inactive = state
            .nodes
            .get(held.id)
            .is_some_and(|node| node.last_use() && self.inactive_due(node));
        drop(state);
        let head = who::kernel();
        // Nobody waits for the result of a close.
        if let Ok(notes) = file::close(&self.port, &head, held.node.cookie, handle.mode, inactive) {
            self.setback(notes, &held, None);
        }
        if inactive {
            let mut noref = false;
            held.note(|node| {
                node.needs_inactive = false;
                node.asked_inactive = false;
                node.direct_io = false;
                noref = node.noref;
            });
            if noref {
                self.let_go(held.id);
            }
        }
    }
}

fn ndelay(flags: u32) -> u32 {
    match flags & libc::O_NONBLOCK as u32 {
        0 => 0,
        _ => PUFFS_IO_NDELAY as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_flags_plus_one() {
        assert_eq!(mode(libc::O_RDONLY as u32), file::FREAD);
        assert_eq!(mode(libc::O_WRONLY as u32), file::FWRITE);
        assert_eq!(mode(libc::O_RDWR as u32), file::FREAD | file::FWRITE);
        let append = libc::O_APPEND as u32;
        assert_eq!(mode(append | 0o100_000 | 1), append | file::FWRITE);
    }
}
