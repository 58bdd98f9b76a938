//! The functions that the fuzz targets call.

mod entries;

pub use entries::*;
