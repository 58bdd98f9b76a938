//! The normal form of tables under the dependencies that their rows show and their keys declare, and what breaks it. It never
//! takes a dependency for meant that chance would explain: such ones are questions.

mod judge;

use dbwright_discovery::theory::NormalForm;
use dbwright_model::catalog::Collection;
use dbwright_model::facts::{DependencySearch, MinedDependency};
use dbwright_model::{Facts, ObjectName};

/// A table's design under its dependencies.
#[derive(Debug, Clone)]
pub struct TableDesign<'a> {
    /// The table.
    pub table: &'a Collection,
    /// What was searched.
    pub search: &'a DependencySearch,
    /// Candidate keys: the declared ones and what follows from the dependencies.
    pub keys: Vec<Vec<String>>,
    /// The highest normal form that holds; none when rows stand there twice, so that it is no relation.
    pub highest: Option<NormalForm>,
    /// What breaks the next ones, the lowest form first.
    pub breaches: Vec<Breach<'a>>,
    /// Dependencies that may be meant but can't be told from chance or computation: for a person to answer.
    pub questions: Vec<&'a MinedDependency>,
    /// Tables in third normal form by synthesis, where something breaks it.
    pub third: Option<Tables>,
    /// Tables in Boyce-Codd normal form by splitting, where something breaks it.
    pub boyce_codd: Option<Tables>,
}

/// Tables that together hold what one held, with what the chase proved of them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Tables {
    /// Columns and key of each.
    pub tables: Vec<(Vec<String>, Vec<String>)>,
    /// Joining them gives back the table.
    pub lossless: bool,
    /// Dependencies that can only be checked across tables: left and right side.
    pub lost: Vec<(Vec<String>, String)>,
}

/// Columns that depend on something that is no key.
#[derive(Debug, Clone)]
pub struct Breach<'a> {
    /// The lowest normal form that this breaks.
    pub breaks: NormalForm,
    /// What they depend on, in the table's order.
    pub left: Vec<String>,
    /// The columns, in the table's order.
    pub right: Vec<String>,
    /// The dependencies seen in the rows.
    pub seen: Vec<&'a MinedDependency>,
    /// A table that already holds the columns under that key: what they are copies of.
    pub copies_of: Option<ObjectName>,
    /// Whether splitting the table there loses no row and keeps every dependency checkable in one table, by the chase.
    pub split: Split,
}

/// What the chase says of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Split {
    /// The join of the parts gives back the table.
    pub lossless: bool,
    /// Each dependency can be checked within one of the parts.
    pub preserving: bool,
}

impl Breach<'_> {
    /// What goes wrong because of it, in words: changing, adding, removing.
    #[must_use]
    pub fn anomalies(&self) -> Vec<String> {
        let (left, right) = (self.left.join(", "), self.right.join(", "));
        if let Some(target) = &self.copies_of {
            return vec![format!("{target} holds {right} under that key: a change there leaves these copies behind")];
        }
        vec![
            format!("a change of {right} for one {left} has to be made in each of its rows, or they contradict each other"),
            format!("{right} of a {left} that has no row yet can't be stored, and is forgotten with its last row"),
        ]
    }

    /// Rows that only repeat what another row says, of the dependency that repeats most.
    #[must_use]
    pub fn repeating_rows(&self) -> u64 {
        self.seen.iter().map(|one| one.repeating_rows).max().unwrap_or(0)
    }

    /// Bytes of the repeated values, as text.
    #[must_use]
    pub fn repeated_bytes(&self) -> u64 {
        self.seen.iter().map(|one| one.repeated_bytes).sum()
    }

    /// Different values of the left side that occur more than once.
    #[must_use]
    pub fn groups(&self) -> u64 {
        self.seen.iter().map(|one| one.groups).max().unwrap_or(0)
    }

    /// Rows whose left side holds a NULL.
    #[must_use]
    pub fn left_nulls(&self) -> u64 {
        self.seen.iter().map(|one| one.left_nulls).max().unwrap_or(0)
    }
}

/// The designs of all tables whose rows were searched, in order of names.
#[must_use]
pub fn designs(facts: &Facts) -> Vec<TableDesign<'_>> {
    let mut all: Vec<TableDesign<'_>> = facts
        .data
        .dependencies
        .iter()
        .filter_map(|search| Some(judge::design(&facts.catalog, facts.catalog.find(&search.table)?, search)))
        .collect();
    all.sort_by(|a, b| a.table.name.cmp(&b.table.name));
    all
}
