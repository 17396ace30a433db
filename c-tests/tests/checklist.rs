//! The facts of `docs/facts.md`: one program of `c-tests/c/checklist`, and so one test, for each. Those that mount want the feature `fuse`,
//! which `make fuse-test` has, and root.

use std::path::Path;

use c_tests::programs::{sources, stem, trials};
use libtest_mimic::{Arguments, Failed, Trial};

/// How many facts there are.
const FACTS: usize = 22;

fn main() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("c/checklist");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mounts = cfg!(feature = "fuse") && rustix::process::geteuid().is_root();
    let mut tests = trials(&dir, "checklist::", out, mounts);
    tests.push(Trial::test(
        "checklist::each_fact_has_its_test",
        move || each_fact_has_its_test(&dir),
    ));
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

/// The list is whole: each number has one program and one row of the document, which ends in the program's name; and there are no others.
fn each_fact_has_its_test(dir: &Path) -> Result<(), Failed> {
    let names: Vec<String> = sources(dir).iter().map(|source| stem(source)).collect();
    let doc = std::fs::read_to_string(dir.join("../../../docs/facts.md"))?;
    for number in 1..=FACTS {
        let (prefix, begin) = (format!("n{number:02}_"), format!("| {number} |"));
        let names: Vec<_> = names.iter().filter(|n| n.starts_with(&prefix)).collect();
        let rows: Vec<_> = doc.lines().filter(|l| l.starts_with(&begin)).collect();
        match (&names[..], &rows[..]) {
            ([name], [row]) if row.ends_with(&format!("| `{name}` |")) => {}
            _ => return Err(format!(
                "fact {number} is not one program and one row that names it: {names:?}, {rows:?}"
            )
            .into()),
        }
    }
    match names.len() {
        FACTS => Ok(()),
        more => Err(format!("{more} programs for {FACTS} facts").into()),
    }
}
