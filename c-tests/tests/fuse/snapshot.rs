//! All that can be seen of a tree of files, to compare it with another.

use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::MetadataExt,
    path::Path,
};

/// What is compared, beside names, kinds, modes, link counts, contents and which names are the same file.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Times {
    Compared,
    Left,
}

/// A line for each name.
pub(crate) fn tree(root: &Path, times: Times) -> Vec<String> {
    let mut lines = Vec::new();
    walk(root, "", times, &mut BTreeMap::new(), &mut lines);
    lines
}

fn walk(
    dir: &Path,
    below: &str,
    times: Times,
    firsts: &mut BTreeMap<u64, String>,
    lines: &mut Vec<String>,
) {
    let mut names: Vec<_> = fs::read_dir(dir)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    for name in names {
        let path = dir.join(&name);
        let shown = format!("{below}/{}", name.display());
        let meta = fs::symlink_metadata(&path).expect("its attributes");
        let mut line = format!("{shown} {:o} links {}", meta.mode(), meta.nlink());
        line += &describe(&path, &meta);
        if times == Times::Compared {
            line += &format!(" {}.{:09}", meta.mtime(), meta.mtime_nsec());
        }
        if !meta.is_dir() && meta.nlink() > 1 {
            let first = firsts.entry(meta.ino()).or_insert_with(|| shown.clone());
            line += &format!(" is {first}");
        }
        lines.push(line);
        if meta.is_dir() {
            walk(&path, &shown, times, firsts, lines);
        }
    }
}

/// What it holds. A directory's size is each file system's own.
fn describe(path: &Path, meta: &Metadata) -> String {
    if meta.is_symlink() {
        format!(" -> {}", fs::read_link(path).expect("its target").display())
    } else if meta.is_file() {
        let bytes = fs::read(path).expect("its contents");
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        format!(" {} bytes {:016x}", meta.len(), hasher.finish())
    } else {
        String::new()
    }
}

/// Fails with the first line that differs.
#[track_caller]
pub(crate) fn same(what: &str, ours: &[String], host: &[String]) {
    let differs = ours.iter().zip(host).find(|(got, want)| got != want);
    assert!(differs.is_none(), "{what}: {differs:?}");
    assert_eq!(ours.len(), host.len(), "{what}: something is missing");
}
