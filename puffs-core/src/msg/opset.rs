//! Which operations a server has: an operation's base name or another form of it (`open2`, `getattr_ttl` …).

use super::op;

/// A set of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpSet {
    vn: u64,
    vfs: u32,
}

impl OpSet {
    /// No operation.
    pub const NONE: OpSet = OpSet { vn: 0, vfs: 0 };
    /// Every operation (`PUFFS_KFLAG_ALLOPS`).
    pub const ALL: OpSet = OpSet {
        vn: u64::MAX,
        vfs: u32::MAX,
    };

    /// The same set and one operation on nodes, of [`op::vn`].
    #[must_use]
    pub const fn with_vn(self, optype: u8) -> OpSet {
        OpSet {
            vn: self.vn | bit(optype),
            ..self
        }
    }

    /// The same set and one operation on the file system, of [`op::vfs`].
    #[must_use]
    pub const fn with_vfs(self, optype: u8) -> OpSet {
        OpSet {
            vfs: self.vfs | bit(optype) as u32,
            ..self
        }
    }

    /// Whether an operation on nodes is in the set.
    pub const fn has_vn(self, optype: u8) -> bool {
        self.vn & bit(optype) != 0
    }

    /// Whether an operation on the file system is in the set.
    pub const fn has_vfs(self, optype: u8) -> bool {
        self.vfs & bit(optype) as u32 != 0
    }
}

const fn bit(optype: u8) -> u64 {
    match optype {
        0..64 => 1 << optype,
        _ => 0,
    }
}

const _: () = assert!(op::vn::FDISCARD < 64 && op::vfs::SUSPEND < 32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in() {
        let set = OpSet::NONE.with_vn(op::vn::READ).with_vfs(op::vfs::SYNC);
        assert!(set.has_vn(op::vn::READ) && !set.has_vn(op::vn::WRITE));
        assert!(set.has_vfs(op::vfs::SYNC) && !set.has_vfs(op::vfs::STATVFS));
        assert!(!set.has_vn(200));
        assert!(OpSet::ALL.has_vn(op::vn::FDISCARD) && OpSet::ALL.has_vfs(op::vfs::SUSPEND));
    }
}
