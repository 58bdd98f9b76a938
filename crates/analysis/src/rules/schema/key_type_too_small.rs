//! `schema/key-type-too-small`.

use dbwright_model::catalog::{Collection, TypeFamily};
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::{Ddl, NewType};
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::numbers;
use crate::rules::shared::{column_object, is_quickly_rewritten};

/// The rule.
pub static RULE: Rule = Rule {
    id: "schema/key-type-too-small",
    title: "Key type that runs out",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Days ahead that a widening has to be planned.
const HORIZON_DAYS: f64 = 3.0 * 365.0;
/// Share used that counts where no rate is known.
const HALF: f64 = 0.5;
/// Below this many numbers given out a rate says nothing.
const FEWEST_NUMBERS: f64 = 1000.0;

const DOCS: &str = r#"
## Finds
Primary keys of 4 bytes or less that are numbered by the database and will run out: within three years at the rate of
inserts since the statistics were reset, or, where no rate is known, more than half used.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "integer", "family": "integer", "type_bytes": 4, "nullable": false, "identity": true}],
  "keys": [{"name": "event_pkey", "columns": ["id"], "primary": true}],
  "storage": {"counter": {"last": 1400000000, "limit": 2147483647, "column": "id"}}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "country"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "smallint", "family": "integer", "type_bytes": 2, "nullable": false, "identity": true}],
  "keys": [{"name": "country_pkey", "columns": ["id"], "primary": true}],
  "storage": {"counter": {"last": 249, "limit": 32767, "column": "id"}}}]}}
```

## Why it matters
On the day on which the numbers run out every insert fails, and widening the key of a large table with all columns that
refer to it takes hours or days.

## When not to follow
Look-up tables that people fill by hand, and tables that are emptied with their counter set back.

## Fix
Small tables: change the type of the key and of every column that refers to it to bigint at a quiet hour. Large ones:
add a bigint column, keep it filled by a trigger, fill the old rows in batches, build its unique index concurrently, and
swap in one short transaction.

## How we verify
Last number given out and limit of its type, read from the sequence or the table's counter; the rate from rows inserted
since the statistics were reset.

## References
PostgreSQL manual, Numeric Types, table 8.2; MySQL manual, Integer Types.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.facts.catalog.tables().filter_map(|table| judge(context, table)).collect()
}

fn judge(context: &Context<'_>, table: &Collection) -> Option<Finding> {
    let [column] = table.primary_key()?.columns.as_slice() else { return None };
    let field = table.field(column)?;
    let small = field.family == TypeFamily::Integer && field.type_bytes.is_some_and(|bytes| bytes <= 4);
    let use_of = small.then(|| numbers::of_column(context, table, column)).flatten()?;
    let days = use_of.days_left(context, table);
    let soon = days.map_or(use_of.share() >= HALF, |days| days < HORIZON_DAYS);
    if !soon || use_of.last < FEWEST_NUMBERS {
        return None;
    }
    let when = days.map_or_else(String::new, |days| format!(", at the present rate the rest lasts {days:.0} days"));
    let message = format!(
        "The key of {} is of type {}, which holds numbers up to {:.0}; {:.0} % of them are used{when}.",
        table.name,
        field.type_name,
        use_of.limit,
        use_of.share() * 100.0
    );
    let change = is_quickly_rewritten(table).then(|| {
        let new = NewType { type_name: "bigint", rewrites: true, ..NewType::default() };
        Ddl::of(context.facts).alter_type(table, field, new)
    });
    let finding = use_of.evidence(Finding::new(column_object(table, field), message), days).change_if(change.flatten());
    Some(finding.risks(0.4 + 0.5 * use_of.share().min(1.0)))
}
