//! Servers over the null layer: `examples/nullfs.c`, and two that change what passes through, by hooks for names and paths and by
//! operations in front of the layer's.

use crate::{
    server::{Place, Server, errno, finish},
    stage::{Build, program, skipped, variant},
};
use rustix::process::Signal;
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, Permissions},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

const NULLFS: &str = "../examples/nullfs.c";

/// A server over a directory of the host's, which lies beside the mount point.
struct Over {
    server: Server,
    target: PathBuf,
}

impl Over {
    fn start(source: &'static str, options: &[&str]) -> Over {
        let place = Place::new();
        let target = place.beside("target");
        fs::create_dir(&target).unwrap();
        let mut command = Command::new(program(source, Build::Asan));
        command.env("ASAN_OPTIONS", "detect_leaks=1:exitcode=99");
        command.args(options).arg(&target);
        let server = Server::start(command, place);
        Over { server, target }
    }

    fn nullfs() -> Over {
        Over::start(NULLFS, &["-s"])
    }

    /// A path on the mount.
    fn path(&self, name: &str) -> PathBuf {
        self.server.path(name)
    }

    /// The same on the host.
    fn host(&self, name: &str) -> PathBuf {
        self.target.join(name)
    }

    /// Unmounts; the server ends with 0, and has freed everything.
    fn end(mut self) {
        self.server.unmount();
    }
}

fn names(dir: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn what_is_done_here_is_done_there_and_the_other_way_round() {
    if skipped() {
        return;
    }
    let over = Over::nullfs();
    fs::write(over.path("a"), "text").unwrap();
    fs::create_dir_all(over.path("d/e")).unwrap();
    symlink("d/e", over.path("l")).unwrap();
    fs::hard_link(over.path("a"), over.path("d/b")).unwrap();
    assert_eq!(names(&over.target), set(["a", "d", "l"]));
    assert_eq!(read(over.host("d/b")), "text");
    assert_eq!(fs::read_link(over.host("l")).unwrap().to_str(), Some("d/e"));
    fs::write(over.host("d/e/c"), "there").unwrap();
    assert_eq!(read(over.path("l/c")), "there");
    fs::rename(over.path("d"), over.path("f")).unwrap();
    assert_eq!(read(over.path("f/e/c")), "there");
    fs::write(over.path("f/e/c"), "here").unwrap();
    assert_eq!(read(over.host("f/e/c")), "here");
    let (ours, theirs) = (
        fs::metadata(over.path("a")).unwrap(),
        fs::metadata(over.host("a")).unwrap(),
    );
    assert_eq!(
        (ours.ino(), ours.nlink(), ours.mode()),
        (theirs.ino(), 2, theirs.mode())
    );
    fs::remove_dir_all(over.path("f")).unwrap();
    assert_eq!(names(&over.target), set(["a", "l"]));
    over.end();
}

#[test]
fn programs_work_on_it() {
    if skipped() {
        return;
    }
    let over = Over::nullfs();
    let script = "set -e
        mkdir src; for i in 1 2 3 4 5 6 7 8 9; do mkdir src/$i; seq $i 20000 >src/$i/numbers; done
        tar cf a.tar src; mkdir out; tar xf a.tar -C out; diff -r src out/src
        cp -a src copy; rm -r src/5; mv src/6 src/5; test ! -e src/6; find src -name numbers | wc -l
        sort -r copy/1/numbers -o copy/1/numbers; head -1 copy/1/numbers; du -s copy >/dev/null; sync";
    let mut command = Command::new("sh");
    let output = finish(command.arg("-c").arg(script).current_dir(over.server.mnt()));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "8\n9999\n");
    over.end();
}

#[test]
fn an_open_file_outlives_its_name() {
    if skipped() {
        return;
    }
    let over = Over::nullfs();
    let open = |name: &str| {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(over.path(name)).unwrap()
    };
    let mut file = open("f");
    file.write_all(b"before").unwrap();
    fs::remove_file(over.path("f")).unwrap();
    assert!(names(&over.target).is_empty());
    file.write_all(b" and after").unwrap();
    file.set_permissions(Permissions::from_mode(0o600)).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "before and after");
    assert_eq!(file.metadata().unwrap().nlink(), 0);
    // Replaced by a rename; and one that has another name left.
    let (old, kept) = (open("old"), open("kept"));
    old.write_all_at(b"old", 0).unwrap();
    kept.write_all_at(b"kept", 0).unwrap();
    fs::hard_link(over.path("kept"), over.path("other")).unwrap();
    fs::write(over.path("new"), "new").unwrap();
    fs::rename(over.path("new"), over.path("old")).unwrap();
    fs::remove_file(over.path("kept")).unwrap();
    for (file, text, nlink) in [(&old, b"old\0", 0), (&kept, b"kept", 1)] {
        let mut bytes = [0; 4];
        let n = file.read_at(&mut bytes, 0).unwrap();
        assert_eq!(
            (&bytes, n),
            (text, text.iter().filter(|b| **b != 0).count())
        );
        assert_eq!(file.metadata().unwrap().nlink(), nlink);
    }
    assert_eq!(
        (read(over.path("old")), read(over.path("other"))),
        ("new".into(), "kept".into())
    );
    drop((file, old, kept));
    over.end();
}

#[test]
fn files_belong_to_those_who_make_them() {
    if skipped() {
        return;
    }
    let over = Over::nullfs();
    fs::set_permissions(&over.target, Permissions::from_mode(0o777)).unwrap();
    let script = "umask 022; echo x >f; mkdir d; ln -s f l; mkfifo p; chmod 400 f; cat f
        echo no >f && echo wrong; chown 0 f && echo wrong; true";
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid=65534",
        "--regid=65533",
        "--clear-groups",
        "sh",
        "-c",
        script,
    ]);
    let output = finish(command.current_dir(over.server.mnt()));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "x\n");
    for (name, mode) in [("f", 0o400), ("d", 0o755), ("l", 0o777), ("p", 0o644)] {
        let st = fs::symlink_metadata(over.host(name)).unwrap();
        assert_eq!(
            (st.uid(), st.gid(), st.mode() & 0o777),
            (65534, 65533, mode),
            "{name}"
        );
    }
    over.end();
}

/// A server without root's rights works with its own. It has a device of its own too, where this machine's is for root.
#[test]
fn a_user_may_serve() {
    if skipped() {
        return;
    }
    if !Path::new("/usr/bin/fusermount3").exists() {
        let _ = writeln!(std::io::stderr(), "SKIPPED: fusermount3 is not installed");
        return;
    }
    let place = Place::new();
    let (target, copy) = (place.beside("target"), place.beside("nullfs"));
    fs::create_dir(&target).unwrap();
    for dir in [&target, place.mnt()] {
        std::os::unix::fs::chown(dir, Some(65534), Some(65534)).unwrap();
    }
    // Where the user may read it.
    fs::copy(program(NULLFS, Build::Plain), &copy).unwrap();
    let script = r#"set -e
        mount -t tmpfs tmpfs /mnt
        mknod -m 666 /mnt/fuse c 10 229
        mount --bind /mnt/fuse /dev/fuse
        exec setpriv --reuid=65534 --regid=65534 --clear-groups -- sh -c "$4" sh "$1" "$2" "$3""#;
    let work = r#"set -e
        "$1" "$2" "$3"
        cd "$3"
        umask 022
        # Open for writing, though nobody may open it so again.
        exec 3>f; chmod 444 f; echo one >&3; chmod 000 f; echo two >&3; exec 3>&-
        chmod 600 f; cat f
        umask 777; exec 4>g; echo three >&4; exec 4>&-
        stat -c %a g; chmod 644 g; cat g
        umask 022; mkdir d; echo x >d/y; mv d e; rm -r e
        chmod 400 f; ! echo four >f
        cd /; fusermount3 -u "$3""#;
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh"]);
    command.args([&copy, &target, place.mnt(), Path::new(work)]);
    let output = finish(&mut command);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(stdout, "one\ntwo\n0\nthree\n", "{stderr}");
    assert_eq!(names(&target), set(["f", "g"]));
    assert_eq!(fs::metadata(target.join("f")).unwrap().uid(), 65534);
}

#[test]
fn changes_beside_it_are_seen() {
    if skipped() {
        return;
    }
    let over = Over::start(NULLFS, &["-s", "-o", "nonamecache,noattrcache"]);
    fs::write(over.host("f"), "one").unwrap();
    let open = File::open(over.path("f")).unwrap();
    assert_eq!(read(over.path("f")), "one");
    // As editors save. Whoever has the old one open is told, and does not read the new one by mistake.
    fs::write(over.host("g"), "another").unwrap();
    fs::rename(over.host("g"), over.host("f")).unwrap();
    assert_eq!(read(over.path("f")), "another");
    assert_eq!(errno(open.metadata()), libc::ESTALE);
    fs::create_dir(over.host("d")).unwrap();
    fs::write(over.host("d/x"), "below").unwrap();
    assert_eq!(read(over.path("d/x")), "below");
    fs::rename(over.host("d"), over.host("e")).unwrap();
    assert_eq!(errno(fs::metadata(over.path("d/x"))), libc::ENOENT);
    assert_eq!(read(over.path("e/x")), "below");
    fs::remove_file(over.host("e/x")).unwrap();
    assert_eq!(names(&over.path("e")), set([]));
    drop(open);
    over.end();
}

/// Names come and go on both sides at once, and directories move: nothing is mixed up, and the server goes on.
#[test]
fn others_may_be_at_work_there() {
    if skipped() {
        return;
    }
    let over = Over::nullfs();
    for dir in ["a", "b"] {
        fs::create_dir(over.host(dir)).unwrap();
        fs::write(over.host(dir).join("file"), dir).unwrap();
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for (from, to) in [("a", "t"), ("b", "a"), ("t", "b")] {
                    fs::rename(over.host(from), over.host(to)).unwrap();
                }
            }
        });
        for n in 0..2000 {
            if let Ok(text) = fs::read_to_string(over.path("a/file")) {
                assert!(text == "a" || text == "b", "{text}");
            }
            let new = over.path(if n % 2 == 0 { "a" } else { "b" }).join("new");
            if fs::write(&new, "new").is_ok() {
                let _ = fs::remove_file(&new);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let texts: BTreeSet<_> = ["a", "b"]
        .map(|dir| read(over.host(dir).join("file")))
        .into();
    assert_eq!(texts, set(["a", "b"]));
    over.end();
}

/// The directory may be the mount point itself, and the server goes into the background.
#[test]
fn it_may_cover_its_own_directory() {
    if skipped() {
        return;
    }
    let place = Place::new();
    fs::write(place.mnt().join("f"), "below").unwrap();
    let mut command = Command::new(program(NULLFS, Build::Plain));
    let output = finish(command.arg(place.mnt()).arg(place.mnt()));
    assert!(output.status.success());
    assert!(crate::wait::mounted(place.mnt()));
    assert_eq!(read(place.mnt().join("f")), "below");
    fs::write(place.mnt().join("g"), "through").unwrap();
    crate::server::umount(place.mnt());
    assert_eq!(read(place.mnt().join("g")), "through");
    fs::remove_file(place.mnt().join("g")).unwrap();
    fs::remove_file(place.mnt().join("f")).unwrap();
}

#[test]
fn options_and_mistakes() {
    if skipped() {
        return;
    }
    let mut over = Over::start(NULLFS, &["-s", "-o", "ro,noexec"]);
    assert_eq!(errno(fs::write(over.path("f"), "x")), libc::EROFS);
    over.server.signal(Signal::INT);
    over.server.ends_cleanly();
    let place = Place::new();
    let none = place.beside("none");
    let mnt = place.mnt();
    for (arguments, message) in [
        (vec![mnt], "usage: nullfs"),
        (
            vec![Path::new("-o"), Path::new("nonsense"), mnt, mnt],
            "no such option",
        ),
        (vec![&*none, mnt], "No such file or directory"),
        (vec![Path::new("/dev/null"), mnt], "not a directory"),
    ] {
        let mut command = Command::new(program(NULLFS, Build::Plain));
        let output = finish(command.args(arguments).env("LC_ALL", "C"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
}

#[test]
fn names_and_contents_may_be_changed_on_the_way() {
    if skipped() {
        return;
    }
    let over = Over::start("tests/fuse/rotfs.c", &[]);
    fs::write(over.host("uryyb"), "Jbeyq!").unwrap();
    assert_eq!(read(over.path("hello")), "World!");
    assert_eq!(errno(fs::read(over.path("uryyb"))), libc::ENOENT);
    fs::create_dir(over.path("some")).unwrap();
    fs::write(over.path("some/file"), "Content 1").unwrap();
    assert_eq!(read(over.host("fbzr/svyr")), "Pbagrag 1");
    assert_eq!(names(over.server.mnt()), set(["hello", "some"]));
    // What is below moves along; names without a path of their own are found as well.
    fs::rename(over.path("some"), over.path("other")).unwrap();
    assert_eq!(read(over.path("other/file")), "Content 1");
    fs::hard_link(over.path("other/file"), over.path("link")).unwrap();
    fs::remove_file(over.path("link")).unwrap();
    assert_eq!(names(&over.host("bgure")), set(["svyr"]));
    fs::remove_file(over.path("other/file")).unwrap();
    fs::remove_dir(over.path("other")).unwrap();
    assert_eq!(names(&over.target), set(["uryyb"]));
    over.end();
}

#[test]
fn case_may_mean_nothing() {
    if skipped() {
        return;
    }
    let over = Over::start("tests/fuse/casefs.c", &[]);
    fs::create_dir(over.host("Some")).unwrap();
    fs::write(over.host("Some/ReadMe"), "text").unwrap();
    for name in ["Some/ReadMe", "some/readme", "SOME/README"] {
        assert_eq!(read(over.path(name)), "text");
    }
    let inode = |name| fs::metadata(over.path(name)).unwrap().ino();
    assert_eq!(inode("some/readme"), inode("SOME/README"));
    assert_eq!(names(over.server.mnt()), set(["some"]));
    // A name that is there in another case is there.
    assert_eq!(errno(fs::create_dir(over.path("SOME"))), libc::EEXIST);
    fs::write(over.path("SOME/readme"), "changed").unwrap();
    assert_eq!(names(&over.host("Some")), set(["ReadMe"]));
    fs::rename(over.path("some"), over.path("Moved")).unwrap();
    assert_eq!(read(over.path("mOVED/README")), "changed");
    assert_eq!(names(&over.target), set(["Moved"]));
    fs::remove_file(over.path("moved/README")).unwrap();
    fs::remove_dir(over.path("MOVED")).unwrap();
    assert_eq!(names(&over.target), set([]));
    over.end();
}

/// Requests without stacks of their own work like others, but for the one thing that they cannot.
#[test]
fn requests_may_run_on_the_stack_of_the_loop() {
    if skipped() {
        return;
    }
    let mut command = Command::new(variant("tests/fuse/onestackfs.c", "memfs", Build::Asan));
    command
        .env("ASAN_OPTIONS", "detect_leaks=1:exitcode=99")
        .arg("-s");
    let mut server = Server::start(command, Place::new());
    fs::create_dir(server.path("d")).unwrap();
    fs::write(server.path("d/f"), "text").unwrap();
    assert_eq!(read(server.path("d/f")), "text");
    let told = "puffs_cc_yield: this request has no stack of its own";
    assert_eq!(server.log().matches(told).count(), 1, "{}", server.log());
    server.unmount();
}
