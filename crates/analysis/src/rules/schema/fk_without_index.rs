//! `schema/fk-without-index`.

use dbwright_model::catalog::{Collection, Reference};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{has_index_for, with_rows};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/fk-without-index",
    title: "Foreign key without index",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Rows from which a scan holds locks for a time that users notice.
const MANY_ROWS: f64 = 100_000.0;

const DOCS: &str = r"
## Finds
Foreign keys whose columns are not the leading columns of an index, in any order. A partial index that leaves out only
the NULLs of the column counts as one; so do the primary key and any longer index that begins with the columns. Tables
known to hold fewer than 1,000 rows are only mentioned.

```sql finds
CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES author (id), title TEXT NOT NULL);
```

```sql quiet
CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES author (id), title TEXT NOT NULL);
CREATE INDEX book_author_title ON book (author_id, title);
CREATE TABLE award (book_id INTEGER NOT NULL REFERENCES book (id), year INTEGER NOT NULL, PRIMARY KEY (book_id, year));
CREATE TABLE loan (id INTEGER PRIMARY KEY, book_id INTEGER REFERENCES book (id));
CREATE INDEX loan_book ON loan (book_id) WHERE book_id IS NOT NULL;
```

## Why it matters
Each delete of a referred row, and each change of its key, reads the whole referring table to see whether a row still
points there, while it holds locks. Joins from the one side to the many side do the same.

## When not to follow
When rows of the referred table are never deleted, keys never change, and nothing joins from there. Each index costs a
little on every insert.

## Fix
Index the referring columns, as the first columns of an index that queries need anyway where there is one.

## How we verify
Read from the catalog. After the change the index is there, and deleting a referred row no longer scans.

## References
PostgreSQL manual, Constraints, Foreign Keys; SQLite manual, Foreign Key Support, section 3.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let ddl = Ddl::of(context.facts);
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        let mut seen: Vec<&[String]> = Vec::new();
        for reference in &table.references {
            if !has_index_for(table, &reference.columns) && !seen.contains(&reference.columns.as_slice()) {
                seen.push(&reference.columns);
                findings.push(finding(context, &ddl, table, reference));
            }
        }
    }
    findings
}

fn finding(context: &Context<'_>, ddl: &Ddl<'_>, table: &Collection, reference: &Reference) -> Finding {
    let message = format!(
        "No index of {} begins with ({}), which refers to {}: deleting there reads all of {}.",
        table.name,
        reference.columns.join(", "),
        reference.target,
        table.name
    );
    let columns: Vec<&str> = reference.columns.iter().map(String::as_str).collect();
    let finding = Finding::new(table.name.with_columns(&reference.columns), message).change_if(ddl.create_index(table, &columns));
    let finding = match context.rows_of(table) {
        Some(_) if context.is_small(table) => finding.severe(Severity::Info).risks(0.05),
        Some(rows) => finding.risks(if rows >= MANY_ROWS { 0.5 } else { 0.35 }),
        None => finding.risks(0.3),
    };
    with_rows(finding, table)
}
