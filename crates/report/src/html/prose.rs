//! Rule pages as HTML. It knows just what those pages use: headings, paragraphs, lists, fenced code, code spans.

use maud::{Markup, html};

/// Converts; text is escaped.
pub(super) fn from_markdown(text: &str) -> Markup {
    let mut blocks: Vec<Markup> = Vec::new();
    let mut lines = text.trim().lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            blocks.push(html! { figure.example { figcaption { (title) } pre tabindex="0" { code { (code.join("\n")) } } } });
        } else if let Some(heading) = line.strip_prefix("## ") {
            blocks.push(html! { h4 { (heading) } });
        } else if let Some(item) = line.strip_prefix("- ") {
            blocks.push(html! { p.item { (spans(item)) } });
        } else if !line.trim().is_empty() {
            let mut paragraph = line.to_owned();
            while let Some(next) = lines
                .next_if(|next| !next.trim().is_empty() && !next.starts_with("```") && !next.starts_with("## ") && !next.starts_with("- "))
            {
                paragraph.push(' ');
                paragraph.push_str(next);
            }
            blocks.push(html! { p { (spans(&paragraph)) } });
        }
    }
    html! { @for block in blocks { (block) } }
}

fn spans(text: &str) -> Markup {
    html! { @for (at, part) in text.split('`').enumerate() { @if at % 2 == 1 { code { (part) } } @else { (part) } } }
}
