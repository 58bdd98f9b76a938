//! All facts about one database file, with what could not be read and why. It never writes: see `connect`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dbwright_model::catalog::CollectionKind;
use dbwright_model::health::Setting;
use dbwright_model::topology::Role;
use dbwright_model::{Coverage, Engine, FactKind, Facts, Quantity, Reading};

use super::connect::{self, Access};
use super::reader::{Control, Reader, damaged, engine_error, interrupted, plain, text};
use super::{catalog, data, inclusion, place, sizes, statistics, values};
use crate::error::{EngineError, ErrorKind};
use crate::options::{CollectOptions, ReadRows};

/// Times that a file read without locks is read anew because somebody wrote meanwhile.
const ATTEMPTS: usize = 3;

/// A file of no more than this is checked page by page even when no rows may be read: that reads no values.
const CHECKED_UNASKED_BYTES: u64 = 256 << 20;

/// Messages of an integrity check that are kept.
const INTEGRITY_MESSAGES: u32 = 100;

/// Reads all facts about a file.
///
/// # Errors
/// As `connect::open`; [`ErrorKind::Corrupt`] when the schema can't be read; [`ErrorKind::Interrupted`].
pub fn collect(path: &Path, options: &CollectOptions, control: &Arc<Control>) -> Result<Facts, EngineError> {
    for _ in 0..ATTEMPTS {
        let reader = connect::open(path, options, control)?;
        let mut facts = Collection::new(&reader, options).run()?;
        if options.blueprint {
            facts.blueprint = super::blueprint::of_reader(&reader, options).ok();
        }
        if !reader.changed_meanwhile() {
            return Ok(facts);
        }
    }
    Err(EngineError::new(ErrorKind::Timeout, format!("reading {}", path.display()), "it was written to during each of three attempts")
        .hint("Review a backup (`VACUUM INTO`), or try again when fewer writes happen."))
}

struct Collection<'a> {
    reader: &'a Reader,
    options: &'a CollectOptions,
    facts: Facts,
    coverage: BTreeMap<FactKind, Coverage>,
    damage: Vec<String>,
    started: Instant,
}

impl<'a> Collection<'a> {
    fn new(reader: &'a Reader, options: &'a CollectOptions) -> Self {
        let writer = reader.header.as_ref().and_then(super::header::Header::writer_version);
        let version = writer.unwrap_or_else(|| rusqlite::version().to_owned());
        let name = reader.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let facts = Facts::empty(Engine::Sqlite, &version, &name, options.now);
        Self { reader, options, facts, coverage: BTreeMap::new(), damage: Vec::new(), started: Instant::now() }
    }

    fn run(mut self) -> Result<Facts, EngineError> {
        self.catalog()?;
        self.settings();
        self.sizes();
        self.statistics();
        self.estimates();
        self.integrity();
        self.values();
        self.data();
        self.surroundings();
        self.absent();
        self.check_cancelled()?;
        if self.reader.access == Access::Immutable && self.reader.path.exists() {
            self.note_unread_log();
        }
        self.facts.effort.queries = self.reader.queries();
        self.facts.effort.connections = 1;
        self.facts.effort.elapsed_ms = self.started.elapsed().as_secs_f64() * 1e3;
        self.facts.coverage = self.coverage.into_values().collect();
        Ok(self.facts)
    }

    fn check_cancelled(&self) -> Result<(), EngineError> {
        if self.reader.control.cancelled() {
            return Err(EngineError::new(ErrorKind::Interrupted, format!("reading {}", self.reader.path.display()), "interrupted"));
        }
        Ok(())
    }

    fn cover(&mut self, fact: FactKind, state: Reading, detail: impl Into<String>, hint: Option<&str>) {
        self.coverage.insert(fact, Coverage { fact, state, detail: detail.into(), hint: hint.map(str::to_owned) });
    }

    /// Records how far a kind was read, given the gaps that were met.
    fn cover_with(&mut self, fact: FactKind, done: &str, gaps: &[String]) {
        match gaps {
            [] => self.cover(fact, Reading::Read, done, None),
            _ => self.cover(fact, Reading::Partial, format!("{done}; not read: {}", shortened(gaps)), None),
        }
    }

    /// Says why a kind could not be read; damage is remembered as what the integrity check would say.
    fn missing(&mut self, fact: FactKind, what: &str, error: &rusqlite::Error) {
        if damaged(error) {
            self.damage.push(format!("{what}: {}", plain(error)));
        }
        let hint = interrupted(error).then_some("Raise --statement-timeout.");
        self.cover(fact, Reading::Missing, format!("{what}: {}", plain(error)), hint);
    }

    fn catalog(&mut self) -> Result<(), EngineError> {
        let read = catalog::read(self.reader).map_err(|error| engine_error(&self.reader.path, &error))?;
        self.facts.catalog.collections = read.collections.into_values().collect();
        let mut gaps = read.gaps;
        if self.reader.was_cut() {
            gaps.push("objects beyond two million".to_owned());
        }
        self.cover_with(FactKind::Catalog, "sqlite_schema and its pragmas", &gaps);
        Ok(())
    }

    fn settings(&mut self) {
        const FROM_FILE: [&str; 8] =
            ["page_size", "page_count", "freelist_count", "auto_vacuum", "encoding", "user_version", "application_id", "schema_version"];
        let mut failed = Vec::new();
        for name in FROM_FILE {
            match self.reader.one(&format!("PRAGMA {name}"), [], |row| text(row, 0)) {
                Ok(value) => self.set(name, value, "database file"),
                Err(error) => failed.push(format!("{name}: {}", plain(&error))),
            }
        }
        let log = self.reader.header.as_ref().is_some_and(|header| header.write_ahead_log);
        self.set("journal_mode", if log { "wal" } else { "delete" }, if log { "database file" } else { "default of each connection" });
        let notes = &mut self.facts.health.notes;
        notes
            .insert("foreign_keys".to_owned(), "each connection decides whether references are enforced; the file does not say".to_owned());
        notes.insert("synchronous".to_owned(), "each connection decides how it waits for the disk; the file does not say".to_owned());
        notes.insert("read_with".to_owned(), format!("SQLite {}", rusqlite::version()));
        notes.insert("read_as".to_owned(), access_words(self.reader.access).to_owned());
        self.facts.backups.durability.push(("journal_mode".to_owned(), if log { "wal" } else { "delete" }.to_owned()));
        self.facts.catalog.encoding = self.facts.settings.get("encoding").map(|setting| setting.value.clone());
        // Never more than a part: what decides durability and enforcement is chosen anew by each connection.
        let gaps = if failed.is_empty() { String::new() } else { format!("; not read: {}", shortened(&failed)) };
        let detail = format!("pragmas kept in the file; synchronous, foreign_keys and others are each connection's own{gaps}");
        self.cover(FactKind::Settings, Reading::Partial, detail, Some("Look at the pragmas that the application runs when it connects."));
    }

    fn set(&mut self, name: &str, value: impl Into<String>, origin: &str) {
        self.facts.settings.insert(name.to_owned(), Setting { value: value.into(), origin: Some(origin.to_owned()), ..Setting::default() });
    }

    fn sizes(&mut self) {
        let bytes = self.reader.header.as_ref().map_or(0, |header| header.file_bytes);
        self.facts.catalog.database_bytes = Some(Quantity::measured(bytes as f64, "file size"));
        let page = self.number("page_size");
        self.facts.health.counters.insert("free_pages".to_owned(), self.number("freelist_count"));
        self.facts.health.counters.insert("free_bytes".to_owned(), self.number("freelist_count") * page);
        match sizes::read(self.reader, &mut self.facts.catalog) {
            Ok(()) => {
                self.cover(FactKind::Sizes, Reading::Read, "dbstat, page by page", None);
                self.cover(FactKind::Bloat, Reading::Read, "dbstat and the free list", None);
            }
            Err(error) => {
                self.missing(FactKind::Sizes, "dbstat", &error);
                self.missing(FactKind::Bloat, "dbstat", &error);
            }
        }
        let gaps = sizes::counters(self.reader, &mut self.facts.catalog);
        self.damage.extend(gaps);
    }

    fn number(&self, setting: &str) -> f64 {
        self.facts.settings.get(setting).and_then(|setting| setting.value.parse().ok()).unwrap_or(0.0)
    }

    fn statistics(&mut self) {
        const ANALYZE: &str = "Run ANALYZE (or PRAGMA optimize) in the application.";
        match statistics::read(self.reader) {
            Ok(Some(found)) => {
                let missing = statistics::apply(&found, &mut self.facts.catalog);
                self.cover_with(FactKind::ColumnStatistics, "sqlite_stat1", &missing);
                if let Some(entry) = self.coverage.get_mut(&FactKind::ColumnStatistics).filter(|_| !missing.is_empty()) {
                    entry.hint = Some(ANALYZE.to_owned());
                }
            }
            Ok(None) => self.cover(
                FactKind::ColumnStatistics,
                Reading::Missing,
                "the file was never analysed: there is no sqlite_stat1",
                Some(ANALYZE),
            ),
            Err(error) => self.missing(FactKind::ColumnStatistics, "sqlite_stat1", &error),
        }
    }

    /// Where the pages could not be walked: rows from the planner's statistics, else bounded by the largest row number.
    fn estimates(&mut self) {
        let Some(entry) = self.coverage.get_mut(&FactKind::Sizes).filter(|entry| entry.state == Reading::Missing) else { return };
        if sizes::estimate(&mut self.facts.catalog) {
            entry.state = Reading::Partial;
            entry.detail = format!("rows are estimates, bytes of tables are not known ({})", entry.detail);
        }
    }

    fn integrity(&mut self) {
        let small = self.reader.header.as_ref().is_some_and(|header| header.file_bytes <= CHECKED_UNASKED_BYTES);
        let check = match self.options.read_rows {
            ReadRows::All => "integrity_check",
            _ if small => "quick_check",
            _ => {
                self.cover(
                    FactKind::Health,
                    Reading::Partial,
                    "settings and disk; no integrity check, the file is large",
                    Some("Use --read-rows all."),
                );
                return;
            }
        };
        match self.reader.all(&format!("PRAGMA {check}({INTEGRITY_MESSAGES})"), [], |row| text(row, 0)) {
            Ok(messages) => {
                let messages: Vec<String> = messages.into_iter().filter(|message| message != "ok").collect();
                self.damage.splice(0..0, messages);
                self.cover(FactKind::Health, Reading::Read, format!("PRAGMA {check}, settings and disk"), None);
                self.facts.health.integrity_check = Some(self.damage.clone());
            }
            Err(error) if damaged(&error) => {
                self.damage.push(format!("{check}: {}", plain(&error)));
                self.facts.health.integrity_check = Some(self.damage.clone());
                self.cover(FactKind::Health, Reading::Read, format!("PRAGMA {check}, settings and disk"), None);
            }
            Err(error) => {
                let hint = interrupted(&error).then_some("Raise --statement-timeout.");
                self.cover(FactKind::Health, Reading::Partial, format!("settings and disk; {check}: {}", plain(&error)), hint);
            }
        }
    }

    fn values(&mut self) {
        const HINT: &str = "Use --read-rows all, or --read-rows with a number of rows a table.";
        if self.options.read_rows == ReadRows::Never {
            self.cover(FactKind::Values, Reading::Missing, "no rows were read", Some(HINT));
            return;
        }
        let mut gaps = Vec::new();
        for collection in self.facts.catalog.collections.iter_mut().filter(|collection| collection.kind == CollectionKind::Table) {
            if let Err(error) = values::read(self.reader, collection, self.options.read_rows) {
                gaps.push(format!("{}: {}", collection.name, plain(&error)));
            }
        }
        let done = match self.options.read_rows {
            ReadRows::Sample(limit) => format!("the first {limit} rows of each table"),
            _ => "all rows of all tables".to_owned(),
        };
        let complete = gaps.is_empty() && self.options.read_rows == ReadRows::All;
        self.cover_with(FactKind::Values, &done, &gaps);
        if complete {
            self.cover(FactKind::ColumnStatistics, Reading::Read, "counted from all rows", None);
        }
    }

    fn data(&mut self) {
        if self.options.read_rows == ReadRows::Never {
            self.cover(FactKind::DataChecks, Reading::Missing, "no rows were read", Some("Use --read-rows all."));
            return;
        }
        let mut checks = std::mem::take(&mut self.facts.data);
        let mut gaps = data::read(self.reader, &self.facts.catalog, self.options.read_rows, &mut checks);
        gaps.extend(inclusion::read(self.reader, &self.facts.catalog, self.options.read_rows, &mut checks.inclusions));
        gaps.extend(super::rows::mine(self.reader, &self.facts.catalog, self.options.read_rows, &mut checks.dependencies));
        self.facts.data = checks;
        self.cover_with(FactKind::DataChecks, "references, keys, NOT NULL, checks and types were looked up in the rows", &gaps);
    }

    fn surroundings(&mut self) {
        place::read(&self.reader.path, &mut self.facts);
        self.facts.topology.role = Role::Embedded;
        // Had the first page been encrypted, the header could not have been read.
        self.facts.security.encrypted_at_rest = Some(false);
        self.cover(FactKind::Files, Reading::Read, "modes of file, log and directory", None);
        self.cover(FactKind::AtRest, Reading::Read, "the file's header is in clear; encryption of the disk below is not visible", None);
        self.cover(FactKind::Topology, Reading::Read, "a file, without replication of its own", None);
    }

    /// What SQLite doesn't have, and what no file can tell.
    fn absent(&mut self) {
        let none = [
            (FactKind::Activity, "SQLite keeps no counters of use"),
            (FactKind::Roles, "SQLite has no accounts: file modes decide"),
            (FactKind::Admission, "SQLite takes no connections"),
            (FactKind::Transport, "SQLite takes no connections"),
            (FactKind::Audit, "SQLite has no audit facility: the application's log is"),
            (FactKind::Archiving, "SQLite archives no log of its own"),
        ];
        for (fact, why) in none {
            self.cover(fact, Reading::NotApplicable, why, None);
        }
        const PROJECT: &str =
            "Give a project directory with schema.sql and workload.sql: statements are then run and timed on a scratch copy.";
        self.cover(FactKind::Workload, Reading::Missing, "SQLite keeps no record of statements", Some(PROJECT));
        self.cover(FactKind::Latency, Reading::Missing, "SQLite keeps no times of statements", Some(PROJECT));
        self.cover(FactKind::Plans, Reading::Missing, "there are no statements to plan", Some(PROJECT));
        self.cover(
            FactKind::Backups,
            Reading::Missing,
            "a file does not say whether it was ever backed up",
            Some("Back it up with VACUUM INTO or the backup API, and record it in the policy."),
        );
        self.cover(
            FactKind::Drills,
            Reading::Missing,
            "no drill record was found",
            Some("Restore a backup elsewhere, compare, and keep the record under backups.drills."),
        );
    }

    /// Above the limit for copies and without an index, committed transactions in the log stay unread: said aloud.
    fn note_unread_log(&mut self) {
        let near = connect::Surroundings::of(&self.reader.path);
        if let Some(bytes) = near.log_bytes.filter(|bytes| *bytes > 32) {
            let detail = format!(
                "{bytes} bytes of the write-ahead log were not read: the file is too large to be copied; numbers are as of the last checkpoint"
            );
            for fact in [FactKind::Catalog, FactKind::Sizes] {
                self.cover(
                    fact,
                    Reading::Partial,
                    detail.clone(),
                    Some("Checkpoint it (PRAGMA wal_checkpoint) in the application, or review a backup."),
                );
            }
        }
    }
}

fn access_words(access: Access) -> &'static str {
    match access {
        Access::Shared => "the file in place, under shared locks",
        Access::ReadOnlyIndex => "the file in place, with its log as of the last mark of a reader",
        Access::Immutable => "the file in place, without locks; it did not change meanwhile",
        Access::Copy => "a private copy of file and log",
    }
}

/// A few of many.
fn shortened(gaps: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut text = gaps.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    if gaps.len() > SHOWN {
        text.push_str(&format!("; and {} more", gaps.len() - SHOWN));
    }
    text
}

/// The limit for one statement on a scratch file, where nobody waits for the file: long enough for full checks.
pub const SCRATCH_STATEMENT_LIMIT: Duration = Duration::from_secs(60);
