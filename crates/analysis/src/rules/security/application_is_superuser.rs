//! `security/application-is-superuser`.

use dbwright_model::security::Role;
use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/application-is-superuser",
    title: "Application runs as superuser",
    severity: Severity::Error,
    engines: SQL_SERVERS,
    needs: &[FactKind::Roles],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Superusers with three or more sessions open: a pool, not a person. The session that reviewed is not counted.

```facts finds postgresql
{"security": {"roles": [{"name": "postgres", "login": true, "superuser": true, "sessions": 20}]}}
```

```facts quiet postgresql
{"security": {"roles": [{"name": "postgres", "login": true, "superuser": true, "sessions": 2}, {"name": "store", "login": true, "superuser": false, "sessions": 20}]}}
```

## Why it matters
One injected statement owns the server: it reads every database, runs programs, switches off the logs. Row security
and grants do not apply to it.

## When not to follow
Tools of operation that need it (failover managers, backup agents), which hold a few sessions for ever.

## Fix
Make a role that owns nothing, grant it what the program does, and let the program use it.

## How we verify
Read from roles and open sessions. Afterwards the sessions belong to another role.

## References
PostgreSQL manual, Role Attributes.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let security = &context.facts.security;
    let ours = |role: &Role| if security.collected_as.as_deref() == Some(&role.name) { context.facts.effort.connections.max(1) } else { 0 };
    let others = |role: &Role| role.sessions.unwrap_or(0).saturating_sub(ours(role));
    let pools = security.roles.iter().filter(|role| role.superuser && others(role) >= 3);
    pools
        .map(|role| {
            let message = format!("{} is superuser and has {} sessions open: a program uses it.", role.name, others(role));
            let evidence = Evidence::measured("sessions", others(role) as f64, Unit::Count, "open sessions");
            Finding::new(role.name.clone(), message).evidence(evidence).risks(0.7)
        })
        .collect()
}
