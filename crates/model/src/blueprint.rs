//! What a planner knows of a database, and nobody's rows: enough to build a copy that plans like it. It never holds
//! credentials, and of the data only what planner statistics hold: frequent values and bounds of histograms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::Extension;
use crate::engine::Engine;
use crate::name::ObjectName;
use crate::time::Timestamp;

/// All that a ghost is built from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blueprint {
    /// The system.
    pub engine: Engine,
    /// Server version as it names itself.
    pub version: String,
    /// Name of the database.
    pub name: String,
    /// When it was read.
    pub taken_at: Timestamp,
    /// Encoding, collation and their provider, by the engine's names for them.
    #[serde(default)]
    pub locale: BTreeMap<String, String>,
    /// Settings that its planner reads, in the engine's base units.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Installed extensions.
    #[serde(default)]
    pub extensions: Vec<Extension>,
    /// Types that extensions brought and columns use: name, extension.
    #[serde(default)]
    pub extension_types: Vec<(ObjectName, String)>,
    /// Statements that make the objects; one that refers to a later one is tried again after it.
    #[serde(default)]
    pub objects: Vec<Made>,
    /// Sizes of tables and indexes.
    #[serde(default)]
    pub relations: Vec<RelationSize>,
    /// Statistics of columns.
    #[serde(default)]
    pub columns: Vec<ColumnKnowledge>,
    /// Statistics over several columns.
    #[serde(default)]
    pub extended: Vec<ExtendedKnowledge>,
    /// Rows of the engine's own statistics tables, where those can be written as they are (SQLite, MariaDB, MySQL).
    #[serde(default)]
    pub rows: Vec<StatisticsRow>,
    /// What could not be read, and what that means for plans.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// Whether values were replaced.
    #[serde(default)]
    pub anonymized: bool,
}

impl Blueprint {
    /// Of a database of which nothing has been read yet.
    #[must_use]
    pub fn empty(engine: Engine, version: &str, name: &str, taken_at: Timestamp) -> Self {
        Self {
            engine,
            version: version.to_owned(),
            name: name.to_owned(),
            taken_at,
            locale: BTreeMap::new(),
            settings: BTreeMap::new(),
            extensions: Vec::new(),
            extension_types: Vec::new(),
            objects: Vec::new(),
            relations: Vec::new(),
            columns: Vec::new(),
            extended: Vec::new(),
            rows: Vec::new(),
            gaps: Vec::new(),
            anonymized: false,
        }
    }

    /// Major version number, e.g. 15 for 15.18; 0 when it can't be told.
    #[must_use]
    pub fn major_version(&self) -> u32 {
        let digits: String = self.version.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    }
}

/// An object with the statement that makes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Made {
    /// `schema`, `type`, `function`, `table`, `constraint`, `index`, `statistics`, `view`, …
    pub kind: String,
    /// Its name, for messages.
    pub name: String,
    /// The statement.
    pub statement: String,
}

/// Something that could not be read or made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gap {
    /// What.
    pub what: String,
    /// Why, and what it means.
    pub why: String,
}

/// A table or index with its size as the planner sees it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RelationSize {
    /// Its name.
    pub name: ObjectName,
    /// Whether it is an index.
    pub index: bool,
    /// Rows that the catalog remembers; negative when never counted.
    pub rows: f64,
    /// Pages that the catalog remembers.
    pub pages: u64,
    /// Pages that every transaction can see, as remembered.
    pub visible_pages: u64,
    /// Pages of the file now.
    pub blocks: u64,
    /// Levels above the leaves, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<u32>,
}

/// What a planner knows of a column or of an index's expression, in PostgreSQL's terms (pg_stats). Values are the user's data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ColumnKnowledge {
    /// The table, or the index for an expression.
    pub relation: ObjectName,
    /// The column.
    pub name: String,
    /// Its type as the engine prints it.
    pub type_name: String,
    /// Its number within the relation on the source.
    pub number: i64,
    /// Whether the statistics are over the table with its heirs or partitions.
    pub inherited: bool,
    /// Share of NULLs.
    pub null_share: f64,
    /// Mean width, bytes.
    pub width: i64,
    /// Number of distinct values; negative: as a share of the rows.
    pub distinct: f64,
    /// Most common values, as an array's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common: Option<String>,
    /// Their shares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<f64>,
    /// Histogram bounds, as an array's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub histogram: Option<String>,
    /// Correlation with the physical order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
    /// Most common elements, as an array's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elements: Option<String>,
    /// Their shares, with the extra values that PostgreSQL keeps behind them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub element_shares: Vec<f64>,
    /// Histogram of the number of distinct elements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub element_counts: Vec<f64>,
    /// Histogram of the lengths of ranges, as an array's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_lengths: Option<String>,
    /// Share of empty ranges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_empty: Option<f64>,
    /// Histogram of the bounds of ranges, as an array's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_bounds: Option<String>,
}

/// What a planner knows of several columns together (pg_stats_ext). Values are the user's data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExtendedKnowledge {
    /// Name of the statistics object.
    pub name: ObjectName,
    /// Columns in order of their numbers.
    pub columns: Vec<String>,
    /// Whether over the table with its heirs or partitions.
    pub inherited: bool,
    /// Numbers of distinct combinations, as the server prints them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<String>,
    /// Degrees of functional dependencies, as the server prints them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<String>,
    /// Most common combinations: each value as text, none for NULL.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub common: Vec<Vec<Option<String>>>,
    /// Their shares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<f64>,
    /// Their shares were the columns independent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub base_shares: Vec<f64>,
}

/// A row of one of the engine's own statistics tables.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StatisticsRow {
    /// The statistics table.
    pub table: String,
    /// Values by column; none is NULL. Bytes are written as `x'…'`.
    pub values: BTreeMap<String, Option<String>>,
}
