//! Parses a statement where it can do no harm: with room on the stack for its nesting, and behind a barrier for
//! panics. It never gives up on a statement silently: what does not parse is `None`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dbwright_model::engine::Engine;
use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use super::analyzer::Analyzer;
use super::{Shape, TableName, fallback, prepare};
use crate::lexer::Options;

/// Statements with more operators and brackets than this are not parsed: a tree of them would be as deep.
const HARDEST: usize = 20_000;
/// Up to here the stack of any thread will do: tests run so with 2 MB in a debug build.
const EASY: usize = 60;
/// Stack for each operator or bracket, in bytes, and for the rest. It is reserved, and taken only as far as it is used.
const STACK_PER_LEVEL: usize = 8 << 10;
const STACK_BASE: usize = 4 << 20;
/// The nesting that the parser itself allows.
const NESTING: usize = 300;

/// The shape of a statement by its grammar, or `None` if there is none.
pub(super) fn guarded(text: &str, options: Options, columns_of: &dyn Fn(&TableName) -> Option<Vec<String>>) -> Option<Shape> {
    let prepared = prepare::prepare(text, options);
    if prepared.difficulty > HARDEST {
        return None;
    }
    let work = || {
        let statement = parse(&prepared.text, options.dialect)?;
        let by_words = fallback::kind(text, options);
        Some(Analyzer::new(options, columns_of).statement(&statement, by_words))
    };
    let safe = || catch_unwind(AssertUnwindSafe(work)).ok().flatten();
    if prepared.difficulty <= EASY {
        return safe();
    }
    stacker::grow(STACK_BASE + prepared.difficulty * STACK_PER_LEVEL, safe)
}

fn parse(text: &str, dialect: Engine) -> Option<Statement> {
    let dialect: &dyn Dialect = match dialect {
        Engine::Postgresql => &PostgreSqlDialect {},
        Engine::Mysql | Engine::Mariadb => &MySqlDialect {},
        _ => &SQLiteDialect {},
    };
    let parser = Parser::new(dialect).with_recursion_limit(NESTING);
    let mut statements = parser.try_with_sql(text).ok()?.parse_statements().ok()?;
    if statements.len() > 1 {
        return None;
    }
    statements.pop()
}
