//! `security/outdated-server`.

use dbwright_model::{Evidence, FactKind, Finding, Severity};

use super::versions;
use crate::context::Context;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/outdated-server",
    title: "Server lacks security fixes",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Settings],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Servers whose minor release is behind the one with all fixes known to this version of dbwright, and, as errors,
servers whose release is out of support.

```facts finds postgresql
{"target": {"version": "15.18"}}
```

```facts finds postgresql
{"target": {"version": "12.22"}}
```

```facts quiet postgresql
{"target": {"version": "15.20"}}
```

```facts quiet mysql
{"target": {"version": "8.4.7"}}
```

## Why it matters
The holes are published with the fixes: whoever wants in reads what to try.

## When not to follow
Distributions backport fixes without changing the number: Debian's 15.18-0+deb12u2 may hold what 15.20 has. Look into
the package's changelog, then ignore the finding with that reason and an end.

## Fix
Install the newest minor release: it needs a restart and no migration. Out of support: plan the upgrade.

## How we verify
The version that the server names is compared with a dated table.

## References
PostgreSQL versioning policy and security pages; release policies of MySQL, MariaDB, Redis and Valkey.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let target = &context.facts.target;
    let version = versions::numbers(&target.version);
    let Some(series) = versions::series_of(target.engine, &version).filter(|_| context.judges_server()) else { return Vec::new() };
    let text = |numbers: &[u32]| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    let evidence = Evidence::text("version", target.version.clone(), format!("server; table as of {}", versions::AS_OF));
    if !series.supported {
        let message = format!("{} {} gets no fixes any more: {}.", target.engine, target.version, series.reason);
        return vec![Finding::new("server", message).severe(Severity::Error).evidence(evidence).risks(0.8)];
    }
    if version.as_slice() >= series.fixed || version.len() < series.fixed.len() {
        return Vec::new();
    }
    let message = format!(
        "{} {} lacks {}, unless the distribution has backported it; {} has it.",
        target.engine,
        target.version,
        series.reason,
        text(series.fixed)
    );
    let managed = target.service.is_some();
    let finding = Finding::new("server", message).evidence(evidence).risks(0.4);
    vec![if managed { finding.severe(Severity::Info) } else { finding }]
}
