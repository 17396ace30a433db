//! memfs: a file system in memory, served by an ordinary process.
//!
//! ```text
//! cargo run -p puffs-server --example memfs -- /mnt    # umount /mnt ends it
//! ```
//!
//! A whole puffs file server, meant to be read and to be copied: the same as `memfs.c` beside it, by the same rules, those of
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
    Access, Attr, Cred, Errno, FileType, Intent, Io, Listing, Namespace, New, Op, OpenFlags,
    Opened, Ops, Options, Request, Server, SetAttr, Statvfs, mount,
};

/// What the kernel and we call a node by. Never used twice.
type Ino = u64;

const ROOT: Ino = 1;
const PAGE: u64 = 4096;
/// What an inode and a name count against the limit, beside what they hold.
const INODE: u64 = 512;
const ENTRY: u64 = 128;
const MAX_SIZE: u64 = i64::MAX as u64;
const TARGET_MAX: usize = 4095;

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;
const STICKY: u32 = 0o1000;
const GROUP_EXECUTES: u32 = 0o010;

struct Memfs {
    inodes: HashMap<Ino, Inode>,
    last: Ino,
    /// Bytes: what users can make grow counts.
    limit: u64,
    used: u64,
}

struct Inode {
    attr: Attr,
    body: Body,
    xattrs: BTreeMap<(Namespace, OsString), Vec<u8>>,
}

enum Body {
    File(Pages),
    Directory(Directory),
    Symlink(OsString),
    /// A device, a FIFO, a socket: all of it is in the attributes.
    Special,
}

/// Contents by page number. A page that is not there is a hole, which reads as zeros and costs nothing. Bytes of a page past
/// the end of the file are zero, so that growing a file is only a matter of its size.
type Pages = BTreeMap<u64, Box<[u8; PAGE as usize]>>;

/// Names for lookups, and entries by offset for `readdir`. Offsets only ever grow, so that a listing shows each entry that
/// stays exactly once, whatever is made and removed meanwhile.
struct Directory {
    /// Of the root: itself.
    parent: Ino,
    offsets: HashMap<OsString, u64>,
    entries: BTreeMap<u64, (OsString, Ino)>,
    next: u64,
}

impl Inode {
    fn modified(&mut self) {
        self.attr.mtime = SystemTime::now();
        self.attr.ctime = self.attr.mtime;
    }

    /// The pages of a regular file; of others the error.
    fn pages(&mut self, other: Errno) -> Result<(&mut Attr, &mut Pages), Errno> {
        match &mut self.body {
            Body::File(pages) => Ok((&mut self.attr, pages)),
            Body::Directory(_) => Err(Errno::ISDIR),
            _ => Err(other),
        }
    }

    fn directory(&self) -> Result<&Directory, Errno> {
        match &self.body {
            Body::Directory(directory) => Ok(directory),
            _ => Err(Errno::NOTDIR),
        }
    }

    /// Whether it is a directory with names in it.
    fn is_full(&self) -> bool {
        self.directory()
            .is_ok_and(|directory| !directory.entries.is_empty())
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

/// A file that gets another owner or other contents loses its set-id bits. Where the group does not execute, set-group-id
/// does not mean the group's rights; then it is lost only to strangers.
fn drop_set_id(attr: &mut Attr, cred: &Cred) {
    attr.mode &= !SETUID;
    if attr.mode & GROUP_EXECUTES != 0 || !of_group(attr.gid, cred) {
        attr.mode &= !SETGID;
    }
}

fn of_group(gid: u32, cred: &Cred) -> bool {
    cred.is_juggernaut() || cred.has_group(gid)
}

/// May the caller set this mode? The sticky bit is for everything here, and set-group-id for the wrong group is not
/// refused, but left out.
fn may_chmod(attr: &Attr, mode: u32, cred: &Cred) -> Result<(), Errno> {
    let changed = mode ^ attr.mode;
    let only_taken = changed & !(SETUID | SETGID) == 0 && mode & changed == 0;
    // The kernel takes set-id bits from a file for whoever writes to it.
    if changed != 0 && only_taken && attr.may_access(Access::WRITE, cred).is_ok() {
        return Ok(());
    }
    attr.may_chmod(mode & !(STICKY | SETGID), cred)
}

/// Extended attributes of users go with the permission to read and write the file; those of the system are root's to change.
/// There are no access control lists (`system.`), since we would have to obey them.
fn may_xattr(
    attr: &Attr,
    ns: Namespace,
    name: &OsStr,
    to: Access,
    cred: &Cred,
) -> Result<(), Errno> {
    let name = name.as_encoded_bytes();
    match ns {
        Namespace::User => attr.may_access(to, cred),
        _ if !name.starts_with(b"trusted.") && !name.starts_with(b"security.") => {
            Err(Errno::OPNOTSUPP)
        }
        _ if to == Access::READ || cred.is_juggernaut() => Ok(()),
        _ => Err(Errno::PERM),
    }
}

impl Memfs {
    fn new(limit: u64, mode: u32) -> Memfs {
        let mut fs = Memfs {
            inodes: HashMap::new(),
            last: ROOT,
            limit,
            used: 0,
        };
        let attr = Attr::new(FileType::Directory, mode, ROOT);
        let body = Body::Directory(Directory::new(ROOT));
        fs.inodes.insert(
            ROOT,
            Inode {
                attr,
                body,
                xattrs: BTreeMap::new(),
            },
        );
        fs
    }

    /// An inode is there as long as a name leads to it or the kernel knows it.
    fn get(&self, ino: Ino) -> &Inode {
        &self.inodes[&ino]
    }

    fn get_mut(&mut self, ino: Ino) -> &mut Inode {
        self.inodes
            .get_mut(&ino)
            .expect("a name leads to it or the kernel knows it")
    }

    fn take(&mut self, bytes: u64) -> Result<(), Errno> {
        if bytes > self.limit - self.used {
            return Err(Errno::NOSPC);
        }
        self.used += bytes;
        Ok(())
    }

    /// Makes all pages for a range of bytes, or none of them.
    fn fill(&mut self, ino: Ino, start: u64, end: u64, other: Errno) -> Result<(), Errno> {
        let wanted = touched(start, end);
        let (_, pages) = self.get_mut(ino).pages(other)?;
        let missing = wanted.end - wanted.start - pages.range(wanted.clone()).count() as u64;
        self.take(missing.checked_mul(PAGE).ok_or(Errno::NOSPC)?)?;
        let (attr, pages) = self.get_mut(ino).pages(other)?;
        attr.bytes += missing * PAGE;
        for page in wanted {
            pages
                .entry(page)
                .or_insert_with(|| Box::new([0; PAGE as usize]));
        }
        Ok(())
    }

    /// Makes a hole of a range of bytes.
    fn empty(&mut self, ino: Ino, start: u64, end: u64) -> Result<(), Errno> {
        let (attr, pages) = self.get_mut(ino).pages(Errno::INVAL)?;
        let present: Vec<u64> = pages
            .range(touched(start, end))
            .map(|(page, _)| *page)
            .collect();
        let mut freed = 0;
        for page in present {
            match part(page, start, end) {
                whole if whole.len() as u64 == PAGE => {
                    pages.remove(&page);
                    freed += PAGE;
                }
                part => pages.get_mut(&page).expect("as just seen")[part].fill(0),
            }
        }
        attr.bytes -= freed;
        self.used -= freed;
        Ok(())
    }

    fn set_size(&mut self, ino: Ino, size: u64) -> Result<(), Errno> {
        // What was reserved past the old end goes too.
        self.empty(ino, size, MAX_SIZE)?;
        self.get_mut(ino).attr.size = size;
        Ok(())
    }

    fn find(&self, dir: Ino, name: &OsStr) -> Result<Option<Ino>, Errno> {
        let directory = self.get(dir).directory()?;
        if name == ".." {
            return Ok(Some(directory.parent));
        }
        let offset = directory.offsets.get(name);
        Ok(offset.map(|offset| directory.entries[offset].1))
    }

    /// An inode has got one more name, in this directory.
    fn named(&mut self, dir: Ino, ino: Ino) {
        let inode = self.get_mut(ino);
        inode.attr.nlink += 1;
        inode.attr.ctime = SystemTime::now();
        let mut subdirectories = 0;
        if let Body::Directory(directory) = &mut inode.body {
            directory.parent = dir;
            subdirectories = 1; // its ".."
        }
        let dir = self.get_mut(dir);
        dir.attr.nlink += subdirectories;
        dir.modified();
    }

    /// An inode has lost a name. It stays, perhaps without any.
    fn unnamed(&mut self, dir: Ino, ino: Ino) {
        let inode = self.get_mut(ino);
        inode.attr.nlink -= 1;
        inode.attr.ctime = SystemTime::now();
        let is_dir = inode.attr.is_dir();
        if is_dir && inode.attr.nlink == 1 {
            inode.attr.nlink = 0; // only its own "." was left
        }
        let dir = self.get_mut(dir);
        dir.attr.nlink -= u32::from(is_dir);
        dir.modified();
    }

    /// Puts a name into a directory; its room was taken before.
    fn enter(&mut self, dir: Ino, name: &OsStr, ino: Ino) {
        let inode = self.get_mut(dir);
        if let Body::Directory(directory) = &mut inode.body {
            directory.offsets.insert(name.to_owned(), directory.next);
            directory
                .entries
                .insert(directory.next, (name.to_owned(), ino));
            directory.next += 1;
            inode.attr.size = directory.entries.len() as u64;
        }
        self.named(dir, ino);
    }

    /// Takes the name of an inode out of a directory.
    fn leave(&mut self, dir: Ino, name: &OsStr, ino: Ino) -> Result<(), Errno> {
        if self.find(dir, name)? != Some(ino) {
            return Err(Errno::NOENT);
        }
        let inode = self.get_mut(dir);
        if let Body::Directory(directory) = &mut inode.body
            && let Some(offset) = directory.offsets.remove(name)
        {
            directory.entries.remove(&offset);
            inode.attr.size = directory.entries.len() as u64;
        }
        self.used -= ENTRY + name.len() as u64;
        self.unnamed(dir, ino);
        Ok(())
    }

    /// create, mknod, mkdir, symlink. A lookup for creation has seen that the caller may write here.
    fn make(
        &mut self,
        req: &Request<'_>,
        dir: Ino,
        name: &OsStr,
        new: &New,
        body: Body,
    ) -> Result<Ino, Errno> {
        if self.get(dir).attr.nlink == 0 {
            return Err(Errno::NOENT); // the directory itself was removed
        }
        if self.find(dir, name)?.is_some() {
            return Err(Errno::EXIST);
        }
        let cred = req.cred();
        let is_device = matches!(new.kind, FileType::BlockDevice | FileType::CharDevice);
        if is_device && !cred.is_juggernaut() {
            return Err(Errno::PERM);
        }
        let ino = self.last + 1;
        let parent = &self.get(dir).attr;
        let mut attr = Attr::new(new.kind, new.mode, ino);
        attr.nlink = u32::from(attr.is_dir()); // its own "."
        attr.rdev = new.rdev;
        attr.uid = cred.uid().unwrap_or(0); // else it is the kernel itself
        attr.gid = match parent.mode & SETGID {
            0 => cred.gid().unwrap_or(0),
            _ => parent.gid,
        };
        // Set-group-id of a directory goes on to those below; on a file it is for the group's own.
        if attr.is_dir() {
            attr.mode |= parent.mode & SETGID;
        } else if attr.mode & GROUP_EXECUTES != 0 && !of_group(attr.gid, cred) {
            attr.mode &= !SETGID;
        }
        if let Body::Symlink(target) = &body {
            attr.size = target.len() as u64;
        }
        let (born, held) = (attr.birthtime, attr.size);
        self.take(INODE + held + ENTRY + name.len() as u64)?;
        self.last = ino;
        self.inodes.insert(
            ino,
            Inode {
                attr,
                body,
                xattrs: BTreeMap::new(),
            },
        );
        self.enter(dir, name, ino);
        self.get_mut(ino).attr.ctime = born; // a new node has one time, though its name is newer
        Ok(ino)
    }

    /// May the caller do with this name what the lookup is a preparation for?
    fn may_change(
        &self,
        dir: Ino,
        found: Option<Ino>,
        intent: Intent,
        cred: &Cred,
    ) -> Result<(), Errno> {
        let attr = &self.get(dir).attr;
        match (intent, found) {
            (Intent::Look, _) | (Intent::Create, Some(_)) | (Intent::Delete, None) => return Ok(()),
            _ => attr.may_access(Access::WRITE, cred)?,
        }
        // In a sticky directory names belong to the owners of the files.
        let others = |ino: Ino| !cred.is_uid(attr.uid) && !cred.is_uid(self.get(ino).attr.uid);
        match attr.mode & STICKY != 0 && !cred.is_juggernaut() && found.is_some_and(others) {
            true => Err(Errno::PERM),
            false => Ok(()),
        }
    }

    /// remove and rmdir, once it is known that the node may go.
    fn unmake(&mut self, req: &Request<'_>, dir: Ino, ino: Ino, name: &OsStr) -> Result<(), Errno> {
        self.leave(dir, name, ino)?;
        if self.get(ino).attr.nlink == 0 {
            req.let_go();
        }
        Ok(())
    }
}

impl Directory {
    fn new(parent: Ino) -> Directory {
        // 0 and 1 are "." and "..".
        Directory {
            parent,
            offsets: HashMap::new(),
            entries: BTreeMap::new(),
            next: 2,
        }
    }
}

impl Server for Memfs {
    type Node = Ino;

    /// Permissions are left to the kernel, which judges by owner and mode as we would; so are locks, and poll.
    const OPS: Ops = Ops::ALL.without(&[
        Op::Access,
        Op::Lock,
        Op::Poll,
        Op::Seek,
        Op::Mmap,
        Op::Close,
        Op::Fsync,
    ]);

    fn root(&mut self) -> Ino {
        ROOT
    }

    fn forget(&mut self, ino: &Ino) {
        if self.get(*ino).attr.nlink == 0
            && let Some(inode) = self.inodes.remove(ino)
        {
            let xattrs = inode
                .xattrs
                .iter()
                .map(|((_, name), value)| name.len() + value.len());
            let target = match &inode.body {
                Body::Symlink(target) => target.len(),
                _ => 0,
            };
            let held = xattrs.sum::<usize>() + target;
            self.used -= INODE + inode.attr.bytes + held as u64;
        }
    }

    fn statvfs(&mut self, _: &Request<'_>) -> Result<Statvfs, Errno> {
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

    fn lookup(
        &mut self,
        req: &Request<'_>,
        dir: &Ino,
        name: &OsStr,
        intent: Intent,
    ) -> Result<Ino, Errno> {
        let found = self.find(*dir, name)?;
        self.may_change(*dir, found, intent, req.cred())?;
        found.ok_or(Errno::NOENT)
    }

    fn create(
        &mut self,
        req: &Request<'_>,
        dir: &Ino,
        name: &OsStr,
        new: &New,
    ) -> Result<Ino, Errno> {
        let body = match new.kind {
            FileType::File => Body::File(Pages::new()),
            _ => Body::Special,
        };
        self.make(req, *dir, name, new, body)
    }

    fn mknod(
        &mut self,
        req: &Request<'_>,
        dir: &Ino,
        name: &OsStr,
        new: &New,
    ) -> Result<Ino, Errno> {
        self.make(req, *dir, name, new, Body::Special)
    }

    fn mkdir(
        &mut self,
        req: &Request<'_>,
        dir: &Ino,
        name: &OsStr,
        new: &New,
    ) -> Result<Ino, Errno> {
        self.make(req, *dir, name, new, Body::Directory(Directory::new(*dir)))
    }

    fn symlink(
        &mut self,
        req: &Request<'_>,
        dir: &Ino,
        name: &OsStr,
        new: &New,
        target: &OsStr,
    ) -> Result<Ino, Errno> {
        if target.len() > TARGET_MAX {
            return Err(Errno::NAMETOOLONG);
        }
        self.make(req, *dir, name, new, Body::Symlink(target.to_owned()))
    }

    fn link(&mut self, _: &Request<'_>, dir: &Ino, ino: &Ino, name: &OsStr) -> Result<(), Errno> {
        if self.get(*ino).attr.is_dir() {
            return Err(Errno::PERM);
        }
        if self.get(*dir).attr.nlink == 0 || self.get(*ino).attr.nlink == 0 {
            return Err(Errno::NOENT);
        }
        if self.find(*dir, name)?.is_some() {
            return Err(Errno::EXIST);
        }
        self.take(ENTRY + name.len() as u64)?;
        self.enter(*dir, name, *ino);
        Ok(())
    }

    fn remove(
        &mut self,
        req: &Request<'_>,
        dir: &Ino,
        ino: &Ino,
        name: &OsStr,
    ) -> Result<(), Errno> {
        match self.get(*ino).attr.is_dir() {
            true => Err(Errno::ISDIR),
            false => self.unmake(req, *dir, *ino, name),
        }
    }

    fn rmdir(
        &mut self,
        req: &Request<'_>,
        dir: &Ino,
        ino: &Ino,
        name: &OsStr,
    ) -> Result<(), Errno> {
        match self.get(*ino).directory()?.entries.is_empty() {
            true => self.unmake(req, *dir, *ino, name),
            false => Err(Errno::NOTEMPTY),
        }
    }

    fn rename(
        &mut self,
        req: &Request<'_>,
        (from, old_name): (&Ino, &OsStr),
        ino: &Ino,
        (to, new_name): (&Ino, &OsStr),
        replaced: Option<&Ino>,
    ) -> Result<(), Errno> {
        let (from, ino, to, replaced) = (*from, *ino, *to, replaced.copied());
        if self.find(from, old_name)? != Some(ino) || self.find(to, new_name)? != replaced {
            return Err(Errno::NOENT);
        }
        if self.get(to).attr.nlink == 0 {
            return Err(Errno::NOENT);
        }
        let is_dir = self.get(ino).attr.is_dir();
        if is_dir && from != to {
            let mut up = to;
            while up != ROOT {
                if up == ino {
                    return Err(Errno::INVAL); // never below itself
                }
                up = self.get(up).directory()?.parent;
            }
            // It gets another "..", which is a change of the directory itself.
            self.get(ino).attr.may_access(Access::WRITE, req.cred())?;
        }
        match replaced.map(|old| self.get(old)) {
            Some(old) if old.attr.is_dir() && !is_dir => return Err(Errno::ISDIR),
            Some(old) if !old.attr.is_dir() && is_dir => return Err(Errno::NOTDIR),
            Some(old) if old.is_full() => return Err(Errno::NOTEMPTY),
            Some(_) => {}
            None => self.take(ENTRY + new_name.len() as u64)?,
        }
        match (replaced, &mut self.get_mut(to).body) {
            // A name that stays: whoever lists the directory sees it once.
            (Some(old), Body::Directory(directory)) => {
                let offset = directory.offsets[new_name];
                directory.entries.insert(offset, (new_name.to_owned(), ino));
                self.named(to, ino);
                self.unnamed(to, old);
            }
            _ => self.enter(to, new_name, ino),
        }
        self.leave(from, old_name, ino) // after the other: a node is never without a name
    }

    fn open(&mut self, _: &Request<'_>, ino: &Ino, flags: OpenFlags) -> Result<Opened, Errno> {
        match self.get(*ino).attr.is_dir() && flags.write() {
            true => Err(Errno::ISDIR),
            false => Ok(Opened::default()),
        }
    }

    fn getattr(&mut self, _: &Request<'_>, ino: &Ino) -> Result<Attr, Errno> {
        Ok(self.get(*ino).attr.clone())
    }

    /// All questions come first: either everything is changed or nothing.
    fn setattr(&mut self, req: &Request<'_>, ino: &Ino, changes: &SetAttr) -> Result<(), Errno> {
        let cred = req.cred();
        let inode = self.get_mut(*ino);
        let new_owner = changes.uid.is_some() || changes.gid.is_some();
        // Whether the caller may change the size was asked at open, or before truncate(2).
        match changes.size {
            Some(_) if inode.pages(Errno::INVAL).is_err() => {
                return inode.pages(Errno::INVAL).map(drop);
            }
            Some(size) if size > MAX_SIZE => return Err(Errno::FBIG),
            _ => {}
        }
        if new_owner {
            inode.attr.may_chown(changes.uid, changes.gid, cred)?;
        }
        if let Some(mode) = changes.mode {
            may_chmod(&inode.attr, mode, cred)?;
        }
        if changes.atime.is_some() || changes.mtime.is_some() {
            inode.attr.may_set_times(changes.times_are_now, cred)?;
        }

        if let Some(size) = changes.size {
            self.set_size(*ino, size)?;
            self.get_mut(*ino).modified();
        }
        let attr = &mut self.get_mut(*ino).attr;
        attr.apply(changes);
        if new_owner && !attr.is_dir() || changes.size.is_some() && !cred.is_juggernaut() {
            drop_set_id(attr, cred);
        }
        if changes.mode.is_some() && !of_group(attr.gid, cred) {
            attr.mode &= !SETGID;
        }
        attr.ctime = SystemTime::now();
        Ok(())
    }

    fn read(
        &mut self,
        _: &Request<'_>,
        ino: &Ino,
        offset: u64,
        data: &mut [u8],
        _: Io,
    ) -> Result<usize, Errno> {
        let (attr, pages) = self.get_mut(*ino).pages(Errno::INVAL)?;
        let end = attr.size.min(offset.saturating_add(data.len() as u64));
        if offset >= end {
            return Ok(0);
        }
        let mut done = 0;
        for page in touched(offset, end) {
            let part = part(page, offset, end);
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
    fn write(
        &mut self,
        req: &Request<'_>,
        ino: &Ino,
        offset: u64,
        data: &[u8],
        io: Io,
    ) -> Result<usize, Errno> {
        let start = if io.append {
            self.get(*ino).attr.size
        } else {
            offset
        };
        let end = start + data.len() as u64;
        if end > MAX_SIZE {
            return Err(Errno::FBIG);
        }
        self.fill(*ino, start, end, Errno::INVAL)?;
        let (attr, pages) = self.get_mut(*ino).pages(Errno::INVAL)?;
        let mut rest = data;
        for (page, bytes) in pages.range_mut(touched(start, end)) {
            let part = part(*page, start, end);
            let (now, later) = rest.split_at(part.len());
            bytes[part].copy_from_slice(now);
            rest = later;
        }
        attr.size = attr.size.max(end);
        if !req.cred().is_juggernaut() {
            drop_set_id(attr, req.cred());
        }
        self.get_mut(*ino).modified();
        Ok(data.len())
    }

    fn allocate(&mut self, _: &Request<'_>, ino: &Ino, offset: u64, len: u64) -> Result<(), Errno> {
        let end = offset + len;
        self.fill(*ino, offset, end, Errno::NODEV)?;
        let inode = self.get_mut(*ino);
        inode.attr.size = inode.attr.size.max(end);
        inode.modified();
        Ok(())
    }

    fn discard(&mut self, _: &Request<'_>, ino: &Ino, offset: u64, len: u64) -> Result<(), Errno> {
        self.empty(*ino, offset, offset + len)?;
        self.get_mut(*ino).modified();
        Ok(())
    }

    fn readdir(
        &mut self,
        _: &Request<'_>,
        ino: &Ino,
        offset: u64,
        list: &mut Listing<'_>,
    ) -> Result<(), Errno> {
        let directory = self.get(*ino).directory()?;
        if self.get(*ino).attr.nlink == 0 {
            return Ok(()); // removed, and still open
        }
        let dots = [
            (0, (OsString::from("."), *ino)),
            (1, (OsString::from(".."), directory.parent)),
        ];
        let dots = dots.iter().map(|(offset, entry)| (offset, entry));
        for (at, (name, ino)) in dots
            .chain(&directory.entries)
            .filter(|(at, _)| **at >= offset)
        {
            if !list.add(name, *ino, self.get(*ino).attr.kind, at + 1) {
                break;
            }
        }
        self.get_mut(*ino).attr.atime = SystemTime::now();
        Ok(())
    }

    fn readlink(&mut self, _: &Request<'_>, ino: &Ino) -> Result<OsString, Errno> {
        let inode = self.get_mut(*ino);
        let Body::Symlink(target) = &inode.body else {
            return Err(Errno::INVAL);
        };
        inode.attr.atime = SystemTime::now();
        Ok(target.clone())
    }

    fn getxattr(
        &mut self,
        req: &Request<'_>,
        ino: &Ino,
        ns: Namespace,
        name: &OsStr,
    ) -> Result<Vec<u8>, Errno> {
        let inode = self.get(*ino);
        may_xattr(&inode.attr, ns, name, Access::READ, req.cred())?;
        let value = inode.xattrs.get(&(ns, name.to_owned()));
        value.cloned().ok_or(Errno::NODATA)
    }

    fn setxattr(
        &mut self,
        req: &Request<'_>,
        ino: &Ino,
        ns: Namespace,
        name: &OsStr,
        value: &[u8],
    ) -> Result<(), Errno> {
        may_xattr(&self.get(*ino).attr, ns, name, Access::WRITE, req.cred())?;
        self.take((name.len() + value.len()) as u64)?;
        let inode = self.get_mut(*ino);
        inode.attr.ctime = SystemTime::now();
        let old = inode.xattrs.insert((ns, name.to_owned()), value.to_owned());
        self.used -= old.map_or(0, |old| name.len() + old.len()) as u64;
        Ok(())
    }

    fn listxattr(
        &mut self,
        _: &Request<'_>,
        ino: &Ino,
        ns: Namespace,
    ) -> Result<Vec<OsString>, Errno> {
        let names = self.get(*ino).xattrs.keys().filter(|(of, _)| *of == ns);
        Ok(names.map(|(_, name)| name.clone()).collect())
    }

    fn removexattr(
        &mut self,
        req: &Request<'_>,
        ino: &Ino,
        ns: Namespace,
        name: &OsStr,
    ) -> Result<(), Errno> {
        let inode = self.get_mut(*ino);
        may_xattr(&inode.attr, ns, name, Access::WRITE, req.cred())?;
        let old = inode
            .xattrs
            .remove(&(ns, name.to_owned()))
            .ok_or(Errno::NODATA)?;
        inode.attr.ctime = SystemTime::now();
        self.used -= (name.len() + old.len()) as u64;
        Ok(())
    }

    fn inactive(&mut self, req: &Request<'_>, ino: &Ino) {
        if self.get(*ino).attr.nlink == 0 {
            req.let_go();
        }
    }
}

/// Bytes, or with `k`, `m` or `g`.
fn parse_size(text: &str) -> Option<u64> {
    let shift = match text.chars().last()? {
        'k' => 10,
        'm' => 20,
        'g' => 30,
        _ => 0,
    };
    let digits = if shift == 0 {
        text
    } else {
        &text[..text.len() - 1]
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let parsed = match arguments[..] {
        [dir] => Some((1 << 30, dir)),
        ["-o", size, dir] => size
            .strip_prefix("size=")
            .and_then(parse_size)
            .map(|size| (size, dir)),
        _ => None,
    };
    let Some((limit, dir)) = parsed else {
        eprintln!("usage: memfs [-o size=N] mountpoint      (N bytes, or with k, m or g: 1g)");
        return ExitCode::FAILURE;
    };
    // Hangup, Ctrl-C and kill(1) unmount.
    let options = [1, 2, 15]
        .into_iter()
        .fold(Options::new("memfs"), Options::unmount_on);
    match mount(Memfs::new(limit, 0o755), dir, &options).and_then(|mut mounted| mounted.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("memfs: {dir}: {error}");
            ExitCode::FAILURE
        }
    }
}
