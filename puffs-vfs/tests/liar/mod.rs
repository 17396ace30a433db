//! A server that says anything, and what every operation makes of that.

use std::cell::{Cell, RefCell};

use puffs_core::msg::OpSet;
use puffs_core::msg::body::{Attr, DIRENT_NAME, Head, NAME_MAX, NOVAL, setback};
use puffs_core::platform::Hosted;
use puffs_core::{Answer, Buf, Cookie, Errno, Outgoing};
use puffs_vfs::nodes::VType;
use puffs_vfs::{
    Broken, Caller, Data, Failed, attr, control, dir, extattr, file, handle, life, lock, names,
    space, who,
};

pub(crate) const ROOT: Cookie = Cookie(0x1000);
pub(crate) const NODE: Cookie = Cookie(0x2000);
pub(crate) const MAX: usize = 64 << 10;
/// What is left in a buffer behind an answer. No answer has it.
pub(crate) const SECRET: u8 = 0xa5;
const UNSENT: u64 = u64::from_ne_bytes([SECRET; 8]);

/// A server that says anything.
pub(crate) struct Liar {
    /// `None`: the queue refused the answer.
    pub(crate) answer: Option<(i32, Vec<u8>)>,
    pub(crate) ops: OpSet,
    pub(crate) asked: Cell<bool>,
    pub(crate) told: RefCell<Vec<Broken>>,
}

impl Caller<Hosted> for Liar {
    fn call(&self, out: Outgoing<Hosted>) -> Result<Answer<Hosted>, Errno> {
        self.asked.set(true);
        assert!(out.copylen <= out.body.len() && out.body.len() <= MAX);
        let (rv, bytes) = self.answer.as_ref().ok_or(Errno::Proto)?;
        let mut body = out.body;
        // The queue lets in what has room.
        let len = bytes.len().min(body.len());
        body.fill(SECRET);
        body[..len].copy_from_slice(&bytes[..len]);
        Ok(Answer { rv: *rv, body, len })
    }

    fn send(&self, out: Outgoing<Hosted>) -> Result<(), Errno> {
        assert_eq!(out.copylen, out.body.len());
        Ok(())
    }

    fn broken(&self, broken: Broken, cookie: Cookie) {
        let notice = broken.notice::<Hosted>(cookie, 71).unwrap();
        assert!(notice.body.ends_with(broken.text.as_bytes()));
        self.told.borrow_mut().push(broken);
    }

    fn root(&self) -> Cookie {
        ROOT
    }

    fn ops(&self) -> OpSet {
        self.ops
    }

    fn max(&self) -> usize {
        MAX
    }
}

impl std::fmt::Debug for Liar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Liar").field(&self.answer).finish()
    }
}

impl Liar {
    /// A server with all operations, whose next answer is this.
    pub(crate) fn with(answer: Option<(i32, Vec<u8>)>) -> Self {
        Liar {
            answer,
            ops: OpSet::ALL,
            asked: Cell::new(false),
            told: RefCell::default(),
        }
    }

    /// The end makes sense, and the server has heard of it when it is its fault, once.
    pub(crate) fn judged<T>(&self, ended: Result<T, Failed>) -> Option<T> {
        let told = self.told.take();
        let rv = self.answer.as_ref().map(|(rv, _)| *rv);
        let asked = self.asked.take();
        match ended {
            Ok(value) => {
                assert!(told.is_empty(), "a good answer is blamed: {told:?}");
                assert!(!asked || rv == Some(0), "a failure is taken for a success");
                return Some(value);
            }
            Err(Failed::Broken(broken)) => assert_eq!(told, [broken]),
            Err(Failed::Server(number)) => {
                assert_eq!((Some(number), told.len()), (rv, 0));
                assert!((1..=133).contains(&number));
            }
            Err(Failed::Errno(Errno::RoFs)) => assert!(told.is_empty() && !asked),
            Err(Failed::Errno(errno)) => {
                assert!(matches!(errno, Errno::NotSupp), "{errno:?}");
                assert!(told.is_empty());
            }
        }
        None
    }

    /// Data are a piece of the answer, and no more than was asked for.
    pub(crate) fn data(&self, data: Data<Hosted>, most: usize) -> Vec<u8> {
        assert!(data.len <= most);
        assert!(data.start + data.len <= data.body.len());
        assert!(
            !data.contains(&SECRET),
            "bytes that the server did not send"
        );
        data.to_vec()
    }

    pub(crate) fn node(&self, found: Result<names::Found, Failed>) -> Option<names::Found> {
        let found = self.judged(found)?;
        let numbers = [found.cookie.0 as u64, found.size, found.attr_ttl.sec as u64];
        assert!(!numbers.contains(&UNSENT), "{found:?}");
        if let Err(number) = found.attr {
            assert!((1..=133).contains(&number), "{found:?}");
        }
        Some(found)
    }
}

pub(crate) fn head() -> Head {
    who::user(7, 1000, 100)
}

pub(crate) const NAME: extattr::Name<'static> = extattr::Name {
    namespace: 1,
    name: b"user.name",
};

/// Looks a name up.
pub(crate) fn lookup(liar: &Liar, dotdot: bool) {
    let flags = if dotdot { 0x2000 } else { 0 };
    if let Some(found) = liar.node(names::lookup(liar, &head(), NODE, b"name", 0, flags)) {
        assert_ne!(found.cookie, NODE);
        assert!(dotdot || found.cookie != ROOT);
        assert_ne!(found.size, NOVAL);
    }
}

/// Creates nodes.
pub(crate) fn creation(liar: &Liar, vtype: u32, target: &[u8]) {
    let attr = Attr {
        vtype,
        rdev: 5,
        ..Attr::NONE
    };
    for new in [
        names::New::File,
        names::New::Special,
        names::New::Dir,
        names::New::Symlink(target),
    ] {
        if let Some(found) = liar.node(names::create(liar, &head(), NODE, b"name", &attr, new)) {
            assert_ne!(found.cookie, Cookie(0));
            assert_ne!(found.cookie, ROOT);
            assert_eq!((found.vtype as u32, found.size, found.rdev), (vtype, 0, 5));
        }
    }
}

/// Operations on names, and what answers with side notes.
pub(crate) fn names_that_change(liar: &Liar) {
    let (from, to) = (
        names::End {
            dir: NODE,
            name: b"a",
            node: Cookie(3),
        },
        names::End {
            dir: ROOT,
            name: b"b",
            node: Some(Cookie(4)),
        },
    );
    liar.judged(names::rename(liar, &head(), from, to));
    liar.judged(names::link(liar, &head(), NODE, ROOT, b"name"));
    liar.judged(names::abort(liar, &head(), NODE, b"name"));
    for notes in [
        liar.judged(names::remove(liar, &head(), ROOT, NODE, b"name")),
        liar.judged(names::rmdir(liar, &head(), ROOT, NODE, b"name")),
        liar.judged(life::inactive(liar, &head(), NODE)),
        liar.judged(file::close(liar, &head(), NODE, 1, true)),
        liar.judged(file::mmap(liar, &head(), NODE, 1)),
    ] {
        assert_eq!(notes.unwrap_or(0) & !setback::MASK, 0);
    }
}

/// Operations whose answers have a fixed length.
pub(crate) fn plain_answers(liar: &Liar, mode: u32) {
    if let Some((attr, ttl)) = liar.judged(attr::getattr(liar, &head(), NODE)) {
        assert!(![attr.size, ttl.sec as u64].contains(&UNSENT), "{attr:?}");
    }
    liar.judged(attr::setattr(liar, &head(), NODE, &Attr::NONE));
    liar.judged(attr::access(liar, &head(), NODE, VType::Reg, mode));
    liar.judged(file::fsync(liar, &head(), NODE, 0, (0, 0)));
    liar.judged(file::seek(liar, &head(), NODE, (0, 1)));
    liar.judged(file::poll(liar, &head(), NODE, mode));
    liar.judged(space::fallocate(liar, &head(), NODE, 0, 9));
    liar.judged(space::fdiscard(liar, &head(), NODE, 0, 9));
    liar.judged(extattr::delete(liar, &head(), NODE, NAME));
    liar.judged(control::pathconf(liar, &head(), NODE, mode));
    liar.judged(control::print(liar, &head(), NODE));
    let ctl = control::Extattrctl {
        cmd: mode,
        node: None,
        ns: 1,
        name: Some(b"name"),
    };
    liar.judged(control::extattrctl(liar, &head(), ctl));
    if let Some(data) = liar.judged(handle::nodetofh(liar, &head(), NODE)) {
        assert!((1..=1020).contains(&data.len()));
    }
    if let Some(found) = liar.judged(handle::fhtonode(liar, &head(), b"handle")) {
        assert!(i64::try_from(found.size).is_ok());
    }
    liar.judged(life::reclaim(liar, &head(), NODE, mode));
    liar.judged(life::sync(liar, &head(), mode));
    liar.judged(life::unmount(liar, &head(), mode));
    liar.judged(attr::statvfs(liar, &head()));
    let range = lock::Range {
        kind: 1,
        start: 0,
        len: 9,
        pid: 7,
    };
    liar.judged(lock::advlock(liar, &head(), NODE, 1, (7, 0), range));
    if let Some(opened) = liar.judged(file::open(liar, &head(), NODE, VType::Reg, mode)) {
        assert_eq!(opened.setback & !setback::MASK, 0);
    }
}

/// Reads, writes, and follows a link.
pub(crate) fn data(liar: &Liar, len: usize) {
    if let Some(read) = liar.judged(file::read(liar, &head(), NODE, 0, len, 0)) {
        liar.data(read, len);
    }
    if let Some(link) = liar.judged(file::readlink(liar, &head(), NODE)) {
        let link = liar.data(link, 4095);
        assert!(!link.is_empty() && !link.contains(&0));
    }
    let body = Buf::new(file::WRITE_HEAD + len).unwrap();
    if let Some(done) = liar.judged(file::write(liar, &head(), NODE, 0, (body, len), 0)) {
        assert!(done <= len);
    }
}

/// Reads a directory.
pub(crate) fn directories(liar: &Liar, len: usize) {
    let Some(listing) = liar.judged(dir::readdir(liar, &head(), NODE, 0, len)) else {
        return;
    };
    let mut bytes = 0;
    for entry in listing.entries() {
        assert!((1..=NAME_MAX).contains(&entry.name.len()));
        assert!(
            !entry
                .name
                .iter()
                .any(|byte| [0, b'/', SECRET].contains(byte))
        );
        assert_ne!(entry.fileno, 0);
        bytes += DIRENT_NAME + entry.name.len();
    }
    assert!(bytes <= len, "more names than bytes");
    assert!(bytes > 0 || len > 0 || listing.eof);
}

/// Extended attributes.
pub(crate) fn attributes_with_names(liar: &Liar, len: usize) {
    if let Some(value) = liar.judged(extattr::get(liar, &head(), NODE, NAME, len)) {
        assert!(value.size >= value.data.len as u64);
        liar.data(value.data, len);
    }
    if let Some(list) = liar.judged(extattr::list(liar, &head(), NODE, 1, len)) {
        let (size, names) = (list.size, liar.data(list.data, len));
        if size == names.len() as u64 && size > 0 {
            assert_eq!(names.last(), Some(&0));
            let mut each = names[..names.len() - 1].split(|byte| *byte == 0);
            assert!(each.all(|name| (1..=NAME_MAX).contains(&name.len())));
        }
    }
    let value = vec![1; len];
    if let Some(done) = liar.judged(extattr::set(liar, &head(), NODE, NAME, &value)) {
        assert!(done <= len, "more taken than given");
    }
}
