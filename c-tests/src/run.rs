//! Running a program under a time limit, with the tool that its variant asks for: [`program`].

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use crate::plan::Run;

/// The exit status of `timeout` when time was up.
const TIMED_OUT: i32 = 124;

/// How much longer than usual a program runs that is told to by the environment's `DURATION`, in seconds.
fn duration() -> Option<u64> {
    std::env::var("DURATION").ok()?.parse().ok()
}

/// Runs `program`. When it was told how long, what it prints is passed on.
///
/// # Errors
/// How it ended, and what it printed.
pub fn program(program: &Path, how: Run, seconds: u64) -> Result<(), String> {
    let seconds = match how {
        Run::Plain => seconds,
        Run::Asan | Run::Tsan => seconds * 4,
        Run::Valgrind | Run::Helgrind => seconds * 20,
    } + duration().unwrap_or(0);
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &seconds.to_string()]);
    match how {
        Run::Plain => {}
        Run::Asan => {
            command.env(
                "ASAN_OPTIONS",
                "detect_leaks=1:detect_stack_use_after_return=1",
            );
            command.env("UBSAN_OPTIONS", "print_stacktrace=1");
        }
        Run::Tsan => {
            command.env("TSAN_OPTIONS", "halt_on_error=1:second_deadlock_stack=1");
            // Its shadow memory has fixed places, which randomised addresses may hit.
            command.args(["setarch", "--addr-no-randomize"]);
        }
        Run::Helgrind => {
            command.args([
                "valgrind",
                "--tool=helgrind",
                "--quiet",
                "--error-exitcode=99",
            ]);
        }
        Run::Valgrind => {
            command.args([
                "valgrind",
                "--quiet",
                "--error-exitcode=99",
                "--leak-check=full",
                "--show-leak-kinds=definite,indirect",
                "--errors-for-leak-kinds=definite,indirect",
            ]);
        }
    }
    let output = command
        .arg(program)
        .output()
        .map_err(|error| format!("timeout: {error}"))?;
    if duration().is_some() && output.status.success() {
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
    let end = match (output.status.code(), output.status.signal()) {
        (Some(0), _) => return Ok(()),
        (Some(TIMED_OUT), _) => format!("did not end within {seconds} seconds"),
        (Some(code), _) => format!("exited with {code}"),
        (None, signal) => format!("ended by signal {}", signal.unwrap_or(0)),
    };
    Err(format!(
        "{} {end}\n{}{}",
        program.display(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}
