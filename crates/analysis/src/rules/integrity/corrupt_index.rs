//! `integrity/corrupt-index`.

use dbwright_model::change::Change;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/corrupt-index",
    title: "Index that disagrees with its table",
    severity: Severity::Error,
    engines: SQL,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Indexes of which an integrity check says that entries are missing, superfluous or repeated.

```facts finds sqlite
{"health": {"integrity_check": ["row 3 missing from index sale_product_id_idx", "wrong # of entries in index sale_product_id_idx"]}}
```

```facts quiet sqlite
{"health": {"integrity_check": []}}
```

## Why it matters
A query that uses the index gives another answer than one that reads the table: rows vanish from results, and a unique
index lets duplicates in.

## When not to follow
Never: the index answers wrongly until it is rebuilt.

## Fix
Rebuild the index. If it is damaged again, look for the cause: a changed collation or function below an expression, or
the disk.

## How we verify
PRAGMA integrity_check compares every index with its table. Afterwards it finds nothing.

## References
SQLite manual, PRAGMA integrity_check; REINDEX.
"#;

/// Whether a message of an integrity check speaks of an index rather than of a page.
pub(super) fn is_index(message: &str) -> bool {
    index_of(message).is_some()
}

/// The index that a message names.
fn index_of(message: &str) -> Option<&str> {
    let name = message
        .split_once(" missing from index ")
        .or_else(|| message.split_once("entries in index "))
        .or_else(|| message.split_once("entry in index "));
    name.map(|(_, name)| name.trim())
}

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut counts: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for name in context.facts.health.integrity_check.iter().flatten().filter_map(|message| index_of(message)) {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().map(|(name, count)| finding(context, name, count)).collect()
}

fn finding(context: &Context<'_>, name: &str, count: u64) -> Finding {
    let collections = context.facts.catalog.collections.iter();
    let object = collections.flat_map(|table| table.indexes.iter().map(move |index| (table, index))).find(|(_, index)| index.name == name);
    let object = object.map_or_else(|| name.to_owned(), |(table, index)| index.object(&table.name));
    let rebuild = Change::new(format!("Rebuild index {name} from its table"))
        .step(format!("REINDEX {}", Ddl::of(context.facts).name(name)), "")
        .locking("the write lock of the file: readers go on in WAL mode, writers wait");
    let finding = Finding::new(object, format!("Index {name} disagrees with its table: {count} messages of the integrity check."));
    let finding = finding.evidence(Evidence::measured("messages", count as f64, Unit::Count, "integrity check")).risks(0.95);
    if context.engine() == Engine::Sqlite { finding.change(rebuild) } else { finding }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_their_index() {
        for message in ["row 3 missing from index a_b", "wrong # of entries in index a_b", "non-unique entry in index a_b"] {
            assert_eq!(index_of(message), Some("a_b"), "{message}");
        }
        assert!(!is_index("Tree 4 page 9: btreeInitPage() returns error code 11"));
    }
}
