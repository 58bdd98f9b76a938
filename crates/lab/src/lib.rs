//! Scratch servers, project builds, measurement: the only crate that changes anything.
//!
//! It only ever acts on servers and files that it made itself, in marked directories of its own. It never connects to
//! a user's database for anything but reading, and that through `dbwright-engines`.

pub mod cancel;
pub mod clone;
pub mod drill;
pub mod error;
pub mod evidence;
pub mod ghost;
pub mod measure;
pub mod project;
pub mod prove;
pub mod scratch;
pub mod select;
pub mod whatif;
pub mod workload;

pub use error::{LabError, LabErrorKind, Place};
