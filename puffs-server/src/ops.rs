//! Which operations a server has: [`Ops`], which must be known at the mount.

use puffs_user::c::ops::puffs_ops;

use crate::server::Server;
use crate::shim::{attr, data, lock, name, node, space, whole, xattr};

macro_rules! operations {
    ($($(#[$meta:meta])* $op:ident => $slot:ident = $shim:path;)*) => {
        /// An operation that a server may have or not. (`lookup` and `getattr` it must have; `statvfs`, `unmount` and
        /// `forget` are always called.)
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Op {
            $($(#[$meta])* $op,)*
        }

        impl Ops {
            /// All that there are.
            pub const ALL: Ops = Ops::of(&[$(Op::$op),*]);
        }

        /// The dispatcher's table for a server.
        pub(crate) fn table<S: Server>() -> puffs_ops {
            let mut table = puffs_ops {
                puffs_fs_unmount: Some(whole::unmount::<S>),
                puffs_fs_statvfs: Some(whole::statvfs::<S>),
                puffs_fs_sync: Some(whole::nothing_to_sync),
                puffs_node_lookup: Some(node::lookup::<S>),
                puffs_node_getattr: Some(attr::getattr::<S>),
                puffs_node_reclaim2: Some(node::reclaim::<S>),
                ..puffs_ops::NONE
            };
            $(
                if S::OPS.has(Op::$op) {
                    table.$slot = Some($shim);
                }
            )*
            table
        }
    };
}

operations! {
    /// [`Server::sync`].
    Sync => puffs_fs_sync = whole::sync::<S>;
    /// [`Server::create`].
    Create => puffs_node_create = node::create::<S>;
    /// [`Server::mknod`].
    Mknod => puffs_node_mknod = node::mknod::<S>;
    /// [`Server::mkdir`].
    Mkdir => puffs_node_mkdir = node::mkdir::<S>;
    /// [`Server::symlink`].
    Symlink => puffs_node_symlink = node::symlink::<S>;
    /// [`Server::link`].
    Link => puffs_node_link = name::link::<S>;
    /// [`Server::remove`].
    Remove => puffs_node_remove = name::remove::<S>;
    /// [`Server::rmdir`].
    Rmdir => puffs_node_rmdir = name::rmdir::<S>;
    /// [`Server::rename`].
    Rename => puffs_node_rename = name::rename::<S>;
    /// [`Server::setattr`].
    Setattr => puffs_node_setattr = attr::setattr::<S>;
    /// [`Server::access`]. Without it the kernel judges by owner and mode; with it only the server does.
    Access => puffs_node_access = attr::access::<S>;
    /// [`Server::open`].
    Open => puffs_node_open2 = data::open::<S>;
    /// [`Server::close`].
    Close => puffs_node_close = data::close::<S>;
    /// [`Server::read`].
    Read => puffs_node_read = data::read::<S>;
    /// [`Server::write`]. Without it files cannot be opened for writing: `EROFS`.
    Write => puffs_node_write = data::write::<S>;
    /// [`Server::fsync`].
    Fsync => puffs_node_fsync = data::fsync::<S>;
    /// [`Server::seek`].
    Seek => puffs_node_seek = data::seek::<S>;
    /// [`Server::mmap`].
    Mmap => puffs_node_mmap = data::mmap::<S>;
    /// [`Server::poll`]. Without it everything is always ready.
    Poll => puffs_node_poll = data::poll::<S>;
    /// [`Server::readdir`].
    Readdir => puffs_node_readdir = data::readdir::<S>;
    /// [`Server::readlink`].
    Readlink => puffs_node_readlink = data::readlink::<S>;
    /// [`Server::lock`]. Without it the kernel keeps locks by itself.
    Lock => puffs_node_advlock = lock::advlock::<S>;
    /// [`Server::getxattr`].
    Getxattr => puffs_node_getextattr = xattr::get::<S>;
    /// [`Server::setxattr`].
    Setxattr => puffs_node_setextattr = xattr::set::<S>;
    /// [`Server::listxattr`].
    Listxattr => puffs_node_listextattr = xattr::list::<S>;
    /// [`Server::removexattr`].
    Removexattr => puffs_node_deleteextattr = xattr::delete::<S>;
    /// [`Server::allocate`].
    Allocate => puffs_node_fallocate = space::allocate::<S>;
    /// [`Server::discard`].
    Discard => puffs_node_fdiscard = space::discard::<S>;
    /// [`Server::inactive`].
    Inactive => puffs_node_inactive = node::inactive::<S>;
}

/// A set of operations, for [`Server::OPS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ops(u32);

impl Ops {
    /// None but those that every server has.
    pub const NONE: Ops = Ops(0);

    /// These.
    pub const fn of(ops: &[Op]) -> Ops {
        Ops::NONE.with(ops)
    }

    /// The set and these.
    pub const fn with(mut self, ops: &[Op]) -> Ops {
        let mut i = 0;
        while i < ops.len() {
            self.0 |= 1 << ops[i] as u32;
            i += 1;
        }
        self
    }

    /// The set without these.
    pub const fn without(self, ops: &[Op]) -> Ops {
        Ops(self.0 & !Ops::of(ops).0)
    }

    /// Whether it is among them.
    pub const fn has(self, op: Op) -> bool {
        self.0 & 1 << op as u32 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_they_were_given() {
        const SOME: Ops = Ops::of(&[Op::Read, Op::Create]).with(&[Op::Inactive]);
        assert!(SOME.has(Op::Read) && SOME.has(Op::Create) && SOME.has(Op::Inactive));
        assert!(!SOME.has(Op::Write) && !Ops::NONE.has(Op::Create));
        assert!(!SOME.without(&[Op::Read, Op::Write]).has(Op::Read));
        assert_eq!(Ops::ALL.0.count_ones(), Op::Inactive as u32 + 1);
    }
}
