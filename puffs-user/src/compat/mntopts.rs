//! Mount options: [`parse`], and the table [`STANDARD`] that servers parse them with.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{CStr, c_char, c_int};
use std::ffi::CString;

use crate::c::consts;

/// An option of a table; `include/compat/mntopts.h` declares the same.
#[repr(C)]
pub struct mntopt {
    /// Its name; null ends the table.
    pub m_option: *const c_char,
    /// Whether the plain name clears the bit, and "no" before it sets it.
    pub m_inverse: c_int,
    /// The bit.
    pub m_flag: c_int,
    /// Whether the bit is one of the second word.
    pub m_altloc: c_int,
}

// SAFETY: names of tables are never written.
unsafe impl Sync for mntopt {}

/// An option whose bit the plain name sets.
const fn sets(name: &'static CStr, flag: c_int) -> mntopt {
    mntopt {
        m_option: name.as_ptr(),
        m_inverse: 0,
        m_flag: flag,
        m_altloc: 0,
    }
}

/// An option whose bit "no" and the name set.
const fn clears(name: &'static CStr, flag: c_int) -> mntopt {
    mntopt {
        m_inverse: 1,
        ..sets(name, flag)
    }
}

/// The same of the second word.
const fn second(option: mntopt) -> mntopt {
    mntopt {
        m_altloc: 1,
        ..option
    }
}

/// Flags of mounts that mean nothing to Linux.
mod netbsd {
    use core::ffi::c_int;

    pub(super) const MNT_UNION: c_int = 0x0000_0020;
    pub(super) const MNT_NOCOREDUMP: c_int = 0x0000_8000;
    pub(super) const MNT_IGNORE: c_int = 0x0010_0000;
    pub(super) const MNT_SYMPERM: c_int = 0x2000_0000;
}

/// `puffsmopts`: the options that every file system understands, and those of puffs, whose bits are flags of `puffs_init`.
pub const STANDARD: [mntopt; 21] = [
    sets(c"userquota", 0),
    sets(c"groupquota", 0),
    sets(c"ro", consts::PUFFS_MNT_RDONLY),
    clears(c"rw", consts::PUFFS_MNT_RDONLY),
    sets(c"auto", 0),
    clears(c"coredump", netbsd::MNT_NOCOREDUMP),
    clears(c"dev", consts::PUFFS_MNT_NODEV),
    clears(c"exec", consts::PUFFS_MNT_NOEXEC),
    clears(c"suid", consts::PUFFS_MNT_NOSUID),
    sets(c"rdonly", consts::PUFFS_MNT_RDONLY),
    sets(c"union", netbsd::MNT_UNION),
    sets(c"hidden", netbsd::MNT_IGNORE),
    sets(c"symperm", netbsd::MNT_SYMPERM),
    sets(c"rump", 0),
    second(clears(c"namecache", flag(consts::PUFFS_KFLAG_NOCACHE_NAME))),
    second(clears(c"pagecache", flag(consts::PUFFS_KFLAG_NOCACHE_PAGE))),
    second(clears(c"attrcache", flag(consts::PUFFS_KFLAG_NOCACHE_ATTR))),
    second(clears(c"cache", flag(consts::PUFFS_KFLAG_NOCACHE))),
    second(sets(c"allops", flag(consts::PUFFS_KFLAG_ALLOPS))),
    second(sets(c"dump", flag(consts::PUFFS_FLAG_OPDUMP))),
    mntopt {
        m_option: core::ptr::null(),
        m_inverse: 0,
        m_flag: 0,
        m_altloc: 0,
    },
];

const fn flag(bits: u32) -> c_int {
    bits as c_int
}

/// Bits to set and to clear in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    set: c_int,
    clear: c_int,
}

impl Change {
    /// The word afterwards.
    pub fn of(self, word: c_int) -> c_int {
        word & !self.clear | self.set
    }

    fn note(&mut self, bits: c_int, set: bool) {
        let (to, from) = if set {
            (&mut self.set, &mut self.clear)
        } else {
            (&mut self.clear, &mut self.set)
        };
        *to |= bits;
        *from &= !bits;
    }
}

/// What options say.
#[derive(Debug, Default)]
pub struct Parsed {
    /// About the first word.
    pub flags: Change,
    /// About the second.
    pub altflags: Change,
    /// Names, and what stood behind "=".
    values: Vec<(Vec<u8>, Option<CString>)>,
}

impl Parsed {
    /// What stood behind the option's "=", the last time that it was given.
    pub fn value(&self, name: &CStr) -> Option<&CStr> {
        let mut given = self.values.iter().rev();
        let (_, value) = given.find(|(given, _)| given.eq_ignore_ascii_case(name.to_bytes()))?;
        value.as_deref()
    }
}

/// Understands `options`, names with commas between them, by a table that ends in a null name. A name may have "no" before it and
/// "=" with a value behind it, and capital letters are as good as small ones.
///
/// # Errors
/// The name that is not in the table.
///
/// # Safety
/// The table is as said, and its names are C strings.
pub unsafe fn parse(options: &CStr, table: *const mntopt) -> Result<Parsed, CString> {
    let mut parsed = Parsed::default();
    let given = options.to_bytes().split(|byte| *byte == b',');
    for given in given.filter(|given| !given.is_empty()) {
        let mut halves = given.splitn(2, |byte| *byte == b'=');
        let name = halves.next().unwrap_or_default();
        let value = halves.next().map(string);
        let positive = match name {
            [b'n' | b'N', b'o' | b'O', rest @ ..] => Some(rest),
            _ => None,
        };
        // SAFETY: by contract.
        let found = unsafe { find(table, name) }
            .map(|option| (option, false, name))
            .or_else(|| {
                // SAFETY: by contract.
                let option = unsafe { find(table, positive?) }?;
                Some((option, true, positive?))
            });
        let Some((option, negative, name)) = found else {
            return Err(string(given));
        };
        let word = if option.m_altloc == 0 {
            &mut parsed.flags
        } else {
            &mut parsed.altflags
        };
        word.note(option.m_flag, negative == (option.m_inverse != 0));
        parsed.values.push((name.to_vec(), value));
    }
    Ok(parsed)
}

/// Part of a C string as one of its own.
fn string(part: &[u8]) -> CString {
    CString::new(part).unwrap_or_default()
}

/// # Safety
/// As for [`parse`].
unsafe fn find<'a>(mut table: *const mntopt, name: &[u8]) -> Option<&'a mntopt> {
    loop {
        // SAFETY: by contract; the end was not reached.
        let option = unsafe { &*table };
        if option.m_option.is_null() {
            return None;
        }
        // SAFETY: by contract.
        let known = unsafe { CStr::from_ptr(option.m_option) };
        if known.to_bytes().eq_ignore_ascii_case(name) {
            return Some(option);
        }
        // SAFETY: this was not the last.
        table = unsafe { table.add(1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::c::consts::*;

    fn standard(options: &CStr) -> Result<Parsed, CString> {
        // SAFETY: a table as it has to be.
        unsafe { parse(options, STANDARD.as_ptr()) }
    }

    fn words(options: &CStr) -> (c_int, u32) {
        let parsed = standard(options).unwrap();
        (parsed.flags.of(0), parsed.altflags.of(0) as u32)
    }

    #[test]
    fn a_name_sets_its_bit_and_no_clears_it_or_the_other_way_round() {
        assert_eq!(words(c"ro"), (PUFFS_MNT_RDONLY, 0));
        assert_eq!(words(c"noro"), (0, 0));
        assert_eq!(words(c"norw"), (PUFFS_MNT_RDONLY, 0));
        assert_eq!(words(c"nodev"), (PUFFS_MNT_NODEV, 0));
        assert_eq!(
            words(c"nosuid,NoExec"),
            (PUFFS_MNT_NOSUID | PUFFS_MNT_NOEXEC, 0)
        );
        assert_eq!(words(c"nocache"), (0, PUFFS_KFLAG_NOCACHE));
        assert_eq!(words(c"nonamecache"), (0, PUFFS_KFLAG_NOCACHE_NAME));
        assert_eq!(words(c"nopagecache"), (0, PUFFS_KFLAG_NOCACHE_PAGE));
        assert_eq!(words(c"noattrcache"), (0, PUFFS_KFLAG_NOCACHE_ATTR));
        assert_eq!(
            words(c"allops,dump"),
            (0, PUFFS_KFLAG_ALLOPS | PUFFS_FLAG_OPDUMP)
        );
        assert_eq!(words(c",,auto,rump,"), (0, 0));
        assert_eq!(
            words(c"hidden,symperm,union,nocoredump"),
            (0x2010_8020, 0),
            "with the reference's values"
        );
    }

    #[test]
    fn the_last_word_counts_and_other_bits_stay() {
        assert_eq!(words(c"ro,rw"), (0, 0));
        assert_eq!(words(c"rw,ro"), (PUFFS_MNT_RDONLY, 0));
        let parsed = standard(c"rw,nodev").unwrap();
        assert_eq!(
            parsed.flags.of(PUFFS_MNT_RDONLY | 0x40),
            0x40 | PUFFS_MNT_NODEV
        );
    }

    #[test]
    fn values_are_remembered() {
        let parsed = standard(c"ro=1,dev,ro=b=c,nosuid=").unwrap();
        assert_eq!(parsed.value(c"ro"), Some(c"b=c"));
        assert_eq!(parsed.value(c"RO"), Some(c"b=c"));
        assert_eq!(parsed.value(c"suid"), Some(c""));
        assert_eq!(parsed.value(c"dev"), None);
        assert_eq!(parsed.value(c"exec"), None);
    }

    #[test]
    fn what_is_not_in_the_table_is_told() {
        for (options, told) in [
            (c"ro,fast", c"fast"),
            (c"nofast=2", c"nofast=2"),
            (c"no", c"no"),
            (c"=", c"="),
            (c"rox", c"rox"),
        ] {
            assert_eq!(standard(options).unwrap_err().as_c_str(), told);
        }
    }

    #[test]
    fn a_name_of_a_table_may_begin_with_no() {
        let end = || mntopt {
            m_option: core::ptr::null(),
            m_inverse: 0,
            m_flag: 0,
            m_altloc: 0,
        };
        let table = [sets(c"noatime", 1), sets(c"node", 2), end()];
        // SAFETY: a table as it has to be.
        let parsed = |options| unsafe { parse(options, table.as_ptr()) };
        assert_eq!(parsed(c"noatime,node").unwrap().flags.of(0), 3);
        assert_eq!(parsed(c"nonode").unwrap().flags.of(3), 1);
        assert!(parsed(c"atime").is_err());
    }
}
