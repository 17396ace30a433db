//! Directories: OPENDIR, READDIR.
//!
//! A directory is read as a whole when its reading begins, and the kernel gets its names from
//! this snapshot. Servers differ in what their offsets mean, and many give none for a single name; and a
//! directory that changes while it is read does not repeat or lose a name that was there all the time.

use puffs_core::msg::body::Head;
use puffs_core::platform::Hosted;
use puffs_vfs::nodes::NodeId;
use puffs_vfs::{Caller, Data, Kind, attr as vattr, dir};
use zerocopy::IntoBytes;

use super::{Held, head};
use crate::errno::Code;
use crate::proto::request::Request;
use crate::proto::wire::{Dirent, OutHeader, ReadIn};
use crate::reply::{Outcome, Reply};
use crate::session::Work;

/// What one call of the server is asked for.
const PIECE: usize = 64 << 10;
/// No directory has more, in bytes of records: a server that never comes to an end is stopped here.
const MOST: usize = 1 << 30;

/// A directory as it was when its reading began, in the kernel's own records.
#[derive(Default)]
pub(crate) struct Snapshot {
    records: Vec<u8>,
    /// Where each record begins.
    starts: Vec<u32>,
}

impl Snapshot {
    fn push(&mut self, name: &[u8], ino: u64, kind: u8) {
        self.starts.push(self.records.len() as u32);
        let record = Dirent {
            ino,
            off: self.starts.len() as u64,
            namelen: name.len() as u32,
            kind: u32::from(kind),
        };
        self.records.extend_from_slice(record.as_bytes());
        self.records.extend_from_slice(name);
        self.records
            .resize(self.records.len().next_multiple_of(8), 0);
    }

    /// The records from `offset` on, as many whole ones as `room` bytes hold.
    fn part(&self, offset: u64, room: usize) -> &[u8] {
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(at).map(|start| *start as usize) else {
            return &[];
        };
        let ends = self.starts[at + 1..].iter().map(|start| *start as usize);
        let end = ends
            .chain([self.records.len()])
            .take_while(|end| end - start <= room)
            .last();
        &self.records[start..end.unwrap_or(start)]
    }
}

impl Work<'_> {
    pub(crate) fn opendir(&self, request: &Request<'_>) -> Outcome {
        let head = head(&request.header);
        let node = self.hold(request.header.nodeid)?;
        self.check(&head, &node, vattr::VREAD)?;
        let flags = libc::O_RDONLY as u32;
        Ok(Reply::Open(self.open_file(&head, &node, flags)?))
    }

    pub(crate) fn readdir(&self, request: &Request<'_>) -> Outcome {
        let read = request.fixed::<ReadIn>()?;
        let head = head(&request.header);
        let node = self.hold(request.header.nodeid)?;
        let _alone = self.enter_dir(request, &node)?;
        let known = {
            let mut state = self.session.state.borrow_mut();
            let handle = state.handles.get(read.fh).ok_or(Code(libc::EBADF))?;
            handle.listing.take().filter(|_| read.offset != 0)
        };
        let listing = match known {
            Some(listing) => listing,
            None => self.snapshot(&head, &node)?,
        };
        let room = (read.size as usize).min(self.session.maxdata);
        let part = listing.part(read.offset, room);
        let start = size_of::<OutHeader>();
        let mut body = self.port.buffer(start + part.len())?;
        body[start..start + part.len()].copy_from_slice(part);
        let len = part.len();
        if let Some(handle) = self.session.state.borrow_mut().handles.get(read.fh) {
            handle.listing = Some(listing);
        }
        Ok(Reply::Data(Data { body, start, len }))
    }

    fn snapshot(&self, head: &Head, node: &Held<'_, '_>) -> Result<Snapshot, Code> {
        let mut all = Snapshot::default();
        let (mut dot, mut dotdot) = (false, false);
        let mut offset = 0;
        loop {
            let cookie = node.node.cookie;
            let listing = dir::readdir::<Hosted, _>(&self.port, head, cookie, offset, PIECE)?;
            for entry in listing.entries() {
                dot |= entry.name == b".";
                dotdot |= entry.name == b"..";
                all.push(entry.name, entry.fileno, entry.dtype);
            }
            let (eof, next) = (listing.eof, listing.offset);
            listing.recycle(&self.port);
            if eof {
                break;
            }
            if next == offset || all.records.len() > MOST {
                return Err(self.broken(Kind::Readdir, "directory without an end", cookie));
            }
            offset = next;
        }
        if !dot {
            all.push(b".", ino(node.id), libc::DT_DIR);
        }
        if !dotdot {
            all.push(b"..", ino(node.id), libc::DT_DIR);
        }
        Ok(all)
    }
}

/// A number for a name that the server did not mention.
fn ino(id: NodeId) -> u64 {
    id.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::FromBytes;

    fn names(mut part: &[u8]) -> Vec<(String, u64, u64)> {
        let mut all = Vec::new();
        while !part.is_empty() {
            let (record, rest) = Dirent::read_from_prefix(part).unwrap();
            let name = &rest[..record.namelen as usize];
            all.push((String::from_utf8_lossy(name).into(), record.ino, record.off));
            part = &part[(24 + name.len()).next_multiple_of(8)..];
        }
        all
    }

    #[test]
    fn parts_are_whole_records_and_follow_each_other() {
        let mut snapshot = Snapshot::default();
        let expected: Vec<_> = (0..100)
            .map(|n| ("n".repeat(1 + n % 30), 1000 + n as u64, n as u64 + 1))
            .collect();
        for (name, ino, _) in &expected {
            snapshot.push(name.as_bytes(), *ino, 8);
        }
        for room in [56, 57, 300, 4096, 1 << 20] {
            let (mut got, mut offset) = (Vec::new(), 0);
            loop {
                let part = snapshot.part(offset, room);
                assert!(part.len() <= room);
                let Some(last) = names(part).last().map(|(_, _, off)| *off) else {
                    break;
                };
                got.extend(names(part));
                offset = last;
            }
            assert_eq!(got, expected, "{room}");
        }
        assert!(snapshot.part(100, 4096).is_empty());
        assert!(snapshot.part(u64::MAX, 4096).is_empty());
        assert!(snapshot.part(0, 24).is_empty());
    }
}
