//! Compiling and linking: [`program`], and [`netbsd`] for what is written for NetBSD.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::plan::{Lang, Link, Plan, Run, Variant};
use crate::stage::Stage;

/// The compiler for `lang`, as `CC` or `CXX` name it, with the flags that select and check the language.
///
/// # Errors
/// There is none.
pub fn compiler(lang: Lang) -> Result<Command, String> {
    // Cargo tells these to build scripts only, and what is compiled here runs here.
    let machine = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut build = cc::Build::new();
    build
        .host(&machine)
        .target(&machine)
        .out_dir(std::env::temp_dir())
        .cargo_metadata(false)
        .opt_level(1)
        .debug(true)
        .warnings(true)
        .extra_warnings(true)
        .warnings_into_errors(true)
        .flag("-pedantic")
        .flag("-Wredundant-decls");
    let name = match lang {
        Lang::C11 => "c",
        Lang::Cxx17 => "c++",
    };
    match lang {
        Lang::C11 => build.std("c11"),
        Lang::Cxx17 => build.cpp(true).std("c++17"),
    };
    let tool = build
        .try_get_compiler()
        .map_err(|error| error.to_string())?;
    let mut command = tool.to_command();
    command.args(["-x", name]);
    Ok(command)
}

/// Runs a compiler.
///
/// # Errors
/// The command and what it printed.
pub fn compile(command: &mut Command) -> Result<(), String> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let shown = words.join(" ");
    let output = command
        .output()
        .map_err(|error| format!("{shown}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{shown}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// Builds one variant of the program `source`; the result is where it is.
///
/// # Errors
/// What the compiler printed.
pub fn program(
    stage: &Stage,
    source: &Path,
    plan: &Plan,
    variant: Variant,
    out: &Path,
) -> Result<PathBuf, String> {
    let dir = source.parent().unwrap_or(Path::new("."));
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let program = out.join(format!("{stem}-{}", variant.words().join("-")));

    // POSIX and what C libraries add to it; the headers themselves are compiled without.
    let mut command = compiler(variant.lang)?;
    command.args(["-D_GNU_SOURCE", "-pthread"]);
    match variant.run {
        Run::Plain | Run::Valgrind => {}
        Run::Helgrind => {
            command.arg("-DHELGRIND");
        }
        Run::Asan => {
            command.args([
                "-fsanitize=address,undefined",
                "-fno-sanitize-recover=all",
                "-fno-omit-frame-pointer",
            ]);
        }
        Run::Tsan => {
            command.arg("-fsanitize=thread");
        }
    }
    command.arg("-I").arg(stage.include());
    command.arg("-I").arg(dir.join("support"));
    command.arg("-o").arg(&program).arg(source);
    command.args(plan.with.iter().map(|file| dir.join(file)));
    if (variant.link, variant.run) == (Link::Kernel, Run::Tsan) {
        command.arg(dir.join("support/tsan_calls.c"));
    }
    // From here on the language goes by the name again.
    command.args(["-x", "none"]);
    match variant.link {
        Link::Shared => {
            let mut rpath = OsString::from("-Wl,-rpath,");
            rpath.push(stage.lib());
            command.arg("-L").arg(stage.lib()).arg(rpath).arg("-lpuffs");
        }
        Link::Static => {
            command.arg(stage.lib().join("libpuffs.a"));
            let libs = stage.pkg_config(&["--static", "--libs-only-l"])?;
            command.args(libs.iter().filter(|lib| *lib != "-lpuffs"));
        }
        Link::Kernel => {
            command.arg(stage.kernel(variant.run)?);
        }
    }
    compile(&mut command)?;
    Ok(program)
}

/// Builds a program that is written for NetBSD, as its user would: `cc $(pkg-config --cflags puffs puffs-compat) server.c
/// $(pkg-config --libs puffs)`, with warnings as errors and `more` flags.
///
/// # Errors
/// What the compiler printed.
pub fn netbsd(stage: &Stage, source: &Path, more: &[&str], program: &Path) -> Result<(), String> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut words = compiler.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("cc"));
    command.args(words);
    command
        .args(["-g", "-Wall", "-Wextra", "-Werror"])
        .args(more);
    command.args(stage.pkg_config_of(&["puffs", "puffs-compat"], &["--cflags"])?);
    command.arg(source).args(stage.pkg_config(&["--libs"])?);
    let mut rpath = OsString::from("-Wl,-rpath,");
    rpath.push(stage.lib());
    command.arg(rpath).arg("-o").arg(program);
    compile(&mut command)
}
