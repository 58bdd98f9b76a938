//! Names that attack the reader: each is planted wherever a report takes foreign text. It never plants one that a database
//! could not hold.

use dbwright_model::change::Change;
use dbwright_model::finding::Waiver;
use dbwright_model::report::Report;
use dbwright_model::workload::Origin;
use dbwright_model::{Evidence, Finding, ObjectName, Severity};

use super::sample;

/// Quotes, line breaks, terminal escapes, markup, right-to-left marks, 63 bytes of emoji, fences, CDATA ends.
pub const HOSTILE: [&str; 12] = [
    "it's \"quoted\" `back` [brackets] \\ $1",
    "line\nbreak\r\nand\ttab\u{2028}end",
    "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J",
    "<script>alert('x')</script>",
    "\"><img src=x onerror=alert(1)>",
    "rtl \u{202e}gnp.exe \u{2066}iso\u{2069} \u{200f}mark",
    "zero\u{200b}width\u{feff}joined\u{ad}soft",
    "🙈🙉🙊💥🙈🙉🙊💥🙈🙉🙊💥🙈🙉🙊",
    "``` \n# heading\n| a | b |\n````` <details> @everyone",
    "]]> <!-- --> &amp; </style></script>",
    "'; DROP TABLE orders; --",
    "javascript:alert(1)//%00\0",
];

/// The sample with every hostile name in every place, and a comment of a megabyte.
#[must_use]
pub fn hostile() -> Report {
    let mut report = sample();
    report.target.name = HOSTILE.join(" ");
    report.target.version = HOSTILE[2].to_owned();
    report.notes.extend(HOSTILE.map(str::to_owned));
    for (at, entry) in report.coverage.iter_mut().enumerate() {
        entry.detail = HOSTILE[at % HOSTILE.len()].to_owned();
        entry.hint = Some(HOSTILE[(at + 1) % HOSTILE.len()].to_owned());
    }
    report.findings.extend(HOSTILE.iter().enumerate().map(|(at, name)| finding(at, name)));
    report.findings.push(Finding { rule: "schema/wide-table".to_owned(), ..Finding::new("public.big", "c".repeat(1_000_000)) });
    for (at, criterion) in report.gates.iter_mut().flat_map(|gate| &mut gate.criteria).enumerate() {
        criterion.detail = HOSTILE[at % HOSTILE.len()].to_owned();
        criterion.criterion = HOSTILE[(at + 2) % HOSTILE.len()].to_owned();
    }
    for (at, metric) in report.metrics.iter_mut().enumerate() {
        metric.detail = HOSTILE[at % HOSTILE.len()].to_owned();
    }
    plant_in_facts(&mut report);
    report
}

fn finding(at: usize, name: &str) -> Finding {
    let mut finding = Finding::new(ObjectName::new(name, name).with_columns(&[name]), format!("{name} has a name that attacks."))
        .severe(Severity::Error)
        .evidence(Evidence::text(name, name, name))
        .change(Change::new(name).step(name, name).locking(name));
    finding.rule = "schema/reserved-name".to_owned();
    finding.fingerprint = format!("{at:016x}");
    finding.origin = Some(Origin { file: name.to_owned(), line: 0 });
    finding.waived = at.is_multiple_of(3).then(|| Waiver { reason: name.to_owned(), by: Some(name.to_owned()), until: None });
    finding
}

fn plant_in_facts(report: &mut Report) {
    let Some(facts) = report.facts.as_deref_mut() else { return };
    facts.target.name = HOSTILE.join("");
    for (at, table) in facts.catalog.collections.iter_mut().enumerate() {
        let name = HOSTILE[at % HOSTILE.len()];
        table.name = ObjectName::new(name, name);
        table.comment = Some(name.repeat(2000));
        for field in &mut table.fields {
            field.name = name.to_owned();
            field.type_name = name.to_owned();
        }
        for index in &mut table.indexes {
            index.name = name.to_owned();
        }
        for reference in &mut table.references {
            reference.target = ObjectName::new(HOSTILE[0], HOSTILE[0]);
            reference.name = name.to_owned();
        }
    }
    for (at, statement) in facts.workload.statements.iter_mut().enumerate() {
        let name = HOSTILE[at % HOSTILE.len()];
        statement.name = Some(name.to_owned());
        statement.text = name.repeat(500);
        if let Some(plan) = &mut statement.plan {
            plan.root.label = name.to_owned();
            plan.root.filter = Some(name.to_owned());
        }
    }
}
