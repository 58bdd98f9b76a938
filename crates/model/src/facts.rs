//! Facts: all that was read about one database at one time, and what could not be read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::backup::Backups;
use crate::blueprint::Blueprint;
use crate::catalog::Catalog;
use crate::engine::Engine;
use crate::health::{Health, Setting};
use crate::security::Security;
use crate::time::Timestamp;
use crate::topology::Topology;
use crate::workload::{Origin, Workload};

/// The `schema` member of a Facts file.
pub const FACTS_SCHEMA: &str = "dbwright.facts/1";

/// All that was read about one database at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Always [`FACTS_SCHEMA`].
    pub schema: String,
    /// Version of dbwright that collected.
    pub collected_by: String,
    /// When.
    pub taken_at: Timestamp,
    /// What.
    pub target: TargetFacts,
    /// What was read and what was not; one entry a [`FactKind`] that the engine has.
    #[serde(default)]
    pub coverage: Vec<Coverage>,
    /// Collections and what belongs to them.
    #[serde(default)]
    pub catalog: Catalog,
    /// Statements.
    #[serde(default)]
    pub workload: Workload,
    /// Settings by name.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
    /// State of the server.
    #[serde(default)]
    pub health: Health,
    /// Copies.
    #[serde(default)]
    pub topology: Topology,
    /// Access.
    #[serde(default)]
    pub security: Security,
    /// Backups and drills.
    #[serde(default)]
    pub backups: Backups,
    /// Findings of checks on the data themselves, made while reading.
    #[serde(default)]
    pub data: DataChecks,
    /// Of a project directory: where objects are defined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Project>,
    /// How much the collecting itself asked of the server.
    #[serde(default)]
    pub effort: Effort,
    /// What the planner knows, whole: for building a ghost from this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blueprint: Option<Blueprint>,
}

impl Facts {
    /// Facts of a target of which nothing has been read yet.
    #[must_use]
    pub fn empty(engine: Engine, version: &str, name: &str, taken_at: Timestamp) -> Self {
        Self {
            schema: FACTS_SCHEMA.to_owned(),
            collected_by: env!("CARGO_PKG_VERSION").to_owned(),
            taken_at,
            target: TargetFacts { engine, version: version.to_owned(), name: name.to_owned(), ..TargetFacts::default() },
            coverage: Vec::new(),
            catalog: Catalog::default(),
            workload: Workload::default(),
            settings: BTreeMap::new(),
            health: Health::default(),
            topology: Topology::default(),
            security: Security::default(),
            backups: Backups::default(),
            data: DataChecks::default(),
            project: None,
            effort: Effort::default(),
            blueprint: None,
        }
    }

    /// How far facts of this kind were read; [`Reading::Missing`] when nothing says so.
    #[must_use]
    pub fn reading(&self, kind: FactKind) -> Reading {
        self.coverage.iter().find(|entry| entry.fact == kind).map_or(Reading::Missing, |entry| entry.state)
    }

    /// Major version number of the server, e.g. 15 for 15.18; 0 when it can't be told.
    #[must_use]
    pub fn major_version(&self) -> u32 {
        let digits: String = self.target.version.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    }
}

/// The database that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetFacts {
    /// Its engine.
    pub engine: Engine,
    /// Server version as it names itself, e.g. `15.18`.
    pub version: String,
    /// Name of the database, file or project; never a URL.
    pub name: String,
    /// Identity of the server or file that survives renaming (system identifier), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Whether it was built from a project in a scratch server: sizes and use are those of test data.
    #[serde(default)]
    pub scratch: bool,
    /// Managed service that runs it, where recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

impl Default for TargetFacts {
    fn default() -> Self {
        Self { engine: Engine::Sqlite, version: String::new(), name: String::new(), identity: None, scratch: false, service: None }
    }
}

/// Kinds of facts. Rules and criteria name the kinds they need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactKind {
    /// Collections, fields, keys, references, indexes.
    Catalog,
    /// Row counts and sizes.
    Sizes,
    /// Distribution of values (planner statistics).
    ColumnStatistics,
    /// Counts of what values look like (needs reading rows).
    Values,
    /// Scans, inserts, updates, deletes since a reset.
    Activity,
    /// Dead space and bloat.
    Bloat,
    /// Statements.
    Workload,
    /// Latency of statements.
    Latency,
    /// Plans of statements.
    Plans,
    /// Settings.
    Settings,
    /// State of the server.
    Health,
    /// Checks on the data themselves: orphans, duplicates, integrity check.
    DataChecks,
    /// Replicas and slots.
    Topology,
    /// Roles and accounts.
    Roles,
    /// Rules that admit clients.
    Admission,
    /// Transport encryption.
    Transport,
    /// Encryption at rest.
    AtRest,
    /// Audit.
    Audit,
    /// Modes of files.
    Files,
    /// Backups.
    Backups,
    /// Archiving.
    Archiving,
    /// Drill records.
    Drills,
}

impl FactKind {
    /// The identifier used in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Sizes => "sizes",
            Self::ColumnStatistics => "column-statistics",
            Self::Values => "values",
            Self::Activity => "activity",
            Self::Bloat => "bloat",
            Self::Workload => "workload",
            Self::Latency => "latency",
            Self::Plans => "plans",
            Self::Settings => "settings",
            Self::Health => "health",
            Self::DataChecks => "data-checks",
            Self::Topology => "topology",
            Self::Roles => "roles",
            Self::Admission => "admission",
            Self::Transport => "transport",
            Self::AtRest => "at-rest",
            Self::Audit => "audit",
            Self::Files => "files",
            Self::Backups => "backups",
            Self::Archiving => "archiving",
            Self::Drills => "drills",
        }
    }
}

/// How far a kind of facts was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// Not read.
    Missing,
    /// Read in part.
    Partial,
    /// Read.
    Read,
    /// The engine has no such thing.
    NotApplicable,
}

/// What was read of a kind of facts, or why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The kind.
    pub fact: FactKind,
    /// How far.
    pub state: Reading,
    /// What was read, or the reason why not.
    pub detail: String,
    /// What closes the gap: a grant, an option, an extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Results of reading the data themselves.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DataChecks {
    /// Declared references whose rows were looked up.
    pub references: Vec<ReferenceCheck>,
    /// Declared keys whose uniqueness was counted without using their index.
    pub keys: Vec<KeyCheck>,
    /// Columns declared NOT NULL, or checks, that rows violate: object, violating rows.
    pub violations: Vec<Violation>,
    /// Inclusions that hold between columns without a declared reference.
    pub inclusions: Vec<Inclusion>,
    /// Tables whose rows were searched for dependencies between columns.
    pub dependencies: Vec<DependencySearch>,
    /// The user's own validation rules that were run; those violated are in `violations` with kind `rule`.
    pub rules_checked: u64,
}

/// That the rows of a table were searched for functional dependencies, and those found that no key explains.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DependencySearch {
    /// The table.
    pub table: crate::ObjectName,
    /// Rows searched.
    pub rows: u64,
    /// Whether all rows and all columns were searched.
    pub complete: bool,
    /// Columns that took part; others hold values that are compared with nothing (documents, bytes).
    pub columns: Vec<String>,
    /// Most columns on a left side that were tried.
    pub max_left: u64,
    /// Smallest sets of columns that no two rows share, NULLs taken as equal.
    pub keys: Vec<Vec<String>>,
    /// Rows beyond the first of each that are the same in all columns that took part.
    pub duplicate_rows: u64,
    /// Dependencies on something that is no key, the likeliest first.
    pub dependencies: Vec<MinedDependency>,
    /// Whether multi-valued dependencies were searched: only in small tables without other dependencies, where it is cheap.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub multivalued_searched: bool,
    /// Multi-valued dependencies that many groups of rows show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub multivalued: Vec<MinedMultivalued>,
    /// Why the search is not complete; empty when it is.
    pub gap: String,
}

/// Rows that agree on `left` agree on `right`, though `left` is no key.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MinedDependency {
    /// The determining columns.
    pub left: Vec<String>,
    /// The determined column.
    pub right: String,
    /// What it probably is.
    pub likelihood: Likelihood,
    /// Expected number of such coincidences among all that were tried, at most 1.
    pub accidental_probability: f64,
    /// Groups of two and more rows that agree on the left side.
    pub groups: u64,
    /// Rows that only repeat what an earlier row of their group says.
    pub repeating_rows: u64,
    /// Bytes of the values that they repeat, as text.
    pub repeated_bytes: u64,
    /// Distinct values of the right side.
    pub distinct: u64,
    /// Rows whose left side holds a NULL.
    pub left_nulls: u64,
    /// Two rows of one group: numbers of the rows in the order read, from 1, and the values of left and right side.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<WitnessRow>,
}

/// For each value of `left`, every value of `right` goes with every value of the other columns: independent facts in one table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MinedMultivalued {
    /// The determining columns; none says that the table is a product.
    pub left: Vec<String>,
    /// Columns that are independent of the rest.
    pub right: Vec<String>,
    /// Groups with several values of `right` and several of the rest: those that could have contradicted.
    pub groups: u64,
}

/// A row that shows a dependency.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WitnessRow {
    /// Its number in the order read, from 1.
    pub row: u64,
    /// Values of the left side's columns, then of the right side; none is NULL.
    pub values: Vec<Option<String>>,
}

/// What a dependency between columns probably is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// The rows leave next to no room for chance.
    Meant,
    /// Chance is unlikely, but not ruled out.
    Possible,
    /// Chance would do: a question, not a finding.
    #[default]
    Accidental,
}

/// Outcome for one declared reference.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReferenceCheck {
    /// The referring table.
    pub table: crate::ObjectName,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table referred to.
    pub target: crate::ObjectName,
    /// Rows without partner.
    pub orphans: u64,
    /// Rows checked.
    pub checked: u64,
    /// Whether all rows were checked.
    pub complete: bool,
}

/// Outcome for one declared key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyCheck {
    /// The table.
    pub table: crate::ObjectName,
    /// The key's columns.
    pub columns: Vec<String>,
    /// Rows beyond the first of each value.
    pub duplicates: u64,
    /// Whether all rows were checked.
    pub complete: bool,
}

/// Rows that violate what is declared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Violation {
    /// `not-null`, `check`, `encoding`, `zero-date`, `type`.
    pub kind: String,
    /// The table.
    pub table: crate::ObjectName,
    /// The columns.
    pub columns: Vec<String>,
    /// The declaration, e.g. the check's expression.
    pub declaration: String,
    /// Violating rows.
    pub rows: u64,
}

/// Values of one column that all, or nearly all, occur in a key of another table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Inclusion {
    /// The including table.
    pub table: crate::ObjectName,
    /// Its column.
    pub column: String,
    /// The table that holds the key.
    pub target: crate::ObjectName,
    /// The key column.
    pub target_column: String,
    /// Non-NULL rows checked.
    pub checked: u64,
    /// Rows among them without partner.
    pub orphans: u64,
    /// Distinct values among them.
    pub distinct: u64,
}

/// Where the objects of a project directory are defined.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// The project's name.
    pub name: String,
    /// Place of the statement that made an object, by the object's name as findings spell it (`table`, `table(column)`,
    /// index name).
    pub origins: BTreeMap<String, Origin>,
    /// Schema and migration files, in the order in which they were applied.
    pub files: Vec<String>,
}

/// What collecting asked of the server.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Effort {
    /// Queries sent.
    pub queries: u64,
    /// Time the server spent on them as seen from here, ms.
    pub elapsed_ms: f64,
    /// Connections opened.
    pub connections: u64,
    /// Statements of the workload that were planned (never executed), apart from `queries`.
    pub explains: u64,
}
