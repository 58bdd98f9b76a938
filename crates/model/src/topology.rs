//! Copies of the data: replicas, slots, shards. It never contacts them.

use serde::{Deserialize, Serialize};

/// The server's place among its copies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Topology {
    /// Primary, replica, …
    pub role: Role,
    /// Replicas that are connected.
    pub replicas: Vec<Replica>,
    /// Replication slots.
    pub slots: Vec<Slot>,
    /// Names or rule of synchronous replicas, as configured; empty when replication is asynchronous.
    pub synchronous: String,
    /// Publications and subscriptions by name, in words.
    pub logical: Vec<String>,
    /// Shards or cluster nodes: name and state in words.
    pub nodes: Vec<(String, String)>,
    /// Of a replica: whether it receives, and its lag in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Replica>,
}

/// What a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Not known.
    #[default]
    Unknown,
    /// A file, without server.
    Embedded,
    /// Takes writes.
    Primary,
    /// Follows another server.
    Replica,
}

/// A replica, or the link to the primary.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Replica {
    /// Its name.
    pub name: String,
    /// State in the engine's words.
    pub state: String,
    /// Whether commits wait for it.
    pub synchronous: bool,
    /// Lag, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<f64>,
    /// Lag, bytes of log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_bytes: Option<f64>,
    /// Error in the engine's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A replication slot.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// `physical` or `logical`.
    pub kind: String,
    /// In use.
    pub active: bool,
    /// Bytes of log that it keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retained_bytes: Option<f64>,
    /// State of the log it needs, in the engine's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}
