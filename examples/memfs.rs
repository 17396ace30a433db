//! memfs: a file system in memory, served by an ordinary process.
//!
//! ```text
//! cargo run -p puffs-server --example memfs -- /mnt    # umount /mnt ends it
//! ```
//!
//! A whole puffs file server, meant to be read and to be copied: the same as `memfs` in C beside it, by the same rules, those of
//! Linux's own tmpfs. From top to bottom: the data, file contents, directories, the operations, and `main`.
//!
//! A node is an [`Inode`], and its number is what the library and the kernel call it by. Operations run one after the other on
//! one thread and get the whole file system as `&mut self`, so that nothing here needs a lock or a cell.
//!
//! An inode has two owners: the names that lead to it (`nlink`) and the kernel, which keeps nodes in its caches. A
//! removed file may still be open. So `remove` only takes the name away, and the inode goes in `forget`, once the kernel has
//! let it go; one that still has a name then stays, and the next lookup finds it again.
//!
//! SPDX-License-Identifier: BSD-2-Clause

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;
use std::time::SystemTime;

use puffs_server::{
    Access, Attr, Errno, FileType, Intent, Io, Listing, New, Op, Ops, Options, Request, Result,
    Server, SetAttr, Statvfs, mount,
};

/// What the kernel and we call a node by. Never used twice.
type Ino = u64;

const ROOT: Ino = 1;
const PAGE: u64 = 4096;
/// What an inode and a name count against the limit, beside what they hold.
const INODE: u64 = 512;
const ENTRY: u64 = 128;

struct Memfs {
    inodes: HashMap<Ino, Inode>,
    last: Ino,
    /// Bytes: what users can make grow counts.
    limit: u64,
    used: u64,
}

/// What is not of its kind is empty.
struct Inode {
    attr: Attr,
    pages: Pages,
    names: Directory,
    target: OsString,
}

/// Contents by page number. A page that is not there is a hole, which reads as zeros and costs nothing. Bytes of a page past
/// the end of the file are zero, so that growing a file is only a matter of its size.
type Pages = BTreeMap<u64, Box<[u8; PAGE as usize]>>;

/// Names for lookups, and entries by offset for `readdir`. Offsets only ever grow, so that a listing shows each entry that
/// stays exactly once, whatever is made and removed meanwhile.
#[derive(Default)]
struct Directory {
    /// Of the root: itself.
    parent: Ino,
    offsets: HashMap<OsString, u64>,
    entries: BTreeMap<u64, (OsString, Ino)>,
    /// 0 and 1 are "." and "..".
    next: u64,
}

impl Inode {
    fn new(attr: Attr, parent: Ino, target: &OsStr) -> Inode {
        Inode {
            attr,
            pages: Pages::new(),
            names: Directory {
                parent,
                next: 2,
                ..Directory::default()
            },
            target: target.to_owned(),
        }
    }

    /// Room that it takes, beside its names.
    fn room(&self) -> u64 {
        INODE + self.attr.bytes + self.target.len() as u64
    }
}

/// The data pages that a range of bytes touches.
fn touched(start: u64, end: u64) -> std::ops::Range<u64> {
    start / PAGE..end.div_ceil(PAGE)
}

/// The part of a page that is in a range of bytes, as indices into the page.
fn part(page: u64, start: u64, end: u64) -> std::ops::Range<usize> {
    let base = page * PAGE;
    (start.max(base) - base) as usize..(end.min(base + PAGE) - base) as usize
}

impl Memfs {
    fn new(limit: u64) -> Memfs {
        let root = Attr::new(FileType::Directory, 0o755, ROOT);
        Memfs {
            inodes: HashMap::from([(ROOT, Inode::new(root, ROOT, OsStr::new("")))]),
            last: ROOT,
            limit,
            used: 0,
        }
    }

    /// An inode is there as long as a name leads to it or the kernel knows it.
    fn get(&self, ino: Ino) -> &Inode {
        &self.inodes[&ino]
    }

    fn get_mut(&mut self, ino: Ino) -> &mut Inode {
        self.inodes.get_mut(&ino).expect("it is still there")
    }

    fn take(&mut self, bytes: u64) -> Result {
        if bytes > self.limit - self.used {
            return Err(Errno::NOSPC);
        }
        self.used += bytes;
        Ok(())
    }

    /// A regular file.
    fn file(&mut self, ino: Ino) -> Result<&mut Inode> {
        match self.get(ino).attr.kind {
            FileType::File => Ok(self.get_mut(ino)),
            FileType::Directory => Err(Errno::ISDIR),
            _ => Err(Errno::INVAL),
        }
    }

    /// Makes all pages for a range of bytes, or none of them.
    fn fill(&mut self, ino: Ino, start: u64, end: u64) -> Result {
        let wanted = touched(start, end);
        let there = self.file(ino)?.pages.range(wanted.clone()).count() as u64;
        let more = (wanted.end - wanted.start - there) * PAGE;
        self.take(more)?;
        let file = self.get_mut(ino);
        file.attr.bytes += more;
        for page in wanted {
            let zeros = || Box::new([0; PAGE as usize]);
            file.pages.entry(page).or_insert_with(zeros);
        }
        Ok(())
    }

    /// Frees what is past the end; the rest of the last page is zeros again.
    fn cut(&mut self, ino: Ino) {
        let Inode { attr, pages, .. } = self.get_mut(ino);
        let past = pages.split_off(&attr.size.div_ceil(PAGE));
        if let Some(last) = pages.get_mut(&(attr.size / PAGE)) {
            last[(attr.size % PAGE) as usize..].fill(0);
        }
        let freed = past.len() as u64 * PAGE;
        attr.bytes -= freed;
        self.used -= freed;
    }

    fn find(&self, dir: Ino, name: &OsStr) -> Option<Ino> {
        let names = &self.get(dir).names;
        if name == ".." {
            return Some(names.parent);
        }
        Some(names.entries[names.offsets.get(name)?].1)
    }

    /// An inode has got one more name, in this directory.
    fn named(&mut self, dir: Ino, ino: Ino) {
        let inode = self.get_mut(ino);
        inode.attr.nlink += 1;
        inode.attr.ctime = SystemTime::now();
        inode.names.parent = dir;
        let dots = u32::from(inode.attr.is_dir()); // its ".."
        let dir = self.get_mut(dir);
        dir.attr.nlink += dots;
        dir.attr.modified();
    }

    /// An inode has lost a name. It stays, perhaps without any.
    fn unnamed(&mut self, dir: Ino, ino: Ino) {
        let inode = self.get_mut(ino);
        let dots = u32::from(inode.attr.is_dir());
        inode.attr.ctime = SystemTime::now();
        inode.attr.nlink -= 1;
        if inode.attr.nlink == dots {
            inode.attr.nlink = 0; // a directory's own "." is no name
        }
        let dir = self.get_mut(dir);
        dir.attr.nlink -= dots;
        dir.attr.modified();
    }

    /// Puts a name into a directory; its room was taken before.
    fn enter(&mut self, dir: Ino, name: &OsStr, ino: Ino) {
        let node = self.get_mut(dir);
        let offset = node.names.next;
        node.names.next += 1;
        node.names.offsets.insert(name.to_owned(), offset);
        node.names.entries.insert(offset, (name.to_owned(), ino));
        node.attr.size = node.names.entries.len() as u64;
        self.named(dir, ino);
    }

    /// Takes the name of an inode out of a directory.
    fn leave(&mut self, dir: Ino, name: &OsStr, ino: Ino) -> Result {
        if self.find(dir, name) != Some(ino) {
            return Err(Errno::NOENT);
        }
        let node = self.get_mut(dir);
        let offset = node.names.offsets.remove(name);
        offset.and_then(|offset| node.names.entries.remove(&offset));
        node.attr.size = node.names.entries.len() as u64;
        self.used -= ENTRY + name.len() as u64;
        self.unnamed(dir, ino);
        Ok(())
    }

    /// create, mknod, mkdir, symlink. A lookup for creation has seen that the caller may write here.
    fn add(&mut self, req: &Request, dir: Ino, name: &OsStr, new: &New, to: &OsStr) -> Result<Ino> {
        if self.get(dir).attr.nlink == 0 {
            return Err(Errno::NOENT); // the directory itself was removed
        }
        if self.find(dir, name).is_some() {
            return Err(Errno::EXIST);
        }
        let ino = self.last + 1;
        let mut attr = self.get(dir).attr.child(new, ino, req.cred())?;
        attr.size = to.len() as u64;
        let (born, inode) = (attr.birthtime, Inode::new(attr, dir, to));
        self.take(inode.room() + ENTRY + name.len() as u64)?;
        self.last = ino;
        self.inodes.insert(ino, inode);
        self.enter(dir, name, ino);
        self.get_mut(ino).attr.ctime = born; // a new node has one time, though its name is newer
        Ok(ino)
    }
}

impl Server for Memfs {
    type Node = Ino;

    const OPS: Ops = Ops::of(&[Op::Create, Op::Mknod, Op::Mkdir, Op::Symlink, Op::Link])
        .with(&[Op::Remove, Op::Rmdir, Op::Rename, Op::Setattr])
        .with(&[Op::Read, Op::Write, Op::Readdir, Op::Readlink, Op::Inactive]);

    fn root(&mut self) -> Ino {
        ROOT
    }

    fn forget(&mut self, ino: &Ino) {
        if self.get(*ino).attr.nlink == 0 {
            self.used -= self.get(*ino).room();
            self.inodes.remove(ino);
        }
    }

    fn statvfs(&mut self, _: &Request) -> Result<Statvfs> {
        let left = self.limit - self.used;
        Ok(Statvfs {
            block_size: PAGE,
            blocks: self.limit / PAGE,
            blocks_free: left / PAGE,
            blocks_available: left / PAGE,
            files: self.inodes.len() as u64 + left / INODE,
            files_free: left / INODE,
            ..Statvfs::default()
        })
    }

    fn lookup(&mut self, req: &Request, dir: &Ino, name: &OsStr, intent: Intent) -> Result<Ino> {
        let found = self.find(*dir, name);
        let node = found.map(|ino| &self.get(ino).attr);
        let dir = &self.get(*dir).attr;
        dir.may_change_name(node, intent, req.cred())?;
        found.ok_or(Errno::NOENT)
    }

    fn create(&mut self, req: &Request, dir: &Ino, name: &OsStr, new: &New) -> Result<Ino> {
        self.add(req, *dir, name, new, OsStr::new(""))
    }

    fn mknod(&mut self, req: &Request, dir: &Ino, name: &OsStr, new: &New) -> Result<Ino> {
        self.add(req, *dir, name, new, OsStr::new(""))
    }

    fn mkdir(&mut self, req: &Request, dir: &Ino, name: &OsStr, new: &New) -> Result<Ino> {
        self.add(req, *dir, name, new, OsStr::new(""))
    }

    fn symlink(
        &mut self,
        req: &Request,
        dir: &Ino,
        name: &OsStr,
        new: &New,
        target: &OsStr,
    ) -> Result<Ino> {
        self.add(req, *dir, name, new, target)
    }

    fn link(&mut self, _: &Request, dir: &Ino, ino: &Ino, name: &OsStr) -> Result {
        if self.get(*ino).attr.is_dir() {
            return Err(Errno::PERM);
        }
        if self.get(*dir).attr.nlink == 0 || self.get(*ino).attr.nlink == 0 {
            return Err(Errno::NOENT);
        }
        if self.find(*dir, name).is_some() {
            return Err(Errno::EXIST);
        }
        self.take(ENTRY + name.len() as u64)?;
        self.enter(*dir, name, *ino);
        Ok(())
    }

    fn remove(&mut self, req: &Request, dir: &Ino, ino: &Ino, name: &OsStr) -> Result {
        if self.get(*ino).attr.is_dir() {
            return Err(Errno::ISDIR);
        }
        self.leave(*dir, name, *ino)?;
        self.inactive(req, ino);
        Ok(())
    }

    fn rmdir(&mut self, req: &Request, dir: &Ino, ino: &Ino, name: &OsStr) -> Result {
        match self.get(*ino) {
            inode if !inode.attr.is_dir() => return Err(Errno::NOTDIR),
            inode if !inode.names.entries.is_empty() => return Err(Errno::NOTEMPTY),
            _ => self.leave(*dir, name, *ino)?,
        }
        self.inactive(req, ino);
        Ok(())
    }

    fn rename(
        &mut self,
        req: &Request,
        (from, old_name): (&Ino, &OsStr),
        ino: &Ino,
        (to, new_name): (&Ino, &OsStr),
        replaced: Option<&Ino>,
    ) -> Result {
        let (from, ino, to, replaced) = (*from, *ino, *to, replaced.copied());
        let there = self.find(from, old_name) == Some(ino) && self.find(to, new_name) == replaced;
        if !there || self.get(to).attr.nlink == 0 {
            return Err(Errno::NOENT);
        }
        let is_dir = self.get(ino).attr.is_dir();
        if is_dir && from != to {
            let mut up = to;
            while up != ROOT {
                if up == ino {
                    return Err(Errno::INVAL); // never below itself
                }
                up = self.get(up).names.parent;
            }
            // It gets another "..", which is a change of the directory itself.
            self.get(ino).attr.may_access(Access::WRITE, req.cred())?;
        }
        match replaced.map(|old| self.get(old)) {
            Some(old) if old.attr.is_dir() && !is_dir => return Err(Errno::ISDIR),
            Some(old) if !old.attr.is_dir() && is_dir => return Err(Errno::NOTDIR),
            Some(old) if !old.names.entries.is_empty() => return Err(Errno::NOTEMPTY),
            Some(_) => {}
            None => self.take(ENTRY + new_name.len() as u64)?,
        }
        match replaced {
            // A name that stays: whoever lists the directory sees it once.
            Some(old) => {
                let names = &mut self.get_mut(to).names;
                let offset = names.offsets[new_name];
                names.entries.insert(offset, (new_name.to_owned(), ino));
                self.named(to, ino);
                self.unnamed(to, old);
            }
            None => self.enter(to, new_name, ino),
        }
        self.leave(from, old_name, ino) // after the other: a node is never without a name
    }

    fn getattr(&mut self, _: &Request, ino: &Ino) -> Result<Attr> {
        Ok(self.get(*ino).attr.clone())
    }

    /// All questions come first: either everything is changed or nothing.
    fn setattr(&mut self, req: &Request, ino: &Ino, changes: &SetAttr) -> Result {
        // Whether the caller may change the size was asked at open, or before truncate(2).
        if changes.size.is_some() {
            self.file(*ino)?;
        }
        let attr = &mut self.get_mut(*ino).attr;
        attr.change(changes, req.cred())?;
        self.cut(*ino);
        Ok(())
    }

    fn read(&mut self, _: &Request, ino: &Ino, at: u64, data: &mut [u8], _: Io) -> Result<usize> {
        let Inode { attr, pages, .. } = self.file(*ino)?;
        let end = attr.size.min(at.saturating_add(data.len() as u64));
        if at >= end {
            return Ok(0);
        }
        let mut done = 0;
        for page in touched(at, end) {
            let part = part(page, at, end);
            let into = &mut data[done..done + part.len()];
            done += part.len();
            match pages.get(&page) {
                Some(bytes) => into.copy_from_slice(&bytes[part]),
                None => into.fill(0),
            }
        }
        attr.atime = SystemTime::now();
        Ok(done)
    }

    /// Gets all the room first, so that a file never ends up half written.
    fn write(&mut self, req: &Request, ino: &Ino, at: u64, data: &[u8], io: Io) -> Result<usize> {
        let size = self.get(*ino).attr.size;
        let start = if io.append { size } else { at };
        let end = start + data.len() as u64;
        if end > i64::MAX as u64 {
            return Err(Errno::FBIG);
        }
        self.fill(*ino, start, end)?;
        let Inode { attr, pages, .. } = self.get_mut(*ino);
        let mut rest = data;
        for (page, bytes) in pages.range_mut(touched(start, end)) {
            let part = part(*page, start, end);
            let (now, later) = rest.split_at(part.len());
            bytes[part].copy_from_slice(now);
            rest = later;
        }
        attr.size = attr.size.max(end);
        attr.written(req.cred());
        Ok(data.len())
    }

    fn readdir(&mut self, _: &Request, ino: &Ino, offset: u64, list: &mut Listing) -> Result {
        let node = self.get(*ino);
        if node.attr.nlink == 0 || !list.add_dots(*ino, node.names.parent) {
            return Ok(()); // removed, and still open
        }
        for (at, (name, ino)) in node.names.entries.range(offset..) {
            if !list.add(name, *ino, self.get(*ino).attr.kind, at + 1) {
                break;
            }
        }
        self.get_mut(*ino).attr.atime = SystemTime::now();
        Ok(())
    }

    fn readlink(&mut self, _: &Request, ino: &Ino) -> Result<OsString> {
        let inode = self.get_mut(*ino);
        inode.attr.atime = SystemTime::now();
        Ok(inode.target.clone())
    }

    fn inactive(&mut self, req: &Request, ino: &Ino) {
        if self.get(*ino).attr.nlink == 0 {
            req.let_go();
        }
    }
}

/// Bytes, or with `k`, `m` or `g`.
fn parse_size(text: &str) -> Option<u64> {
    let (digits, shift) = match text.split_at(text.len().checked_sub(1)?) {
        (digits, "k") => (digits, 10),
        (digits, "m") => (digits, 20),
        (digits, "g") => (digits, 30),
        _ => (text, 0),
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let parsed = match &arguments[..] {
        [dir] => Some((dir, 1 << 30)),
        [flag, size, dir] if flag == "-s" => parse_size(size).map(|size| (dir, size)),
        _ => None,
    };
    let Some((dir, limit)) = parsed else {
        eprintln!("usage: memfs [-s size] mountpoint    (in bytes, or with k, m or g: 1g)");
        return ExitCode::FAILURE;
    };
    // Hangup, Ctrl-C and kill(1) unmount.
    let options = Options::new("memfs").unmount_on(&[1, 2, 15]);
    match mount(Memfs::new(limit), dir, &options).and_then(|mut mounted| mounted.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("memfs: {dir}: {error}");
            ExitCode::FAILURE
        }
    }
}
