//! SARIF by the published schema of 2.1.0, where scripts/install-test-servers.sh has put it, and by stricter constraints of our
//! own on the members that we write: no other members, relative URIs, lines from 1.

use std::path::PathBuf;

use dbwright_report::{Format, Options, render, testing};
use serde_json::{Value, json};

fn sarif(report: &dbwright_model::report::Report) -> Value {
    serde_json::from_str(&render(Format::Sarif, report, &testing::catalogue(), &Options::default())).unwrap()
}

/// The schema's rules for what we use; objects are closed, as in the schema.
fn schema() -> Value {
    let object = |required: Value, properties: Value| json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false});
    let text = object(json!(["text"]), json!({"text": {"type": "string", "minLength": 1}, "markdown": {"type": "string"}}));
    let level = json!({"enum": ["none", "note", "warning", "error"]});
    let bag = json!({"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": true, "items": {"type": "string"}}}});
    let artifact =
        object(json!(["uri"]), json!({"uri": {"type": "string", "pattern": "^[A-Za-z0-9._~%/-]+$"}, "uriBaseId": {"type": "string"}}));
    let physical = object(
        json!(["artifactLocation"]),
        json!({"artifactLocation": artifact, "region": object(json!([]), json!({"startLine": {"type": "integer", "minimum": 1}}))}),
    );
    let logical =
        object(json!([]), json!({"fullyQualifiedName": {"type": "string"}, "name": {"type": "string"}, "kind": {"type": "string"}}));
    let location = object(
        json!([]),
        json!({"physicalLocation": physical, "logicalLocations": {"type": "array", "uniqueItems": true, "items": logical}, "message": text}),
    );
    let suppression = object(
        json!(["kind"]),
        json!({"kind": {"enum": ["inSource", "external"]}, "status": {"enum": ["accepted", "underReview", "rejected"]}, "justification": {"type": "string"}}),
    );
    let result = object(
        json!(["message", "ruleId"]),
        json!({"ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0}, "level": level, "message": text,
            "locations": {"type": "array", "items": location}, "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
            "baselineState": {"enum": ["new", "unchanged", "updated", "absent"]}, "suppressions": {"type": "array", "uniqueItems": true, "items": suppression},
            "rank": {"type": "number", "minimum": 0, "maximum": 100}, "properties": bag}),
    );
    let rule = object(
        json!(["id"]),
        json!({"id": {"type": "string"}, "name": {"type": "string"}, "shortDescription": text, "fullDescription": text, "help": text, "helpUri": {"type": "string", "format": "uri"},
            "defaultConfiguration": object(json!([]), json!({"level": level})), "properties": bag}),
    );
    let driver = object(
        json!(["name"]),
        json!({"name": {"type": "string"}, "version": {"type": "string", "pattern": "[0-2]|[0-9]"}, "semanticVersion": {"type": "string"}, "informationUri": {"type": "string", "format": "uri"}, "rules": {"type": "array", "uniqueItems": true, "items": rule}}),
    );
    let notification = object(
        json!(["message"]),
        json!({"level": level, "message": text, "descriptor": object(json!([]), json!({"id": {"type": "string"}}))}),
    );
    let invocation = object(
        json!(["executionSuccessful"]),
        json!({"executionSuccessful": {"type": "boolean"}, "endTimeUtc": {"type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$"}, "toolExecutionNotifications": {"type": "array", "items": notification}}),
    );
    let run = object(
        json!(["tool", "results"]),
        json!({"tool": object(json!(["driver"]), json!({"driver": driver})), "automationDetails": object(json!([]), json!({"id": {"type": "string"}})),
            "invocations": {"type": "array", "items": invocation}, "originalUriBaseIds": {"type": "object"}, "results": {"type": "array", "maxItems": 25_000, "items": result},
            "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]}}),
    );
    object(
        json!(["version", "runs"]),
        json!({"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}, "runs": {"type": "array", "items": run}}),
    )
}

#[test]
fn obeys_the_schema() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    for report in [testing::sample(), testing::clean(), testing::hostile(), testing::many(500)] {
        let written = sarif(&report);
        let errors: Vec<String> =
            validator.iter_errors(&written).map(|error| format!("{}: {error}", error.instance_path())).take(5).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// The published schema, as the npm package that scripts/install-test-servers.sh unpacks holds it.
fn published() -> Option<Value> {
    let servers = std::env::var_os("DBWRIGHT_SERVERS").map_or_else(|| PathBuf::from("/opt/dbwright-servers"), PathBuf::from);
    let path = servers.join("sarif/package/lib/schemas/sarif-2.1.0-rtm.5.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        dbwright_testkit::skip("sarif", &format!("{} is not there; scripts/install-test-servers.sh puts it there", path.display()));
        return None;
    };
    let mut schema: Value = serde_json::from_str(&text).expect("a JSON schema");
    // Two patterns, of languages that we never name, have a bracket too many to be regular expressions.
    for definition in ["run", "toolComponent"] {
        schema["definitions"][definition]["properties"]["language"].as_object_mut().expect("it is there").remove("pattern");
    }
    Some(schema)
}

#[test]
fn is_valid_by_the_published_schema() {
    let Some(schema) = published() else { return };
    let validator = jsonschema::draft4::options().should_validate_formats(true).build(&schema).expect("a schema of draft 4");
    let errors = |written: &Value| -> Vec<String> {
        validator.iter_errors(written).map(|error| format!("{}: {error}", error.instance_path())).take(5).collect()
    };
    for report in [testing::sample(), testing::clean(), testing::hostile(), testing::many(500)] {
        assert_eq!(errors(&sarif(&report)), Vec::<String>::new());
    }
    for (pointer, wrong) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/message", json!({})),
        ("/runs/0/results/0/locations/0", json!({"line": 1})),
        ("/runs/0/results/0/ruleIndex", json!(-7)),
        ("/runs/0/invocations/0/endTimeUtc", json!("yesterday")),
    ] {
        let mut written = sarif(&testing::sample());
        *written.pointer_mut(pointer).expect(pointer) = wrong;
        assert_ne!(errors(&written), Vec::<String>::new(), "{pointer} would go unseen");
    }
}

#[test]
fn indexes_point_at_their_rules() {
    let written = sarif(&testing::hostile());
    let run = &written["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
}

#[test]
fn project_findings_have_lines_and_live_ones_have_names() {
    let written = sarif(&testing::sample());
    let results = written["runs"][0]["results"].as_array().unwrap();
    let of = |rule: &str| results.iter().find(|result| result["ruleId"] == rule).unwrap();
    let place = &of("schema/money-as-float")["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"], json!({"uri": "migrations/0004_orders.sql", "uriBaseId": "SRCROOT"}));
    assert_eq!(place["region"]["startLine"], 17);
    let place = &of("integrity/orphan-rows")["locations"][0];
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "public.reviews(product_id)");
    assert!(place.get("physicalLocation").is_none());
}

#[test]
fn waivers_baseline_and_gaps_are_told() {
    let report = testing::sample();
    let written = sarif(&report);
    let run = &written["runs"][0];
    let results = run["results"].as_array().unwrap();
    let waived = results.iter().find(|result| result["ruleId"] == "schema/missing-primary-key").unwrap();
    assert_eq!(waived["suppressions"][0]["status"], "accepted");
    assert_eq!(waived["suppressions"][0]["justification"], testing::waived().reason);
    let known = results.iter().find(|result| result["ruleId"] == "query/leading-wildcard").unwrap();
    assert_eq!(known["baselineState"], "unchanged");
    assert_eq!(results[0]["baselineState"], "new");
    assert_eq!(results[0]["partialFingerprints"]["dbwright/v1"], report.findings[0].fingerprint);
    let notices = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notices.iter().filter(|notice| notice["level"] == "warning").count(), 4);
}

#[test]
fn says_what_a_run_has_no_room_for() {
    let written = sarif(&testing::many(25_010));
    let run = &written["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 25_000);
    let notices = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(
        notices.iter().any(|notice| notice["message"]["text"].as_str().is_some_and(|text| text.starts_with("10 findings were left out")))
    );
}
