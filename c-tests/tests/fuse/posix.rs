//! The calls of POSIX and Linux, made by the program of `c-tests/posix` on tmpfs, on memfs, and on nullfs over a tmpfs.
//!
//! The program prints a line for each result and judges by itself what POSIX leaves no choice in: on tmpfs
//! it must be content. What it prints on ours must be the same, line by line, but for the differences that
//! [`tables`] gives with their reasons. The same for the memfs in Rust: [`rust`].

mod compare;
mod rust;
mod tables;

use crate::{
    server::{Place, Server},
    stage::{Build, memfs, nullfs, skipped},
    wait::Process,
};
use c_tests::{
    build::{compile, compiler},
    plan::Lang,
};
use rustix::{
    mount::{MountFlags, mount},
    process::{Pid, Signal, kill_process},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::OnceLock,
    time::Duration,
};

/// Room for 20,000 nodes, and not more than can be filled quickly.
const SIZE: &str = "size=128m";

/// No topic takes so long, even where everything else is slow.
const DEADLINE: Duration = Duration::from_secs(60);

/// The program, compiled once. It needs nothing of puffs.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build().unwrap_or_else(|error| panic!("{error}")))
}

fn build() -> Result<PathBuf, String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("posix");
    let entries = fs::read_dir(&dir).map_err(|error| error.to_string())?;
    let mut sources: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    sources.sort();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("posix");
    let mut command = compiler(Lang::C11)?;
    command.arg("-D_GNU_SOURCE").arg("-o").arg(&out);
    compile(command.args(sources))?;
    Ok(out)
}

/// What a run printed, what it complained of, and how it ended.
struct Output {
    lines: String,
    complaints: String,
    status: ExitStatus,
}

/// Runs a topic in a directory; the output goes to files beside the mount point.
fn run(topic: &str, dir: &Path, place: &Place) -> Output {
    let (lines, complaints) = (place.beside("lines"), place.beside("complaints"));
    let mut child = Command::new(program())
        .arg(dir)
        .arg(topic)
        .stdin(Stdio::null())
        .stdout(File::create(&lines).expect("a file"))
        .stderr(File::create(&complaints).expect("a file"))
        .spawn()
        .expect("the program starts");
    let ended = Process::open(child.id()).ended(DEADLINE);
    if !ended {
        let _ = kill_process(Pid::from_child(&child), Signal::KILL);
    }
    let status = child.wait().expect("wait");
    let read = |path| String::from_utf8_lossy(&fs::read(path).expect("its output")).into_owned();
    let output = Output {
        lines: read(lines),
        complaints: read(complaints),
        status,
    };
    assert!(
        ended,
        "{topic} did not end; so far:\n{}{}",
        output.lines, output.complaints
    );
    output
}

/// A tmpfs, which goes with its place.
fn tmpfs() -> Place {
    let place = Place::new();
    let options = std::ffi::CString::new(format!("{SIZE},mode=755")).expect("no NUL");
    let flags = MountFlags::empty();
    mount("tmpfs", place.mnt(), "tmpfs", flags, options.as_c_str()).expect("mount tmpfs");
    place
}

fn on_tmpfs(topic: &str) -> String {
    let place = tmpfs();
    let output = run(topic, place.mnt(), &place);
    assert!(
        output.status.success() && output.complaints.is_empty(),
        "on tmpfs, {topic} ended with {}:\n{}",
        output.status,
        output.complaints
    );
    output.lines
}

fn on(mut server: Server, topic: &str) -> String {
    let output = run(topic, server.mnt(), server.place());
    // 1: it was not content, as the comparison will show.
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{topic} ended with {}:\n{}{}",
        output.status,
        output.lines,
        output.complaints
    );
    server.unmount();
    output.lines
}

/// nullfs over a directory.
fn over(build: Build, dir: &Path) -> Server {
    let mut command = Command::new(nullfs(build));
    command.env("ASAN_OPTIONS", "detect_leaks=1:exitcode=99");
    command.arg("-s").arg(dir);
    Server::start(command, Place::new())
}

fn on_memfs(topic: &str) {
    if skipped() {
        return;
    }
    let (theirs, ours) = (
        on_tmpfs(topic),
        on(Server::with_options(&["-o", SIZE]), topic),
    );
    let rows = tables::EXPECTED.iter().chain(tables::OPEN);
    let result = compare::compare(topic, &ours, &theirs, rows);
    judge(topic, result, tables::AWAITED);
}

fn judge(topic: &str, result: Result<(), String>, awaited: &[tables::Awaited]) {
    let awaited = awaited.iter().find(|awaited| {
        let mut topics = awaited.topics.split_whitespace();
        topics.any(|name| name == topic)
    });
    match (awaited, result) {
        (None, Ok(())) | (Some(_), Err(_)) => {}
        (None, Err(differences)) => panic!("{differences}"),
        (Some(awaited), Ok(())) => {
            panic!(
                "{topic} is as it should be: no need to wait for {}",
                awaited.what
            )
        }
    }
}

fn on_nullfs(topic: &str) {
    if skipped() {
        return;
    }
    let below = tmpfs();
    let (theirs, ours) = (on_tmpfs(topic), on(over(Build::Plain, below.mnt()), topic));
    let rows = tables::EXPECTED.iter().chain(tables::NULLFS);
    if let Err(differences) = compare::compare(topic, &ours, &theirs, rows) {
        panic!("{differences}");
    }
    assert_eq!(fs::read_dir(below.mnt()).expect("its directory").count(), 0);
}

macro_rules! topics {
    ($($topic:ident)*) => {
        $(
            #[test]
            fn $topic() {
                on_memfs(stringify!($topic));
            }
        )*

        mod through {
            $(
                #[test]
                fn $topic() {
                    super::on_nullfs(stringify!($topic));
                }
            )*
        }

        const TOPICS: &[&str] = &[$(stringify!($topic)),*];
    };
}

macro_rules! all_topics {
    ($topics:ident) => { $topics! {
    names badpaths loops open openflags make link removal rename renameflags renamepaths chmod chown utimens
    access stat truncate rw append seek readdir many deep mmap sparse opened perm search sticky setgid suid
    nlink times locks fifo sock device xattr falloc copy statvfs full exec race signals readonly cold
    root tangle
    } };
}
use all_topics;

all_topics!(topics);

/// Several on one mount, for the sake of what the server does with its memory.
#[test]
fn address_sanitizer_finds_nothing() {
    if skipped() {
        return;
    }
    for topics in TOPICS.chunks(8) {
        let mut command = Command::new(memfs(Build::Asan));
        command.env("ASAN_OPTIONS", "detect_leaks=1:exitcode=99");
        command.args(["-s", "-o", SIZE]);
        let mut server = Server::start(command, Place::new());
        all_on(topics, &server);
        server.unmount();
        let below = tmpfs();
        let mut server = over(Build::Asan, below.mnt());
        all_on(topics, &server);
        server.unmount();
    }
}

fn all_on(topics: &[&str], server: &Server) {
    for topic in topics {
        let output = run(topic, server.mnt(), server.place());
        let status = output.status;
        assert!(
            matches!(status.code(), Some(0 | 1)),
            "{topic} ended with {status}: {}",
            server.log()
        );
    }
}

#[test]
fn no_topic_is_left_out() {
    let output = Command::new(program()).arg("-l").output().expect("it runs");
    let listed = String::from_utf8(output.stdout).expect("text");
    assert_eq!(listed.lines().collect::<Vec<_>>(), TOPICS);
}

#[test]
fn every_row_is_for_a_topic() {
    let known = |name: &str| TOPICS.contains(&name);
    let rows = || tables::EXPECTED.iter().chain(tables::OPEN);
    for (line, ..) in rows().flat_map(|difference| difference.rows) {
        let topic = line.split('/').next().expect("a first part");
        assert!(known(topic), "{line}");
    }
    for awaited in tables::AWAITED.iter().chain(tables::RUST_LACKS) {
        assert!(awaited.topics.split_whitespace().all(known));
    }
    assert!(rows().all(|difference| !difference.why.is_empty()));
}
