//! Settings, health, access, copies, archiving; all databases at once; the grants script.

use dbwright_engines::driver_for;
use dbwright_model::security::Reach;
use dbwright_model::{Engine, FactKind};

use crate::{assert_read, collect, collect_with, on_each, options, try_collect};
use dbwright_engines::CollectOptions;

#[tokio::test]
async fn reads_the_server_as_a_whole() {
    let settings = [
        "wal_level=logical",
        "max_prepared_transactions=5",
        "archive_mode=on",
        "archive_command=false",
        "log_statement=ddl",
        "work_mem=8MB",
    ];
    on_each(&settings, async |server| {
        server.sql(
            "postgres",
            "CREATE TABLE a (id int); CREATE ROLE old LOGIN PASSWORD 'x' VALID UNTIL '2020-01-01' CONNECTION LIMIT 7; CREATE ROLE app LOGIN IN ROLE pg_monitor;
             ALTER ROLE app SET search_path = app, public; SET password_encryption = 'md5'; ALTER ROLE old PASSWORD 'geheim';
             SELECT pg_create_physical_replication_slot('held', true); CREATE PUBLICATION p FOR ALL TABLES;
             BEGIN; INSERT INTO a VALUES (1); PREPARE TRANSACTION 'left over'; SELECT pg_switch_wal();",
        );
        let facts = collect(&server.url("postgres")).await;
        let kinds = [FactKind::Settings, FactKind::Health, FactKind::Topology, FactKind::Roles, FactKind::Admission, FactKind::Transport, FactKind::Archiving];
        assert_read(&facts, &kinds);
        let work_mem = &facts.settings["work_mem"];
        assert_eq!((work_mem.value.as_str(), work_mem.unit.as_deref(), work_mem.origin.as_deref()), ("8192", Some("kB"), Some("command line")));
        for (name, value) in [("statement_timeout", "0"), ("search_path", "\"$user\", public"), ("jit", "on"), ("lock_timeout", "0"), ("row_security", "on")] {
            assert_eq!(facts.settings[name].value, value, "{name} as others get it, not as we set it");
        }
        let health = &facts.health;
        assert!(health.started_at.is_some() && health.statistics_since.is_some() && health.checkpoints.is_some());
        assert!(health.connections.unwrap().used >= 1.0 && (health.connections.unwrap().limit - 40.0).abs() < 0.1);
        assert!(health.transaction_age.unwrap().share() < 0.01 && health.transaction_age.unwrap().limit > 2.1e9);
        assert_eq!(health.corrupt_pages, Some(0));
        assert_eq!(health.prepared_transactions[0].0, "left over");
        assert!(health.cache_hit_share.is_some() && health.deadlocks == Some(0));
        let slot = &facts.topology.slots[0];
        assert_eq!((slot.name.as_str(), slot.kind.as_str(), slot.active), ("held", "physical", false));
        assert!(slot.retained_bytes.is_some());
        assert_eq!(facts.topology.logical, ["publication p: all tables"]);
        assert_eq!(facts.topology.role, dbwright_model::topology::Role::Primary);
        let role = |name: &str| facts.security.roles.iter().find(|role| role.name == name).unwrap();
        assert!(role("postgres").superuser && role("postgres").sessions.is_some());
        assert_eq!((role("old").password_method.as_deref(), role("old").valid_until.is_some()), (Some("md5"), true));
        assert_eq!(role("app").member_of, ["pg_monitor"]);
        assert!(role("app").settings.contains(&"search_path=app, public".to_owned()));
        assert_eq!(facts.security.admission[0].method, "trust");
        assert_eq!(facts.security.plaintext_refused, Some(true), "it listens on the loopback interface only");
        assert_eq!(facts.security.listen, ["127.0.0.1"]);
        assert_eq!(facts.security.audit.as_deref(), Some("log_statement=ddl"));
        assert_eq!(facts.security.connection.reach, Reach::Socket);
        assert!(facts.backups.archiving.as_ref().unwrap().enabled);
        assert_eq!(facts.backups.archiving.as_ref().unwrap().command.as_deref(), Some("false"));
        assert!(facts.backups.durability.contains(&("fsync".to_owned(), "off".to_owned())));
        assert!(!serde_json::to_string(&facts).unwrap().contains("geheim"));
    })
    .await;
}

#[tokio::test]
async fn says_who_waits_for_whom() {
    on_each(&[], async |server| {
        server.sql("postgres", "CREATE TABLE a (id int); INSERT INTO a VALUES (1); CREATE EXTENSION dblink;");
        // Two sessions of dblink stay open as long as ours: the first holds the row, the second waits for it.
        let dsn = format!("host={} port={} user=postgres dbname=postgres", server.socket.display(), server.port);
        let script = format!(
            "SELECT dblink_connect('holder', '{dsn}'), dblink_connect('waiter', '{dsn}');
             SELECT dblink_exec('holder', 'BEGIN'), dblink_exec('holder', 'UPDATE a SET id = 2');
             SELECT dblink_send_query('waiter', 'UPDATE a SET id = 3');
             SELECT pg_sleep(20);"
        );
        let holding = server.in_background("postgres", &script);
        server.wait_for("postgres", "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
        let facts = collect(&server.url("postgres")).await;
        drop(holding);
        assert_eq!(facts.health.blocked.len(), 1, "{:?}", facts.health.blocked);
        assert!(facts.health.blocked[0].contains("held by pid"));
        assert!(facts.health.oldest_transaction_seconds.unwrap() > 0.0);
        assert!(facts.security.dangerous_features.contains(&"extension dblink".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn reads_all_databases_one_value_each() {
    on_each(&[], async |server| {
        for name in ["a", "b", "c", "d \"x\""] {
            server.sql("postgres", &format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\"")));
        }
        server.sql("postgres", "CREATE DATABASE closed ALLOW_CONNECTIONS false");
        server.sql("b", "CREATE TABLE only_here (id int)");
        server.sql("postgres", "CREATE ROLE narrow LOGIN CONNECTION LIMIT 3 IN ROLE pg_monitor");
        let url = format!("{}?all_databases=1", server.url_as("narrow", "postgres"));
        let all = try_collect(&url, &options()).await.unwrap();
        let names: Vec<_> = all.iter().map(|facts| facts.target.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c", "d \"x\"", "postgres"]);
        let tables: Vec<_> = all.iter().map(|facts| facts.catalog.collections.len()).collect();
        assert_eq!(tables, [0, 1, 0, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn the_grants_script_makes_a_role_that_can_collect_and_not_write() {
    on_each(&["shared_preload_libraries=pg_stat_statements"], async |server| {
        let script = (driver_for(Engine::Postgresql).unwrap().grants)("look \"er", "postgres").unwrap();
        server.sql("postgres", &script);
        server.sql("postgres", "CREATE EXTENSION pg_stat_statements; CREATE TABLE a (id int); INSERT INTO a VALUES (1);");
        let facts = collect(&server.url_as("look%20%22er", "postgres")).await;
        assert_read(&facts, &[FactKind::Catalog, FactKind::Health, FactKind::Topology, FactKind::Workload]);
        let settings = crate::coverage(&facts, FactKind::Settings);
        assert!(settings.detail.contains("statement_timeout") && !facts.settings.contains_key("statement_timeout"), "{settings:?}");
        let role = facts.security.roles.iter().find(|role| role.name == "look \"er").unwrap();
        assert!(role.settings.contains(&"connection limit=3".to_owned()) && role.member_of == ["pg_monitor"]);
        let error = server.try_sql("postgres", "SET SESSION AUTHORIZATION \"look \"\"er\"; INSERT INTO a VALUES (2)").unwrap_err();
        assert!(error.contains("permission denied"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn follows_a_standby_too() {
    on_each(&[], async |server| {
        server.sql("postgres", "CREATE TABLE a (id int)");
        // A server in recovery is enough: it reads and does not write.
        let mut standby = server.copy_as_standby();
        standby.restart(&[]);
        let facts = collect_with(&standby.url("postgres"), &CollectOptions { explain: false, ..options() }).await;
        assert_eq!(facts.topology.role, dbwright_model::topology::Role::Replica);
        assert_read(&facts, &[FactKind::Catalog, FactKind::Health, FactKind::Topology]);
        let both = |wanted: &str| {
            let (first, second) =
                (standby.socket.display().to_string().replace('/', "%2F"), server.socket.display().to_string().replace('/', "%2F"));
            format!("postgres://postgres@{first}:{},{second}:{}/postgres?target_session_attrs={wanted}", standby.port, server.port)
        };
        assert_eq!(collect(&both("primary")).await.topology.role, dbwright_model::topology::Role::Primary);
        assert_eq!(collect(&both("standby")).await.topology.role, dbwright_model::topology::Role::Replica);
    })
    .await;
}
