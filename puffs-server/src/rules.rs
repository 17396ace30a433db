//! Linux's rules about attributes, for servers that have no others: who may change what, and what goes with a change.

use std::time::SystemTime;

use puffs_user::cred::Cred;

use crate::attr::{Attr, FileType, New, SetAttr};
use crate::errno::{Errno, Result};
use crate::flags::{Access, Intent};

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;
const STICKY: u32 = 0o1000;
/// Without it set-group-id does not mean the group's rights.
const GROUP_EXECUTES: u32 = 0o010;

fn of_group(gid: u32, cred: &Cred) -> bool {
    cred.is_juggernaut() || cred.has_group(gid)
}

impl Attr {
    /// Attributes of a node that this caller makes in this directory: it is the caller's, in the caller's group, or in
    /// the directory's if that is set-group-id, and has as many links as it has without a name.
    ///
    /// # Errors
    /// `EPERM` for a device that the caller may not make.
    pub fn child(&self, new: &New, ino: u64, cred: &Cred) -> Result<Attr> {
        let is_device = matches!(new.kind, FileType::BlockDevice | FileType::CharDevice);
        if is_device && !cred.is_juggernaut() {
            return Err(Errno::PERM);
        }
        let mut attr = Attr::new(new.kind, new.mode, ino);
        attr.nlink = u32::from(attr.is_dir());
        attr.rdev = new.rdev;
        // Whoever has no number is the kernel itself.
        attr.uid = cred.uid().unwrap_or(0);
        attr.gid = match self.mode & SETGID {
            0 => cred.gid().unwrap_or(0),
            _ => self.gid,
        };
        if attr.is_dir() {
            attr.mode |= self.mode & SETGID;
        } else if attr.mode & GROUP_EXECUTES != 0 && !of_group(attr.gid, cred) {
            attr.mode &= !SETGID;
        }
        Ok(attr)
    }

    /// May this caller do with a name in this directory what a lookup is a preparation for? `found` is the node that has
    /// the name. In a sticky directory names belong to the owners of the files.
    ///
    /// # Errors
    /// `EACCES` or `EPERM` when not.
    pub fn may_change_name(&self, found: Option<&Attr>, intent: Intent, cred: &Cred) -> Result {
        match (intent, found) {
            // Nothing is changed: the node is there already, or is not there at all.
            (Intent::Look, _) | (Intent::Create, Some(_)) | (Intent::Delete, None) => return Ok(()),
            _ => self.may_access(Access::WRITE, cred)?,
        }
        let owns = |attr: &Attr| cred.is_uid(attr.uid);
        let others = found.is_some_and(|found| !owns(self) && !owns(found));
        match others && self.mode & STICKY != 0 && !cred.is_juggernaut() {
            true => Err(Errno::PERM),
            false => Ok(()),
        }
    }

    /// Changes attributes for this caller, all or none. A file that gets another owner or another size loses its set-id bits;
    /// a caller outside the group cannot set set-group-id, and is not told. (What a change of size does to the contents is the
    /// server's, and whether the caller may was asked when the file was opened.)
    ///
    /// # Errors
    /// `EPERM` or `EACCES` when the caller may not; `EFBIG` for a size that cannot be.
    pub fn change(&mut self, changes: &SetAttr, cred: &Cred) -> Result {
        if changes
            .size
            .is_some_and(|size| i64::try_from(size).is_err())
        {
            return Err(Errno::FBIG);
        }
        let new_owner = changes.uid.is_some() || changes.gid.is_some();
        if new_owner {
            self.may_chown(changes.uid, changes.gid, cred)?;
        }
        if let Some(mode) = changes.mode
            && !self.only_set_id_goes(mode, cred)
        {
            // The sticky bit is for everything.
            self.may_chmod(mode & !(STICKY | SETGID), cred)?;
        }
        if changes.atime.is_some() || changes.mtime.is_some() {
            self.may_set_times(changes.times_are_now, cred)?;
        }
        if changes.size.is_some() {
            self.modified();
        }
        self.apply(changes);
        if new_owner && !self.is_dir() || changes.size.is_some() && !cred.is_juggernaut() {
            self.drop_set_id(cred);
        }
        if changes.mode.is_some() && !of_group(self.gid, cred) {
            self.mode &= !SETGID;
        }
        self.ctime = SystemTime::now();
        Ok(())
    }

    /// The kernel takes set-id bits from a file for whoever writes to it.
    fn only_set_id_goes(&self, mode: u32, cred: &Cred) -> bool {
        let changed = mode ^ self.mode;
        let taken = changed & !(SETUID | SETGID) == 0 && mode & changed == 0;
        changed != 0 && taken && self.may_access(Access::WRITE, cred).is_ok()
    }

    /// The contents, or the names of a directory, have changed.
    pub fn modified(&mut self) {
        self.mtime = SystemTime::now();
        self.ctime = self.mtime;
    }

    /// This caller has changed the contents: but for the mighty the set-id bits go.
    pub fn written(&mut self, cred: &Cred) {
        if !cred.is_juggernaut() {
            self.drop_set_id(cred);
        }
        self.modified();
    }

    fn drop_set_id(&mut self, cred: &Cred) {
        self.mode &= !SETUID;
        if self.mode & GROUP_EXECUTES != 0 || !of_group(self.gid, cred) {
            self.mode &= !SETGID;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use puffs_core::msg::body::{self, Head};

    fn user(uid: u32, gid: u32) -> Cred {
        let head = Head {
            cred: body::cred::USER,
            uid,
            gid,
            ..Head::default()
        };
        Cred::of(&head).unwrap()
    }

    fn owned(kind: FileType, mode: u32) -> Attr {
        let (uid, gid) = (5, 7);
        Attr {
            uid,
            gid,
            ..Attr::new(kind, mode, 1)
        }
    }

    fn new(kind: FileType, mode: u32) -> New {
        New {
            kind,
            mode,
            rdev: 0,
            exclusive: false,
        }
    }

    #[test]
    fn a_set_group_id_directory_gives_its_group() {
        let (plain, shared) = (0o777, 0o2777);
        let child = |dir, kind, mode| {
            let dir = owned(FileType::Directory, dir);
            let child = dir.child(&new(kind, mode), 2, &user(6, 8)).unwrap();
            (child.uid, child.gid, child.mode, child.nlink)
        };
        assert_eq!(child(plain, FileType::File, 0o644), (6, 8, 0o644, 0));
        assert_eq!(child(shared, FileType::File, 0o644), (6, 7, 0o644, 0));
        assert_eq!(child(shared, FileType::Directory, 0o755), (6, 7, 0o2755, 1));
        // A stranger to the group makes nothing that has its rights.
        assert_eq!(child(shared, FileType::File, 0o2755), (6, 7, 0o755, 0));
        assert_eq!(child(shared, FileType::File, 0o2745), (6, 7, 0o2745, 0));
    }

    #[test]
    fn devices_are_for_the_mighty() {
        let dir = owned(FileType::Directory, 0o777);
        let device = new(FileType::CharDevice, 0o600);
        let made = |cred| dir.child(&device, 2, &cred).map(|attr| attr.kind);
        assert_eq!(made(user(5, 7)), Err(Errno::PERM));
        assert_eq!(made(user(0, 0)), Ok(FileType::CharDevice));
    }

    #[test]
    fn names_in_a_sticky_directory_are_the_owners() {
        let file = owned(FileType::File, 0o644);
        let mut dir = owned(FileType::Directory, 0o1777);
        dir.uid = 4;
        let may =
            |dir: &Attr, found, intent, uid| dir.may_change_name(found, intent, &user(uid, 8));
        for uid in [0, 4, 5] {
            assert_eq!(may(&dir, Some(&file), Intent::Delete, uid), Ok(()));
        }
        assert_eq!(may(&dir, Some(&file), Intent::Delete, 6), Err(Errno::PERM));
        assert_eq!(may(&dir, Some(&file), Intent::Rename, 6), Err(Errno::PERM));
        assert_eq!(may(&dir, None, Intent::Create, 6), Ok(()));
        dir.mode = 0o755;
        assert_eq!(may(&dir, None, Intent::Create, 6), Err(Errno::ACCES));
        assert_eq!(may(&dir, Some(&file), Intent::Look, 6), Ok(()));
        assert_eq!(may(&dir, Some(&file), Intent::Create, 6), Ok(()));
        assert_eq!(may(&dir, None, Intent::Delete, 6), Ok(()));
    }

    #[test]
    fn changes_are_all_made_or_none() {
        let mut file = owned(FileType::File, 0o6755);
        let before = file.clone();
        let both = SetAttr {
            mode: Some(0o600),
            uid: Some(6),
            ..SetAttr::default()
        };
        assert_eq!(file.change(&both, &user(5, 7)), Err(Errno::PERM));
        assert_eq!(file, before);
        assert_eq!(file.change(&both, &user(0, 0)), Ok(()));
        assert_eq!((file.uid, file.mode), (6, 0o600));
    }

    #[test]
    fn set_id_bits_go_with_an_owner_and_with_what_others_write() {
        let after = |changes: &SetAttr, cred: &Cred| {
            let mut file = owned(FileType::File, 0o6777);
            file.change(changes, cred).map(|()| file.mode)
        };
        let group = SetAttr {
            gid: Some(7),
            ..SetAttr::default()
        };
        assert_eq!(after(&group, &user(5, 7)), Ok(0o777));
        let size = SetAttr {
            size: Some(0),
            ..SetAttr::default()
        };
        assert_eq!(after(&size, &user(6, 8)), Ok(0o777));
        assert_eq!(after(&size, &user(0, 0)), Ok(0o6777));
        let mode = |mode| SetAttr {
            mode: Some(mode),
            ..SetAttr::default()
        };
        // The kernel's doing, on behalf of who may write; to change more is the owner's.
        assert_eq!(after(&mode(0o777), &user(6, 8)), Ok(0o777));
        assert_eq!(after(&mode(0o776), &user(6, 8)), Err(Errno::PERM));
        assert_eq!(after(&mode(0o3770), &user(5, 8)), Ok(0o1770));
        let mut file = owned(FileType::File, 0o6777);
        file.written(&user(0, 0));
        assert_eq!(file.mode, 0o6777);
        file.written(&user(5, 7));
        assert_eq!(file.mode, 0o777);
    }
}
