//! Facts to try rules on: a small, idle, well-designed and well-configured database of each engine, and the examples in
//! the rules' pages. It never takes part in a judgement.

mod examples;
mod server;
mod tables;

use dbwright_model::{Coverage, Engine, FactKind, Facts, Reading, Timestamp};
use serde_json::Value;

pub use examples::{Example, Kind, examples};

/// Every kind of facts.
pub const KINDS: [FactKind; 22] = [
    FactKind::Catalog,
    FactKind::Sizes,
    FactKind::ColumnStatistics,
    FactKind::Values,
    FactKind::Activity,
    FactKind::Bloat,
    FactKind::Workload,
    FactKind::Latency,
    FactKind::Plans,
    FactKind::Settings,
    FactKind::Health,
    FactKind::DataChecks,
    FactKind::Topology,
    FactKind::Roles,
    FactKind::Admission,
    FactKind::Transport,
    FactKind::AtRest,
    FactKind::Audit,
    FactKind::Files,
    FactKind::Backups,
    FactKind::Archiving,
    FactKind::Drills,
];

/// When the facts of [`healthy`] were taken: 2026-11-24T00:00:00Z.
pub const TAKEN_AT: Timestamp = Timestamp::from_seconds(1_795_478_400);

/// Facts of an idle database of this engine of which no rule says anything above info: two tables with some thousand rows
/// (of Redis two key patterns), statistics of 30 days, two synchronous replicas, a young backup and passed drills.
/// Every kind of facts counts as read.
#[must_use]
pub fn healthy(engine: Engine) -> Facts {
    let mut facts = Facts::empty(engine, version(engine), "store", TAKEN_AT);
    let read = |fact| Coverage { fact, state: Reading::Read, detail: "all of it".to_owned(), hint: None };
    facts.coverage = KINDS.into_iter().map(read).collect();
    facts.catalog = tables::catalog(engine);
    facts.workload = server::workload(engine);
    facts.settings = server::settings(engine);
    facts.health = server::health(engine);
    facts.topology = server::topology(engine);
    facts.security = server::security(engine);
    facts.backups = server::backups(engine);
    facts.data = tables::data_checks(engine);
    facts
}

/// Facts of [`healthy`] with a JSON merge patch (RFC 7386) applied: `null` removes, objects merge, all else replaces.
///
/// # Errors
/// When the patch is no JSON, or the result no Facts.
pub fn patched(engine: Engine, patch: &str) -> Result<Facts, serde_json::Error> {
    let patch: Value = serde_json::from_str(patch)?;
    let mut facts = serde_json::to_value(healthy(engine))?;
    merge(&mut facts, patch);
    serde_json::from_value(facts)
}

fn merge(target: &mut Value, patch: Value) {
    let Value::Object(changes) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(members) = target else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), change);
        }
    }
}

const fn version(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "3.51.0",
        Engine::Postgresql => "18.7",
        Engine::Mysql => "8.4.7",
        Engine::Mariadb => "11.8.5",
        Engine::Redis => "8.4.0",
        Engine::Valkey => "9.0.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_what_its_name_says() {
        assert_eq!(TAKEN_AT.to_string(), "2026-11-24T00:00:00Z");
    }

    #[test]
    fn patches_merge_replace_and_remove() {
        let facts = patched(
            Engine::Postgresql,
            r#"{"target": {"scratch": true}, "settings": {"work_mem": {"value": "7"}, "fsync": null}, "catalog": {"collections": []}}"#,
        )
        .unwrap();
        assert!(facts.target.scratch && facts.target.name == "store");
        assert_eq!(facts.settings["work_mem"].value, "7");
        assert!(facts.settings["work_mem"].unit.is_some() && !facts.settings.contains_key("fsync"));
        assert!(facts.catalog.collections.is_empty() && facts.catalog.database_bytes.is_some());
    }
}
