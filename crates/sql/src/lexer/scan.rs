//! Where each kind of token ends. It never looks at meaning beyond the token before.

use memchr::{memchr, memchr2, memmem};

use crate::bytes8;

use super::class::{Class, begins_word, in_operator, in_word};
use super::{Family, Kind, Lexer, Token};

/// Longer than any operator in use, in bytes (PostgreSQL itself allows 63); it keeps a run of signs from being read over
/// and over.
const LONGEST_OPERATOR: usize = 16;

impl Lexer<'_> {
    #[inline]
    fn word_end(&self, mut at: usize) -> usize {
        loop {
            let length = bytes8::word_length(bytes8::load(self.text, at));
            at += length;
            if length < 8 {
                return at;
            }
        }
    }

    fn digits_end(&self, mut at: usize) -> usize {
        while self.byte(at).is_ascii_digit() {
            at += 1;
        }
        at
    }

    #[inline(always)]
    pub(super) fn word(&mut self, start: usize) -> Token {
        let end = self.word_end(start);
        let next = self.byte(end);
        if (next == b'\'' || next == b'"' || next == b'&')
            && end - start <= 16
            && let Some(token) = self.prefixed(start, end, next)
        {
            return token;
        }
        self.finish(Kind::Word, start, end)
    }

    /// A string or identifier behind a prefix, if the word that ends at `end` is one.
    #[inline(never)]
    fn prefixed(&mut self, start: usize, end: usize, next: u8) -> Option<Token> {
        let first = self.byte(start).to_ascii_lowercase();
        let single = end - start == 1;
        match (self.family, next) {
            (Family::Postgresql, b'\'') if single && first == b'e' => Some(self.string(start, end, true)),
            (Family::Postgresql, b'\'') if single && matches!(first, b'b' | b'x' | b'n') => Some(self.string(start, end, false)),
            (Family::Postgresql, b'&') if single && first == b'u' => match self.byte(end + 1) {
                b'\'' => Some(self.string(start, end + 1, false)),
                b'"' => Some(self.quoted(start, end + 1, b'"', Kind::QuotedIdentifier, false)),
                _ => None,
            },
            (Family::Mysql { .. }, b'\'') if single && matches!(first, b'b' | b'x' | b'n') => {
                Some(self.string(start, end, self.backslash_escapes && first == b'n'))
            }
            (Family::Mysql { .. }, b'\'' | b'"') if first == b'_' && !single && is_charset(&self.text[start + 1..end]) => {
                if next == b'"' && !self.double_quoted_strings {
                    return None;
                }
                Some(self.quoted(start, end, next, Kind::String, self.backslash_escapes))
            }
            (Family::Sqlite, b'\'') if single && first == b'x' => Some(self.string(start, end, false)),
            _ => None,
        }
    }

    fn string(&mut self, start: usize, quote_at: usize, escapes: bool) -> Token {
        self.quoted(start, quote_at, b'\'', Kind::String, escapes)
    }

    /// The place of the next quote or escape. Most strings are short, so that looking at eight bytes first pays.
    #[inline]
    fn find_quote(&self, at: usize, quote: u8, escapes: bool) -> Option<usize> {
        let chunk = bytes8::load(self.text, at);
        let mut near = bytes8::find(chunk, quote);
        if escapes {
            near = near.min(bytes8::find(chunk, b'\\'));
        }
        if near < 8 {
            return Some(at + near);
        }
        let rest = self.text.get(at + 8..)?;
        let far = if escapes { memchr2(quote, b'\\', rest) } else { memchr(quote, rest) };
        far.map(|offset| at + 8 + offset)
    }

    /// A token that ends at an unescaped, undoubled `quote`.
    #[inline]
    fn quoted(&mut self, start: usize, quote_at: usize, quote: u8, kind: Kind, escapes: bool) -> Token {
        let mut at = quote_at + 1;
        loop {
            let Some(place) = self.find_quote(at, quote, escapes) else {
                return self.close(kind, start, self.text.len(), false);
            };
            at = place;
            let escaped = escapes && self.byte(at) == b'\\';
            if !escaped && self.byte(at + 1) != quote {
                return self.finish(kind, start, at + 1);
            }
            at += 2;
        }
    }

    #[inline]
    pub(super) fn scan_other(&mut self, class: Class, start: usize) -> Token {
        match class {
            Class::SingleQuote => self.string(start, start, self.backslash_escapes),
            Class::Digit => self.number(start),
            Class::Symbol => self.symbol(start),
            Class::Dot => self.dot(start),
            Class::DoubleQuote if self.double_quoted_strings => self.quoted(start, start, b'"', Kind::String, self.backslash_escapes),
            Class::DoubleQuote => self.quoted(start, start, b'"', Kind::QuotedIdentifier, false),
            Class::Backtick if self.family.is_postgresql() => self.finish(Kind::Operator, start, start + 1),
            Class::Backtick => self.quoted(start, start, b'`', Kind::QuotedIdentifier, false),
            Class::OpenBracket => self.bracket(start),
            Class::Dollar => self.dollar(start),
            Class::Colon => self.colon(start),
            _ => self.finish(Kind::Unknown, start, start + 1),
        }
    }

    fn dot(&mut self, start: usize) -> Token {
        let before = self.before(start);
        let after_name = in_word(before) || matches!(before, b'"' | b'`' | b']' | b')' | b'.');
        if self.byte(start + 1).is_ascii_digit() && !after_name {
            return self.number(start);
        }
        self.finish(Kind::Dot, start, start + 1)
    }

    /// SQLite quotes identifiers in brackets; elsewhere they subscript.
    fn bracket(&mut self, start: usize) -> Token {
        if self.family != Family::Sqlite {
            return self.finish(Kind::OpenBracket, start, start + 1);
        }
        match memchr(b']', &self.text[start..]) {
            Some(length) => self.finish(Kind::QuotedIdentifier, start, start + length + 1),
            None => self.close(Kind::QuotedIdentifier, start, self.text.len(), false),
        }
    }

    #[inline]
    fn number(&mut self, start: usize) -> Token {
        let mut end = start;
        let leading = self.byte(start);
        if leading == b'0' && matches!(self.byte(start + 1) | 0x20, b'x' | b'o' | b'b') {
            end = self.radix_end(start);
        }
        if end == start {
            end = self.decimal_end(start);
        }
        // In MySQL an identifier may begin with digits: `1st`, or what follows the dot in `db.5th`.
        if self.family.is_mysql() && leading != b'.' {
            let word = self.word_end(start);
            let named = self.before(start) == b'.' && in_word(self.before(start.saturating_sub(1)));
            if word > end || named {
                return self.finish(Kind::Word, start, word);
            }
        }
        self.finish(Kind::Number, start, end)
    }

    fn radix_end(&self, start: usize) -> usize {
        let mut end = start + 2;
        let hexadecimal = self.byte(start + 1) | 0x20 == b'x';
        loop {
            let byte = self.byte(end);
            let digit = if hexadecimal { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
            if !digit && byte != b'_' {
                break;
            }
            end += 1;
        }
        if end == start + 2 { start } else { end }
    }

    #[inline]
    fn decimal_end(&self, start: usize) -> usize {
        let mut end = self.grouped_end(start);
        if self.byte(end) == b'.' && !(self.byte(end + 1) == b'.' && self.family.is_postgresql()) {
            end = self.grouped_end(end + 1);
        }
        if self.byte(end) | 0x20 == b'e' {
            let sign = usize::from(matches!(self.byte(end + 1), b'+' | b'-'));
            let exponent = self.digits_end(end + 1 + sign);
            if exponent > end + 1 + sign {
                end = exponent;
            }
        }
        end
    }

    /// The end of digits that single underscores may group.
    #[inline]
    fn grouped_end(&self, start: usize) -> usize {
        let mut at = start;
        loop {
            let byte = self.byte(at);
            let groups = byte == b'_' && at > start && !self.family.is_mysql() && self.byte(at + 1).is_ascii_digit();
            if !byte.is_ascii_digit() && !groups {
                return at;
            }
            at += 1;
        }
    }

    fn dollar(&mut self, start: usize) -> Token {
        match self.family {
            Family::Sqlite => {
                let end = self.word_end(start + 1);
                let kind = if end > start + 1 { Kind::Parameter } else { Kind::Unknown };
                self.finish(kind, start, end)
            }
            Family::Mysql { .. } => {
                let end = self.word_end(start + 1);
                self.finish(Kind::Word, start, end)
            }
            Family::Postgresql => self.dollar_quote(start),
        }
    }

    fn dollar_quote(&mut self, start: usize) -> Token {
        let digits = self.digits_end(start + 1);
        if digits > start + 1 {
            return self.finish(Kind::Parameter, start, digits);
        }
        let mut tag_end = start + 1;
        while in_word(self.byte(tag_end)) && self.byte(tag_end) != b'$' {
            tag_end += 1;
        }
        if self.byte(tag_end) != b'$' {
            return self.finish(Kind::Unknown, start, start + 1);
        }
        let tag = &self.text[start..=tag_end];
        match memmem::find(&self.text[tag_end + 1..], tag) {
            Some(length) => self.finish(Kind::String, start, tag_end + 1 + length + tag.len()),
            None => self.close(Kind::String, start, self.text.len(), false),
        }
    }

    fn colon(&mut self, start: usize) -> Token {
        let next = self.byte(start + 1);
        if matches!(next, b':' | b'=') {
            return self.finish(Kind::Operator, start, start + 2);
        }
        let before = self.before(start);
        if self.free_standing(before) {
            if begins_word(next) || (next.is_ascii_digit() && !self.family.is_postgresql()) {
                let end = self.word_end(start + 1);
                return self.finish(Kind::Parameter, start, end);
            }
            if next == b'\'' && self.family.is_postgresql() {
                return self.quoted(start, start + 1, b'\'', Kind::Parameter, false);
            }
        }
        self.finish(Kind::Operator, start, start + 1)
    }

    /// Whether what follows this byte is no continuation of an operand, so that `:x`, `@x` and `%s` are placeholders.
    fn free_standing(&self, before: u8) -> bool {
        !(in_word(before) || matches!(before, b')' | b']' | b'"' | b'`' | b'\'' | b':'))
    }

    #[inline]
    fn symbol(&mut self, start: usize) -> Token {
        let (byte, next) = (self.byte(start), self.byte(start + 1));
        match byte {
            b'-' if next == b'-' && self.dashes_comment(start) => self.line_comment(start),
            b'#' if self.family.is_mysql() => self.line_comment(start),
            b'/' if next == b'*' => self.block_comment(start),
            b'*' if next == b'/' && self.in_conditional => {
                self.in_conditional = false;
                self.finish(Kind::ConditionalEnd, start, start + 2)
            }
            b'?' => self.question(start),
            b'@' => self.at_sign(start),
            b'%' if self.percent_end(start) > start => {
                let end = self.percent_end(start);
                self.finish(Kind::Parameter, start, end)
            }
            b'{' | b'}' => self.finish(Kind::Operator, start, start + 1),
            _ => self.operator(start),
        }
    }

    /// MySQL wants white space, a control character or the end behind `--`.
    fn dashes_comment(&self, start: usize) -> bool {
        !self.family.is_mysql() || self.text.get(start + 2).is_none_or(|&byte| byte <= b' ')
    }

    fn line_comment(&mut self, start: usize) -> Token {
        let rest = &self.text[start..];
        let length = if self.family.is_postgresql() { memchr2(b'\n', b'\r', rest) } else { memchr(b'\n', rest) };
        let end = start + length.unwrap_or(rest.len());
        self.finish(Kind::LineComment, start, end)
    }

    fn block_comment(&mut self, start: usize) -> Token {
        if let Family::Mysql { mariadb } = self.family {
            let bang = match (self.byte(start + 2), self.byte(start + 3)) {
                (b'!', _) => start + 3,
                (b'M', b'!') if mariadb => start + 4,
                _ => 0,
            };
            if bang > 0 && !self.in_conditional {
                self.in_conditional = true;
                let end = self.digits_end(bang);
                return self.finish(Kind::ConditionalStart, start, end);
            }
        }
        let kind = if self.byte(start + 2) == b'+' { Kind::Hint } else { Kind::BlockComment };
        let end = if self.family.is_postgresql() { self.nested_end(start) } else { self.flat_end(start) };
        match end {
            Some(end) => self.finish(kind, start, end),
            None => self.close(kind, start, self.text.len(), false),
        }
    }

    fn flat_end(&self, start: usize) -> Option<usize> {
        memmem::find(self.text.get(start + 2..)?, b"*/").map(|length| start + length + 4)
    }

    fn nested_end(&self, start: usize) -> Option<usize> {
        let mut at = start + 2;
        let mut depth = 1_usize;
        while depth > 0 {
            at += memchr2(b'*', b'/', self.text.get(at..)?)?;
            match (self.byte(at), self.byte(at + 1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                }
                (b'/', b'*') => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        Some(at)
    }

    fn question(&mut self, start: usize) -> Token {
        if !self.family.is_postgresql() {
            let end = self.digits_end(start + 1);
            return self.finish(Kind::Parameter, start, end);
        }
        // PostgreSQL itself knows only the operators ?, ?| and ?&; drivers write a placeholder so.
        if self.after_operand() && self.operand_follows(start) {
            return self.operator(start);
        }
        let end = self.digits_end(start + 1);
        self.finish(Kind::Parameter, start, end)
    }

    fn operand_follows(&self, start: usize) -> bool {
        let mut at = start + 1;
        if matches!(self.byte(at), b'|' | b'&') && self.byte(at + 1) != b'|' {
            at += 1;
        }
        while self.byte(at).is_ascii_whitespace() {
            at += 1;
        }
        let byte = self.byte(at);
        if matches!(byte, b'\'' | b'"' | b'$' | b'(' | b':' | b'?') || byte.is_ascii_digit() {
            return true;
        }
        begins_word(byte) && {
            let end = self.word_end(at);
            !crate::keywords::follows_expression(&self.text[at..end])
        }
    }

    fn at_sign(&mut self, start: usize) -> Token {
        match self.family {
            Family::Mysql { .. } => self.variable(start),
            Family::Sqlite => {
                let end = self.word_end(start + 1);
                let kind = if end > start + 1 { Kind::Parameter } else { Kind::Unknown };
                self.finish(kind, start, end)
            }
            Family::Postgresql => {
                let before = self.before(start);
                let behind_operator = matches!(self.previous, Some((Kind::Operator, _, end)) if end == start);
                let behind_equals = behind_operator && matches!(before, b'=' | b'>');
                let free = self.free_standing(before) && !behind_operator || behind_equals;
                if free && begins_word(self.byte(start + 1)) && !self.after_operand() {
                    let end = self.word_end(start + 1);
                    return self.finish(Kind::Parameter, start, end);
                }
                self.operator(start)
            }
        }
    }

    /// `@name`, `@'name'`, `@@global.name`, and the host of `user@host`.
    fn variable(&mut self, start: usize) -> Token {
        let mut at = start + 1;
        if self.byte(at) == b'@' {
            at += 1;
        }
        let quote = self.byte(at);
        if matches!(quote, b'\'' | b'"' | b'`') {
            return self.quoted(start, at, quote, Kind::Variable, false);
        }
        while in_word(self.byte(at)) || self.byte(at) == b'.' {
            at += 1;
        }
        self.finish(Kind::Variable, start, at)
    }

    /// The end of `%s` or `%(name)s` at `start`, or `start` if neither stands there.
    fn percent_end(&self, start: usize) -> usize {
        if !self.free_standing(self.before(start)) {
            return start;
        }
        match self.byte(start + 1) {
            b's' if !in_word(self.byte(start + 2)) => start + 2,
            b'(' => {
                let name_end = self.word_end(start + 2);
                let closed = self.byte(name_end) == b')' && self.byte(name_end + 1) == b's';
                if closed && name_end > start + 2 && !in_word(self.byte(name_end + 2)) { name_end + 2 } else { start }
            }
            _ => start,
        }
    }

    #[inline]
    fn operator(&mut self, start: usize) -> Token {
        let end = if self.family.is_postgresql() { self.postgresql_operator_end(start) } else { self.fixed_operator_end(start) };
        self.finish(Kind::Operator, start, end)
    }

    #[inline]
    fn fixed_operator_end(&self, start: usize) -> usize {
        let next = self.byte(start + 1);
        let third = self.byte(start + 2);
        let length = match (self.byte(start), next, third) {
            (b'<', b'=', b'>') | (b'-', b'>', b'>') => 3,
            (b'<', b'>' | b'=' | b'<', _)
            | (b'>', b'=' | b'>', _)
            | (b'!', b'=', _)
            | (b'=', b'=', _)
            | (b'|', b'|', _)
            | (b'&', b'&', _)
            | (b'-', b'>', _) => 2,
            _ => 1,
        };
        start + length
    }

    /// PostgreSQL's rule (manual, 4.1.3): the longest run of operator characters, cut where a comment begins, and
    /// without a `+` or `-` at its end unless one of `~ ! @ # % ^ & | ? `` ` `` is in it.
    #[inline]
    fn postgresql_operator_end(&self, start: usize) -> usize {
        let mut end = start + 1;
        while in_operator(self.byte(end)) && end - start < LONGEST_OPERATOR {
            let pair = (self.byte(end), self.byte(end + 1));
            if matches!(pair, (b'-', b'-') | (b'/', b'*')) {
                break;
            }
            end += 1;
        }
        // `a=@b` is meant as a placeholder.
        let equals =
            end - start > 1 && self.byte(end - 1) == b'@' && matches!(&self.text[start..end - 1], b"=" | b"<=" | b">=" | b"<>" | b"!=");
        if equals && begins_word(self.byte(end)) {
            end -= 1;
        }
        if end - start > 1 && matches!(self.byte(end - 1), b'+' | b'-') {
            let special = self.text[start..end].iter().any(|byte| b"~!@#%^&|?`".contains(byte));
            while !special && end - start > 1 && matches!(self.byte(end - 1), b'+' | b'-') {
                end -= 1;
            }
        }
        end
    }
}

/// Whether a word behind `_` names a character set, so that `_utf8'x'` is a string.
fn is_charset(name: &[u8]) -> bool {
    const PREFIXES: [&[u8]; 9] = [b"utf", b"latin", b"ascii", b"binary", b"ucs", b"cp", b"koi", b"gb", b"big5"];
    PREFIXES.iter().any(|prefix| name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)))
}
