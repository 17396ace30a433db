//! Between remotefs and remoted: a wire that counts what goes through, keeps back answers until there are several and turns them
//! round, and can be cut.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// As in remote.h.
pub(crate) const READ: u32 = 5;
pub(crate) const FORGET: u32 = 9;

/// The wire.
pub(crate) struct Wire(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// What went through, by what was asked.
    counts: HashMap<u32, usize>,
    /// What was asked, by the numbers of requests.
    asked: HashMap<u32, u32>,
    /// What is kept back, and how many of it.
    keep: Option<(u32, usize)>,
    kept: Vec<Vec<u8>>,
    /// How many were turned round at once, the last time.
    turned: usize,
    ends: Vec<UnixStream>,
}

/// One frame; `None` at the end.
fn frame(from: &mut UnixStream) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 12];
    from.read_exact(&mut bytes).ok()?;
    bytes.resize(number(&bytes, 0) as usize, 0);
    from.read_exact(&mut bytes[12..]).ok()?;
    Some(bytes)
}

fn number(frame: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(frame[at..at + 4].try_into().expect("four bytes"))
}

impl Wire {
    /// Waits at `from` for remotefs, which gets a connection to remoted at `to`.
    pub(crate) fn new(from: &Path, to: &Path) -> Wire {
        let listener = UnixListener::bind(from).expect("bind");
        let to = to.to_owned();
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            let (fs, _) = listener.accept().expect("accept");
            let daemon = UnixStream::connect(to).expect("connect");
            let twice = |end: &UnixStream| end.try_clone().expect("dup");
            let ends = [&fs, &daemon].map(twice);
            locked(&shared).ends = ends.into();
            let (questions, answers) = (Arc::clone(&shared), shared);
            let (mut fs2, mut daemon2) = (twice(&fs), twice(&daemon));
            thread::spawn(move || {
                while let Some(frame) = frame(&mut fs2) {
                    let mut state = locked(&questions);
                    let op = number(&frame, 8);
                    *state.counts.entry(op).or_default() += 1;
                    state.asked.insert(number(&frame, 4), op);
                    drop(state);
                    if daemon2.write_all(&frame).is_err() {
                        break;
                    }
                }
                cut(&questions);
            });
            let mut daemon = daemon;
            while let Some(frame) = frame(&mut daemon) {
                locked(&answers).answer(frame);
            }
            cut(&answers);
        });
        Wire(state)
    }

    /// How many requests of this kind went through.
    pub(crate) fn count(&self, op: u32) -> usize {
        locked(&self.0).counts.get(&op).copied().unwrap_or(0)
    }

    /// Keeps back answers of this kind until there are so many; then they go, the last one first, and no more are kept back.
    pub(crate) fn keep_back(&self, op: u32, many: usize) {
        locked(&self.0).keep = Some((op, many));
    }

    /// How many are kept back.
    pub(crate) fn kept_back(&self) -> usize {
        locked(&self.0).kept.len()
    }

    /// How many went at once, the last one first.
    pub(crate) fn turned_round(&self) -> usize {
        locked(&self.0).turned
    }

    /// Keeps back nothing any more.
    pub(crate) fn let_go(&self) {
        locked(&self.0).let_go();
    }

    /// Cuts it.
    pub(crate) fn cut(&self) {
        cut(&self.0);
    }
}

impl State {
    fn answer(&mut self, frame: Vec<u8>) {
        let op = self.asked.remove(&number(&frame, 4));
        match self.keep {
            Some((kept, many)) if op == Some(kept) => {
                self.kept.push(frame);
                if self.kept.len() == many {
                    self.let_go();
                }
            }
            _ => self.send(&frame),
        }
    }

    fn let_go(&mut self) {
        self.keep = None;
        let kept = std::mem::take(&mut self.kept);
        self.turned = kept.len();
        for frame in kept.iter().rev() {
            self.send(frame);
        }
    }

    fn send(&mut self, frame: &[u8]) {
        // Whoever has gone needs no answer.
        let _ = self.ends[0].write_all(frame);
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cut(state: &Mutex<State>) {
    for end in &locked(state).ends {
        let _ = end.shutdown(Shutdown::Both);
    }
}
