//! The main function: facts and policy in, report out. It never reads anything but its arguments, so equal facts and
//! policy give an equal report.

use std::collections::{BTreeMap, HashMap, HashSet};

use dbwright_model::policy::Policy;
use dbwright_model::report::{REPORT_SCHEMA, Report, Target, Tool, UndecidedRule};
use dbwright_model::security::Reach;
use dbwright_model::workload::Origin;
use dbwright_model::{FactKind, Facts, Finding, Reading};

use crate::context::Context;
use crate::gates::{self, Judged};
use crate::policy::ignores::Ignores;
use crate::rule::Rule;
use crate::{metrics, rules, schema_hash};

/// Kinds of facts that a scratch server says nothing about: they are those of our own server, not of the user's.
const NOT_OF_SCRATCH: [FactKind; 9] = [
    FactKind::Settings,
    FactKind::Topology,
    FactKind::Admission,
    FactKind::Transport,
    FactKind::AtRest,
    FactKind::Audit,
    FactKind::Files,
    FactKind::Backups,
    FactKind::Archiving,
];

/// Judges a database by every registered rule and the five gates.
#[must_use]
pub fn review(facts: &Facts, policy: &Policy) -> Report {
    review_with(facts, policy, &rules::all())
}

/// Judges a database by these rules and the five gates.
#[must_use]
pub fn review_with(facts: &Facts, policy: &Policy, catalogue: &[&'static Rule]) -> Report {
    let mut sweep = sweep(&Context::new(facts, policy), catalogue);
    let mut notes = remarks(facts, policy);
    complete(&mut sweep.findings, facts, policy, &mut notes);
    sort(&mut sweep.findings);
    let schema_hash = schema_hash::of(&facts.catalog);
    let judged = Judged::new(facts, policy, &sweep.findings, &sweep.undecided, catalogue, &schema_hash);
    let gates = gates::judge(&judged, &mut notes);
    let metrics = metrics::measure(facts, policy, &sweep.findings);
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        tool: Tool { name: "dbwright".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        target: Target {
            engine: facts.target.engine,
            version: facts.target.version.clone(),
            name: facts.target.name.clone(),
            scratch: facts.target.scratch,
        },
        taken_at: facts.taken_at,
        coverage: facts.coverage.clone(),
        gates,
        metrics,
        notes,
        findings: sweep.findings,
        undecided_rules: sweep.undecided,
        rules_judged: sweep.judged,
        schema_hash,
        facts: Some(Box::new(facts.clone())),
    }
}

/// What the rules said.
struct Sweep {
    findings: Vec<Finding>,
    undecided: Vec<UndecidedRule>,
    judged: u32,
}

fn sweep(context: &Context<'_>, catalogue: &[&'static Rule]) -> Sweep {
    let mut sweep = Sweep { findings: Vec::new(), undecided: Vec::new(), judged: 0 };
    for rule in catalogue.iter().filter(|rule| rule.engines.contains(&context.engine())) {
        let missing = missing(context.facts, rule);
        if !missing.is_empty() {
            sweep.undecided.push(UndecidedRule { rule: rule.id.to_owned(), missing });
            continue;
        }
        sweep.judged += 1;
        if rule.needs.iter().any(|kind| context.facts.reading(*kind) == Reading::NotApplicable) {
            continue;
        }
        for mut finding in (rule.check)(context) {
            finding.rule = rule.id.to_owned();
            if !finding.severity_chosen {
                finding.severity = rule.severity;
            }
            sweep.findings.push(finding);
        }
    }
    sweep
}

/// The facts that a rule needs and does not have.
fn missing(facts: &Facts, rule: &Rule) -> Vec<String> {
    let foreign = |kind: &FactKind| facts.target.scratch && NOT_OF_SCRATCH.contains(kind);
    let absent = |kind: &&FactKind| match facts.reading(**kind) {
        Reading::Missing => true,
        Reading::NotApplicable => false,
        Reading::Partial | Reading::Read => foreign(kind),
    };
    rule.needs.iter().filter(absent).map(|kind| kind.id().to_owned()).collect()
}

/// Fills what rules leave to the registry: fingerprint, origin, waiver, baseline mark, the policy's severity.
fn complete(findings: &mut [Finding], facts: &Facts, policy: &Policy, notes: &mut Vec<String>) {
    let origins = Origins::new(facts);
    let mut ignores = Ignores::new(&policy.ignores, facts.taken_at);
    let known: Option<HashSet<&str>> = policy.baseline.as_ref().map(|list| list.iter().map(String::as_str).collect());
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut recognised = 0;
    for finding in findings.iter_mut() {
        let first = fingerprint(&finding.rule, &finding.object, 0);
        let count = seen.entry(first.clone()).or_insert(0);
        finding.fingerprint = if *count == 0 { first } else { fingerprint(&finding.rule, &finding.object, *count) };
        *count += 1;
        if let Some(severity) = policy.severities.get(&finding.rule) {
            finding.severity = *severity;
        }
        if finding.origin.is_none() {
            finding.origin = origins.find(&finding.object);
        }
        finding.waived = ignores.waiver(&finding.rule, &finding.object);
        finding.in_baseline = known.as_ref().is_some_and(|known| known.contains(finding.fingerprint.as_str()));
        recognised += usize::from(finding.in_baseline);
    }
    notes.extend(ignores.remarks());
    if let Some(known) = known.filter(|known| known.len() > recognised) {
        notes.push(format!(
            "{} of the {} findings in the baseline no longer occur: write the baseline anew, so that they can't come back unseen.",
            known.len() - recognised,
            known.len()
        ));
    }
}

/// 16 hexadecimal digits over rule and object; the second of two findings on one object gets its own.
#[must_use]
pub fn fingerprint(rule: &str, object: &str, occurrence: u32) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(rule.as_bytes()).update(&[0]).update(object.as_bytes());
    if occurrence > 0 {
        hasher.update(&[0]).update(&occurrence.to_le_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Worst first: severity, then cost, then rule and object.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let worst = b.severity.cmp(&a.severity).then_with(|| b.impact.score().total_cmp(&a.impact.score()));
        worst.then_with(|| a.rule.cmp(&b.rule)).then_with(|| a.object.cmp(&b.object)).then_with(|| a.fingerprint.cmp(&b.fingerprint))
    });
}

/// Where things are defined, by the spelling of findings.
struct Origins<'a> {
    objects: Option<&'a BTreeMap<String, Origin>>,
    statements: HashMap<&'a str, &'a Origin>,
}

impl<'a> Origins<'a> {
    fn new(facts: &'a Facts) -> Self {
        let statements = facts.workload.statements.iter();
        Self {
            objects: facts.project.as_ref().map(|project| &project.origins),
            statements: statements.filter_map(|one| Some((one.fingerprint.as_str(), one.origin.as_ref()?))).collect(),
        }
    }

    /// Looks for the object itself, then for the index it names, then its columns, then its table.
    fn find(&self, object: &str) -> Option<Origin> {
        let first_word = object.split(' ').next().unwrap_or(object);
        if let Some(origin) = self.statements.get(first_word) {
            return Some((*origin).clone());
        }
        let objects = self.objects?;
        let (table, rest) = object.split_once('(').unwrap_or((object, ""));
        let (columns, index) = rest.rsplit_once(')').unwrap_or((rest, ""));
        let column = columns.split(", ").next().unwrap_or(columns);
        let candidates = [object.to_owned(), index.trim_start().to_owned(), format!("{table}({columns})"), format!("{table}({column})")];
        let found = candidates.iter().find_map(|name| objects.get(name)).or_else(|| objects.get(table));
        found.or_else(|| objects.get(table.rsplit_once('.')?.1)).cloned()
    }
}

/// Remarks on how far the review can be trusted.
fn remarks(facts: &Facts, policy: &Policy) -> Vec<String> {
    let mut notes = Vec::new();
    if facts.target.scratch {
        notes.push(
            "Built from a project in a scratch server: settings, access, files and backups of the real one were not seen.".to_owned(),
        );
    }
    let connection = &facts.security.connection;
    if connection.reach == Reach::Network && !facts.target.scratch {
        match &connection.tls {
            None => notes.push("This review itself was made over a connection without TLS.".to_owned()),
            Some(_) if !connection.verified => {
                notes.push("The server's certificate was not verified when these facts were read.".to_owned());
            }
            Some(_) => {}
        }
    }
    notes.extend(policy.unused.iter().map(|text| format!("Not used of the policy's source: {text}")));
    notes
}

#[cfg(test)]
mod tests {
    use dbwright_model::facts::Project;
    use dbwright_model::finding::Waiver;
    use dbwright_model::policy::Ignore;
    use dbwright_model::{Engine, Severity};

    use super::*;
    use crate::rule::ALL;
    use crate::testing::healthy;

    fn found(_: &Context<'_>) -> Vec<Finding> {
        vec![
            Finding::new("public.sale", "small").risks(0.1),
            Finding::new("public.sale(product_id)", "slow").costs_time(0.4),
            Finding::new("public.sale", "a second one of the same rule and object").risks(0.1),
            Finding::new("public.product", "grave").severe(Severity::Error),
        ]
    }

    static RULE: Rule = Rule {
        id: "schema/wide-table",
        title: "Test",
        severity: Severity::Warning,
        engines: ALL,
        needs: &[FactKind::Catalog],
        docs: "",
        check: found,
    };
    static SETTINGS: Rule = Rule { id: "config/memory-oversized", needs: &[FactKind::Settings], ..RULE };
    static DRILLS: Rule = Rule { id: "recovery/drill-stale", needs: &[FactKind::Drills, FactKind::Catalog], ..RULE };

    fn reviewed(facts: &Facts, policy: &Policy) -> Report {
        review_with(facts, policy, &[&RULE])
    }

    #[test]
    fn worst_and_costliest_come_first() {
        let report = reviewed(&healthy(Engine::Postgresql), &Policy::default());
        let order: Vec<(Severity, &str)> = report.findings.iter().map(|one| (one.severity, one.object.as_str())).collect();
        assert_eq!(order[0], (Severity::Error, "public.product"));
        assert_eq!(order[1], (Severity::Warning, "public.sale(product_id)"));
        assert_eq!(report.rules_judged, 1);
    }

    #[test]
    fn fingerprints_are_stable_and_differ() {
        let report = reviewed(&healthy(Engine::Postgresql), &Policy::default());
        let prints: HashSet<&str> = report.findings.iter().map(|one| one.fingerprint.as_str()).collect();
        assert_eq!(prints.len(), report.findings.len());
        assert!(prints.iter().all(|print| print.len() == 16));
        // Fixed for ever: baselines and SARIF consumers keep them.
        assert_eq!(fingerprint("schema/wide-table", "public.sale", 0), "62ad0eee5a74475a");
    }

    #[test]
    fn equal_facts_give_equal_reports() {
        let facts = healthy(Engine::Postgresql);
        let once = serde_json::to_string(&review(&facts, &Policy::default())).unwrap();
        assert_eq!(once, serde_json::to_string(&review(&facts, &Policy::default())).unwrap());
    }

    #[test]
    fn missing_facts_leave_a_rule_undecided_and_partial_ones_do_not() {
        let mut facts = healthy(Engine::Postgresql);
        let set = |facts: &mut Facts, state| {
            facts.coverage.iter_mut().filter(|entry| entry.fact == FactKind::Drills).for_each(|entry| entry.state = state);
        };
        let judge = |facts: &Facts| review_with(facts, &Policy::default(), &[&DRILLS]);
        set(&mut facts, Reading::Missing);
        let report = judge(&facts);
        assert!(report.findings.is_empty() && report.rules_judged == 0);
        assert_eq!(
            (report.undecided_rules[0].rule.as_str(), report.undecided_rules[0].missing.as_slice()),
            (DRILLS.id, ["drills".to_owned()].as_slice())
        );
        set(&mut facts, Reading::Partial);
        assert_eq!(judge(&facts).findings.len(), 4);
        set(&mut facts, Reading::NotApplicable);
        let report = judge(&facts);
        assert!(report.findings.is_empty() && report.undecided_rules.is_empty());
    }

    #[test]
    fn settings_of_a_scratch_server_are_not_judged() {
        let mut facts = healthy(Engine::Postgresql);
        assert_eq!(review_with(&facts, &Policy::default(), &[&SETTINGS]).findings.len(), 4);
        facts.target.scratch = true;
        let report = review_with(&facts, &Policy::default(), &[&SETTINGS]);
        assert!(report.findings.is_empty() && report.undecided_rules.len() == 1);
        assert!(report.notes.iter().any(|note| note.contains("scratch server")));
    }

    #[test]
    fn the_policy_sets_severities_and_waivers() {
        let mut policy = Policy::default();
        policy.severities.insert(RULE.id.into(), Severity::Info);
        let waiver = Waiver { reason: "wide on purpose".into(), by: None, until: None };
        policy.ignores.push(Ignore { rule: RULE.id.into(), object: "public.sale*".into(), waiver: waiver.clone() });
        policy.ignores.push(Ignore { rule: RULE.id.into(), object: "nothing".into(), waiver });
        let report = reviewed(&healthy(Engine::Postgresql), &policy);
        assert!(report.findings.iter().all(|one| one.severity == Severity::Info));
        assert_eq!(report.findings.iter().filter(|one| one.waived.is_some()).count(), 3);
        assert!(report.notes.iter().any(|note| note.contains("matches nothing")));
    }

    #[test]
    fn findings_know_where_things_are_defined() {
        let mut facts = healthy(Engine::Postgresql);
        let place = |line| Origin { file: "schema.sql".into(), line };
        let origins = [("sale", place(3)), ("sale(product_id)", place(5)), ("sale_index", place(9))];
        let origins = origins.into_iter().map(|(name, place)| (name.to_owned(), place)).collect();
        facts.project = Some(Project { origins, ..Project::default() });
        facts.workload.statements[0].fingerprint = "0123".into();
        facts.workload.statements[0].origin = Some(place(77));
        let find = |object: &str| Origins::new(&facts).find(object).map(|origin| origin.line);
        assert_eq!(find("sale"), Some(3));
        assert_eq!(find("sale(product_id)"), Some(5));
        assert_eq!(find("sale(product_id, sold_at)"), Some(5), "the first column's own place");
        assert_eq!(find("sale(note)"), Some(3), "the table's, for want of better");
        assert_eq!(find("public.sale(note)"), Some(3));
        assert_eq!(find("sale(product_id, note) sale_index"), Some(9));
        assert_eq!(find("0123 sale"), Some(77));
        assert_eq!(find("elsewhere"), None);
    }

    #[test]
    fn connections_that_prove_little_are_named() {
        let mut facts = healthy(Engine::Postgresql);
        facts.security.connection.verified = false;
        assert!(reviewed(&facts, &Policy::default()).notes.iter().any(|note| note.contains("not verified")));
        facts.security.connection.tls = None;
        assert!(reviewed(&facts, &Policy::default()).notes.iter().any(|note| note.contains("without TLS")));
    }
}
