//! The tokens of SQLite's own dialect, as far as reading CREATE statements needs them. It never fails: what it does
//! not know is a symbol of one byte.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word without quotes.
    Word,
    /// A name in `"…"`, `` `…` `` or `[…]`.
    Quoted,
    /// A string in `'…'`.
    Text,
    /// A number.
    Number,
    /// Anything else, one byte.
    Symbol(u8),
}

/// A token with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
    pub end: usize,
}

impl Token<'_> {
    /// Whether it is this keyword.
    pub fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// Whether it is this symbol.
    pub fn symbol(&self, byte: u8) -> bool {
        self.kind == Kind::Symbol(byte)
    }

    /// The name that it spells; SQLite takes strings for names too.
    pub fn name(&self) -> String {
        let inner = |text: &str| text.get(1..text.len().saturating_sub(1)).unwrap_or_default().to_owned();
        match (self.kind, self.text.as_bytes().first()) {
            (Kind::Quoted, Some(b'"')) => inner(self.text).replace("\"\"", "\""),
            (Kind::Quoted, Some(b'`')) => inner(self.text).replace("``", "`"),
            (Kind::Quoted, _) => inner(self.text),
            (Kind::Text, _) => inner(self.text).replace("''", "'"),
            _ => self.text.to_owned(),
        }
    }
}

/// The tokens of a statement, without comments.
pub(super) fn tokens(sql: &str) -> Vec<Token<'_>> {
    let bytes = sql.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c => {
                at += 1;
                continue;
            }
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = until(bytes, at, b"\n");
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = until(bytes, at + 2, b"*/");
                continue;
            }
            b'\'' => (Kind::Text, quoted_end(bytes, at, b'\'')),
            quote @ (b'"' | b'`') => (Kind::Quoted, quoted_end(bytes, at, quote)),
            b'[' => (Kind::Quoted, until(bytes, at, b"]")),
            b'0'..=b'9' => (Kind::Number, word_end(bytes, at, true)),
            byte if in_word(byte) => (Kind::Word, word_end(bytes, at, false)),
            byte => (Kind::Symbol(byte), at + 1),
        };
        at = kind.1;
        found.push(Token { kind: kind.0, text: sql.get(start..at).unwrap_or_default(), start, end: at });
    }
    found
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

fn word_end(bytes: &[u8], from: usize, number: bool) -> usize {
    let length = bytes[from..].iter().take_while(|byte| in_word(**byte) || (number && **byte == b'.')).count();
    from + length.max(1)
}

/// The offset behind the next occurrence of `mark`, or the end.
fn until(bytes: &[u8], from: usize, mark: &[u8]) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(mark.len()).position(|window| window == mark).map_or(bytes.len(), |found| from + found + mark.len())
}

fn quoted_end(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    bytes.len()
}

/// The index behind the parenthesis that closes the one at `open`; the end when none does.
pub(super) fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.symbol(b'(') {
            depth += 1;
        } else if token.symbol(b')') {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return index + 1;
            }
        }
    }
    tokens.len()
}

/// The items between commas at the top level of `tokens`.
pub(super) fn items<'a, 'b>(tokens: &'b [Token<'a>]) -> Vec<&'b [Token<'a>]> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Symbol(b'(') => depth += 1,
            Kind::Symbol(b')') => depth = depth.saturating_sub(1),
            Kind::Symbol(b',') if depth == 0 => {
                found.push(&tokens[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    found.push(&tokens[start..]);
    found.retain(|item| !item.is_empty());
    found
}

/// The source text that the tokens cover.
pub(super) fn source<'a>(sql: &'a str, tokens: &[Token<'_>]) -> &'a str {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => sql.get(first.start..last.end).unwrap_or_default(),
        _ => "",
    }
}
