//! Execution plans of all engines in one tree. It never interprets: misestimates and hot nodes are found by analysis.

use serde::{Deserialize, Serialize};

use crate::name::ObjectName;

/// A plan, as planned or as executed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The topmost node.
    pub root: PlanNode,
    /// Whether the statement was executed, so that actual rows and times are there.
    pub executed: bool,
    /// Planning time, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planning_ms: Option<f64>,
    /// Execution time, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_ms: Option<f64>,
}

impl Plan {
    /// All nodes, parents before children.
    #[must_use]
    pub fn nodes(&self) -> Vec<&PlanNode> {
        let mut nodes = Vec::new();
        let mut waiting = vec![&self.root];
        while let Some(node) = waiting.pop() {
            nodes.push(node);
            waiting.extend(node.children.iter().rev());
        }
        nodes
    }
}

/// What a node does, across engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Reads a whole table.
    FullScan,
    /// Reads a whole index in order.
    FullIndexScan,
    /// Finds rows by an index and fetches them.
    IndexScan,
    /// Answers from an index alone.
    IndexOnlyScan,
    /// Collects row addresses from indexes, then fetches.
    BitmapScan,
    /// Builds a temporary index for this execution.
    AutomaticIndex,
    /// Sorts.
    Sort,
    /// Groups or aggregates.
    Aggregate,
    /// Removes duplicates.
    Distinct,
    /// Joins by looping.
    NestedLoop,
    /// Joins by hashing.
    HashJoin,
    /// Joins by merging.
    MergeJoin,
    /// Stops early.
    Limit,
    /// Keeps a result for re-use.
    Materialize,
    /// Union, append, set operations.
    Append,
    /// Subquery evaluated per row.
    CorrelatedSubquery,
    /// Subquery evaluated once.
    Subquery,
    /// Gathers rows of parallel workers.
    Gather,
    /// Writes rows.
    Modify,
    /// Anything else; `label` has the engine's word.
    #[default]
    Other,
}

/// A node of a plan.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanNode {
    /// What it does.
    pub operation: Operation,
    /// The engine's own words for it.
    pub label: String,
    /// The collection that it reads or writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<ObjectName>,
    /// The index used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Condition answered by the access path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_condition: Option<String>,
    /// Condition applied to rows after fetching them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Sort or group keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Rows that the planner expected, per loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_estimated: Option<f64>,
    /// Rows seen, per loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_actual: Option<f64>,
    /// Rows thrown away by the filter, per loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_removed: Option<f64>,
    /// How often the node ran, over all workers; 0 when never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loops: Option<f64>,
    /// Planner's total cost, engine's units, children included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Time of this node alone over all loops and workers, ms of wall clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_ms: Option<f64>,
    /// Bytes written to temporary files or disk sorts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spilled_bytes: Option<f64>,
    /// Blocks found in cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks_hit: Option<f64>,
    /// Blocks read from outside the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks_read: Option<f64>,
    /// Inputs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<PlanNode>,
}
