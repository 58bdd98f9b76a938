//! The model's source, parsed. It never evaluates anything.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Attribute, Expr, ExprLit, Lit, Meta, UseTree};

/// A type of the model.
pub enum Item {
    /// A struct.
    Struct(syn::ItemStruct),
    /// An enum.
    Enum(syn::ItemEnum),
}

/// Types by module and name, and what each module imports.
pub struct Source {
    items: BTreeMap<(String, String), Item>,
    imports: BTreeMap<(String, String), String>,
}

impl Source {
    /// Reads every file of the directory and below.
    pub fn read(directory: &Path) -> Self {
        let mut source = Self { items: BTreeMap::new(), imports: BTreeMap::new() };
        source.read_all(directory);
        source
    }

    fn read_all(&mut self, directory: &Path) {
        for path in std::fs::read_dir(directory).expect("the model's source").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                self.read_all(&path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let module = path.file_stem().expect("a stem").to_string_lossy().into_owned();
                self.add(&module, syn::parse_file(&text).expect("the model compiles"));
            }
        }
    }

    fn add(&mut self, module: &str, file: syn::File) {
        for item in file.items {
            match item {
                syn::Item::Struct(item) => {
                    self.items.insert((module.to_owned(), item.ident.to_string()), Item::Struct(item));
                }
                syn::Item::Enum(item) => {
                    self.items.insert((module.to_owned(), item.ident.to_string()), Item::Enum(item));
                }
                syn::Item::Use(item) => self.import(module, &item.tree, ""),
                _ => {}
            }
        }
    }

    /// `use crate::workload::Origin` in `finding` says that `Origin` of `finding` is that of `workload`.
    fn import(&mut self, module: &str, tree: &UseTree, from: &str) {
        match tree {
            UseTree::Path(path) => self.import(module, &path.tree, &path.ident.to_string()),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.import(module, item, from)),
            UseTree::Name(name) => {
                self.imports.insert((module.to_owned(), name.ident.to_string()), from.to_owned());
            }
            _ => {}
        }
    }

    /// The module in which a name used in `module` is defined.
    pub fn resolve(&self, module: &str, name: &str) -> (String, String) {
        let own = (module.to_owned(), name.to_owned());
        if self.items.contains_key(&own) {
            return own;
        }
        for through in [module, "lib"] {
            let mut through = through.to_owned();
            // A module may pass on what it imports itself.
            for _ in 0..4 {
                let Some(from) = self.imports.get(&(through, name.to_owned())) else { break };
                let key = (from.clone(), name.to_owned());
                if self.items.contains_key(&key) {
                    return key;
                }
                through = key.0;
            }
        }
        panic!("{name}, used in {module}, is not found in the model")
    }

    /// The type itself.
    pub fn item(&self, module: &str, name: &str) -> &Item {
        self.items.get(&(module.to_owned(), name.to_owned())).unwrap_or_else(|| panic!("{module}::{name} is not in the model"))
    }
}

/// The doc comment on one line.
pub fn docs(attributes: &[Attribute]) -> Option<String> {
    let lines: Vec<String> = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) => match &pair.value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join(" "))
}

/// The words of `#[serde(…)]`; one with a value is `word=value`.
pub fn serde_words(attributes: &[Attribute]) -> Vec<String> {
    let mut words = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute
            .parse_nested_meta(|meta| {
                let word = meta.path.get_ident().expect("a plain word").to_string();
                match meta.value() {
                    Ok(value) => words.push(format!("{word}={}", value.parse::<syn::LitStr>()?.value())),
                    Err(_) => words.push(word),
                }
                Ok(())
            })
            .expect("attributes of serde");
    }
    words
}

/// A variant's name as serde writes it.
pub fn renamed(name: &str, case: &str) -> String {
    match case {
        "" => name.to_owned(),
        "lowercase" => name.to_lowercase(),
        "kebab-case" => parted(name, '-'),
        "snake_case" => parted(name, '_'),
        _ => panic!("rename_all = {case:?}"),
    }
}

fn parted(name: &str, mark: char) -> String {
    let mut out = String::new();
    for (at, c) in name.chars().enumerate() {
        if c.is_uppercase() && at > 0 {
            out.push(mark);
        }
        out.extend(c.to_lowercase());
    }
    out
}
