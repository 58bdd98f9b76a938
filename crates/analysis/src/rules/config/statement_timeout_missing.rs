//! `config/statement-timeout-missing`.

use dbwright_model::change::Change;
use dbwright_model::security::Role;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::ddl::quote;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "config/statement-timeout-missing",
    title: "Statements may run without end",
    severity: Severity::Info,
    engines: SQL_SERVERS,
    needs: &[FactKind::Settings],
    docs: DOCS,
    check,
};

/// Settings that end a statement that runs too long.
const LIMITS: [&str; 4] = ["statement_timeout", "transaction_timeout", "max_execution_time", "max_statement_time"];
/// An execution this long shows that the missing limit is no theory, ms.
const RUNAWAY_MS: f64 = 600_000.0;

const DOCS: &str = r#"
## Finds
A server on which nothing ends a statement that runs too long: `statement_timeout` and `transaction_timeout` are 0 for the
server, and no login role sets its own (MySQL: `max_execution_time`, MariaDB: `max_statement_time`). A warning where a
statement has run for ten minutes or longer already.

```facts finds postgresql
{"settings": {"statement_timeout": {"value": "0", "unit": "ms", "origin": "default"}, "transaction_timeout": {"value": "0", "unit": "ms"}},
 "security": {"roles": [{"name": "shop", "login": true}]}}
```

```facts quiet postgresql
{"settings": {"statement_timeout": {"value": "0", "unit": "ms", "origin": "default"}, "transaction_timeout": {"value": "0", "unit": "ms"}},
 "security": {"roles": [{"name": "shop", "login": true, "settings": ["statement_timeout=30s"]}]}}
```

```facts finds mariadb
{"settings": {"max_statement_time": {"value": "0.000000"}}}
```

## Why it matters
One statement with a forgotten condition occupies a connection, its locks and an I/O channel until somebody notices; a few
of them use up all connections. The client that asked has often long gone.

## When not to follow
A limit for the whole server also ends dumps, index builds and reports; it belongs to the roles of applications. Where a
proxy or driver cancels statements, the limit is there already.

## Fix
`ALTER ROLE application SET statement_timeout = '30s'`, well above its slowest honest statement. It holds for new sessions.

## How we verify
Read from pg_settings and pg_db_role_setting, or the global variables; the longest execution from the statement statistics.

## References
PostgreSQL manual, Client Connection Defaults, statement_timeout. MySQL manual, max_execution_time; MariaDB manual,
Aborting Statements that Exceed a Certain Time to Execute.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let known = LIMITS.into_iter().any(|name| context.server_setting_number(name).is_some());
    let limited = LIMITS.into_iter().any(|name| context.server_setting_number(name).is_some_and(|value| value > 0.0));
    let longest = context.statements().iter().filter_map(|view| view.statement.max_ms).fold(0.0, f64::max);
    let ran_away = longest >= RUNAWAY_MS;
    if !context.judges_server() || limited || !(known || ran_away) || context.facts.security.roles.iter().any(has_limit) {
        return Vec::new();
    }
    let name = limit_name(context.engine());
    let message = if ran_away {
        format!("A statement has run for {:.0} minutes, and neither {name} nor a role's setting ended it.", longest / 60_000.0)
    } else {
        format!("{name} is 0 and no role sets it: nothing ends a statement that goes astray.")
    };
    let value = context.server_setting_number(name).map_or("not known".to_owned(), |value| value.to_string());
    let mut finding = Finding::new(name, message).evidence(Evidence::text(name, value, "settings")).risks(0.2);
    if ran_away {
        finding =
            finding.severe(Severity::Warning).evidence(Evidence::measured("longest execution", longest, Unit::Ms, "statement statistics"));
    }
    vec![finding.change_if(role_change(context, longest))]
}

fn has_limit(role: &Role) -> bool {
    role.login
        && role.settings.iter().any(|setting| setting.starts_with("statement_timeout=") || setting.starts_with("transaction_timeout="))
}

const fn limit_name(engine: Engine) -> &'static str {
    match engine {
        Engine::Mysql => "max_execution_time",
        Engine::Mariadb => "max_statement_time",
        _ => "statement_timeout",
    }
}

/// A limit for each ordinary login role that has sessions now: four times the longest execution seen, at least 30 s.
fn role_change(context: &Context<'_>, longest_ms: f64) -> Option<Change> {
    if context.engine() != Engine::Postgresql || longest_ms >= RUNAWAY_MS {
        return None;
    }
    let seconds = (longest_ms * 4.0 / 1000.0).ceil().max(30.0);
    let collector = context.facts.security.collected_as.as_deref();
    let ordinary = |role: &&Role| role.login && !role.superuser && !role.replication && role.sessions.is_some_and(|sessions| sessions > 0);
    let mut change = Change::new(format!("End statements of application roles after {seconds:.0} s; holds for new sessions"));
    for role in context.facts.security.roles.iter().filter(ordinary).filter(|role| Some(role.name.as_str()) != collector) {
        let name = quote(context.engine(), &role.name);
        change = change.step(
            format!("ALTER ROLE {name} SET statement_timeout = '{seconds:.0}s'"),
            format!("ALTER ROLE {name} RESET statement_timeout"),
        );
    }
    (!change.apply.is_empty()).then_some(change)
}
