//! What a module refers to: every path in its code, those of its own package as `crate::…`.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprAsync, ExprAwait, Item, ItemMod, ItemUse, Lit, Macro, Meta, Signature, UseTree};

use super::source::{Name, attributes, is_test};

/// The first part of a path of the package itself.
pub const CRATE: &str = "crate";

/// What the code of a module uses.
#[derive(Debug, Default)]
pub struct Used {
    /// Every path, in parts.
    pub paths: BTreeSet<Name>,
    /// Whether it is async: an async function or block, or an await.
    pub waits: bool,
}

impl Used {
    /// Reads items of a module.
    pub fn by<'i>(place: &Place, items: impl Iterator<Item = &'i Item>) -> Self {
        let mut reader = Reader { place: place.clone(), used: Self::default() };
        items.for_each(|item| reader.visit_item(item));
        reader.used
    }
}

/// Where a path is resolved: it may start at a module that is declared there.
#[derive(Clone)]
pub struct Place {
    pub module: Name,
    pub children: BTreeSet<String>,
}

/// What a `use` imports: its name here and the path; `*` for all of a module.
pub fn imports(place: &Place, item: &ItemUse) -> Vec<(String, Name)> {
    let mut found = vec![];
    flatten(&item.tree, &mut vec![], &mut found);
    found.into_iter().map(|(known, path)| (known, absolute(place, path))).collect()
}

/// The file that `#[path = "…"]` names.
pub fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}

fn flatten(tree: &UseTree, before: &mut Name, found: &mut Vec<(String, Name)>) {
    let with = |last: String, before: &Name| [before.as_slice(), &[last]].concat();
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            found.push((before.last().cloned().unwrap_or_default(), before.clone()));
        }
        UseTree::Name(name) => found.push((name.ident.to_string(), with(name.ident.to_string(), before))),
        UseTree::Rename(rename) => found.push((rename.rename.to_string(), with(rename.ident.to_string(), before))),
        UseTree::Glob(_) => found.push(("*".to_owned(), before.clone())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, found)),
    }
}

/// The path from the crate, if it belongs to the package.
fn absolute(Place { module, children }: &Place, path: Name) -> Name {
    let climbs = path.iter().take_while(|part| *part == "super").count();
    let rest = |from: usize| path[from..].to_vec();
    let base = |length: usize| [&[CRATE.to_owned()], &module[..length]].concat();
    match path.first().map(String::as_str) {
        Some("super") => [base(module.len().saturating_sub(climbs)), rest(climbs)].concat(),
        Some(first) if children.contains(first) => [base(module.len()), path].concat(),
        Some("self") => [base(module.len()), rest(1)].concat(),
        // A binary refers to its library by the name of the package.
        Some("nimbus_operator" | "nimbus_sandbox") => [base(0), rest(1)].concat(),
        _ => path,
    }
}

struct Reader {
    place: Place,
    used: Used,
}

impl Reader {
    fn note(&mut self, path: Name) {
        self.used.paths.insert(absolute(&self.place, path));
    }

    /// The paths in the tokens of a macro, which is not parsed.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut colons): (Name, usize) = (vec![], 0);
        for token in tokens {
            match token {
                TokenTree::Ident(part) => {
                    if colons != 2 {
                        self.note(std::mem::take(&mut path));
                    }
                    path.push(part.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Group(group) => {
                    self.note(std::mem::take(&mut path));
                    self.note_tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.note(std::mem::take(&mut path));
                    colons = 0;
                }
            }
        }
        self.note(path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let outer = self.place.clone();
        self.place.module.push(module.ident.to_string());
        self.place.children.clear();
        visit::visit_item_mod(self, module);
        self.place = outer;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.used.paths.extend(imports(&self.place, item).into_iter().map(|(_, path)| path));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.note(path.segments.iter().map(|part| part.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.note_tokens(call.tokens.clone());
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        self.used.waits |= signature.asyncness.is_some();
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, block: &'ast ExprAsync) {
        self.used.waits = true;
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_await(&mut self, wait: &'ast ExprAwait) {
        self.used.waits = true;
        visit::visit_expr_await(self, wait);
    }
}
