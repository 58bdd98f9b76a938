//! Reports to test renderers with: a believable shop, the same with hostile names, and big ones. Never part of a release.

mod facts;
mod findings;
mod gates;
mod hostile;

use dbwright_model::ObjectName;
use dbwright_model::catalog::{Catalog, Collection, Field, Key, Reference, TypeFamily};
use dbwright_model::report::{REPORT_SCHEMA, Report, Target, Tool, UndecidedRule};
use dbwright_model::{Coverage, FactKind, Finding, Reading, Severity};

use crate::{Catalogue, Format, Options, RulePage, render};

pub use facts::{facts, taken_at};
pub use findings::{findings, waived};
pub use gates::{gates, metrics};
pub use hostile::{HOSTILE, hostile};

/// A review of a shop on PostgreSQL with a dozen faults, one of them accepted and one known before.
#[must_use]
pub fn sample() -> Report {
    let facts = facts();
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        tool: Tool { name: "dbwright".to_owned(), version: "0.1.0".to_owned() },
        target: Target {
            engine: facts.target.engine,
            version: facts.target.version.clone(),
            name: facts.target.name.clone(),
            scratch: false,
        },
        taken_at: taken_at(),
        coverage: facts.coverage.clone(),
        findings: findings(),
        gates: gates(),
        metrics: metrics(),
        notes: vec!["The ignore of index/unused on public.old_* matched nothing.".to_owned()],
        undecided_rules: vec![
            UndecidedRule { rule: "recovery/no-backup".to_owned(), missing: vec!["backups".to_owned()] },
            UndecidedRule { rule: "security/no-encryption-at-rest".to_owned(), missing: vec!["at-rest".to_owned()] },
        ],
        rules_judged: 93,
        schema_hash: "7f3a90c1d2e4b586".to_owned(),
        facts: Some(Box::new(facts)),
    }
}

/// The shop mended: nothing found, all that can be decided passes.
#[must_use]
pub fn clean() -> Report {
    let mut report = sample();
    report.findings.clear();
    report.notes.clear();
    report.undecided_rules.clear();
    for gate in &mut report.gates {
        gate.verdict = dbwright_model::Verdict::Pass;
        for criterion in &mut gate.criteria {
            criterion.verdict = dbwright_model::Verdict::Pass;
            criterion.findings.clear();
        }
    }
    report.coverage.retain(|entry| entry.state == Reading::Read);
    report
}

/// A report of so many findings over fifty tables and the sample's rules, worst first.
#[must_use]
pub fn many(count: usize) -> Report {
    let mut report = sample();
    let patterns = findings();
    report.findings = (0..count)
        .map(|at| {
            let mut finding = patterns[at * patterns.len() / count.max(1)].clone();
            finding.object = format!("public.table_{}(column_{at})", at % 50);
            finding.fingerprint = format!("{at:016x}");
            finding
        })
        .collect();
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    report
}

/// A catalog of so many tables as schemas have them: modules of about a dozen, each around one of its own; a few tables that
/// every module refers to; some that stand alone; a cycle and a reference to itself.
#[must_use]
pub fn catalog(tables: usize) -> Catalog {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap_or_default() % limit.max(1)
    };
    let mut collections: Vec<Collection> = Vec::new();
    for at in 0..tables {
        let mut table = plain_table(at, 4 + below(9));
        let module = at - at % 12;
        for reference in 0..[1, 1, 2, 0, 1, 2, 1, 2][below(8)] {
            let target = match below(10) {
                0..=5 if at > module => module + below(at - module) * below(3) / 2,
                6 | 7 => below(3),
                8 => below(at + 1),
                _ => module,
            };
            if target < at {
                refer(&mut table, target, reference == 1);
            }
        }
        collections.push(table);
    }
    if tables > 5 {
        refer(&mut collections[4], 4, true);
        refer(&mut collections[1], 5, true);
        refer(&mut collections[5], 1, false);
    }
    Catalog { collections, ..Catalog::default() }
}

fn plain_table(at: usize, fields: usize) -> Collection {
    const NAMES: [&str; 12] =
        ["account", "order", "invoice", "shipment", "ledger", "audit", "product", "price", "session", "message", "report", "address"];
    let mut columns =
        vec![Field { name: "id".to_owned(), type_name: "bigint".to_owned(), family: TypeFamily::Integer, ..Field::default() }];
    columns.extend((1..fields).map(|field| Field {
        name: format!("c{field}"),
        type_name: ["text", "timestamptz", "numeric(12,2)", "boolean"][field % 4].to_owned(),
        nullable: field % 2 == 0,
        ..Field::default()
    }));
    Collection {
        name: ObjectName::new("public", format!("{}_{at}", NAMES[at % NAMES.len()])),
        fields: columns,
        keys: vec![Key { columns: vec!["id".to_owned()], primary: true, ..Key::default() }],
        ..Collection::default()
    }
}

fn refer(table: &mut Collection, target: usize, optional: bool) {
    let target = plain_table(target, 1).name;
    let column = format!("{}_id", target.name);
    table.fields.push(Field { name: column.clone(), type_name: "bigint".to_owned(), nullable: optional, ..Field::default() });
    table.references.push(Reference { columns: vec![column], target, target_columns: vec!["id".to_owned()], ..checked() });
}

fn checked() -> Reference {
    Reference { validated: true, enforced: true, ..Reference::default() }
}

/// Pages of the rules that the sample names.
#[must_use]
pub fn catalogue() -> Catalogue {
    let mut rules: Vec<RulePage> = Vec::new();
    for finding in findings() {
        if rules.iter().all(|page| page.id != finding.rule) {
            rules.push(page(&finding));
        }
    }
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    Catalogue { rules }
}

fn page(finding: &Finding) -> RulePage {
    let name = finding.rule.split('/').nth(1).unwrap_or_default().replace('-', " ");
    RulePage {
        id: finding.rule.clone(),
        title: format!("{}{}", name[..1].to_uppercase(), &name[1..]),
        severity: finding.severity,
        docs: format!(
            "\n## Finds\nWhat the name says: {name}. The *catalog* is read, `pg_stat_user_tables` too.\n\n```sql finds\nCREATE TABLE a (id INTEGER PRIMARY KEY);\nCREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a);\n```\n\n\
             ## Why it matters\nEach delete of a parent row reads the whole child table, under a lock.\n\n- reads grow with the table\n- locks are held for longer\n\n\
             ## When not to follow\nParents that are never deleted, children of a **few hundred** rows.\n\n## Fix\nBuild the index without blocking writes.\n\n\
             ## How we verify\nThe change is applied to a copy; the finding is gone.\n\n## References\nPostgreSQL manual, Constraints.\n"
        ),
    }
}

/// The forms in which a text shows up when the report is rendered: none may hold a planted secret.
#[must_use]
pub fn forms_showing(report: &Report, catalogue: &Catalogue, text: &str) -> Vec<Format> {
    let options = Options { verbose: true, ..Options::default() };
    Format::ALL.into_iter().filter(|format| render(*format, report, catalogue, &options).contains(text)).collect()
}

/// An entry of the coverage.
#[must_use]
pub fn coverage(fact: FactKind, state: Reading, detail: &str, hint: Option<&str>) -> Coverage {
    Coverage { fact, state, detail: detail.to_owned(), hint: hint.map(str::to_owned) }
}

/// How many open findings of a severity a report has.
#[must_use]
pub fn open(report: &Report, severity: Severity) -> usize {
    report.findings.iter().filter(|finding| finding.severity == severity && finding.waived.is_none()).count()
}
