//! `capacity/transaction-id-wraparound`.

use dbwright_model::catalog::Collection;
use dbwright_model::change::Change;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{POSTGRESQL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "capacity/transaction-id-wraparound",
    title: "Transaction ids run out",
    severity: Severity::Error,
    engines: POSTGRESQL,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

/// PostgreSQL's default of `autovacuum_freeze_max_age`.
const DEFAULT_FREEZE_AGE: f64 = 200_000_000.0;
/// Age below which nothing is wrong, whatever the setting.
const LEAST_AGE: f64 = 500_000_000.0;
/// Times past the setting: a busy server may be a little late.
const TIMES_PAST: f64 = 2.0;
/// Share of all ids from which writes are in danger within days.
const URGENT_SHARE: f64 = 0.7;

const DOCS: &str = r#"
## Finds
The age of the oldest unfrozen transaction id is beyond twice the age at which autovacuum must have frozen it
(`autovacuum_freeze_max_age`, 200 million by default), and at least 500 million: freezing does not get done. An age
around that setting is normal.

```facts finds postgresql
{"health": {"transaction_age": {"used": 1300000000, "limit": 2147483648}}}
```

```facts quiet postgresql
{"health": {"transaction_age": {"used": 230000000, "limit": 2147483648}}}
```

## Why it matters
Three million transactions before the ids wrap around, PostgreSQL refuses all writes until the tables are frozen.

## When not to follow
Never; only the threshold moves with the setting.

## Fix
Look for what keeps vacuum from freezing: a transaction, prepared transaction or replication slot that is very old, or
autovacuum switched off. Then VACUUM the oldest tables by hand, without FULL.

## How we verify
Age read from pg_database and pg_class. After vacuum the age is below the setting.

## References
PostgreSQL manual, Preventing Transaction ID Wraparound Failures.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    judge(context).into_iter().collect()
}

fn judge(context: &Context<'_>) -> Option<Finding> {
    let age = context.facts.health.transaction_age.filter(|age| age.limit > 0.0)?;
    let frozen_at = context.setting_number("autovacuum_freeze_max_age").unwrap_or(DEFAULT_FREEZE_AGE);
    if age.used < LEAST_AGE || age.used < frozen_at * TIMES_PAST && age.share() < URGENT_SHARE {
        return None;
    }
    let mut oldest: Vec<(u64, &Collection)> =
        context.facts.catalog.collections.iter().filter_map(|table| Some((table.storage.transaction_age?, table))).collect();
    oldest.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    let names: Vec<String> = oldest.iter().take(3).map(|(_, table)| table.name.to_string()).collect();
    let message = format!(
        "The oldest transaction id is {:.0} million transactions old, {:.0} % of what there is: freezing does not keep up.",
        age.used / 1e6,
        age.share() * 100.0
    );
    let mut finding = Finding::new("database", message)
        .evidence(Evidence::measured("age", age.used, Unit::Count, "age(datfrozenxid)"))
        .evidence(Evidence::measured("limit", age.limit, Unit::Count, "transaction ids"))
        .evidence(Evidence::measured("age at which autovacuum freezes", frozen_at, Unit::Count, "autovacuum_freeze_max_age"));
    if !names.is_empty() {
        finding = finding.evidence(Evidence::text("oldest tables", names.join(", "), "age(relfrozenxid)"));
    }
    let urgent = age.share() >= URGENT_SHARE;
    let finding = finding.change_if(vacuum(context, &oldest));
    Some(if urgent { finding.risks(1.0) } else { finding.severe(Severity::Warning).risks(0.6) })
}

fn vacuum(context: &Context<'_>, oldest: &[(u64, &Collection)]) -> Option<Change> {
    let ddl = Ddl::of(context.facts);
    let mut change = Change::new("Freeze the oldest tables").locking("SHARE UPDATE EXCLUSIVE on each table: reads and writes go on");
    for (_, table) in oldest.iter().filter(|(age, _)| *age as f64 >= LEAST_AGE).take(3) {
        change = change.step(format!("VACUUM (FREEZE, INDEX_CLEANUP OFF) {}", ddl.object(&table.name)), "");
    }
    (!change.apply.is_empty()).then_some(change)
}
