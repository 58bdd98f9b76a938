//! Reduces a statement to its canonical bytes: tokens in one spelling, each with a space behind it. It never keeps a
//! literal's value, positions of `ORDER BY` and `GROUP BY` excepted.

use dbwright_model::engine::Engine;

use super::canonical::Canonical;
use crate::bytes8;
use crate::keywords;
use crate::lexer::{Kind, Lexer, Options, Token};

/// Stands for a literal or a placeholder.
pub(super) const LITERAL: u8 = b'?';
/// Stands for more elements of a list.
pub(super) const MORE: u8 = 0x03;
/// Stands before an operator that would read as a literal, and before bytes that no dialect knows.
pub(super) const RAW: u8 = 0x01;

const IN: u64 = bytes8::key(b"in");
const ARRAY: u64 = bytes8::key(b"array");
const VALUES: u64 = bytes8::key(b"values");
const ROW: u64 = bytes8::key(b"row");
const BY: u64 = bytes8::key(b"by");
const LIMIT: u64 = bytes8::key(b"limit");
const SELECT: u64 = bytes8::key(b"select");
const WITH: u64 = bytes8::key(b"with");
const NULL: u64 = bytes8::key(b"null");
const TRUE: u64 = bytes8::key(b"true");
const FALSE: u64 = bytes8::key(b"false");
const UESCAPE: u64 = bytes8::key(b"uescape");

/// No position of `ORDER BY` stands before.
const NO_POSITION: usize = usize::MAX;

/// How many different elements of one list are remembered.
const DIFFERENT_ELEMENTS: usize = 16;
/// Lists nested deeper than this are kept as they are.
const NESTED_LISTS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListKind {
    /// `IN (…)` and `ARRAY[…]`: elements with a literal fold.
    Elements,
    /// The rows of `VALUES`: all fold.
    Rows,
}

#[derive(Debug, Clone, Copy)]
struct List {
    kind: ListKind,
    /// The depth of the commas that part its elements.
    depth: usize,
    /// Where its present element begins in the canonical bytes.
    element: usize,
    /// The first of its remembered elements.
    remembered: usize,
    /// The number of literals when the element began.
    literals: usize,
    /// Whether one of its elements has a literal.
    has_literal: bool,
}

/// What the token before was, where the next one depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Previous {
    Nothing,
    /// A word that the tables of keywords have to be asked about: it begins at this canonical offset.
    Word(usize),
    Operand,
    StringLiteral,
    /// A sign in front of an operand; the first of its run stands at this canonical offset.
    Sign(usize),
    Comma,
    /// The next word is a name, whatever it reads.
    Dot,
    Other,
}

/// What the next token may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Nothing,
    /// `IN` or `ARRAY` stood before: an opening bracket begins a list.
    List,
    /// `VALUES` stood before: a row begins its list.
    Rows,
    /// A comma of the rows stood before: a row goes on with it, anything else ends it.
    AnotherRow,
}

/// Canonical bytes under construction, and the buffers for them.
#[derive(Debug)]
pub(super) struct Reducer {
    options: Options,
    out: Canonical,
    lists: Vec<List>,
    elements: Vec<(usize, usize)>,
    depth: usize,
    /// The depth of the innermost open list, or `usize::MAX`.
    list_depth: usize,
    /// The depth of the open list of rows, or `usize::MAX`.
    rows_depth: usize,
    /// The depth of the items of the last `BY`, or `usize::MAX`.
    by_depth: usize,
    literals: usize,
    previous: Previous,
    expected: Expected,
    /// Where a position of `ORDER BY` stands that turns into a literal if an operator follows, or [`NO_POSITION`].
    position: usize,
    semicolon: bool,
}

impl Reducer {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            out: Canonical::default(),
            lists: Vec::new(),
            elements: Vec::new(),
            depth: 0,
            list_depth: usize::MAX,
            rows_depth: usize::MAX,
            by_depth: usize::MAX,
            literals: 0,
            previous: Previous::Nothing,
            expected: Expected::Nothing,
            position: NO_POSITION,
            semicolon: false,
        }
    }

    pub(super) fn options(&self) -> Options {
        self.options
    }

    /// The canonical bytes of the statement reduced last.
    pub(super) fn canonical(&self) -> &[u8] {
        self.out.as_slice()
    }

    /// Reduces a statement; true if the text ends within a token or parenthesis, or with the `...` that servers put
    /// where they cut.
    pub(super) fn reduce(&mut self, text: &[u8]) -> bool {
        self.reset();
        let mut terminated = true;
        let mut lexer = Lexer::new(text, self.options);
        while let Some(token) = lexer.advance() {
            terminated = token.terminated;
            self.take(token, text);
        }
        let truncated = !terminated || self.depth > 0 || text.trim_ascii_end().ends_with(b"...");
        self.end_rows();
        while !self.lists.is_empty() {
            self.close_list();
        }
        truncated
    }

    fn reset(&mut self) {
        self.out.clear();
        self.lists.clear();
        self.elements.clear();
        self.depth = 0;
        self.list_depth = usize::MAX;
        self.rows_depth = usize::MAX;
        self.by_depth = usize::MAX;
        self.literals = 0;
        self.previous = Previous::Nothing;
        self.expected = Expected::Nothing;
        self.position = NO_POSITION;
        self.semicolon = false;
    }

    #[inline(always)]
    fn take(&mut self, token: Token, text: &[u8]) {
        if self.semicolon && !token.kind.is_comment() {
            self.flush_semicolon(token.kind);
        }
        if token.kind == Kind::Word {
            return self.word(text, token);
        }
        match token.kind {
            Kind::Dot => {
                self.punctuation(b'.');
                self.previous = Previous::Dot;
            }
            Kind::Comma => self.comma(),
            Kind::OpenParenthesis => self.open(b'('),
            Kind::CloseParenthesis => self.close(b')'),
            Kind::Operator => self.operator(token.bytes(text)),
            Kind::Number => self.number(token.bytes(text)),
            Kind::String => self.string(),
            Kind::Parameter => self.literal(),
            Kind::OpenBracket => self.open(b'['),
            Kind::CloseBracket => self.close(b']'),
            Kind::QuotedIdentifier => self.quoted(text, token),
            Kind::Variable => self.variable(token.bytes(text)),
            Kind::Semicolon => self.semicolon = true,
            Kind::Backslash | Kind::Unknown => self.raw(token.bytes(text)),
            Kind::Word | Kind::LineComment | Kind::BlockComment | Kind::Hint | Kind::ConditionalStart | Kind::ConditionalEnd => {}
        }
    }

    /// Semicolons count between statements only.
    #[cold]
    fn flush_semicolon(&mut self, next: Kind) {
        if matches!(next, Kind::Semicolon | Kind::ConditionalStart | Kind::ConditionalEnd) {
            return;
        }
        self.semicolon = false;
        if self.out.len() == 0 {
            return;
        }
        self.end_rows();
        self.position = NO_POSITION;
        self.by_depth = usize::MAX;
        self.punctuation(b';');
        self.previous = Previous::Nothing;
    }

    /// What every token but a comma or an opening bracket does first.
    #[inline]
    fn begin(&mut self) {
        if self.rows_depth == self.depth {
            self.end_rows();
        }
        self.expected = Expected::Nothing;
        self.position = NO_POSITION;
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        self.out.extend(bytes);
        self.out.push(b' ');
    }

    #[inline]
    fn punctuation(&mut self, byte: u8) {
        self.begin();
        self.out.push_pair([byte, b' ']);
        self.previous = Previous::Other;
    }

    #[cold]
    fn raw(&mut self, bytes: &[u8]) {
        self.begin();
        self.out.push(RAW);
        self.push(bytes);
        self.previous = Previous::Other;
    }

    #[inline(always)]
    fn word(&mut self, text: &[u8], token: Token) {
        let length = token.end - token.start;
        let head = bytes8::first(bytes8::lowercase(bytes8::load(text, token.start)), length);
        let named = self.previous == Previous::Dot;
        let mut expected = Expected::Nothing;
        if length <= 7 && !named {
            match head {
                IN | ARRAY => expected = Expected::List,
                VALUES => expected = Expected::Rows,
                BY | LIMIT | SELECT | WITH => self.clause(head),
                NULL | TRUE | FALSE if self.is_value(head) => return self.literal(),
                ROW if self.expects_row() => return self.row(text, token),
                UESCAPE if self.previous == Previous::StringLiteral => return,
                _ => {}
            }
        }
        self.begin();
        self.expected = expected;
        self.previous = if named { Previous::Operand } else { Previous::Word(self.out.len()) };
        if length <= 7 {
            self.out.push_short(head, length);
        } else {
            self.out.push_word(text, token.start, token.end);
        }
    }

    /// A word that changes what the numbers behind it are, or that makes a list a subquery.
    fn clause(&mut self, word: u64) {
        self.by_depth = if word == BY { self.depth } else { usize::MAX };
        if matches!(word, SELECT | WITH) {
            self.begin_subquery();
        }
    }

    /// `IN (SELECT …)` has no elements.
    fn begin_subquery(&mut self) {
        let here = self.out.len();
        if self.lists.last().is_some_and(|list| list.kind == ListKind::Elements && list.element == here) {
            self.lists.pop();
            self.find_list_depth();
        }
    }

    fn find_list_depth(&mut self) {
        self.list_depth = self.lists.last().map_or(usize::MAX, |list| list.depth);
    }

    fn expects_row(&self) -> bool {
        matches!(self.expected, Expected::Rows | Expected::AnotherRow)
    }

    /// `ROW` in front of a row of `VALUES`.
    fn row(&mut self, text: &[u8], token: Token) {
        if self.expected == Expected::Rows {
            self.begin_list(ListKind::Rows, self.out.len());
        }
        self.out.push_word(text, token.start, token.end);
        self.expected = Expected::Nothing;
        self.previous = Previous::Other;
    }

    /// Whether `NULL`, `TRUE` or `FALSE` is a value here and not a part of `IS NULL` or of a column's definition.
    fn is_value(&self, value: u64) -> bool {
        match self.previous {
            Previous::Word(start) => match self.out.from(start).trim_ascii_end() {
                b"is" | b"set" => false,
                b"not" => value != NULL && !self.after_is(start),
                word => keywords::leads_expression(word),
            },
            Previous::Operand | Previous::StringLiteral | Previous::Dot => false,
            Previous::Other => !self.after_closing(),
            Previous::Nothing | Previous::Sign(_) | Previous::Comma => true,
        }
    }

    fn after_is(&self, end: usize) -> bool {
        let before = self.out.as_slice().get(..end).unwrap_or_default();
        matches!(before, [.., b' ', b'i', b's', b' '])
    }

    fn after_closing(&self) -> bool {
        matches!(self.out.as_slice(), [.., b')' | b']', b' '])
    }

    #[inline]
    fn literal(&mut self) {
        self.begin();
        self.literals += 1;
        self.out.push_pair([LITERAL, b' ']);
        self.previous = Previous::Operand;
    }

    #[inline]
    fn string(&mut self) {
        if self.previous == Previous::StringLiteral && self.options.dialect != Engine::Sqlite {
            return;
        }
        self.literal();
        self.previous = Previous::StringLiteral;
    }

    #[inline]
    fn number(&mut self, bytes: &[u8]) {
        match self.previous {
            Previous::Sign(start) => self.out.truncate(start),
            Previous::Comma | Previous::Word(_) if self.by_depth == self.depth && self.is_position(bytes) => {
                self.begin();
                let start = self.out.len();
                self.push(bytes);
                self.position = start;
                self.previous = Previous::Operand;
                return;
            }
            _ => {}
        }
        self.literal();
    }

    fn is_position(&self, bytes: &[u8]) -> bool {
        let behind_by = match self.previous {
            Previous::Word(start) => self.out.from(start) == b"by ",
            _ => true,
        };
        behind_by && bytes.len() <= 4 && bytes.iter().all(u8::is_ascii_digit)
    }

    #[inline]
    fn operator(&mut self, bytes: &[u8]) {
        if self.position != NO_POSITION {
            self.out.truncate(self.position);
            self.out.push_pair([LITERAL, b' ']);
            self.literals += 1;
        }
        self.begin();
        let sign = match bytes {
            b"-" | b"+" => self.sign(),
            _ => None,
        };
        match bytes {
            b"!=" => self.push(b"<>"),
            b"==" if self.options.dialect == Engine::Sqlite => self.push(b"="),
            b"?" => self.push(&[RAW, b'?']),
            _ => self.push(bytes),
        }
        self.previous = sign.map_or(Previous::Other, Previous::Sign);
    }

    /// The canonical offset of the first sign of the run that a sign here is part of, if it stands before an operand.
    fn sign(&self) -> Option<usize> {
        let here = Some(self.out.len());
        match self.previous {
            Previous::Sign(start) => Some(start),
            Previous::Nothing | Previous::Comma => here,
            Previous::Word(start) => {
                let word = self.out.from(start).trim_ascii_end();
                here.filter(|_| keywords::leads_expression(word))
            }
            Previous::Other => here.filter(|_| !self.after_closing()),
            Previous::Operand | Previous::StringLiteral | Previous::Dot => None,
        }
    }

    fn variable(&mut self, bytes: &[u8]) {
        self.begin();
        self.out.push_word(bytes, 0, bytes.len());
        self.previous = Previous::Operand;
    }

    #[inline]
    fn quoted(&mut self, text: &[u8], token: Token) {
        self.begin();
        self.previous = Previous::Operand;
        let bytes = token.bytes(text);
        let closed = matches!(bytes, [b'"', .., b'"'] | [b'`', .., b'`'] | [b'[', .., b']']);
        if closed && self.is_same_unquoted(text, token.start + 1, token.end - 1) {
            self.out.push_word(text, token.start + 1, token.end - 1);
        } else {
            self.keep_quoted(bytes);
        }
    }

    /// Whether the identifier between two offsets means the same without its quotes.
    #[inline]
    fn is_same_unquoted(&self, text: &[u8], start: usize, end: usize) -> bool {
        let folds = self.options.dialect != Engine::Postgresql;
        let mut at = start;
        while at < end {
            let chunk = bytes8::first(bytes8::load(text, at), end - at);
            let in_word = bytes8::word_length(chunk) >= (end - at).min(8);
            if !in_word || !(folds || bytes8::lowercase(chunk) == chunk) {
                return false;
            }
            at += 8;
        }
        let name = text.get(start..end).unwrap_or_default();
        let first = name.first().copied().unwrap_or(b'0');
        let head = bytes8::first(bytes8::lowercase(bytes8::load(text, start)), end - start);
        !first.is_ascii_digit() && first != b'$' && !keywords::is_reserved_head(head, name)
    }

    fn keep_quoted(&mut self, bytes: &[u8]) {
        if matches!(bytes.first(), Some(b'u' | b'U')) {
            return self.push(bytes);
        }
        self.out.push(b'"');
        push_identifier(&mut self.out, bytes, self.options.dialect != Engine::Postgresql);
        self.push(b"\"");
    }

    #[inline]
    fn comma(&mut self) {
        self.position = NO_POSITION;
        self.previous = Previous::Comma;
        self.expected = Expected::Nothing;
        if self.list_depth == self.depth {
            self.part_elements();
        } else {
            self.out.push_pair([b',', b' ']);
        }
    }

    fn part_elements(&mut self) {
        let Some(list) = self.lists.last().copied() else {
            return;
        };
        if self.end_element(list) {
            self.out.truncate(list.element);
        } else {
            self.out.push_pair([b',', b' ']);
        }
        if let Some(list) = self.lists.last_mut() {
            list.element = self.out.len();
            list.literals = self.literals;
        }
        if list.kind == ListKind::Rows {
            self.expected = Expected::AnotherRow;
        }
    }

    #[inline]
    fn open(&mut self, byte: u8) {
        match self.expected {
            Expected::Nothing if self.rows_depth == self.depth && self.previous != Previous::Other => self.end_rows(),
            Expected::Rows => self.begin_list(ListKind::Rows, self.out.len()),
            _ => {}
        }
        self.position = NO_POSITION;
        self.depth += 1;
        self.out.push_pair([byte, b' ']);
        if self.expected == Expected::List {
            self.begin_list(ListKind::Elements, self.out.len());
        }
        self.expected = Expected::Nothing;
        self.previous = Previous::Nothing;
    }

    #[inline]
    fn close(&mut self, byte: u8) {
        if self.rows_depth == self.depth {
            self.end_rows();
        }
        if self.list_depth == self.depth {
            self.close_list();
        }
        if self.by_depth == self.depth {
            self.by_depth = usize::MAX;
        }
        self.depth = self.depth.saturating_sub(1);
        self.out.push_pair([byte, b' ']);
        self.position = NO_POSITION;
        self.expected = Expected::Nothing;
        self.previous = Previous::Other;
    }

    fn begin_list(&mut self, kind: ListKind, element: usize) {
        if self.lists.len() >= NESTED_LISTS {
            return;
        }
        if kind == ListKind::Rows {
            self.rows_depth = self.depth;
        }
        self.list_depth = self.depth;
        self.lists.push(List {
            kind,
            depth: self.depth,
            element,
            remembered: self.elements.len(),
            literals: self.literals,
            has_literal: false,
        });
    }

    /// Ends the present element; true if an earlier one of the list reads the same.
    fn end_element(&mut self, list: List) -> bool {
        let has_literal = self.literals > list.literals;
        if let Some(list) = self.lists.last_mut() {
            list.has_literal |= has_literal;
        }
        if !has_literal && list.kind == ListKind::Elements {
            return false;
        }
        let element = self.out.from(list.element);
        let known = self.elements.get(list.remembered..).unwrap_or_default();
        if known.iter().any(|&(start, end)| self.out.as_slice().get(start..end) == Some(element)) {
            return true;
        }
        if known.len() < DIFFERENT_ELEMENTS {
            self.elements.push((list.element, self.out.len()));
        }
        false
    }

    /// Ends the innermost list: an element that repeats goes, with the comma before it.
    fn close_list(&mut self) {
        let Some(list) = self.lists.last().copied() else {
            return;
        };
        if self.out.len() > list.element && self.end_element(list) || self.out.len() == list.element {
            let behind = self.out.as_slice().get(..list.element).unwrap_or_default();
            if behind.ends_with(b", ") {
                self.out.truncate(list.element - 2);
            }
        }
        let has_literal = self.lists.pop().is_some_and(|list| list.has_literal);
        self.find_list_depth();
        self.elements.truncate(list.remembered);
        if has_literal {
            self.out.extend(&[b',', b' ', MORE, b' ']);
        }
    }

    /// Ends the list of rows at this depth, if one is open. Commas behind it that begin no row stay.
    fn end_rows(&mut self) {
        if self.rows_depth == usize::MAX {
            return;
        }
        let another = self.expected == Expected::AnotherRow;
        self.close_list();
        if another {
            self.out.push_pair([b',', b' ']);
        }
        self.rows_depth = self.lists.iter().rev().find(|list| list.kind == ListKind::Rows).map_or(usize::MAX, |list| list.depth);
    }
}

/// Appends the content of a quoted identifier, its closing quote undoubled and then doubled as `"`.
fn push_identifier(out: &mut Canonical, bytes: &[u8], fold: bool) {
    let quote = match bytes.first() {
        Some(b'[') => b']',
        Some(&quote) => quote,
        None => return,
    };
    let mut inner = bytes.get(1..).unwrap_or_default();
    if inner.last() == Some(&quote) {
        inner = &inner[..inner.len() - 1];
    }
    let mut at = 0;
    while let Some(&byte) = inner.get(at) {
        let doubled = byte == quote && quote != b']' && inner.get(at + 1) == Some(&quote);
        at += if doubled { 2 } else { 1 };
        out.push(if fold { byte.to_ascii_lowercase() } else { byte });
        if byte == b'"' {
            out.push(b'"');
        }
    }
}
