//! The page: its policy lets its own style and script run and nothing else, every link has its target, every finding is reachable.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use dbwright_report::{Format, Options, render, testing};
use sha2::{Digest, Sha256};

fn page(report: &dbwright_model::report::Report) -> String {
    render(Format::Html, report, &testing::catalogue(), &Options::default())
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map(|(inner, _)| inner).unwrap_or_default()
}

/// Values of an attribute, with repeats.
fn values<'t>(text: &'t str, attribute: &str) -> Vec<&'t str> {
    text.split(&format!(" {attribute}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn the_policy_names_style_and_script_by_hash() {
    for report in [testing::sample(), testing::clean(), testing::hostile()] {
        let text = page(&report);
        let policy = between(&text, "Content-Security-Policy\" content=\"", "\"").replace("&#39;", "'");
        let hash = |inner: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(inner));
        let (style, script) = (hash(between(&text, "<style>", "</style>")), hash(between(&text, "<script>", "</script>")));
        assert_eq!(
            policy,
            format!("default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'")
        );
    }
}

#[test]
fn ids_are_unique_and_links_have_targets() {
    for report in [testing::sample(), testing::clean(), testing::many(500), testing::hostile()] {
        let text = page(&report);
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for id in values(&text, "id") {
            *seen.entry(id).or_default() += 1;
        }
        let twice: Vec<_> = seen.iter().filter(|(_, count)| **count > 1).collect();
        assert_eq!(twice, Vec::<(&&str, &usize)>::new());
        for link in values(&text, "href") {
            let target = link.strip_prefix('#').unwrap_or_else(|| panic!("{link} leads out of the page"));
            assert!(seen.contains_key(target), "{link} leads nowhere");
        }
    }
}

#[test]
fn repeats_are_folded_and_all_stay_reachable() {
    let report = testing::many(2000);
    let text = page(&report);
    let ids: BTreeSet<&str> = values(&text, "id").into_iter().collect();
    for finding in &report.findings {
        assert!(ids.contains(format!("f-{}", finding.fingerprint).as_str()), "{} is not on the page", finding.fingerprint);
    }
    assert!(text.matches("<article").count() <= 25 * 14);
    assert!(text.contains("more findings of <code>schema/fk-without-index</code>"));
}

#[test]
fn the_parts_that_a_reader_looks_for_are_there() {
    let text = page(&testing::sample());
    for part in [
        "2 gates fail, 1 is undecided, 1 is waived, 1 passes.",
        "CREATE INDEX CONCURRENTLY orders_customer_id_idx",
        "Results stayed equal.",
        "aria-label=\"Share of database time by statement\"",
        "aria-label=\"Latency of statements\"",
        "aria-label=\"Executions by duration\"",
        "aria-label=\"Entity-relationship diagram: 12 tables, 13 references\"",
        "reads the whole table",
        "CREATE EXTENSION pgstattuple;",
        "<h4>When not to follow</h4>",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn works_without_facts() {
    let mut report = testing::sample();
    report.facts = None;
    let text = page(&report);
    assert!(text.contains("id=\"findings\"") && !text.contains("id=\"tables\"") && !text.contains("href=\"#tables\""));
}
