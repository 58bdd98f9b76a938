//! The output boundary: everything that a catalog, a log or a row says is hostile text and is made harmless here, once.
//! It never drops a character silently: what can't be shown is written as an escape.

/// Longest text shown of one name or message, characters.
const LONGEST_LINE: usize = 2_000;
/// Longest text shown of one definition or statement, characters.
const LONGEST_BLOCK: usize = 20_000;

/// One line: control, bidirectional and invisible characters become escapes, line breaks too.
#[must_use]
pub fn line(text: &str) -> String {
    escaped(text, LONGEST_LINE, |c| is_dangerous(c) || c.is_control())
}

/// Several lines: as [`line()`], but line breaks and tabs stay.
#[must_use]
pub fn block(text: &str) -> String {
    escaped(&text.replace("\r\n", "\n"), LONGEST_BLOCK, |c| is_dangerous(c) || (c.is_control() && c != '\n' && c != '\t'))
}

/// Text for Markdown outside code: one line, with what starts a construct escaped. A mention, an issue's number and a bare address
/// are recognised after escapes are gone, so their sign is put into a code span or broken.
#[must_use]
pub fn markdown(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len() * 2);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        let starts = !before.is_alphanumeric() && next.is_alphanumeric();
        match c {
            '@' | '#' if starts => out.extend(['`', c, '`']),
            ':' if next == '/' => out.push_str("\\:"),
            '.' if out.ends_with("www") => out.push_str("\\."),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '!' | '&' | '@' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// Appends text to HTML or SVG: what could be markup becomes an entity. The text is a [`line()`] or [`block`] already.
pub fn html_into(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

/// Text in ASCII for terminals that show nothing else: our own signs are replaced, other characters become escapes.
#[must_use]
pub fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => out.push(c),
            '…' => out.push_str("..."),
            '·' | '–' | '─' => out.push('-'),
            '≥' => out.push_str(">="),
            '≈' => out.push('~'),
            'µ' => out.push('u'),
            '×' | '✗' => out.push('x'),
            '✓' => out.push('+'),
            '→' => out.push_str("->"),
            '←' => out.push_str("<-"),
            '│' | '├' => out.push('|'),
            '└' => out.push('`'),
            c => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    out
}

/// A fence that the text can't close.
#[must_use]
pub fn fence(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat((longest + 1).max(3))
}

/// Text for an XML attribute or element: what XML 1.0 has no place for is written as an escape. Markup is the writer's to escape.
#[must_use]
pub fn xml(text: &str) -> String {
    block(text).chars().map(|c| if matches!(c, '\u{fffe}' | '\u{ffff}') { '\u{fffd}' } else { c }).collect()
}

fn escaped(text: &str, longest: usize, dangerous: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len().min(longest * 2));
    for (count, c) in text.chars().enumerate() {
        if count == longest {
            out.push_str(&format!("… ({} more bytes)", text.len() - out.len().min(text.len())));
            break;
        }
        match c {
            c if !dangerous(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x100 => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    out
}

/// Characters that change how their neighbours look, or that nobody sees.
pub(crate) fn is_dangerous(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_shown_and_harmless() {
        assert_eq!(line("a\u{1b}[31m\nb"), "a\\x1b[31m\\nb");
        assert_eq!(line("x\u{202e}y\u{200b}"), "x\\u{202e}y\\u{200b}");
        assert_eq!(line("ключ 键 🙂 é"), "ключ 键 🙂 é");
        assert_eq!(block("a\r\nb\tc\u{9b}"), "a\nb\tc\\x9b");
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        let text = line(&"x".repeat(1_000_000));
        assert!(text.len() < 2_100 && text.contains("more bytes"));
    }

    #[test]
    fn markdown_names_nobody_and_links_nowhere() {
        assert_eq!(markdown("@everyone dba@example.org #12 a#b"), "`@`everyone dba\\@example.org `#`12 a\\#b");
        assert_eq!(markdown("https://example.org www.example.org"), "https\\://example.org www\\.example.org");
    }

    #[test]
    fn fences_can_not_be_closed_from_inside() {
        assert_eq!(fence("a ``` b ```` c"), "`````");
        assert_eq!(markdown("<script>|`x`"), "\\<script\\>\\|\\`x\\`");
    }
}
