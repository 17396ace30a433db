//! What a caller holds while it waits: the locks of its vnodes, which the server may need others to take.
//!
//! They are given up once the request is in the queue, and taken again when the caller is back, in the order in which a
//! kernel locks: the first one first. A request that does not enter leaves them alone.

use super::mount::Mount;
use super::putop::Late;
use crate::buf::Buf;
use crate::errno::{Errno, Result};
use crate::ids::{Cookie, Vnode};
use crate::platform::Platform;
use crate::request::Answer;

/// The vnodes that a caller has locked, the one first that is locked first.
pub type Vnodes = [Option<Vnode>; 2];

/// What a request was, for the late hook.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) class: u8,
    pub(super) optype: u8,
    pub(super) cookie: Cookie,
}

/// Each of them once.
fn each([first, second]: Vnodes) -> Vnodes {
    [first, second.filter(|_| second != first)]
}

impl<P: Platform> Mount<P> {
    /// The request is queued: unlocks, the last one first.
    pub(super) fn unlock(&self, vnodes: Vnodes) {
        if let Some(host) = &self.host {
            for vnode in each(vnodes).into_iter().rev().flatten() {
                host.unlock(vnode);
            }
        }
    }

    /// The caller is back: locks again, all of them. A vnode that died meanwhile makes its error the caller's; an answer that came
    /// all the same is late then, so what it made is released.
    pub(super) fn relock(
        &self,
        vnodes: Vnodes,
        asked: Asked,
        ended: Result<Answer<P>>,
    ) -> Result<Answer<P>> {
        let Some(host) = &self.host else {
            return ended;
        };
        let mut dead = 0;
        for vnode in each(vnodes).into_iter().flatten() {
            let error = match host.lock(vnode) {
                error if (0..=self.config.max_rv).contains(&error) => error,
                _ => P::errno(Errno::Proto),
            };
            dead = if dead == 0 { error } else { dead };
        }
        if dead == 0 {
            return ended;
        }
        if let Ok(answer) = ended {
            host.late(Late {
                class: asked.class,
                optype: asked.optype,
                cookie: asked.cookie,
                answer,
            });
        }
        Ok(Answer {
            rv: dead,
            body: Buf::empty(),
            len: 0,
        })
    }
}
