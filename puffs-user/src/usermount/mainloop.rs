//! `puffs_mainloop`: serves requests until the file system is unmounted.
//!
//! A turn goes on with the requests that were scheduled, calls the loop function, has frames sent that wait to be ([`crate::frame`]), looks for
//! exits and signals, waits, does what frames that came ask for, has what was changed synced if that is due ([`super::syncer`]), and lets the session
//! do what is ready. A signal that ends the wait starts a new turn, so that the loop function runs soon after any handler.

use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::service::Service;
use super::{State, Usermount, signals};
use crate::host::{Session, Turn};
use crate::say;
use crate::stats::Stats;
use crate::sys::Epoll;

const SESSION: u64 = 0;
const EXIT: u64 = 1;
const SIGNAL: u64 = 2;

impl Usermount {
    /// Serves until unmounted; the session ends with the loop, however the loop ends.
    ///
    /// # Errors
    /// An errno value when the loop cannot start or go on; `EINVAL` when there is no mount, `EBUSY` inside the loop.
    pub fn mainloop(&self) -> Result<(), i32> {
        let session = self.session.borrow().clone().ok_or_else(|| {
            let what = match self.state() {
                State::BeforeMount => "nothing is mounted yet",
                _ => "the file system has been unmounted already",
            };
            say::warn(format_args!("puffs_mainloop: {what}"));
            self.owner.give_up();
            libc::EINVAL
        })?;
        if self.loop_begun.replace(true) {
            say::warn(format_args!("puffs_mainloop: called inside itself"));
            return Err(libc::EBUSY);
        }
        let stats = Stats::wanted();
        let result = self.turns(&session, stats.as_ref());
        drop(session);
        let session = self.session.take();
        // Its end may unmount, so nothing of ours is borrowed meanwhile.
        drop(session);
        self.set_state(State::Unmounted);
        // Now that nothing is mounted, the file that it goes to may be anywhere.
        if let Some(stats) = stats {
            stats.report(&self.names.borrow().fstype);
        }
        self.owner.give_up();
        result
    }

    fn turns(&self, session: &Rc<dyn Session>, stats: Option<&Stats>) -> Result<(), i32> {
        let epoll = self.watch(&**session)?;
        let server = Service::new(self, &**session, stats);
        let result = self.turn_after_turn(epoll, &**session, &server);
        self.set_state(State::Unmounted);
        self.end_frames();
        // SAFETY: tasks keep what they own elsewhere, as hosts are told to, and nothing waits for their destructors.
        unsafe { self.fibers().reset() };
        self.forget_waits();
        result
    }

    /// What a turn waits for, but for the descriptors with frames.
    fn watch(&self, session: &dyn Session) -> Result<Rc<Epoll>, i32> {
        let epoll = Epoll::new()?;
        epoll.add(session.fd(), SESSION, libc::EPOLLIN)?;
        // Nobody takes these wake-ups back: a process that was forked before the mount may wait for them too.
        epoll.add(
            self.exit_wake.as_raw_fd(),
            EXIT,
            libc::EPOLLIN | libc::EPOLLET,
        )?;
        epoll.add(signals::wake_fd()?, SIGNAL, libc::EPOLLIN | libc::EPOLLET)?;
        let epoll = Rc::new(epoll);
        self.frames().set_epoll(Rc::clone(&epoll));
        Ok(epoll)
    }

    fn turn_after_turn(
        &self,
        mut epoll: Rc<Epoll>,
        session: &dyn Session,
        server: &Service<'_>,
    ) -> Result<(), i32> {
        let mut more = true;
        let mut worked = false;
        while self.state() != State::Unmounted {
            let busy = std::mem::take(&mut worked)
                || self.fibers().any_ready()
                || self.settings.loop_fn.get().is_some()
                || self.frames().has_output();
            if busy {
                session.busy();
            }
            self.run_ready();
            if let Some(f) = self.settings.loop_fn.get() {
                // SAFETY: the server's own function, called as its type says.
                unsafe { f(self.as_ptr()) };
            }
            if !self.frames().is_empty() {
                self.push_frames();
                // Who hears that a descriptor is gone may have more to do, before anybody waits.
                more |= self.watch_frames();
            }
            // What the old one still watches must not be taken for what happens now.
            while self.frames().needs_epoll() {
                epoll = self.watch(session)?;
                more |= self.watch_frames();
            }
            if self.state() == State::Unmounted {
                break;
            }
            if self.must_exit() {
                session.unmount();
                // It may be over at once, without anything to wait for.
                more = true;
            }
            more |= busy && session.idle();
            let always = self.frames().always_ready();
            let now = more || self.fibers().any_ready() || !always.is_empty();
            let ready = match epoll.wait(if now { 0 } else { self.timeout_ms() }) {
                Ok(ready) => ready,
                Err(libc::EINTR) => continue,
                Err(errno) => return Err(errno),
            };
            if ready.iter().any(|(token, _)| token > SIGNAL) || !always.is_empty() {
                session.busy();
                worked = true;
                self.frame_events(ready.iter().chain(always));
            }
            if self.sync_left() == Some(Duration::ZERO) {
                session.busy();
                worked = true;
                server.sync();
            }
            if self.state() == State::Unmounted {
                break;
            }
            if more || ready.has(SESSION) {
                match session.turn(server)? {
                    Turn::More => more = true,
                    Turn::Idle => more = false,
                    Turn::Gone => break,
                }
            }
        }
        Ok(())
    }

    /// Whether somebody asked for the end since the last time.
    pub(super) fn must_exit(&self) -> bool {
        let arrivals = signals::arrivals();
        let signalled = self.signals_seen.replace(arrivals) != arrivals;
        self.exit_wanted.swap(false, Ordering::SeqCst) || signalled
    }

    /// Whether a turn may sleep for requests as it likes. The server's loop function runs in every turn, soon after a signal too; a time-out is
    /// kept, and descriptors with frames are watched, by [`Epoll::wait`]. Who asks for the end later than this looks rings.
    pub(super) fn at_rest(&self) -> bool {
        !self.fibers().any_ready()
            && self.settings.loop_fn.get().is_none()
            && self.settings.timeout.get().is_none()
            && self.frames().is_empty()
            && self.syncer.rests()
            && self.state() != State::Unmounted
            && !self.exit_wanted.load(Ordering::SeqCst)
            && self.signals_seen.get() == signals::arrivals()
    }

    /// Time until the next sync. There is none while fs_unmount runs, which may yet fail.
    fn sync_left(&self) -> Option<Duration> {
        match self.state() {
            State::Running => self.syncer.left(),
            _ => None,
        }
    }

    /// Longest wait of a turn, rounded up to milliseconds; negative: for ever.
    pub(super) fn timeout_ms(&self) -> i32 {
        let waits = [self.settings.timeout.get(), self.sync_left()];
        waits.into_iter().flatten().min().map_or(-1, |timeout| {
            let whole = timeout
                .as_nanos()
                .div_ceil(Duration::from_millis(1).as_nanos());
            i32::try_from(whole).unwrap_or(i32::MAX)
        })
    }
}
