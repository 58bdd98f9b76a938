//! Statements from performance_schema's digests. Their averages are never called percentiles; what is one, the server says.

use dbwright_model::workload::{Latency, Statement, Workload, WorkloadSource};
use dbwright_model::{FactKind, Reading, Timestamp};

use super::ask::Record;
use super::facts::Reader;
use crate::error::EngineError;

/// Reads the workload.
///
/// # Errors
/// When the connection is gone.
pub(super) async fn read(reader: &mut Reader<'_>) -> Result<(), EngineError> {
    let settings = reader.facts.settings.clone();
    let value = |name: &str| settings.get(name).map(|setting| setting.value.clone());
    let hint = "Give a log with durations, or a project with a workload.";
    if value("performance_schema").is_none_or(|text| text != "ON" && text != "1") {
        let on = "Set performance_schema = ON in the server's configuration and restart it.";
        reader.book.missing(FactKind::Workload, "performance_schema is off: no statements are counted", on);
        reader.book.missing(FactKind::Latency, "performance_schema is off", hint);
        return Ok(());
    }
    reader.book.read(FactKind::Workload, "performance_schema digests");
    let query = if reader.is_mysql8() { include_str!("queries/digests.v8.sql") } else { include_str!("queries/digests.sql") };
    let rows = reader.ask(query, &[FactKind::Workload], Reading::Missing).await?;
    let longest =
        value("max_digest_length").or_else(|| value("performance_schema_max_digest_length")).and_then(|text| text.parse::<usize>().ok());
    let mut workload = Workload { source: WorkloadSource::Statistics, literals_hidden: true, ..Workload::default() };
    workload.capacity = value("performance_schema_digests_size").and_then(|text| text.parse().ok());
    workload.statements = rows.iter().filter_map(|row| statement(row, longest)).collect();
    workload.truncated = workload.statements.iter().filter(|one| one.truncated).count() as u64;
    let totals = reader.ask(include_str!("queries/lost_digests.sql"), &[FactKind::Workload], Reading::Partial).await?;
    if let Some(row) = totals.first() {
        workload.since = row.number("since").filter(|seconds| *seconds > 0.0).map(|seconds| Timestamp(seconds as i64));
        workload.evicted = row.count("overflowing");
    }
    if reader.is_mysql8() && workload.statements.iter().any(|one| one.latency.is_some()) {
        reader.book.read(FactKind::Latency, "QUANTILE_95 and QUANTILE_99 of performance_schema, from its histogram");
    } else {
        reader.book.missing(FactKind::Latency, "the server keeps sums of execution times, no distribution", hint);
    }
    reader.facts.workload = workload;
    Ok(())
}

fn statement(row: &Record, longest: Option<usize>) -> Option<Statement> {
    let text = row.maybe("text").filter(|text| !is_about_the_server(text))?;
    let truncated = text.ends_with("...") || longest.is_some_and(|longest| text.len() >= longest);
    let calls = row.number("calls");
    Some(Statement {
        engine_id: row.maybe("digest"),
        truncated,
        calls,
        total_ms: row.number("total_ms"),
        max_ms: row.number("max_ms"),
        rows: row.number("rows_sent").map(|sent| sent + row.number("rows_affected").unwrap_or(0.0)),
        latency: latency(row, calls),
        text,
        ..Statement::default()
    })
}

/// Questions about the server itself, ours among them, are no workload.
fn is_about_the_server(text: &str) -> bool {
    let start = text.trim_start().to_ascii_uppercase();
    ["SHOW ", "SET ", "SELECT @@", "USE "].iter().any(|word| start.starts_with(word))
        || ["`information_schema`", "`performance_schema`", "`mysql` ."].iter().any(|name| text.contains(name))
        || start == "SELECT SCHEMA ( )"
}

/// The server's own percentiles: upper ends of the buckets of its histogram, so never too low.
fn latency(row: &Record, calls: Option<f64>) -> Option<Latency> {
    let (p95_ms, p99_ms) = (row.number("p95_ms")?, row.number("p99_ms")?);
    Some(Latency {
        samples: calls? as u64,
        p50_ms: p95_ms,
        p95_ms,
        p95_low_ms: None,
        p95_high_ms: Some(p95_ms),
        p99_ms,
        max_ms: row.number("max_ms")?,
        method:
            "QUANTILE_95 of performance_schema: the upper end of a bucket of its histogram; the median is only known to be at most that"
                .to_owned(),
        buckets: Vec::new(),
    })
}
