//! Bytes as a server's answer: what `puffs-vfs` makes of them, in each operation.
//!
//! The first three bytes choose the operations, the result, and how much is asked for; the rest is the answer.
#![no_main]

#[path = "../puffs-vfs/tests/liar/mod.rs"]
mod liar;

use liar::{Liar, SECRET};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[operation, result, asked], bytes)) = data.split_first_chunk() else {
        return;
    };
    let rv = match result {
        0..=191 => 0,
        _ => (i32::from(result) - 200) * 4,
    };
    let byte = |byte: &u8| if *byte == SECRET { 0 } else { *byte };
    let liar = Liar::with(Some((rv, bytes.iter().map(byte).collect())));
    let (len, mode) = (usize::from(asked) * 2, u32::from(asked));
    match operation % 7 {
        0 => liar::lookup(&liar, asked % 2 == 0),
        1 => liar::creation(&liar, mode % 7 + 1, b"target"),
        2 => liar::names_that_change(&liar),
        3 => liar::plain_answers(&liar, mode),
        4 => liar::data(&liar, len),
        5 => liar::directories(&liar, len),
        _ => liar::attributes_with_names(&liar, len),
    }
});
