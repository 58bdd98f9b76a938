//! Data integrity: what is declared is enforced, what is enforced holds in the rows, and the pages are sound. It never
//! takes a constraint's existence for a check of the rows.

use dbwright_model::facts::{KeyCheck, ReferenceCheck};
use dbwright_model::{Criterion, FactKind, Grade, Verdict};

use super::Judged;
use super::criterion::{Question, not_applicable, pass, undecided};

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
    let tables = || judged.facts.catalog.tables();
    let references: usize = tables().map(|table| table.references.len()).sum();
    let checks: usize = tables().map(|table| table.checks.len()).sum();
    judged.answer(&Question {
        criterion: "Declared constraints are validated and enforced",
        rules: ENFORCED,
        needs: &[FactKind::Catalog],
        passed: format!("{references} references and {checks} checks, all validated and enforced."),
    })
}

fn rows(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Rows keep declared references, keys and checks";
    let data = &judged.facts.data;
    let answer = judged.answer(&Question {
        criterion: CRITERION,
        rules: ROWS,
        needs: &[FactKind::DataChecks],
        passed: format!("{} references and {} keys were checked row by row.", data.references.len(), data.keys.len()),
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
    judged.answer(&Question {
        criterion: CRITERION,
        rules: &["integrity/sequence-behind"],
        needs: &[FactKind::Catalog],
        passed: "No generator would give out a number that a row has already.".to_owned(),
    })
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
    let checksums = judged.facts.settings.get("data_checksums").is_some_and(|setting| setting.value == "on");
    match health.corrupt_pages {
        Some(0) if checksums => {
            pass(CRITERION, Grade::Observed, "Page checksums are on, and no read has met a bad one since the counters were reset.")
        }
        _ => undecided(
            CRITERION,
            "No integrity check was run, and page checksums do not vouch for it: `dbwright drill restore` checks a restored copy.",
        ),
    }
}

fn suite(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "The validation suite passes";
    let found = judged.answer(&Question { criterion: CRITERION, rules: &["integrity/rule-violated"], needs: &[], passed: String::new() });
    match found.verdict {
        Verdict::Fail | Verdict::Waived => found,
        _ if judged.facts.data.rules_checked > 0 => {
            pass(CRITERION, Grade::Observed, format!("{} rules of its own, none violated.", judged.facts.data.rules_checked))
        }
        _ => not_applicable(CRITERION, "No rules are recorded for this database beyond its constraints; those are judged above."),
    }
}
