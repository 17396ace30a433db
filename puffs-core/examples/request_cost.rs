//! What a request costs when nobody sleeps: one thread sends, fetches and answers. Prints the best of several rounds, and
//! what the mount itself says of the requests.
//!
//! `cargo run --release -p puffs-core --features std --example request_cost`

use std::time::Instant;

use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::Hosted;
use puffs_core::{Answer, Buf, Config, Cookie, Errno, Mount, Outgoing, UserAddr};

const ROUNDS: u32 = 20;
const REQUESTS: u32 = 50_000;

fn main() {
    let mount = Mount::<Hosted>::new(Config::default(), None).expect("memory");
    mount.start(&StartReq::default()).expect("it is new");
    let mut aux = [0u64; 8];
    let mut best = u128::MAX;
    for _ in 0..ROUNDS {
        let before = Instant::now();
        for _ in 0..REQUESTS {
            let out = Outgoing::vn(6, Cookie(1), Buf::new(64).expect("memory"));
            let done = |ended: Result<Answer<Hosted>, Errno>| drop(ended);
            mount.submit(out, Box::new(done)).expect("it is queued");
            let mut req = Req {
                aux: aux.as_mut_ptr().expose_provenance(),
                auxlen: size_of_val(&aux),
                ..Req::default()
            };
            let arg = UserAddr((&raw mut req).expose_provenance());
            mount.getop(arg, None).expect("it is there");
            mount.putop(arg).expect("it is awaited");
        }
        best = best.min(before.elapsed().as_nanos() / u128::from(REQUESTS));
    }
    println!("{best} ns per request");
    let stats = mount.op_statistics(CLASS_VN, 6);
    println!(
        "{} of {} succeeded; p50 {} ns, p99 {} ns, longest {} ns",
        stats.succeeded,
        stats.entered,
        stats.latency.quantile(500),
        stats.latency.quantile(990),
        stats.latency.max()
    );
}
