//! What foreign bytes go through, one function a target, with what must hold of every answer. The fuzz targets call these
//! under coverage guidance; a test of the command line replays the seeds through them. It never opens a connection.

use std::str::FromStr as _;

use dbwright_analysis::policy;
use dbwright_discovery::{CsvOptions, Table};
use dbwright_engines::{CollectOptions, Target, driver_for};
use dbwright_lab::project::csv;
use dbwright_lab::project::source::SourceFile;
use dbwright_lab::workload;
use dbwright_model::catalog::Catalog;
use dbwright_model::policy::Policy;
use dbwright_model::{Engine, Facts, Timestamp};
use dbwright_report::{Catalogue, Format, Options};
use dbwright_sql::{PieceKind, apply, digest, literals, normalize, parameter_sets, placeholders, shape, split};

/// A target: its name, which is the name of its folder of seeds, and its function.
pub type Entry = (&'static str, fn(&[u8]));

/// All targets.
pub const ENTRIES: [Entry; 9] = [
    ("csv", csv),
    ("facts", facts),
    ("persona", persona),
    ("plan_postgres", plan_postgres),
    ("plan_sqlite", plan_sqlite),
    ("policy", policy),
    ("sql", sql),
    ("sqlite_file", sqlite_file),
    ("workload", workload),
];

/// The time that every target lives in.
fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_478_400)
}

/// A dialect by the first byte, and the text after it.
fn dialect(bytes: &[u8]) -> (Engine, String) {
    let (first, rest) = bytes.split_first().map_or((0, bytes), |(first, rest)| (*first, rest));
    let known = [Engine::Sqlite, Engine::Postgresql, Engine::Mysql, Engine::Mariadb];
    (known[usize::from(first) % known.len()], String::from_utf8_lossy(rest).into_owned())
}

/// Lexer, splitter, fingerprints, shapes, placeholders and literals.
pub fn sql(bytes: &[u8]) {
    let (engine, text) = dialect(bytes);
    let _ = digest(bytes, engine);
    let _ = normalize(&text, engine);
    let mut end = 0;
    for piece in split(&text, engine) {
        let start = piece.text.as_ptr() as usize - text.as_ptr() as usize;
        assert!(start >= end, "pieces stand in order");
        end = start + piece.text.len();
        if piece.kind == PieceKind::Statement {
            let _ = shape(piece.text, engine);
            let spaced = format!("/* a */\n {} ", piece.text);
            let same = digest(&spaced, engine).fingerprint == digest(piece.text, engine).fingerprint;
            assert!(same, "comments and spaces change {:?}", piece.text);
        }
    }
    let spans = literals(&text, engine);
    assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start) && spans.iter().all(|span| text.get(span.clone()).is_some()));
    for placeholder in placeholders(&text, engine) {
        assert!(text.get(placeholder.span).is_some());
    }
    let _ = parameter_sets(&text, engine);
    assert_eq!(apply(&text, &[]), text);
}

/// dbwright.toml, and values as flags and environment give them.
pub fn policy(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = policy::load(&text) {
        let line = text.split('\n').nth(error.line.max(1) - 1);
        assert!(line.is_some_and(|line| error.column <= line.chars().count() + 1), "{error:?}");
    }
    let mut policy = Policy::default();
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let before = policy.clone();
        if policy::set(&mut policy, key.trim(), value.trim()).is_err() && !value.contains('\n') {
            assert_eq!(policy, before, "what is refused changes nothing");
        }
    }
    let _ = policy::baseline::read(&text);
}

/// A persona document.
pub fn persona(bytes: &[u8]) {
    let _ = policy::persona::read(&String::from_utf8_lossy(bytes));
}

/// A Facts file: read, prepared, reviewed, and shown in every form.
pub fn facts(bytes: &[u8]) {
    let Ok(mut facts) = serde_json::from_slice::<Facts>(bytes) else { return };
    dbwright_analysis::prepare(&mut facts);
    let report = dbwright_analysis::review(&facts, &Policy::default());
    assert_eq!(report, dbwright_analysis::review(&facts, &Policy::default()), "equal facts, equal reports");
    let catalogue = Catalogue { rules: Vec::new() };
    let options = Options { width: 80, color: false, verbose: true, unicode: true };
    for format in [Format::Terminal, Format::Json, Format::Html, Format::Sarif, Format::Junit, Format::Markdown] {
        let text = dbwright_report::render(format, &report, &catalogue, &options);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{format:?} lets an escape through");
    }
}

/// workload.sql.
pub fn workload(bytes: &[u8]) {
    let (engine, text) = dialect(bytes);
    let lines = text.split('\n').count();
    for engine in [engine, Engine::Redis] {
        for statement in workload::parse(&SourceFile::new("workload", text.as_str()), engine).unwrap_or_default() {
            assert!(statement.statement.origin.is_some_and(|origin| (origin.line as usize) <= lines));
        }
    }
}

/// PostgreSQL's plans in JSON.
pub fn plan_postgres(bytes: &[u8]) {
    if let Ok(value) = serde_json::from_slice(bytes) {
        let _ = dbwright_engines::postgres::parse_plan(&value);
    }
}

/// SQLite's plans: lines of `identifier|parent|text`, after a line with the statement.
pub fn plan_sqlite(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let statement = lines.next().unwrap_or_default();
    let row = |line: &str| {
        let mut parts = line.splitn(3, '|');
        let mut number = || parts.next().and_then(|part| i64::from_str(part.trim()).ok());
        Some((number()?, number()?, parts.next()?.to_owned()))
    };
    let rows: Vec<(i64, i64, String)> = lines.filter_map(row).take(500).collect();
    let _ = dbwright_engines::sqlite::explain::from_rows(&rows, statement, &Catalog::default());
}

/// CSV files, of projects and of discovery.
pub fn csv(bytes: &[u8]) {
    if let Ok(table) = csv::read(&SourceFile::new("t.csv", String::from_utf8_lossy(bytes))) {
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
    if let Ok(table) = Table::from_csv(bytes, &CsvOptions::default()) {
        for row in 0..table.rows().min(50) {
            assert_eq!(table.row(row).len(), table.width());
        }
    }
}

/// A SQLite file, whole or broken.
pub fn sqlite_file(bytes: &[u8]) {
    let Ok(directory) = tempfile::tempdir() else { return };
    let path = directory.path().join("a.db");
    if std::fs::write(&path, bytes).is_err() {
        return;
    }
    let Ok(Target::Endpoint(endpoint)) = Target::recognise(&format!("sqlite:{}", path.display())) else { return };
    let Some(driver) = driver_for(Engine::Sqlite) else { return };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let collected = runtime.block_on((driver.collect)(&endpoint, &CollectOptions::at(now())));
    for mut facts in collected.unwrap_or_default() {
        dbwright_analysis::prepare(&mut facts);
        let _ = dbwright_analysis::review(&facts, &Policy::default());
    }
    assert_eq!(std::fs::read(&path).ok().as_deref(), Some(bytes), "the file is as it was");
    assert_eq!(std::fs::read_dir(directory.path()).map(Iterator::count).ok(), Some(1), "nothing was left beside it");
}
