//! Writes names and values as a dialect reads them. It never leaves a way out of the quotes.

use dbwright_model::engine::Engine;

use crate::keywords;
use crate::lexer::Options;

/// The identifier as it has to stand in a statement: bare where that means the same, quoted elsewhere.
///
/// ```
/// use dbwright_model::engine::Engine;
/// use dbwright_sql::quote_identifier;
///
/// assert_eq!(quote_identifier("orders", Engine::Postgresql), "orders");
/// assert_eq!(quote_identifier("order", Engine::Postgresql), "\"order\"");
/// assert_eq!(quote_identifier("Orders", Engine::Postgresql), "\"Orders\"");
/// assert_eq!(quote_identifier("Orders", Engine::Sqlite), "Orders");
/// assert_eq!(quote_identifier("a`b", Engine::Mysql), "`a``b`");
/// ```
#[must_use]
pub fn quote_identifier(name: &str, options: impl Into<Options>) -> String {
    let options = options.into();
    if is_bare(name, options.dialect) {
        return name.to_owned();
    }
    let quote = if is_mysql(options.dialect) { '`' } else { '"' };
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push(quote);
    for letter in name.chars().filter(|letter| *letter != '\0') {
        quoted.push(letter);
        if letter == quote {
            quoted.push(quote);
        }
    }
    quoted.push(quote);
    quoted
}

fn is_mysql(dialect: Engine) -> bool {
    matches!(dialect, Engine::Mysql | Engine::Mariadb)
}

/// Whether a name means itself without quotes. Names beyond plain ASCII are always quoted.
fn is_bare(name: &str, dialect: Engine) -> bool {
    let folds = dialect == Engine::Postgresql;
    let first = name.bytes().next().unwrap_or(b'0');
    let plain = |byte: u8| byte == b'_' || byte.is_ascii_digit() || byte.is_ascii_lowercase() || (!folds && byte.is_ascii_uppercase());
    !first.is_ascii_digit() && name.bytes().all(plain) && !keywords::must_be_quoted(name.as_bytes())
}

/// The name within the quotes of an identifier; `None` if the text is not quoted.
///
/// ```
/// assert_eq!(dbwright_sql::unquote_identifier("\"a\"\"b\"").as_deref(), Some("a\"b"));
/// assert_eq!(dbwright_sql::unquote_identifier("[a b]").as_deref(), Some("a b"));
/// assert_eq!(dbwright_sql::unquote_identifier("a"), None);
/// ```
#[must_use]
pub fn unquote_identifier(text: &str) -> Option<String> {
    for (open, close, doubled, single) in [("\"", "\"", "\"\"", "\""), ("`", "`", "``", "`"), ("[", "]", "]]", "]")] {
        if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            return Some(inner.replace(doubled, single));
        }
    }
    None
}

/// The text as a string literal.
///
/// ```
/// use dbwright_model::engine::Engine;
/// use dbwright_sql::quote_literal;
///
/// assert_eq!(quote_literal("it's", Engine::Postgresql), "'it''s'");
/// assert_eq!(quote_literal("a\\b", Engine::Postgresql), "'a\\b'");
/// assert_eq!(quote_literal("a\\b", Engine::Mysql), "'a\\\\b'");
/// ```
#[must_use]
pub fn quote_literal(text: &str, options: impl Into<Options>) -> String {
    let options = options.into();
    let escapes = is_mysql(options.dialect) && !options.no_backslash_escapes;
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for letter in text.chars() {
        match letter {
            '\0' if escapes => quoted.push_str("\\0"),
            // No other dialect can write the character in a literal.
            '\0' => {}
            '\\' if escapes => quoted.push_str("\\\\"),
            '\'' => quoted.push_str("''"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::{Kind, Lexer};

    #[test]
    fn quoted_text_is_one_token() {
        for dialect in [Engine::Postgresql, Engine::Mysql, Engine::Mariadb, Engine::Sqlite] {
            for text in ["", "a", "'", "\\", "\\'", "''", "a\0b", "\"`[]", "select", "é", "1a", "a b", "-- x"] {
                let literal = quote_literal(text, dialect);
                let tokens: Vec<_> = Lexer::new(&literal, dialect).collect();
                assert!(tokens.len() == 1 && tokens[0].kind == Kind::String && tokens[0].terminated, "{literal}");
                let identifier = quote_identifier(text, dialect);
                let tokens: Vec<_> = Lexer::new(&identifier, dialect).collect();
                assert!(tokens.len() == 1 && tokens[0].terminated, "{identifier}");
                assert!(matches!(tokens[0].kind, Kind::Word | Kind::QuotedIdentifier), "{identifier}");
            }
        }
    }
}
