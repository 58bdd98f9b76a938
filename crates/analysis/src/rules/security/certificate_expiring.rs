//! `security/certificate-expiring`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/certificate-expiring",
    title: "Certificate is about to end",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Transport],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Server certificates that end within 30 days, or ended already.

```facts finds postgresql
{"security": {"certificate_expires": "2026-12-10T00:00:00Z"}}
```

```facts quiet postgresql
{"security": {"certificate_expires": "2027-03-01T00:00:00Z"}}
```

## Why it matters
On that day every client that verifies refuses to connect, all at once; those that go on do not verify.

## When not to follow
Where something renews it by itself later than 30 days before its end.

## Fix
Renew it now and let something do so by itself; the servers take the new one on reload.

## How we verify
Read in the handshake. Afterwards the new end is seen there.

## References
RFC 5280, section 4.1.2.5, validity.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    const DAYS: f64 = 30.0;
    let Some(expires) = context.facts.security.certificate_expires else { return Vec::new() };
    let left = expires.days_since(context.facts.taken_at);
    if left > DAYS {
        return Vec::new();
    }
    let evidence = Evidence::measured("days left", left, Unit::Days, "TLS handshake");
    let finding = |message: String| Finding::new("server", message).evidence(evidence);
    vec![if left < 0.0 {
        finding(format!("The server's certificate ended on {}.", expires.date())).severe(Severity::Error).risks(0.7)
    } else {
        finding(format!("The server's certificate ends on {}, in {left:.0} days.", expires.date())).risks(0.5)
    }]
}
