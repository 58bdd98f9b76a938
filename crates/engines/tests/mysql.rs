//! MariaDB and MySQL: facts from real servers, gaps of small accounts, refusals, and that nothing is written.
#![cfg(feature = "mysql")]

use std::time::Duration;

use dbwright_engines::{CollectOptions, EngineError, ErrorKind, Target, driver_for};
use dbwright_model::catalog::{CollectionKind, TypeFamily};
use dbwright_model::{Engine, FactKind, Facts, Reading, Timestamp};
use dbwright_testkit::mysql::{Server, System, installed};

const SHOP: &str = "
CREATE TABLE customer (
  id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, email varchar(120) NOT NULL, name varchar(80) CHARACTER SET latin1, born date,
  vip tinyint(1) NOT NULL DEFAULT 0, balance decimal(12,2) NOT NULL DEFAULT 0.00, note text, made timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE KEY customer_email (email), KEY customer_note (note(20))) COMMENT='who buys';
CREATE TABLE sale (
  id bigint NOT NULL AUTO_INCREMENT, customer_id int unsigned NOT NULL, day date NOT NULL, total decimal(10,2) NOT NULL CHECK (total >= 0),
  half decimal(10,2) AS (total / 2) STORED, PRIMARY KEY (id, day), KEY sale_customer (customer_id, day))
  PARTITION BY RANGE COLUMNS (day) (PARTITION p0 VALUES LESS THAN ('2026-01-01'), PARTITION p1 VALUES LESS THAN (MAXVALUE));
CREATE TABLE `odd ``name`` \"x\"` (k int PRIMARY KEY, customer_id int unsigned, CONSTRAINT odd_customer FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE);
CREATE TABLE legacy (k int) ENGINE=MyISAM;
CREATE VIEW buyers AS SELECT c.id, c.email FROM customer c;
CREATE TRIGGER customer_before BEFORE INSERT ON customer FOR EACH ROW SET NEW.email = lower(NEW.email);
INSERT INTO customer (email, name) VALUES ('a@example.org', 'A'), ('b@example.org', 'B'), ('c@example.org', 'C');
INSERT INTO sale (customer_id, day, total) VALUES (1, '2025-03-01', 10), (2, '2026-03-01', 20), (2, '2026-04-01', 30);
ANALYZE TABLE customer, sale;
SELECT * FROM customer WHERE email = 'a@example.org';
";

fn collect(url: &str) -> Result<Facts, EngineError> {
    let Target::Endpoint(endpoint) = Target::recognise(url)? else { panic!("{url} is no endpoint") };
    let mut options = CollectOptions::at(Timestamp::from_seconds(1_795_478_400));
    options.connect_timeout = Duration::from_secs(20);
    options.statement_timeout = Duration::from_secs(20);
    let driver = driver_for(endpoint.engine).expect("built in");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut found = runtime.block_on((driver.collect)(&endpoint, &options))?;
    Ok(found.remove(0))
}

fn with_shop(system: System) -> Option<Server> {
    let installation = installed(system)?;
    let server = Server::start(&installation, &["--performance-schema=ON"]);
    server.sql("", "CREATE DATABASE shop CHARACTER SET utf8mb4");
    server.sql("shop", SHOP);
    Some(server)
}

/// What has to come out the same from every system that is new enough to have it all.
fn same_everywhere(system: System, engine: Engine) {
    let Some(server) = with_shop(system) else { return };
    let before = server.sql("shop", "CHECKSUM TABLE customer, sale");
    let facts = collect(&server.url("shop")).unwrap_or_else(|error| panic!("{system:?}: {error}"));
    assert_eq!((facts.target.engine, facts.target.name.as_str()), (engine, "shop"));
    let names: Vec<String> = facts.catalog.collections.iter().map(|one| one.name.to_string()).collect();
    let customer = facts.catalog.collections.iter().find(|one| one.name.name == "customer").unwrap_or_else(|| panic!("{names:?}"));
    let columns: Vec<&str> = customer.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(facts.reading(FactKind::Catalog), Reading::Read, "{:?}", facts.coverage);
    assert_eq!(columns, ["id", "email", "name", "born", "vip", "balance", "note", "made"]);
    let field = |name: &str| customer.field(name).unwrap_or_else(|| panic!("{name}"));
    assert!(field("id").identity && field("id").unsigned && field("id").type_bytes == Some(4));
    assert_eq!(
        (field("vip").family, field("balance").family, field("email").length),
        (TypeFamily::Boolean, TypeFamily::Decimal, Some(120))
    );
    assert!(field("name").collation.as_deref().is_some_and(|collation| collation.starts_with("latin1")), "{:?}", field("name"));
    assert!(field("born").nullable && field("born").default.is_none() && !field("email").nullable);
    assert_eq!(customer.primary_key().map(|key| key.columns.clone()), Some(vec!["id".to_owned()]));
    assert!(customer.keys.iter().any(|key| !key.primary && key.columns == ["email"]));
    let note = customer.indexes.iter().find(|index| index.name == "customer_note").expect("the index");
    assert_eq!((note.parts[0].prefix, note.unique, note.method.as_str()), (Some(20), false, "btree"));
    let counter = customer.storage.counter.as_ref().expect("a counter");
    assert_eq!((counter.last, counter.limit, counter.column.as_str()), (3.0, 4_294_967_295.0, "id"));
    assert_eq!((customer.comment.as_deref(), customer.triggers.len()), (Some("who buys"), 1));

    let sale = facts.catalog.collections.iter().find(|one| one.name.name == "sale").expect("sale");
    assert_eq!((sale.kind, sale.checks.len()), (CollectionKind::PartitionedTable, 1));
    assert!(sale.field("half").is_some_and(|field| field.generated.is_some()));
    assert_eq!(facts.catalog.collections.iter().filter(|one| one.kind == CollectionKind::Partition).count(), 2);
    let odd = facts.catalog.collections.iter().find(|one| one.name.name == "odd `name` \"x\"").unwrap_or_else(|| panic!("{names:?}"));
    assert_eq!((odd.references[0].target.name.as_str(), odd.references[0].on_delete.as_str()), ("customer", "CASCADE"));
    let legacy = facts.catalog.collections.iter().find(|one| one.name.name == "legacy").expect("legacy");
    assert_eq!(legacy.storage.engine.as_deref(), Some("MyISAM"));
    let view = facts.catalog.collections.iter().find(|one| one.name.name == "buyers").expect("buyers");
    assert!(view.kind == CollectionKind::View && view.definition.is_some());

    assert!(facts.settings.contains_key("innodb_buffer_pool_size") && facts.health.connections.is_some());
    assert_eq!(facts.reading(FactKind::Settings), Reading::Read);
    assert!(customer.activity.as_ref().is_some_and(|activity| activity.inserts >= 3), "{:?}", customer.activity);
    assert!(facts.workload.statements.iter().any(|one| one.text.to_lowercase().contains("from `customer`") && one.calls.is_some()));
    assert_eq!(
        facts.workload.statements.iter().any(|one| one.latency.is_some()),
        engine == Engine::Mysql,
        "only MySQL keeps a distribution"
    );
    assert!(
        facts.security.roles.iter().any(|role| role.name == "root@localhost" && role.superuser && role.login),
        "{:?}",
        facts.security.roles
    );
    assert!(facts.backups.archiving.is_some() && facts.effort.queries <= 40, "{} queries", facts.effort.queries);
    assert_eq!(server.sql("shop", "CHECKSUM TABLE customer, sale"), before);
}

#[test]
fn mariadb_is_read_whole() {
    same_everywhere(System::Mariadb, Engine::Mariadb);
}

#[test]
fn mysql_9_is_read_whole() {
    same_everywhere(System::Mysql9, Engine::Mysql);
}

#[test]
fn a_small_account_makes_gaps_with_what_closes_them() {
    for system in [System::Mariadb, System::Mysql9] {
        let Some(server) = with_shop(system) else { continue };
        server.sql("", "CREATE USER small@'%' IDENTIFIED BY 'secret'; GRANT SELECT (id, email) ON shop.customer TO small@'%';");
        let facts = collect(&server.url_as("small", "secret", "shop")).unwrap_or_else(|error| panic!("{system:?}: {error}"));
        let gap = |kind: FactKind| facts.coverage.iter().find(|entry| entry.fact == kind).cloned().unwrap_or_else(|| panic!("{kind:?}"));
        assert_eq!(gap(FactKind::Roles).state, Reading::Missing, "{system:?}");
        assert!(gap(FactKind::Roles).hint.is_some_and(|hint| hint.contains("dbwright grants")), "{system:?}");
        assert_ne!(gap(FactKind::Workload).state, Reading::Read, "{system:?}: {:?}", gap(FactKind::Workload));
        let text = serde_json::to_string(&facts).expect("facts are data");
        assert!(!text.contains("secret"), "{system:?}: the password is in the facts");
    }
}

#[test]
fn refusals_say_what_happened() {
    let Some(server) = with_shop(System::Mariadb) else { return };
    let kind = |url: &str| collect(url).map(|_| ()).expect_err("it must fail");
    server.sql("", "CREATE USER ann@'%' IDENTIFIED BY 'right'; GRANT ALL ON shop.* TO ann@'%';");
    let wrong = kind(&server.network_url("ann", "wrong", "shop"));
    assert!(wrong.kind == ErrorKind::Authentication && !wrong.to_string().contains("wrong@"), "{wrong}");
    assert_eq!(kind(&server.url("nothing")).kind, ErrorKind::NotFound);
    let refused = kind("mariadb://ann@127.0.0.1:1/shop");
    assert!(refused.kind == ErrorKind::Unreachable && !refused.hint.is_empty(), "{refused}");
    let plain = kind(&format!("{}?tls=require", server.network_url("ann", "right", "shop")));
    assert_eq!(plain.kind, ErrorKind::Tls, "{plain}: the server offers no TLS");
}

#[test]
fn a_session_can_not_write() {
    let Some(server) = with_shop(System::Mysql9) else { return };
    server.sql("", "SET GLOBAL general_log = ON; SET GLOBAL log_output = 'TABLE'");
    collect(&server.url("shop")).expect("facts");
    let log = server.sql("", "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE command_type = 'Query'");
    assert!(log.contains("READ ONLY"), "{log}");
    for line in log.lines() {
        let first = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let reads = ["SELECT", "SHOW", "START"].contains(&first.as_str())
            || line.to_ascii_uppercase().starts_with("SET SESSION")
            || line.contains("general_log");
        let continued = !["INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "REPLACE", "SET"].contains(&first.as_str());
        assert!(reads || continued, "{line}");
    }
}
