//! A running server with its mount point. Dropping it takes both away, whatever state they are in.

use crate::{
    stage::{Build, memfs},
    wait::{LONG, Process, mount_table, mounted, until},
};
use rustix::{
    mount::{UnmountFlags, unmount},
    process::{Pid, Signal, kill_process},
};
use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// No test needs a server for so long. It is killed then, so that whoever waits for an answer gets an
/// error, and the test fails instead of hanging.
const TOO_LONG: Duration = Duration::from_secs(120);

/// A directory with an empty directory `mnt` in it. Goes away, and a mount on it as well.
pub(crate) struct Place {
    dir: Option<TempDir>,
    mnt: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Place {
        let dir = tempfile::Builder::new()
            .prefix("puffs-test-")
            .tempdir()
            .expect("a directory");
        // A server without rights is also started here.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(dir.path(), open).expect("chmod");
        let mnt = dir.path().canonicalize().expect("its path").join("mnt");
        fs::create_dir(&mnt).expect("mkdir");
        Place {
            dir: Some(dir),
            mnt,
        }
    }

    /// The mount point.
    pub(crate) fn mnt(&self) -> &Path {
        &self.mnt
    }

    /// A path beside the mount point, on the host's own file system.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.mnt.with_file_name(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        while mounted(&self.mnt) {
            if unmount(&self.mnt, UnmountFlags::DETACH).is_err() {
                break;
            }
        }
        if mounted(&self.mnt) {
            // Nothing may be removed through a mount that would not go.
            let _ = self.dir.take().map(TempDir::keep);
        }
    }
}

/// A server in the foreground, mounted.
pub(crate) struct Server {
    child: Child,
    process: Process,
    place: Place,
    /// What it shows, when it is nullfs; goes last.
    below: Option<Place>,
}

impl Server {
    /// memfs.
    pub(crate) fn memfs() -> Server {
        Server::with_options(&[])
    }

    /// memfs with more arguments.
    pub(crate) fn with_options(options: &[&str]) -> Server {
        Server::lasting(options, Duration::ZERO)
    }

    /// memfs for a test that takes so much longer than others.
    pub(crate) fn lasting(options: &[&str], more: Duration) -> Server {
        let mut command = Command::new(memfs(Build::Plain));
        command.arg("-s").args(options);
        Server::start_lasting(command, Place::new(), more)
    }

    /// Runs a command with the mount point as its last argument and waits for the mount.
    pub(crate) fn start(command: Command, place: Place) -> Server {
        Server::start_lasting(command, place, Duration::ZERO)
    }

    /// The same for a test that takes so much longer than others.
    pub(crate) fn start_lasting(mut command: Command, place: Place, more: Duration) -> Server {
        let log = File::create(place.beside("log")).expect("a log file");
        let child = command
            .arg(place.mnt())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("dup"))
            .stderr(log)
            .spawn()
            .expect("the server starts");
        let process = Process::open(child.id());
        let watched = Process::open(child.id());
        thread::spawn(move || watched.kill_after(TOO_LONG + more));
        let server = Server {
            child,
            process,
            place,
            below: None,
        };
        assert!(
            mount_table(server.mnt(), true, &server.process, LONG),
            "not mounted: {}",
            server.log()
        );
        server
    }

    /// Keeps the directory that it shows for as long as it is there.
    pub(crate) fn over(mut self, below: Option<Place>) -> Server {
        self.below = below;
        self
    }

    pub(crate) fn mnt(&self) -> &Path {
        self.place.mnt()
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// A path on the mount.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.mnt().join(name)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("kill");
    }

    /// What the server printed.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.place.beside("log")).unwrap_or_default()
    }

    /// Waits for the server's end.
    pub(crate) fn status(&mut self) -> ExitStatus {
        assert!(
            self.process.ended(LONG),
            "the server still runs: {}",
            self.log()
        );
        self.child.wait().expect("wait")
    }

    /// The mount goes, and the server ends with 0. It leaves nothing behind.
    pub(crate) fn ends_cleanly(&mut self) {
        let mnt = self.mnt().to_owned();
        assert!(
            mount_table(&mnt, false, &self.process, LONG),
            "still mounted: {}",
            self.log()
        );
        let status = self.status();
        assert!(
            status.success(),
            "the server ended with {status}: {}",
            self.log()
        );
        assert_eq!(running(&mnt), Vec::<u32>::new(), "processes are left");
        assert_eq!(fs::read_dir(&mnt).expect("the mount point").count(), 0);
    }

    /// Unmounts as umount(8) does, and expects a clean end.
    pub(crate) fn unmount(&mut self) {
        umount(self.mnt());
        self.ends_cleanly();
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        assert_eq!(self.status().signal(), Some(Signal::KILL.as_raw()));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = unmount(self.place.mnt(), UnmountFlags::DETACH);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Unmounts as umount(8) does. Whoever looks over all mounts, as df does, makes one busy for a moment, so a
/// busy one is tried again.
#[track_caller]
pub(crate) fn umount(mnt: &Path) {
    let mut last = Ok(());
    let done = until(LONG, || {
        last = unmount(mnt, UnmountFlags::empty());
        last != Err(rustix::io::Errno::BUSY)
    });
    assert!(done && last.is_ok(), "umount: {last:?}");
    assert!(!mounted(mnt));
}

/// Runs a command to its end, which must come.
pub(crate) fn finish(command: &mut Command) -> Output {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let ended = Process::open(child.id()).ended(LONG);
    if !ended {
        let _ = kill_process(Pid::from_child(&child), Signal::KILL);
    }
    let output = child.wait_with_output().expect("wait");
    assert!(
        ended,
        "still ran: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Processes with this path among their arguments.
pub(crate) fn running(path: &Path) -> Vec<u32> {
    let path = path.as_os_str().as_encoded_bytes();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if arguments
            .split(|byte| *byte == 0)
            .any(|argument| argument == path)
        {
            found.push(pid);
        }
    }
    found
}

/// The errno of a call that has to fail.
#[track_caller]
pub(crate) fn errno<T>(result: std::io::Result<T>) -> i32 {
    match result {
        Ok(_) => panic!("this should have failed"),
        Err(error) => error.raw_os_error().expect("an errno"),
    }
}
