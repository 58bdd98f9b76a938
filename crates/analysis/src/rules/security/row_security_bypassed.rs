//! `security/row-security-bypassed`.

use dbwright_model::catalog::Collection;
use dbwright_model::change::Change;
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{POSTGRESQL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/row-security-bypassed",
    title: "Row security that does not hold",
    severity: Severity::Error,
    engines: POSTGRESQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Tables with row security policies that are switched off; tables whose owner, to whom policies do not apply unless
forced, has a program's sessions open; roles of programs that pass row security by.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "sale"}, "row_security": {"enabled": false, "forced": false, "policies": [{"name": "own_rows", "command": "ALL", "permissive": true, "roles": ["public"]}]}}]}}
```

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "sale"}, "owner": "store", "row_security": {"enabled": true, "forced": false, "policies": [{"name": "own_rows", "command": "ALL", "permissive": true, "roles": ["public"]}]}}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "sale"}, "owner": "store", "row_security": {"enabled": true, "forced": true, "policies": [{"name": "own_rows", "command": "ALL", "permissive": true, "roles": ["public"]}]}}]}}
```

```sql finds postgresql
CREATE TABLE note (id bigint PRIMARY KEY, tenant text NOT NULL);
CREATE POLICY own ON note USING (tenant = current_user);
```

```sql quiet postgresql
CREATE TABLE note (id bigint PRIMARY KEY, tenant text NOT NULL);
CREATE POLICY own ON note USING (tenant = current_user);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
ALTER TABLE note FORCE ROW LEVEL SECURITY;
```

## Why it matters
Everybody who reads the policies believes that tenants are kept apart. The program sees all rows all the same.

## When not to follow
Programs of operation that need all rows: reports, exports, backups.

## Fix
Switch row security on where policies exist; let the program log in as a role that does not own the table, or force it
for the owner.

## How we verify
Read from the catalog. Run as the role and count rows.

## References
PostgreSQL manual, Row Security Policies.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = context.facts.catalog.tables().filter_map(|table| table_finding(context, table)).collect();
    let uses_policies = context.facts.catalog.tables().any(|table| table.row_security.as_ref().is_some_and(|one| one.enabled));
    if uses_policies && context.judges_server() {
        let passing = context
            .facts
            .security
            .roles
            .iter()
            .filter(|role| role.bypasses_row_security && !role.superuser && role.sessions.unwrap_or(0) >= 3);
        findings.extend(passing.map(|role| {
            let message = format!("{} passes row security by and has a program's sessions open.", role.name);
            Finding::new(role.name.clone(), message).severe(Severity::Warning).risks(0.5)
        }));
    }
    findings
}

fn table_finding(context: &Context<'_>, table: &Collection) -> Option<Finding> {
    let security = table.row_security.as_ref().filter(|one| !one.policies.is_empty())?;
    let on = Ddl::of(context.facts).object(&table.name);
    if !security.enabled {
        let change = Change::new(format!("Switch row security of {} on: sessions see only what its policies let them", table.name))
            .step(format!("ALTER TABLE {on} ENABLE ROW LEVEL SECURITY"), format!("ALTER TABLE {on} DISABLE ROW LEVEL SECURITY"))
            .locking(format!("ACCESS EXCLUSIVE on {} for a moment", table.name));
        let message =
            format!("{} has {} policies, but row security is off: everybody sees every row.", table.name, security.policies.len());
        return Some(Finding::new(table.name.to_string(), message).change(change).risks(0.8));
    }
    let owner = context.facts.security.roles.iter().find(|role| Some(&role.name) == table.owner.as_ref())?;
    if security.forced || !context.judges_server() || owner.superuser || owner.sessions.unwrap_or(0) < 3 {
        return None;
    }
    let change = Change::new(format!("Apply the policies of {} to its owner too", table.name))
        .step(format!("ALTER TABLE {on} FORCE ROW LEVEL SECURITY"), format!("ALTER TABLE {on} NO FORCE ROW LEVEL SECURITY"))
        .locking(format!("ACCESS EXCLUSIVE on {} for a moment", table.name));
    let message = format!("A program logs in as {}, who owns {}: its policies do not apply to the owner.", owner.name, table.name);
    Some(Finding::new(table.name.to_string(), message).severe(Severity::Warning).change(change).risks(0.6))
}
