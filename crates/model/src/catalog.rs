//! What a database holds: collections with their fields, keys, references, indexes, sizes and use.
//! It never says whether any of that is good: rules do.

mod objects;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::name::ObjectName;
use crate::quantity::Quantity;
use crate::time::Timestamp;

pub use objects::{Extension, Grant, Routine, Schema, Sequence, UserType};

/// The catalog of one database.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalog {
    /// Sets of records: tables, views, document collections, key patterns, labels, series; sorted by name.
    pub collections: Vec<Collection>,
    /// Sequences and other number generators.
    pub sequences: Vec<Sequence>,
    /// Functions and procedures.
    pub routines: Vec<Routine>,
    /// Installed extensions, modules, plugins.
    pub extensions: Vec<Extension>,
    /// Enumerated, composite, range and domain types made by users.
    pub types: Vec<UserType>,
    /// Schemas (PostgreSQL), databases (MySQL), attached files (SQLite).
    pub schemas: Vec<Schema>,
    /// Size of the whole database, bytes.
    pub database_bytes: Option<Quantity>,
    /// Character set or encoding of the database.
    pub encoding: Option<String>,
    /// Default collation of the database.
    pub collation: Option<String>,
    /// Privileges granted on the database itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
}

impl Catalog {
    /// The collections that hold rows of their own under a schema: ordinary, partitioned, STRICT, WITHOUT ROWID tables.
    pub fn tables(&self) -> impl Iterator<Item = &Collection> {
        self.collections.iter().filter(|collection| collection.kind.is_table())
    }

    /// The collection of this name, in any schema when the name has none.
    #[must_use]
    pub fn find(&self, name: &ObjectName) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.name == *name).or_else(|| {
            let mut same = self.collections.iter().filter(|c| name.schema.is_none() && c.name.name == name.name);
            same.next().filter(|_| same.next().is_none())
        })
    }
}

/// What kind of set of records a collection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum CollectionKind {
    /// An ordinary table.
    #[default]
    Table,
    /// A partitioned parent without rows of its own.
    PartitionedTable,
    /// A partition of a partitioned table.
    Partition,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A table that another server holds.
    ForeignTable,
    /// A virtual table (SQLite) and its like.
    VirtualTable,
    /// A table that an extension or a virtual table keeps for itself.
    ShadowTable,
    /// Documents (MongoDB and its like).
    Documents,
    /// Keys that share a pattern (Redis, Valkey).
    KeyPattern,
    /// A wide-column family.
    WideColumns,
    /// Nodes of one label of a graph.
    NodeLabel,
    /// Relationships of one type of a graph.
    EdgeType,
    /// Vectors with payload.
    Vectors,
    /// A measurement or metric of a time-series store.
    Series,
    /// An append-only stream or log.
    Stream,
}

impl CollectionKind {
    /// Whether this is a relational table whose design is the user's.
    #[must_use]
    pub const fn is_table(self) -> bool {
        matches!(self, Self::Table | Self::PartitionedTable)
    }

    /// The words for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::PartitionedTable => "partitioned table",
            Self::Partition => "partition",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::ForeignTable => "foreign table",
            Self::VirtualTable => "virtual table",
            Self::ShadowTable => "shadow table",
            Self::Documents => "collection",
            Self::KeyPattern => "key pattern",
            Self::WideColumns => "column family",
            Self::NodeLabel => "node label",
            Self::EdgeType => "relationship type",
            Self::Vectors => "vector collection",
            Self::Series => "series",
            Self::Stream => "stream",
        }
    }
}

/// A set of records of one kind.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Collection {
    /// Its name.
    pub name: ObjectName,
    /// What it is.
    pub kind: CollectionKind,
    /// The role that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The comment stored with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Columns, document paths, hash fields, vector payload fields, in the catalog's order.
    pub fields: Vec<Field>,
    /// Primary key and unique constraints; a unique index without constraint is in `indexes` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Key>,
    /// Foreign keys that start here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// CHECK and exclusion constraints, validators.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Indexes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// Triggers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
    /// Row security of the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_security: Option<RowSecurity>,
    /// How it is partitioned, or of what it is a partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitioning: Option<Partitioning>,
    /// Parents by inheritance (not partitioning).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inherits: Vec<ObjectName>,
    /// Size and physical form.
    pub storage: Storage,
    /// Use since the statistics were last reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
    /// The defining statement: of a view its query, in SQLite the CREATE statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// What the records look like where no schema fixes it (key patterns, documents).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<RecordShape>,
    /// Privileges granted on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
}

impl Collection {
    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The primary key.
    #[must_use]
    pub fn primary_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.primary)
    }

    /// Number of rows as far as known.
    #[must_use]
    pub fn rows(&self) -> Option<f64> {
        self.storage.rows.as_ref().map(|rows| rows.value)
    }

    /// Bytes of the table with its indexes and out-of-line storage, as far as known.
    #[must_use]
    pub fn total_bytes(&self) -> Option<f64> {
        let parts = [&self.storage.table_bytes, &self.storage.index_bytes, &self.storage.large_value_bytes];
        parts.iter().any(|part| part.is_some()).then(|| parts.iter().filter_map(|part| part.as_ref()).map(|q| q.value).sum())
    }
}

/// The family that a declared type belongs to, across engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum TypeFamily {
    /// Whole numbers; `Field::type_bytes` has the width.
    Integer,
    /// Exact decimal numbers.
    Decimal,
    /// Binary floating point.
    Float,
    /// PostgreSQL `money` and its like.
    Money,
    /// Text of any length.
    Text,
    /// Text padded with blanks to its length.
    PaddedText,
    /// Truth values.
    Boolean,
    /// Calendar date.
    Date,
    /// Time of day.
    Time,
    /// Date and time without zone.
    Timestamp,
    /// Date and time that denote an instant.
    TimestampWithZone,
    /// Durations.
    Interval,
    /// UUID.
    Uuid,
    /// JSON, BSON documents.
    Json,
    /// Bytes.
    Binary,
    /// Enumerated type or set.
    Enum,
    /// Arrays and lists.
    Array,
    /// Network addresses.
    Network,
    /// Geometric and geographic types.
    Geometry,
    /// Ranges.
    Range,
    /// Text search and its like.
    TextSearch,
    /// Vectors for similarity search.
    Vector,
    /// Anything else, or no type at all.
    #[default]
    Other,
}

/// A column, or what corresponds to it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Field {
    /// Its name; a dotted path in documents.
    pub name: String,
    /// The declared type as the engine prints it; empty where none is declared.
    pub type_name: String,
    /// The type's family.
    pub family: TypeFamily,
    /// Fixed width of a value, bytes; none for variable width.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_bytes: Option<u32>,
    /// Declared maximum length in characters, of text types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Default expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Expression of a generated column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// Identity, serial or auto-increment column.
    pub identity: bool,
    /// Whether the type is unsigned.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsigned: bool,
    /// Collation other than the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// Character set of the column, where the engine has one per column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charset: Option<String>,
    /// Alignment in bytes where the engine pads (PostgreSQL).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alignment: Option<u8>,
    /// Storage and compression strategy where the engine has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// Comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What the planner's statistics, or a scan, say of its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistics: Option<FieldStatistics>,
    /// What the values look like, from reading them (a bounded sample, or all): see [`ValueProfile`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<ValueProfile>,
}

/// Distribution of a field's values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FieldStatistics {
    /// Share of NULLs, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_share: Option<f64>,
    /// Number of distinct values other than NULL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<f64>,
    /// Mean width, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_bytes: Option<f64>,
    /// Correlation of value order and physical order, -1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
    /// Most common values with their share of all rows. Values are the user's data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub common: Vec<CommonValue>,
    /// Histogram bounds of equal frequency over the rest, in order. Values are the user's data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<String>,
    /// Where the numbers come from.
    pub source: String,
}

/// A frequent value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommonValue {
    /// The value as text.
    pub value: String,
    /// Its share of all rows, 0 to 1.
    pub share: f64,
}

/// Counts of what a text or untyped field's values look like. Only counts: no values are kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ValueProfile {
    /// Rows that were read.
    pub rows_read: u64,
    /// Whether every row was read.
    pub complete: bool,
    /// NULLs among them.
    pub nulls: u64,
    /// Distinct values among them, when counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<u64>,
    /// Values stored as integers.
    pub integers: u64,
    /// Values stored as floating point.
    pub floats: u64,
    /// Values stored as text.
    pub texts: u64,
    /// Values stored as bytes.
    pub blobs: u64,
    /// Texts that read as a decimal number (no leading zeros other than `0` itself).
    pub number_like: u64,
    /// Texts that read as ISO dates or times.
    pub date_like: u64,
    /// Texts of canonical UUID form.
    pub uuid_like: u64,
    /// Texts that are `true`/`false`, `yes`/`no`, `t`/`f`, `y`/`n`, `0`/`1`.
    pub boolean_like: u64,
    /// Texts that parse as JSON objects or arrays.
    pub json_like: u64,
    /// Texts that are lists: two or more items parted by the same one of `,` `;` `|`, without blanks inside items.
    pub list_like: u64,
    /// Texts that look like mail addresses.
    pub email_like: u64,
    /// Integers 0 or 1.
    pub zero_or_one: u64,
    /// Longest value, bytes.
    pub longest_bytes: u64,
    /// Sum of the values' lengths, bytes.
    pub total_bytes: u64,
    /// Smallest and largest integer seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integer_range: Option<(i64, i64)>,
}

/// A primary key or unique constraint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Key {
    /// Constraint name, empty where the engine has none.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<String>,
    /// Whether it is the primary key.
    pub primary: bool,
    /// Name of the index that enforces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Deferrable.
    pub deferrable: bool,
    /// Whether two NULLs count as equal.
    pub nulls_equal: bool,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reference {
    /// Constraint name, empty where it has none.
    pub name: String,
    /// Columns here.
    pub columns: Vec<String>,
    /// The table referred to; it may not exist where the engine allows that.
    pub target: ObjectName,
    /// Columns there.
    pub target_columns: Vec<String>,
    /// ON DELETE action in the engine's words, e.g. `CASCADE`.
    pub on_delete: String,
    /// ON UPDATE action in the engine's words.
    pub on_update: String,
    /// Whether existing rows were checked when it was made.
    pub validated: bool,
    /// Whether the engine enforces it now.
    pub enforced: bool,
    /// Deferrable.
    pub deferrable: bool,
}

/// A CHECK, exclusion or validator constraint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Check {
    /// Constraint name, empty where it has none.
    pub name: String,
    /// The expression as the engine prints it.
    pub expression: String,
    /// Whether it is an exclusion constraint.
    pub exclusion: bool,
    /// Whether existing rows were checked.
    pub validated: bool,
    /// Whether the engine enforces it.
    pub enforced: bool,
}

/// One part of an index.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IndexPart {
    /// The column; none when the part is an expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The expression; none when the part is a column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Sorted downwards.
    pub descending: bool,
    /// NULLS FIRST where it differs from the engine's default for the direction.
    pub nulls_first: bool,
    /// Collation other than the column's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// Operator class other than the type's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_class: Option<String>,
    /// Only a prefix of this many characters is indexed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<u32>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Access method in the engine's words: `btree`, `hash`, `gin`, `gist`, `brin`, `fulltext`, …
    pub method: String,
    /// Key parts in order.
    pub parts: Vec<IndexPart>,
    /// Columns carried without being key (INCLUDE).
    pub included: Vec<String>,
    /// Unique.
    pub unique: bool,
    /// Whether two NULLs count as equal under `unique`.
    pub nulls_equal: bool,
    /// Condition of a partial index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// The constraint it enforces (primary key, unique, exclusion), if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// Made by the engine itself and not droppable by name (SQLite's automatic indexes).
    pub automatic: bool,
    /// Usable by the planner.
    pub valid: bool,
    /// Hidden from the planner by choice (MySQL invisible, MariaDB ignored).
    pub invisible: bool,
    /// Serves as replica identity or cluster key.
    pub replica_identity: bool,
    /// Of a partitioned parent: the indexes of its partitions hang on it.
    pub partitioned: bool,
    /// The index of the partitioned parent that this one belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Statement that makes it, as the engine prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Size, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Quantity>,
    /// Bytes that a rebuild would give back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bloat_bytes: Option<Quantity>,
    /// Scans since the statistics were reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scans: Option<u64>,
    /// Last scan, where the engine records it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_scan: Option<Timestamp>,
    /// Distinct values of each leading prefix of key parts, where known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefix_distinct: Vec<f64>,
    /// Height of the tree, levels above the leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<u32>,
}

impl Index {
    /// The key columns, if every part is a plain column.
    #[must_use]
    pub fn columns(&self) -> Option<Vec<&str>> {
        self.parts.iter().map(|part| part.column.as_deref()).collect()
    }

    /// The leading plain columns, up to the first expression or prefix part.
    #[must_use]
    pub fn leading_columns(&self) -> Vec<&str> {
        self.parts.iter().map_while(|part| part.column.as_deref().filter(|_| part.prefix.is_none())).collect()
    }

    /// `schema.table(column, …) index_name`, the form in which findings name an index.
    #[must_use]
    pub fn object(&self, table: &ObjectName) -> String {
        let parts: Vec<&str> = self.parts.iter().map(|part| part.column.as_deref().or(part.expression.as_deref()).unwrap_or("?")).collect();
        format!("{} {}", table.with_columns(&parts), self.name)
    }
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// When and on what it fires, e.g. `AFTER INSERT`.
    pub event: String,
    /// Function it calls, where separate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Whether it fires in ordinary sessions.
    pub enabled: bool,
    /// Whether it belongs to a constraint.
    pub internal: bool,
}

/// Row security of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RowSecurity {
    /// Switched on.
    pub enabled: bool,
    /// Applies to the owner too.
    pub forced: bool,
    /// The policies.
    pub policies: Vec<Policy>,
}

/// A row security policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The command it applies to, e.g. `SELECT`, `ALL`.
    pub command: String,
    /// Permissive (else restrictive).
    pub permissive: bool,
    /// Roles it applies to.
    pub roles: Vec<String>,
    /// USING expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// WITH CHECK expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_check: Option<String>,
}

/// How a table is partitioned, or its place in one that is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Partitioning {
    /// `range`, `list`, `hash`, … of a parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// Columns or expressions of the partition key.
    pub key: Vec<String>,
    /// The parent, of a partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<ObjectName>,
    /// The bound, of a partition, as the engine prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
    /// Whether it is the default partition.
    pub default_partition: bool,
}

/// Size and physical form of a collection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Storage {
    /// Rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<Quantity>,
    /// Bytes of the table proper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_bytes: Option<Quantity>,
    /// Bytes of its indexes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_bytes: Option<Quantity>,
    /// Bytes of values stored apart (TOAST, overflow pages counted apart).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub large_value_bytes: Option<Quantity>,
    /// Dead rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_rows: Option<Quantity>,
    /// Bytes that a rebuild would give back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bloat_bytes: Option<Quantity>,
    /// Storage engine or access method: `heap`, `InnoDB`, `MyISAM`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Fill factor, percent, where it differs from the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill_factor: Option<u8>,
    /// Not written to the log: lost in a crash.
    pub unlogged: bool,
    /// SQLite WITHOUT ROWID: rows live in the primary key.
    pub without_rowid: bool,
    /// SQLite STRICT.
    pub strict: bool,
    /// Next value of the table's auto-increment counter, and the largest that its type holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counter: Option<Counter>,
    /// Per-table options in the engine's words.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// Pages that every transaction can see, share of all (PostgreSQL visibility map).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_visible_share: Option<f64>,
    /// Age of the oldest unfrozen transaction id, transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_age: Option<u64>,
    /// Pages (the engine's page size), as the planner sees them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<u64>,
}

/// A counter that runs towards a limit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counter {
    /// The last value given out.
    pub last: f64,
    /// The largest value that fits both generator and column.
    pub limit: f64,
    /// The column that takes the values.
    pub column: String,
}

/// Use of a collection since the statistics were reset.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Activity {
    /// Scans of the whole.
    pub full_scans: u64,
    /// Rows read by them.
    pub full_scan_rows: u64,
    /// Scans by index.
    pub index_scans: u64,
    /// Rows inserted.
    pub inserts: u64,
    /// Rows updated.
    pub updates: u64,
    /// Rows updated without touching an index (HOT).
    pub hot_updates: u64,
    /// Rows deleted.
    pub deletes: u64,
    /// Rows changed since the last ANALYZE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_since_analyze: Option<u64>,
    /// Last vacuum, by hand or automatic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_vacuum: Option<Timestamp>,
    /// Last analyze, by hand or automatic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_analyze: Option<Timestamp>,
    /// Share of block reads answered from cache, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_hit_share: Option<f64>,
}

/// Records without fixed schema: what a bounded sample of them showed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordShape {
    /// Value type in the engine's words (`string`, `hash`, …) with the number of sampled records of it.
    pub types: BTreeMap<String, u64>,
    /// Physical encoding with the number of sampled records.
    pub encodings: BTreeMap<String, u64>,
    /// Records sampled.
    pub sampled: u64,
    /// Sampled records that expire by themselves.
    pub with_expiry: u64,
    /// Sizes of sampled records, bytes: median, 99th percentile, largest.
    pub bytes: Option<[f64; 3]>,
    /// Elements of sampled aggregates: median, 99th percentile, largest.
    pub elements: Option<[f64; 3]>,
    /// Bytes of sampled scalar values alone, without key and bookkeeping: median, 99th percentile, largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_bytes: Option<[f64; 3]>,
    /// Idle time of sampled records, seconds: median, 99th percentile, largest.
    pub idle_seconds: Option<[f64; 3]>,
    /// Name of the largest record seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest: Option<String>,
    /// Name of a sampled record of each value type.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub examples: BTreeMap<String, String>,
    /// Name of a sampled record that never expires, where others of the kind do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lasting: Option<String>,
    /// How often sampled records are used, as the engine counts it (Redis: a logarithmic counter from 0 to 255): median,
    /// 99th percentile, largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<[f64; 3]>,
    /// Name of the record with the largest frequency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hottest: Option<String>,
}
