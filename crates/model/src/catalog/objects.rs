//! What a database holds beside its collections: sequences, routines, extensions, types, schemas, grants. It never says
//! whether any of that is good.

use serde::{Deserialize, Serialize};

use crate::name::ObjectName;

/// A sequence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sequence {
    /// Its name.
    pub name: ObjectName,
    /// Last value, none when it was never used or could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<f64>,
    /// Largest value of the sequence.
    pub limit: f64,
    /// Step.
    pub increment: f64,
    /// Starts again at the end.
    pub cycle: bool,
    /// The table and column that it feeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<(ObjectName, String)>,
}

/// A function or procedure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Routine {
    /// Its name.
    pub name: ObjectName,
    /// Argument types as the engine prints them.
    pub arguments: String,
    /// Language.
    pub language: String,
    /// Runs with its owner's rights.
    pub security_definer: bool,
    /// Whether it fixes its own search path.
    pub fixed_search_path: bool,
    /// Owner or definer.
    pub owner: String,
    /// `immutable`, `stable`, `volatile`.
    pub volatility: String,
    /// Whether everybody may execute it.
    pub public_execute: bool,
}

/// An extension, module or plugin.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Installed version.
    pub version: String,
    /// Newest version that the server could install, when different.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<String>,
    /// Schema it lives in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
}

/// A type made by users.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserType {
    /// Its name.
    pub name: ObjectName,
    /// `enum`, `composite`, `domain`, `range`.
    pub kind: String,
    /// Labels of an enum in order; base type of a domain; fields of a composite as text.
    pub members: Vec<String>,
}

/// A schema.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Privileges granted on it.
    pub grants: Vec<Grant>,
}

/// Privileges of one grantee on one object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Grant {
    /// Role or account; `PUBLIC` for everybody.
    pub grantee: String,
    /// Privileges in the engine's words.
    pub privileges: Vec<String>,
    /// May pass them on.
    pub grantable: bool,
}
