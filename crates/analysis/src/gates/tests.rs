//! Every verdict of every gate, by mutation: a sound database passes, each defect fails, each missing fact leaves it open.

use dbwright_model::finding::Waiver;
use dbwright_model::gate::Enforcement;
use dbwright_model::policy::{Approval, Declared, Ignore, Policy};
use dbwright_model::report::Report;
use dbwright_model::{Engine, FactKind, Facts, Gate, GateVerdict, Grade, Reading, Severity, Verdict};

use super::exit_code;
use crate::testing::{healthy, patched};
use crate::{review, schema_hash};

/// The default policy with an approval of the schema of these facts.
fn approving(facts: &Facts) -> Policy {
    let schema_hash = schema_hash::of(&facts.catalog);
    Policy {
        approval: Some(Approval { by: "A. Architect".into(), on: "2026-11-01".into(), schema_hash, ..Approval::default() }),
        ..Policy::default()
    }
}

fn gate(report: &Report, gate: Gate) -> &GateVerdict {
    report.gates.iter().find(|verdict| verdict.gate == gate).unwrap()
}

fn verdict_of(facts: &Facts, which: Gate) -> Verdict {
    gate(&review(facts, &approving(facts)), which).verdict
}

/// The verdict of the gate over healthy PostgreSQL facts with a patch.
fn patched_verdict(patch: &str, which: Gate) -> Verdict {
    verdict_of(&patched(Engine::Postgresql, patch).unwrap(), which)
}

fn without(engine: Engine, kind: FactKind) -> Facts {
    let mut facts = healthy(engine);
    for entry in facts.coverage.iter_mut().filter(|entry| entry.fact == kind) {
        entry.state = Reading::Missing;
        entry.hint = Some("GRANT it".into());
    }
    facts
}

fn explain(report: &Report) -> String {
    let lines = report.gates.iter().flat_map(|gate| {
        gate.criteria.iter().map(move |one| format!("{} {:?} {}: {}", gate.gate.id(), one.verdict, one.criterion, one.detail))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_sound_server_passes_every_gate() {
    for engine in [Engine::Postgresql, Engine::Mysql, Engine::Mariadb] {
        let facts = healthy(engine);
        let report = review(&facts, &approving(&facts));
        for verdict in &report.gates {
            assert_eq!(verdict.verdict, Verdict::Pass, "{engine} {:?}\n{}", verdict.gate, explain(&report));
            assert!(verdict.criteria.iter().filter(|one| one.verdict == Verdict::Pass).all(|one| one.grade >= Grade::Observed));
        }
        assert_eq!(exit_code(&report, &[], Some(Severity::Warning)), 0);
    }
}

#[test]
fn schema_fails_by_each_defect_and_passes_without() {
    assert_eq!(patched_verdict("{}", Gate::Schema), Verdict::Pass);
    let keyless = r#"{"catalog": {"collections": [{"name": {"schema": "public", "name": "t"}, "fields": [{"name": "a", "type_name": "integer", "family": "integer"}]}]}}"#;
    assert_eq!(patched_verdict(keyless, Gate::Schema), Verdict::Fail);
    assert_eq!(verdict_of(&without(Engine::Postgresql, FactKind::Catalog), Gate::Schema), Verdict::Undecided);
}

#[test]
fn an_approval_holds_for_one_schema_only() {
    let facts = healthy(Engine::Postgresql);
    let unapproved = review(&facts, &Policy::default());
    assert_eq!(gate(&unapproved, Gate::Schema).verdict, Verdict::Undecided);
    assert!(explain(&unapproved).contains(&unapproved.schema_hash), "the hash to approve is shown");
    let policy = approving(&facts);
    let mut changed = facts.clone();
    changed.catalog.collections[0].fields[1].nullable = true;
    let report = review(&changed, &policy);
    assert_eq!(gate(&report, Gate::Schema).criteria.last().map(|one| one.verdict), Some(Verdict::Fail), "{}", explain(&report));
    let signed = Policy { approval: policy.approval.map(|approval| Approval { signed: true, ..approval }), ..Policy::default() };
    assert_eq!(gate(&review(&facts, &signed), Gate::Schema).criteria.last().map(|one| one.grade), Some(Grade::Proved));
}

#[test]
fn normal_form_needs_a_search_or_an_approval() {
    let mut facts = healthy(Engine::Postgresql);
    facts.data.dependencies.clear();
    let normal_form =
        |report: &Report| gate(report, Gate::Schema).criteria.iter().find(|one| one.criterion.contains("normal form")).unwrap().clone();
    let open = normal_form(&review(&facts, &Policy::default()));
    assert_eq!(open.verdict, Verdict::Undecided, "{}", open.detail);
    let approved = normal_form(&review(&facts, &approving(&facts)));
    assert!(approved.verdict == Verdict::Pass && approved.detail.contains("rests on the approval by A. Architect"), "{}", approved.detail);
    let searched = normal_form(&review(&healthy(Engine::Postgresql), &Policy::default()));
    assert!(searched.verdict == Verdict::Pass && !searched.detail.contains("approval"), "{}", searched.detail);
}

fn with_latency(change: impl Fn(&mut dbwright_model::workload::Latency)) -> Facts {
    let mut facts = healthy(Engine::Postgresql);
    for statement in &mut facts.workload.statements {
        statement.name = Some("log in".into());
        statement.latency.as_mut().into_iter().for_each(&change);
    }
    facts
}

#[test]
fn performance_is_judged_by_the_upper_bound() {
    let at = |low: f64, p95: f64, high: Option<f64>| {
        verdict_of(
            &with_latency(|latency| {
                latency.p95_ms = p95;
                latency.p95_low_ms = high.map(|_| low);
                latency.p95_high_ms = high;
            }),
            Gate::Performance,
        )
    };
    assert_eq!(at(98.0, 99.0, Some(99.9)), Verdict::Pass);
    assert_eq!(at(80.0, 90.0, Some(100.0)), Verdict::Undecided, "the limit itself is not below the limit");
    assert_eq!(at(90.0, 90.0, None), Verdict::Undecided, "too few samples");
    assert_eq!(at(99.0, 110.0, Some(120.0)), Verdict::Undecided, "the samples do not tell");
    assert_eq!(at(100.0, 110.0, Some(120.0)), Verdict::Fail);
}

#[test]
fn a_statement_may_have_its_own_limit() {
    let facts = with_latency(|latency| {
        latency.p95_ms = 300.0;
        latency.p95_low_ms = Some(290.0);
        latency.p95_high_ms = Some(310.0);
    });
    let mut policy = approving(&facts);
    assert_eq!(gate(&review(&facts, &policy), Gate::Performance).verdict, Verdict::Fail);
    policy.statement_sla_ms.insert("log in".into(), 400.0);
    assert_eq!(gate(&review(&facts, &policy), Gate::Performance).verdict, Verdict::Pass);
}

#[test]
fn performance_without_evidence_is_undecided() {
    for patch in [
        r#"{"workload": {"source": "none", "statements": []}}"#,
        r#"{"workload": {"evicted": 12}}"#,
        r#"{"workload": {"truncated": 1}}"#,
        r#"{"workload": {"statements": [{"text": "SELECT title FROM product WHERE id = 1", "calls": 9, "total_ms": 3}]}}"#,
    ] {
        assert_eq!(patched_verdict(patch, Gate::Performance), Verdict::Undecided, "{patch}");
    }
    let mut planless = healthy(Engine::Postgresql);
    planless.workload.statements[0].plan = None;
    assert_eq!(verdict_of(&planless, Gate::Performance), Verdict::Undecided);
    assert_eq!(verdict_of(&without(Engine::Postgresql, FactKind::Workload), Gate::Performance), Verdict::Undecided);
}

#[test]
fn a_mean_can_prove_that_a_limit_is_missed() {
    let mut facts = healthy(Engine::Postgresql);
    let statement = &mut facts.workload.statements[0];
    statement.latency = None;
    statement.fingerprint = "0123".into();
    statement.calls = Some(1000.0);
    statement.total_ms = Some(900_000.0);
    statement.deviation_ms = Some(10.0);
    let report = review(&facts, &approving(&facts));
    let latency = &gate(&report, Gate::Performance).criteria[1];
    assert_eq!(latency.verdict, Verdict::Fail, "{}", explain(&report));
    assert_eq!(latency.findings.len(), 1);
}

#[test]
fn integrity_fails_by_each_defect() {
    for patch in [
        r#"{"data": {"references": [{"table": {"schema": "public", "name": "sale"}, "columns": ["product_id"], "target": {"schema": "public", "name": "product"}, "orphans": 1, "checked": 9, "complete": true}]}}"#,
        r#"{"data": {"keys": [{"table": {"schema": "public", "name": "sale"}, "columns": ["id"], "duplicates": 1, "complete": true}]}}"#,
        r#"{"data": {"violations": [{"kind": "rule", "table": {"name": "sale"}, "declaration": "x", "rows": 1}]}}"#,
        r#"{"health": {"corrupt_pages": 1}}"#,
        r#"{"health": {"collation_mismatches": [["database store", "1", "2"]]}}"#,
    ] {
        assert_eq!(patched_verdict(patch, Gate::Integrity), Verdict::Fail, "{patch}");
    }
}

#[test]
fn integrity_is_open_while_rows_or_pages_were_not_checked() {
    assert_eq!(verdict_of(&without(Engine::Postgresql, FactKind::DataChecks), Gate::Integrity), Verdict::Undecided);
    assert_eq!(verdict_of(&without(Engine::Sqlite, FactKind::DataChecks), Gate::Integrity), Verdict::Undecided);
    let half =
        r#"{"data": {"keys": [{"table": {"schema": "public", "name": "sale"}, "columns": ["id"], "duplicates": 0, "complete": false}]}}"#;
    assert_eq!(patched_verdict(half, Gate::Integrity), Verdict::Undecided);
    assert_eq!(patched_verdict(r#"{"health": {"integrity_check": null, "corrupt_pages": null}}"#, Gate::Integrity), Verdict::Undecided);
    let unsummed = r#"{"health": {"integrity_check": null}, "settings": {"data_checksums": {"value": "off"}}}"#;
    assert_eq!(patched_verdict(unsummed, Gate::Integrity), Verdict::Undecided, "a count of zero says nothing without checksums");
}

#[test]
fn recovery_fails_by_each_defect() {
    let drill = |members: &str| {
        format!(
            r#"{{"backups": {{"drills": [{{"drill": "restore", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 40, "acknowledged": [1000, 0], "faults": 300, {members}}}]}}}}"#
        )
    };
    assert_eq!(patched_verdict(&drill(r#""hash": """#), Gate::Recovery), Verdict::Pass);
    for members in [r#""passed": false"#, r#""at": "2026-01-01T00:00:00Z""#, r#""recovery_seconds": 3600"#, r#""acknowledged": [1000, 1]"#]
    {
        // The last of two members of one name counts.
        let patch = drill(members);
        assert_eq!(patched_verdict(&patch, Gate::Recovery), Verdict::Fail, "{members}");
    }
    for patch in [
        r#"{"backups": {"backups": [{"kind": "dump", "location": "x", "taken_at": "2026-11-01T00:00:00Z"}]}}"#,
        r#"{"settings": {"fsync": {"value": "off"}}, "backups": {"durability": [["fsync", "off"]]}}"#,
        r#"{"backups": {"archiving": {"enabled": false}}}"#,
        r#"{"backups": {"archiving": {"enabled": true, "failed": 3, "last_failed": "2026-11-23T23:59:30Z"}}}"#,
    ] {
        assert_eq!(patched_verdict(patch, Gate::Recovery), Verdict::Fail, "{patch}");
    }
}

#[test]
fn recovery_is_open_without_proof() {
    let one_run = r#"{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "passed": true, "recovery_seconds": 2000, "acknowledged": [1000, 0], "faults": 300}]}}"#;
    assert_eq!(patched_verdict(one_run, Gate::Recovery), Verdict::Undecided, "the upper end of one run is twice its time");
    let no_faults = r#"{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "passed": true, "recovery_seconds": 20, "acknowledged": [1000, 0], "faults": 0}]}}"#;
    assert_eq!(patched_verdict(no_faults, Gate::Recovery), Verdict::Undecided);
    let other = r#"{"backups": {"drills": [{"drill": "restore", "at": "2026-11-22T00:00:00Z", "subject": "postgresql wiki", "passed": true, "recovery_seconds": 20, "acknowledged": [1000, 0], "faults": 3}]}}"#;
    assert_ne!(patched_verdict(other, Gate::Recovery), Verdict::Pass, "a drill of another database proves nothing here");
    let unseen = without(Engine::Postgresql, FactKind::Backups);
    let mut policy = approving(&unseen);
    policy.attested.insert("backups".into(), Declared { value: true, reason: "nightly, watched by operations".into() });
    assert_eq!(gate(&review(&unseen, &policy), Gate::Recovery).verdict, Verdict::Pass, "a word on record, beside drills that passed");
    for kind in [FactKind::Backups, FactKind::Archiving, FactKind::Settings] {
        assert_eq!(verdict_of(&without(Engine::Postgresql, kind), Gate::Recovery), Verdict::Undecided, "{kind:?}");
    }
}

#[test]
fn security_applies_by_its_condition() {
    let quiet = patched(Engine::Postgresql, r#"{"security": {"listen": ["localhost"]}}"#).unwrap();
    let report = review(&quiet, &approving(&quiet));
    let verdict = gate(&report, Gate::Security);
    assert!(verdict.verdict == Verdict::NotApplicable && verdict.reason.contains("this machine alone"), "{}", verdict.reason);
    let unknown = patched(Engine::Postgresql, r#"{"security": {"listen": [], "connection": {"reach": "socket"}}}"#).unwrap();
    assert_eq!(verdict_of(&unknown, Gate::Security), Verdict::Undecided);
    let mut blocking = approving(&quiet);
    blocking.enforcement.insert(Gate::Security, Enforcement::Blocking);
    assert_eq!(gate(&review(&quiet, &blocking), Gate::Security).verdict, Verdict::Pass, "blocking asks for no condition");
    let declared = Policy { sensitive_data: Some(Declared { value: true, reason: "patients".into() }), ..approving(&quiet) };
    assert!(gate(&review(&quiet, &declared), Gate::Security).reason.contains("patients"));
}

#[test]
fn security_fails_by_each_defect_and_is_open_without_facts() {
    for patch in [
        r#"{"security": {"plaintext_refused": false}}"#,
        r#"{"security": {"tls_minimum": "TLSv1.1"}}"#,
        r#"{"security": {"admission": [{"kind": "host", "databases": ["all"], "users": ["all"], "address": "10.0.0.0/8", "method": "trust"}]}}"#,
        r#"{"security": {"roles": [{"name": "store", "login": true, "password_method": "md5"}]}}"#,
        r#"{"security": {"roles": [{"name": "store", "login": true, "superuser": true, "sessions": 9}]}}"#,
        r#"{"target": {"version": "13.20"}}"#,
    ] {
        assert_eq!(patched_verdict(patch, Gate::Security), Verdict::Fail, "{patch}");
    }
    for kind in [FactKind::Transport, FactKind::Admission, FactKind::Roles, FactKind::Audit] {
        assert_eq!(verdict_of(&without(Engine::Postgresql, kind), Gate::Security), Verdict::Undecided, "{kind:?}");
    }
}

#[test]
fn a_word_on_record_fills_a_gap_and_nothing_else() {
    let facts = patched(Engine::Postgresql, r#"{"security": {"encrypted_at_rest": null}}"#).unwrap();
    let mut policy = approving(&facts);
    assert_eq!(gate(&review(&facts, &policy), Gate::Security).verdict, Verdict::Undecided);
    policy.attested.insert("at-rest".into(), Declared { value: true, reason: "LUKS".into() });
    let report = review(&facts, &policy);
    assert_eq!(gate(&report, Gate::Security).verdict, Verdict::Pass);
    assert!(explain(&report).contains("not seen by dbwright: LUKS"));
    policy.attested.insert("at-rest".into(), Declared { value: false, reason: "plain disks".into() });
    assert_eq!(gate(&review(&facts, &policy), Gate::Security).verdict, Verdict::Fail);
}

#[test]
fn nothing_of_a_scratch_server_is_taken_for_the_real_one() {
    let facts = patched(Engine::Postgresql, r#"{"target": {"scratch": true}}"#).unwrap();
    let report = review(&facts, &approving(&facts));
    let verdicts: Vec<Verdict> = report.gates.iter().map(|gate| gate.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass, Verdict::Pass, Verdict::Undecided, Verdict::Undecided], "{}", explain(&report));
    assert!(report.undecided_rules.iter().any(|one| one.rule == "recovery/durability-off"));
}

#[test]
fn an_embedded_project_passes_what_can_be_decided() {
    let mut facts = healthy(Engine::Sqlite);
    facts.target.scratch = true;
    facts.backups = dbwright_model::backup::Backups::default();
    for entry in &mut facts.coverage {
        if matches!(entry.fact, FactKind::Backups | FactKind::Drills) {
            entry.state = Reading::Missing;
        }
    }
    let report = review(&facts, &approving(&facts));
    let verdicts: Vec<Verdict> = report.gates.iter().map(|gate| gate.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass, Verdict::Pass, Verdict::Undecided, Verdict::NotApplicable], "{}", explain(&report));
    assert_eq!(exit_code(&report, &[], None), 3);
    assert_eq!(exit_code(&report, &[Gate::Schema, Gate::Performance, Gate::Integrity], None), 0);
}

const KEYLESS: &str = r#"{"catalog": {"collections": [{"name": {"schema": "public", "name": "t"}, "fields": [{"name": "a", "type_name": "integer", "family": "integer"}]}]}}"#;

#[test]
fn waivers_accept_a_gate_until_their_day() {
    let facts = patched(Engine::Postgresql, KEYLESS).unwrap();
    let mut policy = approving(&facts);
    let waiver = |until: &str| Waiver { reason: "legacy".into(), by: Some("B. Boss".into()), until: Some(until.into()) };
    policy.waivers.insert(Gate::Schema, waiver("2026-11-24"));
    let report = review(&facts, &policy);
    let verdict = gate(&report, Gate::Schema);
    assert!(verdict.verdict == Verdict::Waived && verdict.reason.contains("B. Boss") && verdict.reason.contains("legacy"));
    assert!(verdict.criteria.iter().any(|one| one.verdict == Verdict::Fail && one.waiver.is_some()), "what was waived stays visible");
    assert_eq!(exit_code(&report, &[Gate::Schema], None), 0);
    policy.waivers.insert(Gate::Schema, waiver("2026-11-23"));
    let report = review(&facts, &policy);
    assert_eq!(gate(&report, Gate::Schema).verdict, Verdict::Fail);
    assert!(report.notes.iter().any(|note| note.contains("expired")));
    policy.waivers.insert(Gate::Integrity, waiver("2026-12-31"));
    assert!(review(&facts, &policy).notes.iter().any(|note| note.contains("not needed")));
}

#[test]
fn ignores_and_baselines_accept_findings() {
    let facts = patched(Engine::Postgresql, KEYLESS).unwrap();
    let mut policy = approving(&facts);
    let first = review(&facts, &policy);
    assert_eq!(exit_code(&first, &[Gate::Schema], None), 1);
    policy.baseline = Some(crate::policy::baseline::read(&crate::policy::baseline::write(&first)).unwrap());
    let second = review(&facts, &policy);
    assert_eq!(gate(&second, Gate::Schema).verdict, Verdict::Waived, "{}", explain(&second));
    assert_eq!(exit_code(&second, &[Gate::Schema], Some(Severity::Info)), 0);
    let worse = patched(Engine::Postgresql, &KEYLESS.replace("\"t\"", "\"u\"")).unwrap();
    let third = review(&worse, &Policy { approval: approving(&worse).approval, ..policy.clone() });
    assert_eq!(exit_code(&third, &[Gate::Schema], None), 1, "what is new counts");
    assert!(third.notes.iter().any(|note| note.contains("no longer occur")));
    policy.baseline = None;
    for finding in first.findings.iter().filter(|one| one.rule.starts_with("schema/")) {
        let waiver = Waiver { reason: "known".into(), by: None, until: None };
        policy.ignores.push(Ignore { rule: finding.rule.clone(), object: finding.object.clone(), waiver });
    }
    let ignored = review(&facts, &policy);
    assert_eq!(gate(&ignored, Gate::Schema).verdict, Verdict::Waived, "{}", explain(&ignored));
}

#[test]
fn advisory_gates_never_block() {
    let facts = patched(Engine::Postgresql, KEYLESS).unwrap();
    let mut policy = approving(&facts);
    policy.enforcement.insert(Gate::Schema, Enforcement::Advisory);
    let report = review(&facts, &policy);
    assert_eq!(gate(&report, Gate::Schema).verdict, Verdict::Fail);
    assert_eq!(exit_code(&report, &[], None), 0);
    assert_eq!(exit_code(&report, &[], Some(Severity::Warning)), 1, "findings still reach the limit");
}

#[test]
fn a_gate_that_was_not_judged_is_undecided() {
    let mut report = review(&healthy(Engine::Postgresql), &Policy::default());
    report.gates.clear();
    assert_eq!(exit_code(&report, &[Gate::Recovery], None), 3);
}

#[test]
fn a_rule_that_does_not_exist_is_no_pass() {
    let facts = healthy(Engine::Postgresql);
    let report = crate::review::review_with(&facts, &approving(&facts), &[]);
    assert!(report.gates.iter().all(|gate| gate.verdict != Verdict::Pass), "{}", explain(&report));
}
