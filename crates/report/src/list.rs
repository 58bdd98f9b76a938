//! Lists for people: engines, rules, one rule's page. It never looks anything up: the rows come ready.

use anstyle::{AnsiColor, Effects, Style};
use dbwright_model::Severity;

use crate::terminal::severity_style;
use crate::text::{fill, paint, wrap};
use crate::{Options, RulePage, sanitise};

const STRONG: Style = Style::new().effects(Effects::BOLD);
const FAINT: Style = Style::new().effects(Effects::DIMMED);
const CODE: Style = AnsiColor::Cyan.on_default();

/// A row of the table of engines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineRow {
    /// Names.
    pub engines: Vec<String>,
    /// URL schemes.
    pub schemes: Vec<String>,
    /// Versions.
    pub versions: String,
    /// Ability, whether it is there, detail.
    pub capabilities: Vec<(String, bool, String)>,
}

/// A row of the table of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Severity.
    pub severity: Severity,
    /// Engine names.
    pub engines: Vec<String>,
    /// What the planted faults showed.
    pub accuracy: Option<String>,
}

/// The engines in a terminal.
#[must_use]
pub fn engines(rows: &[EngineRow], options: &Options) -> String {
    let mut out = String::new();
    for row in rows {
        let name = paint(&row.engines.join(", "), STRONG, options.color);
        out.push_str(&format!("{name}  {}\n", paint(&format!("{} ({})", row.versions, row.schemes.join(" ")), FAINT, options.color)));
        for (ability, there, detail) in &row.capabilities {
            let sign = if *there { "✓" } else { "–" };
            for (at, line) in wrap(detail, options.width.saturating_sub(17)).iter().enumerate() {
                let lead = if at == 0 { format!("{sign} {}", fill(ability, 11)) } else { " ".repeat(13) };
                out.push_str(&format!("  {lead} {line}\n"));
            }
        }
        out.push('\n');
    }
    out
}

/// The engines as a Markdown table.
#[must_use]
pub fn engines_markdown(rows: &[EngineRow]) -> String {
    let mut out = String::from("| engine | versions | what works |\n|---|---|---|\n");
    for row in rows {
        let abilities: Vec<String> =
            row.capabilities.iter().map(|(name, there, detail)| format!("{}{name}: {detail}", if *there { "" } else { "no " })).collect();
        out.push_str(&format!("| {} | {} | {} |\n", row.engines.join(", "), row.versions, abilities.join("; ")));
    }
    out
}

/// The rules in a terminal.
#[must_use]
pub fn rules(rows: &[RuleRow], options: &Options) -> String {
    let mut out = String::new();
    let mut family = "";
    for row in rows {
        let own = row.id.split('/').next().unwrap_or_default();
        if own != family {
            family = own;
            out.push_str(&format!("{}{}\n", if out.is_empty() { "" } else { "\n" }, paint(family, STRONG, options.color)));
        }
        let severity = paint(&fill(row.severity.id(), 8), severity_style(row.severity), options.color);
        let name = row.id.split_once('/').map_or(row.id.as_str(), |(_, name)| name);
        let room = options.width.saturating_sub(43);
        let title = wrap(&row.title, room);
        out.push_str(&format!("  {} {severity} {}\n", fill(name, 31), title.first().map(String::as_str).unwrap_or_default()));
        for line in title.iter().skip(1) {
            out.push_str(&format!("{}{line}\n", " ".repeat(43)));
        }
        if let Some(accuracy) = &row.accuracy {
            out.push_str(&format!("{}{}\n", " ".repeat(43), paint(accuracy, FAINT, options.color)));
        }
    }
    out.push_str(&paint(&format!("\n{} rules. `dbwright explain RULE` shows one's page.\n", rows.len()), FAINT, options.color));
    out
}

/// The rules as a Markdown table.
#[must_use]
pub fn rules_markdown(rows: &[RuleRow]) -> String {
    let mut out = String::from("| rule | severity | engines | finds | on planted faults |\n|---|---|---|---|---|\n");
    for row in rows {
        let accuracy = row.accuracy.clone().unwrap_or_default();
        out.push_str(&format!("| `{}` | {} | {} | {} | {accuracy} |\n", row.id, row.severity.id(), row.engines.join(", "), row.title));
    }
    out
}

/// A rule's page in a terminal: paragraphs refilled to its width, lists hanging, examples as they stand.
#[must_use]
pub fn rule_page(page: &RulePage, options: &Options) -> String {
    let severity = paint(page.severity.id(), severity_style(page.severity), options.color);
    let mut out = format!("{}  {severity}\n{}\n", paint(&page.id, STRONG, options.color), page.title);
    let mut lines = page.docs.trim().lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("```") {
            example(title, &mut lines, options, &mut out);
        } else if let Some(heading) = line.strip_prefix("## ") {
            out.push_str(&format!("\n{}\n", paint(heading, STRONG, options.color)));
        } else if line.trim().is_empty() {
            // Headings bring their own blank line.
            if lines.peek().is_some_and(|next| !next.starts_with("## ")) {
                out.push('\n');
            }
        } else {
            paragraph(line, &mut lines, options, &mut out);
        }
    }
    out
}

fn example<'t>(title: &str, lines: &mut impl Iterator<Item = &'t str>, options: &Options, out: &mut String) {
    let mut words = title.split_whitespace().skip(1);
    let says = match words.next() {
        Some("finds") => "found",
        Some("quiet") => "not found",
        _ => "example",
    };
    let engine = words.next().map(|engine| format!(" on {engine}")).unwrap_or_default();
    out.push_str(&format!("  {}\n", paint(&format!("-- {says}{engine}"), FAINT, options.color)));
    for line in lines.take_while(|line| !line.starts_with("```")) {
        out.push_str(format!("  {}", paint(&sanitise::line(line), CODE, options.color)).trim_end());
        out.push('\n');
    }
}

fn paragraph<'t>(first: &str, lines: &mut std::iter::Peekable<impl Iterator<Item = &'t str>>, options: &Options, out: &mut String) {
    let goes_on = |next: &&str| !next.trim().is_empty() && !next.starts_with("```") && !next.starts_with("## ") && !next.starts_with("- ");
    let mut text = first.trim().to_owned();
    while let Some(next) = lines.next_if(goes_on) {
        text.push(' ');
        text.push_str(next.trim());
    }
    let (mut lead, text) = text.strip_prefix("- ").map_or(("", text.as_str()), |item| ("- ", item));
    for line in wrap(&sanitise::line(text), options.width.saturating_sub(lead.len())) {
        out.push_str(&format!("{lead}{line}\n"));
        lead = if lead.is_empty() { "" } else { "  " };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> RulePage {
        RulePage {
            id: "schema/wide-table".to_owned(),
            title: "Table with very many columns".to_owned(),
            severity: Severity::Info,
            docs: "\n## Finds\nTables of more\nthan 100 columns.\n\n- one item that is long enough to be wrapped on a narrow screen\n- two\n\n```sql finds postgresql\nCREATE TABLE a (id int);\n```\n\n## Fix\nSplit it.\n".to_owned(),
        }
    }

    #[test]
    fn a_page_is_refilled_to_the_width() {
        let text = rule_page(&page(), &Options { width: 40, ..Options::default() });
        assert_eq!(
            text,
            "schema/wide-table  info\nTable with very many columns\n\nFinds\nTables of more than 100 columns.\n\n\
             - one item that is long enough to be\n  wrapped on a narrow screen\n- two\n\n  -- found on postgresql\n  CREATE TABLE a (id int);\n\nFix\nSplit it.\n"
        );
    }

    #[test]
    fn rules_are_listed_by_family_within_the_width() {
        let row = |id: &str| RuleRow {
            id: id.to_owned(),
            title: "What it finds, said at some length so that it has to be wrapped".to_owned(),
            severity: Severity::Warning,
            engines: vec![],
            accuracy: None,
        };
        let text = rules(&[row("index/unused"), row("index/missing"), row("schema/wide-table")], &Options::default());
        assert_eq!(text.lines().filter(|line| *line == "index" || *line == "schema").count(), 2);
        assert!(crate::terminal::widest(&text) <= 80 && text.contains("3 rules."));
    }

    #[test]
    fn engines_say_what_they_lack() {
        let row = EngineRow {
            engines: vec!["SQLite".to_owned()],
            schemes: vec!["sqlite:".to_owned()],
            versions: "3.37 and newer".to_owned(),
            capabilities: vec![
                ("plans".to_owned(), true, "EXPLAIN QUERY PLAN".to_owned()),
                ("replicas".to_owned(), false, "there are none".to_owned()),
            ],
        };
        let text = engines(std::slice::from_ref(&row), &Options::default());
        assert!(text.contains("✓ plans") && text.contains("– replicas"));
        assert!(engines_markdown(&[row]).contains("no replicas: there are none"));
    }
}
