//! `security/dangerous-feature`.

use dbwright_model::{FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SERVERS};
use crate::sensitivity;

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/dangerous-feature",
    title: "Feature that widens an intrusion",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Settings],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Features switched on that let somebody who is in reach further: untrusted languages, extensions that read files,
debugging and module commands, client-side file loading.

```facts finds postgresql
{"security": {"dangerous_features": ["untrusted language plpython3u"]}}
```

```facts finds redis
{"security": {"dangerous_features": ["enable-debug-command yes"]}}
```

```facts finds mysql
{"settings": {"local_infile": {"value": "ON"}}}
```

```facts quiet postgresql
{}
```

```facts quiet mysql
{}
```

## Why it matters
A stolen password of the database becomes an account on the machine, or a door to the next server.

## When not to follow
Where a program needs the feature and only its role can use it: ignore it with that reason. dblink is reported as
info, since only superusers connect through it without a password.

## Fix
Drop the extension or language, or set the option to its safe value.

## How we verify
Read from settings, extensions and languages. Afterwards it is gone.

## References
PostgreSQL manual, Procedural Languages. Redis manual, Security. MySQL manual, Security Considerations for LOAD DATA
LOCAL.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let alone = sensitivity::reachable(context.facts).value == Some(false);
    let mut features: Vec<String> = context.facts.security.dangerous_features.clone();
    if context.setting_on("local_infile") == Some(true) && !features.iter().any(|one| one.contains("local_infile")) {
        features.push("local_infile ON".to_owned());
    }
    features.iter().map(|feature| finding(feature, alone)).collect()
}

fn finding(feature: &str, alone: bool) -> Finding {
    let finding = Finding::new(feature, format!("Switched on: {feature}."));
    let minor = feature == "extension dblink" || alone && (feature.starts_with("protected-mode") || feature.starts_with("answers"));
    if minor { finding.severe(Severity::Info).risks(0.2) } else { finding.risks(0.4) }
}
