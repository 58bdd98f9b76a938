//! `security/public-create`.

use dbwright_model::catalog::Grant;
use dbwright_model::change::Change;
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{POSTGRESQL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/public-create",
    title: "Everybody may create objects",
    severity: Severity::Warning,
    engines: POSTGRESQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Schemas in which PUBLIC may create objects.

```facts finds postgresql
{"catalog": {"schemas": [{"name": "public", "grants": [{"grantee": "PUBLIC", "privileges": ["CREATE", "USAGE"]}]}]}}
```

```facts quiet postgresql
{"catalog": {"schemas": [{"name": "public", "grants": [{"grantee": "PUBLIC", "privileges": ["USAGE"]}]}]}}
```

## Why it matters
Any role can put a function or table there that others then call by mistake, with their rights (CVE-2018-1058). It was
the default before version 15.

## When not to follow
Databases of a single role.

## Fix
Revoke it, and grant CREATE to the role that runs migrations.

## How we verify
Read from the catalog. Afterwards the privilege is gone.

## References
PostgreSQL manual, Schemas, Usage Patterns; CVE-2018-1058.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let may_create = |grant: &Grant| {
        grant.grantee.eq_ignore_ascii_case("public") && grant.privileges.iter().any(|one| one.eq_ignore_ascii_case("create"))
    };
    let open = context.facts.catalog.schemas.iter().filter(|schema| schema.grants.iter().any(may_create));
    open.map(|schema| {
        let name = Ddl::of(context.facts).name(&schema.name);
        let change = Change::new(format!("Let nobody create objects in {} without a grant of their own", schema.name))
            .step(format!("REVOKE CREATE ON SCHEMA {name} FROM PUBLIC"), format!("GRANT CREATE ON SCHEMA {name} TO PUBLIC"))
            .locking("none that blocks");
        Finding::new(schema.name.clone(), format!("Everybody may create objects in schema {}.", schema.name)).change(change).risks(0.4)
    })
    .collect()
}
