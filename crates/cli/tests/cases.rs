//! The planted faults and look-alikes of `cases/`: what is found, what is missed, what is cried without cause. The figures
//! per rule go to `crates/analysis/src/accuracy.tsv`, which must be true.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use dbwright_engines::{CollectOptions, Target, driver_for};
use dbwright_model::policy::Policy;
use dbwright_model::report::Report;
use dbwright_model::{Engine, Finding, Severity, Timestamp};
use dbwright_testkit::redis::RedisServer;
use tempfile::TempDir;

#[derive(Default, Clone, Copy, PartialEq, Eq)]
struct Count {
    planted: u32,
    found: u32,
    false_alarms: u32,
    cases: u32,
}

struct Expected {
    rule: String,
    object: Option<String>,
    statement: Option<String>,
}

fn strings(value: Option<&toml::Value>) -> Vec<String> {
    value.and_then(toml::Value::as_array).into_iter().flatten().filter_map(|entry| entry.as_str().map(str::to_owned)).collect()
}

/// What the case expects on an engine.
fn expected(table: &toml::Table, engine: &str) -> Vec<Expected> {
    let entries = table.get("expect").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let text = |entry: &toml::Value, key: &str| entry.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    entries
        .iter()
        .filter(|entry| entry.get("engines").is_none_or(|engines| strings(Some(engines)).iter().any(|name| name == engine)))
        .map(|entry| Expected {
            rule: text(entry, "rule").expect("a rule"),
            object: text(entry, "object"),
            statement: text(entry, "statement"),
        })
        .collect()
}

/// The case's files for one engine in a directory of their own.
fn assemble(case: &Path, engine: &str) -> TempDir {
    let project = TempDir::new().expect("a directory");
    for name in ["schema", "data", "workload"] {
        let commands = case.join(format!("{name}.redis"));
        if commands.is_file() {
            fs::copy(&commands, project.path().join(format!("{name}.redis"))).expect("copied");
        }
        let own = case.join(format!("{name}.{engine}.sql"));
        let common = case.join(format!("{name}.sql"));
        if let Some(source) = [own, common].iter().find(|path| path.is_file()) {
            fs::copy(source, project.path().join(format!("{name}.sql"))).expect("copied");
        }
    }
    fs::write(project.path().join("dbwright.toml"), format!("[project]\ndialect = \"{engine}\"\n")).expect("written");
    project
}

/// The review of a running server that was started with the case's arguments and sent its commands.
fn review_server(case: &Path, table: &toml::Table) -> Result<Option<Report>, String> {
    let arguments = strings(table.get("arguments"));
    let Some(server) = RedisServer::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) else { return Ok(None) };
    server.commands(&fs::read_to_string(case.join("server.redis")).expect("commands"));
    let url = server.url_with_password();
    let Ok(Target::Endpoint(endpoint)) = Target::recognise(&url) else { return Err(format!("{url} is no server")) };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let options = CollectOptions::at(Timestamp::from_seconds(seconds.cast_signed()));
    let driver = driver_for(Engine::Redis).expect("built in");
    let mut facts = runtime.block_on((driver.collect)(&endpoint, &options)).map_err(|error| error.to_string())?;
    let mut facts = facts.remove(0);
    dbwright_analysis::prepare(&mut facts);
    Ok(Some(dbwright_analysis::review(&facts, &Policy::default())))
}

/// The review of a case on an engine; none where its server is not installed, which was said aloud.
fn review(case: &Path, engine: &str, table: &toml::Table) -> Result<Option<Report>, String> {
    if case.join("server.redis").is_file() {
        return review_server(case, table);
    }
    common::quick_review(assemble(case, engine).path()).map(Some)
}

/// Whether the servers of an engine are here; a missing one is said aloud.
fn installed(engine: &str) -> bool {
    match engine {
        "postgresql" if dbwright_testkit::postgres::installations().is_empty() => {
            dbwright_testkit::skip("postgres15", "no PostgreSQL is installed")
        }
        "redis" | "valkey" if !dbwright_testkit::redis::installed() => dbwright_testkit::skip("redis", "redis-server is not installed"),
        _ => return true,
    }
    false
}

/// Whether a finding is the expected one: the schema that an engine puts in front of a name does not matter.
fn matches(finding: &Finding, expected: &Expected) -> bool {
    let object = finding.object.strip_prefix("public.").unwrap_or(&finding.object);
    finding.rule == expected.rule
        && expected.object.as_deref().is_none_or(|wanted| object == wanted)
        && expected.statement.as_deref().is_none_or(|name| finding.message.contains(&format!("\"{name}\"")))
}

fn judge(case: &Path, engine: &str, table: &toml::Table, counts: &mut BTreeMap<String, Count>, failures: &mut Vec<String>) {
    let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let report = match review(case, engine, table) {
        Ok(Some(report)) => report,
        Ok(None) => return,
        Err(error) => return failures.push(format!("{name} on {engine}: {error}")),
    };
    let mut open: Vec<&Finding> = report.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
    for wanted in expected(table, engine) {
        let count = counts.entry(wanted.rule.clone()).or_default();
        count.planted += 1;
        count.cases += 1;
        if report.findings.iter().any(|finding| matches(finding, &wanted)) {
            count.found += 1;
        } else {
            failures.push(format!("{name} on {engine}: {} on {:?} was not found", wanted.rule, wanted.object.or(wanted.statement)));
        }
    }
    let wanted = expected(table, engine);
    let also = strings(table.get("also"));
    open.retain(|finding| !wanted.iter().any(|wanted| matches(finding, wanted)) && !also.contains(&finding.rule));
    for finding in open {
        counts.entry(finding.rule.clone()).or_default().false_alarms += 1;
        failures.push(format!("{name} on {engine}: false alarm {} on {}: {}", finding.rule, finding.object, finding.message));
    }
}

#[test]
fn planted_faults_are_found_and_look_alikes_stay_quiet() {
    let (mut counts, mut failures, mut judged) = (BTreeMap::new(), Vec::new(), 0);
    let mut cases: Vec<_> = fs::read_dir(common::root().join("cases")).expect("cases").map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    for case in cases.iter().filter(|path| path.is_dir()) {
        let table: toml::Table = fs::read_to_string(case.join("expect.toml")).expect("expect.toml").parse().expect("TOML");
        for engine in strings(table.get("engines")) {
            if !installed(&engine) {
                continue;
            }
            judged += 1;
            judge(case, &engine, &table, &mut counts, &mut failures);
        }
    }
    let mut table = String::from("rule\tplanted\tfound\tfalse alarms\tcases\n");
    for (rule, count) in &counts {
        table.push_str(&format!("{rule}\t{}\t{}\t{}\t{}\n", count.planted, count.found, count.false_alarms, count.cases));
    }
    println!("{table}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(judged >= 20, "only {judged} cases were judged");
    let file = common::root().join("crates/analysis/src/accuracy.tsv");
    if std::env::var_os("DBWRIGHT_UPDATE").is_some() {
        fs::write(&file, &table).expect("written");
    }
    assert_eq!(fs::read_to_string(&file).expect("the table"), table, "DBWRIGHT_UPDATE=1 writes it anew");
}
