//! `security/empty-password`.

use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};
use crate::sensitivity;

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/empty-password",
    title: "Account without password",
    severity: Severity::Error,
    engines: SERVERS,
    needs: &[FactKind::Roles],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Accounts that may log in with an empty password, with their own name as password, or (Redis, Valkey) with any.

```facts finds mysql
{"security": {"roles": [{"name": "root@%", "login": true, "password_empty": true}]}}
```

```facts finds redis
{"security": {"roles": [{"name": "default", "login": true, "password_empty": true}]}, "settings": {"protected-mode": {"value": "no"}}}
```

```facts quiet redis
{"security": {"roles": [{"name": "default", "login": false, "password_empty": true}]}}
```

```facts quiet postgresql
{"security": {"roles": [{"name": "store", "login": true, "password_method": "none"}]}}
```

## Why it matters
It is the first thing that every scanner tries, and open servers are found within minutes.

## When not to follow
Servers in a test that nothing but this machine can reach; then it is reported as info.

## Fix
Give the account a password or lock it; Redis: give each program its own user with its own keys and commands, and
switch `default` off.

## How we verify
Read from the list of accounts. Afterwards a login without password is refused.

## References
Redis manual, ACL. MySQL manual, securing the initial accounts.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let alone = sensitivity::reachable(context.facts).value == Some(false);
    let open = context.facts.security.roles.iter().filter(|role| role.login && role.password_empty == Some(true));
    open.map(|role| {
        let finding = Finding::new(role.name.clone(), format!("{} may log in without a password of its own.", role.name));
        if alone { finding.severe(Severity::Info).risks(0.3) } else { finding.risks(1.0) }
    })
    .collect()
}
