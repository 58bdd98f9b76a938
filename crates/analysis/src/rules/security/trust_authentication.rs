//! `security/trust-authentication`.

use dbwright_model::security::AdmissionRule;
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{POSTGRESQL, Rule};
use crate::sensitivity;

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/trust-authentication",
    title: "Clients come in without proof",
    severity: Severity::Error,
    engines: POSTGRESQL,
    needs: &[FactKind::Admission],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Admission rules with method `trust`, and over a network the methods `ident` and, without TLS, `password`. Rules for
this machine alone are reported as info while the server can't be reached from elsewhere.

```facts finds postgresql
{"security": {"admission": [{"kind": "hostssl", "databases": ["all"], "users": ["all"], "address": "0.0.0.0 0.0.0.0", "method": "trust"}]}}
```

```facts quiet postgresql
{"security": {"admission": [{"kind": "hostssl", "databases": ["all"], "users": ["all"], "address": "10.0.0.0 255.0.0.0", "method": "scram-sha-256"}, {"kind": "host", "databases": ["all"], "users": ["all"], "address": "0.0.0.0 0.0.0.0", "method": "reject"}, {"kind": "local", "databases": ["all"], "users": ["all"], "method": "peer"}]}}
```

## Why it matters
`trust` asks for nothing: whoever reaches the port is superuser by choosing that name. `ident` believes the client's
machine.

## When not to follow
Sockets of a container or a test machine that nobody else can enter.

## Fix
Write `scram-sha-256` (or `cert`, or `peer` for sockets) in pg_hba.conf and reload, after the roles have passwords.

## How we verify
Read from pg_hba_file_rules. Afterwards no such rule is there.

## References
PostgreSQL manual, Client Authentication. The pg_hba.conf File.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let reachable = sensitivity::reachable(context.facts).value;
    let rules = context.facts.security.admission.iter().filter(|rule| rule.error.is_none());
    rules.filter_map(|rule| finding(rule, reachable)).collect()
}

fn finding(rule: &AdmissionRule, reachable: Option<bool>) -> Option<Finding> {
    let remote = sensitivity::admits_remote(rule);
    let why = match rule.method.as_str() {
        "trust" => "asks for no proof of identity",
        "ident" if remote => "believes what the client's machine says",
        "password" if remote && rule.kind != "hostssl" && rule.kind != "hostgssenc" => "sends passwords in clear",
        _ => return None,
    };
    let parts = [rule.kind.as_str(), &rule.databases.join(","), &rule.users.join(","), &rule.address, &rule.method];
    let line: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let line = line.join(" ");
    let finding = Finding::new(line.clone(), format!("The rule {line:?} {why}."));
    Some(match (remote, reachable) {
        (_, Some(false)) => finding.severe(Severity::Info).risks(0.2),
        (false, _) => finding.severe(Severity::Warning).risks(0.4),
        (true, _) => finding.risks(0.95),
    })
}
