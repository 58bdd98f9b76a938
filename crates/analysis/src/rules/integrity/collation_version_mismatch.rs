//! `integrity/collation-version-mismatch`.

use dbwright_model::change::Change;
use dbwright_model::{Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{POSTGRESQL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/collation-version-mismatch",
    title: "Sort order changed below the indexes",
    severity: Severity::Error,
    engines: POSTGRESQL,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Collations, of the database or of columns, whose version in the operating system or ICU is not the one under which the
indexes were built.

```facts finds postgresql
{"health": {"collation_mismatches": [["database store", "2.31", "2.36"]]}}
```

```facts quiet postgresql
{"health": {"collation_mismatches": []}}
```

## Why it matters
An index on text is a sorted list. When the order changes below it, lookups miss rows that are there, and unique
indexes let duplicates in, without any error.

## When not to follow
When every index that uses the collation was rebuilt already: then only the recorded version is to be refreshed.

## Fix
Rebuild the indexes that use the collation, then refresh the recorded version. Look for duplicates first: a unique
index over them can't be rebuilt.

## How we verify
The recorded version and the one that the server finds now are compared. Afterwards they are equal.

## References
PostgreSQL manual, ALTER COLLATION, REFRESH VERSION; ALTER DATABASE.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let mismatches = context.facts.health.collation_mismatches.iter();
    mismatches
        .map(|(object, recorded, provided)| {
            let message = format!("{object}: indexes were built under collation version {recorded}, the server now sorts by {provided}.");
            Finding::new(object.clone(), message)
                .evidence(Evidence::text("recorded", recorded.clone(), "pg_collation, pg_database"))
                .evidence(Evidence::text("provided", provided.clone(), "operating system or ICU"))
                .change_if(rebuild(context, object))
                .risks(0.9)
        })
        .collect()
}

/// Only the database's own collation is mended with one statement each; of a single collation the indexes differ.
fn rebuild(context: &Context<'_>, object: &str) -> Option<Change> {
    let name = Ddl::of(context.facts).name(object.strip_prefix("database ")?);
    let change = Change::new("Rebuild all indexes of the database, then record the version they are built under");
    let change = change
        .step(format!("REINDEX DATABASE CONCURRENTLY {name}"), "")
        .step(format!("ALTER DATABASE {name} REFRESH COLLATION VERSION"), "");
    Some(change.locking("SHARE UPDATE EXCLUSIVE on each table in turn: reads and writes go on"))
}
