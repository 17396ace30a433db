//! Callers and hostile servers on threads of their own. No model says who comes first; what is certain is that everybody
//! comes back with an end that exists, once, and that nothing is left.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant as StdInstant};

use proptest::collection::vec;
use proptest::prelude::*;
use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Batch, Req, SizeOp, StartReq};
use puffs_core::platform::{Platform, Wait};
use puffs_core::{
    Buf, Config, Cookie, Direction, Errno, Instant, Prepaid, ReqId, SizeOps, UserAddr,
};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::common::*;

/// How often a server goes through its script.
const ROUNDS: usize = 20;

#[derive(Clone, Copy, Debug)]
enum Ask {
    Call {
        len: usize,
        grow: bool,
    },
    /// With a deadline so soon that it may come at any point.
    Hurried {
        len: usize,
    },
    /// Under an id that another may have.
    As {
        id: u64,
    },
    NoWait {
        len: usize,
    },
    Submit {
        len: usize,
    },
    Send {
        len: usize,
    },
    Prepaid {
        len: usize,
    },
    /// With buffers beside it, from and to the server.
    Beside {
        id: u64,
        len: usize,
        buffers: usize,
    },
}

#[derive(Clone, Copy, Debug)]
enum Serve {
    Fetch {
        room: usize,
        wait: bool,
    },
    FetchTo {
        arg: Option<usize>,
        aux: usize,
    },
    /// Answers what was fetched last, so many bytes.
    Answer {
        rv: i32,
        len: usize,
    },
    /// Answers by guess.
    Guess {
        id: u64,
        class: u8,
        optype: u8,
        len: usize,
    },
    AnswerFrom {
        aux: usize,
        len: usize,
    },
    Interrupt {
        id: u64,
    },
    /// Answers what was fetched last, and fetches so many.
    Batch {
        len: usize,
        rooms: usize,
        wait: bool,
    },
    BatchFrom {
        arg: Option<usize>,
        put: usize,
        get: usize,
        count: usize,
    },
    /// Moves for what was fetched last, or by guess.
    Move {
        id: Option<u64>,
        len: usize,
    },
    MoveFrom {
        arg: Option<usize>,
        id: u64,
        buf: usize,
    },
    Start,
    Wake,
    StartFrom(usize),
    Die,
}

#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    config: Config,
    callers: Vec<Vec<Ask>>,
    servers: Vec<Vec<Serve>>,
}

fn ask() -> impl Strategy<Value = Ask> {
    let len = 0..100usize;
    prop_oneof![
        (len.clone(), any::<bool>()).prop_map(|(len, grow)| Ask::Call { len, grow }),
        len.clone().prop_map(|len| Ask::Hurried { len }),
        (0..6u64).prop_map(|id| Ask::As { id }),
        len.clone().prop_map(|len| Ask::NoWait { len }),
        len.clone().prop_map(|len| Ask::Submit { len }),
        len.clone().prop_map(|len| Ask::Send { len }),
        len.clone().prop_map(|len| Ask::Prepaid { len }),
        (0..20u64, len, 0..=SizeOps::<Checked>::MOST).prop_map(|(id, len, buffers)| Ask::Beside {
            id,
            len,
            buffers
        }),
    ]
}

fn serve() -> impl Strategy<Value = Serve> {
    let odd = prop_oneof![Just(0usize), any::<usize>(), usize::MAX - 50..=usize::MAX];
    let aux = odd.clone();
    let guess = (0..20u64, 0..4u8, 0..3u8, 0..300usize);
    prop_oneof![
        40 => (0..300usize, any::<bool>()).prop_map(|(room, wait)| Serve::Fetch { room, wait }),
        4 => (prop::option::of(odd), aux.clone()).prop_map(|(arg, aux)| Serve::FetchTo { arg, aux }),
        40 => (0..134i32, 0..300usize).prop_map(|(rv, len)| Serve::Answer { rv, len }),
        8 => guess.prop_map(|(id, class, optype, len)| Serve::Guess { id, class, optype, len }),
        4 => (aux.clone(), 0..300usize).prop_map(|(aux, len)| Serve::AnswerFrom { aux, len }),
        4 => (0..20u64).prop_map(|id| Serve::Interrupt { id }),
        20 => (0..200usize, 0..4usize, any::<bool>()).prop_map(
            |(len, rooms, wait)| Serve::Batch { len, rooms, wait }
        ),
        4 => (prop::option::of(aux.clone()), aux.clone(), aux.clone(), 1..3usize).prop_map(
            |(arg, put, get, count)| Serve::BatchFrom { arg, put, get, count }
        ),
        20 => (prop::option::of(0..20u64), 0..120usize).prop_map(|(id, len)| Serve::Move { id, len }),
        4 => (prop::option::of(aux.clone()), 0..20u64, aux.clone()).prop_map(
            |(arg, id, buf)| Serve::MoveFrom { arg, id, buf }
        ),
        1 => Just(Serve::Start),
        6 => Just(Serve::Wake),
        1 => aux.prop_map(Serve::StartFrom),
        1 => Just(Serve::Die),
    ]
}

pub(crate) fn crowd() -> impl Strategy<Value = Crowd> {
    let callers = vec(vec(ask(), 1..10), 1..4);
    let servers = vec(vec(serve(), 1..12), 1..4);
    (1..8usize, callers, servers).prop_map(|(max_requests, callers, servers)| Crowd {
        config: Config {
            max_len: 256,
            max_requests,
            max_bytes: 300,
            ..Config::default()
        },
        callers,
        servers,
    })
}

type Slips = Mutex<Vec<Arc<Mutex<Vec<Told>>>>>;

/// An end that a caller may be given; an answer is what one server thread wrote, whole.
fn sound(told: Told, also: Option<Errno>) {
    match told {
        Ok((_, body)) => assert!(body.iter().all(|&byte| byte == body[0]), "{body:?}"),
        Err(error) => assert!(
            [Errno::Nxio, Errno::Proto, Errno::Intr].contains(&error) || Some(error) == also,
            "{error:?}"
        ),
    }
}

fn request(len: usize, grow: bool) -> puffs_core::Outgoing<Checked> {
    let mut out = out(&vec![1; len]);
    out.grow = grow;
    out
}

fn asks(mount: &TestMount, ask: Ask, slips: &Slips) {
    match ask {
        Ask::Call { len, grow } => {
            sound(flat(mount.call(request(len, grow), &Wait::FOREVER)), None);
        }
        Ask::Hurried { len } => {
            let wait = Wait {
                deadline: Some(Instant(Checked::now().0 + 50_000)),
                interruptible: false,
            };
            let ended = mount.call(request(len, false), &wait);
            sound(flat(ended), Some(Errno::TimedOut));
        }
        Ask::As { id } => {
            let ended = mount.call_as(request(9, false), Some(ReqId(id)), &Wait::FOREVER);
            let refused = if id == 0 { Errno::Inval } else { Errno::Exist };
            sound(flat(ended), Some(refused));
        }
        Ask::NoWait { len } => {
            let ended = mount.call_nowait(request(len, true), None, &Wait::FOREVER);
            sound(flat(ended), Some(Errno::WouldBlock));
        }
        Ask::Submit { len } => {
            let slip = Arc::new(Mutex::new(Vec::new()));
            let told = slip.clone();
            let done = move |ended: Ended| told.lock().unwrap().push(flat(ended));
            match mount.submit(request(len, false), Box::new(done)) {
                Ok(_) => slips.lock().unwrap().push(slip),
                Err(error) => assert!([Errno::Nxio, Errno::WouldBlock].contains(&error)),
            }
        }
        Ask::Send { len } => {
            let sent = mount.send(request(len, false));
            assert!(matches!(
                sent,
                Ok(()) | Err(Errno::Nxio | Errno::WouldBlock)
            ));
        }
        Ask::Prepaid { len } => Prepaid::new(mount, len)
            .unwrap()
            .send(CLASS_VN, 1, Cookie(1)),
        Ask::Beside { id, len, buffers } => beside(mount, ReqId(id), len, buffers),
    }
}

/// A request with buffers beside it; what comes in is what one server thread wrote.
fn beside(mount: &TestMount, id: ReqId, len: usize, buffers: usize) {
    let set = match SizeOps::new(mount, id) {
        Ok(set) => set,
        Err(error) => {
            assert!([Errno::Inval, Errno::Exist, Errno::Nxio].contains(&error));
            return;
        }
    };
    for at in 0..buffers {
        let direction = [Direction::In, Direction::Out][at % 2];
        let data = Buf::copy_of(&vec![1; len + 1], len + 1).unwrap();
        // Another caller may have sent a request with this id since.
        let added = set.add(direction, data);
        assert!(matches!(added, Ok(()) | Err(Errno::Busy)), "{added:?}");
    }
    let ended = mount.call_as(request(len, false), Some(id), &Wait::FOREVER);
    sound(flat(ended), Some(Errno::Exist));
    for one in set.finish().iter() {
        let Some(data) = &one.data else {
            assert_eq!(one.moved, None);
            continue;
        };
        let moved = one.moved.unwrap_or(0);
        let (came, rest) = data.split_at(moved);
        match one.direction {
            Direction::In => assert!(came.iter().all(|&byte| byte == came[0] && byte >= 2)),
            Direction::Out => assert!(came.iter().all(|&byte| byte == 1)),
        }
        // A copy that could not be told of may have left something.
        assert!(rest.iter().all(|&byte| byte >= 1));
    }
}

/// A server thread's memory, and what it fetched last.
struct Hostile {
    server: Server,
    last: Req,
    fill: u8,
    /// A batch, a move, headers and bodies.
    desk: Part,
}

/// Where they lie in it.
const HEADERS: usize = 64;
const BODIES: usize = 512;
const DESK: usize = BODIES + 4 * 256;

fn serves(mount: &TestMount, hostile: &mut Hostile, serve: Serve) {
    let Hostile {
        server,
        last,
        fill,
        desk,
    } = hostile;
    let here = desk.addr();
    let soon = Wait {
        deadline: Some(Instant(Checked::now().0 + 50_000)),
        interruptible: false,
    };
    let head = UserAddr(server.header_addr());
    match serve {
        Serve::Fetch { room, wait } => {
            if let Ok(fetched) = server.getop(room, wait.then_some(&soon)) {
                assert!(fetched.body.iter().all(|&byte| byte <= 1), "{fetched:?}");
                *last = fetched.req;
            }
        }
        Serve::FetchTo { arg, aux } => {
            server.write_header(&Req {
                aux,
                auxlen: 300,
                ..Req::default()
            });
            // Wherever it was to be copied, nothing can have been.
            let fetched = mount.getop(arg.map_or(head, UserAddr), None);
            assert!(fetched.is_err() || server.header().auxlen == 0);
        }
        Serve::Answer { rv, len } => {
            *fill = fill.wrapping_add(1) | 2;
            let _ = server.put(Req { rv, ..*last }, &vec![*fill; len]);
        }
        Serve::Guess {
            id,
            class,
            optype,
            len,
        } => {
            let req = Req {
                id,
                opclass: class,
                optype,
                ..Req::default()
            };
            *fill = fill.wrapping_add(1) | 2;
            let _ = server.put(req, &vec![*fill; len]);
        }
        Serve::AnswerFrom { aux, len } => {
            server.write_header(&Req {
                aux,
                auxlen: len,
                ..*last
            });
            let answered = mount.putop(head);
            assert!(answered.is_err() || len == 0, "an answer from nowhere");
        }
        Serve::Interrupt { id } => {
            let _ = mount.interrupt(ReqId(id));
        }
        Serve::Batch { len, rooms, wait } => {
            *fill = fill.wrapping_add(1) | 2;
            let header = |at: usize| HEADERS + at * size_of::<Req>();
            let answer = Req {
                aux: here + BODIES,
                auxlen: len,
                ..*last
            };
            desk.bytes_mut()[BODIES..][..len].fill(*fill);
            write(desk, header(0), &answer);
            for at in 1..=rooms {
                let room = Req {
                    aux: here + BODIES + at * 256,
                    auxlen: 256,
                    ..Req::default()
                };
                write(desk, header(at), &room);
            }
            let batch = Batch {
                put: here + header(0),
                nput: 1,
                get: here + header(1),
                nget: rooms,
                flags: 0,
            };
            write(desk, 0, &batch);
            let said = mount.batch(UserAddr(here), wait.then_some(&soon));
            let read = |at| Req::read_from_bytes(&desk.bytes()[header(at)..][..size_of::<Req>()]);
            let (told, came) = Batch::read_from_prefix(desk.bytes())
                .map(|(b, _)| (read(0), b))
                .unwrap();
            // On a mount that was dead nothing has happened.
            let dead = said == Err(Errno::Nxio);
            assert!(dead || told.unwrap().id == 0, "answered, or passed over");
            if said.is_ok() && rooms > 0 {
                assert!((1..=rooms).contains(&came.nget));
                *last = read(came.nget).unwrap();
            }
        }
        Serve::BatchFrom {
            arg,
            put,
            get,
            count,
        } => {
            let batch = Batch {
                put,
                nput: count,
                get,
                nget: count,
                flags: 0,
            };
            write(desk, 0, &batch);
            let said = mount.batch(arg.map_or(UserAddr(here), UserAddr), None);
            assert!(said.is_err(), "a batch from nowhere");
        }
        Serve::Move { id, len } => {
            *fill = fill.wrapping_add(1) | 2;
            desk.bytes_mut()[BODIES..][..len].fill(*fill);
            let op = SizeOp {
                reqid: id.unwrap_or(last.id),
                userbuf: here + BODIES,
                bufsize: len,
            };
            write(desk, 0, &op);
            if mount.sizeop(UserAddr(here)).is_ok() {
                let (op, _) = SizeOp::read_from_prefix(desk.bytes()).unwrap();
                assert!(op.bufsize <= len);
                let moved = &desk.bytes()[BODIES..][..op.bufsize];
                assert!(moved.iter().all(|byte| *byte == moved[0]), "{moved:?}");
            }
        }
        Serve::MoveFrom { arg, id, buf } => {
            let op = SizeOp {
                reqid: id,
                userbuf: buf,
                bufsize: 9,
            };
            write(desk, 0, &op);
            let said = mount.sizeop(arg.map_or(UserAddr(here), UserAddr));
            assert!(said.is_err(), "moved from nowhere, or to it");
        }
        Serve::Start => assert!(mount.start(&StartReq::default()).is_err()),
        Serve::StartFrom(arg) => assert!(mount.startop(UserAddr(arg)).is_err()),
        Serve::Wake => assert!(matches!(mount.wake(), Ok(()) | Err(Errno::Nxio))),
        Serve::Die => mount.die(),
    }
}

/// Writes to a server's memory.
fn write(desk: &mut Part, at: usize, value: &(impl IntoBytes + Immutable)) {
    desk.bytes_mut()[at..][..size_of_val(value)].copy_from_slice(value.as_bytes());
}

pub(crate) fn play(crowd: &Crowd) {
    let (mount, host) = new_mount(crowd.config);
    mount.start(&StartReq::default()).unwrap();
    let slips = Slips::default();
    let gate = Barrier::new(crowd.callers.len() + crowd.servers.len());
    let (theirs, told, start) = (&mount, &slips, &gate);
    // A buffer may be freed on another thread than it was made on: what counts is the sum.
    let alive: isize = std::thread::scope(|scope| {
        let scripts = crowd.callers.iter();
        let callers: Vec<_> = scripts
            .map(|script| scope.spawn(move || calls(theirs, script, told, start)))
            .collect();
        let scripts = crowd.servers.iter();
        let servers: Vec<_> = scripts
            .map(|script| scope.spawn(move || works(theirs, script, start)))
            .collect();
        // Death comes when the servers have nothing more to do.
        let served: Vec<_> = servers.into_iter().map(|thread| thread.join()).collect();
        let died = catch_unwind(AssertUnwindSafe(|| mount.die()));
        come_back(crowd, &callers);
        died.unwrap();
        let called = callers.into_iter().map(|thread| thread.join());
        called.chain(served).map(Result::unwrap).sum()
    });
    assert_eq!((mount.load(), mount.sleepers()), ((0, 0), (0, 0)));
    for slip in slips.lock().unwrap().iter() {
        let told = slip.lock().unwrap();
        assert_eq!(told.len(), 1, "a request ends exactly once");
        sound(told[0].clone(), None);
    }
    drop((mount, host));
    assert_eq!(alive + live(), 0, "buffers leak");
}

fn calls(mount: &TestMount, script: &[Ask], slips: &Slips, gate: &Barrier) -> isize {
    gate.wait();
    script.iter().for_each(|&ask| asks(mount, ask, slips));
    live()
}

fn works(mount: &TestMount, script: &[Serve], gate: &Barrier) -> isize {
    let mut hostile = Hostile {
        server: Server::new(mount),
        last: Req::default(),
        fill: 2,
        desk: Part::new(DESK),
    };
    gate.wait();
    for _ in 0..ROUNDS {
        for &serve in script {
            serves(mount, &mut hostile, serve);
        }
    }
    live()
}

/// All callers end; a hang ends the process, since nothing else would.
fn come_back(crowd: &Crowd, callers: &[ScopedJoinHandle<'_, isize>]) {
    let patience = StdInstant::now() + Duration::from_secs(20);
    while !callers.iter().all(ScopedJoinHandle::is_finished) {
        if StdInstant::now() > patience {
            eprintln!("a caller never comes back: {crowd:#?}");
            std::process::abort();
        }
        std::thread::yield_now();
    }
}
