//! The healthy surroundings: settings, state, copies, access, backups. It never describes a catalog.

use std::collections::BTreeMap;

use dbwright_model::backup::{Archiving, Backup, Backups};
use dbwright_model::drill::DrillRecord;
use dbwright_model::health::{Health, Setting, Usage};
use dbwright_model::plan::{Operation, Plan, PlanNode};
use dbwright_model::security::{AdmissionRule, ConnectionSecurity, FileMode, Reach, Role, Security};
use dbwright_model::topology::{Replica, Role as Place, Topology};
use dbwright_model::workload::{Latency, Statement, Workload, WorkloadSource};
use dbwright_model::{Engine, ObjectName, Quantity, Timestamp};

use super::TAKEN_AT;

const fn days_ago(days: i64) -> Timestamp {
    Timestamp(TAKEN_AT.0 - days * 86_400_000_000)
}

const fn hours_ago(hours: i64) -> Timestamp {
    Timestamp(TAKEN_AT.0 - hours * 3_600_000_000)
}

pub(super) fn workload(engine: Engine) -> Workload {
    let statements = if engine.speaks_sql() { vec![statement(engine)] } else { vec![command()] };
    Workload {
        source: WorkloadSource::Statistics,
        since: Some(days_ago(30)),
        statements,
        evicted: Some(0),
        capacity: Some(5000),
        truncated: 0,
        literals_hidden: true,
    }
}

fn statement(engine: Engine) -> Statement {
    let schema = match engine {
        Engine::Postgresql => Some("public".to_owned()),
        Engine::Mysql | Engine::Mariadb => Some("store".to_owned()),
        _ => None,
    };
    let index = match engine {
        Engine::Mysql | Engine::Mariadb => "PRIMARY",
        _ => "product_pkey",
    };
    let root = PlanNode {
        operation: Operation::IndexScan,
        label: "Index Scan".to_owned(),
        collection: Some(ObjectName { schema, name: "product".to_owned() }),
        index: Some(index.to_owned()),
        access_condition: Some("id = $1".to_owned()),
        rows_estimated: Some(1.0),
        cost: Some(8.3),
        ..PlanNode::default()
    };
    let parameter = if engine == Engine::Postgresql { "$1" } else { "?" };
    Statement {
        text: format!("SELECT title FROM product WHERE id = {parameter}"),
        calls: Some(40_000.0),
        total_ms: Some(2000.0),
        max_ms: Some(9.0),
        deviation_ms: Some(0.02),
        rows: Some(40_000.0),
        blocks_hit: Some(120_000.0),
        blocks_read: Some(3.0),
        temp_blocks: Some(0.0),
        latency: Some(latency()),
        plan: Some(Plan { root, executed: false, planning_ms: Some(0.1), execution_ms: None }),
        user: Some("store".to_owned()),
        ..Statement::default()
    }
}

fn command() -> Statement {
    Statement { text: "GET".to_owned(), calls: Some(40_000.0), total_ms: Some(200.0), latency: Some(latency()), ..Statement::default() }
}

fn latency() -> Latency {
    Latency {
        samples: 40_000,
        p50_ms: 0.05,
        p95_ms: 0.08,
        p95_low_ms: Some(0.079),
        p95_high_ms: Some(0.081),
        p99_ms: 0.2,
        max_ms: 9.0,
        method: "histogram".to_owned(),
        buckets: Vec::new(),
    }
}

const POSTGRESQL: &[(&str, &str, &str)] = &[
    ("archive_mode", "on", ""),
    ("autovacuum", "on", ""),
    ("autovacuum_vacuum_scale_factor", "0.1", ""),
    ("autovacuum_vacuum_threshold", "50", ""),
    ("checkpoint_timeout", "900", "s"),
    ("data_checksums", "on", ""),
    ("effective_cache_size", "1572864", "8kB"),
    ("fsync", "on", ""),
    ("full_page_writes", "on", ""),
    ("idle_in_transaction_session_timeout", "300000", "ms"),
    ("idle_session_timeout", "0", "ms"),
    ("lock_timeout", "0", "ms"),
    ("log_checkpoints", "on", ""),
    ("log_connections", "on", ""),
    ("log_disconnections", "on", ""),
    ("log_lock_waits", "on", ""),
    ("log_min_duration_statement", "500", "ms"),
    ("log_statement", "ddl", ""),
    ("log_temp_files", "0", "kB"),
    ("maintenance_work_mem", "524288", "kB"),
    ("max_connections", "100", ""),
    ("max_slot_wal_keep_size", "65536", "MB"),
    ("max_wal_size", "8192", "MB"),
    ("password_encryption", "scram-sha-256", ""),
    ("random_page_cost", "1.1", ""),
    ("seq_page_cost", "1", ""),
    ("shared_buffers", "524288", "8kB"),
    ("shared_preload_libraries", "pg_stat_statements,pgaudit", ""),
    ("ssl", "on", ""),
    ("ssl_min_protocol_version", "TLSv1.2", ""),
    ("statement_timeout", "60000", "ms"),
    ("synchronous_commit", "on", ""),
    ("track_counts", "on", ""),
    ("track_io_timing", "on", ""),
    ("wal_level", "replica", ""),
    ("work_mem", "16384", "kB"),
];

const MYSQL: &[(&str, &str, &str)] = &[
    ("binlog_format", "ROW", ""),
    ("character_set_server", "utf8mb4", ""),
    ("foreign_key_checks", "ON", ""),
    ("gtid_mode", "ON", ""),
    ("innodb_buffer_pool_size", "1073741824", ""),
    ("innodb_doublewrite", "ON", ""),
    ("innodb_file_per_table", "ON", ""),
    ("innodb_flush_log_at_trx_commit", "1", ""),
    ("innodb_redo_log_capacity", "2147483648", ""),
    ("local_infile", "OFF", ""),
    ("log_bin", "ON", ""),
    ("long_query_time", "0.500000", ""),
    ("max_connections", "151", ""),
    ("max_execution_time", "60000", "ms"),
    ("max_statement_time", "60.000000", "s"),
    ("performance_schema", "ON", ""),
    ("require_secure_transport", "ON", ""),
    ("slow_query_log", "ON", ""),
    ("sql_mode", "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO", ""),
    ("sync_binlog", "1", ""),
    ("tls_version", "TLSv1.2,TLSv1.3", ""),
    ("unique_checks", "ON", ""),
];

const REDIS: &[(&str, &str, &str)] = &[
    ("appendfsync", "everysec", ""),
    ("appendonly", "yes", ""),
    ("bind", "10.0.0.5", ""),
    ("maxclients", "10000", ""),
    ("maxmemory", "1073741824", ""),
    ("maxmemory-policy", "volatile-lru", ""),
    ("port", "0", ""),
    ("protected-mode", "yes", ""),
    ("save", "3600 1 300 100 60 10000", ""),
    ("slowlog-log-slower-than", "10000", ""),
    ("slowlog-max-len", "1024", ""),
    ("timeout", "0", ""),
    ("tls-port", "6379", ""),
    ("tls-protocols", "TLSv1.2 TLSv1.3", ""),
];

const SQLITE: &[(&str, &str, &str)] = &[
    ("application_id", "0", ""),
    ("auto_vacuum", "0", ""),
    ("encoding", "UTF-8", ""),
    ("foreign_keys", "1", ""),
    ("freelist_count", "0", ""),
    ("journal_mode", "wal", ""),
    ("page_count", "220", ""),
    ("page_size", "4096", ""),
    ("synchronous", "2", ""),
    ("user_version", "1", ""),
];

pub(super) fn settings(engine: Engine) -> BTreeMap<String, Setting> {
    let table = match engine {
        Engine::Postgresql => POSTGRESQL,
        Engine::Mysql | Engine::Mariadb => MYSQL,
        Engine::Redis | Engine::Valkey => REDIS,
        Engine::Sqlite => SQLITE,
    };
    let setting = |value: &str, unit: &str| Setting {
        value: value.to_owned(),
        unit: (!unit.is_empty()).then(|| unit.to_owned()),
        origin: (engine != Engine::Sqlite).then(|| "configuration file".to_owned()),
        pending_restart: false,
    };
    let foreign: &[&str] = match engine {
        Engine::Mysql => &["max_statement_time"],
        Engine::Mariadb => &["gtid_mode", "innodb_redo_log_capacity", "max_execution_time"],
        _ => &[],
    };
    let known = table.iter().filter(|(name, ..)| !foreign.contains(name));
    known.map(|(name, value, unit)| ((*name).to_owned(), setting(value, unit))).collect()
}

pub(super) fn health(engine: Engine) -> Health {
    let clean = Health { integrity_check: Some(Vec::new()), corrupt_pages: Some(0), ..Health::default() };
    if engine == Engine::Sqlite {
        return clean;
    }
    let memory = (!engine.speaks_sql()).then_some(Usage { used: 2e6, limit: 1_073_741_824.0 });
    let postgresql = engine == Engine::Postgresql;
    Health {
        started_at: Some(days_ago(60)),
        statistics_since: Some(days_ago(30)),
        connections: Some(Usage { used: 12.0, limit: 100.0 }),
        cache_hit_share: Some(Quantity::measured(0.998, "statistics")),
        deadlocks: Some(0),
        temporary_bytes: Some(0.0),
        checkpoints: postgresql.then_some((2880, 12)),
        oldest_transaction_seconds: Some(2.0),
        transaction_age: postgresql.then_some(Usage { used: 1_200_000.0, limit: 2_147_483_648.0 }),
        disk: Some(Usage { used: 30e9, limit: 100e9 }),
        memory,
        ..clean
    }
}

pub(super) fn topology(engine: Engine) -> Topology {
    if engine == Engine::Sqlite {
        return Topology { role: Place::Embedded, ..Topology::default() };
    }
    let replica = |name: &str| Replica {
        name: name.to_owned(),
        state: "streaming".to_owned(),
        synchronous: true,
        lag_seconds: Some(0.01),
        lag_bytes: Some(0.0),
        error: None,
    };
    Topology {
        role: Place::Primary,
        replicas: vec![replica("north"), replica("south")],
        synchronous: if engine == Engine::Postgresql { "ANY 1 (north, south)".to_owned() } else { String::new() },
        ..Topology::default()
    }
}

pub(super) fn security(engine: Engine) -> Security {
    let mode = |what: &str, path: &str, mode| FileMode { what: what.to_owned(), path: path.to_owned(), mode };
    if engine == Engine::Sqlite {
        let files = vec![mode("database", "store.db", 0o600), mode("directory", ".", 0o700)];
        return Security { files, ..Security::default() };
    }
    Security {
        connection: ConnectionSecurity { reach: Reach::Network, tls: Some("TLSv1.3".to_owned()), verified: true },
        tls_offered: Some(true),
        plaintext_refused: Some(true),
        tls_minimum: Some("TLSv1.2".to_owned()),
        certificate_expires: Some(days_ago(-300)),
        plaintext_sessions: Some(0),
        listen: vec!["10.0.0.5".to_owned()],
        admission: admission(engine),
        roles: roles(engine),
        encrypted_at_rest: Some(true),
        audit: Some(if engine == Engine::Postgresql { "pgaudit" } else { "on" }.to_owned()),
        files: vec![mode("directory", "data", 0o700)],
        dangerous_features: Vec::new(),
        collected_as: Some("dbwright".to_owned()),
    }
}

fn admission(engine: Engine) -> Vec<AdmissionRule> {
    if engine != Engine::Postgresql {
        return Vec::new();
    }
    let all = |name: &str| vec![name.to_owned()];
    let local =
        AdmissionRule { kind: "local".into(), databases: all("all"), users: all("all"), method: "peer".into(), ..AdmissionRule::default() };
    let network = AdmissionRule {
        kind: "hostssl".into(),
        databases: all("store"),
        users: all("store"),
        address: "10.0.0.0/24".into(),
        method: "scram-sha-256".into(),
        error: None,
    };
    vec![local, network]
}

fn roles(engine: Engine) -> Vec<Role> {
    let method = match engine {
        Engine::Mysql => "caching_sha2_password",
        Engine::Mariadb => "ed25519",
        Engine::Postgresql => "scram-sha-256",
        _ => "sha256",
    };
    let login = |name: &str, sessions, privileges: &[&str]| Role {
        name: name.to_owned(),
        login: true,
        password_method: Some(method.to_owned()),
        password_empty: Some(false),
        sessions: Some(sessions),
        privileges: privileges.iter().map(|one| (*one).to_owned()).collect(),
        ..Role::default()
    };
    match engine {
        Engine::Postgresql => {
            let owner = Role { name: "store_owner".to_owned(), ..Role::default() };
            let administrator = Role { superuser: true, creates_roles: true, replication: true, ..login("postgres", 0, &[]) };
            vec![login("dbwright", 1, &[]), administrator, login("store", 8, &[]), owner]
        }
        Engine::Mysql | Engine::Mariadb => vec![login("dbwright@10.0.0.7", 1, &["SELECT"]), login("store@10.0.0.%", 8, &["USAGE"])],
        _ => {
            let switched_off = Role { login: false, ..login("default", 0, &["-@all"]) };
            vec![switched_off, login("store", 8, &["~page:*", "~session:*", "-@all", "+@read", "+@write", "-@dangerous"])]
        }
    }
}

pub(super) fn backups(engine: Engine) -> Backups {
    let archiving = (engine != Engine::Sqlite).then(|| Archiving {
        enabled: true,
        command: Some("copy to another site".to_owned()),
        archived: 4000,
        failed: 0,
        last_archived: Some(Timestamp(TAKEN_AT.0 - 60_000_000)),
        last_failed: None,
        ..Archiving::default()
    });
    let backup = Backup {
        kind: "base backup".to_owned(),
        location: "another site".to_owned(),
        taken_at: Some(hours_ago(6)),
        bytes: Some(900_000.0),
        encrypted: Some(true),
        ..Backup::default()
    };
    let drill = |drill: &str, days| DrillRecord {
        drill: drill.to_owned(),
        at: days_ago(days),
        subject: format!("{} store", engine.id()),
        passed: true,
        recovery_seconds: Some(40.0),
        acknowledged: Some((100_000, 0)),
        faults: 300,
        ..DrillRecord::default()
    };
    Backups {
        backups: vec![backup],
        archiving,
        drills: vec![drill("restore", 2), drill("point-in-time", 3), drill("crash", 4), drill("failover", 5)],
        durability: durability(engine),
        ..Backups::default()
    }
}

fn durability(engine: Engine) -> Vec<(String, String)> {
    let pairs: &[(&str, &str)] = match engine {
        Engine::Postgresql => &[("fsync", "on"), ("full_page_writes", "on"), ("synchronous_commit", "on")],
        Engine::Mysql | Engine::Mariadb => &[("innodb_flush_log_at_trx_commit", "1"), ("sync_binlog", "1"), ("innodb_doublewrite", "ON")],
        Engine::Redis | Engine::Valkey => &[("appendonly", "yes"), ("appendfsync", "everysec")],
        Engine::Sqlite => &[("journal_mode", "wal"), ("synchronous", "2")],
    };
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
