//! The JSON Schemas of report and facts: as checked in they are what the model's source says, and what we write obeys them. They
//! are never written by hand.

mod schema;

use std::path::{Path, PathBuf};

use dbwright_model::Facts;
use dbwright_model::finding::EvidenceValue;
use dbwright_report::{Format, Options, render, testing};
use schema::{Source, Use, make};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn schemas() -> [(&'static str, Value); 2] {
    let source = Source::read(&root().join("crates/model/src"));
    [
        ("report.json", make(&source, Use::Written, "report", "Report", dbwright_model::report::REPORT_SCHEMA)),
        ("facts.json", make(&source, Use::Read, "facts", "Facts", dbwright_model::facts::FACTS_SCHEMA)),
    ]
}

/// A schema that also refuses members that it does not name.
fn strict(mut schema: Value) -> Value {
    fn close(value: &mut Value) {
        match value {
            Value::Object(map) => {
                if map.contains_key("properties") && map.get("type") == Some(&json!("object")) {
                    map.insert("additionalProperties".to_owned(), json!(false));
                }
                map.values_mut().for_each(close);
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    close(&mut schema);
    schema
}

fn assert_valid(schema: &Value, instance: &Value) {
    let validator = jsonschema::draft202012::new(schema).expect("a schema of draft 2020-12");
    let errors: Vec<String> = validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).take(5).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn rendered(report: &dbwright_model::report::Report) -> Value {
    let text = render(Format::Json, report, &testing::catalogue(), &Options::default());
    serde_json::from_str(&text).expect("JSON")
}

/// `DBWRIGHT_WRITE_SCHEMAS=1 cargo test -p dbwright-report --test schemas` writes them anew.
#[test]
fn the_schemas_checked_in_are_those_of_the_model() {
    for (name, schema) in schemas() {
        let path = root().join("docs/schema").join(name);
        let text = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
        if std::env::var_os("DBWRIGHT_WRITE_SCHEMAS").is_some() {
            std::fs::write(&path, &text).expect("docs/schema can be written");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(there == text, "{} is out of date: set DBWRIGHT_WRITE_SCHEMAS=1 and run this test again", path.display());
    }
}

#[test]
fn reports_obey_their_schema() {
    let [(_, schema), _] = schemas();
    let schema = strict(schema);
    for report in [testing::sample(), testing::clean(), testing::hostile(), testing::many(300)] {
        assert_valid(&schema, &rendered(&report));
    }
}

#[test]
fn facts_obey_their_schema() {
    let [_, (_, schema)] = schemas();
    let schema = strict(schema);
    let mut facts = testing::facts();
    assert_valid(&schema, &serde_json::to_value(&facts).expect("facts serialise"));
    facts.catalog = testing::catalog(40);
    assert_valid(&schema, &serde_json::to_value(&facts).expect("facts serialise"));
}

#[test]
fn facts_that_lack_what_has_a_default_are_read() {
    let [_, (_, schema)] = schemas();
    let least = json!({"schema": "dbwright.facts/1", "collected_by": "0.1.0", "taken_at": "2026-09-21T14:13:20Z",
        "target": {"engine": "sqlite", "version": "3.50", "name": "shop"}});
    assert_valid(&schema, &least);
    assert!(serde_json::from_value::<Facts>(least).is_ok());
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    let [(_, report), (_, facts)] = schemas();
    let refuses = |schema: &Value, instance: &Value| !jsonschema::draft202012::is_valid(schema, instance);
    let good = rendered(&testing::sample());
    for (pointer, wrong) in [
        ("/schema", json!("dbwright.report/2")),
        ("/findings/0/severity", json!("fatal")),
        ("/findings/0/evidence/0/unit", json!("furlongs")),
        ("/gates/0/verdict", json!("passed")),
        ("/metrics/0/goal", Value::Null),
        ("/taken_at", json!(17)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is there")) = wrong;
        assert!(refuses(&report, &bad), "{pointer}");
    }
    assert!(refuses(&facts, &json!({"schema": "dbwright.facts/1"})));
}

#[test]
fn numbers_that_json_lacks_never_get_out_as_null() {
    let [(_, schema), _] = schemas();
    let mut report = testing::sample();
    let Some(first) = report.findings.first_mut() else { panic!("the sample has findings") };
    first.evidence[0].value = EvidenceValue::Number(f64::NAN);
    first.impact.db_time_share = Some(f64::INFINITY);
    report.metrics[0].value = Some(f64::NAN);
    let written = rendered(&report);
    assert_valid(&strict(schema), &written);
    assert_eq!(written["findings"][0]["evidence"][0]["value"], json!("not a number"));
    assert_eq!(written["metrics"][0]["value"], Value::Null);
}
