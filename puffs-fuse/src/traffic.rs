//! What travels between the kernel and this mount, for the two threads that look after it: requests that the guard has
//! read and nobody has begun, requests that have begun and are not replied to, and the interruption of both.
//!
//! Linux sends INTERRUPT for any signal, once for each request. A caller that goes on after its signal must not
//! see `EINTR` from an operation that is never interrupted on a local file system, so a request ends early only
//! if a fatal signal is pending, or if it is one that may wait for ever by its nature. One that is not ended is marked, since a
//! fatal signal after that is announced by nobody.

use std::collections::{HashMap, VecDeque};
use std::io::{self, IoSlice};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use slab::Slab;
use zerocopy::{FromBytes, IntoBytes};

use crate::device::{Device, Got, Sent};
use crate::doomed::doomed;
use crate::keeper::Flights;
use crate::proto::op;
use crate::proto::wire::{InHeader, InterruptIn, NotifyPollWakeupOut, OutHeader, notify};

/// Callers that are looked at in one go.
const LOOKS: usize = 256;

/// The connection, and who waits on it.
pub(crate) struct Traffic {
    pub(crate) device: Device,
    lists: Mutex<Lists>,
    /// What the keeper sees.
    flights: Flights,
}

#[derive(Default)]
struct Lists {
    inbox: VecDeque<Waiting>,
    begun: HashMap<u64, Begun>,
    /// Those who poll and are to ask again soon.
    pollers: Vec<u64>,
    /// Places in the keeper's table.
    places: Slab<()>,
}

/// A request that has been read and not begun.
struct Waiting {
    bytes: Box<[u8]>,
    signalled: bool,
    /// Its place in the keeper's table.
    place: usize,
}

/// A request that has begun.
struct Begun {
    pid: u32,
    /// It may be interrupted by any signal.
    patient: bool,
    /// A signal has come that did not end it.
    signalled: bool,
    /// Its place in the keeper's table, until its caller has its reply and goes on.
    place: Option<usize>,
}

impl Begun {
    /// Its caller has its reply, and has gone on.
    fn answered(&self) -> bool {
        self.place.is_none()
    }
}

/// Whether a request of this kind may wait for ever, and so ends at any signal.
fn patient(opcode: u32) -> bool {
    matches!(opcode, op::POLL | op::SETLKW)
}

/// Whether requests of this kind have no reply.
pub(crate) fn silent(opcode: u32) -> bool {
    matches!(opcode, op::FORGET | op::BATCH_FORGET | op::INTERRUPT)
}

impl Traffic {
    pub(crate) fn new(device: Device, flights: Flights) -> Self {
        Traffic {
            device,
            lists: Mutex::default(),
            flights,
        }
    }

    /// The keeper's table.
    pub(crate) fn flights(&self) -> &Flights {
        &self.flights
    }

    /// A request is in flight from now on.
    fn fly(&self, lists: &mut Lists, header: &InHeader) -> usize {
        let place = lists.places.insert(());
        self.flights.begin(place, header.unique, header.pid);
        place
    }

    /// It is not any more.
    fn land(&self, places: &mut Slab<()>, place: usize) {
        self.flights.end(place);
        places.remove(place);
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request, from the inbox or the kernel. It has begun with that; [`Traffic::end`] is to follow, unless
    /// it is of a kind that nobody waits for. Until the next call, the main loop executes it.
    pub(crate) fn next(&self, buf: &mut [u8]) -> io::Result<Got> {
        // Under one lock, so that nothing overtakes what the guard is reading, no interruption comes in between, and the guard
        // puts nothing into the inbox once we have found it empty.
        let mut lists = self.lists();
        // Before the request is read: a keeper that falls asleep sees it.
        self.work();
        let (len, signalled, place) = match lists.inbox.pop_front() {
            Some(waiting) => {
                let len = waiting.bytes.len();
                buf[..len].copy_from_slice(&waiting.bytes);
                (len, waiting.signalled, Some(waiting.place))
            }
            None => match self.read(buf) {
                Ok(Got::Request(len)) => (len, false, None),
                other => {
                    self.rest();
                    return other;
                }
            },
        };
        match InHeader::read_from_prefix(&buf[..len]) {
            Ok((header, _)) if !silent(header.opcode) => {
                let begun = Begun {
                    pid: header.pid,
                    patient: patient(header.opcode),
                    signalled,
                    place: place.or_else(|| Some(self.fly(&mut lists, &header))),
                };
                lists.begun.insert(header.unique, begun);
            }
            _ => place
                .into_iter()
                .for_each(|place| self.land(&mut lists.places, place)),
        }
        Ok(Got::Request(len))
    }

    /// Reads a request. Its head comes by way of the keeper's table, so that no request is read of which the keeper does not know.
    fn read(&self, buf: &mut [u8]) -> io::Result<Got> {
        let (head, rest) = buf.split_at_mut(size_of::<InHeader>());
        let got = self.device.read(self.flights.head(), rest)?;
        if got != Got::Nothing && got != Got::Gone {
            head.copy_from_slice(&self.flights.head_bytes());
        }
        Ok(got)
    }

    /// The main loop reads or executes something, from now on.
    pub(crate) fn work(&self) {
        let progress = self.flights.progress();
        let odd = progress.load(Ordering::SeqCst) % 2;
        progress.fetch_add(1 + odd, Ordering::SeqCst);
    }

    /// The main loop executes nothing any more, and is about to wait. Whether the guard has left it something in the inbox.
    pub(crate) fn is_idle(&self) -> bool {
        let lists = self.lists();
        self.rest();
        !lists.inbox.is_empty()
    }

    /// The main loop executes no request any more.
    pub(crate) fn rest(&self) {
        let progress = self.flights.progress();
        if progress.load(Ordering::SeqCst) % 2 == 1 {
            progress.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A figure that changes with each request, odd while one is read or executed. Only the main loop changes it.
    pub(crate) fn progress(&self) -> u64 {
        self.flights.progress().load(Ordering::SeqCst)
    }

    /// The request may wait for ever, so that any signal ends it.
    pub(crate) fn may_wait(&self, unique: u64) {
        if let Some(begun) = self.lists().begun.get_mut(&unique) {
            begun.patient = true;
        }
    }

    /// Whether the caller of a request still waits for the reply.
    pub(crate) fn is_wanted(&self, unique: u64) -> bool {
        let lists = self.lists();
        lists.begun.get(&unique).is_some_and(|b| !b.answered())
    }

    /// The request is over, and nobody but the owner of what is returned replies to it, unless this process is stopped before
    /// that is dropped.
    pub(crate) fn end(&self, unique: u64) -> Ended<'_> {
        let begun = self.lists().begun.remove(&unique);
        Ended {
            traffic: self,
            place: begun.and_then(|begun| begun.place),
        }
    }

    /// Replies to a request that goes on, unless its caller has a reply already.
    pub(crate) fn answer_early(&self, unique: u64, error: i32, bytes: &[u8]) {
        let Lists { begun, places, .. } = &mut *self.lists();
        if let Some(begun) = begun.get_mut(&unique) {
            self.settle(places, begun, unique, error, bytes);
        }
    }

    /// Replies to a request that goes on, unless its caller has a reply already.
    fn settle(
        &self,
        places: &mut Slab<()>,
        begun: &mut Begun,
        unique: u64,
        error: i32,
        bytes: &[u8],
    ) {
        if let Some(place) = begun.place.take() {
            self.send(unique, error, bytes);
            // After the reply, until which the keeper looks after it.
            self.land(places, place);
        }
    }

    /// Writes a reply.
    pub(crate) fn send(&self, unique: u64, error: i32, bytes: &[u8]) -> Sent {
        let header = OutHeader {
            len: (size_of::<OutHeader>() + bytes.len()) as u32,
            error: -error,
            unique,
        };
        self.device
            .write(&[IoSlice::new(header.as_bytes()), IoSlice::new(bytes)])
    }

    /// INTERRUPT: the caller of a request has a signal.
    pub(crate) fn interrupt(&self, request: &[u8]) {
        self.interrupt_request(&mut self.lists(), request);
    }

    fn interrupt_request(&self, lists: &mut Lists, request: &[u8]) {
        let body = request.get(size_of::<InHeader>()..).unwrap_or_default();
        let Ok((InterruptIn { unique }, _)) = InterruptIn::read_from_prefix(body) else {
            return;
        };
        let mut inbox = lists.inbox.iter_mut();
        let waiting = inbox.find(|waiting| waiting.header().unique == unique);
        let pid = match (waiting, lists.begun.get_mut(&unique)) {
            (Some(waiting), _) => {
                waiting.signalled = true;
                waiting.header().pid
            }
            (None, Some(begun)) => {
                begun.signalled = true;
                begun.pid
            }
            (None, None) => return,
        };
        self.dismiss(lists, unique, doomed(pid));
    }

    /// Ends a request that was signalled, if it may end at any signal or its caller is `doomed`.
    fn dismiss(&self, lists: &mut Lists, unique: u64, doomed: bool) {
        let Lists {
            inbox,
            begun,
            places,
            ..
        } = lists;
        let at = inbox.iter().position(|waiting| {
            let header = waiting.header();
            header.unique == unique && (doomed || patient(header.opcode))
        });
        if let Some(waiting) = at.and_then(|at| inbox.remove(at)) {
            self.send(unique, libc::EINTR, &[]);
            self.land(places, waiting.place);
        } else if let Some(begun) = begun.get_mut(&unique)
            && (doomed || begun.patient)
        {
            self.settle(places, begun, unique, libc::EINTR, &[]);
        }
    }

    /// Tells whoever polls that he is to ask again. It takes no locks of the kernel's that a request could hold.
    pub(crate) fn wake_poller(&self, kh: u64) {
        let out = NotifyPollWakeupOut { kh };
        if let Err(error) = self.notify(notify::POLL, &[out.as_bytes()])
            && error.raw_os_error() != Some(libc::ENODEV)
        {
            eprintln!("puffs: notice to the kernel (poll): {error}");
        }
    }

    /// The same at the guard's next look.
    pub(crate) fn wake_later(&self, kh: u64) {
        self.lists().pollers.push(kh);
    }

    /// Writes a notice of this kind.
    ///
    /// # Errors
    /// What write(2) said: `EINVAL` for a kind that this kernel does not know, `ENOENT` for a node.
    pub(crate) fn notify(&self, kind: i32, parts: &[&[u8]]) -> io::Result<()> {
        let body = parts.concat();
        let header = OutHeader {
            len: (size_of::<OutHeader>() + body.len()) as u32,
            // A notice has its kind in this place, and no request's number.
            error: kind,
            unique: 0,
        };
        self.device.notify(&[header.as_bytes(), &body].concat())
    }

    /// Answers everything that is there, and all that has begun, with an error: the mount is over.
    pub(crate) fn refuse_all(&self, buf: &mut [u8]) {
        let Lists {
            inbox,
            begun,
            places,
            ..
        } = &mut *self.lists();
        for (unique, begun) in begun {
            self.settle(places, begun, *unique, libc::ENOTCONN, &[]);
        }
        let refuse = |header: &InHeader| {
            if !silent(header.opcode) {
                self.send(header.unique, libc::ENOTCONN, &[]);
            }
        };
        for waiting in inbox.drain(..) {
            refuse(&waiting.header());
            self.land(places, waiting.place);
        }
        while let Ok(Got::Request(len)) = self.read(buf) {
            if let Ok((header, _)) = InHeader::read_from_prefix(&buf[..len]) {
                refuse(&header);
            }
        }
    }

    /// Looks again at those that were signalled, and at those who poll. Whether there are any signalled ones left.
    pub(crate) fn look_again(&self) -> bool {
        let mut lists = self.lists();
        for kh in std::mem::take(&mut lists.pollers) {
            self.wake_poller(kh);
        }
        let signalled = |lists: &Lists| {
            let waiting = lists.inbox.iter().filter(|waiting| waiting.signalled);
            let waiting = waiting.map(|waiting| (waiting.header().unique, waiting.header().pid));
            let begun = lists
                .begun
                .iter()
                .filter(|(_, b)| b.signalled && !b.answered());
            let begun = begun.map(|(unique, begun)| (*unique, begun.pid));
            waiting.chain(begun).take(LOOKS).collect::<Vec<_>>()
        };
        let all = signalled(&lists);
        // The main loop needs the lock, and looking takes its time.
        drop(lists);
        let left = all.len();
        let doomed = all.into_iter().filter(|(_, pid)| doomed(*pid));
        let doomed: Vec<_> = doomed.map(|(unique, _)| unique).collect();
        let mut lists = self.lists();
        for unique in &doomed {
            self.dismiss(&mut lists, *unique, true);
        }
        left > doomed.len()
    }

    /// Reads in place of the main loop, if that still executes the request that it did when `seen` was its progress: takes
    /// interruptions, puts everything else into the inbox.
    pub(crate) fn stand_in(&self, seen: u64, buf: &mut [u8]) {
        let mut lists = self.lists();
        if self.progress() != seen {
            return;
        }
        while let Ok(Got::Request(len)) = self.read(buf) {
            let bytes = &buf[..len];
            match InHeader::read_from_prefix(bytes) {
                Ok((header, _)) if header.opcode == op::INTERRUPT => {
                    self.interrupt_request(&mut lists, bytes);
                }
                Ok((header, _)) => {
                    let waiting = Waiting {
                        bytes: bytes.into(),
                        signalled: false,
                        place: self.fly(&mut lists, &header),
                    };
                    lists.inbox.push_back(waiting);
                }
                Err(_) => {}
            }
        }
    }
}

/// A request that is over. The keeper looks after it until this is dropped, which is after the reply.
pub(crate) struct Ended<'t> {
    traffic: &'t Traffic,
    place: Option<usize>,
}

impl Ended<'_> {
    /// Whether its caller still waits for the reply.
    pub(crate) fn is_wanted(&self) -> bool {
        self.place.is_some()
    }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.traffic.land(&mut self.traffic.lists().places, place);
        }
    }
}

impl Waiting {
    fn header(&self) -> InHeader {
        let header = InHeader::read_from_prefix(&self.bytes);
        // Only what has a header gets into the inbox.
        header.map(|(header, _)| header).unwrap_or_default()
    }
}
