//! `schema/not-boyce-codd`.

use dbwright_discovery::theory::NormalForm;
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::breaches;

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/not-boyce-codd",
    title: "Part of a key that depends on something that is no key",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog, FactKind::DataChecks],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Columns of one key that depend on columns that are no key. The rows of the table are searched, all of them, for columns that agree
whenever others agree. A dependency counts when chance is ruled out to one in a million, at least 20 rows repeat
something, and the determining columns name something; amounts, instants and flags never determine here. A warning where
a fifth of at least 100 rows repeat; otherwise a remark.

```facts finds sqlite
{"catalog": {"collections": [{"name": {"name": "enrolment"}, "kind": "table", "fields": [{"name": "student", "family": "integer"}, {"name": "course", "family": "integer"}, {"name": "teacher", "family": "integer"}], "keys": [{"name": "enrolment_key", "primary": true, "columns": ["student", "course"]}]}]},
 "data": {"dependencies": [{"table": {"name": "enrolment"}, "rows": 10000, "complete": true, "dependencies": [{"left": ["teacher"], "right": "course", "likelihood": "meant", "accidental_probability": 1e-12, "groups": 50, "repeating_rows": 9000, "repeated_bytes": 90000, "distinct": 40}]}]}}
```

```facts quiet sqlite
{"catalog": {"collections": [{"name": {"name": "enrolment"}, "kind": "table", "fields": [{"name": "student", "family": "integer"}, {"name": "course", "family": "integer"}], "keys": [{"name": "enrolment_key", "primary": true, "columns": ["student", "course"]}]}]},
 "data": {"dependencies": [{"table": {"name": "enrolment"}, "rows": 10000, "complete": true, "dependencies": []}]}}
```

## Why it matters
One fact stands in many rows. A change has to find them all, or the rows contradict each other; what has no row yet can't
be stored; what loses its last row is forgotten. The copies take room in the table, the cache and the log.

## When not to follow
Where the copy is meant: the price at the time of the sale, a total kept for speed, a report table that is made anew. Say
so with an ignore and its reason: that is the record of a deliberate denormalisation.

## Fix
Store the columns once, in a table keyed by what they depend on, and refer to it. Where nothing stands in the way the
statements are given: they lose no row and keep every dependency checkable within one table, by the chase.

## How we verify
Dependencies are searched exactly, on all rows, with NULLs taken as equal, left sides of up to three columns. `dbwright
schema --try` splits a copy and compares the join with the original.

## References
R. F. Boyce and E. F. Codd, in: E. F. Codd, Recent Investigations into Relational Data Base Systems, 1974.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    breaches::findings(context, NormalForm::BoyceCodd)
}
