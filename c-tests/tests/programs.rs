//! One test per variant of each program in `c-tests/c`.

use std::path::{Path, PathBuf};

use c_tests::plan::{Plan, Variant};
use c_tests::stage::Stage;
use c_tests::{build, run};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let mut trials = Vec::new();
    for source in sources() {
        let name = source
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&source).expect("a file that was just listed");
        match Plan::read(&text) {
            Ok(plan) => {
                for variant in plan.variants() {
                    let (source, plan) = (source.clone(), plan.clone());
                    let name = format!("{name}::{}", variant.words().join("::"));
                    trials.push(Trial::test(name, move || test(&source, &plan, variant)));
                }
            }
            Err(error) => trials.push(Trial::test(name, move || Err(Failed::from(error)))),
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn test(source: &Path, plan: &Plan, variant: Variant) -> Result<(), Failed> {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = build::program(&Stage::get()?, source, plan, variant, out)?;
    run::program(&program, variant.run, plan.timeout)?;
    Ok(())
}

fn sources() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("c");
    let entries = std::fs::read_dir(dir).expect("the directory of the programs");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry of the directory").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "c"))
        .collect();
    files.sort();
    files
}
