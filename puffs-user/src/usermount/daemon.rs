//! `puffs_daemon` and `puffs_cancel`: a server in the background whose parent waits for the mount.
//!
//! Parent and child share a socket pair. The child sends one message when the mount is made or has failed: an
//! `int`, 0 or an errno value, and words for the user, if there are any. A child that dies before sends nothing. It is
//! a socket so that a parent that was killed does not kill the child by SIGPIPE.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::{State, Usermount};
use crate::{say, sys};

/// Most bytes of words that the parent is told.
const WORDS: usize = 8192;

impl Usermount {
    /// Goes into the background: returns in the child only. The parent waits for the mount and exits with 0, or with 1
    /// and a message. The child has its own session, `/` as working directory unless `keep_dir`, and nothing
    /// on the three standard descriptors unless `keep_stdio`.
    ///
    /// # Errors
    /// An errno value when there is no child, or when it is too late.
    pub fn daemon(&self, keep_dir: bool, keep_stdio: bool) -> Result<(), i32> {
        if self.state() != State::BeforeMount {
            return Err(libc::EINVAL);
        }
        let (ours, childs) = pair()?;
        // SAFETY: flushes the server's own C streams, so that parent and child do not both write what is in them.
        unsafe { libc::fflush(std::ptr::null_mut()) };
        // SAFETY: no thread of ours exists before the mount; what the server has beside this one is its own care.
        if sys::check(unsafe { libc::fork() })? != 0 {
            drop(childs);
            wait_for_child(&ours);
        }
        drop(ours);
        // SAFETY: takes no argument; a fresh child is no group leader, so it succeeds.
        unsafe { libc::setsid() };
        let ready = settle(keep_dir, keep_stdio);
        self.daemon.set(Some(childs));
        if let Err(errno) = ready {
            self.tell_parent(errno, "");
        }
        ready
    }

    /// Lets a parent that waits go: with 0, or with the errno value of a failure and what is to be said of it. False:
    /// there is no parent.
    pub(super) fn tell_parent(&self, errno: i32, words: &str) -> bool {
        let Some(socket) = self.daemon.take() else {
            return false;
        };
        let mut message = errno.to_ne_bytes().to_vec();
        message.extend_from_slice(&words.as_bytes()[..words.len().min(WORDS)]);
        // SAFETY: the bytes are there. A parent that is gone needs no answer.
        unsafe {
            libc::send(
                socket.as_raw_fd(),
                message.as_ptr().cast(),
                message.len(),
                libc::MSG_NOSIGNAL,
            )
        };
        true
    }

    /// `puffs_cancel`: the context ends here. A parent that still waits for a mount learns why there is none.
    pub fn cancel(self: Box<Self>, errno: i32) {
        self.tell_parent(errno, "");
    }
}

fn pair() -> Result<(OwnedFd, OwnedFd), i32> {
    let mut fds = [0; 2];
    // SAFETY: room for two descriptors.
    sys::check(unsafe {
        libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC,
            0,
            fds.as_mut_ptr(),
        )
    })?;
    // SAFETY: the call has just made both, and nobody else knows them.
    Ok(unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) })
}

fn wait_for_child(socket: &OwnedFd) -> ! {
    let mut message = [0_u8; size_of::<i32>() + WORDS];
    let got = loop {
        // SAFETY: room for so many bytes.
        let got = unsafe {
            libc::read(
                socket.as_raw_fd(),
                message.as_mut_ptr().cast(),
                message.len(),
            )
        };
        if got != -1 || sys::errno() != libc::EINTR {
            break got;
        }
    };
    let message = &message[..usize::try_from(got).unwrap_or(0)];
    let status = match message
        .split_first_chunk()
        .map(|(errno, words)| (i32::from_ne_bytes(*errno), words))
    {
        Some((0, _)) => 0,
        Some((errno, b"")) => {
            say::warn(format_args!("{}", say::errno(errno)));
            1
        }
        Some((_, words)) => {
            say::warn(format_args!("{}", String::from_utf8_lossy(words)));
            1
        }
        None => {
            say::warn(format_args!("the server ended before it was mounted"));
            1
        }
    };
    // SAFETY: ends the process as the server's own exit would.
    unsafe { libc::exit(status) }
}

fn settle(keep_dir: bool, keep_stdio: bool) -> Result<(), i32> {
    if !keep_dir {
        // SAFETY: a C string.
        sys::check(unsafe { libc::chdir(c"/".as_ptr()) })?;
    }
    if !keep_stdio {
        // SAFETY: a C string and a number.
        let null = sys::check(unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) })?;
        for fd in 0..3 {
            // SAFETY: takes numbers; replacing the standard descriptors is what is asked for.
            sys::check(unsafe { libc::dup2(null, fd) })?;
        }
        if null > 2 {
            // SAFETY: ours alone.
            unsafe { libc::close(null) };
        }
    }
    Ok(())
}
