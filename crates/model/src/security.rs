//! Who may come in, by which way, with which rights. It never holds a password, hashed or not.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Access to the server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Security {
    /// How this connection was made.
    pub connection: ConnectionSecurity,
    /// Whether the server offers TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_offered: Option<bool>,
    /// Whether a connection without TLS over the network is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plaintext_refused: Option<bool>,
    /// Lowest TLS version accepted, e.g. `TLSv1.2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_minimum: Option<String>,
    /// End of the server certificate's validity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_expires: Option<Timestamp>,
    /// Sessions open over the network without TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plaintext_sessions: Option<u64>,
    /// Addresses the server listens on.
    pub listen: Vec<String>,
    /// Rules that admit clients (pg_hba and its like), in order.
    pub admission: Vec<AdmissionRule>,
    /// Roles or accounts.
    pub roles: Vec<Role>,
    /// Whether data files are encrypted, where the engine knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted_at_rest: Option<bool>,
    /// Whether an audit facility is on, and which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<String>,
    /// Files and directories with their modes, of engines whose files we see.
    pub files: Vec<FileMode>,
    /// Features switched on that widen what an intruder could do, in the engine's words.
    pub dangerous_features: Vec<String>,
    /// Account of the session that collected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collected_as: Option<String>,
}

/// How the collecting connection was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionSecurity {
    /// File, socket, loopback or network.
    pub reach: Reach,
    /// TLS version in use, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// Whether certificate chain and host name were verified.
    pub verified: bool,
}

/// From where something can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// A file of this machine.
    #[default]
    File,
    /// A socket of this machine.
    Socket,
    /// The loopback interface.
    Loopback,
    /// A network.
    Network,
}

/// A rule that admits clients.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AdmissionRule {
    /// `local`, `host`, `hostssl`, …
    pub kind: String,
    /// Databases.
    pub databases: Vec<String>,
    /// Users.
    pub users: Vec<String>,
    /// Address with mask; empty for local.
    pub address: String,
    /// Method: `scram-sha-256`, `trust`, …
    pub method: String,
    /// Error that the server reports for the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A role or account.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Role {
    /// Its name, with host where the engine has that.
    pub name: String,
    /// May log in.
    pub login: bool,
    /// Superuser.
    pub superuser: bool,
    /// Passes row security by.
    pub bypasses_row_security: bool,
    /// May replicate.
    pub replication: bool,
    /// May create roles.
    pub creates_roles: bool,
    /// Method of its stored password: `scram-sha-256`, `md5`, `mysql_native_password`, `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_method: Option<String>,
    /// Has no password although its method wants one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_empty: Option<bool>,
    /// End of its password's validity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Roles it is a member of.
    pub member_of: Vec<String>,
    /// Server-wide privileges or command rules in the engine's words.
    pub privileges: Vec<String>,
    /// Sessions it has open now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u64>,
    /// Settings fixed for it, `name=value`.
    pub settings: Vec<String>,
}

/// A file's mode.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FileMode {
    /// What the file is: `database`, `wal`, `directory`, `key`, …
    pub what: String,
    /// Its path as given.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
}
