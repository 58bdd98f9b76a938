//! `security/readable-files`.

use dbwright_model::security::FileMode;
use dbwright_model::{Evidence, FactKind, Finding, Severity};

use crate::context::Context;
use crate::rule::{Rule, SQL};
use crate::sensitivity::Condition;

/// The rule.
pub static RULE: Rule = Rule {
    id: "security/readable-files",
    title: "Files that others may read or write",
    severity: Severity::Warning,
    engines: SQL,
    needs: &[FactKind::Files],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Files and directories of the database that other accounts of the machine may write (error), keys that others may read
(error), and database files that others may read (a warning where the data look sensitive, else info).

```facts finds sqlite
{"security": {"files": [{"what": "database", "path": "store.db", "mode": 438}]}}
```

```facts finds sqlite
{"security": {"files": [{"what": "database", "path": "store.db", "mode": 420}]}}
```

```facts quiet sqlite
{"security": {"files": [{"what": "database", "path": "store.db", "mode": 384}, {"what": "directory", "path": ".", "mode": 493}]}}
```

## Why it matters
File modes are the only guard of an embedded database. Who can write its directory can lay a journal beside it that is
then played into the file.

## When not to follow
Machines with a single account.

## Fix
`chmod 600` the files and `chmod 700` their directory, owned by the program's account.

## How we verify
Read from the file system. Afterwards the modes are tight.

## References
SQLite manual, How To Corrupt An SQLite Database File; Temporary Files Used By SQLite, rollback journals.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    let sensitive = Condition::of(context.facts, context.policy).sensitive.value == Some(true);
    context.facts.security.files.iter().filter_map(|file| finding(file, sensitive)).collect()
}

fn finding(file: &FileMode, sensitive: bool) -> Option<Finding> {
    let others = file.mode & 0o007;
    let sticky = file.mode & 0o1000 != 0;
    let make = |message: String| {
        Finding::new(file.path.clone(), message).evidence(Evidence::text("mode", format!("{:04o}", file.mode & 0o7777), "file system"))
    };
    if file.what == "key" && file.mode & 0o077 != 0 {
        return Some(make(format!("The key {} may be read by others.", file.path)).severe(Severity::Error).risks(0.8));
    }
    if file.what == "directory" {
        // A sticky directory is one where all may add files, but not replace those of others.
        return (others & 0o2 != 0).then(|| {
            let finding = make(format!("Every account may add files beside the database in {}.", file.path));
            if sticky { finding.severe(Severity::Info).risks(0.2) } else { finding.risks(0.5) }
        });
    }
    if others & 0o2 != 0 {
        return Some(make(format!("Every account may write {}.", file.path)).severe(Severity::Error).risks(0.8));
    }
    (others & 0o4 != 0).then(|| {
        let finding = make(format!("Every account may read {}.", file.path));
        if sensitive { finding.risks(0.4) } else { finding.severe(Severity::Info).risks(0.1) }
    })
}
