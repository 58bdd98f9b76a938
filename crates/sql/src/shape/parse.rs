//! Parses a statement where it can do no harm: with room on the stack for its nesting, and behind a barrier for
//! panics. It never gives up on a statement silently: what does not parse is `None`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dbwright_model::engine::Engine;
use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use super::analyzer::Analyzer;
use super::{Shape, TableName, fallback};
use crate::lexer::{Kind, Lexer, Options};

/// Statements with more operators and brackets than this are not parsed: a tree of them would be as deep.
const HARDEST: usize = 20_000;
/// Up to here the stack of any thread will do.
const EASY: usize = 60;
/// Stack for each operator or bracket, in bytes, and for the rest. Measured: a debug build needs about 3 kB.
const STACK_PER_LEVEL: usize = 8 << 10;
const STACK_BASE: usize = 4 << 20;
/// The nesting that the parser itself allows.
const NESTING: usize = 300;

/// The shape of a statement by its grammar, or `None` if there is none.
pub(super) fn guarded(text: &str, options: Options, columns_of: &dyn Fn(&TableName) -> Option<Vec<String>>) -> Option<Shape> {
    let prepared = Prepared::new(text, options);
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

/// A statement's text with what the parser need not see taken out.
struct Prepared {
    text: String,
    difficulty: usize,
}

impl Prepared {
    /// Placeholders of other styles become the dialect's own, comments and hints white space.
    fn new(text: &str, options: Options) -> Self {
        let mut prepared = String::with_capacity(text.len() + 8);
        let mut difficulty = 0_usize;
        let mut end = 0;
        let placeholder = match options.dialect {
            Engine::Postgresql => "$0",
            _ => "?",
        };
        for token in Lexer::new(text, options) {
            prepared.push_str(text.get(end..token.start).unwrap_or_default());
            end = token.end;
            match token.kind {
                Kind::Parameter if !text.get(token.start..token.end).is_some_and(|own| is_numbered(own, options.dialect)) => {
                    prepared.push_str(placeholder);
                }
                Kind::ConditionalStart | Kind::ConditionalEnd => prepared.push(' '),
                kind if kind.is_comment() => prepared.push(' '),
                _ => prepared.push_str(text.get(token.start..token.end).unwrap_or_default()),
            }
            difficulty += usize::from(deepens(token.kind, token.bytes(text.as_bytes())));
        }
        Self { text: prepared, difficulty }
    }
}

/// Whether a placeholder is one of PostgreSQL's own, which say which value they stand for.
fn is_numbered(placeholder: &str, dialect: Engine) -> bool {
    dialect == Engine::Postgresql && placeholder.starts_with('$')
}

/// Whether a token can make the syntax tree deeper.
fn deepens(kind: Kind, bytes: &[u8]) -> bool {
    match kind {
        Kind::Operator | Kind::OpenParenthesis | Kind::OpenBracket | Kind::Dot => true,
        Kind::Word => [&b"and"[..], b"or", b"not", b"case", b"select", b"is", b"like", b"between", b"collate", b"join", b"union"]
            .iter()
            .any(|word| bytes.eq_ignore_ascii_case(word)),
        _ => false,
    }
}
