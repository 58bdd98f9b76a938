//! `index/low-selectivity`.

use dbwright_model::catalog::{Collection, Field, Index};
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{answers_equality, distinct, null_share};

use super::same::cost;

/// The rule.
pub static RULE: Rule = Rule {
    id: "index/low-selectivity",
    title: "Index on very few values",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog, FactKind::Sizes],
    docs: DOCS,
    check,
};

/// Rows from which reading by index or as a whole differs.
const MANY_ROWS: f64 = 10_000.0;
/// Distinct values up to which the column may be of few.
const FEW_VALUES: f64 = 10.0;
/// Share of rows from which reading the whole table is cheaper than going by index.
const COMMON_SHARE: f64 = 0.1;

const DOCS: &str = r"
## Finds
Indexes over one column with at most ten distinct values, each of which stands in a tenth of the rows or more, on tables
of 10,000 rows and more. Columns with a rare value (an open order among closed ones) are left out, since finding the
rare ones is what such an index is for; so are unique indexes, partial ones, and the only index of a foreign key.

```sql finds
CREATE TABLE member (id INTEGER PRIMARY KEY, newsletter INTEGER NOT NULL);
INSERT INTO member (newsletter) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT i % 3 = 0 FROM n;
CREATE INDEX member_newsletter ON member (newsletter);
```

```sql quiet
CREATE TABLE ticket (id INTEGER PRIMARY KEY, state TEXT NOT NULL);
INSERT INTO ticket (state) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT CASE WHEN i % 500 = 0 THEN 'open' ELSE 'done' END FROM n;
CREATE INDEX ticket_state ON ticket (state);
```

## Why it matters
Finding a third of a table through an index reads nearly every page, one by one: the planner rightly prefers the whole
table. The index is written on each insert all the same.

## When not to follow
When queries read nothing but this column, so that the index alone answers them (counts by state).

## Fix
Drop it; or put the column behind a selective one in a longer index; or make it partial for a value that is searched for
and rare.

## How we verify
Distinct values and their shares from the planner's statistics or from reading rows.

## References
PostgreSQL manual, Partial Indexes; Row Estimation Examples.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        let Some(rows) = context.rows_of(table).filter(|rows| *rows >= MANY_ROWS) else { continue };
        findings.extend(table.indexes.iter().filter_map(|index| judge(context, table, index, rows)));
    }
    findings
}

fn judge(context: &Context<'_>, table: &Collection, index: &Index, rows: f64) -> Option<Finding> {
    let columns = index.columns()?;
    let [column] = columns.as_slice() else { return None };
    let plain = matches!(index.method.to_ascii_lowercase().as_str(), "btree" | "hash" | "");
    let bound = index.unique || index.constraint.is_some() || index.automatic || index.predicate.is_some() || !index.included.is_empty();
    let field = table.field(column)?;
    if !plain || bound || !index.valid || index.invisible || serves_reference(table, index, column) {
        return None;
    }
    let values =
        distinct(field).or_else(|| index.prefix_distinct.first().copied()).filter(|values| *values <= FEW_VALUES && *values > 0.0)?;
    let rarest = rarest_share(field, values)?;
    if rarest < COMMON_SHARE {
        return None;
    }
    let message = format!(
        "Index {} of {} parts {rows:.0} rows by {values:.0} values, the rarest of which stands in {:.0} % of them.",
        index.name,
        table.name,
        rarest * 100.0
    );
    let finding = cost(Finding::new(index.object(&table.name), message), index)
        .evidence(Evidence::estimated("distinct values", values, Unit::Count, "column statistics"))
        .evidence(Evidence::estimated("share of the rarest", rarest, Unit::Share, "column statistics"));
    Some(finding.change_if(Ddl::of(context.facts).drop_index(table, index)).risks(0.15))
}

fn serves_reference(table: &Collection, index: &Index, column: &str) -> bool {
    let other = |other: &Index| other.name != index.name && answers_equality(other, &[column.to_owned()]);
    table.references.iter().any(|reference| reference.columns.first().is_some_and(|first| first == column))
        && !table.indexes.iter().any(other)
}

/// Share of the least frequent value, NULL included; none when not all values are known.
fn rarest_share(field: &Field, values: f64) -> Option<f64> {
    let statistics = field.statistics.as_ref()?;
    if (statistics.common.len() as f64) < values {
        return None;
    }
    let nulls = null_share(field).filter(|share| *share > 0.0);
    statistics.common.iter().map(|common| common.share).chain(nulls).reduce(f64::min)
}
