//! The errors that a kernel has numbers for, from `puffs_core::errno`: [`read`].
//!
//! Each variant's comment names the C constant that it stands for; its place in a table is `PUFFS_E_` and
//! that name without its own `E`, or what the comment calls it.

use std::fmt::Write;
use std::path::Path;

use crate::{Error, source, text};

/// Reads the file `path`: places in an errno table, and a macro that fills one.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    let parsed = syn::parse_file(&source(path)?)?;
    let variants = parsed
        .items
        .into_iter()
        .find_map(|item| match item {
            syn::Item::Enum(item) if item.ident == "Errno" => Some(item.variants),
            _ => None,
        })
        .ok_or("errno.rs: no enum Errno")?;
    let mut places = String::new();
    let mut table = String::new();
    for (place, variant) in variants.iter().enumerate() {
        let comment = text::comment(&variant.attrs, "");
        let name = comment
            .split_once("(`E")
            .and_then(|(_, rest)| rest.split_once('`'))
            .map(|(name, _)| name)
            .ok_or_else(|| format!("errno.rs: {} names no errno", variant.ident))?;
        let called = comment
            .split_once("`PUFFS_E_")
            .and_then(|(_, rest)| rest.split_once('`'))
            .map_or(name, |(called, _)| called);
        writeln!(places, "{comment}#define PUFFS_E_{called} {place}")?;
        write!(table, " \\\n        E{name},")?;
    }
    let table = table.trim_end_matches(',');
    Ok(format!(
        "{places}/** How many there are. */\n#define PUFFS_E_COUNT {}\n\n\
         /** The table of a kernel that has C's names for them, in the order of the places. */\n\
         #define PUFFS_ERRNO_TABLE {{{table} \\\n    }}\n",
        variants.len()
    ))
}
