//! Restore drills of real backups: good ones pass, broken ones fail, planted faults are noticed, nothing stays behind.

use std::path::Path;
use std::process::Command;

use dbwright_engines::{Endpoint, Target};
use dbwright_lab::drill::restore::{Method, RestoreOptions, run};
use dbwright_lab::drill::{About, DrillOptions};
use dbwright_model::drill::DrillRecord;
use dbwright_model::{Engine, Verdict};

fn endpoint(url: &str) -> Endpoint {
    let Ok(Target::Endpoint(endpoint)) = Target::recognise(url) else { panic!("{url}") };
    endpoint
}

fn options(url: &str, backup: Option<&Path>) -> RestoreOptions {
    let source = endpoint(url);
    RestoreOptions {
        drill: DrillOptions::seeded(3),
        about: About { engine: source.engine, name: "shop".into(), identity: None, version: None },
        source: Some(source),
        backup: backup.map(Path::to_owned),
        log: None,
        method: Method::BaseBackup,
        controls: true,
    }
}

fn drill(options: RestoreOptions) -> DrillRecord {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { tokio::task::spawn_blocking(move || run(&options)).await.unwrap() }).unwrap()
}

fn assert_passed(record: &DrillRecord, controls: usize) {
    assert!(record.passed, "{:?} {:?}", record.differences, record.undecided);
    let caught = record.controls.iter().filter(|control| control.detected == Some(true)).count();
    assert!(caught >= controls && record.missed_controls().next().is_none(), "{:?}", record.controls);
    assert!(record.recovery_seconds.is_some_and(|seconds| seconds > 0.0));
}

fn failed_by(record: &DrillRecord, check: &str) {
    assert_eq!(record.verdict(), Verdict::Fail);
    assert!(record.differences.iter().any(|text| text.starts_with(check)), "{:?}", record.differences);
    assert_eq!(record.recovery_seconds, None, "a restore that failed took no time");
}

const SCHEMA: &str = "CREATE ROLE app LOGIN; CREATE TABLE t (id bigserial PRIMARY KEY, note text, doc json); CREATE INDEX note ON t (note); \
     INSERT INTO t (note, doc) SELECT 'n' || i, '{}' FROM generate_series(1, 5000) i; GRANT SELECT ON t TO app; \
     CREATE UNLOGGED TABLE passing AS SELECT 1 AS a; CREATE VIEW v AS SELECT note FROM t; ALTER ROLE app SET work_mem = '8MB'";

#[test]
fn postgresql_backups_restore_exactly_and_broken_ones_fail() {
    let Some(installation) = dbwright_testkit::postgres::installed(15) else { return };
    let server = dbwright_testkit::postgres::Server::start(&installation, &["wal_level=replica", "max_wal_senders=10"]);
    server.sql("postgres", "CREATE DATABASE shop");
    server.sql("shop", SCHEMA);
    let url = server.url("shop");
    // Writers go on meanwhile: the comparison must be exact all the same.
    let writing = server
        .in_background("shop", &"INSERT INTO t (note) VALUES ('more'); UPDATE t SET note = note || 'x' WHERE id = 7;\n".repeat(20_000));
    let record = drill(options(&url, None));
    drop(writing);
    assert_passed(&record, 9);
    assert!(record.checks.iter().any(|check| check.check == "rows" && check.detail.contains("are equal")), "{:?}", record.checks);
    assert!(record.remarks.iter().any(|remark| remark.contains("passing")), "{:?}", record.remarks);

    let record = drill(RestoreOptions { method: Method::Dump, ..options(&url, None) });
    assert_passed(&record, 6);
    existing(&url, &installation.programs.join("pg_basebackup"));
}

fn existing(url: &str, program: &Path) {
    let directory = tempfile::tempdir().unwrap();
    let good = directory.path().join("good");
    let made =
        Command::new(program).arg("-d").arg(url).arg("-D").arg(&good).args(["-X", "fetch", "-c", "fast", "--no-sync"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let quick = |backup: &Path| drill(RestoreOptions { controls: false, ..options(url, Some(backup)) });
    assert!(quick(&good).passed);

    let copy = |name: &str| {
        let to = directory.path().join(name);
        assert!(Command::new("cp").arg("-a").arg(&good).arg(&to).status().unwrap().success());
        to
    };
    let short = copy("short");
    let victim = short.join("global/pg_filenode.map");
    std::fs::write(&victim, &std::fs::read(&victim).unwrap()[..100]).unwrap();
    failed_by(&quick(&short), "manifest");

    let flipped = copy("flipped");
    let victim = flipped.join("PG_VERSION");
    assert!(victim.is_file());
    let victim = flipped.join("base/1/PG_VERSION");
    std::fs::write(&victim, "51\n").unwrap();
    failed_by(&quick(&flipped), "manifest");

    let gap = copy("gap");
    for entry in std::fs::read_dir(gap.join("pg_wal")).unwrap().flatten() {
        if entry.path().is_file() {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    // Without a manifest only starting shows it.
    std::fs::remove_file(gap.join("backup_manifest")).unwrap();
    failed_by(&quick(&gap), "start");

    let linked = copy("linked");
    std::os::unix::fs::symlink("/etc", linked.join("pg_tblspc/16400")).unwrap();
    failed_by(&quick(&linked), "backup");
    let unlabelled = copy("unlabelled");
    std::fs::remove_file(unlabelled.join("backup_label")).unwrap();
    failed_by(&quick(&unlabelled), "backup");
    let empty = directory.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    failed_by(&quick(&empty), "backup");
    let noise = directory.path().join("noise");
    std::fs::write(&noise, [7_u8; 4000]).unwrap();
    failed_by(&quick(&noise), "backup");
}

#[test]
fn sqlite_backups_restore_and_broken_ones_fail() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, note TEXT); CREATE INDEX note ON t (note); \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i, 'n' || i FROM n",
        )
        .unwrap();
    let url = path.display().to_string();
    let record = drill(options(&url, None));
    assert_passed(&record, 5);
    assert_eq!(record.counts["rows"], 3000);
    assert_eq!(record.engine, Some(Engine::Sqlite));
    assert!(record.checks.iter().any(|check| check.check == "rows" && check.detail.contains("are equal")));
    // The source still answers, and nothing was written to it.
    assert_eq!(connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).unwrap(), 2);

    let backup = directory.path().join("backup.db");
    connection.execute("VACUUM INTO ?1", [backup.display().to_string()]).unwrap();
    assert!(drill(options(&url, Some(&backup))).passed);
    let whole = std::fs::read(&backup).unwrap();
    let damaged = directory.path().join("damaged.db");
    for (bytes, check) in [(whole[..whole.len() / 2].to_vec(), ""), (Vec::new(), "backup"), (vec![9_u8; 5000], "backup")] {
        std::fs::write(&damaged, bytes).unwrap();
        let record = drill(RestoreOptions { controls: false, ..options(&url, Some(&damaged)) });
        assert!(!record.passed && record.differences.iter().any(|text| text.starts_with(check)), "{:?}", record.differences);
    }
}
