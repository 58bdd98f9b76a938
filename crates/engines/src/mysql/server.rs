//! Settings, state, logs and replicas. It never judges them.

use std::collections::BTreeMap;

use dbwright_model::backup::Archiving;
use dbwright_model::health::{Setting, Usage};
use dbwright_model::topology::{Replica, Role};
use dbwright_model::{FactKind, Facts, Quantity, Reading, Timestamp};

use super::ask::Record;
use super::facts::Reader;
use crate::error::EngineError;

/// Settings whose values may hold a secret.
const HIDDEN: [&str; 4] = ["password", "passwd", "secret", "_key_management_keys"];
/// Settings that decide what a crash loses.
const DURABILITY: [&str; 4] = ["innodb_flush_log_at_trx_commit", "sync_binlog", "innodb_doublewrite", "innodb_flush_method"];

/// Reads the state of the server.
///
/// # Errors
/// When the connection is gone.
pub(super) async fn read(reader: &mut Reader<'_>) -> Result<(), EngineError> {
    reader.book.read(FactKind::Settings, "SHOW GLOBAL VARIABLES");
    let rows = reader.ask(include_str!("queries/variables.sql"), &[FactKind::Settings], Reading::Missing).await?;
    reader.facts.settings = rows.iter().map(setting).collect();
    reader.book.read(FactKind::Health, "SHOW GLOBAL STATUS, INNODB_TRX, PROCESSLIST");
    let rows = reader.ask(include_str!("queries/status.sql"), &[FactKind::Health], Reading::Missing).await?;
    let status: BTreeMap<String, String> =
        rows.iter().map(|row| (row.text("Variable_name").to_ascii_lowercase(), row.text("Value"))).collect();
    take_status(&mut reader.facts, &status);
    sessions(reader).await?;
    transport(reader, &status).await?;
    topology(reader, &status).await?;
    archiving(reader).await
}

fn setting(row: &Record) -> (String, Setting) {
    let name = row.text("Variable_name").to_ascii_lowercase();
    let secret = HIDDEN.iter().any(|word| name.contains(word))
        && !name.starts_with("validate_")
        && !name.starts_with("default_")
        && !name.contains("_expire");
    let value = if secret && !row.text("Value").is_empty() { "(hidden)".to_owned() } else { row.text("Value") };
    (name, Setting { value, ..Setting::default() })
}

fn take_status(facts: &mut Facts, status: &BTreeMap<String, String>) {
    let number = |name: &str| status.get(name).and_then(|text| text.parse::<f64>().ok());
    for (name, text) in status {
        if let Ok(value) = text.parse::<f64>() {
            facts.health.counters.insert(name.clone(), value);
        }
    }
    if let Some(seconds) = number("uptime") {
        let since = facts.taken_at.0 - seconds as i64;
        facts.health.started_at = Some(Timestamp(since));
        let flushed = number("uptime_since_flush_status").unwrap_or(seconds);
        facts.health.statistics_since = Some(Timestamp(facts.taken_at.0 - flushed as i64));
    }
    let setting = |name: &str| facts.settings.get(name).and_then(|setting| setting.value.parse::<f64>().ok());
    facts.health.connections = number("threads_connected").zip(setting("max_connections")).map(|(used, limit)| Usage { used, limit });
    if let (Some(reads), Some(requests)) = (number("innodb_buffer_pool_reads"), number("innodb_buffer_pool_read_requests"))
        && requests > 0.0
    {
        facts.health.cache_hit_share = Some(Quantity::measured(1.0 - reads / requests, "InnoDB buffer pool"));
    }
    facts.health.deadlocks = number("innodb_deadlocks").map(|count| count as u64);
    facts.backups.durability =
        DURABILITY.iter().filter_map(|name| Some(((*name).to_owned(), facts.settings.get(*name)?.value.clone()))).collect();
}

async fn sessions(reader: &mut Reader<'_>) -> Result<(), EngineError> {
    let rows = reader.ask(include_str!("queries/transactions.sql"), &[FactKind::Health], Reading::Partial).await?;
    reader.facts.health.oldest_transaction_seconds =
        rows.first().and_then(|row| row.number("oldest_seconds")).map(|seconds| seconds.max(0.0));
    let rows = reader.ask(include_str!("queries/sessions.sql"), &[FactKind::Health], Reading::Partial).await?;
    if let Some(row) = rows.first() {
        let waiting = row.count("waiting_for_metadata").unwrap_or(0);
        if waiting > 0 {
            reader.facts.health.blocked.push(format!("{waiting} sessions wait for a lock on a table's definition"));
        }
        for name in ["idle", "replicas"] {
            reader.facts.health.counters.insert(format!("sessions_{name}"), row.number(name).unwrap_or(0.0));
        }
    }
    Ok(())
}

/// TLS as offered, as demanded, and as we came in.
async fn transport(reader: &mut Reader<'_>, status: &BTreeMap<String, String>) -> Result<(), EngineError> {
    reader.book.read(FactKind::Transport, "settings and the session's own cipher");
    let rows = reader.ask(include_str!("queries/session_tls.sql"), &[FactKind::Transport], Reading::Partial).await?;
    let of = |name: &str| rows.iter().find(|row| row.text("Variable_name").eq_ignore_ascii_case(name)).map(|row| row.text("Value"));
    let cipher = of("Ssl_cipher").filter(|text| !text.is_empty());
    let facts = &mut reader.facts;
    facts.security.connection = reader.session.security.clone();
    facts.security.connection.tls = cipher.as_ref().and_then(|_| of("Ssl_version")).filter(|text| !text.is_empty());
    let value = |name: &str| facts.settings.get(name).map(|setting| setting.value.to_ascii_uppercase());
    let offered = match (value("have_ssl"), status.get("ssl_server_not_after").filter(|text| !text.is_empty())) {
        (Some(text), _) => Some(text == "YES"),
        (None, Some(_)) => Some(true),
        (None, None) => cipher.as_ref().map(|_| true),
    };
    facts.security.tls_offered = offered;
    facts.security.plaintext_refused = value("require_secure_transport").map(|text| text == "ON" || text == "1");
    facts.security.tls_minimum = value("tls_version").and_then(|text| minimum(&text));
    let bind = value("bind_address").unwrap_or_else(|| "*".to_owned());
    let networking = value("skip_networking").is_none_or(|text| text != "ON" && text != "1");
    facts.security.listen = bind.split(',').map(|one| one.trim().to_ascii_lowercase()).filter(|one| !one.is_empty()).collect();
    if !networking {
        // Only programs on the machine itself come in, by the socket.
        facts.security.listen = vec!["localhost".to_owned()];
    } else if facts.security.listen.is_empty() {
        facts.security.listen.push("*".to_owned());
    }
    Ok(())
}

/// The oldest of `TLSV1.2,TLSV1.3`.
fn minimum(list: &str) -> Option<String> {
    let mut all: Vec<String> =
        list.split(',').map(|one| one.trim().replace("TLSV", "TLSv")).filter(|one| one.starts_with("TLSv")).collect();
    all.sort();
    all.into_iter().next()
}

async fn topology(reader: &mut Reader<'_>, status: &BTreeMap<String, String>) -> Result<(), EngineError> {
    reader.book.read(FactKind::Topology, "state of replication");
    let new = reader.is_mysql8() || reader.is_mariadb() && reader.session.version >= (10, 5);
    let query = if new { include_str!("queries/replica.sql") } else { include_str!("queries/replica.old.sql") };
    let rows = reader.ask(query, &[FactKind::Topology], Reading::Partial).await?;
    let topology = &mut reader.facts.topology;
    topology.role = if rows.is_empty() { Role::Primary } else { Role::Replica };
    if let Some(row) = rows.first() {
        topology.upstream = Some(upstream(row));
    }
    let replicas = reader.facts.health.counters.get("sessions_replicas").copied().unwrap_or(0.0) as u64;
    for number in 1..=replicas {
        topology.replicas.push(Replica { name: format!("replica {number}"), state: "streaming".to_owned(), ..Replica::default() });
    }
    let on = |name: &str| status.get(name).is_some_and(|value| value.eq_ignore_ascii_case("ON"));
    let semi = on("rpl_semi_sync_master_status") || on("rpl_semi_sync_source_status");
    topology.synchronous = if semi { "semi-synchronous" } else { "" }.to_owned();
    topology.replicas.iter_mut().for_each(|replica| replica.synchronous = semi);
    if let Some(size) = status.get("wsrep_cluster_size").filter(|size| size.as_str() != "0") {
        topology.nodes.push(("Galera cluster".to_owned(), format!("{size} nodes")));
    }
    Ok(())
}

fn upstream(row: &Record) -> Replica {
    let all = row.all();
    let of = |names: [&str; 2]| names.iter().find_map(|name| all.get(*name).filter(|text| !text.is_empty()).cloned());
    let running = |names| of(names).is_some_and(|text: String| text.eq_ignore_ascii_case("yes"));
    let both = running(["replica_io_running", "slave_io_running"]) && running(["replica_sql_running", "slave_sql_running"]);
    Replica {
        name: of(["source_host", "master_host"]).unwrap_or_default(),
        state: if both { "streaming" } else { "stopped" }.to_owned(),
        synchronous: false,
        lag_seconds: of(["seconds_behind_source", "seconds_behind_master"]).and_then(|text| text.parse().ok()),
        lag_bytes: None,
        error: of(["last_sql_error", "last_io_error"]).or_else(|| of(["last_error", "last_io_error"])),
    }
}

/// The binary log is what changes since a backup are replayed from.
async fn archiving(reader: &mut Reader<'_>) -> Result<(), EngineError> {
    reader.book.read(FactKind::Archiving, "binary log");
    let on = reader.facts.settings.get("log_bin").map(|setting| setting.value.eq_ignore_ascii_case("ON") || setting.value == "1");
    let Some(enabled) = on else {
        reader.book.missing(FactKind::Archiving, "log_bin is not shown", "");
        return Ok(());
    };
    let mut kept = 0;
    if enabled {
        kept = reader.ask(include_str!("queries/binary_logs.sql"), &[FactKind::Archiving], Reading::Partial).await?.len() as u64;
    }
    reader.facts.backups.archiving = Some(Archiving { enabled, archived: kept, ..Archiving::default() });
    if enabled {
        reader.book.partial(
            FactKind::Archiving,
            "whether binary logs are copied elsewhere is not known to the server",
            "Attest it in dbwright.toml.",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_version_counts() {
        assert_eq!(minimum("TLSV1.2,TLSV1.3").as_deref(), Some("TLSv1.2"));
        assert_eq!(minimum("TLSV1.3,TLSV1,TLSV1.1").as_deref(), Some("TLSv1"));
        assert_eq!(minimum(""), None);
    }
}
