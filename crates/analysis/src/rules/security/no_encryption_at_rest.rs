//! `security/no-encryption-at-rest`.

use dbwright_model::{FactKind, Finding, Grade, Severity};

use crate::context::Context;
use crate::rule::{ALL, Rule};
use crate::sensitivity::Condition;

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/no-encryption-at-rest",
    title: "Sensitive data in clear on disk",
    severity: Severity::Info,
    engines: ALL,
    needs: &[FactKind::AtRest],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Databases with columns that look sensitive whose engine does not encrypt its files. Whether the disk below is
encrypted can't be seen from here, so this is a warning only where the policy says that it is not.

```facts finds sqlite
{"security": {"encrypted_at_rest": false}, "catalog": {"collections": [{"name": {"name": "person"}, "fields": [{"name": "email", "type_name": "TEXT", "family": "text"}]}]}}
```

```facts quiet sqlite
{"security": {"encrypted_at_rest": false}}
```

```facts quiet postgresql
{}
```

## Why it matters
A disk that is sold, stolen or returned, a snapshot copied by mistake, gives away every row.

## When not to follow
Where the disk is encrypted: say so, once, under [attest] at-rest.

## Fix
Encrypt the disk (LUKS, the cloud provider's keys) or let the engine encrypt, and keep the key elsewhere. Then attest
it in dbwright.toml.

## How we verify
Read from the engine, or attested in the policy. Copy the file elsewhere and look for a known value in it.

## References
NIST SP 800-111, storage encryption; SQLite and MariaDB manuals on encryption.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let (facts, word) = (context.facts, context.policy.attested.get("at-rest"));
    let sensitive = Condition::of(facts, context.policy).sensitive;
    if facts.security.encrypted_at_rest == Some(true) || sensitive.value != Some(true) || word.is_some_and(|word| word.value) {
        return Vec::new();
    }
    if facts.security.encrypted_at_rest.is_none() && word.is_none() {
        return Vec::new();
    }
    let finding = Finding::new("database", format!("The engine does not encrypt its files. {}", sensitive.reason));
    vec![if word.is_some() { finding.severe(Severity::Warning).risks(0.6) } else { finding.graded(Grade::Inferred).risks(0.3) }]
}
