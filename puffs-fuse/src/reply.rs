//! Replies to the kernel, and taking back what nobody got.

use puffs_core::platform::Hosted;
use puffs_vfs::Data;
use puffs_vfs::nodes::NodeId;
use zerocopy::IntoBytes;

use crate::device::Sent;
use crate::errno::Code;
use crate::ops::lock::Locked;
use crate::ops::poll::Polled;
use crate::proto::wire::{
    AttrOut, EntryOut, InitOut, LkOut, OpenOut, PollOut, StatfsOut, WriteOut,
};
use crate::session::Work;

/// What a request gets.
pub(crate) enum Reply {
    /// Nothing: nobody waits.
    None,
    /// That it is done.
    Empty,
    Attr(AttrOut),
    Entry(EntryOut),
    Created(EntryOut, OpenOut),
    Open(OpenOut),
    Written(WriteOut),
    Statfs(StatfsOut),
    Init(InitOut),
    Polled(Polled),
    Lock(LkOut),
    Locked(Locked),
    Data(Data<Hosted>),
    Bytes(Vec<u8>),
}

/// What became of a request.
pub(crate) type Outcome = Result<Reply, Code>;

impl Work<'_> {
    /// Ends a request.
    pub(crate) fn reply(&self, unique: u64, outcome: Outcome) {
        let traffic = &self.session.traffic;
        let ended = traffic.end(unique);
        let wanted = ended.is_wanted();
        let send = |bytes: &[u8]| match wanted {
            true => traffic.send(unique, 0, bytes),
            false => Sent::Unwanted,
        };
        let sent = match &outcome {
            Ok(Reply::None) => return,
            Ok(Reply::Empty | Reply::Locked(_)) => send(&[]),
            Ok(Reply::Attr(out)) => send(out.as_bytes()),
            Ok(Reply::Entry(out)) => send(out.as_bytes()),
            Ok(Reply::Created(entry, open)) => {
                let mut both = [0; size_of::<EntryOut>() + size_of::<OpenOut>()];
                let (first, second) = both.split_at_mut(size_of::<EntryOut>());
                first.copy_from_slice(entry.as_bytes());
                second.copy_from_slice(open.as_bytes());
                send(&both)
            }
            Ok(Reply::Open(out)) => send(out.as_bytes()),
            Ok(Reply::Written(out)) => send(out.as_bytes()),
            Ok(Reply::Statfs(out)) => send(out.as_bytes()),
            Ok(Reply::Init(out)) => send(out.as_bytes()),
            Ok(Reply::Lock(out)) => send(out.as_bytes()),
            Ok(Reply::Polled(polled)) => send(
                PollOut {
                    revents: polled.revents,
                    padding: 0,
                }
                .as_bytes(),
            ),
            Ok(Reply::Data(data)) => send(data),
            Ok(Reply::Bytes(bytes)) => send(bytes),
            Err(Code(error)) if wanted => traffic.send(unique, *error, &[]),
            Err(_) => return,
        };
        drop(ended);
        match outcome {
            Ok(Reply::Data(data)) => self.session.line.pool.give(data.body),
            Ok(reply) if sent == Sent::Unwanted => self.undo(reply),
            Ok(Reply::Locked(locked)) => self.locked(&locked),
            _ => {}
        }
    }

    /// Nobody got this reply: what it gave away is taken back.
    fn undo(&self, reply: Reply) {
        let (entry, open) = match reply {
            Reply::Entry(entry) => (Some(entry), None),
            Reply::Created(entry, open) => (Some(entry), Some(open)),
            Reply::Open(open) => (None, Some(open)),
            Reply::Polled(polled) => return self.collect(polled),
            Reply::Locked(locked) => return self.give_back(&locked),
            _ => (None, None),
        };
        if let Some(open) = open {
            self.close(open.fh);
        }
        if let Some(entry) = entry.filter(|entry| entry.nodeid != 0) {
            self.forget_node(NodeId(entry.nodeid), 1);
        }
    }
}
