//! Where the staged install is: [`Stage::get`].

use std::path::PathBuf;
use std::process::Command;

use crate::plan::Run;

/// What `make c-test` has built and says where.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The directory with `include` and `lib`.
    pub prefix: PathBuf,
    kernel: Option<PathBuf>,
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
    pub fn kernel(&self, run: Run) -> Result<PathBuf, String> {
        let plain = self
            .kernel
            .as_ref()
            .ok_or("PUFFS_KERNEL_LIB is not set: run make c-test")?;
        let special = match run {
            Run::Plain | Run::Valgrind | Run::Helgrind => return Ok(plain.clone()),
            Run::Asan => "libpuffs-kernel-asan.a",
            Run::Tsan => "libpuffs-kernel-tsan.a",
        };
        let special = plain.with_file_name(special);
        Ok(if special.exists() {
            special
        } else {
            plain.clone()
        })
    }

    /// What pkg-config says of puffs in this stage.
    ///
    /// # Errors
    /// When it fails.
    pub fn pkg_config(&self, args: &[&str]) -> Result<Vec<String>, String> {
        self.pkg_config_of(&["puffs"], args)
    }

    /// What pkg-config says of these packages in this stage.
    ///
    /// # Errors
    /// When it fails.
    pub fn pkg_config_of(&self, packages: &[&str], args: &[&str]) -> Result<Vec<String>, String> {
        let tool = std::env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".to_owned());
        let mut prefix = std::ffi::OsString::from("--define-variable=prefix=");
        prefix.push(&self.prefix);
        let output = Command::new(tool)
            .env("PKG_CONFIG_PATH", self.lib().join("pkgconfig"))
            .arg(prefix)
            .args(args)
            .args(packages)
            .output()
            .map_err(|error| format!("pkg-config: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(words.split_whitespace().map(str::to_owned).collect())
    }
}
