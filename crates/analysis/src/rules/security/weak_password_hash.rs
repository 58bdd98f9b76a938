//! `security/weak-password-hash`.

use dbwright_model::security::Role;
use dbwright_model::{Engine, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/weak-password-hash",
    title: "Passwords are kept in a weak form",
    severity: Severity::Warning,
    engines: SQL_SERVERS,
    needs: &[FactKind::Roles],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Roles whose password is kept as MD5 or in clear (PostgreSQL), as mysql_old_password or mysql_native_password (MySQL),
and servers that would keep new ones as MD5.

```facts finds postgresql
{"security": {"roles": [{"name": "store", "login": true, "password_method": "md5"}]}}
```

```facts finds mysql
{"security": {"roles": [{"name": "store@10.0.0.%", "login": true, "password_method": "mysql_native_password"}]}}
```

```facts quiet postgresql
{"security": {"roles": [{"name": "store", "login": true, "password_method": "scram-sha-256"}, {"name": "owner", "login": false, "password_method": "md5"}]}}
```

```facts quiet mariadb
{"security": {"roles": [{"name": "store@10.0.0.%", "login": true, "password_method": "mysql_native_password"}]}}
```

## Why it matters
An MD5 hash of PostgreSQL is as good as the password: whoever has it logs in. The others are guessed at billions a
second.

## When not to follow
While a driver that knows no better is being replaced.

## Fix
Set `password_encryption` to scram-sha-256 and give each such role a new password; MySQL: caching_sha2_password.

## How we verify
Read from the form of the stored hash, never the hash itself. Afterwards the form is a strong one.

## References
PostgreSQL manual, Password Authentication. MySQL manual, Pluggable Authentication.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let roles = context.facts.security.roles.iter().filter(|role| role.login);
    let mut findings: Vec<Finding> = roles.filter_map(|role| finding(context, role)).collect();
    if context.judges_server() && context.setting_text("password_encryption").is_some_and(|value| value == "md5") {
        let change = context.change_setting("password_encryption", "'scram-sha-256'", "Keep new passwords as SCRAM-SHA-256");
        findings.push(Finding::new("password_encryption", "New passwords would be kept as MD5.").change_if(change).risks(0.3));
    }
    findings
}

fn finding(context: &Context<'_>, role: &Role) -> Option<Finding> {
    let method = role.password_method.as_deref()?;
    let (severity, risk) = match (method, context.engine()) {
        ("plain" | "mysql_old_password", _) => (Severity::Error, 0.8),
        ("md5", _) | ("mysql_native_password", Engine::Mysql) => (Severity::Warning, 0.4),
        _ => return None,
    };
    let message = format!("The password of {} is kept as {method}.", role.name);
    Some(Finding::new(role.name.clone(), message).severe(severity).risks(risk))
}
