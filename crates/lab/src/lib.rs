//! Scratch servers, project builds, measurement: the only crate that changes anything.
