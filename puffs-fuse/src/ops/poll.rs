//! POLL, which has to be answered at once, over an operation that may wait.
//!
//! The operation runs in the request's task. If it is over at once, its events are the reply. If it is left in its middle, the
//! session answers that there is nothing, and what comes in the end is collected with the node; whoever polls gets a
//! notice, polls again, and takes what was collected. No more than one operation waits for the same events of a node.

use std::collections::HashMap;

use puffs_core::msg::op::vn;
use puffs_vfs::nodes::NodeId;
use puffs_vfs::{Caller, file};

use super::head;
use crate::errno::Code;
use crate::proto::request::Request;
use crate::proto::wire::{POLL_SCHEDULE_NOTIFY, PollIn};
use crate::reply::{Outcome, Reply};
use crate::session::Work;

/// Events that come unasked.
const ALWAYS: u32 = (libc::POLLERR | libc::POLLHUP) as u32;

/// What the operation said of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Polled {
    node: NodeId,
    pub(crate) revents: u32,
}

/// The nodes that are polled.
#[derive(Default)]
pub(crate) struct Polls(HashMap<NodeId, Poll>);

#[derive(Default)]
struct Poll {
    /// Events that nobody has been told of.
    collected: u32,
    /// Events that an operation waits for, each.
    outstanding: Vec<u32>,
    /// The kernel's names for those who sleep until a notice comes.
    sleepers: Vec<u64>,
}

/// What is to be done for a poll.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// These events were collected.
    Events(u32),
    /// An operation waits already.
    Waiting,
    /// The operation is to be run.
    New,
}

impl Polls {
    fn begin(&mut self, node: NodeId, events: u32, sleeper: Option<u64>) -> Found {
        let poll = self.0.entry(node).or_default();
        if let Some(kh) = sleeper.filter(|kh| !poll.sleepers.contains(kh)) {
            poll.sleepers.push(kh);
        }
        let ready = poll.collected & (events | ALWAYS);
        if ready != 0 {
            poll.collected &= !ready;
            return Found::Events(ready);
        }
        if poll.outstanding.contains(&events) {
            return Found::Waiting;
        }
        poll.outstanding.push(events);
        Found::New
    }

    /// The operation that waited for these events is over.
    fn end(&mut self, node: NodeId, events: u32) {
        if let Some(poll) = self.0.get_mut(&node) {
            poll.outstanding.retain(|waiting| *waiting != events);
            self.tidy(node);
        }
    }

    /// Keeps events for later; returns those who are to be told.
    fn collect(&mut self, polled: Polled) -> Vec<u64> {
        let poll = self.0.entry(polled.node).or_default();
        poll.collected |= polled.revents;
        let sleepers = std::mem::take(&mut poll.sleepers);
        self.tidy(polled.node);
        sleepers
    }

    /// An open file by which somebody may have polled is closed.
    pub(crate) fn forget(&mut self, node: NodeId, kh: u64) {
        if let Some(poll) = self.0.get_mut(&node) {
            poll.sleepers.retain(|sleeper| *sleeper != kh);
            self.tidy(node);
        }
    }

    /// The node is not live any more.
    pub(crate) fn end_node(&mut self, node: NodeId) {
        self.0.remove(&node);
    }

    fn tidy(&mut self, node: NodeId) {
        let idle = |poll: &Poll| {
            poll.collected == 0 && poll.outstanding.is_empty() && poll.sleepers.is_empty()
        };
        if self.0.get(&node).is_some_and(idle) {
            self.0.remove(&node);
        }
    }
}

impl Work<'_> {
    pub(crate) fn poll(&self, request: &Request<'_>) -> Outcome {
        let poll = request.fixed::<PollIn>()?;
        if !self.port.ops().has_vn(vn::POLL) {
            // From now on Linux says by itself that it is ready.
            return Err(Code(libc::ENOSYS));
        }
        let node = self.hold(request.header.nodeid)?;
        let sleeper = (poll.flags & POLL_SCHEDULE_NOTIFY != 0).then_some(poll.kh);
        // Linux wants to know those always; a server that says that all is there would say that they are.
        let events = poll.events & !ALWAYS;
        let found = {
            let mut state = self.session.state.borrow_mut();
            if let Some(handle) = state.handles.get(poll.fh) {
                handle.kh = Some(poll.kh);
            }
            state.polls.begin(node.id, events, sleeper)
        };
        let revents = match found {
            Found::Events(events) => events,
            Found::Waiting => 0,
            Found::New => {
                let head = head(&request.header);
                let said = file::poll(&self.port, &head, node.node.cookie, events);
                let mut state = self.session.state.borrow_mut();
                state.polls.end(node.id, events);
                let said = said.unwrap_or(libc::POLLERR as u32) & (events | ALWAYS);
                if said == 0 && sleeper.is_some() {
                    // The server does not wait, so he who sleeps is to ask again after a while.
                    self.session.traffic.wake_later(poll.kh);
                }
                said
            }
        };
        Ok(Reply::Polled(Polled {
            node: node.id,
            revents,
        }))
    }

    /// The reply to a POLL came too late: whoever sleeps is told, and asks again.
    pub(crate) fn collect(&self, polled: Polled) {
        let sleepers = self.session.state.borrow_mut().polls.collect(polled);
        for kh in sleepers {
            self.session.traffic.wake_poller(kh);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId(7);
    const IN: u32 = libc::POLLIN as u32;
    const OUT: u32 = libc::POLLOUT as u32;

    fn collect(polls: &mut Polls, revents: u32) -> Vec<u64> {
        polls.collect(Polled {
            node: NODE,
            revents,
        })
    }

    #[test]
    fn one_operation_waits_for_the_same_events() {
        let mut polls = Polls::default();
        assert_eq!(polls.begin(NODE, IN, Some(1)), Found::New);
        assert_eq!(polls.begin(NODE, IN, Some(2)), Found::Waiting);
        assert_eq!(polls.begin(NODE, OUT, None), Found::New);
        polls.end(NODE, IN);
        assert_eq!(collect(&mut polls, IN), [1, 2]);
        assert_eq!(polls.begin(NODE, OUT, Some(1)), Found::Waiting);
        assert_eq!(polls.begin(NODE, IN | OUT, None), Found::Events(IN));
        assert_eq!(polls.begin(NODE, IN, None), Found::New);
    }

    #[test]
    fn errors_come_unasked_and_nothing_stays_behind() {
        let mut polls = Polls::default();
        assert_eq!(polls.begin(NODE, IN, Some(1)), Found::New);
        polls.end(NODE, IN);
        polls.forget(NODE, 1);
        assert!(polls.0.is_empty());
        assert!(collect(&mut polls, ALWAYS).is_empty());
        assert_eq!(polls.begin(NODE, OUT, None), Found::Events(ALWAYS));
    }
}
