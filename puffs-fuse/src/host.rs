//! The host: from what the server library wants mounted to a session.

use puffs_core::msg::OpSet;
use puffs_core::msg::body::{ROOM, Statvfs};
use puffs_core::msg::wire::StartReq;
use puffs_core::platform::Hosted;
use puffs_core::{Config, Cookie, Errno, Mount};
use puffs_user::c::consts::PUFFS_KFLAG_ALLOPS;
use puffs_user::host::{Host, MountArgs, MountError, Session};
use puffs_vfs::nodes::{Nodes, VType};

use crate::errno::number;
use crate::mount::{self, Error};
use crate::ops::Policy;
use crate::pool::Pool;
use crate::port::Line;
use crate::proto::init::whole_pages;
use crate::seat::Seat;
use crate::session::FuseSession;

/// Mounts through `/dev/fuse`.
///
/// The root's permissions: a server with an access operation is asked before each operation, as the reference's kernel
/// does; for a server without one Linux judges by owner, group and mode. A mount made by root is
/// open to all users, one made by a user to that user alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct FuseHost;

impl Host for FuseHost {
    fn mount(&self, args: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        Ok(Box::new(begin(args)?))
    }
}

fn begin(args: &MountArgs) -> Result<FuseSession, Error> {
    let system = |errno: Errno| Error::System("mount", number(errno));
    let maxdata = whole_pages(args.maxdata).ok_or(Error::TooSmall)?;
    let root = Cookie(args.root.cookie);
    let vtype = VType::of_node(args.root.vtype).ok_or(Error::RootType)?;
    let nodes = Nodes::new(root, vtype, args.root.size, args.root.rdev).map_err(system)?;
    let max_len = maxdata + ROOM;
    let config = Config {
        max_len,
        ..Config::default()
    };
    let queue = Mount::<Hosted>::new(config, None).map_err(system)?;
    let start = StartReq {
        root_cookie: root.0 as u64,
        statvfs: Statvfs::default(),
    };
    queue.start(&start).map_err(system)?;
    let ops = match args.kflags & PUFFS_KFLAG_ALLOPS {
        0 => args.ops,
        _ => OpSet::ALL,
    };
    let policy = Policy::of(args);
    let seat = Seat::take(queue.clone()).map_err(system)?;
    let connection = mount::mount(args, !policy.asks)?;
    let line = Line::new(queue, ops, root, Pool::new(max_len));
    FuseSession::new((line, seat), policy, nodes, maxdata, connection).map_err(system)
}
