use std::fmt::Write as _;

use dbwright_model::engine::Engine::{self, Mysql, Postgresql, Sqlite};

use super::*;

mod blocks;
mod predicates;
mod statements;

/// A catalog of a small shop.
pub(super) fn catalog(table: &TableName) -> Option<Vec<String>> {
    let columns: &[&str] = match table.name.as_str() {
        "orders" => &["id", "customer_id", "status", "placed_at", "total", "note"],
        "customers" => &["id", "name", "email", "country_id"],
        "countries" => &["id", "code"],
        "items" => &["id", "order_id", "product_id", "quantity"],
        _ => return None,
    };
    Some(columns.iter().map(|column| (*column).to_owned()).collect())
}

#[track_caller]
pub(super) fn parsed(text: &str, dialect: Engine) -> Shape {
    let shape = shape_with(text, dialect, &catalog);
    assert!(shape.parsed, "does not parse: {text}");
    shape
}

#[track_caller]
pub(super) fn main_of(text: &str) -> Block {
    let shape = parsed(text, Postgresql);
    shape.main().cloned().unwrap_or_else(|| panic!("no main block: {text}"))
}

/// One line for each predicate, for comparison.
pub(super) fn lines<'a>(predicates: impl Iterator<Item = &'a Predicate>) -> String {
    let mut text = String::new();
    for predicate in predicates {
        let not = if predicate.negated { "not " } else { "" };
        let or = if predicate.alternative { "or " } else { "" };
        let kind = match &predicate.kind {
            PredicateKind::Equality => "=".to_owned(),
            PredicateKind::Range(op) => op.clone(),
            PredicateKind::In(count) => format!("in {}", count.map_or_else(|| "?".to_owned(), |count| count.to_string())),
            PredicateKind::Join(other, equality) => format!("join {} {other}", if *equality { "=" } else { "~" }),
            PredicateKind::Expression(within) => format!("within {within}"),
            PredicateKind::Other(op) => format!("op {op}"),
            other => format!("{other:?}").to_lowercase(),
        };
        let operand = match &predicate.operand {
            Operand::Literal(value) => format!(" {value}"),
            Operand::Parameter => " ?".to_owned(),
            Operand::Expression(value) => format!(" <{value}>"),
            Operand::Subquery => " <query>".to_owned(),
            Operand::Null => " null".to_owned(),
            Operand::None => String::new(),
        };
        let clause = match predicate.clause {
            Clause::Where => "",
            Clause::On => "on ",
            Clause::Having => "having ",
        };
        let _ = writeln!(text, "{clause}{or}{not}{} {kind}{operand}", predicate.column);
    }
    text.trim_end().to_owned()
}

#[track_caller]
pub(super) fn predicates_of(dialect: Engine, condition: &str, expected: &[&str]) {
    let text = format!("SELECT 1 FROM orders o WHERE {condition}");
    let shape = parsed(&text, dialect);
    let main = shape.main().map(|block| lines(block.predicates.iter())).unwrap_or_default();
    assert_eq!(main, expected.join("\n"), "{condition}");
}

pub(super) fn tables(shape: &Shape) -> String {
    let show = |used: &TableUse| format!("{}{}{}", used.table, if used.read { " r" } else { "" }, if used.written { " w" } else { "" });
    shape.tables.iter().map(show).collect::<Vec<_>>().join(", ")
}
