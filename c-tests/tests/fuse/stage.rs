//! Compiles C servers against the staged install, each once, and says whether this machine can run
//! them.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use c_tests::build::{self, compile, compiler};
use c_tests::plan::Lang;
use c_tests::stage::Stage;

/// Whether a test has to be skipped, and why, said past libtest's capture.
pub(crate) fn skipped() -> bool {
    let why = if !Path::new("/dev/fuse").exists() {
        "there is no /dev/fuse"
    } else if !rustix::process::geteuid().is_root() {
        "not root"
    } else {
        return false;
    };
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
    true
}

/// How a server is built.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Build {
    /// As a user would.
    Plain,
    /// With AddressSanitizer and LeakSanitizer.
    Asan,
}

/// The memfs program.
pub(crate) fn memfs(build: Build) -> PathBuf {
    once(("memfs", None, build), &[])
}

/// A server of `examples`, `memfs` or `nullfs`, with something changed in this source: its `variant_init` is called in
/// place of `puffs_init`.
pub(crate) fn variant(source: &'static str, of: &'static str, build: Build) -> PathBuf {
    once((source, Some(of), build), &["-Dpuffs_init=variant_init"])
}

/// A program with a `main` of its own, which calls that of memfs, `memfs_main`.
pub(crate) fn around_memfs(source: &'static str, build: Build) -> PathBuf {
    once((source, Some("memfs"), build), &["-Dmain=memfs_main"])
}

/// The server that passes a directory through.
pub(crate) fn nullfs(build: Build) -> PathBuf {
    program("../examples/nullfs.c", build)
}

/// `examples/memfs.rs`, which cargo has built.
pub(crate) fn rust_memfs() -> Command {
    let path = std::env::var_os("PUFFS_RUST_MEMFS");
    Command::new(path.expect("PUFFS_RUST_MEMFS is not set: run these tests by make fuse-test"))
}

/// The server of the README.
pub(crate) fn hello(build: Build) -> PathBuf {
    program("../examples/hello.c", build)
}

/// Compiles a C source, given relative to this package, unless that was done already.
pub(crate) fn program(source: &'static str, build: Build) -> PathBuf {
    once((source, None, build), &[])
}

/// What a program is made of: a source or `memfs`, the server of `examples` that goes with it, how it is built.
type Made = (&'static str, Option<&'static str>, Build);

fn once(made: Made, flags: &[&str]) -> PathBuf {
    static DONE: Mutex<Option<HashMap<Made, PathBuf>>> = Mutex::new(None);
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    let done = done.get_or_insert_default();
    done.entry(made)
        .or_insert_with(|| build_one(made, flags).unwrap_or_else(|error| panic!("{error}")))
        .clone()
}

/// The sources of a server of `examples`: those of its directory, or its file.
fn example(name: &str) -> Vec<PathBuf> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let Ok(files) = std::fs::read_dir(examples.join(name)) else {
        return vec![examples.join(format!("{name}.c"))];
    };
    let files = files.map(|file| file.expect("readable").path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "c"))
        .collect()
}

/// Compiles a server that is written for NetBSD, of `netbsd/`, unless that was done already.
pub(crate) fn netbsd(name: &'static str) -> PathBuf {
    static DONE: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if done.insert(name) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("netbsd/{name}.c"));
        Stage::get()
            .and_then(|stage| build::netbsd(&stage, &source, &[], &out))
            .unwrap_or_else(|error| panic!("{error}"));
    }
    out
}

fn build_one((source, with, build): Made, more: &[&str]) -> Result<PathBuf, String> {
    if std::env::var_os("PUFFS_STAGE").is_none() {
        return Err("PUFFS_STAGE is not set: run these tests by make fuse-test".into());
    }
    let stage = Stage::get()?;
    let (suffix, flags): (_, &[&str]) = match build {
        Build::Plain => ("", &["-O2"]),
        Build::Asan => (
            "-asan",
            &[
                "-O1",
                "-fsanitize=address,undefined",
                "-fno-sanitize-recover=all",
                "-fno-omit-frame-pointer",
            ],
        ),
    };
    let mut name = Path::new(source).file_stem().unwrap_or_default().to_owned();
    let mut sources = match source {
        "memfs" => example(source),
        source => vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(source)],
    };
    if let Some(with) = with {
        sources.extend(example(with));
        name.push("-");
        name.push(with);
    }
    name.push(suffix);
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut command = compiler(Lang::C11)?;
    command
        .arg("-g")
        .args(flags)
        .args(more)
        .arg("-o")
        .arg(&out)
        .args(sources);
    command
        .args(["-x", "none"])
        .args(stage.pkg_config(&["--cflags", "--libs"])?);
    command.arg(format!("-Wl,-rpath,{}", stage.lib().display()));
    compile(&mut command)?;
    Ok(out)
}
