//! Reading what servers log: statements, durations, plans, errors and events, at the speed of the disk.
//!
//! It never judges, and it never keeps more of a file than a bounded window of it.
//!
//! The flow: [`place`] finds files, [`open`] unpacks them, [`format`](mod@format) tells what they are, `feed` cuts them into
//! blocks between entries, one parser a format takes the entries of a block, [`digest`] counts them, and [`read()`] lets as many
//! threads as wanted do so and makes a [`Profile`](dbwright_model::profile::Profile) of it.

pub mod clock;
pub mod digest;
pub mod error;
mod feed;
mod finish;
pub mod follow;
pub mod format;
mod mysql;
pub mod open;
pub mod place;
pub mod plans;
mod postgres;
pub mod prefix;
mod read;
mod redis;
mod script;
mod sink;

pub use error::LogError;
pub use format::Format;
pub use place::{Place, expand};
pub use read::{Options, read, read_bytes};
