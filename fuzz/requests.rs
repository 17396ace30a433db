//! Bytes as the requests that a host hands to `puffs-user`: class, operation, what the server says to it, length, body; then
//! the next one.
#![no_main]

#[path = "../puffs-user/tests/anyhost/mod.rs"]
mod anyhost;

use anyhost::{Given, serve, to_the_end};
use puffs_core::msg::body::{Head, VERSION, cred};
use puffs_core::msg::op::FLAG_FAF;
use zerocopy::IntoBytes;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let head = Head {
        version: VERSION,
        cred: cred::USER,
        pid: 7,
        ..Head::default()
    };
    let (mut rest, mut given, mut says) = (data, Vec::new(), 0_u64);
    while let Some((&[class, optype, said, len], behind)) = rest.split_first_chunk() {
        let (body, behind) = behind.split_at(usize::from(len).min(behind.len()));
        // Most heads are good ones: there is little to find behind a bad one.
        let body = match class & 0x40 {
            0 => [head.as_bytes(), body].concat(),
            _ => body.to_vec(),
        };
        given.push(Given {
            class: class & 0x1f,
            optype,
            cookie: usize::from(said),
            claimed: body.len() + usize::from(class >> 7) * usize::from(said),
            body,
            error: None,
        });
        says = says.rotate_left(8) ^ u64::from(said);
        rest = behind;
    }
    let wanted = given.iter().filter(|g| g.class & FLAG_FAF == 0).count();
    let all = to_the_end(&given);
    let (_, answers) = serve(given, says);
    assert!(answers.len() == wanted || !all && answers.len() < wanted);
});
