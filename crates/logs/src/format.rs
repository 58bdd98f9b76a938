//! The forms of logs: telling them apart by looking, where an entry begins in each, and who reads it. It never trusts a
//! file's name, but for scripts, whose text is anybody's.

use dbwright_model::engine::Engine;
use memchr::{memchr, memchr_iter, memmem, memrchr};

use crate::clock::Clock;
use crate::error::LogError;
use crate::prefix::{Prefix, infer};
use crate::sink::Sink;
use crate::{mysql, postgres, redis, script};

/// Lines that are looked at.
const LINES: usize = 600;

/// A form of log.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// PostgreSQL, `log_destination = stderr`.
    PostgresStderr(Prefix),
    /// PostgreSQL, `csvlog`.
    PostgresCsv,
    /// PostgreSQL, `jsonlog`.
    PostgresJson,
    /// Slow log of MySQL, MariaDB and Percona.
    MysqlSlow,
    /// General log of MySQL and MariaDB.
    MysqlGeneral,
    /// Error log of MySQL and MariaDB.
    MysqlError,
    /// What `MONITOR` prints.
    RedisMonitor,
    /// What `SLOWLOG GET` prints.
    RedisSlowlog,
    /// Statements of SQL.
    Script(Engine),
}

impl Format {
    /// The names of `--log-format`.
    pub const NAMES: [&'static str; 9] =
        ["stderr", "csv", "json", "mysql-slow", "mysql-general", "mysql-error", "redis-monitor", "redis-slowlog", "sql"];

    /// What it is, for people.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        match self {
            Self::PostgresStderr(_) => "PostgreSQL stderr log",
            Self::PostgresCsv => "PostgreSQL csvlog",
            Self::PostgresJson => "PostgreSQL jsonlog",
            Self::MysqlSlow => "MySQL slow log",
            Self::MysqlGeneral => "MySQL general log",
            Self::MysqlError => "MySQL error log",
            Self::RedisMonitor => "Redis MONITOR capture",
            Self::RedisSlowlog => "Redis SLOWLOG capture",
            Self::Script(_) => "SQL script",
        }
    }

    /// How it was told apart, for people.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::PostgresStderr(prefix) => format!("log_line_prefix = '{}'", prefix.text()),
            _ => String::new(),
        }
    }

    /// Whose statements it holds.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self {
            Self::PostgresStderr(_) | Self::PostgresCsv | Self::PostgresJson => Engine::Postgresql,
            Self::MysqlSlow | Self::MysqlGeneral | Self::MysqlError => Engine::Mysql,
            Self::RedisMonitor | Self::RedisSlowlog => Engine::Redis,
            Self::Script(engine) => *engine,
        }
    }

    /// The form of a name that was given by hand; `prefix` is that of a stderr log, else it is inferred.
    ///
    /// # Errors
    /// When no prefix fits a stderr log's lines.
    pub fn named(name: &str, source: &str, head: &[u8], prefix: Option<&Prefix>, engine: Engine) -> Result<Self, LogError> {
        Ok(match name {
            "csv" => Self::PostgresCsv,
            "json" => Self::PostgresJson,
            "mysql-slow" => Self::MysqlSlow,
            "mysql-general" => Self::MysqlGeneral,
            "mysql-error" => Self::MysqlError,
            "redis-monitor" => Self::RedisMonitor,
            "redis-slowlog" => Self::RedisSlowlog,
            "sql" => Self::Script(engine),
            _ => match prefix.cloned().or_else(|| infer::infer(&lines(head)).map(|(prefix, _, _)| prefix)) {
                Some(prefix) => Self::PostgresStderr(prefix),
                None => return Err(not_recognised(source, head, vec![("PostgreSQL stderr log".to_owned(), 0, lines(head).len())])),
            },
        })
    }

    /// Tells the form of a source by its first bytes.
    ///
    /// # Errors
    /// When nothing fits: with what was tried.
    pub fn recognise(source: &str, head: &[u8], prefix: Option<&Prefix>, engine: Engine) -> Result<Self, LogError> {
        if let Some(prefix) = prefix.filter(|_| !looks_like_csv_or_json(head)) {
            return Ok(Self::PostgresStderr(prefix.clone()));
        }
        let lines = lines(head);
        let matching = |test: fn(&[u8]) -> bool| lines.iter().filter(|line| test(line)).count();
        let candidates: [(Self, usize); 7] = [
            (Self::PostgresJson, matching(postgres::json::is_entry)),
            (Self::PostgresCsv, matching(postgres::csv::is_entry)),
            (Self::MysqlSlow, matching(|line| line.starts_with(b"# Query_time: "))),
            (Self::RedisMonitor, matching(redis::is_monitor)),
            (Self::RedisSlowlog, matching(redis::is_slowlog)),
            (Self::MysqlGeneral, matching(mysql::general::is_entry)),
            (Self::MysqlError, matching(mysql::errors::is_entry)),
        ];
        let mut tried: Vec<(String, usize, usize)> =
            candidates.iter().map(|(format, found)| (format.title().to_owned(), *found, lines.len())).collect();
        if let Some((format, _)) = candidates.into_iter().find(|(_, found)| *found > 0) {
            return Ok(format);
        }
        match infer::infer(&lines) {
            Some((prefix, read, of)) if read * 2 >= of && of * 50 >= lines.len() => return Ok(Self::PostgresStderr(prefix)),
            Some((_, read, _)) => {
                tried.push(("PostgreSQL stderr log, 34 prefixes and one made of the lines".to_owned(), read, lines.len()))
            }
            None => tried.push(("PostgreSQL stderr log, 34 prefixes and one made of the lines".to_owned(), 0, lines.len())),
        }
        if script::is_script(head, source) {
            return Ok(Self::Script(engine));
        }
        tried.push(("SQL script".to_owned(), 0, lines.len()));
        Err(not_recognised(source, head, tried))
    }

    /// Whether an entry begins with this line, which comes after `before`.
    fn begins(&self, line: &[u8], before: &[u8], clock: &mut Clock) -> bool {
        match self {
            Self::PostgresStderr(prefix) => {
                line.first() != Some(&b'\t') && prefix.read(line, clock).is_some_and(|header| header.severity.begins())
            }
            Self::PostgresCsv => postgres::csv::begins(line),
            Self::PostgresJson => line.starts_with(b"{"),
            Self::MysqlSlow => line.starts_with(b"# Time: ") || (line.starts_with(b"# User@Host: ") && !before.starts_with(b"# Time: ")),
            Self::MysqlGeneral => mysql::general::begins(line),
            Self::MysqlError => mysql::errors::is_entry(line),
            Self::RedisMonitor => redis::is_monitor(line),
            Self::RedisSlowlog => redis::begins_slowlog(line),
            Self::Script(_) => before.trim_ascii_end().ends_with(b";") && line.first().is_some_and(|byte| byte.is_ascii_alphabetic()),
        }
    }

    /// The last place behind the first byte at which an entry surely begins. Of csv, `bytes` begins outside of quotes.
    pub(crate) fn last_beginning(&self, bytes: &[u8], clock: &mut Clock) -> Option<usize> {
        let mut end = bytes.len();
        // The last line may be cut, so that its beginning does not tell; the one before tells.
        while let Some(newline) = memrchr(b'\n', &bytes[..end]) {
            let line = line_at(bytes, newline + 1);
            let before = &bytes[memrchr(b'\n', &bytes[..newline]).map_or(0, |at| at + 1)..newline];
            if !line.is_empty() && self.begins(line, before, clock) && self.outside_quotes(bytes, newline + 1) {
                return Some(newline + 1);
            }
            end = newline;
        }
        None
    }

    /// The first place at which an entry begins, in bytes that begin inside of one.
    pub(crate) fn first_beginning(&self, bytes: &[u8], clock: &mut Clock) -> Option<usize> {
        let mut before: &[u8] = b"";
        let mut from = 0;
        for newline in memchr_iter(b'\n', bytes) {
            let line = line_at(bytes, newline + 1);
            before = if from == 0 { &bytes[..newline] } else { &bytes[from..newline] };
            from = newline + 1;
            if self.begins(line, before, clock) {
                return Some(newline + 1);
            }
        }
        let _ = before;
        None
    }

    fn outside_quotes(&self, bytes: &[u8], at: usize) -> bool {
        !matches!(self, Self::PostgresCsv) || memchr_iter(b'"', &bytes[..at]).count().is_multiple_of(2)
    }

    /// Reads the entries of a block that begins with one.
    pub(crate) fn parse(&self, bytes: &[u8], sink: &mut Sink<'_>) {
        match self {
            Self::PostgresStderr(prefix) => postgres::stderr::parse(prefix, bytes, sink),
            Self::PostgresCsv => postgres::csv::parse(bytes, sink),
            Self::PostgresJson => postgres::json::parse(bytes, sink),
            Self::MysqlSlow => mysql::slow::parse(bytes, sink),
            Self::MysqlGeneral => mysql::general::parse(bytes, sink),
            Self::MysqlError => mysql::errors::parse(bytes, sink),
            Self::RedisMonitor => redis::parse_monitor(bytes, sink),
            Self::RedisSlowlog => redis::parse_slowlog(bytes, sink),
            Self::Script(engine) => script::parse(bytes, *engine, sink),
        }
    }
}

fn looks_like_csv_or_json(head: &[u8]) -> bool {
    lines(head).iter().any(|line| postgres::json::is_entry(line) || postgres::csv::is_entry(line))
}

/// The line that begins at a place, without its end.
pub(crate) fn line_at(bytes: &[u8], from: usize) -> &[u8] {
    let rest = bytes.get(from..).unwrap_or_default();
    without_return(&rest[..memchr(b'\n', rest).unwrap_or(rest.len())])
}

/// A line without the carriage return that some editors and services add.
#[inline]
pub(crate) fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The first lines; without the last when it is cut.
pub(crate) fn lines(head: &[u8]) -> Vec<&[u8]> {
    let whole = memrchr(b'\n', head).map_or(head, |end| &head[..end]);
    whole.split(|byte| *byte == b'\n').map(without_return).filter(|line| !line.is_empty()).take(LINES).collect()
}

fn not_recognised(source: &str, head: &[u8], tried: Vec<(String, usize, usize)>) -> LogError {
    LogError::NotRecognised { name: source.to_owned(), first_lines: first_lines(head), tried }
}

/// The first lines to show, cut.
pub(crate) fn first_lines(head: &[u8]) -> Vec<String> {
    lines(head).iter().take(3).map(|line| String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned()).collect()
}

/// Whether a text has another in it.
pub(crate) fn holds(text: &[u8], other: &[u8]) -> bool {
    memmem::find(text, other).is_some()
}
