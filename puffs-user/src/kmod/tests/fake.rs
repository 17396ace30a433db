//! A kernel in this process: the device of `puffs-dev`, with ioctl numbers unpacked as Linux does, and a mount that takes the
//! options that Linux's would. What is "mounted" is `/proc`, which really is in the table of mounts.

use std::collections::HashMap;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use core::ffi::c_void;

use puffs_core::errno::Errno;
use puffs_core::msg::OpSet;
use puffs_core::msg::wire::Stale;
use puffs_core::platform::{Hosted, Platform, Wait};
use puffs_core::{Answer, Config, Cookie, Late, Mount, MountHost, Outgoing, Ref, ReqId, UserAddr};
use puffs_dev::{Command, Instance, Lwp, Registry};
use puffs_vfs::{Broken, Caller, life, who};

use crate::kmod::device::{Device, call};
use crate::kmod::system::{Plan, System};
use crate::mounting::Undo;

/// Where the fake mounts.
pub(super) const DIR: &CStr = c"/proc";

/// What to do instead of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The call with this number fails; 0: it does not.
    Call(libc::Ioctl, i32),
}

/// The kernel.
pub(super) struct Fake {
    registry: Registry<Hosted>,
    instances: Mutex<HashMap<RawFd, Ref<Instance<Hosted>, Hosted>>>,
    /// The options of the last mount.
    pub(super) options: Mutex<HashMap<String, String>>,
    /// Types that mount(2) was asked for.
    pub(super) fstypes: Mutex<Vec<Vec<u8>>>,
    pub(super) kernel: Mutex<Option<Kernel>>,
    pub(super) mounted: AtomicBool,
    /// What open(2) and mount(2) say.
    pub(super) open: Mutex<Result<(), i32>>,
    pub(super) mount: Mutex<Vec<i32>>,
    /// The mount is not in the table.
    pub(super) hidden: AtomicBool,
    /// Somebody uses the file system.
    pub(super) in_use: AtomicBool,
    /// The next calls fail; the first one last.
    pub(super) faults: Mutex<Vec<Fault>>,
    /// Wake-ups of a device that is closed, whose number may be another's.
    pub(super) strays: AtomicUsize,
    /// Calls of the device, by number.
    pub(super) calls: Mutex<HashMap<libc::Ioctl, usize>>,
    /// A longer message than the server was told of may come.
    pub(super) extra: AtomicUsize,
    /// Answers whose callers had left.
    pub(super) late: Arc<AtomicUsize>,
    /// What the server called stale.
    pub(super) stale: Arc<Mutex<Vec<Stale>>>,
}

/// The kernel's end of a mount.
#[derive(Clone)]
pub(super) struct Kernel {
    pub(super) mount: Ref<Mount<Hosted>, Hosted>,
    pub(super) root: Cookie,
    pub(super) ops: OpSet,
    pub(super) max: usize,
    /// The id of the next request, for [`Mount::interrupt`].
    pub(super) id: Option<ReqId>,
}

struct Owner {
    late: Arc<AtomicUsize>,
    stale: Arc<Mutex<Vec<Stale>>>,
}

impl MountHost<Hosted> for Owner {
    fn unmount(&self, _: &Ref<Mount<Hosted>, Hosted>) {}

    fn late(&self, _: Late<Hosted>) {
        self.late.fetch_add(1, SeqCst);
    }

    fn stale(&self, stale: &Stale) -> Result<(), Errno> {
        self.stale.lock().unwrap().push(*stale);
        match stale.cookie {
            404 => Err(Errno::NoEnt),
            _ => Ok(()),
        }
    }
}

struct Open {
    fake: Arc<Fake>,
    instance: Ref<Instance<Hosted>, Hosted>,
    fd: OwnedFd,
    closed: AtomicBool,
}

impl Fake {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Fake {
            registry: Registry::new().unwrap(),
            instances: Mutex::default(),
            options: Mutex::default(),
            fstypes: Mutex::default(),
            kernel: Mutex::default(),
            mounted: AtomicBool::new(false),
            open: Mutex::new(Ok(())),
            mount: Mutex::default(),
            hidden: AtomicBool::new(false),
            in_use: AtomicBool::new(false),
            faults: Mutex::default(),
            strays: AtomicUsize::new(0),
            calls: Mutex::default(),
            extra: AtomicUsize::new(0),
            late: Arc::default(),
            stale: Arc::default(),
        })
    }

    /// How many devices are open.
    pub(super) fn open_count(&self) -> usize {
        self.registry.open_count()
    }

    /// How often the device was called, by number.
    pub(super) fn count(&self, number: libc::Ioctl) -> usize {
        self.calls
            .lock()
            .unwrap()
            .get(&number)
            .copied()
            .unwrap_or(0)
    }

    /// The mount is gone, whoever uses it.
    pub(super) fn nuke(&self) {
        if let Some(kernel) = &*self.kernel.lock().unwrap() {
            self.registry.nuke(&kernel.mount);
        }
    }

    /// The last user is gone: what the kernel then does.
    pub(super) fn kill_sb(&self, flags: u32) -> Result<(), puffs_vfs::Failed> {
        let kernel = self.kernel.lock().unwrap().clone().unwrap();
        let _ = life::sync(&kernel, &who::fs(), life::MNT_WAIT);
        let answer = life::unmount(&kernel, &who::kernel(), flags);
        if answer.is_ok() || flags & life::MNT_FORCE != 0 {
            self.registry.nuke(&kernel.mount);
        }
        answer
    }

    fn take_fault(&self, number: libc::Ioctl) -> Option<i32> {
        let mut faults = self.faults.lock().unwrap();
        match faults.last() {
            Some(Fault::Call(at, errno)) if *at == number => {
                let errno = *errno;
                faults.pop();
                Some(errno)
            }
            _ => None,
        }
    }
}

/// Handles to the kernel are its users.
pub(super) struct OnFake(pub(super) Arc<Fake>);

impl System for OnFake {
    fn open(&self) -> Result<Box<dyn Device>, i32> {
        let fake = &self.0;
        fake.open.lock().unwrap().to_owned()?;
        let instance = fake.registry.open(&Lwp::default()).map_err(Hosted::errno)?;
        let fd = instance.pollfd().map_err(Hosted::errno)?;
        let mut instances = fake.instances.lock().unwrap();
        instances.insert(fd.as_raw_fd(), instance.clone());
        Ok(Box::new(Open {
            fake: fake.clone(),
            instance,
            fd,
            closed: AtomicBool::new(false),
        }))
    }

    fn mount(&self, plan: &Plan<'_>, fstype: &CStr) -> Result<(), i32> {
        let fake = &self.0;
        fake.fstypes
            .lock()
            .unwrap()
            .push(fstype.to_bytes().to_vec());
        if let Some(errno) = fake.mount.lock().unwrap().pop() {
            return Err(errno);
        }
        let options: HashMap<String, String> = plan
            .options
            .to_str()
            .unwrap()
            .split(',')
            .map(|option| option.split_once('=').unwrap_or((option, "")))
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let dec = |name: &str| options[name].parse::<u64>().unwrap();
        let hex = |name: &str| {
            let digits = options[name].strip_prefix("0x").unwrap();
            u64::from_str_radix(digits, 16).unwrap()
        };
        let max = dec("maxlen") as usize + fake.extra.load(SeqCst);
        let config = Config {
            max_len: max,
            ..Config::default()
        };
        let owner = Box::new(Owner {
            late: fake.late.clone(),
            stale: fake.stale.clone(),
        });
        let mount = Mount::new(config, Some(owner)).map_err(Hosted::errno)?;
        let fd = dec("fd") as RawFd;
        let instance = fake.instances.lock().unwrap()[&fd].clone();
        let bound = fake.registry.bind(&instance, &mount);
        bound.map_err(Hosted::errno)?;
        *fake.kernel.lock().unwrap() = Some(Kernel {
            mount,
            root: Cookie(hex("root") as usize),
            ops: OpSet::of_bits(hex("ops")),
            max,
            id: None,
        });
        *fake.options.lock().unwrap() = options;
        fake.mounted.store(true, SeqCst);
        Ok(())
    }

    fn undo(&self) -> Undo {
        let fake = self.0.clone();
        Arc::new(move |dir: &CStr, lazily| {
            assert_eq!(dir, DIR);
            if !fake.mounted.load(SeqCst) {
                return Ok(());
            }
            let in_use = fake.in_use.load(SeqCst);
            if in_use && !lazily {
                return Err(std::io::Error::from_raw_os_error(libc::EBUSY));
            }
            fake.mounted.store(false, SeqCst);
            if !in_use {
                let _ = fake.kill_sb(life::MNT_FORCE);
            }
            Ok(())
        })
    }

    fn kind(&self) -> &'static str {
        let fake = &self.0;
        match fake.mounted.load(SeqCst) && !fake.hidden.load(SeqCst) {
            true => "proc",
            false => "puffs",
        }
    }
}

impl Device for Open {
    fn fd(&self) -> RawFd {
        match self.closed.load(SeqCst) {
            true => -1,
            false => self.fd.as_raw_fd(),
        }
    }

    fn call(&self, number: libc::Ioctl, arg: *mut c_void) -> Result<(), i32> {
        if self.closed.load(SeqCst) {
            self.fake
                .strays
                .fetch_add(usize::from(number == call::WAKE), SeqCst);
            return Err(libc::EBADF);
        }
        *self.fake.calls.lock().unwrap().entry(number).or_default() += 1;
        match self.fake.take_fault(number) {
            None | Some(0) => {}
            Some(errno) => return Err(errno),
        }
        let command = unpack(number).ok_or(libc::ENOTTY)?;
        let arg = UserAddr(arg.expose_provenance());
        self.instance.ioctl(command, arg).map_err(Hosted::errno)
    }

    fn close(&self) {
        if !self.closed.swap(true, SeqCst) {
            let fd = self.fd.as_raw_fd();
            self.fake.instances.lock().unwrap().remove(&fd);
            self.fake.registry.close(&self.instance);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.close();
    }
}

/// A number as most Linux machines pack it: read and written or nothing to copy, size, group, number.
fn unpack(number: libc::Ioctl) -> Option<Command> {
    matches!(number >> 30, 0 | 3).then_some(Command {
        group: (number >> 8) as u8,
        number: number as u8,
        size: (number >> 16 & 0x3fff) as usize,
    })
}

impl Kernel {
    /// Waits until so many requests are in the queue.
    pub(super) fn waiting(&self, requests: usize) {
        while self.mount.readiness().requests < requests {
            std::thread::yield_now();
        }
    }
}

impl Caller<Hosted> for Kernel {
    fn call(&self, out: Outgoing<Hosted>) -> Result<Answer<Hosted>, Errno> {
        self.mount.call_as(out, self.id, &Wait::FOREVER)
    }

    fn send(&self, out: Outgoing<Hosted>) -> Result<(), Errno> {
        self.mount.send(out)
    }

    fn broken(&self, broken: Broken, cookie: Cookie) {
        if let Ok(notice) = broken.notice(cookie, libc::EPROTO) {
            let _ = self.send(notice);
        }
    }

    fn root(&self) -> Cookie {
        self.root
    }

    fn ops(&self) -> OpSet {
        self.ops
    }

    fn max(&self) -> usize {
        self.max
    }
}

#[test]
fn the_numbers_are_those_of_the_header() {
    let calls = [
        call::GETOP,
        call::PUTOP,
        call::STARTOP,
        call::BATCH,
        call::WAKE,
    ];
    let mut numbers = calls.map(unpack);
    let commands = [
        Command::GETOP,
        Command::PUTOP,
        Command::STARTOP,
        Command::BATCH,
        Command::WAKE,
    ];
    for (number, command) in numbers.iter_mut().zip(commands) {
        assert_eq!(number.take(), Some(command));
    }
    let source = "#include <puffs_msgif.h>\n#include <stdio.h>\nint main(void) { printf(\"%lu %lu %lu %lu %lu\", \
        (unsigned long)PUFFSGETOP, (unsigned long)PUFFSPUTOP, (unsigned long)PUFFSSTARTOP, (unsigned long)PUFFSBATCH, \
        (unsigned long)PUFFSWAKE); }";
    let program = std::env::temp_dir().join(format!("puffs-numbers-{}", std::process::id()));
    let include = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/../include");
    let mut cc = std::process::Command::new("cc")
        .args([include, "-xc", "-", "-o"])
        .arg(&program)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .expect("these tests need a C compiler");
    std::io::Write::write_all(&mut cc.stdin.take().unwrap(), source.as_bytes()).unwrap();
    assert!(cc.wait().unwrap().success());
    let printed = std::process::Command::new(&program)
        .output()
        .unwrap()
        .stdout;
    std::fs::remove_file(&program).unwrap();
    let ours = calls.map(|call| call.to_string()).join(" ");
    assert_eq!(String::from_utf8(printed).unwrap(), ours);
}
