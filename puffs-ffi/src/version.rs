//! The version of the library, for programs that compare it with the header they were built with.

/// The version as C's `PUFFS_VERSION`: major, minor and patch in the bytes from bit 16 down.
const VERSION: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) << 16
    | number(env!("CARGO_PKG_VERSION_MINOR")) << 8
    | number(env!("CARGO_PKG_VERSION_PATCH"));

/// The version of the library that is running: compare with `PUFFS_VERSION`, which is the
/// header's. Any thread may call it, under any lock.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_version() -> u32 {
    VERSION
}

/// A decimal number below 256.
const fn number(text: &str) -> u32 {
    match u8::from_str_radix(text, 10) {
        Ok(number) => number as u32,
        Err(_) => panic!("each part of the version must fit a byte"),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, puffs_version};

    #[test]
    fn the_version_is_packed_by_bytes() {
        let text = format!(
            "{}.{}.{}",
            puffs_version() >> 16,
            puffs_version() >> 8 & 0xff,
            puffs_version() & 0xff
        );
        assert_eq!(text, env!("CARGO_PKG_VERSION"));
        assert_eq!(number("207"), 207);
    }
}
