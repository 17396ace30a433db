//! Writes `include/`: one header per entry of [`HEADERS`], from its template and its Rust sources.
//!
//! A template (`puffs-ffi/headers/*.h.in`) is the whole header, include guard and hand-written macros and
//! all; lines that hold nothing but `@EXPORTS@`, `@CONSTS@`, `@NUMBERS@`, `@BODIES@` or `@ERRNOS@` are replaced by what the
//! sources say, and `@VERSION@` and its parts by the package's version.
//!
//! Run by `make header`; `make header-check` writes elsewhere and compares.

mod errnos;
mod exports;
mod numbers;
mod plain;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What goes into one header. Paths are relative to the workspace; a directory stands for all Rust
/// files in it.
struct Header {
    /// Its name in `include/`, and with `.in` its template.
    name: &'static str,
    /// Where the exported functions, and the structures and constants for C, are.
    sources: &'static [&'static str],
    /// Sources of which C sees the structures and constants of these names only.
    partly: &'static [(&'static str, &'static [&'static str])],
    /// Types of Rust's that C knows by another name: opaque structures, and integers for enumerations.
    opaque: &'static [(&'static str, &'static str)],
    /// A source of constants that become macros as they are written there, in place of `@CONSTS@`.
    consts: Option<&'static str>,
}

/// The headers; each may use what the ones before it declare.
const HEADERS: &[Header] = &[
    Header {
        name: "puffs_msgif.h",
        sources: &["puffs-ffi/src/msgif.rs", "puffs-ffi/src/version.rs"],
        partly: &[],
        opaque: &[],
        consts: None,
    },
    Header {
        name: "puffs_sys.h",
        sources: &["puffs-ffi/src/sys"],
        partly: &[(
            "puffs-core/src/platform/hooks.rs",
            &[
                "puffs_hooks",
                "PUFFS_HOOKS_VERSION",
                "PUFFS_LOCK_SIZE",
                "PUFFS_EVENT_SIZE",
                "PUFFS_WOKEN",
                "PUFFS_INTERRUPTED",
                "PUFFS_TIMEDOUT",
            ],
        )],
        opaque: &[],
        consts: None,
    },
    Header {
        name: "puffs_vfs.h",
        sources: &["puffs-ffi/src/vfs"],
        partly: &[],
        opaque: &[],
        consts: None,
    },
    Header {
        name: "puffs_dirent.h",
        sources: &["puffs-user/src/c/dirent.rs"],
        partly: &[],
        opaque: &[],
        consts: None,
    },
    Header {
        name: "puffs_statvfs.h",
        sources: &["puffs-user/src/c/statvfs.rs"],
        partly: &[],
        opaque: &[],
        consts: None,
    },
    Header {
        name: "puffs.h",
        sources: &[
            "puffs-user/src/c/frame.rs",
            "puffs-user/src/c/hooks.rs",
            "puffs-user/src/c/name.rs",
            "puffs-user/src/c/node.rs",
            "puffs-user/src/c/ops.rs",
            "puffs-user/src/c/types.rs",
            "puffs-user/src/c/vattr.rs",
            "puffs-ffi/src/user",
        ],
        partly: &[],
        opaque: &[
            ("Usermount", "struct puffs_usermount"),
            ("Cred", "struct puffs_cred"),
            ("Newinfo", "struct puffs_newinfo"),
            ("Cc", "struct puffs_cc"),
            ("Framebuf", "struct puffs_framebuf"),
            ("Vtype", "enum vtype"),
        ],
        consts: Some("puffs-user/src/c/consts.rs"),
    },
];

/// Why no header was written.
type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let (Some(out), None) = (args.next(), args.next()) else {
        eprintln!("usage: puffs-headers DIRECTORY");
        return ExitCode::FAILURE;
    };
    match write_all(Path::new(&out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("puffs-headers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_all(out: &Path) -> Result<(), Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let numbers = numbers::read(&root.join("puffs-core/src/msg"))?;
    let bodies = plain::read(&root.join("puffs-core/src/msg/body.rs"))?;
    let errnos = errnos::read(&root.join("puffs-core/src/errno.rs"))?;
    let mut known: Vec<String> = bodies.c_names().map(str::to_owned).collect();
    let names = text::Names::new(numbers.renamed().chain(bodies.renamed()));

    std::fs::create_dir_all(out)?;
    for header in HEADERS {
        let exports = exports::read(&root, header, &known)?;
        let template = source(
            &root
                .join("puffs-ffi/headers")
                .join(header.name)
                .with_extension("h.in"),
        )?;
        let consts = match header.consts {
            Some(place) => numbers::plain(&root.join(place))?,
            None => String::new(),
        };
        let filled = text::fill(&template, |mark| match mark {
            "EXPORTS" => Some(&exports.c),
            "ERRNOS" => Some(&errnos),
            "CONSTS" => Some(&consts),
            "NUMBERS" => Some(&numbers.c),
            "BODIES" => Some(&bodies.c),
            _ => None,
        })?;
        std::fs::write(out.join(header.name), names.tidy(&filled))?;
        known.extend(exports.structs);
    }
    Ok(())
}

/// Reads a file; the error names it.
fn source(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The Rust files that `path` stands for, in a fixed order.
fn rust_files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let entries = std::fs::read_dir(path).map_err(|e| format!("{}: {e}", path.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|ext| ext == "rs") {
            files.extend(rust_files(&path)?);
        }
    }
    files.sort();
    Ok(files)
}
