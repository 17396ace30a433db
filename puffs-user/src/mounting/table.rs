//! The table of mounts, `/proc/self/mountinfo`, and that of types, `/proc/filesystems`: reading them asks no file system anything.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

/// What is mounted on top at some place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Device number of the file system: unique among those mounted.
    pub dev: Dev,
    /// Its type, with what stands behind a dot.
    fstype: Vec<u8>,
}

/// Major and minor number.
pub type Dev = (u32, u32);

impl Entry {
    /// Whether it is of this kind, whatever stands behind a dot.
    pub fn is(&self, kind: &str) -> bool {
        let rest = self.fstype.strip_prefix(kind.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
    }
}

/// What is mounted at `dir`, if anything is. `dir` is without links or dots.
///
/// # Errors
/// The table cannot be read.
pub fn mounted_at(dir: &OsStr) -> io::Result<Option<Entry>> {
    Ok(find(
        &std::fs::read("/proc/self/mountinfo")?,
        dir.as_bytes(),
    ))
}

/// A mount with its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its type.
    pub fstype: Vec<u8>,
    /// Where it is mounted.
    pub dir: Vec<u8>,
    /// What is mounted.
    pub source: Vec<u8>,
}

/// The mount with this id, as statx(2) tells it.
///
/// # Errors
/// The table cannot be read.
pub fn by_id(id: u64) -> io::Result<Option<Named>> {
    Ok(find_id(&std::fs::read("/proc/self/mountinfo")?, id))
}

fn find_id(table: &[u8], id: u64) -> Option<Named> {
    let id = id.to_string();
    let mut lines = table.split(|byte| *byte == b'\n');
    let line = lines.find(|line| line.split(|byte| *byte == b' ').next() == Some(id.as_bytes()))?;
    let mut fields = line.split(|byte| *byte == b' ');
    let dir = unescape(fields.nth(4)?);
    let mut fields = fields.skip_while(|field| *field != b"-").skip(1);
    Some(Named {
        fstype: unescape(fields.next()?),
        dir,
        source: unescape(fields.next()?),
    })
}

/// Whether the kernel has file systems of this kind, without loading anything.
pub fn knows_type(kind: &str) -> bool {
    std::fs::read("/proc/filesystems").is_ok_and(|types| lists(&types, kind))
}

/// Each line is a type, behind a tab and what stands before it.
fn lists(types: &[u8], kind: &str) -> bool {
    let mut lines = types.split(|byte| *byte == b'\n');
    lines.any(|line| line.rsplit(|byte| *byte == b'\t').next() == Some(kind.as_bytes()))
}

fn find(table: &[u8], dir: &[u8]) -> Option<Entry> {
    let lines = table.split(|byte| *byte == b'\n');
    lines.filter_map(|line| parse(line, dir)).next_back()
}

/// A line, if it is about `dir`: id, parent, device, root, mount point, options, any number of fields, a dash, type …
fn parse(line: &[u8], dir: &[u8]) -> Option<Entry> {
    let mut fields = line.split(|byte| *byte == b' ');
    let dev = fields.nth(2)?;
    if unescape(fields.nth(1)?) != dir {
        return None;
    }
    let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
    let (major, minor) = std::str::from_utf8(dev).ok()?.split_once(':')?;
    Some(Entry {
        dev: (major.parse().ok()?, minor.parse().ok()?),
        fstype: unescape(kind),
    })
}

/// Blanks, line ends and backslashes are written as a backslash and three octal digits.
fn unescape(mut text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    while let Some((byte, rest)) = text.split_first() {
        match rest {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] if *byte == b'\\' => {
                plain.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                text = rest;
            }
            rest => {
                plain.push(*byte);
                text = rest;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
        30 22 0:40 / /mnt/a\\040b rw - fuse.memfs /dev/puffs rw,user_id=0\n\
        31 30 0:41 / /mnt/c rw master:2 propagate_from:1 - tmpfs none rw\n\
        32 31 0:42 / /mnt/c rw - fuse x rw\n\
        broken\n";

    #[test]
    fn the_topmost_mount_is_found() {
        let at = |dir: &[u8]| find(TABLE, dir);
        let entry = |dev, fstype: &[u8]| {
            let fstype = fstype.to_vec();
            Some(Entry { dev, fstype })
        };
        assert_eq!(at(b"/"), entry((254, 0), b"ext4"));
        assert_eq!(at(b"/mnt/a b"), entry((0, 40), b"fuse.memfs"));
        assert_eq!(at(b"/mnt/c"), entry((0, 42), b"fuse"));
        assert_eq!(at(b"/mnt"), None);
        assert_eq!(at(b""), None);
    }

    #[test]
    fn a_mount_is_found_by_its_id() {
        let named = |fstype: &[u8], dir: &[u8], source: &[u8]| {
            Some(Named {
                fstype: fstype.to_vec(),
                dir: dir.to_vec(),
                source: source.to_vec(),
            })
        };
        let expected = named(b"fuse.memfs", b"/mnt/a b", b"/dev/puffs");
        assert_eq!(find_id(TABLE, 30), expected);
        assert_eq!(find_id(TABLE, 31), named(b"tmpfs", b"/mnt/c", b"none"));
        assert_eq!(find_id(TABLE, 3), None);
    }

    #[test]
    fn a_kind_is_what_stands_before_the_dot() {
        let is = |dir: &[u8], kind| find(TABLE, dir).unwrap().is(kind);
        assert!(is(b"/mnt/a b", "fuse") && is(b"/mnt/c", "fuse") && is(b"/", "ext4"));
        assert!(!is(b"/", "fuse") && !is(b"/", "ext") && !is(b"/mnt/c", "fuse.memfs"));
    }

    #[test]
    fn types_are_found_whole() {
        let types = b"nodev\tsysfs\n\text4\nnodev\tpuffs\n";
        assert!(lists(types, "puffs") && lists(types, "ext4"));
        assert!(!lists(types, "nodev") && !lists(types, "ext") && !lists(types, "fuse"));
        assert!(knows_type("proc") && !knows_type("no such type"));
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape(b"a\\134\\011b\\9\\04"), b"a\\\tb\\9\\04");
    }

    #[test]
    fn this_systems_own_table_is_understood() {
        assert!(mounted_at(OsStr::new("/proc")).unwrap().is_some());
    }
}
