//! What a byte can begin, as a table. It never depends on the dialect: the scanner does.

/// What a byte can begin; first those that are tokens by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Comma,
    OpenParenthesis,
    CloseParenthesis,
    Semicolon,
    CloseBracket,
    Backslash,
    Space,
    Letter,
    Digit,
    SingleQuote,
    DoubleQuote,
    Backtick,
    Dot,
    OpenBracket,
    Dollar,
    Colon,
    Symbol,
    Other,
}

/// The class of each byte.
pub(super) static CLASS: [Class; 256] = build();

const fn build() -> [Class; 256] {
    let mut table = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class_of(byte as u8);
        byte += 1;
    }
    table
}

const fn class_of(byte: u8) -> Class {
    match byte {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => Class::Space,
        b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => Class::Letter,
        b'0'..=b'9' => Class::Digit,
        b'\'' => Class::SingleQuote,
        b'"' => Class::DoubleQuote,
        b'`' => Class::Backtick,
        b',' => Class::Comma,
        b'.' => Class::Dot,
        b'(' => Class::OpenParenthesis,
        b')' => Class::CloseParenthesis,
        b'[' => Class::OpenBracket,
        b']' => Class::CloseBracket,
        b';' => Class::Semicolon,
        b'$' => Class::Dollar,
        b':' => Class::Colon,
        b'\\' => Class::Backslash,
        b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'?' | b'{' | b'}' => {
            Class::Symbol
        }
        _ => Class::Other,
    }
}

/// Whether a byte can stand within a word.
pub(super) static IN_WORD: [bool; 256] = build_in_word();

const fn build_in_word() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(class_of(byte as u8), Class::Letter | Class::Digit | Class::Dollar);
        byte += 1;
    }
    table
}

/// Whether a byte can begin a word.
#[inline]
pub(super) fn begins_word(byte: u8) -> bool {
    CLASS[usize::from(byte)] == Class::Letter
}

/// Whether a byte can stand within a word.
#[inline]
pub(super) fn in_word(byte: u8) -> bool {
    IN_WORD[usize::from(byte)]
}

/// Whether PostgreSQL builds operators of the byte.
#[inline]
pub(super) const fn in_operator(byte: u8) -> bool {
    matches!(byte, b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'?' | b'`')
}
