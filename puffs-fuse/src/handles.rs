//! Open files and directories, by the number that the kernel has for them.

use puffs_vfs::nodes::NodeId;
use slab::Slab;

use crate::ops::dir::Snapshot;

/// One open file or directory.
pub(crate) struct Handle {
    /// Its node.
    pub(crate) node: NodeId,
    /// The mode it was opened with, for close.
    pub(crate) mode: u32,
    /// Reads and writes pass the page cache by.
    pub(crate) direct: bool,
    /// It has no offsets: the server refuses to seek.
    pub(crate) stream: bool,
    /// The kernel's name for it as something that is polled.
    pub(crate) kh: Option<u64>,
    /// What a directory holds, once it has been read.
    pub(crate) listing: Option<Snapshot>,
}

/// All open files of a mount.
#[derive(Default)]
pub(crate) struct Handles(Slab<Handle>);

impl Handles {
    /// Adds an open file and returns its number.
    pub(crate) fn add(&mut self, handle: Handle) -> u64 {
        self.0.insert(handle) as u64
    }

    pub(crate) fn get(&mut self, fh: u64) -> Option<&mut Handle> {
        self.0.get_mut(usize::try_from(fh).ok()?)
    }

    /// Takes an open file out.
    pub(crate) fn remove(&mut self, fh: u64) -> Option<Handle> {
        self.0.try_remove(usize::try_from(fh).ok()?)
    }

    /// Takes all of them out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Handle> + use<> {
        std::mem::take(&mut self.0)
            .into_iter()
            .map(|(_, handle)| handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(mode: u32) -> Handle {
        Handle {
            node: NodeId(1),
            mode,
            direct: false,
            stream: false,
            kh: None,
            listing: None,
        }
    }

    #[test]
    fn numbers_are_used_again_but_never_twice() {
        let mut handles = Handles::default();
        let (a, b) = (handles.add(handle(1)), handles.add(handle(2)));
        assert_ne!(a, b);
        assert_eq!(handles.remove(a).unwrap().mode, 1);
        assert!(handles.remove(a).is_none() && handles.get(a).is_none());
        assert_eq!(handles.add(handle(3)), a);
        assert_eq!(handles.get(b).unwrap().mode, 2);
        assert!(handles.get(u64::MAX).is_none());
    }

    #[test]
    fn all_come_out_in_the_end() {
        let mut handles = Handles::default();
        let numbers: Vec<_> = (0..5).map(|mode| handles.add(handle(mode))).collect();
        handles.remove(numbers[4]);
        handles.remove(numbers[1]);
        let mut modes: Vec<_> = handles.drain().map(|h| h.mode).collect();
        modes.sort_unstable();
        assert_eq!(modes, [0, 2, 3]);
        assert_eq!(handles.add(handle(9)), 0);
    }
}
