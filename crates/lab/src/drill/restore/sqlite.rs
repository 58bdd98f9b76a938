//! Restores of SQLite files. A live file is backed up by SQLite's own interface and compared with its bytes as they lay there
//! meanwhile; when it was written to, it is tried again. The source is only read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dbwright_engines::CollectOptions;
use dbwright_engines::sqlite::reader::Control as Stopper;
use dbwright_model::drill::{BackupUsed, Control};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::compare::{self, Sum, Things};
use super::{Restore, Stop, failed};
use crate::error::{LabError, LabErrorKind};
use crate::scratch::directory::ScratchDirectory;

/// How often a source that is written to is tried again.
const TRIES: usize = 4;

pub(super) fn run(drill: &mut Restore<'_>) -> Result<(), Stop> {
    let directory = ScratchDirectory::create()?;
    let root = directory.path().to_owned();
    let (backup, restored) = (root.join("backup.db"), root.join("restored.db"));
    let source = drill.options.source.as_ref().and_then(|source| source.file.clone());
    let raw = match (&drill.options.backup, source) {
        (Some(given), _) => {
            take(drill, &given.clone(), &backup)?;
            None
        }
        (None, Some(source)) => back_up(drill, &source, &backup, &root)?,
        (None, None) => return Err(Stop::Error(LabError::new(LabErrorKind::Source, "neither a file nor a backup was given"))),
    };
    let bytes = std::fs::metadata(&backup).map_or(0, |metadata| metadata.len()) as f64;
    drill.record.recovered_bytes = Some(bytes);
    if let Some(used) = &mut drill.record.backup {
        used.bytes = Some(bytes);
    }
    drill.time.phase("restore", true, || std::fs::copy(&backup, &restored)).map_err(|error| file(&restored, &error))?;
    let opened = drill.time.phase("first query", true, || {
        open(&restored, true)
            .and_then(|copy| copy.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map(|_| copy))
    });
    let copy = opened.map_err(|error| failed("first query", error.to_string()))?;
    drill.recovered();
    let wrong = drill.time.phase("integrity check", false, || integrity(&copy)).map_err(|error| failed("integrity", error.to_string()))?;
    drill.compared("integrity", wrong, "pages, indexes and references hold (integrity_check, foreign_key_check)".to_owned());
    compare_with(drill, &copy, raw.as_deref())?;
    if drill.options.controls {
        let planted = drill
            .time
            .phase("planted faults", false, || plant(&copy, &backup, &root))
            .map_err(|error| failed("planted faults", error.to_string()))?;
        drill.record.controls.extend(planted);
    }
    let again = root.join("again.db");
    let written = drill.time.phase("write and back up", false, || -> rusqlite::Result<()> {
        copy.execute_batch("CREATE TABLE dbwright_drill (a INTEGER PRIMARY KEY); INSERT INTO dbwright_drill VALUES (1), (2); DELETE FROM dbwright_drill WHERE a = 1; DROP TABLE dbwright_drill")?;
        copy.execute("VACUUM INTO ?1", [again.display().to_string()])?;
        open(&again, false)?.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map(|_| ())
    });
    written.map_err(|error| failed("write and backup of the copy", error.to_string()))?;
    drill.pass("write and backup of the copy", "a table was made, changed and dropped; VACUUM INTO took the copy");
    Ok(())
}

fn file(path: &Path, error: &std::io::Error) -> LabError {
    LabError::new(LabErrorKind::File, format!("{}: {error}", path.display())).hint("Free space there, or set TMPDIR to another directory.")
}

fn open(path: &Path, writes: bool) -> rusqlite::Result<Connection> {
    let flags = if writes { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // A file's own views and triggers may call nothing.
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")?;
    Ok(connection)
}

/// A backup that is there already.
fn take(drill: &mut Restore<'_>, given: &Path, backup: &Path) -> Result<(), Stop> {
    use std::io::Read;
    drill.record.backup = Some(BackupUsed { kind: "file copy".to_owned(), location: given.display().to_string(), ..BackupUsed::default() });
    let mut head = Vec::new();
    let opened = std::fs::File::open(given).and_then(|source| source.take(16).read_to_end(&mut head));
    opened.map_err(|error| file(given, &error))?;
    if head != b"SQLite format 3\0" {
        let what = if head.is_empty() {
            "it is empty"
        } else {
            "it does not begin like a SQLite file; an encrypted or packed one must be opened first"
        };
        return Err(failed("backup", format!("{}: {what}", given.display())));
    }
    drill.time.phase("copy", true, || std::fs::copy(given, backup)).map_err(|error| file(given, &error))?;
    let log = given.with_file_name(format!("{}-wal", given.file_name().unwrap_or_default().to_string_lossy()));
    if log.is_file() {
        drill.record.remarks.push("A log (-wal) lies beside the backup; it was not taken: a backup must be whole without.".to_owned());
    }
    drill.record.remarks.push(
        "An existing backup is older than its source: it was checked in itself, its rows were not compared with the source's.".to_owned(),
    );
    Ok(())
}

/// Length and time of change of a file and its log.
fn stamp(path: &Path) -> Vec<Option<(u64, std::time::SystemTime)>> {
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    ["", "-wal", "-journal"]
        .iter()
        .map(|suffix| std::fs::metadata(beside(suffix)).ok().and_then(|metadata| Some((metadata.len(), metadata.modified().ok()?))))
        .collect()
}

/// Backs a live file up; gives its bytes as they lay there, when it rested meanwhile.
fn back_up(drill: &mut Restore<'_>, source: &Path, backup: &Path, root: &Path) -> Result<Option<PathBuf>, Stop> {
    drill.record.backup = Some(BackupUsed {
        kind: "online backup".to_owned(),
        location: "made by this drill".to_owned(),
        taken_at: Some(super::super::now()),
        ..BackupUsed::default()
    });
    let raw = root.join("source.db");
    for _ in 0..TRIES {
        let before = stamp(source);
        let _ = std::fs::remove_file(backup);
        let stopper = Arc::new(Stopper::default());
        let options = CollectOptions::at(super::super::now());
        let copied = drill.time.phase("backup", false, || dbwright_engines::sqlite::blueprint::copy_to(source, backup, &options, &stopper));
        copied?;
        for suffix in ["", "-wal"] {
            let (from, to) = (format!("{}{suffix}", source.display()), format!("{}{suffix}", raw.display()));
            let _ = std::fs::remove_file(&to);
            if Path::new(&from).is_file() {
                std::fs::copy(&from, &to).map_err(|error| file(Path::new(&to), &error))?;
            }
        }
        if stamp(source) == before {
            return Ok(Some(raw));
        }
    }
    drill
        .record
        .undecided
        .push(format!("rows: the source was written to during each of {TRIES} backups, so that nothing stands still to compare with"));
    Ok(None)
}

fn integrity(copy: &Connection) -> rusqlite::Result<Vec<String>> {
    const MOST: usize = 100;
    let mut wrong = Vec::new();
    let mut statement = copy.prepare("PRAGMA integrity_check(20)")?;
    let lines: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    wrong.extend(lines.into_iter().filter(|line| line != "ok"));
    for table in tables(copy)? {
        // Table by table: the first mismatch would end a check of all.
        let quoted = table.replace('"', "\"\"");
        let Ok(mut statement) = copy.prepare(&format!("PRAGMA foreign_key_check(\"{quoted}\")")) else { continue };
        let Ok(mut rows) = statement.query([]) else { continue };
        let mut orphans = 0;
        while let Ok(Some(_)) = rows.next() {
            orphans += 1;
        }
        if orphans > 0 && wrong.len() < MOST {
            wrong.push(format!("{table}: {orphans} rows refer to nothing"));
        }
    }
    Ok(wrong)
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn things(connection: &Connection) -> rusqlite::Result<Things> {
    let mut statement = connection.prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema")?;
    statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?.collect()
}

/// Sums of hashes of a table's rows: 128 bits, added up, so that order does not matter and what stands twice counts twice.
fn sum(connection: &Connection, table: &str) -> rusqlite::Result<Sum> {
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))?;
    let columns = statement.column_count();
    let (mut rows, mut total) = (0_u64, 0_u128);
    let mut found = statement.query([])?;
    let mut bytes = Vec::new();
    while let Some(row) = found.next()? {
        bytes.clear();
        for column in 0..columns {
            let (kind, value): (u8, &[u8]) = match row.get_ref(column)? {
                ValueRef::Null => (0, &[]),
                ValueRef::Integer(number) => (1, &number.to_le_bytes()),
                ValueRef::Real(number) => (2, &number.to_bits().to_le_bytes()),
                ValueRef::Text(text) => (3, text),
                ValueRef::Blob(blob) => (4, blob),
            };
            bytes.push(kind);
            bytes.extend((value.len() as u64).to_le_bytes());
            bytes.extend(value);
        }
        rows += 1;
        total = total.wrapping_add(xxhash_rust::xxh3::xxh3_128(&bytes));
    }
    Ok(Sum { rows, hash: format!("{total:032x}") })
}

fn sums(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Sum>> {
    tables(connection)?.into_iter().map(|table| Ok((table.clone(), sum(connection, &table)?))).collect()
}

fn compare_with(drill: &mut Restore<'_>, copy: &Connection, raw: Option<&Path>) -> Result<(), Stop> {
    let read = drill.time.phase("compare", false, || -> rusqlite::Result<_> {
        let own = (things(copy)?, sums(copy)?);
        let source = raw.map(|raw| open(raw, true).and_then(|source| Ok((things(&source)?, sums(&source)?)))).transpose()?;
        Ok((own, source))
    });
    let ((own_things, own_sums), source) = read.map_err(|error| failed("rows", error.to_string()))?;
    let rows: u64 = own_sums.values().map(|sum| sum.rows).sum();
    drill.record.counts.insert("rows".to_owned(), rows);
    drill.record.counts.insert("tables".to_owned(), own_sums.len() as u64);
    let Some((source_things, source_sums)) = source else {
        drill.pass("rows", format!("all {rows} rows of {} tables can be read", own_sums.len()));
        return Ok(());
    };
    drill.compared(
        "rows",
        compare::rows(&source_sums, &own_sums),
        format!("{rows} rows of {} tables are equal, by sums of 128-bit hashes", own_sums.len()),
    );
    drill.compared("catalog", compare::things(&source_things, &own_things), format!("{} objects are equal", own_things.len()));
    Ok(())
}

/// Faults that the comparison must notice, each undone, and damage that the check must notice, in a copy of the backup.
fn plant(copy: &Connection, backup: &Path, root: &Path) -> rusqlite::Result<Vec<Control>> {
    let before = (things(copy)?, sums(copy)?);
    let mut controls = Vec::new();
    let table = before
        .1
        .iter()
        .filter(|(name, sum)| sum.rows > 0 && !name.starts_with("sqlite_"))
        .max_by_key(|(_, sum)| sum.rows)
        .map(|(name, _)| name.replace('"', "\"\""));
    let index: Option<String> =
        copy.query_row("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL LIMIT 1", [], |row| row.get(0)).ok();
    let in_table = |script: &dyn Fn(&str) -> String| table.as_deref().map(script);
    let faults = [
        ("a row removed", in_table(&|table| format!("DELETE FROM \"{table}\" WHERE _rowid_ = (SELECT min(_rowid_) FROM \"{table}\")"))),
        (
            "a row duplicated",
            in_table(&|table| {
                format!(
                    "CREATE TABLE dbwright_old AS SELECT * FROM \"{table}\"; INSERT INTO dbwright_old SELECT * FROM dbwright_old LIMIT 1; DROP TABLE \"{table}\"; ALTER TABLE dbwright_old RENAME TO \"{table}\""
                )
            }),
        ),
        ("an index dropped", index.map(|name| format!("DROP INDEX \"{}\"", name.replace('"', "\"\"")))),
    ];
    for (fault, script) in faults {
        let Some(script) = script else {
            controls.push(Control {
                fault: fault.to_owned(),
                detected: None,
                detail: "there is nothing in the file to plant it in".to_owned(),
            });
            continue;
        };
        copy.execute_batch("PRAGMA foreign_keys = OFF; BEGIN")?;
        let planted = copy.execute_batch(&script);
        let differences = planted.and_then(|()| Ok((things(copy)?, sums(copy)?))).map(|after| {
            let mut found = compare::rows(&before.1, &after.1);
            found.extend(compare::things(&before.0, &after.0));
            found
        });
        copy.execute_batch("ROLLBACK")?;
        let (detected, detail) = match differences {
            Ok(found) => (Some(!found.is_empty()), found.first().cloned().unwrap_or_else(|| "the comparison found nothing".to_owned())),
            Err(error) => (None, format!("it could not be planted: {error}")),
        };
        controls.push(Control { fault: fault.to_owned(), detected, detail });
    }
    let bytes = std::fs::read(backup).unwrap_or_default();
    let mut flipped = bytes.clone();
    // Offset 100 begins the first page's B-tree: a flag that every reader checks.
    if let Some(byte) = flipped.get_mut(100) {
        *byte ^= 0x10;
    }
    let short = bytes[..bytes.len() / 2].to_vec();
    for (fault, damaged) in [("a byte flipped", flipped), ("a backup cut short", short)] {
        let path = root.join("damaged.db");
        let written = std::fs::write(&path, damaged);
        let found = open(&path, true).and_then(|connection| integrity(&connection));
        let (detected, detail) = match (written, found) {
            (Err(error), _) => (None, error.to_string()),
            (Ok(()), Err(error)) => (Some(true), error.to_string()),
            (Ok(()), Ok(found)) => {
                (Some(!found.is_empty()), found.first().cloned().unwrap_or_else(|| "the check found nothing".to_owned()))
            }
        };
        controls.push(Control { fault: fault.to_owned(), detected, detail });
        let _ = std::fs::remove_file(&path);
    }
    Ok(controls)
}
