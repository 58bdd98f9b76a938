//! Data integrity: what is declared is enforced, what is enforced holds in the rows, and the pages are sound. It never
//! takes a constraint's existence for a check of the rows.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Catalog, Collection};
use dbwright_model::facts::{KeyCheck, ReferenceCheck};
use dbwright_model::{Criterion, Engine, FactKind, Grade, ObjectName, Verdict};

use super::Judged;
use super::criterion::{Question, count, not_applicable, pass, undecided};

const ROWS: &[&str] = &[
    "integrity/check-violated",
    "integrity/duplicate-key-rows",
    "integrity/invalid-encoding",
    "integrity/null-in-required",
    "integrity/orphan-rows",
    "integrity/zero-date",
];
const PAGES: &[&str] = &["integrity/collation-version-mismatch", "integrity/corrupt-index", "integrity/corrupt-page"];
const ENFORCED: &[&str] = &["integrity/constraint-not-enforced", "integrity/unvalidated-constraint"];

/// The criteria.
pub fn criteria(judged: &Judged<'_>) -> Vec<Criterion> {
    vec![enforced(judged), rows(judged), sequences(judged), pages(judged), suite(judged)]
}

fn enforced(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Declared constraints are validated and enforced";
    let tables = || judged.facts.catalog.tables();
    let references: usize = tables().map(|table| table.references.len()).sum();
    let checks: usize = tables().map(|table| table.checks.len()).sum();
    if judged.facts.target.engine == Engine::Sqlite {
        return by_rows(judged, CRITERION, references, checks);
    }
    judged.answer(&Question {
        criterion: CRITERION,
        rules: ENFORCED,
        needs: &[FactKind::Catalog],
        passed: format!("{} and {}, all validated and enforced.", count(references, "reference"), count(checks, "check")),
    })
}

/// SQLite enforces references per connection: what the application's connections do shows in the rows alone.
fn by_rows(judged: &Judged<'_>, criterion: &str, references: usize, checks: usize) -> Criterion {
    if references + checks > 0 && !judged.read(FactKind::DataChecks) {
        return undecided(criterion, judged.why_missing(FactKind::DataChecks));
    }
    let detail = format!(
        "{} and {}. SQLite enforces references only in connections that switch foreign_keys on, which the file does not \
         record: the rows were checked instead.",
        count(references, "reference"),
        count(checks, "check")
    );
    pass(criterion, Grade::Observed, detail)
}

fn rows(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Rows keep declared references, keys and checks";
    let data = &judged.facts.data;
    let answer = judged.answer(&Question {
        criterion: CRITERION,
        rules: ROWS,
        needs: &[FactKind::DataChecks],
        passed: format!("{} and {} were checked row by row.", count(data.references.len(), "reference"), count(data.keys.len(), "key")),
    });
    let part = |one: &ReferenceCheck| !one.complete;
    let incomplete =
        data.references.iter().filter(|one| part(one)).count() + data.keys.iter().filter(|one: &&KeyCheck| !one.complete).count();
    if answer.verdict == Verdict::Pass && incomplete > 0 {
        return undecided(CRITERION, format!("{incomplete} checks read only part of the rows, and found nothing there."));
    }
    answer
}

fn sequences(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Number generators are ahead of their columns";
    if judged.facts.target.engine != Engine::Postgresql {
        if !judged.facts.target.engine.speaks_sql() {
            return not_applicable(CRITERION, "Keys have no columns that numbers are generated for.");
        }
        let detail = format!("{} itself goes on beyond the largest number in use.", judged.facts.target.engine);
        return not_applicable(CRITERION, detail);
    }
    let generators = generators(&judged.facts.catalog);
    let known = generators.iter().filter(|(table, column)| largest_is_known(table, column)).count();
    let answer = judged.answer(&Question {
        criterion: CRITERION,
        rules: &["integrity/sequence-behind"],
        needs: &[FactKind::Catalog],
        passed: format!("{}, none of which would give out a number that a row has already.", count(known, "generator")),
    });
    match answer.verdict {
        Verdict::Pass if generators.is_empty() => not_applicable(CRITERION, "There are no number generators."),
        Verdict::Pass if known < generators.len() => {
            let missing = generators.len() - known;
            undecided(
                CRITERION,
                format!("Of {} the largest number in use is not known: ANALYZE the tables or read the rows.", count(missing, "generator")),
            )
        }
        _ => answer,
    }
}

/// Columns that a sequence feeds which was used.
fn generators(catalog: &Catalog) -> Vec<(&Collection, &str)> {
    let by_name: BTreeMap<&ObjectName, &Collection> = catalog.collections.iter().map(|one| (&one.name, one)).collect();
    let owned = catalog.sequences.iter().filter_map(|one| one.owned_by.as_ref().filter(|_| one.last.is_some()));
    owned.filter_map(|(table, column)| Some((*by_name.get(table)?, column.as_str()))).collect()
}

fn largest_is_known(table: &Collection, column: &str) -> bool {
    let Some(field) = table.field(column) else { return false };
    let read = field.values.as_ref().is_some_and(|values| values.integer_range.is_some() || values.complete && values.rows_read == 0);
    let estimated = field.statistics.as_ref().is_some_and(|one| !one.histogram.is_empty() || !one.common.is_empty());
    read || estimated || table.rows() == Some(0.0)
}

/// An integrity check over the whole file, or page checksums that have found nothing.
fn pages(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Pages and indexes are sound";
    let health = &judged.facts.health;
    let answer = judged.answer(&Question { criterion: CRITERION, rules: PAGES, needs: &[], passed: String::new() });
    if matches!(answer.verdict, Verdict::Fail | Verdict::Waived | Verdict::NotApplicable) {
        return answer;
    }
    if health.integrity_check.as_ref().is_some_and(Vec::is_empty) {
        return pass(CRITERION, Grade::Observed, "The integrity check read every page and found nothing.");
    }
    let setting = judged.facts.settings.get("data_checksums").map(|setting| setting.value.as_str());
    let checksums = setting.or(health.notes.get("data_checksums").map(String::as_str)) == Some("on");
    match health.corrupt_pages {
        Some(0) if checksums => {
            pass(CRITERION, Grade::Observed, "Page checksums are on, and no read has met a bad one since the counters were reset.")
        }
        _ => undecided(
            CRITERION,
            "No integrity check was run, and page checksums do not vouch for it: check a restored copy with the engine's own tools.",
        ),
    }
}

fn suite(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "The validation suite passes";
    let found = judged.answer(&Question { criterion: CRITERION, rules: &["integrity/rule-violated"], needs: &[], passed: String::new() });
    match found.verdict {
        Verdict::Fail | Verdict::Waived => found,
        _ if judged.facts.data.rules_checked > 0 => {
            pass(CRITERION, Grade::Observed, format!("{} rules of its own were run, none is violated.", judged.facts.data.rules_checked))
        }
        _ => not_applicable(CRITERION, "No rules are recorded for this database beyond its constraints; those are judged above."),
    }
}
