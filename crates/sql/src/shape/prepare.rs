//! Writes a statement as the grammar knows it: comments out, placeholders in the grammar's style, and clauses that it
//! lacks left out or said otherwise. It never changes which tables, columns or conditions a statement has.

use dbwright_model::engine::Engine;

use crate::keywords;
use crate::lexer::{Kind, Lexer, Options, Token};

/// How many tokens before a place are looked at, so that hostile texts cost linear time.
const LONGEST_TARGET: usize = 200;

/// A statement's text for the grammar.
pub(super) struct Prepared {
    pub text: String,
    /// How deep a syntax tree of it may become, at most.
    pub difficulty: usize,
}

/// Prepares a statement.
pub(super) fn prepare(text: &str, options: Options) -> Prepared {
    let tokens: Vec<Token> = Lexer::new(text, options).filter(|token| !skipped(token.kind)).collect();
    let difficulty = tokens.iter().filter(|token| deepens(token.kind, token.bytes(text.as_bytes()))).count();
    let mut writer = Writer { text, dialect: options.dialect, tokens: &tokens, at: 0, out: String::with_capacity(text.len() + 8) };
    writer.write();
    Prepared { text: writer.out, difficulty }
}

fn skipped(kind: Kind) -> bool {
    kind.is_comment() || matches!(kind, Kind::ConditionalStart | Kind::ConditionalEnd)
}

/// Whether a token can make the syntax tree deeper.
fn deepens(kind: Kind, bytes: &[u8]) -> bool {
    const WORDS: [&[u8]; 11] = [b"and", b"or", b"not", b"case", b"select", b"is", b"like", b"between", b"collate", b"join", b"union"];
    match kind {
        Kind::Operator | Kind::OpenParenthesis | Kind::OpenBracket | Kind::Dot => true,
        Kind::Word => WORDS.iter().any(|word| bytes.eq_ignore_ascii_case(word)),
        _ => false,
    }
}

struct Writer<'t> {
    text: &'t str,
    dialect: Engine,
    tokens: &'t [Token],
    at: usize,
    out: String,
}

impl Writer<'_> {
    fn write(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            match token.kind {
                Kind::Parameter => self.placeholder(),
                Kind::Word if self.reworded() => {}
                Kind::Operator if self.is_mysql() && self.own(self.at) == "!" => self.put("NOT", 1),
                _ => self.copy(),
            }
        }
    }

    fn is_mysql(&self) -> bool {
        matches!(self.dialect, Engine::Mysql | Engine::Mariadb)
    }

    fn own(&self, at: usize) -> &str {
        self.tokens.get(at).and_then(|token| self.text.get(token.start..token.end)).unwrap_or_default()
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// Whether these words stand at a place. `_` stands for any token.
    fn words(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(index, word)| {
            let place = at + index;
            *word == "_" && place < self.tokens.len() || self.kind(place) == Some(Kind::Word) && self.own(place).eq_ignore_ascii_case(word)
        })
    }

    /// Writes a text in the place of tokens.
    fn put(&mut self, text: &str, tokens: usize) {
        self.out.push(' ');
        self.out.push_str(text);
        self.out.push(' ');
        self.at += tokens;
    }

    /// Copies a token and the white space behind it; where comments stood there, a space.
    fn copy(&mut self) {
        let Some(token) = self.tokens.get(self.at) else {
            return;
        };
        self.out.push_str(self.text.get(token.start..token.end).unwrap_or_default());
        self.at += 1;
        let next = self.tokens.get(self.at).map_or(token.end, |next| next.start);
        if next > token.end {
            let gap = self.text.get(token.end..next).unwrap_or_default();
            self.out.push_str(if gap.trim().is_empty() { gap } else { " " });
        }
    }

    /// PostgreSQL's own placeholders say which value they stand for, and stay.
    fn placeholder(&mut self) {
        match self.dialect {
            Engine::Postgresql if self.own(self.at).starts_with('$') => self.copy(),
            Engine::Postgresql => self.put("$0", 1),
            _ => self.put("?", 1),
        }
    }

    fn reworded(&mut self) -> bool {
        let after_dot = self.at.checked_sub(1).and_then(|before| self.kind(before)) == Some(Kind::Dot);
        let before = self.at;
        match self.dialect {
            _ if after_dot => {}
            Engine::Postgresql => self.reworded_postgresql(),
            Engine::Mysql | Engine::Mariadb => self.reworded_mysql(),
            _ => self.reworded_sqlite(),
        }
        self.at != before
    }

    fn reworded_postgresql(&mut self) {
        let at = self.at;
        if self.words(at, &["where"]) && self.in_conflict_target() {
            while self.at < self.tokens.len() && !self.words(self.at, &["do"]) {
                self.at += 1;
            }
        } else if self.words(at, &["no", "key", "update"]) {
            self.put("UPDATE", 3);
        } else if self.words(at, &["key", "share"]) {
            self.put("SHARE", 2);
        } else if self.words(at, &["current", "of", "_"]) {
            self.put("true", 3);
        } else if self.words(at, &["overriding", "_", "value"]) {
            self.put("", 3);
        } else if self.words(at, &["update", "only"]) {
            self.put("UPDATE", 2);
        } else if self.words(at, &["symmetric"]) {
            self.put("", 1);
        }
    }

    /// Whether `ON CONFLICT (…)` stands before: its `WHERE` names a partial index and is no condition.
    fn in_conflict_target(&self) -> bool {
        let Some(mut at) = self.at.checked_sub(1).filter(|at| self.kind(*at) == Some(Kind::CloseParenthesis)) else {
            return false;
        };
        let mut depth = 1_usize;
        let nearest = at.saturating_sub(LONGEST_TARGET);
        while depth > 0 {
            let Some(before) = at.checked_sub(1).filter(|before| *before >= nearest) else {
                return false;
            };
            at = before;
            match self.kind(at) {
                Some(Kind::CloseParenthesis) => depth += 1,
                Some(Kind::OpenParenthesis) => depth -= 1,
                _ => {}
            }
        }
        at >= 2 && self.words(at - 2, &["on", "conflict"])
    }

    fn reworded_mysql(&mut self) {
        let at = self.at;
        if self.words(at, &["lock", "in", "share", "mode"]) {
            self.put("FOR SHARE", 4);
        } else if self.words(at, &["mod"]) && self.is_infix() {
            self.put("%", 1);
        } else if at == 0 && self.words(at, &["update"]) {
            self.update_of_several();
        } else if self.words(at, &["on", "duplicate", "key"]) && self.selects_nothing() {
            self.put("FROM dual ON", 1);
        }
    }

    fn is_infix(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|before| self.kind(before));
        let operand = match before {
            Some(Kind::Word) => !keywords::leads_expression(self.own(self.at - 1).as_bytes()),
            Some(Kind::Number | Kind::QuotedIdentifier | Kind::CloseParenthesis | Kind::Parameter | Kind::Variable) => true,
            _ => false,
        };
        operand && self.kind(self.at + 1).is_some()
    }

    /// `INSERT … SELECT 1 ON DUPLICATE KEY`: without `FROM` the grammar takes `ON` for an alias.
    fn selects_nothing(&self) -> bool {
        if self.at > LONGEST_TARGET {
            return false;
        }
        let selects = (0..self.at).any(|at| self.words(at, &["select"]));
        selects && !(0..self.at).any(|at| self.words(at, &["from"]) || self.words(at, &["values"]))
    }

    /// `UPDATE a, b SET`: the commas become joins.
    fn update_of_several(&mut self) {
        self.copy();
        let mut depth = 0_usize;
        while let Some(kind) = self.kind(self.at) {
            match kind {
                Kind::Word if depth == 0 && self.words(self.at, &["set"]) => return,
                Kind::Comma if depth == 0 => {
                    self.put("CROSS JOIN", 1);
                    continue;
                }
                Kind::OpenParenthesis => depth += 1,
                Kind::CloseParenthesis => depth = depth.saturating_sub(1),
                Kind::Parameter => {
                    self.placeholder();
                    continue;
                }
                _ => {}
            }
            self.copy();
        }
    }

    fn reworded_sqlite(&mut self) {
        let at = self.at;
        if self.words(at, &["indexed", "by", "_"]) {
            self.put("", 3);
        } else if self.words(at, &["not", "indexed"]) {
            self.put("", 2);
        } else if self.words(at, &["is", "not"]) && !self.is_test(at + 2) {
            self.put("IS DISTINCT FROM", 2);
        } else if self.words(at, &["is"]) && !self.is_test(at + 1) {
            self.put("IS NOT DISTINCT FROM", 1);
        }
    }

    /// Whether what stands behind `IS` is one of the tests that every dialect has.
    fn is_test(&self, at: usize) -> bool {
        ["null", "true", "false", "distinct", "not"].iter().any(|word| self.words(at, &[word])) || at >= self.tokens.len()
    }
}
