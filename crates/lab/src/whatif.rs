//! The port through which index selection asks an optimizer: what would this statement cost if these indexes, and no
//! others, were there? A ghost answers it, and so can a server with hypothetical indexes. It never executes a statement.

use std::collections::BTreeSet;

use dbwright_model::catalog::Index;
use dbwright_model::plan::Plan;
use dbwright_model::{Engine, ObjectName};

use crate::error::LabError;
use crate::scratch::StatementError;

/// An index that the optimizer knows of: one that exists on the source, or a candidate. Unique within one [`WhatIf`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexId(pub u32);

/// An index that is not there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Candidate {
    /// Its table; of a partitioned one, the parent.
    pub table: ObjectName,
    /// What it would be: `method` (empty: the engine's default), `parts`, `included`, `unique`, `predicate` count; the name
    /// is chosen by the port.
    pub index: Index,
    /// Its size in pages, where the caller knows better than the port's estimate. Of a partitioned table: of all partitions.
    pub pages: Option<u64>,
}

/// An index with its size.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownIndex {
    /// How questions name it.
    pub id: IndexId,
    /// Its table.
    pub table: ObjectName,
    /// What it is.
    pub index: Index,
    /// Its size, bytes; of a candidate, estimated.
    pub bytes: f64,
    /// Pages, as the planner counts them.
    pub pages: u64,
    /// Levels above the leaves, where the access method has any.
    pub levels: Option<u32>,
    /// Rows in it.
    pub rows: f64,
    /// Whether it stays visible whatever a question says: constraints stand on it.
    pub fixed: bool,
}

/// A question to the optimizer.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// One statement. Open parameters are planned generically.
    pub statement: &'a str,
    /// The indexes that are there, existing ones and candidates. Those that constraints stand on are always.
    pub indexes: &'a BTreeSet<IndexId>,
    /// Settings for this question alone, such as `enable_nestloop` and `off`. Names are checked, values are not.
    pub settings: &'a [(&'a str, &'a str)],
    /// Whether the plan is wanted as a tree; costs a little more.
    pub tree: bool,
}

impl<'a> Question<'a> {
    /// A question without settings and without tree.
    #[must_use]
    pub const fn new(statement: &'a str, indexes: &'a BTreeSet<IndexId>) -> Self {
        Self { statement, indexes, settings: &[], tree: false }
    }
}

/// What the optimizer says.
#[derive(Debug, Clone, PartialEq)]
pub struct Costed {
    /// Total cost in the engine's units.
    pub cost: f64,
    /// The indexes that the plan uses.
    pub used: BTreeSet<IndexId>,
    /// The plan, where it was asked for.
    pub plan: Option<Plan>,
}

/// An optimizer that can be asked about indexes that are not there.
pub trait WhatIf: Send {
    /// Its system.
    fn engine(&self) -> Engine;

    /// The indexes that the source has and its planner may use, in a stable order.
    fn existing(&self) -> Vec<KnownIndex>;

    /// Makes candidates known, none of them visible yet: for each its size, or why the engine refuses it.
    ///
    /// # Errors
    /// When the server is lost.
    fn create(&mut self, candidates: &[Candidate]) -> Result<Vec<Result<KnownIndex, StatementError>>, LabError>;

    /// Plans a statement under a set of indexes.
    ///
    /// # Errors
    /// As the engine reports it; `lost` when nothing more can be asked.
    fn ask(&mut self, question: &Question<'_>) -> Result<Costed, StatementError>;

    /// How many statements were planned so far.
    fn calls(&self) -> u64;
}
