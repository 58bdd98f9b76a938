//! What only the text of a CREATE statement says: checks, names of constraints, deferral, collations, expressions and
//! conditions of indexes, events of triggers. It never decides what exists: the pragmas do.

use super::tokens::{Kind, Token, closing, items, source, tokens};

/// What a CREATE TABLE statement says beyond the pragmas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TableText {
    pub checks: Vec<CheckText>,
    pub columns: Vec<ColumnText>,
    pub keys: Vec<KeyText>,
    pub references: Vec<ReferenceText>,
    pub autoincrement: bool,
}

/// A CHECK constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CheckText {
    pub name: String,
    pub expression: String,
}

/// A column's own clauses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ColumnText {
    pub name: String,
    pub collation: Option<String>,
    pub generated: Option<String>,
}

/// A named key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KeyText {
    pub name: String,
    pub columns: Vec<String>,
    pub primary: bool,
}

/// A foreign key's name and deferral.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ReferenceText {
    pub name: String,
    pub columns: Vec<String>,
    pub deferrable: bool,
}

/// Reads a CREATE TABLE statement; one of another form (`… AS SELECT`, virtual) says nothing.
pub(super) fn table(sql: &str) -> TableText {
    let all = tokens(sql);
    let mut text = TableText::default();
    let Some(open) = all.iter().position(|token| token.symbol(b'(')) else { return text };
    if all[..open].iter().any(|token| token.is("AS") || token.is("VIRTUAL")) {
        return text;
    }
    let end = closing(&all, open).saturating_sub(1).max(open + 1);
    for item in items(&all[open + 1..end]) {
        if begins_constraint(item) {
            constraints(sql, item, None, &mut text);
        } else {
            column(sql, item, &mut text);
        }
    }
    text
}

fn begins_constraint(item: &[Token<'_>]) -> bool {
    let follows = |index: usize, what: &str| item.get(index).is_some_and(|token| token.is(what));
    let opens = |index: usize| item.get(index).is_some_and(|token| token.symbol(b'('));
    match item.first() {
        Some(first) if first.is("CONSTRAINT") => true,
        Some(first) if first.is("PRIMARY") || first.is("FOREIGN") => follows(1, "KEY"),
        Some(first) if first.is("UNIQUE") || first.is("CHECK") => opens(1),
        _ => false,
    }
}

fn column(sql: &str, item: &[Token<'_>], text: &mut TableText) {
    let Some(first) = item.first() else { return };
    let name = first.name();
    text.columns.push(ColumnText { name: name.clone(), ..ColumnText::default() });
    constraints(sql, &item[1..], Some(&name), text);
}

/// Reads constraints of a column, or of the table when `column` is none. Words of the type are passed over.
fn constraints(sql: &str, item: &[Token<'_>], column: Option<&str>, text: &mut TableText) {
    let mut at = 0;
    let mut name = String::new();
    while let Some(token) = item.get(at) {
        let next = at + 1;
        if token.is("CONSTRAINT") {
            name = item.get(next).map(Token::name).unwrap_or_default();
            at += 2;
            continue;
        }
        at = if token.is("CHECK") {
            let end = closing(item, next);
            let expression = inside(sql, item, next, end);
            text.checks.push(CheckText { name: std::mem::take(&mut name), expression });
            end
        } else if token.is("PRIMARY") || token.is("UNIQUE") {
            key(item, at, column, std::mem::take(&mut name), text)
        } else if token.is("REFERENCES") || token.is("FOREIGN") {
            reference(item, at, column, std::mem::take(&mut name), text)
        } else if token.is("COLLATE") {
            set(text, column, |entry| entry.collation = item.get(next).map(Token::name));
            at + 2
        } else if token.is("AS") {
            let end = closing(item, next);
            let expression = inside(sql, item, next, end);
            set(text, column, |entry| entry.generated = Some(expression));
            end
        } else if token.is("AUTOINCREMENT") {
            text.autoincrement = true;
            next
        } else if token.symbol(b'(') {
            closing(item, at)
        } else {
            next
        };
    }
}

fn set(text: &mut TableText, column: Option<&str>, change: impl FnOnce(&mut ColumnText)) {
    if let Some(entry) = column.and_then(|name| text.columns.iter_mut().rfind(|entry| entry.name == name)) {
        change(entry);
    }
}

/// The text between the parentheses that open at `open` and close before `end`.
fn inside(sql: &str, item: &[Token<'_>], open: usize, end: usize) -> String {
    item.get(open + 1..end.saturating_sub(1)).map(|tokens| source(sql, tokens)).unwrap_or_default().to_owned()
}

fn key(item: &[Token<'_>], at: usize, column: Option<&str>, name: String, text: &mut TableText) -> usize {
    let primary = item[at].is("PRIMARY");
    let open = at + 1 + usize::from(primary);
    let mut key = KeyText { name, primary, columns: column.map(str::to_owned).into_iter().collect() };
    let mut next = open;
    if column.is_none() && item.get(open).is_some_and(|token| token.symbol(b'(')) {
        next = closing(item, open);
        key.columns = names(item, open, next);
        // AUTOINCREMENT may stand within PRIMARY KEY (id AUTOINCREMENT).
        text.autoincrement |= item[open..next].iter().any(|token| token.is("AUTOINCREMENT"));
    }
    text.keys.push(key);
    next
}

fn names(item: &[Token<'_>], open: usize, end: usize) -> Vec<String> {
    let list = item.get(open + 1..end.saturating_sub(1)).unwrap_or_default();
    items(list).into_iter().filter_map(|item| item.first()).map(Token::name).collect()
}

fn reference(item: &[Token<'_>], at: usize, column: Option<&str>, name: String, text: &mut TableText) -> usize {
    let mut columns: Vec<String> = column.map(str::to_owned).into_iter().collect();
    let mut next = at;
    if item[at].is("FOREIGN") {
        let open = at + 2;
        next = closing(item, open);
        columns = names(item, open, next);
    }
    // REFERENCES table [(columns)], then actions.
    next = (next + 2).min(item.len());
    if item.get(next).is_some_and(|token| token.symbol(b'(')) {
        next = closing(item, next);
    }
    let mut deferrable = false;
    while let Some(token) = item.get(next) {
        if token.is("DEFERRABLE") {
            deferrable = !next.checked_sub(1).and_then(|index| item.get(index)).is_some_and(|before| before.is("NOT"));
        } else if ["CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES", "COLLATE", "AS", "GENERATED", "DEFAULT"]
            .iter()
            .any(|word| token.is(word))
            && !item.get(next - 1).is_some_and(|before| before.is("SET"))
        {
            break;
        }
        next += 1;
    }
    text.references.push(ReferenceText { name, columns, deferrable });
    next
}

/// What a CREATE INDEX statement says beyond the pragmas: the text of each part without direction and collation, and
/// the condition.
pub(super) fn index(sql: &str) -> (Vec<String>, Option<String>) {
    let all = tokens(sql);
    let Some(open) = all.iter().position(|token| token.symbol(b'(')) else { return (Vec::new(), None) };
    let end = closing(&all, open);
    let parts = all.get(open + 1..end.saturating_sub(1)).map(items).unwrap_or_default();
    let parts = parts.into_iter().map(|item| source(sql, without_order(item)).to_owned()).collect();
    let predicate =
        all.get(end).filter(|token| token.is("WHERE")).and_then(|_| all.get(end + 1..)).map(|rest| source(sql, rest).to_owned());
    (parts, predicate.filter(|text| !text.is_empty()))
}

fn without_order<'a, 'b>(item: &'b [Token<'a>]) -> &'b [Token<'a>] {
    let mut item = item;
    if let Some((last, rest)) = item.split_last()
        && !rest.is_empty()
        && (last.is("ASC") || last.is("DESC"))
    {
        item = rest;
    }
    if item.len() > 2 && item[item.len() - 2].is("COLLATE") {
        item = &item[..item.len() - 2];
    }
    item
}

/// When and on what a trigger fires, e.g. `AFTER UPDATE`.
pub(super) fn trigger_event(sql: &str) -> String {
    let all = tokens(sql);
    let word = |choices: &[&str], from: usize| {
        all.iter()
            .enumerate()
            .skip(from)
            .find_map(|(index, token)| choices.iter().find(|choice| token.is(choice)).map(|choice| (index, (*choice).to_owned())))
    };
    // The name comes before the event and may itself be such a word only when quoted, which is no Word.
    let from = all.iter().position(|token| token.is("TRIGGER")).map_or(0, |index| index + 1);
    let Some((at, event)) = word(&["INSERT", "UPDATE", "DELETE"], from) else { return String::new() };
    let time = match word(&["BEFORE", "AFTER", "INSTEAD"], from).filter(|(index, _)| *index < at) {
        Some((_, time)) if time == "INSTEAD" => "INSTEAD OF".to_owned(),
        Some((_, time)) => time,
        None => "BEFORE".to_owned(),
    };
    format!("{time} {event}")
}

/// The module of a virtual table, e.g. `fts5`.
pub(super) fn module(sql: &str) -> Option<String> {
    let all = tokens(sql);
    let using = all.iter().position(|token| token.is("USING"))?;
    all.get(using + 1)
        .filter(|token| matches!(token.kind, Kind::Word | Kind::Quoted | Kind::Text))
        .map(|token| token.name().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_checks_of_columns_and_tables_with_hostile_names() {
        let text = table(
            "CREATE TABLE \"check (a, b)\" ( -- CHECK (no)\n [a,b] TEXT CHECK (\"a,b\" <> ')'), \"CHECK\" INT CONSTRAINT `c``1` CHECK((\"CHECK\")>0),\n CONSTRAINT 'x' CHECK (length([a,b]) /* ) */ < 10))",
        );
        let checks: Vec<(&str, &str)> = text.checks.iter().map(|check| (check.name.as_str(), check.expression.as_str())).collect();
        assert_eq!(checks, [("", "\"a,b\" <> ')'"), ("c`1", "(\"CHECK\")>0"), ("x", "length([a,b]) /* ) */ < 10")]);
        assert_eq!(text.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["a,b", "CHECK"]);
    }

    #[test]
    fn reads_keys_references_collation_and_generation() {
        let text = table(
            "CREATE TABLE t (id INTEGER CONSTRAINT pk PRIMARY KEY AUTOINCREMENT, n VARCHAR(10, 2) COLLATE NOCASE UNIQUE, \
             g INT GENERATED ALWAYS AS (id * (2)) STORED, p INT REFERENCES q(r) ON DELETE SET DEFAULT DEFERRABLE INITIALLY DEFERRED CHECK (p > 0), \
             CONSTRAINT fk FOREIGN KEY (n, g) REFERENCES z (a, b) NOT DEFERRABLE, UNIQUE (n COLLATE BINARY DESC, g))",
        );
        assert!(text.autoincrement);
        assert_eq!(text.keys[0], KeyText { name: "pk".into(), columns: vec!["id".into()], primary: true });
        assert_eq!(text.keys[2].columns, ["n", "g"]);
        assert_eq!(text.columns[1].collation.as_deref(), Some("NOCASE"));
        assert_eq!(text.columns[2].generated.as_deref(), Some("id * (2)"));
        assert_eq!(text.references[0], ReferenceText { name: String::new(), columns: vec!["p".into()], deferrable: true });
        assert_eq!(text.references[1], ReferenceText { name: "fk".into(), columns: vec!["n".into(), "g".into()], deferrable: false });
        assert_eq!(text.checks[0].expression, "p > 0");
    }

    #[test]
    fn reads_parts_and_conditions_of_indexes() {
        let (parts, predicate) = index("CREATE UNIQUE INDEX i ON t (lower(a || ','), \"b\" COLLATE NOCASE DESC, c) WHERE d IS NULL -- x");
        assert_eq!(parts, ["lower(a || ',')", "\"b\"", "c"]);
        assert_eq!(predicate.as_deref(), Some("d IS NULL"));
    }

    #[test]
    fn reads_events_of_triggers() {
        assert_eq!(
            trigger_event("CREATE TRIGGER \"after insert\" INSTEAD OF UPDATE OF a ON v BEGIN DELETE FROM t; END"),
            "INSTEAD OF UPDATE"
        );
        assert_eq!(trigger_event("CREATE TRIGGER x DELETE ON t BEGIN INSERT INTO u VALUES (1); END"), "BEFORE DELETE");
    }

    #[test]
    fn broken_text_says_little_and_does_no_harm() {
        for text in
            ["", "CREATE TABLE t (", "CREATE TABLE t (a CHECK", "CREATE TABLE t (a REFERENCES", "(", "CREATE TABLE t (a, CONSTRAINT"]
        {
            let _ = (table(text), index(text), trigger_event(text), module(text));
        }
        assert_eq!(table("CREATE TABLE t AS SELECT (1)").columns, []);
        assert_eq!(module("CREATE VIRTUAL TABLE t USING FTS5(a, b)").as_deref(), Some("fts5"));
    }
}
