//! Compiling and linking: [`program`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::plan::{Lang, Link, Plan, Run, Variant};
use crate::stage::Stage;

/// Flags that every program and every header must pass.
pub const WARNINGS: [&str; 5] = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-pedantic",
    "-Wredundant-decls",
];

/// The compiler for `lang`, with the flags that select and check the language.
pub fn compiler(lang: Lang) -> Command {
    let (variable, usual, flags) = match lang {
        Lang::C11 => ("CC", "cc", ["-x", "c", "-std=c11"]),
        Lang::Cxx17 => ("CXX", "c++", ["-x", "c++", "-std=c++17"]),
    };
    let tool = std::env::var(variable).unwrap_or_else(|_| usual.to_owned());
    // Such as "ccache cc".
    let mut words = tool.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(usual));
    command.args(words).args(flags).args(WARNINGS);
    command
}

/// Runs a compiler.
///
/// # Errors
/// The command and what it printed.
pub fn compile(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}").replace('"', "");
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
    let mut command = compiler(variant.lang);
    command.args(["-D_GNU_SOURCE", "-g", "-O1", "-pthread"]);
    match variant.run {
        Run::Plain | Run::Valgrind => {}
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
