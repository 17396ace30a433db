//! `puffs_daemon` and `puffs_cancel`: a server in the background whose parent waits for the mount.
//!
//! Parent and child share a socket pair. The child sends one `int`, 0 or an errno value, when the mount is made
//! or has failed; a child that dies before sends nothing. It is a socket so that a parent that was killed
//! does not kill the child by SIGPIPE.

use std::io::Error;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::{State, Usermount};
use crate::{say, sys};

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
            self.tell_parent(errno);
        }
        ready
    }

    /// Lets a parent that waits go: with 0, or with the errno value of a failure.
    pub(super) fn tell_parent(&self, errno: i32) {
        let Some(socket) = self.daemon.take() else {
            return;
        };
        // SAFETY: the four bytes are there. A parent that is gone needs no answer.
        unsafe {
            libc::send(
                socket.as_raw_fd(),
                (&raw const errno).cast(),
                size_of::<i32>(),
                libc::MSG_NOSIGNAL,
            )
        };
    }

    /// `puffs_cancel`: the context ends here. A parent that still waits for a mount learns why there is none.
    pub fn cancel(self: Box<Self>, errno: i32) {
        self.tell_parent(errno);
    }
}

fn pair() -> Result<(OwnedFd, OwnedFd), i32> {
    let mut fds = [0; 2];
    // SAFETY: room for two descriptors.
    sys::check(unsafe {
        libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_STREAM | libc::SOCK_CLOEXEC,
            0,
            fds.as_mut_ptr(),
        )
    })?;
    // SAFETY: the call has just made both, and nobody else knows them.
    Ok(unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) })
}

fn wait_for_child(socket: &OwnedFd) -> ! {
    let mut errno = 0_i32;
    let got = loop {
        // SAFETY: room for four bytes.
        let got = unsafe {
            libc::read(
                socket.as_raw_fd(),
                (&raw mut errno).cast(),
                size_of::<i32>(),
            )
        };
        if got != -1 || sys::errno() != libc::EINTR {
            break got;
        }
    };
    let status = if got != size_of::<i32>() as isize {
        say::warn(format_args!("the server ended before it was mounted"));
        1
    } else if errno != 0 {
        say::warn(format_args!("{}", Error::from_raw_os_error(errno)));
        1
    } else {
        0
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
