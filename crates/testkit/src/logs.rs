//! Logs as servers write them, made of 300 statement shapes, with the truth about what is in them. Equal seeds make equal logs;
//! it never reads a clock.

use std::io::{self, Write};

/// Statement shapes.
pub const SHAPES: usize = 300;
const TABLES: usize = 60;

/// Forms of logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// PostgreSQL stderr with the prefix `%m [%p] %q%u@%d `.
    Stderr,
    /// PostgreSQL csvlog.
    Csv,
    /// PostgreSQL jsonlog.
    Json,
    /// MySQL slow log.
    Slow,
}

/// What a log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Calls and total µs by shape.
    pub shapes: Vec<(u64, u64)>,
    /// All durations by shape, in µs, where they were asked for.
    pub durations: Vec<Vec<u64>>,
    /// Entries of level error.
    pub errors: u64,
    /// Temporary files.
    pub temporary_files: u64,
    /// Lock waits that ended.
    pub lock_waits: u64,
    /// Checkpoints completed.
    pub checkpoints: u64,
    /// Bytes written.
    pub bytes: u64,
}

impl Truth {
    /// Calls of all shapes.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.shapes.iter().map(|(calls, _)| calls).sum()
    }

    /// Time of all shapes, µs.
    #[must_use]
    pub fn total_us(&self) -> u64 {
        self.shapes.iter().map(|(_, us)| us).sum()
    }
}

/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Writes a log of at least so many bytes.
///
/// # Errors
/// When writing fails.
pub fn write(form: Form, bytes: u64, seed: u64, keep_durations: bool, out: &mut dyn Write) -> io::Result<Truth> {
    let mut log = Log {
        form,
        out: Counted { out, bytes: 0 },
        random: Random(seed),
        micros: 1_714_521_600_000_000,
        truth: Truth {
            shapes: vec![(0, 0); SHAPES],
            durations: vec![Vec::new(); SHAPES],
            errors: 0,
            temporary_files: 0,
            lock_waits: 0,
            checkpoints: 0,
            bytes: 0,
        },
        keep_durations,
        line: 0,
    };
    let cumulative = zipf();
    let mut shape = 0;
    while log.out.bytes < bytes || shape < SHAPES {
        // Each shape once, then by the law.
        let chosen = if shape < SHAPES { shape } else { pick(&cumulative, log.random.unit()) };
        shape += 1;
        log.statement(chosen)?;
        if form != Form::Slow {
            log.sometimes()?;
        }
    }
    log.truth.bytes = log.out.bytes;
    log.out.out.flush()?;
    Ok(log.truth)
}

fn zipf() -> Vec<f64> {
    let mut sum = 0.0;
    let weights: Vec<f64> = (1..=SHAPES)
        .map(|rank| {
            sum += (rank as f64).powf(-0.8);
            sum
        })
        .collect();
    weights.iter().map(|weight| weight / sum).collect()
}

fn pick(cumulative: &[f64], unit: f64) -> usize {
    cumulative.partition_point(|sum| *sum < unit).min(SHAPES - 1)
}

struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.out.write(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct Log<'a> {
    form: Form,
    out: Counted<'a>,
    random: Random,
    micros: i64,
    truth: Truth,
    keep_durations: bool,
    line: u64,
}

/// A message of PostgreSQL.
struct Said<'a> {
    severity: &'a str,
    code: &'a str,
    text: String,
    detail: String,
    statement: String,
}

impl Log<'_> {
    /// A text of a shape and its parameters, where it is prepared.
    fn text(&mut self, shape: usize) -> (String, Option<String>) {
        let (table, kind) = (shape % TABLES, shape / TABLES);
        let random = &mut self.random;
        let id = random.below(1_000_000);
        let name = ["Bob", "Ann O''Neil", "it''s ''quoted''", "x, y", "(a)", "Zoë"][random.below(6) as usize];
        match kind {
            0 => (format!("SELECT id, name, amount FROM table_{table} WHERE id = {id} AND name <> '{name}'"), None),
            1 => {
                let list: Vec<String> = (0..=random.below(12)).map(|_| random.below(5000).to_string()).collect();
                let list = list.join(", ");
                let text = format!(
                    "SELECT a.id, a.name, sum(b.amount) AS total\n  FROM table_{table} a\n  JOIN detail_{table} b ON b.table_id = a.id\n WHERE a.name = '{name} \
                     {id}'\n   AND b.kind IN ({list})\n GROUP BY a.id, a.name\n ORDER BY total DESC\n LIMIT 20"
                );
                (text, None)
            }
            2 => {
                let rows: Vec<String> = (0..=random.below(4)).map(|row| format!("({}, '{name}', {row}.5)", id + row)).collect();
                (format!("INSERT INTO table_{table} (id, name, amount) VALUES {}", rows.join(", ")), None)
            }
            3 => {
                let text = format!("UPDATE table_{table} SET amount = amount + $1, changed_at = now() WHERE id = $2");
                (text, Some(format!("parameters: $1 = '{}', $2 = '{id}'", random.below(100))))
            }
            _ => {
                let text = format!(
                    "SELECT * FROM table_{table} WHERE created_at >= $1 AND created_at < $2 AND name = $3 ORDER BY created_at DESC LIMIT 50"
                );
                (text, Some(format!("parameters: $1 = '2024-01-{:02}', $2 = '2024-02-01', $3 = '{name}'", 1 + random.below(28))))
            }
        }
    }

    fn statement(&mut self, shape: usize) -> io::Result<()> {
        let (text, parameters) = self.text(shape);
        // Log-normal by the sum of uniform numbers, around a mean of the shape's own.
        let normal: f64 = (0..4).map(|_| self.random.unit()).sum::<f64>() - 2.0;
        let us = ((50.0 + (shape * 37 % 400) as f64) * (normal * 1.5).exp()) as u64 + self.random.below(7);
        self.micros += 200 + self.random.below(3000) as i64;
        let counts = &mut self.truth.shapes[shape];
        *counts = (counts.0 + 1, counts.1 + us);
        if self.keep_durations {
            self.truth.durations[shape].push(us);
        }
        if self.form == Form::Slow {
            return self.slow(&text, us);
        }
        let duration = format!("duration: {}.{:03} ms", us / 1000, us % 1000);
        match parameters {
            None => self.say(Said {
                severity: "LOG",
                code: "00000",
                text: format!("{duration}  statement: {text}"),
                detail: String::new(),
                statement: String::new(),
            }),
            Some(detail) => {
                let name = format!("S_{}", shape % 7);
                self.say(Said {
                    severity: "LOG",
                    code: "00000",
                    text: format!("{duration}  execute {name}: {text}"),
                    detail,
                    statement: String::new(),
                })
            }
        }
    }

    /// What happens beside statements.
    fn sometimes(&mut self) -> io::Result<()> {
        let (table, id) = (self.random.below(TABLES as u64), self.random.below(100_000));
        let statement = format!("INSERT INTO table_{table} (id, name, amount) VALUES ({id}, 'dup', 1)");
        let log = |text: String, statement: String| Said { severity: "LOG", code: "00000", text, detail: String::new(), statement };
        match self.random.below(1000) {
            0..=7 => {
                self.truth.errors += 1;
                let text = format!("duplicate key value violates unique constraint \"table_{table}_pkey\"");
                self.say(Said { severity: "ERROR", code: "23505", text, detail: format!("Key (id)=({id}) already exists."), statement })
            }
            8..=10 => {
                self.truth.temporary_files += 1;
                let text = format!("temporary file: path \"base/pgsql_tmp/pgsql_tmp{id}.0\", size {}", id * 1000);
                let (statement, _) = self.text(TABLES + table as usize);
                self.say(log(text, statement))
            }
            11..=12 => {
                self.truth.lock_waits += 1;
                let text = format!("process {} acquired ShareLock on transaction {id} after 1{:03}.250 ms", 100 + id % 50, id % 1000);
                self.say(log(text, format!("UPDATE table_{table} SET amount = amount + 1, changed_at = now() WHERE id = {id}")))
            }
            13 => {
                self.truth.checkpoints += 1;
                let text = "checkpoint complete: wrote 812 buffers (5.0%); 0 WAL file(s) added, 0 removed, 1 recycled; write=8.120 s, sync=0.010 s, total=8.205 s; \
                            sync files=31, longest=0.004 s, average=0.001 s; distance=5210 kB, estimate=6000 kB";
                self.say(log(text.to_owned(), String::new()))
            }
            14..=20 => self.say(log(format!("connection received: host=10.0.0.{} port={}", id % 250, 1024 + id % 60_000), String::new())),
            _ => Ok(()),
        }
    }

    fn time(&self) -> String {
        let seconds = self.micros / 1_000_000;
        let (day, rest) = (seconds / 86_400, seconds % 86_400);
        let date = dbwright_model::Timestamp(day * 86_400_000_000).date();
        format!("{date} {:02}:{:02}:{:02}.{:03} UTC", rest / 3600, rest / 60 % 60, rest % 60, self.micros / 1000 % 1000)
    }

    fn say(&mut self, said: Said<'_>) -> io::Result<()> {
        let time = self.time();
        let pid = 100 + self.random.below(50);
        self.line += 1;
        match self.form {
            Form::Csv => {
                let quote = |text: &str| if text.is_empty() { String::new() } else { format!("\"{}\"", text.replace('"', "\"\"")) };
                let Said { severity, code, text, detail, statement } = &said;
                writeln!(
                    self.out,
                    "{time},\"app\",\"shop\",{pid},\"10.0.0.7:{}\",6632a1b0.{pid:x},{},\"SELECT\",2024-05-01 00:00:00 UTC,3/{},0,{severity},{code},{},{},,,,,{},,,\"web\",\"client backend\",,0",
                    40_000 + pid,
                    self.line,
                    self.line,
                    quote(text),
                    quote(detail),
                    quote(statement)
                )
            }
            Form::Json => {
                let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                let Said { severity, code, text, detail, statement } = &said;
                write!(
                    self.out,
                    "{{\"timestamp\":\"{time}\",\"user\":\"app\",\"dbname\":\"shop\",\"pid\":{pid},\"session_id\":\"6632a1b0.{pid:x}\",\"error_severity\":\"{severity}\",\"state_code\":\"{code}\",\"message\":\"{}\"",
                    escape(text)
                )?;
                if !detail.is_empty() {
                    write!(self.out, ",\"detail\":\"{}\"", escape(detail))?;
                }
                if !statement.is_empty() {
                    write!(self.out, ",\"statement\":\"{}\"", escape(statement))?;
                }
                writeln!(self.out, ",\"application_name\":\"web\",\"backend_type\":\"client backend\",\"query_id\":0}}")
            }
            _ => {
                let head = format!("{time} [{pid}] app@shop ");
                let tabbed = |text: &str| text.replace('\n', "\n\t");
                writeln!(self.out, "{head}{}:  {}", said.severity, tabbed(&said.text))?;
                if !said.detail.is_empty() {
                    writeln!(self.out, "{head}DETAIL:  {}", tabbed(&said.detail))?;
                }
                if !said.statement.is_empty() {
                    writeln!(self.out, "{head}STATEMENT:  {}", tabbed(&said.statement))?;
                }
                Ok(())
            }
        }
    }

    fn slow(&mut self, text: &str, us: u64) -> io::Result<()> {
        let time = self.time();
        let session = 10 + self.random.below(40);
        let text = text.replace("$1", "5").replace("$2", "'2024-02-01'").replace("$3", "'x'");
        writeln!(
            self.out,
            "# Time: {}T{}000Z\n# User@Host: app[app] @ web-1 [10.0.0.7]  Id: {session:>5}\n# Query_time: {}.{:06}  Lock_time: 0.000003 Rows_sent: {}  Rows_examined: {}\nSET timestamp={};\n{text};",
            &time[..10],
            &time[11..23],
            us / 1_000_000,
            us % 1_000_000,
            us % 17,
            us % 1000,
            self.micros / 1_000_000
        )
    }
}
