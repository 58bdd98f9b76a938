//! Dependencies, normal forms and differences in a terminal.

use anstyle::Style;

use super::{Breach, Decomposition, Dependencies, Dependency, Differences, Inclusion, NearMiss, NormalForms, ShownRow, TableDependencies};
use super::{TableForms, Trial};
use crate::terminal::page::Page;
use crate::terminal::{FAINT, GREEN, RED, STRONG, YELLOW};
use crate::text::{fill, plural};
use crate::{Options, number};

const PLAIN: Style = Style::new();
/// Columns of the words at the left.
const LEAD: usize = 11;
/// Near-misses, keys and dependencies of one kind shown without `--verbose`.
const SHOWN: usize = 8;

/// Dependencies of all tables.
#[must_use]
pub fn dependencies(found: &Dependencies, options: &Options) -> String {
    let mut page = Page::new(options);
    for table in &found.tables {
        one_table(&mut page, table);
        page.blank();
    }
    inclusions(&mut page, &found.inclusions);
    let lhs = found.max_lhs.map_or_else(|| "of any length".to_owned(), |most| format!("of up to {}", plural(most, "column")));
    let note = format!("Left sides {lhs}; two NULLs count as {}. Rows prove that something may be meant, never that it is.", found.nulls);
    page.indented(&note, 0, FAINT);
    for limit in &found.limits {
        page.indented(limit, 0, YELLOW);
    }
    page.finish()
}

fn one_table(page: &mut Page<'_>, table: &TableDependencies) {
    let size = format!("{} rows × {}", number::grouped(table.rows as f64), plural(table.columns.len(), "column"));
    page.ends(&[(&table.table, STRONG), ("  ", PLAIN), (&size, FAINT)], (if table.complete { "all rows" } else { "not complete" }, FAINT));
    if !table.gap.is_empty() {
        page.indented(&table.gap, 2, YELLOW);
    }
    if !table.left_out.is_empty() {
        lead(page, "left out", &table.left_out.join(", "), FAINT);
    }
    let shown = if page.verbose() { usize::MAX } else { SHOWN };
    let keys: Vec<String> = table.keys.iter().take(shown).map(|key| key.join(" + ")).collect();
    let more = table.keys.len().saturating_sub(keys.len());
    let more = if more > 0 { format!(" · {more} more") } else { String::new() };
    lead(
        page,
        "keys",
        &if keys.is_empty() { "none: some rows are equal".to_owned() } else { format!("{}{more}", keys.join(" · ")) },
        PLAIN,
    );
    for (kind, style) in [("meant", GREEN), ("possible", YELLOW)] {
        let of_kind: Vec<&Dependency> = table.dependencies.iter().filter(|one| one.likelihood == kind).collect();
        grouped(page, kind, style, &of_kind, if page.verbose() { usize::MAX } else { SHOWN * 2 });
    }
    chance(page, table);
    for miss in table.near_misses.iter().take(shown) {
        near_miss(page, miss);
    }
    let hidden = table.near_misses.len().saturating_sub(shown);
    if hidden > 0 {
        lead(page, "", &format!("{hidden} more nearly hold (--verbose shows them)"), FAINT);
    }
}

fn lead(page: &mut Page<'_>, word: &str, text: &str, style: Style) {
    lead_styled(page, word, FAINT, text, style);
}

fn lead_styled(page: &mut Page<'_>, word: &str, word_style: Style, text: &str, style: Style) {
    let room = page.columns().saturating_sub(LEAD + 2);
    let mut first = format!("  {}", page.paint(&fill(&page.safe(word), LEAD), word_style));
    for line in crate::text::wrap(&page.safe(text), room) {
        let line = page.paint(&line, style);
        page.line(&format!("{first}{line}"));
        first = " ".repeat(LEAD + 2);
    }
}

/// Dependencies with the same left side on one line.
fn grouped(page: &mut Page<'_>, kind: &str, style: Style, found: &[&Dependency], most: usize) {
    let mut lefts: Vec<&Vec<String>> = Vec::new();
    for one in found {
        if !lefts.contains(&&one.left) {
            lefts.push(&one.left);
        }
    }
    for (at, left) in lefts.iter().take(most).enumerate() {
        let same: Vec<&&Dependency> = found.iter().filter(|one| one.left == **left).collect();
        let rights: Vec<&str> = same.iter().map(|one| one.right.as_str()).collect();
        let repeating = same.iter().map(|one| one.repeating_rows).max().unwrap_or(0);
        let bytes: u64 = same.iter().map(|one| one.repeated_bytes).sum();
        let cost = if repeating > 0 {
            format!(": {} rows repeat it, {}", number::grouped(repeating as f64), number::bytes(bytes as f64))
        } else {
            String::new()
        };
        let text = format!("{} → {}{cost}", left.join(" + "), rights.join(", "));
        lead_styled(page, if at == 0 { kind } else { "" }, style, &text, PLAIN);
    }
    if lefts.len() > most {
        lead(page, "", &format!("{} more left sides (--verbose shows them)", lefts.len() - most), FAINT);
    }
}

fn chance(page: &mut Page<'_>, table: &TableDependencies) {
    let of = |kind: &str| table.dependencies.iter().filter(|one| one.likelihood == kind).collect::<Vec<_>>();
    let constant: Vec<String> = of("constant").iter().map(|one| one.right.clone()).collect();
    if !constant.is_empty() {
        lead(page, "constant", &constant.join(", "), FAINT);
    }
    let accidental = of("accidental");
    if page.verbose() {
        grouped(page, "chance", FAINT, &accidental, usize::MAX);
    } else if !accidental.is_empty() {
        lead(page, "chance", &format!("{} more that chance would explain (--verbose shows them)", accidental.len()), FAINT);
    }
}

fn near_miss(page: &mut Page<'_>, miss: &NearMiss) {
    let rows = if miss.violating_rows == 1 {
        "1 row contradicts".to_owned()
    } else {
        format!("{} rows contradict", number::grouped(miss.violating_rows as f64))
    };
    lead(page, "nearly", &format!("{} → {}: {rows}", miss.left.join(" + "), miss.right), PLAIN);
    let names: Vec<&str> = miss.left.iter().chain([&miss.right]).map(String::as_str).collect();
    for pair in miss.contradictions.iter().take(2) {
        lead(page, "", &format!("row {} and row {}", values(&names, &pair[0]), values(&names, &pair[1])), FAINT);
    }
}

/// `17: zip 8001, city Zürich`.
fn values(names: &[&str], row: &ShownRow) -> String {
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "NULL".to_owned(), |text| crate::text::cut(text, 40));
    let pairs: Vec<String> = names.iter().zip(&row.values).map(|(name, text)| format!("{name} {}", value(text))).collect();
    format!("{}: {}", row.row, pairs.join(", "))
}

fn inclusions(page: &mut Page<'_>, found: &[Inclusion]) {
    let shown: Vec<&Inclusion> = found.iter().filter(|one| page.verbose() || one.declared || one.named).collect();
    if found.is_empty() {
        return;
    }
    page.line(&page.paint("Values that occur in another column", STRONG));
    for one in &shown {
        let declared = if one.declared { "declared" } else { "undeclared" };
        let orphans = match one.orphans {
            0 => format!("all {} rows", number::grouped(one.rows as f64)),
            some => format!(
                "{} of {} rows have no match ({})",
                number::grouped(some as f64),
                number::grouped(one.rows as f64),
                one.samples.join(", ")
            ),
        };
        lead_styled(page, declared, if one.declared { GREEN } else { YELLOW }, &format!("{} → {}: {orphans}", one.from, one.to), PLAIN);
    }
    let hidden = found.len() - shown.len();
    if hidden > 0 {
        lead(page, "", &format!("{hidden} more that no name speaks for (--verbose shows them)"), FAINT);
    }
    page.blank();
}

/// Normal forms of all tables, those that break one first.
#[must_use]
pub fn normal_forms(found: &NormalForms, options: &Options) -> String {
    let mut page = Page::new(options);
    let broken = found.tables.iter().filter(|table| !table.breaches.is_empty() || table.highest.is_none()).count();
    let title = format!("{} of {} break a normal form", broken, plural(found.tables.len(), "table"));
    page.ends(&[(&found.target, STRONG), ("  ", PLAIN), (&title, if broken > 0 { YELLOW } else { GREEN })], ("", FAINT));
    page.blank();
    let mut tables: Vec<&TableForms> = found.tables.iter().collect();
    tables
        .sort_by_key(|table| (table.breaches.is_empty() && table.highest.is_some(), std::cmp::Reverse(bytes(table)), table.table.clone()));
    for table in tables {
        forms(&mut page, table);
    }
    for (table, why) in &found.unsearched {
        lead_styled(&mut page, "?", YELLOW, &format!("{table} was not searched: {why}"), PLAIN);
    }
    page.finish()
}

fn bytes(table: &TableForms) -> u64 {
    table.breaches.iter().map(|breach| breach.repeated_bytes).sum()
}

fn forms(page: &mut Page<'_>, table: &TableForms) {
    let fine = table.breaches.is_empty() && table.highest.is_some();
    let (sign, style) = if fine { ("✓", GREEN) } else { ("✗", RED) };
    let form = table.highest.clone().unwrap_or_else(|| "no relation: rows stand there twice".to_owned());
    let rows = format!("{} rows", number::grouped(table.rows as f64));
    page.ends(&[(sign, style), (" ", PLAIN), (&table.table, STRONG), ("  ", PLAIN), (&form, style)], (&rows, FAINT));
    if !table.gap.is_empty() {
        page.indented(&table.gap, 2, YELLOW);
    }
    if fine && !page.verbose() {
        questions(page, table);
        return;
    }
    lead(page, "keys", &table.keys.iter().map(|key| key.join(" + ")).collect::<Vec<_>>().join(" · "), PLAIN);
    if table.duplicate_rows > 0 {
        lead_styled(page, "1NF", RED, &format!("{} rows stand there more than once", number::grouped(table.duplicate_rows as f64)), PLAIN);
    }
    for breach in &table.breaches {
        one_breach(page, table, breach);
    }
    for (left, right, groups) in &table.multivalued {
        let text = format!(
            "for each {} every {} goes with every value of the rest ({} show it): independent facts in one table",
            left.join(" + "),
            right.join(" + "),
            plural(*groups as usize, "group")
        );
        lead_styled(page, "4NF", YELLOW, &text, PLAIN);
    }
    match (&table.third, &table.boyce_codd) {
        (Some(third), Some(other)) if same(third, other) => tables(page, "3NF by synthesis and BCNF by splitting", third),
        (third, other) => {
            for (name, design) in [("3NF by synthesis", third), ("BCNF by splitting", other)] {
                if let Some(design) = design {
                    tables(page, name, design);
                }
            }
        }
    }
    questions(page, table);
    page.blank();
}

fn one_breach(page: &mut Page<'_>, table: &TableForms, breach: &Breach) {
    let verb = if breach.right.len() == 1 { "depends" } else { "depend" };
    lead_styled(page, &breach.breaks, RED, &format!("{} {verb} on {}", breach.right.join(", "), breach.left.join(" + ")), STRONG);
    let repeats = format!(
        "{} of {} rows repeat what another says, {}",
        number::grouped(breach.repeating_rows as f64),
        number::grouped(table.rows as f64),
        number::bytes(breach.repeated_bytes as f64)
    );
    lead(page, "", &repeats, PLAIN);
    if let [first, second] = breach.witnesses.as_slice() {
        let names: Vec<&str> = breach.left.iter().chain(breach.right.first()).map(String::as_str).collect();
        lead(page, "seen", &format!("row {} and row {}", values(&names, first), values(&names, second)), FAINT);
    }
    for anomaly in &breach.anomalies {
        lead(page, "", anomaly, FAINT);
    }
    let proof = match (breach.lossless, breach.preserving) {
        (true, true) => "lossless and dependency-preserving, by the chase",
        (true, false) => "lossless, but a dependency could only be checked across tables",
        _ => "not lossless",
    };
    lead(page, "split", &format!("({}) and the rest: {proof}", [breach.left.clone(), breach.right.clone()].concat().join(", ")), PLAIN);
    if !breach.obstacle.is_empty() {
        lead(page, "", &breach.obstacle, YELLOW);
    }
    for statement in &breach.apply {
        page.code(&format!("{statement};"), LEAD + 2, crate::terminal::CODE);
    }
    if page.verbose() && !breach.revert.is_empty() {
        lead(page, "undo", "", PLAIN);
        for statement in &breach.revert {
            page.code(&format!("{statement};"), LEAD + 2, FAINT);
        }
    }
    if let Some(trial) = &breach.trial {
        tried(page, trial);
    }
}

fn tried(page: &mut Page<'_>, trial: &Trial) {
    if let Some(refused) = &trial.refused {
        lead_styled(page, "tried", RED, &format!("on a clone, which refused {refused}"), PLAIN);
        return;
    }
    let equal = trial.round_trip == "equal";
    let undone = match trial.undone.as_deref() {
        Some("") => "undone without a trace".to_owned(),
        Some(wrong) => format!("undoing failed: {wrong}"),
        None => "undoing was not tried".to_owned(),
    };
    let size = match (trial.bytes_before, trial.growth_bytes) {
        (Some(before), Some(growth)) => format!(" · {} → {}", number::bytes(before), number::bytes(before + growth)),
        _ => String::new(),
    };
    let text = format!("on a clone: the view's rows are {} to the table's{size} · {undone}", trial.round_trip);
    lead_styled(page, "tried", if equal { GREEN } else { RED }, &text, PLAIN);
    for one in &trial.statements {
        let ratio = one.ratio.map(|[low, middle, high]| format!(" × {middle:.2} ({low:.2} to {high:.2})")).unwrap_or_default();
        let answers = if one.answers == "equal" { String::new() } else { format!(", answers {}", one.answers) };
        if page.verbose() || one.effect != "same" || one.answers != "equal" {
            lead(page, "", &format!("{}: {}{ratio}{answers}", one.label, one.effect), FAINT);
        }
    }
}

fn same(one: &Decomposition, other: &Decomposition) -> bool {
    let columns = |design: &Decomposition| {
        let mut all: Vec<Vec<String>> = design.tables.iter().map(|(columns, _)| columns.clone()).collect();
        all.sort();
        all
    };
    columns(one) == columns(other) && one.lossless == other.lossless && one.lost.len() == other.lost.len()
}

fn tables(page: &mut Page<'_>, name: &str, decomposition: &Decomposition) {
    let lossless = if decomposition.lossless { "lossless" } else { "not lossless" };
    let lost = match decomposition.lost.len() {
        0 => "every dependency kept".to_owned(),
        some => format!("{} only across tables", plural(some, "dependency")),
    };
    lead(page, "design", &format!("{name}: {lossless}, {lost}"), PLAIN);
    for (columns, key) in &decomposition.tables {
        lead(page, "", &format!("({})  key {}", columns.join(", "), key.join(" + ")), FAINT);
    }
}

fn questions(page: &mut Page<'_>, table: &TableForms) {
    let shown = if page.verbose() { usize::MAX } else { 3 };
    for (at, question) in table.questions.iter().take(shown).enumerate() {
        let text = format!(
            "does {} follow from {}? {} rows say so; chance or computation can't be ruled out",
            question.right,
            question.left.join(" + "),
            number::grouped(question.repeating_rows as f64)
        );
        lead_styled(page, if at == 0 { "question" } else { "" }, YELLOW, &text, FAINT);
    }
    if table.questions.len() > shown {
        lead(page, "", &format!("{} more questions (--verbose shows them)", table.questions.len() - shown), FAINT);
    }
}

/// Differences of two schemas.
#[must_use]
pub fn differences(found: &Differences, options: &Options) -> String {
    let mut page = Page::new(options);
    let count = if found.differences.is_empty() { "no differences".to_owned() } else { plural(found.differences.len(), "difference") };
    page.ends(&[(&found.before, STRONG), (" → ", FAINT), (&found.after, STRONG)], (&count, FAINT));
    let mut object = "";
    for one in &found.differences {
        if one.object != object {
            object = &one.object;
            page.blank();
            let (sign, style) = match (&one.before, &one.after) {
                _ if !one.part.is_empty() => ("~", YELLOW),
                (None, _) => ("+", GREEN),
                _ => ("-", RED),
            };
            page.ends(&[(sign, style), (" ", PLAIN), (object, STRONG)], ("", FAINT));
        }
        if one.part.is_empty() {
            continue;
        }
        let (sign, style, text) = match (&one.before, &one.after) {
            (None, Some(after)) => ("+", GREEN, format!("{} {after}", one.part)),
            (Some(before), None) => ("-", RED, format!("{} {before}", one.part)),
            (before, after) => {
                ("~", YELLOW, format!("{}: {} → {}", one.part, before.clone().unwrap_or_default(), after.clone().unwrap_or_default()))
            }
        };
        let sign = page.paint(sign, style);
        let text = page.cut(&text, page.columns().saturating_sub(6).max(200 * usize::from(page.verbose())));
        page.line(&format!("    {sign} {text}"));
    }
    if !found.not_compared.is_empty() {
        page.blank();
        page.indented(&format!("Between two systems: {}.", found.not_compared), 0, FAINT);
    }
    page.finish()
}
