//! The message bodies as C structures, from `puffs_core::msg::body`: [`read`].
//!
//! They are declared there by a macro, which cbindgen does not look into; being plain data of fixed
//! width they are easy to write down. Each gets an assert of the size that the macro states.

use std::fmt::Write;
use std::path::Path;

use syn::parse::{Parse, ParseStream};

use crate::{Error, source, text};

/// The bodies.
pub(crate) struct Bodies {
    /// As C.
    pub(crate) c: String,
    renamed: Vec<(String, String)>,
}

impl Bodies {
    /// Rust's and C's names.
    pub(crate) fn renamed(&self) -> impl Iterator<Item = (String, String)> {
        self.renamed.iter().cloned()
    }

    /// C's names.
    pub(crate) fn c_names(&self) -> impl Iterator<Item = &str> {
        self.renamed.iter().map(|(_, name)| name.as_str())
    }
}

/// `pub struct Name { fields } = size;` as in the macro.
struct Sized {
    item: syn::ItemStruct,
    size: Option<syn::LitInt>,
}

impl Parse for Sized {
    fn parse(input: ParseStream<'_>) -> syn::Result<Sized> {
        let item = input.parse()?;
        input.parse::<syn::Token![=]>()?;
        let size = Some(input.parse()?);
        input.parse::<syn::Token![;]>()?;
        Ok(Sized { item, size })
    }
}

/// All that one invocation of the macro declares.
struct Many(Vec<Sized>);

impl Parse for Many {
    fn parse(input: ParseStream<'_>) -> syn::Result<Many> {
        let mut all = Vec::new();
        while !input.is_empty() {
            all.push(input.parse()?);
        }
        Ok(Many(all))
    }
}

/// Reads the file `path`.
pub(crate) fn read(path: &Path) -> Result<Bodies, Error> {
    let mut structs = Vec::new();
    for item in syn::parse_file(&source(path)?)?.items {
        match item {
            syn::Item::Macro(invocation) if invocation.mac.path.is_ident("plain") => {
                structs.extend(invocation.mac.parse_body::<Many>()?.0);
            }
            syn::Item::Struct(item) => structs.push(Sized { item, size: None }),
            _ => {}
        }
    }
    let mut bodies = Bodies {
        c: String::new(),
        renamed: Vec::new(),
    };
    for Sized { item, .. } in &structs {
        let name = item.ident.to_string();
        let in_c = format!("puffs_msg_{}", snake(&name));
        bodies.renamed.push((name, in_c));
    }
    for declared in &structs {
        bodies.declare(declared)?;
    }
    Ok(bodies)
}

impl Bodies {
    fn declare(&mut self, Sized { item, size }: &Sized) -> Result<(), Error> {
        let name = self.name(&item.ident)?.to_owned();
        self.c += &text::comment(&item.attrs, "");
        writeln!(self.c, "struct {name} {{")?;
        for field in &item.fields {
            let ident = field.ident.as_ref().ok_or("a field without a name")?;
            let (of, count) = self.field(&field.ty)?;
            // An underscore keeps the name apart from a word of Rust's.
            let ident = ident.to_string();
            let ident = ident.trim_end_matches('_');
            self.c += &text::comment(&field.attrs, "  ");
            writeln!(self.c, "  {of} {ident}{count};")?;
        }
        let packed = if packed(item) { " PUFFS_PACKED" } else { "" };
        writeln!(self.c, "}}{packed};")?;
        if let Some(size) = size {
            writeln!(
                self.c,
                "PUFFS_STATIC_ASSERT(sizeof(struct {name}) == {size}, \"size of {name}\");"
            )?;
        }
        self.c.push('\n');
        Ok(())
    }

    /// A field's type in C, and what follows its name.
    fn field(&self, ty: &syn::Type) -> Result<(String, String), Error> {
        match ty {
            syn::Type::Array(syn::TypeArray {
                elem,
                len:
                    syn::Expr::Lit(syn::ExprLit {
                        lit: syn::Lit::Int(len),
                        ..
                    }),
                ..
            }) => Ok((self.field(elem)?.0, format!("[{len}]"))),
            syn::Type::Path(path) => {
                let ident = path.path.require_ident()?;
                let of = match ident.to_string().as_str() {
                    "u8" => "uint8_t".to_owned(),
                    "u16" => "uint16_t".to_owned(),
                    "u32" => "uint32_t".to_owned(),
                    "u64" => "uint64_t".to_owned(),
                    "i64" => "int64_t".to_owned(),
                    _ => format!("struct {}", self.name(ident)?),
                };
                Ok((of, String::new()))
            }
            _ => Err("a field of a message body is neither a number, a body nor an array".into()),
        }
    }

    fn name(&self, ident: &syn::Ident) -> Result<&str, Error> {
        let found = self.renamed.iter().find(|(rust, _)| ident == rust);
        match found {
            Some((_, in_c)) => Ok(in_c),
            None => Err(format!("{ident} is no message body").into()),
        }
    }
}

fn packed(item: &syn::ItemStruct) -> bool {
    item.attrs.iter().any(|attr| match &attr.meta {
        syn::Meta::List(list) => {
            list.path.is_ident("repr") && list.tokens.to_string().contains("packed")
        }
        _ => false,
    })
}

/// `SnakeCase` to `snake_case`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for char in name.chars() {
        if char.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(char.to_lowercase());
    }
    out
}
