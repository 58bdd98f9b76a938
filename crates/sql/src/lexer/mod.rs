//! A fast, total lexer over the bytes of a statement. It never fails and never copies: what it cannot name is
//! [`Kind::Unknown`], and what has no end runs to the end of the text and says so.

mod class;
mod scan;

use dbwright_model::engine::Engine;

use crate::keywords;
use class::{CLASS, Class};

/// How text is read: the dialect, and the settings of a server that change what a quote means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The dialect.
    pub dialect: Engine,
    /// MySQL's `NO_BACKSLASH_ESCAPES`: a backslash in a string is an ordinary character.
    pub no_backslash_escapes: bool,
    /// MySQL's `ANSI_QUOTES`: `"x"` is an identifier and no string.
    pub ansi_quotes: bool,
}

impl From<Engine> for Options {
    fn from(dialect: Engine) -> Self {
        Self { dialect, no_backslash_escapes: false, ansi_quotes: false }
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A keyword or an unquoted identifier.
    Word,
    /// An identifier in `"…"`, `` `…` `` or `[…]`, PostgreSQL's `U&"…"` included.
    QuotedIdentifier,
    /// A string, bit string or binary literal in any notation, its prefix (`E`, `N`, `X`, `U&`, `_utf8`) included.
    String,
    /// A number without sign, hexadecimal, octal and binary integers included.
    Number,
    /// A placeholder: `$1`, `?`, `?1`, `:name`, `@name`, `%s`, `%(name)s`.
    Parameter,
    /// MySQL's `@user` and `@@system` variables.
    Variable,
    /// An operator of one or more characters.
    Operator,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `(`
    OpenParenthesis,
    /// `)`
    CloseParenthesis,
    /// `[` where it does not quote an identifier.
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `;`
    Semicolon,
    /// `-- …`, `# …`: without the line's end.
    LineComment,
    /// `/* … */`
    BlockComment,
    /// `/*+ … */`
    Hint,
    /// `/*!50100` or `/*M!100100`: what follows is code for servers of that version.
    ConditionalStart,
    /// The `*/` that ends it.
    ConditionalEnd,
    /// `\`, which begins a command of psql and mysql.
    Backslash,
    /// A byte that no dialect has a use for here.
    Unknown,
}

impl Kind {
    /// Whether a server skips the token: a comment or an optimizer hint.
    #[must_use]
    pub const fn is_comment(self) -> bool {
        matches!(self, Self::LineComment | Self::BlockComment | Self::Hint)
    }

    /// Whether the token is a literal value.
    #[must_use]
    pub const fn is_literal(self) -> bool {
        matches!(self, Self::String | Self::Number)
    }
}

/// A token: its kind and its bytes, `start` included and `end` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// The offset of its first byte.
    pub start: usize,
    /// The offset behind its last byte.
    pub end: usize,
    /// Whether its end was found: false for a string, quoted identifier or comment that the text's end cuts.
    pub terminated: bool,
}

impl Token {
    /// The token's bytes within the text that was lexed.
    #[must_use]
    pub fn bytes<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// The rules of a dialect that the scanner asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Postgresql,
    Mysql { mariadb: bool },
    Sqlite,
}

impl Family {
    const fn of(dialect: Engine) -> Self {
        match dialect {
            Engine::Postgresql => Self::Postgresql,
            Engine::Mysql => Self::Mysql { mariadb: false },
            Engine::Mariadb => Self::Mysql { mariadb: true },
            _ => Self::Sqlite,
        }
    }

    const fn is_mysql(self) -> bool {
        matches!(self, Self::Mysql { .. })
    }

    const fn is_postgresql(self) -> bool {
        matches!(self, Self::Postgresql)
    }
}

/// The kinds of the classes whose bytes are tokens by themselves, in the order of [`Class`].
const SINGLE: [Kind; 6] =
    [Kind::Comma, Kind::OpenParenthesis, Kind::CloseParenthesis, Kind::Semicolon, Kind::CloseBracket, Kind::Backslash];

/// An iterator over the tokens of a text; white space shows as the gaps between them.
///
/// ```
/// use dbwright_model::engine::Engine;
/// use dbwright_sql::lexer::{Kind, Lexer};
///
/// let text = "SELECT 'it''s', $1 -- why";
/// let kinds: Vec<Kind> = Lexer::new(text, Engine::Postgresql).map(|token| token.kind).collect();
/// assert_eq!(kinds, [Kind::Word, Kind::String, Kind::Comma, Kind::Parameter, Kind::LineComment]);
/// ```
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    family: Family,
    backslash_escapes: bool,
    double_quoted_strings: bool,
    in_conditional: bool,
    /// The last token that is no comment: `?` reads as an operator or a parameter by what stands before it.
    previous: Option<(Kind, usize, usize)>,
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `text`.
    #[must_use]
    pub fn new<T: AsRef<[u8]> + ?Sized>(text: &'a T, options: impl Into<Options>) -> Self {
        let options = options.into();
        let family = Family::of(options.dialect);
        Self {
            text: text.as_ref(),
            at: 0,
            family,
            backslash_escapes: family.is_mysql() && !options.no_backslash_escapes,
            double_quoted_strings: family.is_mysql() && !options.ansi_quotes,
            in_conditional: false,
            previous: None,
        }
    }

    /// The offset at which the next token is looked for.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Goes on at another offset, as if the text began there.
    pub fn seek(&mut self, offset: usize) {
        self.at = offset.min(self.text.len());
        self.in_conditional = false;
        self.previous = None;
    }

    #[inline]
    fn byte(&self, offset: usize) -> u8 {
        self.text.get(offset).copied().unwrap_or(0)
    }

    /// The byte before the offset, or 0 at the start.
    #[inline]
    fn before(&self, offset: usize) -> u8 {
        offset.checked_sub(1).map_or(0, |index| self.byte(index))
    }

    #[inline]
    fn finish(&mut self, kind: Kind, start: usize, end: usize) -> Token {
        self.close(kind, start, end, true)
    }

    #[inline]
    fn close(&mut self, kind: Kind, start: usize, end: usize, terminated: bool) -> Token {
        self.at = end;
        if !kind.is_comment() {
            self.previous = Some((kind, start, end));
        }
        Token { kind, start, end, terminated }
    }

    /// The next token. Inlined where speed counts, so that what is done with a token of a kind follows its recognition.
    #[inline(always)]
    pub(crate) fn advance(&mut self) -> Option<Token> {
        let mut start = self.at;
        let class = loop {
            let &byte = self.text.get(start)?;
            let class = CLASS[usize::from(byte)];
            if class != Class::Space {
                break class;
            }
            start += 1;
        };
        self.at = start;
        if class == Class::Letter {
            return Some(self.word(start));
        }
        let Some(&single) = SINGLE.get(class as usize) else {
            return Some(self.scan_other(class, start));
        };
        Some(self.finish(single, start, start + 1))
    }

    /// Whether the token before this one can be the left operand of an operator.
    fn after_operand(&self) -> bool {
        match self.previous {
            None => false,
            Some((Kind::Word, start, end)) => {
                let word = self.text.get(start..end).unwrap_or_default();
                !keywords::leads_expression(word)
            }
            Some((kind, ..)) => matches!(
                kind,
                Kind::QuotedIdentifier
                    | Kind::String
                    | Kind::Number
                    | Kind::Parameter
                    | Kind::Variable
                    | Kind::CloseParenthesis
                    | Kind::CloseBracket
            ),
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    #[inline]
    fn next(&mut self) -> Option<Token> {
        self.advance()
    }
}

#[cfg(test)]
mod tests;
