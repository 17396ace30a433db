//! Every operation against a server that answers what it is told: what was sent, what came back, and
//! what is not believed.

mod data;
mod handles;
mod more;
mod names;

use puffs_core::Cookie;
use puffs_core::msg::body::Head;

use crate::testing::Fake;
use crate::*;

const DIR: Cookie = Cookie(0x2000);
const NODE: Cookie = Cookie(0x3000);

fn head() -> Head {
    who::user(7, 1000, 100)
}

#[track_caller]
fn breaks<T: std::fmt::Debug>(fake: &Fake, got: Result<T, Failed>, kind: Kind, text: &'static str) {
    let broken = Broken { kind, text };
    assert_eq!(got.err(), Some(Failed::Broken(broken)));
    assert_eq!(fake.told.take(), [broken], "the server is told, once");
}
