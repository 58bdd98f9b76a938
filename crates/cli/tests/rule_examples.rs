//! The SQL examples in the rules' pages: each is built as a project, read with its rows, and judged.

mod common;

use std::fs;

use dbwright_analysis::{Rule, rules};
use tempfile::TempDir;

struct Example {
    finds: bool,
    engine: String,
    text: String,
}

fn examples(rule: &Rule) -> Vec<Example> {
    let mut found = Vec::new();
    let mut lines = rule.docs.lines();
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("```sql ") else { continue };
        let mut words = head.split_whitespace();
        let finds = match words.next() {
            Some("finds") => true,
            Some("quiet") => false,
            other => panic!("{}: an example is `finds` or `quiet`, not {other:?}", rule.id),
        };
        let engine = words.next().unwrap_or("sqlite").to_owned();
        let text: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        found.push(Example { finds, engine, text: text.join("\n") });
    }
    found
}

fn judge(rule: &Rule, example: &Example) -> Result<(), String> {
    let project = TempDir::new().expect("a directory");
    let (schema, workload) = example.text.split_once("-- workload").unwrap_or((&example.text, ""));
    fs::write(project.path().join("schema.sql"), schema).expect("written");
    fs::write(project.path().join("dbwright.toml"), format!("[project]\ndialect = \"{}\"\n", example.engine)).expect("written");
    if !workload.trim().is_empty() {
        fs::write(project.path().join("workload.sql"), workload).expect("written");
    }
    let report = common::quick_review(project.path())
        .map_err(|error| format!("{}: the example can't be built: {error}\n{}", rule.id, example.text))?;
    if let Some(undecided) = report.undecided_rules.iter().find(|undecided| undecided.rule == rule.id) {
        return Err(format!("{}: not judged for want of {:?}", rule.id, undecided.missing));
    }
    let fired = report.findings.iter().any(|finding| finding.rule == rule.id);
    match (fired, example.finds) {
        (true, true) | (false, false) => Ok(()),
        (true, false) => Err(format!("{}: not quiet on\n{}", rule.id, example.text)),
        (false, true) => Err(format!("{}: finds nothing in\n{}", rule.id, example.text)),
    }
}

#[test]
fn every_sql_example_does_what_its_page_says() {
    let mut failures = Vec::new();
    let mut run = 0;
    for rule in rules::all() {
        for example in examples(rule) {
            run += 1;
            if let Err(failure) = judge(rule, &example) {
                failures.push(failure);
            }
        }
    }
    println!("{run} examples");
    assert!(failures.is_empty(), "{} of {run} examples:\n\n{}", failures.len(), failures.join("\n\n"));
    assert!(run >= 40, "only {run} examples were found");
}
