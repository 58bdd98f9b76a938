//! Lists for people: engines, rules, one rule's page.

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

/// A rule's page in a terminal.
#[must_use]
pub fn rule_page(page: &RulePage, options: &Options) -> String {
    let severity = paint(page.severity.id(), severity_style(page.severity), options.color);
    let mut out = format!("{}  {severity}\n{}\n", paint(&page.id, STRONG, options.color), page.title);
    let mut code = false;
    for line in page.docs.trim().lines() {
        if line.starts_with("```") {
            code = !code;
            let title = line.trim_start_matches('`');
            if code && !title.is_empty() {
                out.push_str(&paint(&format!("  -- {title}\n"), FAINT, options.color));
            }
        } else if code {
            out.push_str(&format!("  {}\n", paint(&sanitise::line(line), CODE, options.color)));
        } else if let Some(heading) = line.strip_prefix("## ") {
            out.push_str(&format!("\n{}\n", paint(heading, STRONG, options.color)));
        } else {
            for part in wrap(&sanitise::line(line), options.width) {
                out.push_str(&format!("{part}\n"));
            }
        }
    }
    out
}
