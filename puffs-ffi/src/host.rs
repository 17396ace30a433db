//! The one place that knows which host mounts a server: [`Chosen`], by `PUFFS_HOST`.

use puffs_user::host::{Host, MountArgs, MountError, Session};

/// The host that the environment names, or else the best there is.
pub(crate) struct Chosen;

impl Host for Chosen {
    fn mount(&self, _args: &MountArgs) -> Result<Box<dyn Session>, MountError> {
        let name = std::env::var_os("PUFFS_HOST").unwrap_or_else(|| "fuse".into());
        Err(MountError::NoHost(name.to_string_lossy().into_owned()))
    }
}
