//! PostgreSQL 12 to 18, and servers that keep its catalog. Towards a user's database it only reads.

mod blueprint;
mod connect;
mod data;
mod explain;
mod facts;
pub(crate) mod failure;
mod grants;
mod plan;
mod queries;
mod row;
mod scratch;
mod session;
mod settings;
pub mod snapshot;
mod stream;

pub use tokio_postgres::Row;

pub use self::blueprint::{blueprint, plans};
pub use self::plan::parse_plan;
pub use self::scratch::{Answer, SCRATCH_MARKER, Scratch, ScriptError, connect_scratch, connect_scratch_as};

use std::time::Duration;

use dbwright_model::{Engine, Facts};

use self::connect::connect;
use self::row::Cells;
use self::session::ReadOnly;
use self::settings::Settings;
use crate::credentials::Environment;
use crate::error::EngineError;
use crate::options::CollectOptions;
use crate::registry::{Capability, Collecting, Driver};
use crate::rows::{RowSink, Wanted};
use crate::target::Endpoint;

/// Databases that are read at a time. With connections that the server is still closing, three are never passed.
const DATABASES_AT_A_TIME: usize = 2;
/// How often a connection is tried again for which the role has no room yet, and after which pause.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// The driver.
pub static DRIVER: Driver = Driver {
    engines: &[Engine::Postgresql],
    schemes: &["postgres", "postgresql"],
    versions: "12 to 18",
    capabilities: &[
        Capability { name: "collect", there: true, detail: "one database or all; read-only transaction; tested on 12 to 18" },
        Capability { name: "explain", there: true, detail: "plans of the costliest SELECTs of pg_stat_statements, never executed" },
        Capability { name: "scratch", there: true, detail: "on server programs of this machine" },
        Capability { name: "project", there: true, detail: "schema, data and workload run on a scratch server" },
        Capability {
            name: "ghost",
            there: true,
            detail: "plans without rows, from a URL or a Facts file; no extension and no superuser on the source",
        },
        Capability { name: "clone", there: true, detail: "of a dump, a base backup or a project" },
    ],
    collect: |endpoint, options| -> Collecting<'_> { Box::pin(collect(endpoint, options)) },
    rows: Some(|endpoint, options, wanted, sink| Box::pin(stream(endpoint, options, wanted, sink))),
    grants: |role, database| Some(grants::script(role, database)),
};

async fn collect(endpoint: &Endpoint, options: &CollectOptions) -> Result<Vec<Facts>, EngineError> {
    let settings = Settings::resolve(endpoint, options, &Environment::of_process())?;
    if !endpoint.options.get("all_databases").is_some_and(|value| matches!(value.as_str(), "1" | "on" | "true")) {
        return Ok(vec![collect_one(&settings, options).await?]);
    }
    let mut session = connect(&settings, options).await?;
    session.begin(options).await?;
    let rows = session.rows(&queries::databases()).await?;
    let names: Vec<String> = rows.iter().map(|row| row.text("name")).collect::<Result<_, _>>()?;
    session.finish().await;
    collect_all(&settings, options, &names).await
}

async fn stream(
    endpoint: &Endpoint,
    options: &CollectOptions,
    wanted: &[Wanted],
    sink: &mut (dyn RowSink + '_),
) -> Result<(), EngineError> {
    let settings = Settings::resolve(endpoint, options, &Environment::of_process())?;
    let mut session = connect_patiently(&settings, options).await?;
    session.begin(options).await?;
    session.execute("SAVEPOINT facts").await?;
    let outcome = data::stream_rows(&session, wanted, sink).await;
    session.finish().await;
    outcome
}

async fn collect_all(settings: &Settings, options: &CollectOptions, names: &[String]) -> Result<Vec<Facts>, EngineError> {
    let mut all = Vec::with_capacity(names.len());
    for names in names.chunks(DATABASES_AT_A_TIME) {
        let settings: Vec<Settings> = names.iter().map(|name| settings.for_database(name)).collect();
        let found = futures_util::future::join_all(settings.iter().map(|settings| collect_one(settings, options))).await;
        for facts in found {
            all.push(facts?);
        }
    }
    Ok(all)
}

async fn collect_one(settings: &Settings, options: &CollectOptions) -> Result<Facts, EngineError> {
    let mut session = connect_patiently(settings, options).await?;
    let mut facts = facts::read(&mut session, options).await?;
    if options.blueprint {
        facts.blueprint = blueprint::of_session(&session, options).await?;
    }
    facts.effort = session.finish().await;
    Ok(facts)
}

/// Connects; a server that is still closing a connection of ours may have no room for the next one yet.
async fn connect_patiently(settings: &Settings, options: &CollectOptions) -> Result<ReadOnly, EngineError> {
    for _ in 1..TRIES {
        match connect(settings, options).await {
            Err(error) if error.detail.contains("too many connections for role") => tokio::time::sleep(PAUSE).await,
            other => return other,
        }
    }
    connect(settings, options).await
}
