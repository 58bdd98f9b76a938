//! `integrity/corrupt-page`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/corrupt-page",
    title: "Damaged pages",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Pages that an integrity check or a page checksum found damaged.

```facts finds sqlite
{"health": {"integrity_check": ["Tree 4 page 9: btreeInitPage() returns error code 11"]}}
```

```facts finds postgresql
{"health": {"corrupt_pages": 2}}
```

```facts quiet sqlite
{"health": {"integrity_check": ["row 3 missing from index sale_product_id_idx"]}}
```

```facts quiet postgresql
{"health": {"corrupt_pages": 0}}
```

## Why it matters
Rows on a damaged page are lost or wrong, and a backup made from now on carries the damage along.

## When not to follow
Never. A counter may still show damage that was repaired since: reset it after the repair.

## Fix
Stop writing, keep a copy of the files as they are, restore the last backup that passes the check, and look for the
cause in disk, memory and file system.

## How we verify
SQLite: PRAGMA integrity_check. PostgreSQL: pg_stat_database.checksum_failures. Afterwards the check finds nothing.

## References
SQLite, How To Corrupt An SQLite Database File. PostgreSQL manual, Data Checksums.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let health = &context.facts.health;
    let messages: Vec<&String> =
        health.integrity_check.iter().flatten().filter(|message| !super::corrupt_index::is_index(message)).collect();
    let mut findings = Vec::new();
    if let Some(first) = messages.first() {
        let message = format!("The integrity check reports {} faults in the database's pages.", messages.len());
        findings.push(
            Finding::new("database", message).evidence(Evidence::text("first message", (*first).clone(), "integrity check")).risks(1.0),
        );
    }
    if let Some(pages) = health.corrupt_pages.filter(|pages| *pages > 0) {
        let message = format!("{pages} reads met a page whose checksum is wrong.");
        findings.push(
            Finding::new("database", message)
                .evidence(Evidence::measured("failures", pages as f64, Unit::Count, "checksum failures since the counters were reset"))
                .risks(1.0),
        );
    }
    findings
}
