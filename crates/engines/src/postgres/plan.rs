//! PostgreSQL's plans in JSON, of EXPLAIN, EXPLAIN ANALYZE and logs, as our plan trees. It runs nothing.
//!
//! Times: the server prints, per node, the mean over its loops, children included, and under a Gather loops of all workers
//! run side by side. A node's wall-clock time is mean × loops ÷ processes that ran it; its own time is that less the
//! children's. The work of an InitPlan or CTE is done inside the node that first asks for its result, and is taken off
//! there, not from the node at which it is listed.

mod tree;

use dbwright_model::plan::Plan;
use serde_json::Value;

use crate::error::{EngineError, ErrorKind};

/// Reads a plan: the array that EXPLAIN (FORMAT JSON) answers, or the object that auto_explain logs.
///
/// # Errors
/// [`ErrorKind::Protocol`] when it is no plan, or nested deeper than any plan is.
pub fn parse_plan(json: &Value) -> Result<Plan, EngineError> {
    let object = json.as_array().and_then(|list| list.first()).unwrap_or(json);
    let top = object.get("Plan").ok_or_else(|| malformed("there is no \"Plan\" in it"))?;
    let number = |name: &str| object.get(name).and_then(Value::as_f64);
    Ok(Plan {
        root: tree::build(top)?,
        executed: top.get("Actual Loops").is_some(),
        planning_ms: number("Planning Time"),
        execution_ms: number("Execution Time"),
    })
}

fn malformed(detail: &str) -> EngineError {
    EngineError::new(ErrorKind::Protocol, "reading an execution plan", detail)
}

#[cfg(test)]
mod tests;
