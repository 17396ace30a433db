//! Whoever hangs is found out: when no request ends for a while, the program says what every thread was doing and what
//! the mounts look like, and ends. So it does when a check fails on any thread, since the others would wait for ever.

use std::cell::RefCell;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::life::Life;
use crate::tally;

/// No request has to wait so long.
const PATIENCE: Duration = Duration::from_secs(60);

static PROGRESS: AtomicU64 = AtomicU64::new(0);
static THREADS: Mutex<Vec<Weak<Post>>> = Mutex::new(Vec::new());
static MOUNTS: Mutex<Vec<Weak<Life>>> = Mutex::new(Vec::new());

/// What one thread is doing.
struct Post {
    name: String,
    doing: Mutex<String>,
}

thread_local! {
    static HERE: RefCell<Option<Arc<Post>>> = const { RefCell::new(None) };
}

/// Starts a thread of choices of its own, and under watch.
pub(crate) fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    rng: &mut Rng,
    work: impl FnOnce(&mut Rng) + Send + 'scope,
) -> ScopedJoinHandle<'scope, ()> {
    let mut rng = rng.fork();
    let post = Arc::new(Post {
        name: name.to_owned(),
        doing: Mutex::new("begins".to_owned()),
    });
    let mut threads = THREADS.lock().unwrap();
    threads.retain(|post| post.strong_count() != 0);
    threads.push(Arc::downgrade(&post));
    drop(threads);
    let named = std::thread::Builder::new().name(name.to_owned());
    let run = move || {
        HERE.set(Some(post));
        // The platform's own dice.
        fastrand::seed(rng.u64(..));
        work(&mut rng);
    };
    named.spawn_scoped(scope, run).unwrap()
}

/// Says what the current thread does from now on.
pub(crate) fn doing(what: impl FnOnce() -> String) {
    HERE.with_borrow(|here| {
        if let Some(post) = here {
            *post.doing.lock().unwrap() = what();
        }
    });
}

/// A request, or a mount, has ended.
pub(crate) fn progress() {
    PROGRESS.fetch_add(1, Relaxed);
}

/// A mount to tell of.
pub(crate) fn watch(life: &Arc<Life>) {
    let mut mounts = MOUNTS.lock().unwrap();
    mounts.retain(|life| life.strong_count() != 0);
    mounts.push(Arc::downgrade(life));
}

/// Past the test harness, which would keep it until a test ends that never does.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Begins to watch.
pub(crate) fn start(seed: u64) {
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("?");
        say(&format!("stress: SEED={seed}: {name}: {panic}"));
        let trace = std::backtrace::Backtrace::capture();
        say(&format!("{trace}\n{}", tally::report()));
        std::process::exit(101);
    }));
    let watch = move || {
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let now = PROGRESS.load(Relaxed);
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
            if since.elapsed() >= PATIENCE {
                hang(seed);
            }
        }
    };
    std::thread::spawn(watch);
}

/// Says what is known, the threads first: the mounts' locks may be what everybody waits for.
fn hang(seed: u64) -> ! {
    say(&format!(
        "stress: SEED={seed}: no request has ended for {PATIENCE:?}"
    ));
    for post in THREADS.lock().unwrap().iter().filter_map(Weak::upgrade) {
        let doing = post.doing.try_lock().map(|doing| doing.clone());
        say(&format!("{}: {}", post.name, doing.unwrap_or_default()));
    }
    std::thread::spawn(|| {
        for life in MOUNTS.lock().unwrap().iter().filter_map(Weak::upgrade) {
            say(&life.describe());
        }
        say(&tally::report());
    });
    std::thread::sleep(Duration::from_secs(2));
    std::process::exit(101);
}
