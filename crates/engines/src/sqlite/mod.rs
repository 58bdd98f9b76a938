//! SQLite: a file, read in place or from a private copy. It never writes to the file, its log or its directory.

pub mod blueprint;
mod catalog;
pub mod connect;
mod copy;
mod data;
mod declaration;
pub mod explain;
pub mod facts;
pub mod header;
mod inclusion;
mod place;
pub mod reader;
pub mod rows;
mod shapes;
mod sizes;
mod statistics;
mod tokens;
mod types;
mod values;

use std::sync::Arc;

use dbwright_model::{Engine, Facts};

use crate::error::{EngineError, ErrorKind};
use crate::options::CollectOptions;
use crate::registry::{Capability, Collecting, Driver};
use crate::rows::{RowSink, Wanted};
use crate::target::Endpoint;

/// The driver.
pub static DRIVER: Driver = Driver {
    engines: &[Engine::Sqlite],
    schemes: &["sqlite"],
    versions: "file format 3, written by any version since 3.0",
    capabilities: &[
        Capability { name: "collect", there: true, detail: "catalog, sizes, statistics, values, data and integrity checks" },
        Capability { name: "explain", there: true, detail: "EXPLAIN QUERY PLAN" },
        Capability { name: "scratch", there: true, detail: "built in, no server needed" },
        Capability { name: "project", there: true, detail: "schema, data and workload run on a scratch file" },
        Capability { name: "ghost", there: true, detail: "plans of the engine, costs of a model: SQLite prints none" },
        Capability { name: "clone", there: true, detail: "of the file, by the backup interface" },
    ],
    collect,
    rows: Some(|endpoint, options, wanted, sink| Box::pin(stream(endpoint, options, wanted, sink))),
    grants: |_, _| None,
};

fn collect<'a>(endpoint: &'a Endpoint, options: &'a CollectOptions) -> Collecting<'a> {
    Box::pin(async move {
        let path = endpoint.file.clone().ok_or_else(no_file)?;
        let control = Arc::new(reader::Control::default());
        let _cancel = CancelOnDrop(Arc::clone(&control));
        let options = options.clone();
        let reading = tokio::task::spawn_blocking(move || facts::collect(&path, &options, &control));
        let facts: Facts =
            reading.await.map_err(|error| EngineError::new(ErrorKind::Interrupted, format!("reading {endpoint}"), error.to_string()))??;
        Ok(vec![facts])
    })
}

async fn stream(
    endpoint: &Endpoint,
    options: &CollectOptions,
    wanted: &[Wanted],
    sink: &mut (dyn RowSink + '_),
) -> Result<(), EngineError> {
    let path = endpoint.file.clone().ok_or_else(no_file)?;
    let control = Arc::new(reader::Control::default());
    let _cancel = CancelOnDrop(Arc::clone(&control));
    tokio::task::block_in_place(|| rows::stream(&path, options, &control, wanted, sink))
}

fn no_file() -> EngineError {
    EngineError::new(ErrorKind::Target, "opening a SQLite database", "no file was named").hint("Give `sqlite:PATH` or the path.")
}

/// Ends the reading when nobody waits for it any more.
struct CancelOnDrop(Arc<reader::Control>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
