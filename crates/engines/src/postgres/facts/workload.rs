//! The workload from pg_stat_statements, wherever its schema is. It never calls an average a percentile, and drops literals
//! of statements that may hold passwords.

use dbwright_model::workload::{Statement, Workload, WorkloadSource};
use dbwright_model::{FactKind, Facts, Reading};
use tokio_postgres::Row;

use super::text;
use crate::coverage::{Book, tolerate};
use crate::error::EngineError;
use crate::postgres::queries;
use crate::postgres::row::Cells;
use crate::postgres::session::ReadOnly;

/// Longest text that is kept, characters (the query asks for no more).
const LONGEST_TEXT: u64 = 20_000;
const EXTENSION: &str = "pg_stat_statements";
/// What the view shows in place of a text that the role may not see.
const HIDDEN: &str = "<insufficient privilege>";

/// Reads the workload into the facts.
///
/// # Errors
/// When the connection is gone.
pub async fn read(session: &ReadOnly, facts: &mut Facts, book: &mut Book, role: &str) -> Result<(), EngineError> {
    book.missing(
        FactKind::Latency,
        "the server keeps sums of execution times, no distribution",
        "Give a log with durations, or a project with a workload.",
    );
    let Some((schema, version)) = extension(facts) else {
        let hint = if facts.settings.get("shared_preload_libraries").is_some_and(|setting| setting.value.contains(EXTENSION)) {
            "Run CREATE EXTENSION pg_stat_statements; in this database."
        } else {
            "Add pg_stat_statements to shared_preload_libraries, restart, and run CREATE EXTENSION pg_stat_statements;"
        };
        book.missing(FactKind::Workload, "the extension pg_stat_statements is not installed in this database", hint);
        return Ok(());
    };
    book.read(FactKind::Workload, "pg_stat_statements");
    let query = queries::statements(version, &schema);
    let Some(rows) = tolerate(session.rows(&query).await, book, &[FactKind::Workload], Reading::Missing)? else {
        return Ok(());
    };
    let limit = facts.settings.get("track_activity_query_size").and_then(|setting| setting.value.parse().ok());
    let mut workload = Workload { source: WorkloadSource::Statistics, literals_hidden: true, ..Workload::default() };
    workload.capacity = facts.settings.get("pg_stat_statements.max").and_then(|setting| setting.value.parse().ok());
    workload.since = facts.health.statistics_since;
    let hidden = take_statements(&rows, limit, &mut workload)?;
    if version >= (1, 9) {
        let information = session.rows(&queries::statements_information(&schema)).await;
        if let Some(rows) = tolerate(information, book, &[FactKind::Workload], Reading::Partial)?
            && let Some(row) = rows.first()
        {
            workload.evicted = row.maybe_count("evicted")?;
            workload.since = row.time("since")?.or(workload.since);
        }
    }
    if hidden > 0 {
        let detail = format!("{hidden} statements of other roles are hidden");
        book.partial(FactKind::Workload, &detail, &format!("GRANT pg_read_all_stats TO {};", queries::quote(role)));
    }
    facts.workload = workload;
    Ok(())
}

fn extension(facts: &Facts) -> Option<(String, (u32, u32))> {
    let extension = facts.catalog.extensions.iter().find(|extension| extension.name == EXTENSION)?;
    let mut numbers = extension.version.split('.').map(|part| part.parse().unwrap_or(0));
    Some((extension.schema.clone()?, (numbers.next().unwrap_or(1), numbers.next().unwrap_or(0))))
}

/// Takes the rows of `statements.sql`; tells how many were hidden.
fn take_statements(rows: &[Row], limit: Option<u64>, workload: &mut Workload) -> Result<u64, EngineError> {
    let mut hidden = 0;
    for row in rows {
        let text = row.text("text")?;
        if text == HIDDEN {
            hidden += 1;
            continue;
        }
        let bytes = row.count("text_bytes")?;
        // Servers and forks that keep texts in shared memory cut them one byte short of the limit.
        let truncated = bytes > LONGEST_TEXT || limit.is_some_and(|limit| bytes + 1 == limit);
        workload.truncated += u64::from(truncated);
        workload.statements.push(Statement {
            engine_id: row.maybe_text("id")?,
            text: text::without_secret_literals(&text),
            truncated,
            calls: row.float("calls")?,
            total_ms: row.float("total_ms")?,
            max_ms: row.float("max_ms")?,
            deviation_ms: row.float("deviation_ms")?,
            rows: row.float("rows")?,
            blocks_hit: row.float("blocks_hit")?,
            blocks_read: row.float("blocks_read")?,
            temp_blocks: row.float("temp_blocks")?,
            user: row.maybe_text("role")?,
            ..Statement::default()
        });
    }
    Ok(hidden)
}
