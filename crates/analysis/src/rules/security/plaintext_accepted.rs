//! `security/plaintext-accepted`.

use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};
use crate::sensitivity::Condition;

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/plaintext-accepted",
    title: "Clients may connect without encryption",
    severity: Severity::Error,
    engines: SERVERS,
    needs: &[FactKind::Transport],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Servers that admit clients over a network without TLS, and sessions that are open that way.

```facts finds postgresql
{"security": {"plaintext_refused": false}}
```

```facts finds redis
{"security": {"plaintext_refused": false}}
```

```facts quiet postgresql
{}
```

```facts quiet postgresql
{"security": {"plaintext_refused": false, "listen": ["localhost"]}}
```

## Why it matters
Whoever sits on the way reads passwords and rows. `ssl = on` alone changes nothing: `host` lines still admit plain
connections.

## When not to follow
Where the network itself is encrypted (WireGuard, IPsec, a service mesh): attest it under [attest] transit.

## Fix
PostgreSQL: turn `host` lines of pg_hba.conf into `hostssl`. MySQL and MariaDB: `require_secure_transport = ON`. Redis
and Valkey: `port 0` and a `tls-port`. First see that no open session is plain.

## How we verify
Read from settings, admission rules and open sessions. Afterwards a connection without TLS is refused.

## References
PostgreSQL manual, Client Authentication. MySQL manual, require_secure_transport. Redis manual, TLS.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let security = &context.facts.security;
    let open = security.plaintext_sessions.unwrap_or(0);
    let condition = Condition::of(context.facts, context.policy);
    if security.plaintext_refused != Some(false) && open == 0 || condition.reachable.value == Some(false) || vouched(context) {
        return Vec::new();
    }
    let message = match open {
        0 => "Clients may connect over the network without TLS.".to_owned(),
        _ => format!("{open} sessions are open over the network without TLS."),
    };
    let finding = Finding::new("server", message).evidence(Evidence::measured("plain sessions", open as f64, Unit::Count, "open sessions"));
    let finding = match context.engine() {
        Engine::Mysql | Engine::Mariadb if open == 0 => {
            finding.change_if(context.change_setting("require_secure_transport", "ON", "Refuse connections without TLS"))
        }
        _ => finding,
    };
    vec![if open > 0 || condition.sensitive.value == Some(true) {
        finding.risks(0.8)
    } else {
        finding.severe(Severity::Warning).risks(0.6)
    }]
}

fn vouched(context: &Context<'_>) -> bool {
    context.policy.attested.get("transit").is_some_and(|word| word.value)
}
