//! The bundled example: the faults that its README names are found, and the mended shop has none.

mod common;

use std::fs;

use common::{dbwright, root, texts};
use serde_json::Value;
use tempfile::TempDir;

fn review(example: &str) -> (Value, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let project = root().join("examples").join(example);
    let (out, error, code) = texts(&dbwright(&["review", &project.to_string_lossy(), "--format", "json"], directory.path()));
    assert_eq!(code, 0, "{error}");
    (serde_json::from_str(&out).expect("JSON"), directory)
}

fn found(report: &Value, rule: &str, object: &str) -> bool {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().any(|finding| finding["rule"] == rule && finding["object"].as_str().is_some_and(|text| text.starts_with(object)))
}

fn gate<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["gates"].as_array().expect("gates").iter().find(|gate| gate["gate"] == name).expect("the gate")
}

#[test]
fn the_shop_shows_the_faults_that_were_left_in_it() {
    let (report, _directory) = review("shop");
    for (rule, object) in [
        ("schema/plain-password", "customer(password)"),
        ("integrity/orphan-rows", "order_line(product_id)"),
        ("schema/undeclared-fk", "shipment(order_id)"),
        ("schema/fk-without-index", "customer_order(customer_id)"),
        ("schema/fk-without-index", "review(customer_id)"),
        ("schema/fk-type-mismatch", "payment(order_id)"),
        ("schema/missing-primary-key", "page_view"),
        ("schema/money-as-float", "product(price)"),
        ("schema/multi-valued-column", "product(tags)"),
        ("schema/repeating-columns", "customer(phone1, phone2, phone3)"),
        ("schema/boolean-as-text", "customer(newsletter)"),
        ("schema/number-as-text", "coupon(percent)"),
        ("index/duplicate", "product(sku)"),
        ("index/redundant-prefix", "product(category_id)"),
        ("query/not-in-nullable", ""),
        ("query/null-comparison", ""),
        ("query/cartesian-join", ""),
        ("query/leading-wildcard", ""),
        ("query/order-by-random", ""),
        ("query/non-sargable", ""),
        ("query/over-sla", ""),
    ] {
        assert!(found(&report, rule, object), "{rule} on {object} was not found");
    }
    for name in ["schema", "performance", "integrity"] {
        assert_eq!(gate(&report, name)["verdict"], "fail", "{name}");
    }
}

#[test]
fn the_mended_shop_has_none_and_passes_what_can_be_decided() {
    let (report, _directory) = review("shop-mended");
    let bad: Vec<&Value> =
        report["findings"].as_array().expect("findings").iter().filter(|finding| finding["severity"] != "info").collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for name in ["schema", "performance", "integrity"] {
        let verdict = &gate(&report, name)["verdict"];
        assert_eq!(verdict, "pass", "{name}: {:#?}", gate(&report, name)["criteria"]);
    }
    assert_eq!(gate(&report, "recovery")["verdict"], "undecided", "nothing was ever restored");
}

#[test]
fn equal_facts_give_equal_reports() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("small.db");
    rusqlite::Connection::open(&path)
        .and_then(|c| c.execute_batch("CREATE TABLE b (x REAL); CREATE TABLE a (id INTEGER PRIMARY KEY, price REAL);"))
        .expect("made");
    let now = ["--now", "2026-11-24T00:00:00Z"];
    let (_, error, code) = texts(&dbwright(&[&["collect", "small.db", "-o", "facts.json"][..], &now].concat(), directory.path()));
    assert_eq!(code, 0, "{error}");
    for form in ["html", "json", "sarif", "xml", "md", "txt"] {
        let (one, two) = (format!("one.{form}"), format!("two.{form}"));
        for file in [&one, &two] {
            let (_, error, code) = texts(&dbwright(&["review", "facts.json", "--quiet", "-o", file], directory.path()));
            assert_eq!((code, error.as_str()), (0, ""));
        }
        assert_eq!(fs::read(directory.path().join(one)).expect("read"), fs::read(directory.path().join(two)).expect("read"), "{form}");
    }
}

#[test]
fn a_baseline_lets_the_old_pass_and_stops_the_new() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("old.db");
    let run = |script: &str| rusqlite::Connection::open(&path).and_then(|c| c.execute_batch(script)).expect("made");
    run("CREATE TABLE a (x INTEGER NOT NULL);");
    let (_, error, code) = texts(&dbwright(&["review", "old.db", "--no-html", "--write-baseline", "known.json"], directory.path()));
    assert_eq!(code, 0, "{error}");
    let gate = ["gate", "old.db", "--only", "schema", "--fail-on", "warning", "--baseline", "known.json"];
    let (out, _, code) = texts(&dbwright(&gate, directory.path()));
    assert_ne!(code, 1, "{out}");
    run("CREATE TABLE b (y INTEGER NOT NULL);");
    let (out, _, code) = texts(&dbwright(&gate, directory.path()));
    assert_eq!(code, 1, "{out}");
}
