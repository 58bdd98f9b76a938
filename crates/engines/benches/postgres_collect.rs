//! Time, queries and memory of collecting from PostgreSQL databases of many tables.
//!
//! `cargo bench -p dbwright-engines --bench postgres_collect [-- TABLES…]` makes databases of 1,000 and 10,000 tables (each
//! with ten columns, five indexes, a foreign key, a sequence and statistics), collects from each three times in a process of
//! its own, and prints the median. The generator is `SCHEMA` below.

use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

use dbwright_engines::{CollectOptions, Target, driver_for};
use dbwright_model::{Engine, Timestamp};
use dbwright_testkit::postgres::{Server, installed};

/// Makes tables `{from}` to `{to}` with rows, indexes and a foreign key to the table before.
const SCHEMA: &str = "
DO $$
BEGIN
  FOR i IN {from}..{to} LOOP
    EXECUTE format('CREATE TABLE t%s (id serial PRIMARY KEY, parent int, code text NOT NULL, title varchar(200), amount numeric(12,2),
                    state text DEFAULT ''new'', made timestamptz NOT NULL DEFAULT now(), changed timestamptz, note text, kind int CHECK (kind >= 0))', i);
    EXECUTE format('INSERT INTO t%s (parent, code, title, amount, state, changed, note, kind)
                    SELECT g, ''code '' || g, ''title '' || g %% 7, g * 1.5, (ARRAY[''new'',''paid'',''sent''])[g %% 3 + 1], now(), NULL, g %% 5
                    FROM generate_series(1, 50) AS g', i);
    EXECUTE format('CREATE UNIQUE INDEX ON t%s (code)', i);
    EXECUTE format('CREATE INDEX ON t%s (parent)', i);
    EXECUTE format('CREATE INDEX ON t%s (state, made DESC)', i);
    EXECUTE format('CREATE INDEX ON t%s (lower(title)) WHERE kind > 2', i);
    IF i > 1 THEN
      EXECUTE format('ALTER TABLE t%s ADD FOREIGN KEY (parent) REFERENCES t%s (id) NOT VALID', i, i - 1);
    END IF;
    EXECUTE format('ANALYZE t%s', i);
  END LOOP;
END $$;";
/// Tables made in one transaction, so that its locks fit into the server's table of locks.
const BATCH: usize = 250;
/// Times that each measurement is repeated.
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [mode, url] = arguments.as_slice()
        && mode == "collect"
    {
        collect(url);
        return;
    }
    let sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000] } else { sizes };
    for major in [15, 17] {
        let Some(installation) = installed(major) else { continue };
        let server = Server::start(&installation, &["max_locks_per_transaction=256", "autovacuum=off", "synchronous_commit=off"]);
        for tables in &sizes {
            make(&server, *tables);
            measure(&server, *tables);
        }
    }
}

fn make(server: &Server, tables: usize) {
    let database = format!("b{tables}");
    server.sql("postgres", &format!("CREATE DATABASE {database}"));
    for from in (1..=tables).step_by(BATCH) {
        let to = (from + BATCH - 1).min(tables);
        server.sql(&database, &SCHEMA.replace("{from}", &from.to_string()).replace("{to}", &to.to_string()));
    }
}

/// Each round in a process of its own, so that its peak memory is its own too.
fn measure(server: &Server, tables: usize) {
    let mut outputs = Vec::new();
    for _ in 0..ROUNDS {
        let before = server.cpu_seconds_of_ended_sessions();
        let program = std::env::current_exe().expect("this program's path");
        let output = Command::new(program).args(["collect", &server.url(&format!("b{tables}"))]).output().expect("starting a round");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        // The server reaps a session a moment after it has ended.
        std::thread::sleep(std::time::Duration::from_millis(200));
        let server_cpu = server.cpu_seconds_of_ended_sessions() - before;
        outputs.push(format!("{line}, {server_cpu:.2} s CPU there"));
    }
    outputs.sort();
    say(&format!("PostgreSQL {}, {tables} tables: {}", server.major, outputs[ROUNDS / 2]));
}

fn collect(url: &str) {
    let Ok(Target::Endpoint(endpoint)) = Target::recognise(url) else { panic!("{url}") };
    let options = CollectOptions::at(Timestamp::from_seconds(1_790_000_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let started = Instant::now();
    let driver = driver_for(Engine::Postgresql).expect("the driver");
    let facts = runtime.block_on((driver.collect)(&endpoint, &options)).unwrap_or_else(|error| panic!("{error:?}")).remove(0);
    let elapsed = started.elapsed().as_secs_f64();
    let fields: usize = facts.catalog.collections.iter().map(|table| table.fields.len()).sum();
    let indexes: usize = facts.catalog.collections.iter().map(|table| table.indexes.len()).sum();
    let (queries, server_s) = (facts.effort.queries, facts.effort.elapsed_ms / 1e3);
    let (memory, cpu) = (peak_memory_mib(), cpu_seconds());
    say(&format!(
        "{elapsed:.3} s ({server_s:.3} s waiting for the server), {queries} queries, {memory:.0} MiB at most, {} tables, {fields} columns, {indexes} indexes; {cpu:.2} s CPU here",
        facts.catalog.collections.len()
    ));
}

/// CPU seconds of this process, from /proc: what a loaded machine does not change.
fn cpu_seconds() -> f64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = status.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Peak resident memory of this process, from /proc.
fn peak_memory_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
