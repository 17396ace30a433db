//! The same random operations on the mount and on the host's own file system must give the same
//! results, errors included, and leave the same tree.

use crate::{server::Server, stage::skipped};
use std::{
    fs::{self, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileExt, MetadataExt, PermissionsExt},
    path::Path,
};

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    /// One of a few paths, so that operations meet.
    fn path(&mut self) -> String {
        let depth = 1 + self.below(3);
        let names: Vec<_> = (0..depth)
            .map(|_| ["a", "b", "c", "d"][self.below(4) as usize])
            .collect();
        names.join("/")
    }
}

#[derive(Debug, Clone)]
enum Op {
    Write {
        path: String,
        at: u64,
        len: usize,
        byte: u8,
    },
    Append {
        path: String,
        len: usize,
        byte: u8,
    },
    Truncate {
        path: String,
        len: u64,
    },
    Read {
        path: String,
    },
    Exclusive {
        path: String,
    },
    Mkdir {
        path: String,
    },
    Remove {
        path: String,
    },
    Rmdir {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Chmod {
        path: String,
        mode: u32,
    },
    List {
        path: String,
    },
    Stat {
        path: String,
    },
}

fn choose(random: &mut Random) -> Op {
    let path = random.path();
    let len = (random.below(3) * random.below(5000)) as usize;
    match random.below(15) {
        0 | 1 => Op::Write {
            path,
            at: random.below(20_000),
            len,
            byte: random.below(256) as u8,
        },
        2 => Op::Append {
            path,
            len,
            byte: random.below(256) as u8,
        },
        3 => Op::Truncate {
            path,
            len: random.below(20_000),
        },
        4 => Op::Read { path },
        5 => Op::Exclusive { path },
        6 | 7 => Op::Mkdir { path },
        8 => Op::Remove { path },
        9 => Op::Rmdir { path },
        10..12 => Op::Rename {
            from: path,
            to: random.path(),
        },
        12 => Op::Chmod {
            path,
            mode: 0o600 + random.below(0o200) as u32,
        },
        13 => Op::List { path },
        _ => Op::Stat { path },
    }
}

/// What an operation said, in words.
fn apply(root: &Path, op: &Op) -> Result<String, i32> {
    let done = |result: io::Result<()>| result.map(|()| String::new());
    let result = match op {
        Op::Write {
            path,
            at,
            len,
            byte,
        } => {
            let open = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(root.join(path));
            open.and_then(|file| done(file.write_all_at(&vec![*byte; *len], *at)))
        }
        Op::Append { path, len, byte } => {
            let open = OpenOptions::new().append(true).open(root.join(path));
            open.and_then(|mut file| done(io::Write::write_all(&mut file, &vec![*byte; *len])))
        }
        Op::Truncate { path, len } => {
            let open = OpenOptions::new().write(true).open(root.join(path));
            open.and_then(|file| done(file.set_len(*len)))
        }
        Op::Read { path } => OpenOptions::new()
            .read(true)
            .open(root.join(path))
            .and_then(|mut file| {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)?;
                Ok(format!("{bytes:?}"))
            }),
        Op::Exclusive { path } => fs::File::create_new(root.join(path)).map(|_| String::new()),
        Op::Mkdir { path } => done(fs::create_dir(root.join(path))),
        Op::Remove { path } => done(fs::remove_file(root.join(path))),
        Op::Rmdir { path } => done(fs::remove_dir(root.join(path))),
        Op::Rename { from, to } => done(fs::rename(root.join(from), root.join(to))),
        Op::Chmod { path, mode } => done(fs::set_permissions(
            root.join(path),
            fs::Permissions::from_mode(*mode),
        )),
        Op::List { path } => list(&root.join(path)).map(|names| names.join(" ")),
        Op::Stat { path } => fs::metadata(root.join(path)).map(|meta| {
            // A directory's size and links are each file system's own.
            if meta.is_dir() {
                format!("dir {:o}", meta.mode())
            } else {
                format!("file {:o} {} {}", meta.mode(), meta.len(), meta.nlink())
            }
        }),
    };
    result.map_err(|error| error.raw_os_error().unwrap_or(-1))
}

fn list(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{kind}", entry.file_name().display()));
    }
    names.sort();
    Ok(names)
}

fn tree(dir: &Path, below: &str, into: &mut Vec<(String, Vec<u8>)>) {
    for name in list(dir).unwrap() {
        let path = format!("{below}/{name}");
        if let Some(name) = name.strip_suffix('/') {
            into.push((path.clone(), Vec::new()));
            tree(&dir.join(name), &path, into);
        } else {
            into.push((path, fs::read(dir.join(name)).unwrap()));
        }
    }
}

#[test]
fn same_as_the_host() {
    if skipped() {
        return;
    }
    let mut server = Server::memfs();
    for seed in 1..=20_u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let ours = server.path(&format!("seed{seed}"));
        let host = server.place().beside(&format!("seed{seed}"));
        fs::create_dir(&ours).unwrap();
        fs::create_dir(&host).unwrap();
        for step in 0..400 {
            let op = choose(&mut random);
            let (got, want) = (apply(&ours, &op), apply(&host, &op));
            assert!(
                got == want,
                "seed {seed}, step {step}, {op:?}: {got:?}, on the host {want:?}"
            );
        }
        let (mut got, mut want) = (Vec::new(), Vec::new());
        tree(&ours, "", &mut got);
        tree(&host, "", &mut want);
        assert!(got == want, "seed {seed}: the trees differ");
        fs::remove_dir_all(&ours).unwrap();
    }
    server.unmount();
}
