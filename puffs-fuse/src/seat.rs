//! The server's end of a mount's queue: an open instance of the puffs device in this process.

use std::sync::OnceLock;

use puffs_core::msg::wire::Req;
use puffs_core::platform::Hosted;
use puffs_core::{Credentials, Errno, Mount, Ref, UserAddr};
use puffs_dev::{Instance, Lwp, Registry};
use puffs_user::host::Transport;

/// All instances of this process.
static REGISTRY: OnceLock<Registry<Hosted>> = OnceLock::new();

fn registry() -> Result<&'static Registry<Hosted>, Errno> {
    if let Some(registry) = REGISTRY.get() {
        return Ok(registry);
    }
    let fresh = Registry::new()?;
    Ok(REGISTRY.get_or_init(|| fresh))
}

/// An instance that serves one mount.
pub(crate) struct Seat {
    registry: &'static Registry<Hosted>,
    instance: Ref<Instance<Hosted>, Hosted>,
    mount: Ref<Mount<Hosted>, Hosted>,
}

impl Seat {
    /// Opens the device and binds `mount` to it.
    pub(crate) fn take(mount: Ref<Mount<Hosted>, Hosted>) -> Result<Self, Errno> {
        let registry = registry()?;
        // SAFETY: no arguments.
        let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
        let instance = registry.open(&Lwp {
            pid: std::process::id() as i32,
            cred: Credentials { uid, gid },
        })?;
        registry.bind(&instance, &mount)?;
        Ok(Seat {
            registry,
            instance,
            mount,
        })
    }

    /// The mount is unmounted: nothing is answered any more.
    pub(crate) fn unmounted(&self) {
        self.registry.nuke(&self.mount);
    }
}

impl Transport for Seat {
    fn getop(&self, req: &mut Req) -> Result<(), Errno> {
        self.instance.getop(address(req), true)
    }

    fn putop(&self, req: &mut Req) -> Result<(), Errno> {
        self.instance.putop(address(req))
    }
}

fn address(req: &mut Req) -> UserAddr {
    UserAddr(std::ptr::from_mut(req).expose_provenance())
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.unmounted();
        self.registry.close(&self.instance);
    }
}
