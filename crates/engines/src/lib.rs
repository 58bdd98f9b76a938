//! The drivers: reading facts from database systems, one folder per system with the same file names.
//!
//! Towards a user's database this crate only reads. It never judges what it reads.

pub mod error;
pub mod options;
#[cfg(feature = "redis")]
pub mod redis;
pub mod registry;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod target;

pub use error::{EngineError, ErrorKind};
pub use options::CollectOptions;
pub use registry::{Capability, Driver, driver_for, drivers};
pub use target::{Endpoint, Target};
