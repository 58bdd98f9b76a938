//! The PostgreSQL driver against real servers of versions 15 and 17 (and 18 where installed), each in a directory of its own.
#![cfg(feature = "postgres")]

mod catalog;
mod data;
mod failures;
mod footprint;
mod hostile;
mod privileges;
mod scratch;
mod server;
mod tls;
mod workload;

use dbwright_engines::{CollectOptions, EngineError, Target, driver_for};
use dbwright_model::catalog::{Collection, Index};
use dbwright_model::{Coverage, Engine, FactKind, Facts, ObjectName, Reading, Timestamp};
use dbwright_testkit::postgres::{Server, installed};

/// The versions that are tested.
const VERSIONS: [u32; 2] = [15, 17];

/// Runs a test on a server of each version.
async fn on_each<F: AsyncFn(&Server)>(settings: &[&str], test: F) {
    for major in VERSIONS {
        if let Some(installation) = installed(major) {
            test(&Server::start(&installation, settings)).await;
        }
    }
}

fn options() -> CollectOptions {
    CollectOptions::at(Timestamp::from_seconds(1_790_000_000))
}

async fn try_collect(url: &str, options: &CollectOptions) -> Result<Vec<Facts>, EngineError> {
    let Target::Endpoint(endpoint) = Target::recognise(url)? else { panic!("{url} is no endpoint") };
    (driver_for(Engine::Postgresql).expect("the driver").collect)(&endpoint, options).await
}

async fn collect_with(url: &str, options: &CollectOptions) -> Facts {
    let mut found = try_collect(url, options).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(found.len(), 1);
    found.remove(0)
}

async fn collect(url: &str) -> Facts {
    collect_with(url, &options()).await
}

async fn refused(url: &str) -> EngineError {
    let error = try_collect(url, &options()).await.err().unwrap_or_else(|| panic!("{url} was collected from"));
    assert!(!error.action.is_empty() && !error.detail.is_empty(), "{error:?}");
    error
}

fn table<'a>(facts: &'a Facts, schema: &str, name: &str) -> &'a Collection {
    let wanted = ObjectName::new(schema, name);
    let names = || facts.catalog.collections.iter().map(|c| c.name.to_string()).collect::<Vec<_>>();
    facts.catalog.collections.iter().find(|collection| collection.name == wanted).unwrap_or_else(|| panic!("{wanted} not in {:?}", names()))
}

fn index<'a>(table: &'a Collection, name: &str) -> &'a Index {
    table.indexes.iter().find(|index| index.name == name).unwrap_or_else(|| panic!("{name} not in {:?}", table.indexes))
}

fn coverage(facts: &Facts, kind: FactKind) -> &Coverage {
    facts.coverage.iter().find(|entry| entry.fact == kind).unwrap_or_else(|| panic!("{kind:?} in no way covered"))
}

fn assert_read(facts: &Facts, kinds: &[FactKind]) {
    for kind in kinds {
        assert_eq!(facts.reading(*kind), Reading::Read, "{:?}", coverage(facts, *kind));
    }
}
