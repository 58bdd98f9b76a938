//! `security/sensitive-data-unprotected`.

use dbwright_model::catalog::{Collection, Grant};
use dbwright_model::change::Change;
use dbwright_model::{Engine, FactKind, Finding, Grade, ObjectName, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{Rule, SQL_SERVERS};
use crate::sensitivity::{self, SensitiveColumn};

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/sensitive-data-unprotected",
    title: "Sensitive columns that everybody may read",
    severity: Severity::Error,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Tables with columns that look sensitive which PUBLIC, or an anonymous role of a service, may read without row
security; and columns that hold card verification numbers, which nobody may keep.

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "person"}, "fields": [{"name": "email", "type_name": "text", "family": "text"}], "grants": [{"grantee": "PUBLIC", "privileges": ["SELECT"]}]}]}}
```

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "card"}, "fields": [{"name": "cvv", "type_name": "text", "family": "text"}]}]}}
```

```facts quiet postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "person"}, "fields": [{"name": "email", "type_name": "text", "family": "text"}], "grants": [{"grantee": "store", "privileges": ["SELECT"]}]}]}}
```

```sql finds postgresql
CREATE TABLE person (id bigint PRIMARY KEY, email text NOT NULL);
GRANT SELECT ON person TO PUBLIC;
```

```sql quiet postgresql
CREATE TABLE person (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE town (id bigint PRIMARY KEY, name text NOT NULL);
GRANT SELECT ON town TO PUBLIC;
```

## Why it matters
Every account, the weakest included, reads them all. Card verification numbers may not be stored after the payment,
encrypted or not (PCI DSS 3.3).

## When not to follow
Tables that hold no persons' data in spite of their names: declare it under [data] sensitive, or ignore the table.

## Fix
Revoke the right and grant it to the roles that need it, column by column if need be; row security for tenants. Delete
verification numbers.

## How we verify
Read from grants and the names and forms of columns; no value is kept or shown. Afterwards the right is gone.

## References
PCI DSS 4.0, requirement 3.3. PostgreSQL manual, Privileges.
"#;

const ANYBODY: [&str; 2] = ["public", "anon"];

fn check(context: &Context<'_>) -> Vec<Finding> {
    if context.policy.sensitive_data.as_ref().is_some_and(|declared| !declared.value) {
        return Vec::new();
    }
    let mut by_table: std::collections::BTreeMap<ObjectName, Vec<SensitiveColumn>> = std::collections::BTreeMap::new();
    for column in sensitivity::columns(context.facts) {
        by_table.entry(column.table.clone()).or_default().push(column);
    }
    let mut findings = Vec::new();
    for (name, columns) in by_table {
        let Some(table) = context.collection(&name) else { continue };
        findings.extend(readable(context, table, &columns));
        findings.extend(columns.iter().filter(|one| is_verification(&one.column)).map(|one| {
            let object = name.with_columns(&[&one.column]);
            let message = format!("{object} looks like a card verification number, which may not be kept after a payment.");
            Finding::new(object, message).severe(Severity::Warning).graded(Grade::Inferred).risks(0.6)
        }));
    }
    findings
}

fn is_verification(column: &str) -> bool {
    column.split('_').any(|word| ["cvv", "cvc", "cvv2", "cvc2"].contains(&word.to_ascii_lowercase().as_str()))
}

fn readable(context: &Context<'_>, table: &Collection, columns: &[SensitiveColumn]) -> Option<Finding> {
    if table.row_security.as_ref().is_some_and(|one| one.enabled) {
        return None;
    }
    let reads = |grant: &&Grant| {
        ANYBODY.contains(&grant.grantee.to_ascii_lowercase().as_str())
            && grant.privileges.iter().any(|one| one.eq_ignore_ascii_case("select"))
    };
    let grant = table.grants.iter().find(reads)?;
    let names: Vec<&str> = columns.iter().map(|one| one.column.as_str()).collect();
    let ddl = Ddl::of(context.facts);
    let grantee = if grant.grantee.eq_ignore_ascii_case("public") { "PUBLIC".to_owned() } else { ddl.name(&grant.grantee) };
    let on = ddl.object(&table.name);
    let change = Change::new(format!("Let only those who were granted it read {}", table.name))
        .step(format!("REVOKE SELECT ON {on} FROM {grantee}"), format!("GRANT SELECT ON {on} TO {grantee}"))
        .locking("none that blocks");
    let message = format!("{} may read {} of {}, which look sensitive.", grant.grantee, names.join(", "), table.name);
    let finding = Finding::new(table.name.with_columns(&names), message).risks(0.8);
    Some(if context.engine() == Engine::Postgresql { finding.change(change) } else { finding })
}
