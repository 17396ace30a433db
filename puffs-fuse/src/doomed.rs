//! Whether a signal is about to end a caller. FUSE says that *some* signal has come, be it one that the caller handles
//! and goes on after; only a caller that will not come back may be told that its call was interrupted.

/// Whether process or thread `pid` has a signal pending that ends it. One that cannot be seen has none.
pub(crate) fn doomed(pid: u32) -> bool {
    pid != 0 && std::fs::read(format!("/proc/{pid}/status")).is_ok_and(|status| fatal(&status))
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
    fn this_process_goes_on() {
        assert!(!doomed(std::process::id()) && !doomed(0));
    }
}
