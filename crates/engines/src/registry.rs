//! The drivers that are built in. Grep for a driver's static to find its only caller; nothing registers itself.

use std::future::Future;
use std::pin::Pin;

use dbwright_model::{Engine, Facts};

use crate::error::EngineError;
use crate::options::CollectOptions;
use crate::target::Endpoint;

/// A collection under way.
pub type Collecting<'a> = Pin<Box<dyn Future<Output = Result<Vec<Facts>, EngineError>> + Send + 'a>>;

/// What a driver can do, for `dbwright engines`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// The ability: `collect`, `explain`, `scratch`, `project`, `ghost`, `clone`.
    pub name: &'static str,
    /// Whether it is there.
    pub there: bool,
    /// Versions, limits, or why it is not there.
    pub detail: &'static str,
}

/// A driver: one static value a system, in that system's folder.
pub struct Driver {
    /// Engines that it serves; the first one names it.
    pub engines: &'static [Engine],
    /// URL schemes that it takes.
    pub schemes: &'static [&'static str],
    /// Versions that it is written for.
    pub versions: &'static str,
    /// What it can do.
    pub capabilities: &'static [Capability],
    /// Reads facts: one value a database.
    pub collect: for<'a> fn(&'a Endpoint, &'a CollectOptions) -> Collecting<'a>,
    /// Reads rows of tables, for those who ask for them; none where there are no tables.
    pub rows: Option<crate::rows::ReadRowsOf>,
    /// The script that makes a least-privilege role of this name for collecting; none where the engine has no roles.
    pub grants: fn(role: &str, database: &str) -> Option<String>,
}

static DRIVERS: &[&Driver] = &[
    #[cfg(feature = "mysql")]
    &crate::mysql::DRIVER,
    #[cfg(feature = "postgres")]
    &crate::postgres::DRIVER,
    #[cfg(feature = "redis")]
    &crate::redis::DRIVER,
    #[cfg(feature = "sqlite")]
    &crate::sqlite::DRIVER,
];

/// All drivers that are built in.
#[must_use]
pub fn drivers() -> &'static [&'static Driver] {
    DRIVERS
}

/// The driver of an engine.
#[must_use]
pub fn driver_for(engine: Engine) -> Option<&'static Driver> {
    drivers().iter().copied().find(|driver| driver.engines.contains(&engine))
}
