//! What may happen, as values that proptest makes and shrinks.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use puffs_dev::CLONER;

use super::{BODY, WORDS};

#[derive(Clone, Copy, Debug)]
pub(super) enum Addr {
    Header,
    /// So far into the server's memory, whose end may come too soon.
    Inside(usize),
    Wild(usize),
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Open {
        pid: i32,
    },
    OpenMinor(u32),
    Close(Index),
    Forget(Index),
    NewMount {
        keep: bool,
    },
    Bind(Index, Index),
    SetPmp {
        pid: i32,
        mount: Index,
    },
    Nuke(Index),
    Die(Index),
    Send(Index, usize),
    Submit(Index, usize),
    Getop {
        at: Index,
        arg: Addr,
        aux: Addr,
        auxlen: usize,
        ioctl: bool,
    },
    Putop {
        at: Index,
        arg: Addr,
        id: u64,
        auxlen: usize,
        aux: Addr,
    },
    Batch {
        at: Index,
        arg: Addr,
        answers: Vec<(u64, usize, Addr)>,
        rooms: Vec<(Addr, usize)>,
        /// The lists are somewhere else.
        put: Option<Addr>,
        get: Option<Addr>,
        /// So many more of each are claimed.
        more: (usize, usize),
        flags: u64,
        ioctl: bool,
    },
    /// A request with buffers beside it: so long, and whether from the server.
    Beside(Index, usize, Vec<(bool, usize)>),
    /// They are taken back.
    TakeBack(Index),
    Sizeop {
        at: Index,
        arg: Addr,
        /// One that has buffers beside it, or any.
        id: Result<Index, u64>,
        buf: Addr,
        size: usize,
    },
    Startop {
        at: Index,
        arg: Addr,
    },
    Wake(Index),
    Fionbio {
        at: Index,
        arg: Addr,
        on: i32,
    },
    Other {
        at: Index,
        command: (u8, u8, usize),
        arg: Addr,
    },
    Poll {
        at: Index,
        asked: u32,
    },
}

pub(super) fn addr() -> impl Strategy<Value = Addr> {
    prop_oneof![
        8 => Just(Addr::Header),
        2 => (0..8 * WORDS + 16).prop_map(Addr::Inside),
        1 => Just(Addr::Wild(0)),
        1 => any::<usize>().prop_map(Addr::Wild),
        1 => (usize::MAX - 60..=usize::MAX).prop_map(Addr::Wild),
    ]
}

pub(super) fn batch() -> impl Strategy<Value = Step> {
    let claimed = || prop_oneof![6 => 0..120usize, 1 => any::<usize>()];
    let aux = || prop_oneof![6 => Just(Addr::Inside(BODY)), 1 => addr()];
    let id = prop_oneof![8 => 0..9u64, 1 => any::<u64>()];
    let odd = || prop_oneof![8 => Just(None), 1 => addr().prop_map(Some)];
    let more = || {
        prop_oneof![
            9 => Just(0usize),
            1 => 0..3usize,
            1 => 1025..1030usize,
            1 => usize::MAX - 2..=usize::MAX - 2
        ]
    };
    let lists = (
        vec((id, claimed(), aux()), 0..3),
        vec((aux(), claimed()), 0..3),
    );
    let flags = prop_oneof![6 => Just(0u64), 1 => Just(1), 1 => any::<u64>()];
    let places = (any::<Index>(), addr(), odd(), odd(), flags);
    (places, lists, (more(), more()), any::<bool>()).prop_map(
        |((at, arg, put, get, flags), (answers, rooms), more, ioctl)| Step::Batch {
            at,
            arg,
            answers,
            rooms,
            put,
            get,
            more,
            flags,
            ioctl,
        },
    )
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let at = any::<Index>;
    let len = 0..100usize;
    let claimed = prop_oneof![6 => 0..120usize, 1 => any::<usize>()];
    let aux = prop_oneof![6 => Just(Addr::Inside(BODY)), 1 => addr()];
    let id = prop_oneof![8 => 0..9u64, 1 => any::<u64>()];
    let buf = aux.clone();
    let beside = prop_oneof![6 => at().prop_map(Ok), 1 => (0..9u64).prop_map(Err)];
    // No call of ours has so small an argument.
    let command = prop_oneof![
        (any::<u8>(), any::<u8>(), any::<usize>()),
        (Just(0u8), any::<u8>(), 0..50usize),
        (Just(b'p'), 0..20u8, 1..8usize),
        (Just(b'f'), Just(126u8), 5..20usize),
    ];
    prop_oneof![
        3 => (0..2i32).prop_map(|pid| Step::Open { pid }),
        1 => prop_oneof![Just(CLONER), 0..3u32, any::<u32>()].prop_map(Step::OpenMinor),
        1 => at().prop_map(Step::Close),
        1 => at().prop_map(Step::Forget),
        3 => any::<bool>().prop_map(|keep| Step::NewMount { keep }),
        4 => (at(), at()).prop_map(|(instance, mount)| Step::Bind(instance, mount)),
        1 => (0..2i32, at()).prop_map(|(pid, mount)| Step::SetPmp { pid, mount }),
        1 => at().prop_map(Step::Nuke),
        1 => at().prop_map(Step::Die),
        3 => (at(), len.clone()).prop_map(|(mount, len)| Step::Send(mount, len)),
        5 => (at(), len).prop_map(|(mount, len)| Step::Submit(mount, len)),
        8 => (at(), addr(), aux.clone(), claimed.clone(), any::<bool>()).prop_map(
            |(at, arg, aux, auxlen, ioctl)| Step::Getop { at, arg, aux, auxlen, ioctl }
        ),
        8 => (at(), addr(), id, claimed, aux).prop_map(
            |(at, arg, id, auxlen, aux)| Step::Putop { at, arg, id, auxlen, aux }
        ),
        8 => batch(),
        5 => (at(), 0..100usize, vec((any::<bool>(), 1..60usize), 1..4)).prop_map(
            |(mount, len, buffers)| Step::Beside(mount, len, buffers)
        ),
        1 => at().prop_map(Step::TakeBack),
        12 => (at(), addr(), beside, buf, 0..120usize).prop_map(
            |(at, arg, id, buf, size)| Step::Sizeop { at, arg, id, buf, size }
        ),
        3 => (at(), addr()).prop_map(|(at, arg)| Step::Startop { at, arg }),
        1 => at().prop_map(Step::Wake),
        1 => (at(), addr(), 0..3i32).prop_map(|(at, arg, on)| Step::Fionbio { at, arg, on }),
        2 => (at(), command, addr()).prop_map(
            |(at, command, arg)| Step::Other { at, command, arg }
        ),
        2 => (at(), any::<u32>()).prop_map(|(at, asked)| Step::Poll { at, asked }),
    ]
}
