//! Reviews of real Redis servers from end to end: copies, clusters, Sentinels, changes that are carried out, ugly input.

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{dbwright, texts};
use dbwright_engines::{CollectOptions, EngineError, ErrorKind, Target, driver_for};
use dbwright_model::policy::Policy;
use dbwright_model::report::Report;
use dbwright_model::{Engine, FactKind, Facts, Finding, Gate, Reading, Timestamp, Verdict};
use dbwright_testkit::redis::RedisServer;
use tempfile::TempDir;

fn collect(url: &str) -> Result<Facts, EngineError> {
    let Target::Endpoint(endpoint) = Target::recognise(url)? else { panic!("{url} is a server") };
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let options = CollectOptions::at(Timestamp::from_seconds(seconds.cast_signed()));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut facts = runtime.block_on((driver_for(Engine::Redis).expect("built in").collect)(&endpoint, &options))?.remove(0);
    dbwright_analysis::prepare(&mut facts);
    Ok(facts)
}

fn review(url: &str) -> Report {
    dbwright_analysis::review(&collect(url).expect("facts"), &Policy::default())
}

fn found<'a>(report: &'a Report, rule: &str) -> Option<&'a Finding> {
    report.findings.iter().find(|finding| finding.rule == rule)
}

/// Waits for a condition, for twenty seconds at the most.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < limit, "{what} did not happen within 20 s");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn changes_do_what_they_say_and_can_be_undone() {
    let arguments =
        ["--slowlog-log-slower-than", "-1", "--save", "3600 1", "--stop-writes-on-bgsave-error", "no", "--repl-backlog-size", "2mb"];
    let Some(server) = RedisServer::start(&arguments) else { return };
    server.commands("EVAL \"for i = 1, 120000 do redis.call('SADD', 'followers:1', i) end\" 0");
    server.commands("ACL SETUSER shop on >c4nary ~* &* +@all");
    let before = server.commands("CONFIG GET *\nACL LIST");
    let rules = [
        "config/lazyfree-off",
        "config/logging-blind",
        "config/memory-unbounded",
        "recovery/durability-off",
        "recovery/save-error-ignored",
        "security/excess-privilege",
    ];
    let report = review(&server.url());
    let mut undo: Vec<String> = Vec::new();
    for rule in rules.into_iter().filter(|rule| *rule != "recovery/durability-off") {
        let finding = found(&report, rule).unwrap_or_else(|| panic!("{rule} is planted"));
        let change = finding.change.as_ref().unwrap_or_else(|| panic!("{rule} has a change"));
        for command in &change.apply {
            assert_eq!(server.commands(command).trim(), "OK", "{command}");
        }
        undo.splice(0..0, change.revert.clone());
    }
    let mended = review(&server.url());
    for rule in rules {
        assert!(found(&mended, rule).is_none(), "{rule} is gone: {:?}", found(&mended, rule));
    }
    for command in undo {
        assert_eq!(server.commands(&command).trim(), "OK", "{command}");
    }
    let settings = |text: &str| text.lines().filter(|line| !line.starts_with("user ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(settings(&server.commands("CONFIG GET *\nACL LIST")), settings(&before), "every setting is as it was");
}

#[test]
fn a_primary_that_would_empty_its_replicas() {
    let Some(primary) = RedisServer::start(&[]) else { return };
    let port = primary.port().to_string();
    let Some(replica) = RedisServer::start(&["--replicaof", "127.0.0.1", &port, "--replica-read-only", "no"]) else { return };
    until("the replica follows", || primary.commands("INFO replication").contains("state=online"));
    let report = review(&primary.url());
    let finding = found(&report, "recovery/restart-empties-replicas").expect("the primary keeps nothing");
    assert!(finding.change.as_ref().is_some_and(|change| change.apply[0].starts_with("CONFIG SET save ")));
    assert!(found(&report, "topology/synchronous-not-enforced").is_some());
    assert!(found(&report, "topology/single-copy").is_none());
    let report = review(&replica.url());
    assert!(found(&report, "topology/replica-writable").is_some());
    assert!(found(&report, "recovery/restart-empties-replicas").is_none(), "it is no primary");
    drop(primary);
    until("the replica notices", || replica.commands("INFO replication").contains("master_link_status:down"));
    assert!(found(&review(&replica.url()), "topology/replica-lag").is_some(), "a broken link is a broken copy");
}

#[test]
fn a_cluster_with_a_failed_node() {
    let arguments = ["--cluster-enabled", "yes", "--cluster-node-timeout", "500", "--cluster-require-full-coverage", "yes"];
    let start = || RedisServer::start(&arguments);
    let (Some(first), Some(second), Some(third)) = (start(), start(), start()) else { return };
    first.commands("CLUSTER ADDSLOTSRANGE 0 9999");
    second.commands("CLUSTER ADDSLOTSRANGE 10000 12999");
    third.commands("CLUSTER ADDSLOTSRANGE 13000 16383");
    for other in [&second, &third] {
        first.commands(&format!("CLUSTER MEET 127.0.0.1 {}", other.port()));
    }
    until("the cluster is whole", || {
        [&first, &second, &third].iter().all(|node| {
            let info = node.commands("CLUSTER INFO");
            info.contains("cluster_state:ok") && info.contains("cluster_size:3")
        })
    });
    first.commands("SET {a}:1 x\nSET {a}:2 y");
    let facts = collect(&first.url()).expect("facts");
    assert_eq!((facts.topology.cluster.len(), facts.topology.cluster_state.as_deref()), (3, Some("ok")));
    assert_eq!(facts.topology.cluster.iter().map(|node| node.slots).sum::<u64>(), 16_384);
    let report = dbwright_analysis::review(&facts, &Policy::default());
    let skew = found(&report, "topology/shard-skew").expect("10,000 slots on one of three nodes");
    assert!(skew.object.ends_with(&format!(":{}", first.port())), "{}", skew.object);
    assert!(found(&report, "topology/cluster-degraded").is_none());
    drop(third);
    until("the failure is seen", || first.commands("CLUSTER INFO").contains("cluster_state:fail"));
    let report = review(&first.url());
    let degraded: Vec<&Finding> = report.findings.iter().filter(|one| one.rule == "topology/cluster-degraded").collect();
    assert!(degraded.iter().any(|one| one.object == "server" && one.message.contains("3384 of 16384")), "{degraded:?}");
    assert_eq!(degraded.len(), 2, "the state and the node: {degraded:?}");
}

#[test]
fn a_lonely_sentinel_and_what_it_watches() {
    let Some(primary) = RedisServer::start(&[]) else { return };
    let Some(sentinel) = RedisServer::sentinel(&[("shop", primary.port(), 2)]) else { return };
    let report = review(&sentinel.url());
    let facts = report.facts.as_deref().expect("facts");
    assert_eq!(facts.topology.watched[0].name, "shop");
    let finding = found(&report, "topology/quorum-too-small").expect("one Sentinel, two must agree");
    assert!(finding.message.contains("there can be none"), "{}", finding.message);
    drop(primary);
    until("the primary is missed", || sentinel.commands("SENTINEL MASTERS").contains("s_down"));
    assert!(found(&review(&sentinel.url()), "topology/cluster-degraded").is_some());
}

#[test]
fn gates_of_a_store_of_keys() {
    let Some(server) = RedisServer::start(&[]) else { return };
    server.commands("EVAL \"for i = 1, 50 do redis.call('HSET', 'user:' .. i, 'name', i) end\" 0");
    let report = review(&server.url());
    let gate = |wanted: Gate| report.gates.iter().find(|gate| gate.gate == wanted).expect("five gates");
    assert_eq!(report.gates.len(), 5);
    assert_eq!(gate(Gate::Integrity).verdict, Verdict::NotApplicable);
    for (wanted, criterion, word) in [
        (Gate::Schema, "References are declared", "declared to refer"),
        (Gate::Schema, "Tables are in normal form", "no columns"),
        (Gate::Performance, "Plans were looked at", "no plans"),
        (Gate::Integrity, "Declared constraints", "no constraints"),
        (Gate::Integrity, "Pages and indexes", "in memory"),
    ] {
        let found = gate(wanted).criteria.iter().find(|one| one.criterion.starts_with(criterion)).expect(criterion);
        assert_eq!(found.verdict, Verdict::NotApplicable, "{criterion}: {}", found.detail);
        assert!(found.detail.contains(word), "{criterion}: {}", found.detail);
    }
    let types = gate(Gate::Schema).criteria.iter().find(|one| one.criterion.starts_with("Types say")).expect("types");
    assert_eq!(types.verdict, Verdict::Pass, "{}", types.detail);
    assert_eq!(gate(Gate::Recovery).verdict, Verdict::Fail, "nothing is kept on disk");
}

#[test]
fn an_account_without_config_and_acl_leaves_gaps_and_no_passes() {
    let Some(server) = RedisServer::start(&[]) else { return };
    server.commands("EVAL \"for i = 1, 50 do redis.call('HSET', 'user:' .. i, 'name', i) end\" 0");
    server.commands("ACL SETUSER guest on >c4nary ~* +@all -config -acl -@dangerous +info");
    let report = review(&server.url_as("guest", "c4nary"));
    for kind in [FactKind::Settings, FactKind::Roles] {
        let entry = report.coverage.iter().find(|entry| entry.fact == kind).expect("covered");
        assert_eq!(entry.state, Reading::Missing, "{entry:?}");
        assert!(entry.hint.as_deref().is_some_and(|hint| hint.contains("ACL SETUSER")), "{entry:?}");
    }
    assert!(report.undecided_rules.iter().any(|one| one.rule == "config/logging-blind"));
    assert!(found(&report, "config/memory-unbounded").is_some_and(|one| one.change.is_some()), "INFO says it too");
    let durability = report.gates.iter().flat_map(|gate| &gate.criteria).find(|one| one.criterion.starts_with("Settings keep"));
    assert_eq!(durability.expect("a criterion").verdict, Verdict::Undecided);
}

#[test]
fn binary_names_reach_no_terminal() {
    let Some(server) = RedisServer::start(&[]) else { return };
    server.commands("SETRANGE \"evil\\x1b[2J\\n\\x07:1\" 12000000 x\nSET \"\\xff\\xfe\\x00:2\" y\nSET \"<script>alert(1)</script>:3\" z");
    let directory = TempDir::new().expect("a directory");
    let (out, error, code) = texts(&dbwright(&["review", &server.url(), "--verbose", "-o", "r.html"], directory.path()));
    assert!(matches!(code, 0 | 1 | 3), "{out}{error}");
    assert!(out.contains("storage/oversized-value"), "{out}");
    assert!(out.contains("CONFIG SET appendonly yes\n"), "a command ends with its line: {out}");
    assert!(!out.contains('\u{1b}') && !out.contains('\u{7}'), "{out:?}");
    let page = std::fs::read_to_string(directory.path().join("r.html")).expect("the page");
    assert!(!page.contains("<script>alert") && !page.contains('\u{1b}'));
}

#[test]
fn a_value_of_half_a_gigabyte() {
    let Some(server) = RedisServer::start(&[]) else { return };
    server.commands("SETRANGE blob:1 524287999 x");
    let report = review(&server.url());
    let finding = found(&report, "storage/oversized-value").expect("it is large");
    assert_eq!(finding.severity, dbwright_model::Severity::Error);
    let sent = server.commands("INFO commandstats");
    for command in ["cmdstat_get:", "cmdstat_getrange:", "cmdstat_dump:", "cmdstat_keys:", "cmdstat_monitor:"] {
        assert!(!sent.contains(command), "{sent}");
    }
}

/// A server that answers by a script: `answers` are tried in order, each with what the request must contain; the first
/// that fits is sent. Without answer the connection is closed.
fn impostor(answers: &'static [(&'static str, &'static str)]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut request = [0_u8; 65_536];
            while let Ok(count @ 1..) = stream.read(&mut request) {
                let text = String::from_utf8_lossy(&request[..count]).to_uppercase();
                // Pipelined commands each get an answer, or the client waits for the rest.
                let commands = text.matches('*').count().max(1);
                let Some((_, answer)) = answers.iter().find(|(word, _)| text.contains(word)) else { break };
                if stream.write_all(answer.repeat(commands).as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    port
}

#[test]
fn servers_in_trouble_are_named_for_what_they_are() {
    let loading = impostor(&[("", "-LOADING Redis is loading the dataset in memory\r\n")]);
    let busy = impostor(&[("CLIENT", "+OK\r\n"), ("", "-BUSY Redis is busy running a script.\r\n")]);
    let closing = impostor(&[("CLIENT", "+OK\r\n")]);
    let nonsense = impostor(&[("", "HTTP/1.1 400 Bad Request\r\n\r\n")]);
    for (port, kinds, words) in [
        (loading, &[ErrorKind::Unreachable][..], "LOADING"),
        (busy, &[ErrorKind::Timeout], "BUSY"),
        (closing, &[ErrorKind::Lost, ErrorKind::Unreachable], ""),
        (nonsense, &[ErrorKind::Protocol, ErrorKind::Unreachable, ErrorKind::Lost], ""),
    ] {
        let error = collect(&format!("redis://127.0.0.1:{port}")).expect_err("in trouble");
        assert!(kinds.contains(&error.kind), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_server_killed_half_way() {
    // It tells of a million keys, and goes at the first SCAN.
    let port = impostor(&[
        ("INFO", "$61\r\nredis_version:7.0.15\r\nrole:master\r\ndb0:keys=1000000,expires=0\r\n"),
        ("PING", "+PONG\r\n"),
        ("SELECT", "+OK\r\n"),
        ("CLIENT", "+OK\r\n"),
        ("CONFIG", "-NOPERM no\r\n"),
        ("LATENCY", "-NOPERM no\r\n"),
        ("SLOWLOG", "-NOPERM no\r\n"),
        ("ACL", "-NOPERM no\r\n"),
    ]);
    let error = collect(&format!("redis://127.0.0.1:{port}")).expect_err("it is gone");
    assert!(matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable), "{error:?}");
    let directory = TempDir::new().expect("a directory");
    let (_, error, code) = texts(&dbwright(&["review", &format!("redis://127.0.0.1:{port}")], directory.path()));
    assert_eq!(code, 2, "{error}");
    assert!(error.starts_with("error: ") && error.contains("hint: ") && !error.contains("panicked"), "{error}");
    assert!(std::fs::read_dir(directory.path()).expect("a directory").next().is_none(), "no half report is left");
}

fn project(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().expect("a directory");
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).expect("written");
    }
    directory
}

fn installed() -> bool {
    dbwright_testkit::redis::installed() || {
        dbwright_testkit::skip("redis", "redis-server is not installed");
        false
    }
}

#[test]
fn a_project_of_commands_is_built_measured_and_left() {
    if !installed() {
        return;
    }
    let directory = project(&[
        ("schema.redis", "# users\nHSET user:1 name \"Ann Lee\"\nHSET user:2 name Bo\nSET visits:1 7\n"),
        ("workload.redis", "# name: profile\nHGETALL user:1\n# name: visit\nINCR visits:1\n# name: wipe\nFLUSHALL\n"),
    ]);
    let facts = common::quick_facts(directory.path()).expect("facts");
    assert_eq!((facts.target.engine, facts.target.scratch), (Engine::Redis, true), "known by its files");
    let statement = |name: &str| facts.workload.statements.iter().find(|one| one.name.as_deref() == Some(name)).expect(name);
    assert!(statement("profile").latency.is_some() && statement("visit").latency.is_some());
    assert!(statement("wipe").failure.as_deref().is_some_and(|reason| reason.contains("not measured")));
    let project = facts.project.as_ref().expect("a project");
    assert_eq!(project.origins.get("user:*").map(|place| (place.file.as_str(), place.line)), Some(("schema.redis", 2)));
    assert_eq!(facts.reading(FactKind::Plans), Reading::NotApplicable);
    assert_eq!(facts.reading(FactKind::Settings), Reading::Missing, "a scratch server's settings are not the user's");
}

#[test]
fn what_the_workload_changes_is_put_back() {
    use dbwright_lab::scratch::{ScratchDatabase, ScratchOptions, redis::RedisScratch};
    if !installed() {
        return;
    }
    let mut scratch = RedisScratch::start(&ScratchOptions::default()).expect("a server");
    for command in ["SET visits:1 7 EX 1000", "RPUSH queue a b c", "SET \"a b\\x00\" x"] {
        scratch.execute(command).expect(command);
    }
    let limit = Duration::from_secs(5);
    for command in [
        "INCRBY visits:1 100",
        "LPOP queue",
        "DEL \"a b\\x00\" queue",
        "SET new:1 x",
        "EVAL \"return redis.call('SET', KEYS[1], 'z')\" 1 visits:1",
    ] {
        scratch.run(command, limit).expect(command);
    }
    assert_eq!(scratch.send(&["GET", "visits:1"]).expect("an answer"), "7");
    assert!(scratch.send(&["TTL", "visits:1"]).expect("an answer").parse::<i64>().expect("a number") > 900);
    assert_eq!(scratch.send(&["LLEN", "queue"]).expect("an answer"), "3");
    assert_eq!(scratch.send(&["GET", "a b\0"]).expect("an answer"), "x");
    assert_eq!(scratch.send(&["EXISTS", "new:1"]).expect("an answer"), "0");
    for command in ["FLUSHALL", "BLPOP nothing 0", "CONFIG SET maxmemory 1", "SUBSCRIBE x"] {
        assert!(scratch.run(command, limit).expect_err(command).message.contains("not measured"));
    }
    assert!(scratch.run("GET \"open", limit).expect_err("a quote is open").offset.is_some());
}

#[test]
fn mistakes_in_a_project_have_a_place() {
    if !installed() {
        return;
    }
    for (text, words) in [
        ("SET a 1\nHSET a name x\n", &["schema.redis:2:1", "WRONGTYPE"][..]),
        ("SET a 1\n\n  SET b \"open\n", &["schema.redis:3:9", "not closed"]),
        ("SAT a 1\n", &["schema.redis:1:1", "unknown command"]),
        ("REPLICAOF 127.0.0.1 6379\n", &["schema.redis:1:1", "NOPERM"]),
        ("MODULE LOAD /tmp/x.so\n", &["schema.redis:1:1", "not allowed"]),
    ] {
        let directory = project(&[("schema.redis", text)]);
        let (out, error, code) = texts(&dbwright(&["review", "."], directory.path()));
        assert_eq!(code, 2, "{text}: {out}{error}");
        for word in words {
            assert!(error.contains(word), "{text} should say {word:?}: {error}");
        }
    }
    let empty = project(&[("dbwright.toml", "[project]\ndialect = \"redis\"\n")]);
    let (_, error, code) = texts(&dbwright(&["review", "."], empty.path()));
    assert!(code == 2 && error.contains("*.redis"), "{error}");
    assert!(!Path::new("/tmp/x.so").exists());
}
