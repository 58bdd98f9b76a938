//! `security/exposed-listener`.

use dbwright_model::{Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};
use crate::sensitivity;

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/exposed-listener",
    title: "Server is open to the world",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Settings],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Servers that listen on a public address, or on all addresses with admission for every client. Redis and Valkey without
password and without protected mode are an error.

```facts finds postgresql
{"security": {"listen": ["*"], "admission": [{"kind": "hostssl", "databases": ["all"], "users": ["all"], "address": "0.0.0.0 0.0.0.0", "method": "scram-sha-256"}]}}
```

```facts finds redis
{"security": {"listen": ["*"], "roles": [{"name": "default", "login": true, "password_empty": true}]}, "settings": {"protected-mode": {"value": "no"}}}
```

```facts quiet postgresql
{}
```

```facts quiet postgresql
{"security": {"listen": ["*"]}}
```

## Why it matters
Every open port is tried around the clock, and the next hole before the password check needs no password.

## When not to follow
Behind a firewall that admits the known clients only: ignore it with that reason.

## Fix
Listen on the address of the inner network, and admit the networks of the programs.

## How we verify
Read from the listening addresses and admission rules. Try from outside.

## References
PostgreSQL manual, listen_addresses. Redis manual, Security.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let facts = context.facts;
    let listen = sensitivity::listen_addresses(facts);
    let public = listen.iter().find(|address| is_public(address));
    let everywhere = listen.iter().any(|address| is_wildcard(address));
    let unguarded = !context.engine().speaks_sql()
        && context.setting_on("protected-mode") == Some(false)
        && facts.security.roles.iter().any(|role| role.login && role.password_empty == Some(true));
    let evidence = Evidence::text("listens on", listen.join(", "), "settings");
    let finding = |message: String| Finding::new("server", message).evidence(evidence);
    if unguarded && (everywhere || public.is_some()) {
        return vec![
            finding("Whoever reaches the port may run every command: no password, no protected mode.".to_owned())
                .severe(Severity::Error)
                .risks(1.0),
        ];
    }
    if let Some(address) = public {
        return vec![finding(format!("It listens on {address}, a public address.")).risks(0.5)];
    }
    let admits_all = facts.security.admission.iter().any(|rule| sensitivity::admits_remote(rule) && admits_everybody(&rule.address));
    if everywhere && admits_all {
        return vec![finding("It listens on all addresses and admits clients from everywhere.".to_owned()).risks(0.5)];
    }
    Vec::new()
}

fn is_wildcard(address: &str) -> bool {
    matches!(address.trim_start_matches('-'), "*" | "0.0.0.0" | "::" | "[::]")
}

fn admits_everybody(address: &str) -> bool {
    matches!(address, "all" | "0.0.0.0/0" | "::/0" | "0.0.0.0 0.0.0.0" | ":: ::")
}

/// Whether an address is routed in the open: neither private, shared, link-local nor of this machine.
fn is_public(address: &str) -> bool {
    match address.trim_start_matches('-').parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => {
            let shared = ip.octets()[0] == 100 && (64..128).contains(&ip.octets()[1]);
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || shared)
        }
        Ok(std::net::IpAddr::V6(ip)) => ip.segments()[0] & 0xe000 == 0x2000,
        Err(_) => false,
    }
}
