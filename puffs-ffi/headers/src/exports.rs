//! What the sources of one header export to C, by cbindgen: [`read`].
//!
//! cbindgen drops types that no function mentions and knows nothing of other headers, so this module looks
//! over the sources first: public structures and unions are all wanted, structures of earlier headers and of
//! the system are written with their keyword.

use std::collections::HashMap;
use std::path::Path;

use crate::{Error, Header, rust_files, source};

/// Structures that system headers declare.
const SYSTEM: &[&str] = &["stat", "statvfs", "timespec", "flock"];

/// The C of one header's exports.
pub(crate) struct Exports {
    /// As C.
    pub(crate) c: String,
    /// The structures and unions declared.
    pub(crate) structs: Vec<String>,
}

/// Reads the sources of `header`; `known` are the structures of the headers before it.
pub(crate) fn read(root: &Path, header: &Header, known: &[String]) -> Result<Exports, Error> {
    let mut builder = cbindgen::Builder::new();
    let mut structs = Vec::new();
    let mut hidden = Vec::new();
    for place in header.sources {
        let files = rust_files(&root.join(place))?;
        // From a module's own file cbindgen goes on to the others by itself, and would read them twice.
        let is_mod = |file: &Path| file.ends_with("mod.rs");
        let has_mod = files.iter().any(|file| is_mod(file));
        for file in files {
            structs.extend(declared(&file)?.structs);
            if is_mod(&file) || !has_mod {
                builder = builder.with_src(file);
            }
        }
    }
    for (place, wanted) in header.partly {
        let file = root.join(place);
        let found = declared(&file)?;
        let all = found.structs.iter().chain(&found.consts);
        for name in *wanted {
            if !all.clone().any(|found| found == name) {
                return Err(format!("{place}: no public {name}").into());
            }
        }
        let is_wanted = |name: &String| wanted.contains(&name.as_str());
        hidden.extend(all.filter(|name| !is_wanted(name)).cloned());
        structs.extend(found.structs.into_iter().filter(is_wanted));
        builder = builder.with_src(file);
    }

    let mut rename: HashMap<String, String> = HashMap::new();
    for name in SYSTEM
        .iter()
        .copied()
        .chain(known.iter().map(String::as_str))
    {
        if !structs.iter().any(|own| own == name) {
            rename.insert(name.to_owned(), format!("struct {name}"));
        }
    }
    for (rust, c) in header.opaque {
        rename.insert((*rust).to_owned(), (*c).to_owned());
    }
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        cpp_compat: true,
        style: cbindgen::Style::Tag,
        no_includes: true,
        usize_is_size_t: true,
        documentation_style: cbindgen::DocumentationStyle::Doxy,
        export: cbindgen::ExportConfig {
            include: structs.clone(),
            exclude: hidden,
            rename,
            ..Default::default()
        },
        ..Default::default()
    };
    let mut c = Vec::new();
    builder.with_config(config).generate()?.write(&mut c);
    Ok(Exports {
        // An associated constant, of which cbindgen writes the last word only.
        c: String::from_utf8(c)?.replace("[COUNT]", "[PUFFS_E_COUNT]"),
        structs,
    })
}

/// Public names of one source file.
#[derive(Default)]
struct Declared {
    structs: Vec<String>,
    consts: Vec<String>,
}

fn declared(file: &Path) -> Result<Declared, Error> {
    let mut names = Declared::default();
    let parsed =
        syn::parse_file(&source(file)?).map_err(|error| format!("{}: {error}", file.display()))?;
    for item in parsed.items {
        let (vis, ident, list) = match item {
            syn::Item::Struct(item) => (item.vis, item.ident, &mut names.structs),
            syn::Item::Union(item) => (item.vis, item.ident, &mut names.structs),
            syn::Item::Enum(item) => (item.vis, item.ident, &mut names.structs),
            syn::Item::Type(item) => (item.vis, item.ident, &mut names.consts),
            syn::Item::Const(item) => (item.vis, item.ident, &mut names.consts),
            _ => continue,
        };
        if matches!(vis, syn::Visibility::Public(_)) {
            list.push(ident.to_string());
        }
    }
    Ok(names)
}
