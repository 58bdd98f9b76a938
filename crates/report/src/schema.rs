//! What is said of schemas: dependencies, normal forms, differences. The values here are those of `--format json`; people get
//! [`terminal`]. It shows what was found and decides nothing.

pub mod terminal;

use serde::Serialize;

/// Dependencies of the tables of a target.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Dependencies {
    /// The target.
    pub target: String,
    /// How two NULLs compared: `equal` or `distinct`.
    pub nulls: String,
    /// Most columns on a left side; none means no limit.
    pub max_lhs: Option<usize>,
    /// By table.
    pub tables: Vec<TableDependencies>,
    /// Columns whose values occur in another column.
    pub inclusions: Vec<Inclusion>,
    /// What cut the search of inclusions short.
    pub limits: Vec<String>,
}

/// Dependencies of one table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TableDependencies {
    /// Its name.
    pub table: String,
    /// Rows searched.
    pub rows: u64,
    /// Whether all rows were searched and all dependencies asked for were found.
    pub complete: bool,
    /// Why not; empty when so.
    pub gap: String,
    /// Columns searched.
    pub columns: Vec<String>,
    /// Columns left out: their values are compared with nothing.
    pub left_out: Vec<String>,
    /// Smallest sets of columns that no two rows share.
    pub keys: Vec<Vec<String>>,
    /// The likeliest meant first.
    pub dependencies: Vec<Dependency>,
    /// The fewest contradictions first.
    pub near_misses: Vec<NearMiss>,
}

/// A functional dependency.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Dependency {
    /// The determining columns.
    pub left: Vec<String>,
    /// The determined column.
    pub right: String,
    /// `meant`, `possible`, `accidental`, `follows-from-key` or `constant`.
    pub likelihood: String,
    /// Expected number of such coincidences, at most 1.
    pub accidental_probability: f64,
    /// Share of rows that could have contradicted.
    pub coverage: f64,
    /// Groups of rows that agree on the left side.
    pub groups: u64,
    /// Rows that only repeat what another says.
    pub repeating_rows: u64,
    /// Bytes of the values that they repeat, as text.
    pub repeated_bytes: u64,
}

/// A dependency that few rows contradict.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NearMiss {
    /// The determining columns.
    pub left: Vec<String>,
    /// The determined column.
    pub right: String,
    /// The fewest rows to remove for it to hold.
    pub violating_rows: u64,
    /// The same as share of all rows.
    pub error: f64,
    /// Pairs of rows that contradict each other: the usual one, and the other.
    pub contradictions: Vec<[ShownRow; 2]>,
}

/// A row that shows something.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ShownRow {
    /// Its number in the order read, from 1.
    pub row: u64,
    /// Values of the left side, then of the right side.
    pub values: Vec<Option<String>>,
}

/// Values of a column that occur in another.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Inclusion {
    /// `table.column`.
    pub from: String,
    /// `table.column`.
    pub to: String,
    /// Rows that refer.
    pub rows: u64,
    /// Rows whose value is not there.
    pub orphans: u64,
    /// Some of the missing values.
    pub samples: Vec<String>,
    /// Whether the schema declares it.
    pub declared: bool,
    /// Whether the names say that one refers to the other.
    pub named: bool,
}

/// Normal forms of the tables of a target.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NormalForms {
    /// The target.
    pub target: String,
    /// By table.
    pub tables: Vec<TableForms>,
    /// Tables whose rows were not searched, and why.
    pub unsearched: Vec<(String, String)>,
}

/// The design of one table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TableForms {
    /// Its name.
    pub table: String,
    /// Rows searched.
    pub rows: u64,
    /// Whether all rows and columns were searched.
    pub complete: bool,
    /// Why not.
    pub gap: String,
    /// Candidate keys.
    pub keys: Vec<Vec<String>>,
    /// `1NF` to `4NF`; none where rows stand there twice.
    pub highest: Option<String>,
    /// Rows that stand there twice.
    pub duplicate_rows: u64,
    /// What breaks the next forms.
    pub breaches: Vec<Breach>,
    /// Dependencies that only a person can judge.
    pub questions: Vec<Dependency>,
    /// Independent facts in one table: left side, right side, groups that show it.
    pub multivalued: Vec<(Vec<String>, Vec<String>, u64)>,
    /// Third normal form by synthesis.
    pub third: Option<Decomposition>,
    /// Boyce-Codd normal form by splitting.
    pub boyce_codd: Option<Decomposition>,
}

/// Tables that together hold what one held.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Decomposition {
    /// Columns and key of each.
    pub tables: Vec<(Vec<String>, Vec<String>)>,
    /// Joining them gives back the table, by the chase.
    pub lossless: bool,
    /// Dependencies that can only be checked across tables: left and right side.
    pub lost: Vec<(Vec<String>, String)>,
}

/// What breaks a normal form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Breach {
    /// The lowest form broken.
    pub breaks: String,
    /// What the columns depend on.
    pub left: Vec<String>,
    /// The columns.
    pub right: Vec<String>,
    /// Rows that only repeat.
    pub repeating_rows: u64,
    /// Bytes that they repeat.
    pub repeated_bytes: u64,
    /// Two rows that show it.
    pub witnesses: Vec<ShownRow>,
    /// What goes wrong because of it.
    pub anomalies: Vec<String>,
    /// The split is lossless, by the chase.
    pub lossless: bool,
    /// Each dependency can be checked within one table, by the chase.
    pub preserving: bool,
    /// Statements that split the table; none where something stands in the way.
    pub apply: Vec<String>,
    /// Statements that undo it.
    pub revert: Vec<String>,
    /// What stands in the way.
    pub obstacle: String,
    /// What happened on a clone.
    pub trial: Option<Trial>,
}

/// A split tried on a clone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Trial {
    /// What was refused, where something was.
    pub refused: Option<String>,
    /// Whether the view gives the rows of the table: `equal`, or what differs.
    pub round_trip: String,
    /// Bytes of the database before.
    pub bytes_before: Option<f64>,
    /// Bytes more or fewer.
    pub growth_bytes: Option<f64>,
    /// Whether undoing gave the schema back; none where it was not tried, else empty or what went wrong.
    pub undone: Option<String>,
    /// Statements of the workload on both.
    pub statements: Vec<TriedStatement>,
}

/// A statement on both designs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TriedStatement {
    /// Its name.
    pub label: String,
    /// `faster`, `slower`, `same`, or why it failed.
    pub effect: String,
    /// Time after over time before: low, middle and high end of the 95 % interval.
    pub ratio: Option<[f64; 3]>,
    /// `equal`, or what differs.
    pub answers: String,
}

/// Differences of two schemas.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Differences {
    /// What is taken as before.
    pub before: String,
    /// What is taken as after.
    pub after: String,
    /// What could not be compared, in words.
    pub not_compared: String,
    /// By object and part.
    pub differences: Vec<Changed>,
}

/// A difference: of the object as a whole where `part` is empty.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Changed {
    /// The object.
    pub object: String,
    /// Its part.
    pub part: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// Any of these as JSON.
#[must_use]
pub fn json<T: Serialize>(value: &T) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{text}\n")
}

/// Differences for a comment in Markdown.
#[must_use]
pub fn differences_markdown(found: &Differences) -> String {
    use crate::sanitise::markdown;
    let mut out = format!("**Schema differences** from {} to {}\n\n", markdown(&found.before), markdown(&found.after));
    if found.differences.is_empty() {
        out.push_str("None.\n");
        return out;
    }
    out.push_str("| object | part | before | after |\n|---|---|---|---|\n");
    let cell = |text: &Option<String>| text.as_deref().map_or_else(|| "–".to_owned(), |text| markdown(text).replace('|', "\\|"));
    for one in &found.differences {
        let row = [markdown(&one.object).replace('|', "\\|"), markdown(&one.part).replace('|', "\\|"), cell(&one.before), cell(&one.after)];
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    if !found.not_compared.is_empty() {
        out.push_str(&format!("\nNot compared: {}.\n", markdown(&found.not_compared)));
    }
    out
}
