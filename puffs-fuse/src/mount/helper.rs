//! `fusermount3`: mounts and unmounts for those who may not. It opens `/dev/fuse` and sends the descriptor.

use std::ffi::{CStr, OsStr};
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use super::{Error, Plan, Via, code};
use crate::device::Device;

const PROGRAM: &str = "fusermount3";

/// Whether the program is there at all.
pub(super) fn exists() -> bool {
    Command::new(PROGRAM)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

pub(super) fn mount(plan: &Plan<'_>) -> Result<(Device, Via), Error> {
    let system = |error: io::Error| Error::System(PROGRAM, code(&error));
    let (ours, theirs) = UnixStream::pair().map_err(system)?;
    let child = Command::new(PROGRAM)
        .arg("-o")
        .arg(OsStr::from_bytes(&options(plan)))
        .arg("--")
        .arg(OsStr::from_bytes(plan.dir.to_bytes()))
        // The socket is its standard input, so that nothing else has to be inherited.
        .env("_FUSE_COMMFD", "0")
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoHelper),
        Err(error) => return Err(system(error)),
    };
    let mut words = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut words);
    }
    let status = child.wait().map_err(system)?;
    match receive(&ours).map_err(system)? {
        Some(fd) if status.success() => Ok((Device::adopt(fd).map_err(system)?, Via::Helper)),
        _ => Err(Error::Helper(words.trim().to_owned())),
    }
}

/// Unmounts; `lazily`: even if it is in use.
pub(super) fn unmount(dir: &CStr, lazily: bool) -> io::Result<()> {
    let output = Command::new(PROGRAM)
        .args(if lazily {
            &["-u", "-z", "--"][..]
        } else {
            &["-u", "--"]
        })
        .arg(OsStr::from_bytes(dir.to_bytes()))
        .stdin(Stdio::null())
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(io::Error::other(words))
        }
    }
}

/// The options as the program wants them. It sets nosuid and nodev by itself.
fn options(plan: &Plan<'_>) -> Vec<u8> {
    let mut options = b"fsname=".to_vec();
    escape(&mut options, plan.from.to_bytes());
    if !plan.subtype.is_empty() {
        options.extend_from_slice(b",subtype=");
        escape(&mut options, plan.subtype.to_bytes());
    }
    if plan.default_permissions {
        options.extend_from_slice(b",default_permissions");
    }
    for (flag, word) in [
        (libc::MS_RDONLY, &b",ro"[..]),
        (libc::MS_SYNCHRONOUS, b",sync"),
        (libc::MS_NOEXEC, b",noexec"),
        (libc::MS_NOATIME, b",noatime"),
    ] {
        if plan.flags & flag != 0 {
            options.extend_from_slice(word);
        }
    }
    options
}

fn escape(options: &mut Vec<u8>, text: &[u8]) {
    for byte in text {
        if matches!(byte, b',' | b'\\') {
            options.push(b'\\');
        }
        options.push(*byte);
    }
}

/// The descriptor that was sent; `None`: the other end closed without one.
fn receive(socket: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let mut byte = 0_u8;
    let mut part = libc::iovec {
        iov_base: (&raw mut byte).cast(),
        iov_len: 1,
    };
    let mut control = [MaybeUninit::<u64>::zeroed(); 8];
    // SAFETY: all zeroes is a value of this plain structure.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control);
    // SAFETY: the message names one byte and a control buffer that live as long as it.
    let n = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
    if n == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: recvmsg filled the header; the macros stay within the control buffer that it names.
    unsafe {
        let first = libc::CMSG_FIRSTHDR(&raw const message);
        if n == 0 || first.is_null() {
            return Ok(None);
        }
        if (*first).cmsg_level != libc::SOL_SOCKET || (*first).cmsg_type != libc::SCM_RIGHTS {
            return Ok(None);
        }
        let fd = libc::CMSG_DATA(first)
            .cast::<libc::c_int>()
            .read_unaligned();
        Ok(Some(OwnedFd::from_raw_fd(fd)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_escaped() {
        let plan = Plan {
            dir: c"/mnt",
            from: c"a,b\\c",
            subtype: c"mem,fs",
            rootmode: libc::S_IFDIR,
            flags: libc::MS_RDONLY | libc::MS_NOSUID,
            default_permissions: true,
        };
        assert_eq!(
            options(&plan),
            b"fsname=a\\,b\\\\c,subtype=mem\\,fs,default_permissions,ro"
        );
    }

    #[test]
    fn a_closed_socket_brings_no_descriptor() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        assert!(receive(&ours).unwrap().is_none());
    }
}
