//! The drivers: reading facts from database systems, one folder per system with the same file names.
//!
//! Towards a user's database this crate only reads. It never judges what it reads.

#[cfg(any(feature = "postgres", feature = "mysql"))]
mod coverage;
pub mod credentials;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod dependencies;
pub mod drill;
pub mod error;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod inclusion;
#[cfg(feature = "mysql")]
pub mod mysql;
pub mod options;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
pub mod registry;
pub mod rows;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub mod tables;
pub mod target;
#[cfg(feature = "tls")]
pub mod tls;

pub use error::{EngineError, ErrorKind};
pub use options::CollectOptions;
pub use registry::{Capability, Driver, driver_for, drivers};
pub use target::{Endpoint, Target};
