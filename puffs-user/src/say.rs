//! Words for the person who runs the server, on stderr; nobody may be listening.

use std::fmt::Arguments;
use std::io::Write;

/// Writes one line. A stderr that is closed or broken is no reason to end, as `eprintln!` would.
pub(crate) fn line(text: Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// What an errno value means, in words alone.
pub fn errno(value: i32) -> String {
    let mut words = std::io::Error::from_raw_os_error(value).to_string();
    if let Some(end) = words.find(" (os error") {
        words.truncate(end);
    }
    words
}

/// Writes a warning.
pub fn warn(text: Arguments<'_>) {
    line(format_args!("puffs: {text}"));
}
