//! What the rules on normal forms share: a finding for each breach of a form. It never calls a coincidence a fault.

use dbwright_discovery::theory::NormalForm;
use dbwright_model::facts::{MinedDependency, WitnessRow};
use dbwright_model::{Evidence, Finding, Grade, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::design::normal_forms::{Breach, TableDesign, designs};
use crate::rules::shared::size;

/// Share of the rows that must repeat something for a breach to be a warning.
const MANY_ROWS: f64 = 0.2;
/// Rows that a table must have for a breach to be a warning: a short table costs nothing.
const ENOUGH_ROWS: u64 = 100;

/// The breaches of one form as findings.
pub(crate) fn findings(context: &Context<'_>, form: NormalForm) -> Vec<Finding> {
    let ddl = Ddl::of(context.facts);
    let of_form = |design: &TableDesign<'_>| -> Vec<Finding> {
        design.breaches.iter().filter(|breach| breach.breaks == form).map(|breach| finding(&ddl, design, breach)).collect()
    };
    designs(context.facts).iter().flat_map(of_form).collect()
}

fn finding(ddl: &Ddl<'_>, design: &TableDesign<'_>, breach: &Breach<'_>) -> Finding {
    let (rows, repeating, bytes) = (design.search.rows, breach.repeating_rows(), breach.repeated_bytes());
    let share = repeating as f64 / (rows as f64).max(1.0);
    let mut finding = Finding::new(design.table.name.with_columns(&breach.right), message(design, breach))
        .graded(Grade::Observed)
        .evidence(Evidence::measured("rows searched", rows as f64, Unit::Rows, "all rows"))
        .evidence(Evidence::measured("rows that repeat", repeating as f64, Unit::Rows, "groups of rows that agree on the left side"))
        .evidence(Evidence::measured("bytes that repeat", bytes as f64, Unit::Bytes, "values as text"))
        .evidence(Evidence::estimated("chance of coincidence", accidental(breach), Unit::Share, "expected number of such coincidences"));
    if let Some(one) = breach.seen.iter().find(|one| !one.witnesses.is_empty()) {
        finding = finding.evidence(Evidence::text("two rows that show it", witnesses(one), "rows in the order read"));
    }
    let clean = breach.left_nulls() == 0 && breach.copies_of.is_none() && breach.split.lossless && breach.split.preserving;
    let change = if clean { ddl.extract_table(design.table, &breach.left, &breach.right) } else { None };
    let severity = if share >= MANY_ROWS && rows >= ENOUGH_ROWS { Severity::Warning } else { Severity::Info };
    finding.change_if(change).severe(severity).costs_bytes(bytes as f64).risks(0.3 * share)
}

fn accidental(breach: &Breach<'_>) -> f64 {
    breach.seen.iter().map(|one| one.accidental_probability).fold(0.0, f64::max)
}

fn message(design: &TableDesign<'_>, breach: &Breach<'_>) -> String {
    let (left, right) = (breach.left.join(", "), breach.right.join(", "));
    let place = match breach.breaks {
        NormalForm::Second => "which is only part of the key",
        _ => "which is no key",
    };
    let cost = format!(
        "{} of {} rows repeat what another row says ({})",
        breach.repeating_rows(),
        design.search.rows,
        size(breach.repeated_bytes() as f64)
    );
    let remedy = match &breach.copies_of {
        Some(target) => format!("{target} holds it already under that key: a change there leaves these copies behind."),
        None => format!(
            "A change for one {left} has to be made in each of its rows, a {left} without rows can't be stored, and with its last row it is forgotten."
        ),
    };
    format!("{right} of {} depends on {left}, {place}: {cost}. {remedy}", design.table.name)
}

/// `row 3 and row 9: zip = 8001, city = Zürich`.
fn witnesses(dependency: &MinedDependency) -> String {
    let rows: Vec<String> = dependency.witnesses.iter().map(|one| format!("row {}", one.row)).collect();
    let names = dependency.left.iter().chain([&dependency.right]);
    let values = dependency.witnesses.first().map(|WitnessRow { values, .. }| values.as_slice()).unwrap_or_default();
    let pairs: Vec<String> = names.zip(values).map(|(name, value)| format!("{name} = {}", value.as_deref().unwrap_or("NULL"))).collect();
    format!("{}: {}", rows.join(" and "), pairs.join(", "))
}
