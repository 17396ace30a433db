//! What happened, and how often. A run that is long enough must have seen each of these, so the stress cannot become harmless
//! without anybody noticing.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

macro_rules! happenings {
    ($($name:ident $text:literal)*) => {
        /// Something that happens.
        #[derive(Clone, Copy)]
        pub(crate) enum Seen {
            $(#[doc = $text] $name,)*
        }

        const TEXTS: &[&str] = &[$($text,)*];
    };
}

happenings! {
    Parked "parked callers with their answer"
    Lent "answers in a borrowed buffer"
    Grown "answers longer than the request"
    Completed "completions with an answer"
    Guessed "answers by guess that met a request"
    CallerDied "callers told ENXIO"
    CompletionDied "completions told ENXIO"
    Signalled "callers that a signal took away"
    Interrupted "callers that were interrupted"
    CompletionInterrupted "completions that were interrupted"
    TimedOut "deadlines that passed"
    NoPlace "requests refused for want of a place"
    InLine "looks that found callers in line for a place"
    Taken "ids that were taken"
    Refused "requests refused at the door"
    Broken "callers told EPROTO"
    Poor "callers told ENOMEM"
    FafSent "requests without an answer"
    FafRefused "requests without an answer, refused"
    FafFetched "requests without an answer, fetched"
    PrepaidSent "requests paid for in advance"
    PrepaidDropped "requests paid for in advance and not sent"
    Fetched "requests fetched"
    ShortBuffer "fetches into a buffer that is too small"
    AuxFault "fetches into a buffer out of reach"
    HeaderFault "fetches into a header out of reach"
    HeaderReadOnly "fetches into a header that cannot be written"
    FetchSignalled "getters that a signal woke"
    FetchWoken "getters that were woken for nothing"
    FetchEmpty "fetches that found nothing"
    FetchUnbound "fetches with nothing mounted"
    FetchDead "fetches from a dead mount"
    PollSlept "servers that slept in poll"
    Late "answers that came late"
    Twice "second answers"
    Forgotten "requests never answered"
    AnswerWrong "answers of the wrong class, type or result"
    AnswerTooLong "answers longer than the request's buffer"
    AnswerBeyond "answers longer than any may be"
    AnswerFault "answers out of reach"
    AnswerPoor "answers for which there was no memory"
    AnswerDead "answers to a dead mount"
    Moved "buffers moved beside a request"
    MoveFault "moves that failed at a copy"
    MoveDenied "moves with nobody to move for"
    MoveCut "moves whose caller left in the middle"
    MoveKept "buffers that were being moved when they were taken back"
    MoveBeyond "moves after the last"
    MoveGuessed "moves by guess that met a request"
    PartsMoved "sets of buffers that were all moved"
    PartsLeft "sets of buffers that were not all moved"
    PartsTakenBack "sets of buffers taken back before the end"
    BatchAnswered "answers in a batch"
    BatchFailed "answers in a batch that failed"
    BatchRefused "answers in a batch that was refused"
    BatchUnsure "answers in a batch that could not be told of"
    BatchFetched "batches that fetched several"
    BatchStopped "batches that fetched fewer than there was room for"
    BatchFault "batches that failed at the first fetch"
    BatchAgain "batches that a signal woke and that were made again"
    BatchWoken "batches that were woken"
    Deadlock "servers' calls into their own mount, refused"
    InnerAnswered "servers' calls into their own mount, answered"
    InnerLeft "servers' calls into their own mount, given up"
    Listed "lists of requests in flight"
    ListCut "lists of requests in flight without room for all"
    WatchedReady "watchers that saw requests"
    WatchedNothing "watchers that saw nothing to fetch"
    WatchSlept "servers that slept till a watcher was told"
    Unstarted "mounts that died before they started"
    Drained "mounts that ended empty"
    Closed "mounts whose device was closed"
    Unmounted "mounts that were unmounted"
    Killed "mounts that were declared dead"
    KilledByCompletion "mounts that a completion declared dead"
    EndedInCopy "mounts that ended while a server copied"
    EndedThrice "mounts closed, unmounted and declared dead at once"
    HandedOver "mounts bound to another instance"
    ForcedUnmount "hosts asked to unmount"
    OpensRefused "opens refused for want of a minor"
    Embryos "instances closed without a mount"
}

static COUNTS: [AtomicUsize; TEXTS.len()] = [const { AtomicUsize::new(0) }; TEXTS.len()];

/// Counts it.
pub(crate) fn saw(what: Seen) {
    COUNTS[what as usize].fetch_add(1, Relaxed);
}

fn all() -> impl Iterator<Item = (&'static str, usize)> {
    TEXTS
        .iter()
        .zip(&COUNTS)
        .map(|(text, count)| (*text, count.load(Relaxed)))
}

/// One line for each.
pub(crate) fn report() -> String {
    let mut lines = String::new();
    for (text, count) in all() {
        writeln!(lines, "{count:>9} {text}").unwrap();
    }
    lines
}

/// What never happened.
pub(crate) fn missing() -> Vec<&'static str> {
    all()
        .filter(|(_, count)| *count == 0)
        .map(|(text, _)| text)
        .collect()
}
