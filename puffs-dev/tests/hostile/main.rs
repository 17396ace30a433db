//! A hostile server at the device: any call at any address in any state of its instance, while mounts come and go. A model
//! says what each call gives.

mod beside;
#[path = "../../../puffs-core/tests/common/cases.rs"]
mod cases;
#[path = "../common/mod.rs"]
mod common;
mod model;
mod script;
mod world;

use common::*;
use proptest::collection::vec;
use proptest::prelude::*;
use script::Step;
use world::World;

const FOUND: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/hostile.txt"
);
/// A server's memory, in words: a header, then a body.
const WORDS: usize = 64;
const BODY: usize = 128;
/// Lists of headers, of answers and of room.
const PUT: usize = 256;
const GET: usize = 384;

fn play(steps: &[Step]) {
    let memory = vec![0; WORDS];
    only_memory(&memory);
    let mut world = World {
        registry: registry(),
        opens: Vec::new(),
        mounts: Vec::new(),
        memory,
        sets: Vec::new(),
    };
    for step in steps {
        world.step(step);
        world.compare();
    }
    world.finish();
}

proptest! {
    #![proptest_config(cases::cases(100, FOUND))]

    #[test]
    fn any_call_in_any_state(steps in vec(script::step(), 1..120)) {
        // What the platform knows of a thread begins anew on another one.
        let played = std::thread::scope(|scope| scope.spawn(|| play(&steps)).join());
        if let Err(panic) = played {
            std::panic::resume_unwind(panic);
        }
    }
}
