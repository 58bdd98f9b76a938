//! `integrity/invalid-encoding`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/invalid-encoding",
    title: "Text that is not valid in its encoding",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Text values that are no valid text of the declared encoding, and PostgreSQL databases with encoding SQL_ASCII, in
which no text is ever checked.

```facts finds postgresql
{"catalog": {"encoding": "SQL_ASCII"}}
```

```facts finds sqlite
{"data": {"violations": [{"kind": "encoding", "table": {"name": "product"}, "columns": ["title"], "declaration": "title TEXT", "rows": 2}]}}
```

```facts quiet postgresql
{"catalog": {"encoding": "UTF8"}}
```

## Why it matters
Clients fail on such a value at random, sorting and lower-casing give garbage, and a dump can't be restored into
another database.

## When not to follow
SQL_ASCII: where only ASCII is stored and a constraint says so.

## Fix
Find out in which encoding the bytes were written, convert them, and make a new database in UTF-8 from a dump.

## How we verify
Read from the catalog, and counted by decoding the values. Afterwards the count is 0.

## References
PostgreSQL manual, Character Set Support.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let facts = context.facts;
    let broken = facts.data.violations.iter().filter(|one| one.kind == "encoding" && one.rows > 0);
    let mut findings: Vec<Finding> = broken
        .map(|one| {
            let object = one.table.with_columns(&one.columns);
            let message = format!("{} values of {object} are no valid text in their encoding.", one.rows);
            Finding::new(object, message).evidence(Evidence::measured("rows", one.rows as f64, Unit::Rows, "scan of the rows")).risks(0.6)
        })
        .collect();
    if context.engine() == Engine::Postgresql && facts.catalog.encoding.as_deref() == Some("SQL_ASCII") {
        let message = "The database has encoding SQL_ASCII: the server never checks that text is valid, in any encoding.";
        findings.push(Finding::new("database", message).severe(Severity::Warning).risks(0.5));
    }
    findings
}
