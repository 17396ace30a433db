//! Notices to the kernel: what it is to forget of names, attributes and pages.
//!
//! The kernel takes the locks of the directory or file for some of them, and whoever holds those may be waiting for a
//! reply of ours. So they are written by a thread of their own, made when the first one is to be sent.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};

use puffs_user::mounting::without_signals;
use puffs_vfs::nodes::NodeId;
use zerocopy::IntoBytes;

use crate::proto::wire::{NotifyInvalInodeOut, NotifyPruneOut, notify};
use crate::traffic::Traffic;

/// Notices that may wait.
const WAITING: usize = 1024;

/// Something that the kernel is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Pages of a file are stale, from an offset for a length (0: to the end); its attributes are too.
    Pages(NodeId, u64, u64),
    /// Nobody needs the node any more: it is to be forgotten if it is not in use.
    Prune(NodeId),
}

/// Writes notices, in order.
pub(crate) struct Notifier {
    traffic: Arc<Traffic>,
    thread: RefCell<Option<(SyncSender<Notice>, JoinHandle<()>)>>,
}

impl Notifier {
    pub(crate) fn new(traffic: Arc<Traffic>) -> Self {
        Notifier {
            traffic,
            thread: RefCell::default(),
        }
    }

    /// Has a notice written soon.
    ///
    /// # Errors
    /// `EAGAIN` when too many wait; that of the thread that could not be made.
    pub(crate) fn send(&self, notice: Notice) -> Result<(), i32> {
        let mut thread = self.thread.borrow_mut();
        if thread.is_none() {
            let (sender, receiver) = mpsc::sync_channel(WAITING);
            let traffic = Arc::clone(&self.traffic);
            let handle = without_signals(|| {
                thread::Builder::new()
                    .name("puffs-notifier".into())
                    .spawn(move || {
                        for notice in receiver {
                            write(&traffic, notice);
                        }
                    })
            })
            .map_err(|error| error.raw_os_error().unwrap_or(libc::EAGAIN))?;
            *thread = Some((sender, handle));
        }
        match thread.as_ref().map(|(sender, _)| sender.try_send(notice)) {
            Some(Err(TrySendError::Full(_))) => Err(libc::EAGAIN),
            _ => Ok(()),
        }
    }

    /// Ends the thread. What it waits for may be a reply that nobody will give any more, so `meanwhile` is called until it has ended.
    pub(crate) fn end(&self, mut meanwhile: impl FnMut()) {
        if let Some((sender, handle)) = self.thread.take() {
            drop(sender);
            while !handle.is_finished() {
                meanwhile();
            }
            let _ = handle.join();
        }
    }
}

fn write(traffic: &Traffic, notice: Notice) {
    match notice {
        Notice::Pages(node, offset, len) => {
            let out = NotifyInvalInodeOut {
                ino: node.0,
                off: i64::try_from(offset).unwrap_or(i64::MAX),
                len: i64::try_from(len).unwrap_or(i64::MAX),
            };
            report(
                "pages",
                traffic.notify(notify::INVAL_INODE, &[out.as_bytes()]),
            );
        }
        Notice::Prune(node) => {
            let out = NotifyPruneOut {
                count: 1,
                ..NotifyPruneOut::default()
            };
            let parts = [out.as_bytes(), node.0.as_bytes()];
            report("prune", traffic.notify(notify::PRUNE, &parts));
        }
    }
}

/// Whatever the kernel does not know, or does not understand in its version, it need not be told.
fn report(what: &str, told: io::Result<()>) {
    let expected = [
        libc::ENOENT,
        libc::EINVAL,
        libc::ENODEV,
        libc::ENOTCONN,
        libc::ENOTDIR,
    ];
    if let Err(error) = told
        && !error
            .raw_os_error()
            .is_some_and(|code| expected.contains(&code))
    {
        eprintln!("puffs: notice to the kernel ({what}): {error}");
    }
}
