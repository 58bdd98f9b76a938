//! `capacity/key-exhaustion`.

use std::collections::BTreeSet;

use dbwright_model::{FactKind, Finding, ObjectName, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};
use crate::rules::numbers::NumberUse;

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/key-exhaustion",
    title: "Numbers that run out",
    severity: Severity::Error,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

/// Days that a change of the key's type needs.
const HORIZON_DAYS: f64 = 180.0;
/// Share used below which a rate is not believed: it may be that of the first load.
const LEAST_SHARE: f64 = 0.1;
/// Share used that counts where no rate is known.
const MOST_SHARE: f64 = 0.8;
/// Share used from which it is urgent whatever the rate.
const URGENT_SHARE: f64 = 0.9;

const DOCS: &str = r#"
## Finds
Sequences and counters that are more than 80 % used, or, where the rate of inserts is known, run out within 180 days.
Between 80 and 90 % without a rate it is a warning; cycling sequences are left out.

```facts finds postgresql
{"catalog": {"sequences": [{"name": {"schema": "public", "name": "ticket_id_seq"}, "last": 2100000000, "limit": 2147483647, "increment": 1}]}}
```

```facts finds mysql
{"catalog": {"collections": [{"name": {"schema": "store", "name": "event"}, "kind": "table",
  "fields": [{"name": "id", "type_name": "int", "family": "integer", "type_bytes": 4, "nullable": false, "identity": true}],
  "keys": [{"name": "PRIMARY", "columns": ["id"], "primary": true}],
  "storage": {"counter": {"last": 2090000000, "limit": 2147483647, "column": "id"}}}]}}
```

```facts quiet postgresql
{"catalog": {"sequences": [{"name": {"schema": "public", "name": "ticket_id_seq"}, "last": 2100000000, "limit": 9223372036854775807, "increment": 1},
  {"name": {"schema": "public", "name": "slot_seq"}, "last": 99, "limit": 100, "increment": 1, "cycle": true}]}}
```

## Why it matters
When the last number is given out, every insert fails until the type of the key and of all columns that refer to it is
changed.

## When not to follow
Generators that end on purpose.

## Fix
Widen the sequence and the column to bigint before it is urgent: see schema/key-type-too-small for how to do it on a
large table. Numbers below zero buy time: start again at the smallest.

## How we verify
Last number and limit from the sequence or the table's counter; the rate from rows inserted since the statistics were
reset.

## References
PostgreSQL manual, CREATE SEQUENCE; MySQL manual, Using AUTO_INCREMENT.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut fed: BTreeSet<(&ObjectName, &str)> = BTreeSet::new();
    for table in context.facts.catalog.tables() {
        let Some(counter) = &table.storage.counter else { continue };
        fed.insert((&table.name, &counter.column));
        let used = NumberUse::new(counter.last, counter.limit, "counter of the table");
        let days = used.days_left(context, table);
        findings.extend(judge(table.name.with_columns(&[&counter.column]), &used, days));
    }
    for sequence in context.facts.catalog.sequences.iter().filter(|sequence| !sequence.cycle && sequence.increment > 0.0) {
        let owner = sequence.owned_by.as_ref().map(|(table, column)| (table, column.as_str()));
        let Some(last) = sequence.last.filter(|_| owner.is_none_or(|owner| !fed.contains(&owner))) else { continue };
        let used = NumberUse::new(last, sequence.limit, "last value of the sequence");
        let table = owner.and_then(|(table, _)| context.collection(table));
        findings.extend(judge(sequence.name.to_string(), &used, table.and_then(|table| used.days_left(context, table))));
    }
    findings
}

fn judge(object: String, used: &NumberUse, days: Option<f64>) -> Option<Finding> {
    let share = used.share();
    let soon = days.is_some_and(|days| days < HORIZON_DAYS) && share >= LEAST_SHARE;
    if !soon && share < MOST_SHARE {
        return None;
    }
    let when = days.map_or_else(String::new, |days| format!("; at the present rate the rest lasts {days:.0} days"));
    let message = format!("{:.0} % of the numbers of {object} are used{when}.", share * 100.0);
    let finding = used.evidence(Finding::new(object, message), days);
    let calm = share < URGENT_SHARE && days.is_none_or(|days| days >= HORIZON_DAYS);
    Some(if calm { finding.severe(Severity::Warning).risks(0.6) } else { finding.risks(0.9) })
}
