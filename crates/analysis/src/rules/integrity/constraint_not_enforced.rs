//! `integrity/constraint-not-enforced`.

use dbwright_model::{Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL_SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "integrity/constraint-not-enforced",
    title: "Constraint that is declared and not enforced",
    severity: Severity::Error,
    engines: SQL_SERVERS,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Foreign keys and checks that the engine does not enforce: declared NOT ENFORCED, or with their triggers switched off;
roles and servers that switch enforcement off for a whole session (`session_replication_role`, `foreign_key_checks`,
`check_constraint_checks`).

```facts finds postgresql
{"catalog": {"collections": [{"name": {"schema": "public", "name": "sale"}, "references": [{"name": "sale_product_id_fkey", "columns": ["product_id"], "target": {"schema": "public", "name": "product"}, "target_columns": ["id"], "validated": true, "enforced": false}]}]}}
```

```facts finds mysql
{"settings": {"foreign_key_checks": {"value": "OFF"}}}
```

```facts quiet postgresql
{}
```

```facts quiet mysql
{}
```

```sql finds postgresql
CREATE TABLE author (id bigint PRIMARY KEY);
CREATE TABLE book (id bigint PRIMARY KEY, author_id bigint REFERENCES author (id));
ALTER TABLE book DISABLE TRIGGER ALL;
```

## Why it matters
Everybody who reads the schema believes that the rule holds. Nothing makes it hold.

## When not to follow
While a bulk load is under way that switches enforcement on again and then checks the rows.

## Fix
Enforce it again, and validate the rows that came in meanwhile.

## How we verify
Read from the catalog, the triggers and the settings. Afterwards the constraint counts as enforced.

## References
PostgreSQL manual, ALTER TABLE, DISABLE TRIGGER; session_replication_role. MySQL manual, foreign_key_checks.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in context.facts.catalog.tables() {
        for one in table.references.iter().filter(|one| !one.enforced) {
            let message = format!("Foreign key {} of {} is declared and not enforced: rows may refer to nothing.", one.name, table.name);
            findings.push(Finding::new(table.name.with_columns(&one.columns), message).risks(0.8));
        }
        for one in table.checks.iter().filter(|one| !one.enforced) {
            let message = format!("Check {} of {} is declared and not enforced.", one.name, table.name);
            findings.push(
                Finding::new(table.name.to_string(), message)
                    .evidence(Evidence::text("check", one.expression.clone(), "catalog"))
                    .risks(0.6),
            );
        }
    }
    findings.extend(settings(context));
    findings
}

/// Sessions and servers that skip constraints as a whole.
fn settings(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let off = |name: &&str| context.setting_on(name) == Some(false);
    let server = ["foreign_key_checks", "check_constraint_checks"].into_iter().filter(off).map(|name| {
        let message = format!("{name} is off for every new session: constraints are declared and not enforced.");
        Finding::new(name, message).change_if(context.change_setting(name, "ON", "Enforce constraints in new sessions")).risks(0.8)
    });
    let skips = |setting: &String| setting.replace(' ', "").eq_ignore_ascii_case("session_replication_role=replica");
    let roles = context.facts.security.roles.iter().filter(|role| role.settings.iter().any(skips)).map(|role| {
        let message =
            format!("Sessions of {} run with session_replication_role = replica: their writes skip foreign keys and triggers.", role.name);
        Finding::new(role.name.clone(), message).risks(0.8)
    });
    server.chain(roles).collect()
}
