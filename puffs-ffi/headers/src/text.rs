//! Text of a header: filling the template, and turning what rustdoc links say into C names.

use std::collections::HashMap;

use crate::Error;

/// Replaces the marks of a template by what `part` has for them.
pub(crate) fn fill<'a>(
    template: &str,
    part: impl Fn(&str) -> Option<&'a String>,
) -> Result<String, Error> {
    let mut out = String::new();
    for line in template.lines() {
        let mark = line
            .strip_prefix('@')
            .and_then(|rest| rest.strip_suffix('@'));
        match mark {
            None => {
                out.push_str(line);
                out.push('\n');
            }
            Some(mark) => {
                let text = part(mark).ok_or_else(|| format!("unknown mark @{mark}@"))?;
                out.push_str(text.trim_end());
                out.push('\n');
            }
        }
    }
    for (mark, value) in [
        ("@VERSION@", env!("CARGO_PKG_VERSION")),
        ("@VERSION_MAJOR@", env!("CARGO_PKG_VERSION_MAJOR")),
        ("@VERSION_MINOR@", env!("CARGO_PKG_VERSION_MINOR")),
        ("@VERSION_PATCH@", env!("CARGO_PKG_VERSION_PATCH")),
    ] {
        out = out.replace(mark, value);
    }
    Ok(out)
}

/// What C calls the things that Rust's comments link to.
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    /// From pairs of Rust's path (as written in links) and C's name.
    pub(crate) fn new(pairs: impl Iterator<Item = (String, String)>) -> Names {
        Names(pairs.collect())
    }

    /// Replaces ``[`Path::to`]`` by the name in C, or by the path itself, and drops blank lines in excess.
    pub(crate) fn tidy(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("[`") {
            let Some(len) = rest[start..].find("`]") else {
                break;
            };
            let path = &rest[start + 2..start + len];
            out.push_str(&rest[..start]);
            out.push('`');
            out.push_str(&self.in_c(path));
            out.push('`');
            rest = &rest[start + len + 2..];
        }
        out.push_str(rest);
        while out.contains("\n\n\n") {
            out = out.replace("\n\n\n", "\n\n");
        }
        one_line(&out)
    }

    fn in_c(&self, path: &str) -> String {
        if let Some(name) = self.0.get(path) {
            return name.clone();
        }
        match path.rsplit_once("::") {
            Some((owner, field)) if self.0.contains_key(owner) => {
                format!("{}.{field}", self.0[owner])
            }
            _ => path.trim_start_matches("super::").to_owned(),
        }
    }
}

/// Writes comments of one line on one line.
fn one_line(text: &str) -> String {
    let mut out = String::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let indent = lines[at].len() - lines[at].trim_start().len();
        let trimmed = |ahead: usize| lines.get(at + ahead).map_or("", |line| line.trim());
        match (trimmed(0), trimmed(1).strip_prefix("* "), trimmed(2)) {
            ("/**", Some(words), "*/") => {
                out += &format!("{}/** {words} */\n", &lines[at][..indent]);
                at += 3;
            }
            _ => {
                out += lines[at];
                out.push('\n');
                at += 1;
            }
        }
    }
    out
}

/// Rust's comment lines of an item as a C comment.
pub(crate) fn comment(attrs: &[syn::Attribute], indent: &str) -> String {
    let lines: Vec<String> = attrs.iter().filter_map(doc_line).collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/**{line} */\n"),
        lines => {
            let mut out = format!("{indent}/**\n");
            for line in lines {
                out.push_str(format!("{indent} *{line}").trim_end());
                out.push('\n');
            }
            out + indent + " */\n"
        }
    }
}

fn doc_line(attr: &syn::Attribute) -> Option<String> {
    let syn::Meta::NameValue(doc) = &attr.meta else {
        return None;
    };
    match &doc.value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(line),
            ..
        }) if doc.path.is_ident("doc") => Some(line.value()),
        _ => None,
    }
}
