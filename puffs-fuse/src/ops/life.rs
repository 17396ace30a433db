//! Beginning and end: INIT, FORGET, what happens to nodes that nobody needs, and unmounting.

use puffs_core::msg::body::setback;
use puffs_core::msg::op::vn;
use puffs_vfs::nodes::{Gone, Node, NodeId, ROOT};
use puffs_vfs::{Caller, life, who};

use super::Held;
use crate::errno::Code;
use crate::notify::Notice;
use crate::proto::init;
use crate::proto::request::Request;
use crate::proto::wire::{ForgetIn, InitIn};
use crate::reply::{Outcome, Reply};
use crate::session::Work;

impl Work<'_> {
    pub(crate) fn init(&self, request: &Request<'_>) -> Outcome {
        match init::negotiate(
            &request.fixed::<InitIn>()?,
            self.session.maxdata,
            self.port.ops().has_vn(vn::ADVLOCK),
        ) {
            Ok(out) => Ok(Reply::Init(out)),
            Err(init::TooOld) => {
                eprintln!("puffs: this kernel's FUSE is older than version 7.31");
                Err(Code(libc::EPROTO))
            }
        }
    }

    pub(crate) fn forget(&self, request: &Request<'_>) -> Outcome {
        // There is no reply to a FORGET, not even to a malformed one.
        if let Ok(forget) = request.fixed::<ForgetIn>() {
            self.forget_node(NodeId(request.header.nodeid), forget.nlookup);
        }
        Ok(Reply::None)
    }

    pub(crate) fn batch_forget(&self, request: &Request<'_>) -> Outcome {
        if let Ok(forgets) = request.forgets() {
            for one in forgets {
                self.forget_node(NodeId(one.nodeid), one.nlookup);
            }
        }
        Ok(Reply::None)
    }

    pub(crate) fn forget_node(&self, id: NodeId, count: u64) {
        let gone = self.session.state.borrow_mut().nodes.forget(id, count);
        if let Some(gone) = gone {
            let mut state = self.session.state.borrow_mut();
            state.polls.end_node(id);
            state.fresh.gone(id);
            drop(state);
            self.retire(gone);
        }
    }

    /// The end of a node that the table has let go: inactive, if that is due, always comes before reclaim.
    pub(crate) fn retire(&self, gone: Gone) {
        if gone.needs_inactive && self.wants_inactive(gone.asked_inactive) {
            let _ = life::inactive(&self.port, &who::kernel(), gone.cookie);
        }
        if let Err(failed) = life::reclaim(&self.port, &who::kernel(), gone.cookie, gone.nlookup) {
            let Code(error) = failed.into();
            if error != libc::ENXIO {
                eprintln!("puffs: reclaim of {:#x}: error {error}", gone.cookie.0);
            }
        }
    }

    /// Whether a node that is not used any more is to be made inactive.
    pub(crate) fn inactive_due(&self, node: &Node) -> bool {
        node.needs_inactive && self.wants_inactive(node.asked_inactive)
    }

    fn wants_inactive(&self, asked: bool) -> bool {
        asked || !self.session.policy.inactive_on_demand
    }

    /// Takes down the server's side notes on the one or two nodes of an operation.
    pub(crate) fn setback(&self, notes: u32, first: &Held<'_, '_>, second: Option<&Held<'_, '_>>) {
        let note = |held: &Held<'_, '_>, inactive: u32, noref: u32| {
            if notes & (inactive | noref) != 0 {
                held.note(|node| {
                    node.asked_inactive |= notes & inactive != 0;
                    node.noref |= notes & noref != 0;
                });
            }
        };
        note(first, setback::INACT_N1, setback::NOREF_N1);
        if let Some(second) = second {
            note(second, setback::INACT_N2, setback::NOREF_N2);
        }
    }

    /// The server holds no more references to a node that has become inactive: Linux is asked to forget it, so that
    /// reclaim comes soon. If somebody still uses it, or Linux cannot be asked (before 6.18), it comes when Linux likes.
    pub(crate) fn let_go(&self, id: NodeId) {
        let _ = self.session.notifier.send(Notice::Prune(id));
    }

    /// The file system is unmounted: what the kernel would have sent had it gone slowly, then the farewell.
    pub(crate) fn finish(&self) {
        let session = self.session;
        let open = session.state.borrow_mut().handles.drain();
        for handle in open {
            self.close_handle(&handle);
        }
        let mut from = 0;
        loop {
            let gone = session.state.borrow_mut().nodes.evict(&mut from);
            let Some(gone) = gone else { break };
            self.retire(gone);
        }
        let root = session.state.borrow().nodes.get(ROOT).copied();
        if let Some(root) = root.filter(|root| self.inactive_due(root)) {
            let _ = life::inactive(&self.port, &who::kernel(), root.cookie);
        }
        let _ = life::sync(&self.port, &who::fs(), life::MNT_WAIT);
        // It is gone already, and the server is told so: a refusal would change nothing.
        let _ = life::unmount(&self.port, &who::kernel(), life::MNT_FORCE);
    }
}
