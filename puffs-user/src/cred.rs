//! Credentials of a caller, `struct puffs_cred`: a user's, the kernel's, or the file system's own.

use puffs_core::msg::body::{self, Head};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cred(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    User {
        uid: u32,
        gid: u32,
        groups: [u32; 16],
        count: usize,
    },
    Kernel,
    Fs,
}

impl Cred {
    /// The kernel's own work, done for nobody.
    pub const KERNEL: Cred = Cred(Kind::Kernel);
    /// The file system's own work, such as write-back.
    pub const FS: Cred = Cred(Kind::Fs);

    /// The caller that a request's head names; `None` when it names no valid one.
    pub fn of(head: &Head) -> Option<Cred> {
        let kind = match head.cred {
            body::cred::USER => {
                let count = usize::from(head.ngroups);
                head.groups.get(..count)?;
                Kind::User {
                    uid: head.uid,
                    gid: head.gid,
                    groups: head.groups,
                    count,
                }
            }
            body::cred::KERNEL => Kind::Kernel,
            body::cred::FS => Kind::Fs,
            _ => return None,
        };
        Some(Cred(kind))
    }

    /// The user, unless it is the kernel or the file system.
    pub const fn uid(&self) -> Option<u32> {
        match self.0 {
            Kind::User { uid, .. } => Some(uid),
            _ => None,
        }
    }

    /// The primary group, unless it is the kernel or the file system.
    pub const fn gid(&self) -> Option<u32> {
        match self.0 {
            Kind::User { gid, .. } => Some(gid),
            _ => None,
        }
    }

    /// The supplementary groups, unless it is the kernel or the file system.
    pub fn groups(&self) -> Option<&[u32]> {
        match &self.0 {
            Kind::User { groups, count, .. } => Some(&groups[..*count]),
            _ => None,
        }
    }

    /// Whether it is this user.
    pub fn is_uid(&self, uid: u32) -> bool {
        self.uid() == Some(uid)
    }

    /// Whether it is a user whose primary or other group this is.
    pub fn has_group(&self, gid: u32) -> bool {
        self.gid() == Some(gid) || self.groups().is_some_and(|groups| groups.contains(&gid))
    }

    /// Whether it is a user.
    pub fn is_regular(&self) -> bool {
        matches!(self.0, Kind::User { .. })
    }

    /// Whether it is the kernel.
    pub fn is_kernel(&self) -> bool {
        self.0 == Kind::Kernel
    }

    /// Whether it is the file system.
    pub fn is_fs(&self) -> bool {
        self.0 == Kind::Fs
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
            assert_eq!(Cred::of(&Head { cred, ..user(5) }), None);
        }
        let ngroups = 17;
        assert_eq!(Cred::of(&Head { ngroups, ..user(5) }), None);
    }
}
