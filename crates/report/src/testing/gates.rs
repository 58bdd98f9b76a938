//! Verdicts and metrics of the sample shop: each verdict occurs once at least. It never follows the gates' own
//! texts: they may change, these stay.

use dbwright_model::gate::Enforcement;
use dbwright_model::report::Metric;
use dbwright_model::{Criterion, Gate, GateVerdict, Grade, Verdict};

use super::waived;

fn criterion(text: &str, verdict: Verdict, grade: Grade, detail: &str) -> Criterion {
    Criterion {
        criterion: text.to_owned(),
        verdict,
        grade,
        detail: detail.to_owned(),
        findings: Vec::new(),
        waiver: (verdict == Verdict::Waived).then(waived),
    }
}

fn gate(gate: Gate, verdict: Verdict, criteria: Vec<Criterion>) -> GateVerdict {
    let enforcement = if gate == Gate::Security { Enforcement::Conditional } else { Enforcement::Blocking };
    let reason =
        if gate == Gate::Security { "Applies: customers.email is personal data, and the server listens on a network." } else { "" };
    GateVerdict { gate, enforcement, verdict, reason: reason.to_owned(), criteria }
}

/// The five gates.
#[must_use]
pub fn gates() -> Vec<GateVerdict> {
    use Grade::{Inferred, Observed, Proved};
    use Verdict::{Fail, NotApplicable, Pass, Undecided, Waived};
    let mut slow = criterion(
        "Every statement meets its SLA",
        Fail,
        Observed,
        "2 of 7 timed statements are over 100 ms at p95; the worst takes 722 ms.",
    );
    slow.findings =
        super::findings().iter().filter(|finding| finding.rule == "query/over-sla").map(|finding| finding.fingerprint.clone()).collect();
    vec![
        gate(
            Gate::Schema,
            Waived,
            vec![
                criterion("Every table has a primary key", Waived, Observed, "1 of 12 has none: public.audit_log."),
                criterion("References are declared and typed alike", Pass, Observed, "10 references, all of their target's type."),
                criterion(
                    "An architect approved the schema as it stands",
                    Pass,
                    Proved,
                    "Signed by a.architect on 2026-09-01 for 7f3a90c1.",
                ),
            ],
        ),
        gate(
            Gate::Performance,
            Fail,
            vec![
                slow,
                criterion(
                    "No reference without index is on a hot path",
                    Fail,
                    Proved,
                    "public.orders(customer_id) costs 42 % of database time.",
                ),
                criterion("Plans are stable", Undecided, Inferred, "One plan a statement was seen; give a second day's facts."),
            ],
        ),
        gate(
            Gate::Integrity,
            Fail,
            vec![
                criterion("No row refers to nothing", Fail, Observed, "1,204 reviews name a product that does not exist."),
                criterion("Pages are whole", Pass, Observed, "Checksums are on; 0 corrupt pages."),
                criterion("Copies agree", NotApplicable, Observed, "There is no replica."),
            ],
        ),
        gate(
            Gate::Recovery,
            Undecided,
            vec![
                criterion(
                    "A backup younger than a day exists",
                    Undecided,
                    Inferred,
                    "No repository was named. Name one with --backups DIR.",
                ),
                criterion("A restore was drilled in the last 30 days", Undecided, Inferred, "No record. A restore drill makes one."),
            ],
        ),
        gate(Gate::Security, Pass, vec![criterion("Connections over the network are encrypted", Pass, Observed, "hostssl only; TLSv1.3.")]),
    ]
}

/// The five metrics.
#[must_use]
pub fn metrics() -> Vec<Metric> {
    let metric = |name: &str, value: Option<f64>, unit: &str, goal: f64, met: Option<bool>, detail: &str| Metric {
        metric: name.to_owned(),
        value,
        unit: unit.to_owned(),
        goal,
        met,
        detail: detail.to_owned(),
    };
    vec![
        metric("query_p95", Some(722.4), "ms", 100.0, Some(false), "Slowest of 7 timed statements of 10: open basket, 1600 samples."),
        metric("availability", None, "share", 0.9999, None, "Not measured: one look sees no time line. Probes keep the count."),
        metric(
            "lost_writes",
            Some(0.0),
            "writes",
            0.0,
            Some(true),
            "0 of 48,211 acknowledged in 120 faults: rarer than 2.5 % a fault, with 95 % confidence.",
        ),
        metric("recovery_time", Some(1260.0), "s", 3600.0, Some(true), "Restore drill of 2026-09-19, to the first validated query."),
        metric("storage_saving", Some(0.081), "share", 0.5, Some(false), "251 MB of 3.1 GB in 3 findings."),
    ]
}
