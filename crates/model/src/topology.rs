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
    /// State of the cluster as this node sees it, in the engine's words; none when it is in no cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_state: Option<String>,
    /// Nodes of the cluster as this node sees them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cluster: Vec<ClusterNode>,
    /// Of a server that only watches others (Sentinel): what it watches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub watched: Vec<Watched>,
}

/// A node of a cluster that parts its keys by slots.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterNode {
    /// Its identifier.
    pub id: String,
    /// Host and port.
    pub address: String,
    /// Whether it takes writes.
    pub role: Role,
    /// Whether it is the node that was read.
    pub own: bool,
    /// Whether the others, or this node, hold it for failed.
    pub failing: bool,
    /// Whether this node is connected to it.
    pub connected: bool,
    /// Slots that it serves.
    pub slots: u64,
    /// Identifier of the node that it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
}

/// A primary that is watched so that another can take its place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Watched {
    /// The name under which clients ask for it.
    pub name: String,
    /// Its state in the engine's words.
    pub state: String,
    /// Replicas that could take its place.
    pub replicas: u64,
    /// Watchers, this one included.
    pub watchers: u64,
    /// Watchers that must agree that it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quorum: Option<u64>,
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
