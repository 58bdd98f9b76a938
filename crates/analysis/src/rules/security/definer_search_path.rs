//! `security/definer-search-path`.

use dbwright_model::catalog::Routine;
use dbwright_model::change::Change;
use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::ddl::Ddl;
use crate::rule::{POSTGRESQL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/definer-search-path",
    title: "Function with its owner's rights and the caller's search path",
    severity: Severity::Warning,
    engines: POSTGRESQL,
    needs: &[FactKind::Catalog],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Functions with SECURITY DEFINER that do not fix their search path. An error where everybody may call one that belongs
to a superuser.

```facts finds postgresql
{"catalog": {"routines": [{"name": {"schema": "public", "name": "close_month"}, "arguments": "integer", "language": "plpgsql", "security_definer": true, "owner": "store_owner"}]}}
```

```facts quiet postgresql
{"catalog": {"routines": [{"name": {"schema": "public", "name": "close_month"}, "arguments": "integer", "language": "plpgsql", "security_definer": true, "fixed_search_path": true, "owner": "store_owner"}, {"name": {"schema": "public", "name": "tidy"}, "language": "sql"}]}}
```

```sql finds postgresql
CREATE FUNCTION answer() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 42';
```

```sql quiet postgresql
CREATE FUNCTION answer() RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 42';
CREATE FUNCTION question() RETURNS integer LANGUAGE sql AS 'SELECT 6 * 9';
```

## Why it matters
The caller puts a schema of his own in front and lets the function call his operators and tables with its owner's
rights.

## When not to follow
Functions whose every name is written with its schema, operators too.

## Fix
Fix the search path of the function, temporary objects last.

## How we verify
Read from pg_proc.proconfig. Afterwards the function has its own search path.

## References
PostgreSQL manual, CREATE FUNCTION, Writing SECURITY DEFINER Functions Safely.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let routines = context.facts.catalog.routines.iter();
    let open = routines.filter(|one| one.security_definer && !one.fixed_search_path && !matches!(one.language.as_str(), "c" | "internal"));
    open.map(|one| finding(context, one)).collect()
}

fn finding(context: &Context<'_>, routine: &Routine) -> Finding {
    let ddl = Ddl::of(context.facts);
    let signature = format!("{}({})", ddl.object(&routine.name), routine.arguments);
    let schema = routine.name.schema.as_deref().unwrap_or("public");
    let change = Change::new(format!("Fix the search path of {}", routine.name))
        .step(
            format!("ALTER ROUTINE {signature} SET search_path = pg_catalog, {}, pg_temp", ddl.name(schema)),
            format!("ALTER ROUTINE {signature} RESET search_path"),
        )
        .locking("none that blocks");
    let superuser = context.facts.security.roles.iter().any(|role| role.superuser && role.name == routine.owner);
    let message = format!("{} runs with the rights of {} and the search path of its caller.", routine.name, routine.owner);
    let finding = Finding::new(routine.name.to_string(), message).change(change);
    if superuser && routine.public_execute && context.judges_server() {
        finding.severe(Severity::Error).risks(0.8)
    } else {
        finding.risks(0.4)
    }
}
