//! The numbers of the message interface as C macros, from `puffs_core::msg`: [`read`].
//!
//! A constant's name in C is the prefix of its module and its own name.

use std::fmt::Write;
use std::path::Path;

use crate::{Error, source, text};

/// Where numbers are, and what C calls them: file, module (empty: the file itself), prefix in C.
const MODULES: &[(&str, &str, &str)] = &[
    ("op.rs", "vfs", "PUFFS_VFS_"),
    ("op.rs", "vn", "PUFFS_VN_"),
    ("body.rs", "", "PUFFS_MSG_"),
    ("body.rs", "cred", "PUFFS_MSG_CRED_"),
    ("body.rs", "namei", "PUFFS_MSG_NAMEI_"),
    ("body.rs", "setback", "PUFFS_SETBACK_"),
    ("body.rs", "extattr", "PUFFS_MSG_EXTATTR_"),
    ("body.rs", "extattrctl", "PUFFS_MSG_EXTATTRCTL_"),
];

/// Constants of `op.rs` that keep the reference's names: how they begin, and how those do.
const NAMED: &[(&str, &str)] = &[
    ("CLASS_MASK", "PUFFSOP_OPCMASK"),
    ("CLASS_", "PUFFSOP_"),
    ("FLAG_", "PUFFSOPFLAG_"),
];

/// The numbers.
pub(crate) struct Numbers {
    /// As C.
    pub(crate) c: String,
    renamed: Vec<(String, String)>,
}

impl Numbers {
    /// Rust's and C's names.
    pub(crate) fn renamed(&self) -> impl Iterator<Item = (String, String)> {
        self.renamed.iter().cloned()
    }
}

/// Reads the files of `puffs_core::msg` in `dir`.
pub(crate) fn read(dir: &Path) -> Result<Numbers, Error> {
    let mut numbers = Numbers {
        c: String::new(),
        renamed: Vec::new(),
    };
    for file in ["op.rs", "body.rs"] {
        let parsed = syn::parse_file(&source(&dir.join(file))?)?;
        numbers.items(file, "", &parsed.items)?;
        for item in &parsed.items {
            let syn::Item::Mod(module) = item else {
                continue;
            };
            let name = module.ident.to_string();
            if let Some((_, items)) = &module.content {
                numbers.c.push('\n');
                numbers.c += &text::comment(&module.attrs, "");
                numbers.c.push('\n');
                numbers.items(file, &name, items)?;
            }
        }
        numbers.c.push('\n');
    }
    Ok(numbers)
}

/// The public constants of `file`, under their own names, with blank lines as there.
pub(crate) fn plain(file: &Path) -> Result<String, Error> {
    let text = source(file)?;
    let mut c = String::new();
    let mut lines = text.lines();
    for item in syn::parse_file(&text)?.items {
        let syn::Item::Const(item) = item else {
            continue;
        };
        let name = item.ident.to_string();
        let value = value(&item.expr).ok_or_else(|| format!("{name} is no number"))?;
        // Where the source leaves a line free, so does the header.
        let mut free = false;
        for line in lines.by_ref() {
            if line.starts_with(&format!("pub const {name}:")) {
                break;
            }
            free |= line.is_empty();
        }
        if free {
            c.push('\n');
        }
        c += &text::comment(&item.attrs, "");
        writeln!(c, "#define {name} {value}")?;
    }
    Ok(c)
}

impl Numbers {
    fn items(&mut self, file: &str, module: &str, items: &[syn::Item]) -> Result<(), Error> {
        let prefix = MODULES
            .iter()
            .find(|(f, m, _)| (*f, *m) == (file, module))
            .map(|(_, _, prefix)| *prefix);
        if let (Some(prefix), false) = (prefix, module.is_empty()) {
            self.renamed.push((module.to_owned(), format!("{prefix}*")));
        }
        for item in items {
            let syn::Item::Const(item) = item else {
                continue;
            };
            if !matches!(item.vis, syn::Visibility::Public(_)) {
                continue;
            }
            let name = item.ident.to_string();
            let named = NAMED.iter().find_map(|(rust, c)| {
                let rest = name.strip_prefix(rust)?;
                (file == "op.rs" && module.is_empty()).then(|| format!("{c}{rest}"))
            });
            let in_c = named
                .or_else(|| Some(format!("{}{name}", prefix?)))
                .ok_or_else(|| format!("{file}: {name} has no name in C"))?;
            let value = value(&item.expr).ok_or_else(|| format!("{file}: {name} is no number"))?;
            self.c += &text::comment(&item.attrs, "");
            writeln!(self.c, "#define {in_c} {value}")?;
            self.renamed.push((name, in_c));
        }
        Ok(())
    }
}

/// A constant expression as C: a literal, a shift of literals, or the largest 64-bit number.
fn value(expr: &syn::Expr) -> Option<String> {
    match expr {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Int(number),
            ..
        }) => Some(number.token().to_string().replace('_', "")),
        syn::Expr::Binary(syn::ExprBinary {
            left,
            op: syn::BinOp::Shl(_),
            right,
            ..
        }) => Some(format!("({} << {})", value(left)?, value(right)?)),
        syn::Expr::Path(path) => {
            let path: Vec<String> = path
                .path
                .segments
                .iter()
                .map(|s| s.ident.to_string())
                .collect();
            (path == ["u64", "MAX"]).then(|| "UINT64_MAX".to_owned())
        }
        _ => None,
    }
}
