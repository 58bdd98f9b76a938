//! `schema/repeating-columns`.

use std::collections::BTreeMap;

use dbwright_model::catalog::{Collection, TypeFamily};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::rules::shared::{with_rows, words};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/repeating-columns",
    title: "Numbered columns that repeat one thing",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Two may be a pair that belongs together; three are a list.
const FEWEST: usize = 3;
/// Words that make the number a place with a meaning of its own.
const PLACES: &[&str] = &["address", "addr", "line", "street", "md", "sha", "utf", "iso", "base"];

const DOCS: &str = r"
## Finds
Three or more columns of one type whose names differ only in a number that counts up from 0 or 1.

```sql finds
CREATE TABLE contact (id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone1 TEXT, phone2 TEXT, phone3 TEXT);
```

```sql quiet
CREATE TABLE shape (id INTEGER PRIMARY KEY, x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL);
CREATE TABLE place (id INTEGER PRIMARY KEY, address_line1 TEXT NOT NULL, address_line2 TEXT);
CREATE TABLE load (id INTEGER PRIMARY KEY, p50 REAL, p95 REAL, p99 REAL);
```

## Why it matters
A search has to look in each of them, no index serves all, the fourth value needs a change of the schema, and nothing
keeps the same value from standing in two of them.

## When not to follow
When the number is a place that means something by itself and never grows: the lines of an address, the axes of a point.

## Fix
Move the values to a table of their own with one row for each: the key of this table, a position, the value.

## How we verify
Read from the catalog: names, numbers and types of the columns.

## References
E. F. Codd, A Relational Model of Data for Large Shared Data Banks, 1970, section 1.4; B. Karwin, SQL Antipatterns,
2010, chapter 8.
";

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.facts.catalog.tables().flat_map(|table| groups(table).into_iter().map(|names| finding(table, &names))).collect()
}

/// Columns by what their names and types have in common, where the numbers count up without a gap.
fn groups(table: &Collection) -> Vec<Vec<&str>> {
    let mut groups: BTreeMap<(String, TypeFamily), Vec<(u32, &str)>> = BTreeMap::new();
    for field in &table.fields {
        let mut parts = words(&field.name);
        let Some(place) = parts.iter().rposition(|word| word.bytes().all(|byte| byte.is_ascii_digit())).filter(|place| *place > 0) else {
            continue;
        };
        let Ok(number) = parts[place].parse::<u32>() else { continue };
        parts[place] = "#".to_owned();
        if !parts.iter().any(|word| PLACES.contains(&word.as_str())) {
            groups.entry((parts.join("_"), field.family)).or_default().push((number, &field.name));
        }
    }
    let counted = |group: &mut Vec<(u32, &str)>| {
        group.sort_unstable();
        let first = group.first().map_or(u32::MAX, |one| one.0);
        group.len() >= FEWEST && first <= 1 && group.iter().zip(first..).all(|(one, expected)| one.0 == expected)
    };
    groups.into_values().filter_map(|mut group| counted(&mut group).then(|| group.into_iter().map(|one| one.1).collect())).collect()
}

fn finding(table: &Collection, names: &[&str]) -> Finding {
    let message = format!("{} holds one thing in {} numbered columns: {}.", table.name, names.len(), names.join(", "));
    with_rows(Finding::new(table.name.with_columns(names), message).risks(0.3), table)
}
