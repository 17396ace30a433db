//! Credentials of a caller, `struct puffs_cred`: a user's, the kernel's, or the file system's own.

use std::cell::OnceCell;

use puffs_core::msg::body::{self, Head};

use crate::groups::Few;

/// Who asks.
#[derive(Debug)]
pub struct Cred {
    kind: Kind,
    /// A user's supplementary groups, once they are known.
    groups: OnceCell<Few>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    User {
        uid: u32,
        gid: u32,
        /// The thread that has the groups.
        tid: u32,
    },
    Kernel,
    Fs,
}

impl Cred {
    /// The kernel's own work, done for nobody.
    pub const fn kernel() -> Cred {
        Cred::new(Kind::Kernel)
    }

    /// The file system's own work, such as write-back.
    pub const fn fs() -> Cred {
        Cred::new(Kind::Fs)
    }

    const fn new(kind: Kind) -> Cred {
        Cred {
            kind,
            groups: OnceCell::new(),
        }
    }

    /// The caller that a request's head names; `None` when it names no valid one. Groups that the host does not know are
    /// looked for when somebody asks, which must be while the request is executed.
    pub fn of(head: &Head) -> Option<Cred> {
        let user = Kind::User {
            uid: head.uid,
            gid: head.gid,
            tid: head.lwp,
        };
        match head.cred {
            body::cred::USER if head.ngroups == body::cred::UNKNOWN_GROUPS => Some(Cred::new(user)),
            body::cred::USER => Some(Cred {
                kind: user,
                groups: OnceCell::from(Few::of(head.groups, usize::from(head.ngroups))?),
            }),
            body::cred::KERNEL => Some(Cred::kernel()),
            body::cred::FS => Some(Cred::fs()),
            _ => None,
        }
    }

    /// The user, unless it is the kernel or the file system.
    pub const fn uid(&self) -> Option<u32> {
        match self.kind {
            Kind::User { uid, .. } => Some(uid),
            _ => None,
        }
    }

    /// The primary group, unless it is the kernel or the file system.
    pub const fn gid(&self) -> Option<u32> {
        match self.kind {
            Kind::User { gid, .. } => Some(gid),
            _ => None,
        }
    }

    /// The supplementary groups, the first 16 of them, unless it is the kernel or the file system.
    pub fn groups(&self) -> Option<&[u32]> {
        self.few().map(|(few, _)| few.list())
    }

    /// Those that there is room for, and the thread that has the others.
    fn few(&self) -> Option<(&Few, u32)> {
        match self.kind {
            Kind::User { tid, .. } => {
                let few = self.groups.get_or_init(|| Few::of_thread(tid));
                Some((few, tid))
            }
            _ => None,
        }
    }

    /// Whether it is this user.
    pub fn is_uid(&self, uid: u32) -> bool {
        self.uid() == Some(uid)
    }

    /// Whether it is a user whose primary or other group this is.
    pub fn has_group(&self, gid: u32) -> bool {
        self.gid() == Some(gid) || self.few().is_some_and(|(few, tid)| few.have(gid, tid))
    }

    /// Whether it is a user.
    pub fn is_regular(&self) -> bool {
        matches!(self.kind, Kind::User { .. })
    }

    /// Whether it is the kernel.
    pub fn is_kernel(&self) -> bool {
        self.kind == Kind::Kernel
    }

    /// Whether it is the file system.
    pub fn is_fs(&self) -> bool {
        self.kind == Kind::Fs
    }

    /// Whether nothing is forbidden to it: user 0, the kernel, the file system.
    pub fn is_juggernaut(&self) -> bool {
        !self.is_regular() || self.is_uid(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(uid: u32) -> Head {
        Head {
            cred: body::cred::USER,
            uid,
            gid: 7,
            ngroups: 2,
            groups: [20, 21, 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            ..Head::default()
        }
    }

    #[test]
    fn a_user_has_ids_and_groups() {
        let cred = Cred::of(&user(5)).unwrap();
        assert_eq!((cred.uid(), cred.gid()), (Some(5), Some(7)));
        assert_eq!(cred.groups().unwrap(), [20, 21]);
        assert!(cred.has_group(7) && cred.has_group(21) && !cred.has_group(22));
        assert!(cred.is_uid(5) && !cred.is_uid(0));
        assert!(cred.is_regular() && !cred.is_juggernaut());
        assert!(Cred::of(&user(0)).unwrap().is_juggernaut());
    }

    #[test]
    fn groups_that_the_host_does_not_know_are_those_of_the_thread() {
        let head = |lwp| Head {
            ngroups: body::cred::UNKNOWN_GROUPS,
            lwp,
            ..user(5)
        };
        let mut own = [0; 64];
        // SAFETY: room for so many.
        let count = unsafe { libc::getgroups(64, own.as_mut_ptr()) };
        let own = &own[..usize::try_from(count).unwrap()];
        let cred = Cred::of(&head(std::process::id())).unwrap();
        assert_eq!(cred.groups().unwrap(), &own[..own.len().min(16)]);
        assert!(own.iter().all(|group| cred.has_group(*group)));
        let unseen = Cred::of(&head(0)).unwrap();
        assert!(unseen.groups().unwrap().is_empty());
        assert!(unseen.has_group(7) && !unseen.has_group(20));
    }

    #[test]
    fn the_other_kinds_are_nobody_and_may_everything() {
        for (kind, kernel) in [(body::cred::KERNEL, true), (body::cred::FS, false)] {
            let head = Head {
                cred: kind,
                ..user(5)
            };
            let cred = Cred::of(&head).unwrap();
            assert_eq!((cred.uid(), cred.gid(), cred.groups()), (None, None, None));
            assert!(!cred.is_uid(5) && !cred.has_group(7) && !cred.is_regular());
            assert_eq!((cred.is_kernel(), cred.is_fs()), (kernel, !kernel));
            assert!(cred.is_juggernaut());
        }
    }

    #[test]
    fn nonsense_is_no_caller() {
        for cred in [0, 4, 255] {
            assert!(Cred::of(&Head { cred, ..user(5) }).is_none());
        }
        let ngroups = 17;
        assert!(Cred::of(&Head { ngroups, ..user(5) }).is_none());
    }
}
