//! `security/audit-off`.

use dbwright_model::{Engine, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};
use crate::sensitivity::Condition;

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/audit-off",
    title: "Access leaves no trace",
    severity: Severity::Info,
    engines: SQL_SERVERS,
    needs: &[FactKind::Audit],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Servers without an audit facility: PostgreSQL without pgaudit and with `log_statement` below ddl, MySQL and MariaDB
without an audit plugin. A warning where the data look sensitive and the server can be reached from elsewhere.

```facts finds postgresql
{"security": {"audit": null}}
```

```facts quiet postgresql
{}
```

## Why it matters
After an intrusion nobody can say what was read or changed, and everybody has to be told the worst.

## When not to follow
Where a proxy before the server keeps the trace: attest it under [attest] audit.

## Fix
Log changes of schema and rights at least (`log_statement = ddl`); for reads of sensitive tables use pgaudit, with the
log on another machine.

## How we verify
Read from the settings. Log in, create a table, grant something, and look for each in the log.

## References
PostgreSQL manual, log_statement; pgaudit. MariaDB audit plugin.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let vouched = context.policy.attested.get("audit").is_some_and(|word| word.value);
    if context.facts.security.audit.is_some() || vouched || !context.judges_server() {
        return Vec::new();
    }
    let condition = Condition::of(context.facts, context.policy);
    let change = match context.engine() {
        Engine::Postgresql => context.change_setting("log_statement", "'ddl'", "Log every change of schema and rights"),
        _ => None,
    };
    let finding = Finding::new("server", "No audit facility is on: who changed or read what leaves no trace.").change_if(change);
    let exposed = condition.sensitive.value == Some(true) && condition.reachable.value == Some(true);
    vec![if exposed { finding.severe(Severity::Warning).risks(0.4) } else { finding.risks(0.2) }]
}
