//! Open files and directories, by the number that the kernel has for them.

use puffs_vfs::nodes::NodeId;

use crate::ops::dir::Snapshot;

/// One open file or directory.
pub(crate) struct Handle {
    /// Its node.
    pub(crate) node: NodeId,
    /// The mode it was opened with, for close.
    pub(crate) mode: u32,
    /// Reads and writes pass the page cache by.
    pub(crate) direct: bool,
    /// What a directory holds, once it has been read.
    pub(crate) listing: Option<Snapshot>,
}

/// All open files of a mount.
#[derive(Default)]
pub(crate) struct Handles {
    slots: Vec<Option<Handle>>,
    free: Vec<usize>,
}

impl Handles {
    /// Adds an open file and returns its number.
    pub(crate) fn add(&mut self, handle: Handle) -> u64 {
        let at = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[at] = Some(handle);
        at as u64
    }

    pub(crate) fn get(&mut self, fh: u64) -> Option<&mut Handle> {
        self.slots.get_mut(usize::try_from(fh).ok()?)?.as_mut()
    }

    /// Takes an open file out.
    pub(crate) fn remove(&mut self, fh: u64) -> Option<Handle> {
        let at = usize::try_from(fh).ok()?;
        let handle = self.slots.get_mut(at)?.take()?;
        self.free.push(at);
        Some(handle)
    }

    /// Takes all of them out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Handle> + use<> {
        std::mem::take(self).slots.into_iter().flatten()
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
