//! Which operations a server has: an operation's base name or another form of it (`open2`, `getattr_ttl` …).

use super::op;

/// Where the operations on the file system begin in [`OpSet::bits`].
const FIRST_VFS: u32 = u64::BITS - 1 - op::vfs::SUSPEND as u32;

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

    /// The set as one number, as the mount option `ops` has it: operations on nodes from bit 0, those on the file system
    /// from bit 49.
    pub const fn bits(self) -> u64 {
        self.vn & ((1 << FIRST_VFS) - 1) | (self.vfs as u64) << FIRST_VFS
    }

    /// The set that [`OpSet::bits`] gave the number of.
    pub const fn of_bits(bits: u64) -> Self {
        OpSet {
            vn: bits & ((1 << FIRST_VFS) - 1),
            vfs: (bits >> FIRST_VFS) as u32,
        }
    }

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

    /// The set without one operation on the file system.
    #[must_use]
    pub const fn without_vfs(self, optype: u8) -> OpSet {
        OpSet {
            vfs: self.vfs & !(bit(optype) as u32),
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

const _: () = assert!((op::vn::FDISCARD as u32) < FIRST_VFS && op::vfs::SUSPEND < 32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in() {
        let set = OpSet::NONE.with_vn(op::vn::READ).with_vfs(op::vfs::SYNC);
        assert!(set.has_vn(op::vn::READ) && !set.has_vn(op::vn::WRITE));
        assert!(set.has_vfs(op::vfs::SYNC) && !set.has_vfs(op::vfs::STATVFS));
        let less = set.without_vfs(op::vfs::SYNC);
        assert!(!less.has_vfs(op::vfs::SYNC) && less.has_vn(op::vn::READ));
        assert_eq!(less.without_vfs(op::vfs::STATVFS), less);
        assert!(!set.has_vn(200));
        assert!(OpSet::ALL.has_vn(op::vn::FDISCARD) && OpSet::ALL.has_vfs(op::vfs::SUSPEND));
    }

    #[test]
    fn a_number_holds_the_whole_set() {
        let sets = [
            (OpSet::NONE, 0),
            (OpSet::NONE.with_vn(op::vn::LOOKUP), 1),
            (OpSet::NONE.with_vn(op::vn::FDISCARD), 1 << 48),
            (OpSet::NONE.with_vfs(op::vfs::MOUNT), 1 << 49),
            (OpSet::NONE.with_vfs(op::vfs::SUSPEND), 1 << 63),
        ];
        for (set, bits) in sets {
            assert_eq!((set.bits(), OpSet::of_bits(bits)), (bits, set));
        }
        assert_eq!(OpSet::ALL.bits(), u64::MAX);
        let all = OpSet::of_bits(u64::MAX);
        assert!((0..=op::vn::FDISCARD).all(|optype| all.has_vn(optype)));
        assert!((0..=op::vfs::SUSPEND).all(|optype| all.has_vfs(optype)));
    }
}
