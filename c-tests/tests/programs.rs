//! One test per variant of each program in `c-tests/c`.

use std::path::Path;

use c_tests::programs;
use libtest_mimic::Arguments;

fn main() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("c");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let trials = programs::trials(&dir, "", out, false);
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
