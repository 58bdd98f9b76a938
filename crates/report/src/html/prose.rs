//! Rule pages as HTML. It knows just what those pages use: headings, paragraphs, lists, fenced code, code spans,
//! emphasis. It never lets markup of the text through.

use maud::{Markup, html};

use crate::sanitise;

/// Converts; text is escaped.
pub(super) fn from_markdown(text: &str) -> Markup {
    let mut blocks: Vec<Markup> = Vec::new();
    let mut lines = text.trim().lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            blocks.push(html! { figure.example { figcaption { (example(title)) } pre tabindex="0" { code { (sanitise::block(&code.join("\n"))) } } } });
        } else if let Some(heading) = line.strip_prefix("## ") {
            blocks.push(html! { h4 { (sanitise::line(heading)) } });
        } else if line.starts_with("- ") {
            let mut items = vec![whole(line, &mut lines)];
            while let Some(next) = lines.next_if(|next| next.starts_with("- ")) {
                items.push(whole(next, &mut lines));
            }
            blocks.push(html! { ul { @for item in items { li { (spans(item.trim_start_matches("- "))) } } } });
        } else if !line.trim().is_empty() {
            let paragraph = whole(line, &mut lines);
            blocks.push(html! { p { (spans(&paragraph)) } });
        }
    }
    html! { @for block in blocks { (block) } }
}

/// A line with those that continue it.
fn whole<'t>(first: &str, lines: &mut std::iter::Peekable<impl Iterator<Item = &'t str>>) -> String {
    let goes_on = |next: &&str| !next.trim().is_empty() && !next.starts_with("```") && !next.starts_with("## ") && !next.starts_with("- ");
    let mut text = first.to_owned();
    while let Some(next) = lines.next_if(goes_on) {
        text.push(' ');
        text.push_str(next.trim());
    }
    text
}

/// What the word behind a fence says to people.
fn example(title: &str) -> &str {
    match title.split_whitespace().nth(1) {
        Some("finds") => "Found",
        Some("quiet") => "Not found",
        _ => "Example",
    }
}

/// Text in which `code` and **strong** are marked up. Foreign text may pass through: all of it is made harmless.
pub(super) fn spans(text: &str) -> Markup {
    let text = sanitise::line(text);
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick without partner is a character like others.
    if parts.len().is_multiple_of(2) {
        return html! { (text) };
    }
    html! { @for (at, part) in parts.iter().enumerate() { @if at % 2 == 1 { code { (part) } } @else { (strong(part)) } } }
}

fn strong(text: &str) -> Markup {
    let parts: Vec<&str> = text.split("**").collect();
    if parts.len().is_multiple_of(2) {
        return html! { (text) };
    }
    html! { @for (at, part) in parts.iter().enumerate() { @if at % 2 == 1 { strong { (part) } } @else { (part) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_what_rule_pages_use() {
        let html =
            from_markdown("\n## Finds\nA `b` **c**\ncontinued.\n\n- one\n  two\n- three\n\n```sql finds\nSELECT '<';\n```\n").into_string();
        assert_eq!(
            html,
            "<h4>Finds</h4><p>A <code>b</code> <strong>c</strong> continued.</p><ul><li>one two</li><li>three</li></ul>\
             <figure class=\"example\"><figcaption>Found</figcaption><pre tabindex=\"0\"><code>SELECT '&lt;';</code></pre></figure>"
        );
    }

    #[test]
    fn lone_marks_stay_characters() {
        assert_eq!(spans("a ` b <i>").into_string(), "a ` b &lt;i&gt;");
        assert_eq!(spans("a ** b").into_string(), "a ** b");
    }
}
