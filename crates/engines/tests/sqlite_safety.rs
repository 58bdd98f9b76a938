//! Opening a file changes nothing: names, times and bytes of its directory stay the same in every state a file can be
//! in, and what is wrong with a file is said plainly.
#![cfg(feature = "sqlite")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dbwright_engines::options::{CollectOptions, ReadRows};
use dbwright_engines::sqlite::{facts, reader::Control};
use dbwright_engines::{EngineError, ErrorKind};
use dbwright_model::{Facts, ObjectName, Timestamp};
use rusqlite::Connection;

type Snapshot = BTreeMap<String, (u64, SystemTime, Vec<u8>)>;

fn snapshot(directory: &Path) -> Snapshot {
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let metadata = entry.metadata().unwrap();
            (entry.file_name().into_string().unwrap(), (metadata.len(), metadata.modified().unwrap(), std::fs::read(entry.path()).unwrap()))
        })
        .chain([(".".to_owned(), (0, std::fs::metadata(directory).unwrap().modified().unwrap(), Vec::new()))])
        .collect()
}

fn collect(path: &Path) -> Result<Facts, EngineError> {
    let options = CollectOptions { read_rows: ReadRows::All, ..CollectOptions::at(Timestamp::from_seconds(0)) };
    facts::collect(path, &options, &Arc::new(Control::default()))
}

fn rows(facts: &Facts) -> Option<f64> {
    facts.catalog.find(&ObjectName::bare("t")).and_then(|table| table.rows())
}

/// Reviews the file and asserts that nothing beside it changed.
fn untouched(path: &Path) -> Facts {
    let directory = path.parent().unwrap();
    let before = snapshot(directory);
    let facts = collect(path).unwrap();
    let after = snapshot(directory);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert!(before == after, "bytes or times changed");
    facts
}

fn build(path: &Path, script: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(script).unwrap();
    connection
}

const THREE_ROWS: &str = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z');";

/// A process of its own that holds a file: locks of one process do not hinder that process itself.
struct Holder(Child);

impl Holder {
    fn start(path: &Path, script: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "hold_a_file", "--nocapture"])
            .env("DBWRIGHT_TEST_HOLD", path)
            .env("DBWRIGHT_TEST_SCRIPT", script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("HOLDING")), "the holder did not start");
        Self(child)
    }

    /// Kills it with all that it had open, as a crash would.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Not a test of its own: what [`Holder`] runs. Without its variables it does nothing.
#[test]
fn hold_a_file() {
    let (Ok(path), Ok(script)) = (std::env::var("DBWRIGHT_TEST_HOLD"), std::env::var("DBWRIGHT_TEST_SCRIPT")) else { return };
    let _connection = build(Path::new(&path), &script);
    println!("\nHOLDING");
    std::io::stdout().flush().unwrap();
    // Until the parent goes or kills us.
    let _ = std::io::stdin().lines().next();
}

#[test]
fn rollback_journal_mode() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    build(&path, THREE_ROWS).close().unwrap();
    assert_eq!(rows(&untouched(&path)), Some(3.0));
}

#[test]
fn write_ahead_log_mode_closed_cleanly() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    build(&path, &format!("PRAGMA journal_mode = WAL; {THREE_ROWS}")).close().unwrap();
    assert_eq!(snapshot(directory.path()).len(), 2, "no log is left");
    let facts = untouched(&path);
    assert_eq!((rows(&facts), facts.settings["journal_mode"].value.as_str()), (Some(3.0), "wal"));
}

#[test]
fn write_ahead_log_mode_while_another_process_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let holder =
        Holder::start(&path, &format!("PRAGMA journal_mode = WAL; {THREE_ROWS} BEGIN IMMEDIATE; INSERT INTO t VALUES (4, 'uncommitted');"));
    assert_eq!(rows(&untouched(&path)), Some(3.0), "all that was committed and nothing else");
    drop(holder);
}

#[test]
fn write_ahead_log_left_by_a_crash_with_and_without_index() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    Holder::start(&path, &format!("PRAGMA journal_mode = WAL; {THREE_ROWS}")).kill();
    assert_eq!(snapshot(directory.path()).len(), 4, "file, log, index and the directory itself");
    assert_eq!(rows(&untouched(&path)), Some(3.0));
    std::fs::remove_file(directory.path().join("a.db-shm")).unwrap();
    assert_eq!(rows(&untouched(&path)), Some(3.0));
}

#[test]
fn hot_journal_of_a_writer_that_died() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    build(&path, &format!("{THREE_ROWS} CREATE TABLE big (v); INSERT INTO big VALUES (zeroblob(300000));")).close().unwrap();
    // A cache of ten pages makes the writer spill changed pages into the file before it commits.
    Holder::start(&path, "PRAGMA cache_size = 10; PRAGMA cache_spill = 1; BEGIN; DELETE FROM t; UPDATE big SET v = randomblob(300000); INSERT INTO big SELECT randomblob(3000000);").kill();
    assert!(directory.path().join("a.db-journal").metadata().unwrap().len() > 512, "the journal is hot");
    let facts = untouched(&path);
    assert_eq!(rows(&facts), Some(3.0), "the dead writer's changes are rolled back in the copy only");
    assert_eq!(facts.health.integrity_check, Some(Vec::new()));
}

#[test]
fn read_only_directory_and_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    Holder::start(&path, &format!("PRAGMA journal_mode = WAL; {THREE_ROWS}")).kill();
    for name in ["a.db", "a.db-wal", "a.db-shm"] {
        std::fs::set_permissions(directory.path().join(name), PermissionsExt::from_mode(0o444)).unwrap();
    }
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o555)).unwrap();
    assert_eq!(rows(&untouched(&path)), Some(3.0));
    std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_writer_that_holds_the_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    build(&path, THREE_ROWS).close().unwrap();
    let holder = Holder::start(&path, "BEGIN EXCLUSIVE;");
    let error = collect(&path).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    assert!(error.hint.contains("Another process"), "{}", error.hint);
    drop(holder);
    assert_eq!(rows(&untouched(&path)), Some(3.0));
}

#[test]
fn a_reader_does_not_stop_writers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    build(&path, THREE_ROWS).close().unwrap();
    let options = CollectOptions::at(Timestamp::from_seconds(0));
    let reader = dbwright_engines::sqlite::connect::open(&path, &options, &Arc::new(Control::default())).unwrap();
    // Another process: locks of one process are invisible to itself.
    Holder::start(&path, "PRAGMA busy_timeout = 0; INSERT INTO t VALUES (4, 'w');").kill();
    assert_eq!(reader.count("SELECT count(*) FROM t").unwrap(), 4);
}

#[test]
fn the_connection_refuses_to_write_or_reach_out() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    build(&path, THREE_ROWS).close().unwrap();
    let options = CollectOptions::at(Timestamp::from_seconds(0));
    let reader = dbwright_engines::sqlite::connect::open(&path, &options, &Arc::new(Control::default())).unwrap();
    for sql in [
        "INSERT INTO t VALUES (9, 'x')",
        "CREATE TEMP TABLE x (a)",
        "ATTACH 'other.db' AS other",
        "PRAGMA journal_mode = WAL",
        "PRAGMA query_only = OFF",
        "SELECT load_extension('x')",
        "VACUUM INTO 'copy.db'",
        "ANALYZE",
        "DROP TABLE t",
    ] {
        assert!(reader.connection().execute_batch(sql).is_err(), "{sql} was let through");
    }
}

#[test]
fn a_reading_ends_at_its_time_limit_and_when_cancelled() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    build(&path, THREE_ROWS).close().unwrap();
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let mut options = CollectOptions::at(Timestamp::from_seconds(0));
    options.statement_timeout = Duration::from_millis(200);
    let control = Arc::new(Control::default());
    let reader = dbwright_engines::sqlite::connect::open(&path, &options, &control).unwrap();
    let started = std::time::Instant::now();
    assert!(reader.count(endless).is_err());
    assert!(started.elapsed() < Duration::from_secs(5));
    control.cancel();
    assert!(
        reader.count("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT count(*) FROM n").is_err()
    );
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    build(&path, &format!("{THREE_ROWS} CREATE TABLE big (v); INSERT INTO big VALUES (zeroblob(100000));")).close().unwrap();
    let good = std::fs::read(&path).unwrap();
    let cases: [(&str, Vec<u8>, ErrorKind, &str); 4] = [
        ("truncated", good[..good.len() / 2].to_vec(), ErrorKind::Corrupt, "truncated"),
        ("schema destroyed", [&good[..100], &vec![0xa5; 3996][..], &good[4096..]].concat(), ErrorKind::Corrupt, "malformed"),
        ("text", b"hello, this is a letter\n".to_vec(), ErrorKind::NotADatabase, "text file"),
        ("empty", Vec::new(), ErrorKind::NotADatabase, "empty"),
    ];
    for (name, bytes, kind, words) in cases {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let before = snapshot(directory.path());
        let error = collect(&path).unwrap_err();
        assert_eq!(error.kind, kind, "{name}: {error}");
        assert!(error.detail.contains(words) && !error.hint.is_empty(), "{name}: {error}");
        assert!(before == snapshot(directory.path()), "{name} left something behind");
    }
    let missing = collect(&directory.path().join("missing.db")).unwrap_err();
    assert_eq!(missing.kind, ErrorKind::NotFound);
    assert!(!directory.path().join("missing.db").exists());
    assert_eq!(collect(directory.path()).unwrap_err().kind, ErrorKind::NotADatabase);
}

#[test]
fn damage_below_a_sound_schema_is_a_fact() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    build(&path, &format!("{THREE_ROWS} CREATE TABLE u (a, b); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO u SELECT i, 'text ' || i FROM n; CREATE INDEX u_b ON u (b);")).close().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = 4096 * 6;
    bytes[middle..middle + 4096].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let facts = untouched(&path);
    assert!(!facts.health.integrity_check.as_ref().unwrap().is_empty());
    assert_eq!(facts.catalog.collections.len(), 2);
}
