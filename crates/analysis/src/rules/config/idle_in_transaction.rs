//! `config/idle-in-transaction`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/idle-in-transaction",
    title: "Transactions may stay open without end",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Settings, FactKind::Health],
    docs: DOCS,
    check,
};

/// Age from which an open transaction holds up others: vacuum, purge, locks.
const OLD_SECONDS: f64 = 1800.0;

const DOCS: &str = r#"
## Finds
A transaction that has been open for more than half an hour, while sessions idle in one, on a server that sets no limit to that
(`idle_in_transaction_session_timeout` and `transaction_timeout` are 0; MariaDB: `idle_transaction_timeout` is 0; MySQL
has no such limit).

```facts finds postgresql
{"health": {"oldest_transaction_seconds": 14400}, "settings": {"idle_in_transaction_session_timeout": {"value": "0", "unit": "ms", "origin": "default"}}}
```

```facts quiet postgresql
{"health": {"oldest_transaction_seconds": 12}, "settings": {"idle_in_transaction_session_timeout": {"value": "0", "unit": "ms", "origin": "default"}}}
```

```facts quiet postgresql
{"health": {"oldest_transaction_seconds": 2400}, "settings": {"idle_in_transaction_session_timeout": {"value": "300000", "unit": "ms"}}}
```

## Why it matters
An open transaction keeps its locks, and it keeps every row version since its start: vacuum and purge can't take dead rows
away, tables grow, and all reads get slower. The usual cause is an application that waits for something else, or
crashed, between BEGIN and COMMIT.

## When not to follow
A dump or a long report is a long transaction by intention; run it on a replica, or limit only idle sessions, which it
never is.

## Fix
Find the application that leaves transactions open. As a safety net set `idle_in_transaction_session_timeout` to some
minutes (MariaDB: `idle_transaction_timeout`): the session is ended and its transaction undone.

## How we verify
Read from pg_stat_activity (information_schema.innodb_trx) and the settings.

## References
PostgreSQL manual, Client Connection Defaults, Statement Behavior; MariaDB manual, Transaction Timeouts.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(age) = context.facts.health.oldest_transaction_seconds else { return Vec::new() };
    // A transaction that is old because its statement is still running is no idle one.
    let idle = context.counter("sessions_idle_in_transaction");
    if !context.judges_server() || age < OLD_SECONDS || limited(context) || idle == Some(0.0) {
        return Vec::new();
    }
    let name = limit_name(context.engine());
    let message = format!(
        "A transaction has been open for {:.0} minutes and no limit ended it ({name}): dead rows and locks are kept for as long.",
        age / 60.0
    );
    let source = if context.engine() == Engine::Postgresql { "pg_stat_activity" } else { "information_schema.innodb_trx" };
    let finding = Finding::new(name, message)
        .evidence(Evidence::measured("oldest transaction", age, Unit::Seconds, source))
        .risks((age / 86_400.0).clamp(0.3, 0.7));
    let change = if context.engine() == Engine::Postgresql {
        context.change_setting(name, "'10min'", "End sessions that idle in a transaction for ten minutes")
    } else if context.setting("idle_transaction_timeout").is_some() {
        context.change_setting(name, "600", "End sessions that idle in a transaction for ten minutes")
    } else {
        None
    };
    vec![finding.change_if(change)]
}

fn limited(context: &Context<'_>) -> bool {
    ["idle_in_transaction_session_timeout", "transaction_timeout", "idle_transaction_timeout"]
        .into_iter()
        .any(|name| context.server_setting_number(name).is_some_and(|value| value > 0.0))
}

const fn limit_name(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgresql => "idle_in_transaction_session_timeout",
        Engine::Mariadb => "idle_transaction_timeout",
        _ => "server",
    }
}
