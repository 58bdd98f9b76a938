//! Schema design: keys, normal form, types, references, and an architect's approval of exactly this schema. It never
//! takes the absence of an approval, or of data to judge by, for consent.

use std::collections::BTreeSet;

use dbwright_model::{Criterion, FactKind, Grade, ObjectName, Verdict};

use super::Judged;
use super::criterion::{Question, count, fail, pass, undecided};
use crate::{schema_diff, schema_hash};

const KEYS: &[&str] = &["schema/missing-primary-key", "schema/no-unique-key", "schema/key-type-too-small"];
const NORMAL_FORM: &[&str] =
    &["schema/entity-attribute-value", "schema/multi-valued-column", "schema/polymorphic-association", "schema/repeating-columns"];
const REFERENCES: &[&str] =
    &["schema/fk-duplicate", "schema/fk-to-non-unique", "schema/fk-type-mismatch", "schema/fk-without-index", "schema/undeclared-fk"];
const TYPES: &[&str] = &[
    "schema/boolean-as-text",
    "schema/date-as-text",
    "schema/json-as-text",
    "schema/money-as-float",
    "schema/number-as-text",
    "schema/padded-char",
    "schema/timestamp-without-time-zone",
    "schema/type-inconsistent",
    "schema/uuid-as-text",
];
/// Rules by functional dependencies; they exist only where dependencies are mined.
const MINED: &[&str] =
    &["schema/not-boyce-codd", "schema/not-first-normal-form", "schema/not-second-normal-form", "schema/not-third-normal-form"];

/// The criteria.
pub fn criteria(judged: &Judged<'_>) -> Vec<Criterion> {
    let approval = approval(judged);
    let approved = approval.verdict == Verdict::Pass;
    vec![keys(judged), normal_form(judged, approved), types(judged), references(judged), rest(judged), approval]
}

fn keys(judged: &Judged<'_>) -> Criterion {
    judged.answer(&Question {
        criterion: "Every table has a key that fits",
        rules: KEYS,
        needs: &[FactKind::Catalog],
        passed: format!("{}, each with a key of its own.", count(judged.facts.catalog.tables().count(), "table")),
    })
}

fn types(judged: &Judged<'_>) -> Criterion {
    let engine = judged.facts.target.engine;
    if !engine.speaks_sql() {
        let patterns = count(judged.facts.catalog.collections.len(), "pattern");
        return judged.answer(&Question {
            criterion: "Types say what the values are",
            rules: TYPES,
            needs: &[FactKind::Catalog],
            passed: format!("{patterns} of keys, each of one type, no counter kept as text."),
        });
    }
    let columns: usize = judged.facts.catalog.tables().map(|table| table.fields.len()).sum();
    judged.answer(&Question {
        criterion: "Types say what the values are",
        rules: TYPES,
        needs: &[FactKind::Catalog],
        passed: format!("{}, none of which holds something that its type hides.", count(columns, "column")),
    })
}

fn references(judged: &Judged<'_>) -> Criterion {
    let references: usize = judged.facts.catalog.tables().map(|table| table.references.len()).sum();
    judged.answer(&Question {
        criterion: "References are declared, fit their target and have an index",
        rules: REFERENCES,
        needs: &[FactKind::Catalog],
        passed: format!("{}, each to a key of the same type and each with an index.", count(references, "reference")),
    })
}

/// Everything else of the family.
fn rest(judged: &Judged<'_>) -> Criterion {
    let named = [KEYS, NORMAL_FORM, REFERENCES, TYPES, MINED].concat();
    let family = judged.family("schema");
    let mut rules: Vec<&str> = family.into_iter().filter(|id| !named.contains(id)).collect();
    if rules.is_empty() {
        // None of the family exists here: any of them tells why.
        rules.push("schema/wide-table");
    }
    judged.answer(&Question {
        criterion: "No other unresolved finding on the design",
        rules: &rules,
        needs: &[FactKind::Catalog],
        passed: format!("{} further rules on the design of tables find nothing that costs.", rules.len()),
    })
}

/// Decided by mined dependencies where there are any. Else the signs in names, types and values are checked, and the rest
/// of the judgement is a person's: the approval of this very schema.
fn normal_form(judged: &Judged<'_>, approved: bool) -> Criterion {
    const CRITERION: &str = "Tables are in normal form";
    let mined: Vec<&str> = judged.family("schema").into_iter().filter(|id| MINED.contains(id)).collect();
    let signs = Question {
        criterion: CRITERION,
        rules: &[NORMAL_FORM, &mined].concat(),
        needs: &[FactKind::Catalog],
        passed: "No repeated columns, lists in columns or attribute tables.".to_owned(),
    };
    let answer = judged.answer(&signs);
    if answer.verdict != Verdict::Pass {
        return answer;
    }
    let (signs, unmined) = (answer.detail, judged.unmined_tables());
    if unmined.is_empty() {
        return pass(CRITERION, Grade::Observed, format!("{signs} All rows were searched for dependencies between columns."));
    }
    match judged.policy.approval.as_ref().filter(|_| approved) {
        None => undecided(CRITERION, unmined_detail(&signs, &unmined)),
        Some(approval) => pass(
            CRITERION,
            Grade::Observed,
            format!(
                "{signs} Dependencies between other columns were not searched in {}: there it rests on the approval by {}.",
                count(unmined.len(), "table"),
                approval.by
            ),
        ),
    }
}

fn unmined_detail(signs: &str, unmined: &[String]) -> String {
    let first = unmined.first().map(String::as_str).unwrap_or_default();
    format!(
        "{signs} Dependencies between other columns were not searched in {} ({first} for one), and no approval of this schema covers them.",
        count(unmined.len(), "table")
    )
}

impl Judged<'_> {
    /// Tables whose rows were not all searched for dependencies between columns.
    fn unmined_tables(&self) -> Vec<String> {
        let searched: BTreeSet<&ObjectName> =
            self.facts.data.dependencies.iter().filter(|one| one.complete).map(|one| &one.table).collect();
        let mined = |name: &ObjectName| searched.contains(name);
        self.facts
            .catalog
            .tables()
            .filter(|table| table.fields.len() > 2 && !mined(&table.name))
            .map(|table| table.name.to_string())
            .collect()
    }
}

fn approval(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "An architect approved this schema";
    let hash = judged.schema_hash;
    let Some(approval) = &judged.policy.approval else {
        return undecided(
            CRITERION,
            format!("Nobody approved it. After the review, record it in dbwright.toml: [approval] by, on, schema_hash = \"{hash}\"."),
        );
    };
    if !approval.problem.is_empty() {
        return fail(CRITERION, Grade::Observed, format!("The approval that is there does not count: {}.", approval.problem));
    }
    if !approval.schema_hash.eq_ignore_ascii_case(hash) {
        return fail(
            CRITERION,
            Grade::Observed,
            format!(
                "{} approved another schema on {}: it changed since{}. Review the change and approve {hash}.",
                approval.by,
                approval.on,
                changed_since(judged, &approval.schema)
            ),
        );
    }
    let grade = if approval.signed { Grade::Proved } else { Grade::Observed };
    let signature = if approval.signed { format!("signature by {} verified", approval.key) } else { "not signed".to_owned() };
    pass(CRITERION, grade, format!("{} approved it on {} ({signature}).", approval.by, approval.on))
}

/// Differences named at the most.
const NAMED: usize = 4;

/// ` (table a added; column c of b removed; …)`; nothing where the approved schema was not kept.
fn changed_since(judged: &Judged<'_>, approved: &[Vec<String>]) -> String {
    if approved.is_empty() {
        return String::new();
    }
    let differences = schema_diff::between(approved, &schema_hash::records(&judged.facts.catalog));
    let mut named: Vec<String> = differences.iter().take(NAMED).map(ToString::to_string).collect();
    if differences.len() > NAMED {
        named.push(format!("{} more", differences.len() - NAMED));
    }
    format!(" ({})", named.join("; "))
}
