//! Redis and Valkey against real servers: what is collected, what is refused, what is left behind.
#![cfg(feature = "redis")]

use dbwright_engines::{CollectOptions, EngineError, ErrorKind, Target, driver_for};
use dbwright_model::{Engine, FactKind, Facts, Reading, Timestamp};
use dbwright_testkit::redis::RedisServer;

fn collect(url: &str) -> Result<Facts, EngineError> {
    let Target::Endpoint(endpoint) = Target::recognise(url)? else { panic!("{url} is a server") };
    let options = CollectOptions::at(Timestamp::from_seconds(1_800_000_000));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let driver = driver_for(Engine::Redis).expect("built in");
    runtime.block_on((driver.collect)(&endpoint, &options)).map(|mut facts| facts.remove(0))
}

#[test]
fn patterns_sizes_and_settings() {
    let Some(server) = RedisServer::start(&[]) else { return };
    server.commands("SET cfg:theme dark\nSET cfg:lang en\nDEBUG JMAP");
    server
        .commands("EVAL \"for i=1,3000 do redis.call('SETEX','session:'..i,1000,'x') redis.call('HSET','user:'..i,'name','n'..i) end\" 0");
    let facts = collect(&server.url()).expect("facts");
    let sessions = facts.catalog.collections.iter().find(|c| c.name.name == "session:*").expect("the pattern");
    assert_eq!(sessions.rows(), Some(3000.0), "all keys were scanned");
    let shape = sessions.records.as_ref().expect("a shape");
    assert_eq!(shape.with_expiry, shape.sampled);
    assert_eq!(
        facts
            .catalog
            .collections
            .iter()
            .find(|c| c.name.name == "user:*")
            .and_then(|c| c.records.as_ref())
            .map(|r| r.types.contains_key("hash")),
        Some(true)
    );
    assert_eq!(facts.settings["appendonly"].value, "no");
    assert!(!facts.settings.contains_key("requirepass"));
    assert_eq!(facts.reading(FactKind::Settings), Reading::Read);
    assert!(facts.workload.statements.iter().any(|s| s.text == "EVAL" && s.calls == Some(1.0)));
    assert!(facts.security.dangerous_features.iter().any(|f| f.contains("without authentication")));
    assert_eq!(facts.security.roles[0].password_empty, Some(true));
}

#[test]
fn a_least_privilege_account_suffices_and_a_poorer_one_leaves_gaps() {
    let Some(server) = RedisServer::start(&[]) else { return };
    server.commands("SET a:1 x");
    let grants = (driver_for(Engine::Redis).expect("built in").grants)("probe", "0").expect("a script");
    let rules = grants.lines().find(|line| line.starts_with("ACL")).expect("a rule").replace(">CHANGE-THIS-PASSWORD", ">c4nary");
    server.commands(&rules);
    server.commands("ACL SETUSER poor on >c4nary ~* -@all +ping +info +scan +select +type");
    let facts = collect(&server.url_as("probe", "c4nary")).expect("facts");
    assert!(facts.coverage.iter().all(|entry| entry.hint.is_none()), "{:?}", facts.coverage);
    assert_eq!(facts.security.collected_as.as_deref(), Some("probe"));
    let facts = collect(&server.url_as("poor", "c4nary")).expect("facts");
    for kind in [FactKind::Settings, FactKind::Roles, FactKind::Workload] {
        assert_eq!(facts.reading(kind), Reading::Missing, "{kind:?}");
    }
    assert!(facts.coverage.iter().any(|entry| entry.hint.as_deref().is_some_and(|hint| hint.contains("+config|get"))));
}

#[test]
fn errors_have_their_class_and_no_password() {
    let Some(server) = RedisServer::start(&["--requirepass", "right"]) else { return };
    let port = server.port();
    for (url, kind) in [
        (format!("redis://:c4nary@127.0.0.1:{port}"), ErrorKind::Authentication),
        (format!("redis://127.0.0.1:{port}"), ErrorKind::Authentication),
        ("redis://:c4nary@127.0.0.1:1".to_owned(), ErrorKind::Unreachable),
        (format!("redis://:c4nary@127.0.0.1:{port}/many"), ErrorKind::Target),
        (format!("rediss://:c4nary@127.0.0.1:{port}"), ErrorKind::Tls),
    ] {
        let error = collect(&url).expect_err(&url);
        assert_eq!(error.kind, kind, "{url}: {error}");
        assert!(!format!("{error}{error:?}").contains("c4nary"), "{error:?}");
        assert!(!error.hint.is_empty(), "{url}");
    }
}

#[test]
fn hostile_names_and_big_values_are_no_trouble() {
    let Some(server) = RedisServer::start(&[]) else { return };
    server
        .commands("SET \"\\xff\\x00\\x1b[31m:1\" x\nSET \"<script>:\\\"q\\\"\\n\" y\nSETRANGE big:1 209715200 x\nSELECT 3\nSET other:1 z");
    let facts = collect(&server.url()).expect("facts");
    let big = facts.catalog.collections.iter().find(|c| c.name.name == "big:*").and_then(|c| c.records.clone()).expect("the big one");
    assert!(big.bytes.expect("sizes")[2] >= 209_715_200.0);
    assert!(facts.catalog.collections.iter().any(|c| c.name.schema.as_deref() == Some("db3")));
    assert_eq!(facts.catalog.collections.len(), 4, "{:?}", facts.catalog.collections);
}

#[test]
fn nothing_was_written_and_no_forbidden_command_was_sent() {
    let Some(server) = RedisServer::start(&[]) else { return };
    server.commands("SET a:1 x\nCONFIG RESETSTAT");
    collect(&server.url()).expect("facts");
    let sent = server.commands("INFO commandstats");
    for command in ["cmdstat_keys:", "cmdstat_monitor:", "cmdstat_get:", "cmdstat_set:", "cmdstat_del:"] {
        assert!(!sent.contains(command), "{sent}");
    }
    assert!(server.commands("INFO persistence").contains("rdb_changes_since_last_save:1"));
}
