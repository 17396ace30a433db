//! What may happen, as values that proptest makes and shrinks.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;
use puffs_core::Config;

/// The longest request and answer on these mounts.
pub(crate) const MAX_LEN: usize = 200;

/// Where in a server's memory something lies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Where headers belong: readable and writable, as long as one.
    Header,
    /// Readable and writable, for bodies.
    Aux,
    ReadOnly,
    WriteOnly,
    /// In no region, but next to some.
    Unregistered,
    Null,
    /// Anywhere.
    Wild(usize),
}

/// An address: a place, and how far behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addr {
    pub(crate) place: Place,
    pub(crate) offset: usize,
}

/// Which id a call names.
#[derive(Clone, Debug)]
pub(crate) enum Id {
    /// One that is outstanding, if any is.
    Outstanding(Index),
    /// One with something to move, if any has.
    Beside(Index),
    Any(u64),
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Out {
    pub(crate) class: u8,
    pub(crate) optype: u8,
    pub(crate) cookie: usize,
    pub(crate) len: usize,
    pub(crate) copylen: usize,
    pub(crate) grow: bool,
    /// An id of the caller's own.
    pub(crate) id: Option<Id>,
}

/// How a caller parks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// With a buffer of its own.
    Owned,
    /// The same, and it does not wait for a place.
    NoWait,
    /// With a borrowed buffer: `puffs_vntouser_req`.
    Lent,
    /// `puffs_vntouser_adjbuf`.
    Adjbuf,
}

/// An answer's header.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) id: Id,
    /// `None`: that of the request.
    pub(crate) class: Option<u8>,
    pub(crate) optype: Option<u8>,
    pub(crate) rv: i32,
    pub(crate) aux: Addr,
    pub(crate) auxlen: usize,
}

/// A call that may pause.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Park(Form, Out),
    Getop {
        arg: Addr,
        aux: Addr,
        auxlen: usize,
        block: bool,
    },
    Putop {
        arg: Addr,
        answer: Answer,
    },
    Startop {
        arg: Addr,
    },
    Batch {
        arg: Addr,
        /// Where else its answers, and the room for requests, are said to be.
        put: Option<Addr>,
        get: Option<Addr>,
        answers: Vec<Answer>,
        rooms: Vec<(Addr, usize)>,
        /// So many more of each are claimed.
        more: (usize, usize),
        flags: u64,
        block: bool,
    },
    Sizeop {
        arg: Addr,
        id: Id,
        buf: Addr,
        size: usize,
    },
}

/// How a thread goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rise {
    /// As it is meant: the copy is made, the token is there.
    Properly,
    /// For no reason.
    Stray,
    Interrupted,
    TimedOut,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A new thread makes a call.
    Begin(Call),
    /// A paused one goes on.
    Resume(Index, Rise),
    Submit(Out),
    Send(Out),
    Prepay(usize),
    SendPrepaid(Index, u8),
    DropPrepaid(Index),
    Interrupt(Id),
    NextId,
    /// A caller registers buffers: so long, and whether from the server.
    Register(Id, Vec<(bool, usize)>),
    /// The same for a request that comes at once; a thread parks with it, or it is told by a completion. A server may fetch
    /// the first one that there is, without a pause.
    Beside(Option<Form>, Out, Vec<(bool, usize)>, bool),
    /// It takes them back.
    Unregister(Index),
    /// The kernel side starts the mount.
    Start,
    /// PUFFSWAKE.
    Wake,
    Die,
    /// The server writes to its memory while a call of its is on the way.
    Scribble(Index, Vec<u8>),
    /// The server changes what a region allows.
    Protect(Index, Place, bool, bool),
}

/// One case: the bounds, what happens, and whether the mount dies at the end or is only dropped.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) config: Config,
    pub(crate) started: bool,
    pub(crate) steps: Vec<Step>,
    pub(crate) dies: bool,
}

fn addr(usual: Place) -> impl Strategy<Value = Addr> {
    let place = prop_oneof![
        2 => Just(Place::Aux),
        1 => Just(Place::Header),
        1 => Just(Place::ReadOnly),
        1 => Just(Place::WriteOnly),
        1 => Just(Place::Unregistered),
        1 => Just(Place::Null),
        1 => prop_oneof![any::<usize>(), usize::MAX - 300..=usize::MAX].prop_map(Place::Wild),
    ];
    let odd = (place, 0..40usize).prop_map(|(place, offset)| Addr { place, offset });
    prop_oneof![
        5 => Just(Addr { place: usual, offset: 0 }),
        1 => odd,
    ]
}

fn len() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..60usize, 2 => 0..=MAX_LEN, 1 => MAX_LEN - 2..MAX_LEN + 3]
}

/// Lengths as a server claims them.
fn claimed() -> impl Strategy<Value = usize> {
    prop_oneof![8 => len(), 1 => any::<usize>(), 1 => usize::MAX - 2..=usize::MAX]
}

fn id() -> impl Strategy<Value = Id> {
    prop_oneof![
        8 => any::<Index>().prop_map(Id::Outstanding),
        2 => (0..12u64).prop_map(Id::Any),
        1 => any::<u64>().prop_map(Id::Any),
        1 => Just(Id::Any(u64::MAX)),
    ]
}

fn out() -> impl Strategy<Value = Out> {
    let class = prop_oneof![6 => Just(2u8), 2 => Just(1u8), 1 => any::<u8>()];
    let copylen = prop_oneof![4 => Just(None), 1 => len().prop_map(Some)];
    // A few that come again, also while the first to have one still stands in line.
    let few = (50..52u64).prop_map(|id| Some(Id::Any(id)));
    let own = prop_oneof![8 => Just(None), 1 => id().prop_map(Some), 2 => few];
    let kind = (class, 0..4u8, any::<usize>());
    (kind, len(), copylen, any::<bool>(), own).prop_map(
        |((class, optype, cookie), len, copylen, grow, id)| Out {
            class,
            optype,
            cookie,
            len,
            copylen: copylen.unwrap_or(len),
            grow,
            id,
        },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    let rv = prop_oneof![6 => Just(0), 2 => 0..=133i32, 1 => 132..136i32, 1 => any::<i32>()];
    let class = prop_oneof![12 => Just(None), 1 => any::<u8>().prop_map(Some)];
    let optype = prop_oneof![12 => Just(None), 1 => any::<u8>().prop_map(Some)];
    (id(), class, optype, rv, addr(Place::Aux), claimed()).prop_map(
        |(id, class, optype, rv, aux, auxlen)| Answer {
            id,
            class,
            optype,
            rv,
            aux,
            auxlen,
        },
    )
}

fn call() -> impl Strategy<Value = Call> {
    let form = prop_oneof![
        Just(Form::Owned),
        Just(Form::NoWait),
        Just(Form::Lent),
        Just(Form::Adjbuf)
    ];
    let room = prop_oneof![3 => Just(256usize), 1 => claimed()];
    // A header that can be read and not written is what puts a delivered request back.
    let read_only = Just(Addr {
        place: Place::ReadOnly,
        offset: 0,
    });
    let arg = prop_oneof![6 => addr(Place::Header), 1 => read_only];
    let getop = (arg, addr(Place::Aux), room, any::<bool>());
    let beside = prop_oneof![6 => any::<Index>().prop_map(Id::Beside), 1 => id()];
    let sizeop = (addr(Place::Header), beside, addr(Place::Aux), claimed());
    prop_oneof![
        4 => (form, out()).prop_map(|(form, out)| Call::Park(form, out)),
        6 => getop.prop_map(|(arg, aux, auxlen, block)| Call::Getop { arg, aux, auxlen, block }),
        6 => (addr(Place::Header), answer()).prop_map(|(arg, answer)| Call::Putop { arg, answer }),
        1 => addr(Place::Aux).prop_map(|arg| Call::Startop { arg }),
        5 => batch(),
        10 => sizeop.prop_map(|(arg, id, buf, size)| Call::Sizeop { arg, id, buf, size }),
    ]
}

/// Several answers and several fetches.
fn batch() -> impl Strategy<Value = Call> {
    let odd = || prop_oneof![8 => Just(None), 1 => addr(Place::Aux).prop_map(Some)];
    let more = || prop_oneof![12 => Just(0usize), 1 => Just(1usize), 1 => 1022..1026usize, 1 => Just(usize::MAX - 2)];
    // Behind the headers, which are in the same place.
    let free = Just(Addr {
        place: Place::Aux,
        offset: 160,
    });
    let room = prop_oneof![3 => Just(96usize), 1 => claimed()];
    let rooms = vec((prop_oneof![5 => free, 1 => addr(Place::Aux)], room), 0..3);
    let lists = (vec(answer(), 0..3), rooms, (more(), more()));
    let flags = prop_oneof![6 => Just(0u64), 2 => Just(1), 1 => any::<u64>()];
    let places = (addr(Place::Header), odd(), odd(), any::<bool>(), flags);
    (places, lists).prop_map(|((arg, put, get, block, flags), (answers, rooms, more))| {
        // A header out of reach is looked at all the same, and a thousand of them take long.
        let tame = |more: usize| match more {
            0 | 1 => more,
            _ => more.max(1025),
        };
        Call::Batch {
            arg,
            put,
            get,
            answers,
            rooms,
            more: (tame(more.0), tame(more.1)),
            flags,
            block,
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let rise = prop_oneof![
        12 => Just(Rise::Properly),
        1 => Just(Rise::Stray),
        1 => Just(Rise::Interrupted),
        1 => Just(Rise::TimedOut),
    ];
    let region = prop_oneof![Just(Place::Header), Just(Place::Aux)];
    let protect = (any::<Index>(), region, any::<bool>(), any::<bool>());
    prop_oneof![
        20 => call().prop_map(Step::Begin),
        40 => (any::<Index>(), rise).prop_map(|(which, rise)| Step::Resume(which, rise)),
        8 => out().prop_map(Step::Submit),
        3 => out().prop_map(Step::Send),
        1 => len().prop_map(Step::Prepay),
        1 => (any::<Index>(), 0..4u8).prop_map(|(which, op)| Step::SendPrepaid(which, op)),
        1 => any::<Index>().prop_map(Step::DropPrepaid),
        3 => id().prop_map(Step::Interrupt),
        1 => Just(Step::NextId),
        // The few ids that callers use again and again.
        3 => (prop_oneof![4 => (50..52u64).prop_map(Id::Any), 1 => id()], vec((any::<bool>(), len()), 0..10))
            .prop_map(|(id, buffers)| Step::Register(id, buffers)),
        8 => (option::of(Just(Form::Owned)), out(), vec((any::<bool>(), 1..60usize), 1..4), prop::bool::weighted(0.8))
            .prop_map(|(form, out, buffers, fetch)| Step::Beside(form, out, buffers, fetch)),
        2 => any::<Index>().prop_map(Step::Unregister),
        1 => Just(Step::Start),
        3 => Just(Step::Wake),
        1 => Just(Step::Die),
        1 => (any::<Index>(), vec(any::<u8>(), 1..40)).prop_map(|(which, to)| Step::Scribble(which, to)),
        2 => protect.prop_map(|(which, place, r, w)| Step::Protect(which, place, r, w)),
    ]
}

pub(crate) fn script() -> impl Strategy<Value = Script> {
    let many = option::of(1..6usize);
    let bytes = option::of(0..MAX_LEN);
    let started = prop::bool::weighted(0.8);
    (many, bytes, started, vec(step(), 1..80), any::<bool>()).prop_map(
        |(many, bytes, started, steps, dies)| Script {
            config: Config {
                max_len: MAX_LEN,
                max_requests: many.unwrap_or(100),
                max_bytes: MAX_LEN + bytes.unwrap_or(1 << 20),
                ..Config::default()
            },
            started,
            steps,
            dies,
        },
    )
}
