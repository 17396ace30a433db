//! Where the staged install is: [`Stage::get`].

use std::path::{Path, PathBuf};
use std::process::Command;

/// What `make c-test` has built and says where.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The directory with `include` and `lib`.
    pub prefix: PathBuf,
    kernel: Option<PathBuf>,
    kernel_asan: Option<PathBuf>,
    kernel_tsan: Option<PathBuf>,
}

impl Stage {
    /// The stage that the environment names.
    ///
    /// # Errors
    /// Without one: the command that makes it.
    pub fn get() -> Result<Stage, String> {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        let prefix = path("PUFFS_STAGE")
            .ok_or("PUFFS_STAGE is not set: run these tests by\n\n    make c-test\n\nwhich installs what they link")?;
        if !prefix.join("include/puffs.h").exists() {
            return Err(format!(
                "{} has no include/puffs.h: run make c-test",
                prefix.display()
            ));
        }
        Ok(Stage {
            prefix,
            kernel: path("PUFFS_KERNEL_LIB"),
            kernel_asan: path("PUFFS_KERNEL_LIB_ASAN"),
            kernel_tsan: path("PUFFS_KERNEL_LIB_TSAN"),
        })
    }

    /// The headers.
    pub fn include(&self) -> PathBuf {
        self.prefix.join("include")
    }

    /// The libraries.
    pub fn lib(&self) -> PathBuf {
        self.prefix.join("lib")
    }

    /// The kernel library made for `run`, or the plain one where there is none.
    ///
    /// # Errors
    /// When it was not built.
    pub fn kernel(&self, run: crate::plan::Run) -> Result<&Path, String> {
        let special = match run {
            crate::plan::Run::Asan => &self.kernel_asan,
            crate::plan::Run::Tsan => &self.kernel_tsan,
            _ => &None,
        };
        let found = special.as_ref().or(self.kernel.as_ref());
        found
            .map(PathBuf::as_path)
            .ok_or_else(|| "PUFFS_KERNEL_LIB is not set: run make c-test".to_owned())
    }

    /// What pkg-config says of puffs in this stage.
    ///
    /// # Errors
    /// When it fails.
    pub fn pkg_config(&self, args: &[&str]) -> Result<Vec<String>, String> {
        let tool = std::env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".to_owned());
        let mut prefix = std::ffi::OsString::from("--define-variable=prefix=");
        prefix.push(&self.prefix);
        let output = Command::new(tool)
            .env("PKG_CONFIG_PATH", self.lib().join("pkgconfig"))
            .arg(prefix)
            .args(args)
            .arg("puffs")
            .output()
            .map_err(|error| format!("pkg-config: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(words.split_whitespace().map(str::to_owned).collect())
    }
}
