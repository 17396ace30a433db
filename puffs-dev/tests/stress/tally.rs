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
