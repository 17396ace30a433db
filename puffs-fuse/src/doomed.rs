//! Whether a signal is about to end a caller. FUSE says that *some* signal has come, be it one that the caller handles
//! and goes on after; only a caller that will not come back may be told that its call was interrupted.

use std::io::Write;

/// Whether process or thread `pid` has a signal pending that ends it. One that cannot be seen has none.
pub(crate) fn doomed(pid: u32) -> bool {
    let mut room = [0; 4096];
    pid != 0 && fatal(look(pid, "status", &mut room))
}

/// Whether process `pid` is stopped.
pub(crate) fn stopped(pid: u32) -> bool {
    let mut room = [0; 512];
    at_rest(look(pid, "stat", &mut room))
}

/// Where this process has the words that it was called with; `None` when that cannot be seen.
pub(crate) fn arguments() -> Option<(usize, usize)> {
    let mut room = [0; 1024];
    words_at(look(std::process::id(), "stat", &mut room))
}

/// From `/proc/PID/stat`: the 48th field and the 49th, of which those behind the name begin with the third.
fn words_at(stat: &[u8]) -> Option<(usize, usize)> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = stat
        .get(name_end + 2..)?
        .split(|byte| *byte == b' ')
        .skip(45);
    let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
    let (start, end) = (number()?, number()?);
    (0 < start && start < end).then_some((start, end))
}

/// The beginning of a file of `/proc/PID`; empty when it cannot be read. Allocates nothing: the keeper may not.
fn look<'r>(pid: u32, file: &str, room: &'r mut [u8]) -> &'r [u8] {
    let mut path = [0_u8; 40];
    if write!(&mut path[..], "/proc/{pid}/{file}\0").is_err() {
        return &[];
    }
    let mut len = 0;
    // SAFETY: the path ends with a NUL, as it was written or by what was there before; reads go where there is room.
    unsafe {
        let fd = libc::open(path.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd == -1 {
            return &[];
        }
        while len < room.len() {
            match libc::read(fd, room[len..].as_mut_ptr().cast(), room.len() - len) {
                n @ 1.. => len += n as usize,
                _ => break,
            }
        }
        libc::close(fd);
    }
    &room[..len]
}

/// From `/proc/PID/stat`: the state stands behind the name, which is in parentheses and may hold any.
fn at_rest(stat: &[u8]) -> bool {
    let name_end = stat.iter().rposition(|byte| *byte == b')');
    let state = name_end.and_then(|end| stat.get(end + 2));
    matches!(state, Some(b'T' | b't'))
}

/// From `/proc/PID/status`: pending, not blocked, and neither caught, ignored nor harmless by default. (The kernel makes
/// most such signals a SIGKILL of each thread at once.)
fn fatal(status: &[u8]) -> bool {
    let mask = |name: &[u8]| {
        let mut lines = status.split(|byte| *byte == b'\n');
        let line = lines.find_map(|line| line.strip_prefix(name))?;
        u64::from_str_radix(std::str::from_utf8(line).ok()?.trim(), 16).ok()
    };
    let bit = |signal: i32| 1_u64 << (signal - 1);
    let (Some(own), Some(shared)) = (mask(b"SigPnd:"), mask(b"ShdPnd:")) else {
        return false;
    };
    let spared = [&b"SigBlk:"[..], b"SigIgn:", b"SigCgt:"]
        .iter()
        .fold(0, |all, name| all | mask(name).unwrap_or(0));
    let harmless = [
        libc::SIGCHLD,
        libc::SIGCONT,
        libc::SIGURG,
        libc::SIGWINCH,
        libc::SIGSTOP,
        libc::SIGTSTP,
        libc::SIGTTIN,
        libc::SIGTTOU,
    ]
    .iter()
    .fold(0, |all, signal| all | bit(*signal));
    let pending = own | shared;
    pending & bit(libc::SIGKILL) != 0 || pending & !spared & !harmless != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(masks: [u64; 5]) -> Vec<u8> {
        let [own, shared, blocked, ignored, caught] = masks;
        format!(
            "Name:\tx\nSigQ:\t1/2\nSigPnd:\t{own:016x}\nShdPnd:\t{shared:016x}\n\
             SigBlk:\t{blocked:016x}\nSigIgn:\t{ignored:016x}\nSigCgt:\t{caught:016x}\nCapInh:\t0\n"
        )
        .into_bytes()
    }

    fn bit(signal: i32) -> u64 {
        1 << (signal - 1)
    }

    #[test]
    fn only_what_ends_a_process_is_fatal() {
        let (term, chld, kill) = (bit(libc::SIGTERM), bit(libc::SIGCHLD), bit(libc::SIGKILL));
        assert!(!fatal(&status([0; 5])));
        assert!(fatal(&status([term, 0, 0, 0, 0])));
        assert!(fatal(&status([0, term, 0, 0, 0])));
        for masks in [
            [term, 0, term, 0, 0],
            [term, 0, 0, term, 0],
            [0, term, 0, 0, term],
        ] {
            assert!(!fatal(&status(masks)), "{masks:?}");
        }
        assert!(!fatal(&status([chld, bit(libc::SIGTSTP), 0, 0, 0])));
        assert!(fatal(&status([kill, 0, !0, 0, 0])));
        assert!(fatal(&status([0, bit(libc::SIGQUIT) | chld, 0, 0, chld])));
        assert!(!fatal(b"nonsense"));
    }

    #[test]
    fn the_state_stands_behind_the_name() {
        assert!(at_rest(b"12 (a) T) T 1 2"));
        assert!(at_rest(b"12 (a) t 1 2"));
        assert!(!at_rest(b"12 (T) T) S 1 2"));
        assert!(!at_rest(b"12 (a)") && !at_rest(b""));
    }

    #[test]
    fn the_words_of_the_call_are_found() {
        let (start, end) = arguments().unwrap();
        let ours = std::fs::read("/proc/self/cmdline").unwrap();
        assert_eq!(end - start, ours.len());
        let first: *const u8 = std::ptr::with_exposed_provenance(start);
        // SAFETY: the kernel says that they are there.
        assert_eq!(unsafe { *first }, ours[0]);
        assert_eq!(words_at(b"1 (x) S 1 2 3"), None);
    }

    #[test]
    fn this_process_goes_on() {
        let own = std::process::id();
        assert!(!doomed(own) && !doomed(0) && !stopped(own) && !stopped(u32::MAX));
    }
}
