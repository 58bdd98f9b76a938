//! Facts of a Redis or Valkey server. What a managed service forbids becomes a gap with its reason; the rest goes on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dbwright_model::backup::{Archiving, Backup, Backups};
use dbwright_model::health::{Health, Setting, Usage};
use dbwright_model::topology::{ClusterNode, Replica, Role as ServerRole, Topology, Watched};
use dbwright_model::{Coverage, Engine, FactKind, Facts, Quantity, Reading, Timestamp};
use redis::Value;

use super::connect::{self, Connection};
use super::info::Info;
use super::keys::Limits;
use super::{cluster, keys, latency, security};
use crate::error::EngineError;
use crate::options::{CollectOptions, ReadRows};
use crate::target::Endpoint;

/// Time that sampling keys may take, over all databases.
const SAMPLING: Duration = Duration::from_millis(3_200);
/// As [`SAMPLING`], on a server that is there for us alone.
const SAMPLING_OWN: Duration = Duration::from_secs(60);
/// Settings that are or may hold secrets.
const SECRET_SETTINGS: [&str; 6] = ["requirepass", "masterauth", "primaryauth", "masteruser", "primaryuser", "tls-key-file-pass"];

/// Reads everything.
pub(super) async fn collect(endpoint: &Endpoint, options: &CollectOptions) -> Result<Vec<Facts>, EngineError> {
    let mut connection = Connection::open(endpoint, options).await?;
    let started = Instant::now();
    let mut reader = Reader { connection: &mut connection, coverage: Vec::new() };
    let info = Info::parse(&reader.required_text(&["INFO", "all"]).await?);
    let (engine, version) = identity(&info, endpoint.engine);
    let mut facts = Facts::empty(engine, &version, &name(endpoint), options.now);
    facts.target.identity = info.text("run_id").map(str::to_owned);
    facts.target.service = service(&info, endpoint);
    let sentinel = info.text("redis_mode") == Some("sentinel");
    facts.settings = if sentinel { reader.no_keys() } else { reader.settings().await };
    let (histogram, slow) = if sentinel { (None, None) } else { reader.commands().await };
    facts.workload = latency::workload(&info, histogram.as_ref(), slow.as_ref());
    facts.workload.since = started_at(&info, options.now);
    reader.roles(&mut facts).await;
    let (nodes, state, watched) = reader.copies(&info).await;
    let coverage = std::mem::take(&mut reader.coverage);
    facts.coverage.extend(coverage);
    let own = options.read_rows == ReadRows::All;
    sample(&mut connection, &info, if own { Limits::OWN } else { Limits::SHARED }, &mut facts).await?;
    let anyone = if connection.authenticated { connect::admits_anyone(endpoint, options).await } else { Some(true) };
    read_info(&info, &mut facts, options.now);
    facts.topology.cluster = nodes;
    facts.topology.cluster_state = state;
    facts.topology.watched = watched;
    let settings = facts.settings.clone();
    let roles = std::mem::take(&mut facts.security.roles);
    let collected_as = facts.security.collected_as.take();
    let found = security::exposure(&connection, anyone, &|name| settings.get(name).map(|setting| setting.value.clone()));
    facts.security = dbwright_model::security::Security { roles, collected_as, ..found };
    not_there(&mut facts, &connection);
    facts.effort.queries = connection.commands;
    facts.effort.elapsed_ms = connection.busy.as_secs_f64() * 1000.0;
    facts.effort.connections = 1 + u64::from(connection.authenticated);
    facts.health.notes.insert("collecting took".to_owned(), format!("{:.1} s", started.elapsed().as_secs_f64()));
    Ok(vec![facts])
}

/// Text of an answer, if it is one.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) => Some(text.clone()),
        Value::VerbatimString { text, .. } => Some(text.clone()),
        Value::Okay => Some("OK".to_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Asks and keeps account of what was refused.
struct Reader<'a> {
    connection: &'a mut Connection,
    coverage: Vec<Coverage>,
}

impl Reader<'_> {
    async fn required_text(&mut self, words: &[&str]) -> Result<String, EngineError> {
        self.connection.ask(words).await.map(|value| text_of(&value).unwrap_or_default())
    }

    /// Asks; a refusal becomes a gap with the ACL rule that closes it.
    async fn optional(&mut self, fact: FactKind, words: &[&str], what: &str, rule: &str) -> Option<Value> {
        match self.connection.ask(words).await {
            Ok(value) => {
                self.note(fact, Reading::Read, what.to_owned(), None);
                Some(value)
            }
            Err(error) => {
                let hint = format!("ACL SETUSER <user> {rule}; a managed service may forbid it altogether.");
                self.note(fact, Reading::Missing, format!("{} was refused: {}", words.join(" "), error.detail), Some(hint));
                None
            }
        }
    }

    /// Keeps account; of several readings of one kind the worst counts, and what was read in part is partial.
    fn note(&mut self, fact: FactKind, state: Reading, detail: String, hint: Option<String>) {
        let Some(entry) = self.coverage.iter_mut().find(|entry| entry.fact == fact) else {
            self.coverage.push(Coverage { fact, state, detail, hint });
            return;
        };
        if entry.state != state {
            entry.state = Reading::Partial;
        }
        entry.detail = format!("{}; {detail}", entry.detail);
        entry.hint = entry.hint.take().or(hint);
    }

    /// A Sentinel has neither keys nor the settings, counters and logs that go with them.
    fn no_keys(&mut self) -> BTreeMap<String, Setting> {
        for fact in [FactKind::Settings, FactKind::Latency, FactKind::Workload] {
            self.note(fact, Reading::NotApplicable, "a Sentinel holds no keys and answers no programs".to_owned(), None);
        }
        BTreeMap::new()
    }

    /// Latency histograms and the slow log.
    async fn commands(&mut self) -> (Option<Value>, Option<Value>) {
        let histogram =
            self.optional(FactKind::Latency, &["LATENCY", "HISTOGRAM"], "latency histograms of each command", "+latency|histogram").await;
        let slow = self
            .optional(FactKind::Workload, &["SLOWLOG", "GET", "128"], "counters of each command and the slow log", "+slowlog|get")
            .await;
        (histogram, slow)
    }

    async fn settings(&mut self) -> BTreeMap<String, Setting> {
        let answer = self.optional(FactKind::Settings, &["CONFIG", "GET", "*"], "all settings but secrets", "+config|get").await;
        let pairs = answer.as_ref().map(latency::entries).unwrap_or_default();
        let secret = |name: &String| SECRET_SETTINGS.contains(&name.as_str());
        let setting = |value: &Value| Setting { value: text_of(value).unwrap_or_default(), ..Setting::default() };
        pairs.into_iter().filter_map(|(name, value)| Some((text_of(name)?, setting(value)))).filter(|(name, _)| !secret(name)).collect()
    }

    async fn roles(&mut self, facts: &mut Facts) {
        facts.security.collected_as = match self.connection.ask(&["ACL", "WHOAMI"]).await {
            Ok(value) => text_of(&value),
            Err(_) => None,
        };
        let Some(Value::Array(lines)) = self.optional(FactKind::Roles, &["ACL", "LIST"], "accounts and their rules", "+acl|list").await
        else {
            return;
        };
        let lines: Vec<String> = lines.iter().filter_map(text_of).collect();
        facts.security.roles = security::roles(&lines);
    }
}

impl Reader<'_> {
    /// What a node says of its cluster, and a Sentinel of what it watches.
    async fn copies(&mut self, info: &Info) -> (Vec<ClusterNode>, Option<String>, Vec<Watched>) {
        let (mut nodes, mut state, mut watched) = (Vec::new(), None, Vec::new());
        self.note(FactKind::Topology, Reading::Read, "INFO replication".to_owned(), None);
        if info.text("cluster_enabled") == Some("1") {
            let said = self.optional(FactKind::Topology, &["CLUSTER", "INFO"], "the cluster's state", "+cluster|info").await;
            state = said.as_ref().and_then(text_of).and_then(|text| Info::parse(&text).text("cluster_state").map(str::to_owned));
            let said = self.optional(FactKind::Topology, &["CLUSTER", "NODES"], "the cluster's nodes", "+cluster|nodes").await;
            nodes = said.as_ref().and_then(text_of).map(|text| cluster::nodes(&text)).unwrap_or_default();
        }
        if info.text("redis_mode") == Some("sentinel") {
            let said = self.optional(FactKind::Topology, &["SENTINEL", "MASTERS"], "the primaries it watches", "+sentinel|masters").await;
            watched = said.as_ref().map(cluster::watched).unwrap_or_default();
        }
        (nodes, state, watched)
    }
}

/// Samples every database that holds keys, each for its share of the time.
async fn sample(connection: &mut Connection, info: &Info, limits: Limits, facts: &mut Facts) -> Result<(), EngineError> {
    let mut databases: Vec<(i64, u64)> =
        info.groups("db").filter_map(|(number, pairs)| Some((number.parse().ok()?, pairs.get("keys")?.parse().ok()?))).collect();
    databases.sort_unstable();
    let round_trip = round_trip(connection).await?;
    let counts_use = info.text("maxmemory_policy").is_some_and(|policy| policy.ends_with("-lfu"));
    if info.text("cluster_enabled") == Some("1") && info.text("role") == Some("slave") {
        // Else a replica in a cluster refers every question on a key to its primary. Refused, sizes are missing.
        let _ = connection.ask(&["READONLY"]).await;
    }
    let total: u64 = databases.iter().map(|(_, keys)| keys).sum::<u64>().max(1);
    let time = if limits.paced { SAMPLING } else { SAMPLING_OWN };
    let (mut names, mut looked_at, mut complete) = (0, 0, true);
    for (database, keys) in databases {
        if let Err(error) = connection.ask(&["SELECT", &database.to_string()]).await {
            complete = false;
            facts.health.notes.insert(format!("db{database}"), format!("not sampled: {}", error.detail));
            continue;
        }
        let deadline = Instant::now() + time.mul_f64(keys as f64 / total as f64);
        let sampled = keys::sample(connection, &keys::Plan { database, keys, round_trip, deadline, limits, counts_use }).await?;
        names += sampled.names;
        looked_at += sampled.looked_at;
        complete &= sampled.complete;
        facts.catalog.collections.extend(sampled.collections);
    }
    let detail = if complete { format!("all {names} keys by SCAN") } else { format!("{names} of {total} keys by SCAN, at random") };
    let state = if complete && looked_at == names { Reading::Read } else { Reading::Partial };
    facts.coverage.push(Coverage {
        fact: FactKind::Catalog,
        state: Reading::Read,
        detail: format!("key patterns from {detail}"),
        hint: None,
    });
    facts.coverage.push(Coverage {
        fact: FactKind::Sizes,
        state,
        detail: format!("{looked_at} keys looked at, some of each pattern, of {detail}"),
        hint: None,
    });
    facts.catalog.collections.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(())
}

async fn round_trip(connection: &mut Connection) -> Result<Duration, EngineError> {
    let mut least = connection.timeout();
    for _ in 0..3 {
        let before = connection.busy;
        connection.ask(&["PING"]).await?;
        least = least.min(connection.busy - before);
    }
    Ok(least)
}

fn identity(info: &Info, asked: Engine) -> (Engine, String) {
    if let Some(version) = info.text("valkey_version") {
        return (Engine::Valkey, version.to_owned());
    }
    let engine = if info.text("server_name") == Some("valkey") { Engine::Valkey } else { Engine::Redis };
    let engine = if asked == Engine::Valkey { Engine::Valkey } else { engine };
    (engine, info.text("redis_version").unwrap_or_default().to_owned())
}

fn name(endpoint: &Endpoint) -> String {
    let host = endpoint.hosts.first().map_or_else(|| "127.0.0.1:6379".to_owned(), ToString::to_string);
    host.rsplit('/').next().unwrap_or(&host).to_owned()
}

fn service(info: &Info, endpoint: &Endpoint) -> Option<String> {
    let host = endpoint.hosts.first().map(|host| host.name.as_str()).unwrap_or_default();
    let known = [
        ("cache.amazonaws.com", "Amazon ElastiCache"),
        ("memorydb", "Amazon MemoryDB"),
        ("redis.cache.windows.net", "Azure Cache for Redis"),
        ("redislabs.com", "Redis Cloud"),
        ("redis-cloud.com", "Redis Cloud"),
        ("upstash.io", "Upstash"),
    ];
    let by_host = known.iter().find(|(part, _)| host.contains(part)).map(|(_, name)| (*name).to_owned());
    by_host.or_else(|| info.text("os").filter(|os| os.contains("Amazon ElastiCache")).map(|_| "Amazon ElastiCache".to_owned()))
}

fn started_at(info: &Info, now: Timestamp) -> Option<Timestamp> {
    Some(Timestamp(now.0 - info.count("uptime_in_seconds")?.cast_signed() * 1_000_000))
}

fn read_info(info: &Info, facts: &mut Facts, now: Timestamp) {
    facts.catalog.database_bytes = info.number("used_memory").map(|bytes| Quantity::measured(bytes, "INFO used_memory"));
    facts.health = health(info, now, std::mem::take(&mut facts.health));
    facts.topology = topology(info);
    facts.backups = backups(info, facts);
    for (fact, detail) in [(FactKind::Health, "INFO"), (FactKind::Backups, "INFO persistence")] {
        facts.coverage.push(Coverage { fact, state: Reading::Read, detail: detail.to_owned(), hint: None });
    }
}

fn health(info: &Info, now: Timestamp, before: Health) -> Health {
    let (hits, misses) = (info.number("keyspace_hits").unwrap_or(0.0), info.number("keyspace_misses").unwrap_or(0.0));
    let mut health = Health {
        started_at: started_at(info, now),
        statistics_since: started_at(info, now),
        cache_hit_share: (hits + misses > 0.0).then(|| Quantity::measured(hits / (hits + misses), "INFO keyspace_hits, keyspace_misses")),
        connections: info.number("connected_clients").zip(info.number("maxclients")).map(|(used, limit)| Usage { used, limit }),
        memory: info.number("used_memory").map(|used| Usage { used, limit: info.number("maxmemory").unwrap_or(0.0) }),
        ..before
    };
    for name in [
        "evicted_keys",
        "expired_keys",
        "rejected_connections",
        "mem_fragmentation_ratio",
        "blocked_clients",
        "total_error_replies",
        "total_commands_processed",
        "rdb_changes_since_last_save",
        "latest_fork_usec",
        "total_system_memory",
        "used_memory_rss",
        "sync_full",
        "sync_partial_err",
        "client_recent_max_input_buffer",
        "cluster_enabled",
        "loading",
        "keyspace_hits",
        "keyspace_misses",
        "used_memory_peak",
        "acl_access_denied_auth",
        "tracking_total_keys",
        "slowlog_len",
        "allocator_frag_bytes",
        "aof_delayed_fsync",
        "connected_slaves",
        "master_repl_offset",
        "mem_fragmentation_bytes",
        "number_of_cached_scripts",
        "repl_backlog_active",
        "repl_backlog_size",
        "repl_backlog_histlen",
        "slave_read_only",
        "uptime_in_seconds",
        "used_memory_dataset",
        "used_memory_overhead",
        "used_memory_startup",
        "total_net_repl_output_bytes",
    ] {
        if let Some(value) = info.number(name) {
            health.counters.insert(name.to_owned(), value);
        }
    }
    for (name, pairs) in info.groups("errorstat_") {
        if let Some(count) = pairs.get("count").and_then(|count| count.parse().ok()) {
            health.counters.insert(format!("errorstat_{name}"), count);
        }
    }
    for name in [
        "maxmemory_policy",
        "redis_mode",
        "aof_last_write_status",
        "aof_last_bgrewrite_status",
        "rdb_last_bgsave_status",
        "mem_allocator",
        "os",
    ] {
        if let Some(text) = info.text(name) {
            health.notes.insert(name.to_owned(), text.to_owned());
        }
    }
    health
}

fn topology(info: &Info) -> Topology {
    let role = match info.text("role") {
        Some("master") => ServerRole::Primary,
        Some("slave") => ServerRole::Replica,
        _ => ServerRole::Unknown,
    };
    let offset = info.number("master_repl_offset");
    let replicas =
        info.groups("slave").filter(|(number, pairs)| number.parse::<u32>().is_ok() && pairs.contains_key("ip")).map(|(_, pairs)| {
            Replica {
                name: format!("{}:{}", pairs["ip"], pairs.get("port").unwrap_or(&"")),
                state: pairs.get("state").unwrap_or(&"").to_string(),
                lag_seconds: pairs.get("lag").and_then(|lag| lag.parse().ok()),
                lag_bytes: offset
                    .zip(pairs.get("offset").and_then(|text| text.parse::<f64>().ok()))
                    .map(|(ours, theirs)| (ours - theirs).max(0.0)),
                ..Replica::default()
            }
        });
    let upstream = info.text("master_host").map(|host| Replica {
        name: format!("{host}:{}", info.text("master_port").unwrap_or_default()),
        state: info.text("master_link_status").unwrap_or_default().to_owned(),
        lag_seconds: info.number("master_last_io_seconds_ago"),
        error: (info.text("master_link_status") == Some("down")).then(|| "the link to the primary is down".to_owned()),
        ..Replica::default()
    });
    let nodes = info
        .groups("master")
        .filter(|(_, pairs)| pairs.contains_key("name"))
        .map(|(_, pairs)| (pairs["name"].to_owned(), pairs.get("status").unwrap_or(&"").to_string()));
    Topology { role, replicas: replicas.collect(), upstream, nodes: nodes.collect(), ..Topology::default() }
}

fn backups(info: &Info, facts: &Facts) -> Backups {
    let setting = |name: &str| facts.settings.get(name).map(|setting| setting.value.clone());
    let durability = ["appendonly", "appendfsync", "save", "no-appendfsync-on-rewrite", "min-replicas-to-write"];
    let durability = durability.iter().filter_map(|name| Some(((*name).to_owned(), setting(name)?))).collect();
    let saved = info
        .count("rdb_last_save_time")
        .filter(|_| info.text("rdb_last_bgsave_status") == Some("ok") && setting("save").is_none_or(|save| !save.is_empty()));
    let backups = saved.map(|seconds| Backup {
        kind: "rdb".to_owned(),
        location: setting("dir").zip(setting("dbfilename")).map(|(dir, file)| format!("{dir}/{file}")).unwrap_or_default(),
        taken_at: Some(Timestamp::from_seconds(seconds.cast_signed())),
        encrypted: None,
        lacks: vec!["a copy on another machine, as far as the server knows".to_owned(), "accounts and settings".to_owned()],
        ..Backup::default()
    });
    let archiving = info.text("aof_enabled").map(|enabled| Archiving {
        enabled: enabled == "1",
        command: Some("append-only file".to_owned()),
        failed: u64::from(info.text("aof_last_write_status") == Some("err")),
        ..Archiving::default()
    });
    Backups { backups: backups.into_iter().collect(), archiving, durability, ..Backups::default() }
}

/// Kinds of facts that these engines do not have, and those that the connection itself shows.
fn not_there(facts: &mut Facts, connection: &Connection) {
    let mut add = |fact, state, detail: &str| facts.coverage.push(Coverage { fact, state, detail: detail.to_owned(), hint: None });
    for (fact, detail) in [
        (FactKind::ColumnStatistics, "keys have no columns"),
        (FactKind::Values, "values are not read"),
        (FactKind::Plans, "commands have no plans"),
        (FactKind::DataChecks, "there are no constraints to check"),
        (FactKind::Admission, "there are no rules by address"),
        (FactKind::Files, "files of a server are not seen"),
        (FactKind::Audit, "there is no audit facility beyond ACL LOG"),
    ] {
        add(fact, Reading::NotApplicable, detail);
    }
    add(FactKind::Activity, Reading::Read, "idle time, or frequency of use, of sampled keys");
    add(FactKind::Bloat, Reading::Read, "INFO memory");
    let transport = if connection.tls { "this connection, ports and protocols" } else { "this connection (unencrypted), ports" };
    add(FactKind::Transport, Reading::Read, transport);
    add(FactKind::AtRest, Reading::Missing, "the server does not know whether its disk is encrypted");
    add(FactKind::Archiving, Reading::Read, "INFO persistence");
    add(FactKind::Drills, Reading::Missing, "no drill record was given");
    let listen = &facts.security.listen;
    if security::reach(listen) == dbwright_model::security::Reach::Network {
        facts.health.notes.insert("reach".to_owned(), format!("listens on {}", listen.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_with_their_lag() {
        let info = Info::parse(
            "role:master\nconnected_slaves:1\nslave0:ip=10.0.0.2,port=6379,state=online,offset=90,lag=1\nmaster_repl_offset:100\nslave_read_only:1\n",
        );
        let found = topology(&info);
        assert_eq!(found.role, ServerRole::Primary);
        assert_eq!((found.replicas.len(), found.replicas[0].lag_bytes, found.replicas[0].lag_seconds), (1, Some(10.0), Some(1.0)));
    }

    #[test]
    fn valkey_names_itself() {
        assert_eq!(
            identity(&Info::parse("redis_version:7.2.4\nserver_name:valkey\nvalkey_version:8.1.1"), Engine::Redis),
            (Engine::Valkey, "8.1.1".to_owned())
        );
    }
}
