//! Every rule's page keeps its form, and every `facts` example on it does what it says. `sql` examples need a scratch
//! database and are run where there is one.

use std::collections::BTreeSet;
use std::path::Path;

use dbwright_analysis::review::review_with;
use dbwright_analysis::rule::{HEADINGS, Rule};
use dbwright_analysis::testing::{Example, Kind, examples, healthy, patched};
use dbwright_analysis::{Context, rules};
use dbwright_model::policy::Policy;
use dbwright_model::{Engine, Severity};

const CATALOGUE: &str = include_str!("catalogue.txt");

/// Runs a check over all rules and reports every offender at once.
fn all_rules(check: impl Fn(&'static Rule) -> Result<(), String>) {
    let errors: Vec<String> =
        rules::all().into_iter().filter_map(|rule| check(rule).err().map(|error| format!("{}: {error}", rule.id))).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn ids_are_sorted_unique_and_of_the_catalogue() {
    let known: BTreeSet<&str> = CATALOGUE.lines().collect();
    let ids: Vec<&str> = rules::all().iter().map(|rule| rule.id).collect();
    let unknown: Vec<&&str> = ids.iter().filter(|id| !known.contains(**id)).collect();
    assert!(unknown.is_empty(), "not in the catalogue: {unknown:?}");
    assert!(ids.is_sorted(), "{:?}", ids.windows(2).find(|pair| pair[0] >= pair[1]));
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "an id stands twice");
}

#[test]
fn folders_hold_exactly_the_registered_rules() {
    let registered: BTreeSet<String> = rules::all().iter().map(|rule| rule.id.replace('-', "_")).collect();
    let mut found = BTreeSet::new();
    for family in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules")).unwrap() {
        let family = family.unwrap().path();
        let Some(files) = family.is_dir().then(|| std::fs::read_dir(&family).unwrap()) else { continue };
        for file in files {
            let file = file.unwrap().path();
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if text.contains("pub static RULE") {
                let name = file.file_stem().unwrap().to_str().unwrap();
                found.insert(format!("{}/{name}", family.file_name().unwrap().to_str().unwrap()));
            }
        }
    }
    let unregistered: Vec<_> = found.difference(&registered).collect();
    let elsewhere: Vec<_> = registered.difference(&found).collect();
    assert!(unregistered.is_empty() && elsewhere.is_empty(), "unregistered {unregistered:?}, not in their own file {elsewhere:?}");
}

#[test]
fn pages_have_their_headings_in_order() {
    all_rules(|rule| {
        let headings: Vec<&str> = rule.docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        if headings != HEADINGS {
            return Err(format!("headings {headings:?}"));
        }
        let empty = HEADINGS.into_iter().find(|heading| rule.section(heading).len() < 20);
        empty.map_or(Ok(()), |heading| Err(format!("nothing under {heading}")))
    });
}

#[test]
fn every_rule_names_engines_facts_and_a_title() {
    all_rules(|rule| {
        if rule.engines.is_empty() || rule.needs.is_empty() || rule.title.is_empty() || rule.title.ends_with('.') {
            return Err("engines, needs or title".to_owned());
        }
        Ok(())
    });
}

#[test]
fn every_rule_has_a_finds_and_a_quiet_example_for_its_engines() {
    all_rules(|rule| {
        let all = examples(rule).map_err(|fence| format!("fence {fence:?}"))?;
        if let Some(foreign) = all.iter().find(|example| !rule.engines.contains(&example.engine)) {
            return Err(format!("example for {}", foreign.engine));
        }
        if !all.iter().any(|example| example.finds) || all.iter().all(|example| example.finds) {
            return Err("lacks a finds or a quiet example".to_owned());
        }
        Ok(())
    });
}

#[test]
fn facts_examples_do_what_they_say() {
    all_rules(|rule| {
        let all = examples(rule).map_err(|fence| format!("fence {fence:?}"))?;
        let errors: Vec<String> =
            all.iter().filter(|example| example.kind == Kind::Facts).filter_map(|example| run(rule, example).err()).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
    });
}

fn run(rule: &'static Rule, example: &Example) -> Result<(), String> {
    let first = example.text.lines().next().unwrap_or_default();
    let facts = patched(example.engine, example.text).map_err(|error| format!("{error} in {first}"))?;
    let report = review_with(&facts, &Policy::default(), &[rule]);
    if let Some(undecided) = report.undecided_rules.first().filter(|_| example.finds) {
        return Err(format!("undecided for lack of {:?}: {first}", undecided.missing));
    }
    match (example.finds, report.findings.first()) {
        (true, None) => Err(format!("finds nothing in {first}")),
        (false, Some(finding)) => Err(format!("{}: {} in {first}", finding.object, finding.message)),
        _ => Ok(()),
    }
}

#[test]
fn a_healthy_database_yields_no_warning() {
    for engine in Engine::ALL {
        let facts = healthy(engine);
        let report = review_with(&facts, &Policy::default(), &rules::all());
        let loud: Vec<String> = report
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Info)
            .map(|finding| format!("{} {}: {}", finding.rule, finding.object, finding.message))
            .collect();
        assert!(loud.is_empty(), "{engine}\n{}", loud.join("\n"));
    }
}

#[test]
fn no_rule_speaks_of_an_empty_database() {
    for engine in Engine::ALL {
        let mut facts = healthy(engine);
        facts.catalog.collections.clear();
        let policy = Policy::default();
        let context = Context::new(&facts, &policy);
        for rule in rules::all().into_iter().filter(|rule| rule.engines.contains(&engine)) {
            let loud = (rule.check)(&context).into_iter().find(|finding| {
                let severity = if finding.severity_chosen { finding.severity } else { rule.severity };
                severity > Severity::Info
            });
            assert!(loud.is_none(), "{engine} {}: {:?}", rule.id, loud.map(|finding| finding.message));
        }
    }
}

#[test]
fn a_store_of_keys_has_its_own_rules() {
    for engine in [Engine::Redis, Engine::Valkey] {
        let here: Vec<&Rule> = rules::all().into_iter().filter(|rule| rule.engines.contains(&engine)).collect();
        let shown = here.iter().filter(|rule| {
            let all = examples(rule).unwrap_or_default();
            all.iter().any(|example| example.finds && example.engine == Engine::Redis)
        });
        assert!(shown.count() >= 35, "rules with an example on Redis");
        assert!(here.len() >= 50, "{} rules", here.len());
    }
}
