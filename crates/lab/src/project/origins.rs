//! Where each object of a project is defined: the place of the statement, and of each column's line. It reads only the
//! heads of CREATE and ALTER statements and never fails.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Collection, CollectionKind};
use dbwright_model::facts::Project;
use dbwright_model::workload::Origin;
use dbwright_model::{Engine, Facts};
use dbwright_sql::lexer::{Kind, Lexer, Token};
use dbwright_sql::{Piece, unquote_identifier};

use super::source::SourceFile;

/// Keys whose places are kept.
const MOST_KEYS: usize = 10_000;

/// Collects places while a project is built.
#[derive(Debug, Default)]
pub struct Origins {
    /// By the object's name in small letters; the first definition counts.
    places: BTreeMap<String, Origin>,
    /// Of keys, as they were written, in the order of the files.
    keys: Vec<(String, Origin)>,
    files: Vec<String>,
}

impl Origins {
    /// Notes a file in the order in which files are applied.
    pub fn file(&mut self, file: &SourceFile) {
        self.files.push(file.name.clone());
    }

    /// Notes what a statement defines.
    pub fn statement(&mut self, file: &SourceFile, piece: &Piece<'_>, engine: Engine) {
        let head = Head { piece, tokens: Lexer::new(piece.text, engine).filter(|token| !token.kind.is_comment()).collect() };
        let Some(defined) = head.defined() else { return };
        for (name, offset) in defined {
            let place = file.place(piece.span.start + offset);
            self.places.entry(name.to_lowercase()).or_insert(Origin { file: place.file, line: place.line });
        }
    }

    /// Notes the command that writes a key.
    pub fn key(&mut self, file: &SourceFile, key: &str, line: u32) {
        if self.keys.len() < MOST_KEYS {
            self.keys.push((key.to_owned(), Origin { file: file.name.clone(), line }));
        }
    }

    /// The places of the objects that the engine made of it all, spelled as its catalog does.
    #[must_use]
    pub fn resolve(&self, name: &str, facts: &Facts) -> Project {
        let mut origins = BTreeMap::new();
        let mut put = |object: String, place: Option<&Origin>| {
            if let Some(place) = place {
                origins.insert(object, place.clone());
            }
        };
        for collection in &facts.catalog.collections {
            let table = collection.name.to_string();
            let own = self.find(&table, &collection.name.name);
            let own = own.or_else(|| self.first_key(collection));
            put(table.clone(), own);
            let column = |field: &str| self.find(&format!("{table}({field})"), &format!("{}({field})", collection.name.name)).or(own);
            for field in &collection.fields {
                put(format!("{table}({})", field.name), column(&field.name));
            }
            let sets =
                collection.keys.iter().map(|key| &key.columns).chain(collection.references.iter().map(|reference| &reference.columns));
            for columns in sets.filter(|columns| columns.len() > 1) {
                put(collection.name.with_columns(columns), column(&columns[0]));
            }
            for index in &collection.indexes {
                let place = self
                    .places
                    .get(&index.name.to_lowercase())
                    .or_else(|| index.leading_columns().first().and_then(|first| column(first)).or(own));
                put(index.name.clone(), place);
                put(index.object(&collection.name), place);
            }
        }
        for routine in &facts.catalog.routines {
            put(routine.name.to_string(), self.find(&routine.name.to_string(), &routine.name.name));
        }
        Project { name: name.to_owned(), origins, files: self.files.clone() }
    }

    /// Where a key of the pattern is written first.
    fn first_key(&self, collection: &Collection) -> Option<&Origin> {
        let pattern = (collection.kind == CollectionKind::KeyPattern).then_some(&collection.name.name)?;
        self.keys.iter().find(|(key, _)| fits(pattern, key)).map(|(_, place)| place)
    }

    fn find(&self, full: &str, bare: &str) -> Option<&Origin> {
        self.places.get(&full.to_lowercase()).or_else(|| self.places.get(&bare.to_lowercase()))
    }
}

/// Whether a key is of a pattern, in which `*` stands for anything.
fn fits(pattern: &str, key: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| key.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

struct Head<'a> {
    piece: &'a Piece<'a>,
    tokens: Vec<Token>,
}

/// Words between CREATE and the kind of object, or between kind and name.
const PASSED: [&str; 17] = [
    "or",
    "replace",
    "temp",
    "temporary",
    "unique",
    "unlogged",
    "global",
    "local",
    "virtual",
    "materialized",
    "recursive",
    "constraint",
    "if",
    "not",
    "exists",
    "concurrently",
    "only",
];

impl Head<'_> {
    fn word(&self, at: usize) -> Option<String> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word)?;
        Some(self.text(token).to_ascii_lowercase())
    }

    fn text(&self, token: &Token) -> &str {
        self.piece.text.get(token.start..token.end).unwrap_or_default()
    }

    fn is(&self, at: usize, kind: Kind) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == kind)
    }

    fn pass(&self, mut at: usize) -> usize {
        while self.word(at).is_some_and(|word| PASSED.contains(&word.as_str())) {
            at += 1;
        }
        at
    }

    /// A name at a token, with its schema, and the index behind it.
    fn name(&self, at: usize) -> Option<(String, usize)> {
        let part = |at: usize| {
            let token = self.tokens.get(at).filter(|token| matches!(token.kind, Kind::Word | Kind::QuotedIdentifier | Kind::String))?;
            let text = self.text(token);
            Some(unquote_identifier(text).unwrap_or_else(|| text.to_owned()))
        };
        let first = part(at)?;
        if self.is(at + 1, Kind::Dot) {
            return Some((format!("{first}.{}", part(at + 2)?), at + 3));
        }
        Some((first, at + 1))
    }

    /// Objects that the statement defines, with their offsets in it.
    fn defined(&self) -> Option<Vec<(String, usize)>> {
        match self.word(0)?.as_str() {
            "create" => self.created(),
            "alter" => self.altered(),
            _ => None,
        }
    }

    fn created(&self) -> Option<Vec<(String, usize)>> {
        let kind_at = self.pass(1);
        let kind = self.word(kind_at)?;
        let (name, next) = self.name(self.pass(kind_at + 1))?;
        let mut found = vec![(name.clone(), 0)];
        if kind == "table" && self.is(next, Kind::OpenParenthesis) {
            found.extend(self.columns(&name, next));
        }
        matches!(
            kind.as_str(),
            "table" | "view" | "index" | "trigger" | "function" | "procedure" | "sequence" | "type" | "domain" | "extension"
        )
        .then_some(found)
    }

    /// The first token of each item of the parenthesis that opens at `open`.
    fn columns(&self, table: &str, open: usize) -> Vec<(String, usize)> {
        const CONSTRAINTS: [&str; 8] = ["constraint", "primary", "unique", "foreign", "check", "exclude", "like", "key"];
        let mut found = Vec::new();
        let (mut depth, mut begins) = (0_usize, false);
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                Kind::OpenParenthesis => {
                    depth += 1;
                    begins = depth == 1;
                    continue;
                }
                Kind::CloseParenthesis => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                Kind::Comma if depth == 1 => {
                    begins = true;
                    continue;
                }
                _ => {}
            }
            if std::mem::take(&mut begins)
                && !self.word(at).is_some_and(|word| CONSTRAINTS.contains(&word.as_str()))
                && let Some((column, _)) = self.name(at)
            {
                found.push((format!("{table}({column})"), token.start));
            }
        }
        found
    }

    /// `ALTER TABLE t ADD [COLUMN] c`: of constraints only the name.
    fn altered(&self) -> Option<Vec<(String, usize)>> {
        (self.word(1)? == "table").then_some(())?;
        let (table, next) = self.name(self.pass(2))?;
        let mut found = Vec::new();
        for at in (next..self.tokens.len()).filter(|at| self.word(*at).as_deref() == Some("add")) {
            let mut name_at = at + 1;
            match self.word(name_at).as_deref() {
                Some("column") => name_at = self.pass(name_at + 1),
                Some("constraint") => {
                    if let Some((name, _)) = self.name(name_at + 1) {
                        found.push((name, self.tokens[at].start));
                    }
                    continue;
                }
                Some("primary" | "unique" | "foreign" | "check" | "index" | "key" | "exclude") => continue,
                _ => {}
            }
            if let Some((column, _)) = self.name(name_at) {
                found.push((format!("{table}({column})"), self.tokens[at].start));
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> BTreeMap<String, u32> {
        let file = SourceFile::new("schema.sql", text);
        let mut origins = Origins::default();
        for piece in dbwright_sql::split(&file.text, Engine::Postgresql) {
            origins.statement(&file, &piece, Engine::Postgresql);
        }
        origins.places.into_iter().map(|(name, place)| (name, place.line)).collect()
    }

    #[test]
    fn keys_are_matched_to_their_pattern() {
        for (pattern, key, expected) in [
            ("user:*", "user:17", true),
            ("user:*:cart", "user:17:cart", true),
            ("user:*:cart", "user:17:orders", false),
            ("cfg", "cfg", true),
            ("cfg", "cfg:1", false),
            ("*", "x", true),
            ("a:*:b:*", "a:1:b:2", true),
        ] {
            assert_eq!(fits(pattern, key), expected, "{pattern} {key}");
        }
    }

    #[test]
    fn tables_columns_and_indexes_have_lines() {
        let found = lines(
            "-- c\nCREATE TABLE IF NOT EXISTS shop.\"Orders\" (\n  id int,\n  \"a, b\" numeric(10, 2) CHECK (x IN (1, 2)),\n  CONSTRAINT k PRIMARY KEY (id)\n);\n\
             CREATE UNIQUE INDEX CONCURRENTLY orders_a ON shop.\"Orders\" (id);\nALTER TABLE shop.\"Orders\"\n  ADD COLUMN note text,\n  ADD CONSTRAINT c CHECK (true);\nCREATE OR REPLACE VIEW v AS SELECT 1;",
        );
        let expected = [
            ("c", 10),
            ("orders_a", 7),
            ("shop.orders", 2),
            ("shop.orders(a, b)", 4),
            ("shop.orders(id)", 3),
            ("shop.orders(note)", 9),
            ("v", 11),
        ];
        assert_eq!(found, expected.into_iter().map(|(name, line)| (name.to_owned(), line)).collect());
    }

    #[test]
    fn other_statements_define_nothing() {
        assert!(lines("INSERT INTO t VALUES (1); CREATE; ALTER TABLE; DROP TABLE t; CREATE TABLE").is_empty());
    }
}
