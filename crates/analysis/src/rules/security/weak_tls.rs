//! `security/weak-tls`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/weak-tls",
    title: "Outdated TLS is accepted",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Transport],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Servers that accept SSL 3, TLS 1.0 or TLS 1.1.

```facts finds postgresql
{"security": {"tls_minimum": "TLSv1"}}
```

```facts quiet postgresql
{"security": {"tls_minimum": "TLSv1.3"}}
```

```facts quiet postgresql
{"security": {"tls_minimum": "TLSv1", "tls_offered": false}}
```

## Why it matters
These versions are broken and forbidden by current rules (RFC 8996); a client can be talked down to them.

## When not to follow
While a client that knows no better is being replaced.

## Fix
Set the lowest version to TLS 1.2.

## How we verify
Read from the settings. Afterwards a handshake with an older version fails.

## References
RFC 8996. PostgreSQL manual, ssl_min_protocol_version.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    const OLD: [&str; 5] = ["sslv3", "tlsv1", "tlsv1.0", "tlsv1.1", "tls1.0"];
    let security = &context.facts.security;
    let Some(minimum) = security.tls_minimum.as_ref().filter(|_| security.tls_offered != Some(false)) else { return Vec::new() };
    if !OLD.contains(&minimum.to_ascii_lowercase().as_str()) {
        return Vec::new();
    }
    let change = match context.engine() {
        Engine::Postgresql => context.change_setting("ssl_min_protocol_version", "'TLSv1.2'", "Accept TLS 1.2 and newer only"),
        _ => None,
    };
    let finding = Finding::new("server", format!("The server accepts {minimum}, which is broken.")).change_if(change);
    vec![finding.evidence(Evidence::text("lowest version", minimum.clone(), "settings")).risks(0.4)]
}
