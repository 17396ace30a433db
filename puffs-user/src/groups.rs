//! Supplementary groups of a caller, as Linux has them: FUSE does not send them along.

/// Room for groups in the message interface, and for what a server is given.
pub(crate) const ROOM: usize = 16;

/// The first groups of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Few {
    list: [u32; ROOM],
    count: usize,
    /// There are more than these.
    more: bool,
}

impl Few {
    /// Those in the list, of which `count` hold; `None` if there are not so many.
    pub(crate) fn of(list: [u32; ROOM], count: usize) -> Option<Few> {
        let more = false;
        (count <= ROOM).then_some(Few { list, count, more })
    }

    /// Those of thread `tid`, which waits for us. None when it cannot be seen.
    pub(crate) fn of_thread(tid: u32) -> Few {
        Few::gather(groups(&status(tid)))
    }

    fn gather(mut groups: impl Iterator<Item = u32>) -> Few {
        let mut list = [0; ROOM];
        let mut count = 0;
        for (slot, group) in list.iter_mut().zip(&mut groups) {
            *slot = group;
            count += 1;
        }
        let more = groups.next().is_some();
        Few { list, count, more }
    }

    pub(crate) fn list(&self) -> &[u32] {
        &self.list[..self.count]
    }

    /// Whether the group is among them, or among those of thread `tid` that have no room here.
    pub(crate) fn have(&self, group: u32, tid: u32) -> bool {
        self.list().contains(&group) || self.more && groups(&status(tid)).any(|one| one == group)
    }
}

/// `/proc/TID/status`; empty when it cannot be seen, as 0 never can.
fn status(tid: u32) -> Vec<u8> {
    match tid {
        0 => Vec::new(),
        tid => std::fs::read(format!("/proc/{tid}/status")).unwrap_or_default(),
    }
}

/// From `/proc/TID/status`.
fn groups(status: &[u8]) -> impl Iterator<Item = u32> {
    let mut lines = status.split(|byte| *byte == b'\n');
    let line = lines.find_map(|line| line.strip_prefix(b"Groups:"));
    let words = line.unwrap_or_default().split(u8::is_ascii_whitespace);
    words.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_in_a_line() {
        let status = b"Name:\tx\nUid:\t1\nGroups:\t20 4294967295 7 \nNStgid:\t3\n";
        let all: Vec<_> = groups(status).collect();
        assert_eq!(all, [20, u32::MAX, 7]);
        assert_eq!(groups(b"Groups:\t \n").count(), 0);
        assert_eq!(groups(b"Name:\tx\n").count(), 0);
    }

    #[test]
    fn as_many_as_there_is_room_for_are_gathered() {
        let few = Few::gather([5, 6].into_iter());
        assert_eq!((few.list(), few.more), (&[5, 6][..], false));
        for (n, more) in [(16, false), (17, true), (40, true)] {
            let few = Few::gather(0..n);
            assert_eq!((few.list().len(), few.list()[15], few.more), (16, 15, more));
        }
    }

    #[test]
    fn nobody_has_none() {
        assert!(Few::of_thread(0).list().is_empty());
        assert!(Few::of_thread(u32::MAX).list().is_empty());
        assert!(Few::of([1; ROOM], 17).is_none());
        let few = Few::of([1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 2).unwrap();
        assert!(few.have(2, 0) && !few.have(3, 0) && !few.have(0, 0));
    }
}
