//! Reads what a ghost is built from, and plans statements on the source for comparison. It reads no row of anybody's
//! tables: definitions from the catalog, statistics from pg_stats, sizes; and no privilege is needed beyond reading them.

use std::collections::BTreeSet;

use dbwright_model::blueprint::{Blueprint, ColumnKnowledge, ExtendedKnowledge, Gap, Made, RelationSize};
use dbwright_model::plan::Plan;
use dbwright_model::{Engine, ObjectName};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::connect::connect;
use super::queries::{self, Query};
use super::row::Cells;
use super::scratch::Json;
use super::session::{Parameter, ReadOnly};
use super::settings::Settings;
use crate::credentials::Environment;
use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;
use crate::target::Endpoint;

/// Relations whose column statistics are asked for at a time.
const RELATIONS_A_PAGE: usize = 500;
/// Pages of the usual size, bytes; ghosts are built of no others.
const PAGE_BYTES: &str = "8192";

/// Reads a database's blueprint, in one read-only transaction.
///
/// # Errors
/// When the connection fails or not even the catalog can be read; what else can't be is a gap in the blueprint.
pub async fn blueprint(endpoint: &Endpoint, options: &CollectOptions) -> Result<Blueprint, EngineError> {
    let settings = Settings::resolve(endpoint, options, &Environment::of_process())?;
    let mut session = connect(&settings, options).await?;
    session.begin(options).await?;
    session.execute("SAVEPOINT facts").await?;
    let found = read(&session, options).await;
    session.finish().await;
    found
}

/// The blueprint as a part of facts: without it they are still facts.
///
/// # Errors
/// When the connection is lost.
pub(super) async fn of_session(session: &ReadOnly, options: &CollectOptions) -> Result<Option<Blueprint>, EngineError> {
    match read(session, options).await {
        Ok(print) => Ok(Some(print)),
        Err(error) if matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable) => Err(error),
        Err(_) => Ok(None),
    }
}

async fn read(session: &ReadOnly, options: &CollectOptions) -> Result<Blueprint, EngineError> {
    let mut print = Blueprint::empty(Engine::Postgresql, &session.version_text, "", options.now);
    for row in session.rows(&queries::ghost_database()).await? {
        print.name = row.text("name")?;
        for name in ["encoding", "collate", "ctype", "provider", "locale"] {
            if let Some(value) = row.maybe_text(name)? {
                print.locale.insert(name.to_owned(), value);
            }
        }
        if row.text("block_bytes")? != PAGE_BYTES {
            let why = format!("the source has pages of {} bytes, a ghost of {PAGE_BYTES}: costs of scans differ", row.text("block_bytes")?);
            print.gaps.push(Gap { what: "page size".to_owned(), why });
        }
    }
    for row in session.rows(&queries::ghost_settings()).await? {
        print.settings.insert(row.text("name")?, row.text("value")?);
    }
    for query in [queries::ghost_objects(), queries::ghost_tables()] {
        let mut rows: Vec<(i32, Made)> = Vec::new();
        for row in session.rows(&query).await? {
            take_object(&row, &mut rows, &mut print.gaps)?;
        }
        print.objects.extend(rows.into_iter().map(|(_, made)| made));
    }
    print.extensions = super::facts::extensions(&session.rows(&queries::extensions()).await?)?;
    print.extensions.retain(|extension| extension.name != "plpgsql");
    for row in session.rows(&queries::ghost_extension_types()).await? {
        print.extension_types.push((ObjectName::new(row.text("schema")?, row.text("name")?), row.text("extension")?));
    }
    sizes(session, &mut print).await?;
    statistics(session, &mut print).await?;
    Ok(print)
}

fn take_object(row: &Row, rows: &mut Vec<(i32, Made)>, gaps: &mut Vec<Gap>) -> Result<(), EngineError> {
    let step = row.cell::<i32>("step")?.unwrap_or(0);
    let (kind, name) = (row.text("kind")?, row.text("name")?);
    let Some(statement) = row.maybe_text("statement")? else {
        gaps.push(Gap { what: format!("{kind} {name}"), why: "the server did not print its definition".to_owned() });
        return Ok(());
    };
    if kind == "function stub" {
        let why = "it is written in a language that a ghost does not run: calls that would be folded while planning are not".to_owned();
        gaps.push(Gap { what: format!("function {name}"), why });
    }
    rows.push((step, Made { kind, name, statement }));
    Ok(())
}

async fn sizes(session: &ReadOnly, print: &mut Blueprint) -> Result<(), EngineError> {
    let mut secured = 0_u32;
    for row in session.rows(&queries::ghost_sizes()).await? {
        let name = ObjectName::new(row.text("schema")?, row.text("name")?);
        if row.flag("is_foreign")? {
            print
                .gaps
                .push(Gap { what: format!("foreign table {name}"), why: "its costs come from another server: it is left out".to_owned() });
            continue;
        }
        let (index, method) = (row.flag("is_index")?, row.text("method")?);
        if !index && !method.is_empty() && method != "heap" {
            let why = format!("its access method {method} is not the ghost's: costs of reading it differ");
            print.gaps.push(Gap { what: format!("table {name}"), why });
        }
        secured += u32::from(row.flag("row_security")?);
        print.relations.push(RelationSize {
            name,
            index,
            rows: row.float("rows")?.unwrap_or(-1.0),
            pages: row.count("pages")?,
            visible_pages: row.count("visible_pages")?,
            blocks: row.count("blocks")?,
            levels: None,
        });
    }
    if secured > 0 {
        let why = "its policies are not part of a ghost: roles that they apply to get other plans".to_owned();
        print.gaps.push(Gap { what: format!("row security of {secured} tables"), why });
    }
    Ok(())
}

async fn statistics(session: &ReadOnly, print: &mut Blueprint) -> Result<(), EngineError> {
    let pages = i64::try_from(print.relations.len() / RELATIONS_A_PAGE + 1).unwrap_or(1);
    let query = queries::ghost_columns(session.version);
    for page in 0..pages {
        let parameters: [Parameter<'_>; 2] = [(&pages, Type::INT8), (&page, Type::INT8)];
        let columns = &mut print.columns;
        session
            .each(&query, &parameters, |row| {
                columns.push(column(&row)?);
                Ok(())
            })
            .await?;
    }
    if session.version < 17 {
        note_ranges(print);
    }
    note_missing(print);
    extended(session, &queries::ghost_extended(), print).await
}

fn column(row: &Row) -> Result<ColumnKnowledge, EngineError> {
    let numbers = |name: &str| -> Result<Vec<f64>, EngineError> { Ok(row.cell::<Vec<f64>>(name)?.unwrap_or_default()) };
    Ok(ColumnKnowledge {
        relation: ObjectName::new(row.text("schema")?, row.text("relation")?),
        name: row.text("name")?,
        type_name: row.text("type_name")?,
        number: row.int("number")?,
        inherited: row.flag("inherited")?,
        null_share: row.float("null_share")?.unwrap_or(0.0),
        width: row.int("width")?,
        distinct: row.float("n_distinct")?.unwrap_or(0.0),
        common: row.maybe_text("common")?,
        shares: numbers("shares")?,
        histogram: row.maybe_text("histogram")?,
        correlation: row.float("correlation")?,
        elements: row.maybe_text("elements")?,
        element_shares: numbers("element_shares")?,
        element_counts: numbers("element_counts")?,
        range_lengths: row.maybe_text("range_lengths")?,
        range_empty: row.float("range_empty")?,
        range_bounds: row.maybe_text("range_bounds")?,
    })
}

/// Before version 17 pg_stats does not show what the planner knows of ranges.
fn note_ranges(print: &mut Blueprint) {
    if print.objects.iter().any(|made| made.kind == "table" && (made.statement.contains("range ") || made.statement.contains("range,"))) {
        let why = "pg_stats shows histograms of ranges from version 17 on: conditions on ranges are estimated by defaults".to_owned();
        print.gaps.push(Gap { what: "statistics of range columns".to_owned(), why });
    }
}

/// Tables with rows of which the view shows no column: not readable by this role, or never analysed.
fn note_missing(print: &mut Blueprint) {
    let known: BTreeSet<&ObjectName> = print.columns.iter().map(|column| &column.relation).collect();
    let without: Vec<String> = print
        .relations
        .iter()
        .filter(|relation| !relation.index && relation.blocks > 0 && !known.contains(&relation.name))
        .map(|relation| relation.name.to_string())
        .collect();
    if !without.is_empty() {
        let names = without.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        let why = format!(
            "not readable by this role, or never analysed ({names}): the planner guesses there. GRANT pg_read_all_data, or ANALYZE"
        );
        print.gaps.push(Gap { what: format!("statistics of {} tables", without.len()), why });
    }
    let never = print.relations.iter().filter(|relation| !relation.index && relation.blocks > 0 && relation.pages == 0).count();
    if never > 0 {
        let why = "the catalog holds no row count for them: the planner guesses from the width of rows".to_owned();
        print.gaps.push(Gap { what: format!("sizes of {never} tables"), why });
    }
}

async fn extended(session: &ReadOnly, query: &Query, print: &mut Blueprint) -> Result<(), EngineError> {
    for row in session.rows(query).await? {
        let name = ObjectName::new(row.text("schema")?, row.text("name")?);
        if row.flag("has_expressions")? {
            let why = "statistics of its expressions are not part of a ghost".to_owned();
            print.gaps.push(Gap { what: format!("extended statistics {name}"), why });
        }
        print.extended.push(ExtendedKnowledge {
            name,
            columns: row.texts("columns")?,
            inherited: row.flag("inherited")?,
            distinct: row.maybe_text("n_distinct")?,
            dependencies: row.maybe_text("dependencies")?,
            common: row.maybe_text("common")?.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
            shares: row.cell::<Vec<f64>>("shares")?.unwrap_or_default(),
            base_shares: row.cell::<Vec<f64>>("base_shares")?.unwrap_or_default(),
        });
    }
    let unseen = print.objects.iter().filter(|made| made.kind == "statistics").count().saturating_sub(print.extended.len());
    if unseen > 0 {
        let why = "only owners of their tables see them (pg_stats_ext), or they were never analysed: conditions on several columns are \
                   estimated as if the columns were independent. GRANT the owner's role to the one that collects";
        print.gaps.push(Gap { what: format!("extended statistics, {unseen}"), why: why.to_owned() });
    }
    Ok(())
}

/// Plans statements on the source, never executing one: for each its plan, or what the server said. The planner's own
/// settings are those of the blueprint, not the guarded ones that facts are read under.
///
/// # Errors
/// When the connection fails or is lost.
pub async fn plans(
    endpoint: &Endpoint,
    options: &CollectOptions,
    settings: &std::collections::BTreeMap<String, String>,
    statements: &[String],
) -> Result<Vec<Result<Plan, String>>, EngineError> {
    let resolved = Settings::resolve(endpoint, options, &Environment::of_process())?;
    let mut session = connect(&resolved, options).await?;
    session.begin(options).await?;
    for (name, value) in settings {
        let sql = "SELECT pg_catalog.set_config($1, $2, true)";
        session.ask_quietly(sql, &[(name, Type::TEXT), (value, Type::TEXT)]).await?;
    }
    session.execute("SAVEPOINT facts").await?;
    let rows = session.rows(&queries::planning()).await?;
    let functions: BTreeSet<String> = rows.iter().flat_map(|row| row.texts("functions").unwrap_or_default()).collect();
    session.execute("SAVEPOINT plan").await?;
    let mut plans = Vec::with_capacity(statements.len());
    for statement in statements {
        let plan = plan(&session, statement, &functions).await;
        if let Err(error) = &plan
            && matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable)
        {
            return Err(error.clone());
        }
        session.execute("ROLLBACK TO SAVEPOINT plan").await?;
        plans.push(plan.map_err(|error| error.detail));
    }
    session.finish().await;
    Ok(plans)
}

async fn plan(session: &ReadOnly, statement: &str, functions: &BTreeSet<String>) -> Result<Plan, EngineError> {
    super::explain::may_be_planned(statement, functions)
        .map_err(|why| EngineError::new(ErrorKind::Unsupported, "planning a statement on the source", why))?;
    let rows = session.ask_quietly(&format!("EXPLAIN (VERBOSE, FORMAT JSON) {statement}"), &[]).await?;
    let text = rows.first().and_then(|row| row.try_get::<_, Json>(0).ok()).map(|json| json.0).unwrap_or_default();
    let malformed = |error: serde_json::Error| EngineError::new(ErrorKind::Protocol, "reading an execution plan", error.to_string());
    super::parse_plan(&serde_json::from_str(&text).map_err(malformed)?)
}
