//! Splits a script into statements with their place in it and the comments before each. It never looks into a
//! statement further than its end needs: quotes, bodies of routines and triggers, delimiters of clients.

use std::ops::Range;

use dbwright_model::engine::Engine;
use memchr::{memchr, memchr_iter, memmem};
use serde::{Deserialize, Serialize};

use crate::lexer::{Kind, Lexer, Options, Token};

mod body;

use body::Body;

/// What a piece of a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PieceKind {
    /// A statement for the server.
    Statement,
    /// A command of the client: psql's `\copy`, sqlite3's `.mode`, mysql's `DELIMITER`. No server knows it.
    ClientCommand,
}

/// A statement of a script, or a client's command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// What it is.
    pub kind: PieceKind,
    /// The statement without its delimiter and without white space or comments around it.
    pub text: &'a str,
    /// The bytes of `text` in the script.
    pub span: Range<usize>,
    /// The line of its first character, from 1.
    pub line: usize,
    /// The column of its first character, from 1, in characters.
    pub column: usize,
    /// The comments between it and what stands before, in order, as written. A comment on the line on which the
    /// statement before ends belongs to that one and is not here.
    pub comments: Vec<&'a str>,
    /// Whether a delimiter ended it; the last statement of a script may lack one.
    pub delimited: bool,
    /// Whether a string, comment or body is still open at its end: the script is cut or wrong.
    pub truncated: bool,
    /// The lines between `COPY … FROM stdin;` and `\.`, where the script has some.
    pub copy_data: Option<Range<usize>>,
}

impl<'a> Piece<'a> {
    /// The value of an annotation in the comments before the statement.
    ///
    /// ```
    /// use dbwright_model::engine::Engine;
    ///
    /// let script = "-- name: orders of a customer\n-- weight: 12.5\nSELECT 1;";
    /// let pieces = dbwright_sql::split(script, Engine::Sqlite);
    /// assert_eq!(pieces[0].annotation("name"), Some("orders of a customer"));
    /// assert_eq!(pieces[0].annotation("weight"), Some("12.5"));
    /// assert_eq!(pieces[0].annotation("params"), None);
    /// ```
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&'a str> {
        self.annotations(key).next()
    }

    /// Every value of an annotation that may be repeated, in order.
    pub fn annotations(&self, key: &str) -> impl Iterator<Item = &'a str> {
        self.comments.iter().flat_map(|comment| comment_body(comment).lines()).filter_map(move |line| annotation_value(line, key))
    }
}

fn comment_body(comment: &str) -> &str {
    if let Some(block) = comment.strip_prefix("/*") {
        return block.strip_suffix("*/").unwrap_or(block);
    }
    comment.trim_start_matches(['-', '#'])
}

fn annotation_value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let line = line.trim_start_matches([' ', '\t', '*']);
    let (head, tail) = (line.get(..key.len())?, line.get(key.len()..)?);
    if !head.eq_ignore_ascii_case(key) {
        return None;
    }
    tail.trim_start().strip_prefix(':').map(str::trim)
}

/// Splits a script into its statements and client commands, in order. Empty statements are left out.
///
/// Semicolons within strings, comments, quoted identifiers, dollar quotes, parentheses (PostgreSQL), triggers and
/// routine bodies (`BEGIN … END`, `BEGIN ATOMIC … END`) do not split; mysql's `DELIMITER` is obeyed, psql's `\`
/// commands, sqlite3's `.` commands and the data of `COPY … FROM stdin` are recognised.
///
/// ```
/// use dbwright_model::engine::Engine;
///
/// let script = "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END;\nSELECT ';';";
/// let pieces = dbwright_sql::split(script, Engine::Sqlite);
/// assert_eq!(pieces.len(), 2);
/// assert_eq!(pieces[1].text, "SELECT ';'");
/// assert_eq!((pieces[1].line, pieces[1].column), (2, 1));
/// ```
#[must_use]
pub fn split(script: &str, options: impl Into<Options>) -> Vec<Piece<'_>> {
    let options = options.into();
    let mut splitter = Splitter::new(script, options);
    splitter.run();
    splitter.pieces
}

/// The statement under construction.
#[derive(Debug, Default)]
struct Open {
    start: usize,
    end: usize,
    begun: bool,
    truncated: bool,
    parentheses: usize,
    body: Body,
}

struct Splitter<'a> {
    script: &'a str,
    options: Options,
    lexer: Lexer<'a>,
    delimiter: String,
    open: Open,
    comments: Vec<&'a str>,
    previous_end: usize,
    /// Whether the line on which the piece before ended still goes on at `previous_end`.
    on_previous_line: bool,
    place: Place,
    pieces: Vec<Piece<'a>>,
}

/// The line and column of an offset, counted forward only, so that a script costs linear time.
#[derive(Debug)]
struct Place {
    offset: usize,
    line: usize,
    column: usize,
}

impl Place {
    fn advance(&mut self, script: &str, offset: usize) -> (usize, usize) {
        let passed = script.get(self.offset..offset).unwrap_or_default();
        let newlines = memchr_iter(b'\n', passed.as_bytes()).count();
        let line_tail = passed.rfind('\n').map_or(passed, |newline| &passed[newline + 1..]);
        if newlines > 0 {
            self.column = 1;
        }
        self.line += newlines;
        self.column += line_tail.chars().count();
        self.offset = offset;
        (self.line, self.column)
    }
}

impl<'a> Splitter<'a> {
    fn new(script: &'a str, options: Options) -> Self {
        let mut lexer = Lexer::new(script, options);
        if script.starts_with('\u{feff}') {
            lexer.seek('\u{feff}'.len_utf8());
        }
        Self {
            script,
            options,
            lexer,
            delimiter: ";".to_owned(),
            open: Open::default(),
            comments: Vec::new(),
            previous_end: 0,
            on_previous_line: false,
            place: Place { offset: 0, line: 1, column: 1 },
            pieces: Vec::new(),
        }
    }

    fn run(&mut self) {
        while let Some(token) = self.lexer.next() {
            self.take(token);
        }
        self.flush(false, self.script.len());
    }

    fn take(&mut self, token: Token) {
        if token.kind.is_comment() {
            self.take_comment(token);
        } else if !self.open.begun && self.is_client_command(token) {
            self.take_client_command(token.start);
        } else if self.delimiter != ";" {
            self.take_until_delimiter(token);
        } else if token.kind == Kind::Semicolon && !self.is_nested() {
            self.flush(true, token.end);
        } else if token.kind == Kind::Backslash {
            self.take_backslash(token);
        } else {
            self.extend(token);
        }
    }

    fn take_comment(&mut self, token: Token) {
        if self.open.begun {
            self.open.truncated |= !token.terminated;
            return;
        }
        if self.on_previous_line {
            self.on_previous_line = !self.text(self.previous_end..token.start).contains('\n');
            self.previous_end = token.end;
        }
        if !self.on_previous_line {
            self.comments.push(self.text(token.start..token.end));
        }
    }

    fn text(&self, span: Range<usize>) -> &'a str {
        self.script.get(span).unwrap_or_default()
    }

    fn is_nested(&self) -> bool {
        let in_parentheses = self.options.dialect == Engine::Postgresql && self.open.parentheses > 0;
        in_parentheses || self.open.body.is_open()
    }

    fn extend(&mut self, token: Token) {
        if !self.open.begun {
            self.open.begun = true;
            self.open.start = token.start;
        }
        self.open.end = token.end;
        self.open.truncated |= !token.terminated;
        match token.kind {
            Kind::OpenParenthesis => self.open.parentheses += 1,
            Kind::CloseParenthesis => self.open.parentheses = self.open.parentheses.saturating_sub(1),
            _ => {}
        }
        self.open.body.see(token, token.bytes(self.script.as_bytes()), self.options.dialect);
    }

    /// Within mysql's `DELIMITER //` the delimiter may stand anywhere outside quotes, even at the end of a word.
    fn take_until_delimiter(&mut self, token: Token) {
        let quoted = matches!(token.kind, Kind::String | Kind::QuotedIdentifier | Kind::Variable);
        let bytes = self.script.as_bytes();
        let window = if quoted { token.start..token.start } else { token.start..(token.end + self.delimiter.len() - 1).min(bytes.len()) };
        let found = memmem::find(bytes.get(window).unwrap_or_default(), self.delimiter.as_bytes());
        let Some(offset) = found.filter(|offset| self.script.is_char_boundary(token.start + offset)) else {
            return self.extend(token);
        };
        let cut = token.start + offset;
        if cut > token.start {
            self.extend(Token { end: cut, ..token });
        }
        let after = cut + self.delimiter.len();
        self.lexer.seek(after);
        self.flush(true, after);
    }

    fn is_client_command(&self, token: Token) -> bool {
        match self.options.dialect {
            Engine::Postgresql => token.kind == Kind::Backslash,
            Engine::Sqlite => token.kind == Kind::Dot && self.starts_line(token.start),
            Engine::Mysql | Engine::Mariadb => {
                let word = token.bytes(self.script.as_bytes());
                token.kind == Kind::Backslash
                    || (token.kind == Kind::Word && word.eq_ignore_ascii_case(b"delimiter") && self.starts_line(token.start))
            }
            _ => false,
        }
    }

    fn starts_line(&self, offset: usize) -> bool {
        let line = self.text(0..offset).rfind('\n').map_or(0, |newline| newline + 1);
        self.text(line..offset).trim_matches(['\u{feff}', ' ', '\t']).is_empty()
    }

    fn line_end(&self, start: usize) -> usize {
        let rest = self.script.as_bytes().get(start..).unwrap_or_default();
        start + memchr(b'\n', rest).unwrap_or(rest.len())
    }

    fn take_client_command(&mut self, start: usize) {
        let end = self.line_end(start);
        let line = self.text(start..end).trim_end();
        let mut words = line.split_whitespace();
        if words.next().is_some_and(|word| word.eq_ignore_ascii_case("delimiter"))
            && let Some(delimiter) = words.next()
        {
            self.delimiter = delimiter.to_owned();
        }
        self.push(PieceKind::ClientCommand, start..start + line.len(), true, false);
        self.ended_at(end);
        self.lexer.seek(end);
    }

    /// `\g`, `\gexec`, `\gset` and mysql's `\G` end a statement; any other command within one is only passed over.
    fn take_backslash(&mut self, token: Token) {
        if !self.text(token.end..token.end + 1).starts_with(['g', 'G']) {
            return self.extend(token);
        }
        let end = self.line_end(token.start);
        let command = self.text(token.end..end);
        let stop = token.end + command.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(command.len());
        self.flush(true, stop);
        self.lexer.seek(end);
    }

    fn flush(&mut self, delimited: bool, after: usize) {
        let open = std::mem::take(&mut self.open);
        if open.begun {
            self.ended_at(after);
            let truncated = open.truncated || (!delimited && open.body.is_open());
            self.push(PieceKind::Statement, open.start..open.end, delimited, truncated);
            if delimited {
                self.take_copy_data(after);
            }
        }
    }

    fn ended_at(&mut self, offset: usize) {
        self.previous_end = offset;
        self.on_previous_line = true;
    }

    fn take_copy_data(&mut self, after: usize) {
        let from_stdin = self.pieces.last().is_some_and(|piece| body::copies_from_stdin(piece.text, self.options));
        if !from_stdin {
            return;
        }
        let start = (self.line_end(after) + 1).min(self.script.len());
        let (data_end, next) = self.copy_end(start);
        if let Some(piece) = self.pieces.last_mut() {
            piece.copy_data = Some(start..data_end);
        }
        self.lexer.seek(next);
        self.ended_at(next);
    }

    /// Where the data ends, and where the script goes on.
    fn copy_end(&self, start: usize) -> (usize, usize) {
        let mut at = start;
        while at < self.script.len() {
            let end = self.line_end(at);
            if self.text(at..end).trim_end() == "\\." {
                return (at, end);
            }
            at = end + 1;
        }
        (self.script.len(), self.script.len())
    }

    fn push(&mut self, kind: PieceKind, span: Range<usize>, delimited: bool, truncated: bool) {
        let (line, column) = self.place.advance(self.script, span.start);
        self.pieces.push(Piece {
            kind,
            text: self.text(span.clone()),
            span,
            line,
            column,
            comments: std::mem::take(&mut self.comments),
            delimited,
            truncated,
            copy_data: None,
        });
    }
}

#[cfg(test)]
mod tests;
