//! `security/excess-privilege`.

use dbwright_model::change::Change;
use dbwright_model::security::Role;
use dbwright_model::{Engine, Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SERVERS};
use crate::rules::shared::has_word;

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/excess-privilege",
    title: "More rights than needed",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Roles],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
PostgreSQL: roles that log in, are no superusers and may run programs or read and write files of the server, and
tables that PUBLIC may change. MySQL and MariaDB: accounts from any host with rights over the whole server (ALL
PRIVILEGES, SUPER, FILE, GRANT OPTION). Redis and Valkey: accounts beside `default` that may run every command, CONFIG, ACL,
DEBUG and SHUTDOWN among them, unless the name is that of an administrator; as info, one account with all rights for everybody.

```facts finds postgresql
{"security": {"roles": [{"name": "store", "login": true, "member_of": ["pg_execute_server_program"]}]}}
```

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "sale"}, "grants": [{"grantee": "PUBLIC", "privileges": ["SELECT", "INSERT"]}]}]}}
```

```facts finds mysql
{"security": {"roles": [{"name": "store@%", "login": true, "privileges": ["SELECT", "FILE"]}]}}
```

```facts quiet postgresql
{"security": {"roles": [{"name": "monitor", "login": true, "member_of": ["pg_monitor"]}]}}
```

```facts quiet mysql
{"security": {"roles": [{"name": "admin@localhost", "login": true, "privileges": ["ALL PRIVILEGES"]}]}}
```

```facts finds redis
{"security": {"roles": [{"name": "default", "login": false}, {"name": "shop", "login": true, "superuser": true, "password_empty": false, "privileges": ["~*", "+@all"]}, {"name": "report", "login": true, "privileges": ["~*", "+@read"]}]}}
```

```facts quiet redis
{"security": {"roles": [{"name": "default", "login": false}, {"name": "admin", "login": true, "superuser": true, "password_empty": false, "privileges": ["~*", "+@all"]}, {"name": "report", "login": true, "privileges": ["~*", "+@read"]}]}}
```

## Why it matters
What a program may do, whoever takes it over may do.

## When not to follow
Accounts of operation whose work needs the right.

## Fix
Revoke what the account's work does not need; grant it for the time it does.

## How we verify
Read from roles and grants. Afterwards the right is gone.

## References
PostgreSQL manual, Predefined Roles. MySQL manual, Privileges Provided by MySQL. Redis
documentation, ACL.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    match context.engine() {
        Engine::Postgresql => postgresql(context),
        Engine::Mysql | Engine::Mariadb => mysql(context),
        _ => one_for_all(context),
    }
}

const SERVER_ACCESS: [&str; 3] = ["pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"];

fn postgresql(context: &Context<'_>) -> Vec<Finding> {
    let ddl = Ddl::of(context.facts);
    let mut findings = Vec::new();
    for role in context.facts.security.roles.iter().filter(|role| role.login && !role.superuser) {
        for group in role.member_of.iter().filter(|group| SERVER_ACCESS.contains(&group.as_str())) {
            let (group_name, role_name) = (ddl.name(group), ddl.name(&role.name));
            let change = Change::new(format!("Take membership in {group} from {}", role.name))
                .step(format!("REVOKE {group_name} FROM {role_name}"), format!("GRANT {group_name} TO {role_name}"))
                .locking("none that blocks");
            let message = format!("{} is a member of {group}: it reaches the server's own files or programs.", role.name);
            findings.push(Finding::new(role.name.clone(), message).change(change).risks(0.6));
        }
    }
    for table in context.facts.catalog.tables() {
        const WRITES: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"];
        let public = table.grants.iter().filter(|grant| grant.grantee.eq_ignore_ascii_case("public")).flat_map(|grant| &grant.privileges);
        let rights: Vec<&str> = public.map(String::as_str).filter(|right| WRITES.contains(right)).collect();
        if !rights.is_empty() {
            let (on, list) = (ddl.object(&table.name), rights.join(", "));
            let change = Change::new(format!("Let only those who were granted it change {}", table.name))
                .step(format!("REVOKE {list} ON {on} FROM PUBLIC"), format!("GRANT {list} ON {on} TO PUBLIC"))
                .locking("none that blocks");
            findings
                .push(Finding::new(table.name.to_string(), format!("Everybody may {list} on {}.", table.name)).change(change).risks(0.5));
        }
    }
    findings
}

fn mysql(context: &Context<'_>) -> Vec<Finding> {
    const SERVER_WIDE: [&str; 5] = ["ALL PRIVILEGES", "SUPER", "FILE", "GRANT OPTION", "CREATE USER"];
    let mut findings = Vec::new();
    for role in context.facts.security.roles.iter().filter(|role| role.login && role.name.ends_with("@%")) {
        let rights: Vec<&str> =
            role.privileges.iter().map(String::as_str).filter(|right| SERVER_WIDE.contains(&right.to_ascii_uppercase().as_str())).collect();
        if role.superuser || !rights.is_empty() {
            let list = if rights.is_empty() { "all rights".to_owned() } else { rights.join(", ") };
            let message = format!("{} may log in from any host and has {list} over the whole server.", role.name);
            findings.push(Finding::new(role.name.clone(), message).risks(0.6));
        }
    }
    findings
}

fn one_for_all(context: &Context<'_>) -> Vec<Finding> {
    let able: Vec<&Role> = context.facts.security.roles.iter().filter(|role| role.login).collect();
    match able.as_slice() {
        [only] if only.superuser => {
            let message =
                format!("{} is the only account and may run every command: each program can flush, configure and shut down.", only.name);
            vec![Finding::new(only.name.clone(), message).severe(Severity::Info).risks(0.3)]
        }
        several => several.iter().filter(|role| role.superuser && !administers(&role.name)).map(|role| without_limits(role)).collect(),
    }
}

fn administers(name: &str) -> bool {
    has_word(name, &["admin", "administrator", "default", "operator", "ops", "root"])
}

fn without_limits(role: &Role) -> Finding {
    let message = format!("{} may run every command, CONFIG, ACL, DEBUG and SHUTDOWN among them.", role.name);
    let finding =
        Finding::new(role.name.clone(), message).evidence(Evidence::text("rules", role.privileges.join(" "), "ACL LIST")).risks(0.5);
    // A name that needs quoting is left to a person.
    let plain = role.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    finding.change_if(plain.then(|| {
        Change::new(format!("Take the commands of administration from {}; ACL SAVE or CONFIG REWRITE keeps it", role.name))
            .step(format!("ACL SETUSER {} -@admin", role.name), format!("ACL SETUSER {} +@admin", role.name))
            .by_lines()
            .locking("none that blocks; its open connections lose the right at once")
    }))
}
