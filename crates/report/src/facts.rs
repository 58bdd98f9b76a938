//! Facts in short, for a terminal: what was read, how much of it, and what is missing. It never judges and shows no value of a row.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Effects, Style};
use dbwright_model::{Facts, Reading};

use crate::text::{cut, fill, paint, plural, wrap};
use crate::{Options, number, sanitise};

const STRONG: Style = Style::new().effects(Effects::BOLD);
const FAINT: Style = Style::new().effects(Effects::DIMMED);
/// Collections named.
const LARGEST: usize = 5;

/// Renders.
#[must_use]
pub fn summary(facts: &Facts, options: &Options) -> String {
    let mut out = header(facts, options);
    out.push_str(&contents(facts, options));
    out.push_str(&largest(facts, options));
    out.push_str(&coverage(facts, options));
    out
}

fn safe(text: &str, options: &Options) -> String {
    let text = sanitise::line(text);
    if options.unicode { text } else { sanitise::ascii(&text) }
}

fn header(facts: &Facts, options: &Options) -> String {
    let target = &facts.target;
    let when = facts.taken_at.to_string().replace('T', " ");
    let rest = format!("{} {}, {} UTC", target.engine.title(), safe(&target.version, options), when.get(..16).unwrap_or(&when));
    let effort = format!(
        "{}, {}, {}",
        plural(usize::try_from(facts.effort.queries).unwrap_or(usize::MAX), "query").replace("querys", "queries"),
        number::milliseconds(facts.effort.elapsed_ms),
        plural(usize::try_from(facts.effort.connections).unwrap_or(usize::MAX), "connection")
    );
    let name = paint(&safe(&cut(&safe(&target.name, options), 40), options), STRONG, options.color);
    if facts.effort.queries == 0 {
        return format!("{name}  {rest}\n");
    }
    format!("{name}  {rest}\n{}\n", paint(&safe(&format!("Read with {effort}."), options), FAINT, options.color))
}

/// How many of what.
fn contents(facts: &Facts, options: &Options) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for collection in &facts.catalog.collections {
        *kinds.entry(collection.kind.title()).or_default() += 1;
    }
    let mut parts: Vec<String> = kinds.into_iter().map(|(kind, count)| plural(count, kind)).collect();
    let sum = |count: fn(&dbwright_model::catalog::Collection) -> usize| facts.catalog.collections.iter().map(count).sum::<usize>();
    parts.push(plural(sum(|one| one.fields.len()), "column"));
    parts.push(plural(sum(|one| one.indexes.len()), "index").replace("indexs", "indexes"));
    parts.push(plural(facts.workload.statements.len(), "statement"));
    parts.push(plural(facts.settings.len(), "setting"));
    parts.push(plural(facts.security.roles.len(), "role"));
    parts.extend(facts.catalog.database_bytes.as_ref().map(|bytes| number::bytes(bytes.value)));
    wrap(&parts.join(", "), options.width).iter().fold(String::new(), |out, line| out + line + "\n")
}

fn largest(facts: &Facts, options: &Options) -> String {
    let mut sized: Vec<_> = facts.catalog.collections.iter().filter_map(|one| Some((one, one.total_bytes()?))).collect();
    if sized.is_empty() {
        return String::new();
    }
    sized.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.name.cmp(&b.0.name)));
    let mut out = format!("\n{}\n", paint("Largest", STRONG, options.color));
    for (collection, bytes) in sized.into_iter().take(LARGEST) {
        let rows = collection.storage.rows.as_ref().map(|rows| format!("{} rows", number::quantity(rows))).unwrap_or_default();
        let name = fill(&safe(&collection.name.to_string(), options), 40);
        out.push_str(safe(&format!("  {name}  {:>8}  {rows}", number::bytes(bytes)), options).trim_end());
        out.push('\n');
    }
    out
}

fn coverage(facts: &Facts, options: &Options) -> String {
    let mut out = format!("\n{}\n", paint("Coverage", STRONG, options.color));
    for entry in facts.coverage.iter().filter(|entry| entry.state != Reading::NotApplicable) {
        let (sign, word, style) = match entry.state {
            Reading::Read => ("✓", "read", AnsiColor::Green.on_default()),
            Reading::Partial => ("~", "in part", AnsiColor::Yellow.on_default()),
            Reading::Missing | Reading::NotApplicable => ("?", "missing", AnsiColor::Yellow.on_default()),
        };
        let state = paint(&format!("{} {}", safe(sign, options), fill(word, 7)), style, options.color);
        let mut lead = format!("  {state}  {}", fill(entry.fact.id(), 18));
        let texts = [Some(entry.detail.as_str()), entry.hint.as_deref()];
        for line in texts.into_iter().flatten().flat_map(|text| wrap(&safe(text, options), options.width.saturating_sub(33))) {
            out.push_str(format!("{lead}  {line}").trim_end());
            out.push('\n');
            lead = " ".repeat(31);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::widest;
    use crate::testing;

    #[test]
    fn says_what_was_read_and_what_not() {
        let text = summary(&testing::facts(), &Options::default());
        for part in [
            "shop  PostgreSQL 15.18",
            "12 tables, 1 view, 53 columns, 11 indexes, 10 statements",
            "  public.order_items",
            "1.29 GB",
            "✓ read     catalog",
            "? missing  bloat",
            "CREATE EXTENSION pgstattuple;",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(widest(&text) <= 80, "{text}");
    }

    #[test]
    fn hostile_names_are_harmless_in_ascii_too() {
        let report = testing::hostile();
        let facts = report.facts.map(|facts| *facts).unwrap_or_else(testing::facts);
        let text = summary(&facts, &Options { unicode: false, ..Options::default() });
        assert!(text.is_ascii() && !text.contains('\u{1b}'));
    }
}
