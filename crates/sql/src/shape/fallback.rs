//! The shape of a statement that no grammar takes, from its tokens. It never claims more than words can tell.

use std::collections::BTreeMap;

use super::model::{Block, Role, SourceUse, StatementKind, TableName, TableUse};
use super::{Shape, Uses};
use crate::keywords;
use crate::lexer::{Kind, Lexer, Options, Token};

/// The kind of a statement by its first words.
pub(super) fn kind(text: &str, options: Options) -> StatementKind {
    let tokens = significant(text, options);
    kind_of(&tokens, text)
}

/// The shape of a statement by its tokens.
pub(super) fn shape(text: &str, options: Options) -> Shape {
    let tokens = significant(text, options);
    let mut reader =
        Reader { text, options, tokens: &tokens, at: 0, ctes: Vec::new(), tables: BTreeMap::new(), block: Block::new(Role::Main, None) };
    reader.read();
    let Reader { tables, block, ctes, .. } = reader;
    let tables = tables.into_iter().filter(|(table, _)| table.schema.is_some() || !ctes.contains(&table.name));
    Shape {
        kind: kind_of(&tokens, text),
        parsed: false,
        tables: tables.map(|(table, uses)| TableUse { table, read: uses.selected, written: uses.written }).collect(),
        columns: Vec::new(),
        blocks: vec![block],
        common_tables: ctes.len(),
        functions: functions(&tokens, text),
        insert: None,
    }
}

fn significant(text: &str, options: Options) -> Vec<Token> {
    let skipped = |kind: Kind| kind.is_comment() || matches!(kind, Kind::ConditionalStart | Kind::ConditionalEnd);
    Lexer::new(text, options).filter(|token| !skipped(token.kind)).collect()
}

fn word<'a>(token: Option<&Token>, text: &'a str) -> &'a str {
    match token {
        Some(token) if token.kind == Kind::Word => text.get(token.start..token.end).unwrap_or_default(),
        _ => "",
    }
}

fn kind_of(tokens: &[Token], text: &str) -> StatementKind {
    let mut depth = 0_usize;
    let mut leading = true;
    for token in tokens {
        match token.kind {
            Kind::OpenParenthesis => depth += 1,
            Kind::CloseParenthesis => depth = depth.saturating_sub(1),
            Kind::Word => {
                let first = word(Some(token), text).to_ascii_lowercase();
                if let Some(kind) = kind_of_word(&first).filter(|kind| leading || (depth == 0 && is_main_verb(*kind))) {
                    return kind;
                }
                if leading && first != "with" {
                    return StatementKind::Other;
                }
            }
            _ => {}
        }
        leading &= token.kind == Kind::OpenParenthesis;
    }
    StatementKind::Other
}

fn is_main_verb(kind: StatementKind) -> bool {
    use StatementKind::{Delete, Insert, Merge, Select, Update};
    matches!(kind, Select | Insert | Update | Delete | Merge)
}

fn kind_of_word(word: &str) -> Option<StatementKind> {
    Some(match word {
        "select" | "values" | "table" => StatementKind::Select,
        "insert" | "replace" => StatementKind::Insert,
        "update" => StatementKind::Update,
        "delete" => StatementKind::Delete,
        "merge" => StatementKind::Merge,
        "create" | "alter" | "drop" | "truncate" | "grant" | "revoke" | "comment" | "rename" => StatementKind::Ddl,
        "begin" | "start" | "commit" | "rollback" | "savepoint" | "release" | "end" | "abort" | "xa" => StatementKind::Transaction,
        "set" | "reset" | "show" | "use" | "explain" | "describe" | "desc" | "analyze" | "vacuum" | "pragma" | "optimize" | "flush"
        | "kill" | "discard" | "deallocate" | "prepare" | "execute" | "listen" | "unlisten" | "notify" | "lock" | "unlock"
        | "checkpoint" | "reindex" | "cluster" | "refresh" | "attach" | "detach" | "load" | "check" | "repair" | "handler" | "copy"
        | "fetch" | "close" | "declare" | "move" => StatementKind::Utility,
        _ => return None,
    })
}

/// Words before `(` that are functions, by not being keywords.
fn functions(tokens: &[Token], text: &str) -> Vec<String> {
    let mut names = std::collections::BTreeSet::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let name = word(pair.first(), text);
        let before = index.checked_sub(1).map_or("", |before| word(tokens.get(before), text)).to_ascii_lowercase();
        let names_table = matches!(before.as_str(), "into" | "table" | "from" | "join" | "on" | "update" | "as" | "with" | "references");
        if pair[1].kind == Kind::OpenParenthesis && !name.is_empty() && !names_table && !keywords::is_shown_in_capitals(name.as_bytes()) {
            names.insert(name.to_ascii_lowercase());
        }
    }
    names.into_iter().collect()
}

struct Reader<'t> {
    text: &'t str,
    options: Options,
    tokens: &'t [Token],
    at: usize,
    ctes: Vec<String>,
    tables: BTreeMap<TableName, Uses>,
    block: Block,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.tokens.get(self.at) {
            match token.kind {
                Kind::OpenParenthesis => depth += 1,
                Kind::CloseParenthesis => depth = depth.saturating_sub(1),
                Kind::Word => self.word(depth),
                Kind::Operator if token.bytes(self.text.as_bytes()) == b"*" => self.star(),
                _ => {}
            }
            self.at += 1;
        }
    }

    fn lower(&self, at: usize) -> String {
        word(self.tokens.get(at), self.text).to_ascii_lowercase()
    }

    fn word(&mut self, depth: usize) {
        let after_dot = self.at.checked_sub(1).and_then(|before| self.tokens.get(before)).is_some_and(|token| token.kind == Kind::Dot);
        if after_dot {
            return;
        }
        match self.lower(self.at).as_str() {
            "from" if !self.is_distinct_from() => self.table_list(false),
            "join" => self.table_list(false),
            "into" | "table" => self.table_list(true),
            "update" if self.begins_update() => self.table_list(true),
            "as" => self.common_table(),
            "where" => self.block.has_where = true,
            "limit" if depth == 0 => self.limit(),
            _ => {}
        }
    }

    /// Not `FOR UPDATE`, `DO UPDATE`, or the event of a trigger.
    fn begins_update(&self) -> bool {
        let before = self.at.checked_sub(1).map(|before| self.lower(before)).unwrap_or_default();
        !matches!(before.as_str(), "for" | "key" | "do" | "before" | "after" | "or" | "on" | "of")
    }

    fn is_distinct_from(&self) -> bool {
        self.at.checked_sub(1).is_some_and(|before| self.lower(before) == "distinct")
    }

    fn star(&mut self) {
        let before = self.at.checked_sub(1).and_then(|before| self.tokens.get(before));
        let selects = matches!(word(before, self.text).to_ascii_lowercase().as_str(), "select" | "all" | "distinct");
        let qualified = before.is_some_and(|token| token.kind == Kind::Dot);
        self.block.select.star |= selects || qualified;
    }

    /// `name AS (SELECT`, or `name (columns) AS (SELECT`.
    fn common_table(&mut self) {
        let opens = self.tokens.get(self.at + 1).is_some_and(|token| token.kind == Kind::OpenParenthesis);
        let query = matches!(self.lower(self.at + 2).as_str(), "select" | "with" | "values" | "insert" | "update" | "delete");
        let Some(name) = self.at.checked_sub(1).and_then(|before| self.name(before)) else {
            return;
        };
        if opens && query {
            self.ctes.push(name);
        }
    }

    fn limit(&mut self) {
        let value = self.tokens.get(self.at + 1).and_then(|token| self.text.get(token.start..token.end));
        self.block.limit = value.map(str::to_owned);
    }

    /// The identifier at a place, if one stands there.
    fn name(&self, at: usize) -> Option<String> {
        let token = self.tokens.get(at)?;
        let text = self.text.get(token.start..token.end)?;
        match token.kind {
            Kind::Word if keywords::is_reserved(text.as_bytes()) => None,
            Kind::Word if self.options.dialect == dbwright_model::engine::Engine::Postgresql => Some(text.to_ascii_lowercase()),
            Kind::Word => Some(text.to_owned()),
            Kind::QuotedIdentifier if token.terminated => crate::unquote_identifier(text),
            _ => None,
        }
    }

    /// The tables behind `FROM`, `JOIN`, `INTO`, `UPDATE` or `TABLE`, parted by commas.
    fn table_list(&mut self, written: bool) {
        let deletes = self.at.checked_sub(1).is_some_and(|before| self.lower(before) == "delete");
        loop {
            self.skip_modifiers();
            if !self.table(written || deletes) {
                return;
            }
            self.skip_alias();
            if self.tokens.get(self.at + 1).is_none_or(|token| token.kind != Kind::Comma) {
                return;
            }
            self.at += 1;
        }
    }

    fn skip_modifiers(&mut self) {
        while matches!(self.lower(self.at + 1).as_str(), "only" | "lateral" | "low_priority" | "ignore" | "if" | "not" | "exists" | "table")
        {
            self.at += 1;
        }
    }

    /// Reads `a.b.c` behind the present token; false if no table stands there.
    fn table(&mut self, written: bool) -> bool {
        let mut parts = Vec::new();
        let mut at = self.at + 1;
        while let Some(name) = self.name(at) {
            parts.push(name);
            if self.tokens.get(at + 1).is_none_or(|token| token.kind != Kind::Dot) {
                break;
            }
            at += 2;
        }
        let called = self.tokens.get(at + 1).is_some_and(|token| token.kind == Kind::OpenParenthesis) && !written;
        let elsewhere = matches!(self.lower(self.at + 1).as_str(), "outfile" | "dumpfile");
        let Some(name) = parts.pop().filter(|_| !called && !elsewhere) else {
            return false;
        };
        self.at = at;
        let schema = if parts.is_empty() { None } else { Some(parts.join(".")) };
        let table = TableName { schema, name };
        self.block.sources.push(SourceUse { alias: table.name.clone(), table: Some(table.clone()) });
        let uses = self.tables.entry(table).or_default();
        if written {
            uses.written = true;
        } else {
            uses.selected = true;
        }
        true
    }

    fn skip_alias(&mut self) {
        if self.lower(self.at + 1) == "as" {
            self.at += 1;
        }
        let next_is_comma = |at: usize| self.tokens.get(at).is_some_and(|token| token.kind == Kind::Comma);
        if self.name(self.at + 1).is_some() && next_is_comma(self.at + 2) {
            self.at += 1;
        }
    }
}
