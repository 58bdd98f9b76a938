//! The parts of a statement's shape. They never hold a catalog's knowledge, only what the text says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A table as the statement writes it: in PostgreSQL with unquoted letters made small, elsewhere as typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// The schema (in MySQL the database), where the text names one.
    pub schema: Option<String>,
    /// The table or view.
    pub name: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(formatter, "{schema}.{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// A column, and the table that it belongs to where that can be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ColumnRef {
    /// The table, aliases resolved, also through derived tables and common table expressions that pass the column on.
    /// `None` for a column of an expression, and where the text alone does not tell.
    pub table: Option<TableName>,
    /// The column.
    pub column: String,
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            Some(table) => write!(formatter, "{table}.{}", self.column),
            None => formatter.write_str(&self.column),
        }
    }
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatementKind {
    /// `SELECT`, `VALUES`, `TABLE`.
    Select,
    /// `INSERT`, `REPLACE`.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
    /// `MERGE`.
    Merge,
    /// Definitions and privileges: `CREATE`, `ALTER`, `DROP`, `TRUNCATE`, `GRANT`, `COMMENT`.
    Ddl,
    /// `BEGIN`, `COMMIT`, `ROLLBACK`, `SAVEPOINT` and their like.
    Transaction,
    /// Settings, maintenance, plans and the session: `SET`, `SHOW`, `VACUUM`, `EXPLAIN`, `PRAGMA`, `USE`.
    Utility,
    /// Anything else.
    Other,
}

/// A table that a statement touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableUse {
    /// The table.
    pub table: TableName,
    /// Its rows are read.
    pub read: bool,
    /// Its rows are written, or it is defined or changed.
    pub written: bool,
}

/// A column that a statement touches, and in which roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnUse {
    /// The column.
    pub column: ColumnRef,
    /// The roles.
    #[serde(flatten)]
    pub uses: Uses,
}

/// The roles of a column in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Uses {
    /// In a select list, or in a value that is written.
    pub selected: bool,
    /// In `WHERE` or `HAVING`.
    pub filtered: bool,
    /// In a join's condition, or compared with a column of another table.
    pub joined: bool,
    /// In `GROUP BY` or `DISTINCT ON`.
    pub grouped: bool,
    /// In `ORDER BY`.
    pub sorted: bool,
    /// Assigned by `INSERT`, `UPDATE` or `MERGE`.
    pub written: bool,
}

/// The clause in which a predicate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clause {
    /// `WHERE`.
    Where,
    /// `ON` or `USING` of a join, `ON` of a `MERGE`.
    On,
    /// `HAVING`.
    Having,
}

/// A condition on one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predicate {
    /// The column.
    pub column: ColumnRef,
    /// The condition.
    pub kind: PredicateKind,
    /// `NOT` stands before it: `NOT LIKE`, `NOT IN`, `IS NOT NULL`, `NOT (…)`.
    pub negated: bool,
    /// It is one of several alternatives, so that it alone excludes no row.
    pub alternative: bool,
    /// Where it stands.
    pub clause: Clause,
    /// What the column is compared with.
    pub operand: Operand,
}

/// The kinds of conditions, by what an index can do with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PredicateKind {
    /// `=`, `<=>`, `IS NOT DISTINCT FROM`, a boolean column by itself, `LIKE` without a wildcard.
    Equality,
    /// `<`, `<=`, `>`, `>=`, `BETWEEN`; with the operator.
    Range(String),
    /// `LIKE 'x%'`.
    Prefix,
    /// `LIKE '%x'`, `LIKE '_x'`, also `ILIKE`.
    LeadingWildcard,
    /// A pattern whose beginning is not known or not plain: `LIKE $1`, `ILIKE 'x%'`, regular expressions.
    Pattern,
    /// `IN (…)` or `= ANY (…)` with so many elements; `None` where the text does not tell.
    In(Option<usize>),
    /// `IN (SELECT …)`.
    InSubquery,
    /// `IS NULL`.
    NullTest,
    /// `<>`, `IS DISTINCT FROM`.
    NotEqual,
    /// Compared with a column of another table: that column, and whether by `=`.
    Join(ColumnRef, bool),
    /// The column is inside a function, cast or arithmetic, so that no plain index on it helps: the expression's text.
    Expression(String),
    /// Another operator; its text.
    Other(String),
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operand {
    /// A literal, as text (strings with their quotes); of `IN` and `BETWEEN` all, parted by commas.
    Literal(String),
    /// A placeholder.
    Parameter,
    /// `NULL`.
    Null,
    /// A query.
    Subquery,
    /// An expression, as text.
    Expression(String),
    /// Nothing: the condition has one side only.
    None,
}

/// The role that a block plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The statement itself.
    Main,
    /// A common table expression of that name.
    CommonTable(String),
    /// A query in `FROM`.
    Derived,
    /// One side of `UNION`, `INTERSECT` or `EXCEPT`.
    SetOperand,
    /// The rows of an `INSERT`, `CREATE TABLE … AS` or view.
    Source,
    /// `EXISTS (…)`.
    Exists {
        /// `NOT EXISTS`.
        negated: bool,
    },
    /// `x IN (…)`, `x = ANY (…)`.
    In {
        /// `NOT IN`, `<> ALL`.
        negated: bool,
        /// `x`, where it is a column.
        column: Option<ColumnRef>,
        /// The column that the query gives, where it is one.
        selected: Option<ColumnRef>,
    },
    /// A query that stands for a value.
    Scalar,
}

/// What stands in `FROM`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceUse {
    /// The name by which the block calls it.
    pub alias: String,
    /// The table, if it is one.
    pub table: Option<TableName>,
}

/// The kinds of joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JoinKind {
    /// `JOIN`, `INNER JOIN`, `STRAIGHT_JOIN`.
    Inner,
    /// `LEFT JOIN`.
    Left,
    /// `RIGHT JOIN`.
    Right,
    /// `FULL JOIN`.
    Full,
    /// `CROSS JOIN`.
    Cross,
    /// A comma in `FROM`.
    Comma,
    /// Semi, anti, as-of and apply joins.
    Other,
}

/// A join of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Its kind.
    pub kind: JoinKind,
    /// The alias of what is joined.
    pub right: String,
    /// Whether it has `ON`, `USING` or `NATURAL`.
    pub has_condition: bool,
}

/// An element of `GROUP BY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupItem {
    /// The column, if it is one, also through an alias or position of the select list.
    pub column: Option<ColumnRef>,
    /// Its text.
    pub text: String,
}

/// An element of `ORDER BY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// The column, if it is one, also through an alias or position of the select list.
    pub column: Option<ColumnRef>,
    /// Its text, without direction.
    pub text: String,
    /// The column of the answer that it is, from 1, where that is certain (no star before it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<usize>,
    /// `DESC`.
    pub descending: bool,
    /// `NULLS FIRST` or `NULLS LAST`, where it says.
    pub nulls_first: Option<bool>,
}

/// What a select list holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SelectList {
    /// `*` or `t.*` stands in it.
    pub star: bool,
    /// Its number of items, a star being one.
    pub items: usize,
    /// `DISTINCT`.
    pub distinct: bool,
    /// `DISTINCT ON (…)`.
    pub distinct_on: bool,
    /// The aggregates called in it and in `HAVING` and `ORDER BY`, sorted.
    pub aggregates: Vec<String>,
    /// A window function is called.
    pub window: bool,
}

/// `UNION`, `INTERSECT` or `EXCEPT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetKind {
    /// `UNION`.
    Union,
    /// `INTERSECT`.
    Intersect,
    /// `EXCEPT`, `MINUS`.
    Except,
}

/// A set operation of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetOperation {
    /// Its kind.
    pub kind: SetKind,
    /// `ALL`: duplicates stay.
    pub all: bool,
}

/// One `SELECT`, set operation, `VALUES`, or the body of an `UPDATE`, `DELETE` or `MERGE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Its role.
    pub role: Role,
    /// The block that it stands in, as an index of [`Shape::blocks`](super::Shape::blocks).
    pub parent: Option<usize>,
    /// It refers to a column of a block around it, so that it may run once for each of that block's rows.
    pub correlated: bool,
    /// What it reads from, in order.
    pub sources: Vec<SourceUse>,
    /// How those are joined; the first source is not in it.
    pub joins: Vec<Join>,
    /// Its conditions on columns, in order.
    pub predicates: Vec<Predicate>,
    /// `WHERE` is there.
    pub has_where: bool,
    /// `GROUP BY`.
    pub group_by: Vec<GroupItem>,
    /// `ORDER BY`.
    pub order_by: Vec<OrderItem>,
    /// `ORDER BY random()`.
    pub order_by_random: bool,
    /// The select list.
    pub select: SelectList,
    /// `LIMIT`, `TOP` or `FETCH FIRST`, as text.
    pub limit: Option<String>,
    /// `OFFSET`, as text.
    pub offset: Option<String>,
    /// `FOR UPDATE` or `FOR SHARE`.
    pub locks_rows: bool,
    /// The set operations whose operands the blocks with this parent are.
    pub set_operations: Vec<SetOperation>,
    /// Conditions `a = … OR b = …` of which no column is in every alternative: their columns.
    pub or_across_columns: Vec<Vec<ColumnRef>>,
    /// Comparisons with `NULL` that are never true, as text.
    pub null_comparisons: Vec<String>,
    /// Aliases of sources that no condition ties to the first one. Empty where the text does not tell.
    pub cartesian: Vec<String>,
    /// Columns of an outer join's optional side on which `WHERE` demands a value, so that the join is an inner one.
    pub nullified: Vec<ColumnRef>,
    /// Columns selected beside aggregates or `GROUP BY` that are neither grouped nor aggregated.
    pub ungrouped: Vec<ColumnRef>,
}

impl Block {
    pub(super) fn new(role: Role, parent: Option<usize>) -> Self {
        Self {
            role,
            parent,
            correlated: false,
            sources: Vec::new(),
            joins: Vec::new(),
            predicates: Vec::new(),
            has_where: false,
            group_by: Vec::new(),
            order_by: Vec::new(),
            order_by_random: false,
            select: SelectList::default(),
            limit: None,
            offset: None,
            locks_rows: false,
            set_operations: Vec::new(),
            or_across_columns: Vec::new(),
            null_comparisons: Vec::new(),
            cartesian: Vec::new(),
            nullified: Vec::new(),
            ungrouped: Vec::new(),
        }
    }

    /// Whether it gives one row at most: aggregates without `GROUP BY`, or `LIMIT 1`.
    #[must_use]
    pub fn is_single_row(&self) -> bool {
        let aggregated = !self.select.aggregates.is_empty() && self.group_by.is_empty();
        aggregated || self.limit.as_deref() == Some("1") || (self.sources.is_empty() && self.set_operations.is_empty())
    }
}

/// What an `INSERT` or `REPLACE` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InsertShape {
    /// The target's columns are listed.
    pub has_column_list: bool,
    /// The rows of its `VALUES`; `None` for the rows of a query.
    pub rows: Option<usize>,
    /// `ON CONFLICT`, `ON DUPLICATE KEY`, `OR REPLACE`, `IGNORE` or `REPLACE`.
    pub handles_conflict: bool,
}
