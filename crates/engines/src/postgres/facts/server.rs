//! The server as a whole: settings, health, sessions, copies. It never changes a setting and resets no counter.

use std::collections::BTreeMap;

use dbwright_model::backup::Archiving;
use dbwright_model::health::{Setting, Usage};
use dbwright_model::topology::{Replica, Role, Slot};
use dbwright_model::{Facts, Quantity};
use tokio_postgres::Row;

use super::text;
use crate::error::EngineError;
use crate::postgres::row::Cells;

/// Transactions after which the server stops to assign new identifiers: half of the 32-bit circle less a reserve of three
/// million (PostgreSQL manual, "Preventing Transaction ID Wraparound Failures").
const TRANSACTION_LIMIT: f64 = 2_147_483_648.0 - 3_000_000.0;

/// Settings that decide whether an acknowledged commit survives.
const DURABILITY: [&str; 8] = [
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_level",
    "wal_sync_method",
    "data_sync_retry",
    "data_checksums",
    "synchronous_standby_names",
];

/// Names of settings that are fixed for our own role, from the rows of `settings.sql`.
pub fn fixed_settings(rows: &[Row]) -> Result<Vec<String>, EngineError> {
    let mut names = Vec::new();
    for row in rows {
        if row.flag("fixed")? {
            names.push(row.text("name")?);
        }
    }
    Ok(names)
}

/// Reads the rows of `settings.sql`. What is fixed for our own role says nothing of others and is left out.
pub fn settings(rows: &[Row], fixed: &[String]) -> Result<BTreeMap<String, Setting>, EngineError> {
    let all: Result<BTreeMap<String, Setting>, EngineError> = rows
        .iter()
        .map(|row| {
            let setting = Setting {
                value: text::without_passwords(&row.text("value")?),
                unit: row.maybe_text("unit")?.filter(|unit| !unit.is_empty()),
                origin: row.maybe_text("origin")?,
                pending_restart: row.flag("pending_restart")?,
            };
            Ok((row.text("name")?, setting))
        })
        .collect();
    let mut all = all?;
    all.retain(|name, _| !fixed.contains(name));
    Ok(all)
}

/// What follows from the settings: durability, listening addresses, TLS, audit, synchronous copies.
pub fn derive_from_settings(facts: &mut Facts) {
    let value = |name: &str| facts.settings.get(name).map(|setting| setting.value.clone());
    let durability: Vec<(String, String)> = DURABILITY.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect();
    let listen: Vec<String> = value("listen_addresses")
        .unwrap_or_default()
        .split(',')
        .map(|address| address.trim().to_owned())
        .filter(|address| !address.is_empty())
        .collect();
    let audit = audit(&facts.settings);
    let (tls, minimum) = (value("ssl"), value("ssl_min_protocol_version"));
    let synchronous = value("synchronous_standby_names").unwrap_or_default();
    facts.backups.durability = durability;
    facts.security.listen = listen;
    facts.security.audit = audit;
    facts.security.tls_offered = tls.map(|word| word == "on");
    facts.security.tls_minimum = minimum.map(|version| if version.is_empty() { "TLSv1".to_owned() } else { version });
    facts.topology.synchronous = synchronous;
}

/// Which audit facility is on, if any.
fn audit(settings: &BTreeMap<String, Setting>) -> Option<String> {
    let value = |name: &str| settings.get(name).map(|setting| setting.value.as_str()).unwrap_or_default();
    let pgaudit = value("pgaudit.log");
    if !pgaudit.is_empty() && pgaudit != "none" {
        return Some(format!("pgaudit.log={pgaudit}"));
    }
    match value("log_statement") {
        words @ ("ddl" | "mod" | "all") => Some(format!("log_statement={words}")),
        _ => None,
    }
}

/// Takes the row of `health.sql`.
pub fn take_health(row: &Row, facts: &mut Facts) -> Result<(), EngineError> {
    let health = &mut facts.health;
    health.started_at = row.time("started_at")?;
    // Counters that were never reset run since the statistics were made, at the latest since the server started.
    health.statistics_since = row.time("statistics_since")?.or(health.started_at);
    health.deadlocks = row.maybe_count("deadlocks")?;
    health.temporary_bytes = row.float("temporary_bytes")?;
    health.corrupt_pages = row.maybe_count("corrupt_pages")?;
    health.oldest_transaction_seconds = row.float("oldest_transaction")?;
    health.checkpoints = Some((row.count("checkpoints_timed")?, row.count("checkpoints_requested")?));
    if let (Some(used), Some(limit)) = (row.float("connections")?, row.float("max_connections")?) {
        health.connections = Some(Usage { used, limit });
    }
    health.transaction_age = row.float("transaction_age")?.map(|used| Usage { used, limit: TRANSACTION_LIMIT });
    let (hit, read) = (row.float("blocks_hit")?.unwrap_or(0.0), row.float("blocks_read")?.unwrap_or(0.0));
    if hit + read > 0.0 {
        health.cache_hit_share = Some(Quantity::measured(hit / (hit + read), "pg_stat_database.blks_hit, blks_read"));
    }
    for name in [
        "temporary_files",
        "commits",
        "rollbacks",
        "conflicts",
        "multixact_age",
        "checkpoint_write_ms",
        "checkpoint_sync_ms",
        "blocks_hit",
        "blocks_read",
    ] {
        if let Some(value) = row.float(name)? {
            health.counters.insert(name.to_owned(), value);
        }
    }
    health.notes.insert("data_checksums".to_owned(), row.text("data_checksums")?);
    facts.backups.archiving = Some(archiving(row, &facts.settings)?);
    Ok(())
}

fn archiving(row: &Row, settings: &BTreeMap<String, Setting>) -> Result<Archiving, EngineError> {
    let value =
        |name: &str| settings.get(name).map(|setting| setting.value.as_str()).filter(|value| !value.is_empty() && *value != "(disabled)");
    Ok(Archiving {
        enabled: value("archive_mode").is_some_and(|mode| mode != "off"),
        command: value("archive_library").or_else(|| value("archive_command")).map(str::to_owned),
        archived: row.count("archived")?,
        failed: row.count("failed")?,
        last_archived: row.time("last_archived")?,
        last_failed: row.time("last_failed")?,
        ..Archiving::default()
    })
}

/// Takes the row of `sessions.sql`.
pub fn take_sessions(row: &Row, facts: &mut Facts) -> Result<(), EngineError> {
    facts.security.plaintext_sessions = row.maybe_count("plaintext")?;
    facts.health.blocked = row.texts("blocked")?;
    for name in ["active", "idle_in_transaction"] {
        if let Some(value) = row.float(name)? {
            facts.health.counters.insert(format!("sessions_{name}"), value);
        }
    }
    Ok(())
}

/// Takes the rows of `hazards.sql`.
pub fn take_hazards(rows: &[Row], facts: &mut Facts) -> Result<(), EngineError> {
    let mut database_grants = Vec::new();
    let mut default_grants = Vec::new();
    for row in rows {
        let (name, first, second) = (row.text("name")?, row.text("first")?, row.text("second")?);
        match row.text("kind")?.as_str() {
            "prepared" => facts.health.prepared_transactions.push((name, row.float("age")?.unwrap_or(0.0))),
            "collation" => facts.health.collation_mismatches.push((name, first, second)),
            "database-grant" => database_grants.push(name),
            "default-grant" => default_grants.push(format!("{first} on {}: {name}", object_kind(&second))),
            _ => facts.security.dangerous_features.push(format!("untrusted language {name}")),
        }
    }
    facts.health.prepared_transactions.sort_by(|a, b| a.0.cmp(&b.0));
    facts.health.collation_mismatches.sort();
    facts.catalog.grants = text::grants(&database_grants);
    default_grants.sort();
    if !default_grants.is_empty() {
        facts.health.notes.insert("default_privileges".to_owned(), default_grants.join("; "));
    }
    Ok(())
}

fn object_kind(letter: &str) -> &'static str {
    match letter {
        "r" => "tables",
        "S" => "sequences",
        "f" => "functions",
        "T" => "types",
        "n" => "schemas",
        _ => "objects",
    }
}

/// Takes the rows of `replication.sql`.
pub fn take_replication(rows: &[Row], standby: bool, facts: &mut Facts) -> Result<(), EngineError> {
    let topology = &mut facts.topology;
    topology.role = if standby { Role::Replica } else { Role::Primary };
    for row in rows {
        let (name, state, detail) = (row.text("name")?, row.text("state")?, row.text("detail")?);
        let (lag_bytes, lag_seconds) = (row.float("bytes")?, row.float("seconds")?);
        match row.text("kind")?.as_str() {
            "replica" => {
                let synchronous = matches!(detail.as_str(), "sync" | "quorum");
                topology.replicas.push(Replica { name, state, synchronous, lag_seconds, lag_bytes, error: None });
            }
            "slot" => {
                let slot = Slot { name, kind: detail, active: row.flag("active")?, retained_bytes: lag_bytes, state: Some(state) };
                topology.slots.push(Slot { state: slot.state.clone().filter(|state| !state.is_empty()), ..slot });
            }
            "upstream" => {
                topology.upstream = Some(Replica { name, state, synchronous: false, lag_seconds, lag_bytes, error: None });
            }
            kind => topology.logical.push(format!("{kind} {name}: {state}")),
        }
    }
    Ok(())
}
