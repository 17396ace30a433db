//! A file server in memory that speaks the message format itself, without the server library.
//!
//! It keeps count of what it is told, so that a test can see that each node's life ended properly, and
//! answers nonsense for some names.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use puffs_core::Errno;
use puffs_core::msg::body::*;
use puffs_core::msg::op::{self, vfs, vn};
use puffs_core::msg::wire::Req;
use puffs_user::host::Transport;
use zerocopy::{FromBytes, Immutable, IntoBytes};

pub(crate) const ROOT: u64 = 0x100;

/// What the tests look at while the server runs, and after.
#[derive(Default, Debug)]
pub(crate) struct Seen {
    /// How often each operation came: class and number.
    pub(crate) ops: HashMap<(u8, u8), usize>,
    /// Cookies that the kernel side knows, with how often they were given.
    pub(crate) known: HashMap<u64, u32>,
    /// Nodes touched since they were inactive.
    pub(crate) active: std::collections::HashSet<u64>,
    /// Rules of a node's life that were broken.
    pub(crate) wrong: Vec<String>,
    /// Lookups with an intent: the name and what for.
    pub(crate) intents: Vec<(String, u32)>,
    /// Notices of broken answers: their text.
    pub(crate) notices: Vec<String>,
    /// Bits of permission that are denied.
    pub(crate) deny: u32,
    /// What opens note about their node.
    pub(crate) setback: u32,
    /// How long names and attributes hold, in seconds.
    pub(crate) ttl: i64,
    /// Open files.
    pub(crate) opens: i64,
    pub(crate) unmounted: bool,
}

#[derive(Default, Clone)]
struct File {
    vtype: u32,
    mode: u32,
    nlink: u32,
    data: Vec<u8>,
    names: BTreeMap<Vec<u8>, u64>,
}

pub(crate) struct Tree {
    files: HashMap<u64, File>,
    next: u64,
    buffer: Vec<u64>,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

impl Tree {
    pub(crate) fn new(seen: Arc<Mutex<Seen>>, maxdata: usize) -> Self {
        let root = File {
            vtype: 2,
            mode: 0o755,
            nlink: 2,
            ..File::default()
        };
        Tree {
            files: HashMap::from([(ROOT, root)]),
            next: ROOT,
            buffer: vec![0; (maxdata + ROOM) / 8],
            seen,
        }
    }

    /// Answers whatever is in the queue.
    pub(crate) fn serve(&mut self, transport: &dyn Transport) {
        loop {
            let mut req = Req {
                aux: self.buffer.as_ptr().expose_provenance(),
                auxlen: self.buffer.len() * 8,
                ..Req::default()
            };
            match transport.getop(&mut req) {
                Ok(()) => {}
                Err(Errno::WouldBlock | Errno::Nxio) => return,
                Err(error) => panic!("getop: {error:?}"),
            }
            let mut buffer = std::mem::take(&mut self.buffer);
            let answer = self.answer(&req, buffer.as_mut_bytes());
            self.buffer = buffer;
            if req.opclass & op::FLAG_FAF == 0 {
                (req.rv, req.auxlen) = match answer {
                    Ok(len) => (0, len),
                    Err(errno) => (errno, 0),
                };
                let _ = transport.putop(&mut req);
            }
        }
    }

    fn answer(&mut self, req: &Req, body: &mut [u8]) -> Result<usize, i32> {
        let (class, node) = (req.opclass & op::CLASS_MASK, req.cookie as u64);
        *self
            .seen
            .lock()
            .unwrap()
            .ops
            .entry((class, req.optype))
            .or_default() += 1;
        if class == op::CLASS_ERROR {
            let (notice, text) = ErrorReq::read_from_prefix(&body[..req.auxlen]).unwrap();
            let text = String::from_utf8_lossy(&text[..notice.textlen as usize]).into_owned();
            self.seen.lock().unwrap().notices.push(text);
            return Ok(0);
        }
        if class == op::CLASS_VN && !matches!(req.optype, vn::RECLAIM | vn::INACTIVE) {
            self.seen.lock().unwrap().active.insert(node);
        }
        match (class, req.optype) {
            (op::CLASS_VFS, vfs::STATVFS) => {
                let statvfs = Statvfs {
                    bsize: 4096,
                    frsize: 4096,
                    blocks: 77,
                    ..Statvfs::default()
                };
                put(
                    body,
                    &StatvfsAns {
                        statvfs,
                        ..StatvfsAns::default()
                    },
                )
            }
            (op::CLASS_VFS, vfs::SYNC) => put(body, &Ans::default()),
            (op::CLASS_VFS, vfs::UNMOUNT) => {
                self.seen.lock().unwrap().unmounted = true;
                put(body, &Ans::default())
            }
            (op::CLASS_VN, vn::LOOKUP) => {
                let (req, tail) = fixed::<LookupReq>(body);
                let name = tail[..req.namelen as usize].to_vec();
                if req.nameiop != namei::LOOKUP {
                    let name = String::from_utf8_lossy(&name).into_owned();
                    self.seen.lock().unwrap().intents.push((name, req.nameiop));
                }
                self.lookup(node, &name, req.nameiop, body)
            }
            (op::CLASS_VN, vn::CREATE | vn::MKDIR) => {
                let (req, tail) = fixed::<CreateReq>(body);
                let name = tail[..req.namelen as usize].to_vec();
                if name == b"live" {
                    return put(body, &self.given(node, false));
                }
                self.next += 0x10;
                let dir = req.attr.vtype == 2;
                let file = File {
                    vtype: req.attr.vtype,
                    mode: req.attr.mode,
                    nlink: if dir { 2 } else { 1 },
                    ..File::default()
                };
                self.files.insert(self.next, file);
                let new = self.next;
                self.file(node)?.names.insert(name, new);
                put(body, &self.given(self.next, true))
            }
            (op::CLASS_VN, vn::GETATTR) => {
                let attr = self.attr(node)?;
                put(
                    body,
                    &AttrAns {
                        attr,
                        ttl: self.ttl(),
                        ..AttrAns::default()
                    },
                )
            }
            (op::CLASS_VN, vn::SETATTR) => {
                let (req, _) = fixed::<SetattrReq>(body);
                let file = self.file(node)?;
                if req.attr.size != NOVAL {
                    file.data.resize(req.attr.size as usize, 0);
                }
                if req.attr.mode != u32::MAX {
                    file.mode = req.attr.mode;
                }
                let attr = self.attr(node)?;
                put(
                    body,
                    &AttrAns {
                        attr,
                        ttl: self.ttl(),
                        ..AttrAns::default()
                    },
                )
            }
            (op::CLASS_VN, vn::OPEN) => {
                let mut seen = self.seen.lock().unwrap();
                seen.opens += 1;
                let ans = Ans {
                    setback: seen.setback,
                    pad: 0,
                };
                put(
                    body,
                    &OpenAns {
                        ans,
                        ..OpenAns::default()
                    },
                )
            }
            (op::CLASS_VN, vn::ACCESS) => {
                let (req, _) = fixed::<FlagsReq>(body);
                match req.flags & self.seen.lock().unwrap().deny {
                    0 => put(body, &Ans::default()),
                    _ => Err(libc::EACCES),
                }
            }
            (op::CLASS_VN, vn::CLOSE) => {
                let (req, _) = fixed::<FlagsReq>(body);
                let mut seen = self.seen.lock().unwrap();
                seen.opens -= 1;
                if req.inactive != 0 {
                    seen.active.remove(&node);
                }
                put(body, &Ans::default())
            }
            (op::CLASS_VN, vn::READ) => {
                let (req, _) = fixed::<ReadReq>(body);
                let data = &self.file(node)?.data;
                let start = (req.offset as usize).min(data.len());
                let end = (start + req.len as usize).min(data.len());
                let part = &data[start..end];
                let at = size_of::<DataAns>();
                body[at..at + part.len()].copy_from_slice(part);
                let len = part.len();
                put(
                    body,
                    &DataAns {
                        len: len as u32,
                        ..DataAns::default()
                    },
                )?;
                Ok(at + len)
            }
            (op::CLASS_VN, vn::WRITE) => {
                let (req, tail) = fixed::<WriteReq>(body);
                let part = tail[..req.len as usize].to_vec();
                let data = &mut self.file(node)?.data;
                let end = req.offset as usize + part.len();
                data.resize(data.len().max(end), 0);
                data[req.offset as usize..end].copy_from_slice(&part);
                put(
                    body,
                    &WriteAns {
                        len: req.len,
                        ..WriteAns::default()
                    },
                )
            }
            (op::CLASS_VN, vn::READDIR) => self.readdir(node, body),
            (op::CLASS_VN, vn::REMOVE | vn::RMDIR) => {
                let (req, tail) = fixed::<NameReq>(body);
                let name = tail[..req.namelen as usize].to_vec();
                self.file(node)?.names.remove(&name).ok_or(libc::ENOENT)?;
                self.file(req.target)?.nlink -= 1;
                put(body, &Ans::default())
            }
            (op::CLASS_VN, vn::RENAME) => {
                let (req, tail) = fixed::<RenameReq>(body);
                let (old, rest) = tail.split_at(req.namelen as usize);
                let (old, new) = (old.to_vec(), rest[..req.target_namelen as usize].to_vec());
                self.file(node)?.names.remove(&old).ok_or(libc::ENOENT)?;
                if req.has_target != 0 {
                    self.file(req.target)?.nlink -= 1;
                }
                self.file(req.target_dir)?.names.insert(new, req.source);
                put(body, &Ans::default())
            }
            (op::CLASS_VN, vn::INACTIVE) => {
                self.seen.lock().unwrap().active.remove(&node);
                put(body, &Ans::default())
            }
            (op::CLASS_VN, vn::RECLAIM) => {
                let (req, _) = fixed::<ReclaimReq>(body);
                self.reclaim(node, req.nlookup);
                Ok(0)
            }
            other => panic!("operation that was not announced: {other:?}"),
        }
    }

    fn lookup(
        &mut self,
        dir: u64,
        name: &[u8],
        nameiop: u32,
        body: &mut [u8],
    ) -> Result<usize, i32> {
        let lie = |cookie: u64, vtype: u32| NodeAns {
            cookie,
            vtype,
            ..NodeAns::default()
        };
        let looking = nameiop == namei::LOOKUP;
        match name {
            b"self" => return put(body, &lie(dir, 2)),
            b"root" => return put(body, &lie(ROOT, 2)),
            b"typeless" => return put(body, &lie(9, 0)),
            b"short" => return Ok(20),
            b"negative" => return Err(-5),
            b"enosys" => return Err(libc::ENOSYS),
            // There, but only for those who want to change something.
            b"hidden" if looking => return Err(libc::ENOENT),
            b"hidden" => return self.changeling(1, body),
            // A file for those who look, a directory for those who want to remove it; and the other way round.
            b"changeling" => return self.changeling(if looking { 1 } else { 2 }, body),
            b"gnilegnahc" => return self.changeling(if looking { 2 } else { 1 }, body),
            _ => {}
        }
        let found = *self.file(dir)?.names.get(name).ok_or(libc::ENOENT)?;
        put(body, &self.given(found, true))
    }

    /// A node that no directory has.
    fn changeling(&mut self, vtype: u32, body: &mut [u8]) -> Result<usize, i32> {
        let cookie = 0x8000_0000 + u64::from(vtype);
        let file = File {
            vtype,
            mode: 0o755,
            nlink: 1,
            ..File::default()
        };
        self.files.insert(cookie, file);
        put(body, &self.given(cookie, true))
    }

    /// The answer that gives a node away; `count` unless it is a lie.
    fn given(&mut self, node: u64, count: bool) -> NodeAns {
        let file = &self.files[&node];
        let (vtype, size) = (file.vtype, file.data.len() as u64);
        let ttl = self.ttl();
        if count {
            *self.seen.lock().unwrap().known.entry(node).or_default() += 1;
        }
        NodeAns {
            cookie: node,
            size,
            vtype,
            attr: self.attr(node).unwrap(),
            attr_ttl: ttl,
            name_ttl: ttl,
            ..NodeAns::default()
        }
    }

    fn readdir(&mut self, node: u64, body: &mut [u8]) -> Result<usize, i32> {
        let (req, _) = fixed::<ReadReq>(body);
        let names = self.file(node)?.names.clone();
        let (mut at, mut index) = (size_of::<ReaddirAns>(), req.offset);
        let end = at + req.len as usize;
        // A directory that holds this name is answered with garbage.
        let garbage = names.contains_key(&b"garbage"[..]);
        for (name, fileno) in names.iter().skip(req.offset as usize) {
            let reclen = (DIRENT_NAME + name.len() + 1).next_multiple_of(8);
            if at + reclen > end {
                break;
            }
            let head = Dirent {
                fileno: *fileno,
                reclen: if garbage { 0xffff } else { reclen as u16 },
                namlen: name.len() as u16,
                dtype: 0,
            };
            body[at..at + reclen].fill(0);
            body[at..at + DIRENT_NAME].copy_from_slice(head.as_bytes());
            body[at + DIRENT_NAME..][..name.len()].copy_from_slice(name);
            at += reclen;
            index += 1;
        }
        let ans = ReaddirAns {
            offset: index,
            len: (at - size_of::<ReaddirAns>()) as u32,
            eof: u32::from(index as usize >= names.len()),
            ..ReaddirAns::default()
        };
        put(body, &ans)?;
        Ok(at)
    }

    fn reclaim(&mut self, node: u64, nlookup: u32) {
        let mut seen = self.seen.lock().unwrap();
        if seen.active.contains(&node) {
            seen.wrong
                .push(format!("{node:#x}: reclaim without inactive"));
        }
        let given = seen.known.remove(&node);
        if given != Some(nlookup) {
            seen.wrong.push(format!(
                "{node:#x}: given {given:?} times, reclaimed as {nlookup}"
            ));
        }
        if node == ROOT {
            seen.wrong.push("the root was reclaimed".into());
        }
        drop(seen);
        if self
            .files
            .get(&node)
            .is_some_and(|file| file.vtype == 1 && file.nlink == 0)
        {
            self.files.remove(&node);
        }
    }

    fn ttl(&self) -> Time {
        Time {
            sec: self.seen.lock().unwrap().ttl,
            nsec: 0,
        }
    }

    fn file(&mut self, node: u64) -> Result<&mut File, i32> {
        self.files.get_mut(&node).ok_or(libc::ESTALE)
    }

    fn attr(&self, node: u64) -> Result<Attr, i32> {
        let file = self.files.get(&node).ok_or(libc::ESTALE)?;
        Ok(Attr {
            vtype: file.vtype,
            mode: file.mode,
            nlink: file.nlink,
            fileid: node,
            uid: unsafe { libc::getuid() },
            gid: unsafe { libc::getgid() },
            size: file.data.len() as u64,
            ..Attr::NONE
        })
    }
}

fn fixed<T: FromBytes>(body: &[u8]) -> (T, &[u8]) {
    T::read_from_prefix(body).unwrap()
}

fn put(body: &mut [u8], ans: &(impl IntoBytes + Immutable)) -> Result<usize, i32> {
    let bytes = ans.as_bytes();
    body[..bytes.len()].copy_from_slice(bytes);
    Ok(bytes.len())
}
