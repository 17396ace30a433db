//! Who asks: heads of requests.

use puffs_core::msg::body::{Head, VERSION, cred};

/// A user's request.
pub fn user(pid: u32, uid: u32, gid: u32) -> Head {
    Head {
        version: VERSION,
        cred: cred::USER,
        pid,
        lwp: pid,
        uid,
        gid,
        ..Head::default()
    }
}

/// A user's request whose supplementary groups the host does not know.
pub fn user_of_unknown_groups(pid: u32, uid: u32, gid: u32) -> Head {
    Head {
        ngroups: cred::UNKNOWN_GROUPS,
        ..user(pid, uid, gid)
    }
}

/// A user's request with supplementary groups; those that do not fit are left out.
pub fn user_with_groups(pid: u32, uid: u32, gid: u32, groups: &[u32]) -> Head {
    let mut head = user(pid, uid, gid);
    for (slot, group) in head.groups.iter_mut().zip(groups) {
        *slot = *group;
        head.ngroups += 1;
    }
    head
}

/// The kernel's own request, without credentials.
pub fn kernel() -> Head {
    Head {
        version: VERSION,
        cred: cred::KERNEL,
        ..Head::default()
    }
}

/// The file system's own work, such as write-back.
pub fn fs() -> Head {
    Head {
        version: VERSION,
        cred: cred::FS,
        ..Head::default()
    }
}
