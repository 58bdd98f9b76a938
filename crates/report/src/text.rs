//! Laying out text in columns: widths, wrapping, cutting, style. It knows nothing of reports.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text cut to a number of columns, with an ellipsis where something was cut.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let (mut out, mut used) = (String::new(), 0);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// The text cut and filled up with blanks to a number of columns.
#[must_use]
pub fn fill(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let blanks = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(blanks))
}

/// Lines of at most so many columns, broken between words; a longer word is broken inside.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(10);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut current = String::new();
        for word in paragraph.split_whitespace() {
            if !current.is_empty() && width(&current) + 1 + width(word) > columns {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
            while width(&current) > columns {
                let rest = break_off(&mut current, columns);
                lines.push(std::mem::replace(&mut current, rest));
            }
        }
        lines.push(current);
    }
    lines
}

/// Cuts `text` to the columns and gives what was cut off.
fn break_off(text: &mut String, columns: usize) -> String {
    let mut used = 0;
    let mut at = text.len();
    for (index, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns && index > 0 {
            at = index;
            break;
        }
    }
    text.split_off(at)
}

/// Puts style around text, where colour is wanted.
#[must_use]
pub fn paint(text: &str, style: Style, color: bool) -> String {
    if color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// `1 error`, `2 errors`.
#[must_use]
pub fn plural(count: usize, word: &str) -> String {
    let number = crate::number::grouped(count as f64);
    if count == 1 { format!("{number} {word}") } else { format!("{number} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(width("数据"), 4);
        assert_eq!(cut("数据库", 5), "数据…");
        assert_eq!(width(&fill("数据库", 5)), 5);
    }

    #[test]
    fn wraps_between_words_and_breaks_long_ones() {
        assert_eq!(wrap("one two three four", 10), ["one two", "three four"]);
        assert!(wrap(&"x".repeat(95), 10).iter().all(|line| width(line) <= 10));
        assert_eq!(wrap("a\n\nb", 10), ["a", "", "b"]);
    }
}
