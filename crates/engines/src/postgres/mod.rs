//! PostgreSQL 12 to 18, and servers that keep its catalog. Towards a user's database it only reads.

mod connect;
mod data;
mod explain;
mod facts;
mod failure;
mod grants;
mod plan;
mod queries;
mod row;
mod scratch;
mod session;
mod settings;
mod stream;

pub use self::plan::parse_plan;
pub use self::scratch::{Answer, SCRATCH_MARKER, Scratch, ScriptError, connect_scratch};

use dbwright_model::{Engine, Facts};

use self::connect::connect;
use self::row::Cells;
use self::session::ReadOnly;
use self::settings::Settings;
use crate::credentials::Environment;
use crate::error::EngineError;
use crate::options::CollectOptions;
use crate::registry::{Capability, Collecting, Driver};
use crate::target::Endpoint;

/// Most connections at a time.
const MOST_CONNECTIONS: usize = 3;

/// The driver.
pub static DRIVER: Driver = Driver {
    engines: &[Engine::Postgresql],
    schemes: &["postgres", "postgresql"],
    versions: "12 to 18",
    capabilities: &[Capability {
        name: "collect",
        there: true,
        detail: "tested on 15 and 17; one database or all; read-only transaction, at most 40 queries a database",
    }],
    collect: |endpoint, options| -> Collecting<'_> { Box::pin(collect(endpoint, options)) },
    grants: |role, database| Some(grants::script(role, database)),
};

async fn collect(endpoint: &Endpoint, options: &CollectOptions) -> Result<Vec<Facts>, EngineError> {
    let settings = Settings::resolve(endpoint, options, &Environment::of_process())?;
    if !endpoint.options.get("all_databases").is_some_and(|value| matches!(value.as_str(), "1" | "on" | "true")) {
        return Ok(vec![collect_one(&settings, options).await?]);
    }
    let session = connect(&settings, options).await?;
    let rows = session.rows(&queries::databases()).await?;
    let names: Vec<String> = rows.iter().map(|row| row.text("name")).collect::<Result<_, _>>()?;
    session.finish().await;
    collect_all(&settings, options, &names).await
}

async fn collect_all(settings: &Settings, options: &CollectOptions, names: &[String]) -> Result<Vec<Facts>, EngineError> {
    let mut all = Vec::with_capacity(names.len());
    for names in names.chunks(MOST_CONNECTIONS) {
        let settings: Vec<Settings> = names.iter().map(|name| settings.for_database(name)).collect();
        let found = futures_util::future::join_all(settings.iter().map(|settings| collect_one(settings, options))).await;
        for facts in found {
            all.push(facts?);
        }
    }
    Ok(all)
}

async fn collect_one(settings: &Settings, options: &CollectOptions) -> Result<Facts, EngineError> {
    let mut session: ReadOnly = connect(settings, options).await?;
    let mut facts = facts::read(&mut session, options).await?;
    facts.effort = session.finish().await;
    Ok(facts)
}
