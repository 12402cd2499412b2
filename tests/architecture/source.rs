//! The sources of one package, parsed: a module per file, without its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::{Attribute, Item};

use super::paths::{self, Place, Used};
use crate::support::assets::checkout;

/// A module's place below its crate: `["plan", "status", "tabs"]`. The crate itself is empty.
pub type Name = Vec<String>;

/// One file.
#[derive(Debug)]
pub struct Module {
    /// Relative to the source folder.
    pub path: PathBuf,
    /// Lines without test modules.
    pub lines: usize,
    /// What it refers to, and which of its functions are async.
    pub used: Used,
    /// What it exports under which path, `*` for everything below it.
    exports: Vec<(String, Name)>,
    declares: BTreeSet<String>,
}

/// All modules of a package. Binaries (`main.rs`, `bin/…`) are separate, as `["main"]` and `["bin", …]`.
#[derive(Debug, Default)]
pub struct Package(pub BTreeMap<Name, Module>);

impl Package {
    /// Reads the sources in a folder of the checkout.
    pub fn read(folder: &str) -> Self {
        let root = checkout().join(folder);
        let (mut folders, mut texts) = (vec![root.clone()], vec![]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                match path.extension() {
                    _ if path.is_dir() => folders.push(path),
                    Some(extension) if extension == "rs" => {
                        let text = std::fs::read_to_string(&path).unwrap();
                        texts.push((path.strip_prefix(&root).unwrap().to_owned(), text));
                    }
                    _ => {}
                }
            }
        }
        Self::of(texts.iter().map(|(path, text)| (path.as_path(), text.as_str())))
    }

    /// Parses files, without test modules and everything below them.
    pub fn of<'t>(texts: impl IntoIterator<Item = (&'t Path, &'t str)>) -> Self {
        let files: Vec<(&Path, &str, syn::File)> = texts
            .into_iter()
            .map(|(path, text)| {
                let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                (path, text, file)
            })
            .collect();
        let tests: BTreeSet<PathBuf> = files.iter().flat_map(|(path, _, file)| test_files(path, file)).collect();
        let is_test = |path: &Path| tests.iter().any(|test| path == test || path.starts_with(test.with_extension("")));
        let modules = files.into_iter().filter(|(path, ..)| !is_test(path)).map(|(path, text, file)| {
            let name = name_of(path);
            let module = module(path, &name, text, &file);
            (name, module)
        });
        Self(modules.collect())
    }

    /// Finds the module that a path below the crate refers to; follows exports to where an item is declared.
    pub fn module_of(&self, path: &[String]) -> Option<&Name> {
        self.follow(path.to_vec(), 8)
    }

    fn follow(&self, path: Name, steps: usize) -> Option<&Name> {
        let length = (0..=path.len()).rev().find(|length| self.0.contains_key(&path[..*length]))?;
        let (name, module) = self.0.get_key_value(&path[..length])?;
        let Some(item) = path.get(length).filter(|item| steps > 0 && !module.declares.contains(*item)) else {
            return Some(name);
        };
        let exported = module.exports.iter().find_map(|(known, target)| match known.as_str() {
            known if known == item => Some(target.clone()),
            "*" if self.0.get(target).is_some_and(|below| below.declares.contains(item)) => {
                Some([target.as_slice(), std::slice::from_ref(item)].concat())
            }
            _ => None,
        });
        exported.map_or(Some(name), |target| self.follow(target, steps - 1))
    }

    /// The other modules of the package that a module refers to.
    pub fn neighbours(&self, name: &Name) -> BTreeSet<&Name> {
        let used = self.0[name].used.paths.iter().filter_map(|path| path.strip_prefix(&[paths::CRATE.to_owned()][..]));
        used.filter_map(|path| self.module_of(path)).filter(|other| *other != name).collect()
    }
}

fn module(path: &Path, name: &Name, text: &str, file: &syn::File) -> Module {
    let items = || file.items.iter().filter(|item| !is_test(attributes(item)));
    let tests: usize = file.items.iter().filter(|item| is_test(attributes(item))).map(lines).sum();
    let children = items().filter_map(|item| match item {
        Item::Mod(module) if module.content.is_none() => Some(module.ident.to_string()),
        _ => None,
    });
    let place = Place { module: name.clone(), children: children.collect() };
    let exports = items().filter_map(|item| match item {
        Item::Use(item) if !matches!(item.vis, syn::Visibility::Inherited) => Some(paths::imports(&place, item)),
        _ => None,
    });
    Module {
        path: path.to_owned(),
        lines: text.lines().count() - tests,
        used: Used::by(&place, items()),
        exports: exports
            .flatten()
            .filter_map(|(known, path)| Some((known, path.strip_prefix(&[paths::CRATE.to_owned()][..])?.to_vec())))
            .collect(),
        declares: items().filter_map(declared).collect(),
    }
}

fn lines(item: &Item) -> usize {
    let first = attributes(item).first().map_or(item.span().start().line, |first| first.span().start().line);
    item.span().end().line + 1 - first
}

fn name_of(path: &Path) -> Name {
    let names = path.iter().map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned());
    names.filter(|part| part != "mod" && part != "lib").collect()
}

/// The files that a file declares as its test modules.
fn test_files(path: &Path, file: &syn::File) -> Vec<PathBuf> {
    let folder = path.parent().unwrap();
    let is_root = ["mod.rs", "lib.rs", "main.rs"].iter().any(|root| path.ends_with(root));
    let own = if is_root { folder.to_owned() } else { path.with_extension("") };
    let tests = file.items.iter().filter_map(|item| match item {
        Item::Mod(module) if module.content.is_none() && is_test(&module.attrs) => Some(module),
        _ => None,
    });
    tests
        .flat_map(|module| match paths::path_attribute(&module.attrs) {
            Some(named) => vec![folder.join(named)],
            None => vec![own.join(format!("{}.rs", module.ident)), own.join(format!("{}/mod.rs", module.ident))],
        })
        .collect()
}

pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn declared(item: &Item) -> Option<String> {
    match item {
        Item::Const(item) => Some(item.ident.to_string()),
        Item::Enum(item) => Some(item.ident.to_string()),
        Item::Fn(item) => Some(item.sig.ident.to_string()),
        Item::Static(item) => Some(item.ident.to_string()),
        Item::Struct(item) => Some(item.ident.to_string()),
        Item::Trait(item) => Some(item.ident.to_string()),
        Item::Type(item) => Some(item.ident.to_string()),
        _ => None,
    }
}
