//! The same program on `examples/memfs.rs`: a server over the trait behaves as tmpfs does too, but for what it leaves out.

use super::{compare, judge, on, on_tmpfs, tables};
use crate::{
    server::{Place, Server},
    stage::{rust_memfs, skipped},
};

fn check(topic: &str) {
    if skipped() {
        return;
    }
    let mut command = rust_memfs();
    command.args(["-s", "128m"]);
    let ours = on(Server::start(command, Place::new()), topic);
    let (theirs, rows) = (on_tmpfs(topic), tables::EXPECTED.iter());
    let result = compare::compare(topic, &ours, &theirs, rows);
    judge(topic, result, tables::RUST_LACKS);
}

macro_rules! topics {
    ($($topic:ident)*) => {
        $(
            #[test]
            fn $topic() {
                check(stringify!($topic));
            }
        )*
    };
}

super::all_topics!(topics);
