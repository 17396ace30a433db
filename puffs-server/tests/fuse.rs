//! Servers on real mounts through `/dev/fuse`, in this process: panics under load, stopping from other threads, waiting. They
//! need root and `/dev/fuse`: `make fuse-test`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use puffs_fuse::FuseHost;
use puffs_server::{
    Attr, Errno, FileType, Handle, Intent, Io, Listing, Namespace, New, Op, OpenFlags, Opened, Ops,
    Options, Request, Result, Server, SetAttr, mount_on,
};

/// A flat directory of small files. Some names are traps: what begins with `panic` panics at every third operation or so.
#[derive(Default)]
struct Flat {
    files: BTreeMap<u64, File1>,
    last: u64,
    calls: u64,
}

#[derive(Clone)]
struct File1 {
    name: OsString,
    text: Vec<u8>,
}

const ROOT: u64 = 1;
/// Forgets so far, of all servers.
static FORGOTTEN: AtomicU64 = AtomicU64::new(0);

impl Flat {
    fn trap(&mut self, name: &OsStr) {
        self.calls += 1;
        let trapped = name.as_encoded_bytes().starts_with(b"panic");
        assert!(!trapped || !self.calls.is_multiple_of(3), "trapped");
    }

    fn file(&mut self, node: u64) -> Result<&mut File1> {
        let file = self.files.get(&node).ok_or(Errno::ISDIR)?;
        self.trap(&file.name.clone());
        self.files.get_mut(&node).ok_or(Errno::STALE)
    }
}

impl Server for Flat {
    type Node = u64;
    const OPS: Ops = Ops::of(&[
        Op::Create,
        Op::Remove,
        Op::Read,
        Op::Write,
        Op::Readdir,
        Op::Open,
    ])
    .with(&[Op::Setattr, Op::Poll, Op::Getxattr, Op::Listxattr]);

    fn root(&mut self) -> u64 {
        self.last = ROOT;
        ROOT
    }

    fn forget(&mut self, _: &u64) {
        FORGOTTEN.fetch_add(1, Ordering::Relaxed);
    }

    fn lookup(&mut self, req: &Request, _: &u64, name: &OsStr, _: Intent) -> Result<u64> {
        self.trap(name);
        if name == "stop" {
            req.handle().unmount();
        }
        let found = self.files.iter().find(|(_, file)| file.name == name);
        found.map(|(node, _)| *node).ok_or(Errno::NOENT)
    }

    fn getattr(&mut self, _: &Request, node: &u64) -> Result<Attr> {
        if *node == ROOT {
            return Ok(Attr::new(FileType::Directory, 0o777, ROOT));
        }
        let size = self.file(*node)?.text.len() as u64;
        Ok(Attr {
            size,
            ..Attr::new(FileType::File, 0o666, *node)
        })
    }

    fn create(&mut self, _: &Request, _: &u64, name: &OsStr, _: &New) -> Result<u64> {
        self.trap(name);
        self.last += 1;
        let file = File1 {
            name: name.to_owned(),
            text: Vec::new(),
        };
        self.files.insert(self.last, file);
        Ok(self.last)
    }

    fn remove(&mut self, req: &Request, _: &u64, node: &u64, name: &OsStr) -> Result {
        self.trap(name);
        // Enough for these tests: nobody holds one open.
        self.files.remove(node).ok_or(Errno::NOENT)?;
        req.let_go();
        Ok(())
    }

    fn setattr(&mut self, _: &Request, node: &u64, changes: &SetAttr) -> Result {
        if let Some(size) = changes.size {
            self.file(*node)?.text.resize(size as usize, 0);
        }
        Ok(())
    }

    fn open(&mut self, _: &Request, _: &u64, _: OpenFlags) -> Result<Opened> {
        Ok(Opened { direct: true })
    }

    fn read(&mut self, _: &Request, node: &u64, at: u64, data: &mut [u8], _: Io) -> Result<usize> {
        let text = &self.file(*node)?.text;
        let rest = &text[text.len().min(at as usize)..];
        let len = rest.len().min(data.len());
        data[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn write(&mut self, req: &Request, node: &u64, at: u64, data: &[u8], _: Io) -> Result<usize> {
        let text = &mut self.file(*node)?.text;
        text.truncate(at as usize);
        text.extend_from_slice(data);
        req.retry();
        Ok(data.len())
    }

    /// A file is ready to be read when something is in it.
    fn poll(&mut self, _: &Request, node: &u64, events: i32) -> Result<i32> {
        match self.file(*node)?.text.is_empty() {
            true => Err(Errno::LATER),
            false => Ok(events & i32::from(libc::POLLIN)),
        }
    }

    fn readdir(&mut self, _: &Request, _: &u64, at: u64, list: &mut Listing) -> Result {
        for (node, file) in self.files.range(at..) {
            if !list.add(&file.name, *node, FileType::File, node + 1) {
                break;
            }
        }
        Ok(())
    }

    fn getxattr(&mut self, _: &Request, _: &u64, ns: Namespace, name: &OsStr) -> Result<Vec<u8>> {
        match ns == Namespace::User && name == "colour" {
            true => Ok(b"red".to_vec()),
            false => Err(Errno::NODATA),
        }
    }

    fn listxattr(&mut self, _: &Request, _: &u64, ns: Namespace) -> Result<Vec<OsString>> {
        Ok(match ns {
            Namespace::User => vec!["colour".into()],
            Namespace::System => vec![],
        })
    }
}

/// How the loop ended, how many operations have panicked, and the server.
type Ended = (io::Result<()>, u64, Flat);

/// A mounted server with a thread of its own. One at a time: a child that is forked meanwhile would hold its files open.
struct Rig {
    dir: PathBuf,
    handle: Handle,
    thread: Option<JoinHandle<Ended>>,
    _alone: MutexGuard<'static, ()>,
}

impl Rig {
    fn new(options: Options) -> Rig {
        static ALONE: Mutex<()> = Mutex::new(());
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("puffs-server-{}-{n}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        let (tell, told) = mpsc::channel();
        let on = dir.clone();
        let thread = thread::spawn(move || {
            // The server never leaves this thread until it is over.
            let mounted = mount_on(&FuseHost, Flat::default(), &on, &options);
            let mut mounted = mounted.expect("these tests mount: they need root and /dev/fuse");
            tell.send(mounted.handle()).unwrap();
            let result = mounted.run();
            (result, mounted.panics(), mounted.into_server())
        });
        Rig {
            dir,
            handle: told.recv().unwrap(),
            thread: Some(thread),
            _alone: alone,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn ended(mut self) -> Ended {
        let ended = self.thread.take().unwrap().join().unwrap();
        assert!(!is_mounted(&self.dir));
        ended
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.handle.unmount();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = fs::remove_dir(&self.dir);
    }
}

fn is_mounted(dir: &Path) -> bool {
    let here = fs::metadata(dir).unwrap().dev();
    here != fs::metadata(dir.parent().unwrap()).unwrap().dev()
}

fn umount(dir: &Path) {
    let status = std::process::Command::new("umount").arg(dir).status();
    assert!(status.unwrap().success());
}

#[test]
#[ignore = "mounts"]
fn panics_under_load_are_errors_of_their_callers() {
    let rig = Rig::new(Options::new("flat").uncached_names().uncached_attributes());
    let path = |thread: u32, name: &str| rig.path(&format!("{name} {thread}"));
    thread::scope(|scope| {
        for n in 0..4 {
            let (good, bad) = (path(n, "good"), path(n, "panic"));
            scope.spawn(move || {
                let mut errors = 0;
                for round in 0..250 {
                    // Next to those that panic, all is well.
                    let text = format!("text {round}");
                    fs::write(&good, &text).unwrap();
                    assert_eq!(fs::read_to_string(&good).unwrap(), text);
                    fs::remove_file(&good).unwrap();
                    let results = [
                        fs::write(&bad, &text),
                        fs::read(&bad).map(drop),
                        fs::remove_file(&bad),
                    ];
                    for error in results.into_iter().filter_map(io::Result::err) {
                        let known = [libc::EIO, libc::ENOENT];
                        assert!(known.contains(&error.raw_os_error().unwrap()), "{error}");
                        errors += 1;
                    }
                }
                assert!(errors > 0);
            });
        }
    });
    umount(&rig.dir);
    let (result, panics, server) = rig.ended();
    assert!(result.is_ok() && panics > 100, "{panics} panics");
    assert!(
        server
            .files
            .values()
            .all(|file| file.name.as_encoded_bytes().starts_with(b"panic"))
    );
}

#[test]
#[ignore = "mounts"]
fn a_server_may_end_at_its_first_panic() {
    let rig = Rig::new(Options::new("flat").uncached_names().end_on_panic());
    fs::write(rig.path("good"), "x").unwrap();
    while fs::metadata(rig.path("panic")).is_err_and(|e| e.raw_os_error() == Some(libc::ENOENT)) {}
    let (result, panics, _) = rig.ended();
    assert!(result.is_err() && panics >= 1);
}

#[test]
#[ignore = "mounts"]
fn another_thread_stops_it_while_files_are_open() {
    for _ in 0..5 {
        let rig = Rig::new(Options::new("flat"));
        let mut file = File::create(rig.path("file")).unwrap();
        file.write_all(b"text").unwrap();
        let before = FORGOTTEN.load(Ordering::Relaxed);
        assert!(rig.handle.unmount());
        let handle = rig.handle.clone();
        let (result, _, server) = rig.ended();
        assert!(result.is_ok() && !handle.unmount());
        assert_eq!(server.files.len(), 1);
        let forgotten = FORGOTTEN.load(Ordering::Relaxed) - before;
        assert_eq!(forgotten, 2, "the file and the root, each once");
        assert!(file.write_all(b"more").is_err());
    }
}

#[test]
#[ignore = "mounts"]
fn an_operation_stops_it() {
    let rig = Rig::new(Options::new("flat"));
    assert!(fs::metadata(rig.path("stop")).is_err());
    assert!(rig.ended().0.is_ok());
}

#[test]
#[ignore = "mounts"]
fn a_signal_stops_it_while_callers_work() {
    let rig = Rig::new(Options::new("flat").unmount_on(&[libc::SIGUSR1]));
    let mut file = File::create(rig.path("file")).unwrap();
    let (worked, works) = mpsc::channel();
    let caller = thread::spawn(move || {
        while file.write_all(b"x").is_ok() {
            // Whoever listens has heard enough after the first.
            let _ = worked.send(());
        }
    });
    works.recv().unwrap();
    // SAFETY: the handler is the library's, and does nothing but unmount.
    assert_eq!(unsafe { libc::kill(libc::getpid(), libc::SIGUSR1) }, 0);
    assert!(rig.ended().0.is_ok());
    caller.join().unwrap();
}

#[test]
#[ignore = "mounts"]
fn what_waits_is_called_again() {
    let rig = Rig::new(Options::new("flat"));
    let file = File::create(rig.path("file")).unwrap();
    let mut reader = File::open(rig.path("file")).unwrap();
    let (begin, begun) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let mut poll = libc::pollfd {
            fd: reader.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        begin.send(()).unwrap();
        // SAFETY: one structure, valid for the call.
        assert_eq!(unsafe { libc::poll(&raw mut poll, 1, 30_000) }, 1);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        (poll.revents, text)
    });
    begun.recv().unwrap();
    // Others are served meanwhile, whether it waits already or not.
    fs::write(rig.path("other"), "x").unwrap();
    (&file).write_all(b"there").unwrap();
    assert_eq!(waiting.join().unwrap(), (libc::POLLIN, "there".to_owned()));
    drop(file);
    umount(&rig.dir);
    assert!(rig.ended().0.is_ok());
}

#[test]
#[ignore = "mounts"]
fn the_end_does_not_wait_for_those_that_do() {
    let rig = Rig::new(Options::new("flat"));
    let file = File::create(rig.path("empty")).unwrap();
    let mut poll = libc::pollfd {
        fd: file.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one structure, valid for the call.
    assert_eq!(unsafe { libc::poll(&raw mut poll, 1, 0) }, 0);
    assert!(rig.handle.unmount());
    assert!(rig.ended().0.is_ok());
}

#[test]
#[ignore = "mounts"]
fn extended_attributes_have_their_prefix() {
    let rig = Rig::new(Options::new("flat"));
    fs::write(rig.path("file"), "x").unwrap();
    let path = std::ffi::CString::new(rig.path("file").into_os_string().into_encoded_bytes());
    let path = path.unwrap();
    let mut room = [0_u8; 64];
    // SAFETY: C strings, and room for as many bytes as said.
    let (value, names) = unsafe {
        let name = c"user.colour".as_ptr();
        let value = libc::getxattr(path.as_ptr(), name, room.as_mut_ptr().cast(), 64);
        (
            value,
            libc::listxattr(path.as_ptr(), room.as_mut_ptr().cast(), 64),
        )
    };
    assert_eq!((value, &room[..names as usize]), (3, &b"user.colour\0"[..]));
}

#[test]
#[ignore = "mounts"]
fn one_that_is_dropped_is_unmounted() {
    let dir = std::env::temp_dir().join(format!("puffs-server-{}-dropped", std::process::id()));
    fs::create_dir(&dir).unwrap();
    let mounted = mount_on(&FuseHost, Flat::default(), &dir, &Options::new("flat")).unwrap();
    drop(mounted);
    assert!(!is_mounted(&dir));
    fs::remove_dir(&dir).unwrap();
}
