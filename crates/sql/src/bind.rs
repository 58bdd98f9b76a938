//! Finds the values of a statement, puts values in the place of placeholders, and edits text by its spans, so that
//! comments and layout stay. It never lets a value be more than a value.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::lexer::{Kind, Lexer, Options, Token};

/// A placeholder of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placeholder {
    /// Its bytes.
    pub span: Range<usize>,
    /// Which value it stands for, from 0: `$2` and `?2` are 1, each plain `?` or `%s` is the next one, and a name is
    /// the next one where it stands first.
    pub index: usize,
}

/// Why values do not fit a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// A placeholder has no value.
    #[error("the statement has a placeholder for value {wanted}, but {given} were given")]
    Missing {
        /// The value's number, from 1.
        wanted: usize,
        /// How many values there are.
        given: usize,
    },
    /// A value is not a literal.
    #[error("value {number} is no literal: {text}")]
    NotALiteral {
        /// The value's number, from 1.
        number: usize,
        /// Its text.
        text: String,
    },
}

/// The placeholders of a statement, in the order of the text.
#[must_use]
pub fn placeholders(text: &str, options: impl Into<Options>) -> Vec<Placeholder> {
    let mut names: Vec<&str> = Vec::new();
    let mut next = 0;
    let mut found = Vec::new();
    for token in Lexer::new(text, options).filter(|token| token.kind == Kind::Parameter) {
        let own = text.get(token.start..token.end).unwrap_or_default();
        let digits = own.trim_start_matches(['$', '?', ':']);
        let index = match digits.parse::<usize>() {
            Ok(number) if number > 0 => number - 1,
            _ if matches!(own, "?" | "%s") => next,
            _ => names.iter().position(|name| *name == own).unwrap_or_else(|| {
                names.push(own);
                names.len() - 1
            }),
        };
        // A number may be as large as it likes.
        next = index.saturating_add(1);
        found.push(Placeholder { span: token.start..token.end, index });
    }
    found
}

/// The literals of a statement with their signs, in the order of the text: its sample values.
///
/// ```
/// use dbwright_model::engine::Engine;
/// use dbwright_sql::literals;
///
/// let text = "SELECT * FROM t WHERE a = -5 AND b IN ('x', 'it''s') -- 7";
/// let found: Vec<&str> = literals(text, Engine::Sqlite).into_iter().map(|span| &text[span]).collect();
/// assert_eq!(found, ["-5", "'x'", "'it''s'"]);
/// ```
#[must_use]
pub fn literals(text: &str, options: impl Into<Options>) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut sign: Option<usize> = None;
    let mut before = Kind::Operator;
    for token in Lexer::new(text, options).filter(|token| !token.kind.is_comment()) {
        let is_sign = matches!(token.bytes(bytes), b"-" | b"+") && matches!(before, Kind::Operator | Kind::Comma | Kind::OpenParenthesis);
        if token.kind.is_literal() {
            let start = sign.filter(|_| token.kind == Kind::Number).unwrap_or(token.start);
            found.push(start..token.end);
        }
        sign = if is_sign { Some(token.start) } else { None };
        before = token.kind;
    }
    found
}

/// The statement with its placeholders replaced by literals, which have to be written in the dialect already:
/// [`quote_literal`](crate::quote_literal) does so. Values without a placeholder are ignored.
///
/// # Errors
/// A placeholder without value, or a value that is more or less than one literal.
///
/// ```
/// use dbwright_model::engine::Engine;
/// use dbwright_sql::bind;
///
/// let text = "SELECT * FROM t /* all */ WHERE a = $2 AND b-$1 > 0";
/// assert_eq!(
///     bind(text, Engine::Postgresql, &["-1", "'it''s'"]).unwrap(),
///     "SELECT * FROM t /* all */ WHERE a = 'it''s' AND b-(-1) > 0"
/// );
/// assert!(bind(text, Engine::Postgresql, &["1; DROP TABLE t", "2"]).is_err());
/// ```
pub fn bind(text: &str, options: impl Into<Options>, values: &[&str]) -> Result<String, BindError> {
    let options = options.into();
    for (index, value) in values.iter().enumerate() {
        if !is_literal(value, options) {
            return Err(BindError::NotALiteral { number: index + 1, text: (*value).to_owned() });
        }
    }
    let mut edits = Vec::new();
    for Placeholder { span, index } in placeholders(text, options) {
        let value = values.get(index).ok_or(BindError::Missing { wanted: index + 1, given: values.len() })?;
        let replacement = fitted(text, &span, value.trim());
        edits.push(Edit { span, replacement });
    }
    Ok(apply(text, &edits))
}

/// The value with what keeps it apart from its neighbours.
fn fitted(text: &str, span: &Range<usize>, value: &str) -> String {
    if value.starts_with(['-', '+']) {
        return format!("({value})");
    }
    let touches = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80 || b"_$'\"`.".contains(byte));
    let bytes = text.as_bytes();
    let before = if touches(span.start.checked_sub(1).and_then(|place| bytes.get(place))) { " " } else { "" };
    let after = if touches(bytes.get(span.end)) { " " } else { "" };
    format!("{before}{value}{after}")
}

/// Whether a text is one literal, with a sign or a cast at most, and nothing else.
fn is_literal(value: &str, options: Options) -> bool {
    let bytes = value.as_bytes();
    let tokens: Vec<Token> = Lexer::new(value, options).collect();
    let mut rest = tokens.as_slice();
    let signed = matches!(rest.first(), Some(token) if matches!(token.bytes(bytes), b"-" | b"+"));
    if signed {
        rest = &rest[1..];
    }
    let is_value = |token: &Token| {
        let word = token.bytes(bytes);
        let constant = [&b"null"[..], b"true", b"false"].iter().any(|name| word.eq_ignore_ascii_case(name));
        let named = token.kind == Kind::Word && constant && !signed;
        token.terminated && (named || token.kind == Kind::Number || (token.kind == Kind::String && !signed))
    };
    match rest {
        [own] => is_value(own),
        [own, cast, name] => is_value(own) && cast.bytes(bytes) == b"::" && name.kind == Kind::Word,
        _ => false,
    }
}

/// The values of a `-- params:` annotation: `1, 'a'` is one set of two, `(1, 'a'), (2, 'b')` are two sets. `None` if
/// something else than literals stands there.
///
/// ```
/// use dbwright_model::engine::Engine;
/// use dbwright_sql::parameter_sets;
///
/// assert_eq!(parameter_sets("1, 'a,b'", Engine::Sqlite), Some(vec![vec!["1".into(), "'a,b'".into()]]));
/// assert_eq!(parameter_sets("(1), (-2)", Engine::Sqlite), Some(vec![vec!["1".into()], vec!["-2".into()]]));
/// assert_eq!(parameter_sets("now()", Engine::Sqlite), None);
/// ```
#[must_use]
pub fn parameter_sets(text: &str, options: impl Into<Options>) -> Option<Vec<Vec<String>>> {
    let options = options.into();
    let tokens: Vec<Token> = Lexer::new(text, options).collect();
    let sets =
        if tokens.first().is_some_and(|token| token.kind == Kind::OpenParenthesis) { grouped(&tokens)? } else { vec![tokens.as_slice()] };
    sets.into_iter().map(|set| values(text, set, options)).collect()
}

/// The tokens within each of `(…), (…)`.
fn grouped(tokens: &[Token]) -> Option<Vec<&[Token]>> {
    let mut sets = Vec::new();
    let mut rest = tokens;
    loop {
        let close = rest.iter().position(|token| token.kind == Kind::CloseParenthesis)?;
        if rest.first()?.kind != Kind::OpenParenthesis {
            return None;
        }
        sets.push(&rest[1..close]);
        match rest.get(close + 1) {
            None => return Some(sets),
            Some(token) if token.kind == Kind::Comma => rest = &rest[close + 2..],
            Some(_) => return None,
        }
    }
}

fn values(text: &str, tokens: &[Token], options: Options) -> Option<Vec<String>> {
    if tokens.is_empty() {
        return Some(Vec::new());
    }
    let mut values = Vec::new();
    for value in tokens.split(|token| token.kind == Kind::Comma) {
        let own = text.get(value.first()?.start..value.last()?.end)?;
        if !is_literal(own, options) {
            return None;
        }
        values.push(own.to_owned());
    }
    Some(values)
}

/// One replacement in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The bytes that go; an empty span only inserts.
    pub span: Range<usize>,
    /// What comes in their place.
    pub replacement: String,
}

/// The text with all edits made. Edits may come in any order; one that overlaps an earlier one, or that does not lie
/// on characters of the text, is left out.
///
/// ```
/// use dbwright_sql::{Edit, apply};
///
/// let edits = [Edit { span: 7..8, replacement: "id, name".into() }];
/// assert_eq!(apply("SELECT * FROM t -- all", &edits), "SELECT id, name FROM t -- all");
/// ```
#[must_use]
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for edit in sorted {
        let Some(kept) = text.get(at..edit.span.start).filter(|_| text.get(edit.span.clone()).is_some()) else {
            continue;
        };
        result.push_str(kept);
        result.push_str(&edit.replacement);
        at = edit.span.end;
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape;
    use dbwright_model::engine::Engine::{Mysql, Postgresql, Sqlite};

    fn indexes(text: &str, dialect: dbwright_model::engine::Engine) -> Vec<usize> {
        placeholders(text, dialect).into_iter().map(|found| found.index).collect()
    }

    #[test]
    fn placeholders_are_counted_by_their_style() {
        assert_eq!(indexes("a = $2 and b = $1 and c = $2", Postgresql), [1, 0, 1]);
        assert_eq!(indexes("a = ? and b = ?", Mysql), [0, 1]);
        assert_eq!(indexes("a = :x and b = :y and c = :x", Sqlite), [0, 1, 0]);
        assert_eq!(indexes("a = ?2 and b = ?", Sqlite), [1, 2]);
        assert_eq!(indexes("a = %s and b like '%s'", Postgresql), [0]);
    }

    #[test]
    fn values_stay_apart_from_their_neighbours() {
        assert_eq!(bind("a -$1", Postgresql, &["-1"]).as_deref(), Ok("a -(-1)"));
        assert_eq!(bind("a=?and b", Mysql, &["1"]).as_deref(), Ok("a=1 and b"));
        assert_eq!(bind("'x' = ? -- ?", Mysql, &["'y'"]).as_deref(), Ok("'x' = 'y' -- ?"));
        assert_eq!(bind("a = $1", Postgresql, &["'2024-01-01'::date"]).as_deref(), Ok("a = '2024-01-01'::date"));
        let bound = bind("SELECT 1 FROM t WHERE a = ? LIMIT ?", Sqlite, &["NULL", "5"]).unwrap_or_default();
        assert!(shape(&bound, Sqlite).parsed);
    }

    #[test]
    fn only_literals_are_values() {
        for bad in ["", "1, 2", "1; x", "'a", "now()", "a", "1 -- x", "1 /* x */", "- - 1", "'a' 'b'", "$1", "--1"] {
            assert!(matches!(bind("SELECT ?", Mysql, &[bad]), Err(BindError::NotALiteral { .. })), "{bad}");
        }
        assert_eq!(bind("SELECT $2", Postgresql, &["1"]), Err(BindError::Missing { wanted: 2, given: 1 }));
    }

    #[test]
    fn sets_of_parameters() {
        assert_eq!(parameter_sets("", Sqlite), Some(vec![vec![]]));
        assert_eq!(parameter_sets("('a)', NULL), (true, 1.5)", Sqlite).map(|sets| sets.len()), Some(2));
        for bad in ["(1", "(1),", "1,", "(1) 2", "((1))"] {
            assert_eq!(parameter_sets(bad, Sqlite), None, "{bad}");
        }
    }

    #[test]
    fn edits_that_do_not_fit_are_left_out() {
        let edit = |span: Range<usize>| Edit { span, replacement: "x".to_owned() };
        assert_eq!(apply("abcdef", &[edit(4..5), edit(0..2), edit(1..3)]), "xcdxf");
        assert_eq!(apply("é", &[edit(1..2), edit(5..9)]), "é");
        assert_eq!(apply("ab", &[edit(1..1)]), "axb");
    }
}
