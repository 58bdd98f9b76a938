//! Makes JSON Schema (draft 2020-12) of the model's own source: what serde writes is what the schema says, with the doc
//! comments as descriptions. It never guesses: a form of type or attribute that it does not know is a panic, which fails the test.

mod source;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use syn::{Fields, GenericArgument, PathArguments, Type};

pub use source::Source;
use source::{Item, docs, renamed, serde_words};

/// What a schema is for: what we write always holds every field that serde does not skip; what we read may lack defaults.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// For those who read what we write.
    Written,
    /// For those who write what we read.
    Read,
}

/// A schema under construction.
pub struct Maker<'s> {
    source: &'s Source,
    direction: Use,
    waiting: BTreeSet<(String, String)>,
    done: BTreeMap<String, Value>,
}

/// The schema of `module::name` with everything that it refers to.
pub fn make(source: &Source, direction: Use, module: &str, name: &str, id: &str) -> Value {
    let mut maker = Maker { source, direction, waiting: BTreeSet::new(), done: BTreeMap::new() };
    let root = maker.item(module, name);
    while let Some((module, name)) = maker.waiting.pop_first() {
        let key = format!("{module}.{name}");
        if !maker.done.contains_key(&key) {
            let item = maker.item(&module, &name);
            maker.done.insert(key, item);
        }
    }
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("$id".to_owned(), json!(format!("urn:dbwright:schema:{id}")));
    schema.insert("title".to_owned(), json!(id));
    schema.extend(root.as_object().expect("an item is an object").clone());
    schema["properties"]["schema"] = json!({"const": id, "description": "Names this form; another number is another form."});
    schema.insert("$defs".to_owned(), json!(maker.done));
    Value::Object(schema)
}

impl Maker<'_> {
    fn item(&mut self, module: &str, name: &str) -> Value {
        let source = self.source;
        match source.item(module, name) {
            Item::Struct(item) => self.structure(module, item),
            Item::Enum(item) => self.enumeration(module, item),
        }
    }

    fn structure(&mut self, module: &str, item: &syn::ItemStruct) -> Value {
        let words = serde_words(&item.attrs);
        if words.iter().any(|word| word.starts_with("into")) {
            return json!({"type": "string", "format": "date-time", "description": docs(&item.attrs)});
        }
        let Fields::Named(fields) = &item.fields else { panic!("{}: a struct without named fields", item.ident) };
        let all_default = words.iter().any(|word| word == "default");
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for field in &fields.named {
            let words = serde_words(&field.attrs);
            if words.iter().any(|word| word == "skip") {
                continue;
            }
            let name = field.ident.as_ref().expect("named").to_string();
            let skipped = words.iter().any(|word| word.starts_with("skip_serializing_if"));
            let has_default = all_default || words.iter().any(|word| word == "default");
            let optional = if self.direction == Use::Written { skipped } else { has_default };
            let mut schema = self.of_type(module, &field.ty, skipped && self.direction == Use::Written);
            if let Some(text) = docs(&field.attrs) {
                schema["description"] = json!(text);
            }
            if !optional {
                required.push(name.clone());
            }
            properties.insert(name, schema);
        }
        let mut schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if let Some(text) = docs(&item.attrs) {
            schema["description"] = json!(text);
        }
        schema
    }

    fn enumeration(&mut self, module: &str, item: &syn::ItemEnum) -> Value {
        let words = serde_words(&item.attrs);
        let mut schema = if words.iter().any(|word| word == "untagged") {
            let forms: Vec<Value> = item
                .variants
                .iter()
                .map(|variant| self.of_type(module, &variant.fields.iter().next().expect("one field").ty, false))
                .collect();
            json!({"anyOf": forms})
        } else {
            let case = words.iter().find_map(|word| word.strip_prefix("rename_all=")).unwrap_or("");
            assert!(item.variants.iter().all(|variant| variant.fields.is_empty()), "{}: a variant with fields", item.ident);
            json!({"enum": item.variants.iter().map(|variant| renamed(&variant.ident.to_string(), case)).collect::<Vec<_>>()})
        };
        if let Some(text) = docs(&item.attrs) {
            schema["description"] = json!(text);
        }
        schema
    }

    /// `never_null`: the field is left out rather than written as null.
    fn of_type(&mut self, module: &str, of: &Type, never_null: bool) -> Value {
        match of {
            Type::Path(path) => {
                let last = path.path.segments.last().expect("a path has segments");
                self.of_path(module, &last.ident.to_string(), &types(&last.arguments), never_null)
            }
            Type::Tuple(tuple) => {
                let items: Vec<Value> = tuple.elems.iter().map(|item| self.of_type(module, item, false)).collect();
                json!({"type": "array", "prefixItems": items, "items": false, "minItems": tuple.elems.len()})
            }
            Type::Array(array) => {
                let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(count), .. }) = &array.len else {
                    panic!("an array's length is a number")
                };
                let count: usize = count.base10_parse().expect("a length");
                json!({"type": "array", "items": self.of_type(module, &array.elem, false), "minItems": count, "maxItems": count})
            }
            _ => panic!("{module}: a type that the schema maker does not know"),
        }
    }

    fn of_path(&mut self, module: &str, name: &str, arguments: &[&Type], never_null: bool) -> Value {
        match (name, arguments) {
            ("String", []) => json!({"type": "string"}),
            ("bool", []) => json!({"type": "boolean"}),
            ("f64", []) => json!({"type": "number"}),
            ("i64", []) => json!({"type": "integer"}),
            ("u8" | "u32" | "u64" | "usize", []) => json!({"type": "integer", "minimum": 0}),
            ("Box", [inner]) => self.of_type(module, inner, never_null),
            ("Option", [inner]) => {
                let inner = self.of_type(module, inner, false);
                if never_null { inner } else { json!({"anyOf": [inner, {"type": "null"}]}) }
            }
            ("Vec", [inner]) => json!({"type": "array", "items": self.of_type(module, inner, false)}),
            ("BTreeMap", [key, value]) => {
                let keys = self.of_type(module, key, false);
                json!({"type": "object", "propertyNames": keys, "additionalProperties": self.of_type(module, value, false)})
            }
            (name, []) => {
                let (module, name) = self.source.resolve(module, name);
                let reference = format!("#/$defs/{module}.{name}");
                self.waiting.insert((module, name));
                json!({"$ref": reference})
            }
            _ => panic!("{module}: {name} with {} arguments", arguments.len()),
        }
    }
}

fn types(arguments: &PathArguments) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return Vec::new() };
    arguments.args.iter().filter_map(|argument| if let GenericArgument::Type(of) = argument { Some(of) } else { None }).collect()
}
