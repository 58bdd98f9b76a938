//! Shows canonical bytes to people: keywords in capitals, spaces where they are usual. It never drops a token, so
//! that different canonical bytes read differently.

use dbwright_model::engine::Engine;

use super::reduce::{LITERAL, MORE, RAW};
use crate::keywords;
use crate::lexer::Options;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Start,
    Keyword,
    Name,
    Opening,
    Tight,
    Other,
}

/// The canonical bytes as text.
pub(super) fn print(canonical: &[u8], options: Options) -> String {
    let mut text = String::with_capacity(canonical.len() + 16);
    let mut previous = Shown::Start;
    let mut rest = canonical;
    while !rest.is_empty() {
        let (token, tail) = split_token(rest);
        rest = tail;
        let shown = classify(token);
        if spaced(previous, shown, token) {
            text.push(' ');
        }
        push_token(&mut text, token, shown, options);
        previous = shown;
    }
    text
}

/// The next token without the space behind it, and what follows.
fn split_token(rest: &[u8]) -> (&[u8], &[u8]) {
    let end = if rest.first() == Some(&b'"') { quoted_end(rest) } else { memchr::memchr(b' ', rest).unwrap_or(rest.len()) };
    let end = end.max(1).min(rest.len());
    (&rest[..end], rest.get(end + 1..).unwrap_or_default())
}

fn quoted_end(rest: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = rest.get(at) {
        let doubled = byte == b'"' && rest.get(at + 1) == Some(&b'"');
        if byte == b'"' && !doubled {
            return at + 1;
        }
        at += if doubled { 2 } else { 1 };
    }
    rest.len()
}

fn classify(token: &[u8]) -> Shown {
    match token {
        b"(" | b"[" => Shown::Opening,
        b"." | b"::" => Shown::Tight,
        [b'a'..=b'z' | b'_' | 0x80.., ..] if keywords::is_shown_in_capitals(token) => Shown::Keyword,
        [b'a'..=b'z' | b'_' | b'"' | 0x80.., ..] => Shown::Name,
        _ => Shown::Other,
    }
}

fn spaced(previous: Shown, shown: Shown, token: &[u8]) -> bool {
    if matches!(previous, Shown::Start | Shown::Opening | Shown::Tight) || shown == Shown::Tight {
        return false;
    }
    match token {
        b"," | b")" | b"]" | b";" | b"[" => false,
        b"(" => previous != Shown::Name,
        _ => true,
    }
}

fn push_token(text: &mut String, token: &[u8], shown: Shown, options: Options) {
    let mysql = matches!(options.dialect, Engine::Mysql | Engine::Mariadb);
    match token {
        [LITERAL] => text.push('?'),
        [MORE] => text.push('…'),
        [RAW, raw @ ..] => text.push_str(&String::from_utf8_lossy(raw)),
        [b'"', inner @ .., b'"'] if mysql => {
            let name = String::from_utf8_lossy(inner).replace("\"\"", "\"");
            text.push('`');
            text.push_str(&name.replace('`', "``"));
            text.push('`');
        }
        _ if shown == Shown::Keyword => text.push_str(&String::from_utf8_lossy(token).to_ascii_uppercase()),
        _ => text.push_str(&String::from_utf8_lossy(token)),
    }
}
