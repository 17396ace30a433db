//! Tests that are made of the C programs of a directory: [`trials`].

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

use crate::plan::{Plan, Variant};
use crate::stage::Stage;
use crate::{build, run};

/// One test per variant of each program in `dir`, named after the program behind `prefix`; what is compiled goes to `out`. Without `mounts`
/// those that mount are left out.
pub fn trials(dir: &Path, prefix: &str, out: &'static Path, mounts: bool) -> Vec<Trial> {
    let mut trials = Vec::new();
    for source in sources(dir) {
        let name = format!("{prefix}{}", stem(&source));
        let text = std::fs::read_to_string(&source).expect("a file that was just listed");
        match Plan::read(&text) {
            Ok(plan) => {
                for variant in plan.variants() {
                    let (source, plan) = (source.clone(), plan.clone());
                    let name = format!("{name}::{}", variant.words().join("::"));
                    let ignored = plan.mount && !mounts;
                    let trial = Trial::test(name, move || test(&source, &plan, variant, out));
                    trials.push(trial.with_ignored_flag(ignored));
                }
            }
            Err(error) => trials.push(Trial::test(name, move || Err(Failed::from(error)))),
        }
    }
    trials
}

fn test(source: &Path, plan: &Plan, variant: Variant, out: &Path) -> Result<(), Failed> {
    let program = build::program(&Stage::get()?, source, plan, variant, out)?;
    run::program(&program, variant.run, plan.timeout)?;
    Ok(())
}

/// The programs in `dir`, in order.
pub fn sources(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("the directory of the programs");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry of the directory").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "c"))
        .collect();
    files.sort();
    files
}

/// The name of a program.
pub fn stem(source: &Path) -> String {
    let stem = source.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}
