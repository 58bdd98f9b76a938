//! A plain file of statements, as `workload.sql` or a saved history. It never runs one, and it knows no durations.

use dbwright_model::engine::Engine;
use dbwright_sql::lexer::{Kind, Lexer};
use dbwright_sql::{PieceKind, split};

use crate::digest::names::Who;
use crate::digest::{Call, Phase};
use crate::sink::Sink;

const BEGINNINGS: [&str; 26] = [
    "select", "insert", "update", "delete", "with", "create", "alter", "drop", "begin", "set", "merge", "truncate", "copy", "explain",
    "values", "replace", "start", "grant", "commit", "analyze", "vacuum", "use", "call", "do", "prepare", "execute",
];

/// Whether the text begins like a script. The end of a file's name helps only where it is `.sql`.
pub fn is_script(head: &[u8], name: &str) -> bool {
    if std::str::from_utf8(&head[..head.len().saturating_sub(4)]).is_err() {
        return false;
    }
    let mut tokens = Lexer::new(head, Engine::Postgresql).filter(|token| !token.kind.is_comment());
    let Some(first) = tokens.next() else { return false };
    let word = String::from_utf8_lossy(first.bytes(head)).to_ascii_lowercase();
    let verb = first.kind == Kind::Word && BEGINNINGS.contains(&word.as_str());
    let ended = tokens.take(20_000).any(|token| token.kind == Kind::Semicolon);
    let named = name.split('.').any(|part| part.eq_ignore_ascii_case("sql"));
    verb && (ended || named)
}

/// Reads a block.
pub fn parse(bytes: &[u8], engine: Engine, sink: &mut Sink<'_>) {
    let text = String::from_utf8_lossy(bytes);
    for piece in split(&text, engine) {
        if piece.kind != PieceKind::Statement || !sink.entry(None, piece.text.len()) {
            continue;
        }
        let call = Call {
            at: None,
            session: sink.session(1),
            text: piece.text.as_bytes(),
            phase: Phase::Execute,
            duration_us: None,
            who: Who::default(),
            parameters: b"",
            extras: None,
            offset: sink.offset + piece.span.start as u64,
            cut: piece.truncated,
        };
        sink.call(&call);
    }
    // Comments and blanks between statements are understood too.
    sink.stats.understood = sink.stats.understood.max(sink.offset + bytes.len() as u64);
}
