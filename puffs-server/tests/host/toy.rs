//! A server that finds any name and behaves as the name says.

use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::rc::{Rc, Weak};

use puffs_server::{
    Attr, Errno, FileType, Intent, Io, Listing, Mounted, Namespace, New, Op, Ops, Options, Request,
    Result, Server, SetAttr, mount_on,
};

use crate::rig::{Scripts, Seen};

thread_local! {
    /// How many things there are.
    static ALIVE: Cell<usize> = const { Cell::new(0) };
}

pub(crate) fn alive() -> usize {
    ALIVE.get()
}

/// A node.
pub(crate) struct Thing {
    pub(crate) name: String,
    number: u64,
}

impl Drop for Thing {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        assert!(self.name != "panics at its end", "{}", self.name);
    }
}

#[derive(Default)]
pub(crate) struct Toy {
    things: HashMap<String, Weak<Thing>>,
    last: u64,
    /// What was called: the operation and the node's name.
    pub(crate) log: Vec<String>,
    /// What poll waits for.
    pub(crate) open: bool,
    pub(crate) changes: Vec<SetAttr>,
}

impl Toy {
    fn thing(&mut self, name: &str) -> Rc<Thing> {
        if let Some(thing) = self.things.get(name).and_then(Weak::upgrade) {
            return thing;
        }
        self.last += 1;
        ALIVE.set(ALIVE.get() + 1);
        let thing = Rc::new(Thing {
            name: name.to_owned(),
            number: self.last,
        });
        self.things.insert(name.to_owned(), Rc::downgrade(&thing));
        thing
    }

    fn note(&mut self, what: &str, node: &Thing) {
        self.log.push(format!("{what} {}", node.name));
    }

    fn made(&mut self, name: &OsStr, new: &New) -> Result<Rc<Thing>> {
        let name = name.to_str().ok_or(Errno::INVAL)?;
        self.log
            .push(format!("make {name} {:?} {:o}", new.kind, new.mode));
        Ok(self.thing(name))
    }
}

impl Server for Toy {
    type Node = Rc<Thing>;

    const OPS: Ops = Ops::ALL.without(&[Op::Access, Op::Mmap]);

    fn sync(&mut self, _: &Request<'_>, wait: bool) -> Result {
        self.log.push(format!("sync {wait}"));
        Ok(())
    }

    fn root(&mut self) -> Rc<Thing> {
        self.thing("root")
    }

    fn lookup(
        &mut self,
        req: &Request,
        dir: &Rc<Thing>,
        name: &OsStr,
        _: Intent,
    ) -> Result<Rc<Thing>> {
        self.note("lookup in", dir);
        assert_eq!(req.cred().uid(), Some(1000));
        match name.to_str().ok_or(Errno::INVAL)? {
            "none" => Err(Errno::NOENT),
            "panic" => panic!("lookup was told to"),
            "exit" => {
                assert!(req.handle().unmount());
                Err(Errno::BUSY)
            }
            "open" => {
                self.open = true;
                req.retry();
                Ok(self.thing("open"))
            }
            name => Ok(self.thing(name)),
        }
    }

    fn getattr(&mut self, _: &Request, node: &Rc<Thing>) -> Result<Attr> {
        self.note("getattr", node);
        let kind = match &*node.name {
            "root" | "dir" => FileType::Directory,
            "link" | "long link" => FileType::Symlink,
            _ => FileType::File,
        };
        let mut attr = Attr::new(kind, 0o754, node.number);
        (attr.uid, attr.gid) = (1, 2);
        attr.size = match &*node.name {
            "too large" => u64::MAX,
            "no attributes" => return Err(Errno::XDEV),
            _ => 77,
        };
        Ok(attr)
    }

    fn forget(&mut self, node: &Rc<Thing>) {
        self.note("forget", node);
        assert!(node.name != "panics when forgotten");
    }

    fn create(&mut self, _: &Request, _: &Rc<Thing>, name: &OsStr, new: &New) -> Result<Rc<Thing>> {
        self.made(name, new)
    }

    fn mkdir(&mut self, _: &Request, _: &Rc<Thing>, name: &OsStr, new: &New) -> Result<Rc<Thing>> {
        self.made(name, new)
    }

    fn symlink(
        &mut self,
        _: &Request,
        _: &Rc<Thing>,
        name: &OsStr,
        new: &New,
        target: &OsStr,
    ) -> Result<Rc<Thing>> {
        self.log.push(format!("to {}", target.display()));
        self.made(name, new)
    }

    fn remove(&mut self, req: &Request, _: &Rc<Thing>, node: &Rc<Thing>, name: &OsStr) -> Result {
        assert_eq!(name, OsStr::new(&node.name));
        self.note("remove", node);
        req.let_go();
        Ok(())
    }

    fn rename(
        &mut self,
        _: &Request,
        (from, old): (&Rc<Thing>, &OsStr),
        node: &Rc<Thing>,
        (to, new): (&Rc<Thing>, &OsStr),
        replaced: Option<&Rc<Thing>>,
    ) -> Result {
        let replaced = replaced.map(|thing| &thing.name);
        let (old, new) = (old.display(), new.display());
        self.log.push(format!(
            "rename {}/{old} {} {}/{new} {replaced:?}",
            from.name, node.name, to.name
        ));
        Ok(())
    }

    fn setattr(&mut self, _: &Request, node: &Rc<Thing>, changes: &SetAttr) -> Result {
        self.note("setattr", node);
        self.changes.push(changes.clone());
        Ok(())
    }

    fn read(
        &mut self,
        _: &Request,
        node: &Rc<Thing>,
        at: u64,
        data: &mut [u8],
        io: Io,
    ) -> Result<usize> {
        self.note("read", node);
        assert!(!io.append);
        match &*node.name {
            "more" => Ok(data.len() + 1),
            "panic with text" => panic!("read at {at}"),
            "panic with a number" => std::panic::panic_any(5),
            "panic with an end" => {
                struct Ends;
                impl Drop for Ends {
                    fn drop(&mut self) {
                        panic!("and again");
                    }
                }
                std::panic::panic_any(Ends)
            }
            _ => {
                let len = data.len().min(5);
                data[..len].fill(b'0' + at as u8);
                Ok(len)
            }
        }
    }

    fn write(
        &mut self,
        _: &Request,
        node: &Rc<Thing>,
        at: u64,
        data: &[u8],
        io: Io,
    ) -> Result<usize> {
        self.note("write", node);
        let text = String::from_utf8_lossy(data);
        self.log.push(format!("{text} at {at} {}", io.append));
        Ok(data.len() + usize::from(node.name == "more"))
    }

    fn poll(&mut self, _: &Request, node: &Rc<Thing>, events: i32) -> Result<i32> {
        self.note("poll", node);
        match self.open {
            true => Ok(events & 1),
            false => Err(Errno::LATER),
        }
    }

    fn readdir(
        &mut self,
        _: &Request,
        node: &Rc<Thing>,
        offset: u64,
        list: &mut Listing,
    ) -> Result {
        let wrong = OsStr::new("a/b");
        if node.name == "wrong" {
            assert!(!list.add(wrong, 1, FileType::File, 1));
            return Ok(());
        }
        if !list.add_dots(5, 6) {
            return Ok(());
        }
        for at in offset.max(2)..50 {
            let name = OsString::from(format!("entry {at}"));
            if !list.add(&name, 100 + at, FileType::File, at + 1) {
                break;
            }
        }
        Ok(())
    }

    fn readlink(&mut self, _: &Request, node: &Rc<Thing>) -> Result<OsString> {
        Ok(match &*node.name {
            "long link" => "x".repeat(4096).into(),
            _ => "where/to".into(),
        })
    }

    fn getxattr(
        &mut self,
        _: &Request,
        _: &Rc<Thing>,
        ns: Namespace,
        name: &OsStr,
    ) -> Result<Vec<u8>> {
        match (ns, name.to_str()) {
            (Namespace::User, Some("colour")) => Ok(b"red".to_vec()),
            _ => Err(Errno::NODATA),
        }
    }

    fn setxattr(
        &mut self,
        _: &Request,
        _: &Rc<Thing>,
        _: Namespace,
        name: &OsStr,
        value: &[u8],
    ) -> Result {
        let value = String::from_utf8_lossy(value);
        self.log.push(format!("{}={value}", name.display()));
        Ok(())
    }

    fn listxattr(&mut self, _: &Request, _: &Rc<Thing>, _: Namespace) -> Result<Vec<OsString>> {
        Ok(vec!["colour".into(), "size".into()])
    }

    fn inactive(&mut self, req: &Request, node: &Rc<Thing>) {
        self.note("inactive", node);
        req.let_go();
        let stale = (
            req.names_changed(Some(node)),
            req.contents_changed(node, 1..2),
        );
        assert_eq!(stale, (Ok(()), Ok(())));
        let unknown = Rc::new(());
        assert_eq!(req.write_back(&unknown, ..), Err(Errno::NOENT));
    }
}

/// A toy on a host of scripts.
pub(crate) fn mounted(scripts: &Scripts) -> Mounted<Toy> {
    with(scripts, &Options::new("toy"))
}

pub(crate) fn with(scripts: &Scripts, options: &Options) -> Mounted<Toy> {
    mount_on(scripts, Toy::default(), "/", options).unwrap()
}

/// Runs a script to its end; the toy afterwards and what the host has seen.
pub(crate) fn play(scripts: Scripts) -> (Toy, Rc<Seen>) {
    let mut mounted = mounted(&scripts);
    mounted.run().unwrap();
    assert_eq!(alive(), 0, "things are left");
    (mounted.into_server(), scripts.seen)
}
