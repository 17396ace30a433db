//! The usual permission rules, for servers that have no others: `puffs_access` and its family.
//!
//! Each returns 0 when it is allowed, else an errno value.

use libc::{EACCES, EINVAL, EPERM, S_ISGID, S_ISVTX, mode_t};

use crate::c::consts::{PUFFS_VEXEC, PUFFS_VWRITE};
use crate::cred::Cred;
use crate::vtype::Vtype;
use crate::vtype::{VDIR, VNON};

const UNCHANGED: u32 = u32::MAX;

/// Who owns a node, and with what permission bits.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits.
    pub mode: mode_t,
}

/// May `cred` do all of `wanted` (`PUFFS_V*`)? Exactly one class of bits counts: the owner's, else the
/// group's, else the others'. User 0 may all but execute a file that nobody may execute.
pub fn access(vtype: Vtype, owner: Owner, wanted: mode_t, cred: &Cred) -> i32 {
    let exec = wanted & PUFFS_VEXEC as mode_t != 0;
    let allowed = if cred.is_juggernaut() {
        !(cred.is_regular() && exec && vtype != VDIR && owner.mode & 0o111 == 0)
    } else {
        let class = if cred.is_uid(owner.uid) {
            owner.mode >> 6
        } else if cred.has_group(owner.gid) {
            owner.mode >> 3
        } else {
            owner.mode
        };
        wanted & !class & 0o7 == 0
    };
    if allowed { 0 } else { EACCES }
}

/// May `cred` give the node to `uid` and `gid`? Only its owner may, may not give it away, and must be in
/// the new group.
pub fn chown(owner: Owner, uid: u32, gid: u32, cred: &Cred) -> i32 {
    let keeps = |new: u32, old: u32| new == UNCHANGED || new == old;
    let allowed = cred.is_juggernaut()
        || cred.is_uid(owner.uid)
            && keeps(uid, owner.uid)
            && (keeps(gid, owner.gid) || cred.has_group(gid));
    if allowed { 0 } else { EPERM }
}

/// May `cred` set these permission bits? Only the owner may; the sticky bit only on a directory, where the reference
/// says `EFTYPE` and Linux has no such number; set-group-id only for a group of his.
pub fn chmod(owner: Owner, vtype: Vtype, mode: mode_t, cred: &Cred) -> i32 {
    if cred.is_juggernaut() {
        0
    } else if !cred.is_uid(owner.uid) {
        EPERM
    } else if vtype != VDIR && mode & S_ISVTX != 0 {
        EINVAL
    } else if mode & S_ISGID != 0 && !cred.has_group(owner.gid) {
        EPERM
    } else {
        0
    }
}

/// May `cred` set the times? The owner may; setting them to now needs no more than permission to write.
pub fn times(owner: Owner, to_now: bool, cred: &Cred) -> i32 {
    if cred.is_juggernaut() || cred.is_uid(owner.uid) {
        0
    } else if to_now {
        access(VNON, owner, PUFFS_VWRITE as mode_t, cred)
    } else {
        EPERM
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vtype::VREG;
    use puffs_core::msg::body::{self, Head};

    fn user(uid: u32, gid: u32) -> Cred {
        Cred::of(&Head {
            cred: body::cred::USER,
            uid,
            gid,
            ngroups: 1,
            groups: [99; 16],
            ..Head::default()
        })
        .unwrap()
    }

    fn node(mode: mode_t) -> Owner {
        Owner {
            uid: 5,
            gid: 7,
            mode,
        }
    }

    #[test]
    fn exactly_one_class_counts() {
        // The owner has less than everybody else here, and gets less.
        let odd = node(0o077);
        assert_eq!(access(VREG, odd, 4, &user(5, 7)), EACCES);
        assert_eq!(access(VREG, odd, 7, &user(6, 7)), 0);
        assert_eq!(access(VREG, node(0o705), 4, &user(6, 7)), EACCES);
        assert_eq!(access(VREG, node(0o705), 5, &user(6, 8)), 0);
        assert_eq!(access(VREG, node(0o750), 6, &user(5, 7)), 0);
        assert_eq!(access(VREG, node(0o740), 6, &user(6, 7)), EACCES);
        // A supplementary group is a group.
        let other = Owner {
            gid: 99,
            ..node(0o040)
        };
        assert_eq!(access(VREG, other, 4, &user(6, 8)), 0);
    }

    #[test]
    fn the_mighty_need_a_bit_only_to_execute_files() {
        let root = user(0, 0);
        assert_eq!(access(VREG, node(0), 6, &root), 0);
        assert_eq!(access(VREG, node(0), 1, &root), EACCES);
        assert_eq!(access(VREG, node(0o001), 1, &root), 0);
        assert_eq!(access(VDIR, node(0), 1, &root), 0);
        assert_eq!(access(VREG, node(0), 7, &Cred::kernel()), 0);
        assert_eq!(access(VREG, node(0), 7, &Cred::fs()), 0);
    }

    #[test]
    fn chown_keeps_the_owner() {
        let me = user(5, 7);
        assert_eq!(chown(node(0), UNCHANGED, UNCHANGED, &me), 0);
        assert_eq!(chown(node(0), 5, 99, &me), 0);
        assert_eq!(chown(node(0), UNCHANGED, 98, &me), EPERM);
        assert_eq!(chown(node(0), 6, UNCHANGED, &me), EPERM);
        assert_eq!(chown(node(0), UNCHANGED, UNCHANGED, &user(6, 7)), EPERM);
        assert_eq!(chown(node(0), 6, 98, &user(0, 0)), 0);
        // Keeping a group that one is not in is no change.
        assert_eq!(chown(node(0), 5, 7, &user(5, 8)), 0);
    }

    #[test]
    fn chmod_is_the_owners() {
        let me = user(5, 7);
        assert_eq!(chmod(node(0), VREG, 0o755, &me), 0);
        assert_eq!(chmod(node(0), VREG, 0o755, &user(6, 7)), EPERM);
        assert_eq!(chmod(node(0), VREG, 0o1755, &me), EINVAL);
        assert_eq!(chmod(node(0), VDIR, 0o1755, &me), 0);
        assert_eq!(chmod(node(0), VREG, 0o2755, &me), 0);
        assert_eq!(chmod(node(0), VREG, 0o2755, &user(5, 8)), EPERM);
        assert_eq!(chmod(node(0), VREG, 0o3755, &user(0, 0)), 0);
    }

    #[test]
    fn times_to_now_need_write_permission() {
        assert_eq!(times(node(0), false, &user(5, 7)), 0);
        assert_eq!(times(node(0o022), false, &user(6, 7)), EPERM);
        assert_eq!(times(node(0o020), true, &user(6, 7)), 0);
        assert_eq!(times(node(0o002), true, &user(6, 7)), EACCES);
        assert_eq!(times(node(0), false, &Cred::fs()), 0);
    }
}
