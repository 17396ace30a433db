//! How many cases a property gets: few and always the same ones, or as many as `PROPTEST_CASES` says and new ones each time.

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed};

/// The configuration of a property. Cases that failed are kept in `regressions` and tried first.
pub(crate) fn cases(few: u32, regressions: &'static str) -> Config {
    let mut config = Config::default();
    if config.failure_persistence.is_some() {
        config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct(regressions)));
    }
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return config;
    }
    Config {
        cases: few,
        rng_seed: RngSeed::Fixed(0x70756666),
        ..config
    }
}
