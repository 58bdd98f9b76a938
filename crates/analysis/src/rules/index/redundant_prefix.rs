//! `index/redundant-prefix`.

use dbwright_model::catalog::{Collection, Index};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};
use crate::rules::shared::MEGABYTE;

use super::same::{alike, cost, twin};

/// The rule.
pub static RULE: Rule = Rule {
    id: "index/redundant-prefix",
    title: "Index that is the beginning of another",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Times the size from which a scan of the longer index costs noticeably more.
const MUCH_LARGER: f64 = 4.0;

const DOCS: &str = r"
## Finds
B-tree indexes that enforce nothing and whose parts are the first parts of another b-tree index with the same condition.
Where the other is more than four times as large it is only mentioned.

```sql finds
CREATE TABLE product (id INTEGER PRIMARY KEY, category INTEGER NOT NULL, name TEXT NOT NULL);
CREATE INDEX product_category ON product (category);
CREATE INDEX product_category_name ON product (category, name);
```

```sql quiet
CREATE TABLE product (id INTEGER PRIMARY KEY, category INTEGER NOT NULL, name TEXT NOT NULL, live INTEGER NOT NULL);
CREATE UNIQUE INDEX product_name ON product (name);
CREATE INDEX product_name_category ON product (name, category);
CREATE INDEX product_category ON product (category);
CREATE INDEX product_live ON product (category, name) WHERE live = 1;
CREATE INDEX product_down ON product (category DESC, name);
```

## Why it matters
The longer index answers whatever the shorter one does. The shorter one costs a write on each insert, room on disk and
in cache, and time in each plan.

## When not to follow
When the longer index is much wider and the shorter one is read very often, so that its smaller size keeps it in cache.

## Fix
Drop the shorter one, concurrently where the engine can.

## How we verify
Read from the catalog. After the change the plans that used it use the longer one.

## References
PostgreSQL manual, Multicolumn Indexes; MySQL manual, Multiple-Column Indexes.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for index in table.indexes.iter().filter(|index| is_droppable(index) && twin(table, index).is_none()) {
            let longer =
                table.indexes.iter().filter(|other| begins_with(other, index)).min_by_key(|other| (other.parts.len(), &other.name));
            findings.extend(longer.map(|longer| finding(context, table, index, longer)));
        }
    }
    findings
}

fn is_droppable(index: &Index) -> bool {
    index.valid && !index.unique && index.constraint.is_none() && !index.replica_identity && !index.automatic && is_ordered(index)
}

fn is_ordered(index: &Index) -> bool {
    index.method.is_empty() || index.method.eq_ignore_ascii_case("btree")
}

/// Whether the other index begins with all parts of this one and carries what it includes.
fn begins_with(other: &Index, index: &Index) -> bool {
    let carries = |name: &String| other.included.contains(name) || other.parts.iter().any(|part| part.column.as_ref() == Some(name));
    let usable = other.valid && !other.invisible && is_ordered(other) && alike(index, other);
    usable
        && other.parts.len() > index.parts.len()
        && other.parts[..index.parts.len()] == index.parts[..]
        && index.included.iter().all(carries)
}

fn finding(context: &Context<'_>, table: &Collection, index: &Index, longer: &Index) -> Finding {
    let message = format!("Index {} of {} is the beginning of {}, which answers the same questions.", index.name, table.name, longer.name);
    let change = Ddl::of(context.facts).drop_index(table, index);
    let finding = cost(Finding::new(index.object(&table.name), message).change_if(change), index);
    let sizes = index.bytes.as_ref().zip(longer.bytes.as_ref()).filter(|(short, _)| short.value >= MEGABYTE);
    let much_larger = sizes.is_some_and(|(short, long)| long.value > short.value * MUCH_LARGER);
    if much_larger { finding.severe(Severity::Info).risks(0.1) } else { finding.risks(0.2) }
}
